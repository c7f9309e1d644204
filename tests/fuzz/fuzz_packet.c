// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Frames through stages 1 to 4, natively. The input: a byte of settings, then
 * frames, each after its length in 16 bits. Every record must be well formed,
 * counted, taken by stage 6, and say what the packet's bytes say.
 */
#include <rpcsentry/packet.h>
#include <rpcsentry/record.h>
#include <rpcsentry/rpc.h>

#include "message_same.h"
#include "source/engine.h"
#include "stream/decode.h"
#include "stream/stream.h"

enum { FRAMES = 64 };

/** The first byte. */
enum {
	BIT_MANY_PORTS = 1 << 0,
	BIT_FEW_FLOWS = 1 << 1,
	SHIFT_LINK = 2, /* enum link */
	SHIFT_ANY_PORT = 4,
};

/** What stands before the input's bytes: other link types come as made-up Ethernet. */
enum link { LINK_NONE, LINK_IP4, LINK_IP6, LINK_TAGGED };

static struct {
	struct rpcs_stream *stream;
	struct rpcs_packet pkt; /* of the frame in hand */
	uint64_t records;
	uint32_t filled, wanted; /* of the fallback packet in hand */
} rig;

static void check_rpc(const struct rpcs_record_rpc *rpc, uint32_t len,
		      const struct rpcs_frame *frame)
{
	struct rpcs_message compact = { 0 }, whole = { 0 };
	struct rpcs_record_body body;
	uint32_t skip = 0;

	FUZZ_HOLDS(len >= sizeof(*rpc));
	FUZZ_HOLDS(len == sizeof(*rpc) + rpc->head.text_len);
	FUZZ_HOLDS(rpc->head.text_len <= RPCS_RECORD_MACHINE_MAX);
	FUZZ_HOLDS(rpc->cred_len <= RPCS_AUTH_BODY_MAX && rpc->verf_len <= RPCS_AUTH_BODY_MAX);
	if (rig.pkt.protocol == RPCS_IP_TCP)
		skip = rpc->seq - rig.pkt.seq - !!(rig.pkt.tcp_flags & RPCS_TCP_SYN) +
		       RPCS_MARK_BYTES;
	FUZZ_HOLDS(skip <= rig.pkt.payload_len);
	FUZZ_HOLDS(rpcs_message_from_record(&compact, rpc, len, &body));
	if (rpc->head.flags & RPCS_F_OPEN) {
		FUZZ_HOLDS(rpc->message_len > rig.pkt.payload_len - skip);
		return;
	}
	FUZZ_HOLDS(rpc->message_len <= rig.pkt.payload_len - skip);
	skip += rig.pkt.payload_offset;
	FUZZ_HOLDS(skip + rpc->message_len <= frame->len);
	FUZZ_HOLDS(rpcs_message_decode(&whole, frame->bytes + skip, rpc->message_len,
				       rpc->message_len));
	message_same(&compact, &whole);
}

/* The pieces of a packet come one after the other, with the bytes that the frame has. */
static void check_piece(const struct rpcs_record_piece *piece, uint32_t len,
			const struct rpcs_frame *frame)
{
	FUZZ_HOLDS(len >= sizeof(*piece));
	FUZZ_HOLDS(len == sizeof(*piece) + piece->piece_len);
	FUZZ_HOLDS(piece->piece_len > 0 && piece->piece_len <= RPCS_PIECE_BYTES);
	FUZZ_HOLDS(piece->packet_len <= RPCS_PACKET_MAX);
	FUZZ_HOLDS(piece->packet_len <= piece->wire_len);
	FUZZ_HOLDS(piece->offset == rig.filled);
	FUZZ_HOLDS(piece->offset == 0 || piece->packet_len == rig.wanted);
	FUZZ_HOLDS(piece->piece_len <= piece->packet_len - piece->offset);
	FUZZ_HOLDS(rig.pkt.network_offset + piece->packet_len <= frame->len);
	FUZZ_HOLDS(memcmp(piece + 1, frame->bytes + rig.pkt.network_offset + piece->offset,
			  piece->piece_len) == 0);
	FUZZ_HOLDS(piece->reason > RPCS_FALLBACK_NONE && piece->reason < RPCS_FALLBACK__MAX);
	rig.wanted = piece->packet_len;
	rig.filled += piece->piece_len;
	if (rig.filled == rig.wanted)
		rig.filled = rig.wanted = 0;
}

static void take_record(void *arg, const void *record, uint32_t len, const struct rpcs_frame *frame)
{
	const struct rpcs_record_head *head = record;

	(void)arg;
	rig.records++;
	FUZZ_HOLDS(len >= sizeof(*head) && len <= RPCS_RECORD_BYTES_MAX);
	FUZZ_HOLDS(head->abi == RPCS_RECORD_ABI);
	FUZZ_HOLDS(head->hook < RPCS_HOOK__MAX);
	FUZZ_HOLDS(head->vlan_count <= RPCS_VLANS_MAX);
	FUZZ_HOLDS(head->kind > RPCS_RECORD_NONE && head->kind < RPCS_RECORD__MAX);
	if (head->kind == RPCS_RECORD_CALL || head->kind == RPCS_RECORD_REPLY)
		check_rpc(record, len, frame);
	else if (head->kind == RPCS_RECORD_PIECE)
		check_piece(record, len, frame);
	else
		FUZZ_HOLDS(len == sizeof(struct rpcs_record_connection));
	rpcs_stream_record(rig.stream, record, len, frame->time_ns, frame->number);
}

static void on_message(void *arg, struct rpcs_message *message, struct rpcs_flow *flow)
{
	(void)arg;
	FUZZ_HOLDS(flow->id != 0);
	FUZZ_HOLDS(message->body_available <= message->body_len);
	FUZZ_HOLDS(message->body_len <= message->length);
}

static void on_connection(void *arg, const struct rpcs_connection *connection,
			  struct rpcs_flow *flow)
{
	(void)arg;
	FUZZ_HOLDS(flow->id != 0);
	FUZZ_HOLDS(connection->tcp_flags &
		   (RPCS_TCP_SYN | RPCS_TCP_FIN | RPCS_TCP_RST | RPCS_TCP_ACK));
}

static void check_counts(const struct rpcs_native *native)
{
	const struct rpcs_counters *c = rpcs_native_counters(native);
	struct rpcs_stream_counts counts;

	FUZZ_HOLDS(c->rpc_seen == c->records_sent + c->records_suppressed + c->records_lost);
	FUZZ_HOLDS(c->rpc_seen == c->calls + c->replies + c->records_suppressed + c->connections +
					  c->ends + c->probes + c->pieces + c->fallbacks_capped);
	FUZZ_HOLDS(c->records_suppressed == c->calls_suppressed + c->replies_suppressed);
	FUZZ_HOLDS(c->records_sent == rig.records);
	FUZZ_HOLDS(rig.filled == 0);
	rpcs_stream_counts(rig.stream, &counts);
	FUZZ_HOLDS(counts.records_bad == 0);
	FUZZ_HOLDS(counts.packets_incomplete == 0);
}

/* The frame in memory of its own, behind the header that its link type gets. */
static uint8_t *frame_of(enum link link, const uint8_t *bytes, size_t len, uint32_t *ret_len)
{
	static const uint8_t ip4[] = { [12] = 0x08, 0x00 }, ip6[] = { [12] = 0x86, 0xdd };
	static const uint8_t tagged[] = { 1, [12] = 0x88, 0xa8, 0, 5, 0x81, 0, 0, 6, 0x08, 0 };
	static const struct {
		const uint8_t *bytes;
		uint32_t len;
	} heads[] = { [LINK_IP4] = { ip4, sizeof(ip4) },
		      [LINK_IP6] = { ip6, sizeof(ip6) },
		      [LINK_TAGGED] = { tagged, sizeof(tagged) } };
	uint8_t *frame = fuzz_copy(bytes, len);

	*ret_len = (uint32_t)len;
	if (link == LINK_NONE)
		return frame;
	free(frame);
	frame = malloc(heads[link].len + len);
	FUZZ_HOLDS(frame);
	memcpy(frame, heads[link].bytes, heads[link].len);
	if (len)
		memcpy(frame + heads[link].len, bytes, len);
	*ret_len += heads[link].len;
	return frame;
}

static void run(struct rpcs_native *native, enum link link, struct fuzz_input *in)
{
	struct rpcs_frame frame = { .time_ns = 1 };
	const uint8_t *bytes;
	uint8_t *copy;
	size_t len;

	while (in->left > 0 && frame.number < FRAMES) {
		uint16_t want = fuzz_u16(in);

		bytes = fuzz_bytes(in, want, &len);
		copy = frame_of(link, bytes, len, &frame.len);
		frame.bytes = copy;
		frame.number++;
		frame.time_ns += 1000000;
		rig.pkt = (struct rpcs_packet){ 0 };
		rpcs_packet_parse(&rig.pkt, copy, copy + frame.len, frame.len, 0);
		rpcs_native_frame(native, &frame);
		check_counts(native);
		free(copy);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct rpcs_stream_handler handler = { .message = on_message,
						     .connection = on_connection };
	const struct rpcs_hash_seed seed = { 1, 1 };
	struct fuzz_input in = { data, size };
	uint8_t bits = fuzz_u8(&in);
	struct rpcs_settings settings = {
		.ports = { 111, 32771, 0, 1, 2, 3, 65535, 4 },
		.port_count = (bits & BIT_MANY_PORTS) ? 8 : 1,
		.any_port = (enum rpcs_any_port)((bits >> SHIFT_ANY_PORT & 3) % 3),
		.limit_flows = (bits & BIT_FEW_FLOWS) ? 2 : 64,
		.limit_reassembly = 1 << 20,
		.flow_timeout_ns = 120000000000ULL,
		.fragment_timeout_ns = 30000000000ULL,
	};
	const struct rpcs_native_options options = {
		.settings = &settings,
		.emit = take_record,
	};
	struct rpcs_native *native = rpcs_native_new(&options);

	memset(&rig, 0, sizeof(rig));
	rig.stream = rpcs_stream_new(&settings, &seed, &handler);
	FUZZ_HOLDS(native && rig.stream);
	run(native, bits >> SHIFT_LINK & 3, &in);
	rpcs_stream_finish(rig.stream);
	rpcs_stream_free(&rig.stream);
	rpcs_native_free(&native);
	return 0;
}
