// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* An alert's identity, its evidence, and the names of its outcomes. */
#include "alert.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "../base/clock.h"
#include "fold.h"

static const char *const outcome_names[] = {
	[RPCS_OUTCOME_ATTEMPT] = "attempt",
	[RPCS_OUTCOME_TIMEOUT] = "timeout",
	[RPCS_OUTCOME_DENIED] = "denied",
	[RPCS_OUTCOME_RPC_MISMATCH] = "rpc_mismatch",
	[RPCS_OUTCOME_PROG_UNAVAIL] = "prog_unavail",
	[RPCS_OUTCOME_PROG_MISMATCH] = "prog_mismatch",
	[RPCS_OUTCOME_PROC_UNAVAIL] = "proc_unavail",
	[RPCS_OUTCOME_GARBAGE_ARGS] = "garbage_args",
	[RPCS_OUTCOME_SYSTEM_ERR] = "system_err",
	[RPCS_OUTCOME_EMPTY] = "empty",
	[RPCS_OUTCOME_NOT_REGISTERED] = "not_registered",
	[RPCS_OUTCOME_SUCCESS] = "success",
};

static_assert(sizeof(outcome_names) / sizeof(outcome_names[0]) == RPCS_OUTCOME__MAX,
	      "a name for each outcome");

const char *rpcs_outcome_name(enum rpcs_outcome outcome)
{
	return outcome_names[outcome];
}

void rpcs_alert_id_format(const struct rpcs_alert *alert, char text[RPCS_ALERT_ID_TEXT])
{
	snprintf(text, RPCS_ALERT_ID_TEXT,
		 "%08" PRIx64 "-%04" PRIx64 "-%04" PRIx64 "-%04" PRIx64 "-%012" PRIx64,
		 alert->id_high >> 32, alert->id_high >> 16 & 0xffff, alert->id_high & 0xffff,
		 alert->id_low >> 48, alert->id_low & UINT64_C(0xffffffffffff));
}

void rpcs_alert_evidence(struct rpcs_alert *alert, const char *format, ...)
{
	char *text, *at;
	va_list args;

	if (alert->evidence_count >= RPCS_EVIDENCE_MAX)
		return;
	text = alert->evidence[alert->evidence_count++];
	va_start(args, format);
	vsnprintf(text, RPCS_EVIDENCE_TEXT, format, args);
	va_end(args);
	for (at = text; *at; at++)
		if (*at < 0x20 || *at > 0x7e)
			*at = '?';
}

/*
 * RFC 9562 5.7: 48 bits of milliseconds, then bits nobody can guess. They come
 * from the seed and a running number, so that reading a capture twice gives
 * the same ids.
 */
static void set_id(const struct rpcs_detect *detect, struct rpcs_alert *alert)
{
	uint64_t number[2] = { alert->mark.number, 0 };
	uint64_t random = rpcs_hash(&detect->seed, number, sizeof(number));

	alert->id_high = (uint64_t)alert->mark.time_ms << 16 | 0x7000 | (random & 0x0fff);
	number[1] = 1;
	random = rpcs_hash(&detect->seed, number, sizeof(number));
	alert->id_low = 1ULL << 63 | random >> 2;
}

void rpcs_alert_clear(struct rpcs_alert *alert, enum rpcs_detection_id id, uint64_t time_ns)
{
	/* Not the evidence: it is long, and most alerts fold before there is any. */
	memset(alert, 0, offsetof(struct rpcs_alert, evidence));
	alert->detection = id;
	alert->count = 1;
	alert->time_ns = time_ns;
}

bool rpcs_alert_init(struct rpcs_detect *detect, enum rpcs_detection_id id, uint64_t time_ns,
		     struct rpcs_alert *ret_alert)
{
	const struct rpcs_detection_setting *setting = &detect->settings->detections[id];

	if (!setting->enabled)
		return false;
	rpcs_alert_clear(ret_alert, id, time_ns);
	ret_alert->severity = setting->severity;
	return true;
}

void rpcs_alert_set_packet(struct rpcs_alert *alert, const struct rpcs_tuple *tuple,
			   const struct rpcs_sighting *seen, uint64_t flow_id)
{
	alert->tuple = *tuple;
	alert->seen = *seen;
	alert->frame = seen->frame;
	alert->flow_id = flow_id;
}

void rpcs_alert_set_call(struct rpcs_alert *alert, const struct rpcs_call *call)
{
	const struct rpcs_message *message = &call->message;

	alert->call = call;
	rpcs_alert_set_packet(alert, &message->tuple, &message->seen, call->flow_id);
	alert->about = message->program;
	if (message->portmap.has && (message->portmap.shape == RPCS_PORTMAP_MAPPING ||
				     message->portmap.shape == RPCS_PORTMAP_RPCB ||
				     message->portmap.shape == RPCS_PORTMAP_CALLIT_ARGS))
		alert->about = message->portmap.program;
}

/* A line of its own: nothing folds with it. */
static void say_alone(struct rpcs_detect *detect, struct rpcs_alert *alert)
{
	alert->mark.number = ++detect->alert_number;
	alert->mark.time_ms = alert->time_ns / RPCS_NSEC_PER_MSEC;
	alert->mark.said_severity = alert->severity & 7;
	alert->mark.said_outcome = (unsigned int)alert->outcome & 15;
	alert->mark.said = true;
}

static bool admit(struct rpcs_detect *detect, struct rpcs_account *account,
		  struct rpcs_alert *alert)
{
	if (account && !rpcs_account_has_news(account, alert)) {
		rpcs_account_mark(account, alert);
		return false;
	}
	if (account) {
		rpcs_account_say(account, alert);
		rpcs_account_mark(account, alert);
	} else {
		say_alone(detect, alert);
	}
	set_id(detect, alert);
	alert->admitted = true;
	return true;
}

bool rpcs_alert_admit(struct rpcs_detect *detect, struct rpcs_alert *alert)
{
	struct rpcs_account *account = NULL;

	/* What no packet is behind, the sensor says of itself. */
	if (alert->tuple.protocol)
		account = rpcs_fold_take(detect, alert);
	alert->mark.detection = (unsigned int)alert->detection & 0xff;
	alert->mark.severity = alert->severity & 7;
	if (admit(detect, account, alert))
		return true;
	detect->alerts_folded++;
	return false;
}

/* The account has ended: what it said stands in the mark. */
static void say_late(struct rpcs_alert *alert)
{
	struct rpcs_call_alert *mark = &alert->mark;

	alert->update = mark->said;
	alert->raised = mark->said && alert->severity < mark->said_severity;
	if (!mark->said || alert->severity < mark->said_severity)
		mark->said_severity = alert->severity & 7;
	mark->said_outcome = (unsigned int)alert->outcome & 15;
	mark->said = true;
	alert->severity = mark->said_severity;
}

bool rpcs_alert_admit_outcome(struct rpcs_detect *detect, struct rpcs_alert *alert)
{
	const struct rpcs_call_alert *mark = &alert->mark;
	struct rpcs_account *account;

	if (mark->said && alert->severity >= mark->said_severity &&
	    alert->outcome <= mark->said_outcome)
		return false;
	account = rpcs_fold_find(detect, alert);
	if (account) {
		rpcs_account_note(account, alert);
		return admit(detect, account, alert);
	}
	say_late(alert);
	set_id(detect, alert);
	alert->admitted = true;
	return true;
}

void rpcs_alert_close(struct rpcs_detect *detect, struct rpcs_account *account, uint64_t end_ns)
{
	char first[RPCS_TIME_TEXT], last[RPCS_TIME_TEXT];
	struct rpcs_alert alert;

	if (!rpcs_account_close(account, end_ns, &alert))
		return;
	set_id(detect, &alert);
	rpcs_time_format(account->first_ns, first);
	rpcs_time_format(account->last_ns, last);
	rpcs_alert_evidence(&alert, "%" PRIu32 " times in all, first at %s, last at %s",
			    account->count, first, last);
	detect->emit(detect->arg, &alert);
}

void rpcs_alert_send(struct rpcs_detect *detect, struct rpcs_alert *alert)
{
	if (alert->admitted || rpcs_alert_admit(detect, alert))
		detect->emit(detect->arg, alert);
}
