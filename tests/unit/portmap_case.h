/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Calls and replies of the portmapper, built and decoded. Include after cmocka.h. */
#ifndef TESTS_UNIT_PORTMAP_CASE_H
#define TESTS_UNIT_PORTMAP_CASE_H

#include <stdio.h>

#include "message_case.h"
#include "stream/portmap.h"

typedef struct rpcs_message (*part_fn)(const struct test_frame *f, uint32_t available,
				       uint32_t len);

static inline void open_call(struct test_frame *f, uint32_t version, uint32_t procedure)
{
	f->len = 0;
	frame_call(f, 1, RPCS_PORTMAP_PROGRAM, version, procedure);
}

static inline void open_reply(struct test_frame *f)
{
	f->len = 0;
	frame_accepted(f, 1, RPCS_ACCEPT_SUCCESS);
}

static inline void frame_text(struct test_frame *f, const char *text)
{
	uint32_t len = (uint32_t)strlen(text);

	put32(f, len);
	put_bytes(f, text, len);
	put_zeros(f, rpcs_xdr_padded(len) - len);
}

static inline void frame_rpcb(struct test_frame *f, uint32_t program, uint32_t version,
			      const char *netid, const char *address, const char *owner)
{
	put32(f, program);
	put32(f, version);
	frame_text(f, netid);
	frame_text(f, address);
	frame_text(f, owner);
}

static inline struct rpcs_message call_in(const struct test_frame *f, uint32_t available,
					  uint32_t len)
{
	struct rpcs_message m = decoded_part(f, available, len), exact = { 0 };
	uint8_t *bytes = malloc(available);

	rpcs_portmap_decode_call(&m);
	/* Again from a block of the exact size: nothing behind its end is read. */
	assert_non_null(bytes);
	memcpy(bytes, f->bytes, available);
	assert_true(rpcs_message_decode(&exact, bytes, available, len));
	rpcs_portmap_decode_call(&exact);
	assert_int_equal(exact.portmap.has, m.portmap.has);
	free(bytes);
	return m;
}

static inline struct rpcs_message call_of(const struct test_frame *f)
{
	return call_in(f, f->len, f->len);
}

/** Of the last reply that was decoded. */
static struct rpcs_mapping_room room;

static inline void as_reply_to(struct rpcs_message *m, uint32_t version, uint32_t procedure)
{
	m->call_known = true;
	m->program = RPCS_PORTMAP_PROGRAM;
	m->version = version;
	m->procedure = procedure;
	rpcs_portmap_decode_reply(m, &room);
}

static inline struct rpcs_message reply_of(const struct test_frame *f, uint32_t version,
					   uint32_t procedure)
{
	struct rpcs_message m = decoded(f);

	as_reply_to(&m, version, procedure);
	return m;
}

/** A failing reply through a compact record. */
static inline struct rpcs_message record_reply(uint32_t version, uint32_t procedure, uint32_t stat)
{
	struct rpcs_record_rpc record = { .head.kind = RPCS_RECORD_REPLY,
					  .message_len = 24,
					  .reply.stat = stat };
	struct rpcs_record_body body;
	struct rpcs_message m = { 0 };

	assert_true(rpcs_message_from_record(&m, &record, sizeof(record), &body));
	as_reply_to(&m, version, procedure);
	return m;
}

static inline void assert_text(const struct rpcs_text *text, const char *expected)
{
	assert_int_equal(text->len, strlen(expected));
	assert_memory_equal(text->bytes, expected, text->len);
}

static inline void check_whole(const struct rpcs_message *m, enum rpcs_portmap_shape shape,
			       uint8_t has)
{
	assert_int_equal(m->portmap.shape, shape);
	assert_int_equal(m->portmap.has, has);
}

/**
 * Arguments that end early by the message's own length are malformed; cut by the
 * capture they are truncated. Fewer of the `members` are there either way.
 */
static inline void check_every_prefix(const struct test_frame *f, part_fn decode, uint8_t members)
{
	struct rpcs_message m;
	uint32_t len;
	uint8_t has = 0;

	for (len = 40; len < f->len; len++) {
		m = decode(f, len, len);
		assert_non_null(m.malformed);
		assert_false(m.truncated);
		assert_true(m.portmap.has >= has);
		has = m.portmap.has;
		assert_true(has < members || members == 0);
		m = decode(f, len, f->len);
		assert_null(m.malformed);
		assert_true(m.truncated);
		assert_int_equal(m.portmap.has, has);
	}
}

static inline void check_call_is_nothing(uint32_t version, uint32_t procedure)
{
	struct rpcs_message m;
	struct test_frame f;

	open_call(&f, version, procedure);
	put32(&f, 0xffffffff);
	m = call_of(&f);
	assert_null(m.malformed);
	check_whole(&m, RPCS_PORTMAP_NOTHING, 0);
}

/** The lists there are; the entries' members are made of their number. */
struct list_kind {
	uint32_t version, procedure;
	enum rpcs_portmap_shape shape;
};

enum { LIST_KINDS = 4 };

static const struct list_kind list_kinds[LIST_KINDS] = {
	{ 2, RPCS_PORTMAP_DUMP, RPCS_PORTMAP_MAPPINGS },
	{ 3, RPCS_PORTMAP_DUMP, RPCS_PORTMAP_RPCBS },
	{ 4, RPCS_PORTMAP_DUMP, RPCS_PORTMAP_RPCBS },
	{ 4, RPCS_PORTMAP_GETADDRLIST, RPCS_PORTMAP_ENTRIES },
};

/* 300 entries are more than a frame holds. */
static struct test_frame list_frame;
static uint8_t list_bytes[64 * 1024];
static uint32_t list_len;

static inline void list_flush(void)
{
	memcpy(list_bytes + list_len, list_frame.bytes, list_frame.len);
	list_len += list_frame.len;
	list_frame.len = 0;
}

static inline void list_put(const struct list_kind *kind, uint32_t number)
{
	char text[16];

	snprintf(text, sizeof(text), "t%u", number);
	put32(&list_frame, 1);
	switch (kind->shape) {
	case RPCS_PORTMAP_MAPPINGS:
		frame_mapping(&list_frame, 100000 + number, 2, 17, number);
		break;
	case RPCS_PORTMAP_RPCBS:
		frame_rpcb(&list_frame, 100000 + number, 2, "udp", text, "0");
		break;
	default:
		frame_text(&list_frame, text);
		frame_text(&list_frame, "udp");
		put32(&list_frame, number);
		frame_text(&list_frame, "inet");
		frame_text(&list_frame, "p");
	}
	list_flush();
}

static inline void list_build(const struct list_kind *kind, uint32_t count, bool end)
{
	uint32_t i;

	list_len = 0;
	open_reply(&list_frame);
	list_flush();
	for (i = 0; i < count; i++)
		list_put(kind, i);
	if (end)
		put32(&list_frame, 0);
	list_flush();
}

static inline struct rpcs_message list_part(const struct list_kind *kind, uint32_t available)
{
	struct rpcs_message m = { 0 };

	assert_true(rpcs_message_decode(&m, list_bytes, available, list_len));
	as_reply_to(&m, kind->version, kind->procedure);
	return m;
}

static inline struct rpcs_message list_of(const struct list_kind *kind, uint32_t count, bool end)
{
	list_build(kind, count, end);
	return list_part(kind, list_len);
}

/** Of which the capture lacks the last `missing` bytes, the list's end counted. */
static inline struct rpcs_message list_cut(const struct list_kind *kind, uint32_t count,
					   uint32_t missing)
{
	list_build(kind, count, true);
	return list_part(kind, list_len - missing);
}

static inline void check_entries(const struct list_kind *kind, const struct rpcs_message *m,
				 uint32_t kept)
{
	char text[16];
	uint32_t i;

	assert_int_equal(m->portmap.mappings_kept, kept);
	for (i = 0; i < kept; i++) {
		const struct rpcs_mapping *e = &m->portmap.mappings[i];

		snprintf(text, sizeof(text), "t%u", i);
		if (kind->shape != RPCS_PORTMAP_ENTRIES)
			assert_int_equal(e->program, 100000 + i);
		else
			assert_int_equal(e->semantics, i);
		if (kind->shape == RPCS_PORTMAP_MAPPINGS)
			assert_int_equal(e->port, i);
		else
			assert_text(&e->address, text);
	}
}

#endif
