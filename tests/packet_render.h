/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Records as a line of text: a case says exactly what it expects. Include after cmocka.h. */
#ifndef RPCSENTRY_TESTS_PACKET_RENDER_H
#define RPCSENTRY_TESTS_PACKET_RENDER_H

#include <stdarg.h>
#include <stdio.h>

#include "packet_check.h"

enum { RENDER_BYTES = 8192 };

struct render {
	char text[RENDER_BYTES];
	size_t len;
};

static inline void __attribute__((format(printf, 2, 3)))
render_add(struct render *r, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	r->len += (size_t)vsnprintf(r->text + r->len, sizeof(r->text) - r->len, format, args);
	va_end(args);
	assert_true(r->len < sizeof(r->text));
}

static inline void render_tcp_flags(struct render *r, uint8_t flags)
{
	static const char letters[] = "FSRPAUEC";
	int i;

	for (i = 0; i < 8; i++)
		if (flags >> i & 1)
			render_add(r, "%c", letters[i]);
	if (!flags)
		render_add(r, "-");
}

static inline void render_rpc(struct render *r, const struct rpcs_record_rpc *rpc)
{
	render_add(r, "%s %u", rpc->head.kind == RPCS_RECORD_CALL ? "call" : "reply", rpc->xid);
	if (rpc->head.protocol == RPCS_IP_TCP)
		render_add(r, " @%u", rpc->seq);
	render_add(r, " len %u", rpc->message_len);
	if (rpc->head.flags & RPCS_F_IN_STEP)
		render_add(r, " in-step");
	if (rpc->head.flags & RPCS_F_OPEN)
		render_add(r, " open");
}

static inline void render_piece(struct render *r, const struct rpcs_record_piece *piece)
{
	static const char *const reasons[] = { "none",
#define X(name, help) #name,
					       RPCS_FALLBACKS(X)
#undef X
	};

	render_add(r, "piece %s", reasons[piece->reason]);
	if (piece->head.flags & RPCS_F_IN_STEP)
		render_add(r, " next %u boundary %u", piece->next, piece->boundary);
	else
		assert_true(piece->next == 0 && piece->boundary == 0);
	if (piece->offset)
		render_add(r, " +%u", piece->offset);
}

static inline void render_record(struct render *r, const void *record)
{
	const struct rpcs_record_connection *conn = record;
	static const char *const kinds[] = { [RPCS_RECORD_CONNECTION] = "connection",
					     [RPCS_RECORD_END] = "end",
					     [RPCS_RECORD_PROBE] = "probe" };

	if (r->len)
		render_add(r, "; ");
	switch (conn->head.kind) {
	case RPCS_RECORD_CALL:
	case RPCS_RECORD_REPLY:
		render_rpc(r, record);
		return;
	case RPCS_RECORD_PIECE:
		render_piece(r, record);
		return;
	default:
		render_add(r, "%s ", kinds[conn->head.kind]);
		if (conn->head.protocol == RPCS_IP_TCP && conn->head.kind != RPCS_RECORD_END) {
			render_tcp_flags(r, conn->head.tcp_flags);
			render_add(r, " ");
		}
		render_add(r, conn->head.protocol == RPCS_IP_TCP ? "@%u" : "udp", conn->seq);
		if (conn->head.flags & RPCS_F_IN_STEP)
			render_add(r, " in-step");
	}
}

/** All records of a frame, in their order. */
static inline const char *render_all(const struct collected *all)
{
	static struct render r;
	int i;

	r.len = 0;
	r.text[0] = '\0';
	for (i = 0; i < all->count; i++)
		render_record(&r, all->bytes[i]);
	return r.text;
}

/** What a record says of its packet against the packet itself. */
static inline void check_record(const void *record, uint32_t len, const struct test_frame *f)
{
	const struct rpcs_record_head *head = record;
	const struct rpcs_record_piece *piece = record;
	uint8_t src[16], dst[16];

	rpcs_packet_addresses(f->bytes + f->ip, f->ip6, src, dst);
	assert_int_equal(head->abi, RPCS_RECORD_ABI);
	assert_memory_equal(head->src, src, 16);
	assert_memory_equal(head->dst, dst, 16);
	assert_int_equal(!!(head->flags & RPCS_F_IP6), f->ip6);
	if (f->tcp) {
		assert_int_equal(head->protocol, RPCS_IP_TCP);
		assert_int_equal(head->sport, rpcs_load_be16(f->bytes + f->tcp));
		assert_int_equal(head->dport, rpcs_load_be16(f->bytes + f->tcp + 2));
		assert_int_equal(head->tcp_flags, f->bytes[f->tcp + 13]);
	} else if (f->udp) {
		assert_int_equal(head->protocol, RPCS_IP_UDP);
		assert_int_equal(head->sport, rpcs_load_be16(f->bytes + f->udp));
		assert_int_equal(head->dport, rpcs_load_be16(f->bytes + f->udp + 2));
	}
	if (head->kind != RPCS_RECORD_PIECE)
		return;
	assert_int_equal(piece->packet_len, f->len - f->ip);
	assert_int_equal(piece->wire_len, f->len - f->ip);
	assert_int_equal(len, sizeof(*piece) + piece->piece_len);
	assert_memory_equal(piece + 1, f->bytes + f->ip + piece->offset, piece->piece_len);
}

#endif
