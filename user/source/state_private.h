/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A struct rpcs_state is one of two things behind the same calls. */
#ifndef RPCSENTRY_SOURCE_STATE_PRIVATE_H
#define RPCSENTRY_SOURCE_STATE_PRIVATE_H

#include "state.h"

/** The kinds of things remembered: a table, or a map, for each. */
enum rpcs_state_kind {
	RPCS_STATE_FLOWS,
	RPCS_STATE_FRAGMENTS,
	RPCS_STATE_FIRSTS,
	RPCS_STATE_EXPECTED,
	RPCS_STATE_SILENCED,
	RPCS_STATE_KINDS
};

struct rpcs_state {
	struct rpcs_ports *ports;
	struct rpcs_rule_hits *rules;
	bool (*get)(struct rpcs_state *state, enum rpcs_state_kind kind, const void *key,
		    void *ret_value);
	void (*put)(struct rpcs_state *state, enum rpcs_state_kind kind, const void *key,
		    const void *value);
	/* Changes a flow's state, and what the agent waits for, from `old`; false: the kernel has
	   done so. NULL for tables: nobody else is there. */
	bool (*flow_change)(struct rpcs_state *state, const struct rpcs_flow_key *key,
			    const struct rpcs_flow_value *old, const struct rpcs_flow_value *value);
	/* NULL for maps: the kernel looks things up itself. */
	void (*fetch)(const struct rpcs_state *state, enum rpcs_state_kind kind, const void *key);
	void (*release)(struct rpcs_state *state);
};

#endif
