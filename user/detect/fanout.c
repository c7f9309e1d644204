// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * 1110021: lookups of one source that go wide: many programs of one server (told for each
 * server), or many servers for one program (told once).
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "families.h"

enum { KIND_PROGRAMS, KIND_SERVERS, KIND__MAX };

struct rpcs_fanout {
	struct rpcs_distinct_rule rules[KIND__MAX];
	struct rpcs_distinct *counts;
	struct rpcs_recent *told; /* sources of KIND_SERVERS, whatever the program */
};

int rpcs_fanout_init(struct rpcs_detect *detect)
{
	struct rpcs_fanout *fanout = calloc(1, sizeof(*fanout));
	const uint64_t *threshold = detect->settings->thresholds;
	uint64_t keys = detect->settings->limit_sources, wide;
	int kind;

	if (!fanout)
		return -ENOMEM;
	detect->fanout = fanout;
	for (kind = 0; kind < KIND__MAX; kind++) {
		wide = kind == KIND_PROGRAMS ? threshold[RPCS_T_FANOUT_PROGRAMS]
					     : threshold[RPCS_T_FANOUT_SERVERS];
		fanout->rules[kind] = (struct rpcs_distinct_rule){
			{ { threshold[RPCS_T_FANOUT_WINDOW], wide },
			  { threshold[RPCS_T_FANOUT_SLOW_WINDOW], threshold[RPCS_T_FANOUT_SLOW] } }
		};
	}
	fanout->counts = rpcs_distinct_new(fanout->rules, KIND__MAX, keys,
					   detect->settings->alert_repeat_ns, &detect->seed,
					   &detect->evictions);
	fanout->told = rpcs_recent_new(keys, sizeof(struct rpcs_told_key), &detect->seed,
				       &detect->evictions);
	return fanout->counts && fanout->told ? 0 : -ENOMEM;
}

void rpcs_fanout_free(struct rpcs_detect *detect)
{
	struct rpcs_fanout *fanout = detect->fanout;

	if (!fanout)
		return;
	rpcs_distinct_free(&fanout->counts);
	rpcs_recent_free(&fanout->told);
	free(fanout);
	detect->fanout = NULL;
}

static void describe(struct rpcs_detect *detect, const struct rpcs_call *call, int kind,
		     uint32_t window, struct rpcs_alert *alert)
{
	const struct rpcs_fanout *fanout = detect->fanout;
	const struct rpcs_distinct_window *full = &fanout->rules[kind].windows[window];
	char what[RPCS_WORDS_TEXT + 16], program[RPCS_WORDS_TEXT];

	if (kind == KIND_PROGRAMS) {
		rpcs_words_found(alert, fanout->counts, "programs of one server", full);
		rpcs_words_programs(alert, fanout->counts);
	} else {
		snprintf(what, sizeof(what), "servers for %s",
			 rpcs_words_program(call->message.portmap.program, program));
		rpcs_words_found(alert, fanout->counts, what, full);
		rpcs_words_hosts(alert, fanout->counts);
	}
	rpcs_words_asked(alert, "the last lookup: ", call);
	rpcs_words_client(detect, call, alert);
}

static void count(struct rpcs_detect *detect, const struct rpcs_call *call, int kind, uint64_t id,
		  const struct rpcs_address *what)
{
	const struct rpcs_fanout *fanout = detect->fanout;
	const struct rpcs_told_key source = { .client = call->message.tuple.src };
	uint64_t now_ns = call->message.seen.time_ns;
	struct rpcs_alert alert;
	uint32_t window;

	if (!rpcs_distinct_note(fanout->counts, &fanout->rules[kind], id, what, false, now_ns,
				&window))
		return;
	if (kind == KIND_SERVERS && rpcs_told_before(detect, fanout->told, &source, now_ns))
		return;
	if (!rpcs_alert_init(detect, RPCS_D_FANOUT, now_ns, &alert))
		return;
	rpcs_alert_set_call(&alert, call);
	describe(detect, call, kind, window, &alert);
	rpcs_alert_send(detect, &alert);
}

static bool is_counted(const struct rpcs_detect *detect, const struct rpcs_call *call)
{
	return detect->settings->detections[RPCS_D_FANOUT].enabled &&
	       call->message.portmap.has >= 1 && rpcs_call_is_lookup(call) &&
	       !rpcs_call_is_silent(call);
}

/* A client with a server, and a client with a program. */
static void ids_of(struct rpcs_detect *detect, const struct rpcs_call *call,
		   uint64_t ids[KIND__MAX])
{
	const struct rpcs_tuple *tuple = &call->message.tuple;
	uint32_t program = call->message.portmap.program;
	uint64_t client = rpcs_id_of_address(detect, &tuple->src);

	ids[KIND_PROGRAMS] = rpcs_id_of_pair(client, rpcs_id_of_server(detect, &tuple->dst));
	ids[KIND_SERVERS] =
		rpcs_id_of_pair(client, rpcs_hash(&detect->seed, &program, sizeof(program)));
}

void rpcs_fanout_fetch(struct rpcs_detect *detect, const struct rpcs_call *call)
{
	uint64_t ids[KIND__MAX];

	if (!is_counted(detect, call))
		return;
	ids_of(detect, call, ids);
	rpcs_distinct_fetch(detect->fanout->counts, ids[KIND_PROGRAMS]);
	rpcs_distinct_fetch(detect->fanout->counts, ids[KIND_SERVERS]);
}

void rpcs_fanout_call(struct rpcs_detect *detect, const struct rpcs_call *call)
{
	const struct rpcs_address program = rpcs_distinct_number(call->message.portmap.program);
	uint64_t ids[KIND__MAX];

	if (!is_counted(detect, call))
		return;
	ids_of(detect, call, ids);
	count(detect, call, KIND_PROGRAMS, ids[KIND_PROGRAMS], &program);
	count(detect, call, KIND_SERVERS, ids[KIND_SERVERS], &call->message.tuple.dst);
}
