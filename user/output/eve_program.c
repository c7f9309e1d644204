// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A program's number and name, as EVE lines have them. A list names dozens and lines name the same
 * few again and again: their text is kept.
 */
#include "../policy/programs.h"
#include "eve_objects.h"

enum { KEPT_BITS = 7, KEPT = 1 << KEPT_BITS };

static struct {
	uint32_t program, round;
	uint32_t len;			  /* 0: of none */
	char text[RPCS_EVE_PROGRAM_ROOM]; /* what is longer is written each time */
} kept[KEPT];

static void write(struct rpcs_json *json, uint32_t program)
{
	const char *name = rpcs_program_name(program);

	rpcs_json_uint(json, "program", program);
	if (name)
		rpcs_json_string(json, "program_name", name);
}

/* Its place, with its text there if that is short enough. */
static uint32_t keep(uint32_t program)
{
	uint32_t i = program * 0x9e3779b1U >> (32 - KEPT_BITS);
	uint32_t round = rpcs_program_names_round();
	struct rpcs_json json;

	if (kept[i].program == program && kept[i].round == round && kept[i].len)
		return i;
	rpcs_json_init(&json, kept[i].text, RPCS_EVE_PROGRAM_ROOM);
	write(&json, program);
	kept[i].program = program;
	kept[i].round = round;
	kept[i].len = json.full ? 0 : (uint32_t)json.len;
	return i;
}

char *rpcs_eve_program_at(char *p, uint32_t program)
{
	uint32_t i = keep(program);

	if (!kept[i].len)
		return NULL;
	memcpy(p, kept[i].text, RPCS_EVE_PROGRAM_ROOM);
	return p + kept[i].len;
}

void rpcs_eve_program(struct rpcs_json *json, uint32_t program)
{
	char *end = NULL, *at = json->buf + json->len;

	if (json->size - json->len > RPCS_EVE_PROGRAM_ROOM) {
		*at = ',';
		end = rpcs_eve_program_at(at + json->comma, program);
	}
	if (!end) {
		write(json, program);
		return;
	}
	json->len = (size_t)(end - json->buf);
	json->comma = true;
}
