// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Evidence in words: programs, credentials, lists. Nothing from the wire goes out unescaped. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <rpcsentry/packet.h>

#include "../policy/programs.h"
#include "families.h"

const char *rpcs_words_program(uint32_t program, char text[RPCS_WORDS_TEXT])
{
	const char *name = rpcs_program_name(program);

	if (name)
		snprintf(text, RPCS_WORDS_TEXT, "%s (%" PRIu32 ")", name, program);
	else
		snprintf(text, RPCS_WORDS_TEXT, "program %" PRIu32, program);
	return text;
}

const char *rpcs_words_protocol(uint32_t protocol, char text[RPCS_WORDS_TEXT])
{
	if (protocol == RPCS_IP_UDP || protocol == RPCS_IP_TCP)
		snprintf(text, RPCS_WORDS_TEXT, protocol == RPCS_IP_UDP ? "udp" : "tcp");
	else
		snprintf(text, RPCS_WORDS_TEXT, "protocol %" PRIu32, protocol);
	return text;
}

const char *rpcs_words_bytes(const struct rpcs_text *bytes, char text[RPCS_WORDS_TEXT])
{
	size_t len = 0;
	uint32_t i;

	for (i = 0; i < bytes->len; i++) {
		uint8_t c = bytes->bytes[i];

		/* Room for one escape, the mark of a cut, and the end. */
		if (len + 4 + 3 >= RPCS_WORDS_TEXT) {
			memcpy(text + len, "...", 3);
			len += 3;
			break;
		}
		if (c >= 0x20 && c < 0x7f && c != '"' && c != '\\')
			text[len++] = (char)c;
		else
			len += (size_t)snprintf(text + len, 5, "\\x%02x", c);
	}
	text[len] = '\0';
	return text;
}

static bool named_before(const struct rpcs_portmap *portmap, uint32_t index)
{
	uint32_t i;

	for (i = 0; i < index; i++)
		if (portmap->mappings[i].program == portmap->mappings[index].program)
			return true;
	return false;
}

void rpcs_words_mappings(const struct rpcs_portmap *portmap, struct rpcs_alert *alert,
			 const char *before)
{
	bool whole = portmap->mappings_complete;
	uint32_t count = whole ? portmap->mappings_count : portmap->mappings_kept;
	char text[RPCS_EVIDENCE_TEXT], name[RPCS_WORDS_TEXT];
	size_t len = 0, more;
	uint32_t i;

	text[0] = '\0';
	/* A GETADDRLIST reply tells of one program, which the call named. */
	if (portmap->shape == RPCS_PORTMAP_ENTRIES)
		goto out;
	for (i = 0; i < portmap->mappings_kept; i++) {
		if (named_before(portmap, i))
			continue;
		rpcs_words_program(portmap->mappings[i].program, name);
		more = strlen(name) + 2;
		if (len + more + 40 >= sizeof(text) - strlen(before)) {
			snprintf(text + len, sizeof(text) - len, ", ...");
			break;
		}
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s", len ? ", " : ": ",
					name);
	}
out:
	rpcs_alert_evidence(alert, "%s%s%" PRIu32 " mapping%s%s", before, whole ? "" : "at least ",
			    count, count == 1 ? "" : "s", text);
}

void rpcs_words_client(const struct rpcs_detect *detect, const struct rpcs_call *call,
		       struct rpcs_alert *alert)
{
	const struct rpcs_message *message = &call->message;
	const struct rpcs_auth *auth = &message->auth;
	char machine[RPCS_WORDS_TEXT];

	if (!rpcs_policy_is_home(detect->policy, &message->tuple.src))
		rpcs_alert_evidence(alert, "the client is external: outside networks.home");
	if (auth->sys)
		rpcs_alert_evidence(alert,
				    "claims uid %" PRIu32 ", gid %" PRIu32
				    " on machine \"%s\" (AUTH_SYS: unproven)",
				    auth->uid, auth->gid,
				    rpcs_words_bytes(&auth->machine, machine));
	if (message->tuple.sport >= 512 && message->tuple.sport <= 1023)
		rpcs_alert_evidence(
			alert, "source port %u is reserved: a root process, or a forged packet",
			message->tuple.sport);
}
