/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the files of stage 9 share: the table's rows, the state, and how an alert is raised. */
#ifndef RPCSENTRY_DETECT_INTERNAL_H
#define RPCSENTRY_DETECT_INTERNAL_H

#include "detect.h"
#include "distinct.h"
#include "parties.h"
#include "rate.h"
#include "recent.h"

/** What a call of another program than the portmapper is beside enum rpcs_policy_call. */
enum { RPCS_KIND_OTHER_PROGRAM = RPCS_CALL_DIRECT, RPCS_KIND__MAX = RPCS_CALL__MAX };

/** Calls of which ports. */
enum rpcs_ports { RPCS_PORTS_ALL, RPCS_PORTS_PORTMAPPER, RPCS_PORTS_OTHERS };

/**
 * What a detection does; every member may be NULL. An alert that `matches`
 * raised is kept with its call, and its outcome follows; those that the other
 * hooks raise stand alone.
 */
struct rpcs_detection_row {
	bool (*matches)(const struct rpcs_detect *detect, const struct rpcs_call *call);
	void (*describe)(const struct rpcs_detect *detect, const struct rpcs_call *call,
			 struct rpcs_alert *alert);
	/* The severity that this outcome raises the alert to; 0 for none. */
	uint8_t (*escalate)(const struct rpcs_message *reply, enum rpcs_outcome outcome);

	/* Every call once it is judged: at once, or a held one with its outcome. */
	void (*on_call)(struct rpcs_detect *detect, const struct rpcs_call *call);
	/* Every message at once, held or not; rpcs_detect_raise() ties an alert to the call. */
	void (*on_message)(struct rpcs_detect *detect, const struct rpcs_message *message,
			   struct rpcs_call *call, enum rpcs_message_place place, uint64_t flow_id);
	void (*on_outcome)(struct rpcs_detect *detect, const struct rpcs_call *call,
			   const struct rpcs_message *reply, enum rpcs_outcome outcome);
	void (*on_connection)(struct rpcs_detect *detect, const struct rpcs_connection *connection,
			      uint64_t flow_id);
	/* Bytes of a TCP flow of a portmapper port, message or not; `open` as in its connection. */
	void (*on_data)(struct rpcs_detect *detect, const struct rpcs_tuple *tuple,
			const struct rpcs_sighting *seen, bool open);
	void (*on_oddity)(struct rpcs_detect *detect, const struct rpcs_oddity *oddity,
			  uint64_t flow_id);
	/*
	 * When its hooks for calls and messages can do anything at all, so that they need not be
	 * asked at other times. Bits of what stands in a call's kind (`calls`: not of replies)
	 * and of enum rpcs_message_place (on_message); 0: of all.
	 */
	uint32_t calls;
	uint8_t places;
	uint8_t ports;	    /* enum rpcs_ports, of `matches`, on_call, and on_message for calls */
	bool unless_silent; /* the same: not of calls that the policy has permitted */
	bool if_odd;	    /* the same: of messages and calls that hooks.c finds odd */
	bool per_source; /* repeats fold by their source alone, whatever the server and program */
	bool per_server; /* by source and server, whatever the program */
	const struct rpcs_explanation *explanation; /* NULL: not implemented yet */
};

extern const struct rpcs_detection_row rpcs_detection_rows[RPCS_D__MAX];

/** The row of `id`; never NULL for a valid one. */
static inline const struct rpcs_detection_row *rpcs_detection_row(enum rpcs_detection_id id)
{
	return &rpcs_detection_rows[id];
}

/** A family's state: made with the rest, freed with it; `init` returns 0 or -ENOMEM. */
struct rpcs_detect_family {
	int (*init)(struct rpcs_detect *detect);
	void (*free)(struct rpcs_detect *detect);
	bool derives; /* tables and windows are made from thresholds and alerts.repeat */
};

/** The families that keep state; *ret_count of them. */
const struct rpcs_detect_family *rpcs_detect_families(uint32_t *ret_count);

/** The ids of the rows that have a hook, in the table's order. */
struct rpcs_hook_list {
	uint8_t ids[RPCS_D__MAX];
	uint32_t count;
};

/** The same of hooks that depend on what is in hand: a bit for each id. */
struct rpcs_hook_bits {
	uint64_t message[RPCS_PLACE__MAX][RPCS_KIND__MAX], odd;
	uint64_t judge[RPCS_KIND__MAX], portmapper, others, silent;
};

struct rpcs_crowds;
struct rpcs_fold;
struct rpcs_pace;
struct rpcs_sweep;
struct rpcs_given;
struct rpcs_meddled;
struct rpcs_fanout;
struct rpcs_scan;
struct rpcs_grind;
struct rpcs_tools;
struct rpcs_amplify;
struct rpcs_flood;
struct rpcs_pending;
struct rpcs_surges;
struct rpcs_idle;

/** Settings from which families make what they count in. */
struct rpcs_detect_derived {
	uint64_t repeat_ns;
	uint64_t thresholds[RPCS_T__MAX];
};

struct rpcs_detect {
	struct rpcs_policy *policy; /* the caller's */
	const struct rpcs_settings *settings;
	struct rpcs_hash_seed seed;
	rpcs_alert_fn emit;
	void *arg;

	uint64_t alert_number; /* alerts so far, the source of their ids */
	struct {
		struct rpcs_hook_list outcome, connection, data, oddity;
		struct rpcs_hook_bits bits;
	} hooks;

	struct rpcs_parties *parties;	  /* of the message in hand */
	const struct rpcs_message *ahead; /* for which they were found before; or NULL */
	struct {
		const struct rpcs_call *call; /* to be judged after its message; or NULL */
		uint64_t hooks;
		const void *sweep; /* where sweep.c has its client, probably; or NULL */
	} next;
	struct rpcs_fold *fold; /* what has been said, and what repeats it */
	struct rpcs_crowds *crowds;
	struct rpcs_pace *pace;
	uint64_t alerts_folded, alerts_held; /* since the start */

	struct rpcs_sweep *sweep;
	struct rpcs_given *given;
	uint64_t live_since_ns;	      /* 0: from a capture */
	struct rpcs_meddled *meddled; /* SET and UNSET from a wire: by server and program */
	struct rpcs_recent *moved;    /* what inventory.c has told: by server and mapping */
	struct rpcs_fanout *fanout;
	struct rpcs_scan *scan;
	struct rpcs_grind *grind;
	struct rpcs_tools *tools;
	struct rpcs_amplify *amplify;
	struct rpcs_flood *flood;
	struct rpcs_pending *pending;
	struct rpcs_surges *surges;
	struct rpcs_idle *idle;
	struct rpcs_recent *set_dump; /* when SET and DUMP came: by server, client and call */
	uint64_t evictions;
	struct rpcs_detect_derived derived; /* as the families have them */

	struct rpcs_loss loss_seen, loss_told;
	uint64_t loss_seen_ns, loss_told_ns; /* 0: never */
};

/* Which rows are asked (hooks.c): a bit for each id. */
void rpcs_hooks_init(struct rpcs_detect *detect);

/** Of a message whose parties are filled in; their `kind` is set here. */
uint64_t rpcs_hooks_of_message(struct rpcs_detect *detect, const struct rpcs_message *message,
			       enum rpcs_message_place place);

/** `message`: the call's, or the one that it is a copy of, if that has only just been made. */
uint64_t rpcs_hooks_of_call(const struct rpcs_detect *detect, const struct rpcs_call *call,
			    const struct rpcs_message *message);

/** What stands in a call's kind. */
uint32_t rpcs_kind_of(const struct rpcs_message *message);

/** Empties `alert`, but for the evidence that its count says is not there. */
void rpcs_alert_clear(struct rpcs_alert *alert, enum rpcs_detection_id id, uint64_t time_ns);

/** Gives the alert an id of its own. */
void rpcs_alert_name(struct rpcs_detect *detect, struct rpcs_alert *alert);

/** Writes the id that `mark` stands for. */
void rpcs_alert_set_id(const struct rpcs_detect *detect, struct rpcs_alert *alert);

/** Fills an alert of `id` but for evidence; false when the policy has switched it off. */
bool rpcs_alert_init(struct rpcs_detect *detect, enum rpcs_detection_id id, uint64_t time_ns,
		     struct rpcs_alert *ret_alert);

/** The program that an alert of a call with this message is about. */
uint32_t rpcs_alert_about(const struct rpcs_message *message);

/** The call and where it was seen. */
void rpcs_alert_set_call(struct rpcs_alert *alert, const struct rpcs_call *call);

/** A packet that is no call, and where it was seen. */
void rpcs_alert_set_packet(struct rpcs_alert *alert, const struct rpcs_tuple *tuple,
			   const struct rpcs_sighting *seen, uint64_t flow_id);

/**
 * Will a line leave for this alert? If not, it has been counted with those it repeats. To be
 * asked before evidence is written, which is what costs: with severity, outcome, about and
 * packet set. rpcs_alert_send() asks it where the caller has not.
 */
bool rpcs_alert_admit(struct rpcs_detect *detect, struct rpcs_alert *alert);

/** The same for the outcome of a call that raised it: `mark` is what the call has kept. */
bool rpcs_alert_admit_outcome(struct rpcs_detect *detect, struct rpcs_alert *alert);

/** Hands the alert on, unless it folds. */
void rpcs_alert_send(struct rpcs_detect *detect, struct rpcs_alert *alert);

/** Raises `id` for a call: the row describes it, and the outcome will follow. */
void rpcs_detect_raise(struct rpcs_detect *detect, enum rpcs_detection_id id,
		       struct rpcs_call *call);

/* Facts about a call. */

/** By version first; OTHER for a call to another program. */
enum rpcs_policy_call rpcs_call_kind(const struct rpcs_call *call);

/** GETPORT, GETADDR or GETVERSADDR. */
bool rpcs_call_is_lookup(const struct rpcs_call *call);

/** CALLIT, BCAST or INDIRECT. */
bool rpcs_call_is_forwarded(const struct rpcs_call *call);

/** To one host: neither broadcast nor multicast (detections.md, Unicast). */
bool rpcs_call_is_unicast(const struct rpcs_call *call);

/** Asks the portmapper of one host to relay a SET or UNSET to itself. */
bool rpcs_forwards_change(const struct rpcs_call *call, enum rpcs_policy_call change);

/** A call to mountd's MNT, and the status in its results; false where there is none. */
bool rpcs_call_is_mount(const struct rpcs_call *call);
bool rpcs_mount_status(const struct rpcs_call *call, const struct rpcs_message *reply,
		       uint32_t *ret_status);

/** The policy permits the call and that silences what depends on it (detections.md, Allowed). */
bool rpcs_call_is_silent(const struct rpcs_call *call);

/** The same of a call of this kind (enum rpcs_policy_call, as it stands in a call's kind). */
static inline bool rpcs_is_silent(const struct rpcs_call *call, uint32_t kind)
{
	bool by_name = kind == RPCS_CALL_SET || kind == RPCS_CALL_UNSET;

	return call->allowed && (!by_name || call->names_change);
}

bool rpcs_call_is_local(const struct rpcs_call *call);

/** A call that asks a portmapper for ports: lookups, DUMP, GETADDRLIST. */
bool rpcs_message_looks_up(const struct rpcs_message *message);

/** Client to server, whoever sent the message. */
struct rpcs_tuple rpcs_client_tuple(const struct rpcs_message *message);

/** A SYN without ACK. */
bool rpcs_connection_is_syn(const struct rpcs_connection *connection);

/* Outcomes (outcome.c). */

/** ATTEMPT when nothing is known: pending, unseen direction, a status RFC 5531 does not have. */
enum rpcs_outcome rpcs_outcome_of(const struct rpcs_call *call, const struct rpcs_message *reply);

/** What a status other than 0 says of a mount. */
void rpcs_mount_describe_refusal(uint32_t status, struct rpcs_alert *alert);

/** Adds what the reply, or its absence, tells an analyst. */
void rpcs_outcome_describe(const struct rpcs_detect *detect, const struct rpcs_call *call,
			   const struct rpcs_message *reply, struct rpcs_alert *alert);

/* Words (words.c). */

enum { RPCS_WORDS_TEXT = 96 };

/** "mountd (100005)", or "program 1234". */
const char *rpcs_words_program(uint32_t program, char text[RPCS_WORDS_TEXT]);

/** "udp", "tcp", or "protocol 3". */
const char *rpcs_words_protocol(uint32_t protocol, char text[RPCS_WORDS_TEXT]);

/** Bytes from the wire in printable ASCII: the rest, quotes and backslashes as \xXX. */
const char *rpcs_words_bytes(const struct rpcs_text *bytes, char text[RPCS_WORDS_TEXT]);

/** "12 mappings: mountd, nfs, …": the programs of a reply, each once. */
void rpcs_words_mappings(const struct rpcs_portmap *portmap, struct rpcs_alert *alert,
			 const char *before);

/** Evidence of who called: outside or not, its credential, its source port. */
void rpcs_words_client(const struct rpcs_detect *detect, const struct rpcs_call *call,
		       struct rpcs_alert *alert);

/** Evidence of what was called, and where. */
void rpcs_words_called(const struct rpcs_call *call, struct rpcs_alert *alert);

/* Evidence of what was counted (words_found.c); `distinct` is asked for what it found last. */

/** "60 s", "500 ms". */
const char *rpcs_words_duration(uint64_t length_ns, char text[RPCS_WORDS_TEXT]);

/** "16 hosts in 1.0 s (threshold: 16 in 60 s)". */
void rpcs_words_found(struct rpcs_alert *alert, const struct rpcs_distinct *distinct,
		      const char *what, const struct rpcs_distinct_window *window);

/** First and last target, and whether all are consecutive. */
void rpcs_words_hosts(struct rpcs_alert *alert, const struct rpcs_distinct *distinct);

/** Which they were, as far as there is room. */
void rpcs_words_programs(struct rpcs_alert *alert, const struct rpcs_distinct *distinct);
void rpcs_words_ports(struct rpcs_alert *alert, const struct rpcs_distinct *distinct);

/** "GETPORT of sadmind (100232) version 10", behind `before`. */
void rpcs_words_asked(struct rpcs_alert *alert, const char *before, const struct rpcs_call *call);

/** Whether the alert's source lies outside networks.home. */
void rpcs_words_source(const struct rpcs_detect *detect, struct rpcs_alert *alert);

/* What is told once in alerts.repeat (told.c). */

struct rpcs_told_key {
	struct rpcs_address server, client;
	uint64_t about;
};

/** Has this been told within alerts.repeat? Remembers it if not. `told` has such keys. */
bool rpcs_told_before(struct rpcs_detect *detect, struct rpcs_recent *told,
		      const struct rpcs_told_key *key, uint64_t now_ns);

#endif
