// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What the kernel's programs remember, and how the agent changes it: by descriptors alone. */
#include "kernel_test.h"

#include <bpf/bpf.h>

#include <rpcsentry/expect_set.h>
#include <rpcsentry/flow_set.h>

#include "state_case.h"

static void sut_open(struct sut *sut, enum rpcs_any_port any_port)
{
	static const uint16_t port = 111;
	const struct rpcs_kernel_options options = {
		.ports = &port,
		.port_count = 1,
		.ring_size = 1 << 20,
		.flows = 1024,
		.calls = 1024,
		.flow_timeout_ns = 120000000000ULL,
		.any_port = any_port,
	};
	struct rpcs_kernel *kernel = NULL;
	struct rpcs_state_fds fds;

	kt_need();
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

	assert_int_equal(
		bpf_prog_test_run_opts(rpcs_kernel_program_fd(sut->engine, RPCS_HOOK_XDP), &opts),
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
	assert_null(sut->state);
	rpcs_kernel_free(&kernel);
}

/** So many SYNs of others, each from another port and host. */
static void run_syns(struct sut *sut, uint32_t count)
{
	struct test_frame f;
	uint32_t i;

	frame_tcp4(&f, 1, RPCS_TCP_SYN);
	frame_end(&f);
	for (i = 0; i < count; i++) {
		set16(&f, f.ip + 14, (uint16_t)(1000 + (i >> 12)));
		set16(&f, f.ip + 20, (uint16_t)(10000 + (i & 4095)));
		sut_run(sut, &f);
	}
}

/** A flow that speaks stays in step whatever flood of SYNs passes; what was a SYN as well goes. */
static void test_syn_flood(void **state)
{
	struct rpcs_counters before, after;
	struct test_frame f;
	struct sut sut;

	(void)state;
	sut_open(&sut, RPCS_ANY_PORT_OFF);
	frame_tcp4(&f, 100, RPCS_TCP_SYN);
	frame_end(&f);
	sut_run(&sut, &f);
	run_call(&sut, 101, CALL_BYTES);
	before = sut_counters(&sut);
	assert_int_equal(before.calls, 1);
	/* Many times as many as there is room for. */
	run_syns(&sut, 65536);
	run_call(&sut, 101 + CALL_BYTES, CALL_BYTES);
	after = sut_counters(&sut);
	assert_int_equal(after.calls, 2);
	assert_int_equal(after.connections, before.connections + 65536);
	assert_int_equal(after.flow_unknown, 0);
	assert_int_equal(after.fallbacks, 0);
	assert_int_equal(after.flows_replaced, 0);
	/* The flood's own: the first ones are not known any more. */
	frame_tcp4(&f, 2, RPCS_TCP_ACK);
	frame_end(&f);
	set16(&f, f.ip + 14, 1000);
	set16(&f, f.ip + 20, 10000);
	sut_run(&sut, &f);
	assert_int_equal(sut_counters(&sut).probes, after.probes + 1);
	sut_close(&sut);
}

static void without_rights(void *arg)
{
	const struct rpcs_flow_key key = flow_key();
	struct sut *sut = arg;

	kt_drop_rights();
	rpcs_state_flow_back(sut->state, &key, TEST_TURN, 233);
	rpcs_port_mark(rpcs_state_ports(sut->state), OTHER_PORT, RPCS_PORT_RPC);
}

/** The sensor's process has the descriptors, and no right at all. */
static void test_without_rights(void **state)
{
	struct sut sut;

	(void)state;
	sut_open(&sut, RPCS_ANY_PORT_ALL);
	fall_back(&sut);
	assert_int_equal(kt_child(without_rights, &sut), 0);
	run_call(&sut, 233, CALL_BYTES);
	assert_int_equal(sut_counters(&sut).calls, 2);
	assert_int_equal(rpcs_port_class(rpcs_state_ports(sut.state), OTHER_PORT), RPCS_PORT_RPC);
	sut_close(&sut);
}

static void test_no_map(void **state)
{
	const struct rpcs_state_fds fds = { -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1 };

	(void)state;
	errno = 0;
	assert_null(rpcs_state_maps(&fds));
	assert_int_equal(errno, EBADF);
}

static uint32_t entries(int fd)
{
	struct bpf_map_info info = {};
	uint32_t len = sizeof(info);

	assert_int_equal(bpf_obj_get_info_by_fd(fd, &info, &len), 0);
	return info.max_entries;
}

/** The kernel allocates these when they are made: the policy decides, up to a limit. */
static void test_sizes(void **state)
{
	static const char text[] = "limits: {flows: 3000, pending_calls: 1000000}\n";
	static struct rpcs_policy_errors errors;
	struct rpcs_kernel_options options = {};
	struct rpcs_kernel *kernel = NULL;
	struct rpcs_policy *policy;
	struct rpcs_state_fds fds;

	(void)state;
	kt_need();
	assert_int_equal(rpcs_policy_parse(text, sizeof(text) - 1, &policy, &errors), 0);
	rpcs_kernel_options_fill(&options, policy);
	assert_int_equal(rpcs_kernel_load(&options, &kernel), 0);
	rpcs_kernel_state_fds(kernel, &fds);
	assert_int_equal(entries(fds.flows), 2 * 6000 / RPCS_SET_WAYS + 1);
	assert_int_equal(entries(fds.firsts), 2 * 3000 / RPCS_SET_WAYS + 1);
	assert_int_equal(entries(fds.expected), 4 * RPCS_EXPECTED_MAX / RPCS_SET_WAYS + 1);
	assert_int_equal(entries(fds.fragments), RPCS_FRAGMENTS_MAX);
	assert_int_equal(entries(fds.ports), 1);
	rpcs_kernel_free(&kernel);
	rpcs_policy_free(&policy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STATE_TESTS,
		cmocka_unit_test(test_syn_flood),
		cmocka_unit_test(test_without_rights),
		cmocka_unit_test(test_no_map),
		cmocka_unit_test(test_sizes),
	};

	return cmocka_run_group_tests_name("state_maps", tests, kt_setup, NULL);
}
