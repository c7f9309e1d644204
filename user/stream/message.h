/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What stage 6 hands on: one RPC message, whole, with where and when it was seen. */
#ifndef RPCSENTRY_STREAM_MESSAGE_H
#define RPCSENTRY_STREAM_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "../base/address.h"
#include "../base/join.h"

/** Bytes from the wire, not terminated, valid as long as the message; len 0 for none. */
struct rpcs_text {
	const uint8_t *bytes;
	uint32_t len;
};

/** A length on the wire that is larger than it can be; `what` is NULL where there is none. */
struct rpcs_excess {
	const char *what; /* literals: what has that length, */
	const char *unit; /* in what, */
	const char *rfc;  /* and where its form stands */
	uint32_t length;  /* as the sender says */
	uint32_t room;	  /* what is left of the message, or what the RFC allows */
	uint32_t at;	  /* offset of the length in the arguments or results */
	bool over_limit;  /* the RFC allows `room`; else the message has no more */
};

/** Sender and receiver; ports in host order. */
struct rpcs_tuple {
	struct rpcs_address src;
	struct rpcs_address dst;
	union {
		struct {
			uint16_t sport;
			uint16_t dport;
			uint8_t protocol; /* 6 or 17 */
			/* Named, so that it is zero: a call is kept by what is not (packed.h). */
			uint8_t pad[3];
		};
		uint64_t last; /* these as one word, see join.h */
	};
};

/** Sets what follows the addresses. */
static inline void rpcs_tuple_set(struct rpcs_tuple *tuple, uint16_t sport, uint16_t dport,
				  uint8_t protocol)
{
	tuple->last =
		rpcs_join_32(rpcs_join_16(sport, dport), rpcs_join_16(rpcs_join_8(protocol, 0), 0));
}

/** Is it the same sender and receiver? */
static inline bool rpcs_tuple_equal(const struct rpcs_tuple *a, const struct rpcs_tuple *b)
{
	return rpcs_address_equal(&a->src, &b->src) && rpcs_address_equal(&a->dst, &b->dst) &&
	       a->sport == b->sport && a->dport == b->dport && a->protocol == b->protocol;
}

/** When and where a packet was seen. */
struct rpcs_sighting {
	uint64_t time_ns; /* since the epoch */
	uint64_t frame;	  /* 1-based number in the capture; 0 live */
	uint32_t ifindex; /* 0 from a capture */
	uint16_t flags;	  /* enum rpcs_packet_flag */
	uint16_t vlan[2]; /* outermost first */
	uint8_t vlan_count;
	uint8_t ttl;
	uint8_t pad[4];
};

/** The credential of a call (RFC 5531 8.2). */
struct rpcs_auth {
	uint32_t flavor;
	uint32_t len;
	bool malformed; /* an AUTH_SYS body that does not parse: no fields below */
	bool sys;	/* the fields below are set */
	bool stamp_zero;
	uint32_t uid;
	uint32_t gid;
	struct rpcs_text machine;
};

/** Which members of struct rpcs_portmap are set: a shape for each layout of RFC 1833. */
enum rpcs_portmap_shape {
	RPCS_PORTMAP_NOTHING,	     /* void, or nothing that could be decoded */
	RPCS_PORTMAP_MAPPING,	     /* v2 args: program, version, protocol, port */
	RPCS_PORTMAP_RPCB,	     /* v3/v4 args: program, version, netid, address, owner */
	RPCS_PORTMAP_CALLIT_ARGS,    /* program, version, procedure, length */
	RPCS_PORTMAP_PORT,	     /* v2 GETPORT result: port */
	RPCS_PORTMAP_ADDRESS,	     /* an universal address: address */
	RPCS_PORTMAP_RESULT,	     /* SET, UNSET result: result */
	RPCS_PORTMAP_CALLIT_PORT,    /* v2 CALLIT result: port, length */
	RPCS_PORTMAP_CALLIT_ADDRESS, /* v3/v4 result: address, length */
	RPCS_PORTMAP_MAPPINGS,	     /* v2 DUMP result: mappings of program … port */
	RPCS_PORTMAP_RPCBS,	     /* v3/v4 DUMP result: mappings of program … owner */
	RPCS_PORTMAP_ENTRIES,	     /* GETADDRLIST result: mappings of address … protocol_name */
	RPCS_PORTMAP_TIME,	     /* GETTIME result: time */
	RPCS_PORTMAP_SHAPE__MAX
};

/** One entry of a DUMP or GETADDRLIST reply; members by the shape. */
struct rpcs_mapping {
	uint32_t program, version, protocol, port;
	struct rpcs_text netid, address, owner;
	uint32_t semantics;
	struct rpcs_text protocol_family, protocol_name;
};

enum { RPCS_MAPPINGS_MAX = 256 };

/** Portmapper arguments or results. `has` counts the members that were wholly there, in order. */
struct rpcs_portmap {
	enum rpcs_portmap_shape shape;
	uint8_t has; /* of the shape's members; less than all when truncated or malformed */
	uint32_t program, version, protocol, port, procedure;
	uint32_t length; /* CALLIT: of the inner arguments or results */
	uint32_t time;	 /* seconds since the epoch */
	bool result;
	struct rpcs_text netid, address, owner;
	const struct rpcs_mapping *mappings; /* the first RPCS_MAPPINGS_MAX */
	uint32_t mappings_kept;
	uint32_t mappings_count; /* the true number */
	bool mappings_complete;	 /* the list's end was there: mappings_count holds */
};

/** What stage 6 reads of a call to one of the old services (service.h). */
struct rpcs_service_args {
	struct rpcs_text text;	/* the first string, as far as it is there and kept */
	const char *over;	/* a literal: the argument over its limit; NULL for none */
	uint32_t length, limit; /* of that one, in bytes */
};

/** A call or a reply. Pointers are valid until the handler returns. */
struct rpcs_message {
	struct rpcs_tuple tuple;
	struct rpcs_sighting seen;
	bool is_call;
	bool call_known;  /* a reply whose call was seen: program, version, procedure are set */
	bool reassembled; /* came through the fallback: rpc.source */
	bool truncated;
	bool portmapper;		  /* one of the ports is a portmapper's */
	bool confirmed;			  /* RPC was read on its flow before */
	const char *malformed;		  /* a literal reason, NULL for none */
	struct rpcs_excess header_excess; /* in credential or verifier */
	struct rpcs_excess excess;	  /* in arguments or results */
	uint32_t xid;
	uint32_t length; /* bytes of the message, without record marks */

	/* a call's header; a reply's once stage 7 has found its call */
	uint32_t rpc_version, program, version, procedure;
	bool has_auth; /* the credential's flavor was there */
	struct rpcs_auth auth;
	bool has_verf;
	uint32_t verf_flavor, verf_len;

	/* a reply's header, in order; `reply_has` counts how many of the two stats were there */
	uint32_t reply_stat, stat; /* stat: accept_stat or reject_stat */
	uint8_t reply_has;
	bool has_mismatch;
	uint32_t mismatch_low, mismatch_high;
	bool has_auth_stat;
	uint32_t auth_stat;

	/* arguments or results as they are, for the decoder that knows the procedure */
	const uint8_t *body;
	uint32_t body_len;	 /* by the message's length */
	uint32_t body_available; /* bytes that are there; fewer in a compact record or when cut */

	struct rpcs_portmap portmap; /* decoded when program is 100000 */
	struct rpcs_service_args service;
};

/** SYN, FIN, RST or the third step of a handshake; also a probe, which belongs to no flow. */
struct rpcs_connection {
	struct rpcs_tuple tuple;
	struct rpcs_sighting seen;
	uint8_t tcp_flags;
	uint32_t seq, ack;
	bool probe; /* of no flow that is known, or a UDP datagram without bytes */
	bool open;  /* after it the flow is a connection: past its handshake, without an end */
};

/** What is wrong with bytes where RPC messages should be. */
enum rpcs_oddity_kind {
	RPCS_ODDITY_JUNK,	       /* bytes on a portmapper port that are no RPC message */
	RPCS_ODDITY_TINY_FRAGMENT,     /* a record fragment under 24 bytes that is not the last */
	RPCS_ODDITY_FRAGMENTED_RECORD, /* a call in more than one record fragment */
	RPCS_ODDITY_ZERO_FRAGMENT,     /* a record fragment without bytes */
	RPCS_ODDITY_HUGE_RECORD,       /* a record over the limit of its port */
	RPCS_ODDITY__MAX
};

/** One of them, sent by tuple.src; what record marks say (RFC 5531 11), or datagrams. */
struct rpcs_oddity {
	enum rpcs_oddity_kind kind;
	struct rpcs_tuple tuple;
	struct rpcs_sighting seen; /* of the packet that showed it */
	uint32_t length;    /* bytes of the fragment, record or payload, by its mark or header */
	uint32_t fragments; /* of the record, as far as they are known */
	const char *what;   /* a literal: what JUNK is instead */
	bool portmapper;    /* one of the ports is a portmapper's */
	bool from_server;   /* sent by the side that is called */
};

/**
 * Bytes that came twice and differ, in overlapping TCP segments or IP fragments; or
 * fragments that nothing but evasion needs. Sent by tuple.src.
 */
struct rpcs_overlap {
	struct rpcs_tuple tuple;
	struct rpcs_sighting seen; /* of the packet that brought the second reading */
	bool fragments;		   /* IP fragments; else TCP segments */
	bool needless;		   /* no difference: `smallest` and `whole` are set, no others */
	uint32_t bytes;		   /* that differ */
	uint32_t seq;	/* of the first that differs; for fragments its offset in the payload */
	uint32_t shown; /* bytes in `was` and `is`, from there on */
	uint8_t was[8], is[8];
	uint32_t smallest; /* payload bytes of the smallest fragment but the last */
	uint32_t whole;	   /* bytes of the packet, IP header included */
};

#endif
