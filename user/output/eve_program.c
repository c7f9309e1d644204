// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A program's number and name, as EVE lines have them, and what a call asks of it. A list names
 * dozens and lines name the same few again and again: their text is kept.
 */
#include "../policy/programs.h"
#include "eve_objects.h"

enum { KEPT_BITS = 7, ASKED_BITS = 5 };

/* Each in a cache line. What is longer than its room is written each time. */
static struct kept {
	uint32_t program, round;
	uint32_t len; /* 0: of none */
	char text[RPCS_EVE_PROGRAM_ROOM];
} __attribute__((aligned(64))) kept[1 << KEPT_BITS];

/* Each in two. */
static struct asked {
	uint32_t program, version, procedure, round;
	uint32_t len;
	char text[RPCS_EVE_ASKED_ROOM];
} __attribute__((aligned(64))) asked[1 << ASKED_BITS];

static uint32_t spread(uint32_t value, int bits)
{
	return value * 0x9e3779b1U >> (32 - bits);
}

static void write(struct rpcs_json *json, uint32_t program)
{
	const char *name = rpcs_program_name(program);

	rpcs_json_uint(json, "program", program);
	if (name)
		rpcs_json_string(json, "program_name", name);
}

static void write_asked(struct rpcs_json *json, uint32_t program, uint32_t version,
			uint32_t procedure)
{
	const char *name = rpcs_procedure_name(program, version, procedure);

	write(json, program);
	rpcs_json_uint(json, "program_version", version);
	rpcs_json_uint(json, "procedure", procedure);
	if (name)
		rpcs_json_string(json, "procedure_name", name);
}

/* The text from the room of a place on to `p`; NULL: the place has none. */
RPCS_JSON_INLINE char *copy(char *p, const char *text, size_t room, uint32_t len)
{
	if (!len)
		return NULL;
	memcpy(p, text, room);
	return p + len;
}

/* What was written into the room of a place. */
static uint32_t kept_len(const struct rpcs_json *json)
{
	return json->full ? 0 : (uint32_t)json->len;
}

/* These two apart, so that who finds its text has nothing to put aside. */
__attribute__((noinline)) static char *keep(char *p, uint32_t program)
{
	struct kept *place = &kept[spread(program, KEPT_BITS)];
	struct rpcs_json json;

	rpcs_json_init(&json, place->text, sizeof(place->text));
	write(&json, program);
	place->program = program;
	place->round = rpcs_program_names_round();
	place->len = kept_len(&json);
	return copy(p, place->text, sizeof(place->text), place->len);
}

char *rpcs_eve_program_at(char *p, uint32_t program)
{
	const struct kept *place = &kept[spread(program, KEPT_BITS)];

	if (place->program != program || place->round != rpcs_program_names_round() || !place->len)
		return keep(p, program);
	return copy(p, place->text, sizeof(place->text), place->len);
}

static struct asked *asked_place(uint32_t program, uint32_t version, uint32_t procedure)
{
	return &asked[spread(program ^ version << 8 ^ procedure, ASKED_BITS)];
}

__attribute__((noinline)) static char *keep_asked(char *p, uint32_t program, uint32_t version,
						  uint32_t procedure)
{
	struct asked *place = asked_place(program, version, procedure);
	struct rpcs_json json;

	rpcs_json_init(&json, place->text, sizeof(place->text));
	write_asked(&json, program, version, procedure);
	place->program = program;
	place->version = version;
	place->procedure = procedure;
	place->round = rpcs_program_names_round();
	place->len = kept_len(&json);
	return copy(p, place->text, sizeof(place->text), place->len);
}

char *rpcs_eve_asked_at(char *p, uint32_t program, uint32_t version, uint32_t procedure)
{
	const struct asked *place = asked_place(program, version, procedure);

	if (place->program != program || place->version != version ||
	    place->procedure != procedure || place->round != rpcs_program_names_round() ||
	    !place->len)
		return keep_asked(p, program, version, procedure);
	return copy(p, place->text, sizeof(place->text), place->len);
}

/* The comma before what is written at the end of the line so far; NULL: there may be no room. */
static char *comma_at_end(struct rpcs_json *json, size_t room)
{
	char *p = json->buf + json->len;

	if (json->size - json->len <= room)
		return NULL;
	*p = ',';
	return p + json->comma;
}

void rpcs_eve_program(struct rpcs_json *json, uint32_t program)
{
	char *p = comma_at_end(json, RPCS_EVE_PROGRAM_ROOM);

	p = p ? rpcs_eve_program_at(p, program) : NULL;
	if (p)
		rpcs_json_wrote(json, p);
	else
		write(json, program);
}

void rpcs_eve_asked(struct rpcs_json *json, uint32_t program, uint32_t version, uint32_t procedure)
{
	char *p = comma_at_end(json, RPCS_EVE_ASKED_ROOM);

	p = p ? rpcs_eve_asked_at(p, program, version, procedure) : NULL;
	if (p)
		rpcs_json_wrote(json, p);
	else
		write_asked(json, program, version, procedure);
}
