// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The program table: by number, by name; and the portmapper's procedures. */
#include "programs.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

#include <rpcsentry/portmap.h>

#include "program_rows.h"
#include "program_table.h"

static const struct program_row {
	uint32_t number;
	const char *name;
} rows[] = {
#define X(number, name) { number, name },
	RPCS_PROGRAM_ROWS(X)
#undef X
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

/* A process prints by one policy. */
static const struct rpcs_program_names *policy_names;
static uint32_t names_round;

static const char *registered_name(uint32_t program)
{
	size_t low = 0, high = ROWS;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (rows[middle].number < program)
			low = middle + 1;
		else
			high = middle;
	}
	return low < ROWS && rows[low].number == program ? rows[low].name : NULL;
}

bool rpcs_program_is_registered(uint32_t program)
{
	return registered_name(program);
}

static const char *policy_name(uint32_t program)
{
	uint32_t low = 0, high = policy_names ? policy_names->count : 0;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (policy_names->list[middle].number < program)
			low = middle + 1;
		else
			high = middle;
	}
	if (!policy_names || low == policy_names->count ||
	    policy_names->list[low].number != program)
		return NULL;
	return policy_names->list[low].name;
}

/* Lines name the same few programs again and again: those are found at once. */
static struct {
	uint32_t program;
	bool known;
	const char *name;
} last_named[64];

const char *rpcs_program_name(uint32_t program)
{
	uint32_t i = program % (sizeof(last_named) / sizeof(last_named[0]));
	const char *name;

	if (!last_named[i].known || last_named[i].program != program) {
		name = registered_name(program);
		last_named[i].name = name ? name : policy_name(program);
		last_named[i].program = program;
		last_named[i].known = true;
	}
	return last_named[i].name;
}

void rpcs_program_names_use(const struct rpcs_program_names *names)
{
	policy_names = names;
	names_round++;
	memset(last_named, 0, sizeof(last_named));
}

uint32_t rpcs_program_names_round(void)
{
	return names_round;
}

void rpcs_program_names_leave(const struct rpcs_program_names *names)
{
	if (policy_names == names)
		rpcs_program_names_use(NULL);
}

bool rpcs_program_find(const char *name, uint32_t *ret_program)
{
	/* Read at load time only: no index by name is worth its keep. */
	for (size_t i = 0; i < ROWS; i++) {
		if (strcasecmp(rows[i].name, name) == 0) {
			*ret_program = rows[i].number;
			return true;
		}
	}
	return false;
}

const char *rpcs_procedure_name(uint32_t program, uint32_t version, uint32_t procedure)
{
	if (program != RPCS_PORTMAP_PROGRAM || version > RPCS_PORTMAP_VERSION_LAST ||
	    procedure > RPCS_PORTMAP_GETSTAT)
		return NULL;
	switch (version << 8 | procedure) {
#define X(ver, number, text, name)  \
	case (ver) << 8 | (number): \
		return text;
		RPCS_PORTMAP_PROCEDURES(X)
#undef X
	default:
		return NULL;
	}
}

void rpcs_program_suggest(struct rpcs_suggestion *suggestion)
{
	for (size_t i = 0; i < ROWS; i++)
		rpcs_suggestion_offer(suggestion, rows[i].name);
}
