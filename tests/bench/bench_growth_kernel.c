// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What a call costs the programs when they know of many: one point of one curve. XDP's
 * program by BPF_PROG_TEST_RUN, behind one that makes each run's frame another's.
 *
 *	bench_growth_kernel KIND NUMBER [--limit ENTRIES] [--calls N]
 *
 *	flows		GETPORT by TCP in step, in NUMBER connections of 1,000 clients
 *	sources		GETPORT by UDP from NUMBER sources: becomes a record
 *	pending		GETPORT by UDP that asks for a TCP port, whose reply is awaited, with
 *			NUMBER clients and XIDs; no more than 262,144 are kept
 *	others		NFS calls by UDP from NUMBER clients, which `first` knows
 *	suppress	GETPORT from 1,000 clients at the most, of NUMBER that are suppressed
 *	look-up		nothing of the product: one look-up in an LRU map with NUMBER keys
 *
 * Prints nanoseconds a call above an empty program behind the same one, 0 in place of
 * memory, the records that came of the calls, and 0. `--limit` is that of flows and of
 * calls that wait; without it there is room for all.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "packets.h"
#include "source/kernel.h"
#include "source/ring.h"

#include "bench/growth.skel.h"

enum {
	/* Runs of one system call: what the ring holds. */
	REPEAT = 14000,
	CLIENTS = 1000,
	TCP_CALL_BYTES = 60,
	NFS_PORT = 2049,
	NFS_PROGRAM = 100003,
	TEXT_BYTES = 8 << 20,
};

enum kind { FLOWS, SOURCES, PENDING, OTHERS, SUPPRESS, LOOK_UP, KINDS };

static const char *const kind_names[KINDS] = { "flows",	 "sources",  "pending",
					       "others", "suppress", "look-up" };

static enum kind kind;
static uint32_t number, entries;
static uint64_t calls = 140000;

static struct growth *growth;
static struct rpcs_kernel *kernel;
static struct rpcs_ring *ring;
static struct test_frame frame;

static void die(const char *what, const char *why)
{
	fprintf(stderr, "bench_growth_kernel: %s: %s\n", what, why);
	exit(1);
}

static void discard(void *arg, const void *record, uint32_t len, const struct rpcs_frame *from)
{
	(void)record;
	(void)len;
	(void)from;
	++*(uint64_t *)arg;
}

static void build(void)
{
	if (kind == FLOWS) {
		frame_tcp4(&frame, 1000, RPCS_TCP_ACK | 8);
		frame_mark(&frame);
	} else {
		frame_eth(&frame, RPCS_ETH_IP4);
		frame_ip4(&frame, RPCS_IP_UDP, 0);
		frame_udp(&frame, 900, kind == OTHERS ? NFS_PORT : 111);
	}
	if (kind == OTHERS) {
		frame_call(&frame, 1, NFS_PROGRAM, 3, 1);
		put_zeros(&frame, 16);
	} else {
		frame_call(&frame, 1, RPCS_PORTMAP_PROGRAM, 2, RPCS_PORTMAP_GETPORT);
		frame_mapping(&frame, NFS_PROGRAM, 3, kind == PENDING ? RPCS_IP_TCP : RPCS_IP_UDP,
			      0);
	}
	frame_end(&frame);
}

/* The clients whose calls are suppressed: `number` addresses, each a prefix of its own. */
static struct rpcs_policy *make_policy(void)
{
	static struct rpcs_policy_errors errors;
	struct rpcs_policy *policy = NULL;
	char *text = malloc(TEXT_BYTES);
	size_t len;
	uint32_t i, n;

	if (!text)
		die("policy", "out of memory");
	len = (size_t)snprintf(text, TEXT_BYTES, "limits: {flows: %u, pending_calls: %u}\n",
			       entries, entries);
	if (kind == SUPPRESS)
		len += (size_t)snprintf(text + len, TEXT_BYTES - len,
					"response: {trust: [10.0.0.0/8]}\nallow:\n"
					"- {calls: GETPORT, suppress: kernel, clients: [");
	for (i = 0; kind == SUPPRESS && i < number && len < TEXT_BYTES; i++) {
		/* Every other address: neighbours would come to one prefix. */
		n = 0x0a400000 + 2 * i;
		len += (size_t)snprintf(text + len, TEXT_BYTES - len, "%u.%u.%u.%u,", n >> 24,
					n >> 16 & 255, n >> 8 & 255, n & 255);
	}
	if (kind == SUPPRESS && len < TEXT_BYTES)
		len += (size_t)snprintf(text + len, TEXT_BYTES - len, "]}\n");
	if (len >= TEXT_BYTES)
		die("policy", "too long");
	if (rpcs_policy_parse(text, len, &policy, &errors))
		die("policy", errors.total ? errors.list[0].text : "out of memory");
	free(text);
	return policy;
}

/* Nanoseconds a run, over so many. */
static double run(uint64_t wanted)
{
	int fd = bpf_program__fd(growth->progs.growth_step);
	double total = 0;
	uint64_t done = 0;
	bool more;

	while (done < wanted) {
		LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame.bytes,
			    .data_size_in = frame.len, .repeat = REPEAT);

		if (wanted - done < REPEAT)
			opts.repeat = (int)(wanted - done);
		if (bpf_prog_test_run_opts(fd, &opts))
			die("test run", strerror(errno));
		total += (double)opts.duration * opts.repeat;
		done += (uint64_t)opts.repeat;
		do
			if (rpcs_ring_consume(ring, REPEAT, &more))
				die("ring", "can't be read");
		while (more);
	}
	return total / (double)wanted;
}

static void go_on_to(int fd)
{
	__u32 zero = 0;

	if (bpf_map_update_elem(bpf_map__fd(growth->maps.growth_next), &zero, &fd, BPF_ANY))
		die("tail call", strerror(errno));
}

static void load(struct rpcs_policy *policy, uint64_t *records)
{
	struct rpcs_kernel_options options = { .hooks = 1U << RPCS_HOOK_XDP };

	rpcs_kernel_options_fill(&options, policy);
	options.any_port = RPCS_ANY_PORT_FIRST;
	options.ring_size = 4 << 20;
	if (rpcs_kernel_load(&options, &kernel))
		exit(1);
	if (rpcs_kernel_ring_new(kernel, discard, records, &ring))
		die("ring", "can't be mapped");
	growth = growth__open();
	if (!growth)
		die("growth", strerror(errno));
	growth->rodata->number = kind == SUPPRESS && number > CLIENTS ? CLIENTS : number;
	growth->rodata->step = kind == FLOWS ? TCP_CALL_BYTES : 0;
	growth->rodata->keyed = kind == PENDING;
	growth->rodata->apart = kind != SUPPRESS ? 1 : number > CLIENTS ? number / CLIENTS * 2 : 2;
	bpf_map__set_max_entries(growth->maps.growth_keys, kind == LOOK_UP ? entries : 1);
	if (growth__load(growth))
		die("growth", strerror(errno));
}

static void bench(void)
{
	/* Whole rounds, or connections would be out of step. */
	uint64_t warm = (uint64_t)(REPEAT + number - 1) / number * number, records = 0, of_warming;
	struct rpcs_policy *policy = make_policy();
	double empty, ours;

	load(policy, &records);
	build();
	go_on_to(kind == LOOK_UP ? bpf_program__fd(growth->progs.growth_look_up)
				 : rpcs_kernel_program_fd(kernel, RPCS_HOOK_XDP));
	growth->bss->factor = 1;
	run(warm);
	/* Places in the maps are in the order of their first use: now another one. */
	growth->bss->factor = 2654435761;
	of_warming = records;
	ours = run(calls);
	go_on_to(bpf_program__fd(growth->progs.growth_empty));
	empty = run(calls);
	printf("%.1f 0 %" PRIu64 " 0\n", ours - empty, records - of_warming);
	growth__destroy(growth);
	rpcs_ring_free(&ring);
	rpcs_kernel_free(&kernel);
	rpcs_policy_free(&policy);
}

int main(int argc, char **argv)
{
	cpu_set_t here;
	int i;

	if (argc < 3)
		die("usage", "bench_growth_kernel KIND NUMBER [OPTION VALUE]...");
	while (kind < KINDS && strcmp(argv[1], kind_names[kind]))
		kind++;
	number = (uint32_t)strtoul(argv[2], NULL, 10);
	for (i = 3; i + 1 < argc; i += 2) {
		if (strcmp(argv[i], "--limit") == 0)
			entries = (uint32_t)strtoul(argv[i + 1], NULL, 10);
		else if (strcmp(argv[i], "--calls") == 0)
			calls = strtoull(argv[i + 1], NULL, 10);
		else
			die(argv[i], "no such option");
	}
	if (kind == KINDS || !number || !calls)
		die(argv[1], "no such kind, or a number is 0");
	if (!entries)
		entries = number > 32768 ? 2 * number : 65536;
	/* LRU maps have lists for each CPU. */
	CPU_ZERO(&here);
	CPU_SET((unsigned int)sched_getcpu(), &here);
	sched_setaffinity(0, sizeof(here), &here);
	bench();
	return 0;
}
