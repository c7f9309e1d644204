// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The list of mistakes, and edit distance for "did you mean". */
#include "mistakes.h"

#include <ctype.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "../base/log.h"

enum { NAME_MAX_COMPARED = 40 };

static bool is_before(uint32_t line, uint32_t column, const struct rpcs_policy_error *other)
{
	return line != other->line ? line < other->line : column < other->column;
}

void rpcs_mistake_add(struct rpcs_policy_errors *errors, uint32_t line, uint32_t column,
		      const char *format, ...)
{
	struct rpcs_policy_error *slot;
	uint32_t at = errors->kept;
	uint32_t moved;
	va_list args;

	errors->total++;
	while (at > 0 && is_before(line, column, &errors->list[at - 1]))
		at--;
	if (at == RPCS_POLICY_ERRORS_MAX)
		return;
	if (errors->kept < RPCS_POLICY_ERRORS_MAX)
		errors->kept++;
	slot = &errors->list[at];
	moved = errors->kept - at - 1;
	memmove(slot + 1, slot, moved * sizeof(*slot));
	slot->line = line;
	slot->column = column;
	va_start(args, format);
	vsnprintf(slot->text, sizeof(slot->text), format, args);
	va_end(args);
}

void rpcs_policy_errors_log(const char *path, const struct rpcs_policy_errors *errors)
{
	for (uint32_t i = 0; i < errors->kept; i++)
		rpcs_log_error("%s:%u:%u: %s", path, errors->list[i].line, errors->list[i].column,
			       errors->list[i].text);
	if (errors->total > errors->kept)
		rpcs_log_error("%s: and %u more mistakes", path, errors->total - errors->kept);
}

const char *rpcs_quote_format(const char *text, char quoted[RPCS_QUOTE_TEXT])
{
	enum { ESCAPE = 4, CLOSING = 5 };
	size_t len = 0;

	quoted[len++] = '"';
	for (; *text; text++) {
		if (len + ESCAPE + CLOSING > RPCS_QUOTE_TEXT)
			break;
		if (isprint((unsigned char)*text) && *text != '"' && *text != '\\')
			quoted[len++] = *text;
		else
			len += (size_t)snprintf(quoted + len, ESCAPE + 1, "\\x%02x",
						(unsigned char)*text);
	}
	snprintf(quoted + len, RPCS_QUOTE_TEXT - len, "%s\"", *text ? "..." : "");
	return quoted;
}

static unsigned int min3(unsigned int a, unsigned int b, unsigned int c)
{
	unsigned int least = a < b ? a : b;

	return least < c ? least : c;
}

/** Edit distance with swaps of neighbours, blind to case; both names are short. */
static unsigned int distance_find(const char *a, const char *b)
{
	unsigned int rows[3][NAME_MAX_COMPARED + 1];
	size_t a_len = strlen(a), b_len = strlen(b);

	if (a_len > NAME_MAX_COMPARED || b_len > NAME_MAX_COMPARED)
		return UINT_MAX;
	for (unsigned int j = 0; j <= b_len; j++)
		rows[0][j] = j;
	for (unsigned int i = 1; i <= a_len; i++) {
		unsigned int *row = rows[i % 3], *above = rows[(i + 2) % 3];
		const unsigned int *above2 = rows[(i + 1) % 3];

		row[0] = i;
		for (unsigned int j = 1; j <= b_len; j++) {
			int x = tolower((unsigned char)a[i - 1]);
			int y = tolower((unsigned char)b[j - 1]);

			row[j] = min3(row[j - 1] + 1, above[j] + 1, above[j - 1] + (x != y));
			if (i > 1 && j > 1 && x == tolower((unsigned char)b[j - 2]) &&
			    y == tolower((unsigned char)a[i - 2]))
				row[j] = min3(row[j], above2[j - 2] + 1, UINT_MAX);
		}
	}
	return rows[a_len % 3][b_len];
}

void rpcs_suggestion_init(struct rpcs_suggestion *suggestion, const char *wanted)
{
	size_t len = strlen(wanted);

	suggestion->wanted = wanted;
	suggestion->best = NULL;
	/* A third of the name may be wrong; more is no likeness. */
	suggestion->distance = (unsigned int)(len < 3 ? 1 : len / 3) + 1;
	if (len > NAME_MAX_COMPARED)
		suggestion->distance = 0;
}

void rpcs_suggestion_offer(struct rpcs_suggestion *suggestion, const char *name)
{
	unsigned int distance;

	if (suggestion->distance == 0)
		return;
	distance = distance_find(suggestion->wanted, name);
	if (distance < suggestion->distance) {
		suggestion->distance = distance;
		suggestion->best = name;
	}
}

const char *rpcs_suggestion_format(const struct rpcs_suggestion *suggestion,
				   char text[RPCS_QUOTE_TEXT + 24])
{
	char quoted[RPCS_QUOTE_TEXT];

	text[0] = '\0';
	if (suggestion->best)
		snprintf(text, RPCS_QUOTE_TEXT + 24, " (did you mean %s?)",
			 rpcs_quote_format(suggestion->best, quoted));
	return text;
}
