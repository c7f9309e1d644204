// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* `rpcsentry run`: watches interfaces until a signal ends it. */
#include "commands.h"

#include <stdio.h>

#include "agent/run_options.h"
#include "agent/parent.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "options.h"

static const char rpcs_run_help[] =
	"usage: rpcsentry run -i IFACE [-i IFACE...] [options]\n"
	"\n"
	"Attaches to the interfaces and watches until ^C. Alerts go to the journal,\n"
	"on a terminal also to the screen, and all events to --eve.\n"
	"\n"
	"  -i, --interface IFACE     interface to watch; may be repeated, or hold a\n"
	"                            comma-separated list (default: the policy's)\n"
	"  -m, --mode MODE           auto (default), native, generic or tc\n"
	"  -c, --config FILE         policy (default: the built-in one, printed by\n"
	"                            `rpcsentry check --print-default`)\n"
	"      --any-port WHICH      RPC on other ports: off; first (default), which is\n"
	"                            what is new, sensitive or large; or all\n"
	"      --eve FILE            append events as EVE JSON; - for standard output\n"
	"      --text                print alerts even if standard output is no terminal\n"
	"      --no-journal          no alerts to the journal\n"
	"      --no-egress           watch only what comes in\n"
	"      --keep                leave the programs running at the end\n"
	"  -v, --verbose             calls as well as alerts; messages of libbpf\n"
	"  -h, --help                this text\n"
	"\n"
	"A flag wins over the policy. SIGHUP opens the --eve file anew and reads the\n"
	"policy again; a bad one leaves the old one in force. Status: 0 ended well, 1 a\n"
	"failure, 2 usage or a bad policy.\n";

int rpcs_cmd_run(int argc, char **argv)
{
	RPCS_CLEANUP(rpcs_policy_free) struct rpcs_policy *policy = NULL;
	struct rpcs_run_options options;
	struct rpcs_run_plan plan;
	int status;

	if (rpcs_run_options_parse(argc, argv, &options))
		return RPCS_EXIT_USAGE;
	if (options.help) {
		fputs(rpcs_run_help, stdout);
		return RPCS_EXIT_OK;
	}
	rpcs_verbose = options.verbose;
	status = rpcs_option_policy(options.policy_path, &policy);
	if (status)
		return status;
	if (rpcs_run_plan_make(&options, rpcs_policy_settings(policy), isatty(STDOUT_FILENO),
			       &plan))
		return RPCS_EXIT_USAGE;
	rpcs_policy_set_any_port(policy, plan.any_port);
	return rpcs_parent_main(&plan, policy);
}
