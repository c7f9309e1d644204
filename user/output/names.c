// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Names of numbers: RFC 5531 9 (statuses), RFC 5531 8.2 and RFC 9289 (flavors). */
#include "names.h"

#include <inttypes.h>
#include <stdio.h>

#include <rpcsentry/packet.h>
#include <rpcsentry/rpc.h>
#include <rpcsentry/tunnel.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct rpcs_name rpcs_digits(uint32_t value)
{
	struct rpcs_name name = { .len = 0 };

	name.len = (uint8_t)snprintf(name.text, sizeof(name.text), "%" PRIu32, value);
	return name;
}

static struct rpcs_name name_of(const struct rpcs_name *names, size_t count, uint32_t value)
{
	return value < count && names[value].len ? names[value] : rpcs_digits(value);
}

struct rpcs_name rpcs_reply_stat_name(uint32_t reply_stat)
{
	static const struct rpcs_name names[] = {
		[RPCS_REPLY_ACCEPTED] = RPCS_NAME("accepted"),
		[RPCS_REPLY_DENIED] = RPCS_NAME("denied"),
	};

	return name_of(names, COUNT(names), reply_stat);
}

struct rpcs_name rpcs_accept_stat_name(uint32_t accept_stat)
{
	static const struct rpcs_name names[] = {
		[RPCS_ACCEPT_SUCCESS] = RPCS_NAME("success"),
		[RPCS_ACCEPT_PROG_UNAVAIL] = RPCS_NAME("prog_unavail"),
		[RPCS_ACCEPT_PROG_MISMATCH] = RPCS_NAME("prog_mismatch"),
		[RPCS_ACCEPT_PROC_UNAVAIL] = RPCS_NAME("proc_unavail"),
		[RPCS_ACCEPT_GARBAGE_ARGS] = RPCS_NAME("garbage_args"),
		[RPCS_ACCEPT_SYSTEM_ERR] = RPCS_NAME("system_err"),
	};

	return name_of(names, COUNT(names), accept_stat);
}

struct rpcs_name rpcs_reject_stat_name(uint32_t reject_stat)
{
	static const struct rpcs_name names[] = {
		[RPCS_REJECT_RPC_MISMATCH] = RPCS_NAME("rpc_mismatch"),
		[RPCS_REJECT_AUTH_ERROR] = RPCS_NAME("auth_error"),
	};

	return name_of(names, COUNT(names), reject_stat);
}

struct rpcs_name rpcs_flavor_name(uint32_t flavor)
{
	static const struct rpcs_name names[] = {
		[RPCS_AUTH_NONE] = RPCS_NAME("AUTH_NONE"),
		[RPCS_AUTH_SYS] = RPCS_NAME("AUTH_SYS"),
		[RPCS_AUTH_SHORT] = RPCS_NAME("AUTH_SHORT"),
		[RPCS_AUTH_DH] = RPCS_NAME("AUTH_DH"),
		[RPCS_AUTH_GSS] = RPCS_NAME("RPCSEC_GSS"),
		[RPCS_AUTH_TLS] = RPCS_NAME("AUTH_TLS"),
	};

	return name_of(names, COUNT(names), flavor);
}

static struct rpcs_name status_of_reply(const struct rpcs_message *reply)
{
	/* A reply cut before its status came, but nobody can say what it said. */
	if (!reply || reply->reply_has == 0)
		return (struct rpcs_name)RPCS_NAME("unknown");
	if (reply->reply_stat != RPCS_REPLY_ACCEPTED && reply->reply_stat != RPCS_REPLY_DENIED)
		return rpcs_digits(reply->reply_stat);
	if (reply->reply_has < 2)
		return (struct rpcs_name)RPCS_NAME("unknown");
	return reply->reply_stat == RPCS_REPLY_ACCEPTED ? rpcs_accept_stat_name(reply->stat)
							: rpcs_reject_stat_name(reply->stat);
}

struct rpcs_name rpcs_call_status_name(const struct rpcs_call *call,
				       const struct rpcs_message *reply)
{
	static const struct rpcs_name names[RPCS_STATUS__MAX] = {
		[RPCS_STATUS_PENDING] = RPCS_NAME("pending"),
		[RPCS_STATUS_TIMEOUT] = RPCS_NAME("timeout"),
		[RPCS_STATUS_UNKNOWN] = RPCS_NAME("unknown"),
	};

	if (call->status == RPCS_STATUS_ANSWERED)
		return status_of_reply(reply);
	return names[call->status < RPCS_STATUS__MAX ? call->status : RPCS_STATUS_UNKNOWN];
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
	uint32_t tunnel = rpcs_tunnel_of_flags(flags);

	return tunnel < COUNT(names) ? names[tunnel] : NULL;
}
