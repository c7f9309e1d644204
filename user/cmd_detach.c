// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* `rpcsentry detach`: takes off what a `run --keep` left. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "agent/lock.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "commands.h"
#include "options.h"
#include "source/attach.h"
#include "source/capability.h"

static const char help[] =
	"usage: rpcsentry detach [-i IFACE]\n\n"
	"Takes the programs off that `rpcsentry run --keep`, or a killed run, left on\n"
	"interfaces, and removes their pins.\n\n"
	"  -i, --interface IFACE  only this one (default: all)\n"
	"  -v, --verbose          show libbpf's messages\n"
	"  -h, --help             this text\n";

/** Holds off runs while programs go; false when it has told that one is active. */
static bool take_lock(struct rpcs_lock *lock)
{
	pid_t holder = 0;

	/* Without a place for the lock no run can be active either. */
	if (rpcs_lock_take(lock, &holder) != -EBUSY)
		return true;
	if (holder)
		rpcs_log_error("can't detach: process %d is running rpcsentry; end it first: "
			       "kill %d",
			       (int)holder, (int)holder);
	else
		rpcs_log_error("can't detach: a run is active (it holds %s); end it first",
			       lock->path);
	return false;
}

static int detach(const char *name)
{
	RPCS_CLEANUP(rpcs_lock_release) struct rpcs_lock lock = { .fd = -1 };
	char text[RPCS_CAPABILITY_TEXT];
	unsigned int missing =
		rpcs_capability_missing(RPCS_CAPABILITY_BPF | RPCS_CAPABILITY_NET_ADMIN);
	uint32_t count = 0;
	int ret;

	if (missing) {
		rpcs_log_error("can't detach: this process lacks %s; run it as root",
			       rpcs_capability_format(missing, text));
		return RPCS_EXIT_FAILURE;
	}
	if (!take_lock(&lock))
		return RPCS_EXIT_FAILURE;
	ret = rpcs_attachments_detach(name, &count);
	if (ret == -ENODEV) {
		rpcs_log_error("can't detach from %s: there is no such interface; `ip link` "
			       "lists them",
			       name);
		return RPCS_EXIT_FAILURE;
	}
	if (ret) {
		rpcs_log_error("can't detach: %s", strerror(-ret));
		return RPCS_EXIT_FAILURE;
	}
	if (count)
		printf("%" PRIu32 " program%s taken off\n", count, count == 1 ? "" : "s");
	else
		printf("nothing to take off%s%s\n", name ? " on " : "", name ? name : "");
	return RPCS_EXIT_OK;
}

int rpcs_cmd_detach(int argc, char **argv)
{
	static const struct option options[] = {
		{ "interface", required_argument, NULL, 'i' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	const char *name = NULL;
	int opt;

	while ((opt = getopt_long(argc, argv, ":i:vh", options, NULL)) != -1) {
		switch (opt) {
		case 'i':
			name = optarg;
			break;
		case 'v':
			rpcs_verbose = true;
			break;
		case 'h':
			fputs(help, stdout);
			return RPCS_EXIT_OK;
		default:
			rpcs_option_unknown("detach", opt, argv);
			return RPCS_EXIT_USAGE;
		}
	}
	if (optind < argc) {
		rpcs_log_error("detach: %s: takes no such argument; `rpcsentry detach --help` "
			       "shows how",
			       argv[optind]);
		return RPCS_EXIT_USAGE;
	}
	return detach(name);
}
