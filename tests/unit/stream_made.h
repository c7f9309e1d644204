/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Records made by hand, of one TCP connection. Include after cmocka.h and stream_rig.h. */
#ifndef TESTS_UNIT_STREAM_MADE_H
#define TESTS_UNIT_STREAM_MADE_H

enum { CLIENT, SERVER, CALL_BYTES = 44, AGREE_BYTES = 36, CLIENT_PORT = 900 };

static uint16_t server_port; /* of all records below */
static uint64_t made_ns;     /* when the next one is seen */
static uint32_t made_turn;   /* of pieces */

static inline void made_head(struct rpcs_record_head *head, uint8_t kind, int side, uint16_t flags)
{
	*head = (struct rpcs_record_head){
		.kind = kind,
		.abi = RPCS_RECORD_ABI,
		.protocol = RPCS_IP_TCP,
		.flags = flags,
		.src = { [10] = 0xff, 0xff, 10, 0, 0, side == CLIENT ? 1 : 2 },
		.dst = { [10] = 0xff, 0xff, 10, 0, 0, side == CLIENT ? 2 : 1 },
		.sport = side == CLIENT ? CLIENT_PORT : server_port,
		.dport = side == CLIENT ? server_port : CLIENT_PORT,
	};
}

static inline void made_send(const void *record, uint32_t len)
{
	rpcs_stream_record(rig.stream, record, len, made_ns, ++rig.frame);
}

static inline void made_control(uint8_t kind, int side, uint8_t tcp_flags, uint32_t seq,
				uint32_t ack)
{
	struct rpcs_record_connection record = { .seq = seq, .ack = ack };

	made_head(&record.head, kind, side, 0);
	record.head.tcp_flags = tcp_flags;
	made_send(&record, sizeof(record));
}

/** The client's FIN, where its stream is. */
static inline void made_fin(uint32_t seq)
{
	struct rpcs_record_connection record = { .seq = seq };

	made_head(&record.head, RPCS_RECORD_CONNECTION, CLIENT, RPCS_F_IN_STEP);
	record.head.tcp_flags = RPCS_TCP_FIN;
	made_send(&record, sizeof(record));
}

static inline void made_handshake(uint32_t isn)
{
	made_control(RPCS_RECORD_CONNECTION, CLIENT, RPCS_TCP_SYN, isn, 0);
	made_control(RPCS_RECORD_CONNECTION, SERVER, RPCS_TCP_SYN | RPCS_TCP_ACK, 500, isn + 1);
}

/** A call of `len` bytes with a machine name, AUTH_SYS. */
static inline void made_call(uint32_t seq, uint32_t len, uint32_t xid, uint16_t flags)
{
	struct {
		struct rpcs_record_rpc rpc;
		char machine[4];
	} record = { .rpc = { .seq = seq,
			      .message_len = len,
			      .cred_len = 24,
			      .xid = xid,
			      .call = { 2, 100003, 3, 7 },
			      .cred_flavor = RPCS_AUTH_SYS,
			      .uid = 7,
			      .body = { 11, 22, 33, 44 } },
		     .machine = "host" };

	made_head(&record.rpc.head, RPCS_RECORD_CALL, CLIENT, flags);
	record.rpc.head.text_len = 4;
	made_send(&record, sizeof(record.rpc) + 4);
}

/** A segment through the fallback; with RPCS_F_IN_STEP in `flags` `next` and `boundary` hold. */
static inline void made_piece(int side, uint32_t seq, const void *bytes, uint32_t len,
			      uint16_t flags, uint32_t next, uint32_t boundary)
{
	static struct {
		struct rpcs_record_piece piece;
		uint8_t bytes[RPCS_PIECE_BYTES];
	} record;
	struct test_frame f = { 0 };
	static uint32_t id;

	frame_ip4(&f, RPCS_IP_TCP, 0);
	f.bytes[2] = (uint8_t)((40 + len) >> 8);
	f.bytes[3] = (uint8_t)(40 + len);
	frame_tcp(&f, side == CLIENT ? CLIENT_PORT : server_port,
		  side == CLIENT ? server_port : CLIENT_PORT, seq, RPCS_TCP_ACK, 0);
	put_bytes(&f, bytes, len);
	record.piece = (struct rpcs_record_piece){ .packet_len = f.len,
						   .wire_len = f.len,
						   .piece_len = (uint16_t)f.len,
						   .packet_id = id++,
						   .next = next,
						   .boundary = boundary,
						   .turn = made_turn };
	made_head(&record.piece.head, RPCS_RECORD_PIECE, side, flags);
	memcpy(record.bytes, f.bytes, f.len);
	made_send(&record, sizeof(record.piece) + f.len);
}

/** A record-marked call without arguments. */
static inline void call_bytes(uint8_t bytes[CALL_BYTES], uint32_t xid)
{
	struct test_frame f = { 0 };

	put32(&f, RPCS_MARK_LAST | (CALL_BYTES - 4));
	frame_call(&f, xid, RPCS_PORTMAP_PROGRAM, 2, PROC_DUMP);
	memcpy(bytes, f.bytes, CALL_BYTES);
}

/** A record-marked reply that agrees to TLS. */
static inline void agree_bytes(uint8_t bytes[AGREE_BYTES], uint32_t xid)
{
	struct test_frame f = { 0 };

	put32(&f, RPCS_MARK_LAST | (AGREE_BYTES - 4));
	put32(&f, xid);
	put32(&f, RPCS_MSG_REPLY);
	put32(&f, RPCS_REPLY_ACCEPTED);
	put32(&f, RPCS_AUTH_NONE);
	put32(&f, 8);
	put_bytes(&f, "STARTTLS", 8);
	put32(&f, RPCS_ACCEPT_SUCCESS);
	memcpy(bytes, f.bytes, AGREE_BYTES);
}

static inline void flow_key(struct rpcs_flow_key *key, int side)
{
	struct rpcs_record_head head;

	made_head(&head, 0, side, 0);
	rpcs_flow_key_fill(key, &head);
}

/** What stage 3 knows of a direction. */
static inline uint64_t step_state(int side)
{
	struct rpcs_flow_value value = { 0 };
	struct rpcs_flow_key key;

	flow_key(&key, side);
	rpcs_state_flow_get(rpcs_native_state(rig.native), &key, &value);
	return value.state;
}

static inline void set_step(int side, uint64_t state)
{
	const struct rpcs_flow_value value = { .state = state };
	struct rpcs_flow_key key;

	flow_key(&key, side);
	rpcs_state_flow_put(rpcs_native_state(rig.native), &key, &value);
}

static inline int made_setup(void **state)
{
	server_port = 2049;
	made_ns = 1000000000000ULL;
	made_turn = 0;
	settings.any_port = RPCS_ANY_PORT_ALL;
	return setup(state);
}

static inline int made_setup_portmapper(void **state)
{
	int err = made_setup(state);

	server_port = 111;
	return err;
}

#endif
