// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Losses on their way through the pipeline: the end of a run tells what was held back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "pipeline.h"

#define NOW_NS (1795310157ULL * RPCS_NSEC_PER_SEC)

static uint32_t alerts;

static int count_alert(struct rpcs_sink *sink, const struct rpcs_alert *alert)
{
	(void)sink;
	assert_int_equal(alert->detection, RPCS_D_SENSOR_LOSS);
	alerts++;
	return 0;
}

static void the_end_tells_what_was_held_back(void **state)
{
	static struct rpcs_policy_errors errors;
	static const char text[] = "allow: []\n";
	struct rpcs_sink sink = { .alert = count_alert };
	struct rpcs_sink *sinks[] = { &sink };
	struct rpcs_pipeline_options options = { .sinks = sinks, .sink_count = 1 };
	struct rpcs_pipeline *pipeline;

	(void)state;
	assert_int_equal(rpcs_policy_parse(text, strlen(text), &options.policy, &errors), 0);
	pipeline = rpcs_pipeline_new(&options);
	assert_non_null(pipeline);
	rpcs_pipeline_loss(pipeline, 0, 1, NOW_NS);
	rpcs_pipeline_loss(pipeline, 500, 1, NOW_NS + RPCS_NSEC_PER_SEC);
	assert_int_equal(alerts, 1);
	rpcs_pipeline_finish(pipeline);
	assert_int_equal(alerts, 2);
	rpcs_pipeline_free(&pipeline);
	rpcs_policy_free(&options.policy);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_end_tells_what_was_held_back),
	};

	return cmocka_run_group_tests_name("pipeline loss", tests, NULL, NULL);
}
