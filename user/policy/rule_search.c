// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Asking the index of the rules: no rule is looked at that does not match. */
#include "model.h"
#include "rule_index.h"

/** Adds the rules that name a set to those found. */
static void set_take(struct rpcs_side_index *side, uint32_t set)
{
	const struct rpcs_stretch *stretch = &side->sets[set];
	const struct rpcs_rule_word *word = side->words + stretch->first;
	const struct rpcs_rule_word *end = word + stretch->count;

	if (stretch->wide && side->taken_count < RPCS_WIDE_TAKEN_MAX) {
		side->taken[side->taken_count++] = stretch->wide;
		return;
	}
	for (; word < end; word++) {
		side->found.words[word->at] |= word->bits;
		side->found.summary[word->at / 64] |= 1ULL << word->at % 64;
	}
}

static void key_take(struct rpcs_side_index *side, rpcs_key key)
{
	uint32_t at = rpcs_key_index_find(&side->keys, key);

	while (at != RPCS_KEY_NONE) {
		const struct rpcs_key_node *node = &side->keys.nodes[at];

		for (uint32_t i = 0; i < node->count; i++)
			set_take(side, side->keys.sets[node->first + i]);
		at = node->parent;
	}
}

static void address_take(const struct rpcs_policy *policy, struct rpcs_side_index *side,
			 const struct rpcs_address *address)
{
	key_take(side, rpcs_key_of(address));
	if (side->sets[RPCS_NET_HOME].count && rpcs_policy_is_home(policy, address))
		set_take(side, RPCS_NET_HOME);
}

/** Of 64 rules at most, those of `wanted` that a key matches, or home if the address is in it. */
static uint64_t side_bits(const struct rpcs_policy *policy, const struct rpcs_side_index *side,
			  uint64_t wanted, rpcs_key key, const struct rpcs_address *address)
{
	uint64_t asked = wanted & ~side->any.words[0], home;
	uint32_t at;

	if (!asked)
		return wanted;
	wanted &= ~asked;
	at = rpcs_key_index_find(&side->keys, key);
	if (at != RPCS_KEY_NONE)
		wanted |= asked & side->node_bits[at];
	home = address ? asked & ~wanted & rpcs_set_bits(side, RPCS_NET_HOME) : 0;
	return home && rpcs_policy_is_home(policy, address) ? wanted | home : wanted;
}

uint64_t rpcs_rule_search_few(const struct rpcs_policy *policy,
			      const struct rpcs_policy_query *query)
{
	const struct rpcs_side_index *sides = policy->index.sides;
	uint64_t left = policy->index.calls[query->call].words[0];

	if (left)
		left = side_bits(policy, &sides[RPCS_SIDE_CLIENTS], left,
				 rpcs_key_of(query->client), query->client);
	if (left)
		left = side_bits(policy, &sides[RPCS_SIDE_SERVERS], left,
				 rpcs_key_of(query->server), query->server);
	if (!query->has_program)
		return left & sides[RPCS_SIDE_PROGRAMS].any.words[0];
	return side_bits(policy, &sides[RPCS_SIDE_PROGRAMS], left, query->program, NULL);
}

void rpcs_rule_search_begin(struct rpcs_policy *policy, const struct rpcs_policy_query *query,
			    struct rpcs_rule_search *ret_search)
{
	struct rpcs_side_index *sides = policy->index.sides;

	address_take(policy, &sides[RPCS_SIDE_CLIENTS], query->client);
	address_take(policy, &sides[RPCS_SIDE_SERVERS], query->server);
	if (query->has_program)
		key_take(&sides[RPCS_SIDE_PROGRAMS], query->program);
	*ret_search = (struct rpcs_rule_search){ 0 };
}

/** 64 words of a side that have something. */
static uint64_t side_summary(const struct rpcs_side_index *side, uint32_t at)
{
	uint64_t summary = side->any.summary[at] | side->found.summary[at];

	for (uint32_t i = 0; i < side->taken_count; i++)
		summary |= side->taken[i]->summary[at];
	return summary;
}

static uint64_t side_word(const struct rpcs_side_index *side, uint32_t at)
{
	uint64_t word = side->any.words[at] | side->found.words[at];

	for (uint32_t i = 0; i < side->taken_count; i++)
		word |= side->taken[i]->words[at];
	return word;
}

/** The words of 64 words, from `at` on, in which all sides have something. */
static uint64_t summary_of(const struct rpcs_rule_index *index, enum rpcs_policy_call call,
			   uint32_t at)
{
	uint64_t summary = index->calls[call].summary[at / 64];

	for (int side = 0; side < RPCS_SIDE__MAX; side++)
		summary &= side_summary(&index->sides[side], at / 64);
	return summary & ~0ULL << at % 64;
}

uint32_t rpcs_rule_search_next(const struct rpcs_rule_index *index, enum rpcs_policy_call call,
			       struct rpcs_rule_search *search)
{
	uint32_t rule;

	while (!search->matches && search->at < index->word_count) {
		uint64_t summary = summary_of(index, call, search->at);
		uint64_t matches;
		uint32_t at;

		if (!summary) {
			search->at = (search->at / 64 + 1) * 64;
			continue;
		}
		at = search->at / 64 * 64 + (uint32_t)__builtin_ctzll(summary);
		matches = index->calls[call].words[at];
		for (int side = 0; side < RPCS_SIDE__MAX; side++)
			matches &= side_word(&index->sides[side], at);
		search->matches = matches;
		search->at = at + 1;
	}
	if (!search->matches)
		return RPCS_RULE_NONE;
	rule = (search->at - 1) * 64 + (uint32_t)__builtin_ctzll(search->matches);
	search->matches &= search->matches - 1;
	return rule;
}

void rpcs_rule_search_end(struct rpcs_rule_index *index)
{
	for (int i = 0; i < RPCS_SIDE__MAX; i++) {
		struct rpcs_rule_bits *found = &index->sides[i].found;

		for (uint32_t at = 0; at < index->summary_count; at++) {
			for (uint64_t left = found->summary[at]; left; left &= left - 1)
				found->words[at * 64 + (uint32_t)__builtin_ctzll(left)] = 0;
			found->summary[at] = 0;
		}
		index->sides[i].taken_count = 0;
	}
}
