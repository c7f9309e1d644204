/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Scripts for the differential test: what a few flows may send, in an order that
 * a seed decides, with segments repeated, left out and damaged. Include after
 * cmocka.h.
 */
#ifndef TESTS_KERNEL_SCRIPT_H
#define TESTS_KERNEL_SCRIPT_H

#include "bench.h"

enum { SCRIPT_FRAMES = 40, SCRIPT_FLOWS = 3, SCRIPT_WAITING = 6, SCRIPT_STREAM = 2000 };

/** One direction of a flow: a stream of records, and where its sender is in it. */
struct script_half {
	struct test_frame stream;
	uint32_t isn, at;
};

struct script_flow {
	struct test_flow flow;
	struct script_half half[2];
};

struct script {
	uint64_t random;
	struct script_flow flows[SCRIPT_FLOWS];
	/* Fragments of a packet that have not been sent yet. */
	struct test_frame waiting[SCRIPT_WAITING];
	uint32_t waiting_count;
	uint32_t next_id;
	uint64_t time_ns;
	bool other_ports; /* half of the flows are of no portmapper */
};

static uint32_t script_random(struct script *s, uint32_t below)
{
	uint64_t x = s->random;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	s->random = x;
	return (uint32_t)(x >> 32) % below;
}

static bool script_maybe(struct script *s, uint32_t one_in)
{
	return script_random(s, one_in) == 0;
}

#define SCRIPT_PICK(s, list) ((list)[script_random(s, sizeof(list) / sizeof((list)[0]))])

/** A message: mostly sound, of few programs, procedures and XIDs, so that they meet again. */
static void script_message(struct script *s, struct test_frame *to, bool reply)
{
	static const uint32_t programs[] = {
		RPCS_PORTMAP_PROGRAM, RPCS_PORTMAP_PROGRAM, RPCS_NFS_PROGRAM, TEST_SENSITIVE,
		TEST_PLAIN,	      TEST_PLAIN,	    TEST_PLAIN
	};
	static const uint32_t sizes[] = { 0, 0, 4, 16, 17, 20, 40, 256, 260, 1800, 1800 };
	static const uint8_t flavors[] = { RPCS_AUTH_SYS, RPCS_AUTH_SHORT, RPCS_AUTH_GSS,
					   RPCS_AUTH_TLS };
	uint32_t xid = script_random(s, 6), at = to->len;

	if (reply) {
		put_reply(to, xid, SCRIPT_PICK(s, sizes));
		if (script_maybe(s, 8))
			to->bytes[at + 11] = (uint8_t)script_random(s, 3);
		if (script_maybe(s, 8))
			to->bytes[at + 23] = (uint8_t)script_random(s, 7);
		return;
	}
	if (script_maybe(s, 4)) {
		frame_call(to, xid, SCRIPT_PICK(s, programs), 2, script_random(s, 6));
		to->len -= 16;
		frame_auth_sys(to,
			       script_maybe(s, 4) ? "a-name-of-more-than-sixty-four-bytes-"
						    "which-no-compact-record-has-room-for"
						  : "client",
			       script_random(s, 18));
		return;
	}
	put_call(to, xid, SCRIPT_PICK(s, programs), script_random(s, 6), SCRIPT_PICK(s, sizes));
	to->bytes[at + 19] = (uint8_t)(2 + script_random(s, 3));
	if (script_maybe(s, 6))
		to->bytes[at + 27] = SCRIPT_PICK(s, flavors);
	if (script_maybe(s, 16))
		to->bytes[at + 11] = 3;
}

/** One more record at a stream's end; some marks are odd, or speak of more than is there. */
static void script_record(struct script *s, struct test_frame *stream, bool reply)
{
	static const uint32_t lengths[] = {
		1, 20, 24, 28, 1200, 5000, RPCS_STEP_MAX - 1, RPCS_STEP_MAX, 0x7fffffff
	};
	uint32_t at = stream->len;

	put32(stream, 0);
	if (script_maybe(s, 24))
		put_zeros(stream, 1 + script_random(s, 30));
	else
		script_message(s, stream, reply);
	set_mark(stream, at, 0);
	if (script_maybe(s, 12))
		set_mark(stream, at, SCRIPT_PICK(s, lengths));
	if (script_maybe(s, 24))
		stream->bytes[at] ^= 0x80;
	if (script_maybe(s, 48))
		set16(stream, at + 2, 0);
}

static void script_connection(struct script *s, struct script_flow *flow)
{
	int side;

	for (side = 0; side < 2; side++) {
		flow->half[side].isn = script_maybe(s, 4) ? 0xfffffe00 : script_random(s, 1 << 30);
		flow->half[side].at = 0;
		flow->half[side].stream.len = 0;
	}
}

static void script_begin(struct script *s, uint64_t seed)
{
	static const uint16_t ports[] = { 2049, 5000, 32771, 4789 };
	struct script_flow *flow;
	int i;

	memset(s, 0, offsetof(struct script, waiting));
	s->random = seed * 0x9e3779b97f4a7c15ULL | 1;
	s->waiting_count = 0;
	s->next_id = 1;
	s->time_ns = 1ULL << 40;
	for (i = 0; i < SCRIPT_FLOWS; i++) {
		flow = &s->flows[i];
		flow->flow.sport = (uint16_t)(700 + script_random(s, 2));
		flow->flow.dport = script_maybe(s, 2) ? 111 : SCRIPT_PICK(s, ports);
		flow->flow.ip6 = script_maybe(s, 3);
		flow->flow.vlans = (uint8_t)(script_maybe(s, 4) ? 1 + script_random(s, 2) : 0);
		flow->flow.extensions = (uint8_t)(script_maybe(s, 2) ? script_random(s, 3) : 0);
		script_connection(s, flow);
	}
}

/** The next bytes of a half, or others: before them, behind them. */
static void script_data(struct script *s, struct script_flow *flow, int side, struct test_frame *f)
{
	struct script_half *half = &flow->half[side];
	struct test_frame *stream = &half->stream;
	uint32_t at, len;

	while (stream->len < SCRIPT_STREAM && (half->at >= stream->len || script_maybe(s, 2)))
		script_record(s, stream, side);
	if (half->at >= stream->len)
		half->at = script_random(s, stream->len);
	at = half->at;
	if (script_maybe(s, 12))
		at = script_random(s, stream->len);
	len = stream->len - at;
	if (script_maybe(s, 6))
		len = 1 + script_random(s, len);
	if (len > 1400)
		len = 1400;
	frame_segment(f, &flow->flow, side, half->isn + 1 + at,
		      script_maybe(s, 24) ? RPCS_TCP_FIN | RPCS_TCP_ACK : RPCS_TCP_ACK,
		      stream->bytes + at, len);
	if (at == half->at)
		half->at += len;
}

/** A packet that is all flags: handshakes, ends and scans. */
static void script_control(struct script *s, struct script_flow *flow, int side,
			   struct test_frame *f)
{
	static const uint8_t flags[] = { RPCS_TCP_SYN,
					 RPCS_TCP_SYN | RPCS_TCP_ACK,
					 RPCS_TCP_ACK,
					 RPCS_TCP_ACK,
					 0,
					 RPCS_TCP_FIN,
					 RPCS_TCP_FIN | RPCS_TCP_PSH | 0x20,
					 RPCS_TCP_RST,
					 RPCS_TCP_RST | RPCS_TCP_ACK,
					 0xff };
	struct script_half *half = &flow->half[side];
	uint8_t flag = SCRIPT_PICK(s, flags);
	uint32_t seq = half->isn + 1 + half->at;

	if (script_maybe(s, 8))
		script_connection(s, flow);
	if (flag & RPCS_TCP_SYN)
		seq = half->isn;
	else if (script_maybe(s, 4))
		seq = script_random(s, 1 << 30);
	frame_segment(f, &flow->flow, side, seq, flag, "diagnosis",
		      script_maybe(s, 4) ? script_random(s, 10) : 0);
}

static void script_datagram(struct script *s, struct script_flow *flow, int side,
			    struct test_frame *f)
{
	struct test_frame message = { .len = 0 };

	if (!script_maybe(s, 8))
		script_message(s, &message, side);
	frame_datagram(f, &flow->flow, side, message.bytes, message.len);
}

/** One in `one_in` comes in fragments, of which one is sent now. */
static void script_in_fragments(struct script *s, struct test_frame *f, uint32_t one_in)
{
	uint32_t head = f->ip6 ? 40 : 20, all = f->len - f->ip - head, from, len;

	if (s->waiting_count || !script_maybe(s, one_in))
		return;
	for (from = 0; from < all && s->waiting_count < SCRIPT_WAITING; from += len) {
		len = s->waiting_count + 1 == SCRIPT_WAITING ? all - from
							     : 8 + script_random(s, 60) / 8 * 8;
		if (len > all - from)
			len = all - from;
		frame_fragment(&s->waiting[s->waiting_count++], f, from, len, s->next_id);
	}
	s->next_id += script_random(s, 2);
	*f = s->waiting[0];
}

/** One of the waiting fragments; now and then it stays, to be sent again. */
static void script_fragment(struct script *s, struct test_frame *f)
{
	uint32_t which = script_random(s, s->waiting_count);

	*f = s->waiting[which];
	if (!script_maybe(s, 6))
		s->waiting[which] = s->waiting[--s->waiting_count];
}

/** Bytes changed, at random or to values that sit at the edges; or the frame cut. */
static void script_damage(struct script *s, struct test_frame *f, uint32_t shortest)
{
	static const uint8_t edges[] = { 0,  1,	 2,  3,	  4,	5,    6,    15,
					 16, 17, 40, 111, 0x7f, 0x80, 0xfe, 0xff };
	uint32_t changes = script_random(s, 5), i, at;

	for (i = 0; i < changes; i++) {
		at = script_random(s, f->len);
		f->bytes[at] = script_maybe(s, 2) ? (uint8_t)script_random(s, 256)
						  : SCRIPT_PICK(s, edges);
	}
	if (script_maybe(s, 4) && f->len > shortest)
		f->len = shortest + script_random(s, f->len - shortest + 1);
	else if (script_maybe(s, 8))
		put_zeros(f, script_random(s, 200));
}

/** The script's next frame, and its time. */
static void script_frame(struct script *s, struct test_frame *f, uint32_t shortest)
{
	struct script_flow *flow = &s->flows[script_random(s, SCRIPT_FLOWS)];
	int side = script_maybe(s, 3);
	uint32_t what = script_random(s, 10);

	s->time_ns += script_random(s, 1 << 20);
	if (script_maybe(s, 16))
		s->time_ns +=
			BENCH_TIMEOUT_NS + (uint64_t)script_random(s, 2) * RPCS_FRAGMENT_VERDICT_NS;
	if (s->waiting_count && script_maybe(s, 2)) {
		script_fragment(s, f);
	} else if (what < 5) {
		script_data(s, flow, side, f);
		script_in_fragments(s, f, 24);
	} else if (what < 7) {
		script_control(s, flow, side, f);
		script_in_fragments(s, f, 24);
	} else {
		script_datagram(s, flow, side, f);
		script_in_fragments(s, f, 4);
	}
	if (script_maybe(s, 10))
		script_damage(s, f, shortest);
	if (f->len < shortest)
		put_zeros(f, shortest - f->len);
}

#endif
