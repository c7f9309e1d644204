// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The lines for people: what they say, and that nothing from the wire can forge one. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>

#include "unit/output_fixture.h"

FILE *fixture_lines;

struct output {
	struct rpcs_sink *sink;
	int fd;
	char *text;
	size_t len;
};

static void output_open(struct output *output, bool terminal)
{
	struct rpcs_output_context context = { .transactions = true };

	*output = (struct output){ 0 };
	output->fd = memfd_create("text", MFD_CLOEXEC);
	assert_true(output->fd >= 0);
	output->sink = rpcs_text_new(output->fd, terminal, &context);
	assert_non_null(output->sink);
}

/* Writes what waits; all of it so far is in `text`. */
static void output_flush(struct output *output)
{
	assert_int_equal(output->sink->flush(output->sink), 0);
	free(output->text);
	output->len = (size_t)lseek(output->fd, 0, SEEK_END);
	output->text = calloc(1, output->len + 1);
	assert_non_null(output->text);
	assert_int_equal(pread(output->fd, output->text, output->len, 0), output->len);
}

static void output_close(struct output *output)
{
	rpcs_text_free(&output->sink);
	assert_null(output->sink);
	close(output->fd);
	free(output->text);
}

static void check_call(const struct rpcs_call *call, const struct rpcs_message *reply,
		       const char *expected)
{
	struct output output;

	output_open(&output, false);
	assert_int_equal(output.sink->call(output.sink, call, reply), 0);
	output_flush(&output);
	assert_string_equal(output.text, expected);
	output_close(&output);
}

#define START "2026-11-22T01:15:57.123456+0000 call   10.0.0.1:856 -> 10.0.0.2:111 UDP "

static void test_call(void **state)
{
	struct rpcs_message message = call_of(RPCS_PORTMAP_GETPORT);
	struct rpcs_message reply = reply_to(&message);
	struct rpcs_call call;

	(void)state;
	message.portmap = mapping_of(100005, 3, 17, 0);
	reply.portmap = (struct rpcs_portmap){ .shape = RPCS_PORTMAP_PORT, .has = 1, .port = 635 };
	call = transaction_of(&message, RPCS_STATUS_ANSWERED);
	check_call(&call, &reply, START "portmap v2 GETPORT mountd v3 udp => port 635 (1.5 ms)\n");
	reply.portmap.port = 0;
	check_call(&call, &reply,
		   START "portmap v2 GETPORT mountd v3 udp => not registered (1.5 ms)\n");
	reply.stat = RPCS_ACCEPT_PROG_MISMATCH;
	reply.has_mismatch = true;
	reply.mismatch_low = 2;
	reply.mismatch_high = 4;
	check_call(&call, &reply,
		   START
		   "portmap v2 GETPORT mountd v3 udp => prog_mismatch (has 2 to 4) (1.5 ms)\n");
	reply.seen.time_ns = message.seen.time_ns + 999999;
	check_call(&call, &reply,
		   START
		   "portmap v2 GETPORT mountd v3 udp => prog_mismatch (has 2 to 4) (999 us)\n");
	call.status = RPCS_STATUS_TIMEOUT;
	call.retransmissions = 2;
	check_call(&call, NULL,
		   START "portmap v2 GETPORT mountd v3 udp => no reply, sent 3 times\n");
	call.status = RPCS_STATUS_PENDING;
	call.retransmissions = 0;
	check_call(&call, NULL, START "portmap v2 GETPORT mountd v3 udp => no reply yet\n");
	call.status = RPCS_STATUS_UNKNOWN;
	check_call(&call, NULL,
		   START "portmap v2 GETPORT mountd v3 udp => reply not seen from here\n");
}

static void test_changes_and_lists(void **state)
{
	struct rpcs_message message = call_of(RPCS_PORTMAP_SET);
	struct rpcs_message reply = reply_to(&message);
	struct rpcs_call call;

	(void)state;
	message.portmap = mapping_of(300000, 1, 6, 7777);
	reply.portmap = (struct rpcs_portmap){ .shape = RPCS_PORTMAP_RESULT, .has = 1 };
	call = transaction_of(&message, RPCS_STATUS_ANSWERED);
	check_call(&call, &reply,
		   START "portmap v2 SET program 300000 v1 tcp port 7777 => "
			 "false: the server did not do it (1.5 ms)\n");

	message = call_of(RPCS_PORTMAP_DUMP);
	reply.portmap = (struct rpcs_portmap){ .shape = RPCS_PORTMAP_MAPPINGS,
					       .mappings_kept = 1,
					       .mappings_count = 1,
					       .mappings_complete = true };
	call = transaction_of(&message, RPCS_STATUS_ANSWERED);
	check_call(&call, &reply, START "portmap v2 DUMP => 1 mapping (1.5 ms)\n");
	reply.portmap.mappings_complete = false;
	reply.truncated = true;
	check_call(&call, &reply, START "portmap v2 DUMP => at least 1 mapping [cut] (1.5 ms)\n");

	message = call_of(14);
	message.program = 100003;
	message.version = 3;
	reply.portmap = (struct rpcs_portmap){ 0 };
	reply.truncated = false;
	reply.reply_stat = RPCS_REPLY_DENIED;
	reply.stat = RPCS_REJECT_AUTH_ERROR;
	reply.has_auth_stat = true;
	reply.auth_stat = 5;
	call = transaction_of(&message, RPCS_STATUS_ANSWERED);
	check_call(&call, &reply,
		   START "nfs v3 procedure 14 => denied: auth_error (auth_stat 5) (1.5 ms)\n");
}

static void test_messages(void **state)
{
	struct rpcs_message call = call_of(RPCS_PORTMAP_NULL);
	struct rpcs_message reply = reply_to(&call);
	struct output output;

	(void)state;
	reply.call_known = false;
	reply.tuple = tuple_of("fd66::10", 111, "fd66::2", 628, 6);
	output_open(&output, false);
	assert_int_equal(output.sink->message(output.sink, &call, 1), 0);
	assert_int_equal(output.sink->message(output.sink, &reply, 1), 0);
	output_flush(&output);
	assert_string_equal(output.text,
			    "2026-11-22T01:15:57.123456+0000 call  10.0.0.1:856 -> 10.0.0.2:111 "
			    "UDP portmap v2 NULL xid 0x12345678\n"
			    "2026-11-22T01:15:57.124956+0000 reply [fd66::10]:111 -> "
			    "[fd66::2]:628 TCP to a call not seen: success xid 0x12345678\n");
	output_close(&output);
}

static void test_alert(void **state)
{
	struct rpcs_message message = call_of(RPCS_PORTMAP_UNSET);
	struct rpcs_call call;
	struct rpcs_alert alert;
	struct output output;

	(void)state;
	message.portmap = mapping_of(100003, 3, 17, 0);
	call = transaction_of(&message, RPCS_STATUS_PENDING);
	alert = alert_of(RPCS_D_UNSET_REMOTE, &call);
	rpcs_alert_evidence(&alert, "not from a local address");
	output_open(&output, false);
	assert_int_equal(output.sink->alert(output.sink, &alert), 0);
	output_flush(&output);
	assert_string_equal(output.text,
			    "2026-11-22T01:15:57.123456+0000 ALERT  high   portmap-unset-remote "
			    "PORTMAP UNSET from the network; outcome: attempt; "
			    "10.0.0.1:856 -> 10.0.0.2:111 UDP portmap v2 UNSET nfs v3 udp port 0; "
			    "not from a local address\n");
	output_close(&output);
	/* Without a call, there is nothing between the two ends and the evidence. */
	alert.call = NULL;
	output_open(&output, false);
	assert_int_equal(output.sink->alert(output.sink, &alert), 0);
	output_flush(&output);
	assert_non_null(strstr(output.text, "10.0.0.2:111 UDP; not from a local address\n"));
	output_close(&output);
}

/* On a terminal: colour that ends where it began, a day's line once, facts below each other. */
static void test_terminal(void **state)
{
	struct rpcs_message message = call_of(RPCS_PORTMAP_DUMP);
	struct rpcs_call call = transaction_of(&message, RPCS_STATUS_TIMEOUT);
	struct rpcs_alert alert = alert_of(RPCS_D_DUMP, &call);
	struct output output;
	const char *p;
	bool painted = false;
	int days = 0;

	(void)state;
	rpcs_alert_evidence(&alert, "first");
	rpcs_alert_evidence(&alert, "second");
	alert.update = true;
	alert.outcome = RPCS_OUTCOME_TIMEOUT;
	alert.count = 3;
	output_open(&output, true);
	assert_int_equal(output.sink->call(output.sink, &call, NULL), 0);
	assert_int_equal(output.sink->alert(output.sink, &alert), 0);
	alert.sources = 2;
	assert_int_equal(output.sink->alert(output.sink, &alert), 0);
	output_flush(&output);
	assert_non_null(strstr(output.text, "outcome: timeout (3 times) (2 sources)\n"));
	assert_non_null(strstr(output.text, "UPDATE medium portmap-dump"));
	assert_non_null(
		strstr(output.text, "outcome: timeout (3 times)\n             10.0.0.1:856"));
	assert_non_null(strstr(output.text, "=> no reply\n"));
	assert_non_null(strstr(output.text, "\n             - first\n             - second\n"));
	for (p = output.text; (p = strstr(p, "--- 2026-11-22 ---")); p++)
		days++;
	assert_int_equal(days, 1);
	for (p = output.text; *p; p++) {
		if (*p == '\033')
			painted = strncmp(p, "\033[0m", 4) != 0;
		assert_false(*p == '\n' && painted);
	}
	output_close(&output);
}

/* Bytes of the wire that would forge a line or speak to the terminal. */
static void test_hostile(void **state)
{
	static uint8_t bytes[512];
	struct rpcs_message message = call_of(RPCS_PORTMAP_SET);
	struct rpcs_message reply = reply_to(&message);
	struct rpcs_call call;
	struct rpcs_alert alert;
	struct output output;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = i;
	message.version = 4;
	message.portmap = (struct rpcs_portmap){ .shape = RPCS_PORTMAP_RPCB,
						 .has = 5,
						 .netid = { bytes, 64 },
						 .address = { bytes + 128, 300 },
						 .owner = { bytes, 512 } };
	reply.portmap = (struct rpcs_portmap){ .shape = RPCS_PORTMAP_ADDRESS,
					       .has = 1,
					       .address = { bytes + 200, 80 } };
	call = transaction_of(&message, RPCS_STATUS_ANSWERED);
	alert = alert_of(RPCS_D_SET_REMOTE, &call);
	memcpy(alert.evidence[0], "a\nb\033[2Jc\xff", 10);
	alert.evidence_count = 1;
	output_open(&output, false);
	assert_int_equal(output.sink->call(output.sink, &call, &reply), 0);
	assert_int_equal(output.sink->alert(output.sink, &alert), 0);
	output_flush(&output);
	for (i = 0; i < output.len; i++)
		assert_true(output.text[i] == '\n' ||
			    (output.text[i] >= ' ' && output.text[i] <= '~'));
	assert_ptr_equal(strchr(strchr(output.text, '\n') + 1, '\n'), output.text + output.len - 1);
	assert_non_null(strstr(output.text, "\\u0000\\u0001"));
	assert_non_null(strstr(output.text, "... (300 bytes)"));
	assert_non_null(strstr(output.text, "a?b?[2Jc?\n"));
	output_close(&output);
}

static void test_services(void **state)
{
	static const struct {
		enum rpcs_service_change_kind kind;
		const char *text;
	} cases[] = {
		{ RPCS_CHANGE_NEW_SERVER, " server 10.0.0.2: a portmapper not seen before\n" },
		{ RPCS_CHANGE_NEW_MAPPING, NULL },
		{ RPCS_CHANGE_CHANGED, " server 10.0.0.2 nfs v3 tcp: port 700 -> 2049 (dump)\n" },
		{ RPCS_CHANGE_REMOVED,
		  " server 10.0.0.2 nfs v3 tcp: removed from port 2049 (unset)\n" },
	};
	struct rpcs_message message = call_of(RPCS_PORTMAP_DUMP);
	struct rpcs_call call = transaction_of(&message, RPCS_STATUS_ANSWERED);
	struct rpcs_message reply = reply_to(&message);
	struct rpcs_service_change change = { .server = address_of("10.0.0.2"),
					      .program = 100003,
					      .version = 3,
					      .transport = RPCS_TRANSPORT_TCP,
					      .by = RPCS_LEARNED_DUMP,
					      .port = 2049,
					      .old_port = 700 };
	struct rpcs_lesson lesson = { &call, &reply, &change, 1, 0, 1 };
	struct output output;
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		change.kind = cases[i].kind;
		output_open(&output, false);
		assert_int_equal(output.sink->service(output.sink, &lesson, &change), 0);
		output_flush(&output);
		if (cases[i].text)
			assert_non_null(strstr(output.text, cases[i].text));
		else
			assert_string_equal(output.text, "");
		output_close(&output);
	}
}

static void test_stats(void **state)
{
	struct rpcs_stats stats = { .time_ns = WHEN, .uptime_ns = 5000000000ULL };
	struct output output;

	(void)state;
	stats.kernel.rpc_seen = 12;
	stats.kernel.packet_ip_bad = 3;
	stats.kernel.fallback_stream = 4;
	stats.agent.alerts = 7;
	output_open(&output, false);
	assert_int_equal(output.sink->stats(output.sink, &stats), 0);
	output_flush(&output);
	assert_non_null(
		strstr(output.text, "0 calls, 0 answered, 0 not in time; 7 alerts, 0 updates"));
	assert_non_null(strstr(output.text, "  rpc_seen                             12  records"));
	assert_non_null(strstr(output.text, "  packet_ip_bad                         3  "));
	assert_non_null(strstr(output.text, "  fallback_stream                       4  "));
	assert_non_null(strstr(output.text, "  agent alerts                          7  "));
	assert_null(strstr(output.text, "records_lost"));
	output_close(&output);
}

static void test_full_device(void **state)
{
	struct rpcs_output_context context = { .transactions = true };
	struct rpcs_message message = call_of(RPCS_PORTMAP_NULL);
	int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	struct rpcs_sink *sink;

	(void)state;
	if (fd < 0) {
		print_message("# skip: no /dev/full here\n");
		skip();
	}
	sink = rpcs_text_new(fd, false, &context);
	assert_non_null(sink);
	sink->message(sink, &message, 1);
	/* Waits for a better time: not lost, but the error is there to be asked for. */
	assert_int_equal(sink->flush(sink), 0);
	assert_int_equal(rpcs_text_lines(sink)->err, -ENOSPC);
	assert_int_equal(rpcs_lines_end(rpcs_text_lines(sink), 0), 1);
	rpcs_text_free(&sink);
	close(fd);
}

static int begin(void **state)
{
	(void)state;
	setenv("TZ", "UTC0", 1);
	tzset();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_call),	 cmocka_unit_test(test_changes_and_lists),
		cmocka_unit_test(test_messages), cmocka_unit_test(test_alert),
		cmocka_unit_test(test_terminal), cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_stats),	 cmocka_unit_test(test_full_device),
		cmocka_unit_test(test_services),
	};

	return cmocka_run_group_tests_name("text", tests, begin, NULL);
}
