// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * 1110023: program after program is asked for with a version that none has: the refusal
 * tells which of them listens here, and in which versions. Told once for source and server.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "families.h"

enum {
	VERSION_HIGH = 1000, /* no program has got so far */
	SCATTERED = 8,	     /* programs with versions of any kind, on any flows */
};

enum { KIND_FLOW, KIND_PORT, KIND__MAX };

struct rpcs_grind {
	struct rpcs_distinct_rule rules[KIND__MAX];
	struct rpcs_distinct *programs;
	struct rpcs_recent *told; /* by server and source */
};

int rpcs_grind_init(struct rpcs_detect *detect)
{
	struct rpcs_grind *grind = calloc(1, sizeof(*grind));
	const uint64_t *threshold = detect->settings->thresholds;
	uint64_t keys = detect->settings->limit_sources;
	uint64_t window_ns = threshold[RPCS_T_GRIND_WINDOW];

	if (!grind)
		return -ENOMEM;
	detect->grind = grind;
	grind->rules[KIND_FLOW] =
		(struct rpcs_distinct_rule){ { { window_ns, threshold[RPCS_T_GRIND_PROGRAMS] } } };
	grind->rules[KIND_PORT] = (struct rpcs_distinct_rule){ { { window_ns, SCATTERED } } };
	grind->programs = rpcs_distinct_new(grind->rules, KIND__MAX, keys,
					    detect->settings->alert_repeat_ns, &detect->seed,
					    &detect->evictions);
	grind->told = rpcs_recent_new(keys, sizeof(struct rpcs_told_key), &detect->seed,
				      &detect->evictions);
	return grind->programs && grind->told ? 0 : -ENOMEM;
}

void rpcs_grind_free(struct rpcs_detect *detect)
{
	struct rpcs_grind *grind = detect->grind;

	if (!grind)
		return;
	rpcs_distinct_free(&grind->programs);
	rpcs_recent_free(&grind->told);
	free(grind);
	detect->grind = NULL;
}

static void tell(struct rpcs_detect *detect, const struct rpcs_message *message,
		 const struct rpcs_call *call, uint64_t flow_id, int kind)
{
	const struct rpcs_grind *grind = detect->grind;
	const struct rpcs_told_key pair = { .server = message->tuple.dst,
					    .client = message->tuple.src };
	char what[RPCS_WORDS_TEXT];
	struct rpcs_alert alert;

	if (rpcs_told_before(detect, grind->told, &pair, message->seen.time_ns) ||
	    !rpcs_alert_init(detect, RPCS_D_GRIND, message->seen.time_ns, &alert))
		return;
	if (call)
		rpcs_alert_set_call(&alert, call);
	else
		rpcs_alert_set_packet(&alert, &message->tuple, &message->seen, flow_id);
	if (kind == KIND_FLOW)
		snprintf(what, sizeof(what), "programs with version %" PRIu32 " on one flow",
			 message->version);
	else
		snprintf(what, sizeof(what), "programs with versions over %d on port %u",
			 VERSION_HIGH, message->tuple.dport);
	rpcs_words_found(&alert, grind->programs, what, &grind->rules[kind].windows[0]);
	rpcs_words_programs(&alert, grind->programs);
	rpcs_words_source(detect, &alert);
	rpcs_alert_send(detect, &alert);
}

static void count(struct rpcs_detect *detect, const struct rpcs_message *message,
		  const struct rpcs_call *call, uint64_t flow_id, int kind)
{
	const struct rpcs_grind *grind = detect->grind;
	const struct rpcs_address program = rpcs_distinct_number(message->program);
	struct rpcs_count_key key = { .client = message->tuple.src,
				      .server = message->tuple.dst,
				      .kind = (uint8_t)kind };
	uint32_t window;

	if (kind == KIND_FLOW) {
		key.flow_id = flow_id;
		key.program = message->version;
	} else {
		key.port = message->tuple.dport;
	}
	if (rpcs_distinct_note(grind->programs, &grind->rules[kind], rpcs_id_of_key(detect, &key),
			       &program, false, message->seen.time_ns, &window))
		tell(detect, message, call, flow_id, kind);
}

void rpcs_grind_message(struct rpcs_detect *detect, const struct rpcs_message *message,
			struct rpcs_call *call, enum rpcs_message_place place, uint64_t flow_id)
{
	if (place != RPCS_PLACE_CALL || message->procedure != 0 ||
	    message->version <= VERSION_HIGH || message->version == UINT32_MAX ||
	    !detect->settings->detections[RPCS_D_GRIND].enabled)
		return;
	count(detect, message, call, flow_id, KIND_FLOW);
	count(detect, message, call, flow_id, KIND_PORT);
}
