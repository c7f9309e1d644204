// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The policy family: what must fire, and what is close to it and must not. */
#include "detect_case.h"

static void dump_fires_in_every_version(void **state)
{
	uint32_t version;

	(void)state;
	for (version = 2; version <= 4; version++)
		case_expect(CASE_HOME, case_call(version, RPCS_PORTMAP_DUMP), RPCS_D_DUMP);
	case_expect(CASE_HOME, case_rpcb(4, RPCS_PORTMAP_GETADDRLIST, 100005), RPCS_D_DUMP);
	/* RFC 1833 has no such procedure in versions 2 and 3. */
	case_expect(CASE_HOME, case_rpcb(2, RPCS_PORTMAP_GETADDRLIST, 100005), RPCS_D__MAX);
	case_expect(CASE_HOME, case_rpcb(3, RPCS_PORTMAP_GETADDRLIST, 100005), RPCS_D__MAX);
}

/* These concern portmapper calls, wherever they go. */
static void only_the_portmapper_program_counts(void **state)
{
	struct rpcs_call call = case_call(2, RPCS_PORTMAP_DUMP);
	static struct detect_case c;

	(void)state;
	call.message.tuple.dport = 32771;
	case_start(&c, CASE_HOME);
	rpcs_detect_call(c.detect, &call);
	assert_int_equal(case_count(&c, RPCS_D_DUMP), 1);
	case_end(&c);
	call = case_call(2, RPCS_PORTMAP_DUMP);
	call.message.program = 100003;
	case_expect(CASE_HOME, call, RPCS_D__MAX);
}

static void null_and_gettime_are_silent(void **state)
{
	(void)state;
	case_expect(CASE_HOME, case_call(2, RPCS_PORTMAP_NULL), RPCS_D__MAX);
	case_expect(CASE_HOME, case_call(3, RPCS_PORTMAP_GETTIME), RPCS_D__MAX);
	case_expect(CASE_HOME, case_call(104316, RPCS_PORTMAP_DUMP), RPCS_D__MAX);
}

static void lookups_fire_by_version_first(void **state)
{
	(void)state;
	case_expect(CASE_HOME, case_mapping(RPCS_PORTMAP_GETPORT, 390109, 0), RPCS_D_GETPORT);
	case_expect(CASE_HOME, case_rpcb(3, 3, 390109), RPCS_D_GETPORT);
	case_expect(CASE_HOME, case_rpcb(4, 3, 390109), RPCS_D_GETPORT);
	case_expect(CASE_HOME, case_rpcb(4, RPCS_PORTMAP_GETVERSADDR, 390109), RPCS_D_GETPORT);
	case_expect(CASE_HOME, case_rpcb(3, RPCS_PORTMAP_GETVERSADDR, 390109), RPCS_D__MAX);
	/* A lookup whose arguments can't be read is one all the same. */
	case_expect(CASE_HOME, case_call(2, RPCS_PORTMAP_GETPORT), RPCS_D_GETPORT);
}

static void sensitive_lookups_fire_instead(void **state)
{
	static const char more[] = CASE_HOME "sensitive: {add: [390109], remove: [mountd]}\n";

	(void)state;
	case_expect(CASE_HOME, case_mapping(RPCS_PORTMAP_GETPORT, 100005, 0),
		    RPCS_D_GETPORT_SENSITIVE);
	case_expect(CASE_HOME, case_rpcb(4, 3, 100005), RPCS_D_GETPORT_SENSITIVE);
	case_expect(more, case_mapping(RPCS_PORTMAP_GETPORT, 390109, 0), RPCS_D_GETPORT_SENSITIVE);
	case_expect(more, case_mapping(RPCS_PORTMAP_GETPORT, 100005, 0), RPCS_D_GETPORT);
}

/* The severity of a sensitive lookup once this address has answered it. */
static uint8_t severity_with(const char *address)
{
	struct rpcs_call call = case_rpcb(4, 3, 100005);
	struct rpcs_message reply = case_reply(&call);
	static struct detect_case c;
	uint8_t severity;

	reply.portmap = (struct rpcs_portmap){ .shape = RPCS_PORTMAP_ADDRESS,
					       .has = 1,
					       .address = case_text(address) };
	case_start(&c, CASE_HOME);
	rpcs_detect_call(c.detect, &call);
	rpcs_detect_outcome(c.detect, &call, &reply);
	assert_int_equal(c.count, 2);
	severity = case_last(&c)->severity;
	case_end(&c);
	return severity;
}

static void an_answer_with_a_port_is_severe(void **state)
{
	(void)state;
	assert_int_equal(severity_with("10.0.0.2.2.123"), 1);
	assert_int_equal(severity_with("/run/rpcbind.sock"), 2);
	assert_int_equal(severity_with(""), 2);
}

static void changes_fire_unless_local(void **state)
{
	struct rpcs_call set = case_mapping(RPCS_PORTMAP_SET, 100003, 2049);
	struct rpcs_call unset = case_rpcb(4, RPCS_PORTMAP_UNSET, 100003);

	(void)state;
	case_expect(CASE_HOME, set, RPCS_D_SET_REMOTE);
	case_expect(CASE_HOME, unset, RPCS_D_UNSET_REMOTE);
	/* From home, too: nobody sets over the network. */
	set.message.tuple.src = case_address("10.0.0.1");
	case_expect(CASE_HOME, set, RPCS_D_SET_REMOTE);
	set.message.seen.flags |= RPCS_F_LOCAL;
	unset.message.seen.flags |= RPCS_F_LOCAL;
	case_expect(CASE_HOME, set, RPCS_D_HOST_LOCAL_CHANGE);
	case_expect(CASE_HOME, unset, RPCS_D_HOST_LOCAL_CHANGE);
}

static void callit_fires_for_one_host_only(void **state)
{
	struct rpcs_call call = case_callit(2, RPCS_PORTMAP_CALLIT);

	(void)state;
	case_expect(CASE_HOME, call, RPCS_D_CALLIT);
	case_expect(CASE_HOME, case_callit(3, RPCS_PORTMAP_CALLIT), RPCS_D_CALLIT);
	case_expect(CASE_HOME, case_callit(4, RPCS_PORTMAP_CALLIT), RPCS_D_CALLIT);
	case_expect(CASE_HOME, case_callit(4, RPCS_PORTMAP_INDIRECT), RPCS_D_CALLIT);
	call.message.tuple.dst = case_address("10.255.255.255");
	case_expect(CASE_HOME, call, RPCS_D_CALLIT);
	call.message.tuple.dst = case_address("255.255.255.255");
	case_expect(CASE_HOME, call, RPCS_D__MAX);
	call.message.tuple.dst = case_address("224.0.2.2");
	case_expect(CASE_HOME, call, RPCS_D__MAX);
	call.message.tuple.dst = case_address("10.255.255.255");
	call.message.seen.flags |= RPCS_F_GROUP;
	case_expect(CASE_HOME, call, RPCS_D__MAX);
}

static void spoofed_sources_fire(void **state)
{
	static const char *const sources[] = { "127.0.0.1", "127.9.9.9", "::1",
					       "0.0.0.0",   "::",	 "10.0.0.2" };
	struct rpcs_call call = case_call(2, RPCS_PORTMAP_NULL);
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
		call.message.tuple.src = case_address(sources[i]);
		call.message.seen.flags = 0;
		case_expect(CASE_HOME, call, RPCS_D_SPOOFED_LOCAL);
		/* Nothing the policy permits silences it. */
		call.allowed = true;
		case_expect(CASE_HOME, call, RPCS_D_SPOOFED_LOCAL);
		call.message.seen.flags = RPCS_F_LOCAL;
		case_expect(CASE_HOME, call, RPCS_D__MAX);
	}
	call.message.seen.flags = 0;
	call.message.tuple.src = case_address("128.0.0.1");
	case_expect(CASE_HOME, call, RPCS_D__MAX);
	/* Other programs too, but only at a portmapper port. */
	call.message.tuple.src = case_address("127.0.0.1");
	call.message.program = 100003;
	case_expect(CASE_HOME, call, RPCS_D_SPOOFED_LOCAL);
	call.message.tuple.dport = 2049;
	case_expect(CASE_HOME, call, RPCS_D__MAX);
	case_expect("sensor: {ports: [111, 2049]}\n", call, RPCS_D_SPOOFED_LOCAL);
}

static void spoofed_unset_raises_both(void **state)
{
	struct rpcs_call call = case_mapping(RPCS_PORTMAP_UNSET, 100003, 0);
	static struct detect_case c;

	(void)state;
	call.message.tuple.src = case_address("127.0.0.1");
	case_start(&c, CASE_HOME);
	rpcs_detect_call(c.detect, &call);
	assert_int_equal(c.count, 2);
	assert_int_equal(case_count(&c, RPCS_D_UNSET_REMOTE), 1);
	assert_int_equal(case_count(&c, RPCS_D_SPOOFED_LOCAL), 1);
	assert_int_equal(call.alert_count, 2);
	assert_true(case_says(&c.alerts[1], "127.0.0.1"));
	assert_true(case_says(&c.alerts[1], "nfs (100003)"));
	case_end(&c);
}

static void allowed_calls_are_silent(void **state)
{
	struct rpcs_call call;

	(void)state;
	call = case_call(2, RPCS_PORTMAP_DUMP);
	call.allowed = true;
	case_expect(CASE_HOME, call, RPCS_D__MAX);
	call = case_mapping(RPCS_PORTMAP_GETPORT, 100005, 0);
	call.allowed = true;
	case_expect(CASE_HOME, call, RPCS_D__MAX);
	call = case_callit(2, RPCS_PORTMAP_CALLIT);
	call.allowed = true;
	case_expect(CASE_HOME, call, RPCS_D__MAX);
	/* A change, only when the rule names it. */
	call = case_mapping(RPCS_PORTMAP_SET, 100003, 2049);
	call.allowed = true;
	case_expect(CASE_HOME, call, RPCS_D_SET_REMOTE);
	call.names_change = true;
	case_expect(CASE_HOME, call, RPCS_D__MAX);
	call.allowed = false;
	case_expect(CASE_HOME, call, RPCS_D_SET_REMOTE);
}

static void held_calls_wait(void **state)
{
	struct rpcs_call call = case_mapping(RPCS_PORTMAP_GETPORT, 100005, 0);

	(void)state;
	call.held = true;
	case_expect(CASE_HOME, call, RPCS_D__MAX);
}

static void the_policy_switches_off_and_sets_severity(void **state)
{
	struct rpcs_call call = case_call(2, RPCS_PORTMAP_DUMP);
	static struct detect_case c;

	(void)state;
	case_expect("detections:\n  portmap-dump: {enabled: false}\n", call, RPCS_D__MAX);
	/* One switched off gives no other in its stead. */
	case_expect("detections:\n  portmap-getport-sensitive: {enabled: false}\n",
		    case_mapping(RPCS_PORTMAP_GETPORT, 100005, 0), RPCS_D__MAX);
	case_start(&c, "detections:\n  portmap-dump: {severity: 4}\n");
	rpcs_detect_call(c.detect, &call);
	assert_int_equal(case_last(&c)->severity, 4);
	case_end(&c);
}

static void alerts_carry_their_call(void **state)
{
	struct rpcs_call call = case_mapping(RPCS_PORTMAP_SET, 100003, 2049);
	static struct detect_case c;
	const struct rpcs_alert *alert;

	(void)state;
	call.message.tuple.sport = 856;
	call.message.auth = (struct rpcs_auth){ .flavor = RPCS_AUTH_SYS,
						.sys = true,
						.uid = 0,
						.gid = 7,
						.machine = case_text("e\"\n\\vil") };
	case_start(&c, CASE_HOME);
	rpcs_detect_call(c.detect, &call);
	alert = case_last(&c);
	assert_ptr_equal(alert->call, &call);
	assert_null(alert->reply);
	assert_int_equal(alert->severity, 1);
	assert_int_equal(alert->time_ns, CASE_WHEN);
	assert_int_equal(alert->frame, 7);
	assert_int_equal(alert->flow_id, 99);
	assert_true(rpcs_address_equal(&alert->tuple.src, &call.message.tuple.src));
	assert_true(case_says(alert, "register nfs (100003) version 1 over udp at port 2049"));
	assert_true(case_says(alert, "uid 0, gid 7 on machine \"e\\x22\\x0a\\x5cvil\""));
	assert_true(case_says(alert, "source port 856"));
	assert_true(case_says(alert, "external"));
	case_end(&c);
}

static void evidence_names_the_inner_call(void **state)
{
	struct rpcs_call call = case_callit(2, RPCS_PORTMAP_CALLIT);
	static struct detect_case c;

	(void)state;
	call.message.tuple.src = case_address("10.0.0.1");
	case_start(&c, CASE_HOME);
	rpcs_detect_call(c.detect, &call);
	assert_true(case_says(case_last(&c), "mountd (100005) version 3 procedure 5"));
	assert_true(case_says(case_last(&c), "16 bytes"));
	assert_false(case_says(case_last(&c), "external"));
	case_end(&c);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(dump_fires_in_every_version),
		cmocka_unit_test(only_the_portmapper_program_counts),
		cmocka_unit_test(null_and_gettime_are_silent),
		cmocka_unit_test(lookups_fire_by_version_first),
		cmocka_unit_test(sensitive_lookups_fire_instead),
		cmocka_unit_test(an_answer_with_a_port_is_severe),
		cmocka_unit_test(changes_fire_unless_local),
		cmocka_unit_test(callit_fires_for_one_host_only),
		cmocka_unit_test(spoofed_sources_fire),
		cmocka_unit_test(spoofed_unset_raises_both),
		cmocka_unit_test(allowed_calls_are_silent),
		cmocka_unit_test(held_calls_wait),
		cmocka_unit_test(the_policy_switches_off_and_sets_severity),
		cmocka_unit_test(alerts_carry_their_call),
		cmocka_unit_test(evidence_names_the_inner_call),
	};

	return cmocka_run_group_tests_name("detect access", tests, NULL, NULL);
}
