// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The sensor's clock when the host's is set: what has passed stays, and all else follows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <rpcsentry/portmap.h>
#include <rpcsentry/record.h>

#include "agent/sensor_state.h"

enum { HOUR_S = 3600 };

/* A sink that keeps the time of the last alert. */
struct watch {
	struct rpcs_sink sink;
	uint64_t alert_ns;
};

static int watch_alert(struct rpcs_sink *sink, const struct rpcs_alert *alert)
{
	((struct watch *)(void *)sink)->alert_ns = alert->time_ns;
	return 0;
}

static struct watch watch = { .sink.alert = watch_alert };
static struct rpcs_sink *sinks[] = { &watch.sink };

static void sensor_open(struct rpcs_sensor *sensor, struct rpcs_policy **policy)
{
	static struct rpcs_policy_errors errors;
	static const char text[] = "allow: []\n";
	struct rpcs_pipeline_options options = { .sinks = sinks, .sink_count = 1 };

	assert_int_equal(rpcs_policy_parse(text, strlen(text), policy, &errors), 0);
	*sensor = (struct rpcs_sensor){ .offset_ns = rpcs_clock_monotonic_offset() };
	sensor->start_ns = rpcs_sensor_now(sensor);
	sensor->next_stats_ns = sensor->start_ns + RPCS_NSEC_PER_SEC;
	options.policy = *policy;
	options.monotonic_offset_ns = sensor->offset_ns;
	sensor->pipeline = rpcs_pipeline_new(&options);
	assert_non_null(sensor->pipeline);
}

/* A record of this moment, as the kernel stamps it; the time that its alert has. */
static uint64_t dump_now(struct rpcs_sensor *sensor, uint64_t now_ns)
{
	struct rpcs_record_rpc record = {
		.head = { .kind = RPCS_RECORD_CALL,
			  .abi = RPCS_RECORD_ABI,
			  .protocol = RPCS_IP_UDP,
			  .dport = 111,
			  .src = { [10] = 0xff, 0xff, 203, 0, 113, 9 },
			  .dst = { [10] = 0xff, 0xff, 10, 0, 0, 1 },
			  .time_ns = now_ns },
		.message_len = 40,
		.call = { 2, RPCS_PORTMAP_PROGRAM, 2, RPCS_PORTMAP_DUMP },
	};

	watch.alert_ns = 0;
	record.xid = (uint32_t)now_ns;
	rpcs_pipeline_record(sensor->pipeline, &record, sizeof(record), NULL);
	return watch.alert_ns;
}

static void sensor_close(struct rpcs_sensor *sensor, struct rpcs_policy **policy)
{
	rpcs_pipeline_free(&sensor->pipeline);
	rpcs_policy_free(policy);
}

static void steps(int64_t moved)
{
	struct rpcs_policy *policy;
	struct rpcs_sensor sensor;
	uint64_t offset, start, now = rpcs_clock_monotonic();

	sensor_open(&sensor, &policy);
	offset = sensor.offset_ns;
	start = sensor.start_ns;
	assert_int_equal(dump_now(&sensor, now), now + offset);
	rpcs_sensor_clock(&sensor, offset + (uint64_t)moved);
	assert_int_equal(sensor.offset_ns, offset + (uint64_t)moved);
	assert_int_equal(sensor.start_ns, start + (uint64_t)moved);
	assert_int_equal(sensor.next_stats_ns, start + (uint64_t)moved + RPCS_NSEC_PER_SEC);
	now += (HOUR_S + 1) * RPCS_NSEC_PER_SEC; /* an alert of its own */
	assert_int_equal(dump_now(&sensor, now), now + offset + (uint64_t)moved);
	sensor_close(&sensor, &policy);
}

static void a_step_forward(void **state)
{
	(void)state;
	steps(8 * HOUR_S * (int64_t)RPCS_NSEC_PER_SEC);
}

static void a_step_back(void **state)
{
	(void)state;
	steps(-(int64_t)RPCS_NSEC_PER_SEC / 2);
}

static void jitter_is_left(void **state)
{
	struct rpcs_policy *policy;
	struct rpcs_sensor sensor;
	uint64_t offset;

	(void)state;
	sensor_open(&sensor, &policy);
	offset = sensor.offset_ns;
	rpcs_sensor_clock(&sensor, offset + 10 * RPCS_NSEC_PER_MSEC);
	rpcs_sensor_clock(&sensor, offset - 10 * RPCS_NSEC_PER_MSEC);
	assert_int_equal(sensor.offset_ns, offset);
	rpcs_sensor_clock(&sensor, offset + 10 * RPCS_NSEC_PER_MSEC + 1);
	assert_int_equal(sensor.offset_ns, offset + 10 * RPCS_NSEC_PER_MSEC + 1);
	sensor_close(&sensor, &policy);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_step_forward),
		cmocka_unit_test(a_step_back),
		cmocka_unit_test(jitter_is_left),
	};

	return cmocka_run_group_tests_name("agent/sensor clock", tests, NULL, NULL);
}
