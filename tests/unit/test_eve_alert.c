// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* EVE lines: alerts and their updates, stats, and lines that do not fit. */
#include <time.h>

#include "unit/output_fixture.h"
#include "unit/output_schema.h"

static const struct rpcs_output_context offline = { .transactions = true };

static json_t *call_line(const struct rpcs_call *call, const struct rpcs_message *reply)
{
	struct fixture fixture = fixture_open(&offline);

	assert_int_equal(fixture.sink->call(fixture.sink, call, reply), 0);
	return fixture_line(&fixture);
}

static json_t *alert_line(const struct rpcs_alert *alert)
{
	struct fixture fixture = fixture_open(&offline);

	assert_int_equal(fixture.sink->alert(fixture.sink, alert), 0);
	return fixture_line(&fixture);
}

static void test_alert(void **state)
{
	struct rpcs_message message = call_of(RPCS_PORTMAP_UNSET);
	struct rpcs_call call;
	struct rpcs_alert alert;
	json_t *line;

	(void)state;
	message.portmap = mapping_of(100003, 3, 17, 0);
	call = transaction_of(&message, RPCS_STATUS_PENDING);
	alert = alert_of(RPCS_D_UNSET_REMOTE, &call);
	rpcs_alert_evidence(&alert, "source port %d is privileged", 856);
	rpcs_alert_evidence(&alert, "second");
	alert.time_ns += 1000;
	alert.frame = 9;
	line = alert_line(&alert);
	assert_text(line, "event_type", "alert");
	assert_text(line, "timestamp", "2026-11-22T01:15:57.123457+0000");
	assert_number(line, "pcap_cnt", 9);
	assert_text(line, "alert.action", "allowed");
	assert_number(line, "alert.gid", 1110);
	assert_number(line, "alert.signature_id", 1110006);
	assert_number(line, "alert.rev", 1);
	assert_text(line, "alert.signature", "PORTMAP UNSET from the network");
	assert_text(line, "alert.category", "Attempted Administrator Privilege Gain");
	assert_number(line, "alert.severity", 1);
	assert_text(line, "alert.name", "portmap-unset-remote");
	assert_text(line, "alert.outcome", "attempt");
	assert_number(line, "alert.count", 1);
	assert_int_equal(strlen(json_string_value(at(line, "alert.id"))), 36);
	assert_absent(line, "alert.update");
	assert_int_equal(json_array_size(at(line, "alert.evidence")), 2);
	assert_text(line, "alert.evidence.0", "source port 856 is privileged");
	assert_text(line, "src_ip", "10.0.0.1");
	assert_number(line, "rpc.xid", 305419896);
	assert_absent(line, "rpc.status");
	assert_number(line, "portmap.program", 100003);
	json_decref(line);
}

static void test_alert_update(void **state)
{
	struct rpcs_message message = call_of(RPCS_PORTMAP_DUMP);
	struct rpcs_message reply = reply_to(&message);
	struct rpcs_call call = transaction_of(&message, RPCS_STATUS_ANSWERED);
	struct rpcs_alert alert = alert_of(RPCS_D_DUMP, &call);
	char *first, *second;
	json_t *line;

	(void)state;
	reply.portmap =
		(struct rpcs_portmap){ .shape = RPCS_PORTMAP_MAPPINGS, .mappings_complete = true };
	line = alert_line(&alert);
	first = strdup(json_string_value(at(line, "alert.id")));
	json_decref(line);

	alert.update = true;
	alert.reply = &reply;
	alert.outcome = RPCS_OUTCOME_EMPTY;
	line = alert_line(&alert);
	assert_text(line, "event_type", "alert_update");
	assert_yes(line, "alert.update");
	assert_text(line, "alert.outcome", "empty");
	assert_text(line, "rpc.status", "success");
	assert_number(line, "portmap.reply.mappings_count", 0);
	second = strdup(json_string_value(at(line, "alert.id")));
	assert_string_equal(first, second);
	json_decref(line);
	free(first);
	free(second);

	/* One that raised the severity is an alert again. */
	alert.raised = true;
	alert.severity = 1;
	line = alert_line(&alert);
	assert_text(line, "event_type", "alert");
	assert_yes(line, "alert.update");
	json_decref(line);

	call.status = RPCS_STATUS_TIMEOUT;
	alert.raised = false;
	alert.reply = NULL;
	alert.outcome = RPCS_OUTCOME_TIMEOUT;
	line = alert_line(&alert);
	assert_text(line, "event_type", "alert_update");
	assert_text(line, "rpc.status", "timeout");
	assert_absent(line, "portmap");
	json_decref(line);
}

/* Without a call, and without a packet. Every detection and outcome there is. */
static void test_alert_alone(void **state)
{
	struct rpcs_alert alert = alert_of(RPCS_D_SENSOR_LOSS, NULL);
	json_t *line;
	int i;

	(void)state;
	alert.frame = 0;
	line = alert_line(&alert);
	assert_absent(line, "src_ip");
	assert_absent(line, "dest_port");
	assert_absent(line, "proto");
	assert_absent(line, "community_id");
	assert_absent(line, "flow_id");
	assert_absent(line, "pcap_cnt");
	assert_absent(line, "rpc");
	assert_true(json_is_array(at(line, "alert.evidence")));
	json_decref(line);

	for (i = 0; i < RPCS_D__MAX; i++) {
		alert = alert_of(i, NULL);
		alert.outcome = i % RPCS_OUTCOME__MAX;
		alert.tuple = tuple_of("192.0.2.1", 1, "192.0.2.2", 2, 6);
		line = alert_line(&alert);
		assert_text(line, "alert.name", rpcs_detection_info(i)->name);
		assert_text(line, "alert.outcome", rpcs_outcome_name(alert.outcome));
		assert_text(line, "src_ip", "192.0.2.1");
		json_decref(line);
	}
}

/* Sources that share an alert: how many, and where most of it came from. */
static void test_alert_crowd(void **state)
{
	struct rpcs_message message = call_of(RPCS_PORTMAP_DUMP);
	struct rpcs_call call = transaction_of(&message, RPCS_STATUS_PENDING);
	struct rpcs_alert alert = alert_of(RPCS_D_DUMP, &call);
	json_t *line;

	(void)state;
	alert.count = 1000;
	alert.sources = 77;
	assert_int_equal(rpcs_prefix_parse("198.51.100.0/24", &alert.prefixes[0]), 0);
	assert_int_equal(rpcs_prefix_parse("2001:db8:1:2::/64", &alert.prefixes[1]), 0);
	alert.prefix_count = 2;
	line = alert_line(&alert);
	assert_number(line, "alert.count", 1000);
	assert_number(line, "alert.sources", 77);
	assert_absent(line, "alert.sources_estimated");
	assert_int_equal(json_array_size(at(line, "alert.prefixes")), 2);
	assert_text(line, "alert.prefixes.0", "198.51.100.0/24");
	assert_text(line, "alert.prefixes.1", "2001:db8:1:2::/64");
	json_decref(line);

	alert.sources_estimated = true;
	alert.prefix_count = 0;
	line = alert_line(&alert);
	assert_yes(line, "alert.sources_estimated");
	assert_int_equal(json_array_size(at(line, "alert.prefixes")), 0);
	json_decref(line);

	alert.sources = 0;
	line = alert_line(&alert);
	assert_absent(line, "alert.sources");
	assert_absent(line, "alert.prefixes");
	json_decref(line);
}

/* Each counter of the structs is there by its name with its own value. */
static void test_stats(void **state)
{
	struct rpcs_stats stats = { .time_ns = WHEN,
				    .uptime_ns = 61999999999ULL,
				    .kernel_packets = UINT64_MAX / 2,
				    .kernel_drops = 3 };
	uint64_t *kernel = (uint64_t *)&stats.kernel;
	uint64_t *agent = (uint64_t *)&stats.agent;
	const size_t kernel_count = sizeof(stats.kernel) / sizeof(uint64_t);
	const size_t agent_count = sizeof(stats.agent) / sizeof(uint64_t);
	struct fixture fixture = fixture_open(&offline);
	json_t *line;
	size_t i;

	(void)state;
	for (i = 0; i < kernel_count; i++)
		kernel[i] = 1000 + i;
	for (i = 0; i < agent_count; i++)
		agent[i] = 2000 + i;
	assert_int_equal(fixture.sink->stats(fixture.sink, &stats), 0);
	line = fixture_line(&fixture);
	assert_text(line, "event_type", "stats");
	assert_number(line, "stats.uptime", 61);
	assert_true(json_integer_value(at(line, "stats.capture.kernel_packets")) ==
		    (json_int_t)(UINT64_MAX / 2));
	assert_number(line, "stats.capture.kernel_drops", 3);
	assert_int_equal(json_object_size(at(line, "stats.kernel")), kernel_count);
	assert_int_equal(json_object_size(at(line, "stats.agent")), agent_count);
	i = 0;
#define X(name, help) assert_number(line, "stats.kernel." #name, 1000 + i++);
	RPCS_COUNTERS(X)
#undef X
#define X(name, help) assert_number(line, "stats.kernel.packet_" #name, 1000 + i++);
	RPCS_PACKET_RESULTS(X)
#undef X
#define X(name, help) assert_number(line, "stats.kernel.fallback_" #name, 1000 + i++);
	RPCS_FALLBACKS(X)
#undef X
	i = 0;
#define X(name, help) assert_number(line, "stats.agent." #name, 2000 + i++);
	RPCS_AGENT_COUNTERS(X)
#undef X
	json_decref(line);
}

/* A string of `len` bytes that all need escaping. */
static struct rpcs_text heavy(size_t len)
{
	static uint8_t bytes[600000];

	assert_true(len <= sizeof(bytes));
	memset(bytes, 0xff, sizeof(bytes));
	return (struct rpcs_text){ .bytes = bytes, .len = len };
}

static void fill(struct rpcs_mapping mappings[RPCS_MAPPINGS_MAX], size_t len)
{
	size_t i;

	for (i = 0; i < RPCS_MAPPINGS_MAX; i++)
		mappings[i] = (struct rpcs_mapping){
			.program = i, .netid = heavy(8), .address = heavy(len), .owner = heavy(len)
		};
}

/* 256 mappings with strings as long as a reply of 64 KiB can carry fit as they are. */
static void test_large(void **state)
{
	static struct rpcs_mapping mappings[RPCS_MAPPINGS_MAX];
	struct rpcs_message message = call_of(RPCS_PORTMAP_DUMP);
	struct rpcs_message reply = reply_to(&message);
	struct rpcs_call call = transaction_of(&message, RPCS_STATUS_ANSWERED);
	json_t *line;

	(void)state;
	fill(mappings, 120);
	reply.portmap = (struct rpcs_portmap){ .shape = RPCS_PORTMAP_RPCBS,
					       .mappings = mappings,
					       .mappings_kept = RPCS_MAPPINGS_MAX,
					       .mappings_count = 257,
					       .mappings_complete = true };
	line = call_line(&call, &reply);
	assert_int_equal(json_array_size(at(line, "portmap.reply.mappings")), RPCS_MAPPINGS_MAX);
	assert_number(line, "portmap.reply.mappings_count", 257);
	assert_absent(line, "shortened");
	json_decref(line);
}

/* What does not fit is told without the lists, then with shorter strings; a line in any case. */
static void test_too_large(void **state)
{
	static struct rpcs_mapping mappings[RPCS_MAPPINGS_MAX];
	struct rpcs_message message = call_of(RPCS_PORTMAP_DUMP);
	struct rpcs_message reply = reply_to(&message);
	struct rpcs_call call;
	json_t *line;

	(void)state;
	fill(mappings, 2000);
	reply.portmap = (struct rpcs_portmap){ .shape = RPCS_PORTMAP_RPCBS,
					       .mappings = mappings,
					       .mappings_kept = RPCS_MAPPINGS_MAX,
					       .mappings_count = 300,
					       .mappings_complete = true };
	call = transaction_of(&message, RPCS_STATUS_ANSWERED);
	line = call_line(&call, &reply);
	assert_yes(line, "shortened");
	assert_absent(line, "portmap.reply.mappings");
	assert_number(line, "portmap.reply.mappings_count", 300);
	assert_text(line, "rpc.status", "success");
	json_decref(line);

	call.message.version = 4;
	call.message.procedure = RPCS_PORTMAP_SET;
	call.message.portmap = (struct rpcs_portmap){ .shape = RPCS_PORTMAP_RPCB,
						      .has = 5,
						      .netid = text_of("tcp"),
						      .address = heavy(600000),
						      .owner = heavy(600000) };
	line = call_line(&call, &reply);
	assert_yes(line, "shortened");
	assert_int_equal(json_string_length(at(line, "portmap.owner")), 2 * 1024);
	assert_int_equal(json_string_length(at(line, "portmap.address")), 2 * 1024);
	assert_number(line, "portmap.reply.mappings_count", 300);
	json_decref(line);
}

/* Many lines through one sink: all whole, in order. */
static void test_many(void **state)
{
	struct fixture fixture = fixture_open(&offline);
	struct rpcs_message message = call_of(RPCS_PORTMAP_NULL);
	uint32_t count = 1000;
	char *text, *line;
	uint32_t i;
	size_t len;

	(void)state;
	for (i = 0; i < count; i++) {
		message.xid = i;
		assert_int_equal(fixture.sink->message(fixture.sink, &message, 1), 0);
	}
	assert_true(lseek(fixture.fd, 0, SEEK_END) > 0); /* not all in memory */
	text = fixture_text(&fixture, &len);
	for (i = 0, line = text; i < count; i++) {
		char *end = strchr(line, '\n');
		json_t *event;

		assert_non_null(end);
		event = json_loadb(line, end - line, JSON_REJECT_DUPLICATES, NULL);
		assert_non_null(event);
		assert_number(event, "rpc.xid", i);
		json_decref(event);
		line = end + 1;
	}
	assert_int_equal(*line, '\0');
	free(text);
	rpcs_eve_free(&fixture.sink);
	close(fixture.fd);
}

static int begin(void **state)
{
	setenv("TZ", "UTC0", 1);
	tzset();
	return schema_begin(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_alert),	    cmocka_unit_test(test_alert_update),
		cmocka_unit_test(test_alert_alone), cmocka_unit_test(test_alert_crowd),
		cmocka_unit_test(test_stats),	    cmocka_unit_test(test_large),
		cmocka_unit_test(test_too_large),   cmocka_unit_test(test_many),
		cmocka_unit_test(test_schema), /* last: of the lines of all before */
	};

	return cmocka_run_group_tests_name("eve_alert", tests, begin, NULL);
}
