/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The native engine before stage 6, and a list of what comes out. Include after cmocka.h. */
#ifndef TESTS_UNIT_STREAM_RIG_H
#define TESTS_UNIT_STREAM_RIG_H

#include "packet_table.h"
#include "packet_check.h"
#include "source/engine.h"
#include "stream/stream.h"

static const struct rpcs_settings settings = {
	.ports = { 111 },
	.port_count = 1,
	.limit_flows = 16,
	.limit_reassembly = 1 << 20,
	.flow_timeout_ns = 120000000000ULL,
};

/** What came out, in short. */
struct told {
	struct rpcs_message message;
	uint64_t flow_id;
};

static struct {
	struct rpcs_native *native;
	struct rpcs_stream *stream;
	struct collected records;
	struct told told[16];
	uint32_t count;
	struct rpcs_connection connections[64];
	uint64_t connection_flow[64];
	uint32_t connection_count;
	uint64_t frame;
} rig;

static inline void on_message(void *arg, struct rpcs_message *message, struct rpcs_flow *flow)
{
	assert_ptr_equal(arg, &rig);
	assert_true(rig.count < 16);
	rig.told[rig.count++] = (struct told){ *message, flow->id };
}

static inline void on_connection(void *arg, const struct rpcs_connection *connection,
				 struct rpcs_flow *flow)
{
	assert_ptr_equal(arg, &rig);
	assert_true(rig.connection_count < 64);
	rig.connection_flow[rig.connection_count] = flow->id;
	rig.connections[rig.connection_count++] = *connection;
}

static inline int setup(void **state)
{
	const struct rpcs_stream_handler handler = { on_message, on_connection, &rig };
	const struct rpcs_hash_seed seed = { 1, 1 };

	(void)state;
	memset(&rig, 0, sizeof(rig));
	rig.native = rpcs_native_new(&settings, collect, &rig.records);
	rig.stream = rpcs_stream_new(&settings, &seed, &handler);
	return rig.native && rig.stream ? 0 : -1;
}

static inline int teardown(void **state)
{
	(void)state;
	rpcs_native_free(&rig.native);
	rpcs_stream_free(&rig.stream);
	return 0;
}

/* The records of one more frame. */
static inline int records_of(const struct test_frame *f)
{
	struct rpcs_frame frame = { .bytes = f->bytes, .len = f->len, .number = ++rig.frame };

	rig.records.count = 0;
	rpcs_native_frame(rig.native, &frame);
	return rig.records.count;
}

static inline void record(const void *bytes, uint32_t len)
{
	rpcs_stream_record(rig.stream, bytes, len, rig.frame * 1000, rig.frame);
}

static inline void frame(const struct test_frame *f)
{
	int i;

	records_of(f);
	for (i = 0; i < rig.records.count; i++)
		record(rig.records.bytes[i], rig.records.len[i]);
}

static inline struct rpcs_stream_counts counts(void)
{
	struct rpcs_stream_counts c;

	rpcs_stream_counts(rig.stream, &c);
	return c;
}

#endif
