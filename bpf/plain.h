/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Stages 2 to 4 at one go for what a portmapper sees most: a datagram with one call or
 * reply, AUTH_NONE, arguments of none or four units, results of none or one, behind a
 * plain Ethernet and IP header. All lies where it always lies, so the record is written
 * from the packet straight into the ring. As glance.h this changes how fast an answer
 * comes and never which: anything else takes the long way, and the differential tests
 * hold this one against the native build, which has no other.
 *
 * A function call costs as much here as all of the parsing (7 ns on a kernel with return
 * thunks): everything is inlined into the programs.
 */
#ifndef RPCSENTRY_BPF_PLAIN_H
#define RPCSENTRY_BPF_PLAIN_H

#include "vmlinux.h"
#include <bpf/bpf_endian.h>

#include "engine.h"

/** Where and how a packet came. */
struct rpcs_plain {
	const __u8 *data, *end;
	__u32 ifindex;
	__u16 flags; /* OUTBOUND */
	__u8 hook;
};

enum {
	RPCS_PLAIN_CALL = 40,	/* a header with AUTH_NONE both, no arguments */
	RPCS_PLAIN_CALL4 = 56,	/* and four units: SET, UNSET, GETPORT */
	RPCS_PLAIN_REPLY = 24,	/* accepted, empty verifier, no results */
	RPCS_PLAIN_REPLY1 = 28, /* and one unit: a port, a boolean */
};

/** The IP header at `ip`: is it plain, and of a datagram that is whole? *ret_udp: behind it. */
RPCS_INLINE bool rpcs_plain_ip(const struct rpcs_plain *plain, const __u8 **ret_udp, bool *ret_ip6)
{
	const __u8 *data = plain->data;
	__u16 type;

	/* The shortest there is has both headers and a reply without results. */
	if (RPCS_BEYOND(data, 14 + 20 + 8 + RPCS_PLAIN_REPLY, plain->end))
		return false;
	type = rpcs_load_be16(data + 12);
	if (type == RPCS_ETH_IP4) {
		if (data[14] != 0x45 || (rpcs_load_be16(data + 20) & 0x3fff) ||
		    data[23] != RPCS_IP_UDP ||
		    rpcs_load_be16(data + 16) != 20 + rpcs_load_be16(data + 38))
			return false;
		*ret_ip6 = false;
		*ret_udp = data + 34;
		return true;
	}
	if (type != RPCS_ETH_IP6 || data[14] >> 4 != 6 || data[20] != RPCS_IP_UDP ||
	    rpcs_load_be16(data + 18) != rpcs_load_be16(data + 58))
		return false;
	*ret_ip6 = true;
	*ret_udp = data + 54;
	return true;
}

RPCS_INLINE bool rpcs_plain_is_portmapper(const struct rpcs_ports *table, const __u8 *udp)
{
	return rpcs_port_class(table, rpcs_load_be16(udp)) == RPCS_PORT_PORTMAPPER ||
	       rpcs_port_class(table, rpcs_load_be16(udp + 2)) == RPCS_PORT_PORTMAPPER;
}

/** Is the message of `len` bytes at `rpc` a call that this way takes? */
RPCS_INLINE bool rpcs_plain_is_call(const struct rpcs_plain *plain, const __u8 *rpc, __u32 len)
{
	__u32 procedure;
	__u64 cred, verf;

	if ((len != RPCS_PLAIN_CALL && len != RPCS_PLAIN_CALL4) ||
	    RPCS_BEYOND(rpc, RPCS_PLAIN_CALL, plain->end) ||
	    (len == RPCS_PLAIN_CALL4 && RPCS_BEYOND(rpc, RPCS_PLAIN_CALL4, plain->end)))
		return false;
	RPCS_COPY(&cred, rpc + 24, sizeof(cred));
	RPCS_COPY(&verf, rpc + 32, sizeof(verf));
	if (cred | verf)
		return false;
	/* Replies to calls that are passed on come from other ports: the long way expects them. */
	procedure = rpcs_load_be32(rpc + 20);
	return procedure != RPCS_PORTMAP_CALLIT && procedure != RPCS_PORTMAP_INDIRECT &&
	       !(plain->data[0] & 1);
}

/** The same of a reply: accepted, with an empty verifier. */
RPCS_INLINE bool rpcs_plain_is_reply(const struct rpcs_plain *plain, const __u8 *rpc, __u32 len)
{
	__u64 verf;

	if ((len != RPCS_PLAIN_REPLY && len != RPCS_PLAIN_REPLY1) ||
	    RPCS_BEYOND(rpc, RPCS_PLAIN_REPLY, plain->end) ||
	    (len == RPCS_PLAIN_REPLY1 && RPCS_BEYOND(rpc, RPCS_PLAIN_REPLY1, plain->end)))
		return false;
	RPCS_COPY(&verf, rpc + 12, sizeof(verf));
	return verf == 0 && rpcs_load_be32(rpc + 8) == RPCS_REPLY_ACCEPTED;
}

/** As rpcs_is_getport(): the reply to this call will tell a TCP port. */
RPCS_INLINE bool rpcs_plain_asks_port(const struct rpcs_plain *plain, const __u8 *rpc, __u32 len)
{
	return len == RPCS_PLAIN_CALL4 && !RPCS_BEYOND(rpc, RPCS_PLAIN_CALL4, plain->end) &&
	       rpcs_load_be32(rpc + 48) == RPCS_IP_TCP &&
	       rpcs_load_be32(rpc + 20) == RPCS_PORTMAP_GETPORT && rpcs_load_be32(rpc + 16) == 2 &&
	       rpcs_load_be32(rpc + 12) == RPCS_PORTMAP_PROGRAM;
}

/**
 * What the reply at `rpc` to `dport` answers, as rpcs_expect_key(). Not on the stack, which the
 * functions of the long way need. NULL cannot happen but to the verifier.
 */
RPCS_INLINE const struct rpcs_expect_key *rpcs_plain_expect_key(const struct rpcs_plain *plain,
								const __u8 *rpc, __u16 dport,
								__u8 protocol, bool ip6)
{
	const __u8 *ip = plain->data + 14;
	struct rpcs_expect_key *key;
	struct rpcs_scratch *s;
	__u32 zero = 0;

	s = bpf_map_lookup_elem(&scratch, &zero);
	if (!s)
		return NULL;
	key = &s->keys.expect;
	RPCS_ZERO(key);
	if (ip6) {
		RPCS_COPY(key->client, ip + 24, 16);
	} else {
		key->client[10] = key->client[11] = 0xff;
		RPCS_COPY(key->client + 12, ip + 16, 4);
	}
	key->port = dport;
	key->protocol = protocol;
	key->xid = rpcs_load_be32(rpc);
	return key;
}

/** As rpcs_inspect_learn(): is this the reply that does? */
RPCS_INLINE bool rpcs_plain_tells_port(const struct rpcs_plain *plain, const __u8 *rpc, __u32 len,
				       __u16 dport, __u8 protocol, bool ip6)
{
	const struct rpcs_expect_key *key;
	__u32 *program;

	if (len != RPCS_PLAIN_REPLY1 || RPCS_BEYOND(rpc, RPCS_PLAIN_REPLY1, plain->end) ||
	    rpcs_load_be32(rpc + 20) != RPCS_ACCEPT_SUCCESS ||
	    rpcs_load_be32(rpc + 24) - 1 >= 0xffff)
		return false;
	key = rpcs_plain_expect_key(plain, rpc, dport, protocol, ip6);
	if (!key)
		return false;
	program = bpf_map_lookup_elem(&expected, key);
	return program && *program == RPCS_EXPECT_PORT;
}

/** May the policy suppress calls of this one's client? Then the long way decides. */
RPCS_INLINE bool rpcs_plain_is_listed(const struct rpcs_plain *plain, bool ip6)
{
	const __u8 *ip = plain->data + 14;
	struct rpcs_suppress_key key = { .prefixlen = 8 * sizeof(key.client) };

	if (ip6) {
		RPCS_COPY(key.client, ip + 8, 16);
	} else {
		key.client[10] = key.client[11] = 0xff;
		RPCS_COPY(key.client + 12, ip + 12, 4);
	}
	return bpf_map_lookup_elem(&suppress, &key);
}

/** Is the call, or the reply's, one of those that may be suppressed? Compiled out without any. */
RPCS_INLINE bool rpcs_plain_is_known(const struct rpcs_plain *plain, const __u8 *rpc, __u16 dport,
				     __u8 protocol, bool ip6, bool is_call)
{
	const struct rpcs_expect_key *key;

	if (!rpcs_config.suppress)
		return false;
	if (is_call)
		return rpcs_plain_is_listed(plain, ip6);
	key = rpcs_plain_expect_key(plain, rpc, dport, protocol, ip6);
	return key && bpf_map_lookup_elem(&silenced, key);
}

/** As rpcs_packet_addresses(), in stores of 8 and 4 bytes: the record is aligned. */
RPCS_INLINE void rpcs_plain_addresses(const __u8 *ip, bool ip6, struct rpcs_record_head *head)
{
	__u32 *src = (__u32 *)head->src, *dst = (__u32 *)head->dst;

	if (ip6) {
		RPCS_COPY(src, ip + 8, 16);
		RPCS_COPY(dst, ip + 24, 16);
		return;
	}
	*(__u64 *)src = 0;
	*(__u64 *)dst = 0;
	src[2] = dst[2] = bpf_htonl(0xffff);
	RPCS_COPY(&src[3], ip + 12, 4);
	RPCS_COPY(&dst[3], ip + 16, 4);
}

RPCS_INLINE void rpcs_plain_head(const struct rpcs_plain *plain, const __u8 *l4, __u8 protocol,
				 bool ip6, __u64 now, struct rpcs_record_head *head)
{
	const __u8 *ip = plain->data + 14;

	rpcs_plain_addresses(ip, ip6, head);
	head->abi = RPCS_RECORD_ABI;
	head->hook = plain->hook;
	head->protocol = protocol;
	head->ifindex = plain->ifindex;
	head->time_ns = now;
	head->sport = rpcs_load_be16(l4);
	head->dport = rpcs_load_be16(l4 + 2);
	head->flags = plain->flags | (ip6 ? RPCS_F_IP6 : 0) | rpcs_packet_link_flags(plain->data);
	head->vlan[0] = head->vlan[1] = 0;
	head->vlan_count = head->tcp_flags = head->text_len = 0;
	head->ttl = ip6 ? ip[7] : ip[8];
	head->have = 0;
}

RPCS_INLINE void rpcs_plain_call(const __u8 *rpc, __u32 len, const __u8 *end,
				 struct rpcs_record_rpc *rec)
{
	rec->head.kind = RPCS_RECORD_CALL;
	rec->call.rpc_version = rpcs_load_be32(rpc + 8);
	rec->call.program = rpcs_load_be32(rpc + 12);
	rec->call.version = rpcs_load_be32(rpc + 16);
	rec->call.procedure = rpcs_load_be32(rpc + 20);
	if (len != RPCS_PLAIN_CALL4 || RPCS_BEYOND(rpc, RPCS_PLAIN_CALL4, end)) {
		RPCS_ZERO(&rec->body);
		return;
	}
	rec->body[0] = rpcs_load_be32(rpc + 40);
	rec->body[1] = rpcs_load_be32(rpc + 44);
	rec->body[2] = rpcs_load_be32(rpc + 48);
	rec->body[3] = rpcs_load_be32(rpc + 52);
}

RPCS_INLINE void rpcs_plain_reply(const __u8 *rpc, __u32 len, const __u8 *end,
				  struct rpcs_record_rpc *rec)
{
	rec->head.kind = RPCS_RECORD_REPLY;
	RPCS_ZERO(&rec->reply);
	RPCS_ZERO(&rec->body);
	rec->reply.stat = rpcs_load_be32(rpc + 20);
	if (len == RPCS_PLAIN_REPLY1 && !RPCS_BEYOND(rpc, RPCS_PLAIN_REPLY1, end))
		rec->body[0] = rpcs_load_be32(rpc + 24);
}

/** Writes the record into the ring; counted once, sent or lost. TCP: of a flow in step. */
RPCS_INLINE void rpcs_plain_emit(const struct rpcs_plain *plain, struct rpcs_counters *c,
				 const __u8 *l4, const __u8 *rpc, __u32 len, __u8 protocol,
				 bool ip6, bool is_call)
{
	__u64 now = rpcs_config.test_clock ? 0 : bpf_ktime_get_ns();
	struct rpcs_record_rpc *rec = rpcs_send_reserve(c);

	if (!rec)
		return;
	/* Each byte is written once: zeroing all of it before is a tenth of the whole way. */
	rpcs_plain_head(plain, l4, protocol, ip6, now, &rec->head);
	rec->seq = 0;
	if (protocol == RPCS_IP_TCP) {
		rec->head.flags |= RPCS_F_IN_STEP;
		rec->head.tcp_flags = l4[13];
		rec->seq = rpcs_load_be32(l4 + 4);
	}
	rec->message_len = len;
	rec->cred_len = rec->verf_len = 0;
	rec->cred_flavor = rec->verf_flavor = rec->uid = rec->gid = 0;
	rec->xid = rpcs_load_be32(rpc);
	if (is_call)
		rpcs_plain_call(rpc, len, plain->end, rec);
	else
		rpcs_plain_reply(rpc, len, plain->end, rec);
	rpcs_send_submit(c, rec);
}

RPCS_INLINE void rpcs_plain_count(struct rpcs_counters *c, const __u8 *rpc, bool is_call)
{
	c->packets_watched += 1;
	if (!is_call) {
		c->replies += 1;
		return;
	}
	c->calls += 1;
	if (rpcs_load_be32(rpc + 12) == RPCS_PORTMAP_PROGRAM)
		rpcs_engine_count_call(NULL, rpcs_load_be32(rpc + 16), rpcs_load_be32(rpc + 20));
}

/** Reports the packet, if it is one of those; false: it takes the long way. */
RPCS_INLINE bool rpcs_plain_take(const struct rpcs_plain *plain, struct rpcs_counters *c,
				 const struct rpcs_ports *table, bool any_port)
{
	const __u8 *udp, *rpc;
	bool ip6, is_call;
	__u32 len, type;

	if (!rpcs_plain_ip(plain, &udp, &ip6) ||
	    RPCS_BEYOND(udp, 8 + RPCS_PLAIN_REPLY, plain->end) ||
	    !rpcs_plain_is_portmapper(table, udp))
		return false;
	len = rpcs_load_be16(udp + 4) - 8;
	rpc = udp + 8;
	type = rpcs_load_be32(rpc + 4);
	is_call = type == RPCS_MSG_CALL;
	if (is_call) {
		if (!rpcs_plain_is_call(plain, rpc, len) ||
		    (any_port && rpcs_plain_asks_port(plain, rpc, len)))
			return false;
	} else if (type != RPCS_MSG_REPLY || !rpcs_plain_is_reply(plain, rpc, len) ||
		   (any_port && rpcs_plain_tells_port(plain, rpc, len, rpcs_load_be16(udp + 2),
						      RPCS_IP_UDP, ip6))) {
		return false;
	}
	if (rpcs_plain_is_known(plain, rpc, rpcs_load_be16(udp + 2), RPCS_IP_UDP, ip6, is_call))
		return false;
	rpcs_plain_count(c, rpc, is_call);
	rpcs_plain_emit(plain, c, udp, rpc, len, RPCS_IP_UDP, ip6, is_call);
	return true;
}

#endif
