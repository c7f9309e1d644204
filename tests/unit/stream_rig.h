/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The native engine before stage 6, and a list of what comes out. Include after cmocka.h. */
#ifndef TESTS_UNIT_STREAM_RIG_H
#define TESTS_UNIT_STREAM_RIG_H

#include "packet_table.h"
#include "packet_check.h"
#include "source/engine.h"
#include "source/state.h"
#include "stream/stream.h"

static struct rpcs_settings settings = {
	.ports = { 111 },
	.port_count = 1,
	.limit_flows = 16,
	.limit_reassembly = 1 << 20,
	.limit_pending_calls = 64,
	.flow_timeout_ns = 120000000000ULL,
	.fragment_timeout_ns = 30000000000ULL,
};

enum { RIG_ODD_MAX = 16 };

/** What came out, in short. */
struct told {
	struct rpcs_message message;
	uint64_t flow_id;
};

static struct {
	struct rpcs_native *native;
	struct rpcs_stream *stream;
	struct collected records;
	struct told told[64];
	uint32_t count;
	struct rpcs_connection connections[64];
	uint64_t connection_flow[64];
	uint32_t connection_count;
	struct rpcs_connection probes[8];
	uint32_t probe_count;
	struct rpcs_overlap overlap; /* the last one */
	uint32_t overlap_count;
	uint32_t data_count;
	bool data_open; /* of the flow that data was told of last */
	struct rpcs_tuple data_tuple;
	struct rpcs_oddity odd[RIG_ODD_MAX];
	uint32_t odd_count; /* also those beyond the array */
	uint64_t encrypted_flow, encrypted_frame;
	uint32_t encrypted_count;
	bool established; /* of the flow of the last connection record */
	uint64_t frame;
} rig;

static inline void on_message(void *arg, struct rpcs_message *message, struct rpcs_flow *flow)
{
	assert_ptr_equal(arg, &rig);
	assert_true(rig.count < 64);
	rig.told[rig.count++] = (struct told){ *message, flow->id };
}

static inline void on_connection(void *arg, const struct rpcs_connection *connection,
				 struct rpcs_flow *flow)
{
	assert_ptr_equal(arg, &rig);
	assert_true(rig.connection_count < 64);
	rig.connection_flow[rig.connection_count] = flow->id;
	rig.connections[rig.connection_count++] = *connection;
	rig.established = flow->established;
}

static inline void on_probe(void *arg, const struct rpcs_connection *connection)
{
	assert_ptr_equal(arg, &rig);
	assert_true(rig.probe_count < 8);
	rig.probes[rig.probe_count++] = *connection;
}

static inline void on_overlap(void *arg, const struct rpcs_overlap *overlap, struct rpcs_flow *flow)
{
	assert_ptr_equal(arg, &rig);
	assert_non_null(flow);
	rig.overlap = *overlap;
	rig.overlap_count++;
}

static inline void on_data(void *arg, const struct rpcs_tuple *tuple,
			   const struct rpcs_sighting *seen, struct rpcs_flow *flow)
{
	assert_ptr_equal(arg, &rig);
	assert_true(seen->frame <= rig.frame);
	rig.data_tuple = *tuple;
	rig.data_open = rpcs_flow_is_open(flow);
	rig.data_count++;
}

static inline void on_oddity(void *arg, const struct rpcs_oddity *oddity, struct rpcs_flow *flow)
{
	assert_ptr_equal(arg, &rig);
	assert_non_null(flow);
	if (rig.odd_count < RIG_ODD_MAX)
		rig.odd[rig.odd_count] = *oddity;
	rig.odd_count++;
}

static inline void on_encrypted(void *arg, struct rpcs_flow *flow, const struct rpcs_sighting *seen)
{
	assert_ptr_equal(arg, &rig);
	assert_true(flow->tls);
	rig.encrypted_flow = flow->id;
	rig.encrypted_frame = seen->frame;
	rig.encrypted_count++;
}

static inline int setup(void **state)
{
	struct rpcs_stream_handler handler = {
		.message = on_message,
		.connection = on_connection,
		.probe = on_probe,
		.data = on_data,
		.overlap = on_overlap,
		.oddity = on_oddity,
		.encrypted = on_encrypted,
		.arg = &rig,
	};
	const struct rpcs_hash_seed seed = { 1, 1 };

	(void)state;
	memset(&rig, 0, sizeof(rig));
	rig.native = rpcs_native_new(&(struct rpcs_native_options){
		.settings = &settings, .emit = collect, .arg = &rig.records });
	if (!rig.native)
		return -1;
	handler.state = rpcs_native_state(rig.native);
	rig.stream = rpcs_stream_new(&settings, &seed, &handler);
	return rig.stream ? 0 : -1;
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
