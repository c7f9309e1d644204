// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* One run a host: who holds the lock, who is refused, what a killed run leaves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/lock.h"

static char dir[] = "/tmp/rpcsentry-lock-XXXXXX";

static int setup(void **state)
{
	(void)state;
	return mkdtemp(dir) && !setenv(RPCS_RUN_DIR_ENV, dir, 1) ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	return rmdir(dir);
}

/** A process that takes the lock, says so, and then waits to be ended. */
static pid_t start_holder(void)
{
	int fds[2];
	char byte = 0;
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct rpcs_lock lock;
		pid_t other;

		byte = rpcs_lock_take(&lock, &other) ? 'n' : 'y';
		if (write(fds[1], &byte, 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(fds[1]);
	assert_int_equal(read(fds[0], &byte, 1), 1);
	close(fds[0]);
	assert_int_equal(byte, 'y');
	return pid;
}

static void test_second_is_refused_and_told_who(void **state)
{
	struct rpcs_lock lock;
	pid_t holder = start_holder(), found = 0;

	(void)state;
	assert_int_equal(rpcs_lock_take(&lock, &found), -EBUSY);
	assert_int_equal(found, holder);
	assert_int_equal(lock.fd, -1);
	kill(holder, SIGKILL);
	assert_int_equal(waitpid(holder, NULL, 0), holder);

	/* The killed one's file is still there, its lock is not. */
	assert_int_equal(access(lock.path, F_OK), 0);
	assert_int_equal(rpcs_lock_take(&lock, &found), 0);
	rpcs_lock_release(&lock);
	assert_int_equal(access(lock.path, F_OK), -1);
}

static void test_file_holds_the_process_id(void **state)
{
	struct rpcs_lock lock;
	char text[32] = "", expected[32];
	pid_t found;
	FILE *file;

	(void)state;
	assert_int_equal(rpcs_lock_take(&lock, &found), 0);
	file = fopen(lock.path, "r");
	assert_non_null(file);
	assert_non_null(fgets(text, sizeof(text), file));
	fclose(file);
	snprintf(expected, sizeof(expected), "%d\n", (int)getpid());
	assert_string_equal(text, expected);
	rpcs_lock_release(&lock);
	rpcs_lock_release(&lock);
}

static void test_garbage_in_the_file_is_no_pid(void **state)
{
	static const char *const texts[] = { "", "x\n", "12", "-\n", "99999999999999999999\n" };
	struct rpcs_lock lock;
	pid_t holder = start_holder(), found;
	char path[PATH_MAX];
	size_t i;

	(void)state;
	snprintf(path, sizeof(path), "%s/rpcsentry.lock", dir);
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		FILE *file = fopen(path, "r+");

		assert_non_null(file);
		assert_int_equal(ftruncate(fileno(file), 0), 0);
		fputs(texts[i], file);
		fclose(file);
		found = 77;
		assert_int_equal(rpcs_lock_take(&lock, &found), -EBUSY);
		assert_int_equal(found, 0);
	}
	kill(holder, SIGKILL);
	assert_int_equal(waitpid(holder, NULL, 0), holder);
	assert_int_equal(unlink(path), 0);
}

static void test_a_link_is_not_followed(void **state)
{
	struct rpcs_lock lock;
	char path[PATH_MAX];
	pid_t found;

	(void)state;
	snprintf(path, sizeof(path), "%s/rpcsentry.lock", dir);
	assert_int_equal(symlink("/tmp/rpcsentry-elsewhere", path), 0);
	assert_int_equal(rpcs_lock_take(&lock, &found), -ELOOP);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(access("/tmp/rpcsentry-elsewhere", F_OK), -1);
}

static void test_no_such_directory(void **state)
{
	struct rpcs_lock lock;
	pid_t found;

	(void)state;
	setenv(RPCS_RUN_DIR_ENV, "/nonexistent/rpcsentry", 1);
	assert_int_equal(rpcs_lock_take(&lock, &found), -ENOENT);
	setenv(RPCS_RUN_DIR_ENV, dir, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_second_is_refused_and_told_who),
		cmocka_unit_test(test_file_holds_the_process_id),
		cmocka_unit_test(test_garbage_in_the_file_is_no_pid),
		cmocka_unit_test(test_a_link_is_not_followed),
		cmocka_unit_test(test_no_such_directory),
	};

	return cmocka_run_group_tests_name("agent/lock", tests, setup, teardown);
}
