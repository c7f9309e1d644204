// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Attaching where others are, or where a killed run left something. */
#include "attach_test.h"

/** A program of somebody else's: passes everything. */
static int foreign_program(void)
{
	const struct bpf_insn code[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = XDP_PASS },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	int fd = bpf_prog_load(BPF_PROG_TYPE_XDP, "rs_foreign", "GPL", code, 2, NULL);

	assert_true(fd >= 0);
	return fd;
}

static void foreign_is_told(struct rpcs_kernel *kernel, enum rpcs_mode mode)
{
	struct rpcs_interface interface = inspect("rsv0", mode);
	struct rpcs_attachments *attachments;
	const char *said;
	char id[32];

	assert_true(interface.foreign_xdp != 0);
	assert_string_equal(interface.foreign_xdp_name, "rs_foreign");
	assert_int_equal(rpcs_attachments_new(kernel, &attachments), 0);
	kt_listen();
	assert_int_equal(rpcs_attachments_add(attachments, &interface, mode), -EBUSY);
	said = kt_said();
	snprintf(id, sizeof(id), "id %u, rs_foreign", interface.foreign_xdp);
	assert_non_null(strstr(said, id));
	assert_non_null(strstr(said, "rsv0"));
	assert_non_null(strstr(said, "ip link set dev rsv0 xdp off"));
	assert_int_equal(kt_lines(said), 1);
	rpcs_attachments_free(&attachments);
}

static void test_foreign_xdp(void **state)
{
	struct rpcs_interface interface;
	struct rpcs_attachments *attachments;
	struct rpcs_netlink_link link;
	struct rpcs_kernel *kernel;
	int fd, ifindex;

	(void)state;
	kt_need();
	ifindex = if_nametoindex("rsv0");
	kernel = kt_load(false);
	fd = foreign_program();
	assert_int_equal(bpf_xdp_attach(ifindex, fd, XDP_FLAGS_SKB_MODE, NULL), 0);
	foreign_is_told(kernel, RPCS_MODE_NATIVE);
	foreign_is_told(kernel, RPCS_MODE_GENERIC);
	/* With auto on a NIC: TC beside it. */
	assert_int_equal(rpcs_interface_inspect("rsv0", &interface), 0);
	interface.physical = true;
	rpcs_interface_choose(&interface, RPCS_MODE_AUTO, true);
	assert_int_equal(interface.mode, RPCS_MODE_TC);
	assert_non_null(strstr(interface.reason, "XDP program"));
	attachments = attach(kernel, "rsv0", RPCS_MODE_TC);
	kt_send("rsv1", 1);
	assert_int_equal(kt_await_calls(kernel, 1).calls, 1);
	rpcs_attachments_free(&attachments);
	assert_int_equal(rpcs_netlink_link_get(ifindex, &link), 0);
	assert_true(link.xdp_id != 0);
	close(fd);
	rpcs_kernel_free(&kernel);
}

/** A run that is killed: no asserts, they would go on with the tests in this process. */
static void attach_and_die(void)
{
	const struct rpcs_kernel_options options = { .ring_size = 1 << 20 };
	struct rpcs_attachments *attachments;
	struct rpcs_interface interface;
	struct rpcs_kernel *kernel;
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (child == 0) {
		if (rpcs_kernel_load(&options, &kernel) ||
		    rpcs_attachments_new(kernel, &attachments) ||
		    rpcs_interface_inspect("rsv0", &interface))
			_exit(1);
		rpcs_interface_choose(&interface, RPCS_MODE_TC, true);
		_exit(rpcs_attachments_add(attachments, &interface, RPCS_MODE_TC) ? 1 : 0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

/** A filter that a killed run left is replaced, not joined, and goes at the end. */
static void test_stale_clsact(void **state)
{
	struct rpcs_attachments *attachments;
	struct rpcs_kernel *kernel;

	(void)state;
	kt_need();
	setenv("RPCSENTRY_NO_TCX", "1", 1);
	attach_and_die();
	assert_true(kt_prints("tc filter show dev rsv0 ingress", "rpcs_tc_ingress"));
	kernel = kt_load(false);
	attachments = attach(kernel, "rsv0", RPCS_MODE_TC);
	kt_send("rsv1", 1);
	assert_int_equal(kt_await_calls(kernel, 1).packets_watched, 1);
	rpcs_attachments_free(&attachments);
	assert_nothing_on("rsv0");
	/* A kernel with TCX takes it off as well. */
	attach_and_die();
	unsetenv("RPCSENTRY_NO_TCX");
	attachments = attach(kernel, "rsv0", RPCS_MODE_TC);
	assert_false(kt_prints("tc filter show dev rsv0 ingress", "rpcs_tc_ingress"));
	rpcs_attachments_free(&attachments);
	assert_nothing_on("rsv0");
	rpcs_kernel_free(&kernel);
}

/** A TC filter of somebody else's on egress. */
static void add_foreign_filter(void)
{
	const struct bpf_insn code[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = -1 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)if_nametoindex("rsv0"),
		    .attach_point = BPF_TC_EGRESS);
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = 1, .priority = 1);
	int fd = bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "rs_foreign", "GPL", code, 2, NULL);

	assert_true(fd >= 0);
	opts.prog_fd = fd;
	assert_int_equal(bpf_tc_attach(&hook, &opts), 0);
	close(fd);
}

/** Somebody else's clsact qdisc stays. */
static void test_foreign_clsact(void **state)
{
	struct rpcs_attachments *attachments;
	struct rpcs_kernel *kernel;

	(void)state;
	kt_need();
	setenv("RPCSENTRY_NO_TCX", "1", 1);
	kt_shell("tc qdisc add dev rsv0 clsact");
	kernel = kt_load(false);
	attachments = attach(kernel, "rsv0", RPCS_MODE_TC);
	rpcs_attachments_free(&attachments);
	assert_true(kt_prints("tc qdisc show dev rsv0", "clsact"));
	assert_false(kt_prints("tc filter show dev rsv0 ingress", "rpcs"));
	kt_shell("tc qdisc del dev rsv0 clsact");
	/* Ours, but in use by somebody else at the end: stays too. */
	attachments = attach(kernel, "rsv0", RPCS_MODE_TC);
	add_foreign_filter();
	rpcs_attachments_free(&attachments);
	assert_true(kt_prints("tc filter show dev rsv0 egress", "rs_foreign"));
	assert_false(kt_prints("tc filter show dev rsv0 egress", "rpcs"));
	rpcs_kernel_free(&kernel);
}

/** Also after a killed run, which left its filters there: only those go. */
static void test_foreign_clsact_stale(void **state)
{
	struct rpcs_attachments *attachments;
	struct rpcs_kernel *kernel;
	uint32_t count;

	(void)state;
	kt_need();
	setenv("RPCSENTRY_NO_TCX", "1", 1);
	kt_shell("tc qdisc add dev rsv0 clsact");
	attach_and_die();
	kernel = kt_load(false);
	attachments = attach(kernel, "rsv0", RPCS_MODE_TC);
	rpcs_attachments_free(&attachments);
	assert_true(kt_prints("tc qdisc show dev rsv0", "clsact"));
	assert_false(kt_prints("tc filter show dev rsv0 ingress", "rpcs"));
	assert_false(kt_prints("tc filter show dev rsv0 egress", "rpcs"));
	attach_and_die();
	assert_int_equal(rpcs_attachments_detach("rsv0", &count), 0);
	assert_int_equal(count, 2);
	assert_true(kt_prints("tc qdisc show dev rsv0", "clsact"));
	/* And by a run on TCX or XDP. */
	attach_and_die();
	unsetenv("RPCSENTRY_NO_TCX");
	attachments = attach(kernel, "rsv0", RPCS_MODE_NATIVE);
	rpcs_attachments_free(&attachments);
	assert_true(kt_prints("tc qdisc show dev rsv0", "clsact"));
	assert_false(kt_prints("tc filter show dev rsv0 ingress", "rpcs"));
	rpcs_kernel_free(&kernel);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RS_TEST(test_foreign_xdp),
		RS_TEST(test_stale_clsact),
		RS_TEST(test_foreign_clsact),
		RS_TEST(test_foreign_clsact_stale),
	};

	return cmocka_run_group_tests_name("attach_others", tests, kt_setup, NULL);
}
