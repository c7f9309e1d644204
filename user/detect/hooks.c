// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Which rows of the table are asked about what: most have nothing to do with most messages. */
#include <assert.h>

#include <rpcsentry/portmap.h>
#include <rpcsentry/rpc.h>

#include "../policy/call_names.h"
#include "families.h"

static_assert(RPCS_D__MAX <= 64, "a bit for each detection");

static void hook_add(struct rpcs_hook_list *list, enum rpcs_detection_id id, bool has)
{
	if (has)
		list->ids[list->count++] = (uint8_t)id;
}

static bool is_of_calls(uint32_t place)
{
	return place == RPCS_PLACE_CALL || place == RPCS_PLACE_CALL_AGAIN;
}

static void bits_add(struct rpcs_hook_bits *bits, const struct rpcs_detection_row *row,
		     uint64_t bit)
{
	uint32_t calls = row->calls ? row->calls : UINT32_MAX, place, kind;
	uint8_t places = row->places ? row->places : UINT8_MAX;

	for (kind = 0; kind < RPCS_KIND__MAX; kind++) {
		if ((row->matches || row->on_call) && calls & RPCS_CALL_BIT(kind))
			bits->judge[kind] |= bit;
		for (place = 0; place < RPCS_PLACE__MAX && row->on_message; place++)
			if (places & 1 << place &&
			    (!is_of_calls(place) || calls & RPCS_CALL_BIT(kind)))
				bits->message[place][kind] |= bit;
	}
	if (row->ports != RPCS_PORTS_OTHERS)
		bits->portmapper |= bit;
	if (row->ports != RPCS_PORTS_PORTMAPPER)
		bits->others |= bit;
	if (!row->unless_silent)
		bits->silent |= bit;
	if (row->if_odd)
		bits->odd |= bit;
}

void rpcs_hooks_init(struct rpcs_detect *detect)
{
	const struct rpcs_detection_row *row;
	enum rpcs_detection_id id;

	for (id = 0; id < RPCS_D__MAX; id++) {
		row = rpcs_detection_row(id);
		bits_add(&detect->hooks.bits, row, 1ULL << id);
		hook_add(&detect->hooks.outcome, id, row->on_outcome);
		hook_add(&detect->hooks.connection, id, row->on_connection);
		hook_add(&detect->hooks.data, id, row->on_data);
		hook_add(&detect->hooks.oddity, id, row->on_oddity);
	}
}

uint32_t rpcs_kind_of(const struct rpcs_message *message)
{
	if (message->program != RPCS_PORTMAP_PROGRAM)
		return RPCS_KIND_OTHER_PROGRAM;
	return rpcs_policy_call_of(message->version, message->procedure);
}

/* Replies that tell addresses, as texts. */
enum {
	ADDRESSES = 1U << RPCS_PORTMAP_ADDRESS | 1U << RPCS_PORTMAP_CALLIT_ADDRESS |
		    1U << RPCS_PORTMAP_RPCBS | 1U << RPCS_PORTMAP_ENTRIES,
};

/* Nearly none has anything of what the rows with if_odd look for. */
static bool is_odd_call(const struct rpcs_call *call, const struct rpcs_message *message)
{
	const struct rpcs_tuple *tuple = &message->tuple;

	return call->conflict || message->service.over || rpcs_port_is_locator(tuple->dport) ||
	       rpcs_address_is_of_no_wire(&tuple->src) ||
	       rpcs_address_equal(&tuple->src, &tuple->dst);
}

static bool is_odd(const struct rpcs_detect *detect, const struct rpcs_message *message)
{
	const struct rpcs_parties *parties = detect->parties;

	if (message->excess.what || message->header_excess.what || message->length % 4)
		return true;
	if (!parties->watched && rpcs_settings_watch(detect->settings, parties->tuple.sport))
		return true;
	if (!message->is_call)
		return message->has_mismatch || (1U << message->portmap.shape & ADDRESSES);
	return message->rpc_version != RPCS_RPC_VERSION || message->verf_len ||
	       message->verf_flavor == RPCS_AUTH_GSS || message->auth.flavor == RPCS_AUTH_GSS ||
	       parties->kind == RPCS_KIND_OTHER_PROGRAM ||
	       message->portmap.shape == RPCS_PORTMAP_CALLIT_ARGS;
}

uint64_t rpcs_hooks_of_message(struct rpcs_detect *detect, const struct rpcs_message *message,
			       enum rpcs_message_place place)
{
	const struct rpcs_hook_bits *bits = &detect->hooks.bits;
	uint64_t hooks;

	detect->parties->kind = rpcs_kind_of(message);
	hooks = bits->message[place][detect->parties->kind];
	if (message->is_call)
		hooks &= detect->parties->watched ? bits->portmapper : bits->others;
	return is_odd(detect, message) ? hooks : hooks & ~bits->odd;
}

uint64_t rpcs_hooks_of_call(const struct rpcs_detect *detect, const struct rpcs_call *call,
			    const struct rpcs_message *message)
{
	const struct rpcs_hook_bits *bits = &detect->hooks.bits;
	uint32_t kind = rpcs_kind_of(message);
	uint64_t hooks = bits->judge[kind];

	hooks &= rpcs_settings_watch(detect->settings, message->tuple.dport) ? bits->portmapper
									     : bits->others;
	if (!is_odd_call(call, message))
		hooks &= ~bits->odd;
	return rpcs_is_silent(call, kind) ? hooks & bits->silent : hooks;
}
