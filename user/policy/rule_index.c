// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Building the index of the rules from their calls, clients, servers and programs. */
#include "rule_index.h"

#include <errno.h>
#include <stdlib.h>

#include "model.h"

enum {
	/* A prefix of more sets has their rules' words joined into one list. */
	SETS_APART = 8,
	/* Joined lists take no more words than this; what is beyond stays apart. */
	JOINED_WORDS_MAX = 4 << 20,
	/* A set with more words is wide, as long as a side's bits take no more than these. */
	WIDE_WORDS = 64,
	WIDE_WORDS_MAX = 2 << 20,
};

static int bits_new(const struct rpcs_rule_index *index, struct rpcs_rule_bits *ret_bits)
{
	ret_bits->words = calloc(index->word_count + 1UL, sizeof(*ret_bits->words));
	ret_bits->summary = calloc(index->summary_count + 1UL, sizeof(*ret_bits->summary));
	return ret_bits->words && ret_bits->summary ? 0 : -ENOMEM;
}

static void bits_clear(struct rpcs_rule_bits *bits)
{
	free(bits->words);
	free(bits->summary);
	*bits = (struct rpcs_rule_bits){ 0 };
}

static void bits_add(struct rpcs_rule_bits *bits, uint32_t rule)
{
	uint32_t word = rule / 64;

	bits->words[word] |= 1ULL << rule % 64;
	bits->summary[word / 64] |= 1ULL << word % 64;
}

static const struct rpcs_refs *refs_of(const struct rpcs_rule *rule, enum rpcs_rule_side side)
{
	switch (side) {
	case RPCS_SIDE_CLIENTS:
		return &rule->clients;
	case RPCS_SIDE_SERVERS:
		return &rule->servers;
	default:
		return &rule->programs;
	}
}

/** Adds a rule to the list that ends the side's words; rules come in order. */
static void word_add(struct rpcs_side_index *side, uint32_t set, uint32_t rule)
{
	struct rpcs_stretch *stretch = &side->sets[set];
	struct rpcs_rule_word *next = side->words + stretch->first + stretch->count;

	if (!stretch->count || next[-1].at != rule / 64) {
		*next++ = (struct rpcs_rule_word){ .at = rule / 64 };
		stretch->count++;
	}
	next[-1].bits |= 1ULL << rule % 64;
}

/** Which rules name which set: a list of words for each set. */
static int sets_index(const struct rpcs_policy *policy, enum rpcs_rule_side which,
		      struct rpcs_side_index *side)
{
	bool programs = which == RPCS_SIDE_PROGRAMS;
	const uint32_t *refs = programs ? policy->program_refs : policy->net_refs;
	uint32_t total = 0;

	side->set_count = programs ? policy->program_count : policy->net_count;
	side->set_size = side->set_count;
	side->sets = calloc(side->set_count + 1UL, sizeof(*side->sets));
	if (!side->sets)
		return -ENOMEM;
	for (uint32_t i = 0; i < policy->rule_count; i++) {
		const struct rpcs_refs *named = refs_of(&policy->rules[i], which);

		if (!named->given)
			bits_add(&side->any, i);
		for (uint32_t j = 0; j < named->count; j++)
			side->sets[refs[named->first + j]].count++;
	}
	/* A set's list has no more words than rules name it. */
	for (uint32_t i = 0; i < side->set_count; i++) {
		side->sets[i].first = total;
		total += side->sets[i].count;
		side->sets[i].count = 0;
	}
	side->word_count = side->word_size = total;
	side->words = calloc(total + 1UL, sizeof(*side->words));
	if (!side->words)
		return -ENOMEM;
	for (uint32_t i = 0; i < policy->rule_count; i++) {
		const struct rpcs_refs *named = refs_of(&policy->rules[i], which);

		for (uint32_t j = 0; j < named->count; j++)
			word_add(side, refs[named->first + j], i);
	}
	return 0;
}

/** Every prefix, or number, of the sets that rules name. `home` may change: it stays apart. */
static int entries_collect(const struct rpcs_policy *policy, enum rpcs_rule_side which,
			   const struct rpcs_side_index *side, struct rpcs_key_entries *entries)
{
	bool programs = which == RPCS_SIDE_PROGRAMS;
	int err = 0;

	for (uint32_t i = programs ? 0 : RPCS_NET_HOME + 1; i < side->set_count && !err; i++) {
		if (!side->sets[i].count)
			continue;
		if (!programs) {
			err = rpcs_key_entries_add_nets(entries, &policy->nets[i].set, i);
			continue;
		}
		for (uint32_t j = 0; j < policy->programs[i].count && !err; j++)
			err = rpcs_key_entries_add(entries, policy->programs[i].numbers[j], 128, i);
	}
	return err;
}

/** Puts the words of a node's sets into one list, through `found`. */
static int node_join(const struct rpcs_rule_index *index, struct rpcs_side_index *side,
		     struct rpcs_key_node *node)
{
	uint32_t first = side->word_count;
	int err =
		rpcs_array_grow(&side->sets, side->set_count, &side->set_size, sizeof(*side->sets));

	for (uint32_t i = 0; i < node->count; i++) {
		const struct rpcs_stretch *set = &side->sets[side->keys.sets[node->first + i]];

		for (uint32_t j = 0; j < set->count; j++)
			side->found.words[side->words[set->first + j].at] |=
				side->words[set->first + j].bits;
	}
	for (uint32_t at = 0; at < index->word_count; at++) {
		uint64_t bits = side->found.words[at];

		side->found.words[at] = 0;
		if (!bits || err < 0)
			continue;
		err = rpcs_array_grow(&side->words, side->word_count, &side->word_size,
				      sizeof(*side->words));
		if (!err)
			side->words[side->word_count++] = (struct rpcs_rule_word){ bits, at };
	}
	if (err < 0)
		return err;
	side->sets[side->set_count] =
		(struct rpcs_stretch){ .first = first, .count = side->word_count - first };
	side->keys.sets[node->first] = side->set_count++;
	node->count = 1;
	return 0;
}

/** The bits of sets that many rules name, once no set comes any more. */
static int wide_build(const struct rpcs_rule_index *index, struct rpcs_side_index *side)
{
	uint32_t room = WIDE_WORDS_MAX / (index->word_count + 1), wanted = 0;

	for (uint32_t i = 0; i < side->set_count; i++)
		wanted += side->sets[i].count > WIDE_WORDS;
	if (wanted > room)
		wanted = room;
	side->wide = calloc(wanted + 1UL, sizeof(*side->wide));
	if (!side->wide)
		return -ENOMEM;
	for (uint32_t i = 0; i < side->set_count && side->wide_count < wanted; i++) {
		struct rpcs_stretch *set = &side->sets[i];

		if (set->count <= WIDE_WORDS)
			continue;
		set->wide = &side->wide[side->wide_count++];
		if (bits_new(index, set->wide))
			return -ENOMEM;
		for (uint32_t j = 0; j < set->count; j++) {
			const struct rpcs_rule_word *word = &side->words[set->first + j];

			set->wide->words[word->at] = word->bits;
			set->wide->summary[word->at / 64] |= 1ULL << word->at % 64;
		}
	}
	return 0;
}

/** The bits of each node; those of the node around it are there already. */
static int node_bits_build(struct rpcs_side_index *side)
{
	const struct rpcs_key_index *keys = &side->keys;

	side->node_bits = calloc(keys->node_count + 1UL, sizeof(*side->node_bits));
	if (!side->node_bits)
		return -ENOMEM;
	for (uint32_t i = 0; i < keys->node_count; i++) {
		const struct rpcs_key_node *node = &keys->nodes[i];

		if (node->parent != RPCS_KEY_NONE)
			side->node_bits[i] = side->node_bits[node->parent];
		for (uint32_t j = 0; j < node->count; j++)
			side->node_bits[i] |= rpcs_set_bits(side, keys->sets[node->first + j]);
	}
	return 0;
}

static int side_build(const struct rpcs_policy *policy, const struct rpcs_rule_index *index,
		      enum rpcs_rule_side which, struct rpcs_side_index *side)
{
	struct rpcs_key_entries entries = { 0 };
	uint32_t apart;
	int err = bits_new(index, &side->any);

	if (!err)
		err = bits_new(index, &side->found);
	if (!err)
		err = sets_index(policy, which, side);
	if (!err)
		err = entries_collect(policy, which, side, &entries);
	if (!err)
		err = rpcs_key_index_build(&entries, &side->keys);
	free(entries.list);
	if (!err && index->word_count <= 1)
		return node_bits_build(side);
	apart = side->word_count;
	for (uint32_t i = 0; i < side->keys.node_count && !err; i++) {
		if (side->keys.nodes[i].count > SETS_APART &&
		    side->word_count - apart + index->word_count <= JOINED_WORDS_MAX)
			err = node_join(index, side, &side->keys.nodes[i]);
	}
	return err ? err : wide_build(index, side);
}

int rpcs_rule_index_build(struct rpcs_policy *policy)
{
	struct rpcs_rule_index *index = &policy->index;
	int err = 0;

	index->word_count = policy->rule_count / 64 + (policy->rule_count % 64 != 0);
	index->summary_count = index->word_count / 64 + (index->word_count % 64 != 0);
	for (unsigned int call = 0; call < RPCS_CALL__MAX && !err; call++) {
		err = bits_new(index, &index->calls[call]);
		for (uint32_t i = 0; i < policy->rule_count && !err; i++) {
			if ((policy->rules[i].calls >> call) & 1)
				bits_add(&index->calls[call], i);
		}
	}
	for (int side = 0; side < RPCS_SIDE__MAX && !err; side++)
		err = side_build(policy, index, (enum rpcs_rule_side)side, &index->sides[side]);
	return err;
}

void rpcs_rule_index_clear(struct rpcs_rule_index *index)
{
	for (unsigned int call = 0; call < RPCS_CALL__MAX; call++)
		bits_clear(&index->calls[call]);
	for (int i = 0; i < RPCS_SIDE__MAX; i++) {
		struct rpcs_side_index *side = &index->sides[i];

		bits_clear(&side->any);
		bits_clear(&side->found);
		for (uint32_t j = 0; j < side->wide_count; j++)
			bits_clear(&side->wide[j]);
		free(side->wide);
		free(side->node_bits);
		rpcs_key_index_clear(&side->keys);
		free(side->sets);
		free(side->words);
	}
	*index = (struct rpcs_rule_index){ 0 };
}
