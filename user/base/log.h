/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Messages to the operator on standard error: one clear line each. */
#ifndef RPCSENTRY_BASE_LOG_H
#define RPCSENTRY_BASE_LOG_H

#include <stdbool.h>

/** Exit statuses of spec/cli.md. */
enum rpcs_exit {
	RPCS_EXIT_OK = 0,
	RPCS_EXIT_FAILURE = 1, /* could not attach, ring gone, no such file */
	RPCS_EXIT_USAGE = 2,   /* usage, or a bad policy */
	RPCS_EXIT_DAMAGED = 3, /* the input is cut or damaged */
};

/** Set by -v: verifier logs and libbpf's own messages are shown. */
extern bool rpcs_verbose;

/** "rpcsentry: WHAT: WHY; MEND" as one line: say what, why and the mend. */
void rpcs_log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** "rpcsentry: ..." for what went well or is worth knowing. */
void rpcs_log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
