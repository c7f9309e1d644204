// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * 1110024: calls that a known tool makes and nobody else. One call may tell (rows below); the
 * amplification scanner is known by three of them, and rpcinfo's search for a program's
 * versions by two.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include <rpcsentry/packet.h>
#include <rpcsentry/portmap.h>

#include "../base/clock.h"
#include "families.h"

/* The amplification scanner's calls come together, rpcinfo's second one after the first's reply. */
#define SCANNER_NS RPCS_NSEC_PER_SEC
#define PROBE_NS (60 * RPCS_NSEC_PER_SEC)

enum {
	SCANNER_CALLS = 3,
	SCANNER_XIDS = 100000000, /* its XIDs are of eight decimal digits */
};

/** What a single call may be known by; ANY where it does not matter. */
enum { ANY = 0 };
static const struct tool {
	const char *name;
	uint32_t xid, program, version;
} tools[] = {
	{ "nmap's service probe RPCCheck", 0x72fe1d13, ANY, 104316 },
	{ "nmap's UDP probe ONCRPC_CALL", 0x3eece3ca, 12345678, ANY },
	{ "zmap's portmapper probe", 0x1aa9ffe1, ANY, ANY },
};

struct rpcs_tools {
	struct rpcs_distinct_rule scanner_rule;
	struct rpcs_distinct *scanner; /* by source: which of its calls came */
	struct rpcs_recent *probes;    /* rpcinfo's first calls, by both ends and program */
};

int rpcs_tools_init(struct rpcs_detect *detect)
{
	struct rpcs_tools *state = calloc(1, sizeof(*state));
	uint64_t keys = detect->settings->limit_sources;

	if (!state)
		return -ENOMEM;
	detect->tools = state;
	state->scanner_rule = (struct rpcs_distinct_rule){ { { SCANNER_NS, SCANNER_CALLS } } };
	state->scanner = rpcs_distinct_new(&state->scanner_rule, 1, keys,
					   detect->settings->alert_repeat_ns, &detect->seed,
					   &detect->evictions);
	state->probes = rpcs_recent_new(keys, sizeof(struct rpcs_told_key), &detect->seed,
					&detect->evictions);
	return state->scanner && state->probes ? 0 : -ENOMEM;
}

void rpcs_tools_free(struct rpcs_detect *detect)
{
	struct rpcs_tools *state = detect->tools;

	if (!state)
		return;
	rpcs_distinct_free(&state->scanner);
	rpcs_recent_free(&state->probes);
	free(state);
	detect->tools = NULL;
}

static const struct tool *tool_of(const struct rpcs_message *message)
{
	const struct tool *tool;
	uint32_t i;

	for (i = 0; i < sizeof(tools) / sizeof(tools[0]); i++) {
		tool = &tools[i];
		if (message->xid == tool->xid &&
		    (tool->program == ANY || tool->program == message->program) &&
		    (tool->version == ANY || tool->version == message->version))
			return tool;
	}
	return NULL;
}

bool rpcs_tool_matches(const struct rpcs_detect *detect, const struct rpcs_call *call)
{
	(void)detect;
	return tool_of(&call->message) && !rpcs_call_is_silent(call);
}

void rpcs_tool_describe(const struct rpcs_detect *detect, const struct rpcs_call *call,
			struct rpcs_alert *alert)
{
	const struct tool *tool = tool_of(&call->message);

	if (tool)
		rpcs_alert_evidence(alert, "%s: XID 0x%08" PRIx32, tool->name, tool->xid);
	rpcs_words_asked(alert, "it asked for: ", call);
	rpcs_words_client(detect, call, alert);
}

static void tell(struct rpcs_detect *detect, const struct rpcs_call *call, const char *what)
{
	struct rpcs_alert alert;

	if (!rpcs_alert_init(detect, RPCS_D_TOOL_FINGERPRINT, call->message.seen.time_ns, &alert))
		return;
	rpcs_alert_set_call(&alert, call);
	rpcs_alert_evidence(&alert, "%s", what);
	rpcs_words_asked(&alert, "the last call: ", call);
	rpcs_words_client(detect, call, &alert);
	rpcs_alert_send(detect, &alert);
}

/* Which of the amplification scanner's calls this is, from 1 on; 0: none. */
static uint32_t scanner_call(const struct rpcs_message *message)
{
	if (message->program != RPCS_PORTMAP_PROGRAM || message->xid >= SCANNER_XIDS ||
	    message->tuple.protocol != RPCS_IP_UDP)
		return 0;
	if (message->version == 3 && message->procedure == RPCS_PORTMAP_DUMP)
		return 1;
	if (message->version == 2 && message->procedure == RPCS_PORTMAP_DUMP)
		return 2;
	return message->version == 4 && message->procedure == RPCS_PORTMAP_GETSTAT ? 3 : 0;
}

static void take_scanner_call(struct rpcs_detect *detect, const struct rpcs_call *call,
			      uint32_t number)
{
	const struct rpcs_address what = rpcs_distinct_number(number);
	uint32_t window;

	if (rpcs_distinct_note(detect->tools->scanner, &detect->tools->scanner_rule,
			       rpcs_id_of_address(detect, &call->message.tuple.src), &what, false,
			       call->message.seen.time_ns, &window))
		tell(detect, call,
		     "Metasploit's portmap_amp scanner for amplifiers: DUMP of versions 3 and 2 "
		     "and "
		     "GETSTAT within 1 s, XIDs of at most eight decimal digits");
}

/* The versions that a program answers to stand in its refusal of 0, and then of 4294967295. */
static void take_probe(struct rpcs_detect *detect, const struct rpcs_call *call)
{
	const struct rpcs_message *message = &call->message;
	const struct rpcs_told_key key = { .server = message->tuple.dst,
					   .client = message->tuple.src,
					   .about = message->program };
	uint64_t now_ns = message->seen.time_ns;

	if (message->version == 0)
		rpcs_recent_note(detect->tools->probes, &key, now_ns, 0);
	else if (rpcs_recent_find(detect->tools->probes, &key, now_ns, PROBE_NS))
		tell(detect, call,
		     "rpcinfo's search for a program's versions: NULL with version 0, then with "
		     "4294967295");
}

void rpcs_tool_call(struct rpcs_detect *detect, const struct rpcs_call *call)
{
	const struct rpcs_message *message = &call->message;
	uint32_t number;

	if (!detect->settings->detections[RPCS_D_TOOL_FINGERPRINT].enabled ||
	    rpcs_call_is_silent(call))
		return;
	number = scanner_call(message);
	if (number)
		take_scanner_call(detect, call, number);
	else if (message->procedure == 0 &&
		 (message->version == 0 || message->version == UINT32_MAX))
		take_probe(detect, call);
}
