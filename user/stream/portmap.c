// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The layouts of RFC 1833, each a list of XDR items taken in order. */
#include "portmap.h"

#include <rpcsentry/portmap.h>
#include <rpcsentry/rpc.h>

/** What is being decoded; the first fault is kept and stops everything behind it. */
struct decoder {
	struct rpcs_cursor cur;
	struct rpcs_message *message;
};

static bool fault(struct decoder *dec, bool by_length, const char *reason)
{
	if (!by_length)
		dec->message->truncated = true;
	else if (!dec->message->malformed)
		dec->message->malformed = reason;
	return false;
}

static bool take_number(struct decoder *dec, uint32_t *ret_value)
{
	if (rpcs_take_be32(&dec->cur, ret_value))
		return true;
	return fault(dec, dec->cur.left < 4, "arguments or results end early");
}

/* A length that was just taken says more than is left (RFC 4506 4.10, 4.11). */
static bool exceeds(struct decoder *dec, uint32_t length, const char *what)
{
	struct rpcs_message *message = dec->message;

	if (length <= dec->cur.left)
		return false;
	if (!message->excess.what)
		message->excess = (struct rpcs_excess){
			.what = what,
			.unit = "bytes",
			.rfc = "RFC 4506 4.10, 4.11",
			.length = length,
			.room = dec->cur.left,
			.at = (uint32_t)(dec->cur.pos - message->body) - 4,
		};
	return true;
}

static bool take_text(struct decoder *dec, struct rpcs_text *ret_text)
{
	const uint8_t *bytes;
	uint32_t len;

	if (!take_number(dec, &len))
		return false;
	if (exceeds(dec, len, "a string") || rpcs_xdr_padded(len) > dec->cur.left)
		return fault(dec, true, "string length beyond the message");
	bytes = dec->cur.pos;
	if ((size_t)(dec->cur.end - bytes) < rpcs_xdr_padded(len))
		return fault(dec, false, NULL);
	dec->cur.pos += rpcs_xdr_padded(len);
	dec->cur.left -= rpcs_xdr_padded(len);
	ret_text->bytes = bytes;
	ret_text->len = len;
	return true;
}

/* The length of an opaque whose bytes nobody needs. */
static bool take_length(struct decoder *dec, uint32_t *ret_length)
{
	uint32_t len;

	if (!take_number(dec, &len))
		return false;
	*ret_length = len;
	if (exceeds(dec, len, "the opaque result"))
		return fault(dec, true, "opaque length beyond the message");
	return true;
}

/* A netbuf (RFC 1833 2.1): maxlen and an opaque address, checked and stepped over. */
static void skip_netbuf(struct decoder *dec)
{
	uint32_t maxlen;
	struct rpcs_text address;

	if (take_number(dec, &maxlen))
		take_text(dec, &address);
}

static bool skip_numbers(struct decoder *dec, uint32_t count)
{
	uint32_t number;

	while (count > 0 && take_number(dec, &number))
		count--;
	return count == 0;
}

/* A list of entries with `numbers` numbers and a netid each. */
static bool skip_stat_list(struct decoder *dec, uint32_t numbers)
{
	struct rpcs_text netid;
	uint32_t follows;

	for (;;) {
		if (!take_number(dec, &follows))
			return false;
		if (follows == 0)
			return true;
		if (!skip_numbers(dec, numbers) || !take_text(dec, &netid))
			return false;
	}
}

/* rpcb_stat_byvers (RFC 1833 2.1), checked and stepped over: three of counts and two lists. */
static void skip_stat(struct decoder *dec)
{
	enum { VERSIONS = 3, COUNTS = 15, ADDRESS_NUMBERS = 4, CALL_NUMBERS = 6 };
	int i;

	for (i = 0; i < VERSIONS; i++)
		if (!skip_numbers(dec, COUNTS) || !skip_stat_list(dec, ADDRESS_NUMBERS) ||
		    !skip_stat_list(dec, CALL_NUMBERS))
			return;
}

/* Version 2's mapping (RFC 1833 3.1), whole: to the members of these names. */
#define LOAD_MAPPING(of, p)                                                          \
	((of)->program = rpcs_load_be32(p), (of)->version = rpcs_load_be32((p) + 4), \
	 (of)->protocol = rpcs_load_be32((p) + 8), (of)->port = rpcs_load_be32((p) + 12))

static void decode_mapping(struct decoder *dec, struct rpcs_portmap *pm)
{
	uint32_t *members[] = { &pm->program, &pm->version, &pm->protocol, &pm->port };
	const uint8_t *p = dec->cur.pos;

	pm->shape = RPCS_PORTMAP_MAPPING;
	/* Mostly all are there, and nothing comes behind them. */
	if (dec->cur.left >= 16 && !RPCS_BEYOND(p, 16, dec->cur.end)) {
		LOAD_MAPPING(pm, p);
		pm->has = 4;
	}
	while (pm->has < 4 && take_number(dec, members[pm->has]))
		pm->has++;
}

static void decode_rpcb(struct decoder *dec, struct rpcs_portmap *pm)
{
	struct rpcs_text *texts[] = { &pm->netid, &pm->address, &pm->owner };

	pm->shape = RPCS_PORTMAP_RPCB;
	if (!take_number(dec, &pm->program))
		return;
	pm->has = 1;
	if (!take_number(dec, &pm->version))
		return;
	pm->has = 2;
	while (pm->has < 5 && take_text(dec, texts[pm->has - 2]))
		pm->has++;
}

static void decode_callit(struct decoder *dec, struct rpcs_portmap *pm)
{
	uint32_t *members[] = { &pm->program, &pm->version, &pm->procedure };

	pm->shape = RPCS_PORTMAP_CALLIT_ARGS;
	while (pm->has < 3 && take_number(dec, members[pm->has]))
		pm->has++;
	if (pm->has < 3 || !take_number(dec, &pm->length))
		return;
	pm->has = 4;
	if (exceeds(dec, pm->length, "the inner arguments"))
		fault(dec, true, "argument length beyond the message");
}

static void decode_address(struct decoder *dec, struct rpcs_portmap *pm)
{
	pm->shape = RPCS_PORTMAP_ADDRESS;
	pm->has = take_text(dec, &pm->address);
}

static void decode_number(struct decoder *dec, struct rpcs_portmap *pm,
			  enum rpcs_portmap_shape shape, uint32_t *member)
{
	pm->shape = shape;
	pm->has = take_number(dec, member);
}

static void decode_result(struct decoder *dec, struct rpcs_portmap *pm)
{
	uint32_t value;

	pm->shape = RPCS_PORTMAP_RESULT;
	if (!take_number(dec, &value))
		return;
	pm->has = 1;
	pm->result = value != 0;
	if (value > 1)
		fault(dec, true, "boolean that is neither 0 nor 1");
}

static bool take_mapping(struct decoder *dec, enum rpcs_portmap_shape shape, struct rpcs_mapping *m)
{
	switch (shape) {
	case RPCS_PORTMAP_MAPPINGS:
		return take_number(dec, &m->program) && take_number(dec, &m->version) &&
		       take_number(dec, &m->protocol) && take_number(dec, &m->port);
	case RPCS_PORTMAP_RPCBS:
		return take_number(dec, &m->program) && take_number(dec, &m->version) &&
		       take_text(dec, &m->netid) && take_text(dec, &m->address) &&
		       take_text(dec, &m->owner);
	default:
		return take_text(dec, &m->address) && take_text(dec, &m->netid) &&
		       take_number(dec, &m->semantics) && take_text(dec, &m->protocol_family) &&
		       take_text(dec, &m->protocol_name);
	}
}

/* The entries that version 2's DUMP begins with: all of a size, so as many as are whole at once. */
static void take_rows(struct decoder *dec, struct rpcs_portmap *pm, struct rpcs_mapping_room *room)
{
	enum { ROW = 20 };
	struct rpcs_cursor *cur = &dec->cur;
	const uint8_t *p = cur->pos;
	size_t there = cur->end - p < cur->left ? (size_t)(cur->end - p) : cur->left;
	uint32_t count = 0;

	for (; count < RPCS_MAPPINGS_MAX && there >= ROW && rpcs_load_be32(p); there -= ROW) {
		struct rpcs_mapping *m = &room->list[count++];

		*m = (struct rpcs_mapping){ 0 };
		LOAD_MAPPING(m, p + 4);
		p += ROW;
	}
	cur->left -= (uint32_t)(p - cur->pos);
	cur->pos = p;
	pm->mappings_count = pm->mappings_kept = count;
}

/* A linked list in XDR: "one more follows" before each entry. It ends with the message. */
static void decode_list(struct decoder *dec, struct rpcs_portmap *pm, enum rpcs_portmap_shape shape,
			struct rpcs_mapping_room *room)
{
	struct rpcs_mapping spare, *m;
	uint32_t follows;

	pm->shape = shape;
	pm->has = 1;
	pm->mappings = room->list;
	if (shape == RPCS_PORTMAP_MAPPINGS)
		take_rows(dec, pm, room);
	for (;;) {
		if (!take_number(dec, &follows))
			return;
		if (follows == 0)
			break;
		m = pm->mappings_count < RPCS_MAPPINGS_MAX ? &room->list[pm->mappings_count]
							   : &spare;
		*m = (struct rpcs_mapping){ 0 };
		if (!take_mapping(dec, shape, m))
			return;
		pm->mappings_count++;
		if (m != &spare)
			pm->mappings_kept++;
	}
	pm->mappings_complete = true;
}

static void decode_callit_result(struct decoder *dec, struct rpcs_portmap *pm, uint32_t version)
{
	if (version == 2)
		decode_number(dec, pm, RPCS_PORTMAP_CALLIT_PORT, &pm->port);
	else
		decode_address(dec, pm);
	if (version != 2)
		pm->shape = RPCS_PORTMAP_CALLIT_ADDRESS;
	if (pm->has && take_length(dec, &pm->length))
		pm->has = 2;
}

static bool is_portmap(const struct rpcs_message *message)
{
	return message->program == RPCS_PORTMAP_PROGRAM && message->body &&
	       message->version >= RPCS_PORTMAP_VERSION_FIRST &&
	       message->version <= RPCS_PORTMAP_VERSION_LAST;
}

static struct decoder decoder_of(struct rpcs_message *message)
{
	return (struct decoder){
		.cur = { .pos = message->body,
			 .end = message->body ? message->body + message->body_available : NULL,
			 .left = message->body_len },
		.message = message,
	};
}

void rpcs_portmap_decode_call(struct rpcs_message *message)
{
	struct rpcs_portmap *pm = &message->portmap;
	bool old = message->version == 2, newest = message->version == 4;
	struct decoder dec = decoder_of(message);

	if (!is_portmap(message) || message->malformed ||
	    (message->has_auth && message->auth.flavor == RPCS_AUTH_GSS))
		return;
	switch (message->procedure) {
	case RPCS_PORTMAP_SET:
	case RPCS_PORTMAP_UNSET:
	case RPCS_PORTMAP_GETPORT:
		if (old)
			decode_mapping(&dec, pm);
		else
			decode_rpcb(&dec, pm);
		break;
	case RPCS_PORTMAP_CALLIT:
		decode_callit(&dec, pm);
		break;
	case RPCS_PORTMAP_UADDR2TADDR:
		if (!old)
			decode_address(&dec, pm);
		break;
	case RPCS_PORTMAP_TADDR2UADDR:
		if (!old)
			skip_netbuf(&dec);
		break;
	case RPCS_PORTMAP_GETVERSADDR:
	case RPCS_PORTMAP_GETADDRLIST:
		if (newest)
			decode_rpcb(&dec, pm);
		break;
	case RPCS_PORTMAP_INDIRECT:
		if (newest)
			decode_callit(&dec, pm);
		break;
	default:
		break;
	}
}

void rpcs_portmap_decode_reply(struct rpcs_message *message, struct rpcs_mapping_room *room)
{
	struct rpcs_portmap *pm = &message->portmap;
	bool old = message->version == 2, newest = message->version == 4;
	struct decoder dec = decoder_of(message);

	if (!is_portmap(message) || message->malformed)
		return;
	switch (message->procedure) {
	case RPCS_PORTMAP_SET:
	case RPCS_PORTMAP_UNSET:
		decode_result(&dec, pm);
		break;
	case RPCS_PORTMAP_GETPORT:
		if (old)
			decode_number(&dec, pm, RPCS_PORTMAP_PORT, &pm->port);
		else
			decode_address(&dec, pm);
		break;
	case RPCS_PORTMAP_DUMP:
		decode_list(&dec, pm, old ? RPCS_PORTMAP_MAPPINGS : RPCS_PORTMAP_RPCBS, room);
		break;
	case RPCS_PORTMAP_CALLIT:
		decode_callit_result(&dec, pm, message->version);
		break;
	case RPCS_PORTMAP_GETTIME:
		if (!old)
			decode_number(&dec, pm, RPCS_PORTMAP_TIME, &pm->time);
		break;
	case RPCS_PORTMAP_UADDR2TADDR:
		if (!old)
			skip_netbuf(&dec);
		break;
	case RPCS_PORTMAP_TADDR2UADDR:
		if (!old)
			decode_address(&dec, pm);
		break;
	case RPCS_PORTMAP_GETVERSADDR:
		if (newest)
			decode_address(&dec, pm);
		break;
	case RPCS_PORTMAP_INDIRECT:
		if (newest)
			decode_callit_result(&dec, pm, message->version);
		break;
	case RPCS_PORTMAP_GETADDRLIST:
		if (newest)
			decode_list(&dec, pm, RPCS_PORTMAP_ENTRIES, room);
		break;
	case RPCS_PORTMAP_GETSTAT:
		if (newest)
			skip_stat(&dec);
		break;
	default:
		break;
	}
}
