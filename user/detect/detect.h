/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Stage 9: decides which calls, replies and connections are worth an alert. */
#ifndef RPCSENTRY_DETECT_DETECT_H
#define RPCSENTRY_DETECT_DETECT_H

#include <rpcsentry/budget.h>
#include <rpcsentry/counters.h>

#include "../base/foresight.h"
#include "../base/hash.h"
#include "../policy/policy.h"
#include "../services/services.h"
#include "alert.h"

struct rpcs_detect;

/** Where alerts go; called in the order in which they are raised. */
typedef void (*rpcs_alert_fn)(void *arg, const struct rpcs_alert *alert);

/** What the sensor lost since the last time it was asked (1110080). */
struct rpcs_loss {
	uint64_t records_lost;	  /* the ring was full */
	uint64_t packets_capped;  /* over a flow's share of bytes that go to the agent */
	uint64_t packets_unread;  /* whose bytes the programs could not read, or not all */
	uint64_t calls_evicted;	  /* pending calls pushed out of a full table */
	uint64_t sources_evicted; /* detection state pushed out while in use */
	uint64_t flows_evicted;	  /* pushed out while in use, or never let in */
	uint64_t reassembly_evicted;
	uint64_t journal_dropped; /* alerts that the journal's queue had no room for */
};

/** State is sized from the policy's limits here and never grows. NULL: out of memory. */
struct rpcs_detect *rpcs_detect_new(struct rpcs_policy *policy, const struct rpcs_hash_seed *seed,
				    rpcs_alert_fn emit, void *arg);
void rpcs_detect_free(struct rpcs_detect **detect);

/** The sensor is live, and has been up since then: what must be learned first is not told yet. */
void rpcs_detect_set_live(struct rpcs_detect *detect, uint64_t since_ns);

/** A call was seen; its decision stands in it (held calls come again with the outcome). */
void rpcs_detect_call(struct rpcs_detect *detect, struct rpcs_call *call);

/**
 * The outcome of a call: `reply` answered it, or NULL and call->status says
 * TIMEOUT. Sends the updates of the alerts that the call raised, and alerts
 * that only an outcome can raise.
 */
void rpcs_detect_outcome(struct rpcs_detect *detect, struct rpcs_call *call,
			 const struct rpcs_message *reply);

/** What a message is to the calls that are known. */
enum rpcs_message_place {
	RPCS_PLACE_CALL,	   /* a new call */
	RPCS_PLACE_CALL_AGAIN,	   /* a retransmission of a pending one */
	RPCS_PLACE_REPLY,	   /* the first reply to a pending call */
	RPCS_PLACE_REPLY_AGAIN,	   /* a further one, or one to a broadcast */
	RPCS_PLACE_REPLY_UNPAIRED, /* its call was not seen */
	RPCS_PLACE__MAX
};

/** What was found of a packet to come. */
struct rpcs_detect_foreseen {
	struct rpcs_address client;
	uint64_t client_id;   /* 0: none */
	uint32_t peer, calls; /* indices of look-ups: of amplify.c and flood.c */
	bool near;	      /* its flow is there: rpcs_detect_near() is told of it */
};

/**
 * Some packets ahead: notes what will be looked up for a call with this tuple. What was found
 * is given to rpcs_detect_turn() before its rpcs_detect_message(); NULL: nothing was.
 */
void rpcs_detect_foresee(struct rpcs_detect *detect, const struct rpcs_tuple *tuple,
			 struct rpcs_foresight *lookups, struct rpcs_detect_foreseen *ret_foreseen);
/** The same, nearer, by the flow of a call that was foreseen to be a portmapper's. */
void rpcs_detect_near(const struct rpcs_detect *detect, uint64_t flow_id);
void rpcs_detect_turn(struct rpcs_detect *detect, const struct rpcs_detect_foreseen *foreseen,
		      const struct rpcs_foresight *lookups);

/**
 * Ahead of rpcs_detect_message() of the same, as early as its addresses are known: what that
 * will look up is fetched meanwhile. It need not be called; but whoever has called it calls it
 * for whatever stands at `message` next, too.
 */
void rpcs_detect_ahead(struct rpcs_detect *detect, const struct rpcs_message *message,
		       uint64_t flow_id);

/**
 * Any message, with its body; before rpcs_detect_call() or rpcs_detect_outcome() of the same.
 * `call` is the one that it is, repeats or answers, NULL for an unpaired reply (or when no
 * memory was left).
 */
void rpcs_detect_message(struct rpcs_detect *detect, const struct rpcs_message *message,
			 struct rpcs_call *call, enum rpcs_message_place place, uint64_t flow_id);

/**
 * Bytes of a TCP flow of a portmapper port, whether they make a message or not; `open` as in
 * struct rpcs_connection.
 */
void rpcs_detect_data(struct rpcs_detect *detect, const struct rpcs_tuple *tuple,
		      const struct rpcs_sighting *seen, bool open);

/** Bytes that are no RPC message, or marks that none would send (1110042 to 1110045, 1110049). */
void rpcs_detect_oddity(struct rpcs_detect *detect, const struct rpcs_oddity *oddity,
			uint64_t flow_id);

/** Time passes, by packets or without any: windows and folds end. */
void rpcs_detect_tick(struct rpcs_detect *detect, uint64_t now_ns);

/** A SYN, FIN or RST of a watched port, a handshake's third step, or a probe (flow_id 0). */
void rpcs_detect_connection(struct rpcs_detect *detect, const struct rpcs_connection *connection,
			    uint64_t flow_id);

/**
 * Two readings of the same bytes, or needless fragments (1110046, 1110047). Fragments count
 * on portmapper ports only; for TCP the caller has seen that the flow is a portmapper's or has
 * carried RPC.
 */
void rpcs_detect_overlap(struct rpcs_detect *detect, const struct rpcs_overlap *overlap,
			 uint64_t flow_id);

/**
 * A reply changed the map of services (1110011, 1110012). `inventory`: what was learned is kept,
 * or watched for as long as the sensor runs, so that a server can be new.
 */
void rpcs_detect_lesson(struct rpcs_detect *detect, const struct rpcs_lesson *lesson,
			bool inventory);

/** Messages of a source over its budget, counted by the kernel's programs and not sent. */
struct rpcs_aggregate {
	struct rpcs_tuple tuple;   /* client to server, of the first */
	struct rpcs_sighting seen; /* the last */
	uint64_t first_ns;
	uint64_t count; /* since it was told before */
	enum rpcs_over_kind kind;
	uint32_t program, version, procedure;
	uint32_t about; /* the program asked for; 0: none, or any */
};

/** What came of one source and kind (1110062). */
void rpcs_detect_aggregate(struct rpcs_detect *detect, const struct rpcs_aggregate *aggregate);

/** All that has come was told: what is new of a source is said now. */
void rpcs_detect_aggregates_end(struct rpcs_detect *detect, uint64_t now_ns);

/** Fills in what stages 1 to 4 lost; the rest of `loss` is not touched. */
void rpcs_loss_of_kernel(struct rpcs_loss *loss, const struct rpcs_counters *kernel);

/** The figures since the start; raises 1110080 once a minute at most. */
void rpcs_detect_loss(struct rpcs_detect *detect, const struct rpcs_loss *total, uint64_t now_ns);

/** The end of the run: the counts of folds that are open, and losses that were held back. */
void rpcs_detect_finish(struct rpcs_detect *detect);

/**
 * The policy behind rpcs_detect_new()'s pointer has changed. Settings are read where they
 * are needed; only families that make tables and windows of thresholds and of alerts.repeat
 * begin to count anew, and only if one of these has changed. -ENOMEM: it cannot go on.
 */
int rpcs_detect_reload(struct rpcs_detect *detect);

/** Sources evicted from detection tables since the start. */
uint64_t rpcs_detect_evictions(const struct rpcs_detect *detect);

/** Alerts that repeated what had been said: counted there, without a line of their own. */
uint64_t rpcs_detect_folded(const struct rpcs_detect *detect);

/** Lines that were held back, since a detection had too many in a second. */
uint64_t rpcs_detect_held(const struct rpcs_detect *detect);

/** The explanation of a detection for `explain` and the journal's catalog. */
struct rpcs_explanation {
	const char *what;  /* what it is */
	const char *fires; /* what fires it */
	const char *why;   /* why it matters, with the CVE or the history */
	const char *false_positives;
	const char *next;  /* what to check next */
	const char *allow; /* how to allow it, policy text included */
};

/** NULL for a detection that is not implemented yet. */
const struct rpcs_explanation *rpcs_detect_explain(enum rpcs_detection_id id);

#endif
