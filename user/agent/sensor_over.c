// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Sources over limits.per_source_records: the kernel's counts of them, each second. */
#include <string.h>

#include "../source/over_budget.h"
#include "sensor_state.h"

#define RPCS_SENSOR_OVER_NS RPCS_NSEC_PER_SEC

static void rpcs_sensor_take_over(void *arg, const struct rpcs_over_key *key,
				  const struct rpcs_over_value *value, uint64_t count)
{
	struct rpcs_sensor *sensor = arg;
	/* Of one that had come to rest the first of now is not known. */
	uint64_t first_ns = count == value->count ? value->first_ns : value->last_ns;
	struct rpcs_aggregate aggregate = {
		.tuple = { .sport = value->sport,
			   .dport = value->dport,
			   .protocol = value->protocol },
		.seen = { .time_ns = value->last_ns + sensor->offset_ns,
			  .ifindex = value->ifindex },
		.first_ns = first_ns + sensor->offset_ns,
		.count = count,
		.kind = (enum rpcs_over_kind)key->kind,
		.program = key->program,
		.version = key->version,
		.procedure = key->procedure,
		.about = key->about,
	};

	memcpy(aggregate.tuple.src.bytes, key->whose.source, sizeof(key->whose.source));
	memcpy(aggregate.tuple.dst.bytes, value->server, sizeof(value->server));
	rpcs_pipeline_aggregate(sensor->pipeline, &aggregate);
}

int rpcs_sensor_read_over(struct rpcs_sensor *sensor, const struct rpcs_counters *kernel)
{
	uint64_t now_ns = rpcs_clock_monotonic();
	int err;

	if (now_ns < sensor->next_over_ns ||
	    (kernel->records_over_budget == sensor->over_told && !rpcs_over_is_known(sensor->over)))
		return 0;
	sensor->next_over_ns = now_ns + RPCS_SENSOR_OVER_NS;
	sensor->over_told = kernel->records_over_budget;
	err = rpcs_over_read(sensor->over, now_ns, rpcs_sensor_take_over, sensor);
	rpcs_pipeline_aggregates_end(sensor->pipeline, rpcs_sensor_now(sensor));
	return err;
}

int rpcs_sensor_read_over_last(struct rpcs_sensor *sensor)
{
	return rpcs_over_read_last(sensor->over, rpcs_sensor_take_over, sensor);
}
