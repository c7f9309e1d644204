// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The yardstick of bench_stream.py: an empty TC program on both hooks of each interface that is
 * named. Prints a line when it is there, and ends, and takes it off, when standard input does.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "source/kernel_private.h"
#include "source/links.h"

enum { INTERFACES_MAX = 8 };

static void die(const char *what, int err)
{
	fprintf(stderr, "empty: %s: %s\n", what, strerror(err));
	exit(1);
}

/* r0 = TC_ACT_UNSPEC; exit */
static int load(void)
{
	static const struct bpf_insn program[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = -1 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	int fd = bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "empty", "GPL", program,
			       sizeof(program) / sizeof(program[0]), NULL);

	if (fd < 0)
		die("can't load", -fd);
	return fd;
}

int main(int argc, char **argv)
{
	struct rpcs_link links[INTERFACES_MAX][2];
	struct rpcs_link_place place;
	int i, egress, err, fd;

	if (argc < 2 || argc > 1 + INTERFACES_MAX) {
		fprintf(stderr, "usage: empty IFACE...\n");
		return 2;
	}
	rpcs_kernel_quiet();
	fd = load();
	for (i = 1; i < argc; i++) {
		place = (struct rpcs_link_place){ argv[i], if_nametoindex(argv[i]), fd };
		for (egress = 0; egress < 2; egress++) {
			err = rpcs_links_add_tc(&place, egress, &links[i - 1][egress]);
			if (err)
				die(argv[i], -err);
		}
	}
	puts("ready");
	fflush(stdout);
	while (getchar() != EOF)
		;
	for (i = 1; i < argc; i++)
		for (egress = 0; egress < 2; egress++)
			rpcs_links_remove(argv[i], if_nametoindex(argv[i]), &links[i - 1][egress]);
	return 0;
}
