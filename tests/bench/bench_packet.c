// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What the programs cost a packet, beside the least that any program costs here: the
 * yardsticks of yardstick.bpf.c. All rows are run in turn, round after round, so that
 * what else the machine does meets them alike; the median counts.
 *
 *	bench_packet [--json] [--rounds N]
 */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "packets.h"
#include "source/kernel.h"
#include "source/ring.h"

#include "bench/verified.h"
#include "bench/yardstick.skel.h"

enum {
	ROUNDS_MAX = 99,
	/* Runs of a packet that leaves no record; a call of test_run has 14 ms of its own. */
	REPEAT = 1000000,
	/* With records: no more than the rings hold, which are emptied in between. */
	REPEAT_RECORDS = 14000,
	BATCHES = 6,
	ROWS_MAX = 64,
	RING_BYTES = 4 << 20,
};

enum hook { XDP, TC, HOOKS };
enum program { EMPTY, PARSE, RECORD, STREAM_EMPTY, OFF, FIRST, ALL, PROGRAMS };

static const char *const hook_names[HOOKS] = { "XDP", "TC" };
static const char *const program_names[PROGRAMS] = {
	"empty", "parse", "bare record", "empty", "any_port off", "any_port first", "any_port all",
};

/** A kind of packet that all programs get. */
struct packet {
	const char *name;
	void (*build)(struct test_frame *f);
	bool record;	 /* leaves one */
	uint32_t stream; /* bytes by which each run is further in its stream; 0: none */
	bool ours;	 /* in units of the bare record, not nanoseconds alone */
};

struct row {
	const struct packet *packet;
	enum hook hook;
	enum program program;
	uint32_t seq; /* a stream's: where the runs so far have brought it */
	double ns[ROUNDS_MAX];
};

static struct yardstick *yard;
static struct rpcs_kernel *kernels[PROGRAMS];
static struct rpcs_ring *rings[PROGRAMS];
static struct row rows[ROWS_MAX];
static unsigned int row_count, rounds = 9;

static void arp(struct test_frame *f)
{
	frame_eth(f, RPCS_ETH_ARP);
	put_zeros(f, 46);
}

static void udp_others(struct test_frame *f)
{
	frame_eth(f, RPCS_ETH_IP4);
	frame_ip4(f, RPCS_IP_UDP, 0);
	frame_udp(f, 5353, 443);
	put_zeros(f, 56);
	frame_end(f);
}

static void tcp_others(struct test_frame *f)
{
	frame_eth(f, RPCS_ETH_IP4);
	frame_ip4(f, RPCS_IP_TCP, 0);
	frame_tcp(f, 50000, 443, 1000, RPCS_TCP_ACK, 3);
	put_zeros(f, 1400);
	frame_end(f);
}

static void udp6_others(struct test_frame *f)
{
	frame_eth(f, RPCS_ETH_IP6);
	frame_ip6(f, RPCS_IP_UDP);
	frame_udp(f, 5353, 443);
	put_zeros(f, 56);
	frame_end(f);
}

static void udp_call(struct test_frame *f)
{
	frame_udp4(f);
	frame_call(f, 1, RPCS_PORTMAP_PROGRAM, 2, RPCS_PORTMAP_GETPORT);
	frame_mapping(f, 100003, 3, RPCS_IP_UDP, 0);
	frame_end(f);
}

static void tcp_call(struct test_frame *f)
{
	frame_tcp4(f, 1000, RPCS_TCP_ACK | 8);
	frame_mark(f);
	frame_call(f, 1, RPCS_PORTMAP_PROGRAM, 2, RPCS_PORTMAP_GETPORT);
	frame_mapping(f, 100003, 3, RPCS_IP_UDP, 0);
	frame_end(f);
}

enum { TCP_CALL_BYTES = 60, TCP_SEQ = 14 + 20 + 4 };

static const struct packet packets[] = {
	{ "ARP", arp, false, 0, false },
	{ "UDP of others", udp_others, false, 0, false },
	{ "TCP data of others", tcp_others, false, 0, false },
	{ "IPv6 UDP of others", udp6_others, false, 0, false },
	{ "UDP GETPORT", udp_call, true, 0, true },
	{ "TCP GETPORT in step", tcp_call, true, TCP_CALL_BYTES, true },
};

static int discard(void *ctx, void *data, size_t size)
{
	(void)ctx;
	(void)data;
	(void)size;
	return 0;
}

static void discard_record(void *arg, const void *record, uint32_t len,
			   const struct rpcs_frame *frame)
{
	(void)arg;
	(void)record;
	(void)len;
	(void)frame;
}

static void die(const char *what, int err)
{
	fprintf(stderr, "bench_packet: %s: %s\n", what, strerror(err < 0 ? -err : err));
	exit(1);
}

static struct rpcs_kernel *load(enum rpcs_any_port any_port)
{
	static const uint16_t ports[] = { 111 };
	const struct rpcs_kernel_options options = {
		.ports = ports,
		.port_count = 1,
		.ring_size = RING_BYTES,
		.flows = 65536,
		.calls = 65536,
		.flow_timeout_ns = 120000000000ULL,
		.any_port = any_port,
		.tunnels = true,
	};
	struct rpcs_kernel *kernel = NULL;

	if (rpcs_kernel_load(&options, &kernel))
		exit(1);
	return kernel;
}

static int program_fd(enum hook hook, enum program program)
{
	const struct bpf_program *yards[][HOOKS] = {
		[EMPTY] = { yard->progs.yard_xdp_empty, yard->progs.yard_tc_empty },
		[PARSE] = { yard->progs.yard_xdp_parse, yard->progs.yard_tc_parse },
		[RECORD] = { yard->progs.yard_xdp_record, yard->progs.yard_tc_record },
	};

	if (program <= RECORD)
		return bpf_program__fd(yards[program][hook]);
	return rpcs_kernel_program_fd(kernels[program],
				      hook == XDP ? RPCS_HOOK_XDP : RPCS_HOOK_TC_INGRESS);
}

/** The program that is run: a stream's next segment is made by one that then goes on to it. */
static int entry_fd(const struct row *row)
{
	__u32 zero = 0;
	int fd = program_fd(row->hook, row->program == STREAM_EMPTY ? EMPTY : row->program);

	if (!row->packet->stream)
		return fd;
	yard->bss->step = row->packet->stream;
	if (bpf_map_update_elem(bpf_map__fd(yard->maps.next), &zero, &fd, BPF_ANY))
		die("tail call", errno);
	return bpf_program__fd(yard->progs.yard_xdp_stream);
}

static void drain(const struct row *row, struct ring_buffer *yard_ring)
{
	bool more = true;

	ring_buffer__consume(yard_ring);
	while (rings[row->program] && more)
		if (rpcs_ring_consume(rings[row->program], REPEAT_RECORDS, &more))
			die("ring", EIO);
}

/** A stream goes on where the runs before ended: behind that all would be repetitions. */
static void go_on(struct row *row, struct test_frame *frame, uint32_t repeat)
{
	uint32_t be = htonl(row->seq);

	if (!row->packet->stream)
		return;
	memcpy(frame->bytes + TCP_SEQ, &be, sizeof(be));
	row->seq += repeat * row->packet->stream;
}

/** Nanoseconds a run, by the kernel's own count. */
static double run(struct row *row, struct ring_buffer *yard_ring)
{
	bool records = row->packet->record && row->program != EMPTY && row->program != PARSE;
	int batches = records ? BATCHES : 1, i;
	struct test_frame frame;
	double total = 0;
	int fd = entry_fd(row);

	for (i = 0; i < batches; i++) {
		LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame.bytes,
			    .repeat = records ? REPEAT_RECORDS : REPEAT);

		row->packet->build(&frame);
		go_on(row, &frame, (uint32_t)opts.repeat);
		opts.data_size_in = frame.len;
		if (bpf_prog_test_run_opts(fd, &opts))
			die(row->packet->name, errno);
		total += opts.duration;
		drain(row, yard_ring);
	}
	return total / batches;
}

static void add(const struct packet *packet, enum hook hook, enum program program)
{
	rows[row_count++] = (struct row){ .packet = packet, .hook = hook, .program = program };
}

static void plan(void)
{
	const struct packet *packet;

	for (packet = packets; packet < packets + sizeof(packets) / sizeof(*packets); packet++) {
		enum hook hook;

		/* Only XDP gives a run the bytes that the one before left. */
		for (hook = XDP; hook < (packet->stream ? TC : HOOKS); hook++) {
			add(packet, hook, packet->stream ? STREAM_EMPTY : EMPTY);
			if (!packet->stream)
				add(packet, hook, packet->ours ? RECORD : PARSE);
			add(packet, hook, OFF);
			add(packet, hook, FIRST);
		}
	}
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(const struct row *row)
{
	double sorted[ROUNDS_MAX];

	memcpy(sorted, row->ns, sizeof(sorted));
	qsort(sorted, rounds, sizeof(*sorted), compare);
	return sorted[rounds / 2];
}

static double above(const struct row *row)
{
	const struct row *empty = row;

	while (empty->program != EMPTY && empty->program != STREAM_EMPTY)
		empty--;
	return median(row) - median(empty);
}

/** What a bare record costs above an empty program, by the row of that hook. */
static double bare_record(enum hook hook)
{
	unsigned int i;

	for (i = 0; i < row_count; i++)
		if (rows[i].program == RECORD && rows[i].hook == hook)
			return above(&rows[i]);
	return 1;
}

static void print_table(void)
{
	unsigned int i;

	printf("%-22s %-4s %-15s %8s %12s %14s\n", "packet", "hook", "program", "ns", "above empty",
	       "bare records");
	for (i = 0; i < row_count; i++) {
		const struct row *row = &rows[i];
		double more = above(row);

		printf("%-22s %-4s %-15s %8.0f %12.0f", row->packet->name, hook_names[row->hook],
		       program_names[row->program], median(row), more);
		if (row->packet->ours)
			printf(" %14.2f", more / bare_record(row->hook));
		printf("\n");
	}
}

static void print_json(void)
{
	unsigned int i;

	printf("{\"rounds\":%u,\"rows\":[", rounds);
	for (i = 0; i < row_count; i++)
		printf("%s\n{\"packet\":\"%s\",\"hook\":\"%s\",\"program\":\"%s\",\"ns\":%.1f,"
		       "\"above_empty_ns\":%.1f,\"bare_records\":%.3f,\"ours\":%s}",
		       i ? "," : "", rows[i].packet->name, hook_names[rows[i].hook],
		       program_names[rows[i].program], median(&rows[i]), above(&rows[i]),
		       above(&rows[i]) / bare_record(rows[i].hook),
		       rows[i].packet->ours ? "true" : "false");
	printf("\n],");
}

static void measure(void)
{
	struct ring_buffer *yard_ring =
		ring_buffer__new(bpf_map__fd(yard->maps.yard_ring), discard, NULL, NULL);
	unsigned int round, i;

	if (!yard_ring)
		die("yardstick's ring", errno);
	for (round = 0; round < rounds; round++)
		for (i = 0; i < row_count; i++)
			rows[i].ns[round] = run(&rows[i], yard_ring);
	ring_buffer__free(yard_ring);
}

int main(int argc, char **argv)
{
	bool json = false;
	int i;

	for (i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--json") == 0)
			json = true;
		else if (strcmp(argv[i], "--rounds") == 0 && i + 1 < argc)
			rounds = (unsigned int)strtoul(argv[++i], NULL, 10);
	}
	if (rounds < 1 || rounds > ROUNDS_MAX)
		die("--rounds takes 1 to 99", EINVAL);
	yard = yardstick__open_and_load();
	if (!yard)
		die("yardstick", errno);
	kernels[OFF] = load(RPCS_ANY_PORT_OFF);
	kernels[FIRST] = load(RPCS_ANY_PORT_FIRST);
	for (i = OFF; i <= FIRST; i++)
		if (rpcs_kernel_ring_new(kernels[i], discard_record, NULL, &rings[i]))
			die("ring", errno);
	plan();
	measure();
	if (json)
		print_json();
	else
		print_table();
	verified_print(kernels[FIRST], json);
	for (i = OFF; i <= FIRST; i++) {
		rpcs_ring_free(&rings[i]);
		rpcs_kernel_free(&kernels[i]);
	}
	yardstick__destroy(yard);
	return 0;
}
