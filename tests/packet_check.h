/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Holds what an engine made of a frame against its case. Include after cmocka.h. */
#ifndef RPCSENTRY_TESTS_PACKET_CHECK_H
#define RPCSENTRY_TESTS_PACKET_CHECK_H

#include <rpcsentry/record.h>

#include "packets.h"
#include "source/frame.h"

/* More than the records of one segment that an engine takes apart. */
enum { COLLECTED_MAX = 80 };

/** The records of one frame, as an engine emitted them. */
struct collected {
	int count;
	uint32_t len[COLLECTED_MAX];
	uint8_t bytes[COLLECTED_MAX][RPCS_RECORD_BYTES_MAX] __attribute__((aligned(8)));
};

static inline void collect(void *arg, const void *record, uint32_t len,
			   const struct rpcs_frame *frame)
{
	struct collected *all = arg;

	(void)frame;
	assert_true(all->count < COLLECTED_MAX);
	assert_true(len <= RPCS_RECORD_BYTES_MAX);
	all->len[all->count] = len;
	memcpy(all->bytes[all->count++], record, len);
}

static inline void check_case(const struct packet_case *c, const struct collected *got)
{
	const struct rpcs_record_head *head;
	const struct rpcs_record_rpc *rpc;

	print_message("  case: %s\n", c->name);
	assert_int_equal(got->count, c->records);
	if (c->records == 0)
		return;
	head = (const void *)got->bytes[got->count - 1];
	rpc = (const void *)head;
	assert_int_equal(head->kind, c->kind);
	assert_int_equal(head->abi, RPCS_RECORD_ABI);
	assert_int_equal(head->vlan_count, c->vlans);
	assert_int_equal(head->flags & c->flags, c->flags);
	/* Only the first fragment of a packet has ports. */
	if (!(head->flags & RPCS_F_FRAGMENT))
		assert_true((head->sport == 111) != (head->dport == 111));
	if (c->kind == RPCS_RECORD_PIECE)
		assert_int_equal(((const struct rpcs_record_piece *)(const void *)head)->reason,
				 c->reason);
	if (c->kind == RPCS_RECORD_CALL) {
		assert_int_equal(rpc->call.program, RPCS_PORTMAP_PROGRAM);
		assert_int_equal(rpc->call.procedure, c->procedure);
	}
	if (c->kind == RPCS_RECORD_CALL || c->kind == RPCS_RECORD_REPLY) {
		assert_int_equal(rpc->xid, 1);
		assert_int_equal(rpc->body[0], c->body0);
		assert_true(sizeof(*rpc) + rpc->head.text_len == got->len[got->count - 1]);
	}
	if (c->machine) {
		assert_int_equal(rpc->head.text_len, strlen(c->machine));
		assert_memory_equal(rpc + 1, c->machine, rpc->head.text_len);
		assert_int_equal(rpc->uid, 1000);
		assert_int_equal(rpc->gid, 100);
	}
}

#endif
