// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Stages 1 to 4 natively: the same headers as the kernel's programs, without privilege. */
#include "engine.h"

#include <stdlib.h>
#include <string.h>

#include <rpcsentry/config.h>
#include <rpcsentry/counters.h>
#include <rpcsentry/flow.h>
#include <rpcsentry/fragment.h>

#include "../base/table.h"

struct flow {
	struct rpcs_flow_key key;
	uint64_t state;
};

struct fragment {
	struct rpcs_fragment_key key;
	struct rpcs_fragment_value value;
};

enum { FRAGMENTS = 8192 }; /* as the kernel's map */

struct rpcs_native {
	struct rpcs_config config;
	struct rpcs_counters counters;
	struct rpcs_table *flows;
	struct rpcs_table *fragments;
	rpcs_record_fn emit;
	void *arg;
	uint32_t next_packet_id;
	struct rpcs_record_buffer record;
	struct rpcs_record_connection connection;
	union {
		struct rpcs_record_piece piece;
		uint8_t bytes[RPCS_RECORD_BYTES_MAX];
	} fallback;
};

/** The native half of the contract in rpcsentry/inspect.h. */
struct rpcs_engine {
	struct rpcs_native *native;
	const struct rpcs_frame *frame;
	struct rpcs_counters *counters;
	const uint8_t *data;
	const uint8_t *end;
	struct rpcs_record_buffer *record;
	struct rpcs_record_connection *connection;
	uint32_t ifindex;
	uint8_t hook;
};

static uint64_t rpcs_engine_flow_get(struct rpcs_engine *eng, const struct rpcs_flow_key *key)
{
	const struct flow *flow = rpcs_table_find(eng->native->flows, key);

	return flow ? flow->state : 0;
}

static void rpcs_engine_flow_set(struct rpcs_engine *eng, const struct rpcs_flow_key *key,
				 uint64_t state)
{
	struct rpcs_table *flows = eng->native->flows;
	struct flow *flow = rpcs_table_find(flows, key);

	if (state == 0) {
		if (flow)
			rpcs_table_remove(flows, flow);
		return;
	}
	if (!flow && rpcs_table_is_full(flows))
		rpcs_table_remove(flows, rpcs_table_oldest(flows, RPCS_LANE_FIRST));
	if (!flow)
		flow = rpcs_table_add(flows, key);
	else
		rpcs_table_move(flows, flow, RPCS_LANE_FIRST);
	flow->state = state;
}

static enum rpcs_fragment_verdict rpcs_engine_fragment_get(struct rpcs_engine *eng,
							   const struct rpcs_fragment_key *key)
{
	const struct fragment *fragment = rpcs_table_find(eng->native->fragments, key);

	if (!fragment)
		return RPCS_FRAGMENT_UNKNOWN;
	return rpcs_fragment_verdict_at(&fragment->value, eng->frame->time_ns);
}

static void rpcs_engine_fragment_set(struct rpcs_engine *eng, const struct rpcs_fragment_key *key,
				     enum rpcs_fragment_verdict verdict)
{
	struct rpcs_table *fragments = eng->native->fragments;
	struct fragment *fragment = rpcs_table_find(fragments, key);

	if (!fragment && rpcs_table_is_full(fragments))
		rpcs_table_remove(fragments, rpcs_table_oldest(fragments, RPCS_LANE_FIRST));
	if (!fragment)
		fragment = rpcs_table_add(fragments, key);
	fragment->value.time_ns = eng->frame->time_ns;
	fragment->value.verdict = verdict;
}

static uint64_t rpcs_engine_now(struct rpcs_engine *eng)
{
	(void)eng;
	return 0; /* the frame's time counts */
}

static void rpcs_engine_count_call(struct rpcs_engine *eng, uint32_t version, uint32_t procedure)
{
	/* The pinned map `procedures` is the kernel's: a capture has its events. */
	(void)eng;
	(void)version;
	(void)procedure;
}

static void rpcs_engine_emit(struct rpcs_engine *eng, const void *record, uint32_t len)
{
	eng->counters->rpc_seen++;
	eng->counters->records_sent++;
	eng->native->emit(eng->native->arg, record, len, eng->frame);
}

static void rpcs_engine_emit_rpc(struct rpcs_engine *eng, uint32_t machine_offset,
				 struct rpcs_record_buffer *buf)
{
	uint32_t len = buf->rpc.machine_len;

	memcpy(buf->machine, eng->data + machine_offset, len);
	rpcs_engine_emit(eng, buf, (uint32_t)sizeof(buf->rpc) + len);
}

static void rpcs_engine_emit_packet(struct rpcs_engine *eng, const struct rpcs_packet *pkt,
				    const struct rpcs_record_head *head, uint8_t reason)
{
	struct rpcs_record_piece *piece = &eng->native->fallback.piece;
	uint32_t total = eng->frame->len - pkt->network_offset;
	uint32_t offset, len;

	if (total > pkt->network_len)
		total = pkt->network_len;
	if (total > RPCS_PACKET_MAX) {
		total = RPCS_PACKET_MAX;
		eng->counters->pieces_capped++;
	}
	memset(piece, 0, sizeof(*piece));
	piece->head = *head;
	piece->packet_len = total;
	piece->wire_len = pkt->network_len;
	piece->packet_id = eng->native->next_packet_id++;
	piece->reason = reason;
	for (offset = 0; offset < total; offset += len) {
		len = total - offset;
		if (len > RPCS_PIECE_BYTES)
			len = RPCS_PIECE_BYTES;
		memcpy(eng->native->fallback.bytes + sizeof(*piece),
		       eng->data + pkt->network_offset + offset, len);
		piece->offset = offset;
		piece->piece_len = (uint16_t)len;
		eng->counters->pieces++;
		rpcs_engine_emit(eng, piece, (uint32_t)sizeof(*piece) + len);
	}
}

#include <rpcsentry/inspect.h>

struct rpcs_native *rpcs_native_new(const struct rpcs_settings *settings, rpcs_record_fn emit,
				    void *arg)
{
	/* Only captures come this way: their flows' order is no secret. */
	const struct rpcs_hash_seed seed = { 1, 2 };
	struct rpcs_native *native = calloc(1, sizeof(*native));
	uint32_t i;

	if (!native)
		return NULL;
	native->emit = emit;
	native->arg = arg;
	native->config.port_count = (uint16_t)settings->port_count;
	for (i = 0; i < settings->port_count && i < RPCS_PORTS_MAX; i++)
		native->config.ports[i] = settings->ports[i];
	native->flows = rpcs_table_new((uint32_t)settings->limit_flows * 2,
				       sizeof(struct rpcs_flow_key), sizeof(struct flow), &seed);
	native->fragments = rpcs_table_new(FRAGMENTS, sizeof(struct rpcs_fragment_key),
					   sizeof(struct fragment), &seed);
	if (!native->flows || !native->fragments)
		rpcs_native_free(&native);
	return native;
}

void rpcs_native_free(struct rpcs_native **native)
{
	if (!*native)
		return;
	rpcs_table_free(&(*native)->flows);
	rpcs_table_free(&(*native)->fragments);
	free(*native);
	*native = NULL;
}

void rpcs_native_frame(struct rpcs_native *native, const struct rpcs_frame *frame)
{
	struct rpcs_engine eng = {
		.native = native,
		.frame = frame,
		.counters = &native->counters,
		.data = frame->bytes,
		.end = frame->bytes + frame->len,
		.record = &native->record,
		.connection = &native->connection,
		.hook = RPCS_HOOK_FILE,
	};
	struct rpcs_packet pkt = { 0 };
	enum rpcs_packet_result result;
	bool watched;

	native->counters.packets++;
	result = rpcs_packet_parse(&pkt, eng.data, eng.end, frame->len, 0);
	watched = rpcs_config_watches(&native->config, pkt.dport) ||
		  rpcs_config_watches(&native->config, pkt.sport);
	if (rpcs_inspect_is_fragment(&pkt, result))
		rpcs_inspect_fragment(&eng, &pkt, result, watched || result != RPCS_PACKET_OK);
	if (result != RPCS_PACKET_OK)
		rpcs_inspect_count_packet(&native->counters, result);
	else if (watched && !(pkt.flags & RPCS_F_FRAGMENT))
		rpcs_inspect(&eng, &pkt);
}

const struct rpcs_counters *rpcs_native_counters(const struct rpcs_native *native)
{
	return &native->counters;
}
