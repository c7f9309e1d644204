// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* `rpcsentry explain`: what a detection means; also the source of the journal's catalog. */
#include <ctype.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "commands.h"
#include "detect/detect.h"
#include "options.h"
#include "output/outputs.h"
#include "policy/mistakes.h"

enum { COLUMNS = 80 };

static const char help[] =
	"usage: rpcsentry explain [NAME]\n"
	"       rpcsentry explain --list | --catalog\n\n"
	"What a detection means, what fires it, what to look at next, how to allow it.\n"
	"NAME is a detection's name or its signature id: portmap-dump, or 1110001. Without one,\n"
	"the list.\n\n"
	"  -l, --list     the detections there are, a line each\n"
	"      --catalog  all of them as a catalog of systemd-journald (journalctl -x)\n"
	"  -h, --help     this text\n";

/* One paragraph, broken between words. */
static void print_wrapped(const char *text, size_t len, size_t indent)
{
	size_t column = 0, word, at = 0;

	while (at < len) {
		for (word = 0; at + word < len && text[at + word] != ' '; word++)
			;
		if (column && column + 1 + word > COLUMNS) {
			putchar('\n');
			column = 0;
		}
		column += (size_t)printf("%*s%.*s", column ? 1 : (int)indent, "", (int)word,
					 text + at);
		at += word + 1;
	}
	putchar('\n');
}

/* Lines of the text that begin with blanks are printed as they are: policy to copy. */
static void print_text(const char *text, size_t indent)
{
	const char *end;

	for (; *text; text = *end ? end + 1 : end) {
		end = strchrnul(text, '\n');
		if (*text == ' ')
			printf("%*s%.*s\n", (int)indent, "", (int)(end - text), text);
		else
			print_wrapped(text, (size_t)(end - text), indent);
	}
}

static void print_section(const char *title, const char *text)
{
	printf("\n%s\n", title);
	print_text(text, 2);
}

static void explain(enum rpcs_detection_id id)
{
	static const char *const severities[] = { "high", "medium", "low", "informational" };
	const struct rpcs_detection_info *info = rpcs_detection_info(id);
	const struct rpcs_explanation *text = rpcs_detect_explain(id);

	printf("%s (%u)\n%s\nseverity %u (%s), category \"%s\"\n", info->name, info->signature_id,
	       info->signature, info->severity, severities[info->severity - 1], info->category);
	print_section("What it is", text->what);
	print_section("What fires it", text->fires);
	print_section("Why it matters", text->why);
	print_section("False positives", text->false_positives);
	print_section("What to check next", text->next);
	print_section("How to allow it", text->allow);
}

static void list(void)
{
	const struct rpcs_detection_info *info;
	unsigned int id;

	for (id = 0; id < RPCS_D__MAX; id++) {
		info = rpcs_detection_info(id);
		if (rpcs_detect_explain(id))
			printf("%u  %-31s  %s\n", info->signature_id, info->name, info->signature);
	}
}

/* One entry; @FIELD@ is replaced by that field of the journal's line. */
static void catalog_entry(enum rpcs_detection_id id)
{
	const struct rpcs_detection_info *info = rpcs_detection_info(id);
	const struct rpcs_explanation *text = rpcs_detect_explain(id);
	char message_id[33];

	rpcs_journal_message_id(id, message_id);
	printf("\n-- %s\nSubject: %s\nDefined-By: rpcsentry\n"
	       "Documentation: man:rpcsentry(8)\n\n",
	       message_id, info->signature);
	printf("%s (%u)\nseverity @RPCS_SEVERITY@, outcome @RPCS_OUTCOME@\n", info->name,
	       info->signature_id);
	/* Losses have no packet behind them, and fields that a line lacks stay as they are. */
	if (id != RPCS_D_SENSOR_LOSS)
		puts("from @RPCS_SRC_IP@ port @RPCS_SRC_PORT@\n"
		     "to @RPCS_DEST_IP@ port @RPCS_DEST_PORT@");
	putchar('\n');
	print_text(text->what, 0);
	print_section("What fires it", text->fires);
	print_section("Why it matters", text->why);
	print_section("False positives", text->false_positives);
	print_section("What to check next", text->next);
	print_section("How to allow it", text->allow);
}

static void catalog(void)
{
	unsigned int id;

	puts("# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause\n"
	     "# Made by `rpcsentry explain --catalog`.");
	for (id = 0; id < RPCS_D__MAX; id++)
		if (rpcs_detect_explain(id))
			catalog_entry(id);
}

static enum rpcs_detection_id find(const char *name)
{
	char *end;
	unsigned long number;
	unsigned int id;

	if (!isdigit((unsigned char)name[0]))
		return rpcs_detection_find(name);
	number = strtoul(name, &end, 10);
	for (id = 0; *end == '\0' && id < RPCS_D__MAX; id++)
		if (rpcs_detection_info(id)->signature_id == number)
			return id;
	return RPCS_D__MAX;
}

static int explain_name(const char *name)
{
	enum rpcs_detection_id id = find(name);
	struct rpcs_suggestion suggestion;
	char nearest[RPCS_QUOTE_TEXT + 24], quoted[RPCS_QUOTE_TEXT];
	unsigned int i;

	if (id == RPCS_D__MAX) {
		rpcs_suggestion_init(&suggestion, name);
		for (i = 0; i < RPCS_D__MAX; i++)
			rpcs_suggestion_offer(&suggestion, rpcs_detection_info(i)->name);
		rpcs_log_error("can't explain %s: no such detection%s; `rpcsentry explain --list` "
			       "lists them",
			       rpcs_quote_format(name, quoted),
			       rpcs_suggestion_format(&suggestion, nearest));
		return RPCS_EXIT_USAGE;
	}
	if (!rpcs_detect_explain(id)) {
		rpcs_log_error("can't explain %s (%u): this version does not have that detection "
			       "yet; `rpcsentry explain --list` lists those it has",
			       rpcs_detection_info(id)->name,
			       rpcs_detection_info(id)->signature_id);
		return RPCS_EXIT_FAILURE;
	}
	explain(id);
	return RPCS_EXIT_OK;
}

/* A full disk, or a pipe whose reader has gone. */
static int finish(int status)
{
	if (fflush(stdout) == 0)
		return status;
	rpcs_log_error("can't write the explanation: %m; is there room where it goes?");
	return RPCS_EXIT_FAILURE;
}

int rpcs_cmd_explain(int argc, char **argv)
{
	static const struct option options[] = {
		{ "list", no_argument, NULL, 'l' },
		{ "catalog", no_argument, NULL, 'c' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	void (*print)(void) = NULL;
	int opt;

	while ((opt = getopt_long(argc, argv, ":lh", options, NULL)) != -1) {
		switch (opt) {
		case 'l':
			print = list;
			break;
		case 'c':
			print = catalog;
			break;
		case 'h':
			fputs(help, stdout);
			return RPCS_EXIT_OK;
		default:
			rpcs_option_unknown("explain", opt, argv);
			return RPCS_EXIT_USAGE;
		}
	}
	if (!print && argc == optind)
		print = list;
	if (argc - optind != (print ? 0 : 1)) {
		rpcs_log_error("explain: wants the name of one detection, or --list or --catalog "
			       "alone; `rpcsentry explain --help` shows how");
		return RPCS_EXIT_USAGE;
	}
	if (!print)
		return finish(explain_name(argv[optind]));
	print();
	return finish(RPCS_EXIT_OK);
}
