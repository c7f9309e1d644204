// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The section `allow`: rules, in the file's order. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "call_names.h"
#include "sections.h"

static void calls_read(struct rpcs_loader *loader, uint32_t node, void *base)
{
	static const char expected[] =
		"GETPORT, DUMP, NULL, SET, UNSET, CALLIT, another procedure, "
		"=PROCEDURE, DIRECT or all, or a list of them";
	struct rpcs_rule *rule = base;
	const struct rpcs_node *n = rpcs_tree_node(loader->tree, node);
	char quoted[RPCS_QUOTE_TEXT], hint[RPCS_QUOTE_TEXT + 24];

	if (n->kind == RPCS_NODE_MAP || (n->kind == RPCS_NODE_LIST && n->count == 0)) {
		rpcs_loader_mistake(loader, node, "%s; expected %s",
				    n->kind == RPCS_NODE_MAP ? "a map here" : "empty list",
				    expected);
		return;
	}
	rule->calls = 0;
	for (uint32_t i = rpcs_loader_first(loader, node); i;
	     i = rpcs_loader_next(loader, node, i)) {
		const char *text = rpcs_loader_scalar(loader, i, expected);
		uint32_t calls = text ? rpcs_call_names_parse(text) : 0;
		struct rpcs_suggestion suggestion;

		rule->calls |= calls;
		if (calls != RPCS_CALLS_ALL)
			rule->calls_named |= calls;
		if (!text || calls)
			continue;
		rpcs_loader_suggest(loader, &suggestion, text);
		rpcs_call_names_suggest(&suggestion);
		rpcs_loader_mistake(loader, i, "unknown call %s%s; expected %s",
				    rpcs_quote_format(text, quoted),
				    rpcs_suggestion_format(&suggestion, hint), expected);
	}
}

static void clients_read(struct rpcs_loader *loader, uint32_t node, void *base)
{
	rpcs_net_refs_read(loader, node, false, &((struct rpcs_rule *)base)->clients);
}

static void servers_read(struct rpcs_loader *loader, uint32_t node, void *base)
{
	rpcs_net_refs_read(loader, node, false, &((struct rpcs_rule *)base)->servers);
}

static void rule_programs_read(struct rpcs_loader *loader, uint32_t node, void *base)
{
	rpcs_program_refs_read(loader, node, false, &((struct rpcs_rule *)base)->programs);
}

static void suppress_read(struct rpcs_loader *loader, uint32_t node, void *base)
{
	struct rpcs_rule *rule = base;
	const char *text = rpcs_loader_scalar(loader, node, "kernel");
	char quoted[RPCS_QUOTE_TEXT];

	if (!text)
		return;
	if (strcmp(text, "kernel") != 0) {
		rpcs_loader_mistake(loader, node, "unknown value %s; expected kernel",
				    rpcs_quote_format(text, quoted));
		return;
	}
	rule->suppress = true;
	rule->suppress_node = node;
}

static const char *const outcomes[] = { "any", "answered", "unanswered", NULL };

static const struct rpcs_field rule_fields[] = {
	{ "name", RPCS_FIELD_STRING, .offset = offsetof(struct rpcs_rule, name),
	  .max = RPCS_POLICY_NAME_MAX - 1 },
	{ "calls", RPCS_FIELD_CUSTOM, .read = calls_read },
	{ "clients", RPCS_FIELD_CUSTOM, .read = clients_read },
	{ "servers", RPCS_FIELD_CUSTOM, .read = servers_read },
	{ "programs", RPCS_FIELD_CUSTOM, .read = rule_programs_read },
	{ "outcome", RPCS_FIELD_CHOICE, .offset = offsetof(struct rpcs_rule, outcome),
	  .choices = outcomes },
	{ "log", RPCS_FIELD_BOOL, .offset = offsetof(struct rpcs_rule, log) },
	{ "suppress", RPCS_FIELD_CUSTOM, .read = suppress_read },
};

static const struct rpcs_schema rule_schema =
	RPCS_SCHEMA("a rule: a map of name, calls, clients, servers, programs, outcome, log and "
		    "suppress",
		    rule_fields);

void rpcs_allow_read(struct rpcs_loader *loader, uint32_t node, void *base)
{
	struct rpcs_policy *policy = base;

	if (!rpcs_loader_is(loader, node, RPCS_NODE_LIST, "a list of rules"))
		return;
	for (uint32_t i = rpcs_tree_node(loader->tree, node)->first; i;
	     i = rpcs_tree_node(loader->tree, i)->next) {
		struct rpcs_rule rule = { .calls = RPCS_CALLS_DEFAULT, .log = true };
		char name[RPCS_POLICY_NAME_MAX];

		rpcs_schema_read(loader, &rule_schema, i, &rule);
		if (!rule.name) {
			snprintf(name, sizeof(name), "rule-%u", policy->rule_count + 1);
			rule.name = rpcs_loader_copy(loader, name);
		}
		if (!rpcs_loader_try(loader, rpcs_array_grow(&policy->rules, policy->rule_count,
							     &policy->rule_size, sizeof(rule)))) {
			free(rule.name);
			return;
		}
		policy->rules[policy->rule_count++] = rule;
	}
}

/** Everything in response.trust as one set; `home` apart while its prefixes aren't known. */
static bool trust_collect(struct rpcs_loader *loader, struct rpcs_netset *trust)
{
	const struct rpcs_policy *policy = loader->policy;
	const struct rpcs_refs *refs = &policy->response.trust;
	bool has_home = false;

	for (uint32_t i = 0; i < refs->count; i++) {
		uint32_t index = policy->net_refs[refs->first + i];

		has_home |= index == RPCS_NET_HOME;
		rpcs_loader_try(loader, rpcs_netset_add_set(trust, &policy->nets[index].set));
	}
	rpcs_netset_seal(trust);
	return has_home;
}

static bool clients_are_trusted(const struct rpcs_policy *policy, const struct rpcs_rule *rule,
				const struct rpcs_netset *trust, bool home_is_trusted)
{
	if (!rule->clients.given)
		return false;
	for (uint32_t i = 0; i < rule->clients.count; i++) {
		uint32_t index = policy->net_refs[rule->clients.first + i];
		bool trusted = index == RPCS_NET_HOME && !policy->home_set
				       ? home_is_trusted
				       : rpcs_netset_covers(trust, &policy->nets[index].set);

		if (!trusted)
			return false;
	}
	return true;
}

void rpcs_suppress_check(struct rpcs_loader *loader)
{
	const struct rpcs_policy *policy = loader->policy;
	struct rpcs_netset trust = { 0 };
	bool has_home = trust_collect(loader, &trust);

	for (uint32_t i = 0; i < policy->rule_count; i++) {
		const struct rpcs_rule *rule = &policy->rules[i];

		if (!rule->suppress)
			continue;
		if (!clients_are_trusted(policy, rule, &trust, has_home))
			rpcs_loader_mistake(loader, rule->suppress_node,
					    "suppress: kernel for clients outside response.trust "
					    "(anybody can forge their UDP calls); expected clients "
					    "inside response.trust");
		else if (rule->outcome != RPCS_WANT_ANY)
			rpcs_loader_mistake(loader, rule->suppress_node,
					    "suppress: kernel with an outcome, which the kernel "
					    "can't wait for; expected one of the two");
	}
	rpcs_netset_clear(&trust);
}
