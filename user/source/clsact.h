/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* TC before TCX (kernels under 6.6): BPF filters on a clsact qdisc. */
#ifndef RPCSENTRY_SOURCE_CLSACT_H
#define RPCSENTRY_SOURCE_CLSACT_H

#include <stdbool.h>
#include <stdint.h>

/**
 * Puts our filter there, in place of an earlier one of ours; -errno. *ret_made:
 * the qdisc was made for us, now or by the run that left the earlier filter.
 */
int rpcs_clsact_attach(uint32_t ifindex, int program_fd, bool egress, bool *ret_made);

/**
 * Takes our filter off, and when it was made for us also the qdisc once nothing
 * is left on it. False: there was no filter of ours.
 */
bool rpcs_clsact_detach(uint32_t ifindex, bool egress, bool made);

#endif
