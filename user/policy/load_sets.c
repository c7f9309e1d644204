// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The sections `networks` and `programs`: sets with names. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "programs.h"
#include "resolve.h"
#include "sections.h"

static bool name_is_valid(const char *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
	static const char rest[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"
				   "0123456789.-";

	return name[0] && strchr(letters, name[0]) && name[strspn(name, rest)] == '\0' &&
	       strlen(name) < RPCS_POLICY_NAME_MAX;
}

/** The name of the set that begins at `key`, or NULL after telling the mistake. */
static const char *set_name(struct rpcs_loader *loader, uint32_t key)
{
	const struct rpcs_node *node = rpcs_tree_node(loader->tree, key);
	const char *name;
	char quoted[RPCS_QUOTE_TEXT];

	if (node->kind != RPCS_NODE_SCALAR)
		return NULL;
	name = rpcs_tree_text(loader->tree, node);
	if (name_is_valid(name))
		return name;
	rpcs_loader_mistake(loader, key,
			    "%s can't name a set; expected a letter, then letters, digits, "
			    "'_', '.' or '-', %d at most",
			    rpcs_quote_format(name, quoted), RPCS_POLICY_NAME_MAX - 1);
	return NULL;
}

static void network_read(struct rpcs_loader *loader, const char *name, uint32_t value)
{
	static const char expected[] = "an address or prefix, or a list of them";
	struct rpcs_policy *policy = loader->policy;
	uint32_t index = RPCS_NET_HOME;
	struct rpcs_prefix prefix;

	if (strcmp(name, "home") == 0) {
		policy->home_set = true;
	} else {
		char *copy = rpcs_loader_copy(loader, name);

		if (!copy || !rpcs_loader_try(loader, rpcs_policy_net_new(policy, copy, &index))) {
			free(copy);
			return;
		}
	}
	policy->named_nets++;
	if (rpcs_tree_node(loader->tree, value)->kind == RPCS_NODE_MAP) {
		rpcs_loader_is(loader, value, RPCS_NODE_LIST, expected);
		return;
	}
	for (uint32_t i = rpcs_loader_first(loader, value); i;
	     i = rpcs_loader_next(loader, value, i)) {
		const char *text = rpcs_loader_scalar(loader, i, expected);

		if (text &&
		    rpcs_prefix_read(loader, i, text,
				     "one such as 10.2.0.10, 10.0.0.0/8 or fd00::/8", &prefix))
			rpcs_loader_try(loader, rpcs_netset_add(&policy->nets[index].set, &prefix));
	}
	rpcs_netset_seal(&policy->nets[index].set);
}

static void program_set_read(struct rpcs_loader *loader, const char *name, uint32_t value)
{
	static const char expected[] = "a program's name or number, or a list of them";
	struct rpcs_policy *policy = loader->policy;
	char *copy = rpcs_loader_copy(loader, name);
	uint32_t index, program;

	if (!copy || !rpcs_loader_try(loader, rpcs_policy_program_new(policy, copy, &index))) {
		free(copy);
		return;
	}
	policy->named_programs++;
	if (rpcs_tree_node(loader->tree, value)->kind == RPCS_NODE_MAP) {
		rpcs_loader_is(loader, value, RPCS_NODE_LIST, expected);
		return;
	}
	for (uint32_t i = rpcs_loader_first(loader, value); i;
	     i = rpcs_loader_next(loader, value, i)) {
		if (rpcs_program_read(loader, i, &program))
			rpcs_loader_try(loader,
					rpcs_program_entry_add(&policy->programs[index], program));
	}
	rpcs_program_entry_seal(&policy->programs[index]);
}

typedef void (*set_fn)(struct rpcs_loader *loader, const char *name, uint32_t value);

static void sets_read(struct rpcs_loader *loader, uint32_t node, const char *expected, set_fn read)
{
	if (!rpcs_loader_is(loader, node, RPCS_NODE_MAP, expected))
		return;
	for (uint32_t key = rpcs_tree_node(loader->tree, node)->first; key;) {
		uint32_t value = rpcs_tree_node(loader->tree, key)->next;
		const char *name = set_name(loader, key);

		if (name)
			read(loader, name, value);
		key = rpcs_tree_node(loader->tree, value)->next;
	}
}

void rpcs_networks_read(struct rpcs_loader *loader, uint32_t node, void *base)
{
	(void)base;
	sets_read(loader, node, "a map of names to lists of addresses and prefixes", network_read);
}

void rpcs_programs_read(struct rpcs_loader *loader, uint32_t node, void *base)
{
	(void)base;
	sets_read(loader, node, "a map of names to lists of programs", program_set_read);
}

static int net_compare(const void *a, const void *b)
{
	const struct rpcs_net_entry *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static int program_compare(const void *a, const void *b)
{
	const struct rpcs_program_entry *x = a, *y = b;

	return strcmp(x->name, y->name);
}

void rpcs_sets_seal(struct rpcs_policy *policy)
{
	/* `home` keeps its place in front. */
	policy->sorted_nets = policy->net_count - 1;
	policy->sorted_programs = policy->program_count;
	if (policy->sorted_nets)
		qsort(policy->nets + 1, policy->sorted_nets, sizeof(*policy->nets), net_compare);
	if (policy->sorted_programs)
		qsort(policy->programs, policy->program_count, sizeof(*policy->programs),
		      program_compare);
}
