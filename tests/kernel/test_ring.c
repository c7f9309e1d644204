// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The live source: bounded steps, in order, and without any right once it is mapped. */
#include "kernel_test.h"

#include <bpf/bpf.h>
#include <sys/wait.h>

#include <rpcsentry/record.h>

#include "agent/privilege.h"
#include "source/ring.h"

struct taken {
	uint32_t count, next_xid, disorder, bad;
};

static void take(void *arg, const void *record, uint32_t len, const struct rpcs_frame *frame)
{
	const struct rpcs_record_rpc *rpc = record;
	struct taken *taken = arg;

	taken->count++;
	taken->bad += len < sizeof(*rpc) || rpc->head.kind != RPCS_RECORD_CALL || frame != NULL;
	taken->disorder += rpc->xid != taken->next_xid++;
}

/** Passes calls with rising XIDs through the XDP program. */
static void produce(struct rpcs_kernel *kernel, uint32_t first, uint32_t count)
{
	uint8_t frame[KT_FRAME];
	uint32_t i;

	for (i = 0; i < count; i++) {
		LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame,
			    .data_size_in = sizeof(frame));

		kt_frame(frame, first + i, 111);
		assert_int_equal(bpf_prog_test_run_opts(
					 rpcs_kernel_program_fd(kernel, RPCS_HOOK_XDP), &options),
				 0);
	}
}

static void test_steps_are_bounded(void **state)
{
	struct taken taken = { .next_xid = 500 };
	struct rpcs_kernel *kernel;
	struct rpcs_ring *ring;
	bool more = true;

	(void)state;
	kt_need();
	kernel = kt_load(false);
	ring = kt_ring(kernel, take, &taken);
	assert_int_equal(rpcs_ring_consume(ring, 4, &more), 0);
	assert_int_equal(taken.count, 0);
	assert_false(more);

	produce(kernel, 500, 10);
	assert_int_equal(rpcs_ring_consume(ring, 4, &more), 0);
	assert_int_equal(taken.count, 4);
	assert_true(more);
	assert_int_equal(rpcs_ring_consume(ring, 4, &more), 0);
	assert_int_equal(taken.count, 8);
	assert_true(more);
	assert_int_equal(rpcs_ring_consume(ring, 4, &more), 0);
	assert_int_equal(taken.count, 10);
	assert_false(more);

	/* A step that ended early has given its room back: nothing comes twice. */
	produce(kernel, 510, 3);
	assert_int_equal(rpcs_ring_consume(ring, 100, &more), 0);
	assert_int_equal(taken.count, 13);
	assert_int_equal(taken.disorder, 0);
	assert_int_equal(taken.bad, 0);
	assert_int_equal(rpcs_ring_consume(ring, 0, &more), -EINVAL);
	rpcs_ring_free(&ring);
	assert_null(ring);
	rpcs_ring_free(&ring);
	rpcs_kernel_free(&kernel);
}

static void test_not_a_ring(void **state)
{
	struct rpcs_ring *ring = NULL;
	struct rpcs_ring_fds fds, wrong;
	struct rpcs_kernel *kernel;

	(void)state;
	kt_need();
	kernel = kt_load(false);
	rpcs_kernel_ring_fds(kernel, &fds);
	wrong = fds;
	wrong.rings[fds.count - 1] = rpcs_kernel_counters_fd(kernel);
	assert_int_equal(rpcs_ring_new(&wrong, take, NULL, &ring), -EINVAL);
	wrong.rings[fds.count - 1] = -1;
	assert_true(rpcs_ring_new(&wrong, take, NULL, &ring) < 0);
	wrong = fds;
	wrong.bells = -1;
	assert_true(rpcs_ring_new(&wrong, take, NULL, &ring) < 0);
	wrong = fds;
	wrong.count = 0;
	assert_int_equal(rpcs_ring_new(&wrong, take, NULL, &ring), -EINVAL);
	wrong.count = RPCS_RINGS_MAX + 1;
	assert_int_equal(rpcs_ring_new(&wrong, take, NULL, &ring), -EINVAL);
	assert_null(ring);
	rpcs_kernel_free(&kernel);
}

/** The child has the ring mapped, drops its rights, and then takes what the parent makes. */
static int unprivileged(struct rpcs_kernel *kernel, int ready, int go)
{
	const struct rpcs_identity identity = rpcs_privilege_identity();
	struct taken taken = { .next_xid = 1 };
	struct rpcs_counters counters;
	struct rpcs_ring *ring = NULL;
	bool more;
	char byte = 0;

	if (rpcs_kernel_ring_new(kernel, take, &taken, &ring))
		return 1;
	if (rpcs_privilege_drop(&identity))
		return 2;
	if (write(ready, &byte, 1) != 1 || read(go, &byte, 1) != 1)
		return 3;
	if (rpcs_ring_consume(ring, 100, &more) || taken.count != 7 || taken.disorder)
		return 4;
	if (rpcs_kernel_counters_read(rpcs_kernel_counters_fd(kernel), &counters) ||
	    counters.calls != 7)
		return 5;
	return 0;
}

static void test_consumes_without_rights(void **state)
{
	int ready[2], go[2], status;
	struct rpcs_kernel *kernel;
	char byte = 0;
	pid_t pid;

	(void)state;
	kt_need();
	kernel = kt_load(false);
	assert_int_equal(pipe(ready), 0);
	assert_int_equal(pipe(go), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(unprivileged(kernel, ready[1], go[0]));
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	produce(kernel, 1, 7);
	assert_int_equal(write(go[1], &byte, 1), 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	close(ready[0]);
	close(go[0]);
	close(go[1]);
	rpcs_kernel_free(&kernel);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_steps_are_bounded),
		cmocka_unit_test(test_not_a_ring),
		cmocka_unit_test(test_consumes_without_rights),
	};

	return cmocka_run_group_tests_name("source/ring", tests, kt_setup, NULL);
}
