/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * One well-formed stream of records, cut into segments in any order, with
 * repetitions: each record must come out once, in order, as it would alone.
 */
#ifndef RPCSENTRY_TESTS_FUZZ_STREAM_ORDER_H
#define RPCSENTRY_TESTS_FUZZ_STREAM_ORDER_H

#include <rpcsentry/rpc.h>

#include "message_same.h"
#include "stream_rig.h"
#include "stream/decode.h"

enum { ORDER_STREAM_MAX = 16384, ORDER_RECORDS_MAX = 24, ORDER_SEGMENT_MAX = 3000 };

static struct {
	uint8_t stream[ORDER_STREAM_MAX + 4096];
	bool sent[ORDER_STREAM_MAX + 4096];
	uint32_t size, isn;
	uint8_t whole[ORDER_STREAM_MAX + 4096]; /* the records without their marks */
	uint32_t start[ORDER_RECORDS_MAX], len[ORDER_RECORDS_MAX];
	uint32_t count; /* records that are messages */
	uint32_t got;
} order;

static inline void order_message(void *arg, struct rpcs_message *message, struct rpcs_flow *flow)
{
	struct rpcs_message expected = { 0 };

	(void)arg;
	(void)flow;
	FUZZ_HOLDS(order.got < order.count);
	FUZZ_HOLDS(rpcs_message_decode(&expected, order.whole + order.start[order.got],
				       order.len[order.got], order.len[order.got]));
	message_same(message, &expected);
	order.got++;
}

static inline void order_connection(void *arg, const struct rpcs_connection *connection,
				    struct rpcs_flow *flow)
{
	(void)arg;
	(void)flow;
	FUZZ_HOLDS(connection->tcp_flags & RPCS_TCP_SYN);
}

/* The message of a record: a sound header, as far as it reaches, and the input's bytes. */
static inline uint32_t order_body(uint8_t *to, struct fuzz_input *in, uint8_t bits, uint32_t want)
{
	static const uint32_t call[] = {
		0, RPCS_MSG_CALL, 2, RPCS_PORTMAP_PROGRAM, 2, 3, 0, 0, 0, 0
	};
	static const uint32_t reply[] = { 0, RPCS_MSG_REPLY, 0, 0, 0, 0 };
	const uint32_t *head = (bits & 1) ? reply : call;
	uint32_t words = (bits & 1) ? 6 : 10, i, word, at = 0;
	const uint8_t *bytes;
	size_t len;

	for (i = 0; !(bits & 2) && i < words && at + 4 <= want; i++, at += 4) {
		word = __builtin_bswap32(i == 0 ? order.size : head[i]);
		memcpy(to + at, &word, sizeof(word));
	}
	bytes = fuzz_bytes(in, want - at < 64 ? want - at : 64, &len);
	for (; at < want; at++)
		to[at] = len ? bytes[at % len] : (uint8_t)at;
	return want;
}

/* Puts a record into the stream, in as many fragments as the input says. */
static inline void order_record(struct fuzz_input *in, uint32_t *whole)
{
	uint8_t bits = fuzz_u8(in);
	uint32_t want = fuzz_u8(in) * ((bits & 4) ? 8U : 1U), left, part, mark;
	uint8_t *body = order.whole + *whole;
	struct rpcs_message message = { 0 };

	left = order_body(body, in, bits, want);
	order.start[order.count] = *whole;
	order.len[order.count] = left;
	/* An empty record is none; what is no message is not told. */
	order.count += left > 0 && rpcs_message_decode(&message, body, left, left);
	*whole += left;
	do {
		part = (bits & 8) ? fuzz_u8(in) : left;
		if (part > left || order.size > ORDER_STREAM_MAX)
			part = left;
		left -= part;
		mark = __builtin_bswap32(part | (left ? 0 : RPCS_MARK_LAST));
		memcpy(order.stream + order.size, &mark, sizeof(mark));
		memcpy(order.stream + order.size + 4, body, part);
		order.size += 4 + part;
		body += part;
	} while (left > 0);
}

static inline void order_build(struct fuzz_input *in)
{
	uint32_t whole = 0, records = fuzz_u8(in) % ORDER_RECORDS_MAX + 1;

	memset(&order, 0, sizeof(order));
	order.isn = fuzz_u32(in);
	while (records-- > 0 && order.size < ORDER_STREAM_MAX - 4096)
		order_record(in, &whole);
}

static inline void order_segment(uint32_t at, uint32_t len, uint8_t flags)
{
	struct test_frame f;

	frame_tcp4(&f, order.isn + 1 + at, flags);
	put_bytes(&f, order.stream + at, len);
	frame_end(&f);
	rig_frame(0, f.bytes, f.len);
	memset(order.sent + at, 1, len);
}

/* What is missing, in order, each gap in one segment or several. */
static inline void order_rest(uint8_t step)
{
	uint32_t at = 0, len;

	while (at < order.size) {
		for (len = 0; at + len < order.size && !order.sent[at + len] &&
			      len < (step ? step * 16U : ORDER_SEGMENT_MAX);
		     len++)
			;
		if (len)
			order_segment(at, len, RPCS_TCP_ACK);
		at += len ? len : 1;
	}
}

static inline void order_run(struct fuzz_input *in)
{
	const struct rpcs_stream_handler handler = { .message = order_message,
						     .connection = order_connection };
	struct rpcs_stream_counts counts;
	struct test_frame syn;
	uint8_t segments, step;

	rig_new(8, 1 << 20, &handler);
	order_build(in);
	frame_tcp4(&syn, order.isn, RPCS_TCP_SYN);
	frame_end(&syn);
	rig_frame(0, syn.bytes, syn.len);
	step = fuzz_u8(in);
	for (segments = fuzz_u8(in); segments > 0 && in->left > 0; segments--) {
		uint32_t at = fuzz_u16(in) % order.size;
		uint32_t len = fuzz_u8(in) * 8U + fuzz_u8(in) % 8U + 1;

		if (len > order.size - at)
			len = order.size - at;
		rig.time_ns += 1000000;
		order_segment(at, len, RPCS_TCP_ACK);
	}
	order_rest(step);
	FUZZ_HOLDS(order.got == order.count);
	rpcs_stream_counts(rig.stream, &counts);
	FUZZ_HOLDS(counts.tcp_unplaced == 0);
	FUZZ_HOLDS(rig.stream->flows.held_bytes == 0);
	rig_end();
	FUZZ_HOLDS(order.got == order.count);
}

#endif
