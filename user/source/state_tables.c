// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What the native engine remembers, in tables as large as the kernel's maps. */
#include <stdlib.h>
#include <string.h>

#include "../base/table.h"
#include "ports.h"
#include "state_private.h"

struct kind {
	uint32_t key, value; /* bytes */
};

static const struct kind kinds[RPCS_STATE_KINDS] = {
	[RPCS_STATE_FLOWS] = { sizeof(struct rpcs_flow_key), sizeof(struct rpcs_flow_value) },
	[RPCS_STATE_FRAGMENTS] = { sizeof(struct rpcs_fragment_key),
				   sizeof(struct rpcs_fragment_value) },
	[RPCS_STATE_FIRSTS] = { sizeof(struct rpcs_first_key), sizeof(uint64_t) },
	[RPCS_STATE_EXPECTED] = { sizeof(struct rpcs_expect_key), sizeof(uint32_t) },
	[RPCS_STATE_SILENCED] = { sizeof(struct rpcs_expect_key), sizeof(uint64_t) },
};

struct tables {
	struct rpcs_state state;
	struct rpcs_ports ports;
	struct rpcs_rule_hits rules[RPCS_RULES_SHOWN_MAX];
	struct rpcs_table *table[RPCS_STATE_KINDS];
};

/* The value follows the key, aligned for any of them. */
static uint32_t value_offset(enum rpcs_state_kind kind)
{
	return (kinds[kind].key + 7) & ~7U;
}

static bool tables_get(struct rpcs_state *state, enum rpcs_state_kind kind, const void *key,
		       void *ret_value)
{
	struct tables *tables = (struct tables *)state;
	const uint8_t *entry = rpcs_table_find(tables->table[kind], key);

	if (entry)
		memcpy(ret_value, entry + value_offset(kind), kinds[kind].value);
	return entry;
}

static void tables_put(struct rpcs_state *state, enum rpcs_state_kind kind, const void *key,
		       const void *value)
{
	struct rpcs_table *table = ((struct tables *)state)->table[kind];
	uint8_t *entry = rpcs_table_find(table, key);

	if (!entry && rpcs_table_is_full(table))
		rpcs_table_remove(table, rpcs_table_oldest(table, RPCS_LANE_FIRST));
	if (entry)
		rpcs_table_move(table, entry, RPCS_LANE_FIRST);
	else
		entry = rpcs_table_add(table, key);
	memcpy(entry + value_offset(kind), value, kinds[kind].value);
}

static void tables_fetch(const struct rpcs_state *state, enum rpcs_state_kind kind, const void *key)
{
	const struct rpcs_table *table = ((const struct tables *)state)->table[kind];

	rpcs_table_fetch_bucket(table, rpcs_table_hash(table, key));
}

static void tables_release(struct rpcs_state *state)
{
	struct tables *tables = (struct tables *)state;
	int kind;

	for (kind = 0; kind < RPCS_STATE_KINDS; kind++)
		rpcs_table_free(&tables->table[kind]);
	free(tables);
}

struct rpcs_state *rpcs_state_tables(const struct rpcs_settings *settings)
{
	/* Only captures come this way: their flows' order is no secret. */
	const struct rpcs_hash_seed seed = { 1, 2 };
	const uint64_t capacity[RPCS_STATE_KINDS] = {
		[RPCS_STATE_FLOWS] = settings->limit_flows * 2,
		[RPCS_STATE_FRAGMENTS] = RPCS_FRAGMENTS_MAX,
		[RPCS_STATE_FIRSTS] = settings->limit_flows,
		[RPCS_STATE_EXPECTED] = rpcs_state_expected_max(settings),
		[RPCS_STATE_SILENCED] = RPCS_SILENCED_MAX,
	};
	struct tables *tables = calloc(1, sizeof(*tables));
	struct rpcs_state *state;
	int kind;

	if (!tables)
		return NULL;
	state = &tables->state;
	*state = (struct rpcs_state){ .ports = &tables->ports,
				      .rules = tables->rules,
				      .get = tables_get,
				      .put = tables_put,
				      .fetch = tables_fetch,
				      .release = tables_release };
	rpcs_ports_fill(&tables->ports, settings->ports, settings->port_count, settings->any_port,
			settings->tunnels);
	for (kind = 0; kind < RPCS_STATE_KINDS; kind++) {
		tables->table[kind] = rpcs_table_new(capacity[kind] ? (uint32_t)capacity[kind] : 1,
						     kinds[kind].key,
						     value_offset(kind) + kinds[kind].value, &seed);
		if (!tables->table[kind]) {
			rpcs_state_free(&state);
			break;
		}
	}
	return state;
}
