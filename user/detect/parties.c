// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* See parties.h. */
#include "parties.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rpcsentry/packet.h>

#include "families.h"

int rpcs_parties_init(struct rpcs_detect *detect)
{
	detect->parties = calloc(1, sizeof(*detect->parties));
	return detect->parties ? 0 : -ENOMEM;
}

void rpcs_parties_free(struct rpcs_detect *detect)
{
	free(detect->parties);
	detect->parties = NULL;
}

void rpcs_parties_forget(struct rpcs_detect *detect)
{
	memset(detect->parties, 0, sizeof(*detect->parties));
}

static __attribute__((noinline)) void learn(const struct rpcs_detect *detect,
					    struct rpcs_known_party *party,
					    const struct rpcs_address *address)
{
	party->address = *address;
	party->id = rpcs_hash(&detect->seed, address, sizeof(*address));
	party->home_found = false;
	party->total = NULL;
}

/* Makes this place the address's, if it is not. */
static inline struct rpcs_known_party *know(const struct rpcs_detect *detect,
					    struct rpcs_known_party *party,
					    const struct rpcs_address *address)
{
	if (!party->id || !rpcs_address_equal(&party->address, address))
		learn(detect, party, address);
	return party;
}

static __attribute__((noinline)) struct rpcs_known_party *
server_find(const struct rpcs_detect *detect, const struct rpcs_address *address)
{
	return know(detect, &detect->parties->known_servers[rpcs_server_place(address)], address);
}

static inline struct rpcs_known_party *known_server(const struct rpcs_detect *detect,
						    const struct rpcs_address *address)
{
	struct rpcs_known_party *party = detect->parties->last_server;

	if (!party || !rpcs_address_equal(&party->address, address))
		party = detect->parties->last_server = server_find(detect, address);
	return party;
}

uint64_t rpcs_id_of_address(const struct rpcs_detect *detect, const struct rpcs_address *address)
{
	return know(detect, &detect->parties->known_client, address)->id;
}

uint64_t rpcs_id_of_server(const struct rpcs_detect *detect, const struct rpcs_address *address)
{
	return known_server(detect, address)->id;
}

bool rpcs_server_is_home(const struct rpcs_detect *detect, const struct rpcs_address *address)
{
	struct rpcs_known_party *party = known_server(detect, address);

	if (!party->home_found) {
		party->home = rpcs_policy_is_home(detect->policy, address);
		party->home_found = true;
	}
	return party->home;
}

uint64_t rpcs_id_of_key(const struct rpcs_detect *detect, const struct rpcs_count_key *key)
{
	return rpcs_hash(&detect->seed, key, sizeof(*key));
}

/* Not by a copy of the message's: reading that at once waits until it has been written. */
static bool is_filled(const struct rpcs_parties *parties, const struct rpcs_message *message,
		      uint64_t flow_id)
{
	const struct rpcs_tuple *tuple = &message->tuple, *known = &parties->tuple;

	if (!parties->filled || parties->flow_id != flow_id)
		return false;
	if (message->is_call)
		return rpcs_tuple_equal(tuple, known);
	return rpcs_address_equal(&tuple->dst, &known->src) &&
	       rpcs_address_equal(&tuple->src, &known->dst) && tuple->dport == known->sport &&
	       tuple->sport == known->dport && tuple->protocol == known->protocol;
}

void rpcs_parties_fill(struct rpcs_detect *detect, const struct rpcs_message *message,
		       uint64_t flow_id)
{
	struct rpcs_parties *parties = detect->parties;
	struct rpcs_known_party *server;

	if (is_filled(parties, message, flow_id))
		return;
	parties->tuple = rpcs_client_tuple(message);
	parties->flow_id = flow_id;
	parties->filled = true;
	parties->watched = rpcs_settings_watch(detect->settings, parties->tuple.dport);
	if (!parties->watched)
		return;
	parties->client = rpcs_id_of_address(detect, &parties->tuple.src);
	server = known_server(detect, &parties->tuple.dst);
	parties->server = server->id;
	parties->total_place = &server->total;
	parties->pair = rpcs_id_of_pair(parties->client, parties->server);
	parties->flow = rpcs_id_of_number(flow_id);
	if (!parties->near)
		rpcs_pending_fetch(detect, flow_id, parties->flow);
	/* What was foreseen has been asked for. */
	if (parties->placed)
		return;
	rpcs_amplify_fetch(detect);
	rpcs_flood_fetch(detect);
	if (message->is_call)
		rpcs_sweep_fetch(detect);
}

void rpcs_detect_foresee(struct rpcs_detect *detect, const struct rpcs_tuple *tuple,
			 struct rpcs_foresight *lookups, struct rpcs_detect_foreseen *ret_foreseen)
{
	const struct rpcs_known_party *client;
	uint64_t pair;

	ret_foreseen->client_id = 0;
	if (!rpcs_settings_watch(detect->settings, tuple->dport))
		return;
	client = know(detect, &detect->parties->foreseen_client, &tuple->src);
	ret_foreseen->client = tuple->src;
	ret_foreseen->client_id = client->id;
	pair = rpcs_id_of_pair(client->id, rpcs_id_of_server(detect, &tuple->dst));
	ret_foreseen->near = false;
	ret_foreseen->peer = RPCS_FORESEEN_MAX;
	if (tuple->protocol == RPCS_IP_UDP)
		ret_foreseen->peer = rpcs_amplify_foresee(detect, pair, lookups);
	ret_foreseen->calls = rpcs_flood_foresee(detect, client->id, lookups);
	rpcs_sweep_foresee(detect, pair);
}

void rpcs_detect_near(const struct rpcs_detect *detect, uint64_t flow_id)
{
	rpcs_pending_fetch(detect, flow_id, rpcs_id_of_number(flow_id));
}

void rpcs_detect_turn(struct rpcs_detect *detect, const struct rpcs_detect_foreseen *foreseen,
		      const struct rpcs_foresight *lookups)
{
	struct rpcs_parties *parties = detect->parties;

	parties->placed = foreseen && foreseen->client_id && lookups->fetched;
	parties->near = parties->placed && foreseen->near;
	if (!foreseen || !foreseen->client_id)
		return;
	if (foreseen->client_id != parties->known_client.id)
		parties->known_client = (struct rpcs_known_party){ .address = foreseen->client,
								   .id = foreseen->client_id };
	parties->peer_place = rpcs_foresight_place(lookups, foreseen->peer);
	parties->calls_place = rpcs_foresight_place(lookups, foreseen->calls);
	rpcs_flood_fetch_slots(detect);
}

void rpcs_parties_fetch(struct rpcs_detect *detect)
{
	if (detect->parties->placed)
		return;
	detect->parties->peer_place = rpcs_amplify_fetch_entry(detect);
	detect->parties->calls_place = rpcs_flood_fetch_entry(detect);
}
