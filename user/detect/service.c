// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* 1110034 to 1110036: what a call to a service carries, wherever it goes. */
#include <inttypes.h>
#include <string.h>

#include <rpcsentry/cursor.h>
#include <rpcsentry/portmap.h>
#include <rpcsentry/rpc.h>

#include "families.h"

/* 1110034 */

bool rpcs_oversized_matches(const struct rpcs_detect *detect, const struct rpcs_call *call)
{
	(void)detect;
	return call->message.service.over;
}

void rpcs_oversized_describe(const struct rpcs_detect *detect, const struct rpcs_call *call,
			     struct rpcs_alert *alert)
{
	const struct rpcs_service_args *args = &call->message.service;

	rpcs_alert_evidence(alert, "%s of %" PRIu32 " bytes; old servers had room for %" PRIu32,
			    args->over, args->length, args->limit);
	rpcs_words_called(call, alert);
	rpcs_words_client(detect, call, alert);
}

/* 1110035. RFC 1094 appendix A and RFC 1813 appendix I. */

enum { MOUNT_MNT = 1, MOUNT_PERM = 1, MOUNT_NOENT = 2, MOUNT_ACCES = 13, MOUNT_NOTDIR = 20 };

bool rpcs_call_is_mount(const struct rpcs_call *call)
{
	return call->message.program == RPCS_MOUNT_PROGRAM && call->message.procedure == MOUNT_MNT;
}

bool rpcs_mount_matches(const struct rpcs_detect *detect, const struct rpcs_call *call)
{
	return rpcs_call_is_mount(call) && !rpcs_call_is_silent(call) &&
	       !rpcs_policy_is_home(detect->policy, &call->message.tuple.src);
}

void rpcs_mount_describe(const struct rpcs_detect *detect, const struct rpcs_call *call,
			 struct rpcs_alert *alert)
{
	char path[RPCS_WORDS_TEXT];

	if (call->message.service.text.len)
		rpcs_alert_evidence(alert, "asked to mount \"%s\"",
				    rpcs_words_bytes(&call->message.service.text, path));
	else
		rpcs_alert_evidence(alert, "asked to mount a path that can't be read");
	rpcs_words_client(detect, call, alert);
}

/* The status comes first in the results of every version; RPCSEC_GSS may wrap them. */
bool rpcs_mount_status(const struct rpcs_call *call, const struct rpcs_message *reply,
		       uint32_t *ret_status)
{
	if (!rpcs_call_is_mount(call) || call->message.auth.flavor == RPCS_AUTH_GSS ||
	    !reply->body || reply->body_available < 4)
		return false;
	*ret_status = rpcs_load_be32(reply->body);
	return true;
}

void rpcs_mount_describe_refusal(uint32_t status, struct rpcs_alert *alert)
{
	const char *why = "";

	if (status == MOUNT_PERM || status == MOUNT_ACCES)
		why = " (not exported to this client)";
	else if (status == MOUNT_NOENT || status == MOUNT_NOTDIR)
		why = " (no such directory)";
	rpcs_alert_evidence(alert, "the server answered with status %" PRIu32 "%s: nothing mounted",
			    status, why);
}

/* rpcs_outcome_of() calls it a success only where the status does not say otherwise. */
uint8_t rpcs_mount_escalate(const struct rpcs_message *reply, enum rpcs_outcome outcome)
{
	return outcome == RPCS_OUTCOME_SUCCESS && reply && reply->body_available >= 4 &&
			       reply->verf_flavor != RPCS_AUTH_GSS
		       ? 1
		       : 0;
}

/* 1110036 */

static bool is_localhost(const struct rpcs_text *machine)
{
	static const char name[] = "localhost";

	return machine->len == sizeof(name) - 1 && !memcmp(machine->bytes, name, machine->len);
}

bool rpcs_forged_root_matches(const struct rpcs_detect *detect, const struct rpcs_call *call)
{
	const struct rpcs_auth *auth = &call->message.auth;

	return auth->sys && auth->uid == 0 && (auth->stamp_zero || is_localhost(&auth->machine)) &&
	       !rpcs_call_is_silent(call) &&
	       !rpcs_policy_is_home(detect->policy, &call->message.tuple.src);
}

void rpcs_forged_root_describe(const struct rpcs_detect *detect, const struct rpcs_call *call,
			       struct rpcs_alert *alert)
{
	const struct rpcs_auth *auth = &call->message.auth;

	if (is_localhost(&auth->machine))
		rpcs_alert_evidence(alert, "says that it is root on \"localhost\", and comes from "
					   "outside: forged");
	if (auth->stamp_zero)
		rpcs_alert_evidence(alert, "says that it is root with stamp 0, as exploit code "
					   "does; NFS clients of Linux 5.1 and later do too");
	rpcs_words_called(call, alert);
	rpcs_words_client(detect, call, alert);
}
