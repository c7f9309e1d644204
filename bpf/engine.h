/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The kernel's half of the contract in rpcsentry/engine.h: flow state and emission. */
#ifndef RPCSENTRY_BPF_ENGINE_H
#define RPCSENTRY_BPF_ENGINE_H

#include "dated.h"
#include "expected.h"
#include "flows.h"
#include "send.h"

#include <rpcsentry/tunnel.h>

/** One packet's context. */
struct rpcs_engine {
	void *ctx; /* struct xdp_md or struct __sk_buff, by hook */
	const volatile struct rpcs_config *config;
	struct rpcs_ports *ports;
	struct rpcs_counters *counters;
	const __u8 *data;
	const __u8 *end;
	struct rpcs_scratch *scratch;
	struct rpcs_packet *packet;
	struct rpcs_work *work;
	struct rpcs_keys *keys;
	struct rpcs_record_head *head;
	struct rpcs_record_buffer *record;
	struct rpcs_record_connection *connection;
	__u32 frame_len; /* bytes of the frame, also beyond `end` */
	__u32 ifindex;
	__u8 hook;
};

RPCS_INLINE long rpcs_engine_load(void *ctx, bool xdp, __u32 offset, void *dst, __u32 len)
{
	if (xdp)
		return bpf_xdp_load_bytes(ctx, offset, dst, len);
	return bpf_skb_load_bytes(ctx, offset, dst, len);
}

/**
 * Is *len at least 1 and at most `max`? Kernel 6.1's verifier takes a lower bound
 * only from an addition, not from a comparison with 0.
 */
RPCS_INLINE bool rpcs_engine_bound(__u32 *len, __u32 max)
{
	__u32 less = *len - 1;

	RPCS_OPAQUE(less);
	if (less >= max)
		return false;
	*len = less + 1;
	return true;
}

RPCS_INLINE bool rpcs_engine_words(struct rpcs_engine *eng, __u32 offset, __u64 *ret_words)
{
	const __u8 *at = rpcs_at(eng->data, offset, RPCS_PAYLOAD_OFFSET_MAX + 8);
	__u64 words = 0;

	if (!at)
		return false;
	if (!RPCS_BEYOND(at, 8, eng->end))
		RPCS_FETCH(&words, at, sizeof(words));
	/* Offloads leave payload outside of what can be touched. */
	else if (offset + 8 > eng->frame_len ||
		 rpcs_engine_load(eng->ctx, eng->hook == RPCS_HOOK_XDP, offset, &words,
				  sizeof(words)))
		return false;
	*ret_words = __builtin_bswap64(words);
	return true;
}

RPCS_INLINE const __u8 *rpcs_engine_window(struct rpcs_engine *eng, __u32 offset, __u32 len)
{
	if (!rpcs_engine_bound(&len, RPCS_WINDOW_BYTES) ||
	    rpcs_engine_load(eng->ctx, eng->hook == RPCS_HOOK_XDP, offset, eng->scratch->window,
			     len))
		return NULL;
	return eng->scratch->window;
}

RPCS_INLINE __u64 rpcs_engine_now(struct rpcs_engine *eng)
{
	return rpcs_dated_now();
}

RPCS_INLINE __u64 rpcs_engine_stamp(struct rpcs_engine *eng)
{
	return rpcs_config.test_clock ? 0 : bpf_ktime_get_ns();
}

RPCS_INLINE bool rpcs_engine_flow_get(struct rpcs_engine *eng, const struct rpcs_flow_key *key,
				      struct rpcs_flow_value *ret_value)
{
	rpcs_flow_words_fill(&eng->scratch->flow.words, key);
	if (rpcs_flows_get() < 0)
		return false;
	*ret_value = eng->scratch->flow.value;
	return true;
}

/* flow_get() left the key's words. */
RPCS_INLINE bool rpcs_engine_flow_put(struct rpcs_engine *eng, const struct rpcs_flow_key *key,
				      const struct rpcs_flow_value *value, __u64 *ret_other)
{
	eng->scratch->flow.value = *value;
	if (rpcs_flows_put() != RPCS_FLOW_RACED)
		return true;
	*ret_other = eng->scratch->flow.old;
	return false;
}

RPCS_INLINE enum rpcs_fragment_verdict rpcs_engine_fragment_get(struct rpcs_engine *eng,
								const struct rpcs_fragment_key *key)
{
	const struct rpcs_fragment_value *value = bpf_map_lookup_elem(&fragments, key);

	if (!value)
		return RPCS_FRAGMENT_UNKNOWN;
	return rpcs_fragment_verdict_at(value, rpcs_engine_now(eng));
}

RPCS_INLINE void rpcs_engine_fragment_set(struct rpcs_engine *eng,
					  const struct rpcs_fragment_key *key, __u32 verdict)
{
	struct rpcs_fragment_value value = { .time_ns = rpcs_engine_now(eng), .verdict = verdict };

	if (bpf_map_update_elem(&fragments, key, &value, BPF_ANY))
		eng->counters->state_full += 1;
}

RPCS_INLINE bool rpcs_engine_is_sensitive(struct rpcs_engine *eng, __u32 program)
{
	return bpf_map_lookup_elem(&sensitive, &program);
}

/* The keys of these are the ones in the scratch memory. */
RPCS_INLINE bool rpcs_engine_is_first(struct rpcs_engine *eng, const struct rpcs_first_key *key)
{
	return rpcs_firsts_see() != RPCS_DATED_AGAIN;
}

RPCS_INLINE void rpcs_engine_expect(struct rpcs_engine *eng, const struct rpcs_expect_key *key,
				    enum rpcs_expect_kind kind)
{
	rpcs_expected_put_key(kind);
}

RPCS_INLINE enum rpcs_expect_kind rpcs_engine_expected(struct rpcs_engine *eng,
						       const struct rpcs_expect_key *key)
{
	return rpcs_expected_find_key();
}

RPCS_INLINE struct rpcs_early *rpcs_engine_early(struct rpcs_engine *eng)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&early, &zero);
}

/** Counts a portmapper call by version and procedure. */
RPCS_INLINE void rpcs_engine_count_call(struct rpcs_engine *eng, __u32 version, __u32 procedure)
{
	__u32 zero = 0, index = sizeof(struct rpcs_procedures) / sizeof(__u64) - 1;
	struct rpcs_procedures *p;

	p = bpf_map_lookup_elem(&procedures, &zero);
	if (!p)
		return;
	/* In the order of RPCS_PORTMAP_PROCEDURES: 6, 9 and 13 procedures. */
	if (version == 2 && procedure < 6)
		index = procedure;
	else if (version == 3 && procedure < 9)
		index = 6 + procedure;
	else if (version == 4 && procedure < 13)
		index = 15 + procedure;
	RPCS_OPAQUE(index);
	if (index < sizeof(*p) / sizeof(__u64))
		((__u64 *)p)[index] += 1;
}

RPCS_INLINE void rpcs_engine_emit(struct rpcs_engine *eng, void *record, __u32 len)
{
	rpcs_send_copy(eng->counters, record, len);
}

RPCS_INLINE void rpcs_engine_emit_rpc(struct rpcs_engine *eng, __u32 machine_offset,
				      struct rpcs_record_buffer *buf)
{
	__u32 len = buf->rpc.head.text_len;

	/* The decoder capped it, but the record lies in a map: nothing is known of it here. */
	if (!rpcs_engine_bound(&len, RPCS_RECORD_MACHINE_MAX) ||
	    rpcs_engine_load(eng->ctx, eng->hook == RPCS_HOOK_XDP, machine_offset, buf->machine,
			     len))
		len = 0;
	rpcs_send_copy(eng->counters, buf, sizeof(buf->rpc) + len);
}

/* Defined with the programs, once for each kind of context. */
int rpcs_xdp_packet(struct xdp_md *ctx, int reason);
int rpcs_tc_packet(struct __sk_buff *skb, int reason);
int rpcs_xdp_step(struct xdp_md *ctx);
int rpcs_tc_step(struct __sk_buff *skb);
int rpcs_xdp_steps(struct xdp_md *ctx);
int rpcs_tc_steps(struct __sk_buff *skb);
int rpcs_xdp_message(struct xdp_md *ctx);
int rpcs_tc_message(struct __sk_buff *skb);
int rpcs_xdp_known(struct xdp_md *ctx, int reason, __u32 skip);
int rpcs_tc_known(struct __sk_buff *skb, int reason, __u32 skip);
int rpcs_xdp_decapsulate(struct xdp_md *ctx, int kind);
int rpcs_tc_decapsulate(struct __sk_buff *skb, int kind);

/** Sends the packet's bytes from the IP header on, in numbered pieces. */
RPCS_INLINE void rpcs_engine_emit_packet(struct rpcs_engine *eng, __u8 reason)
{
	if (eng->hook == RPCS_HOOK_XDP)
		rpcs_xdp_packet(eng->ctx, reason);
	else
		rpcs_tc_packet(eng->ctx, reason);
}

RPCS_INLINE int rpcs_engine_step(struct rpcs_engine *eng)
{
	if (eng->hook == RPCS_HOOK_XDP)
		return rpcs_xdp_step(eng->ctx);
	return rpcs_tc_step(eng->ctx);
}

RPCS_INLINE int rpcs_engine_steps(struct rpcs_engine *eng)
{
	if (eng->hook == RPCS_HOOK_XDP)
		return rpcs_xdp_steps(eng->ctx);
	return rpcs_tc_steps(eng->ctx);
}

RPCS_INLINE enum rpcs_fallback rpcs_engine_message(struct rpcs_engine *eng)
{
	if (eng->hook == RPCS_HOOK_XDP)
		return rpcs_xdp_message(eng->ctx);
	return rpcs_tc_message(eng->ctx);
}

/* Defined with the programs too: whatever the context, what it takes lies in the scratch memory. */
int rpcs_connection(int kind, __u32 seq);

RPCS_INLINE void rpcs_engine_connection(struct rpcs_engine *eng, enum rpcs_record_kind kind,
					__u32 seq)
{
	rpcs_connection(kind, seq);
}

RPCS_INLINE enum rpcs_packet_result rpcs_engine_decapsulate(struct rpcs_engine *eng,
							    enum rpcs_tunnel kind)
{
	if (eng->hook == RPCS_HOOK_XDP)
		return rpcs_xdp_decapsulate(eng->ctx, kind);
	return rpcs_tc_decapsulate(eng->ctx, kind);
}

/** Compiled out where no rule suppresses. */
RPCS_INLINE bool rpcs_engine_known(struct rpcs_engine *eng, enum rpcs_fallback reason, __u32 skip)
{
	if (!rpcs_config.suppress)
		return false;
	if (eng->hook == RPCS_HOOK_XDP)
		return rpcs_xdp_known(eng->ctx, reason, skip);
	return rpcs_tc_known(eng->ctx, reason, skip);
}

#endif
