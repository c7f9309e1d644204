// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The object `stats` of an EVE line. */
#include "../base/clock.h"
#include "eve_objects.h"

/* A line holds so many rules; those that decided nothing are left out. */
enum { STATS_RULES_MAX = 1024 };

static void eve_rules(struct rpcs_json *json, const struct rpcs_stats *stats)
{
	uint32_t i, told = 0, left_off = 0;

	rpcs_json_open(json, "rules", '[');
	for (i = 0; i < stats->rule_count; i++) {
		const struct rpcs_rule_hits *rule = &stats->rules[i];

		if (!rule->hits && !rule->suppressed)
			continue;
		if (told++ >= STATS_RULES_MAX) {
			left_off++;
			continue;
		}
		rpcs_json_open(json, NULL, '{');
		rpcs_json_uint(json, "rule", i + 1);
		rpcs_json_string(json, "name", rule->name);
		rpcs_json_uint(json, "hits", rule->hits + rule->suppressed);
		rpcs_json_uint(json, "suppressed", rule->suppressed);
		rpcs_json_close(json, '}');
	}
	rpcs_json_close(json, ']');
	if (left_off)
		rpcs_json_uint(json, "rules_left_off", left_off);
}

void rpcs_eve_stats(struct rpcs_json *json, const struct rpcs_stats *stats)
{
	rpcs_json_open(json, "stats", '{');
	rpcs_json_uint(json, "uptime", stats->uptime_ns / RPCS_NSEC_PER_SEC);
	rpcs_json_open(json, "capture", '{');
	rpcs_json_uint(json, "kernel_packets", stats->kernel_packets);
	rpcs_json_uint(json, "kernel_drops", stats->kernel_drops);
	rpcs_json_close(json, '}');
	rpcs_json_open(json, "kernel", '{');
#define X(name, help) rpcs_json_uint(json, #name, stats->kernel.name);
	RPCS_COUNTERS(X)
#undef X
#define X(name, help) rpcs_json_uint(json, "packet_" #name, stats->kernel.packet_##name);
	RPCS_PACKET_RESULTS(X)
#undef X
#define X(name, help) rpcs_json_uint(json, "fallback_" #name, stats->kernel.fallback_##name);
	RPCS_FALLBACKS(X)
#undef X
	rpcs_json_close(json, '}');
	rpcs_json_open(json, "agent", '{');
#define X(name, help) rpcs_json_uint(json, #name, stats->agent.name);
	RPCS_AGENT_COUNTERS(X)
#undef X
	rpcs_json_close(json, '}');
	if (stats->rules)
		eve_rules(json, stats);
	rpcs_json_close(json, '}');
}
