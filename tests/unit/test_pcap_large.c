// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Frames are taken where they lie in what was read, or by libpcap where they are odd or reach
 * over its end: a capture of all sizes gives the same as libpcap alone, from a file and from a
 * pipe that brings it in small pieces.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <pcap/pcap.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "source/pcap.h"

enum { FRAMES = 900, SNAPLEN = 200000, FILE_MAX = 4 << 20 };

static uint8_t *file;
static size_t file_len;
static char path[64];
static uint32_t dice;
static bool old; /* version 2.3, in which the larger length may come first */

static uint32_t draw(uint32_t limit)
{
	dice = dice * 1664525 + 1013904223;
	return (dice >> 8) % limit;
}

static void put(const void *bytes, size_t len)
{
	assert_true(file_len + len <= FILE_MAX);
	memcpy(file + file_len, bytes, len);
	file_len += len;
}

static void put_word(uint32_t word, bool swapped)
{
	if (swapped)
		word = __builtin_bswap32(word);
	put(&word, sizeof(word));
}

/* Most frames are small; some are larger than what is read at once, or than the file's limit. */
static uint32_t draw_len(uint32_t number)
{
	if (number % 300 == 299)
		return SNAPLEN + draw(20000);
	if (number % 100 == 99)
		return 60000 + draw(40000);
	return draw(10) ? draw(1500) : 0;
}

static void make_file(uint32_t magic, bool swapped, uint32_t snaplen)
{
	uint32_t i, len, j;

	dice = magic;
	file_len = 0;
	put_word(magic, swapped);
	put_word(swapped ? 0x04000200 : old ? 0x00030002 : 0x00040002, false);
	put_word(0, swapped);
	put_word(0, swapped);
	put_word(snaplen, swapped);
	put_word(DLT_EN10MB, swapped);
	for (i = 0; i < FRAMES; i++) {
		len = draw_len(i);
		put_word(draw(20) ? draw(INT32_MAX) : UINT32_MAX - draw(1000), swapped);
		put_word(draw(20) ? draw(1000000) : 999999 + draw(3) * 2147483000, swapped);
		put_word(len + old, swapped);
		put_word(len, swapped);
		for (j = 0; j < len; j++)
			file[file_len++] = (uint8_t)(i + j);
		assert_true(file_len < FILE_MAX - 65536);
	}
}

static void write_file(size_t len)
{
	RPCS_OWNED_FILE *out = fopen(path, "w");

	assert_non_null(out);
	assert_int_equal(fwrite(file, 1, len, out), len);
}

/* Reads `from` and holds it against libpcap's reading of the file. Returns how it ended. */
static int compare(const char *from)
{
	RPCS_CLEANUP(rpcs_pcap_free) struct rpcs_pcap *pcap = NULL;
	char why[PCAP_ERRBUF_SIZE];
	pcap_t *alone =
		pcap_open_offline_with_tstamp_precision(path, PCAP_TSTAMP_PRECISION_NANO, why);
	struct pcap_pkthdr *header;
	struct rpcs_frame frame;
	const u_char *bytes;
	uint64_t number = 0;
	int got, wanted;

	assert_non_null(alone);
	assert_int_equal(rpcs_pcap_open(from, &pcap), 0);
	while ((wanted = pcap_next_ex(alone, &header, &bytes)) == 1) {
		assert_int_equal(rpcs_pcap_next(pcap, &frame), 1);
		assert_int_equal(frame.number, ++number);
		assert_int_equal(frame.len, header->caplen);
		assert_memory_equal(frame.bytes, bytes, frame.len);
		assert_true(frame.time_ns == (uint32_t)header->ts.tv_sec * 1000000000ULL +
						     (uint64_t)header->ts.tv_usec);
	}
	got = rpcs_pcap_next(pcap, &frame);
	assert_int_equal(got, wanted == PCAP_ERROR_BREAK ? 0 : -EBADMSG);
	pcap_close(alone);
	return got;
}

static void of_every_kind(void **state)
{
	static const uint32_t magics[] = { 0xa1b2c3d4, 0xa1b23c4d };
	int i;

	(void)state;
	for (i = 0; i < 4; i++) {
		make_file(magics[i & 1], i & 2, SNAPLEN);
		write_file(file_len);
		assert_int_equal(compare(path), 0);
		/* Cut in its last frame, in the header before it, and in the middle. */
		write_file(file_len - 1);
		assert_int_equal(compare(path), -EBADMSG);
		write_file(file_len / 2);
		compare(path);
	}
}

static void of_an_old_version(void **state)
{
	(void)state;
	old = true;
	make_file(0xa1b2c3d4, false, SNAPLEN);
	old = false;
	write_file(file_len);
	assert_int_equal(compare(path), 0);
}

/* Longer than the file says that its frames are: as much as that of them. */
static void over_the_limit(void **state)
{
	(void)state;
	make_file(0xa1b2c3d4, false, 1000);
	write_file(file_len);
	assert_int_equal(compare(path), 0);
}

/* A length that cannot be: what came before it is there all the same. */
static void of_wild_lengths(void **state)
{
	(void)state;
	make_file(0xa1b2c3d4, false, SNAPLEN);
	put_word(1, false);
	put_word(1, false);
	put_word(0x7fffffff, false);
	put_word(0x7fffffff, false);
	put("bytes", 5);
	write_file(file_len);
	assert_int_equal(compare(path), -EBADMSG);
}

/* The file again, through a pipe, in pieces of up to 3,000 bytes. */
static pid_t pour_into(const char *fifo)
{
	pid_t child = fork();
	size_t at, len;
	int fd;

	assert_true(child >= 0);
	if (child)
		return child;
	fd = open(fifo, O_WRONLY | O_CLOEXEC);
	for (at = 0; fd >= 0 && at < file_len; at += len) {
		len = 1 + draw(3000);
		if (len > file_len - at)
			len = file_len - at;
		if (write(fd, file + at, len) != (ssize_t)len)
			break;
	}
	_exit(fd < 0 || at < file_len);
}

static void through_a_pipe(void **state)
{
	char fifo[80];
	int status;
	pid_t child;

	(void)state;
	make_file(0xa1b2c3d4, false, SNAPLEN);
	write_file(file_len);
	snprintf(fifo, sizeof(fifo), "%s.fifo", path);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	child = pour_into(fifo);
	assert_int_equal(compare(fifo), 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	unlink(fifo);
}

static int make_path(void **state)
{
	int fd;

	(void)state;
	file = malloc(FILE_MAX);
	strcpy(path, "/tmp/rpcsentry-pcap-XXXXXX");
	fd = mkstemp(path);
	return !file || fd < 0 ? -1 : close(fd);
}

static int remove_path(void **state)
{
	(void)state;
	free(file);
	return unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_every_kind),     cmocka_unit_test(over_the_limit),
		cmocka_unit_test(of_an_old_version), cmocka_unit_test(of_wild_lengths),
		cmocka_unit_test(through_a_pipe),
	};

	return cmocka_run_group_tests_name("pcap_large", tests, make_path, remove_path);
}
