// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * IP fragments of a few packets, in any order. The input: a byte of limits, then
 * commands of a byte and their values. What comes out must be what was sent, as
 * soon as it is there, and what is held must keep to the limit.
 */
#include <sanitizer/allocator_interface.h>

#include <rpcsentry/packet.h>

#include "fuzz.h"
#include "stream/ip_fragments.h"

enum {
	PACKETS = 4,
	UNITS = 8192,	   /* of 8 bytes: the largest packet */
	FRAME_ROOM = 2100, /* IP header, extension headers, data */
	DATA_MAX = 2040,
	FLOOD_MAX = 4500,
	HEADER4 = 20,
	HEADER6 = 40,
	/* Fewer than ip_fragments.c takes for one packet. */
	SENT_MAX = 256,
};

/** A command's byte. */
enum {
	MASK_PACKET = 3,
	BIT_IP6 = 1 << 2, /* else IPv4 */
	BIT_MORE = 1 << 3,
	BIT_OTHER_BYTES = 1 << 4, /* that differ from what others say */
	BIT_CUT = 1 << 5,
	BIT_TIME = 1 << 6,
	BIT_SPECIAL = 1 << 7, /* a flood, or bytes of the input as they are */
};

/** What was sent of a packet so far. */
struct sent {
	uint8_t said[UNITS]; /* 1: as it should be, 2: otherwise; for each unit of 8 bytes */
	uint32_t units;	     /* of them */
	uint32_t end;	     /* 0: not known */
	uint32_t count;
	bool cut;
};

static struct {
	struct rpcs_ip_fragments *fragments;
	struct sent sent[PACKETS][2];
	uint64_t limit, time_ns, frame;
	size_t before; /* bytes that were allocated when nothing was held */
	bool lost;     /* something was given up or refused: what is there is not known any more */
	uint32_t flood_left;
} rig;

static uint8_t byte_at(uint32_t packet, bool ip6, uint32_t at, bool other)
{
	uint8_t byte = (uint8_t)(at * 31 + (at >> 8) * 7 + packet * 2 + ip6);

	return other ? (uint8_t)~byte : byte;
}

static void check_memory(void)
{
	FUZZ_HOLDS(__sanitizer_get_current_allocated_bytes() - rig.before <= rig.limit);
}

static void note_lost(void)
{
	const struct rpcs_ip_fragment_counts *counts = rpcs_ip_fragments_counts(rig.fragments);

	rig.lost |= counts->bad || counts->evicted || counts->expired;
}

/* Each byte is one that was sent for that place. */
static void check_whole(const struct rpcs_ip_packet *whole, uint32_t packet, bool ip6)
{
	struct sent *sent = &rig.sent[packet][ip6];
	uint32_t header = ip6 ? HEADER6 : HEADER4, at;
	const uint8_t *bytes = whole->bytes + header;

	FUZZ_HOLDS(whole->type == (ip6 ? RPCS_ETH_IP6 : RPCS_ETH_IP4));
	FUZZ_HOLDS(whole->len >= header);
	FUZZ_HOLDS(whole->len <= header + UNITS * 8);
	for (at = 0; at < whole->len - header; at++) {
		uint8_t said = sent->said[at / 8];

		FUZZ_HOLDS(said);
		FUZZ_HOLDS(((said & 1) && bytes[at] == byte_at(packet, ip6, at, false)) ||
			   ((said & 2) && bytes[at] == byte_at(packet, ip6, at, true)));
	}
	if (!rig.lost && !sent->cut)
		FUZZ_HOLDS(whole->len == header + sent->end);
}

/* Writes down what is sent; true: the packet should be whole now. */
static bool note_sent(struct sent *sent, uint32_t offset, uint32_t len, bool more, bool other,
		      bool cut)
{
	uint32_t unit;

	sent->count++;
	sent->cut |= cut;
	for (unit = offset / 8; unit < (offset + len + 7) / 8 && unit < UNITS; unit++) {
		sent->units += sent->said[unit] == 0;
		sent->said[unit] |= other ? 2 : 1;
	}
	/* A second end may be in the middle of a unit: that one is not whole then. */
	rig.lost |= !more && sent->end && sent->end != offset + len;
	if (!more && !sent->end)
		sent->end = offset + len;
	return sent->end && sent->units == (sent->end + 7) / 8;
}

static uint32_t head4(uint8_t *f, uint16_t id, uint32_t offset, uint32_t len, bool more)
{
	static const uint8_t head[HEADER4] = { 0x45, [8] = 64, [9] = 17, [12] = 10, [16] = 10 };
	uint32_t total = HEADER4 + len, field = offset / 8 | (more ? 0x2000 : 0);

	memcpy(f, head, sizeof(head));
	f[2] = (uint8_t)(total >> 8);
	f[3] = (uint8_t)total;
	f[4] = (uint8_t)(id >> 8);
	f[5] = (uint8_t)id;
	f[6] = (uint8_t)(field >> 8);
	f[7] = (uint8_t)field;
	return HEADER4;
}

static uint32_t head6(uint8_t *f, uint16_t id, uint32_t offset, uint32_t len, bool more)
{
	static const uint8_t head[HEADER6] = {
		0x60, [6] = RPCS_IP_FRAGMENT, [7] = 64, [8] = 0xfd, [24] = 0xfd
	};
	uint32_t total = 8 + len, field = offset | more;

	memcpy(f, head, sizeof(head));
	f[4] = (uint8_t)(total >> 8);
	f[5] = (uint8_t)total;
	memset(f + HEADER6, 0, 8);
	f[HEADER6] = 17;
	f[HEADER6 + 2] = (uint8_t)(field >> 8);
	f[HEADER6 + 3] = (uint8_t)field;
	f[HEADER6 + 6] = (uint8_t)(id >> 8);
	f[HEADER6 + 7] = (uint8_t)id;
	return HEADER6 + 8;
}

static bool add(const uint8_t *bytes, uint32_t len, struct rpcs_ip_packet *whole)
{
	struct rpcs_sighting seen = { .time_ns = rig.time_ns, .frame = ++rig.frame };
	uint8_t *copy = fuzz_copy(bytes, len);
	bool done;

	rpcs_ip_fragments_expire(rig.fragments, rig.time_ns);
	note_lost();
	done = rpcs_ip_fragments_add(rig.fragments, copy, len, &seen, whole);
	free(copy);
	note_lost();
	check_memory();
	FUZZ_HOLDS(!done || whole->seen.frame == rig.frame);
	return done;
}

static void send_fragment(struct fuzz_input *in, uint8_t bits)
{
	bool ip6 = bits & BIT_IP6, more = bits & BIT_MORE, other = bits & BIT_OTHER_BYTES;
	uint32_t packet = bits & MASK_PACKET, offset = fuzz_u16(in) % UNITS * 8;
	uint32_t header, len, there, i;
	struct sent *sent = &rig.sent[packet][ip6];
	struct rpcs_ip_packet whole = { 0 };
	uint8_t f[FRAME_ROOM];
	bool done, expected;

	len = more ? fuzz_u8(in) * 8U : fuzz_u16(in) % (DATA_MAX + 1);
	there = (bits & BIT_CUT) ? len / 2 : len;
	header = (ip6 ? head6 : head4)(f, (uint16_t)packet, offset, len, more);
	for (i = 0; i < there; i++)
		f[header + i] = byte_at(packet, ip6, offset + i, other);
	/* Stage 6 hands on fragments only. */
	if (!ip6 && offset == 0 && !more)
		return;
	/* What is refused says nothing. */
	if (len == 0 || offset + len > 65535) {
		FUZZ_HOLDS(!add(f, header + there, &whole));
		return;
	}
	expected = note_sent(sent, offset, len, more, other, bits & BIT_CUT);
	done = add(f, header + there, &whole);
	if (done)
		check_whole(&whole, packet, ip6);
	if (!rig.lost && sent->count <= SENT_MAX)
		FUZZ_HOLDS(done == expected);
	if (done)
		memset(sent, 0, sizeof(*sent));
}

/* First parts of many packets, each with an id of its own. */
static void flood(struct fuzz_input *in)
{
	uint32_t count = fuzz_count(in), len = fuzz_u8(in) * 8U;
	uint16_t id = (uint16_t)(fuzz_u8(in) * 256U);
	struct rpcs_ip_packet whole;
	uint8_t f[FRAME_ROOM] = { 0 };

	for (; len && count > 0 && rig.flood_left > 0; count--, rig.flood_left--) {
		uint32_t header = head4(f, id++, 0, len, true);

		f[15] = 9; /* by another host than the packets */
		FUZZ_HOLDS(!add(f, header + len, &whole));
	}
}

/* Anything at all. A packet that this completes is not looked at. */
static void raw(struct fuzz_input *in)
{
	struct rpcs_ip_packet whole = { 0 };
	const uint8_t *bytes;
	size_t len;

	bytes = fuzz_bytes(in, fuzz_u8(in), &len);
	if (add(bytes, (uint32_t)len, &whole))
		FUZZ_HOLDS(whole.len >= HEADER4 && whole.len <= 60 + 65536);
	/* It may have been a part of one of the packets. */
	rig.lost = true;
}

static void command(struct fuzz_input *in)
{
	uint8_t bits = fuzz_u8(in);

	rig.time_ns += 1000;
	if (bits & BIT_TIME)
		rig.time_ns += fuzz_u16(in) * 1000000ULL;
	if (!(bits & BIT_SPECIAL))
		send_fragment(in, bits);
	else if (bits & 1)
		flood(in);
	else
		raw(in);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint64_t limits[] = { 1 << 20, 1 << 24, 1 << 16, 16384, 4096, 2200, 100, 0 };
	const struct rpcs_hash_seed seed = { 3, 4 };
	struct fuzz_input in = { data, size };

	memset(&rig, 0, sizeof(rig));
	rig.limit = limits[fuzz_u8(&in) & 7];
	rig.time_ns = 1795310157000000000ULL;
	rig.flood_left = FLOOD_MAX;
	rig.fragments = rpcs_ip_fragments_new(rig.limit, 30000000000ULL, &seed);
	FUZZ_HOLDS(rig.fragments);
	rig.before = __sanitizer_get_current_allocated_bytes();
	while (in.left > 0)
		command(&in);
	rpcs_ip_fragments_expire(rig.fragments, rig.time_ns + 31000000000ULL);
	FUZZ_HOLDS(__sanitizer_get_current_allocated_bytes() == rig.before);
	rpcs_ip_fragments_free(&rig.fragments);
	return 0;
}
