// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Lines before a file: torn ones are taken back, and batches end at even places. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "unit/lines_put.h"

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
}

/* Where blocks are asked for first, if there is such a file system; that nobody else opens. */
static int open_on_disk(void)
{
	char path[] = "/var/tmp/rpcs-lines-XXXXXX";
	int fd = mkostemp(path, O_CLOEXEC);

	assert_true(fd >= 0);
	unlink(path);
	return fd;
}

static void test_even_batches(void **state)
{
	int memory = memfd_create("lines", 0), disk = open_on_disk();

	(void)state;
	even_batches(memory);
	even_batches(disk);
	close(memory);
	close(disk);
}

/* In the end a file has the blocks that it needs, or what somebody else has made of it. */
static void test_blocks(void **state)
{
	enum { SLACK = 128 * 1024 }; /* a file system may count blocks of its own */
	struct rpcs_lines lines;
	int fd = open_on_disk();
	struct stat stat;
	int round;

	(void)state;
	for (round = 0; round < 2; round++) {
		assert_int_equal(rpcs_lines_init(&lines, fd, "out", false), 0);
		assert_int_equal(put(&lines, 5000, 'a'), 0);
		assert_int_equal(rpcs_lines_flush(&lines), 0);
		if (round == 1)
			assert_int_equal(pwrite(fd, "other\n", 6, 10000), 6);
		rpcs_lines_free(&lines);
		assert_int_equal(fstat(fd, &stat), 0);
		assert_int_equal(stat.st_size, round == 0 ? 5000 : 10006);
		assert_true(round == 1 || stat.st_blocks * 512 <= stat.st_size + SLACK);
	}
	close(fd);
}

/* A reader of what is written so far sees lines, and no end that is not one. */
static void test_size_before_the_end(void **state)
{
	struct rpcs_lines lines;
	int fd = open_on_disk();

	(void)state;
	assert_int_equal(rpcs_lines_init(&lines, fd, "out", false), 0);
	assert_int_equal(put(&lines, 100, 'a'), 0);
	assert_int_equal(rpcs_lines_flush(&lines), 0);
	assert_int_equal(lseek(fd, 0, SEEK_END), 100);
	rpcs_lines_free(&lines);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_torn_line),	 cmocka_unit_test(test_room_again),
		cmocka_unit_test(test_torn_line_of_two), cmocka_unit_test(test_even_batches),
		cmocka_unit_test(test_blocks),		 cmocka_unit_test(test_size_before_the_end),
	};

	return cmocka_run_group_tests_name("lines_file", tests, NULL, NULL);
}
