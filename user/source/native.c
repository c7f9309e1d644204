// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Stages 1 to 4 natively: the same headers as the kernel's programs, without privilege. */
#include "engine.h"

#include <stdlib.h>
#include <string.h>

#include <rpcsentry/engine.h>
#include <rpcsentry/tunnel.h>

#include "native_queue.h"
#include "state.h"

/** The native half of the contract in rpcsentry/engine.h. */
struct rpcs_engine {
	struct rpcs_native *native;
	const struct rpcs_frame *frame;
	const volatile struct rpcs_config *config;
	struct rpcs_ports *ports;
	struct rpcs_counters *counters;
	const uint8_t *data;
	const uint8_t *end;
	struct rpcs_packet *packet;
	struct rpcs_work *work;
	struct rpcs_keys *keys;
	struct rpcs_record_head *head;
	struct rpcs_record_buffer *record;
	struct rpcs_record_connection *connection;
	uint32_t ifindex;
	uint8_t hook;
};

struct rpcs_native {
	struct rpcs_engine engine; /* what is the same for all frames, and the one in hand */
	struct rpcs_config config;
	struct rpcs_counters counters;
	struct rpcs_state *state; /* the caller's, or `own` */
	struct rpcs_state *own;
	const struct rpcs_policy *policy;
	rpcs_record_fn emit;
	void *arg;
	uint32_t next_packet_id;
	struct rpcs_queue queue; /* of the frame in hand */
	struct rpcs_packet packet;
	struct rpcs_work work;
	struct rpcs_keys keys;
	struct rpcs_record_head head;
	struct rpcs_record_buffer record;
	struct rpcs_record_connection connection;
	struct rpcs_early early;
};

static bool rpcs_engine_words(struct rpcs_engine *eng, uint32_t offset, __u64 *ret_words)
{
	if (offset > eng->frame->len || eng->frame->len - offset < sizeof(*ret_words))
		return false;
	memcpy(ret_words, eng->data + offset, sizeof(*ret_words));
	*ret_words = __builtin_bswap64(*ret_words);
	return true;
}

static const uint8_t *rpcs_engine_window(struct rpcs_engine *eng, uint32_t offset, uint32_t len)
{
	if (offset > eng->frame->len || eng->frame->len - offset < len)
		return NULL;
	return eng->data + offset;
}

static bool rpcs_engine_flow_get(struct rpcs_engine *eng, const struct rpcs_flow_key *key,
				 struct rpcs_flow_value *ret_value)
{
	return rpcs_state_flow_get(eng->native->state, key, ret_value);
}

static bool rpcs_engine_flow_put(struct rpcs_engine *eng, const struct rpcs_flow_key *key,
				 const struct rpcs_flow_value *value, __u64 *ret_other)
{
	(void)ret_other;
	rpcs_state_flow_put(eng->native->state, key, value);
	return true;
}

static uint64_t rpcs_engine_now(struct rpcs_engine *eng)
{
	return eng->frame->time_ns;
}

static uint64_t rpcs_engine_stamp(struct rpcs_engine *eng)
{
	(void)eng;
	return 0; /* the frame's time counts */
}

static enum rpcs_fragment_verdict rpcs_engine_fragment_get(struct rpcs_engine *eng,
							   const struct rpcs_fragment_key *key)
{
	struct rpcs_fragment_value value;

	if (!rpcs_state_fragment_get(eng->native->state, key, &value))
		return RPCS_FRAGMENT_UNKNOWN;
	return rpcs_fragment_verdict_at(&value, rpcs_engine_now(eng));
}

static void rpcs_engine_fragment_set(struct rpcs_engine *eng, const struct rpcs_fragment_key *key,
				     enum rpcs_fragment_verdict verdict)
{
	struct rpcs_fragment_value value = { .time_ns = rpcs_engine_now(eng), .verdict = verdict };

	rpcs_state_fragment_put(eng->native->state, key, &value);
}

static bool rpcs_engine_is_sensitive(struct rpcs_engine *eng, uint32_t program)
{
	const struct rpcs_policy *policy = eng->native->policy;

	return policy && rpcs_policy_is_sensitive(policy, program);
}

static bool rpcs_engine_is_first(struct rpcs_engine *eng, const struct rpcs_first_key *key)
{
	uint64_t last = 0, now = rpcs_engine_now(eng);
	bool known = rpcs_state_first_get(eng->native->state, key, &last);

	rpcs_state_first_put(eng->native->state, key, now);
	return !known ||
	       !rpcs_dated_holds(rpcs_dated_tick(last), rpcs_dated_tick(now),
				 rpcs_first_most(key->protocol, eng->config->flow_timeout_ns));
}

static void rpcs_engine_expect(struct rpcs_engine *eng, const struct rpcs_expect_key *key,
			       enum rpcs_expect_kind kind)
{
	rpcs_state_expect_put(eng->native->state, key, kind);
}

static enum rpcs_expect_kind rpcs_engine_expected(struct rpcs_engine *eng,
						  const struct rpcs_expect_key *key)
{
	return rpcs_state_expect_get(eng->native->state, key);
}

static const struct rpcs_suppress_value *rpcs_engine_suppress(struct rpcs_engine *eng)
{
	struct rpcs_address client;

	memcpy(client.bytes, eng->record->rpc.head.src, sizeof(client.bytes));
	return rpcs_policy_suppress_find(eng->native->policy, &client);
}

static void rpcs_engine_suppress_count(struct rpcs_engine *eng, uint32_t rule)
{
	if (rule < RPCS_RULES_SHOWN_MAX)
		rpcs_state_rules(eng->native->state)[rule].suppressed++;
}

static void rpcs_engine_silence(struct rpcs_engine *eng, const struct rpcs_expect_key *key, bool on)
{
	uint64_t since;

	if (on || rpcs_state_silenced_get(eng->native->state, key, &since))
		rpcs_state_silenced_put(eng->native->state, key, on ? rpcs_engine_now(eng) | 1 : 0);
}

static bool rpcs_engine_silenced(struct rpcs_engine *eng, const struct rpcs_expect_key *key)
{
	uint64_t since = 0;

	return rpcs_state_silenced_get(eng->native->state, key, &since) && since &&
	       rpcs_dated_holds(rpcs_dated_tick(since), rpcs_dated_tick(rpcs_engine_now(eng)),
				rpcs_silence_most(eng->config->call_timeout_ns));
}

/* A capture is read whole. */
static bool rpcs_engine_over_budget(struct rpcs_engine *eng, enum rpcs_fallback reason)
{
	(void)eng;
	(void)reason;
	return false;
}

static struct rpcs_early *rpcs_engine_early(struct rpcs_engine *eng)
{
	return &eng->native->early;
}

static void rpcs_engine_count_call(struct rpcs_engine *eng, uint32_t version, uint32_t procedure)
{
	/* The pinned map `procedures` is the kernel's: a capture has its events. */
	(void)eng;
	(void)version;
	(void)procedure;
}

/* Room for a record, which counts as sent; NULL: it is lost. */
RPCS_INLINE uint8_t *room_for(struct rpcs_engine *eng, uint32_t len)
{
	uint8_t *room = rpcs_queue_add(&eng->native->queue, len);

	eng->counters->rpc_seen++;
	if (room)
		eng->counters->records_sent++;
	else
		eng->counters->records_lost++;
	return room;
}

static void rpcs_engine_emit(struct rpcs_engine *eng, const void *record, uint32_t len)
{
	uint8_t *room = room_for(eng, len);

	if (room)
		memcpy(room, record, len);
}

/*
 * Hands the frame's records on. Not before: what they have the agent write into the
 * state must come after what stage 3 writes, as it does where there is a ring.
 */
static void deliver(struct rpcs_native *native, const struct rpcs_frame *frame)
{
	const struct rpcs_queued *queued;
	uint32_t at = 0;

	while ((queued = rpcs_queue_next(&native->queue, &at)))
		native->emit(native->arg, queued->record, (uint32_t)queued->len, frame);
	native->queue.used = 0;
}

static void rpcs_engine_emit_rpc(struct rpcs_engine *eng, uint32_t machine_offset,
				 struct rpcs_record_buffer *buf)
{
	uint32_t len = buf->rpc.head.text_len;
	uint8_t *room = room_for(eng, (uint32_t)sizeof(buf->rpc) + len);

	if (!room)
		return;
	memcpy(room, &buf->rpc, sizeof(buf->rpc));
	if (len)
		memcpy(room + sizeof(buf->rpc), eng->data + machine_offset, len);
}

static void rpcs_engine_emit_packet(struct rpcs_engine *eng, uint8_t reason)
{
	const struct rpcs_packet *pkt = eng->packet;
	uint32_t total = eng->frame->len - pkt->network_offset;
	struct rpcs_record_piece piece;
	uint32_t offset, len;
	uint8_t *room;

	if (total > pkt->network_len)
		total = pkt->network_len;
	if (total > RPCS_PACKET_MAX) {
		total = RPCS_PACKET_MAX;
		eng->counters->pieces_capped++;
	}
	rpcs_piece_fill(&piece, eng->head, eng->work, reason);
	piece.packet_len = total;
	piece.wire_len = pkt->network_len;
	piece.packet_id = eng->native->next_packet_id++;
	for (offset = 0; offset < total; offset += len) {
		len = total - offset;
		if (len > RPCS_PIECE_BYTES)
			len = RPCS_PIECE_BYTES;
		piece.offset = offset;
		piece.piece_len = (uint16_t)len;
		eng->counters->pieces++;
		room = room_for(eng, (uint32_t)sizeof(piece) + len);
		if (!room)
			continue;
		memcpy(room, &piece, sizeof(piece));
		memcpy(room + sizeof(piece), eng->data + pkt->network_offset + offset, len);
	}
}

static enum rpcs_packet_result rpcs_engine_decapsulate(struct rpcs_engine *eng,
						       enum rpcs_tunnel kind)
{
	enum rpcs_packet_result result;

	result = rpcs_tunnel_enter(eng->packet, eng->data, eng->end, eng->frame->len, kind);
	if (result == RPCS_PACKET_OK)
		result = rpcs_packet_extensions(eng->packet, eng->data, eng->end);
	if (result == RPCS_PACKET_OK)
		result = rpcs_packet_transport(eng->packet, eng->data, eng->end);
	return result;
}

/* Only the verifier needs them one by one. */
#define rpcs_engine_step rpcs_inspect_step
#define rpcs_engine_steps rpcs_inspect_steps
#define rpcs_engine_message rpcs_inspect_message
#define rpcs_engine_connection rpcs_inspect_connection

static bool rpcs_engine_known(struct rpcs_engine *eng, enum rpcs_fallback reason, uint32_t skip);

#include <rpcsentry/inspect.h>

static bool rpcs_engine_known(struct rpcs_engine *eng, enum rpcs_fallback reason, uint32_t skip)
{
	return eng->config->suppress && rpcs_inspect_is_known(eng, reason, skip);
}

static void engine_init(struct rpcs_native *native)
{
	native->engine = (struct rpcs_engine){
		.native = native,
		.config = &native->config,
		.ports = rpcs_state_ports(native->state),
		.counters = &native->counters,
		.packet = &native->packet,
		.work = &native->work,
		.keys = &native->keys,
		.head = &native->head,
		.record = &native->record,
		.connection = &native->connection,
		.hook = RPCS_HOOK_FILE,
	};
}

struct rpcs_native *rpcs_native_new(const struct rpcs_native_options *options)
{
	const struct rpcs_settings *settings = options->settings;
	struct rpcs_native *native = calloc(1, sizeof(*native));

	if (!native)
		return NULL;
	native->policy = options->policy;
	native->emit = options->emit;
	native->arg = options->arg;
	native->config.any_port = settings->any_port;
	native->config.tunnels = settings->tunnels;
	native->config.flow_timeout_ns = settings->flow_timeout_ns;
	native->config.call_timeout_ns = settings->call_timeout_ns;
	native->config.suppress = options->policy && rpcs_policy_suppresses(options->policy);
	native->queue.bytes = malloc(RPCS_QUEUE_BYTES);
	native->state = options->state;
	if (!native->state)
		native->state = native->own = rpcs_state_tables(settings);
	if (!native->state || !native->queue.bytes)
		rpcs_native_free(&native);
	else
		engine_init(native);
	return native;
}

void rpcs_native_free(struct rpcs_native **native)
{
	if (!*native)
		return;
	rpcs_state_free(&(*native)->own);
	free((*native)->queue.bytes);
	free(*native);
	*native = NULL;
}

struct rpcs_state *rpcs_native_state(struct rpcs_native *native)
{
	return native->state;
}

void rpcs_native_frame(struct rpcs_native *native, const struct rpcs_frame *frame)
{
	struct rpcs_engine *eng = &native->engine;
	enum rpcs_packet_result result;
	enum rpcs_port_class class;

	eng->frame = frame;
	eng->data = frame->bytes;
	eng->end = frame->bytes + frame->len;
	native->counters.packets++;
	memset(&native->packet, 0, sizeof(native->packet));
	result = rpcs_packet_parse(&native->packet, eng->data, eng->end, frame->len, 0);
	class = result == RPCS_PACKET_OK ? rpcs_gate(eng, eng->packet) : RPCS_PORT_PORTMAPPER;
	if (native->config.tunnels)
		result = rpcs_inspect_tunnels(eng, result, &class);
	native->counters.tunnelled += rpcs_was_tunnelled(&native->packet);
	if (rpcs_inspect_is_fragment(&native->packet, result))
		rpcs_inspect_fragment(eng, result, class);
	if (result != RPCS_PACKET_OK)
		rpcs_inspect_count_packet(&native->counters, result);
	else if (class != RPCS_PORT_OTHER && !(native->packet.flags & RPCS_F_FRAGMENT))
		rpcs_inspect(eng, class);
	deliver(native, frame);
}

const struct rpcs_counters *rpcs_native_counters(const struct rpcs_native *native)
{
	return &native->counters;
}
