// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What crosses the rings: records of one CPU and of two at once, with a ring each and on one ring;
 * and what reading them takes of a CPU at a million records a second, no later stage counted.
 *
 * usage: bench_ring [--json] [--rounds N]
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <rpcsentry/record.h>

#include "agent/rest.h"
#include "base/clock.h"
#include "packets.h"
#include "source/kernel.h"
#include "source/ring.h"

enum {
	ROUNDS_MAX = 99,
	REPEAT = 14000, /* no more than a ring holds */
	BATCHES = 6,
	RING_BYTES = 8 << 20,
	BATCH = 1024, /* as the sensor's */
	SLICE_NS = 1000000,
	SLICE = 1000, /* records in it: a million a second */
	SECONDS = 2,
};

/** A load of the programs (of TC: a test run of XDP begins with 15 ms of work), and its reader. */
struct side {
	struct rpcs_kernel *kernel;
	struct rpcs_ring *ring;
	struct rpcs_ring_fds fds;
	int program;
};

struct job {
	const struct side *side;
	int cpu;
	double ns; /* a record, by the kernel's count */
};

static pthread_barrier_t barrier;
static atomic_bool over;
static uint64_t taken, sum;
static unsigned int rounds = 7;

static void die(const char *what, int err)
{
	fprintf(stderr, "bench_ring: %s: %s\n", what, strerror(err < 0 ? -err : err));
	exit(1);
}

/* Reads a little of each, as whoever takes one would. */
static void take(void *arg, const void *record, uint32_t len, const struct rpcs_frame *frame)
{
	const struct rpcs_record_rpc *rpc = record;

	(void)arg;
	(void)len;
	(void)frame;
	sum += rpc->xid + rpc->head.time_ns;
	taken++;
}

static void load(struct side *side, uint32_t rings)
{
	const struct rpcs_kernel_options options = { .ring_size = RING_BYTES,
						     .rings = rings,
						     .flows = 65536,
						     .hooks = 1U << RPCS_HOOK_TC_INGRESS };
	int err;

	if (rpcs_kernel_load(&options, &side->kernel))
		exit(1);
	rpcs_kernel_ring_fds(side->kernel, &side->fds);
	side->program = rpcs_kernel_program_fd(side->kernel, RPCS_HOOK_TC_INGRESS);
	err = rpcs_ring_new(&side->fds, take, NULL, &side->ring);
	if (err)
		die("ring", err);
}

static void stay_on(int number)
{
	cpu_set_t cpu;

	CPU_ZERO(&cpu);
	CPU_SET(number, &cpu);
	if (pthread_setaffinity_np(pthread_self(), sizeof(cpu), &cpu))
		die("affinity", EINVAL);
}

/** Nanoseconds a run of a GETPORT call over UDP. */
static double send_calls(const struct side *side, int repeat)
{
	struct test_frame f;
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = f.bytes, .repeat = repeat);

	frame_udp4(&f);
	frame_call(&f, 1, RPCS_PORTMAP_PROGRAM, 2, RPCS_PORTMAP_GETPORT);
	frame_mapping(&f, 100003, 3, RPCS_IP_UDP, 0);
	frame_end(&f);
	opts.data_size_in = f.len;
	if (bpf_prog_test_run_opts(side->program, &opts))
		die("test run", errno);
	return opts.duration;
}

static void *send_batch(void *arg)
{
	struct job *job = arg;

	stay_on(job->cpu);
	pthread_barrier_wait(&barrier);
	job->ns = send_calls(job->side, REPEAT);
	return NULL;
}

static void drain(const struct side *side)
{
	bool more = true;

	while (more)
		if (rpcs_ring_consume(side->ring, REPEAT, &more))
			die("ring", EIO);
}

/** Millions of records a second of `cpus` CPUs together. */
static double rate(const struct side *side, int cpus)
{
	double total = 0;
	int batch, i;

	for (batch = 0; batch < BATCHES; batch++) {
		struct job jobs[2] = { { side, 0, 0 }, { side, 1, 0 } };
		pthread_t threads[2];

		pthread_barrier_init(&barrier, NULL, (unsigned int)cpus);
		for (i = 0; i < cpus; i++)
			if (pthread_create(&threads[i], NULL, send_batch, &jobs[i]))
				die("thread", EAGAIN);
		for (i = 0; i < cpus; i++) {
			pthread_join(threads[i], NULL);
			total += 1000 / jobs[i].ns;
		}
		pthread_barrier_destroy(&barrier);
		drain(side);
	}
	return total / BATCHES;
}

static void *send_paced(void *arg)
{
	uint64_t due = rpcs_clock_monotonic(), end = due + SECONDS * RPCS_NSEC_PER_SEC, now;

	stay_on(0);
	while ((now = rpcs_clock_monotonic()) < end) {
		if (now < due)
			continue;
		send_calls(arg, SLICE);
		due += SLICE_NS;
	}
	over = true;
	return NULL;
}

static double cpu_seconds(void)
{
	struct rusage usage;

	getrusage(RUSAGE_THREAD, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static int watch(const struct side *side)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };
	int fd = epoll_create1(EPOLL_CLOEXEC);
	uint32_t i;

	for (i = 0; i < side->fds.count; i++)
		if (epoll_ctl(fd, EPOLL_CTL_ADD, side->fds.rings[i], &event))
			die("epoll", errno);
	return fd;
}

/** Takes records as the sensor's loop does, while they are sent; percent of a CPU a million/s. */
static double read_paced(struct side *side, uint64_t *ret_records, uint64_t *ret_wakeups)
{
	int epoll = watch(side), pause;
	struct rpcs_counters before, after;
	struct rpcs_rest rest = { 0 };
	struct epoll_event event;
	double cpu = cpu_seconds();
	pthread_t thread;
	bool more = false;

	rpcs_kernel_counters_read(rpcs_kernel_counters_fd(side->kernel), &before);
	over = false;
	taken = 0;
	if (pthread_create(&thread, NULL, send_paced, side))
		die("thread", EAGAIN);
	while (!over) {
		if (rpcs_ring_consume(side->ring, BATCH, &more))
			die("ring", EIO);
		pause = rpcs_rest_next(&rest, more, rpcs_ring_found(side->ring),
				       rpcs_ring_fill(side->ring));
		if (pause == RPCS_REST_FOREVER && !rpcs_ring_arm(side->ring))
			continue;
		epoll_pwait2(epoll, &event, 1,
			     &(struct timespec){ .tv_nsec = pause < 0 ? 100000000 : pause * 1000L },
			     NULL);
		if (pause == RPCS_REST_FOREVER)
			rpcs_ring_disarm(side->ring);
	}
	cpu = cpu_seconds() - cpu;
	pthread_join(thread, NULL);
	close(epoll);
	drain(side);
	rpcs_kernel_counters_read(rpcs_kernel_counters_fd(side->kernel), &after);
	if (after.records_lost != before.records_lost)
		fprintf(stderr, "bench_ring: %llu records were lost\n",
			after.records_lost - before.records_lost);
	*ret_records = taken;
	*ret_wakeups = after.wakeups - before.wakeups;
	return 100 * cpu / ((double)taken / 1e6);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *values)
{
	qsort(values, rounds, sizeof(*values), compare);
	return values[rounds / 2];
}

int main(int argc, char **argv)
{
	static double one[ROUNDS_MAX], two[ROUNDS_MAX], shared[ROUNDS_MAX], cpu[ROUNDS_MAX];
	struct side own = { 0 }, common = { 0 };
	uint64_t records = 0, wakeups = 0, all = 0, woken = 0;
	bool json = false;
	unsigned int i;

	for (i = 1; i < (unsigned int)argc; i++) {
		if (strcmp(argv[i], "--json") == 0)
			json = true;
		else if (strcmp(argv[i], "--rounds") == 0 && i + 1 < (unsigned int)argc)
			rounds = (unsigned int)strtoul(argv[++i], NULL, 10);
	}
	if (rounds < 1 || rounds > ROUNDS_MAX)
		die("--rounds takes 1 to 99", EINVAL);
	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		die("needs two CPUs", ENOTSUP);
	load(&own, 2);
	load(&common, 1);
	for (i = 0; i < rounds; i++) {
		one[i] = rate(&own, 1);
		two[i] = rate(&own, 2) / one[i];
		shared[i] = rate(&common, 2) / one[i];
		cpu[i] = read_paced(&own, &records, &wakeups);
		all += records;
		woken += wakeups;
	}
	printf(json ? "{\"rounds\":%u,\"one_cpu_mrecords_s\":%.2f,\"two_cpus_ratio\":%.2f,"
		      "\"two_cpus_one_ring_ratio\":%.2f,\"reader_cpu_percent\":%.1f,"
		      "\"read_mrecords_s\":%.2f,\"wakeups_per_1000\":%.3f}\n"
		    : "records in the rings, median of %u rounds\n"
		      "one CPU                            %6.2f million a second\n"
		      "two CPUs, a ring each              %6.2f times that (aim: 1.8)\n"
		      "two CPUs on one ring               %6.2f times that\n"
		      "reader, for a million a second     %6.1f %% of a CPU (aim: under 15)\n"
		      "        measured at                 %6.2f million a second\n"
		      "wake-ups, for a thousand records   %6.3f\n",
	       rounds, median(one), median(two), median(shared), median(cpu),
	       (double)all / 1e6 / SECONDS / rounds,
	       all ? 1000.0 * (double)woken / (double)all : 0);
	rpcs_ring_free(&own.ring);
	rpcs_ring_free(&common.ring);
	rpcs_kernel_free(&own.kernel);
	rpcs_kernel_free(&common.kernel);
	return 0;
}
