// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Another policy behind the same pointer, while everything goes on. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model.h"

/** Adds what was changed in vain; there is room for all of them. */
static void kept_add(struct rpcs_policy_kept *kept, const char *name)
{
	size_t len = strlen(kept->text);

	snprintf(kept->text + len, sizeof(kept->text) - len, "%s%s", len ? ", " : "", name);
}

static bool text_differs(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) != 0 : a != b;
}

/* The value in force goes on, and the new one with the old policy. */
#define KEEP(member, name)                                      \
	do {                                                    \
		__typeof__(now->member) keep_old = now->member; \
		if (now->member != fresh->member)               \
			kept_add(ret_kept, name);               \
		now->member = fresh->member;                    \
		fresh->member = keep_old;                       \
	} while (0)

/** Tables, rings, programs and outputs have their form from the start of the run. */
static void settings_keep(struct rpcs_settings *now, struct rpcs_settings *fresh,
			  struct rpcs_policy_kept *ret_kept)
{
	char *eve = now->alert_eve, *inventory = now->inventory_file;

	if (now->interface_count != fresh->interface_count ||
	    memcmp(now->interfaces, fresh->interfaces, sizeof(now->interfaces)) != 0)
		kept_add(ret_kept, "sensor.interfaces");
	memcpy(fresh->interfaces, now->interfaces, sizeof(now->interfaces));
	fresh->interface_count = now->interface_count;
	KEEP(mode, "sensor.mode");
	KEEP(tunnels, "sensor.tunnels");
	KEEP(ring_size, "sensor.ring_size");
	KEEP(alert_journal, "alerts.journal");
	if (text_differs(eve, fresh->alert_eve))
		kept_add(ret_kept, "alerts.eve");
	now->alert_eve = fresh->alert_eve;
	fresh->alert_eve = eve;
	if (text_differs(inventory, fresh->inventory_file))
		kept_add(ret_kept, "inventory.file");
	now->inventory_file = fresh->inventory_file;
	fresh->inventory_file = inventory;
	KEEP(call_timeout_ns, "timeouts.call");
	KEEP(flow_timeout_ns, "timeouts.flow");
	KEEP(fragment_timeout_ns, "timeouts.fragment");
	KEEP(limit_flows, "limits.flows");
	KEEP(limit_pending_calls, "limits.pending_calls");
	KEEP(limit_sources, "limits.sources");
	KEEP(limit_reassembly, "limits.reassembly");
}

static int name_compare(const void *a, const void *b)
{
	const struct rpcs_rule *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

/** A rule that keeps its name keeps its hits. */
static int hits_carry(const struct rpcs_policy *from, struct rpcs_policy *to)
{
	const struct rpcs_rule **sorted = calloc(from->rule_count + 1UL, sizeof(*sorted));

	if (!sorted)
		return -ENOMEM;
	for (uint32_t i = 0; i < from->rule_count; i++)
		sorted[i] = &from->rules[i];
	if (from->rule_count)
		qsort(sorted, from->rule_count, sizeof(*sorted), name_compare);
	for (uint32_t i = 0; i < to->rule_count && from->rule_count; i++) {
		const struct rpcs_rule *wanted = &to->rules[i];
		const struct rpcs_rule **found =
			bsearch(&wanted, sorted, from->rule_count, sizeof(*sorted), name_compare);

		if (found) {
			to->rules[i].hits = (*found)->hits;
			to->rules[i].suppressed = (*found)->suppressed;
		}
	}
	free(sorted);
	return 0;
}

int rpcs_policy_replace(struct rpcs_policy *policy, struct rpcs_policy **fresh,
			struct rpcs_policy_kept *ret_kept)
{
	struct rpcs_policy *other = *fresh;
	struct rpcs_policy old;
	int err = hits_carry(policy, other);

	if (err)
		return err;
	ret_kept->text[0] = '\0';
	settings_keep(&policy->settings, &other->settings, ret_kept);
	old = *policy;
	*policy = *other;
	*other = old;
	rpcs_policy_use_names(policy);
	rpcs_policy_free(fresh);
	return 0;
}
