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
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "unit/lines_put.h"

static void test_batch(void **state)
{
	struct rpcs_lines lines;
	int fd = memfd_create("lines", 0);
	int i;

	(void)state;
	assert_int_equal(rpcs_lines_init(&lines, fd, "out", false), 0);
	assert_int_equal(put(&lines, 100, 'a'), 0);
	assert_int_equal(lseek(fd, 0, SEEK_END), 0); /* waits */
	for (i = 0; i < RPCS_LINES_BATCH / 1000; i++)
		assert_int_equal(put(&lines, 1000, 'b'), 0);
	assert_int_equal(put(&lines, 1000, 'c'), 0);
	assert_int_equal(put(&lines, RPCS_LINE_MAX, 'd'), 0);
	/* The batch went when there was enough of it, all in whole lines. */
	assert_int_equal(lseek(fd, 0, SEEK_END), 100 + 1000 * (RPCS_LINES_BATCH / 1000));
	/* So does a line that is longer than a batch. */
	assert_int_equal(put(&lines, 10, 'e'), 0);
	assert_int_equal(lines.used, 10);
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
	assert_int_equal(rpcs_lines_init(&lines, ends[1], "out", false), 0);
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
	assert_int_equal(rpcs_lines_init(&lines, ends[1], "out", false), 0);
	assert_int_equal(put(&lines, 10, 'x'), 0);
	assert_int_equal(rpcs_lines_flush(&lines), -EPIPE);
	/* Goes on as long as one likes, in the memory it has. */
	for (i = 0; i < 10000; i++)
		err = put(&lines, 1000, 'x');
	assert_int_equal(err, -ENOBUFS);
	assert_true(lines.used <= RPCS_LINES_WAITING + 1000);
	assert_int_equal(lines.lost + lines.used / 1000, 10000);
	rpcs_lines_free(&lines);
	close(ends[1]);
}

/* Nobody reads: no call waits, memory is bounded, and every line is written or counted. */
static void stalled(int fd, int reader, bool whole)
{
	const uint64_t total = 4000;
	static char bytes[65536];
	struct rpcs_lines lines;
	uint64_t i, got = 0;
	char last = '\n';
	ssize_t len;

	assert_int_equal(rpcs_lines_init(&lines, fd, "out", true), 0);
	alarm(20); /* a write that waits would wait for ever */
	for (i = 0; i < total; i++)
		put(&lines, 1000, 'x');
	assert_int_equal(rpcs_lines_flush(&lines), -EAGAIN);
	assert_true(lines.used <= RPCS_LINES_WAITING + 1000);
	assert_true(lines.lost > 0 && lines.failing);
	i = rpcs_clock_monotonic();
	if (!whole) {
		assert_true(rpcs_lines_end(&lines, 50) > 0);
		assert_true(rpcs_clock_monotonic() - i < 5 * RPCS_NSEC_PER_SEC);
	}
	assert_int_equal(fcntl(reader, F_SETFL, O_NONBLOCK), 0);
	while ((len = read(reader, bytes, sizeof(bytes))) > 0 || lines.used) {
		for (i = 0; len > 0 && i < (uint64_t)len; i++)
			got += bytes[i] == '\n';
		if (len > 0)
			last = bytes[len - 1];
		rpcs_lines_flush(&lines);
	}
	alarm(0);
	assert_int_equal(got + lines.lost, total);
	assert_true(!whole || last == '\n');
	assert_true(lines.failing != whole);
	rpcs_lines_free(&lines);
	close(fd);
	close(reader);
}

static void test_stalled_pipe(void **state)
{
	int ends[2];

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	stalled(ends[1], ends[0], true);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	stalled(ends[1], ends[0], false);
}

static void test_stalled_socket(void **state)
{
	int ends[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	stalled(ends[1], ends[0], true);
}

/* The next reader of a FIFO must not begin with the rest of a line. */
static void test_next_reader(void **state)
{
	char path[] = "/tmp/rpcs-lines-XXXXXX", text[64] = "";
	struct rpcs_lines lines;
	int reader, fd;

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	assert_non_null(mkdtemp(path));
	assert_int_equal(chdir(path), 0);
	assert_int_equal(mkfifo("fifo", 0600), 0);
	reader = open("fifo", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	fd = open("fifo", O_WRONLY | O_CLOEXEC);
	assert_int_equal(fcntl(fd, F_SETPIPE_SZ, 4096), 4096);
	assert_int_equal(rpcs_lines_init(&lines, fd, "out", true), 0);
	assert_int_equal(put(&lines, 6000, 'a'), 0);
	assert_int_equal(rpcs_lines_flush(&lines), -EAGAIN);
	assert_true(lines.cut);
	close(reader);
	assert_int_equal(rpcs_lines_flush(&lines), -EPIPE);
	assert_int_equal(lines.lost, 1);
	reader = open("fifo", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	while (read(reader, text, sizeof(text)) > 0) /* what the pipe still held */
		;
	assert_int_equal(put(&lines, 5, 'b'), 0);
	assert_int_equal(rpcs_lines_flush(&lines), 0);
	assert_int_equal(read(reader, text, sizeof(text)), 5);
	assert_memory_equal(text, "bbbb\n", 5);
	rpcs_lines_free(&lines);
	unlink("fifo");
	assert_int_equal(chdir("/"), 0);
	rmdir(path);
	close(reader);
	close(fd);
}

static void test_reopen(void **state)
{
	struct rpcs_lines lines;
	int before = memfd_create("before", 0);
	int after = memfd_create("after", 0);

	(void)state;
	assert_int_equal(rpcs_lines_init(&lines, before, "out", false), 0);
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
	assert_int_equal(rpcs_lines_init(&lines, fd, "out", false), 0);
	assert_int_equal(put(&lines, 10, 'a'), 0);
	assert_int_equal(rpcs_lines_flush(&lines), -ENOSPC);
	assert_int_equal(lines.used, 10); /* still there for a better time */
	assert_int_equal(lines.lost, 0);
	assert_int_equal(rpcs_lines_end(&lines, 1000), 1);
	assert_int_equal(lines.lost, 1);
	rpcs_lines_free(&lines);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_batch),	     cmocka_unit_test(test_slow_reader),
		cmocka_unit_test(test_reader_gone),  cmocka_unit_test(test_reopen),
		cmocka_unit_test(test_full_device),

		cmocka_unit_test(test_stalled_pipe), cmocka_unit_test(test_stalled_socket),
		cmocka_unit_test(test_next_reader),
	};

	return cmocka_run_group_tests_name("lines", tests, NULL, NULL);
}
