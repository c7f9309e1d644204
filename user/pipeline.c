// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The way of a record through stages 6 to 10. */
#include "pipeline.h"

#include <stdlib.h>
#include <string.h>

#include <rpcsentry/record.h>

#include "pipeline_private.h"
#include "policy/rule_hits.h"

static void take_alert(void *arg, const struct rpcs_alert *alert)
{
	struct rpcs_pipeline *pipeline = arg;

	if (alert->update && !alert->raised)
		pipeline->counters.alerts_updated++;
	else
		pipeline->counters.alerts++;
	TELL(pipeline, alert, alert);
}

static void take_connection(void *arg, const struct rpcs_connection *connection,
			    struct rpcs_flow *flow)
{
	struct rpcs_pipeline *pipeline = arg;

	rpcs_detect_connection(pipeline->detect, connection, flow->id);
}

static void take_probe(void *arg, const struct rpcs_connection *connection)
{
	struct rpcs_pipeline *pipeline = arg;

	rpcs_detect_connection(pipeline->detect, connection, 0);
}

static void take_data(void *arg, const struct rpcs_tuple *tuple, const struct rpcs_sighting *seen,
		      struct rpcs_flow *flow)
{
	struct rpcs_pipeline *pipeline = arg;

	rpcs_detect_data(pipeline->detect, tuple, seen, rpcs_flow_is_open(flow));
}

static void take_oddity(void *arg, const struct rpcs_oddity *oddity, struct rpcs_flow *flow)
{
	struct rpcs_pipeline *pipeline = arg;

	rpcs_detect_oddity(pipeline->detect, oddity, flow->id);
}

static void take_overlap(void *arg, const struct rpcs_overlap *overlap, struct rpcs_flow *flow)
{
	struct rpcs_pipeline *pipeline = arg;

	rpcs_detect_overlap(pipeline->detect, overlap, flow->id);
}

struct rpcs_pipeline *rpcs_pipeline_new(const struct rpcs_pipeline_options *options)
{
	struct rpcs_pipeline *pipeline = calloc(1, sizeof(*pipeline));
	struct rpcs_stream_handler handler = {
		.message = rpcs_pipeline_take_message,
		.connection = take_connection,
		.probe = take_probe,
		.data = take_data,
		.oddity = take_oddity,
		.overlap = take_overlap,
		.arg = pipeline,
		.state = options->state,
	};

	if (!pipeline)
		return NULL;
	pipeline->options = *options;
	pipeline->settings = rpcs_policy_settings(options->policy);
	rpcs_policy_use_names(options->policy);
	pipeline->stream = rpcs_stream_new(pipeline->settings, &options->seed, &handler);
	pipeline->calls = rpcs_calls_new((uint32_t)pipeline->settings->limit_pending_calls,
					 pipeline->settings->call_timeout_ns, &options->seed,
					 rpcs_pipeline_call_left, pipeline);
	pipeline->detect = rpcs_detect_new(options->policy, &options->seed, take_alert, pipeline);
	if (options->state)
		rpcs_rule_hits_begin(options->policy, rpcs_state_rules(options->state));
	pipeline->services =
		rpcs_services_new((uint32_t)pipeline->settings->limit_sources, &options->seed);
	if (!pipeline->stream || !pipeline->calls || !pipeline->detect || !pipeline->services)
		rpcs_pipeline_free(&pipeline);
	else
		rpcs_detect_set_live(pipeline->detect, options->live_since_ns);
	return pipeline;
}

void rpcs_pipeline_free(struct rpcs_pipeline **pipeline)
{
	if (!*pipeline)
		return;
	rpcs_stream_free(&(*pipeline)->stream);
	rpcs_calls_free(&(*pipeline)->calls);
	rpcs_detect_free(&(*pipeline)->detect);
	rpcs_services_free(&(*pipeline)->services);
	free(*pipeline);
	*pipeline = NULL;
}

struct rpcs_services *rpcs_pipeline_services(struct rpcs_pipeline *pipeline)
{
	return pipeline->services;
}

/* Each packet's own time counts: one wild stamp in a capture must not hold up the rest. */
static void advance(struct rpcs_pipeline *pipeline, uint64_t now_ns)
{
	pipeline->now_ns = now_ns;
	rpcs_calls_expire(pipeline->calls, now_ns);
	rpcs_detect_tick(pipeline->detect, now_ns);
	rpcs_services_tick(pipeline->services, now_ns);
}

void rpcs_pipeline_record(void *arg, const void *record, uint32_t len,
			  const struct rpcs_frame *frame)
{
	struct rpcs_pipeline *pipeline = arg;
	const struct rpcs_record_head *head = record;
	uint64_t time_ns;

	pipeline->counters.records++;
	if (frame)
		time_ns = frame->time_ns;
	else if (len >= sizeof(*head))
		time_ns = head->time_ns + pipeline->options.monotonic_offset_ns;
	else
		time_ns = pipeline->now_ns; /* stage 6 counts it as bad */
	advance(pipeline, time_ns);
	rpcs_stream_record(pipeline->stream, record, len, time_ns, frame ? frame->number : 0);
}

void rpcs_pipeline_tick(struct rpcs_pipeline *pipeline, uint64_t now_ns)
{
	advance(pipeline, now_ns);
	rpcs_stream_tick(pipeline->stream, now_ns);
}

void rpcs_pipeline_clock(struct rpcs_pipeline *pipeline, uint64_t monotonic_offset_ns)
{
	struct rpcs_pipeline_options *options = &pipeline->options;

	/* The sensor has not been up any longer for it. */
	if (options->live_since_ns) {
		options->live_since_ns += monotonic_offset_ns - options->monotonic_offset_ns;
		rpcs_detect_set_live(pipeline->detect, options->live_since_ns);
	}
	options->monotonic_offset_ns = monotonic_offset_ns;
}

int rpcs_pipeline_reload(struct rpcs_pipeline *pipeline, struct rpcs_policy **fresh,
			 const struct rpcs_state_fds *fds, struct rpcs_policy_kept *ret_kept)
{
	struct rpcs_state *state = pipeline->options.state;
	struct rpcs_policy *policy = pipeline->options.policy;
	int err;

	/* What was seen before it leaves with the names of then. */
	rpcs_pipeline_flush(pipeline);
	pipeline->reloads++;
	rpcs_rule_hits_collect(policy, rpcs_state_rules(state));
	err = rpcs_policy_replace(policy, fresh, ret_kept);
	if (err)
		return err;
	err = rpcs_detect_reload(pipeline->detect);
	return err ? err : rpcs_state_reload(fds, state, policy);
}

/* The figures that the stages keep themselves. */
static void gather(struct rpcs_pipeline *pipeline)
{
	struct rpcs_agent_counters *c = &pipeline->counters;
	struct rpcs_services_counts services;
	struct rpcs_stream_counts counts;

	rpcs_stream_counts(pipeline->stream, &counts);
	c->records_bad = counts.records_bad;
	c->messages_junk = counts.messages_junk;
	c->messages_incomplete = counts.messages_incomplete;
	c->packets_incomplete = counts.packets_incomplete;
	c->packets_bad = counts.packets_bad;
	c->ip_fragments = counts.ip_fragments;
	c->ip_reassembled = counts.ip_reassembled;
	c->ip_expired = counts.ip_expired;
	c->ip_evicted = counts.ip_evicted;
	c->ip_overlaps = counts.ip_overlaps;
	c->tcp_segments = counts.tcp_segments;
	c->tcp_unplaced = counts.tcp_unplaced;
	c->tcp_oversize = counts.tcp_oversize;
	c->tcp_overlaps = counts.tcp_overlaps;
	c->tcp_tls = counts.tcp_tls;
	c->probes = counts.probes;
	c->tcp_evicted = counts.tcp_evicted;
	c->flows = counts.flows;
	c->flows_evicted = counts.flows_evicted;
	c->calls_evicted = rpcs_calls_evicted(pipeline->calls);
	c->sources_evicted = rpcs_detect_evictions(pipeline->detect);
	if (pipeline->options.state)
		rpcs_rule_hits_update(pipeline->options.policy,
				      rpcs_state_rules(pipeline->options.state));
	rpcs_services_counts(pipeline->services, &services);
	c->servers = services.servers;
	c->servers_evicted = services.servers_evicted;
	c->services = services.services;
	c->services_evicted = services.services_evicted;
	c->services_untold = services.changes_untold;
	c->alerts_folded = rpcs_detect_folded(pipeline->detect);
	c->alerts_held = rpcs_detect_held(pipeline->detect);
}

static void take_losses(struct rpcs_pipeline *pipeline, uint64_t now_ns)
{
	struct rpcs_loss loss = pipeline->loss;

	gather(pipeline);
	loss.calls_evicted = pipeline->counters.calls_evicted;
	loss.sources_evicted = pipeline->counters.sources_evicted;
	loss.flows_evicted += pipeline->counters.flows_evicted;
	loss.reassembly_evicted = pipeline->counters.ip_evicted + pipeline->counters.tcp_evicted;
	rpcs_detect_loss(pipeline->detect, &loss, now_ns);
}

void rpcs_pipeline_note_loss(struct rpcs_pipeline *pipeline, const struct rpcs_counters *kernel)
{
	rpcs_loss_of_kernel(&pipeline->loss, kernel);
}

void rpcs_pipeline_loss(struct rpcs_pipeline *pipeline, const struct rpcs_counters *kernel,
			uint64_t journal_dropped, uint64_t now_ns)
{
	rpcs_pipeline_note_loss(pipeline, kernel);
	pipeline->loss.journal_dropped = journal_dropped;
	pipeline->losses_ns = now_ns;
	take_losses(pipeline, now_ns);
}

void rpcs_pipeline_aggregate(struct rpcs_pipeline *pipeline, const struct rpcs_aggregate *aggregate)
{
	rpcs_detect_aggregate(pipeline->detect, aggregate);
}

void rpcs_pipeline_aggregates_end(struct rpcs_pipeline *pipeline, uint64_t now_ns)
{
	rpcs_detect_aggregates_end(pipeline->detect, now_ns);
}

void rpcs_pipeline_stats(struct rpcs_pipeline *pipeline, struct rpcs_stats *stats)
{
	gather(pipeline);
	stats->agent = pipeline->counters;
	if (pipeline->options.state) {
		stats->rules = rpcs_state_rules(pipeline->options.state);
		stats->rule_count = rpcs_policy_rule_count(pipeline->options.policy);
		if (stats->rule_count > RPCS_RULES_SHOWN_MAX)
			stats->rule_count = RPCS_RULES_SHOWN_MAX;
	}
	TELL(pipeline, stats, stats);
}

void rpcs_pipeline_finish(struct rpcs_pipeline *pipeline)
{
	rpcs_pipeline_turn(pipeline, NULL);
	rpcs_stream_finish(pipeline->stream);
	rpcs_calls_finish(pipeline->calls);
	/* What the streams held back may have pushed calls out; a capture is asked only now. */
	take_losses(pipeline, pipeline->losses_ns > pipeline->now_ns ? pipeline->losses_ns
								     : pipeline->now_ns);
	rpcs_detect_finish(pipeline->detect);
}

void rpcs_pipeline_flush(struct rpcs_pipeline *pipeline)
{
	uint32_t i;

	for (i = 0; i < pipeline->options.sink_count; i++) {
		struct rpcs_sink *sink = pipeline->options.sinks[i];

		if (sink->flush && sink->flush(sink))
			pipeline->counters.eve_errors++;
	}
}

struct rpcs_agent_counters *rpcs_pipeline_counters(struct rpcs_pipeline *pipeline)
{
	gather(pipeline);
	return &pipeline->counters;
}
