/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * How records leave the programs: the ring of this CPU, how the agent hears of it, and
 * what became of the record is counted here.
 *
 * No record wakes the agent by itself: a wake-up costs as much as a hundred records. Under
 * load the agent looks by itself each millisecond. Before it sleeps longer it sets each
 * ring's bell and looks once more, and a program that finds the bell set behind its
 * record clears it and wakes the agent. No wake-up is lost: the program's store of the
 * record (an exchange in bpf_ringbuf_submit(), so a full barrier) comes before its load of the
 * bell, the agent's store of the bell before its look at the ring, with a full barrier
 * between. So one of both sees what the other has done. The bell must be read behind the
 * submission for that, where its flags are gone: what wakes is a record of 8 bytes that is
 * taken back at once. Who finds no room for it leaves the bell to the next one.
 */
#ifndef RPCSENTRY_BPF_SEND_H
#define RPCSENTRY_BPF_SEND_H

#include "maps.h"

/** This CPU's ring, and its number; NULL cannot happen but to the verifier. */
RPCS_INLINE void *rpcs_send_ring(__u32 *ret_number)
{
	*ret_number = 0;
	if (rpcs_config.ring_mask)
		*ret_number = bpf_get_smp_processor_id() & rpcs_config.ring_mask;
	return bpf_map_lookup_elem(&rings, ret_number);
}

/** Wakes the agent if it wants that: behind each record. */
RPCS_INLINE void rpcs_send_ring_bell(struct rpcs_counters *c, void *ring, __u32 number)
{
	volatile struct rpcs_bell *bell = &rpcs_bells[number & (RPCS_RINGS_MAX - 1)];
	void *call;

	if (!RPCS_UNLIKELY(bell->wanted))
		return;
	call = bpf_ringbuf_reserve(ring, 8, 0);
	if (!call)
		return;
	/* First: what the agent sets once it is awake must stay. */
	bell->wanted = 0;
	c->wakeups += 1;
	bpf_ringbuf_discard(call, BPF_RB_FORCE_WAKEUP);
}

/** Where a record goes, from rpcs_send_reserve() to rpcs_send_submit(). */
struct rpcs_send {
	void *ring;
	__u32 number;
};

/** Room for a compact record, which rpcs_send_submit() has to follow; NULL: counted as lost. */
RPCS_INLINE struct rpcs_record_rpc *rpcs_send_reserve(struct rpcs_send *send,
						      struct rpcs_counters *c)
{
	struct rpcs_record_rpc *rec = NULL;

	send->ring = rpcs_send_ring(&send->number);
	if (send->ring)
		rec = bpf_ringbuf_reserve(send->ring, sizeof(*rec), 0);
	c->rpc_seen += 1;
	if (!rec)
		c->records_lost += 1;
	return rec;
}

RPCS_INLINE void rpcs_send_submit(struct rpcs_send *send, struct rpcs_counters *c,
				  struct rpcs_record_rpc *rec)
{
	bpf_ringbuf_submit(rec, BPF_RB_NO_WAKEUP);
	c->records_sent += 1;
	rpcs_send_ring_bell(c, send->ring, send->number);
}

/** Sends one record of any length. Counted once, sent or lost, whatever happens. */
RPCS_INLINE void rpcs_send_copy(struct rpcs_counters *c, void *record, __u32 len)
{
	__u32 number;
	void *ring = rpcs_send_ring(&number);

	c->rpc_seen += 1;
	if (!ring || bpf_ringbuf_output(ring, record, len, BPF_RB_NO_WAKEUP)) {
		c->records_lost += 1;
		return;
	}
	c->records_sent += 1;
	rpcs_send_ring_bell(c, ring, number);
}

#endif
