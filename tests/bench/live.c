// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The two ends of bench_live.py's wire:
 *
 *	live send IFACE SECONDS [CALLS_A_SECOND]
 *		GETPORT calls out of IFACE, made in the kernel by test runs with live
 *		frames; as fast as it goes unless told otherwise. Prints how many.
 *	live count IFACE
 *		An XDP program that counts and drops, until SIGTERM. Prints how many came.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <inttypes.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "packets.h"

#include "bench/live.skel.h"

enum {
	BATCH = 64,
	SOURCES = 65536,
	/* Runs a system call: it takes 30 ms before the first. */
	REPEAT = 1 << 20,
	CPUS_MAX = 1024,
};

static void die(const char *what, int err)
{
	fprintf(stderr, "live: %s: %s\n", what, strerror(err < 0 ? -err : err));
	exit(1);
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static struct live *load(const char *iface, uint64_t rate)
{
	struct live *live = live__open();

	if (!live)
		die("can't open", errno);
	live->rodata->out_ifindex = if_nametoindex(iface);
	if (!live->rodata->out_ifindex)
		die(iface, errno);
	/* As many as IPv4 addresses have room in a /16: none is a flood by itself. */
	live->rodata->sources = SOURCES;
	live->rodata->gap_ns = rate ? 1000000000 / rate : 0;
	if (live__load(live))
		die("can't load", errno);
	return live;
}

static int send_calls(const char *iface, double seconds, uint64_t rate)
{
	struct live *live = load(iface, rate);
	struct xdp_md context = { 0 };
	struct test_frame f;
	uint64_t start_ns, end_ns;

	frame_udp4(&f);
	frame_call(&f, 1, RPCS_PORTMAP_PROGRAM, 2, RPCS_PORTMAP_GETPORT);
	frame_mapping(&f, 100003, 3, RPCS_IP_UDP, 0);
	frame_end(&f);
	context.data_end = f.len;
	start_ns = now_ns();
	end_ns = start_ns + (uint64_t)(seconds * 1e9);
	live->bss->due_ns = start_ns;
	live->bss->end_ns = end_ns;
	while (now_ns() < end_ns) {
		LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = f.bytes, .data_size_in = f.len,
			    .ctx_in = &context, .ctx_size_in = sizeof(context), .repeat = REPEAT,
			    .flags = BPF_F_TEST_XDP_LIVE_FRAMES, .batch_size = BATCH);

		if (bpf_prog_test_run_opts(bpf_program__fd(live->progs.live_send), &opts))
			die("live frames", errno);
	}
	printf("%llu %.0f\n", live->bss->made, (double)live->bss->made / seconds);
	live__destroy(live);
	return 0;
}

static volatile sig_atomic_t stop;

static void on_signal(int signo)
{
	(void)signo;
	stop = 1;
}

static int count_calls(const char *iface)
{
	const struct sigaction action = { .sa_handler = on_signal };
	static uint64_t counts[CPUS_MAX];
	struct live *live = load(iface, 0);
	int ifindex = (int)if_nametoindex(iface), cpus = libbpf_num_possible_cpus(), i;
	uint64_t sum = 0;
	__u32 zero = 0;

	sigaction(SIGTERM, &action, NULL);
	if (cpus < 1 || cpus > CPUS_MAX)
		die("CPUs", EINVAL);
	i = bpf_xdp_attach(ifindex, bpf_program__fd(live->progs.live_count), 0, NULL);
	if (i)
		die("can't attach", i);
	printf("ready\n");
	fflush(stdout);
	while (!stop)
		pause();
	bpf_xdp_detach(ifindex, 0, NULL);
	if (bpf_map_lookup_elem(bpf_map__fd(live->maps.came), &zero, counts))
		die("counts", errno);
	for (i = 0; i < cpus; i++)
		sum += counts[i];
	printf("%" PRIu64 "\n", sum);
	live__destroy(live);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc >= 4 && strcmp(argv[1], "send") == 0)
		return send_calls(argv[2], strtod(argv[3], NULL),
				  argc > 4 ? strtoull(argv[4], NULL, 10) : 0);
	if (argc == 3 && strcmp(argv[1], "count") == 0)
		return count_calls(argv[2]);
	fprintf(stderr, "usage: live send IFACE SECONDS [RATE] | live count IFACE\n");
	return 2;
}
