// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What is the same whether stages 1 to 4 remember in tables or in the kernel's maps. */
#include "state_private.h"

enum {
	TRIES = 8, /* to change a flow that the kernel changes meanwhile: packets come singly */
};

void rpcs_state_free(struct rpcs_state **state)
{
	if (!*state)
		return;
	(*state)->release(*state);
	*state = NULL;
}

struct rpcs_ports *rpcs_state_ports(struct rpcs_state *state)
{
	return state->ports;
}

struct rpcs_rule_hits *rpcs_state_rules(struct rpcs_state *state)
{
	return state->rules;
}

bool rpcs_state_flow_get(struct rpcs_state *state, const struct rpcs_flow_key *key,
			 struct rpcs_flow_value *ret_value)
{
	return state->get(state, RPCS_STATE_FLOWS, key, ret_value);
}

void rpcs_state_flow_put(struct rpcs_state *state, const struct rpcs_flow_key *key,
			 const struct rpcs_flow_value *value)
{
	state->put(state, RPCS_STATE_FLOWS, key, value);
}

bool rpcs_state_fragment_get(struct rpcs_state *state, const struct rpcs_fragment_key *key,
			     struct rpcs_fragment_value *ret_value)
{
	return state->get(state, RPCS_STATE_FRAGMENTS, key, ret_value);
}

void rpcs_state_fragment_put(struct rpcs_state *state, const struct rpcs_fragment_key *key,
			     const struct rpcs_fragment_value *value)
{
	state->put(state, RPCS_STATE_FRAGMENTS, key, value);
}

bool rpcs_state_first_get(struct rpcs_state *state, const struct rpcs_first_key *key,
			  uint64_t *ret_ns)
{
	return state->get(state, RPCS_STATE_FIRSTS, key, ret_ns);
}

void rpcs_state_first_put(struct rpcs_state *state, const struct rpcs_first_key *key, uint64_t ns)
{
	state->put(state, RPCS_STATE_FIRSTS, key, &ns);
}

enum rpcs_expect_kind rpcs_state_expect_get(struct rpcs_state *state,
					    const struct rpcs_expect_key *key)
{
	uint32_t kind = RPCS_EXPECT_NOTHING;

	state->get(state, RPCS_STATE_EXPECTED, key, &kind);
	return kind;
}

void rpcs_state_expect_put(struct rpcs_state *state, const struct rpcs_expect_key *key,
			   enum rpcs_expect_kind kind)
{
	const uint32_t value = kind;

	state->put(state, RPCS_STATE_EXPECTED, key, &value);
}

void rpcs_state_expect_foresee(const struct rpcs_state *state, const struct rpcs_expect_key *key)
{
	if (state->fetch)
		state->fetch(state, RPCS_STATE_EXPECTED, key);
}

bool rpcs_state_silenced_get(struct rpcs_state *state, const struct rpcs_expect_key *key,
			     uint64_t *ret_ns)
{
	return state->get(state, RPCS_STATE_SILENCED, key, ret_ns);
}

void rpcs_state_silenced_put(struct rpcs_state *state, const struct rpcs_expect_key *key,
			     uint64_t ns)
{
	state->put(state, RPCS_STATE_SILENCED, key, &ns);
}

/* The flow's value, unless stage 3 has moved on since the agent's `turn`. */
static bool flow_at(struct rpcs_state *state, const struct rpcs_flow_key *key, uint32_t turn,
		    struct rpcs_flow_value *ret_value)
{
	return rpcs_state_flow_get(state, key, ret_value) && (int32_t)(turn - ret_value->turn) >= 0;
}

/*
 * Changes a flow that says `old`, unless the kernel has moved it on between the look and the
 * change. False: it has.
 */
static bool flow_change(struct rpcs_state *state, const struct rpcs_flow_key *key,
			const struct rpcs_flow_value *old, const struct rpcs_flow_value *value)
{
	if (state->flow_change)
		return state->flow_change(state, key, old, value);
	rpcs_state_flow_put(state, key, value);
	return true;
}

/* Who has moved on knows better. */
void rpcs_state_flow_back(struct rpcs_state *state, const struct rpcs_flow_key *key, uint32_t turn,
			  uint32_t next)
{
	struct rpcs_flow_value old, value;

	if (!flow_at(state, key, turn, &old) || rpcs_flow_step_of(old.state) != RPCS_STEP_FALLBACK)
		return;
	value = old;
	value.state = rpcs_flow_in_step(next, 0, 0);
	flow_change(state, key, &old, &value);
}

/* Is the flow the agent's now? False: the kernel has moved it on in between. */
static bool flow_taken(struct rpcs_state *state, const struct rpcs_flow_key *key)
{
	struct rpcs_flow_value old, value = { .state = RPCS_STEP_FALLBACK };

	if (!rpcs_state_flow_get(state, key, &old)) {
		rpcs_state_flow_put(state, key, &value);
		return true;
	}
	if (rpcs_flow_step_of(old.state) == RPCS_STEP_STOPPED ||
	    rpcs_flow_step_of(old.state) == RPCS_STEP_FALLBACK)
		return true;
	value = old;
	value.state = RPCS_STEP_FALLBACK;
	return flow_change(state, key, &old, &value);
}

void rpcs_state_flow_take(struct rpcs_state *state, const struct rpcs_flow_key *key)
{
	int i;

	for (i = 0; i < TRIES && !flow_taken(state, key); i++)
		;
}

void rpcs_state_flow_want(struct rpcs_state *state, const struct rpcs_flow_key *key,
			  uint32_t wanted)
{
	struct rpcs_flow_value old, value;

	if (!rpcs_state_flow_get(state, key, &old) || old.wanted == wanted)
		return;
	value = old;
	value.wanted = wanted;
	flow_change(state, key, &old, &value);
}

void rpcs_state_flow_lost(struct rpcs_state *state, const struct rpcs_flow_key *key, uint32_t turn,
			  bool stopped)
{
	struct rpcs_flow_value old, value;
	int i;

	for (i = 0; i < TRIES; i++) {
		if (!flow_at(state, key, turn, &old))
			return;
		if (!stopped && rpcs_flow_step_of(old.state) != RPCS_STEP_FALLBACK)
			return;
		value = old;
		value.state = stopped ? RPCS_STEP_STOPPED : RPCS_FLOW_STRANGE;
		if (flow_change(state, key, &old, &value))
			return;
	}
}
