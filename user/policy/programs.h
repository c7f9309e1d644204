/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* RPC program numbers and their names (the IANA registry, /etc/rpc, and old vendors'). */
#ifndef RPCSENTRY_POLICY_PROGRAMS_H
#define RPCSENTRY_POLICY_PROGRAMS_H

#include <stdbool.h>
#include <stdint.h>

/** The name of a program, or NULL for a number in no registry. */
const char *rpcs_program_name(uint32_t program);

/** The program of that name; false when there is none. */
bool rpcs_program_find(const char *name, uint32_t *ret_program);

/** The portmapper's procedures (RFC 1833), by version first; NULL for others. */
const char *rpcs_procedure_name(uint32_t program, uint32_t version, uint32_t procedure);

#endif
