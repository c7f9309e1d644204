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
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
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

/* Batches of a file end with the last line before an even place, wherever a flush came. */
static void even_batches(int fd)
{
	enum { LINE = 700, LINES = 4000, FLUSHED = 2000 };
	static char read[LINE * LINES];
	struct rpcs_lines lines;
	off_t size, before = 0;
	int i;

	assert_int_equal(rpcs_lines_init(&lines, fd, "out", false), 0);
	for (i = 0; i < LINES; i++) {
		if (i == FLUSHED) {
			assert_int_equal(rpcs_lines_flush(&lines), 0);
			before = LINE * FLUSHED;
		}
		assert_int_equal(put(&lines, LINE, (char)('a' + i % 26)), 0);
		size = lseek(fd, 0, SEEK_END);
		assert_int_equal(size % LINE, 0);
		assert_int_equal(size + (off_t)lines.used, LINE * (i + 1));
		assert_true(size == before || size % RPCS_LINES_BATCH > RPCS_LINES_BATCH - LINE);
		before = size;
	}
	assert_int_equal(rpcs_lines_flush(&lines), 0);
	assert_int_equal(pread(fd, read, sizeof(read), 0), sizeof(read));
	for (i = 0; i < LINE * LINES; i++)
		assert_int_equal(read[i], i % LINE == LINE - 1 ? '\n' : 'a' + i / LINE % 26);
	rpcs_lines_free(&lines);
	close(fd);
}

static void test_even_batches(void **state)
{
	char path[] = "/var/tmp/rpcs-lines-XXXXXX";
	int fd = mkostemp(path, O_CLOEXEC);

	(void)state;
	even_batches(memfd_create("lines", 0));
	/* The same where blocks are asked for first, if there is such a file system. */
	assert_true(fd >= 0);
	unlink(path);
	even_batches(fd);
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

static void limit_files(rlim_t size)
{
	struct rlimit limit;

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = size == RLIM_INFINITY ? limit.rlim_max : size;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* A file that may grow no further after half a line: the half is taken back. */
static void test_torn_line(void **state)
{
	static char text[8000];
	struct rpcs_lines lines;
	int before = memfd_create("before", 0);
	int after = memfd_create("after", 0);

	(void)state;
	assert_int_equal(rpcs_lines_init(&lines, before, "out", true), 0);
	assert_int_equal(put(&lines, 10, 'a'), 0);
	assert_int_equal(put(&lines, 6000, 'b'), 0);
	limit_files(4096);
	assert_int_equal(rpcs_lines_flush(&lines), -EFBIG);
	assert_int_equal(lseek(before, 0, SEEK_END), 10);
	assert_int_equal(lines.used, 6000);
	assert_true(lines.failing);
	rpcs_lines_reopen(&lines, after);
	limit_files(RLIM_INFINITY);
	assert_int_equal(lseek(before, 0, SEEK_END), 10);
	assert_int_equal(put(&lines, 10, 'c'), 0);
	assert_int_equal(rpcs_lines_flush(&lines), 0);
	assert_false(lines.failing);
	assert_int_equal(pread(after, text, sizeof(text), 0), 6010);
	assert_ptr_equal(strchr(text, '\n'), text + 5999);
	assert_int_equal(lines.lost, 0);
	rpcs_lines_free(&lines);
	close(before);
	close(after);
}

/* The same, but room came again: the line is there once and whole. */
static void test_room_again(void **state)
{
	static char text[8000];
	struct rpcs_lines lines;
	int fd = memfd_create("lines", 0);

	(void)state;
	assert_int_equal(rpcs_lines_init(&lines, fd, "out", true), 0);
	assert_int_equal(put(&lines, 6000, 'a'), 0);
	limit_files(4096);
	assert_int_equal(rpcs_lines_flush(&lines), -EFBIG);
	assert_int_equal(rpcs_lines_flush(&lines), -EFBIG);
	assert_int_equal(lseek(fd, 0, SEEK_END), 0);
	limit_files(RLIM_INFINITY);
	assert_int_equal(put(&lines, 10, 'b'), 0);
	assert_int_equal(rpcs_lines_flush(&lines), 0);
	assert_int_equal(pread(fd, text, sizeof(text), 0), 6010);
	assert_ptr_equal(strchr(text, '\n'), text + 5999);
	rpcs_lines_free(&lines);
	close(fd);
}

/* What another process has appended in the meantime is not ours to cut. */
static void test_torn_line_of_two(void **state)
{
	char path[] = "/tmp/rpcs-lines-XXXXXX";
	struct rpcs_lines lines;
	int fd = mkostemp(path, O_APPEND);
	int other = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);

	(void)state;
	unlink(path);
	assert_true(fd >= 0 && other >= 0);
	assert_int_equal(rpcs_lines_init(&lines, fd, "out", true), 0);
	assert_int_equal(write(other, "before\n", 7), 7);
	assert_int_equal(put(&lines, 6000, 'a'), 0);
	limit_files(4096);
	assert_int_equal(rpcs_lines_flush(&lines), -EFBIG);
	limit_files(RLIM_INFINITY);
	assert_int_equal(lseek(fd, 0, SEEK_END), 7);
	rpcs_lines_free(&lines);
	close(other);
	close(fd);
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
		cmocka_unit_test(test_reader_gone),  cmocka_unit_test(test_torn_line),
		cmocka_unit_test(test_reopen),	     cmocka_unit_test(test_full_device),
		cmocka_unit_test(test_room_again),   cmocka_unit_test(test_torn_line_of_two),
		cmocka_unit_test(test_stalled_pipe), cmocka_unit_test(test_stalled_socket),
		cmocka_unit_test(test_next_reader),  cmocka_unit_test(test_even_batches),
	};

	return cmocka_run_group_tests_name("lines", tests, NULL, NULL);
}
