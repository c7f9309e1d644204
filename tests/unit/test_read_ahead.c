// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Frames read ahead are the frames of the file, in its order and up to where it is cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#include <errno.h>

#include "base/cleanup.h"
#include "packets.h"
#include "pipeline_rig.h"
#include "read_ahead.h"

#define OWNED_PCAP RPCS_CLEANUP(rpcs_pcap_free) struct rpcs_pcap
#define OWNED_AHEAD RPCS_CLEANUP(rpcs_read_ahead_free) struct rpcs_read_ahead

/* Some do not fit into what is read at once; of the middle ones just two do. */
enum { FRAMES = 200, LARGE = 70000, MIDDLE = 30000, RAW = 101 };

static char path[64];

static int make_path(void **state)
{
	int fd;

	(void)state;
	strcpy(path, "/tmp/rpcsentry-ahead-XXXXXX");
	fd = mkstemp(path);
	return fd < 0 ? -1 : close(fd);
}

static int remove_path(void **state)
{
	(void)state;
	return unlink(path);
}

/* Frames of all kinds and sizes: calls of both families and protocols, some cut, some none. */
static uint32_t make_frame(uint32_t i, bool raw, uint8_t *bytes)
{
	struct test_frame f = { 0 };

	if (i % 10 == 9 || i / 10 % 8 == 5) {
		memset(bytes, (int)i, LARGE);
		if (i % 10 != 9)
			return MIDDLE + i;
		return i % 20 != 9 ? i % 14 : LARGE;
	}
	if (!raw)
		frame_eth(&f, i % 3 ? RPCS_ETH_IP4 : RPCS_ETH_IP6);
	if (i % 3)
		frame_ip4(&f, i % 2 ? RPCS_IP_UDP : RPCS_IP_TCP, 0);
	else
		frame_ip6(&f, i % 2 ? RPCS_IP_UDP : RPCS_IP_TCP);
	if (i % 2) {
		frame_udp(&f, i % 4 ? 800 : 111, i % 4 ? 111 : 2049);
	} else {
		frame_tcp(&f, 800, i % 4 ? 111 : 2049, i, RPCS_TCP_ACK, 0);
		frame_mark(&f);
	}
	frame_call(&f, i, RPCS_PORTMAP_PROGRAM, 2, PROC_GETPORT);
	frame_mapping(&f, 100003, 3, RPCS_IP_TCP, 0);
	frame_end(&f);
	memcpy(bytes, f.bytes, f.len);
	return i < f.len && i > 30 ? f.len - i : f.len;
}

/* Returns the file's size. */
static uint32_t write_file(bool raw)
{
	const uint32_t header[6] = { 0xa1b23c4d, 0x00040002, 0, 0, 262144, raw ? RAW : 1 };
	RPCS_OWNED_FILE *file = fopen(path, "w");
	static uint8_t bytes[LARGE];
	uint32_t i, len;

	assert_non_null(file);
	assert_int_equal(fwrite(header, sizeof(header), 1, file), 1);
	for (i = 0; i < FRAMES; i++) {
		len = make_frame(i, raw, bytes);
		/* Some have a fraction that is more than a second. */
		const uint32_t frame[4] = { 1000 + i, i % 16 == 3 ? 2000000000 : i, len, len };

		assert_int_equal(fwrite(frame, sizeof(frame), 1, file), 1);
		assert_int_equal(fwrite(bytes, 1, len, file), len);
	}
	return (uint32_t)ftell(file);
}

/* Reads the file both ways, which must be the same; returns how many frames it has. */
static uint32_t compare(void)
{
	OWNED_PCAP *pcap = NULL, *other = NULL;
	OWNED_AHEAD *ahead = NULL;
	const struct rpcs_frame *frame = NULL;
	struct rpcs_frame want;
	uint32_t number = 0;
	int got, wanted;

	assert_int_equal(rpcs_pcap_open(path, &pcap), 0);
	assert_int_equal(rpcs_pcap_open(path, &other), 0);
	ahead = rpcs_read_ahead_new(pcap, rig.pipeline, rpcs_policy_settings(rig.policy));
	assert_non_null(ahead);
	do {
		got = rpcs_read_ahead_next(ahead, &frame);
		wanted = rpcs_pcap_next(other, &want);
		assert_int_equal(got, wanted);
		if (got != 1)
			break;
		assert_int_equal(frame->number, want.number);
		assert_int_equal(frame->time_ns, want.time_ns);
		assert_int_equal(frame->len, want.len);
		assert_memory_equal(frame->bytes, want.bytes, want.len);
		rpcs_native_frame(rig.native, frame);
		number = (uint32_t)frame->number;
	} while (true);
	/* The end is the end, however often it is asked for. */
	assert_int_equal(rpcs_read_ahead_next(ahead, &frame), wanted);
	if (wanted)
		assert_string_equal(rpcs_pcap_error(pcap), rpcs_pcap_error(other));
	return number;
}

static void test_whole(void **state)
{
	(void)state;
	rig_new("", false);
	write_file(false);
	assert_int_equal(compare(), FRAMES);
	write_file(true);
	assert_int_equal(compare(), FRAMES);
	rig_free();
}

static void test_cut(void **state)
{
	uint32_t size;

	(void)state;
	rig_new("", false);
	size = write_file(false);
	/* In the midst of the last frame; then in the header of the first. */
	assert_int_equal(truncate(path, size - 1), 0);
	assert_int_equal(compare(), FRAMES - 1);
	assert_int_equal(truncate(path, 24 + 16 + 5), 0);
	assert_int_equal(compare(), 0);
	rig_free();
}

/* From a pipe each frame is there as soon as it was written: nothing waits for those behind it. */
static void test_pipe(void **state)
{
	const uint32_t header[6] = { 0xa1b23c4d, 0x00040002, 0, 0, 262144, 1 };
	const uint32_t frame_header[4] = { 1000, 0, 60, 60 };
	OWNED_PCAP *pcap = NULL;
	OWNED_AHEAD *ahead = NULL;
	uint8_t bytes[60] = { 0 };
	const struct rpcs_frame *frame;
	int pipes[2], saved = dup(STDIN_FILENO);

	(void)state;
	rig_new("", false);
	assert_int_equal(pipe(pipes), 0);
	assert_int_equal(dup2(pipes[0], STDIN_FILENO), STDIN_FILENO);
	assert_int_equal(write(pipes[1], header, sizeof(header)), sizeof(header));
	assert_int_equal(rpcs_pcap_open("-", &pcap), 0);
	ahead = rpcs_read_ahead_new(pcap, rig.pipeline, rpcs_policy_settings(rig.policy));
	alarm(30);
	assert_int_equal(write(pipes[1], frame_header, sizeof(frame_header)), 16);
	assert_int_equal(write(pipes[1], bytes, sizeof(bytes)), sizeof(bytes));
	assert_int_equal(rpcs_read_ahead_next(ahead, &frame), 1);
	assert_int_equal(frame->number, 1);
	alarm(0);
	close(pipes[1]);
	assert_int_equal(rpcs_read_ahead_next(ahead, &frame), 0);
	close(pipes[0]);
	assert_int_equal(dup2(saved, STDIN_FILENO), STDIN_FILENO);
	close(saved);
	rig_free();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_whole, make_path, remove_path),
		cmocka_unit_test_setup_teardown(test_cut, make_path, remove_path),
		cmocka_unit_test(test_pipe),
	};

	return cmocka_run_group_tests_name("read_ahead", tests, NULL, NULL);
}
