/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Messages of one fixed size between the parent and the sensor, over
 * SOCK_SEQPACKET pairs. The end of what the parent sends has no message, for
 * which a full socket would have no room: it is shutdown().
 */
#ifndef RPCSENTRY_AGENT_IPC_H
#define RPCSENTRY_AGENT_IPC_H

#include <stdint.h>

#include "../services/inventory.h"

enum rpcs_ipc_kind {
	RPCS_IPC_NONE,
	RPCS_IPC_READY,	    /* sensor: rights are dropped, the ring may fill */
	RPCS_IPC_EVE,	    /* parent: go on in the descriptor that comes with it */
	RPCS_IPC_POLICY,    /* parent: the policy file, open for reading, comes with it */
	RPCS_IPC_DONE,	    /* sensor: the run's totals, just before it ends */
	RPCS_IPC_INVENTORY, /* sensor: what the inventory's file is to hold, in the descriptor */
	RPCS_IPC__MAX
};

struct rpcs_ipc_message {
	uint32_t kind;	  /* enum rpcs_ipc_kind */
	uint32_t verdict; /* RPCS_IPC_READY: enum rpcs_inventory_verdict; 0 in the others */
	uint64_t alerts;  /* RPCS_IPC_DONE; 0 in the others */
	uint64_t records_lost;
	uint64_t journal_dropped;
	uint64_t lines_lost;	 /* event and text lines never written */
	uint64_t lines_given_up; /* those of them that the end of the run found waiting */
};

_Static_assert(sizeof(struct rpcs_ipc_message) == 48, "no padding");

/** A connected pair, close-on-exec and non-blocking; both ends are the caller's. */
int rpcs_ipc_pair(int ret_fds[2]);

/** Sends one message, with a descriptor unless `passed` is -1 (it stays the caller's). */
int rpcs_ipc_send(int fd, const struct rpcs_ipc_message *message, int passed);

/**
 * Takes one message. *ret_passed is the descriptor that came with it, owned by
 * the caller, or -1; RPCS_IPC_EVE, POLICY and INVENTORY carry one. -EAGAIN: none there;
 * -EPIPE: the other side has gone; -EBADMSG: not a message of ours (dropped,
 * its descriptors closed).
 */
int rpcs_ipc_receive(int fd, struct rpcs_ipc_message *ret_message, int *ret_passed);

#endif
