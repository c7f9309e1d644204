// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A loaded policy: its parts, what it answers, its end. */
#include "policy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "known.h"
#include "model.h"
#include "summary.h"
#include "suppress.h"

int rpcs_array_grow(void *array, uint32_t count, uint32_t *size, size_t item_size)
{
	void **items = array;
	uint32_t grown_size = *size ? 2 * *size : 8;
	void *grown;

	if (count < *size)
		return 0;
	if (grown_size < *size)
		return -ENOMEM;
	grown = reallocarray(*items, grown_size, item_size);
	if (!grown)
		return -ENOMEM;
	*items = grown;
	*size = grown_size;
	return 0;
}

int rpcs_policy_net_new(struct rpcs_policy *policy, char *name, uint32_t *ret_index)
{
	int err = rpcs_array_grow(&policy->nets, policy->net_count, &policy->net_size,
				  sizeof(*policy->nets));

	if (err < 0)
		return err;
	policy->nets[policy->net_count] = (struct rpcs_net_entry){ .name = name };
	*ret_index = policy->net_count++;
	return 0;
}

int rpcs_policy_program_new(struct rpcs_policy *policy, char *name, uint32_t *ret_index)
{
	int err = rpcs_array_grow(&policy->programs, policy->program_count, &policy->program_size,
				  sizeof(*policy->programs));

	if (err < 0)
		return err;
	policy->programs[policy->program_count] = (struct rpcs_program_entry){ .name = name };
	*ret_index = policy->program_count++;
	return 0;
}

int rpcs_program_entry_add(struct rpcs_program_entry *entry, uint32_t number)
{
	int err = rpcs_array_grow(&entry->numbers, entry->count, &entry->size,
				  sizeof(*entry->numbers));

	if (err < 0)
		return err;
	entry->numbers[entry->count++] = number;
	return 0;
}

static int number_compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

void rpcs_program_entry_seal(struct rpcs_program_entry *entry)
{
	if (entry->count)
		qsort(entry->numbers, entry->count, sizeof(*entry->numbers), number_compare);
}

bool rpcs_program_entry_contains(const struct rpcs_program_entry *entry, uint32_t number)
{
	return entry->count && bsearch(&number, entry->numbers, entry->count,
				       sizeof(*entry->numbers), number_compare);
}

void rpcs_string_list_clear(struct rpcs_string_list *list)
{
	for (uint32_t i = 0; i < list->count; i++)
		free(list->items[i]);
	free(list->items);
	*list = (struct rpcs_string_list){ 0 };
}

static void host_logs_clear(struct rpcs_host_logs *logs)
{
	rpcs_string_list_clear(&logs->files);
	for (uint32_t i = 0; i < logs->pattern_count; i++) {
		free(logs->patterns[i].name);
		free(logs->patterns[i].regex);
		rpcs_string_list_clear(&logs->patterns[i].fields);
	}
	free(logs->patterns);
}

static void sets_clear(struct rpcs_policy *policy)
{
	for (uint32_t i = 0; i < policy->net_count; i++) {
		free(policy->nets[i].name);
		rpcs_netset_clear(&policy->nets[i].set);
	}
	free(policy->nets);
	for (uint32_t i = 0; i < policy->program_count; i++) {
		free(policy->programs[i].name);
		free(policy->programs[i].numbers);
	}
	free(policy->programs);
	free(policy->net_refs);
	free(policy->program_refs);
	free(policy->sensitive.numbers);
}

void rpcs_policy_free(struct rpcs_policy **policy)
{
	struct rpcs_policy *p = *policy;

	if (!p)
		return;
	free(p->settings.alert_eve);
	free(p->settings.inventory_file);
	sets_clear(p);
	for (uint32_t i = 0; i < p->rule_count; i++)
		free(p->rules[i].name);
	free(p->rules);
	rpcs_rule_index_clear(&p->index);
	rpcs_known_programs_clear(p);
	rpcs_suppress_clear(p);
	host_logs_clear(&p->host_logs);
	free(p);
	*policy = NULL;
}

const struct rpcs_settings *rpcs_policy_settings(const struct rpcs_policy *policy)
{
	return &policy->settings;
}

void rpcs_policy_set_any_port(struct rpcs_policy *policy, enum rpcs_any_port any_port)
{
	policy->settings.any_port = any_port;
}

bool rpcs_policy_home_is_set(const struct rpcs_policy *policy)
{
	return policy->home_set;
}

int rpcs_policy_home_default(struct rpcs_policy *policy, const struct rpcs_prefix *prefixes,
			     size_t count)
{
	struct rpcs_netset set = { 0 };

	if (policy->home_set)
		return 0;
	for (size_t i = 0; i < count; i++) {
		if (rpcs_netset_add(&set, &prefixes[i]) < 0) {
			rpcs_netset_clear(&set);
			return -ENOMEM;
		}
	}
	rpcs_netset_seal(&set);
	rpcs_netset_clear(&policy->nets[RPCS_NET_HOME].set);
	policy->nets[RPCS_NET_HOME].set = set;
	return rpcs_suppress_build(policy);
}

bool rpcs_policy_is_home(const struct rpcs_policy *policy, const struct rpcs_address *address)
{
	return rpcs_netset_contains(&policy->nets[RPCS_NET_HOME].set, address) ||
	       (!policy->home_set &&
		(rpcs_address_is_link_local(address) || rpcs_address_is_loopback(address)));
}

bool rpcs_policy_is_server(const struct rpcs_policy *policy, const struct rpcs_address *address)
{
	for (uint32_t i = 0; i < policy->net_count; i++)
		if (policy->nets[i].name && strcmp(policy->nets[i].name, "servers") == 0)
			return rpcs_netset_contains(&policy->nets[i].set, address);
	return false;
}

bool rpcs_policy_is_sensitive(const struct rpcs_policy *policy, uint32_t program)
{
	return rpcs_program_entry_contains(&policy->sensitive, program);
}

const uint32_t *rpcs_policy_sensitive(const struct rpcs_policy *policy, uint32_t *ret_count)
{
	*ret_count = policy->sensitive.count;
	return policy->sensitive.numbers;
}

bool rpcs_policy_is_direct_ok(const struct rpcs_policy *policy, uint32_t program, uint16_t port)
{
	for (uint32_t i = 0; i < policy->direct_ok_count; i++)
		if (policy->direct_ok[i].program == program && policy->direct_ok[i].port == port)
			return true;
	return false;
}

uint32_t rpcs_policy_rule_count(const struct rpcs_policy *policy)
{
	return policy->rule_count;
}

const char *rpcs_policy_rule_name(const struct rpcs_policy *policy, uint32_t rule)
{
	return rule < policy->rule_count ? policy->rules[rule].name : NULL;
}

uint64_t rpcs_policy_rule_hits(const struct rpcs_policy *policy, uint32_t rule)
{
	return rule < policy->rule_count ? policy->rules[rule].hits : 0;
}

void rpcs_policy_summary(const struct rpcs_policy *policy, struct rpcs_policy_summary *ret_summary)
{
	*ret_summary = (struct rpcs_policy_summary){
		.rules = policy->rule_count,
		.networks = policy->named_nets,
		.programs = policy->named_programs,
		.host_logs = policy->host_logs.given,
		.condition = policy->condition.given,
		.response = policy->response.given,
	};
}
