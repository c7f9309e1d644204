/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What stages 1 to 4 remember from packet to packet: in tables of the process, or
 * in the kernel's maps through their descriptors, which need no right (kernel
 * 5.19). The agent tells them here where it found a stream's records, which ports
 * a portmapper has told, and which replies to let through.
 */
#ifndef RPCSENTRY_SOURCE_STATE_H
#define RPCSENTRY_SOURCE_STATE_H

#include <rpcsentry/expect.h>
#include <rpcsentry/flow.h>
#include <rpcsentry/fragment.h>
#include <rpcsentry/limits.h>
#include <rpcsentry/ports.h>
#include <rpcsentry/suppress.h>

#include "../policy/policy.h"

struct rpcs_state;

/** Descriptors of the kernel's maps; they stay the caller's. Of one that is -1 nothing is known. */
struct rpcs_state_fds {
	int flows, fragments, firsts, expected, ports, rules, silenced;
	int over_budget;	 /* read and tidied by over_budget.c alone */
	int sensitive, suppress; /* the policy's alone; -1: a reload leaves them */
	int sieve;		 /* ahead of `suppress` */
	int xdp_look, tc_look;	 /* arrays of the programs behind the entries' tail calls */
};

/** How many replies on other ports are waited for at most; the longest awaited goes first. */
static inline uint64_t rpcs_state_expected_max(const struct rpcs_settings *settings)
{
	if (settings->limit_pending_calls > RPCS_EXPECTED_MAX)
		return RPCS_EXPECTED_MAX;
	return settings->limit_pending_calls;
}

/** Tables of this process, sized by the settings. NULL: out of memory. */
struct rpcs_state *rpcs_state_tables(const struct rpcs_settings *settings);

/** The kernel's maps; `ports` and `rules` get mapped into memory. NULL: errno says why. */
struct rpcs_state *rpcs_state_maps(const struct rpcs_state_fds *fds);

void rpcs_state_free(struct rpcs_state **state);

/** The ports' classes; lives as long as the state. */
struct rpcs_ports *rpcs_state_ports(struct rpcs_state *state);

/** RPCS_RULES_SHOWN_MAX rules of the policy; lives as long as the state. */
struct rpcs_rule_hits *rpcs_state_rules(struct rpcs_state *state);

/**
 * Has the kernel's programs follow another policy, whatever passes meanwhile: ports,
 * any_port, the sensitive set, suppressed calls, the rules' names. 0 or -errno.
 */
int rpcs_state_reload(const struct rpcs_state_fds *fds, struct rpcs_state *state,
		      const struct rpcs_policy *policy);

/** False: nothing is known of that direction of the flow. */
bool rpcs_state_flow_get(struct rpcs_state *state, const struct rpcs_flow_key *key,
			 struct rpcs_flow_value *ret_value);
/** Puts a value in; the one longest untouched goes when there is no room. */
void rpcs_state_flow_put(struct rpcs_state *state, const struct rpcs_flow_key *key,
			 const struct rpcs_flow_value *value);

bool rpcs_state_fragment_get(struct rpcs_state *state, const struct rpcs_fragment_key *key,
			     struct rpcs_fragment_value *ret_value);
void rpcs_state_fragment_put(struct rpcs_state *state, const struct rpcs_fragment_key *key,
			     const struct rpcs_fragment_value *value);

/** *ret_ns: when this call was seen last; the kernel's map keeps a date (dated_set.h). */
bool rpcs_state_first_get(struct rpcs_state *state, const struct rpcs_first_key *key,
			  uint64_t *ret_ns);
void rpcs_state_first_put(struct rpcs_state *state, const struct rpcs_first_key *key, uint64_t ns);

/** What is known of the call that such a reply is to. */
enum rpcs_expect_kind rpcs_state_expect_get(struct rpcs_state *state,
					    const struct rpcs_expect_key *key);
void rpcs_state_expect_put(struct rpcs_state *state, const struct rpcs_expect_key *key,
			   enum rpcs_expect_kind kind);

/** Fetches what such a key will be looked up in, if that is in tables of this process. */
void rpcs_state_expect_foresee(const struct rpcs_state *state, const struct rpcs_expect_key *key);

/** *ret_ns: when a suppressed call was seen whose replies this is one of; 0: taken back. */
bool rpcs_state_silenced_get(struct rpcs_state *state, const struct rpcs_expect_key *key,
			     uint64_t *ret_ns);
void rpcs_state_silenced_put(struct rpcs_state *state, const struct rpcs_expect_key *key,
			     uint64_t ns);

/**
 * The agent has taken all bytes of this direction before `next`, where a record
 * begins: a flow that was its own to reassemble goes back to stage 3. `turn` is the
 * last that the agent has of it: where stage 3 has sent more since, or has seen
 * another connection begin, it stays where it is.
 */
void rpcs_state_flow_back(struct rpcs_state *state, const struct rpcs_flow_key *key, uint32_t turn,
			  uint32_t next);

/** The agent waits for some of what lies before `wanted` (0: nothing): that is no repetition. */
void rpcs_state_flow_want(struct rpcs_state *state, const struct rpcs_flow_key *key,
			  uint32_t wanted);

/** The agent takes a direction over, known or not, until rpcs_state_flow_back(). */
void rpcs_state_flow_take(struct rpcs_state *state, const struct rpcs_flow_key *key);

/** The agent found no records there (`stopped`: TLS, nor will there be any). `turn` likewise. */
void rpcs_state_flow_lost(struct rpcs_state *state, const struct rpcs_flow_key *key, uint32_t turn,
			  bool stopped);

#endif
