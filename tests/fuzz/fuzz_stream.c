// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * TCP reassembly. The first byte of the input chooses: a well-formed stream in
 * any order (stream_order.h), or commands, each a segment of one of few flows at
 * any place, with any flags, whole, cut or in IP fragments, or a step of time.
 */
#include "stream_order.h"
#include "stream_rig.h"

enum { FLOWS = 4, DATA_MAX = 3000, BURST_MAX = 4500 };

/** The first byte: the rest are limits. */
enum {
	BIT_ORDER = 1 << 0,
	BIT_FEW_FLOWS = 1 << 1,
	SHIFT_HELD = 2,
};

/** A command's first byte: what, and where. */
enum {
	MASK_WHAT = 7, /* enum what */
	SHIFT_FLOW = 3,
	BIT_SERVER = 1 << 5,
	BIT_ENGINE = 1 << 6,
	BIT_RAW = 1 << 7, /* the input's bytes; else a record's */
};

enum what {
	WHAT_NEXT,  /* data where the last data ended */
	WHAT_PLACE, /* data at an offset from there */
	WHAT_CUT,   /* of which the capture has only a part */
	WHAT_FLAGS, /* SYN, FIN, RST, or what the input says */
	WHAT_FRAGMENTS,
	WHAT_TIME,
	WHAT_WILD_TIME,
	WHAT_BURST, /* many small segments with gaps or overlaps */
};

/** A segment in the making. */
struct segment {
	uint32_t flow;
	bool server;
	int engine;
	uint32_t seq, ack;
	uint8_t flags;
	uint32_t len;	    /* by the header */
	uint32_t available; /* in the frame */
	uint8_t data[DATA_MAX];
};

static uint32_t next_seq[FLOWS][2];
static uint32_t burst_left;

static void on_message(void *arg, struct rpcs_message *message, struct rpcs_flow *flow)
{
	(void)arg;
	FUZZ_HOLDS(flow->id != 0);
	FUZZ_HOLDS(message->body_available <= message->body_len);
	FUZZ_HOLDS(message->body_len <= message->length);
	FUZZ_HOLDS(message->length <= RPCS_TCP_RECORD_MAX);
}

static void on_connection(void *arg, const struct rpcs_connection *connection,
			  struct rpcs_flow *flow)
{
	(void)arg;
	(void)connection;
	FUZZ_HOLDS(flow->id != 0);
}

static void frame_of(struct test_frame *f, const struct segment *s)
{
	uint16_t client = (uint16_t)(900 + s->flow);

	frame_eth(f, RPCS_ETH_IP4);
	frame_ip4(f, RPCS_IP_TCP, 0);
	frame_tcp(f, s->server ? 111 : client, s->server ? client : 111, s->seq, s->flags, 0);
	f->bytes[f->ip + 15] = s->server ? 2 : 1;
	f->bytes[f->ip + 19] = s->server ? 1 : 2;
	set16(f, f->tcp + 8, s->ack >> 16);
	set16(f, f->tcp + 10, s->ack);
	put_bytes(f, s->data, s->available);
	frame_end(f);
	/* What the header says and the frame has not, the capture has cut. */
	set16(f, f->ip + 2, 40 + s->len);
}

static void send_segment(const struct segment *s)
{
	struct test_frame f;

	frame_of(&f, s);
	rig_frame(s->engine, f.bytes, f.len);
}

/* The same in two IP fragments, the second one first where `turned`. */
static void send_fragments(const struct segment *s, uint16_t id, uint32_t units, bool turned)
{
	struct test_frame f, part[2];
	uint32_t total, at, i, len;

	frame_of(&f, s);
	total = f.len - f.ip - 20;
	at = units * 8 < total ? units * 8 : 0;
	for (i = 0; i < 2; i++) {
		part[i] = f;
		len = i == 0 ? at : total - at;
		memmove(part[i].bytes + f.ip + 20, f.bytes + f.ip + 20 + (i ? at : 0), len);
		part[i].len = f.ip + 20 + len;
		set16(&part[i], f.ip + 2, 20 + len);
		set16(&part[i], f.ip + 4, id);
		set16(&part[i], f.ip + 6, i == 0 ? 0x2000 : at / 8);
	}
	for (i = 0; i < 2; i++)
		rig_frame(s->engine, part[i ^ turned].bytes, part[i ^ turned].len);
}

/* The input's bytes, or one record with a call or reply, as far as `len` reaches. */
static void fill(struct segment *s, struct fuzz_input *in, bool raw)
{
	static const uint32_t words[] = { 0, 9, RPCS_MSG_CALL, 2, 100000, 2, 3, 0, 0, 0, 0 };
	uint8_t patch = raw ? 0 : fuzz_u8(in);
	const uint8_t *bytes;
	uint32_t i, word;
	size_t len;

	memset(s->data, 0, s->available);
	if (raw) {
		bytes = fuzz_bytes(in, s->available, &len);
		memcpy(s->data, bytes, len);
		return;
	}
	for (i = 0; i < 11 && i * 4 + 4 <= s->available; i++) {
		word = words[i];
		if (i == 0) /* the mark: right for this segment, or not */
			word = (patch & 1 ? 0 : RPCS_MARK_LAST) |
			       ((patch & 2 ? patch * 64U : s->len - 4));
		else if (i == 2)
			word = patch >> 2 & 1;
		else if (i == 3 && (patch & 4))
			word = 0;
		word = __builtin_bswap32(word);
		memcpy(s->data + i * 4, &word, sizeof(word));
	}
}

static void data(struct segment *s, struct fuzz_input *in, enum what what, bool raw)
{
	uint32_t *next = &next_seq[s->flow][s->server];
	uint32_t place = *next;

	s->flags = RPCS_TCP_ACK;
	s->len = fuzz_u8(in) * (raw ? 1U : 4U);
	if (what == WHAT_PLACE || what == WHAT_CUT)
		place += (uint32_t)(int16_t)fuzz_u16(in);
	s->available = s->len;
	if (what == WHAT_CUT) {
		s->available = fuzz_u8(in);
		s->len = s->available + fuzz_u16(in) % 60000;
	}
	s->seq = place;
	fill(s, in, raw);
	if (what == WHAT_FRAGMENTS) {
		uint8_t bits = fuzz_u8(in);

		send_fragments(s, (uint16_t)rig.frame, bits >> 1, bits & 1);
	} else {
		send_segment(s);
	}
	if (what != WHAT_PLACE)
		*next = place + s->len;
}

static void flags(struct segment *s, struct fuzz_input *in)
{
	static const uint8_t usual[] = { RPCS_TCP_SYN, RPCS_TCP_SYN | RPCS_TCP_ACK,
					 RPCS_TCP_FIN | RPCS_TCP_ACK, RPCS_TCP_RST };
	uint32_t *next = &next_seq[s->flow][s->server];
	uint8_t bits = fuzz_u8(in);

	s->flags = (bits & 4) ? fuzz_u8(in) : usual[bits & 3];
	s->seq = *next + ((bits & 8) ? (uint32_t)(int16_t)fuzz_u16(in) : 0);
	if (bits & 16)
		s->seq = fuzz_u32(in);
	s->ack = next_seq[s->flow][!s->server] + ((bits & 32) ? fuzz_u8(in) : 0);
	s->len = s->available = (bits & 64) ? fuzz_u8(in) : 0;
	fill(s, in, true);
	send_segment(s);
	if (s->flags & RPCS_TCP_SYN)
		*next = s->seq + 1 + s->len;
}

static void burst(struct segment *s, struct fuzz_input *in)
{
	uint32_t count = fuzz_count(in), start = next_seq[s->flow][s->server];
	int32_t stride = (int8_t)fuzz_u8(in);

	s->flags = RPCS_TCP_ACK;
	s->len = s->available = fuzz_u8(in) % 64 + 1U;
	fill(s, in, false);
	s->seq = start + ((stride < 0) ? 1U << 20 : 1);
	for (; count > 0 && burst_left > 0; count--, burst_left--) {
		send_segment(s);
		s->seq += (uint32_t)stride;
	}
}

/* Captures have any times: late, early, and such as no clock ever showed. */
static void wild_time(struct fuzz_input *in)
{
	uint8_t bits = fuzz_u8(in);

	rig.time_ns = (bits & 1) ? UINT64_MAX - fuzz_u32(in) * (uint64_t)(bits & 2)
				 : fuzz_u32(in) * (uint64_t)1000000000;
}

static void command(struct fuzz_input *in)
{
	uint8_t bits = fuzz_u8(in);
	struct segment s = { .flow = bits >> SHIFT_FLOW & 3,
			     .server = bits & BIT_SERVER,
			     .engine = !!(bits & BIT_ENGINE) };
	enum what what = bits & MASK_WHAT;

	rig.time_ns += 1000;
	if (what == WHAT_TIME)
		rig.time_ns += fuzz_u16(in) * 1000000ULL;
	else if (what == WHAT_WILD_TIME)
		wild_time(in);
	else if (what == WHAT_FLAGS)
		flags(&s, in);
	else if (what == WHAT_BURST)
		burst(&s, in);
	else
		data(&s, in, what, bits & BIT_RAW);
	if (what == WHAT_TIME || what == WHAT_WILD_TIME)
		rpcs_stream_tick(rig.stream, rig.time_ns);
	rig_check();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static const uint64_t held[] = { 0, 600, 8192, 1 << 16, 1 << 20, 1 << 22, 1 << 24, 100 };
	const struct rpcs_stream_handler handler = { .message = on_message,
						     .connection = on_connection };
	struct fuzz_input in = { bytes, size };
	uint8_t bits = fuzz_u8(&in);

	if (bits & BIT_ORDER) {
		order_run(&in);
		return 0;
	}
	memset(next_seq, 0, sizeof(next_seq));
	burst_left = BURST_MAX;
	rig_new((bits & BIT_FEW_FLOWS) ? 2 : 16, held[bits >> SHIFT_HELD & 7], &handler);
	while (in.left > 0)
		command(&in);
	rig_end();
	return 0;
}
