/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* TC before TCX (kernels under 6.6): BPF filters on a clsact qdisc. */
#ifndef RPCSENTRY_SOURCE_CLSACT_H
#define RPCSENTRY_SOURCE_CLSACT_H

#include <stdbool.h>
#include <stdint.h>

/** Puts our filter there, in place of an earlier one of ours; -errno. */
int rpcs_clsact_attach(uint32_t ifindex, int program_fd, bool egress);

/**
 * Takes our filter off, and with the last one the qdisc, if that was made for us
 * and is empty. False: there was no filter of ours.
 */
bool rpcs_clsact_detach(uint32_t ifindex, bool egress);

#endif
