// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The flags of `run`. */
#include "run_options.h"

#include <errno.h>
#include <getopt.h>
#include <string.h>

#include "../base/log.h"
#include "../options.h"

enum rpcs_run_flag {
	RPCS_RUN_ANY_PORT = 256,
	RPCS_RUN_EVE,
	RPCS_RUN_NO_JOURNAL,
	RPCS_RUN_NO_EGRESS,
	RPCS_RUN_KEEP,
	RPCS_RUN_TEXT,
};

static const struct option rpcs_run_flags[] = {
	{ "interface", required_argument, NULL, 'i' },
	{ "mode", required_argument, NULL, 'm' },
	{ "config", required_argument, NULL, 'c' },
	{ "any-port", required_argument, NULL, RPCS_RUN_ANY_PORT },
	{ "eve", required_argument, NULL, RPCS_RUN_EVE },
	{ "no-journal", no_argument, NULL, RPCS_RUN_NO_JOURNAL },
	{ "no-egress", no_argument, NULL, RPCS_RUN_NO_EGRESS },
	{ "keep", no_argument, NULL, RPCS_RUN_KEEP },
	{ "text", no_argument, NULL, RPCS_RUN_TEXT },
	{ "verbose", no_argument, NULL, 'v' },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

static const char *const rpcs_run_modes[] = {
	[RPCS_MODE_AUTO] = "auto",
	[RPCS_MODE_NATIVE] = "native",
	[RPCS_MODE_GENERIC] = "generic",
	[RPCS_MODE_TC] = "tc",
};

const char *rpcs_run_mode_name(enum rpcs_mode mode)
{
	return rpcs_run_modes[mode];
}

/** Adds a name unless it is there; `len` is checked here. */
static int rpcs_run_interface(char names[][IF_NAMESIZE], uint32_t *count, const char *name,
			      size_t len)
{
	uint32_t i;

	if (len == 0 || len >= IF_NAMESIZE) {
		rpcs_log_error("bad interface name \"%.*s\": it has to have 1 to %d characters; "
			       "see `ip link`",
			       (int)len, name, IF_NAMESIZE - 1);
		return -EINVAL;
	}
	for (i = 0; i < *count; i++)
		if (strlen(names[i]) == len && !memcmp(names[i], name, len))
			return 0;
	if (*count == RPCS_POLICY_INTERFACES_MAX) {
		rpcs_log_error("too many interfaces: %d is the most; name fewer",
			       RPCS_POLICY_INTERFACES_MAX);
		return -EINVAL;
	}
	memcpy(names[*count], name, len);
	names[(*count)++][len] = '\0';
	return 0;
}

static int rpcs_run_interfaces(struct rpcs_run_options *options, const char *list)
{
	for (;;) {
		size_t len = strcspn(list, ",");
		int err = rpcs_run_interface(options->interfaces, &options->interface_count, list,
					     len);

		if (err || !list[len])
			return err;
		list += len + 1;
	}
}

static int rpcs_run_eve(struct rpcs_run_options *options, const char *path)
{
	if (!*path) {
		rpcs_log_error("--eve has no name: give a file, or - for standard output");
		return -EINVAL;
	}
	options->eve = path;
	return 0;
}

static int rpcs_run_flag(struct rpcs_run_options *options, int flag, char **argv)
{
	switch (flag) {
	case 'i':
		return rpcs_run_interfaces(options, optarg);
	case 'm':
		options->has_mode = rpcs_option_mode(optarg, &options->mode);
		return options->has_mode ? 0 : -EINVAL;
	case 'c':
		options->policy_path = optarg;
		return 0;
	case RPCS_RUN_ANY_PORT:
		options->has_any_port = rpcs_option_any_port(optarg, &options->any_port);
		return options->has_any_port ? 0 : -EINVAL;
	case RPCS_RUN_EVE:
		return rpcs_run_eve(options, optarg);
	case RPCS_RUN_NO_JOURNAL:
		options->no_journal = true;
		return 0;
	case RPCS_RUN_NO_EGRESS:
		options->no_egress = true;
		return 0;
	case RPCS_RUN_KEEP:
		options->keep = true;
		return 0;
	case RPCS_RUN_TEXT:
		options->text = true;
		return 0;
	case 'v':
		options->verbose = true;
		return 0;
	case 'h':
		options->help = true;
		return 0;
	default:
		rpcs_option_unknown("run", flag, argv);
		return -EINVAL;
	}
}

int rpcs_run_options_parse(int argc, char **argv, struct rpcs_run_options *ret_options)
{
	struct rpcs_run_options options = { 0 };
	int flag, err;

	optind = 0; /* glibc: begin anew, whatever main() has read before */
	opterr = 0;
	while ((flag = getopt_long(argc, argv, ":i:m:c:vh", rpcs_run_flags, NULL)) != -1) {
		err = rpcs_run_flag(&options, flag, argv);
		if (err)
			return err;
	}
	if (optind < argc) {
		rpcs_log_error("run takes no argument \"%s\": interfaces are named with -i",
			       argv[optind]);
		return -EINVAL;
	}
	*ret_options = options;
	return 0;
}

int rpcs_run_plan_make(const struct rpcs_run_options *options, const struct rpcs_settings *settings,
		       bool terminal, struct rpcs_run_plan *ret_plan)
{
	struct rpcs_run_plan plan = {
		.mode = options->has_mode ? options->mode : settings->mode,
		.any_port = options->has_any_port ? options->any_port : settings->any_port,
		.eve = options->eve ? options->eve : settings->alert_eve,
		.journal = settings->alert_journal && !options->no_journal,
		.egress = !options->no_egress,
		.keep = options->keep,
		/* Lines for people and events do not share standard output. */
		.text = options->text || (terminal && !options->eve),
		.verbose = options->verbose,
		.policy_path = options->policy_path,
		.any_port_given = options->has_any_port,
	};
	uint32_t i;
	int err;

	if (plan.eve && !strcmp(plan.eve, "-")) {
		if (options->text) {
			rpcs_log_error("--text and --eve - both want standard output; "
				       "give --eve a file");
			return -EINVAL;
		}
		plan.text = false;
	}
	for (i = 0; i < options->interface_count; i++)
		memcpy(plan.interfaces[i], options->interfaces[i], IF_NAMESIZE);
	plan.interface_count = options->interface_count;
	for (i = 0; !options->interface_count && i < settings->interface_count; i++) {
		err = rpcs_run_interface(plan.interfaces, &plan.interface_count,
					 settings->interfaces[i], strlen(settings->interfaces[i]));
		if (err)
			return err;
	}
	if (!plan.interface_count) {
		rpcs_log_error("no interface to watch: neither -i nor the policy names one; "
			       "run with -i IFACE, `ip link` lists them");
		return -EINVAL;
	}
	*ret_plan = plan;
	return 0;
}
