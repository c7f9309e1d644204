// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Frames of a capture through the loaded program: BPF_PROG_TEST_RUN, then the ring. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>

#include "engine.h"
#include "ring.h"

enum {
	/* An Ethernet header, and as much as XDP has in its first page (kernels 6.1 to 6.18). */
	RPCS_TEST_RUN_MIN = 14,
	RPCS_TEST_RUN_MAX = 3520,
	/* TC also wants the IP header behind it, if the type says IP (6.18), or a byte (6.1). */
	RPCS_TEST_RUN_SURE = 54,
	RPCS_TEST_RUN_BATCH = 1024,
};

struct rpcs_test_run {
	struct rpcs_kernel *kernel;
	struct rpcs_ring *ring;
	struct rpcs_native *native;
	rpcs_record_fn emit;
	void *arg;
	const struct rpcs_frame *frame; /* the one under way */
	uint64_t fallbacks;
	int program_fd;
};

static void rpcs_test_run_record(void *arg, const void *record, uint32_t len,
				 const struct rpcs_frame *frame)
{
	struct rpcs_test_run *run = arg;

	(void)frame;
	run->emit(run->arg, record, len, run->frame);
}

int rpcs_test_run_new(struct rpcs_kernel *kernel, enum rpcs_hook hook, struct rpcs_native *native,
		      rpcs_record_fn emit, void *arg, struct rpcs_test_run **ret_run)
{
	struct rpcs_test_run *run;
	int program_fd, ret;

	program_fd = rpcs_kernel_program_fd(kernel, hook);
	if (program_fd < 0)
		return program_fd;
	run = calloc(1, sizeof(*run));
	if (!run)
		return -ENOMEM;
	run->kernel = kernel;
	run->program_fd = program_fd;
	run->native = native;
	run->emit = emit;
	run->arg = arg;
	ret = rpcs_kernel_ring_new(kernel, rpcs_test_run_record, run, &run->ring);
	if (ret) {
		free(run);
		return ret;
	}
	*ret_run = run;
	return 0;
}

void rpcs_test_run_free(struct rpcs_test_run **run_owner)
{
	struct rpcs_test_run *run = *run_owner;

	if (!run)
		return;
	rpcs_ring_free(&run->ring);
	free(run);
	*run_owner = NULL;
}

static int rpcs_test_run_natively(struct rpcs_test_run *run, const struct rpcs_frame *frame)
{
	run->fallbacks++;
	rpcs_native_frame(run->native, frame);
	return 0;
}

int rpcs_test_run_frame(struct rpcs_test_run *run, const struct rpcs_frame *frame)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame->bytes, .data_size_in = frame->len,
		    .repeat = 1);
	bool more = true;
	int ret;

	if (frame->len < RPCS_TEST_RUN_MIN || frame->len > RPCS_TEST_RUN_MAX)
		return rpcs_test_run_natively(run, frame);
	rpcs_kernel_set_time(run->kernel, frame->time_ns);
	ret = bpf_prog_test_run_opts(run->program_fd, &opts);
	if (ret == -EINVAL && frame->len < RPCS_TEST_RUN_SURE)
		return rpcs_test_run_natively(run, frame);
	if (ret)
		return ret;
	run->frame = frame;
	while (!ret && more)
		ret = rpcs_ring_consume(run->ring, RPCS_TEST_RUN_BATCH, &more);
	run->frame = NULL;
	return ret;
}

uint64_t rpcs_test_run_fallbacks(const struct rpcs_test_run *run)
{
	return run->fallbacks;
}
