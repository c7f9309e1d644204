// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Interfaces that would show nothing, or every packet twice, are refused with one line. */
#include "attach_test.h"

#include "source/stacked.h"

static int unmake_all(void **state)
{
	if (!kt_skip)
		kt_shell("ip link del rsb0 2>/dev/null; true");
	return unmake(state);
}

/** Adding `name` fails with one line that holds all of `words`. */
static void refused(struct rpcs_attachments *attachments, const char *name, int error,
		    const char *const *words)
{
	struct rpcs_interface interface = inspect(name, RPCS_MODE_TC);
	const char *said;

	kt_listen();
	assert_int_equal(rpcs_attachments_add(attachments, &interface, RPCS_MODE_TC), error);
	said = kt_said();
	assert_int_equal(kt_lines(said), 1);
	for (; *words; words++)
		assert_non_null(strstr(said, *words));
	assert_nothing_on(name);
}

/** Loopback and Ethernet are not refused. */
static void test_ethernet(void **state)
{
	(void)state;
	kt_need();
	struct rpcs_interface loopback = inspect("lo", RPCS_MODE_TC);
	struct rpcs_interface veth = inspect("rsv0", RPCS_MODE_TC);

	assert_int_equal(rpcs_interface_layer(&loopback), RPCS_LAYER_ETHERNET);
	assert_int_equal(rpcs_interface_layer(&veth), RPCS_LAYER_ETHERNET);
}

static void make_bridge(const char *port)
{
	char command[96];

	if (system("ip link add rsb0 type bridge")) {
		print_message("SKIPPED: this kernel has no bridge\n");
		skip();
	}
	snprintf(command, sizeof(command), "ip link set %s master rsb0 && ip link set rsb0 up",
		 port);
	kt_shell(command);
}

/** A bridge and its port, in either order; either alone is fine. */
static void test_bridge_and_port(void **state)
{
	static const char *const words[] = { "rsb0", "rsv0", "twice", "watch one of them", NULL };
	struct rpcs_attachments *attachments;
	struct rpcs_kernel *kernel;

	(void)state;
	kt_need();
	make_bridge("rsv0");
	kernel = kt_load(false);
	attachments = attach(kernel, "rsb0", RPCS_MODE_TC);
	refused(attachments, "rsv0", -EBUSY, words);
	rpcs_attachments_free(&attachments);
	attachments = attach(kernel, "rsv0", RPCS_MODE_TC);
	refused(attachments, "rsb0", -EBUSY, words);
	rpcs_attachments_free(&attachments);
	rpcs_kernel_free(&kernel);
}

/** Two ports of a bridge, a bridge and what is no port of it: not refused. */
static void test_side_by_side(void **state)
{
	struct rpcs_attachments *attachments;
	struct rpcs_interface other;
	struct rpcs_kernel *kernel;

	(void)state;
	kt_need();
	make_bridge("rsv0");
	kt_shell("ip link add rsw0 type veth peer name rsw1 && ip link set rsw0 up");
	kernel = kt_load(false);
	attachments = attach(kernel, "rsb0", RPCS_MODE_TC);
	other = inspect("rsw0", RPCS_MODE_TC);
	assert_int_equal(rpcs_attachments_add(attachments, &other, RPCS_MODE_TC), 0);
	rpcs_attachments_free(&attachments);
	kt_shell("ip link set rsw0 master rsb0");
	attachments = attach(kernel, "rsv0", RPCS_MODE_TC);
	other = inspect("rsw0", RPCS_MODE_TC);
	assert_int_equal(rpcs_attachments_add(attachments, &other, RPCS_MODE_TC), 0);
	rpcs_attachments_free(&attachments);
	rpcs_kernel_free(&kernel);
}

/** A device made on another, and that one's master: over two steps as well. */
static void test_vlan(void **state)
{
	uint32_t carrier, vlan, bridge;

	(void)state;
	kt_need();
	carrier = if_nametoindex("rsv0");
	if (system("ip link add link rsv0 name rsv0.5 type vlan id 5 2>/dev/null") &&
	    system("ip link add link rsv0 name rsv0.5 type macvlan 2>/dev/null")) {
		print_message("SKIPPED: this kernel has neither VLAN nor macvlan devices\n");
		skip();
	}
	vlan = if_nametoindex("rsv0.5");
	assert_int_equal(rpcs_stacked_find(vlan, &carrier, 1), 0);
	assert_int_equal(rpcs_stacked_find(carrier, &vlan, 1), 0);
	make_bridge("rsv0.5");
	bridge = if_nametoindex("rsb0");
	assert_int_equal(rpcs_stacked_find(carrier, &bridge, 1), 0);
	assert_int_equal(rpcs_stacked_find(bridge, &carrier, 1), 0);
}

/** The other end of a veth pair is another machine's, for what we know. */
static void test_veth_pair(void **state)
{
	uint32_t ends[2];

	(void)state;
	kt_need();
	ends[0] = if_nametoindex("lo");
	ends[1] = if_nametoindex("rsv1");
	assert_int_equal(rpcs_stacked_find(if_nametoindex("rsv0"), ends, 2), -ENOENT);
}

int main(void)
{
#define RS_REFUSED(fn) cmocka_unit_test_setup_teardown(fn, make, unmake_all)
	const struct CMUnitTest tests[] = {
		RS_REFUSED(test_ethernet),     RS_REFUSED(test_bridge_and_port),
		RS_REFUSED(test_side_by_side), RS_REFUSED(test_vlan),
		RS_REFUSED(test_veth_pair),
	};

	return cmocka_run_group_tests_name("refused", tests, kt_setup, NULL);
}
