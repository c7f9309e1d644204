/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Packets on their way into a capture, and numbers that look drawn by chance. */
#ifndef RPCSENTRY_TESTS_BENCH_TRAFFIC_STORE_H
#define RPCSENTRY_TESTS_BENCH_TRAFFIC_STORE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "packets.h"

/** A packet on its way into the file: `at` in the store, in the order of `time_ns`. */
struct packet {
	uint64_t time_ns;
	uint32_t at, len;
	uint32_t number;
};

static struct packet *packets;
static uint32_t count, limit;
static uint8_t *store;
static size_t stored, store_size;

/* xorshift64*: the same numbers on every machine. */
static uint32_t draw(uint32_t below)
{
	static uint64_t state = 0x2545f4914f6cdd1dULL;

	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return (uint32_t)((state * 0x9e3779b97f4a7c15ULL >> 32) * (uint64_t)below >> 32);
}

static void *grow(void *old, size_t size)
{
	void *room = realloc(old, size);

	if (!room) {
		fprintf(stderr, "traffic: out of memory\n");
		exit(1);
	}
	return room;
}

static void keep(const struct test_frame *f, uint64_t time_ns)
{
	if (count == limit)
		return;
	if (stored + f->len > store_size)
		store = grow(store, store_size = 2 * store_size + FRAME_MAX);
	memcpy(store + stored, f->bytes, f->len);
	packets[count] = (struct packet){ time_ns, (uint32_t)stored, f->len, count };
	count++;
	stored += f->len;
}

static int compare(const void *a, const void *b)
{
	const struct packet *x = a, *y = b;

	if (x->time_ns != y->time_ns)
		return x->time_ns < y->time_ns ? -1 : 1;
	return x->number < y->number ? -1 : 1;
}

/** Classic pcap with nanoseconds, in this machine's byte order. */
static int write_file(const char *path)
{
	const uint32_t head[6] = { 0xa1b23c4d, 2 | 4 << 16, 0, 0, 65535, 1 };
	const uint64_t start_s = 1790000000;
	FILE *out = fopen(path, "wb");
	uint32_t i;

	if (!out) {
		perror(path);
		return 1;
	}
	fwrite(head, sizeof(head), 1, out);
	for (i = 0; i < count; i++) {
		const struct packet *p = &packets[i];
		const uint32_t record[4] = { (uint32_t)(start_s + p->time_ns / 1000000000),
					     (uint32_t)(p->time_ns % 1000000000), p->len, p->len };

		fwrite(record, sizeof(record), 1, out);
		fwrite(store + p->at, p->len, 1, out);
	}
	return fclose(out) ? 1 : 0;
}

#endif
