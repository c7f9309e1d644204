// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Names of sets, addresses, prefixes and programs, as rules and lists use them. */
#include "resolve.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "program_table.h"
#include "programs.h"
#include "sections.h"
#include "values.h"

enum { NOT_THERE = -1 };

/** The prefix that was probably meant: the bits behind the length made zero. */
static void prefix_trim(const char *text, char trimmed[RPCS_PREFIX_TEXT])
{
	char copy[RPCS_PREFIX_TEXT];
	const char *slash = strchr(text, '/');
	struct rpcs_prefix prefix;
	size_t host_len = slash ? (size_t)(slash - text) : 0;
	uint64_t len = 0;

	trimmed[0] = '\0';
	if (!slash || host_len >= sizeof(copy) || rpcs_value_uint_parse(slash + 1, &len) < 0)
		return;
	memcpy(copy, text, host_len);
	copy[host_len] = '\0';
	if (rpcs_address_parse(copy, &prefix.base) < 0)
		return;
	if (!strchr(copy, ':'))
		len += 96;
	if (len > 128)
		return;
	prefix.len = (uint8_t)len;
	for (uint64_t i = len; i < 128; i++)
		prefix.base.bytes[i / 8] &= (uint8_t) ~(0x80U >> (i % 8));
	rpcs_prefix_format(&prefix, trimmed);
}

bool rpcs_prefix_read(struct rpcs_loader *loader, uint32_t node, const char *text,
		      const char *expected, struct rpcs_prefix *ret_prefix)
{
	char quoted[RPCS_QUOTE_TEXT], trimmed[RPCS_PREFIX_TEXT];
	int err = rpcs_prefix_parse(text, ret_prefix);

	if (err == 0)
		return true;
	if (err == -ERANGE) {
		prefix_trim(text, trimmed);
		rpcs_loader_mistake(loader, node, "%s has bits set behind its length; expected %s",
				    rpcs_quote_format(text, quoted), trimmed);
	} else {
		rpcs_loader_mistake(loader, node, "%s is no address or prefix; expected %s",
				    rpcs_quote_format(text, quoted), expected);
	}
	return false;
}

static int net_name_compare(const void *name, const void *entry)
{
	return strcmp(name, ((const struct rpcs_net_entry *)entry)->name);
}

static int program_name_compare(const void *name, const void *entry)
{
	return strcmp(name, ((const struct rpcs_program_entry *)entry)->name);
}

/** The index of a named set of networks, or NOT_THERE. */
static int64_t net_find(const struct rpcs_policy *policy, const char *name)
{
	const struct rpcs_net_entry *found;

	if (strcmp(name, "home") == 0)
		return RPCS_NET_HOME;
	/* The named ones lie behind `home`, sorted; those without a name behind them. */
	found = bsearch(name, policy->nets + 1, policy->sorted_nets, sizeof(*policy->nets),
			net_name_compare);
	return found ? found - policy->nets : NOT_THERE;
}

static int64_t program_set_find(const struct rpcs_policy *policy, const char *name)
{
	const struct rpcs_program_entry *found = NULL;

	if (policy->sorted_programs)
		found = bsearch(name, policy->programs, policy->sorted_programs,
				sizeof(*policy->programs), program_name_compare);
	return found ? found - policy->programs : NOT_THERE;
}

static bool ref_add(struct rpcs_loader *loader, uint32_t **refs, uint32_t *count, uint32_t *size,
		    uint32_t index)
{
	if (!rpcs_loader_try(loader, rpcs_array_grow(refs, *count, size, sizeof(**refs))))
		return false;
	(*refs)[(*count)++] = index;
	return true;
}

static bool net_ref_add(struct rpcs_loader *loader, uint32_t index)
{
	struct rpcs_policy *policy = loader->policy;

	return ref_add(loader, &policy->net_refs, &policy->net_ref_count, &policy->net_ref_size,
		       index);
}

static bool program_ref_add(struct rpcs_loader *loader, uint32_t index)
{
	struct rpcs_policy *policy = loader->policy;

	return ref_add(loader, &policy->program_refs, &policy->program_ref_count,
		       &policy->program_ref_size, index);
}

/** A list that must hold something, or one value; false after telling the mistake. */
static bool list_check(struct rpcs_loader *loader, uint32_t node, bool may_be_empty,
		       const char *expected)
{
	const struct rpcs_node *n = rpcs_tree_node(loader->tree, node);

	if (n->kind == RPCS_NODE_MAP)
		return rpcs_loader_is(loader, node, RPCS_NODE_LIST, expected);
	if (n->kind == RPCS_NODE_LIST && n->count == 0 && !may_be_empty) {
		rpcs_loader_mistake(loader, node, "empty list; expected %s (without the key: any)",
				    expected);
		return false;
	}
	return n->kind != RPCS_NODE_BAD;
}

/** Digits, dots, colons and hexadecimal letters: meant as an address. */
static bool looks_like_address(const char *text)
{
	return text[strspn(text, "0123456789.")] == '\0' || strpbrk(text, ":/");
}

static void net_unknown(struct rpcs_loader *loader, uint32_t node, const char *text)
{
	char quoted[RPCS_QUOTE_TEXT], hint[RPCS_QUOTE_TEXT + 24];
	struct rpcs_suggestion suggestion;

	rpcs_loader_suggest(loader, &suggestion, text);
	rpcs_suggestion_offer(&suggestion, "home");
	for (uint32_t i = 1; i <= loader->policy->sorted_nets; i++)
		rpcs_suggestion_offer(&suggestion, loader->policy->nets[i].name);
	rpcs_loader_mistake(loader, node,
			    "unknown network %s%s; expected a name in networks, an address or a "
			    "prefix",
			    rpcs_quote_format(text, quoted),
			    rpcs_suggestion_format(&suggestion, hint));
}

void rpcs_net_refs_read(struct rpcs_loader *loader, uint32_t node, bool may_be_empty,
			struct rpcs_refs *ret_refs)
{
	static const char expected[] = "an address, prefix or name in networks, or a list of them";
	struct rpcs_policy *policy = loader->policy;
	struct rpcs_netset own = { 0 };
	struct rpcs_prefix prefix;
	uint32_t first = policy->net_ref_count, index;

	if (!list_check(loader, node, may_be_empty, expected))
		return;
	for (uint32_t i = rpcs_loader_first(loader, node); i;
	     i = rpcs_loader_next(loader, node, i)) {
		const char *text = rpcs_loader_scalar(loader, i, expected);
		int64_t named = text ? net_find(policy, text) : NOT_THERE;

		if (named != NOT_THERE)
			net_ref_add(loader, (uint32_t)named);
		else if (text && rpcs_prefix_parse(text, &prefix) == 0)
			rpcs_loader_try(loader, rpcs_netset_add(&own, &prefix));
		else if (text && looks_like_address(text))
			rpcs_prefix_read(loader, i, text,
					 "one such as 10.0.0.0/8, or a name in networks", &prefix);
		else if (text)
			net_unknown(loader, i, text);
	}
	if (own.count && rpcs_loader_try(loader, rpcs_policy_net_new(policy, NULL, &index))) {
		rpcs_netset_seal(&own);
		policy->nets[index].set = own;
		net_ref_add(loader, index);
	} else {
		rpcs_netset_clear(&own);
	}
	*ret_refs = (struct rpcs_refs){ first, policy->net_ref_count - first, true };
}

/** A program by name or number: 0, -ENOENT, or -ERANGE for a number over 32 bits. */
static int program_parse(const char *text, uint32_t *ret_program)
{
	int err = rpcs_value_number_parse(text, ret_program);

	if (err != -EINVAL)
		return err;
	return rpcs_program_find(text, ret_program) ? 0 : -ENOENT;
}

static void program_unknown(struct rpcs_loader *loader, uint32_t node, const char *text, int err,
			    bool with_sets)
{
	char quoted[RPCS_QUOTE_TEXT], hint[RPCS_QUOTE_TEXT + 24];
	struct rpcs_suggestion suggestion;

	rpcs_quote_format(text, quoted);
	if (err == -ERANGE) {
		rpcs_loader_mistake(loader, node, "program %s is out of range; expected at most %u",
				    quoted, UINT32_MAX);
		return;
	}
	rpcs_loader_suggest(loader, &suggestion, text);
	for (uint32_t i = 0; with_sets && i < loader->policy->sorted_programs; i++)
		rpcs_suggestion_offer(&suggestion, loader->policy->programs[i].name);
	rpcs_program_suggest(&suggestion);
	rpcs_loader_mistake(
		loader, node, "unknown program %s%s; expected %sa known name or a number", quoted,
		rpcs_suggestion_format(&suggestion, hint), with_sets ? "a name in programs, " : "");
}

bool rpcs_program_read(struct rpcs_loader *loader, uint32_t node, uint32_t *ret_program)
{
	const char *text = rpcs_loader_scalar(loader, node, "a program's name or number");
	int err;

	if (!text)
		return false;
	err = program_parse(text, ret_program);
	if (err < 0)
		program_unknown(loader, node, text, err, false);
	return err == 0;
}

void rpcs_program_refs_read(struct rpcs_loader *loader, uint32_t node, bool may_be_empty,
			    struct rpcs_refs *ret_refs)
{
	static const char expected[] = "a program's name or number, a name in programs, or a list "
				       "of them";
	struct rpcs_policy *policy = loader->policy;
	struct rpcs_program_entry own = { 0 };
	uint32_t first = policy->program_ref_count, index, number;

	if (!list_check(loader, node, may_be_empty, expected))
		return;
	for (uint32_t i = rpcs_loader_first(loader, node); i;
	     i = rpcs_loader_next(loader, node, i)) {
		const char *text = rpcs_loader_scalar(loader, i, expected);
		int64_t named = text ? program_set_find(policy, text) : NOT_THERE;
		int err = text ? program_parse(text, &number) : 0;

		if (named != NOT_THERE)
			program_ref_add(loader, (uint32_t)named);
		else if (text && err == 0)
			rpcs_loader_try(loader, rpcs_program_entry_add(&own, number));
		else if (text)
			program_unknown(loader, i, text, err, true);
	}
	if (own.count && rpcs_loader_try(loader, rpcs_policy_program_new(policy, NULL, &index))) {
		rpcs_program_entry_seal(&own);
		policy->programs[index] = own;
		program_ref_add(loader, index);
	} else {
		free(own.numbers);
	}
	*ret_refs = (struct rpcs_refs){ first, policy->program_ref_count - first, true };
}
