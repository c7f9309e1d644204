// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* EVE lines: common fields, and calls with their outcome. */
#include <net/if.h>
#include <time.h>

#include <rpcsentry/tunnel.h>

#include "output/community.h"
#include "unit/output_fixture.h"
#include "unit/output_schema.h"

static const struct rpcs_output_context offline = { .transactions = true };

static json_t *call_line(const struct rpcs_call *call, const struct rpcs_message *reply)
{
	struct fixture fixture = fixture_open(&offline);

	assert_int_equal(fixture.sink->call(fixture.sink, call, reply), 0);
	return fixture_line(&fixture);
}

static void test_common(void **state)
{
	struct rpcs_output_context context = { .transactions = true, .sensor_name = "caf\xc3\xa9" };
	struct rpcs_message call = call_of(RPCS_PORTMAP_NULL);
	struct fixture fixture = fixture_open(&context);
	json_t *line;

	(void)state;
	call.seen.vlan_count = 2;
	call.seen.vlan[0] = 200;
	call.seen.vlan[1] = 4095;
	call.seen.ifindex = 1; /* never told of a capture */
	call.seen.flags = RPCS_F_IP6 | RPCS_TUNNEL_pppoe << RPCS_TUNNEL_SHIFT;
	call.tuple = tuple_of("fd66:0:0:0:0:0:0:2", 65535, "fd66::1:0:0:10", 111, 6);
	assert_int_equal(fixture.sink->message(fixture.sink, &call, (1ULL << 51) - 1), 0);
	line = fixture_line(&fixture);
	assert_text(line, "timestamp", "2026-11-22T01:15:57.123456+0000");
	assert_text(line, "event_type", "rpc");
	assert_text(line, "sensor", "caf\xc3\xa9");
	assert_number(line, "pcap_cnt", 4);
	assert_absent(line, "in_iface");
	assert_text(line, "src_ip", "fd66::2");
	assert_number(line, "src_port", 65535);
	assert_text(line, "dest_ip", "fd66::1:0:0:10");
	assert_number(line, "dest_port", 111);
	assert_text(line, "proto", "TCP");
	assert_int_equal(json_array_size(at(line, "vlan")), 2);
	assert_number(line, "vlan.0", 200);
	assert_number(line, "vlan.1", 4095);
	assert_text(line, "tunnel", "pppoe");
	assert_true(json_integer_value(at(line, "flow_id")) == (1LL << 51) - 1);
	assert_int_equal(strncmp(json_string_value(at(line, "community_id")), "1:", 2), 0);
	json_decref(line);
}

static void test_live(void **state)
{
	struct rpcs_output_context context = { .live = true, .transactions = true };
	struct rpcs_message call = call_of(RPCS_PORTMAP_NULL);
	unsigned int lo = if_nametoindex("lo");
	struct fixture fixture;
	json_t *line;
	size_t len;
	char *text;

	(void)state;
	if (!lo) {
		print_message("# skip: no interface lo here\n");
		skip();
	}
	fixture = fixture_open(&context);
	call.seen.ifindex = lo;
	assert_int_equal(fixture.sink->message(fixture.sink, &call, 1), 0);
	line = fixture_line(&fixture);
	assert_text(line, "in_iface", "lo");
	assert_absent(line, "pcap_cnt");
	assert_absent(line, "vlan");
	assert_absent(line, "tunnel");
	assert_absent(line, "sensor");
	json_decref(line);

	/* One that is gone, asked for more often than the cache has places. */
	fixture = fixture_open(&context);
	for (call.seen.ifindex = 0x70000000; call.seen.ifindex < 0x70000000 + 200;
	     call.seen.ifindex++)
		assert_int_equal(fixture.sink->message(fixture.sink, &call, 1), 0);
	text = fixture_text(&fixture, &len);
	assert_null(strstr(text, "in_iface"));
	free(text);
	rpcs_eve_free(&fixture.sink);
	close(fixture.fd);
}

static void test_answered(void **state)
{
	struct rpcs_message message = call_of(RPCS_PORTMAP_GETPORT);
	struct rpcs_message reply = reply_to(&message);
	struct rpcs_call call;
	json_t *line;

	(void)state;
	message.portmap = mapping_of(100005, 3, 17, 0);
	reply.portmap = (struct rpcs_portmap){ .shape = RPCS_PORTMAP_PORT, .has = 1, .port = 635 };
	call = transaction_of(&message, RPCS_STATUS_ANSWERED);
	call.retransmissions = 2;
	line = call_line(&call, &reply);
	assert_text(line, "event_type", "portmap");
	assert_text(line, "rpc.type", "call");
	assert_text(line, "rpc.status", "success");
	assert_number(line, "rpc.rtt_us", 1500);
	assert_number(line, "rpc.retransmissions", 2);
	assert_number(line, "rpc.reply_length", 28);
	assert_number(line, "portmap.program", 100005);
	assert_number(line, "portmap.reply.port", 635);
	assert_int_equal(json_object_size(at(line, "portmap.reply")), 1);
	assert_number(line, "flow_id", 77);
	assert_number(line, "pcap_cnt", 4);
	assert_absent(line, "tcp");
	json_decref(line);
}

static void test_unanswered(void **state)
{
	static const struct {
		enum rpcs_status status;
		const char *name;
	} cases[] = {
		{ RPCS_STATUS_PENDING, "pending" },
		{ RPCS_STATUS_TIMEOUT, "timeout" },
		{ RPCS_STATUS_UNKNOWN, "unknown" },
	};
	struct rpcs_message message = call_of(RPCS_PORTMAP_DUMP);
	struct rpcs_call call;
	json_t *line;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		call = transaction_of(&message, cases[i].status);
		line = call_line(&call, NULL);
		assert_text(line, "rpc.status", cases[i].name);
		assert_number(line, "rpc.retransmissions", 0);
		assert_absent(line, "rpc.rtt_us");
		assert_absent(line, "portmap");
		json_decref(line);
	}
}

static void test_failures(void **state)
{
	static const struct {
		uint32_t reply_stat, stat;
		uint8_t has;
		const char *status;
	} cases[] = {
		{ 0, 0, 2, "success" },
		{ 0, 1, 2, "prog_unavail" },
		{ 0, 2, 2, "prog_mismatch" },
		{ 0, 3, 2, "proc_unavail" },
		{ 0, 4, 2, "garbage_args" },
		{ 0, 5, 2, "system_err" },
		{ 0, 4294967295U, 2, "4294967295" },
		{ 1, 0, 2, "rpc_mismatch" },
		{ 1, 1, 2, "auth_error" },
		{ 1, 2, 2, "2" },
		{ 7, 0, 1, "7" },
		{ 0, 0, 1, "unknown" },
		{ 0, 0, 0, "unknown" },
	};
	struct rpcs_message message = call_of(RPCS_PORTMAP_DUMP);
	struct rpcs_message reply = reply_to(&message);
	struct rpcs_call call = transaction_of(&message, RPCS_STATUS_ANSWERED);
	json_t *line;
	size_t i;

	(void)state;
	reply.seen.time_ns = message.seen.time_ns - 5; /* two clocks: never below zero */
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		reply.reply_stat = cases[i].reply_stat;
		reply.stat = cases[i].stat;
		reply.reply_has = cases[i].has;
		line = call_line(&call, &reply);
		assert_text(line, "rpc.status", cases[i].status);
		assert_number(line, "rpc.rtt_us", 0);
		json_decref(line);
	}
	reply.reply_has = 2;
	reply.reply_stat = RPCS_REPLY_DENIED;
	reply.stat = RPCS_REJECT_AUTH_ERROR;
	reply.has_auth_stat = true;
	reply.auth_stat = 7;
	reply.malformed = "bytes after the end";
	reply.truncated = true;
	line = call_line(&call, &reply);
	assert_number(line, "rpc.auth_stat", 7);
	assert_text(line, "rpc.reply_malformed", "bytes after the end");
	assert_yes(line, "rpc.reply_truncated");
	assert_absent(line, "rpc.malformed");
	json_decref(line);
}

/* Other programs are rpc_call, on whatever port; TCP says how the flow began. */
static void test_rpc_call(void **state)
{
	struct rpcs_message message = call_of(1);
	struct rpcs_call call;
	json_t *line;

	(void)state;
	message.program = 100003;
	message.tuple.protocol = 6;
	call = transaction_of(&message, RPCS_STATUS_TIMEOUT);
	call.tcp_handshake = true;
	line = call_line(&call, NULL);
	assert_text(line, "event_type", "rpc_call");
	assert_text(line, "rpc.program_name", "nfs");
	assert_absent(line, "rpc.procedure_name");
	assert_yes(line, "tcp.handshake");
	assert_true(json_is_false(at(line, "tcp.midstream")));
	json_decref(line);

	call.message.program = RPCS_PORTMAP_PROGRAM;
	call.message.tuple.dport = 5000;
	call.tcp_handshake = false;
	call.tcp_midstream = true;
	line = call_line(&call, NULL);
	assert_text(line, "event_type", "portmap");
	assert_yes(line, "tcp.midstream");
	json_decref(line);
}

/* A rule with `log: false`, and a sink that was not asked for calls. */
static void test_silent(void **state)
{
	struct rpcs_output_context quiet = { .transactions = false };
	struct rpcs_message message = call_of(0);
	struct rpcs_call call = transaction_of(&message, RPCS_STATUS_PENDING);
	struct fixture fixture = fixture_open(&quiet);
	size_t len;

	(void)state;
	assert_int_equal(fixture.sink->call(fixture.sink, &call, NULL), 0);
	free(fixture_text(&fixture, &len));
	assert_int_equal(len, 0);
	rpcs_eve_free(&fixture.sink);
	close(fixture.fd);

	fixture = fixture_open(&offline);
	call.log = false;
	assert_int_equal(fixture.sink->call(fixture.sink, &call, NULL), 0);
	free(fixture_text(&fixture, &len));
	assert_int_equal(len, 0);
	rpcs_eve_free(&fixture.sink);
	close(fixture.fd);
}

/*
 * Ids are made for several lines together: each line has its own, also those that were written
 * anew since they did not fit, and those behind them.
 */
static void test_ids(void **state)
{
	enum { LINES = 1000, TOO_LONG_EACH = 37 };
	static uint8_t bytes[600000];
	struct rpcs_text heavy = { .bytes = bytes, .len = sizeof(bytes) };
	struct rpcs_portmap too_long = { .shape = RPCS_PORTMAP_RPCB,
					 .has = 5,
					 .netid = heavy,
					 .address = heavy,
					 .owner = heavy };
	struct fixture fixture = fixture_open(&offline);
	struct rpcs_message call = call_of(RPCS_PORTMAP_NULL);
	char expected[RPCS_COMMUNITY_ID_LEN + 1];
	json_t *line;
	char *text, *next;
	size_t len;
	int i;

	(void)state;
	memset(bytes, 0xff, sizeof(bytes));
	for (i = 0; i < LINES; i++) {
		call.tuple.sport = 1000 + i;
		call.portmap = i % TOO_LONG_EACH == 0 ? too_long : (struct rpcs_portmap){ 0 };
		assert_int_equal(fixture.sink->message(fixture.sink, &call, 1), 0);
	}
	text = fixture_text(&fixture, &len);
	for (i = 0, next = text; i < LINES; i++) {
		line = json_loads(next, JSON_DISABLE_EOF_CHECK, NULL);
		assert_non_null(line);
		call.tuple.sport = 1000 + i;
		rpcs_community_id(&call.tuple, expected);
		assert_number(line, "src_port", 1000 + i);
		assert_text(line, "community_id", expected);
		if (i % TOO_LONG_EACH == 0)
			assert_yes(line, "shortened");
		else
			assert_absent(line, "shortened");
		json_decref(line);
		next = strchr(next, '\n') + 1;
	}
	assert_int_equal(*next, '\0');
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
		cmocka_unit_test(test_common),	 cmocka_unit_test(test_live),
		cmocka_unit_test(test_answered), cmocka_unit_test(test_unanswered),
		cmocka_unit_test(test_failures), cmocka_unit_test(test_rpc_call),
		cmocka_unit_test(test_silent),	 cmocka_unit_test(test_ids),
		cmocka_unit_test(test_schema), /* last: of the lines of all before */
	};

	return cmocka_run_group_tests_name("eve", tests, begin, NULL);
}
