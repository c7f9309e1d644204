/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the tests of a source's budget in the kernel's programs share. */
#ifndef RPCSENTRY_TESTS_BUDGET_CASE_H
#define RPCSENTRY_TESTS_BUDGET_CASE_H

#include "kernel_test.h"

#include <bpf/bpf.h>

#include <rpcsentry/budget.h>

#include "packets.h"
#include "source/budget.h"
#include "source/ring.h"
#include "source/state.h"

/* Where in a frame of udp4() what varies lies. */
enum { AT_SOURCE = 26, AT_DESTINATION = 30, AT_XID = 42, AT_PROCEDURE = 62, AT_PROGRAM = 82 };

struct budget_case {
	struct rpcs_kernel *kernel;
	struct rpcs_ring *ring;
	struct rpcs_state *state;
	int over_fd;
	uint64_t now_ns;
	uint64_t records; /* taken from the ring */
};

static enum rpcs_hook bc_hook;

/** Each CPU lets some pass unasked: the figures are those of one. */
static int bc_setup(void **state, enum rpcs_hook hook)
{
	cpu_set_t all, one;
	int cpu = 0;

	bc_hook = hook;
	if (sched_getaffinity(0, sizeof(all), &all))
		return -1;
	while (!CPU_ISSET(cpu, &all))
		cpu++;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	return sched_setaffinity(0, sizeof(one), &one) ? -1 : kt_setup(state);
}

KT_UNUSED static int bc_with_xdp(void **state)
{
	return bc_setup(state, RPCS_HOOK_XDP);
}

KT_UNUSED static int bc_with_tc(void **state)
{
	return bc_setup(state, RPCS_HOOK_TC_INGRESS);
}

KT_UNUSED static void bc_take(void *arg, const void *record, uint32_t len,
			      const struct rpcs_frame *frame)
{
	(void)record;
	(void)len;
	(void)frame;
	((struct budget_case *)arg)->records++;
}

KT_UNUSED static void bc_open(struct budget_case *c, uint64_t budget)
{
	const struct rpcs_kernel_options options = {
		.ring_size = 8 << 20,
		.flows = 1024,
		.calls = 1024,
		.any_port = RPCS_ANY_PORT_FIRST,
		.call_timeout_ns = 24000000000,
		.flow_timeout_ns = 120000000000,
		.budget = budget,
		.test_clock = true,
		.hooks = 1U << bc_hook,
	};
	struct rpcs_state_fds fds;

	kt_need();
	memset(c, 0, sizeof(*c));
	assert_int_equal(rpcs_kernel_load(&options, &c->kernel), 0);
	c->ring = kt_ring(c->kernel, bc_take, c);
	rpcs_kernel_state_fds(c->kernel, &fds);
	c->over_fd = fds.over_budget;
	c->state = rpcs_state_maps(&fds);
	assert_non_null(c->state);
	c->now_ns = 1000000000000;
	rpcs_kernel_set_time(c->kernel, c->now_ns);
}

KT_UNUSED static void bc_later(struct budget_case *c, uint64_t seconds)
{
	c->now_ns += seconds * 1000000000;
	rpcs_kernel_set_time(c->kernel, c->now_ns);
}

KT_UNUSED static void bc_run(struct budget_case *c, const struct test_frame *f, uint32_t times)
{
	/* A call of a test run that repeats costs as much as ten thousand that do not. */
	uint32_t once = times > 1000 ? times : 1, i;
	bool more = true;

	for (i = 0; i < times; i += once) {
		LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = f->bytes, .data_size_in = f->len,
			    .repeat = (int)once);

		assert_int_equal(
			bpf_prog_test_run_opts(rpcs_kernel_program_fd(c->kernel, bc_hook), &opts),
			0);
	}
	while (more)
		assert_int_equal(rpcs_ring_consume(c->ring, 1 << 20, &more), 0);
}

KT_UNUSED static struct rpcs_counters bc_counters(const struct budget_case *c)
{
	struct rpcs_counters now = kt_counters(c->kernel);

	assert_int_equal(now.rpc_seen,
			 now.records_sent + now.records_suppressed + now.records_lost);
	assert_int_equal(now.records_lost, 0);
	assert_int_equal(now.records_sent, c->records);
	return now;
}

/** Runs a frame; how many of them became records. */
KT_UNUSED static uint64_t bc_sent(struct budget_case *c, const struct test_frame *f, uint32_t times)
{
	const struct rpcs_counters before = bc_counters(c);
	struct rpcs_counters after;

	bc_run(c, f, times);
	after = bc_counters(c);
	assert_int_equal(after.rpc_seen - before.rpc_seen, times);
	assert_int_equal(after.records_over_budget - before.records_over_budget,
			 after.records_suppressed - before.records_suppressed);
	return after.records_sent - before.records_sent;
}

/** The sum of all that was counted, and what the key of this kind and procedure has of it. */
KT_UNUSED static uint64_t bc_counted(const struct budget_case *c, enum rpcs_over_kind kind,
				     uint32_t procedure, uint64_t *ret_sum)
{
	struct rpcs_over_key key, *at = NULL;
	struct rpcs_over_value value;
	uint64_t found = 0;

	*ret_sum = 0;
	while (!bpf_map_get_next_key(c->over_fd, at, &key)) {
		at = &key;
		assert_int_equal(bpf_map_lookup_elem(c->over_fd, &key, &value), 0);
		*ret_sum += value.count;
		if (key.kind == kind && key.procedure == procedure)
			found += value.count;
	}
	return found;
}

/** Nothing is uncounted; what the kind and procedure have. */
KT_UNUSED static uint64_t bc_over(const struct budget_case *c, enum rpcs_over_kind kind,
				  uint32_t procedure)
{
	uint64_t sum, found = bc_counted(c, kind, procedure, &sum);

	assert_int_equal(sum, kt_counters(c->kernel).records_over_budget);
	return found;
}

KT_UNUSED static void bc_close(struct budget_case *c)
{
	uint64_t sum;

	bc_counters(c);
	bc_counted(c, RPCS_OVER_CALL, 0, &sum);
	assert_int_equal(sum, kt_counters(c->kernel).records_over_budget);
	rpcs_state_free(&c->state);
	rpcs_ring_free(&c->ring);
	rpcs_kernel_free(&c->kernel);
}

/** A GETPORT for NFS, of 10.0.0.1 to 10.0.0.2. */
KT_UNUSED static void bc_getport(struct test_frame *f)
{
	frame_udp4(f);
	frame_call(f, 1, RPCS_PORTMAP_PROGRAM, 2, RPCS_PORTMAP_GETPORT);
	frame_mapping(f, RPCS_NFS_PROGRAM, 3, RPCS_IP_UDP, 0);
	frame_end(f);
}

static inline void bc_set32(struct test_frame *f, uint32_t at, uint32_t v)
{
	set16(f, at, v >> 16);
	set16(f, at + 2, v & 0xffff);
}

#endif
