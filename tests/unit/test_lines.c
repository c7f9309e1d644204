// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Lines before a descriptor: whole ones only, through short writes, full pipes and errors. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "output/lines.h"

static int put(struct rpcs_lines *lines, size_t len, char c)
{
	char *room;
	int err = rpcs_lines_room(lines, &room);

	if (err)
		return err;
	memset(room, c, len - 1);
	room[len - 1] = '\n';
	rpcs_lines_add(lines, len);
	return 0;
}

static void test_batch(void **state)
{
	struct rpcs_lines lines;
	int fd = memfd_create("lines", 0);
	int i;

	(void)state;
	assert_int_equal(rpcs_lines_init(&lines, fd), 0);
	assert_int_equal(put(&lines, 100, 'a'), 0);
	assert_int_equal(lseek(fd, 0, SEEK_END), 0); /* waits */
	for (i = 0; i < RPCS_LINES_BATCH / 1000; i++)
		assert_int_equal(put(&lines, 1000, 'b'), 0);
	assert_int_equal(put(&lines, 1000, 'c'), 0);
	assert_int_equal(put(&lines, RPCS_LINE_MAX, 'd'), 0);
	/* The batch went when there was enough of it, all in whole lines. */
	assert_int_equal(lseek(fd, 0, SEEK_END), 100 + 1000 * (RPCS_LINES_BATCH / 1000 + 1));
	assert_int_equal(rpcs_lines_flush(&lines), 0);
	assert_int_equal(lines.used, 0);
	rpcs_lines_free(&lines);
	close(fd);
}

/* A pipe that does not block and holds less than is written: nothing is lost or cut. */
static void test_slow_reader(void **state)
{
	const size_t total = 50000 * 20;
	struct rpcs_lines lines;
	int ends[2];
	pid_t reader;
	int status;
	int i;

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	reader = fork();
	assert_true(reader >= 0);
	if (reader == 0) {
		static char buf[777]; /* never the writer's own portions */
		size_t sum = 0;
		ssize_t got;

		close(ends[1]);
		while ((got = read(ends[0], buf, sizeof(buf))) > 0)
			sum += got;
		_exit(sum == total ? 0 : 1);
	}
	close(ends[0]);
	assert_int_equal(fcntl(ends[1], F_SETFL, O_NONBLOCK), 0);
	assert_int_equal(rpcs_lines_init(&lines, ends[1]), 0);
	for (i = 0; i < 20; i++)
		assert_int_equal(put(&lines, 50000, 'x'), 0);
	assert_int_equal(rpcs_lines_flush(&lines), 0);
	rpcs_lines_free(&lines);
	close(ends[1]);
	assert_int_equal(waitpid(reader, &status, 0), reader);
	assert_int_equal(status, 0);
}

static void test_reader_gone(void **state)
{
	struct rpcs_lines lines;
	int ends[2];
	int i, err = 0;

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	close(ends[0]);
	assert_int_equal(rpcs_lines_init(&lines, ends[1]), 0);
	assert_int_equal(put(&lines, 10, 'x'), 0);
	assert_int_equal(rpcs_lines_flush(&lines), -EPIPE);
	/* Goes on as long as one likes, in the memory it has. */
	for (i = 0; i < 10000; i++)
		err = put(&lines, 1000, 'x');
	assert_int_equal(err, -EPIPE);
	assert_true(lines.used <= RPCS_LINES_BATCH + 1000);
	rpcs_lines_free(&lines);
	close(ends[1]);
}

/* A file that may grow no further after half a line: the next one must not begin with the rest. */
static void test_reopen_after_cut(void **state)
{
	struct rlimit small, old;
	struct rpcs_lines lines;
	char text[64] = "";
	int before = memfd_create("before", 0);
	int after = memfd_create("after", 0);

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(rpcs_lines_init(&lines, before), 0);
	assert_int_equal(put(&lines, 6000, 'a'), 0);
	assert_int_equal(put(&lines, 10, 'b'), 0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small = old;
	small.rlim_cur = 4096;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	assert_int_equal(rpcs_lines_flush(&lines), -EFBIG);
	assert_int_equal(lseek(before, 0, SEEK_END), 4096);
	rpcs_lines_reopen(&lines, after);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_equal(put(&lines, 10, 'c'), 0);
	assert_int_equal(rpcs_lines_flush(&lines), 0);
	assert_int_equal(pread(after, text, sizeof(text), 0), 20);
	assert_string_equal(text, "bbbbbbbbb\nccccccccc\n");
	rpcs_lines_free(&lines);
	close(before);
	close(after);
}

/* The same, but room came again: the line goes on where it stopped. */
static void test_room_again(void **state)
{
	static char text[8000];
	struct rlimit small, old;
	struct rpcs_lines lines;
	int fd = memfd_create("lines", 0);

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(rpcs_lines_init(&lines, fd), 0);
	assert_int_equal(put(&lines, 6000, 'a'), 0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small = old;
	small.rlim_cur = 4096;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	assert_int_equal(rpcs_lines_flush(&lines), -EFBIG);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_equal(put(&lines, 10, 'b'), 0);
	assert_int_equal(rpcs_lines_flush(&lines), 0);
	assert_int_equal(pread(fd, text, sizeof(text), 0), 6010);
	assert_ptr_equal(strchr(text, '\n'), text + 5999);
	rpcs_lines_free(&lines);
	close(fd);
}

static void test_reopen(void **state)
{
	struct rpcs_lines lines;
	int before = memfd_create("before", 0);
	int after = memfd_create("after", 0);

	(void)state;
	assert_int_equal(rpcs_lines_init(&lines, before), 0);
	assert_int_equal(put(&lines, 10, 'a'), 0);
	rpcs_lines_reopen(&lines, after);
	assert_int_equal(put(&lines, 20, 'b'), 0);
	assert_int_equal(rpcs_lines_flush(&lines), 0);
	assert_int_equal(lseek(before, 0, SEEK_END), 10);
	assert_int_equal(lseek(after, 0, SEEK_END), 20);
	rpcs_lines_free(&lines);
	close(before);
	close(after);
}

static void test_full_device(void **state)
{
	struct rpcs_lines lines;
	int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);

	(void)state;
	if (fd < 0) {
		print_message("# skip: no /dev/full here\n");
		skip();
	}
	assert_int_equal(rpcs_lines_init(&lines, fd), 0);
	assert_int_equal(put(&lines, 10, 'a'), 0);
	assert_int_equal(rpcs_lines_flush(&lines), -ENOSPC);
	assert_int_equal(lines.used, 10); /* still there for a better time */
	rpcs_lines_free(&lines);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_batch),	    cmocka_unit_test(test_slow_reader),
		cmocka_unit_test(test_reader_gone), cmocka_unit_test(test_reopen_after_cut),
		cmocka_unit_test(test_reopen),	    cmocka_unit_test(test_full_device),
		cmocka_unit_test(test_room_again),
	};

	return cmocka_run_group_tests_name("lines", tests, NULL, NULL);
}
