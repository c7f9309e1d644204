// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Child processes: what they keep of their parent, and how they end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "agent/child.h"

enum { LONG_MS = 10000 };

static void test_only_the_named_descriptors_stay(void **state)
{
	int fds[6], i, keep[4];
	struct rpcs_child child;
	int side;

	(void)state;
	for (i = 0; i < 6; i++) {
		fds[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
		assert_true(fds[i] > 2);
	}
	/* Not in order, one missing, one twice. */
	keep[0] = fds[4];
	keep[1] = -1;
	keep[2] = fds[1];
	keep[3] = fds[4];
	side = rpcs_child_fork("test", &child);
	if (side == 0) {
		int wrong = rpcs_child_enter("rpcs-test", keep, 4) != 0;

		for (i = 0; i < 6; i++)
			wrong |= (fcntl(fds[i], F_GETFD) >= 0) != (i == 1 || i == 4);
		for (i = 0; i <= 2; i++)
			wrong |= fcntl(i, F_GETFD) < 0;
		_exit(wrong);
	}
	assert_int_equal(side, 1);
	assert_int_equal(rpcs_child_wait(&child, LONG_MS), 0);
	assert_true(rpcs_child_ended_well(&child));
	for (i = 0; i < 6; i++)
		close(fds[i]);
}

static void test_signals_of_the_terminal_are_the_parents(void **state)
{
	struct rpcs_child child;
	int ready[2], side;
	char byte;

	(void)state;
	assert_int_equal(pipe(ready), 0);
	side = rpcs_child_fork("test", &child);
	if (side == 0) {
		int keep = ready[1];

		if (rpcs_child_enter("rpcs-test", &keep, 1))
			_exit(1);
		raise(SIGINT);
		raise(SIGTERM);
		raise(SIGHUP);
		raise(SIGQUIT);
		raise(SIGPIPE);
		_exit(write(keep, "x", 1) == 1 ? 0 : 1);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	assert_int_equal(rpcs_child_wait(&child, LONG_MS), 0);
	assert_true(rpcs_child_ended_well(&child));
}

static void test_wait_has_an_end_and_kill_works(void **state)
{
	struct rpcs_child child;
	char how[64];
	int side = rpcs_child_fork("test", &child);

	(void)state;
	if (side == 0)
		for (;;)
			pause();
	assert_int_equal(rpcs_child_wait(&child, 20), -ETIMEDOUT);
	assert_int_not_equal(child.pid, 0);
	rpcs_child_kill(&child);
	assert_int_equal(child.pid, 0);
	assert_false(rpcs_child_ended_well(&child));
	rpcs_child_describe(&child, how, sizeof(how));
	assert_string_equal(how, "signal 9 (Killed)");
	/* Nothing left to wait for, nothing to kill. */
	assert_int_equal(rpcs_child_wait(&child, -1), 0);
	rpcs_child_kill(&child);
}

static void test_exit_status_is_told(void **state)
{
	struct rpcs_child child;
	char how[64];

	(void)state;
	if (rpcs_child_fork("test", &child) == 0)
		_exit(7);
	assert_int_equal(rpcs_child_wait(&child, LONG_MS), 0);
	assert_false(rpcs_child_ended_well(&child));
	rpcs_child_describe(&child, how, sizeof(how));
	assert_string_equal(how, "exit status 7");
}

/** The orphan holds the write end: its end closes the pipe, which is all we can see of it. */
static void test_a_stuck_orphan_ends(void **state)
{
	struct pollfd wait;
	struct rpcs_child child;
	int life[2];
	char byte;

	(void)state;
	assert_int_equal(pipe(life), 0);
	if (rpcs_child_fork("parent", &child) == 0) {
		struct rpcs_child orphan;
		pid_t self = getpid();

		if (rpcs_child_fork("orphan", &orphan) == 0) {
			int keep = life[1];

			if (rpcs_child_enter("rpcs-test", &keep, 1) || rpcs_child_follow(self) ||
			    write(keep, "x", 1) != 1)
				_exit(1);
			for (;;) /* as if stuck in a write */
				pause();
		}
		close(life[1]);
		if (read(life[0], &byte, 1) != 1)
			_exit(1);
		raise(SIGKILL);
	}
	close(life[1]);
	assert_int_equal(rpcs_child_wait(&child, LONG_MS), 0);
	wait = (struct pollfd){ .fd = life[0], .events = POLLIN };
	assert_int_equal(poll(&wait, 1, LONG_MS), 1);
	assert_int_equal(read(life[0], &byte, 1), 0);
	close(life[0]);
}

static void test_an_orphan_from_the_start_is_told(void **state)
{
	struct rpcs_child child;

	(void)state;
	if (rpcs_child_fork("test", &child) == 0)
		_exit(rpcs_child_follow(getpid()) == -ESRCH ? 0 : 1);
	assert_int_equal(rpcs_child_wait(&child, LONG_MS), 0);
	assert_true(rpcs_child_ended_well(&child));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_only_the_named_descriptors_stay),
		cmocka_unit_test(test_signals_of_the_terminal_are_the_parents),
		cmocka_unit_test(test_wait_has_an_end_and_kill_works),
		cmocka_unit_test(test_exit_status_is_told),
		cmocka_unit_test(test_a_stuck_orphan_ends),
		cmocka_unit_test(test_an_orphan_from_the_start_is_told),
	};

	return cmocka_run_group_tests_name("agent/child", tests, NULL, NULL);
}
