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

/** The members of a message's `rpc` object, without its brackets. */
void rpcs_eve_rpc(struct rpcs_json *json, const struct rpcs_message *message,
		  const struct rpcs_eve_detail *detail);

/** What the outcome adds to a call's `rpc` object; `reply` may be NULL. */
void rpcs_eve_outcome(struct rpcs_json *json, const struct rpcs_call *call,
		      const struct rpcs_message *reply);

/** The `portmap` object, with `reply`'s inside; neither where there is nothing to tell. */
void rpcs_eve_portmap(struct rpcs_json *json, const struct rpcs_portmap *portmap,
		      const struct rpcs_portmap *reply, const struct rpcs_eve_detail *detail);

/** "program" and, where it has one, "program_name". */
void rpcs_eve_program(struct rpcs_json *json, uint32_t program);

/** These two, then the version and procedure asked for and, where it has one, their name. */
void rpcs_eve_asked(struct rpcs_json *json, uint32_t program, uint32_t version, uint32_t procedure);

enum { RPCS_EVE_PROGRAM_ROOM = 52 };

/**
 * "program" and its name at `p`, which has room for RPCS_EVE_PROGRAM_ROOM, whatever they take;
 * returns their end. NULL: they may take more.
 */
char *rpcs_eve_program_at(char *p, uint32_t program);

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
