// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What a call costs the agent when it knows of many: one point of one curve, in a process of
 * its own. Records as the ring would bring them, looked out for as its reader does, go through
 * the whole pipeline, to a sink that throws away; nothing of stages 1 to 4 is in it.
 *
 *	bench_growth KIND NUMBER [--detections off] [--limit ENTRIES] [--calls N]
 *
 *	clients		lookups by UDP, each answered at once, from NUMBER clients
 *	flows		the same in NUMBER TCP connections of 1,000 clients
 *	pending		by UDP, answered when NUMBER others have been asked
 *	sources		by UDP, never answered, from NUMBER sources
 *	rules		from 1,000 clients, by a policy of NUMBER rules of an address
 *	addresses	likewise, one rule with NUMBER addresses
 *	shared		likewise, NUMBER rules of a server each, all with the same clients
 *	memory		no agent: LOADS reads of a table with NUMBER keys, each where the last
 *			one says: what the machine's caches alone make of that many
 *
 * Prints nanoseconds of CPU a call (with its reply, where it has one), MiB that the point has
 * resident, alerts, and what was pushed out of tables. `--limit` is that of flows, pending
 * calls and sources; without it they have room for all.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <rpcsentry/record.h>

#include "base/clock.h"
#include "base/pages.h"
#include "bench/growth_policy.h"
#include "packets.h"
#include "pipeline.h"
#include "source/engine.h"

enum {
	ROOM = 1 << 21,
	CLIENTS = 1000,
	SERVERS = 50,
	/* Between two calls: 100,000 a second. */
	STEP_NS = 10000,
	CALL_BYTES = 60,
	REPLY_BYTES = 32,
	/* A place in a table, and reads a call: about what the agent looks up. */
	PLACE_BYTES = 256,
	LOADS = 16,
	HUGE_BYTES = 2 << 20,
	FRESH_BYTES = 512, /* more than a call that waits touches for the first time */
	SETTLE = 10000,	   /* calls before those, in which the caches are filled anew */
	/* Looked out for and fetched before their turn (base/foresight.h), which is by records. */
	CALLS_AHEAD = RPCS_AHEAD / 2,
	CALLS_NEAR = RPCS_AHEAD_NEAR / 2,
};

#define BEGIN_NS (1795310157ULL * RPCS_NSEC_PER_SEC)

static const char *const kind_names[KINDS] = {
	"clients", "flows", "pending", "sources", "rules", "addresses", "shared", "memory",
};

static enum growth_kind kind;
static uint32_t number, entries = ROOM;
static uint64_t calls = 200000;
static bool detections = true;

static struct rpcs_pipeline *pipeline;
static struct rpcs_record_rpc call, reply;
static uint64_t time_ns = BEGIN_NS;
static uint32_t *order;
static struct rpcs_lookout lookout;
static uint8_t *slots; /* CALLS_AHEAD of its own, by the call */

static uint64_t cpu_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
	return (uint64_t)time.tv_sec * RPCS_NSEC_PER_SEC + (uint64_t)time.tv_nsec;
}

static double resident_mib(void)
{
	unsigned long size = 0, resident = 0;
	FILE *file = fopen("/proc/self/statm", "r");

	if (!file || fscanf(file, "%lu %lu", &size, &resident) != 2)
		growth_die("statm", "can't be read");
	fclose(file);
	return (double)resident * (double)sysconf(_SC_PAGESIZE) / (1 << 20);
}

/* The record that a frame becomes, as the kernel would have written it. */
static void take_record(void *arg, const void *record, uint32_t len, const struct rpcs_frame *frame)
{
	struct rpcs_record_rpc *ret_record = arg;

	(void)frame;
	if (len < sizeof(*ret_record))
		growth_die("template", "is no compact record");
	memcpy(ret_record, record, sizeof(*ret_record));
	ret_record->head.hook = RPCS_HOOK_XDP;
}

static void make_record(const struct rpcs_policy *policy, bool back,
			struct rpcs_record_rpc *ret_record)
{
	struct rpcs_native *native = rpcs_native_new(
		&(struct rpcs_native_options){ .settings = rpcs_policy_settings(policy),
					       .policy = policy,
					       .emit = take_record,
					       .arg = ret_record });
	struct rpcs_frame frame = { .time_ns = BEGIN_NS, .number = 1 };
	struct test_frame f;

	if (!native)
		growth_die("template", "out of memory");
	frame_eth(&f, RPCS_ETH_IP4);
	frame_ip4(&f, RPCS_IP_UDP, 0);
	frame_udp(&f, back ? 111 : 800, back ? 800 : 111);
	if (back) {
		frame_accepted(&f, 1, RPCS_ACCEPT_SUCCESS);
		put32(&f, 2049);
	} else {
		frame_call(&f, 1, RPCS_PORTMAP_PROGRAM, 2, RPCS_PORTMAP_GETPORT);
		frame_mapping(&f, 100003, 3, RPCS_IP_TCP, 0);
	}
	frame_end(&f);
	frame.bytes = f.bytes;
	frame.len = f.len;
	rpcs_native_frame(native, &frame);
	rpcs_native_free(&native);
	if (ret_record->head.kind != (back ? RPCS_RECORD_REPLY : RPCS_RECORD_CALL))
		growth_die("template", "did not become a record");
	if (kind == FLOWS)
		ret_record->head.protocol = RPCS_IP_TCP;
}

/* Each key once a round, in an order that no prefetcher knows, and the same each time. */
static void shuffle(void)
{
	uint64_t state = 0x2545f4914f6cdd1dULL;
	uint32_t i, other;

	order = malloc(number * sizeof(*order));
	if (!order)
		growth_die("keys", "out of memory");
	for (i = 0; i < number; i++) {
		state = state * 6364136223846793005ULL + 1442695040888963407ULL;
		other = (uint32_t)((state >> 32) * (i + 1) >> 32);
		if (other != i)
			order[i] = order[other];
		order[other] = i;
	}
}

static uint32_t key_of(uint64_t i)
{
	return order[i % number];
}

/* The address of a client: 10.64.0.0 and on, as in the policy. */
static void put_address(uint8_t *bytes, uint32_t n)
{
	n += GROWTH_ADDRESS;
	bytes[12] = (uint8_t)(n >> 24);
	bytes[13] = (uint8_t)(n >> 16);
	bytes[14] = (uint8_t)(n >> 8);
	bytes[15] = (uint8_t)n;
}

/** Who asks in the i-th call. */
static void put_ends(struct rpcs_record_head *head, uint64_t i, bool back)
{
	uint32_t key = key_of(i), client = key, port = 900, server;

	if (kind == FLOWS) {
		client = key % CLIENTS;
		port = 1024 + key / CLIENTS;
	} else if (kind == PENDING) {
		/* More ports and XIDs than are ever awaited at once. */
		client = (uint32_t)(i % CLIENTS);
		port = 1024 + (uint32_t)(i / CLIENTS % 60000);
	} else if (kind >= RULES) {
		/* Spread over the policy's addresses, of which there may be fewer. */
		client = (uint32_t)(i * 619 % CLIENTS);
		if (number > CLIENTS)
			client *= number / CLIENTS;
	}
	server = 0x400000 + client % SERVERS;
	if (kind == SHARED) {
		server = client;
		client += 0x400000;
	}
	put_address(back ? head->dst : head->src, client);
	put_address(back ? head->src : head->dst, server);
	*(back ? &head->dport : &head->sport) = (uint16_t)port;
}

static void put_call(uint64_t i)
{
	put_ends(&call.head, i, false);
	call.xid = (uint32_t)(i * 0x9e3779b1);
}

static void *slot_of(uint64_t i)
{
	return slots + i % CALLS_AHEAD * lookout.slot_bytes;
}

/* As who reads the ring does, of whose records every other one is a reply as a rule. */
static void look_out(uint64_t i)
{
	put_call(i + CALLS_AHEAD - 1);
	lookout.foresee(lookout.arg, &call, sizeof(call), slot_of(i + CALLS_AHEAD - 1));
	lookout.near(lookout.arg, slot_of(i + CALLS_NEAR));
	lookout.turn(lookout.arg, slot_of(i));
}

static void send_call(uint64_t i)
{
	look_out(i);
	put_call(i);
	if (kind == FLOWS)
		call.seq = (uint32_t)(1000 + i / number * CALL_BYTES);
	call.head.time_ns = time_ns += STEP_NS;
	rpcs_pipeline_record(pipeline, &call, sizeof(call), NULL);
}

static void send_reply(uint64_t i)
{
	put_ends(&reply.head, i, true);
	reply.xid = (uint32_t)(i * 0x9e3779b1);
	if (kind == FLOWS)
		reply.seq = (uint32_t)(1000 + i / number * REPLY_BYTES);
	reply.head.time_ns = time_ns + STEP_NS / 2;
	lookout.turn(lookout.arg, NULL);
	rpcs_pipeline_record(pipeline, &reply, sizeof(reply), NULL);
}

static void exchange(uint64_t i)
{
	send_call(i);
	if (kind == PENDING && i >= number)
		send_reply(i - number);
	else if (kind != PENDING && kind != SOURCES)
		send_reply(i);
}

/* The handshakes of all connections. */
static void connect_all(void)
{
	struct rpcs_record_connection syn = { .head = call.head, .seq = 999, .turn = 1 };
	uint32_t i;

	syn.head.kind = RPCS_RECORD_CONNECTION;
	for (i = 0; i < number; i++) {
		syn.head.time_ns = time_ns += STEP_NS / 10;
		syn.head.tcp_flags = RPCS_TCP_SYN;
		syn.head.sport = call.head.sport;
		syn.head.dport = call.head.dport;
		put_ends(&syn.head, i, false);
		rpcs_pipeline_record(pipeline, &syn, sizeof(syn), NULL);
		syn.head.tcp_flags = RPCS_TCP_SYN | RPCS_TCP_ACK;
		syn.ack = 1000;
		syn.head.sport = reply.head.sport;
		put_ends(&syn.head, i, true);
		rpcs_pipeline_record(pipeline, &syn, sizeof(syn), NULL);
		syn.ack = 0;
	}
}

/*
 * The host of a virtual machine takes back what is free for seconds, and finds it again as it is
 * touched: up to 5 ms for a huge page, whatever is known by then. Most often the largest point pays
 * that, the first to use so much: so what the calls will touch is had before, and given back.
 */
static void have_memory(size_t size)
{
	void *pages = rpcs_pages_map(size);

	if (!pages)
		growth_die("memory", "out of memory");
	rpcs_pages_fill(pages, size);
	rpcs_pages_unmap(pages, size);
}

/* A function of its own, by which a profiler knows what is measured. */
static void __attribute__((noinline)) measured(uint64_t from, uint64_t to)
{
	while (from < to)
		exchange(from++);
}

static void bench_agent(void)
{
	struct rpcs_sink nobody = { 0 }, *sinks[] = { &nobody };
	struct rpcs_policy *policy = growth_policy(kind, number, entries, detections);
	struct rpcs_pipeline_options options = {
		.policy = policy, .seed = { 1, 2 }, .sinks = sinks, .sink_count = 1
	};
	/* The tables have seen each key, and what comes on is of the same kind. */
	uint64_t warm = number > 20000 && kind < RULES ? number + number / 10 : 20000, i, begin_ns;
	struct rpcs_agent_counters *counters;

	make_record(policy, false, &call);
	make_record(policy, true, &reply);
	pipeline = rpcs_pipeline_new(&options);
	if (!pipeline)
		growth_die("tables", "out of memory");
	rpcs_pipeline_lookout(pipeline, &lookout);
	slots = calloc(CALLS_AHEAD, lookout.slot_bytes);
	if (!slots)
		growth_die("look-out", "out of memory");
	if (kind == FLOWS)
		connect_all();
	for (i = 0; i < warm; i++) {
		if (i + SETTLE == warm)
			have_memory((calls + SETTLE) * FRESH_BYTES);
		exchange(i);
	}
	begin_ns = cpu_ns();
	measured(warm, warm + calls);
	begin_ns = cpu_ns() - begin_ns;
	counters = rpcs_pipeline_counters(pipeline);
	printf("%.1f %.1f %" PRIu64 " %" PRIu64 "\n", (double)begin_ns / (double)calls,
	       resident_mib(), counters->alerts,
	       counters->flows_evicted + counters->calls_evicted + counters->sources_evicted);
	if (counters->records_bad || counters->messages_junk)
		growth_die("records", "the agent did not take them");
	rpcs_pipeline_free(&pipeline);
	rpcs_policy_free(&policy);
	free(slots);
}

static void bench_memory(void)
{
	size_t size = ((size_t)number * PLACE_BYTES | (HUGE_BYTES - 1)) + 1;
	char *places = aligned_alloc(HUGE_BYTES, size);
	uint64_t i, at = 0, begin_ns;
	int load;

	if (!places)
		growth_die("memory", "out of memory");
	/* As the agent's tables. */
	madvise(places, size, MADV_HUGEPAGE);
	/* A ring through all places, in an order as good as drawn. */
	for (i = 0; i < number; i++) {
		uint32_t next = key_of(i + 1);

		memcpy(places + (size_t)key_of(i) * PLACE_BYTES, &next, sizeof(next));
	}
	begin_ns = cpu_ns();
	for (i = 0; i < calls; i++) {
		for (load = 0; load < LOADS; load++) {
			uint32_t next;

			memcpy(&next, places + at * PLACE_BYTES, sizeof(next));
			at = next;
		}
	}
	begin_ns = cpu_ns() - begin_ns;
	/* `at` is of use, so that the reads are. */
	printf("%.1f %.1f 0 0\n", (double)begin_ns / (double)calls,
	       resident_mib() + (at == UINT32_MAX));
	free(places);
}

int main(int argc, char **argv)
{
	int i;

	if (argc < 3)
		growth_die("usage", "bench_growth KIND NUMBER [OPTION VALUE]...");
	while (kind < KINDS && strcmp(argv[1], kind_names[kind]))
		kind++;
	number = (uint32_t)strtoul(argv[2], NULL, 10);
	for (i = 3; i + 1 < argc; i += 2) {
		if (strcmp(argv[i], "--detections") == 0)
			detections = strcmp(argv[i + 1], "off") != 0;
		else if (strcmp(argv[i], "--limit") == 0)
			entries = (uint32_t)strtoul(argv[i + 1], NULL, 10);
		else if (strcmp(argv[i], "--calls") == 0)
			calls = strtoull(argv[i + 1], NULL, 10);
		else
			growth_die(argv[i], "no such option");
	}
	if (kind == KINDS || !number || !entries || !calls)
		growth_die(argv[1], "no such kind, or a number is 0");
	shuffle();
	if (kind == MEMORY)
		bench_memory();
	else
		bench_agent();
	free(order);
	return 0;
}
