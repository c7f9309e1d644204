// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Small captures of every link type, written here, and files that are none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>

#include "base/cleanup.h"
#include "packets.h"
#include "source/pcap.h"

#define OWNED_PCAP RPCS_CLEANUP(rpcs_pcap_free) struct rpcs_pcap

enum {
	LINK_NULL = 0,
	LINK_ETHERNET = 1,
	LINK_RAW = 101,
	LINK_LOOP = 108,
	LINK_SLL = 113,
	LINK_IEEE80211 = 105,
	LINK_IPV4 = 228,
	LINK_IPV6 = 229,
	LINK_SLL2 = 276
};

static char path[64];

static int make_path(void **state)
{
	int fd;

	(void)state;
	strcpy(path, "/tmp/rpcsentry-pcap-XXXXXX");
	fd = mkstemp(path);
	return fd < 0 ? -1 : close(fd);
}

static int remove_path(void **state)
{
	(void)state;
	return unlink(path);
}

static void write_all(const void *bytes, size_t len)
{
	RPCS_OWNED_FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, len, file), len);
}

/* The pcap format, in this machine's order. */
static void file_header(struct test_frame *file, uint32_t magic, uint32_t link)
{
	const uint32_t header[6] = { magic, 0x00040002, 0, 0, 262144, link };

	file->len = 0;
	put_bytes(file, header, sizeof(header));
}

static void file_frame(struct test_frame *file, uint32_t seconds, uint32_t fraction,
		       const void *bytes, uint32_t len, uint32_t wire_len)
{
	const uint32_t header[4] = { seconds, fraction, len, wire_len };

	put_bytes(file, header, sizeof(header));
	put_bytes(file, bytes, len);
}

/* Writes one frame with that link header, reads it, and leaves its Ethernet form in `ret`. */
static void through_file(uint32_t link, const void *header, uint32_t header_len,
			 const struct test_frame *ip, struct test_frame *ret)
{
	struct test_frame file, frame = { 0 };
	OWNED_PCAP *pcap = NULL;
	struct rpcs_frame got;

	put_bytes(&frame, header, header_len);
	put_bytes(&frame, ip->bytes, ip->len);
	file_header(&file, 0xa1b2c3d4, link);
	file_frame(&file, 1000, 250000, frame.bytes, frame.len, frame.len);
	write_all(file.bytes, file.len);
	assert_int_equal(rpcs_pcap_open(path, &pcap), 0);
	assert_int_equal(rpcs_pcap_size(pcap), file.len);
	assert_int_equal(rpcs_pcap_next(pcap, &got), 1);
	assert_int_equal(got.number, 1);
	assert_int_equal(got.time_ns, 1000250000000ULL);
	ret->len = 0;
	put_bytes(ret, got.bytes, got.len);
	assert_int_equal(rpcs_pcap_next(pcap, &got), 0);
	assert_int_equal(rpcs_pcap_position(pcap), file.len);
}

/* The same packet behind each link header: EtherType, LOCAL and GROUP as the header says. */
static void check_link(uint32_t link, const void *header, uint32_t header_len, bool ip6,
		       uint16_t flags)
{
	struct test_frame ip = { 0 }, got = { 0 };
	struct rpcs_packet pkt = { 0 };

	if (ip6)
		frame_ip6(&ip, RPCS_IP_UDP);
	else
		frame_ip4(&ip, RPCS_IP_UDP, 0);
	frame_udp(&ip, 800, 111);
	frame_call(&ip, 1, 100000, 2, 4);
	if (ip6)
		set16(&ip, 4, ip.len - 40);
	else
		set16(&ip, 2, ip.len);
	through_file(link, header, header_len, &ip, &got);
	assert_int_equal(got.len, 14 + ip.len);
	assert_memory_equal(got.bytes + 14, ip.bytes, ip.len);
	assert_int_equal(rpcs_packet_parse(&pkt, got.bytes, got.bytes + got.len, got.len, 0),
			 RPCS_PACKET_OK);
	assert_int_equal(pkt.dport, 111);
	assert_int_equal(!!(pkt.flags & RPCS_F_IP6), ip6);
	assert_int_equal(pkt.flags & RPCS_F_TRUNCATED, 0);
	assert_int_equal(rpcs_packet_link_flags(got.bytes), flags);
}

static void test_link_types(void **state)
{
	static const uint8_t eth[14] = { 2, [6] = 2, [12] = 8 };
	static const uint8_t eth6[14] = { 0x33, 0x33, [6] = 2, [12] = 0x86, [13] = 0xdd };
	static const uint8_t families6[] = { 10, 24, 28, 30 };
	uint8_t family[4] = { 0 };
	int i;

	(void)state;
	check_link(LINK_ETHERNET, eth, 14, false, 0);
	check_link(LINK_ETHERNET, eth6, 14, true, RPCS_F_GROUP);
	check_link(LINK_RAW, "", 0, false, 0);
	check_link(LINK_RAW, "", 0, true, 0);
	check_link(LINK_IPV4, "", 0, false, 0);
	check_link(LINK_IPV6, "", 0, true, 0);
	/* In either order: libpcap keeps that of whoever wrote it. */
	check_link(LINK_NULL, "\2\0\0\0", 4, false, RPCS_F_LOCAL);
	check_link(LINK_NULL, "\0\0\0\2", 4, false, RPCS_F_LOCAL);
	check_link(LINK_LOOP, "\0\0\0\2", 4, false, RPCS_F_LOCAL);
	for (i = 0; i < 4; i++) {
		family[3] = families6[i];
		check_link(LINK_LOOP, family, 4, true, RPCS_F_LOCAL);
	}
}

static void test_cooked(void **state)
{
	/* packet type, ARPHRD, address length, address, protocol */
	uint8_t sll[16] = { 0, 0, 0, 1, 0, 6, [14] = 8 };
	/* protocol, reserved, interface, ARPHRD, packet type, address length, address */
	uint8_t sll2[20] = { 8, 0, [7] = 3, [9] = 1, [11] = 6 };
	uint16_t flags;
	int type;

	(void)state;
	for (type = 0; type <= 4; type++) {
		flags = type == 1 || type == 2 ? RPCS_F_GROUP : 0;
		sll[1] = sll2[10] = (uint8_t)type;
		check_link(LINK_SLL, sll, sizeof(sll), false, flags);
		check_link(LINK_SLL2, sll2, sizeof(sll2), false, flags);
	}
	sll[2] = sll2[8] = 772 >> 8;
	sll[3] = sll2[9] = 772 & 0xff;
	check_link(LINK_SLL, sll, sizeof(sll), false, RPCS_F_LOCAL);
	check_link(LINK_SLL2, sll2, sizeof(sll2), false, RPCS_F_LOCAL);
	sll[14] = sll2[0] = 0x86;
	sll[15] = sll2[1] = 0xdd;
	check_link(LINK_SLL, sll, sizeof(sll), true, RPCS_F_LOCAL);
	check_link(LINK_SLL2, sll2, sizeof(sll2), true, RPCS_F_LOCAL);
}

/* What is not IP, or too short for its own header, is a frame all the same. */
static void test_odd_frames(void **state)
{
	static const struct {
		uint32_t link, len;
		const char *bytes;
		enum rpcs_packet_result result;
	} cases[] = {
		{ LINK_SLL, 15, "\0\0\0\1\0\6\0\0\0\0\0\0\0\0\10", RPCS_PACKET_link_short },
		{ LINK_SLL2, 19, "\10\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
		  RPCS_PACKET_link_short },
		{ LINK_NULL, 3, "\2\0\0", RPCS_PACKET_link_short },
		{ LINK_RAW, 0, "", RPCS_PACKET_link_short },
		{ LINK_NULL, 4, "\7\0\0\0", RPCS_PACKET_NOT_IP },
		{ LINK_SLL, 16, "\0\0\0\1\0\6\0\0\0\0\0\0\0\0\10\6", RPCS_PACKET_NOT_IP },
		{ LINK_RAW, 1, "\105", RPCS_PACKET_ip_short },
		{ LINK_ETHERNET, 5, "\2\0\0\0\0", RPCS_PACKET_link_short },
	};
	struct test_frame nothing = { 0 }, got = { 0 };
	struct rpcs_packet pkt;
	uint32_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		through_file(cases[i].link, cases[i].bytes, cases[i].len, &nothing, &got);
		memset(&pkt, 0, sizeof(pkt));
		assert_int_equal(
			rpcs_packet_parse(&pkt, got.bytes, got.bytes + got.len, got.len, 0),
			cases[i].result);
	}
}

/* Nanoseconds as the file has them; only what was captured counts as there. */
static void test_nanoseconds(void **state)
{
	struct test_frame file;
	OWNED_PCAP *pcap = NULL;
	struct rpcs_frame got;

	(void)state;
	file_header(&file, 0xa1b23c4d, LINK_ETHERNET);
	file_frame(&file, 4000000000U, 123456789, "12345678901234567890", 20, 60);
	file_frame(&file, 5, 1, "12345678901234567890", 14, 14);
	write_all(file.bytes, file.len);
	assert_int_equal(rpcs_pcap_open(path, &pcap), 0);
	assert_int_equal(rpcs_pcap_next(pcap, &got), 1);
	assert_true(got.time_ns == 4000000000123456789ULL);
	assert_int_equal(got.len, 20);
	assert_int_equal(rpcs_pcap_next(pcap, &got), 1);
	assert_int_equal(got.number, 2);
	assert_int_equal(got.len, 14);
}

/* A file cut at every place behind its header: the good frames, then one error. */
static void test_cut_file(void **state)
{
	struct test_frame file;
	struct rpcs_frame got;
	uint32_t frames, len, i;

	(void)state;
	file_header(&file, 0xa1b2c3d4, LINK_ETHERNET);
	for (i = 0; i < 3; i++)
		file_frame(&file, i, 0, "12345678901234567890", 20, 20);
	for (len = 24; len <= file.len; len++) {
		OWNED_PCAP *pcap = NULL;

		write_all(file.bytes, len);
		assert_int_equal(rpcs_pcap_open(path, &pcap), 0);
		frames = (len - 24) / 36;
		for (i = 0; i < frames; i++)
			assert_int_equal(rpcs_pcap_next(pcap, &got), 1);
		if ((len - 24) % 36 == 0) {
			assert_int_equal(rpcs_pcap_next(pcap, &got), 0);
			continue;
		}
		assert_int_equal(rpcs_pcap_next(pcap, &got), -EBADMSG);
		assert_non_null(strstr(rpcs_pcap_error(pcap),
				       frames ? "after frame" : "before the first frame"));
	}
}

/* The pcapng blocks: section, interface, and a packet with a time in microseconds. */
static void test_pcapng(void **state)
{
	static const uint32_t section[] = { 0x0a0d0d0a, 28, 0x1a2b3c4d, 1, ~0U, ~0U, 28 };
	static const uint32_t interface[] = { 1, 20, LINK_RAW, 65535, 20 };
	static const uint32_t packet[] = { 6, 36, 0, 0, 1500000, 1, 1, 0x45, 36 };
	struct test_frame file = { 0 };
	struct rpcs_frame got;
	int i;

	(void)state;
	put_bytes(&file, section, sizeof(section));
	put_bytes(&file, interface, sizeof(interface));
	put_bytes(&file, packet, sizeof(packet));
	for (i = 0; i < 2; i++) {
		OWNED_PCAP *pcap = NULL;

		write_all(file.bytes, file.len);
		assert_int_equal(rpcs_pcap_open(path, &pcap), 0);
		assert_int_equal(rpcs_pcap_next(pcap, &got), 1);
		assert_int_equal(got.time_ns, 1500000000ULL);
		assert_int_equal(got.len, 15);
		assert_int_equal(rpcs_pcap_next(pcap, &got), i ? -EBADMSG : 0);
		put_bytes(&file, packet, 10);
	}
}

static void test_refused(void **state)
{
	struct test_frame file;
	OWNED_PCAP *pcap = NULL;

	(void)state;
	file_header(&file, 0xa1b2c3d4, LINK_IEEE80211);
	write_all(file.bytes, file.len);
	assert_int_equal(rpcs_pcap_open(path, &pcap), -ENOTSUP);
	write_all("this is no capture, but a text of some length\n", 46);
	assert_int_equal(rpcs_pcap_open(path, &pcap), -EINVAL);
	write_all("", 0);
	assert_int_equal(rpcs_pcap_open(path, &pcap), -EINVAL);
	write_all(file.bytes, 10);
	assert_int_equal(rpcs_pcap_open(path, &pcap), -EINVAL);
	assert_int_equal(rpcs_pcap_open("/nowhere/at/all.pcap", &pcap), -ENOENT);
	assert_null(pcap);
	rpcs_pcap_free(&pcap);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_link_types), cmocka_unit_test(test_cooked),
		cmocka_unit_test(test_odd_frames), cmocka_unit_test(test_nanoseconds),
		cmocka_unit_test(test_cut_file),   cmocka_unit_test(test_pcapng),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests_name("pcap", tests, make_path, remove_path);
}
