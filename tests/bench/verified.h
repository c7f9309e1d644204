/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How much of each program the verifier looked at: what a start costs most for. */
#ifndef RPCSENTRY_TESTS_BENCH_VERIFIED_H
#define RPCSENTRY_TESTS_BENCH_VERIFIED_H

#include <bpf/bpf.h>
#include <stdio.h>
#include <stdlib.h>

#include "source/kernel.h"

static inline uint32_t verified_count(int fd)
{
	struct bpf_prog_info info = { 0 };
	__u32 len = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &len)) {
		perror("bench: program info");
		exit(1);
	}
	return info.verified_insns;
}

/** Lines, or the last member of a JSON object that is open, and its end. */
static inline void verified_print(const struct rpcs_kernel *kernel, bool json)
{
	const struct {
		const char *name;
		int fd;
	} programs[] = {
		{ "XDP", rpcs_kernel_program_fd(kernel, RPCS_HOOK_XDP) },
		{ "XDP, the long way", rpcs_kernel_look_fd(kernel, RPCS_HOOK_XDP) },
		{ "TC ingress", rpcs_kernel_program_fd(kernel, RPCS_HOOK_TC_INGRESS) },
		{ "TC egress", rpcs_kernel_program_fd(kernel, RPCS_HOOK_TC_EGRESS) },
		{ "TC, the long way", rpcs_kernel_look_fd(kernel, RPCS_HOOK_TC_INGRESS) },
	};
	size_t i;

	for (i = 0; i < sizeof(programs) / sizeof(*programs); i++) {
		uint32_t count = verified_count(programs[i].fd);

		if (json)
			printf("%s\"%s\":%u", i ? "," : "\"verified\":{", programs[i].name, count);
		else
			printf("verified instructions, %s: %u\n", programs[i].name, count);
	}
	if (json)
		printf("}}\n");
}

#endif
