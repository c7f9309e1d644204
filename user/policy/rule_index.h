/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which rules may match a call, without a look at all of them: a bit for each
 * rule, and for each side of a rule (clients, servers, programs) the words of
 * bits that an address or number finds there. What stands in all sides' words
 * and in the call's matches; the lowest bit is the first rule.
 */
#ifndef RPCSENTRY_POLICY_RULE_INDEX_H
#define RPCSENTRY_POLICY_RULE_INDEX_H

#include "key_index.h"
#include "policy.h"

/** 64 rules: the ones from 64 * at on. */
struct rpcs_rule_word {
	uint64_t bits;
	uint32_t at;
};

/** A bit for each rule; `summary` has one for each word that is not 0. */
struct rpcs_rule_bits {
	uint64_t *words, *summary;
};

/**
 * The rules that name a set: a stretch of the side's words. Of a set that many name all bits
 * as well (or NULL), so that a call of its clients is not held up by a walk over its words.
 */
struct rpcs_stretch {
	uint32_t first, count;
	struct rpcs_rule_bits *wide;
};

/* Wide sets of one key that are asked as they are; those of more are walked over. */
enum { RPCS_WIDE_TAKEN_MAX = 4 };

enum rpcs_rule_side { RPCS_SIDE_CLIENTS, RPCS_SIDE_SERVERS, RPCS_SIDE_PROGRAMS, RPCS_SIDE__MAX };

/** One side of all rules. */
struct rpcs_side_index {
	struct rpcs_rule_bits any; /* the rules that do not say */
	struct rpcs_key_index keys;
	struct rpcs_stretch *sets; /* words of the rules that name a set, and of joined sets */
	uint32_t set_count, set_size;
	struct rpcs_rule_word *words;
	uint32_t word_count, word_size;
	struct rpcs_rule_bits *wide;
	uint32_t wide_count;
	/*
	 * Of 64 rules at most, for each node of `keys`: those that name a set which holds it. What
	 * follows is for more.
	 */
	uint64_t *node_bits;
	/* While a call is decided; else all 0. */
	struct rpcs_rule_bits found;
	const struct rpcs_rule_bits *taken[RPCS_WIDE_TAKEN_MAX];
	uint32_t taken_count;
};

/** Of 64 rules at most, those that name a set. */
static inline uint64_t rpcs_set_bits(const struct rpcs_side_index *side, uint32_t set)
{
	const struct rpcs_stretch *stretch = &side->sets[set];

	return stretch->count ? side->words[stretch->first].bits : 0;
}

struct rpcs_rule_index {
	uint32_t word_count, summary_count;
	struct rpcs_rule_bits calls[RPCS_CALL__MAX];
	struct rpcs_side_index sides[RPCS_SIDE__MAX];
};

struct rpcs_policy;

/** Indexes the policy's rules once all are there; 0 or -ENOMEM. */
int rpcs_rule_index_build(struct rpcs_policy *policy);

void rpcs_rule_index_clear(struct rpcs_rule_index *index);

/** Of 64 rules at most all that match a call, in bits. */
uint64_t rpcs_rule_search_few(const struct rpcs_policy *policy,
			      const struct rpcs_policy_query *query);

/** Where the search for the rules of one call stands. */
struct rpcs_rule_search {
	uint32_t at;	  /* the next word to look at */
	uint64_t matches; /* of the word before it: the rules not yet given */
};

/** Fills `found` of all sides for a call. rpcs_rule_search_end() empties them again. */
void rpcs_rule_search_begin(struct rpcs_policy *policy, const struct rpcs_policy_query *query,
			    struct rpcs_rule_search *ret_search);

/** The next rule that matches, lowest first; RPCS_RULE_NONE: no more. */
uint32_t rpcs_rule_search_next(const struct rpcs_rule_index *index, enum rpcs_policy_call call,
			       struct rpcs_rule_search *search);

void rpcs_rule_search_end(struct rpcs_rule_index *index);

#endif
