// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Runs the table's hooks, and sends an alert's update once its call's outcome is known. */
#include "detect.h"

#include <stdlib.h>

#include "internal.h"

struct rpcs_detect *rpcs_detect_new(struct rpcs_policy *policy, const struct rpcs_hash_seed *seed,
				    rpcs_alert_fn emit, void *arg)
{
	struct rpcs_detect *detect = calloc(1, sizeof(*detect));
	uint8_t id;

	if (!detect)
		return NULL;
	detect->policy = policy;
	detect->settings = rpcs_policy_settings(policy);
	detect->seed = *seed;
	detect->emit = emit;
	detect->arg = arg;
	for (id = 0; id < RPCS_D__MAX; id++)
		if (rpcs_detection_row(id)->explanation)
			detect->implemented[detect->implemented_count++] = id;
	detect->sweep = rpcs_sweep_new(detect->settings, seed);
	detect->exposed = rpcs_told_new(detect->settings, seed);
	detect->overlaps = rpcs_told_new(detect->settings, seed);
	if (!detect->sweep || !detect->exposed || !detect->overlaps)
		rpcs_detect_free(&detect);
	return detect;
}

void rpcs_detect_free(struct rpcs_detect **detect)
{
	if (!*detect)
		return;
	rpcs_sweep_free(&(*detect)->sweep);
	rpcs_table_free(&(*detect)->exposed);
	rpcs_table_free(&(*detect)->overlaps);
	free(*detect);
	*detect = NULL;
}

/* Remembers the alert with its call, so that the outcome finds it. */
static void remember(struct rpcs_call *call, const struct rpcs_alert *alert)
{
	if (call->alert_count >= RPCS_CALL_ALERTS_MAX)
		return;
	call->alerts[call->alert_count++] = (struct rpcs_call_alert){
		.id_high = alert->id_high,
		.id_low = alert->id_low,
		.detection = (uint16_t)alert->detection,
		.severity = alert->severity,
		.outcome = (uint8_t)alert->outcome,
	};
}

static void raise_for_call(struct rpcs_detect *detect, enum rpcs_detection_id id,
			   struct rpcs_call *call)
{
	const struct rpcs_detection_row *row = rpcs_detection_row(id);
	struct rpcs_alert alert;

	if (!rpcs_alert_init(detect, id, call->message.seen.time_ns, &alert))
		return;
	rpcs_alert_set_call(&alert, call);
	row->describe(detect, call, &alert);
	remember(call, &alert);
	rpcs_alert_send(detect, &alert);
}

static void judge(struct rpcs_detect *detect, struct rpcs_call *call)
{
	const struct rpcs_detection_row *row;
	enum rpcs_detection_id id;
	uint32_t i;

	call->judged = true;
	for (i = 0; i < detect->implemented_count; i++) {
		id = detect->implemented[i];
		row = rpcs_detection_row(id);
		if (row->matches && row->matches(detect, call))
			raise_for_call(detect, id, call);
		if (row->on_call)
			row->on_call(detect, call);
	}
}

void rpcs_detect_call(struct rpcs_detect *detect, struct rpcs_call *call)
{
	if (!call->held)
		judge(detect, call);
}

/* A severity that the site has set holds whatever the outcome. */
static uint8_t severity_after(const struct rpcs_detect *detect, const struct rpcs_call_alert *sent,
			      const struct rpcs_message *reply, enum rpcs_outcome outcome)
{
	const struct rpcs_detection_row *row = rpcs_detection_row(sent->detection);
	uint8_t severity;

	if (!row->escalate || detect->settings->detections[sent->detection].severity_set)
		return sent->severity;
	severity = row->escalate(reply, outcome);
	return severity && severity < sent->severity ? severity : sent->severity;
}

/* The same alert with its outcome: a whole line again, for readers who see only this one. */
static void update(struct rpcs_detect *detect, struct rpcs_call *call, struct rpcs_call_alert *sent,
		   const struct rpcs_message *reply, enum rpcs_outcome outcome)
{
	uint8_t severity = severity_after(detect, sent, reply, outcome);
	struct rpcs_alert alert;

	if (sent->outcome == outcome && sent->severity == severity)
		return;
	alert = (struct rpcs_alert){
		.detection = sent->detection,
		.id_high = sent->id_high,
		.id_low = sent->id_low,
		.severity = severity,
		.outcome = outcome,
		.update = true,
		.raised = severity < sent->severity,
		.count = 1,
		.reply = reply,
	};
	rpcs_alert_set_call(&alert, call);
	if (reply) {
		alert.time_ns = reply->seen.time_ns;
		alert.frame = reply->seen.frame;
		alert.seen = reply->seen;
	} else {
		/* No packet says that none came: the moment at which waiting ended. */
		alert.time_ns = call->message.seen.time_ns + detect->settings->call_timeout_ns;
	}
	rpcs_outcome_describe(detect, call, reply, &alert);
	rpcs_detection_row(sent->detection)->describe(detect, call, &alert);
	sent->severity = severity;
	sent->outcome = (uint8_t)outcome;
	rpcs_alert_send(detect, &alert);
}

void rpcs_detect_outcome(struct rpcs_detect *detect, struct rpcs_call *call,
			 const struct rpcs_message *reply)
{
	enum rpcs_outcome outcome = rpcs_outcome_of(call, reply);
	const struct rpcs_detection_row *row;
	uint32_t i;

	if (!call->judged)
		judge(detect, call);
	if (outcome == RPCS_OUTCOME_ATTEMPT)
		return;
	for (i = 0; i < call->alert_count; i++)
		update(detect, call, &call->alerts[i], reply, outcome);
	for (i = 0; i < detect->implemented_count; i++) {
		row = rpcs_detection_row(detect->implemented[i]);
		if (row->on_outcome)
			row->on_outcome(detect, call, reply, outcome);
	}
}

void rpcs_detect_connection(struct rpcs_detect *detect, const struct rpcs_connection *connection,
			    uint64_t flow_id)
{
	const struct rpcs_detection_row *row;
	uint32_t i;

	for (i = 0; i < detect->implemented_count; i++) {
		row = rpcs_detection_row(detect->implemented[i]);
		if (row->on_connection)
			row->on_connection(detect, connection, flow_id);
	}
}

uint64_t rpcs_detect_evictions(const struct rpcs_detect *detect)
{
	return detect->evictions;
}
