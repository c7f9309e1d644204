/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* RPC program numbers and their names (the IANA registry, /etc/rpc, and old vendors'). */
#ifndef RPCSENTRY_POLICY_PROGRAMS_H
#define RPCSENTRY_POLICY_PROGRAMS_H

#include <stdbool.h>
#include <stdint.h>

/** The name of a program, or NULL for a number in no registry and not named by the policy. */
const char *rpcs_program_name(uint32_t program);

/** Is it in the built-in table? */
bool rpcs_program_is_registered(uint32_t program);

/** A program that a policy names. */
struct rpcs_program_name {
	uint32_t number;
	const char *name;
};

/** Sorted by number. */
struct rpcs_program_names {
	const struct rpcs_program_name *list;
	uint32_t count;
};

/** Has rpcs_program_name() know these as well, in this process; they stay the caller's. */
void rpcs_program_names_use(const struct rpcs_program_names *names);

/** A number that is another one once other names are in use: for who keeps what they gave. */
uint32_t rpcs_program_names_round(void);

/** These go away: if they are in use, they are no more. */
void rpcs_program_names_leave(const struct rpcs_program_names *names);

/** The program of that name; false when there is none. */
bool rpcs_program_find(const char *name, uint32_t *ret_program);

/** The portmapper's procedures (RFC 1833), by version first; NULL for others. */
const char *rpcs_procedure_name(uint32_t program, uint32_t version, uint32_t procedure);

#endif
