// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The `portmap` object of EVE lines (spec events.md, "portmap by procedure"). */
#include "eve_objects.h"

enum { SHAPE_MEMBERS = 5 };

/* The members that struct rpcs_portmap may have set. */
enum member {
	M_NONE,
	M_PROGRAM,
	M_VERSION,
	M_PROTOCOL,
	M_PORT,
	M_PROCEDURE,
	M_ARGS_LENGTH,
	M_RESULT_LENGTH,
	M_NETID,
	M_ADDRESS,
	M_OWNER,
	M_RESULT,
	M_TIME,
};

/* In the order in which they lie on the wire, which `has` counts in; lists are apart. */
static const uint8_t shapes[RPCS_PORTMAP_SHAPE__MAX][SHAPE_MEMBERS] = {
	[RPCS_PORTMAP_MAPPING] = { M_PROGRAM, M_VERSION, M_PROTOCOL, M_PORT },
	[RPCS_PORTMAP_RPCB] = { M_PROGRAM, M_VERSION, M_NETID, M_ADDRESS, M_OWNER },
	[RPCS_PORTMAP_CALLIT_ARGS] = { M_PROGRAM, M_VERSION, M_PROCEDURE, M_ARGS_LENGTH },
	[RPCS_PORTMAP_PORT] = { M_PORT },
	[RPCS_PORTMAP_ADDRESS] = { M_ADDRESS },
	[RPCS_PORTMAP_RESULT] = { M_RESULT },
	[RPCS_PORTMAP_CALLIT_PORT] = { M_PORT, M_RESULT_LENGTH },
	[RPCS_PORTMAP_CALLIT_ADDRESS] = { M_ADDRESS, M_RESULT_LENGTH },
	[RPCS_PORTMAP_TIME] = { M_TIME },
};

static void eve_member(struct rpcs_json *json, enum member member,
		       const struct rpcs_portmap *portmap, const struct rpcs_eve_detail *detail)
{
	switch (member) {
	case M_NONE:
		break;
	case M_PROGRAM:
		rpcs_eve_program(json, portmap->program);
		break;
	case M_VERSION:
		rpcs_json_uint(json, "version", portmap->version);
		break;
	case M_PROTOCOL:
		rpcs_json_uint(json, "protocol", portmap->protocol);
		break;
	case M_PORT:
		rpcs_json_uint(json, "port", portmap->port);
		break;
	case M_PROCEDURE:
		rpcs_json_uint(json, "procedure", portmap->procedure);
		break;
	case M_ARGS_LENGTH:
		rpcs_json_uint(json, "args_length", portmap->length);
		break;
	case M_RESULT_LENGTH:
		rpcs_json_uint(json, "result_length", portmap->length);
		break;
	case M_NETID:
		rpcs_eve_text(json, "netid", portmap->netid, detail);
		break;
	case M_ADDRESS:
		rpcs_eve_text(json, "address", portmap->address, detail);
		break;
	case M_OWNER:
		rpcs_eve_text(json, "owner", portmap->owner, detail);
		break;
	case M_RESULT:
		rpcs_json_bool(json, "result", portmap->result);
		break;
	case M_TIME:
		rpcs_json_uint(json, "time", portmap->time);
		break;
	}
}

static bool is_list(enum rpcs_portmap_shape shape)
{
	return shape == RPCS_PORTMAP_MAPPINGS || shape == RPCS_PORTMAP_RPCBS ||
	       shape == RPCS_PORTMAP_ENTRIES;
}

static void eve_entry(struct rpcs_json *json, enum rpcs_portmap_shape shape,
		      const struct rpcs_mapping *entry, const struct rpcs_eve_detail *detail)
{
	rpcs_json_open(json, NULL, '{');
	if (shape == RPCS_PORTMAP_ENTRIES) {
		rpcs_eve_text(json, "address", entry->address, detail);
		rpcs_eve_text(json, "netid", entry->netid, detail);
		rpcs_json_uint(json, "semantics", entry->semantics);
		rpcs_eve_text(json, "protocol_family", entry->protocol_family, detail);
		rpcs_eve_text(json, "protocol", entry->protocol_name, detail);
	} else {
		rpcs_eve_program(json, entry->program);
		rpcs_json_uint(json, "version", entry->version);
	}
	if (shape == RPCS_PORTMAP_MAPPINGS) {
		rpcs_json_uint(json, "protocol", entry->protocol);
		rpcs_json_uint(json, "port", entry->port);
	} else if (shape == RPCS_PORTMAP_RPCBS) {
		rpcs_eve_text(json, "netid", entry->netid, detail);
		rpcs_eve_text(json, "address", entry->address, detail);
		rpcs_eve_text(json, "owner", entry->owner, detail);
	}
	rpcs_json_close(json, '}');
}

static void eve_list(struct rpcs_json *json, const struct rpcs_portmap *portmap,
		     const struct rpcs_eve_detail *detail)
{
	uint32_t kept = portmap->mappings_kept;
	uint32_t i;

	if (kept > RPCS_MAPPINGS_MAX)
		kept = RPCS_MAPPINGS_MAX;
	if (detail->mappings) {
		rpcs_json_open(json, "mappings", '[');
		for (i = 0; i < kept && !json->full; i++)
			eve_entry(json, portmap->shape, &portmap->mappings[i], detail);
		rpcs_json_close(json, ']');
	}
	if (portmap->mappings_complete)
		rpcs_json_uint(json, "mappings_count", portmap->mappings_count);
}

static void eve_members(struct rpcs_json *json, const struct rpcs_portmap *portmap,
			const struct rpcs_eve_detail *detail)
{
	uint32_t i;

	if (portmap->shape >= RPCS_PORTMAP_SHAPE__MAX)
		return;
	if (is_list(portmap->shape)) {
		eve_list(json, portmap, detail);
		return;
	}
	for (i = 0; i < portmap->has && i < SHAPE_MEMBERS; i++)
		eve_member(json, shapes[portmap->shape][i], portmap, detail);
}

static bool tells(const struct rpcs_portmap *portmap)
{
	return portmap && portmap->shape != RPCS_PORTMAP_NOTHING &&
	       (portmap->has > 0 || is_list(portmap->shape));
}

void rpcs_eve_portmap(struct rpcs_json *json, const struct rpcs_portmap *portmap,
		      const struct rpcs_portmap *reply, const struct rpcs_eve_detail *detail)
{
	if (!tells(portmap) && !tells(reply))
		return;
	rpcs_json_open(json, "portmap", '{');
	if (tells(portmap))
		eve_members(json, portmap, detail);
	if (tells(reply)) {
		rpcs_json_open(json, "reply", '{');
		eve_members(json, reply, detail);
		rpcs_json_close(json, '}');
	}
	rpcs_json_close(json, '}');
}

/* The members of what is plain in a call. False: it is not, or not all of them are there. */
static bool asked_take(const struct rpcs_portmap *asked, uint32_t numbers[4])
{
	bool mapping = asked->shape == RPCS_PORTMAP_MAPPING;

	numbers[0] = asked->program;
	numbers[1] = asked->version;
	numbers[2] = mapping ? asked->protocol : asked->procedure;
	numbers[3] = mapping ? asked->port : asked->length;
	return asked->has == 4 && (mapping || asked->shape == RPCS_PORTMAP_CALLIT_ARGS);
}

/* Apart, so that what follows is not compiled once more behind it. */
__attribute__((noinline)) static bool mappings_take(const struct rpcs_portmap *told,
						    struct rpcs_eve_mappings *mappings,
						    struct rpcs_eve_plain *plain)
{
	rpcs_eve_mapping *list = mappings->list + mappings->used;
	uint32_t kept = told->mappings_kept;
	uint32_t i;

	_Static_assert(offsetof(struct rpcs_mapping, program) == 0 &&
			       offsetof(struct rpcs_mapping, version) == 4 &&
			       offsetof(struct rpcs_mapping, protocol) == 8 &&
			       offsetof(struct rpcs_mapping, port) == 12,
		       "the four numbers come first");
	if (kept > RPCS_MAPPINGS_MAX)
		return false;
	for (i = 0; i < kept; i++)
		memcpy(list[i], &told->mappings[i], sizeof(list[i]));
	mappings->used += kept;
	plain->mappings = list;
	plain->mappings_kept = kept;
	plain->mappings_count = told->mappings_count;
	plain->mappings_complete = told->mappings_complete;
	return true;
}

bool rpcs_eve_plain_take_portmap(const struct rpcs_portmap *asked, const struct rpcs_portmap *told,
				 struct rpcs_eve_mappings *mappings,
				 struct rpcs_eve_plain *ret_plain)
{
	ret_plain->asked = RPCS_PORTMAP_NOTHING;
	ret_plain->told = RPCS_PORTMAP_NOTHING;
	if (tells(asked)) {
		ret_plain->asked = asked->shape;
		if (!asked_take(asked, ret_plain->asked_numbers))
			return false;
	}
	if (!tells(told))
		return true;
	ret_plain->told = told->shape;
	if (told->shape == RPCS_PORTMAP_MAPPINGS)
		return mappings_take(told, mappings, ret_plain);
	ret_plain->told_number = told->shape == RPCS_PORTMAP_PORT ? told->port : told->result;
	return told->has == 1 &&
	       (told->shape == RPCS_PORTMAP_PORT || told->shape == RPCS_PORTMAP_RESULT);
}

enum { MAPPING_ROOM = RPCS_EVE_PROGRAM_ROOM + 3 * RPCS_DIGITS_ROOM + 48 };

/* What a mapping of version 2 has, in one go, and in line in lists. NULL: it may not fit. */
RPCS_JSON_INLINE char *mapping_at(char *p, const rpcs_eve_mapping mapping)
{
	p = rpcs_eve_program_at(p, mapping[0]);
	if (!p)
		return NULL;
	p = rpcs_digits_put(RPCS_JSON_KEY(p, "version"), mapping[1]);
	p = rpcs_digits_put(RPCS_JSON_KEY(p, "protocol"), mapping[2]);
	return rpcs_digits_put(RPCS_JSON_KEY(p, "port"), mapping[3]);
}

/* The same of arguments of CALLIT: its length instead of the port. */
static char *callit_at(char *p, const uint32_t numbers[4])
{
	p = rpcs_eve_program_at(p, numbers[0]);
	if (!p)
		return NULL;
	p = rpcs_digits_put(RPCS_JSON_KEY(p, "version"), numbers[1]);
	p = rpcs_digits_put(RPCS_JSON_KEY(p, "procedure"), numbers[2]);
	return rpcs_digits_put(RPCS_JSON_KEY(p, "args_length"), numbers[3]);
}

/* By the way that all take: a program with a long name, or little room. */
__attribute__((noinline)) static void plain_asked_slowly(struct rpcs_json *json,
							 const struct rpcs_eve_plain *plain,
							 const struct rpcs_eve_detail *detail)
{
	const uint32_t *numbers = plain->asked_numbers;
	struct rpcs_portmap asked = {
		.shape = plain->asked,
		.has = 4,
		.program = numbers[0],
		.version = numbers[1],
		.protocol = numbers[2],
		.procedure = numbers[2],
		.port = numbers[3],
		.length = numbers[3],
	};

	eve_members(json, &asked, detail);
}

static void plain_asked(struct rpcs_json *json, const struct rpcs_eve_plain *plain,
			const struct rpcs_eve_detail *detail)
{
	char *p = json->size - json->len >= MAPPING_ROOM ? json->buf + json->len : NULL;

	if (p && plain->asked == RPCS_PORTMAP_MAPPING)
		p = mapping_at(p, plain->asked_numbers);
	else if (p)
		p = callit_at(p, plain->asked_numbers);
	if (p)
		rpcs_json_wrote(json, p);
	else
		plain_asked_slowly(json, plain, detail);
}

/* A list's entries one by one: of programs with long names, or where there is little room. */
__attribute__((noinline)) static void plain_entries_slowly(struct rpcs_json *json,
							   const rpcs_eve_mapping *mappings,
							   uint32_t count,
							   const struct rpcs_eve_detail *detail)
{
	uint32_t i;

	for (i = 0; i < count; i++) {
		struct rpcs_mapping entry = { .program = mappings[i][0],
					      .version = mappings[i][1],
					      .protocol = mappings[i][2],
					      .port = mappings[i][3] };

		eve_entry(json, RPCS_PORTMAP_MAPPINGS, &entry, detail);
	}
}

/* A list may have dozens. */
static void plain_entries(struct rpcs_json *json, const rpcs_eve_mapping *mappings, uint32_t count,
			  const struct rpcs_eve_detail *detail)
{
	char *p = json->buf + json->len, *next;
	uint32_t i;

	if (json->size - json->len < (uint64_t)count * MAPPING_ROOM) {
		plain_entries_slowly(json, mappings, count, detail);
		return;
	}
	for (i = 0; i < count; i++, p = next) {
		*p = ',';
		next = p + (i > 0);
		*next++ = '{';
		next = mapping_at(next, mappings[i]);
		if (!next)
			break;
		*next++ = '}';
	}
	if (i > 0)
		rpcs_json_wrote(json, p);
	plain_entries_slowly(json, mappings + i, count - i, detail);
}

static void plain_list(struct rpcs_json *json, const struct rpcs_eve_plain *plain,
		       const struct rpcs_eve_detail *detail)
{
	if (detail->mappings) {
		rpcs_json_open(json, "mappings", '[');
		plain_entries(json, plain->mappings, plain->mappings_kept, detail);
		rpcs_json_close(json, ']');
	}
	if (plain->mappings_complete)
		rpcs_json_uint(json, "mappings_count", plain->mappings_count);
}

static void plain_told(struct rpcs_json *json, const struct rpcs_eve_plain *plain,
		       const struct rpcs_eve_detail *detail)
{
	rpcs_json_open(json, "reply", '{');
	if (plain->told == RPCS_PORTMAP_MAPPINGS)
		plain_list(json, plain, detail);
	else if (plain->told == RPCS_PORTMAP_PORT)
		rpcs_json_uint(json, "port", plain->told_number);
	else
		rpcs_json_bool(json, "result", plain->told_number);
	rpcs_json_close(json, '}');
}

void rpcs_eve_plain_portmap(struct rpcs_json *json, const struct rpcs_eve_plain *plain,
			    const struct rpcs_eve_detail *detail)
{
	if (plain->asked == RPCS_PORTMAP_NOTHING && plain->told == RPCS_PORTMAP_NOTHING)
		return;
	rpcs_json_open(json, "portmap", '{');
	if (plain->asked != RPCS_PORTMAP_NOTHING)
		plain_asked(json, plain, detail);
	if (plain->told != RPCS_PORTMAP_NOTHING)
		plain_told(json, plain, detail);
	rpcs_json_close(json, '}');
}
