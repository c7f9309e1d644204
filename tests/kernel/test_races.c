// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * One flow on two CPUs at once, while the agent answers: every call of it is told, once;
 * and what is new is so for one of them.
 * Programs run by BPF_PROG_TEST_RUN from a thread on each CPU; each takes the next segment.
 */
#include "kernel_test.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <pthread.h>
#include <stdatomic.h>

#include "segments.h"
#include "source/state.h"
#include "stream/stream.h"

enum {
	STREAMS = 6,
	CALLS = 3000, /* of a stream */
	SEGMENTS_MAX = 1 << 14,
	STREAM_MAX = 1 << 22,
	PAIRS = 800,
	PAIR_CALLS = 20, /* of a pair of segments */
	TOLD_MAX = PAIRS * PAIR_CALLS,
	RACES = 20, /* that have to have happened among the pairs */
};

static struct {
	struct rpcs_kernel *kernel;
	struct rpcs_state *state;
	struct rpcs_stream *stream;
	struct rpcs_ring *ring;
	int program;
	uint16_t port;
	struct test_flow flow;
	uint8_t bytes[STREAM_MAX];
	uint32_t len;
	uint32_t at[SEGMENTS_MAX + 1];
	uint32_t segments;
	atomic_uint next, running, waiting;
	atomic_bool failed;
	uint8_t told[TOLD_MAX];
} race;

static struct rpcs_settings settings = {
	.ports = { 111 },
	.port_count = 1,
	.limit_flows = 1024,
	.limit_reassembly = 64 << 20,
	.limit_pending_calls = 1024,
	.any_port = RPCS_ANY_PORT_ALL,
	.flow_timeout_ns = 120000000000ULL,
	.fragment_timeout_ns = 30000000000ULL,
};

static uint32_t random_below(uint64_t *seed, uint32_t below)
{
	*seed = *seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(*seed >> 33) % below;
}

static void add_call(uint32_t xid, uint32_t size)
{
	struct test_frame record = { .len = 0 };

	put_record_call(&record, xid, TEST_PLAIN, 1, size);
	memcpy(race.bytes + race.len, record.bytes, record.len);
	race.len += record.len;
}

/** A stream of calls whose XIDs count from 0, cut into segments. */
static void make_stream(uint64_t seed)
{
	static const uint32_t sizes[] = { 0, 16, 16, 40, 200, 900 };
	uint32_t xid, end;

	race.len = race.segments = 0;
	for (xid = 0; xid < CALLS; xid++)
		add_call(xid, sizes[random_below(&seed, 6)]);
	for (end = 0; end < race.len && race.segments < SEGMENTS_MAX;) {
		race.at[race.segments++] = end;
		end += 1 + random_below(&seed, 1000);
	}
	race.at[race.segments] = race.len;
}

/** For each pair some calls, parted somewhere: `at` has its begin, the parting, the next pair. */
static void make_pairs(uint64_t seed)
{
	static const uint32_t sizes[] = { 0, 0, 4, 16, 16, 100 };
	uint32_t pair, i, from, parting;

	race.len = race.segments = 0;
	for (pair = 0; pair < PAIRS; pair++) {
		from = race.len;
		for (i = 0; i < PAIR_CALLS; i++)
			add_call(pair * PAIR_CALLS + i, sizes[random_below(&seed, 6)]);
		parting = from + (race.len - from) / 4 + random_below(&seed, (race.len - from) / 2);
		race.at[race.segments++] = from;
		race.at[race.segments++] = parting;
	}
	race.at[race.segments] = race.len;
}

static void run_frame(struct test_frame *f)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = f->bytes, .data_size_in = f->len,
		    .repeat = 1);

	if (bpf_prog_test_run_opts(race.program, &opts))
		race.failed = true;
}

/** The bytes [from, end) of a stream that begins at `base`. */
static void send_data(const struct test_flow *flow, uint32_t base, uint32_t from, uint32_t end)
{
	struct test_frame f;

	frame_segment(&f, flow, false, 100 + from - base, RPCS_TCP_ACK, race.bytes + from,
		      end - from);
	run_frame(&f);
}

static void send_syn(const struct test_flow *flow)
{
	struct test_frame f;

	frame_segment(&f, flow, false, 99, RPCS_TCP_SYN, "", 0);
	run_frame(&f);
}

static void stay_on(uint32_t number)
{
	cpu_set_t cpu;

	CPU_ZERO(&cpu);
	CPU_SET(number, &cpu);
	if (pthread_setaffinity_np(pthread_self(), sizeof(cpu), &cpu))
		race.failed = true;
}

/** A thread's part of a stream: each takes the next segment. */
static void *send_stream(void *arg)
{
	uint32_t i;

	stay_on((uint32_t)(uintptr_t)arg);
	while ((i = race.next++) < race.segments)
		send_data(&race.flow, 0, race.at[i], race.at[i + 1]);
	race.running--;
	return NULL;
}

/** Both threads leave it at the same time, the `turn`th time that they come. */
static void meet(uint32_t turn)
{
	race.waiting++;
	while (race.waiting < 2 * turn)
		sched_yield();
}

/** A thread's calls over UDP: each is the first of its flow, program and procedure for both. */
static void *send_firsts(void *arg)
{
	uint32_t me = (uint32_t)(uintptr_t)arg, pair;
	struct test_flow flow = { .dport = race.port };
	struct test_frame message, f;

	stay_on(me);
	for (pair = 0; pair < PAIRS; pair++) {
		flow.sport = (uint16_t)(10000 + pair);
		message.len = 0;
		put_call(&message, 2 * pair + me, TEST_PLAIN, 1, 0);
		frame_datagram(&f, &flow, false, message.bytes, message.len);
		meet(pair + 1);
		run_frame(&f);
	}
	race.running--;
	return NULL;
}

/** A thread's part of the pairs: one of two segments of a flow, which both send at once. */
static void *send_pairs(void *arg)
{
	uint32_t me = (uint32_t)(uintptr_t)arg, pair, at;
	struct test_flow flow = { .dport = race.port };

	stay_on(me);
	for (pair = 0; pair < PAIRS; pair++) {
		flow.sport = (uint16_t)(10000 + pair);
		if (me == 0)
			send_syn(&flow);
		meet(2 * pair + 1);
		at = 2 * pair + me;
		send_data(&flow, race.at[2 * pair], race.at[at], race.at[at + 1]);
		meet(2 * pair + 2);
	}
	race.running--;
	return NULL;
}

static void on_message(void *arg, struct rpcs_message *message, struct rpcs_flow *flow)
{
	(void)arg;
	(void)flow;
	assert_true(message->is_call && message->xid < TOLD_MAX);
	race.told[message->xid]++;
}

static void on_record(void *arg, const void *record, uint32_t len, const struct rpcs_frame *frame)
{
	static uint64_t number;

	(void)arg;
	(void)frame;
	number++;
	rpcs_stream_record(race.stream, record, len, 1000000000ULL + number, number);
}

/** Lets the threads send what was made, and the agent take it. */
static void run(void *(*send)(void *arg), uint32_t calls, bool at_once)
{
	const struct rpcs_hash_seed hash = { 1, 1 };
	const struct rpcs_stream_handler handler = { .message = on_message, .state = race.state };
	uint32_t i, missing = 0, again = 0;
	pthread_t threads[2];

	race.stream = rpcs_stream_new(&settings, &hash, &handler);
	assert_non_null(race.stream);
	memset(race.told, 0, sizeof(race.told));
	race.next = race.waiting = 0;
	race.running = 2;
	for (i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, send, (void *)(uintptr_t)i), 0);
	while (at_once && race.running)
		kt_drain(race.ring);
	for (i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	kt_drain(race.ring);
	rpcs_stream_finish(race.stream);
	rpcs_stream_free(&race.stream);
	for (i = 0; i < calls; i++) {
		missing += race.told[i] == 0;
		again += race.told[i] > 1;
	}
	if (missing || again)
		fail_msg("%u calls are not told, %u more than once", missing, again);
	assert_false(race.failed);
}

static void begin(uint16_t port, enum rpcs_any_port any_port)
{
	static const uint16_t ports[] = { 111 };
	const struct rpcs_kernel_options options = {
		.ports = ports,
		.port_count = 1,
		.ring_size = 32 << 20,
		.flows = 4096,
		.calls = 1024,
		.flow_timeout_ns = 120000000000ULL,
		.any_port = any_port,
	};
	struct rpcs_state_fds fds;

	kt_need();
	if (sysconf(_SC_NPROCESSORS_ONLN) < 2) {
		print_message("skipped: needs two CPUs\n");
		skip();
	}
	assert_int_equal(rpcs_kernel_load(&options, &race.kernel), 0);
	rpcs_kernel_state_fds(race.kernel, &fds);
	race.state = rpcs_state_maps(&fds);
	assert_non_null(race.state);
	race.program = rpcs_kernel_program_fd(race.kernel, RPCS_HOOK_XDP);
	race.port = port;
	race.ring = kt_ring(race.kernel, on_record, NULL);
}

/** How often a flow was stepped by both at once. */
static uint64_t end(void)
{
	struct rpcs_counters c = kt_counters(race.kernel);

	assert_int_equal(c.rpc_seen, c.records_sent + c.records_suppressed);
	assert_int_equal(c.fallbacks_capped, 0);
	rpcs_ring_free(&race.ring);
	rpcs_state_free(&race.state);
	rpcs_kernel_free(&race.kernel);
	return c.flows_raced;
}

/** Neighbours in a stream, at the same moment. */
static void run_pairs(uint16_t port)
{
	uint64_t raced;

	begin(port, RPCS_ANY_PORT_ALL);
	make_pairs(port);
	run(send_pairs, TOLD_MAX, false);
	raced = end();
	print_message("%u of %u pairs raced\n", (unsigned int)raced, PAIRS);
	assert_true(raced > RACES);
}

/** Long streams, while the agent tells the programs what it finds. */
static void run_streams(uint16_t port)
{
	uint32_t i;

	begin(port, RPCS_ANY_PORT_ALL);
	for (i = 0; i < STREAMS; i++) {
		/* Another client each time: a second's limit of fallback bytes is a flow's. */
		race.flow = (struct test_flow){ .sport = (uint16_t)(900 + i), .dport = port };
		make_stream(i + 1);
		send_syn(&race.flow);
		run(send_stream, CALLS, true);
	}
	end();
}

static void test_pairs_portmapper(void **state)
{
	(void)state;
	run_pairs(111);
}

static void test_pairs_other_port(void **state)
{
	(void)state;
	run_pairs(2049);
}

static void test_streams_portmapper(void **state)
{
	(void)state;
	run_streams(111);
}

static void test_streams_other_port(void **state)
{
	(void)state;
	run_streams(2049);
}

/* any_port's `first`: one of both is it. */
static void test_firsts(void **state)
{
	struct rpcs_counters c;

	(void)state;
	begin(40000, RPCS_ANY_PORT_FIRST);
	run(send_firsts, 0, false);
	c = kt_counters(race.kernel);
	assert_int_equal(c.calls, PAIRS);
	assert_int_equal(c.calls_suppressed, PAIRS);
	assert_int_equal(c.rpc_seen, c.records_sent + c.records_suppressed);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pairs_portmapper),
		cmocka_unit_test(test_pairs_other_port),
		cmocka_unit_test(test_streams_portmapper),
		cmocka_unit_test(test_streams_other_port),
		cmocka_unit_test(test_firsts),
	};

	return cmocka_run_group_tests_name("races", tests, kt_setup, NULL);
}
