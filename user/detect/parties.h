/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Who the message in hand is between: found once for all the detections that count by it. */
#ifndef RPCSENTRY_DETECT_PARTIES_H
#define RPCSENTRY_DETECT_PARTIES_H

#include <stdbool.h>

#include "../stream/message.h"
#include "tally.h"

/** What a family may count by beside a client or a pair; all that is not used is zero. */
struct rpcs_count_key {
	struct rpcs_address client, server;
	uint64_t flow_id;
	uint32_t program;
	uint16_t port;
	uint8_t kind; /* of a family that counts several things in one table */
	uint8_t pad;
};

/** What was found of an address: most often the next one asked for is the same. */
struct rpcs_known_party {
	struct rpcs_address address;
	uint64_t id; /* 0: none yet */
	bool home_found, home;
	struct rpcs_rate_entry *total; /* of a server: where amplify.c has it, probably */
};

struct rpcs_parties {
	struct rpcs_tuple tuple; /* client to server, whoever sent the message */
	uint64_t flow_id;
	bool filled;			     /* what stands here is of these two */
	bool watched;			     /* the server's port is a portmapper's */
	uint32_t kind;			     /* of what is asked: what stands in a call's kind */
	uint64_t client, server, pair, flow; /* their ids, where it is watched */
	bool near;			     /* what goes by the flow has been fetched */
	bool placed;			     /* the next two are as foreseen: */
	/* Where amplify.c and flood.c have what they count, probably: as in tally.h. */
	struct rpcs_rate_entry *peer_place, *calls_place, **total_place;
	struct rpcs_known_party known_client, foreseen_client;
	struct rpcs_known_party *last_server, known_servers[RPCS_SERVER_PLACES];
};

struct rpcs_detect;
struct rpcs_rate_entry;

int rpcs_parties_init(struct rpcs_detect *detect);
void rpcs_parties_free(struct rpcs_detect *detect);

/** What depends on settings is found anew. */
void rpcs_parties_forget(struct rpcs_detect *detect);

/**
 * Finds who `message` is between, and begins to fetch what will be counted for them; nothing
 * where that was done last.
 */
void rpcs_parties_fill(struct rpcs_detect *detect, const struct rpcs_message *message,
		       uint64_t flow_id);

/** Once that has come: the entries themselves. */
void rpcs_parties_fetch(struct rpcs_detect *detect);

/** The id of an address alone; the one asked for last as a client, or as a server, is kept. */
uint64_t rpcs_id_of_address(const struct rpcs_detect *detect, const struct rpcs_address *address);
uint64_t rpcs_id_of_server(const struct rpcs_detect *detect, const struct rpcs_address *address);

/** Does the server lie in networks.home? Kept with its id: few servers get most calls. */
bool rpcs_server_is_home(const struct rpcs_detect *detect, const struct rpcs_address *address);

uint64_t rpcs_id_of_key(const struct rpcs_detect *detect, const struct rpcs_count_key *key);

/** Of a client and server in this order. */
static inline uint64_t rpcs_id_of_pair(uint64_t client, uint64_t server)
{
	uint64_t id = client + (server << 32 | server >> 32);

	/* Both are as good as random: what is added must only not undo itself. */
	id *= 0x9e3779b97f4a7c15;
	return id ^ id >> 32;
}

/** A number that is one of its kind, made as good as random. */
static inline uint64_t rpcs_id_of_number(uint64_t number)
{
	number *= 0x9e3779b97f4a7c15;
	number ^= number >> 32;
	number *= 0xd6e8feb86659fd93;
	return number ^ number >> 32;
}

#endif
