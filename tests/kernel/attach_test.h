/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A veth pair, rsv0 and rsv1, for each test; attaching to it; is everything off again? */
#ifndef RPCSENTRY_TESTS_ATTACH_TEST_H
#define RPCSENTRY_TESTS_ATTACH_TEST_H

#include "kernel_test.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <linux/if_link.h>

#include "source/attach.h"
#include "source/netlink.h"

#define RS_TEST(fn) cmocka_unit_test_setup_teardown(fn, make, unmake)

KT_UNUSED static void make_veth(void)
{
	kt_shell("ip link add rsv0 type veth peer name rsv1 && ip link set rsv0 up && "
		 "ip link set rsv1 up && ip link set lo up");
}

/** Has rsv0 forward to 10.8.0.0/24 behind rsw0, whose other end is rsw1. */
KT_UNUSED static void make_gateway(void)
{
	kt_shell("ip link add rsw0 type veth peer name rsw1 && ip link set rsw0 up && "
		 "ip link set rsw1 up && ip link set rsv0 address 02:00:00:00:00:0a && "
		 "ip addr add 10.9.0.1/24 dev rsv0 && ip addr add 10.8.0.1/24 dev rsw0 && "
		 "ip neigh add 10.8.0.2 lladdr 02:00:00:00:00:0c dev rsw0 && "
		 "echo 1 >/proc/sys/net/ipv4/ip_forward && "
		 "echo 0 >/proc/sys/net/ipv4/conf/all/rp_filter");
}

/* To a group, what is no plain packet: every other frame takes the long way, by the tail call. */
KT_UNUSED static void mark_long(uint8_t frame[KT_FRAME], uint32_t xid)
{
	frame[0] |= xid & 1;
}

KT_UNUSED static void send_either_way(uint32_t xid)
{
	uint8_t frame[KT_FRAME];
	int fd = kt_socket("rsv1");

	kt_frame(frame, xid, 111);
	mark_long(frame, xid);
	assert_int_equal(send(fd, frame, sizeof(frame), 0), sizeof(frame));
	close(fd);
}

KT_UNUSED static int make(void **state)
{
	(void)state;
	unsetenv("RPCSENTRY_NO_TCX");
	if (!kt_skip)
		make_veth();
	return 0;
}

KT_UNUSED static int unmake(void **state)
{
	(void)state;
	unsetenv("RPCSENTRY_NO_TCX");
	return kt_skip ? 0
		       : system("ip link del rsv0 2>/dev/null; ip link del rsw0 2>/dev/null; true");
}

KT_UNUSED static struct rpcs_interface inspect(const char *name, enum rpcs_mode mode)
{
	struct rpcs_interface interface;

	assert_int_equal(rpcs_interface_inspect(name, &interface), 0);
	rpcs_interface_choose(&interface, mode, true);
	return interface;
}

KT_UNUSED static struct rpcs_attachments *attach(struct rpcs_kernel *kernel, const char *name,
						 enum rpcs_mode mode)
{
	struct rpcs_interface interface = inspect(name, mode);
	struct rpcs_attachments *attachments;

	assert_int_equal(rpcs_attachments_new(kernel, &attachments), 0);
	assert_int_equal(rpcs_attachments_add(attachments, &interface, mode), 0);
	assert_int_equal(interface.mode, mode == RPCS_MODE_AUTO ? RPCS_MODE_TC : mode);
	return attachments;
}

KT_UNUSED static void assert_nothing_on(const char *name)
{
	struct rpcs_netlink_link link;
	uint32_t count = 0, ifindex = if_nametoindex(name);
	char command[64];

	assert_int_equal(rpcs_netlink_link_get(ifindex, &link), 0);
	assert_int_equal(link.xdp_id, 0);
	/* TCX ingress and egress; older kernels know neither. */
	if (!bpf_prog_query(ifindex, 46, 0, NULL, NULL, &count))
		assert_int_equal(count, 0);
	if (!bpf_prog_query(ifindex, 47, 0, NULL, NULL, &count))
		assert_int_equal(count, 0);
	snprintf(command, sizeof(command), "tc qdisc show dev %s", name);
	assert_false(kt_prints(command, "clsact"));
}

#endif
