/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Stages 5 to 10 wired together: a record goes in, what is to be told comes out
 * at the sinks. One process, no threads; the sensor and `read` both run it.
 */
#ifndef RPCSENTRY_PIPELINE_H
#define RPCSENTRY_PIPELINE_H

#include "base/foresight.h"
#include "base/hash.h"
#include "detect/detect.h"
#include "output/sink.h"
#include "policy/policy.h"
#include "source/frame.h"
#include "source/ring_ahead.h"
#include "source/state.h"
#include "stream/flow.h"

struct rpcs_pipeline;

struct rpcs_pipeline_options {
	struct rpcs_policy *policy; /* stays the caller's */
	struct rpcs_hash_seed seed;
	struct rpcs_sink **sinks; /* stay the caller's */
	uint32_t sink_count;
	bool messages; /* tell every RPC message, not only calls with their outcome */
	const struct rpcs_address *unseen; /* servers whose replies no watched hook sees */
	uint32_t unseen_count;
	uint64_t monotonic_offset_ns; /* live: added to a record's time */
	uint64_t live_since_ns;	      /* when the sensor began; 0: this is a capture */
	struct rpcs_state *state;     /* what stages 1 to 4 remember; NULL: they are told nothing */
	bool inventory; /* what is learned of servers outlives a capture: one can be new */
};

/** NULL: out of memory. */
struct rpcs_pipeline *rpcs_pipeline_new(const struct rpcs_pipeline_options *options);
void rpcs_pipeline_free(struct rpcs_pipeline **pipeline);

/** What has been learned of servers and services; the pipeline's own. */
struct rpcs_services *rpcs_pipeline_services(struct rpcs_pipeline *pipeline);

/** Takes one record; `frame` as rpcs_record_fn. `pipeline` is a struct rpcs_pipeline. */
void rpcs_pipeline_record(void *pipeline, const void *record, uint32_t len,
			  const struct rpcs_frame *frame);

/** What was foreseen of a packet. */
struct rpcs_foreseen {
	uint32_t reloads; /* before it: a reload makes tables anew, and nothing foreseen holds */
	struct rpcs_foresight lookups;
	struct rpcs_flow_place flow;
	struct rpcs_detect_foreseen detect;
};

/**
 * Notes what a call to come will be looked up in; to be told some packets ahead, so that
 * their memory comes while others are in hand. Changes nothing else.
 */
void rpcs_pipeline_foresee(const struct rpcs_pipeline *pipeline, const struct rpcs_tuple *tuple,
			   uint32_t xid, struct rpcs_foreseen *ret_foreseen);

/**
 * Asks for the entries that those look-ups will find: their memory comes some packets later; and
 * for what is found by those of the call before.
 */
void rpcs_pipeline_near(struct rpcs_pipeline *pipeline, struct rpcs_foreseen *foreseen);

/**
 * The records to come are of this packet, as far as they are of the one foreseen; NULL: of one
 * that was not. Holds until the next call, or the end.
 */
void rpcs_pipeline_turn(struct rpcs_pipeline *pipeline, const struct rpcs_foreseen *foreseen);

/** The same for records: `pipeline` is to be told of what comes, in slots it has its notes in. */
void rpcs_pipeline_lookout(struct rpcs_pipeline *pipeline, struct rpcs_lookout *ret_lookout);

/** Lets time pass where no packet does: timeouts, windows. */
void rpcs_pipeline_tick(struct rpcs_pipeline *pipeline, uint64_t now_ns);

/** The offset of CLOCK_MONOTONIC to real time has changed: the clock was set, or the host slept. */
void rpcs_pipeline_clock(struct rpcs_pipeline *pipeline, uint64_t monotonic_offset_ns);

/**
 * Goes on with *fresh behind options.policy, which is consumed; what is known of flows,
 * calls and sources stays, and held calls are decided anew. `fds`: the state's maps.
 * *ret_kept as rpcs_policy_replace(). 0 or -errno.
 */
int rpcs_pipeline_reload(struct rpcs_pipeline *pipeline, struct rpcs_policy **fresh,
			 const struct rpcs_state_fds *fds, struct rpcs_policy_kept *ret_kept);

/** Losses of stages 1 to 4 and the journal, for 1110080; totals since the start. */
void rpcs_pipeline_loss(struct rpcs_pipeline *pipeline, const struct rpcs_counters *kernel,
			uint64_t journal_dropped, uint64_t now_ns);

/** The same for a capture: rpcs_pipeline_finish() will tell them, with all others. */
void rpcs_pipeline_note_loss(struct rpcs_pipeline *pipeline, const struct rpcs_counters *kernel);

/** What stages 1 to 4 counted of a source over its budget; _end() when all of it was told. */
void rpcs_pipeline_aggregate(struct rpcs_pipeline *pipeline,
			     const struct rpcs_aggregate *aggregate);
void rpcs_pipeline_aggregates_end(struct rpcs_pipeline *pipeline, uint64_t now_ns);

/** Hands a `stats` line to the sinks: the caller has filled all but the agent's counters. */
void rpcs_pipeline_stats(struct rpcs_pipeline *pipeline, struct rpcs_stats *stats);

/** The end of the capture or the run: every pending call gets its line. */
void rpcs_pipeline_finish(struct rpcs_pipeline *pipeline);

/** Has the sinks write what they hold. */
void rpcs_pipeline_flush(struct rpcs_pipeline *pipeline);

struct rpcs_agent_counters *rpcs_pipeline_counters(struct rpcs_pipeline *pipeline);

#endif
