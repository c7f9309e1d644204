/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What every engine must make of the frames in tunnel_cases.h. Include after cmocka.h. */
#ifndef RPCSENTRY_TESTS_TUNNEL_TABLE_H
#define RPCSENTRY_TESTS_TUNNEL_TABLE_H

#include <rpcsentry/counters.h>

#include "packet_check.h"
#include "tunnel_cases.h"

/** CALL: the GETPORT inside, whole. PIECE: its bytes, for `reason`. NONE: no record. */
struct tunnel_case {
	const char *name;
	void (*build)(struct tunnel_frame *t);
	enum rpcs_record_kind kind;
	enum rpcs_tunnel tunnel; /* the outermost */
	enum rpcs_fallback reason;
	uint16_t flags, not_flags; /* that must be set, or not */
	int vlans;
	size_t counter; /* offset in struct rpcs_counters of what is 1 then; 0: none is looked at */
};

#define COUNTS(name) .counter = offsetof(struct rpcs_counters, name)
#define CALL(fn, kind_, ...)                                                                       \
	{                                                                                          \
		.name = #fn, .build = fn, .kind = RPCS_RECORD_CALL, .tunnel = RPCS_TUNNEL_##kind_, \
		COUNTS(tunnelled), __VA_ARGS__                                                     \
	}
#define PIECE(fn, kind_, why, ...)                                                               \
	{                                                                                        \
		.name = #fn, .build = fn, .kind = RPCS_RECORD_PIECE,                             \
		.tunnel = RPCS_TUNNEL_##kind_, .reason = RPCS_FALLBACK_##why, COUNTS(tunnelled), \
		__VA_ARGS__                                                                      \
	}
#define NONE(fn, counter_)                                 \
	{                                                  \
		.name = #fn, .build = fn, COUNTS(counter_) \
	}

static const struct tunnel_case tunnel_cases[] = {
	CALL(in_ip, ip, .not_flags = RPCS_F_IP6),
	CALL(in_ip_local, ip, .flags = RPCS_F_LOCAL),
	CALL(ip6_in_ip4, ip, .flags = RPCS_F_IP6),
	CALL(ip4_in_ip6, ip, .not_flags = RPCS_F_IP6),
	CALL(in_gre, gre, .not_flags = RPCS_F_GROUP | RPCS_F_LOCAL),
	CALL(in_gre_options, gre, .flags = RPCS_F_IP6),
	CALL(in_gre_key, gre, ),
	CALL(in_gre_reserved, gre, ),
	CALL(in_gre_bridged, gre, .vlans = 1),
	NONE(gre_routing, packet_tunnel_bad),
	NONE(gre_version_1, packet_tunnel_bad),
	NONE(gre_arp, tunnelled),
	CALL(in_vxlan, vxlan, .not_flags = RPCS_F_GROUP),
	CALL(in_vxlan_rpc_port, vxlan, ),
	CALL(in_vxlan_like_rpc, vxlan, ),
	CALL(in_vxlan_group, vxlan, .flags = RPCS_F_GROUP),
	CALL(in_vxlan_flooded, vxlan, .not_flags = RPCS_F_GROUP),
	CALL(in_vxlan_odd_bits, vxlan, ),
	CALL(in_vxlan_tags, vxlan, .vlans = 2),
	NONE(vxlan_no_vni, packets),
	NONE(vxlan_from_port, packets),
	NONE(vxlan_three_tags, packet_vlan_deep),
	CALL(in_pppoe, pppoe, .vlans = 1),
	CALL(in_pppoe_compressed, pppoe, .flags = RPCS_F_IP6),
	NONE(pppoe_lcp, packets),
	CALL(in_mpls, mpls, ),
	CALL(in_mpls_eight, mpls, .flags = RPCS_F_IP6),
	NONE(mpls_nine, packet_tunnel_deep),
	NONE(mpls_bottomless, packet_tunnel_deep),
	NONE(mpls_ends, packet_tunnel_short),
	NONE(mpls_pseudowire, packets),
	CALL(mpls_in_gre, gre, ),
	CALL(vxlan_in_pppoe, pppoe, .flags = RPCS_F_IP6),
	NONE(three_deep, packet_tunnel_deep),
	NONE(vxlan_third, packet_tunnel_deep),
	NONE(outer_too_long, packet_tunnel_deep),
	NONE(outer_first_fragment, tunnel_fragments),
	NONE(vxlan_first_fragment, tunnel_fragments),
	PIECE(inner_first_fragment, gre, fragment, ),
	PIECE(pppoe_length_lies, pppoe, truncated, .vlans = 1),
	PIECE(outer_length_lies, ip, truncated, ),
	PIECE(inner_length_lies, mpls, truncated, ),
	NONE(outer_without_inner, packet_ip_short),
	NONE(inner_version_lies, packet_ip_bad),
	NONE(inner_other_port, tunnelled),
};

enum { TUNNEL_CASES = sizeof(tunnel_cases) / sizeof(tunnel_cases[0]) };

static inline void tunnel_build(const struct tunnel_case *c, struct tunnel_frame *t)
{
	c->build(t);
	tunnel_end(t);
}

static inline void tunnel_check_head(const struct tunnel_case *c,
				     const struct rpcs_record_head *head)
{
	static const uint8_t ip4[16] = { [10] = 0xff, [11] = 0xff, [12] = 10, [15] = 1 };
	static const uint8_t ip6[16] = { 0xfd, [15] = 1 };

	assert_int_equal(head->kind, c->kind);
	assert_int_equal(rpcs_tunnel_of_flags(head->flags), c->tunnel);
	assert_int_equal(head->flags & c->flags, c->flags);
	assert_int_equal(head->flags & c->not_flags, 0);
	assert_memory_equal(head->src, (head->flags & RPCS_F_IP6) ? ip6 : ip4, 16);
	assert_int_equal(head->protocol, RPCS_IP_UDP);
	assert_int_equal(head->sport, 800);
	assert_int_equal(head->dport, 111);
	assert_int_equal(head->vlan_count, c->vlans);
}

/** Holds the records of a case's frame against it. */
static inline void tunnel_check(const struct tunnel_case *c, const struct tunnel_frame *t,
				const struct collected *got)
{
	const struct rpcs_record_rpc *rpc = (const void *)got->bytes[0];
	const struct rpcs_record_piece *piece = (const void *)got->bytes[0];

	print_message("  case: %s\n", c->name);
	assert_int_equal(got->count, c->kind != RPCS_RECORD_NONE);
	if (got->count)
		tunnel_check_head(c, &rpc->head);
	if (c->kind == RPCS_RECORD_CALL) {
		assert_int_equal(rpc->call.procedure, RPCS_PORTMAP_GETPORT);
		assert_int_equal(rpc->body[0], 100005);
	} else if (c->kind == RPCS_RECORD_PIECE) {
		/* The agent sees the packet inside and nothing else. */
		assert_int_equal(piece->reason, c->reason);
		assert_true(piece->packet_len <= t->f.len - t->inner);
		assert_memory_equal(piece + 1, t->f.bytes + t->inner, piece->packet_len);
	}
}

/** The counter that the case names, and none of tunnels else; of one frame. */
static inline void tunnel_check_counter(const struct tunnel_case *c,
					const struct rpcs_counters *counters)
{
	const size_t bad[] = { offsetof(struct rpcs_counters, packet_tunnel_short),
			       offsetof(struct rpcs_counters, packet_tunnel_bad),
			       offsetof(struct rpcs_counters, packet_tunnel_deep),
			       offsetof(struct rpcs_counters, tunnel_fragments) };
	const char *base = (const char *)counters;

	assert_int_equal(*(const uint64_t *)(const void *)(base + c->counter), 1);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(*(const uint64_t *)(const void *)(base + bad[i]),
				 c->counter == bad[i]);
	assert_int_equal(counters->rpc_seen, c->kind != RPCS_RECORD_NONE);
}

#endif
