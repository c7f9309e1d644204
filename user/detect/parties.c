// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* See parties.h. A server's id and a client's are kept: most often the next one is the same. */
#include "parties.h"

#include "families.h"

static uint64_t id_known(const struct rpcs_detect *detect, struct rpcs_known_id *known,
			 const struct rpcs_address *address)
{
	if (!known->id || !rpcs_address_equal(&known->address, address)) {
		known->address = *address;
		known->id = rpcs_hash(&detect->seed, address, sizeof(*address));
	}
	return known->id;
}

uint64_t rpcs_id_of_address(struct rpcs_detect *detect, const struct rpcs_address *address)
{
	return id_known(detect, &detect->parties.known[0], address);
}

uint64_t rpcs_id_of_server(struct rpcs_detect *detect, const struct rpcs_address *address)
{
	return id_known(detect, &detect->parties.known[1], address);
}

uint64_t rpcs_id_of_key(const struct rpcs_detect *detect, const struct rpcs_count_key *key)
{
	return rpcs_hash(&detect->seed, key, sizeof(*key));
}

void rpcs_parties_fill(struct rpcs_detect *detect, const struct rpcs_message *message,
		       uint64_t flow_id)
{
	struct rpcs_parties *parties = &detect->parties;

	parties->tuple = rpcs_client_tuple(message);
	parties->watched = rpcs_settings_watch(detect->settings, parties->tuple.dport);
	if (!parties->watched)
		return;
	parties->client = id_known(detect, &parties->known[0], &parties->tuple.src);
	parties->server = id_known(detect, &parties->known[1], &parties->tuple.dst);
	parties->pair = rpcs_id_of_pair(parties->client, parties->server);
	parties->flow = rpcs_id_of_number(flow_id);
	rpcs_amplify_fetch(detect, false);
	rpcs_flood_fetch(detect, false);
	rpcs_pending_fetch(detect);
	if (rpcs_message_looks_up(message))
		rpcs_sweep_fetch(detect);
}

void rpcs_parties_fetch(const struct rpcs_detect *detect)
{
	rpcs_amplify_fetch(detect, true);
	rpcs_flood_fetch(detect, true);
}
