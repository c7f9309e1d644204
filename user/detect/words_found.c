// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Evidence of what was counted: how many of what in which time, and which they were. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <rpcsentry/portmap.h>

#include "../base/clock.h"
#include "../policy/programs.h"
#include "families.h"

const char *rpcs_words_duration(uint64_t length_ns, char text[RPCS_WORDS_TEXT])
{
	bool whole = length_ns % RPCS_NSEC_PER_SEC == 0;
	uint64_t number = length_ns / (whole ? RPCS_NSEC_PER_SEC : RPCS_NSEC_PER_MSEC);

	snprintf(text, RPCS_WORDS_TEXT, "%" PRIu64 " %s", number, whole ? "s" : "ms");
	return text;
}

void rpcs_words_found(struct rpcs_alert *alert, const struct rpcs_distinct *distinct,
		      const char *what, const struct rpcs_distinct_window *window)
{
	const struct rpcs_distinct_item *found;
	char text[RPCS_WORDS_TEXT];
	uint64_t tenths;
	uint32_t count;

	found = rpcs_distinct_found(distinct, &count);
	tenths = rpcs_age(found[count - 1].time_ns, found[0].time_ns) / (RPCS_NSEC_PER_SEC / 10);
	rpcs_alert_evidence(
		alert,
		"%" PRIu32 " %s in %s%" PRIu64 ".%" PRIu64 " s (threshold: %" PRIu64 " in %s)",
		count, what, tenths ? "" : "under ", tenths / 10, tenths ? tenths % 10 : 1,
		window->threshold < RPCS_DISTINCT_MAX ? window->threshold : RPCS_DISTINCT_MAX,
		rpcs_words_duration(window->length_ns, text));
}

static unsigned __int128 value_of(const struct rpcs_address *address)
{
	unsigned __int128 value = 0;
	int i;

	for (i = 0; i < 16; i++)
		value = value << 8 | address->bytes[i];
	return value;
}

/* Consecutive in any order: scanners like to shuffle. */
static void describe_order(struct rpcs_alert *alert, const struct rpcs_distinct_item *found,
			   uint32_t count)
{
	const struct rpcs_address *low = &found[0].what, *high = &found[0].what;
	char low_text[RPCS_ADDRESS_TEXT], high_text[RPCS_ADDRESS_TEXT];
	uint32_t i;

	for (i = 1; i < count; i++) {
		if (memcmp(&found[i].what, low, sizeof(*low)) < 0)
			low = &found[i].what;
		if (memcmp(&found[i].what, high, sizeof(*high)) > 0)
			high = &found[i].what;
	}
	rpcs_address_format(low, low_text);
	rpcs_address_format(high, high_text);
	/* No two of them are the same. */
	rpcs_alert_evidence(alert, "addresses %sconsecutive, from %s to %s",
			    value_of(high) - value_of(low) == count - 1 ? "" : "not ", low_text,
			    high_text);
}

void rpcs_words_hosts(struct rpcs_alert *alert, const struct rpcs_distinct *distinct)
{
	char first[RPCS_ADDRESS_TEXT], last[RPCS_ADDRESS_TEXT];
	const struct rpcs_distinct_item *found;
	uint32_t count;

	found = rpcs_distinct_found(distinct, &count);
	rpcs_address_format(&found[0].what, first);
	rpcs_address_format(&found[count - 1].what, last);
	rpcs_alert_evidence(alert, "first target %s, last target %s", first, last);
	describe_order(alert, found, count);
}

/* Adds to a list as long as there is room; false: it is full, and says so. */
static bool list_add(char text[RPCS_EVIDENCE_TEXT], const char *name)
{
	size_t len = strlen(text);

	if (len + strlen(name) + 8 >= RPCS_EVIDENCE_TEXT) {
		snprintf(text + len, RPCS_EVIDENCE_TEXT - len, ", ...");
		return false;
	}
	snprintf(text + len, RPCS_EVIDENCE_TEXT - len, "%s%s", len ? ", " : "", name);
	return true;
}

void rpcs_words_programs(struct rpcs_alert *alert, const struct rpcs_distinct *distinct)
{
	char text[RPCS_WORDS_TEXT], list[RPCS_EVIDENCE_TEXT] = "";
	const struct rpcs_distinct_item *found;
	uint32_t count, i;

	found = rpcs_distinct_found(distinct, &count);
	for (i = 0; i < count; i++)
		if (!list_add(list, rpcs_words_program(rpcs_distinct_number_of(&found[i]), text)))
			break;
	rpcs_alert_evidence(alert, "programs: %s", list);
}

void rpcs_words_ports(struct rpcs_alert *alert, const struct rpcs_distinct *distinct)
{
	char text[RPCS_WORDS_TEXT], list[RPCS_EVIDENCE_TEXT] = "";
	const struct rpcs_distinct_item *found;
	uint32_t count, i;

	found = rpcs_distinct_found(distinct, &count);
	for (i = 0; i < count; i++) {
		snprintf(text, sizeof(text), "%" PRIu32, rpcs_distinct_number_of(&found[i]));
		if (!list_add(list, text))
			break;
	}
	rpcs_alert_evidence(alert, "ports, in this order: %s", list);
}

void rpcs_words_asked(struct rpcs_alert *alert, const char *before, const struct rpcs_call *call)
{
	const struct rpcs_message *message = &call->message;
	const struct rpcs_portmap *pm = &message->portmap;
	const char *name =
		rpcs_procedure_name(message->program, message->version, message->procedure);
	char procedure[RPCS_WORDS_TEXT], program[RPCS_WORDS_TEXT];
	bool asks = pm->has >= 1 &&
		    (pm->shape == RPCS_PORTMAP_MAPPING || pm->shape == RPCS_PORTMAP_RPCB ||
		     pm->shape == RPCS_PORTMAP_CALLIT_ARGS);

	/* By convention every program has it. */
	if (!name && message->procedure == 0)
		name = "NULL";
	if (name)
		snprintf(procedure, sizeof(procedure), "%s", name);
	else
		snprintf(procedure, sizeof(procedure), "procedure %" PRIu32, message->procedure);
	if (!asks && message->program != RPCS_PORTMAP_PROGRAM)
		rpcs_alert_evidence(alert, "%s%s of %s version %" PRIu32, before, procedure,
				    rpcs_words_program(message->program, program),
				    message->version);
	else if (!asks)
		rpcs_alert_evidence(alert, "%s%s, version %" PRIu32, before, procedure,
				    message->version);
	else if (pm->has >= 2)
		rpcs_alert_evidence(alert, "%s%s of %s version %" PRIu32, before, procedure,
				    rpcs_words_program(pm->program, program), pm->version);
	else
		rpcs_alert_evidence(alert, "%s%s of %s", before, procedure,
				    rpcs_words_program(pm->program, program));
}

void rpcs_words_source(const struct rpcs_detect *detect, struct rpcs_alert *alert)
{
	if (!rpcs_policy_is_home(detect->policy, &alert->tuple.src))
		rpcs_alert_evidence(alert, "the source is external: outside networks.home");
}
