/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The objects inside EVE lines. */
#ifndef RPCSENTRY_OUTPUT_EVE_OBJECTS_H
#define RPCSENTRY_OUTPUT_EVE_OBJECTS_H

#include "../base/json.h"
#include "../match/call.h"
#include "../detect/alert.h"
#include "../services/services.h"
#include "names.h"
#include "stats.h"

/** How much of what the wire gave a line tells: less when all of it did not fit. */
struct rpcs_eve_detail {
	bool mappings;	     /* the lists themselves; their counts always */
	uint32_t string_max; /* bytes of one string */
	bool shortened;	     /* this is not the whole: the line says so */
};

/** A name at `p`, where all of its struct has room, and the quote behind it; returns their end. */
static inline char *rpcs_eve_name(char *p, struct rpcs_name name)
{
	memcpy(p, &name, sizeof(name));
	p[name.len] = '"';
	return p + name.len + 1;
}

/** Program, version, protocol and port. */
typedef uint32_t rpcs_eve_mapping[4];

/** Those of transactions that wait; with RPCS_MAPPINGS_MAX free another one finds room. */
struct rpcs_eve_mappings {
	rpcs_eve_mapping list[2 * RPCS_MAPPINGS_MAX];
	uint32_t used;
};

/**
 * A transaction without text from the wire and without a fault, as nearly all are: all that its
 * line says, so that the line can be written later.
 */
struct rpcs_eve_plain {
	struct rpcs_tuple tuple;
	struct rpcs_sighting seen;
	uint64_t flow_id, rtt_us;
	uint32_t xid, length, program, version, procedure, flavor;
	uint32_t retransmissions, reply_length;
	struct rpcs_name status;
	bool reassembled, has_auth, answered;
	bool tcp_handshake, tcp_midstream, tls;

	/* Shapes of what is asked and told; NOTHING where there is nothing to say of it. */
	uint8_t asked, told;
	uint32_t asked_numbers[4]; /* its members in order */
	uint32_t told_number;	   /* the only one, if that is not a list */
	const rpcs_eve_mapping *mappings;
	uint32_t mappings_kept, mappings_count;
	bool mappings_complete;
};

/**
 * Keeps that of a transaction; `reply` is NULL where it was not answered. False: it is none of
 * those.
 */
bool rpcs_eve_plain_take(const struct rpcs_call *call, const struct rpcs_message *reply,
			 struct rpcs_eve_mappings *mappings, struct rpcs_eve_plain *ret_plain);

/** Its `rpc` object. */
void rpcs_eve_plain_rpc(struct rpcs_json *json, const struct rpcs_eve_plain *plain);

/** Its `portmap` object, where it has one. */
void rpcs_eve_plain_portmap(struct rpcs_json *json, const struct rpcs_eve_plain *plain,
			    const struct rpcs_eve_detail *detail);

/** The members of a message's `rpc` object, without its brackets. */
void rpcs_eve_rpc(struct rpcs_json *json, const struct rpcs_message *message,
		  const struct rpcs_eve_detail *detail);

/** What the outcome adds to a call's `rpc` object; `reply` may be NULL. */
void rpcs_eve_outcome(struct rpcs_json *json, const struct rpcs_call *call,
		      const struct rpcs_message *reply);

/** The `portmap` object, with `reply`'s inside; neither where there is nothing to tell. */
void rpcs_eve_portmap(struct rpcs_json *json, const struct rpcs_portmap *portmap,
		      const struct rpcs_portmap *reply, const struct rpcs_eve_detail *detail);

/** Keeps what a transaction's `portmap` object says. False: it has what is not plain. */
bool rpcs_eve_plain_take_portmap(const struct rpcs_portmap *asked, const struct rpcs_portmap *told,
				 struct rpcs_eve_mappings *mappings,
				 struct rpcs_eve_plain *ret_plain);

/** "program" and, where it has one, "program_name". */
void rpcs_eve_program(struct rpcs_json *json, uint32_t program);

/** These two, then the version and procedure asked for and, where it has one, their name. */
void rpcs_eve_asked(struct rpcs_json *json, uint32_t program, uint32_t version, uint32_t procedure);

enum { RPCS_EVE_PROGRAM_ROOM = 52, RPCS_EVE_ASKED_ROOM = 108 };

/**
 * "program" and its name at `p`, which has room for RPCS_EVE_PROGRAM_ROOM, whatever they take;
 * returns their end. NULL: they may take more.
 */
char *rpcs_eve_program_at(char *p, uint32_t program);

/** The same of what rpcs_eve_asked() writes, and RPCS_EVE_ASKED_ROOM. */
char *rpcs_eve_asked_at(char *p, uint32_t program, uint32_t version, uint32_t procedure);

/** The `alert` object. */
void rpcs_eve_alert(struct rpcs_json *json, const struct rpcs_alert *alert);

/** The `stats` object. */
void rpcs_eve_stats(struct rpcs_json *json, const struct rpcs_stats *stats);

/** The `services` object of a change. */
void rpcs_eve_service(struct rpcs_json *json, const struct rpcs_service_change *change);

/** A string from the wire, as long as `detail` lets it be. */
void rpcs_eve_text(struct rpcs_json *json, const char *key, struct rpcs_text text,
		   const struct rpcs_eve_detail *detail);

#endif
