// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tunnels through the loaded programs (BPF_PROG_TEST_RUN): the cases, every cut of
 * them, and over mutated frames the kernel's build and the native one say the same.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>
#include <unistd.h>

#include "source/engine.h"
#include "tunnel_table.h"

enum {
	MUTATIONS = 20000,
	/* What XDP and TC take in a test run; TC also wants an IP header where the type says so. */
	SHORTEST_XDP = 15,
	SHORTEST_TC = 54,
};

static const uint16_t ports[] = { 111 };
static struct collected from_native, from_kernel;

struct both {
	struct rpcs_native *native, *refused;
	struct rpcs_kernel *kernel;
	struct rpcs_test_run *run;
};

static void both_open(struct both *both, enum rpcs_hook hook, bool tunnels)
{
	const struct rpcs_settings settings = { .ports = { 111 },
						.port_count = 1,
						.limit_flows = 4096,
						.limit_pending_calls = 4096,
						.any_port = RPCS_ANY_PORT_FIRST,
						.tunnels = tunnels };
	const struct rpcs_kernel_options options = { .ports = ports,
						     .port_count = 1,
						     .ring_size = 1 << 20,
						     .flows = 4096,
						     .calls = 4096,
						     .any_port = RPCS_ANY_PORT_FIRST,
						     .tunnels = tunnels,
						     .test_clock = true };

	if (geteuid() != 0) {
		print_message("skipped: needs root to load programs\n");
		skip();
	}
	both->native = rpcs_native_new(&(struct rpcs_native_options){
		.settings = &settings, .emit = collect, .arg = &from_native });
	both->refused = rpcs_native_new(&(struct rpcs_native_options){
		.settings = &settings, .emit = collect, .arg = &from_kernel });
	assert_non_null(both->native);
	assert_non_null(both->refused);
	assert_int_equal(rpcs_kernel_load(&options, &both->kernel), 0);
	assert_int_equal(rpcs_test_run_new(both->kernel, hook, both->refused, collect, &from_kernel,
					   &both->run),
			 0);
}

static void both_close(struct both *both)
{
	rpcs_test_run_free(&both->run);
	rpcs_kernel_free(&both->kernel);
	rpcs_native_free(&both->native);
	rpcs_native_free(&both->refused);
}

static void both_frame(struct both *both, const uint8_t *bytes, uint32_t len)
{
	struct rpcs_frame frame = { .bytes = bytes, .len = len, .number = 1, .time_ns = 1 };

	from_native.count = from_kernel.count = 0;
	rpcs_native_frame(both->native, &frame);
	assert_int_equal(rpcs_test_run_frame(both->run, &frame), 0);
}

static struct rpcs_counters kernel_counters(const struct both *both)
{
	struct rpcs_counters counters;

	assert_int_equal(
		rpcs_kernel_counters_read(rpcs_kernel_counters_fd(both->kernel), &counters), 0);
	return counters;
}

/* Of two readings: what has been added. */
static void take_off(struct rpcs_counters *after, const struct rpcs_counters *before)
{
	uint64_t a[sizeof(*after) / 8], b[sizeof(*before) / 8];

	memcpy(a, after, sizeof(a));
	memcpy(b, before, sizeof(b));
	for (size_t i = 0; i < sizeof(a) / sizeof(*a); i++)
		a[i] -= b[i];
	memcpy(after, a, sizeof(a));
}

static void run_cases(enum rpcs_hook hook)
{
	struct rpcs_counters before, after;
	struct both both = { 0 };
	struct tunnel_frame t;

	both_open(&both, hook, true);
	for (int i = 0; i < TUNNEL_CASES; i++) {
		tunnel_build(&tunnel_cases[i], &t);
		before = kernel_counters(&both);
		both_frame(&both, t.f.bytes, t.f.len);
		after = kernel_counters(&both);
		tunnel_check(&tunnel_cases[i], &t, &from_kernel);
		take_off(&after, &before);
		tunnel_check_counter(&tunnel_cases[i], &after);
	}
	assert_int_equal(rpcs_test_run_fallbacks(both.run), 0);
	both_close(&both);
}

static void test_cases_xdp(void **state)
{
	(void)state;
	run_cases(RPCS_HOOK_XDP);
}

static void test_cases_tc(void **state)
{
	(void)state;
	run_cases(RPCS_HOOK_TC_INGRESS);
}

static void test_cases_tc_egress(void **state)
{
	(void)state;
	run_cases(RPCS_HOOK_TC_EGRESS);
}

static void test_off(void **state)
{
	struct rpcs_counters counters;
	struct both both = { 0 };
	struct tunnel_frame t;

	(void)state;
	both_open(&both, RPCS_HOOK_XDP, false);
	for (int i = 0; i < TUNNEL_CASES; i++) {
		tunnel_build(&tunnel_cases[i], &t);
		both_frame(&both, t.f.bytes, t.f.len);
		/* Only what looks like RPC in the outer packet itself. */
		assert_int_equal(from_kernel.count, tunnel_cases[i].build == in_vxlan_like_rpc);
	}
	counters = kernel_counters(&both);
	assert_int_equal(counters.tunnelled, 0);
	assert_int_equal(counters.packet_tunnel_bad + counters.packet_tunnel_deep, 0);
	both_close(&both);
}

/* What the engines may differ in: who wrote the record, where and when. */
static void normalise(struct collected *all)
{
	struct rpcs_record_piece *piece;
	struct rpcs_record_head *head;

	for (int i = 0; i < all->count; i++) {
		head = (void *)all->bytes[i];
		head->hook = 0;
		head->ifindex = 0;
		head->time_ns = 0;
		if (head->kind == RPCS_RECORD_PIECE) {
			piece = (void *)head;
			piece->cpu = 0;
			piece->packet_id = 0;
		}
	}
}

static void must_agree(const char *name, const uint8_t *bytes, uint32_t len)
{
	int i;

	normalise(&from_native);
	normalise(&from_kernel);
	for (i = 0; i < from_native.count && i < from_kernel.count; i++)
		if (from_native.len[i] != from_kernel.len[i] ||
		    memcmp(from_native.bytes[i], from_kernel.bytes[i], from_native.len[i]))
			break;
	if (i == from_native.count && i == from_kernel.count)
		return;
	print_message("%s: %d native and %d kernel records, record %d differs; frame:\n", name,
		      from_native.count, from_kernel.count, i);
	for (uint32_t at = 0; at < len; at++)
		print_message("%02x%s", bytes[at], at % 32 == 31 ? "\n" : "");
	fail_msg("%s", "the kernel's and the native build differ");
}

static void must_count_the_same(const struct both *both)
{
	struct rpcs_counters kernel = kernel_counters(both);

	assert_int_equal(kernel.records_lost, 0);
	assert_int_equal(rpcs_test_run_fallbacks(both->run), 0);
	assert_memory_equal(&kernel, rpcs_native_counters(both->native), sizeof(kernel));
}

static void run_prefixes(enum rpcs_hook hook, uint32_t shortest)
{
	struct both both = { 0 };
	struct tunnel_frame t;

	both_open(&both, hook, true);
	for (int i = 0; i < TUNNEL_CASES; i++) {
		tunnel_build(&tunnel_cases[i], &t);
		for (uint32_t len = shortest; len <= t.f.len; len++) {
			both_frame(&both, t.f.bytes, len);
			must_agree(tunnel_cases[i].name, t.f.bytes, len);
		}
	}
	must_count_the_same(&both);
	both_close(&both);
}

static void test_prefixes_xdp(void **state)
{
	(void)state;
	run_prefixes(RPCS_HOOK_XDP, SHORTEST_XDP);
}

static void test_prefixes_tc(void **state)
{
	(void)state;
	run_prefixes(RPCS_HOOK_TC_INGRESS, SHORTEST_TC);
}

/* xorshift: the same frames in every run. */
static uint32_t next_random(void)
{
	static uint64_t x = 0x9e3779b97f4a7c15ULL;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return (uint32_t)(x >> 32);
}

static void mutate(struct tunnel_frame *t, uint32_t shortest)
{
	/* Values that sit at the edges of lengths, types and flags. */
	static const uint8_t edges[] = { 0,    1,    4,	   6,	 8,    17,   20,   41,	 47,
					 0x21, 0x45, 0x47, 0x60, 0x64, 0x7f, 0x80, 0x88, 0xff };
	uint32_t changes = 1 + next_random() % 4, at;

	while (changes--) {
		/* Most of it where the tunnels' headers are. */
		at = next_random() % (next_random() % 4 ? t->inner + 48 : t->f.len) % t->f.len;
		t->f.bytes[at] = next_random() % 2 ? (uint8_t)next_random()
						   : edges[next_random() % sizeof(edges)];
	}
	if (next_random() % 8 == 0 && t->f.len > shortest)
		t->f.len = shortest + next_random() % (t->f.len - shortest);
}

static void run_mutations(enum rpcs_hook hook, uint32_t shortest)
{
	const struct tunnel_case *c;
	struct both both = { 0 };
	struct tunnel_frame t;

	both_open(&both, hook, true);
	for (int round = 0; round < MUTATIONS; round++) {
		c = &tunnel_cases[next_random() % TUNNEL_CASES];
		tunnel_build(c, &t);
		if (t.f.len < shortest)
			continue;
		mutate(&t, shortest);
		both_frame(&both, t.f.bytes, t.f.len);
		must_agree(c->name, t.f.bytes, t.f.len);
	}
	must_count_the_same(&both);
	both_close(&both);
}

static void test_mutations_xdp(void **state)
{
	(void)state;
	run_mutations(RPCS_HOOK_XDP, SHORTEST_XDP);
}

static void test_mutations_tc(void **state)
{
	(void)state;
	run_mutations(RPCS_HOOK_TC_INGRESS, SHORTEST_TC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases_xdp),	cmocka_unit_test(test_cases_tc),
		cmocka_unit_test(test_cases_tc_egress), cmocka_unit_test(test_off),
		cmocka_unit_test(test_prefixes_xdp),	cmocka_unit_test(test_prefixes_tc),
		cmocka_unit_test(test_mutations_xdp),	cmocka_unit_test(test_mutations_tc),
	};

	return cmocka_run_group_tests_name("parse_tunnel", tests, NULL, NULL);
}
