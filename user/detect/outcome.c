// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What became of a call, and which server software refuses in that way. */
#include <inttypes.h>

#include <rpcsentry/rpc.h>

#include "../base/clock.h"
#include "families.h"

static enum rpcs_outcome outcome_of_denied(const struct rpcs_message *reply)
{
	switch (reply->stat) {
	case RPCS_REJECT_RPC_MISMATCH:
		return RPCS_OUTCOME_RPC_MISMATCH;
	case RPCS_REJECT_AUTH_ERROR:
		return RPCS_OUTCOME_DENIED;
	default:
		return RPCS_OUTCOME_ATTEMPT;
	}
}

static enum rpcs_outcome outcome_of_failed(const struct rpcs_message *reply)
{
	switch (reply->stat) {
	case RPCS_ACCEPT_PROG_UNAVAIL:
		return RPCS_OUTCOME_PROG_UNAVAIL;
	case RPCS_ACCEPT_PROG_MISMATCH:
		return RPCS_OUTCOME_PROG_MISMATCH;
	case RPCS_ACCEPT_PROC_UNAVAIL:
		return RPCS_OUTCOME_PROC_UNAVAIL;
	case RPCS_ACCEPT_GARBAGE_ARGS:
		return RPCS_OUTCOME_GARBAGE_ARGS;
	case RPCS_ACCEPT_SYSTEM_ERR:
		return RPCS_OUTCOME_SYSTEM_ERR;
	default:
		return RPCS_OUTCOME_ATTEMPT;
	}
}

static enum rpcs_outcome outcome_of_result(const struct rpcs_portmap *pm)
{
	switch (pm->shape) {
	case RPCS_PORTMAP_PORT:
		return pm->has && pm->port == 0 ? RPCS_OUTCOME_NOT_REGISTERED
						: RPCS_OUTCOME_SUCCESS;
	case RPCS_PORTMAP_ADDRESS:
		return pm->has && pm->address.len == 0 ? RPCS_OUTCOME_NOT_REGISTERED
						       : RPCS_OUTCOME_SUCCESS;
	case RPCS_PORTMAP_MAPPINGS:
	case RPCS_PORTMAP_RPCBS:
	case RPCS_PORTMAP_ENTRIES:
		return pm->mappings_complete && pm->mappings_count == 0 ? RPCS_OUTCOME_EMPTY
									: RPCS_OUTCOME_SUCCESS;
	case RPCS_PORTMAP_RESULT:
		/*
		 * FALSE to SET or UNSET: the server would not do it, which is how
		 * Wietse Venema's and IRIX's portmap refuse. `not_registered` is
		 * about lookups, and the RPC itself did not fail: `denied` it is.
		 */
		return pm->has && !pm->result ? RPCS_OUTCOME_DENIED : RPCS_OUTCOME_SUCCESS;
	default:
		return RPCS_OUTCOME_SUCCESS;
	}
}

enum rpcs_outcome rpcs_outcome_of(const struct rpcs_call *call, const struct rpcs_message *reply)
{
	uint32_t status;

	if (!reply)
		return call->status == RPCS_STATUS_TIMEOUT ? RPCS_OUTCOME_TIMEOUT
							   : RPCS_OUTCOME_ATTEMPT;
	if (reply->reply_has < 2)
		return RPCS_OUTCOME_ATTEMPT;
	if (reply->reply_stat == RPCS_REPLY_DENIED)
		return outcome_of_denied(reply);
	if (reply->reply_stat != RPCS_REPLY_ACCEPTED)
		return RPCS_OUTCOME_ATTEMPT;
	if (reply->stat != RPCS_ACCEPT_SUCCESS)
		return outcome_of_failed(reply);
	/* The RPC worked, the mount did not. */
	if (rpcs_mount_status(call, reply, &status) && status)
		return RPCS_OUTCOME_DENIED;
	return outcome_of_result(&reply->portmap);
}

static bool is_change(enum rpcs_policy_call kind)
{
	return kind == RPCS_CALL_SET || kind == RPCS_CALL_UNSET;
}

/* Which software says no with this auth_stat, from the servers' own sources. */
static const char *refuser(const struct rpcs_call *call, uint32_t auth_stat)
{
	enum rpcs_policy_call kind = rpcs_call_kind(call);

	if (kind == RPCS_CALL_OTHER)
		return "";
	switch (auth_stat) {
	case 2:
		return is_change(kind) ? " (rejected credential): as the portmapper of Windows "
					 "Server for NFS refuses SET and UNSET"
				       : " (rejected credential)";
	case 5:
		if (is_change(kind))
			return " (too weak): as Linux and BSD rpcbind refuse SET and UNSET that "
			       "are "
			       "not local";
		if (rpcs_call_is_forwarded(call))
			return " (too weak): as Linux and BSD rpcbind refuse to relay to this "
			       "target";
		return " (too weak): as Linux and BSD rpcbind refuse by hosts.allow and hosts.deny";
	case 7:
		/* IRIX answers FALSE to a change: that leaves one. */
		return is_change(kind)
			       ? " (failed): as Solaris and illumos rpcbind refuse"
			       : " (failed): as Solaris and illumos rpcbind and IRIX portmap "
				 "refuse";
	default:
		return "";
	}
}

static void describe_denied(const struct rpcs_call *call, const struct rpcs_message *reply,
			    struct rpcs_alert *alert)
{
	uint32_t status;

	if (rpcs_mount_status(call, reply, &status))
		rpcs_mount_describe_refusal(status, alert);
	else if (reply->reply_stat == RPCS_REPLY_ACCEPTED)
		rpcs_alert_evidence(alert, "the server answered FALSE: as Wietse Venema's, BSD's "
					   "and IRIX portmap refuse; an rpcbind that finds nothing "
					   "to change says so too");
	else if (reply->has_auth_stat)
		rpcs_alert_evidence(alert, "denied with AUTH_ERROR %" PRIu32 "%s", reply->auth_stat,
				    refuser(call, reply->auth_stat));
	else
		rpcs_alert_evidence(alert, "denied with AUTH_ERROR");
}

static void describe_failed(const struct rpcs_call *call, const struct rpcs_message *reply,
			    struct rpcs_alert *alert)
{
	if (reply->has_mismatch)
		rpcs_alert_evidence(alert,
				    "failed: the server takes versions %" PRIu32 " to %" PRIu32,
				    reply->mismatch_low, reply->mismatch_high);
	else if (alert->outcome == RPCS_OUTCOME_PROG_UNAVAIL &&
		 rpcs_call_kind(call) == RPCS_CALL_INDIRECT)
		rpcs_alert_evidence(alert, "failed: the inner program is not registered there");
	else if (alert->outcome == RPCS_OUTCOME_SYSTEM_ERR &&
		 rpcs_call_kind(call) == RPCS_CALL_INDIRECT)
		rpcs_alert_evidence(alert, "failed with system_err: as Linux rpcbind does for a "
					   "registered program when forwarding is off");
	else
		rpcs_alert_evidence(alert, "failed with %s", rpcs_outcome_name(alert->outcome));
}

static void describe_timeout(const struct rpcs_detect *detect, const struct rpcs_call *call,
			     struct rpcs_alert *alert)
{
	uint64_t seconds = detect->settings->call_timeout_ns / RPCS_NSEC_PER_SEC;

	if (rpcs_call_is_forwarded(call) && rpcs_call_kind(call) != RPCS_CALL_INDIRECT)
		rpcs_alert_evidence(alert,
				    "no reply in %" PRIu64 " s: portmappers are silent "
				    "about forwarded calls that fail or that they refuse",
				    seconds);
	else
		rpcs_alert_evidence(alert,
				    "no reply in %" PRIu64 " s: no server there, a filter, "
				    "or a reply that took a way past this sensor",
				    seconds);
}

static void describe_success(const struct rpcs_message *reply, struct rpcs_alert *alert)
{
	const struct rpcs_portmap *pm = &reply->portmap;
	char address[RPCS_WORDS_TEXT];

	switch (pm->shape) {
	case RPCS_PORTMAP_PORT:
		if (pm->has)
			rpcs_alert_evidence(alert, "answered: port %" PRIu32, pm->port);
		break;
	case RPCS_PORTMAP_ADDRESS:
		if (pm->has)
			rpcs_alert_evidence(alert, "answered: address \"%s\"",
					    rpcs_words_bytes(&pm->address, address));
		break;
	case RPCS_PORTMAP_MAPPINGS:
	case RPCS_PORTMAP_RPCBS:
	case RPCS_PORTMAP_ENTRIES:
		rpcs_words_mappings(pm, alert, "answered: ");
		break;
	case RPCS_PORTMAP_RESULT:
		rpcs_alert_evidence(alert, "answered TRUE: the mapping has changed");
		break;
	case RPCS_PORTMAP_CALLIT_PORT:
		if (pm->has >= 2)
			rpcs_alert_evidence(alert,
					    "forwarded: port %" PRIu32 " answered with %" PRIu32
					    " bytes",
					    pm->port, pm->length);
		break;
	case RPCS_PORTMAP_CALLIT_ADDRESS:
		if (pm->has >= 2)
			rpcs_alert_evidence(
				alert, "forwarded: address \"%s\" answered with %" PRIu32 " bytes",
				rpcs_words_bytes(&pm->address, address), pm->length);
		break;
	default:
		break;
	}
}

void rpcs_outcome_describe(const struct rpcs_detect *detect, const struct rpcs_call *call,
			   const struct rpcs_message *reply, struct rpcs_alert *alert)
{
	if (!reply) {
		describe_timeout(detect, call, alert);
		return;
	}
	switch (alert->outcome) {
	case RPCS_OUTCOME_DENIED:
		describe_denied(call, reply, alert);
		break;
	case RPCS_OUTCOME_EMPTY:
		rpcs_alert_evidence(alert,
				    "answered with an empty list: as Wietse Venema's and BSD "
				    "portmap refuse (a working one lists itself)");
		break;
	case RPCS_OUTCOME_NOT_REGISTERED:
		rpcs_alert_evidence(alert,
				    "answered %s: not registered; Wietse Venema's and BSD "
				    "portmap refuse in this way too",
				    reply->portmap.shape == RPCS_PORTMAP_PORT ? "port 0"
									      : "no address");
		break;
	case RPCS_OUTCOME_SUCCESS:
		describe_success(reply, alert);
		break;
	default:
		describe_failed(call, reply, alert);
		break;
	}
}
