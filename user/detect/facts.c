// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Facts about a call that several detections ask for. */
#include <rpcsentry/packet.h>
#include <rpcsentry/portmap.h>

#include "families.h"

enum rpcs_policy_call rpcs_call_kind(const struct rpcs_call *call)
{
	if (call->message.program != RPCS_PORTMAP_PROGRAM)
		return RPCS_CALL_OTHER;
	return rpcs_policy_call_of(call->message.version, call->message.procedure);
}

bool rpcs_call_is_lookup(const struct rpcs_call *call)
{
	enum rpcs_policy_call kind = rpcs_call_kind(call);

	return kind == RPCS_CALL_GETPORT || kind == RPCS_CALL_GETADDR ||
	       kind == RPCS_CALL_GETVERSADDR;
}

bool rpcs_call_is_forwarded(const struct rpcs_call *call)
{
	enum rpcs_policy_call kind = rpcs_call_kind(call);

	return kind == RPCS_CALL_CALLIT || kind == RPCS_CALL_BCAST || kind == RPCS_CALL_INDIRECT;
}

/*
 * A directed broadcast cannot be told from a host's address here. A rule whose `servers`
 * names it has made the call an allowed one.
 */
bool rpcs_call_is_unicast(const struct rpcs_call *call)
{
	return !(call->message.seen.flags & RPCS_F_GROUP) &&
	       !rpcs_address_is_multicast(&call->message.tuple.dst);
}

bool rpcs_call_is_silent(const struct rpcs_call *call)
{
	return rpcs_is_silent(call, rpcs_call_kind(call));
}

bool rpcs_message_looks_up(const struct rpcs_message *message)
{
	if (!message->is_call || message->program != RPCS_PORTMAP_PROGRAM)
		return false;
	switch (rpcs_policy_call_of(message->version, message->procedure)) {
	case RPCS_CALL_GETPORT:
	case RPCS_CALL_GETADDR:
	case RPCS_CALL_GETVERSADDR:
	case RPCS_CALL_DUMP:
	case RPCS_CALL_GETADDRLIST:
		return true;
	default:
		return false;
	}
}

struct rpcs_tuple rpcs_client_tuple(const struct rpcs_message *message)
{
	const struct rpcs_tuple *tuple = &message->tuple;
	struct rpcs_tuple reversed;

	if (message->is_call)
		return *tuple;
	reversed.src = tuple->dst;
	reversed.dst = tuple->src;
	rpcs_tuple_set(&reversed, tuple->dport, tuple->sport, tuple->protocol);
	return reversed;
}

bool rpcs_connection_is_syn(const struct rpcs_connection *connection)
{
	return !connection->probe &&
	       (connection->tcp_flags & (RPCS_TCP_SYN | RPCS_TCP_ACK)) == RPCS_TCP_SYN;
}

bool rpcs_call_is_local(const struct rpcs_call *call)
{
	return call->message.seen.flags & RPCS_F_LOCAL;
}
