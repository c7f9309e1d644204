// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Keys and contents of calls, by hashes of short keys: of long arguments first a longer one. */
#include "identity.h"

#include <string.h>

#include <rpcsentry/packet.h>
#include <rpcsentry/portmap.h>
#include <rpcsentry/record.h>

#include "../base/join.h"

struct server {
	struct rpcs_address address;
	uint64_t port;
};

struct content {
	uint32_t program, version, procedure, body_len;
	uint64_t len;	  /* of the arguments, as far as they are compared, */
	uint64_t body[2]; /* and they as they are, or a hash of them */
};

void rpcs_identity_init(struct rpcs_identity *identity, const struct rpcs_hash_seed *seed)
{
	identity->seed = *seed;
	rpcs_key_hash_init(&identity->server, seed, sizeof(struct server));
	rpcs_key_hash_init(&identity->content, seed, sizeof(struct content));
}

void rpcs_identity_key(const struct rpcs_identity *identity, const struct rpcs_tuple *tuple,
		       uint32_t xid, bool is_call, struct rpcs_call_key *ret_key)
{
	const uint16_t port = is_call ? tuple->sport : tuple->dport;
	struct server server;

	ret_key->client = is_call ? tuple->src : tuple->dst;
	ret_key->server = 0;
	ret_key->last = rpcs_join_32(xid, rpcs_join_16(port, tuple->protocol));
	if (tuple->protocol != RPCS_IP_TCP)
		return;
	server.address = is_call ? tuple->dst : tuple->src;
	server.port = is_call ? tuple->dport : tuple->sport;
	ret_key->server = rpcs_key_hash(&identity->server, &server);
}

uint64_t rpcs_identity_content(const struct rpcs_identity *identity,
			       const struct rpcs_message *message)
{
	struct content content = { .program = message->program,
				   .version = message->version,
				   .procedure = message->procedure,
				   .body_len = message->body_len };
	uint32_t len = message->body_available;

	/* A compact record has only this much of other arguments; see rpcs_inspect_may_cut(). */
	if (len > RPCS_RECORD_WORDS * 4 && !message->portmapper &&
	    message->program != RPCS_PORTMAP_PROGRAM)
		len = RPCS_RECORD_WORDS * 4;
	content.len = len;
	if (len == sizeof(content.body)) /* a portmapper's mapping, say */
		memcpy(content.body, message->body, sizeof(content.body));
	else if (len)
		content.body[0] = rpcs_hash(&identity->seed, message->body, len);
	return rpcs_key_hash(&identity->content, &content);
}
