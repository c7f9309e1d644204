// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A ring for each CPU: how many, in which order their records come out, what is lost where one is
 * full, and that no record is slept over. Programs run by BPF_PROG_TEST_RUN on two CPUs.
 */
#include "kernel_test.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/epoll.h>

#include <rpcsentry/record.h>

#include "source/pins.h"

enum { ANSWERS = 400, RECORDS = 6000, SLEEPS = 1000, RING_RECORD = 128 + 8 };

static struct {
	struct rpcs_kernel *kernel;
	struct rpcs_ring *ring;
	struct rpcs_ring_fds fds;
	int program;
	atomic_uint turn, taken;
	atomic_bool failed;
	uint32_t next, disorder;
	uint64_t last_ns, back;
} two;

static void take(void *arg, const void *record, uint32_t len, const struct rpcs_frame *frame)
{
	const struct rpcs_record_rpc *rpc = record;

	(void)arg;
	(void)frame;
	assert_int_equal(len, sizeof(*rpc));
	two.disorder += rpc->xid != two.next;
	two.next = rpc->xid + 1;
	two.back += rpc->head.time_ns < two.last_ns;
	two.last_ns = rpc->head.time_ns;
	two.taken++;
}

static void load(uint64_t size, uint32_t rings)
{
	const struct rpcs_kernel_options options = {
		.ring_size = size, .rings = rings, .flows = 1024, .hooks = 1U << RPCS_HOOK_XDP
	};

	memset(&two, 0, sizeof(two));
	assert_int_equal(rpcs_kernel_load(&options, &two.kernel), 0);
	rpcs_kernel_ring_fds(two.kernel, &two.fds);
	two.program = rpcs_kernel_program_fd(two.kernel, RPCS_HOOK_XDP);
}

static void begin(uint64_t size)
{
	kt_need();
	if (sysconf(_SC_NPROCESSORS_ONLN) < 2) {
		print_message("skipped: needs two CPUs\n");
		skip();
	}
	load(size, 2);
	assert_int_equal(two.fds.count, 2);
	two.ring = kt_ring(two.kernel, take, NULL);
}

static struct rpcs_counters end(void)
{
	struct rpcs_counters c = kt_counters(two.kernel);

	assert_false(two.failed);
	assert_int_equal(c.rpc_seen, c.records_sent + c.records_lost);
	rpcs_ring_free(&two.ring);
	rpcs_kernel_free(&two.kernel);
	return c;
}

static void send_call(uint32_t xid, uint32_t times)
{
	uint8_t frame[KT_FRAME];
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame, .data_size_in = sizeof(frame),
		    .repeat = (int)times);

	kt_frame(frame, xid, 111);
	if (bpf_prog_test_run_opts(two.program, &options))
		two.failed = true;
}

static void stay_on(uint32_t number)
{
	cpu_set_t cpu;

	CPU_ZERO(&cpu);
	CPU_SET(number, &cpu);
	if (pthread_setaffinity_np(pthread_self(), sizeof(cpu), &cpu))
		two.failed = true;
}

/** Runs `send` on both CPUs; what comes is taken meanwhile, up to `until` records. */
static void run(void *(*send)(void *arg), uint32_t until)
{
	uint64_t deadline = kt_now_ms() + KT_DEADLINE_MS;
	pthread_t threads[2];
	uintptr_t i;
	bool more;

	for (i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, send, (void *)i), 0);
	while (two.taken < until && kt_now_ms() < deadline)
		assert_int_equal(rpcs_ring_consume(two.ring, 64, &more), 0);
	for (i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	kt_drain(two.ring);
}

static uint32_t ring_size(uint32_t number)
{
	struct bpf_map_info info = {};
	uint32_t len = sizeof(info);
	char name[16];

	assert_int_equal(bpf_obj_get_info_by_fd(two.fds.rings[number], &info, &len), 0);
	assert_int_equal(info.type, BPF_MAP_TYPE_RINGBUF);
	snprintf(name, sizeof(name), "ring_%u", number);
	assert_string_equal(info.name, name);
	return info.max_entries;
}

/* As many as asked for, to a power of two, as long as each has 512 KiB. */
static void test_how_many(void **state)
{
	static const struct {
		uint64_t size;
		uint32_t asked, count, each;
	} cases[] = {
		{ 1 << 16, 4, 1, 1 << 16 },    { 1 << 19, 2, 1, 1 << 19 },
		{ 1 << 20, 2, 2, 1 << 19 },    { 1 << 22, 3, 4, 1 << 20 },
		{ 1 << 22, 1, 1, 1 << 22 },    { 1 << 22, 100, 8, 1 << 19 },
		{ 1 << 26, 100, 64, 1 << 20 },
	};
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	uint32_t i, number;

	(void)state;
	kt_need();
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		load(cases[i].size, cases[i].asked);
		assert_int_equal(two.fds.count, cases[i].count);
		for (number = 0; number < two.fds.count; number++)
			assert_int_equal(ring_size(number), cases[i].each);
		rpcs_kernel_free(&two.kernel);
	}
	load(1 << 26, 0);
	assert_true(two.fds.count >= cpus || two.fds.count == RPCS_RINGS_MAX);
	assert_true(two.fds.count < 2 * cpus);
	rpcs_kernel_free(&two.kernel);
}

/** Each of both answers the other. */
static void *answer(void *arg)
{
	uint32_t me = (uint32_t)(uintptr_t)arg, now;

	stay_on(me);
	for (now = me; now < ANSWERS && !two.failed; now += 2) {
		while (two.turn != now && !two.failed)
			sched_yield();
		send_call(now, 1);
		two.turn = now + 1;
	}
	return NULL;
}

static void test_answers_come_behind(void **state)
{
	struct rpcs_counters c;

	(void)state;
	begin(1 << 21);
	run(answer, ANSWERS);
	assert_int_equal(two.taken, ANSWERS);
	assert_int_equal(two.disorder, 0);
	assert_int_equal(two.back, 0);
	c = end();
	assert_int_equal(c.records_lost, 0);
	assert_int_equal(c.records_sent, ANSWERS);
}

static void *send_many(void *arg)
{
	stay_on((uint32_t)(uintptr_t)arg);
	send_call(1, RECORDS);
	return NULL;
}

/* Both at once, and nobody takes anything: each fills its own ring, and all is counted. */
static void test_full(void **state)
{
	uint32_t room = (1 << 19) / RING_RECORD, i;
	pthread_t threads[2];
	struct rpcs_counters c;
	uintptr_t me;

	(void)state;
	begin(1 << 20);
	assert_true(RECORDS > room);
	for (me = 0; me < 2; me++)
		assert_int_equal(pthread_create(&threads[me], NULL, send_many, (void *)me), 0);
	for (me = 0; me < 2; me++)
		pthread_join(threads[me], NULL);
	c = kt_counters(two.kernel);
	assert_int_equal(c.records_sent, 2 * room);
	assert_int_equal(c.records_lost, 2 * (RECORDS - room));
	kt_drain(two.ring);
	assert_int_equal(two.taken, 2 * room);
	/* There is room again, in both. */
	for (i = 0; i < 2; i++) {
		assert_int_equal(pthread_create(&threads[i], NULL, answer, (void *)(uintptr_t)i),
				 0);
	}
	for (i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	c = end();
	assert_int_equal(c.records_sent, 2 * room + ANSWERS);
}

static void test_at_once(void **state)
{
	struct rpcs_counters c;

	(void)state;
	begin(16 << 20);
	run(send_many, 2 * RECORDS);
	assert_int_equal(two.taken, 2 * RECORDS);
	c = end();
	assert_int_equal(c.records_lost, 0);
	/* Nobody has asked for one. */
	assert_int_equal(c.wakeups, 0);
}

/** Descriptors of both rings in an epoll set, by edge. */
static int watch(void)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };
	int fd = epoll_create1(EPOLL_CLOEXEC);
	uint32_t i;

	assert_true(fd >= 0);
	for (i = 0; i < two.fds.count; i++)
		assert_int_equal(epoll_ctl(fd, EPOLL_CTL_ADD, two.fds.rings[i], &event), 0);
	return fd;
}

static void test_one_wakeup(void **state)
{
	struct epoll_event event;
	struct rpcs_counters c;
	int epoll;

	(void)state;
	begin(1 << 20);
	epoll = watch();
	stay_on(0);
	send_call(1, 100);
	assert_int_equal(epoll_wait(epoll, &event, 1, 0), 0);
	assert_false(rpcs_ring_arm(two.ring));
	kt_drain(two.ring);
	assert_true(rpcs_ring_arm(two.ring));
	assert_int_equal(epoll_wait(epoll, &event, 1, 0), 0);
	send_call(2, 100);
	assert_int_equal(epoll_wait(epoll, &event, 1, KT_DEADLINE_MS), 1);
	kt_drain(two.ring);
	assert_int_equal(two.taken, 200);
	/* Taken back: the other CPU's bell too. */
	rpcs_ring_disarm(two.ring);
	stay_on(1);
	send_call(3, 100);
	assert_int_equal(epoll_wait(epoll, &event, 1, 0), 0);
	close(epoll);
	c = end();
	assert_int_equal(c.wakeups, 1);
}

/** One record at a time, each as soon as the one before was taken, or a moment later. */
static void *send_slowly(void *arg)
{
	uint32_t i, wait;

	(void)arg;
	for (i = 0; i < SLEEPS && !two.failed; i++) {
		stay_on(i & 1);
		while (two.taken < i && !two.failed)
			sched_yield();
		for (wait = i * 2654435761U >> 24; wait; wait--)
			atomic_signal_fence(memory_order_seq_cst);
		send_call(i, 1);
	}
	return NULL;
}

/* A record that nobody is woken for would be waited for in vain. */
static void test_no_wakeup_is_lost(void **state)
{
	uint32_t asleep = 0, woken = 0;
	struct epoll_event event;
	struct rpcs_counters c;
	pthread_t thread;
	bool more;
	int epoll;

	(void)state;
	begin(1 << 20);
	epoll = watch();
	assert_int_equal(pthread_create(&thread, NULL, send_slowly, NULL), 0);
	while (two.taken < SLEEPS) {
		if (rpcs_ring_arm(two.ring)) {
			asleep++;
			woken += epoll_wait(epoll, &event, 1, KT_DEADLINE_MS) == 1;
			rpcs_ring_disarm(two.ring);
		}
		if (woken != asleep)
			break;
		assert_int_equal(rpcs_ring_consume(two.ring, 64, &more), 0);
	}
	two.failed |= woken != asleep;
	pthread_join(thread, NULL);
	close(epoll);
	assert_int_equal(woken, asleep);
	c = end();
	print_message("%u sleeps, %u wake-ups for %u records\n", asleep, (unsigned int)c.wakeups,
		      SLEEPS);
	assert_in_range(c.wakeups, 1, SLEEPS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_how_many),   cmocka_unit_test(test_answers_come_behind),
		cmocka_unit_test(test_full),	   cmocka_unit_test(test_at_once),
		cmocka_unit_test(test_one_wakeup), cmocka_unit_test(test_no_wakeup_is_lost),
	};

	return cmocka_run_group_tests_name("rings", tests, kt_setup, NULL);
}
