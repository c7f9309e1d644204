// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* `run --keep` that is killed: the programs stay, and the next run misses nothing. */
#include "attach_test.h"

#include <rpcsentry/record.h>
#include <signal.h>
#include <sys/prctl.h>

#include "commands.h"

enum { CALLS = 10 };

static char run_dir[] = "/tmp/rs-killed-XXXXXX";

static char policy[64];

/** A policy of the sizes that kt_load() takes. */
static int setup(void **state)
{
	FILE *file;

	kt_setup(state);
	if (!mkdtemp(run_dir) || setenv("RPCSENTRY_RUN_DIR", run_dir, 1))
		return -1;
	snprintf(policy, sizeof(policy), "%s/policy.yaml", run_dir);
	file = fopen(policy, "we");
	if (!file)
		return -1;
	fputs("sensor: {ring_size: 1048576}\nlimits: {flows: 1024, pending_calls: 1024}\n", file);
	/* Nothing of the host is touched. */
	fprintf(file, "inventory: {file: %s/services.json}\n", run_dir);
	return fclose(file);
}

static int teardown(void **state)
{
	char path[64];

	(void)state;
	snprintf(path, sizeof(path), "%s/rpcsentry.lock", run_dir);
	unlink(path);
	unlink(policy);
	return rmdir(run_dir);
}

static int is_pinned(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", kt_pin_dir, name);
	return !access(path, F_OK);
}

/** Starts the command itself; it is up when its pins are there. */
static pid_t start(const char *pin)
{
	static char *words[] = {
		"run", "-i", "rsv0", "--no-journal", "--keep", "-c", policy, NULL
	};
	uint64_t end = kt_now_ms() + KT_DEADLINE_MS;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		int null = open("/dev/null", O_RDWR | O_CLOEXEC);

		dup2(null, STDOUT_FILENO);
		dup2(null, STDERR_FILENO);
		_exit(rpcs_cmd_run(7, words));
	}
	while (!is_pinned(pin) && kt_now_ms() < end && !waitpid(child, NULL, WNOHANG))
		kt_nap();
	return child;
}

/** With its children, which are ours now: what is in the ring from here on stays there. */
static void end(pid_t child, int signal)
{
	kill(child, signal);
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		;
}

static void take(void *arg, const void *record, uint32_t len, const struct rpcs_frame *frame)
{
	const struct rpcs_record_rpc *rpc = record;
	uint8_t *times = arg;

	(void)frame;
	assert_true(len >= sizeof(*rpc));
	assert_true(rpc->xid <= CALLS);
	times[rpc->xid]++;
}

static void killed(const char *pin)
{
	uint8_t times[CALLS + 1] = { 0 };
	struct rpcs_attachments *attachments;
	struct rpcs_ring *ring;
	struct rpcs_kernel *kernel;
	uint32_t xid;

	end(start(pin), SIGKILL);
	assert_true(is_pinned(pin));
	for (xid = 0; xid < CALLS; xid++)
		kt_send("rsv1", xid);
	kernel = kt_load(true);
	attachments = attach(kernel, "rsv0", RPCS_MODE_TC);
	rpcs_attachments_settle(attachments);
	kt_send("rsv1", CALLS);
	assert_int_equal(kt_await_calls(kernel, CALLS + 1).calls, CALLS + 1);
	ring = kt_ring(kernel, take, times);
	kt_drain(ring);
	rpcs_ring_free(&ring);
	for (xid = 0; xid <= CALLS; xid++)
		assert_int_equal(times[xid], 1);
	rpcs_attachments_free(&attachments);
	rpcs_kernel_free(&kernel);
	assert_nothing_on("rsv0");
	kt_assert_no_pins();
}

static void test_killed(void **state)
{
	(void)state;
	kt_need();
	killed("links/rsv0-egress");
}

static void test_killed_clsact(void **state)
{
	(void)state;
	kt_need();
	setenv("RPCSENTRY_NO_TCX", "1", 1);
	killed("links/rsv0-egress_clsact");
}

/** An orderly end keeps, as before. */
static void test_ended(void **state)
{
	uint32_t count = 0;

	(void)state;
	kt_need();
	end(start("links/rsv0-egress"), SIGTERM);
	assert_true(is_pinned("links/rsv0-egress"));
	assert_int_equal(rpcs_attachments_detach("rsv0", &count), 0);
	assert_int_equal(count, 2);
	kt_assert_no_pins();
}

/** Pinned for a kill, but not kept (a run that failed later): nothing stays. */
static void test_pinned_only(void **state)
{
	struct rpcs_attachments *attachments;
	struct rpcs_kernel *kernel;

	(void)state;
	kt_need();
	kernel = kt_load(true);
	attachments = attach(kernel, "rsv0", RPCS_MODE_NATIVE);
	assert_int_equal(rpcs_attachments_pin(attachments), 0);
	assert_true(is_pinned("links/rsv0-xdp"));
	rpcs_attachments_free(&attachments);
	rpcs_kernel_free(&kernel);
	assert_nothing_on("rsv0");
	kt_assert_no_pins();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RS_TEST(test_killed),
		RS_TEST(test_killed_clsact),
		RS_TEST(test_ended),
		RS_TEST(test_pinned_only),
	};

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	return cmocka_run_group_tests_name("keep_killed", tests, setup, teardown);
}
