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
#include "packet_kinds.h"
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
	ROWS_MAX = 128,
	LISTED_CLIENTS = 1000,
	RING_BYTES = 4 << 20,
};

enum hook { XDP, TC, HOOKS };
/* The last ones: a budget that nobody uses up, with a list of suppressed clients, too; and one
   that everybody uses up. */
enum program {
	EMPTY,
	PARSE,
	RECORD,
	STAMPED,
	STREAM_EMPTY,
	OFF,
	FIRST,
	BUDGET,
	LISTED,
	OVER,
	PROGRAMS
};

static const char *const hook_names[HOOKS] = { "XDP", "TC" };
static const char *const program_names[PROGRAMS] = {
	"empty",	"parse",	  "bare record", "bare record, clock", "empty",
	"any_port off", "any_port first", "with budget", "budget and list",    "over budget",
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

/** Clients whose calls are suppressed; the frames are of none of them. */
static const struct rpcs_suppress_entry *list(void)
{
	static struct rpcs_suppress_entry entries[LISTED_CLIENTS];
	uint32_t i;

	for (i = 0; i < LISTED_CLIENTS; i++)
		entries[i] = (struct rpcs_suppress_entry){
			.key = { 128,
				 { [10] = 0xff, 0xff, 192, 168, (uint8_t)(i >> 8), (uint8_t)i } },
			.value = { .calls = 1 << RPCS_CALL_GETPORT },
		};
	return entries;
}

static struct rpcs_kernel *load(enum program program)
{
	static const uint16_t ports[] = { 111 };
	const struct rpcs_kernel_options options = {
		.ports = ports,
		.port_count = 1,
		.ring_size = RING_BYTES,
		.flows = 65536,
		.calls = 65536,
		.flow_timeout_ns = 120000000000ULL,
		.any_port = program == OFF ? RPCS_ANY_PORT_OFF : RPCS_ANY_PORT_FIRST,
		.tunnels = true,
		.budget = program == BUDGET || program == LISTED ? 1000000000 : program == OVER,
		.suppresses = program == LISTED,
		.suppress = program == LISTED ? list() : NULL,
		.suppress_count = program == LISTED ? LISTED_CLIENTS : 0,
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
		[STAMPED] = { yard->progs.yard_xdp_stamped, yard->progs.yard_tc_stamped },
	};

	if (program <= STAMPED)
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
		enum program program;
		enum hook hook;

		/* Only XDP gives a run the bytes that the one before left. */
		for (hook = XDP; hook < (packet->stream ? TC : HOOKS); hook++) {
			add(packet, hook, packet->stream ? STREAM_EMPTY : EMPTY);
			if (!packet->stream)
				add(packet, hook, packet->ours ? RECORD : PARSE);
			if (!packet->stream && packet->ours)
				add(packet, hook, STAMPED);
			for (program = OFF; program <= (packet->ours ? OVER : FIRST); program++)
				add(packet, hook, program);
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
		json |= strcmp(argv[i], "--json") == 0;
		if (strcmp(argv[i], "--rounds") == 0 && i + 1 < argc)
			rounds = (unsigned int)strtoul(argv[++i], NULL, 10);
	}
	if (rounds < 1 || rounds > ROUNDS_MAX)
		die("--rounds takes 1 to 99", EINVAL);
	yard = yardstick__open_and_load();
	if (!yard)
		die("yardstick", errno);
	for (i = OFF; i <= OVER; i++) {
		kernels[i] = load((enum program)i);
		if (rpcs_kernel_ring_new(kernels[i], discard_record, NULL, &rings[i]))
			die("ring", errno);
	}
	plan();
	measure();
	if (json)
		print_json();
	else
		print_table();
	verified_print(kernels[BUDGET], json);
	for (i = OFF; i <= OVER; i++) {
		rpcs_ring_free(&rings[i]);
		rpcs_kernel_free(&kernels[i]);
	}
	yardstick__destroy(yard);
	return 0;
}
