// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Names of numbers: RFC 5531 9 (statuses), RFC 5531 8.2 and RFC 9289 (flavors). */
#include "names.h"

#include <rpcsentry/packet.h>
#include <rpcsentry/rpc.h>
#include <rpcsentry/tunnel.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

const char *rpcs_digits(uint32_t value, char text[RPCS_DIGITS_TEXT])
{
	char *p = &text[RPCS_DIGITS_TEXT - 1];

	*p = '\0';
	do {
		*--p = '0' + value % 10;
		value /= 10;
	} while (value);
	return p;
}

static const char *name_of(const char *const *names, size_t count, uint32_t value)
{
	return value < count ? names[value] : NULL;
}

const char *rpcs_reply_stat_name(uint32_t reply_stat)
{
	static const char *const names[] = {
		[RPCS_REPLY_ACCEPTED] = "accepted",
		[RPCS_REPLY_DENIED] = "denied",
	};

	return name_of(names, COUNT(names), reply_stat);
}

const char *rpcs_accept_stat_name(uint32_t accept_stat)
{
	static const char *const names[] = {
		[RPCS_ACCEPT_SUCCESS] = "success",
		[RPCS_ACCEPT_PROG_UNAVAIL] = "prog_unavail",
		[RPCS_ACCEPT_PROG_MISMATCH] = "prog_mismatch",
		[RPCS_ACCEPT_PROC_UNAVAIL] = "proc_unavail",
		[RPCS_ACCEPT_GARBAGE_ARGS] = "garbage_args",
		[RPCS_ACCEPT_SYSTEM_ERR] = "system_err",
	};

	return name_of(names, COUNT(names), accept_stat);
}

const char *rpcs_reject_stat_name(uint32_t reject_stat)
{
	static const char *const names[] = {
		[RPCS_REJECT_RPC_MISMATCH] = "rpc_mismatch",
		[RPCS_REJECT_AUTH_ERROR] = "auth_error",
	};

	return name_of(names, COUNT(names), reject_stat);
}

const char *rpcs_flavor_name(uint32_t flavor)
{
	static const char *const names[] = {
		[RPCS_AUTH_NONE] = "AUTH_NONE",	  [RPCS_AUTH_SYS] = "AUTH_SYS",
		[RPCS_AUTH_SHORT] = "AUTH_SHORT", [RPCS_AUTH_DH] = "AUTH_DH",
		[RPCS_AUTH_GSS] = "RPCSEC_GSS",	  [RPCS_AUTH_TLS] = "AUTH_TLS",
	};

	return name_of(names, COUNT(names), flavor);
}

static const char *status_of_reply(const struct rpcs_message *reply, char text[RPCS_DIGITS_TEXT])
{
	const char *name;

	/* A reply cut before its status came, but nobody can say what it said. */
	if (!reply || reply->reply_has == 0)
		return "unknown";
	if (!rpcs_reply_stat_name(reply->reply_stat))
		return rpcs_digits(reply->reply_stat, text);
	if (reply->reply_has < 2)
		return "unknown";
	if (reply->reply_stat == RPCS_REPLY_ACCEPTED)
		name = rpcs_accept_stat_name(reply->stat);
	else
		name = rpcs_reject_stat_name(reply->stat);
	return name ? name : rpcs_digits(reply->stat, text);
}

const char *rpcs_call_status_name(const struct rpcs_call *call, const struct rpcs_message *reply,
				  char text[RPCS_DIGITS_TEXT])
{
	switch (call->status) {
	case RPCS_STATUS_PENDING:
		return "pending";
	case RPCS_STATUS_ANSWERED:
		return status_of_reply(reply, text);
	case RPCS_STATUS_TIMEOUT:
		return "timeout";
	case RPCS_STATUS_UNKNOWN:
	case RPCS_STATUS__MAX:
		break;
	}
	return "unknown";
}

const char *rpcs_protocol_name(uint8_t protocol)
{
	return protocol == RPCS_IP_TCP ? "TCP" : "UDP";
}

const char *rpcs_severity_name(uint8_t severity)
{
	static const char *const names[] = { "high", "medium", "low", "info" };

	_Static_assert(COUNT(names) == RPCS_SEVERITIES, "a name for each severity");
	return severity >= 1 && severity <= RPCS_SEVERITIES ? names[severity - 1] : "info";
}

const char *rpcs_tunnel_name(uint16_t flags)
{
	static const char *const names[RPCS_TUNNEL__MAX] = {
#define X(name) [RPCS_TUNNEL_##name] = #name,
		RPCS_TUNNELS(X)
#undef X
	};

	return name_of(names, COUNT(names), rpcs_tunnel_of_flags(flags));
}
