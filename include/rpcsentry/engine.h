/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Stages 1 to 4 are one text for the kernel's programs and the native engine.
 * Each of them is an engine: it defines `struct rpcs_engine` with the members
 *
 *	const volatile struct rpcs_config *config;
 *	struct rpcs_ports *ports;
 *	struct rpcs_counters *counters;
 *	const __u8 *data, *end;		 the frame's bytes that may be touched
 *	struct rpcs_packet *packet;	 what stage 2 found
 *	struct rpcs_work *work;
 *	struct rpcs_keys *keys;		 room for them
 *	struct rpcs_record_head *head;	 of every record of this packet
 *	struct rpcs_record_buffer *record;	  room for one
 *	struct rpcs_record_connection *connection;  likewise
 *	__u32 ifindex; __u8 hook;
 *
 * and the functions below, then includes inspect.h.
 *
 *	bool rpcs_engine_words(eng, offset, ret_words)  as gate.h says
 *	const __u8 *rpcs_engine_window(eng, offset, len)
 *		`len` bytes of the frame, 1 to RPCS_WINDOW_BYTES; NULL: not there
 *	int rpcs_engine_step(eng)	 calls rpcs_inspect_step(), by itself for the verifier
 *	int rpcs_engine_steps(eng)	 likewise rpcs_inspect_steps()
 *	enum rpcs_fallback rpcs_engine_message(eng)  likewise rpcs_inspect_message()
 *	void rpcs_engine_connection(eng, kind, seq)  likewise rpcs_inspect_connection()
 *	enum rpcs_packet_result rpcs_engine_decapsulate(eng, kind)
 *		rpcs_tunnel_enter(), extension headers and transport, by itself likewise
 *	bool rpcs_engine_flow_get(eng, key, ret_value)
 *	bool rpcs_engine_flow_put(eng, key, value, ret_other)  after flow_get() of the same
 *		key. False: it says *ret_other since then; the next put is held against that
 *	enum rpcs_fragment_verdict rpcs_engine_fragment_get(eng, key)
 *	void rpcs_engine_fragment_set(eng, key, verdict)
 *	bool rpcs_engine_is_sensitive(eng, program)
 *	bool rpcs_engine_is_first(eng, key)	 and remembers it
 *	void rpcs_engine_expect(eng, key, kind)
 *	enum rpcs_expect_kind rpcs_engine_expected(eng, key)
 *	bool rpcs_engine_known(eng, reason, skip)  calls rpcs_inspect_is_known(), by itself
 *		for the verifier; false where config->suppress says that no rule suppresses
 *	const struct rpcs_suppress_value *rpcs_engine_suppress(eng)  for the client in
 *		eng->record; NULL: nothing of it is suppressed
 *	bool rpcs_engine_over_budget(eng, reason)  is the message in eng->record one more than
 *		its source's budget? Then it has been counted there (budget.h)
 *	void rpcs_engine_suppress_count(eng, rule)
 *	void rpcs_engine_silence(eng, key, on)	 are the replies to this call silenced?
 *	bool rpcs_engine_silenced(eng, key)
 *	struct rpcs_early *rpcs_engine_early(eng)  NULL cannot happen but to the verifier
 *	__u64 rpcs_engine_now(eng)		 nanoseconds from whenever on, in steps of a
 *		tick of the kernel, to tell ages by; a capture's are the frame's
 *	__u64 rpcs_engine_stamp(eng)		 a record's time: 0 from a capture
 *	void rpcs_engine_count_call(eng, version, procedure)
 *	void rpcs_engine_emit(eng, record, len)	 counts rpc_seen, sent, lost
 *	void rpcs_engine_emit_rpc(eng, machine_offset, buf)  with the machine name from
 *				that offset of the frame, where it has been checked to lie
 *	void rpcs_engine_emit_packet(eng, reason)  its bytes, in pieces
 */
#ifndef RPCSENTRY_ENGINE_H
#define RPCSENTRY_ENGINE_H

#include "config.h"
#include "counters.h"
#include "dated_set.h"
#include "expect.h"
#include "flow.h"
#include "fragment.h"
#include "packet.h"
#include "ports.h"
#include "rpc.h"
#include "suppress.h"

/**
 * What stages 3 and 4 know of a packet between its messages. A function that is
 * checked by itself finds it in memory, where the verifier knows nothing of it.
 */
struct rpcs_work {
	__u32 port_class; /* enum rpcs_port_class */
	__u32 born;	  /* of the flow */
	__u32 seq;	  /* of the payload's first byte */
	__u32 at;	  /* the message or record mark in hand: offset in the payload */
	__u32 len;	  /* UDP: of the message */
	__u32 have;	  /* bytes of it that the packet has */
	__u32 reason;	  /* enum rpcs_fallback: why the packet takes the fallback */
	__u32 boundary;	  /* then: the record that the agent is to begin with */
	__u32 next;	  /* and what the kernel saw before */
	__u32 turn;	  /* of the flow, with this packet; 0: it has none */
	__u8 in_step;	  /* `next` and `boundary` hold */
	__u8 silent;	  /* the agent gets this packet's bytes: only marks count from here on */
	__u8 lost;	  /* where the next record begins only the agent can tell */
	__u8 strange;	  /* another port's bytes are no RPC */
	__u8 open;	  /* the last record was reported and goes on */
	__u8 first;	  /* a first IP fragment: is its message one to wait for? */
	__u8 pad[2];
};

/**
 * Keys under construction, and values: a BPF program's stack, 512 bytes over all calls, is too
 * small.
 */
struct rpcs_keys {
	struct rpcs_flow_key flow;
	struct rpcs_flow_value value; /* of the flow in hand */
	struct rpcs_flow_value other; /* of its other direction */
	struct rpcs_first_key first;
	struct rpcs_expect_key expect;
	struct rpcs_suppress_key suppress;
	struct rpcs_fragment_key fragment;
};

/** The beginning of a fallback packet's pieces; the engine adds lengths and numbers. */
RPCS_INLINE void rpcs_piece_fill(struct rpcs_record_piece *piece,
				 const struct rpcs_record_head *head, const struct rpcs_work *work,
				 __u8 reason)
{
	RPCS_ZERO(piece);
	piece->head = *head;
	piece->head.kind = RPCS_RECORD_PIECE;
	piece->reason = reason;
	piece->turn = work->turn;
	if (work->in_step) {
		piece->head.flags |= RPCS_F_IN_STEP;
		piece->next = work->next;
		piece->boundary = work->boundary;
	}
}

#endif
