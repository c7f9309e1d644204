/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Both builds of stages 1 to 4 side by side: the loaded programs through
 * BPF_PROG_TEST_RUN, and the native one. They must say the same, count the same
 * and remember the same. Include after cmocka.h.
 */
#ifndef TESTS_KERNEL_BOTH_H
#define TESTS_KERNEL_BOTH_H

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <unistd.h>

#include "bench.h"
#include "both_words.h"
#include "both_flows.h"

enum { BOTH_MAPS = 32 };

/** The kernel's memory: what it forgets between scripts. */
enum both_map {
	BOTH_FLOWS,
	BOTH_FRAGMENTS,
	BOTH_PORTS,
	BOTH_EARLY,
	BOTH_EXPECTED,
	BOTH_FIRSTS,
	BOTH_SILENCED,
	BOTH_RULES,
	BOTH_MAP__MAX
};

static const char *const both_map_names[] = { "flows",	  "fragments", ".data.ports", "early",
					      "expected", "firsts",    "silenced",    "rules" };

struct both {
	struct rpcs_kernel *kernel;
	struct rpcs_native *refused; /* takes frames that the kernel refuses: none here */
	struct rpcs_test_run *run[RPCS_HOOK__MAX];
	enum rpcs_hook hook;
	int maps[BOTH_MAP__MAX];
	struct rpcs_flow_map flows; /* of BOTH_FLOWS */
	struct rpcs_word_map words[RPCS_STATE_KINDS];
	struct rpcs_ports ports; /* as they were at load */
	/* Of the last packet in pieces. */
	uint32_t packet_id;
	uint16_t packet_cpu;
	int cpus;
};

static struct collected from_native, from_kernel;

static struct rpcs_word_map *both_words_of(struct both *both, int map)
{
	return &both->words[map == BOTH_EXPECTED ? RPCS_STATE_EXPECTED
			    : map == BOTH_FIRSTS ? RPCS_STATE_FIRSTS
						 : RPCS_STATE_SILENCED];
}

/* The maps have no public descriptors: the program's own list has them. */
static void both_find_maps(struct both *both)
{
	uint32_t ids[BOTH_MAPS], len = sizeof(struct bpf_prog_info), i, zero = 0;
	struct bpf_prog_info info = { .nr_map_ids = BOTH_MAPS, .map_ids = (uintptr_t)ids };
	int program = rpcs_kernel_look_fd(both->kernel, RPCS_HOOK_XDP), fd, j;

	assert_int_equal(bpf_obj_get_info_by_fd(program, &info, &len), 0);
	assert_true(info.nr_map_ids <= BOTH_MAPS);
	for (j = 0; j < BOTH_MAP__MAX; j++)
		both->maps[j] = -1;
	for (i = 0; i < info.nr_map_ids; i++) {
		struct bpf_map_info map = {};

		len = sizeof(map);
		fd = bpf_map_get_fd_by_id(ids[i]);
		assert_true(fd >= 0);
		assert_int_equal(bpf_obj_get_info_by_fd(fd, &map, &len), 0);
		for (j = 0; j < BOTH_MAP__MAX; j++)
			if (strcmp(map.name, both_map_names[j]) == 0)
				break;
		if (j < BOTH_MAP__MAX)
			both->maps[j] = fd;
		else
			close(fd);
	}
	for (j = 0; j < BOTH_MAP__MAX; j++)
		assert_true(both->maps[j] >= 0);
	assert_int_equal(bpf_map_lookup_elem(both->maps[BOTH_PORTS], &zero, &both->ports), 0);
	assert_int_equal(rpcs_flow_map_open(&both->flows, both->maps[BOTH_FLOWS]), 0);
	for (j = BOTH_EXPECTED; j <= BOTH_SILENCED; j++)
		assert_int_equal(rpcs_word_map_open(both_words_of(both, j), both->maps[j]), 0);
}

static void both_feed(struct bench *b, const struct rpcs_frame *frame);
static void both_follow(struct bench *b, const struct rpcs_flow_key *key);
static void both_fresh(struct bench *b);

/** Modes beside those of enum rpcs_any_port: `first`, and a rule suppresses some calls. */
enum { BOTH_SUPPRESSING = RPCS_ANY_PORT_ALL + 1, BOTH_MODES };

/** Loads the programs for a mode; `hook` may change later. */
static void both_open(struct bench *b, struct both *both, int mode)
{
	enum rpcs_any_port any_port = mode == BOTH_SUPPRESSING ? RPCS_ANY_PORT_FIRST
							       : (enum rpcs_any_port)mode;
	struct rpcs_kernel_options options = { .test_clock = true };
	int hook;

	memset(both, 0, sizeof(*both));
	*b = (struct bench){ .settings = bench_settings(any_port),
			     .policy = mode == BOTH_SUPPRESSING ? bench_suppressing_policy()
								: bench_policy(),
			     .got = &from_kernel,
			     .feed = both_feed,
			     .follow = both_follow,
			     .fresh = both_fresh,
			     .engines = both };
	options.ports = b->settings.ports;
	options.port_count = b->settings.port_count;
	options.ring_size = b->settings.ring_size;
	options.flows = b->settings.limit_flows;
	options.calls = b->settings.limit_pending_calls;
	options.flow_timeout_ns = b->settings.flow_timeout_ns;
	options.any_port = any_port;
	options.call_timeout_ns = b->settings.call_timeout_ns;
	options.suppresses = rpcs_policy_suppresses(b->policy);
	options.suppress = rpcs_policy_suppress_list(b->policy, &options.suppress_count);
	options.sensitive = rpcs_policy_sensitive(b->policy, &options.sensitive_count);
	assert_int_equal(rpcs_kernel_load(&options, &both->kernel), 0);
	both->refused = bench_native(b, &from_kernel);
	for (hook = RPCS_HOOK_XDP; hook < RPCS_HOOK__MAX; hook++)
		assert_int_equal(rpcs_test_run_new(both->kernel, hook, both->refused, collect,
						   &from_kernel, &both->run[hook]),
				 0);
	both->packet_cpu = 0xffff;
	both->cpus = libbpf_num_possible_cpus();
	both_find_maps(both);
}

static void both_close(struct bench *b)
{
	struct both *both = b->engines;
	int i;

	for (i = RPCS_HOOK_XDP; i < RPCS_HOOK__MAX; i++) {
		assert_int_equal(rpcs_test_run_fallbacks(both->run[i]), 0);
		rpcs_test_run_free(&both->run[i]);
	}
	rpcs_flow_map_close(&both->flows);
	for (i = BOTH_EXPECTED; i <= BOTH_SILENCED; i++)
		rpcs_word_map_close(both_words_of(both, i));
	for (i = 0; i < BOTH_MAP__MAX; i++)
		close(both->maps[i]);
	rpcs_kernel_free(&both->kernel);
	rpcs_native_free(&both->refused);
	rpcs_native_free(&b->native);
	rpcs_policy_free(&b->policy);
}

/** Both engines forget everything. */
static void both_fresh(struct bench *b)
{
	static const struct rpcs_early no_early;
	static const struct rpcs_rule_hits no_hits;
	struct both *both = b->engines;
	struct rpcs_counters *none;
	uint8_t key[64];
	uint32_t zero = 0;

	memset(both->flows.rooms, 0, both->flows.sets * sizeof(*both->flows.rooms));
	while (bpf_map_get_next_key(both->maps[BOTH_FRAGMENTS], NULL, key) == 0)
		assert_int_equal(bpf_map_delete_elem(both->maps[BOTH_FRAGMENTS], key), 0);
	assert_int_equal(bpf_map_update_elem(both->maps[BOTH_PORTS], &zero, &both->ports, BPF_ANY),
			 0);
	assert_int_equal(bpf_map_update_elem(both->maps[BOTH_EARLY], &zero, &no_early, BPF_ANY), 0);
	assert_int_equal(bpf_map_update_elem(both->maps[BOTH_RULES], &zero, &no_hits, BPF_ANY), 0);
	none = calloc((size_t)both->cpus, sizeof(*none));
	assert_non_null(none);
	assert_int_equal(
		bpf_map_update_elem(rpcs_kernel_counters_fd(both->kernel), &zero, none, BPF_ANY),
		0);
	free(none);
	rpcs_native_free(&b->native);
	b->native = bench_native(b, &from_native);
	both_words_begin(both->words, rpcs_native_state(b->native));
	b->frames = 0;
}

/** What the agent changed in the native engine's state of a flow. */
static void both_follow(struct bench *b, const struct rpcs_flow_key *key)
{
	struct both *both = b->engines;
	struct rpcs_flow_value value;

	if (rpcs_state_flow_get(rpcs_native_state(b->native), key, &value))
		rpcs_flow_map_put(&both->flows, key, &value);
}

/* A packet's pieces share its number and CPU, and no other packet has them. */
static bool both_pieces_join(struct both *both)
{
	const struct rpcs_record_piece *piece;
	bool pieces = false, same;
	int i;

	for (i = 0; i < from_kernel.count; i++) {
		piece = (const void *)from_kernel.bytes[i];
		if (piece->head.kind != RPCS_RECORD_PIECE)
			continue;
		same = piece->packet_id == both->packet_id && piece->cpu == both->packet_cpu;
		if (same != pieces)
			return false;
		pieces = true;
		both->packet_id = piece->packet_id;
		both->packet_cpu = piece->cpu;
	}
	return true;
}

/* What the engines may differ in: who wrote the record, and where. */
static void both_normalise(struct collected *all)
{
	struct rpcs_record_piece *piece;
	struct rpcs_record_head *head;
	int i;

	for (i = 0; i < all->count; i++) {
		head = (void *)all->bytes[i];
		head->hook = 0;
		head->ifindex = 0;
		head->flags &= (uint16_t)~RPCS_F_OUTBOUND;
		if (head->kind == RPCS_RECORD_PIECE) {
			piece = (void *)head;
			piece->cpu = 0;
			piece->packet_id = 0;
		}
	}
}

/** NULL, or in what the records differ. */
static const char *both_records_differ(struct bench *b)
{
	static char why[2 * RENDER_BYTES + 64];
	char native[RENDER_BYTES];
	int i;

	for (i = 0; i < from_kernel.count; i++)
		if (((struct rpcs_record_head *)(void *)from_kernel.bytes[i])->hook !=
		    ((struct both *)b->engines)->hook)
			return "a record names another hook";
	if (!both_pieces_join(b->engines))
		return "pieces of a packet do not belong together";
	both_normalise(&from_native);
	both_normalise(&from_kernel);
	for (i = 0; i < from_native.count && i < from_kernel.count; i++)
		if (from_native.len[i] != from_kernel.len[i] ||
		    memcmp(from_native.bytes[i], from_kernel.bytes[i], from_native.len[i]))
			break;
	if (i == from_native.count && i == from_kernel.count)
		return NULL;
	snprintf(native, sizeof(native), "%s", render_all(&from_native));
	snprintf(why, sizeof(why), "record %d: native\n    %s\nkernel\n    %s", i, native,
		 render_all(&from_kernel));
	return why;
}

/** NULL, or the counter that differs, or does not add up. */
static const char *both_counters_differ(struct bench *b)
{
	const struct rpcs_counters *native = rpcs_native_counters(b->native);
	const struct rpcs_counters *kernel = &b->counters;

	if (kernel->rpc_seen !=
	    kernel->records_sent + kernel->records_suppressed + kernel->records_lost)
		return "rpc_seen is not sent + suppressed + lost";
#define X(name, help)                     \
	if (native->name != kernel->name) \
		return #name;
	RPCS_COUNTERS(X)
#undef X
#define X(name, help)                                       \
	if (native->packet_##name != kernel->packet_##name) \
		return "packet_" #name;
	RPCS_PACKET_RESULTS(X)
#undef X
#define X(name, help)                                           \
	if (native->fallback_##name != kernel->fallback_##name) \
		return "fallback_" #name;
	RPCS_FALLBACKS(X)
#undef X
	return NULL;
}

/** NULL, or what the engines remember otherwise than each other. */
static const char *both_memories_differ(struct bench *b)
{
	struct rpcs_state *state = rpcs_native_state(b->native);
	struct rpcs_fragment_value native, kernel;
	struct rpcs_fragment_key key, *last = NULL;
	struct both *both = b->engines;
	struct rpcs_rule_hits rule;
	struct rpcs_ports ports;
	uint32_t zero = 0;

	if (both_flows_differ(&both->flows, state))
		return both_map_names[BOTH_FLOWS];
	if (both_expected_differ(both_words_of(both, BOTH_EXPECTED), state))
		return both_map_names[BOTH_EXPECTED];
	if (both_dated_differ(both_words_of(both, BOTH_FIRSTS), state, RPCS_STATE_FIRSTS))
		return both_map_names[BOTH_FIRSTS];
	if (both_dated_differ(both_words_of(both, BOTH_SILENCED), state, RPCS_STATE_SILENCED))
		return both_map_names[BOTH_SILENCED];
	if (bpf_map_lookup_elem(both->maps[BOTH_RULES], &zero, &rule) ||
	    rule.suppressed != rpcs_state_rules(state)[0].suppressed)
		return both_map_names[BOTH_RULES];
	for (; bpf_map_get_next_key(both->maps[BOTH_FRAGMENTS], last, &key) == 0; last = &key) {
		memset(&native, 0, sizeof(native));
		memset(&kernel, 0, sizeof(kernel));
		if (bpf_map_lookup_elem(both->maps[BOTH_FRAGMENTS], &key, &kernel) ||
		    !rpcs_state_fragment_get(state, &key, &native) ||
		    memcmp(&native, &kernel, sizeof(native)))
			return both_map_names[BOTH_FRAGMENTS];
	}
	if (bpf_map_lookup_elem(both->maps[BOTH_PORTS], &zero, &ports) ||
	    memcmp(&ports, rpcs_state_ports(state), sizeof(ports)))
		return both_map_names[BOTH_PORTS];
	return NULL;
}

/** NULL, or that only one engine knows a direction of a flow. */
static const char *both_flow_differs(struct bench *b, const struct test_flow *flow, bool back)
{
	const struct rpcs_flow_key key = flow_key(flow, back);
	struct both *both = b->engines;
	struct rpcs_flow_value native, kernel;

	if (rpcs_state_flow_get(rpcs_native_state(b->native), &key, &native) ==
	    rpcs_flow_map_get(&both->flows, &key, &kernel))
		return NULL;
	return "whether a flow is known";
}

/** One frame through both; NULL, or in what they differ. */
static const char *both_frame(struct bench *b, const struct rpcs_frame *frame)
{
	struct both *both = b->engines;
	const char *why;

	from_native.count = from_kernel.count = 0;
	rpcs_native_frame(b->native, frame);
	if (rpcs_test_run_frame(both->run[both->hook], frame))
		return "the test run failed";
	if (rpcs_kernel_counters_read(rpcs_kernel_counters_fd(both->kernel), &b->counters))
		return "the counters can't be read";
	why = both_records_differ(b);
	return why ? why : both_counters_differ(b);
}

static void both_feed(struct bench *b, const struct rpcs_frame *frame)
{
	const char *why = both_frame(b, frame);

	if (why)
		fail_msg("frame %u: %s", (unsigned int)frame->number, why);
}

static struct both both_engines[BOTH_MODES];
static struct bench both_benches[BOTH_MODES];

/** The bench of a mode, with programs that are loaded once; its memory is what was left there. */
static struct bench *both_bench(int mode, enum rpcs_hook hook)
{
	struct bench *b = &both_benches[mode];

	if (geteuid() != 0) {
		print_message("skipped: needs root to load programs\n");
		skip();
	}
	if (!b->engines)
		both_open(b, &both_engines[mode], mode);
	both_engines[mode].hook = hook;
	b->time_ns = 0;
	return b;
}

static int both_teardown(void **state)
{
	int mode;

	(void)state;
	for (mode = 0; mode < BOTH_MODES; mode++)
		if (both_benches[mode].engines)
			both_close(&both_benches[mode]);
	return 0;
}

#endif
