// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Stages 1 to 4 know a call's client and kind, neither its rule nor the policy's
 * sets. So a kind of call is suppressed for a prefix of clients only where the
 * first rule that any of their calls of this kind can match is one that
 * suppresses, whatever server and program the call has. A rule before it that
 * looks at these, or that does not suppress, leaves the call to the agent.
 */
#include "suppress.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "call_names.h"
#include "model.h"

/** Adds a prefix in the notation of policies. */
static int text_add(struct rpcs_key_entries *entries, const char *text, uint32_t set)
{
	struct rpcs_prefix prefix;

	rpcs_prefix_parse(text, &prefix);
	return rpcs_key_entries_add(entries, rpcs_key_of(&prefix.base), prefix.len, set);
}

/** Every prefix at which the rules that clients match may change. */
static int prefixes_collect(const struct rpcs_policy *policy, struct rpcs_key_entries *entries)
{
	static const char *const loopback[] = { "127.0.0.0/8", "::1" };
	static const char *const link_local[] = { "169.254.0.0/16", "fe80::/10" };
	const struct rpcs_side_index *clients = &policy->index.sides[RPCS_SIDE_CLIENTS];
	int err = 0;

	for (uint32_t i = 0; i < policy->net_count && !err; i++) {
		if (clients->sets[i].count)
			err = rpcs_key_entries_add_nets(entries, &policy->nets[i].set, i);
	}
	/* They are nobody's set, but get a place of their own in any case. */
	for (int i = 0; i < 2 && !err; i++)
		err = text_add(entries, loopback[i], RPCS_KEY_NONE);
	for (int i = 0; i < 2 && !err && !policy->home_set; i++) {
		err = text_add(entries, loopback[i], RPCS_NET_HOME);
		if (!err)
			err = text_add(entries, link_local[i], RPCS_NET_HOME);
	}
	return err;
}

/** The rules that the clients of a node match, by words. */
static void rules_collect(const struct rpcs_policy *policy, uint32_t at, uint64_t *words)
{
	const struct rpcs_side_index *clients = &policy->index.sides[RPCS_SIDE_CLIENTS];
	const struct rpcs_key_index *keys = &policy->suppress.keys;

	memcpy(words, clients->any.words, policy->index.word_count * sizeof(*words));
	for (; at != RPCS_KEY_NONE; at = keys->nodes[at].parent) {
		for (uint32_t i = 0; i < keys->nodes[at].count; i++) {
			uint32_t set = keys->sets[keys->nodes[at].first + i];
			const struct rpcs_stretch *stretch;

			if (set == RPCS_KEY_NONE)
				continue;
			stretch = &clients->sets[set];
			for (uint32_t j = 0; j < stretch->count; j++)
				words[clients->words[stretch->first + j].at] |=
					clients->words[stretch->first + j].bits;
		}
	}
}

/** The first of these rules that is about a kind of call. */
static uint32_t rule_first(const struct rpcs_policy *policy, unsigned int call,
			   const uint64_t *words)
{
	const uint64_t *calls = policy->index.calls[call].words;

	for (uint32_t i = 0; i < policy->index.word_count; i++) {
		if (words[i] & calls[i])
			return i * 64 + (uint32_t)__builtin_ctzll(words[i] & calls[i]);
	}
	return RPCS_RULE_NONE;
}

/** What of the clients with these rules never becomes a record. */
static struct rpcs_suppress_value value_make(const struct rpcs_policy *policy,
					     const uint64_t *words)
{
	struct rpcs_suppress_value value = { 0 };

	for (unsigned int call = 0; call < RPCS_CALL__MAX; call++) {
		uint32_t index = rule_first(policy, call, words);
		const struct rpcs_rule *rule;

		if (!(RPCS_CALLS_SUPPRESSIBLE & RPCS_CALL_BIT(call)) || index == RPCS_RULE_NONE)
			continue;
		rule = &policy->rules[index];
		if (!rule->suppress || rule->servers.given || rule->programs.given ||
		    rule->outcome != RPCS_WANT_ANY)
			continue;
		value.calls |= RPCS_CALL_BIT(call);
		value.rules[call] = index;
	}
	return value;
}

static void address_of(rpcs_key key, struct rpcs_address *ret_address)
{
	for (size_t i = sizeof(ret_address->bytes); i-- > 0; key >>= 8)
		ret_address->bytes[i] = (uint8_t)key;
}

/** A node is told of where it differs from the one around it. */
static int node_take(struct rpcs_policy *policy, uint32_t at, const struct rpcs_key_entry *prefix,
		     uint64_t *words)
{
	struct rpcs_suppress_table *table = &policy->suppress;
	uint32_t parent = table->keys.nodes[at].parent;
	uint32_t above = parent == RPCS_KEY_NONE ? RPCS_KEY_NONE : table->entry_at[parent];
	struct rpcs_suppress_value value = { 0 };
	struct rpcs_suppress_entry *entry;
	struct rpcs_address base;
	int err;

	address_of(prefix->key, &base);
	/* On the wire a loopback address is forged (1110010), and so never suppressed. */
	if (!rpcs_address_is_loopback(&base)) {
		rules_collect(policy, at, words);
		value = value_make(policy, words);
	}
	table->entry_at[at] = above;
	if (above == RPCS_KEY_NONE ? !value.calls
				   : !memcmp(&value, &table->list[above].value, sizeof(value)))
		return 0;
	err = rpcs_array_grow(&table->list, table->count, &table->size, sizeof(*table->list));
	if (err < 0)
		return err;
	entry = &table->list[table->count];
	entry->key.prefixlen = prefix->len;
	memcpy(entry->key.client, base.bytes, sizeof(entry->key.client));
	entry->value = value;
	table->entry_at[at] = table->count++;
	return 0;
}

static int table_build(struct rpcs_policy *policy, struct rpcs_key_entries *prefixes,
		       uint64_t *words)
{
	struct rpcs_suppress_table *table = &policy->suppress;
	int err = rpcs_key_index_build(prefixes, &table->keys);

	if (err < 0)
		return err;
	table->entry_at = calloc(table->keys.node_count + 1UL, sizeof(*table->entry_at));
	if (!table->entry_at)
		return -ENOMEM;
	for (uint32_t at = 0; at < table->keys.node_count && !err; at++)
		err = node_take(policy, at, &prefixes->list[table->keys.nodes[at].first], words);
	return err;
}

int rpcs_suppress_build(struct rpcs_policy *policy)
{
	struct rpcs_key_entries prefixes = { 0 };
	uint64_t *words;
	int err;

	rpcs_suppress_clear(policy);
	policy->suppresses = false;
	for (uint32_t i = 0; i < policy->rule_count; i++)
		policy->suppresses |= policy->rules[i].suppress;
	if (!policy->suppresses)
		return 0;
	words = calloc(policy->index.word_count + 1UL, sizeof(*words));
	if (!words)
		return -ENOMEM;
	err = prefixes_collect(policy, &prefixes);
	if (!err)
		err = table_build(policy, &prefixes, words);
	free(prefixes.list);
	free(words);
	/* A part of it could suppress what a prefix left out would not have. */
	if (err || policy->suppress.count > RPCS_SUPPRESS_MAX)
		rpcs_suppress_clear(policy);
	return err;
}

void rpcs_suppress_clear(struct rpcs_policy *policy)
{
	struct rpcs_suppress_table *table = &policy->suppress;

	rpcs_key_index_clear(&table->keys);
	free(table->entry_at);
	free(table->list);
	*table = (struct rpcs_suppress_table){ 0 };
}

const struct rpcs_suppress_entry *rpcs_policy_suppress_list(const struct rpcs_policy *policy,
							    uint32_t *ret_count)
{
	*ret_count = policy->suppress.count;
	return policy->suppress.list;
}

const struct rpcs_suppress_value *rpcs_policy_suppress_find(const struct rpcs_policy *policy,
							    const struct rpcs_address *client)
{
	const struct rpcs_suppress_table *table = &policy->suppress;
	uint32_t at;

	if (!table->count)
		return NULL;
	at = rpcs_key_index_find(&table->keys, rpcs_key_of(client));
	if (at == RPCS_KEY_NONE || table->entry_at[at] == RPCS_KEY_NONE)
		return NULL;
	return &table->list[table->entry_at[at]].value;
}

bool rpcs_policy_suppresses(const struct rpcs_policy *policy)
{
	return policy->suppresses;
}
