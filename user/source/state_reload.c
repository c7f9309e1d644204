// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The kernel's programs follow another policy: by descriptors, so without any right. */
#include <bpf/bpf.h>
#include <errno.h>

#include "../policy/rule_hits.h"
#include "budget.h"
#include "ports.h"
#include "state.h"
#include "suppress_map.h"

static void ports_reload(struct rpcs_state *state, const struct rpcs_settings *settings)
{
	struct rpcs_ports ports = { 0 };

	rpcs_ports_fill(&ports, settings->ports, settings->port_count, settings->any_port,
			settings->tunnels);
	rpcs_budget_fill(&ports, settings->limit_per_source_records);
	rpcs_ports_replace(rpcs_state_ports(state), &ports);
}

/** Adds first: no program of both sets is missing at any moment. */
static int sensitive_reload(int map_fd, const struct rpcs_policy *policy)
{
	const uint8_t one = 1;
	uint32_t count, i, key, next, *at = NULL;
	const uint32_t *programs = rpcs_policy_sensitive(policy, &count);

	for (i = 0; i < count; i++)
		if (bpf_map_update_elem(map_fd, &programs[i], &one, BPF_ANY))
			return -errno;
	while (!bpf_map_get_next_key(map_fd, at, &next)) {
		/* The key in hand must stay until the one behind it is known. */
		if (at && !rpcs_policy_is_sensitive(policy, key))
			bpf_map_delete_elem(map_fd, &key);
		key = next;
		at = &key;
	}
	if (at && !rpcs_policy_is_sensitive(policy, key))
		bpf_map_delete_elem(map_fd, &key);
	return 0;
}

int rpcs_state_reload(const struct rpcs_state_fds *fds, struct rpcs_state *state,
		      const struct rpcs_policy *policy)
{
	const struct rpcs_suppress_entry *list;
	uint32_t count;
	int err;

	/* The old list's rules have the numbers of the old policy. */
	err = rpcs_suppress_replace(fds->suppress, fds->sieve, NULL, 0);
	if (err)
		return err;
	rpcs_rule_hits_begin(policy, rpcs_state_rules(state));
	ports_reload(state, rpcs_policy_settings(policy));
	err = sensitive_reload(fds->sensitive, policy);
	list = rpcs_policy_suppress_list(policy, &count);
	return err ? err : rpcs_suppress_replace(fds->suppress, fds->sieve, list, count);
}
