// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* `run --keep`: programs that stay, are taken over with nothing missed, and detached. */
#include "attach_test.h"

#include <rpcsentry/record.h>

enum { SEEN_MAX = 4096 };

/** How often each XID came out of the ring. */
struct seen {
	uint8_t times[SEEN_MAX];
	uint32_t records;
};

static void take(void *arg, const void *record, uint32_t len, const struct rpcs_frame *frame)
{
	const struct rpcs_record_rpc *rpc = record;
	struct seen *seen = arg;

	(void)frame;
	assert_true(len >= sizeof(*rpc));
	assert_int_equal(rpc->head.kind, RPCS_RECORD_CALL);
	assert_true(rpc->xid < SEEN_MAX);
	seen->times[rpc->xid]++;
	seen->records++;
}

static void drain(const struct rpcs_kernel *kernel, struct seen *seen)
{
	struct rpcs_ring *ring = kt_ring(kernel, take, seen);

	kt_drain(ring);
	rpcs_ring_free(&ring);
}

/** A first run that ends and leaves its programs. */
static void run_and_keep(enum rpcs_mode mode)
{
	struct rpcs_kernel *kernel = kt_load(true);
	struct rpcs_attachments *attachments = attach(kernel, "rsv0", mode);

	assert_int_equal(rpcs_attachments_keep(attachments), 0);
	rpcs_attachments_free(&attachments);
	rpcs_kernel_free(&kernel);
}

static int is_pinned(const char *name)
{
	char path[128];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", kt_pin_dir, name);
	return !stat(path, &st);
}

static void keep_and_take_over(enum rpcs_mode mode)
{
	struct rpcs_attachments *attachments;
	struct rpcs_kernel *kernel;
	static struct seen seen;
	uint32_t xid;

	kt_need();
	memset(&seen, 0, sizeof(seen));
	run_and_keep(mode);
	assert_true(is_pinned("rings"));
	assert_true(is_pinned("ring_0"));
	assert_true(is_pinned("bells"));
	assert_true(is_pinned("counters"));
	/* Nobody listens; the ring does. */
	for (xid = 0; xid < 10; xid++)
		send_either_way(xid);
	kernel = kt_load(true);
	attachments = attach(kernel, "rsv0", mode);
	rpcs_attachments_settle(attachments);
	send_either_way(xid);
	assert_int_equal(kt_await_calls(kernel, 11).calls, 11);
	drain(kernel, &seen);
	assert_int_equal(seen.records, 11);
	for (xid = 0; xid < 11; xid++)
		assert_int_equal(seen.times[xid], 1);
	rpcs_attachments_free(&attachments);
	rpcs_kernel_free(&kernel);
	assert_nothing_on("rsv0");
	kt_assert_no_pins();
}

static void test_keep_native(void **state)
{
	(void)state;
	keep_and_take_over(RPCS_MODE_NATIVE);
}

static void test_keep_generic(void **state)
{
	(void)state;
	keep_and_take_over(RPCS_MODE_GENERIC);
}

static void test_keep_tc(void **state)
{
	(void)state;
	keep_and_take_over(RPCS_MODE_TC);
}

static void test_keep_clsact(void **state)
{
	(void)state;
	setenv("RPCSENTRY_NO_TCX", "1", 1);
	keep_and_take_over(RPCS_MODE_TC);
}

/** Sends calls from another process, one every millisecond, while programs are exchanged. */
static pid_t send_on(uint32_t count)
{
	const struct timespec pause = { .tv_nsec = 1000000 };
	uint8_t frame[KT_FRAME];
	uint32_t xid;
	pid_t child;
	int fd = kt_socket("rsv1");

	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		for (xid = 0; xid < count; xid++) {
			kt_frame(frame, xid, 111);
			mark_long(frame, xid);
			if (send(fd, frame, sizeof(frame), 0) != sizeof(frame))
				_exit(1);
			nanosleep(&pause, NULL);
		}
		_exit(0);
	}
	close(fd);
	return child;
}

/** Several runs follow one another under traffic: every call is in the ring, once. */
static void hand_over_under_load(enum rpcs_mode mode)
{
	enum { COUNT = 3000 };
	struct rpcs_attachments *attachments;
	struct rpcs_kernel *kernel;
	static struct seen seen;
	pid_t child;
	int status, runs = 0;
	uint32_t xid;

	kt_need();
	memset(&seen, 0, sizeof(seen));
	run_and_keep(mode);
	child = send_on(COUNT);
	do {
		kernel = kt_load(true);
		attachments = attach(kernel, "rsv0", mode);
		drain(kernel, &seen);
		assert_int_equal(rpcs_attachments_keep(attachments), 0);
		rpcs_attachments_free(&attachments);
		rpcs_kernel_free(&kernel);
		runs++;
	} while (waitpid(child, &status, WNOHANG) == 0);
	assert_int_equal(status, 0);
	assert_true(runs > 1);
	kernel = kt_load(true);
	attachments = attach(kernel, "rsv0", mode);
	assert_int_equal(kt_await_calls(kernel, COUNT).calls, COUNT);
	drain(kernel, &seen);
	assert_int_equal(seen.records, COUNT);
	for (xid = 0; xid < COUNT; xid++)
		assert_int_equal(seen.times[xid], 1);
	rpcs_attachments_free(&attachments);
	rpcs_kernel_free(&kernel);
	kt_assert_no_pins();
}

static void test_hand_over_native(void **state)
{
	(void)state;
	hand_over_under_load(RPCS_MODE_NATIVE);
}

static void test_hand_over_tc(void **state)
{
	(void)state;
	hand_over_under_load(RPCS_MODE_TC);
}

static void test_hand_over_clsact(void **state)
{
	(void)state;
	setenv("RPCSENTRY_NO_TCX", "1", 1);
	hand_over_under_load(RPCS_MODE_TC);
}

static void change_mode(enum rpcs_mode first, enum rpcs_mode second)
{
	struct rpcs_attachments *attachments;
	struct rpcs_kernel *kernel;

	run_and_keep(first);
	kernel = kt_load(true);
	attachments = attach(kernel, "rsv0", second);
	kt_send("rsv1", 1);
	kt_send("rsv0", 2);
	kt_await_calls(kernel, 2);
	assert_int_equal(kt_counters(kernel).packets_watched, 2);
	rpcs_attachments_free(&attachments);
	rpcs_kernel_free(&kernel);
	assert_nothing_on("rsv0");
	kt_assert_no_pins();
}

/** Another mode than the kept one: the old program does not stay beside it. */
static void test_other_mode(void **state)
{
	(void)state;
	kt_need();
	change_mode(RPCS_MODE_TC, RPCS_MODE_NATIVE);
	change_mode(RPCS_MODE_NATIVE, RPCS_MODE_TC);
	change_mode(RPCS_MODE_NATIVE, RPCS_MODE_GENERIC);
	setenv("RPCSENTRY_NO_TCX", "1", 1);
	change_mode(RPCS_MODE_TC, RPCS_MODE_NATIVE);
	change_mode(RPCS_MODE_NATIVE, RPCS_MODE_TC);
}

/** Our own kept program is nobody else's. */
static void test_own_is_not_foreign(void **state)
{
	struct rpcs_interface interface;
	uint32_t count;

	(void)state;
	kt_need();
	run_and_keep(RPCS_MODE_NATIVE);
	assert_int_equal(rpcs_interface_inspect("rsv0", &interface), 0);
	assert_int_equal(interface.foreign_xdp, 0);
	assert_int_equal(rpcs_attachments_detach("rsv0", &count), 0);
}

static void detach_mode(enum rpcs_mode mode)
{
	uint32_t count = 0;

	run_and_keep(mode);
	assert_int_equal(rpcs_attachments_detach("rs-none", &count), -ENODEV);
	assert_true(is_pinned("counters"));
	assert_int_equal(rpcs_attachments_detach("rsv0", &count), 0);
	assert_int_equal(count, 2);
	assert_nothing_on("rsv0");
	kt_assert_no_pins();
	run_and_keep(mode);
	assert_int_equal(rpcs_attachments_detach(NULL, &count), 0);
	assert_int_equal(count, 2);
	assert_nothing_on("rsv0");
	kt_assert_no_pins();
}

static void test_detach(void **state)
{
	(void)state;
	kt_need();
	detach_mode(RPCS_MODE_NATIVE);
	detach_mode(RPCS_MODE_GENERIC);
	detach_mode(RPCS_MODE_TC);
	setenv("RPCSENTRY_NO_TCX", "1", 1);
	detach_mode(RPCS_MODE_TC);
	detach_mode(RPCS_MODE_NATIVE);
}

/** Detaching while another sensor runs leaves that one's maps. */
static void test_detach_beside_running(void **state)
{
	struct rpcs_attachments *attachments;
	struct rpcs_kernel *kernel;
	uint32_t count = 0;

	(void)state;
	kt_need();
	kernel = kt_load(true);
	attachments = attach(kernel, "rsv0", RPCS_MODE_NATIVE);
	assert_int_equal(rpcs_attachments_detach(NULL, &count), 0);
	assert_true(is_pinned("counters"));
	rpcs_attachments_free(&attachments);
	rpcs_kernel_free(&kernel);
	kt_assert_no_pins();
}

/** A ring of another size can't be taken over: said, and begun afresh. */
static void test_other_ring(void **state)
{
	const struct rpcs_kernel_options options = {
		.ring_size = 1 << 21,
		.flows = 1024,
		.calls = 1024,
		.pin = true,
	};
	struct rpcs_attachments *attachments;
	struct rpcs_kernel *kernel;
	static struct seen seen;
	const char *said;

	(void)state;
	kt_need();
	memset(&seen, 0, sizeof(seen));
	run_and_keep(RPCS_MODE_TC);
	kt_send("rsv1", 1);
	kt_listen();
	assert_int_equal(rpcs_kernel_load(&options, &kernel), 0);
	said = kt_said();
	assert_non_null(strstr(said, "ring"));
	assert_int_equal(kt_lines(said), 1);
	attachments = attach(kernel, "rsv0", RPCS_MODE_TC);
	kt_send("rsv1", 2);
	/* The counters went on. */
	assert_int_equal(kt_await_calls(kernel, 2).calls, 2);
	drain(kernel, &seen);
	assert_int_equal(seen.records, 1);
	assert_int_equal(seen.times[2], 1);
	rpcs_attachments_free(&attachments);
	rpcs_kernel_free(&kernel);
	kt_assert_no_pins();
}

/** What was kept on interfaces that this run does not watch goes when it settles. */
static void test_settle(void **state)
{
	struct rpcs_attachments *attachments;
	struct rpcs_interface second;
	struct rpcs_kernel *kernel;
	const char *said;

	(void)state;
	kt_need();
	kt_shell("ip link add rsw0 type veth peer name rsw1 && ip link set rsw0 name rs.w0 && "
		 "ip link set rs.w0 up");
	kernel = kt_load(true);
	attachments = attach(kernel, "rsv0", RPCS_MODE_TC);
	second = inspect("rs.w0", RPCS_MODE_NATIVE);
	assert_int_equal(rpcs_attachments_add(attachments, &second, RPCS_MODE_NATIVE), 0);
	assert_int_equal(rpcs_attachments_keep(attachments), 0);
	rpcs_attachments_free(&attachments);
	rpcs_kernel_free(&kernel);
	kernel = kt_load(true);
	attachments = attach(kernel, "rsv0", RPCS_MODE_TC);
	kt_listen();
	rpcs_attachments_settle(attachments);
	said = kt_said();
	assert_non_null(strstr(said, "rs.w0: programs of a former run taken off"));
	assert_int_equal(kt_lines(said), 1);
	assert_nothing_on("rs.w0");
	kt_shell("ip link del rs.w0");
	rpcs_attachments_free(&attachments);
	rpcs_kernel_free(&kernel);
	kt_assert_no_pins();
}

/** A kept link whose interface went and came back: a new one is made. */
static void test_interface_replaced(void **state)
{
	struct rpcs_attachments *attachments;
	struct rpcs_kernel *kernel;

	(void)state;
	kt_need();
	run_and_keep(RPCS_MODE_NATIVE);
	kt_shell("ip link del rsv0");
	make_veth();
	kernel = kt_load(true);
	attachments = attach(kernel, "rsv0", RPCS_MODE_NATIVE);
	kt_send("rsv1", 1);
	assert_int_equal(kt_await_calls(kernel, 1).calls, 1);
	rpcs_attachments_free(&attachments);
	rpcs_kernel_free(&kernel);
	kt_assert_no_pins();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RS_TEST(test_keep_native),
		RS_TEST(test_keep_generic),
		RS_TEST(test_keep_tc),
		RS_TEST(test_keep_clsact),
		RS_TEST(test_hand_over_native),
		RS_TEST(test_hand_over_tc),
		RS_TEST(test_hand_over_clsact),
		RS_TEST(test_other_mode),
		RS_TEST(test_own_is_not_foreign),
		RS_TEST(test_detach),
		RS_TEST(test_detach_beside_running),
		RS_TEST(test_other_ring),
		RS_TEST(test_settle),
		RS_TEST(test_interface_replaced),
	};

	return cmocka_run_group_tests_name("keep", tests, kt_setup, NULL);
}
