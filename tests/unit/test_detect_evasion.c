// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The evasion family: an XID with two meanings, and bytes with two readings. */
#include "detect_case.h"

#include "match/calls.h"

static struct detect_case c;

/* `call` after `earlier` with its XID, unanswered. */
static struct rpcs_call conflict(struct rpcs_call call, const struct rpcs_call *earlier)
{
	call.conflict = true;
	rpcs_question_fill(&earlier->message, &call.earlier);
	return call;
}

static const struct rpcs_alert *last_of(enum rpcs_detection_id id)
{
	uint32_t i;

	for (i = c.count; i > 0; i--)
		if (c.alerts[i - 1].detection == id)
			return &c.alerts[i - 1];
	fail();
	return NULL;
}

/* The one alert of two calls; allowed, so that the policy's own are silent. */
static const struct rpcs_alert *judge(struct rpcs_call call, struct rpcs_call earlier)
{
	call = conflict(call, &earlier);
	call.allowed = true;
	call.names_change = true;
	c.count = 0;
	rpcs_detect_call(c.detect, &call);
	assert_int_equal(c.count, 1);
	assert_int_equal(c.alerts[0].detection, RPCS_D_XID_CONFLICT);
	assert_int_equal(c.alerts[0].severity, 2);
	return &c.alerts[0];
}

static void a_conflict_says_what_differs(void **state)
{
	struct rpcs_call getport = case_mapping(RPCS_PORTMAP_GETPORT, 100003, 0), other;
	const struct rpcs_alert *alert;

	(void)state;
	case_start(&c, CASE_HOME "alerts: {repeat: 0s}\n");
	alert = judge(case_mapping(RPCS_PORTMAP_GETPORT, 100005, 0), getport);
	assert_true(case_says(alert, "program asked for: nfs (100003) -> mountd (100005)"));
	assert_true(case_says(alert, "XID 0x00000001"));
	assert_true(case_says(alert, "external"));
	assert_int_equal(alert->evidence_count, 3);

	alert = judge(case_call(2, RPCS_PORTMAP_DUMP), getport);
	assert_true(case_says(alert, "procedure: GETPORT -> DUMP"));
	assert_false(case_says(alert, "asked for"));

	alert = judge(case_rpcb(4, 3, 100003), getport);
	assert_true(case_says(alert, "version: 2 -> 4"));
	assert_true(case_says(alert, "procedure: GETPORT -> GETADDR"));

	other = getport;
	other.message.program = 100005;
	other.message.portmap = (struct rpcs_portmap){ 0 };
	alert = judge(other, getport);
	assert_true(case_says(alert, "program: portmapper (100000) -> mountd (100005)"));
	other.message.procedure = 9;
	alert = judge(other, getport);
	assert_true(case_says(alert, "procedure: 3 -> 9"));

	other = getport;
	other.message.portmap.version = 3;
	other.message.portmap.protocol = 6;
	other.message.portmap.port = 9;
	alert = judge(other, getport);
	assert_true(case_says(alert, "version asked for: 1 -> 3"));
	assert_true(case_says(alert, "protocol asked for: 17 -> 6"));
	assert_true(case_says(alert, "port asked for: 0 -> 9"));

	other = case_callit(2, RPCS_PORTMAP_CALLIT);
	other.message.portmap.procedure = 1;
	alert = judge(case_callit(2, RPCS_PORTMAP_CALLIT), other);
	assert_true(case_says(alert, "inner procedure asked for: 1 -> 5"));
	case_end(&c);
}

/* Bytes that are not decoded, or texts: that they differ is all there is to say. */
static void a_conflict_in_other_arguments(void **state)
{
	struct rpcs_call call = case_rpcb(4, 3, 100003), earlier = call;

	(void)state;
	case_start(&c, CASE_HOME);
	earlier.message.portmap.netid = case_text("udp");
	assert_true(case_says(judge(call, earlier), "the arguments differ"));
	case_end(&c);
}

static void a_conflict_only_where_there_is_one(void **state)
{
	struct rpcs_call call = case_mapping(RPCS_PORTMAP_GETPORT, 390109, 0);

	(void)state;
	call.allowed = true;
	case_expect(CASE_HOME, call, RPCS_D__MAX);
	call = conflict(call, &call);
	case_expect(CASE_HOME, call, RPCS_D_XID_CONFLICT);
	case_expect("detections:\n  xid-conflict: {enabled: false}\n", call, RPCS_D__MAX);
	call.message.tuple.dport = 2049;
	case_expect(CASE_HOME, call, RPCS_D_ALT_PORT);
}

/* The outcome of the second call follows its alert, and says again what differed. */
static void a_conflict_has_an_outcome(void **state)
{
	struct rpcs_call earlier = case_mapping(RPCS_PORTMAP_GETPORT, 100003, 0);
	struct rpcs_call call = conflict(case_mapping(RPCS_PORTMAP_GETPORT, 390109, 0), &earlier);
	struct rpcs_message reply = case_reply_port(&call, 635);
	const struct rpcs_alert *alert;
	uint64_t id;

	(void)state;
	call.allowed = true;
	case_start(&c, CASE_HOME);
	rpcs_detect_call(c.detect, &call);
	id = last_of(RPCS_D_XID_CONFLICT)->id_low;
	rpcs_detect_outcome(c.detect, &call, &reply);
	alert = last_of(RPCS_D_XID_CONFLICT);
	assert_int_equal(c.count, 2);
	assert_true(alert->update);
	assert_int_equal(alert->id_low, id);
	assert_int_equal(alert->outcome, RPCS_OUTCOME_SUCCESS);
	assert_true(case_says(alert, "nfs (100003) -> "));
	case_end(&c);
}

static struct rpcs_overlap overlap_of(bool fragments)
{
	return (struct rpcs_overlap){
		.tuple = {
			.src = case_address("192.0.2.66"),
			.dst = case_address("10.0.0.2"),
			.sport = 40000,
			.dport = 111,
			.protocol = RPCS_IP_TCP,
		},
		.seen = { .time_ns = CASE_WHEN, .frame = 9 },
		.fragments = fragments,
		.bytes = 2,
		.seq = 4711,
		.shown = 3,
		.was = { 0x01, 0x86, 0xa3 },
		.is = { 0x01, 0x86, 0xa5 },
	};
}

static void an_overlap_shows_both_readings(void **state)
{
	struct rpcs_overlap overlap = overlap_of(false);
	const struct rpcs_alert *alert;

	(void)state;
	case_start(&c, CASE_HOME);
	rpcs_detect_overlap(c.detect, &overlap, 5);
	assert_int_equal(c.count, 1);
	alert = case_last(&c);
	assert_int_equal(alert->detection, RPCS_D_INCONSISTENT_OVERLAP);
	assert_int_equal(alert->severity, 1);
	assert_int_equal(alert->outcome, RPCS_OUTCOME_ATTEMPT);
	assert_int_equal(alert->time_ns, CASE_WHEN);
	assert_int_equal(alert->frame, 9);
	assert_int_equal(alert->flow_id, 5);
	assert_null(alert->call);
	assert_int_equal(alert->tuple.dport, 111);
	assert_true(case_says(alert, "2 bytes differ from those sent before, the first at "
				     "sequence number 4711"));
	assert_true(case_says(alert, "01 86 a3 -> 01 86 a5"));
	assert_true(case_says(alert, "sent by the client"));
	assert_true(case_says(alert, "external"));
	case_end(&c);
}

static void fragments_have_their_own(void **state)
{
	struct rpcs_overlap overlap = overlap_of(true);
	const struct rpcs_alert *alert;

	(void)state;
	case_start(&c, CASE_HOME);
	overlap.bytes = 1;
	overlap.tuple.src = case_address("10.0.0.1");
	rpcs_detect_overlap(c.detect, &overlap, 5);
	alert = case_last(&c);
	assert_int_equal(alert->detection, RPCS_D_FRAGMENT_OVERLAP);
	assert_true(case_says(alert, "1 byte differs from an earlier fragment's, the first at "
				     "offset 4711 of the IP payload"));
	assert_false(case_says(alert, "external"));
	overlap = overlap_of(true);
	overlap.needless = true;
	overlap.smallest = 8;
	overlap.whole = 176;
	rpcs_detect_overlap(c.detect, &overlap, 5);
	assert_int_equal(c.count, 2);
	alert = case_last(&c);
	assert_int_equal(alert->detection, RPCS_D_FRAGMENT_OVERLAP);
	assert_true(case_says(alert, "needless: a fragment of 8 bytes"));
	assert_true(case_says(alert, "only 176"));
	assert_false(case_says(alert, "->"));
	case_end(&c);
}

/* Fragments of anybody else's packets are none of ours; a TCP flow is what the caller says. */
static void other_ports(void **state)
{
	struct rpcs_overlap overlap = overlap_of(true);

	(void)state;
	case_start(&c, CASE_HOME);
	overlap.tuple.dport = 2049;
	rpcs_detect_overlap(c.detect, &overlap, 5);
	assert_int_equal(c.count, 0);
	overlap.fragments = false;
	rpcs_detect_overlap(c.detect, &overlap, 5);
	assert_int_equal(c.count, 1);
	case_end(&c);
}

static void client_to_server_whoever_sent_it(void **state)
{
	struct rpcs_overlap overlap = overlap_of(true);
	struct rpcs_address client = overlap.tuple.src;
	const struct rpcs_alert *alert;

	(void)state;
	overlap.tuple.src = overlap.tuple.dst;
	overlap.tuple.dst = client;
	overlap.tuple.sport = 111;
	overlap.tuple.dport = 40000;
	case_start(&c, CASE_HOME);
	rpcs_detect_overlap(c.detect, &overlap, 5);
	alert = case_last(&c);
	assert_true(rpcs_address_equal(&alert->tuple.src, &client));
	assert_int_equal(alert->tuple.sport, 40000);
	assert_int_equal(alert->tuple.dport, 111);
	assert_int_equal(alert->tuple.protocol, RPCS_IP_TCP);
	assert_true(case_says(alert, "sent by the server"));
	/* What the client sends folds with it. */
	overlap.tuple = overlap_of(true).tuple;
	rpcs_detect_overlap(c.detect, &overlap, 5);
	assert_int_equal(c.count, 1);
	case_end(&c);
}

static void an_overlap_is_told_once_a_client_and_server(void **state)
{
	struct rpcs_overlap overlap = overlap_of(false);

	(void)state;
	case_start(&c, "alerts: {repeat: 10m}\n");
	rpcs_detect_overlap(c.detect, &overlap, 5);
	overlap.seen.time_ns += 600 * CASE_SEC - 1;
	rpcs_detect_overlap(c.detect, &overlap, 5);
	assert_int_equal(c.count, 1);
	overlap.fragments = true; /* another kind */
	rpcs_detect_overlap(c.detect, &overlap, 5);
	assert_int_equal(c.count, 2);
	overlap.fragments = false;
	rpcs_detect_overlap(c.detect, &overlap, 6); /* another flow */
	assert_int_equal(c.count, 2);
	overlap.tuple.src.bytes[15]++;
	rpcs_detect_overlap(c.detect, &overlap, 7); /* another client */
	assert_int_equal(c.count, 3);
	overlap = overlap_of(false);
	overlap.seen.time_ns += 600 * CASE_SEC;
	rpcs_detect_overlap(c.detect, &overlap, 5);
	assert_int_equal(c.count, 5); /* the count of three, and a new one */
	assert_int_equal(c.alerts[3].count, 3);
	assert_true(c.alerts[3].update);
	assert_false(c.alerts[4].update);
	case_end(&c);
}

static void overlaps_are_bounded(void **state)
{
	struct rpcs_overlap overlap = overlap_of(false);
	uint8_t client;

	(void)state;
	case_start(&c, "limits: {sources: 8}\n");
	for (client = 1; client <= 12; client++) {
		overlap.tuple.src.bytes[15] = client;
		rpcs_detect_overlap(c.detect, &overlap, client);
	}
	assert_int_equal(c.count, 12);
	assert_int_equal(rpcs_detect_evictions(c.detect), 4);
	rpcs_detect_overlap(c.detect, &overlap, 12);
	assert_int_equal(c.count, 12);
	overlap.tuple.src.bytes[15] = 1;
	rpcs_detect_overlap(c.detect, &overlap, 1);
	assert_int_equal(c.count, 13);
	case_end(&c);
}

static void the_policy_may_switch_them_off(void **state)
{
	struct rpcs_overlap overlap = overlap_of(false);

	(void)state;
	case_start(&c, "detections: {tcp-inconsistent-overlap: {enabled: false}}\n");
	rpcs_detect_overlap(c.detect, &overlap, 5);
	assert_int_equal(c.count, 0);
	overlap.fragments = true;
	rpcs_detect_overlap(c.detect, &overlap, 5);
	assert_int_equal(c.count, 1);
	case_end(&c);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_conflict_says_what_differs),
		cmocka_unit_test(a_conflict_in_other_arguments),
		cmocka_unit_test(a_conflict_only_where_there_is_one),
		cmocka_unit_test(a_conflict_has_an_outcome),
		cmocka_unit_test(an_overlap_shows_both_readings),
		cmocka_unit_test(fragments_have_their_own),
		cmocka_unit_test(other_ports),
		cmocka_unit_test(client_to_server_whoever_sent_it),
		cmocka_unit_test(an_overlap_is_told_once_a_client_and_server),
		cmocka_unit_test(overlaps_are_bounded),
		cmocka_unit_test(the_policy_may_switch_them_off),
	};

	return cmocka_run_group_tests_name("detect evasion", tests, NULL, NULL);
}
