// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The packet cases through the loaded programs (BPF_PROG_TEST_RUN), and a
 * differential test: over mutated frames the kernel's build and the native one
 * must say the same, record for record and counter for counter.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>
#include <unistd.h>

#include "packet_table.h"
#include "packet_check.h"
#include "source/engine.h"

enum { MUTATIONS = 200000 };

static struct rpcs_settings settings = {
	.ports = { 111 }, .port_count = 1, .limit_flows = 4096, .ring_size = 1 << 20
};

/** Both engines, with fresh state. */
struct both {
	struct rpcs_native *native, *refused;
	struct rpcs_kernel *kernel;
	struct rpcs_test_run *run;
};

static struct collected from_native, from_kernel;

static void both_open(struct both *both, enum rpcs_hook hook)
{
	struct rpcs_kernel_options options = { .ports = settings.ports,
					       .port_count = settings.port_count,
					       .ring_size = settings.ring_size,
					       .flows = settings.limit_flows };

	if (geteuid() != 0) {
		print_message("skipped: needs root to load programs\n");
		skip();
	}
	both->native = rpcs_native_new(&settings, collect, &from_native);
	both->refused = rpcs_native_new(&settings, collect, &from_kernel);
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
	struct rpcs_frame frame = { .bytes = bytes, .len = len, .number = 1 };

	from_native.count = from_kernel.count = 0;
	rpcs_native_frame(both->native, &frame);
	assert_int_equal(rpcs_test_run_frame(both->run, &frame), 0);
}

static void run_cases(enum rpcs_hook hook)
{
	struct both both = { 0 };
	struct test_frame f;
	int i;

	both_open(&both, hook);
	for (i = 0; i < packet_case_count; i++) {
		/* Another connection: the flow of the case before is forgotten. */
		b_syn(&f);
		both_frame(&both, f.bytes, f.len);
		packet_cases[i].build(&f);
		both_frame(&both, f.bytes, f.len);
		check_case(&packet_cases[i], &from_kernel);
	}
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

/* What the engines may differ in: who wrote the record, where and when. */
static void normalise(struct collected *all)
{
	struct rpcs_record_piece *piece;
	struct rpcs_record_head *head;
	int i;

	for (i = 0; i < all->count; i++) {
		head = (void *)all->bytes[i];
		head->hook = 0;
		head->ifindex = 0;
		head->time_ns = 0;
		head->flags &= (uint16_t)~RPCS_F_OUTBOUND;
		if (head->kind == RPCS_RECORD_PIECE) {
			piece = (void *)head;
			piece->cpu = 0;
			piece->packet_id = 0;
		}
	}
}

static void must_agree(const uint8_t *bytes, uint32_t len, int round)
{
	uint32_t at;
	int i;

	normalise(&from_native);
	normalise(&from_kernel);
	for (i = 0; i < from_native.count && i < from_kernel.count; i++)
		if (from_native.len[i] != from_kernel.len[i] ||
		    memcmp(from_native.bytes[i], from_kernel.bytes[i], from_native.len[i]))
			break;
	if (i == from_native.count && i == from_kernel.count)
		return;
	print_message("round %d, %d native and %d kernel records, record %d differs; frame:\n",
		      round, from_native.count, from_kernel.count, i);
	for (at = 0; at < len; at++)
		print_message("%02x%s", bytes[at], at % 32 == 31 ? "\n" : "");
	fail_msg("%s", "the kernel's and the native build differ");
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

static void mutate(struct test_frame *f, uint32_t shortest)
{
	/* Values that sit at the edges of lengths, types and flags. */
	static const uint8_t edges[] = { 0,  1,	 2,  3,	  4,	5,    6,    15,
					 16, 17, 40, 111, 0x7f, 0x80, 0xfe, 0xff };
	uint32_t changes = next_random() % 5, i, at;

	for (i = 0; i < changes; i++) {
		at = next_random() % f->len;
		if (next_random() % 2)
			f->bytes[at] = (uint8_t)next_random();
		else
			f->bytes[at] = edges[next_random() % sizeof(edges)];
	}
	if (next_random() % 4 == 0)
		f->len = shortest + next_random() % (f->len - shortest + 1);
	else if (next_random() % 8 == 0)
		put_zeros(f, next_random() % 200);
}

static void run_differential(enum rpcs_hook hook, uint32_t shortest)
{
	struct rpcs_counters kernel;
	struct both both = { 0 };
	struct test_frame f;
	int round;

	both_open(&both, hook);
	for (round = 0; round < MUTATIONS; round++) {
		packet_cases[next_random() % (uint32_t)packet_case_count].build(&f);
		mutate(&f, shortest);
		both_frame(&both, f.bytes, f.len);
		must_agree(f.bytes, f.len, round);
	}
	assert_int_equal(rpcs_kernel_counters_read(rpcs_kernel_counters_fd(both.kernel), &kernel),
			 0);
	assert_int_equal(kernel.records_lost, 0);
	assert_int_equal(kernel.packets, MUTATIONS);
	assert_int_equal(rpcs_test_run_fallbacks(both.run), 0);
	assert_memory_equal(&kernel, rpcs_native_counters(both.native), sizeof(kernel));
	both_close(&both);
}

static void test_differential_xdp(void **state)
{
	(void)state;
	run_differential(RPCS_HOOK_XDP, 15);
}

static void test_differential_tc(void **state)
{
	(void)state;
	/* The kernel makes no skb of an IPv6 frame that ends inside the IP header (6.18). */
	run_differential(RPCS_HOOK_TC_INGRESS, 54);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases_xdp),	cmocka_unit_test(test_cases_tc),
		cmocka_unit_test(test_cases_tc_egress), cmocka_unit_test(test_differential_xdp),
		cmocka_unit_test(test_differential_tc),
	};

	return cmocka_run_group_tests_name("parse", tests, NULL, NULL);
}
