// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Records that are told of ahead become what they would be without, and bad ones nothing. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <rpcsentry/record.h>

#include "pipeline_rig.h"

static struct rpcs_lookout lookout;
static struct rpcs_foreseen foreseen;

static struct rpcs_record_rpc record_of(uint8_t kind, uint32_t xid, uint8_t protocol)
{
	struct rpcs_record_rpc record = {
		.head = { .kind = kind,
			  .abi = RPCS_RECORD_ABI,
			  .protocol = protocol,
			  .time_ns = RPCS_NSEC_PER_SEC,
			  .src = { [10] = 0xff, 0xff, 10, 0, 0, 1 },
			  .dst = { [10] = 0xff, 0xff, 10, 0, 0, 2 },
			  .sport = 800,
			  .dport = 111 },
		.message_len = 56,
		.xid = xid,
		.call = { 2, RPCS_PORTMAP_PROGRAM, 2, PROC_GETPORT },
	};

	if (kind != RPCS_RECORD_REPLY)
		return record;
	record.message_len = 28;
	record.reply.reply_stat = record.reply.stat = 0;
	memcpy(record.head.src, record.head.dst, sizeof(record.head.src));
	record.head.dst[15] = 1;
	record.head.src[15] = 2;
	record.head.sport = 111;
	record.head.dport = 800;
	return record;
}

static void take(const struct rpcs_record_rpc *record)
{
	rpcs_pipeline_record(rig.pipeline, record, sizeof(*record), NULL);
}

static void test_call_and_reply(void **state)
{
	const struct rpcs_record_rpc call = record_of(RPCS_RECORD_CALL, 7, RPCS_IP_UDP);
	const struct rpcs_record_rpc reply = record_of(RPCS_RECORD_REPLY, 7, RPCS_IP_UDP);
	const struct rpcs_record_rpc other = record_of(RPCS_RECORD_CALL, 8, RPCS_IP_TCP);
	const struct rpcs_agent_counters *counters;

	(void)state;
	lookout.foresee(lookout.arg, &call, sizeof(call), &foreseen);
	assert_true(foreseen.lookups.count > 0);
	lookout.near(lookout.arg, &foreseen);
	lookout.turn(lookout.arg, &foreseen);
	take(&call);
	/* What was foreseen is not of these. */
	take(&other);
	take(&reply);
	lookout.turn(lookout.arg, NULL);
	take(&call);
	take(&reply);
	counters = rpcs_pipeline_counters(rig.pipeline);
	assert_int_equal(counters->flows, 2);
	assert_int_equal(counters->calls, 3);
	assert_int_equal(counters->replies, 2);
	assert_int_equal(counters->replies_unpaired, 0);
}

/* A second's calls of one client; what was foreseen is of each of them, of others, or nothing. */
static uint64_t alerts_of_many(bool ahead, bool others)
{
	struct rpcs_record_rpc record = record_of(RPCS_RECORD_CALL, 0, RPCS_IP_UDP), other;
	uint32_t i;

	rig_new("detections: {portmap-flood: {calls: 50, dumps: 10}, rpc-pipeline-flood: "
		"{pending: 20}}\n",
		false);
	rpcs_pipeline_lookout(rig.pipeline, &lookout);
	for (i = 0; i < 400; i++) {
		record.xid = i;
		record.head.time_ns += 10 * RPCS_NSEC_PER_MSEC;
		other = record;
		other.head.src[15] = (uint8_t)(i % 3 + 1);
		if (ahead) {
			lookout.foresee(lookout.arg, others ? &other : &record, sizeof(record),
					&foreseen);
			lookout.near(lookout.arg, &foreseen);
		}
		lookout.turn(lookout.arg, ahead ? &foreseen : NULL);
		take(&record);
	}
	return rpcs_pipeline_counters(rig.pipeline)->alerts;
}

static void test_foreseen_decides_nothing(void **state)
{
	uint64_t alerts = alerts_of_many(false, false);

	(void)state;
	assert_true(alerts > 1);
	assert_int_equal(alerts_of_many(true, false), alerts);
	assert_int_equal(alerts_of_many(true, true), alerts);
}

/* Detections whose thresholds changed begin anew, and their tables with them. */
static void test_reload(void **state)
{
	const char *text = "detections: {portmap-flood: {calls: 51, dumps: 11}}\n";
	const struct rpcs_record_rpc call = record_of(RPCS_RECORD_CALL, 7, RPCS_IP_UDP);
	const struct rpcs_state_fds none = { .sensitive = -1, .suppress = -1, .sieve = -1 };
	static struct rpcs_foreseen other;
	const struct rpcs_settings settings = {
		.ports = { 111 }, .port_count = 1, .limit_flows = 64, .limit_pending_calls = 64
	};
	struct rpcs_policy_errors errors;
	struct rpcs_policy_kept kept;
	struct rpcs_policy *fresh = NULL;
	struct rpcs_native *native;

	(void)state;
	native = rpcs_native_new(&(struct rpcs_native_options){ .settings = &settings });
	assert_non_null(native);
	rig_state = rpcs_native_state(native);
	rig_new("detections: {portmap-flood: {calls: 50, dumps: 10}}\n", false);
	rpcs_pipeline_lookout(rig.pipeline, &lookout);
	take(&call);
	lookout.foresee(lookout.arg, &call, sizeof(call), &foreseen);
	lookout.near(lookout.arg, &foreseen);
	lookout.foresee(lookout.arg, &call, sizeof(call), &other);
	assert_int_equal(rpcs_policy_parse(text, strlen(text), &fresh, &errors), 0);
	/* There are no maps of a kernel here: all but their part is done. */
	assert_int_equal(rpcs_pipeline_reload(rig.pipeline, &fresh, &none, &kept), -EBADF);
	assert_null(fresh);
	/* What was seen before it has its lines, with the names of then. */
	assert_int_equal(rig.second.flushes, 1);
	lookout.near(lookout.arg, &other);
	assert_false(other.lookups.fetched);
	lookout.turn(lookout.arg, &foreseen);
	take(&call);
	lookout.turn(lookout.arg, &other);
	take(&call);
	assert_int_equal(rpcs_pipeline_counters(rig.pipeline)->calls_retransmitted, 2);
	rig_free();
	rig_state = NULL;
	rpcs_native_free(&native);
}

static void check_nothing(const void *record, uint32_t len)
{
	foreseen.lookups.count = 1;
	lookout.foresee(lookout.arg, record, len, &foreseen);
	assert_int_equal(foreseen.lookups.count, 0);
	lookout.near(lookout.arg, &foreseen);
	lookout.turn(lookout.arg, &foreseen);
	rpcs_pipeline_record(rig.pipeline, record, len, NULL);
}

static void test_bad_ones(void **state)
{
	struct rpcs_record_rpc record = record_of(RPCS_RECORD_CALL, 7, RPCS_IP_UDP);

	(void)state;
	check_nothing(&record, 0);
	check_nothing(&record, sizeof(record.head) - 1);
	record.head.abi++;
	check_nothing(&record, sizeof(record));
	record.head.abi--;
	/* Only of calls; of others it is not worth while. */
	record.head.kind = RPCS_RECORD_CONNECTION;
	check_nothing(&record, sizeof(record));
	record.head.kind = RPCS_RECORD_REPLY;
	check_nothing(&record, sizeof(record));
	record.head.kind = RPCS_RECORD__MAX;
	check_nothing(&record, sizeof(record));
	assert_int_equal(rpcs_pipeline_counters(rig.pipeline)->records_bad, 4);
}

static int begin(void **state)
{
	(void)state;
	rig_new("", false);
	rpcs_pipeline_lookout(rig.pipeline, &lookout);
	assert_int_equal(lookout.slot_bytes, sizeof(foreseen));
	return 0;
}

static int end(void **state)
{
	(void)state;
	rig_free();
	return 0;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_call_and_reply, begin, end),
		cmocka_unit_test_setup_teardown(test_foreseen_decides_nothing, begin, end),
		cmocka_unit_test_setup_teardown(test_reload, begin, end),
		cmocka_unit_test_setup_teardown(test_bad_ones, begin, end),
	};

	return cmocka_run_group_tests_name("pipeline ahead", tests, NULL, NULL);
}
