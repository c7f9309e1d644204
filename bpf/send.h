/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How records leave the programs: room in a ring, and what becomes of it is counted here. */
#ifndef RPCSENTRY_BPF_SEND_H
#define RPCSENTRY_BPF_SEND_H

#include "maps.h"

/** Room for a compact record, which rpcs_send_submit() has to follow; NULL: counted as lost. */
RPCS_INLINE struct rpcs_record_rpc *rpcs_send_reserve(struct rpcs_counters *c)
{
	struct rpcs_record_rpc *rec = bpf_ringbuf_reserve(&ring, sizeof(*rec), 0);

	c->rpc_seen += 1;
	if (!rec)
		c->records_lost += 1;
	return rec;
}

RPCS_INLINE void rpcs_send_submit(struct rpcs_counters *c, struct rpcs_record_rpc *rec)
{
	bpf_ringbuf_submit(rec, 0);
	c->records_sent += 1;
}

/** Sends one record of any length. Counted once, sent or lost, whatever happens. */
RPCS_INLINE void rpcs_send_copy(struct rpcs_counters *c, void *record, __u32 len)
{
	c->rpc_seen += 1;
	if (bpf_ringbuf_output(&ring, record, len, 0))
		c->records_lost += 1;
	else
		c->records_sent += 1;
}

#endif
