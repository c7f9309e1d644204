// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* `suppress: kernel` in the kernel's programs, and the map that it is looked up in. */
#include "kernel_test.h"

#include <bpf/bpf.h>

#include "base/cleanup.h"
#include "source/suppress_map.h"
#include "suppress_cases.h"

static enum rpcs_hook hook;

static void sut_open(struct sut *sut)
{
	struct rpcs_kernel_options options = { 0 };
	struct rpcs_kernel *kernel = NULL;
	struct rpcs_state_fds fds;

	kt_need();
	rpcs_kernel_options_fill(&options, sut->policy);
	options.hooks = 1U << hook;
	assert_int_equal(rpcs_kernel_load(&options, &kernel), 0);
	rpcs_kernel_state_fds(kernel, &fds);
	sut->engine = kernel;
	sut->state = rpcs_state_maps(&fds);
	assert_non_null(sut->state);
}

static void sut_run(struct sut *sut, const struct test_frame *f)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = f->bytes, .data_size_in = f->len,
		    .repeat = 1);

	assert_int_equal(bpf_prog_test_run_opts(rpcs_kernel_program_fd(sut->engine, hook), &opts),
			 0);
}

static struct rpcs_counters sut_counters(struct sut *sut)
{
	return kt_counters(sut->engine);
}

static void sut_close(struct sut *sut)
{
	struct rpcs_kernel *kernel = sut->engine;

	rpcs_state_free(&sut->state);
	rpcs_kernel_free(&kernel);
}

static int with_xdp(void **state)
{
	hook = RPCS_HOOK_XDP;
	return kt_setup(state);
}

static int with_tc_egress(void **state)
{
	hook = RPCS_HOOK_TC_EGRESS;
	return kt_setup(state);
}

static int with_tc(void **state)
{
	hook = RPCS_HOOK_TC_INGRESS;
	return kt_setup(state);
}

static int map_new(void)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_NO_PREALLOC);
	int fd = bpf_map_create(BPF_MAP_TYPE_LPM_TRIE, "suppress", sizeof(struct rpcs_suppress_key),
				sizeof(struct rpcs_suppress_value), RPCS_SUPPRESS_MAX, &opts);

	assert_true(fd >= 0);
	return fd;
}

static int sieve_new(void)
{
	int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "sieve", sizeof(uint32_t),
				sizeof(struct rpcs_suppress_sieve), 1, NULL);

	assert_true(fd >= 0);
	return fd;
}

/** What programs would find of a client: nothing of one that the sieve keeps. */
static uint32_t calls_in(int fd, int sieve_fd, uint8_t third, uint8_t last)
{
	struct rpcs_suppress_key key = { 128, { [10] = 0xff, 0xff, 10, 0, third, last } };
	struct rpcs_suppress_value value = { 0 };
	struct rpcs_suppress_sieve sieve;
	const uint32_t zero = 0;

	assert_int_equal(bpf_map_lookup_elem(sieve_fd, &zero, &sieve), 0);
	if (!rpcs_sieve_lets_through(&sieve, 0, 0xffff0a000000 | third << 8 | last))
		return 0;
	return bpf_map_lookup_elem(fd, &key, &value) ? 0 : value.calls;
}

/** Another list takes a list's place, whole, any number of times. */
static void lists_replace_each_other(void **state)
{
	const struct rpcs_suppress_entry first[] = {
		{ { 104, { [10] = 0xff, 0xff, 10 } }, { .calls = 1 } },
		{ { 128, { [10] = 0xff, 0xff, 10, 0, 0, 1 } }, { .calls = 0 } },
		{ { 128, { [10] = 0xff, 0xff, 10, 0, 0, 2 } }, { .calls = 2 } },
	};
	const struct rpcs_suppress_entry second[] = {
		{ { 120, { [10] = 0xff, 0xff, 10, 0, 1 } }, { .calls = 4 } },
		{ { 128, { [10] = 0xff, 0xff, 10, 0, 0, 2 } }, { .calls = 8 } },
	};
	int fd, sieve;

	(void)state;
	kt_need();
	fd = map_new();
	sieve = sieve_new();
	for (int i = 0; i < 3; i++) {
		assert_int_equal(rpcs_suppress_replace(fd, sieve, first, 3), 0);
		assert_int_equal(calls_in(fd, sieve, 0, 3), 1);
		assert_int_equal(calls_in(fd, sieve, 0, 1), 0);
		assert_int_equal(calls_in(fd, sieve, 0, 2), 2);
		assert_int_equal(calls_in(fd, sieve, 1, 1), 1);
		assert_int_equal(rpcs_suppress_replace(fd, sieve, second, 2), 0);
		assert_int_equal(calls_in(fd, sieve, 0, 3), 0);
		assert_int_equal(calls_in(fd, sieve, 0, 1), 0);
		assert_int_equal(calls_in(fd, sieve, 0, 2), 8);
		assert_int_equal(calls_in(fd, sieve, 1, 1), 4);
	}
	assert_int_equal(rpcs_suppress_replace(fd, sieve, NULL, 0), 0);
	assert_int_equal(calls_in(fd, sieve, 0, 2), 0);
	assert_int_equal(calls_in(fd, sieve, 1, 1), 0);
	close(fd);
	close(sieve);
}

/** The reply to a call that a list suppressed is known also once another list is there. */
static void replies_outlive_the_list(void **state)
{
	struct rpcs_state_fds fds;
	struct test_frame f;
	struct sut sut;

	(void)state;
	begin(&sut, KNOWN_ALL);
	udp_call(&f, 1, 2, 0);
	assert_int_equal(run(&sut, &f), CALL_SUPPRESSED);
	rpcs_kernel_state_fds(sut.engine, &fds);
	assert_int_equal(rpcs_suppress_replace(fds.suppress, fds.sieve, NULL, 0), 0);
	udp_reply(&f, 1, 0);
	assert_int_equal(run(&sut, &f), REPLY_SUPPRESSED);
	udp_call(&f, 2, 2, 0);
	assert_int_equal(run(&sut, &f), SENT);
	udp_reply(&f, 2, 0);
	assert_int_equal(run(&sut, &f), SENT);
	end(&sut);
}

/** As many prefixes as there may be, and no room for one more. */
static void as_many_as_there_may_be(void **state)
{
	RPCS_OWNED_BLOCK struct rpcs_suppress_entry *list =
		calloc(RPCS_SUPPRESS_MAX + 1, sizeof(*list));
	int fd, sieve;

	(void)state;
	kt_need();
	assert_non_null(list);
	fd = map_new();
	sieve = sieve_new();
	for (uint32_t i = 0; i <= RPCS_SUPPRESS_MAX; i++) {
		list[i].key.prefixlen = 128;
		list[i].key.client[13] = (uint8_t)(i >> 16);
		list[i].key.client[14] = (uint8_t)(i >> 8);
		list[i].key.client[15] = (uint8_t)i;
		list[i].value.calls = 1;
	}
	assert_int_equal(rpcs_suppress_replace(fd, sieve, list, RPCS_SUPPRESS_MAX), 0);
	assert_int_equal(rpcs_suppress_replace(fd, sieve, list, RPCS_SUPPRESS_MAX), 0);
	assert_int_not_equal(rpcs_suppress_replace(fd, sieve, list, RPCS_SUPPRESS_MAX + 1), 0);
	assert_int_equal(rpcs_suppress_replace(fd, sieve, list, 1), 0);
	close(fd);
	close(sieve);
}

int main(void)
{
	const struct CMUnitTest xdp[] = { SUPPRESS_TESTS,
					  cmocka_unit_test(lists_replace_each_other),
					  cmocka_unit_test(replies_outlive_the_list),
					  cmocka_unit_test(as_many_as_there_may_be) };
	const struct CMUnitTest tc[] = { SUPPRESS_TESTS };
	int failed = cmocka_run_group_tests_name("suppress, xdp", xdp, with_xdp, NULL);

	failed += cmocka_run_group_tests_name("suppress, tc", tc, with_tc, NULL);
	return failed +
	       cmocka_run_group_tests_name("suppress, tc egress", tc, with_tc_egress, NULL);
}
