// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Attaching in every mode, in a network namespace of the test's own. */
#include "attach_test.h"

static void one_mode(enum rpcs_mode mode, uint8_t xdp_where, const char *clsact)
{
	struct rpcs_attachments *attachments;
	struct rpcs_netlink_link link;
	struct rpcs_kernel *kernel;
	struct rpcs_counters c;

	kt_need();
	kernel = kt_load(false);
	attachments = attach(kernel, "rsv0", mode);
	assert_int_equal(rpcs_netlink_link_get(if_nametoindex("rsv0"), &link), 0);
	assert_int_equal(link.xdp_where, xdp_where);
	assert_int_equal(kt_prints("tc qdisc show dev rsv0", "clsact"), clsact != NULL);
	kt_send("rsv1", 1); /* comes in */
	kt_send("rsv0", 2); /* leaves */
	c = kt_await_calls(kernel, 2);
	assert_int_equal(c.calls, 2);
	assert_int_equal(c.packets_watched, 2);
	assert_int_equal(c.rpc_seen, c.records_sent + c.records_suppressed + c.records_lost);
	rpcs_attachments_free(&attachments);
	assert_null(attachments);
	assert_nothing_on("rsv0");
	rpcs_kernel_free(&kernel);
}

static void test_native(void **state)
{
	(void)state;
	one_mode(RPCS_MODE_NATIVE, XDP_ATTACHED_DRV, NULL);
}

static void test_generic(void **state)
{
	(void)state;
	one_mode(RPCS_MODE_GENERIC, XDP_ATTACHED_SKB, NULL);
}

static void test_tc(void **state)
{
	(void)state;
	one_mode(RPCS_MODE_TC, XDP_ATTACHED_NONE, NULL);
}

static void test_tc_clsact(void **state)
{
	(void)state;
	setenv("RPCSENTRY_NO_TCX", "1", 1);
	one_mode(RPCS_MODE_TC, XDP_ATTACHED_NONE, "clsact");
}

static void test_native_clsact(void **state)
{
	(void)state;
	setenv("RPCSENTRY_NO_TCX", "1", 1);
	one_mode(RPCS_MODE_NATIVE, XDP_ATTACHED_DRV, "clsact");
}

static void test_no_egress(void **state)
{
	struct rpcs_attachments *attachments;
	struct rpcs_interface interface;
	struct rpcs_kernel *kernel;
	uint32_t count = 0;

	(void)state;
	kt_need();
	kernel = kt_load(false);
	assert_int_equal(rpcs_interface_inspect("rsv0", &interface), 0);
	rpcs_interface_choose(&interface, RPCS_MODE_TC, false);
	assert_int_equal(rpcs_attachments_new(kernel, &attachments), 0);
	assert_int_equal(rpcs_attachments_add(attachments, &interface, RPCS_MODE_TC), 0);
	if (!bpf_prog_query(interface.ifindex, 47, 0, NULL, NULL, &count))
		assert_int_equal(count, 0);
	kt_send("rsv0", 1);
	kt_send("rsv1", 2);
	assert_int_equal(kt_await_calls(kernel, 1).calls, 1);
	assert_int_equal(kt_counters(kernel).packets_watched, 1);
	rpcs_attachments_free(&attachments);
	rpcs_kernel_free(&kernel);
}

static void test_auto(void **state)
{
	struct rpcs_interface interface;

	(void)state;
	kt_need();
	interface = inspect("rsv0", RPCS_MODE_AUTO);
	assert_int_equal(interface.mode, RPCS_MODE_TC);
	assert_false(interface.physical);
	assert_true(interface.egress);
	assert_string_equal(interface.driver, "veth");
	assert_int_equal(interface.mtu, 1500);
	interface = inspect("lo", RPCS_MODE_AUTO);
	assert_int_equal(interface.mode, RPCS_MODE_TC);
	assert_true(interface.loopback);
	assert_false(interface.egress);
	/* A NIC gets driver XDP. */
	interface = inspect("rsv0", RPCS_MODE_AUTO);
	interface.physical = true;
	rpcs_interface_choose(&interface, RPCS_MODE_AUTO, true);
	assert_int_equal(interface.mode, RPCS_MODE_NATIVE);
}

/** A NIC whose driver has no XDP falls to TC, and says why. */
static void test_auto_falls(void **state)
{
	struct rpcs_interface interface;
	struct rpcs_attachments *attachments;
	struct rpcs_kernel *kernel;

	(void)state;
	kt_need();
	kt_shell("ip link add rsw0 type bridge && ip link set rsw0 up");
	kernel = kt_load(false);
	assert_int_equal(rpcs_attachments_new(kernel, &attachments), 0);
	assert_int_equal(rpcs_interface_inspect("rsw0", &interface), 0);
	interface.physical = true;
	rpcs_interface_choose(&interface, RPCS_MODE_AUTO, true);
	assert_int_equal(interface.mode, RPCS_MODE_NATIVE);
	assert_int_equal(rpcs_attachments_add(attachments, &interface, RPCS_MODE_AUTO), 0);
	assert_int_equal(interface.mode, RPCS_MODE_TC);
	assert_non_null(strstr(interface.reason, "driver"));
	kt_send("rsw0", 1);
	assert_int_equal(kt_await_calls(kernel, 1).calls, 1);
	rpcs_attachments_free(&attachments);
	/* Asked for by name it is an error, and one line. */
	assert_int_equal(rpcs_attachments_new(kernel, &attachments), 0);
	rpcs_interface_choose(&interface, RPCS_MODE_NATIVE, true);
	kt_listen();
	assert_int_equal(rpcs_attachments_add(attachments, &interface, RPCS_MODE_NATIVE),
			 -EOPNOTSUPP);
	const char *said = kt_said();

	assert_non_null(strstr(said, "-m tc"));
	assert_int_equal(kt_lines(said), 1);
	rpcs_attachments_free(&attachments);
	rpcs_kernel_free(&kernel);
	assert_nothing_on("rsw0");
}

/** An interface that is down is attached to; one that goes away takes nothing along. */
static void test_down_and_gone(void **state)
{
	static const enum rpcs_mode modes[] = { RPCS_MODE_NATIVE, RPCS_MODE_GENERIC, RPCS_MODE_TC };
	struct rpcs_attachments *attachments;
	struct rpcs_kernel *kernel;
	size_t i;

	(void)state;
	kt_need();
	kernel = kt_load(false);
	for (i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		kt_shell("ip link set rsv0 down");
		attachments = attach(kernel, "rsv0", modes[i]);
		kt_shell("ip link set rsv0 up");
		kt_send("rsv1", i);
		assert_int_equal(kt_await_calls(kernel, i + 1).calls, i + 1);
		kt_shell("ip link del rsv0");
		rpcs_attachments_free(&attachments);
		make_veth();
	}
	rpcs_kernel_free(&kernel);
}

static void test_no_such_interface(void **state)
{
	struct rpcs_interface interface;

	(void)state;
	kt_need();
	assert_int_equal(rpcs_interface_inspect("rs-none", &interface), -ENODEV);
	assert_int_equal(rpcs_interface_inspect("", &interface), -ENODEV);
	assert_int_equal(rpcs_interface_inspect("a-name-that-is-far-too-long-for-one", &interface),
			 -ENODEV);
}

static void forwarded(enum rpcs_mode mode)
{
	struct rpcs_attachments *attachments;
	struct rpcs_interface second;
	struct rpcs_kernel *kernel;
	uint8_t frame[KT_FRAME], got[KT_FRAME * 2];
	uint64_t end = kt_now_ms() + KT_DEADLINE_MS;
	struct rpcs_counters c;
	ssize_t len = -1;
	int fd;

	make_gateway();
	kernel = kt_load(false);
	attachments = attach(kernel, "rsv0", mode);
	second = inspect("rsw0", mode);
	assert_int_equal(rpcs_attachments_add(attachments, &second, mode), 0);
	fd = kt_socket("rsw1");
	kt_frame(frame, 77, 111);
	kt_send("rsv1", 77);
	while (kt_now_ms() < end) {
		len = recv(fd, got, sizeof(got), 0);
		if (len == KT_FRAME && !memcmp(got + 42, frame + 42, KT_FRAME - 42))
			break;
	}
	close(fd);
	/* It came through, with what UDP carries as it was, and counted once. */
	assert_int_equal(len, KT_FRAME);
	assert_memory_equal(got + 26, frame + 26, KT_FRAME - 26);
	c = kt_counters(kernel);
	assert_int_equal(c.packets_forwarded, 1);
	assert_int_equal(c.rpc_seen, 1);
	assert_int_equal(c.calls, 1);
	rpcs_attachments_free(&attachments);
	rpcs_kernel_free(&kernel);
	assert_nothing_on("rsv0");
	assert_nothing_on("rsw0");
}

static void test_forwarded_tc(void **state)
{
	(void)state;
	kt_need();
	forwarded(RPCS_MODE_TC);
}

static void test_forwarded_generic(void **state)
{
	(void)state;
	kt_need();
	forwarded(RPCS_MODE_GENERIC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RS_TEST(test_native),
		RS_TEST(test_generic),
		RS_TEST(test_tc),
		RS_TEST(test_tc_clsact),
		RS_TEST(test_native_clsact),
		RS_TEST(test_no_egress),
		RS_TEST(test_auto),
		RS_TEST(test_auto_falls),
		RS_TEST(test_down_and_gone),
		RS_TEST(test_no_such_interface),
		RS_TEST(test_forwarded_tc),
		RS_TEST(test_forwarded_generic),
	};

	return cmocka_run_group_tests_name("attach", tests, kt_setup, NULL);
}
