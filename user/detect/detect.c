// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Runs the table's hooks, and sends an alert's update once its call's outcome is known. */
#include "detect.h"

#include <stdlib.h>
#include <string.h>

#include "abuse.h"
#include "crowd.h"
#include "families.h"
#include "fold.h"
#include "given.h"
#include "pace.h"

static struct rpcs_detect_derived derived_of(const struct rpcs_settings *settings)
{
	struct rpcs_detect_derived derived = { .repeat_ns = settings->alert_repeat_ns };

	memcpy(derived.thresholds, settings->thresholds, sizeof(derived.thresholds));
	return derived;
}

struct rpcs_detect *rpcs_detect_new(struct rpcs_policy *policy, const struct rpcs_hash_seed *seed,
				    rpcs_alert_fn emit, void *arg)
{
	struct rpcs_detect *detect = calloc(1, sizeof(*detect));
	const struct rpcs_detect_family *families;
	uint32_t i, count;

	if (!detect)
		return NULL;
	detect->policy = policy;
	detect->settings = rpcs_policy_settings(policy);
	detect->seed = *seed;
	detect->emit = emit;
	detect->arg = arg;
	detect->derived = derived_of(detect->settings);
	rpcs_hooks_init(detect);
	families = rpcs_detect_families(&count);
	for (i = 0; i < count; i++) {
		if (families[i].init(detect)) {
			rpcs_detect_free(&detect);
			return NULL;
		}
	}
	return detect;
}

void rpcs_detect_free(struct rpcs_detect **detect)
{
	const struct rpcs_detect_family *families;
	uint32_t i, count;

	if (!*detect)
		return;
	families = rpcs_detect_families(&count);
	for (i = 0; i < count; i++)
		families[i].free(*detect);
	free(*detect);
	*detect = NULL;
}

void rpcs_detect_set_live(struct rpcs_detect *detect, uint64_t since_ns)
{
	detect->live_since_ns = since_ns;
}

void rpcs_detect_raise(struct rpcs_detect *detect, enum rpcs_detection_id id,
		       struct rpcs_call *call)
{
	const struct rpcs_detection_row *row = rpcs_detection_row(id);
	struct rpcs_alert alert;
	bool leaves;

	if (!rpcs_alert_init(detect, id, call->message.seen.time_ns, &alert))
		return;
	rpcs_alert_set_call(&alert, call);
	leaves = rpcs_alert_admit(detect, &alert);
	/* Folded or not: its outcome may be worse than those before. */
	if (call->alert_count < RPCS_CALL_ALERTS_MAX)
		call->alerts[call->alert_count++] = alert.mark;
	if (!leaves)
		return;
	row->describe(detect, call, &alert);
	rpcs_alert_send(detect, &alert);
}

static void judge(struct rpcs_detect *detect, struct rpcs_call *call)
{
	const struct rpcs_detection_row *row;
	enum rpcs_detection_id id;
	uint64_t left;

	call->judged = true;
	if (detect->next.call == call) {
		left = detect->next.hooks;
		rpcs_sweep_call_fetch_items(detect, detect->next.sweep);
		detect->next.call = NULL;
	} else {
		left = rpcs_hooks_of_call(detect, call, &call->message);
	}
	for (; left; left &= left - 1) {
		id = (enum rpcs_detection_id)__builtin_ctzll(left);
		row = rpcs_detection_row(id);
		if (row->matches && row->matches(detect, call))
			rpcs_detect_raise(detect, id, call);
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
	struct rpcs_alert alert;
	bool leaves;

	/* No packet says that no reply came: the moment at which waiting ended. */
	rpcs_alert_clear(&alert, sent->detection,
			 reply ? reply->seen.time_ns
			       : call->message.seen.time_ns + detect->settings->call_timeout_ns);
	rpcs_alert_set_call(&alert, call);
	alert.severity = severity_after(detect, sent, reply, outcome);
	alert.outcome = outcome;
	alert.mark = *sent;
	alert.reply = reply;
	if (reply) {
		alert.frame = reply->seen.frame;
		alert.seen = reply->seen;
	}
	leaves = rpcs_alert_admit_outcome(detect, &alert);
	*sent = alert.mark;
	if (!leaves)
		return;
	rpcs_outcome_describe(detect, call, reply, &alert);
	rpcs_detection_row(sent->detection)->describe(detect, call, &alert);
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
	for (i = 0; i < detect->hooks.outcome.count; i++) {
		row = rpcs_detection_row(detect->hooks.outcome.ids[i]);
		row->on_outcome(detect, call, reply, outcome);
	}
}

/* More of what some calls need, which is not foreseen. */
static void fetch_by_kind(struct rpcs_detect *detect, uint32_t kind)
{
	if (!detect->parties->watched)
		return;
	if (kind == RPCS_CALL_DUMP)
		rpcs_flood_fetch_dumps(detect);
	if (kind == RPCS_CALL_DUMP || kind == RPCS_CALL_SET)
		rpcs_set_dump_fetch(detect);
}

void rpcs_detect_ahead(struct rpcs_detect *detect, const struct rpcs_message *message,
		       uint64_t flow_id)
{
	rpcs_parties_fill(detect, message, flow_id);
	detect->ahead = message;
	if (message->is_call)
		fetch_by_kind(detect, rpcs_kind_of(message));
}

/*
 * What judge() will look up comes while the message is counted. It is read, not the call's copy of
 * it, which has only just been made. False: the call will raise no alert, probably.
 */
static bool fetch_judgement(struct rpcs_detect *detect, const struct rpcs_call *call,
			    const struct rpcs_message *message)
{
	uint64_t hooks = rpcs_hooks_of_call(detect, call, message);
	uint32_t kind = detect->parties->kind;
	enum rpcs_detection_id expected;

	detect->next.call = call;
	detect->next.hooks = hooks;
	detect->next.sweep = NULL;
	if (rpcs_is_silent(call, kind))
		return false;
	if (hooks & 1ULL << RPCS_D_SWEEP)
		rpcs_sweep_call_fetch(detect);
	if (hooks & 1ULL << RPCS_D_FANOUT)
		rpcs_fanout_fetch(detect, call);
	expected = rpcs_access_expected(detect, kind, message);
	if (expected == RPCS_D__MAX)
		return false;
	rpcs_fold_fetch(detect, expected, &message->tuple, rpcs_alert_about(message));
	return true;
}

static void run_hooks(struct rpcs_detect *detect, uint64_t left, const struct rpcs_message *message,
		      struct rpcs_call *call, enum rpcs_message_place place, uint64_t flow_id)
{
	const struct rpcs_detection_row *row;

	for (; left; left &= left - 1) {
		row = rpcs_detection_row((enum rpcs_detection_id)__builtin_ctzll(left));
		row->on_message(detect, message, call, place, flow_id);
	}
}

void rpcs_detect_message(struct rpcs_detect *detect, const struct rpcs_message *message,
			 struct rpcs_call *call, enum rpcs_message_place place, uint64_t flow_id)
{
	const uint64_t counting = ~0ULL << RPCS_D_AMPLIFICATION;
	bool expected = false;
	uint64_t hooks;

	rpcs_given_settle(detect);
	if (detect->ahead != message)
		rpcs_parties_fill(detect, message, flow_id);
	detect->ahead = NULL;
	hooks = rpcs_hooks_of_message(detect, message, place);
	detect->next.call = NULL;
	if (place == RPCS_PLACE_CALL && call && !call->held)
		expected = fetch_judgement(detect, call, message);
	run_hooks(detect, hooks & ~counting, message, call, place, flow_id);
	/* By now what these will look up may have come. */
	if (detect->parties->watched)
		rpcs_parties_fetch(detect);
	if (message->is_call && detect->parties->kind == RPCS_CALL_DUMP)
		rpcs_flood_fetch_dumps_entry(detect);
	if (expected) {
		rpcs_fold_fetch_entry(detect);
		detect->next.sweep = rpcs_sweep_call_fetch_entry(detect);
	}
	run_hooks(detect, hooks & counting, message, call, place, flow_id);
}

void rpcs_detect_connection(struct rpcs_detect *detect, const struct rpcs_connection *connection,
			    uint64_t flow_id)
{
	const struct rpcs_detection_row *row;
	uint32_t i;

	for (i = 0; i < detect->hooks.connection.count; i++) {
		row = rpcs_detection_row(detect->hooks.connection.ids[i]);
		row->on_connection(detect, connection, flow_id);
	}
}

void rpcs_detect_data(struct rpcs_detect *detect, const struct rpcs_tuple *tuple,
		      const struct rpcs_sighting *seen, bool open)
{
	uint32_t i;

	for (i = 0; i < detect->hooks.data.count; i++)
		rpcs_detection_row(detect->hooks.data.ids[i])->on_data(detect, tuple, seen, open);
}

void rpcs_detect_oddity(struct rpcs_detect *detect, const struct rpcs_oddity *oddity,
			uint64_t flow_id)
{
	uint32_t i;

	for (i = 0; i < detect->hooks.oddity.count; i++)
		rpcs_detection_row(detect->hooks.oddity.ids[i])->on_oddity(detect, oddity, flow_id);
}

void rpcs_detect_tick(struct rpcs_detect *detect, uint64_t now_ns)
{
	rpcs_surge_tick(detect, now_ns);
	rpcs_idle_tick(detect, now_ns);
	rpcs_fold_tick(detect, now_ns);
	rpcs_crowd_tick(detect, now_ns);
	rpcs_pace_tick(detect, now_ns);
}

uint64_t rpcs_detect_evictions(const struct rpcs_detect *detect)
{
	rpcs_given_settle(detect);
	return detect->evictions;
}

uint64_t rpcs_detect_folded(const struct rpcs_detect *detect)
{
	return detect->alerts_folded;
}

uint64_t rpcs_detect_held(const struct rpcs_detect *detect)
{
	return detect->alerts_held;
}

int rpcs_detect_reload(struct rpcs_detect *detect)
{
	const struct rpcs_detect_derived now = derived_of(detect->settings);
	const struct rpcs_detect_family *families;
	uint32_t i, count;
	int err = 0;

	rpcs_parties_forget(detect);
	detect->ahead = NULL;
	detect->next.call = NULL;
	if (memcmp(&now, &detect->derived, sizeof(now)) == 0)
		return 0;
	detect->derived = now;
	families = rpcs_detect_families(&count);
	for (i = 0; i < count && !err; i++) {
		if (!families[i].derives)
			continue;
		families[i].free(detect);
		err = families[i].init(detect);
	}
	return err;
}
