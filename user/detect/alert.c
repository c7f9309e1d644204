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
#include "families.h"

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
void rpcs_alert_set_id(const struct rpcs_detect *detect, struct rpcs_alert *alert)
{
	uint64_t number[2] = { alert->mark.number, 0 };
	uint64_t random = rpcs_hash(&detect->seed, number, sizeof(number));

	alert->id_high = (uint64_t)alert->mark.time_ms << 16 | 0x7000 | (random & 0x0fff);
	number[1] = 1;
	random = rpcs_hash(&detect->seed, number, sizeof(number));
	alert->id_low = 1ULL << 63 | random >> 2;
}

void rpcs_alert_name(struct rpcs_detect *detect, struct rpcs_alert *alert)
{
	alert->mark.number = ++detect->alert_number;
	alert->mark.time_ms = alert->time_ns / RPCS_NSEC_PER_MSEC;
	rpcs_alert_set_id(detect, alert);
}

void rpcs_alert_clear(struct rpcs_alert *alert, enum rpcs_detection_id id, uint64_t time_ns)
{
	/* Not what is long: most alerts fold before there is any. */
	memset(alert, 0, offsetof(struct rpcs_alert, prefixes));
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
	alert->server = tuple->dst;
	alert->seen = *seen;
	alert->frame = seen->frame;
	alert->flow_id = flow_id;
}

uint32_t rpcs_alert_about(const struct rpcs_message *message)
{
	const struct rpcs_portmap *asked = &message->portmap;

	if (asked->has &&
	    (asked->shape == RPCS_PORTMAP_MAPPING || asked->shape == RPCS_PORTMAP_RPCB ||
	     asked->shape == RPCS_PORTMAP_CALLIT_ARGS))
		return asked->program;
	return message->program;
}

void rpcs_alert_set_call(struct rpcs_alert *alert, const struct rpcs_call *call)
{
	const struct rpcs_message *message = &call->message;

	alert->call = call;
	rpcs_alert_set_packet(alert, &message->tuple, &message->seen, call->flow_id);
	if (!rpcs_detection_row(alert->detection)->per_server)
		alert->about = rpcs_alert_about(message);
}
