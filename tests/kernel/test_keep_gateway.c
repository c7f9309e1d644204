// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * `run --keep` on both sides of a gateway: a forwarded packet counts where it came in as long
 * as that side is watched, and where it leaves from then on.
 */
#include "attach_test.h"

#include <rpcsentry/incoming.h>

#include "source/pins.h"

enum { ALIKE = 5000 };

/** A run that watches these, the last one NULL. */
static void begin(const char *const *names, enum rpcs_mode mode, struct rpcs_kernel **ret_kernel,
		  struct rpcs_attachments **ret_attachments)
{
	*ret_kernel = kt_load(true);
	*ret_attachments = attach(*ret_kernel, *names, mode);
	while (*++names) {
		struct rpcs_interface one = inspect(*names, mode);

		assert_int_equal(rpcs_attachments_add(*ret_attachments, &one, mode), 0);
	}
	rpcs_attachments_settle(*ret_attachments);
}

static void end(struct rpcs_kernel **kernel, struct rpcs_attachments **attachments, bool keep)
{
	if (keep)
		assert_int_equal(rpcs_attachments_keep(*attachments), 0);
	rpcs_attachments_free(attachments);
	rpcs_kernel_free(kernel);
}

static void run_and_keep(const char *const *names, enum rpcs_mode mode)
{
	struct rpcs_attachments *attachments;
	struct rpcs_kernel *kernel;

	begin(names, mode, &kernel, &attachments);
	end(&kernel, &attachments, true);
}

static const char *const both[] = { "rsv0", "rsw0", NULL };
static const char *const outside[] = { "rsw0", NULL };

/** Has the gateway forward a call from here; it has left when this returns. */
static void pass(const char *from, uint32_t xid)
{
	uint64_t deadline = kt_now_ms() + KT_DEADLINE_MS;
	uint8_t frame[KT_FRAME], got[KT_FRAME * 2];
	int fd = kt_socket("rsw1");

	kt_frame(frame, xid, 111);
	kt_send(from, xid);
	while (recv(fd, got, sizeof(got), 0) != KT_FRAME || memcmp(got + 42, frame + 42, 4))
		assert_true(kt_now_ms() < deadline);
	close(fd);
}

/** What the programs that are there have counted, whether somebody runs or not. */
static void assert_counted(uint64_t calls, uint64_t forwarded)
{
	struct rpcs_counters counters;
	char path[RPCS_PIN_PATH];
	int fd;

	assert_int_equal(rpcs_pins_path("counters", path), 0);
	fd = rpcs_pins_open(path);
	assert_true(fd >= 0);
	assert_int_equal(rpcs_kernel_counters_read(fd, &counters), 0);
	close(fd);
	assert_int_equal(counters.calls, calls);
	assert_int_equal(counters.packets_forwarded, forwarded);
}

static void detach(const char *name)
{
	uint32_t count;

	assert_int_equal(rpcs_attachments_detach(name, &count), 0);
	if (!name)
		kt_assert_no_pins();
}

/** Kept, without an agent; and a later run that takes the other side over. */
static void detach_one(enum rpcs_mode mode)
{
	struct rpcs_attachments *attachments;
	struct rpcs_kernel *kernel;

	kt_need();
	make_gateway();
	run_and_keep(both, mode);
	pass("rsv1", 1);
	assert_counted(1, 1);
	detach("rsv0");
	pass("rsv1", 2);
	assert_counted(2, 1);
	begin(outside, mode, &kernel, &attachments);
	pass("rsv1", 3);
	assert_counted(3, 1);
	end(&kernel, &attachments, false);
	kt_assert_no_pins();
}

static void test_detach_one_tc(void **state)
{
	(void)state;
	detach_one(RPCS_MODE_TC);
}

static void test_detach_one_generic(void **state)
{
	(void)state;
	detach_one(RPCS_MODE_GENERIC);
}

static void test_detach_one_clsact(void **state)
{
	(void)state;
	setenv("RPCSENTRY_NO_TCX", "1", 1);
	detach_one(RPCS_MODE_TC);
}

/** The same while the agent is there, which pins what `--keep` is to leave. */
static void test_detach_beside_agent(void **state)
{
	struct rpcs_attachments *attachments;
	struct rpcs_kernel *kernel;

	(void)state;
	kt_need();
	make_gateway();
	begin(both, RPCS_MODE_TC, &kernel, &attachments);
	pass("rsv1", 1);
	assert_counted(1, 1);
	assert_int_equal(rpcs_attachments_pin(attachments), 0);
	detach("rsv0");
	pass("rsv1", 2);
	assert_counted(2, 1);
	end(&kernel, &attachments, false);
	kt_assert_no_pins();
}

/** A run goes on with what the kept programs of the other side see, and takes them off. */
static void test_taken_over(void **state)
{
	struct rpcs_attachments *attachments;
	struct rpcs_kernel *kernel;

	(void)state;
	kt_need();
	make_gateway();
	run_and_keep(both, RPCS_MODE_TC);
	kernel = kt_load(true);
	attachments = attach(kernel, "rsw0", RPCS_MODE_TC);
	pass("rsv1", 1);
	assert_counted(1, 1);
	rpcs_attachments_settle(attachments);
	pass("rsv1", 2);
	assert_counted(2, 1);
	end(&kernel, &attachments, false);
	kt_assert_no_pins();
}

/** A run that fails leaves the kept programs as they are: what they see counts once. */
static void test_failed_run(void **state)
{
	struct rpcs_attachments *attachments;
	struct rpcs_interface busy;
	struct rpcs_kernel *kernel;

	(void)state;
	kt_need();
	make_gateway();
	run_and_keep(both, RPCS_MODE_TC);
	kernel = kt_load(true);
	assert_int_equal(rpcs_attachments_new(kernel, &attachments), 0);
	busy = inspect("rsv0", RPCS_MODE_NATIVE);
	busy.foreign_xdp = 1;
	kt_listen();
	assert_int_equal(rpcs_attachments_add(attachments, &busy, RPCS_MODE_NATIVE), -EBUSY);
	assert_int_equal(kt_lines(kt_said()), 1);
	end(&kernel, &attachments, false);
	pass("rsv1", 1);
	assert_counted(1, 1);
	detach(NULL);
}

/** What an older version kept there has another form: said, and begun afresh. */
static void test_older_form(void **state)
{
	struct rpcs_attachments *attachments;
	const uint32_t one = 1, two = 2;
	struct rpcs_kernel *kernel;
	char path[RPCS_PIN_PATH];
	const char *said;
	int fd;

	(void)state;
	kt_need();
	make_gateway();
	run_and_keep(both, RPCS_MODE_TC);
	assert_int_equal(rpcs_pins_path("interfaces", path), 0);
	assert_int_equal(unlink(path), 0);
	fd = bpf_map_create(BPF_MAP_TYPE_HASH, "interfaces", 4, 4, 256, NULL);
	assert_true(fd >= 0);
	assert_int_equal(bpf_map_update_elem(fd, &one, &two, BPF_ANY), 0);
	assert_int_equal(bpf_obj_pin(fd, path), 0);
	close(fd);
	/* Detaching has nothing to change there. */
	detach("rsv0");
	kt_listen();
	begin(both, RPCS_MODE_TC, &kernel, &attachments);
	said = kt_said();
	assert_non_null(strstr(said, "the kept map interfaces has another size or form"));
	assert_int_equal(kt_lines(said), 1);
	pass("rsv1", 1);
	assert_counted(1, 1);
	end(&kernel, &attachments, false);
	kt_assert_no_pins();
}

/** rsv0 and rsx0, behind as many others as fill the set that the numbers of all lead to. */
static void make_alike(const char *names[RPCS_INCOMING_OF_SET + 4])
{
	static char others[RPCS_INCOMING_OF_SET][IF_NAMESIZE];
	char command[256];
	int i;

	for (i = 0; i < RPCS_INCOMING_OF_SET; i++) {
		snprintf(others[i], sizeof(others[i]), "rsd%d", i);
		snprintf(command, sizeof(command),
			 "ip link add %s index %d type veth peer name rse%d", others[i],
			 ALIKE + i * RPCS_INCOMING_SETS, i);
		kt_shell(command);
		names[i] = others[i];
	}
	snprintf(command, sizeof(command),
		 "ip link del rsv0 && ip link add rsv0 index %d type veth peer name rsv1 && "
		 "ip link add rsx0 index %d type veth peer name rsx1",
		 ALIKE + i * RPCS_INCOMING_SETS, ALIKE + (i + 1) * RPCS_INCOMING_SETS);
	kt_shell(command);
	kt_shell("ip link set rsv0 up && ip link set rsv1 up && ip link set rsx1 up && "
		 "ip link set rsx0 address 02:00:00:00:00:0a up && "
		 "echo 0 >/proc/sys/net/ipv4/conf/rsx0/rp_filter");
	names[i++] = "rsv0";
	names[i++] = "rsx0";
	names[i++] = "rsw0";
	names[i] = NULL;
}

/** Interfaces whose numbers lead to one place are told apart, in whatever order they go. */
static void test_alike(void **state)
{
	const char *names[RPCS_INCOMING_OF_SET + 4];
	struct rpcs_attachments *attachments;
	struct rpcs_kernel *kernel;

	(void)state;
	kt_need();
	make_alike(names);
	make_gateway();
	begin(names, RPCS_MODE_TC, &kernel, &attachments);
	pass("rsv1", 1);
	pass("rsx1", 2);
	assert_counted(2, 2);
	end(&kernel, &attachments, true);
	detach("rsv0");
	pass("rsv1", 3);
	assert_counted(3, 2);
	pass("rsx1", 4);
	assert_counted(4, 3);
	detach("rsx0");
	pass("rsx1", 5);
	assert_counted(5, 3);
	detach(NULL);
	kt_shell("ip link del rsx0; for i in $(seq 0 6); do ip link del rsd$i; done");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RS_TEST(test_detach_one_tc),	 RS_TEST(test_detach_one_generic),
		RS_TEST(test_detach_one_clsact), RS_TEST(test_detach_beside_agent),
		RS_TEST(test_taken_over),	 RS_TEST(test_failed_run),
		RS_TEST(test_older_form),	 RS_TEST(test_alike),
	};

	return cmocka_run_group_tests_name("keep_gateway", tests, kt_setup, NULL);
}
