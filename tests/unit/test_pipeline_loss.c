// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Losses on their way through the pipeline: the end of a run tells what was held back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "pipeline_rig.h"

#define NOW_NS (1795310157ULL * RPCS_NSEC_PER_SEC)

static uint32_t alerts;
static struct rpcs_alert last;

static int count_alert(struct rpcs_sink *sink, const struct rpcs_alert *alert)
{
	(void)sink;
	assert_int_equal(alert->detection, RPCS_D_SENSOR_LOSS);
	alerts++;
	last = *alert;
	return 0;
}

static void the_end_tells_what_was_held_back(void **state)
{
	static struct rpcs_policy_errors errors;
	static const char text[] = "allow: []\n";
	struct rpcs_sink sink = { .alert = count_alert };
	struct rpcs_sink *sinks[] = { &sink };
	struct rpcs_pipeline_options options = { .sinks = sinks, .sink_count = 1 };
	struct rpcs_counters kernel = { 0 };
	struct rpcs_pipeline *pipeline;

	(void)state;
	assert_int_equal(rpcs_policy_parse(text, strlen(text), &options.policy, &errors), 0);
	pipeline = rpcs_pipeline_new(&options);
	assert_non_null(pipeline);
	rpcs_pipeline_loss(pipeline, &kernel, 1, NOW_NS);
	kernel.records_lost = 500;
	rpcs_pipeline_loss(pipeline, &kernel, 1, NOW_NS + RPCS_NSEC_PER_SEC);
	assert_int_equal(alerts, 1);
	rpcs_pipeline_finish(pipeline);
	assert_int_equal(alerts, 2);
	assert_int_equal(last.time_ns, NOW_NS + RPCS_NSEC_PER_SEC);
	rpcs_pipeline_free(&pipeline);
	rpcs_policy_free(&options.policy);
}

/* One record at `seq` of a stream that never sees what lies before it. */
static void tcp_call(uint32_t xid, uint32_t seq)
{
	struct test_frame f;

	frame_tcp4(&f, seq, RPCS_TCP_ACK);
	frame_mark(&f);
	frame_call(&f, xid, RPCS_PORTMAP_PROGRAM, 2, PROC_GETPORT);
	frame_mapping(&f, 100005, 3, 17, 0);
	feed_at(&f, NOW_NS);
}

/* Calls that only the end lets out of a stream push others out: that is told as well. */
static void the_end_tells_what_it_evicts(void **state)
{
	struct rpcs_sink sink = { .alert = count_alert };
	struct test_frame f;
	uint32_t xid;

	(void)state;
	alerts = 0;
	rig_new("allow: [{calls: GETPORT}]\nlimits: {pending_calls: 2}\n", false);
	/* The rig's pipeline has these by reference. */
	rig.sinks[0] = &sink;
	rig.sinks[2] = &rig.silent;
	frame_tcp4(&f, 999, RPCS_TCP_SYN);
	feed_at(&f, NOW_NS);
	for (xid = 0; xid < 5; xid++)
		tcp_call(xid, 2000 + xid * 60);
	assert_int_equal(rpcs_pipeline_counters(rig.pipeline)->calls, 0);
	rpcs_pipeline_finish(rig.pipeline);
	assert_int_equal(rpcs_pipeline_counters(rig.pipeline)->calls_evicted, 3);
	assert_int_equal(alerts, 1);
	assert_int_equal(last.time_ns, NOW_NS);
	assert_string_equal(last.evidence[0], "3 unanswered calls were evicted; raise "
					      "limits.pending_calls (3 since the start)");
	rig_free();
}

/* Every figure of stages 1 to 4 that means a loss, and none twice. */
static void the_kernels_losses_are_told(void **state)
{
	const struct rpcs_counters kernel = {
		.records_lost = 12,
		.fallbacks_capped = 5,
		.packets_unread = 100,
		.pieces_unread = 20,
		.pieces_capped = 3,
		.flows_replaced = 4,
		/* no losses */
		.records_suppressed = 9,
		.flows_raced = 9,
		.tcp_skipped = 9,
	};
	struct rpcs_sink sink = { .alert = count_alert };

	(void)state;
	alerts = 0;
	rig_new("allow: [{calls: GETPORT}]\n", false);
	rig.sinks[0] = &sink;
	rig.sinks[2] = &rig.silent;
	rpcs_pipeline_note_loss(rig.pipeline, &kernel);
	assert_int_equal(alerts, 0);
	rpcs_pipeline_finish(rig.pipeline);
	assert_int_equal(alerts, 1);
	assert_int_equal(last.evidence_count, 4);
	assert_memory_equal(last.evidence[0], "7 records were lost: the ring was full", 38);
	assert_memory_equal(last.evidence[1], "5 packets were left out", 23);
	assert_memory_equal(last.evidence[2], "123 packets could not be read", 29);
	assert_memory_equal(last.evidence[3], "4 flows in use were evicted or not let in", 41);
	rig_free();
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_end_tells_what_was_held_back),
		cmocka_unit_test(the_end_tells_what_it_evicts),
		cmocka_unit_test(the_kernels_losses_are_told),
	};

	return cmocka_run_group_tests_name("pipeline loss", tests, NULL, NULL);
}
