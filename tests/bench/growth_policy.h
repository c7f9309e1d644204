/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The kinds of points that bench_growth measures, and the policy that each has. */
#ifndef RPCSENTRY_TESTS_BENCH_GROWTH_POLICY_H
#define RPCSENTRY_TESTS_BENCH_GROWTH_POLICY_H

#include <stdio.h>
#include <stdlib.h>

#include "policy/policy.h"

enum {
	/* The first address that a policy names: 10.64.0.0. */
	GROWTH_ADDRESS = 0x0a400000,
	GROWTH_TEXT_BYTES = 16 << 20,
};

enum growth_kind { CLIENTS_KIND, FLOWS, PENDING, SOURCES, RULES, ADDRESSES, SHARED, MEMORY, KINDS };

static inline void growth_die(const char *what, const char *why)
{
	fprintf(stderr, "bench_growth: %s: %s\n", what, why);
	exit(1);
}

static inline size_t growth_rules(enum growth_kind kind, uint32_t number, char *text, size_t room)
{
	const char *before = kind == RULES    ? "- {calls: GETPORT, clients: "
			     : kind == SHARED ? "- {calls: GETPORT, clients: home, servers: "
					      : "";
	const char *after = kind == ADDRESSES ? "," : "}\n";
	size_t len = 0;
	uint32_t i;

	if (kind != RULES && kind != ADDRESSES && kind != SHARED)
		return 0;
	if (kind == ADDRESSES)
		len += (size_t)snprintf(text, room, "- {calls: GETPORT, clients: [");
	for (i = 0; i < number && len < room; i++) {
		uint32_t n = GROWTH_ADDRESS + i;

		len += (size_t)snprintf(text + len, room - len, "%s%u.%u.%u.%u%s", before, n >> 24,
					n >> 16 & 255, n >> 8 & 255, n & 255, after);
	}
	if (kind == ADDRESSES && len < room)
		len += (size_t)snprintf(text + len, room - len, "]}\n");
	return len;
}

/** The policy of a point; ends the program where there can be none. */
static inline struct rpcs_policy *growth_policy(enum growth_kind kind, uint32_t number,
						uint32_t entries, bool detections)
{
	static struct rpcs_policy_errors errors;
	struct rpcs_policy *policy = NULL;
	char *text = malloc(GROWTH_TEXT_BYTES);
	enum rpcs_detection_id id;
	size_t len;

	if (!text)
		growth_die("policy", "out of memory");
	len = (size_t)snprintf(text, GROWTH_TEXT_BYTES,
			       "networks: {home: [10.0.0.0/8]}\n"
			       "limits: {flows: %u, pending_calls: %u, sources: %u}\n%s",
			       entries, entries, entries, detections ? "" : "detections:\n");
	for (id = 0; !detections && id < RPCS_D__MAX; id++)
		len += (size_t)snprintf(text + len, GROWTH_TEXT_BYTES - len,
					"  %s: {enabled: false}\n", rpcs_detection_info(id)->name);
	len += (size_t)snprintf(text + len, GROWTH_TEXT_BYTES - len, "allow:\n");
	len += growth_rules(kind, number, text + len, GROWTH_TEXT_BYTES - len);
	if (len < GROWTH_TEXT_BYTES)
		len += (size_t)snprintf(text + len, GROWTH_TEXT_BYTES - len,
					"- {calls: GETPORT, clients: home}\n");
	if (len >= GROWTH_TEXT_BYTES)
		growth_die("policy", "too long");
	if (rpcs_policy_parse(text, len, &policy, &errors))
		growth_die("policy", errors.total ? errors.list[0].text : "out of memory");
	free(text);
	return policy;
}

#endif
