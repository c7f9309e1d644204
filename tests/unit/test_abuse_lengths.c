// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Lengths in calls, from their bytes on: strings, credentials, CALLIT's arguments. */
#include "abuse_case.h"

#include "packets.h"
#include "stream/decode.h"
#include "stream/portmap.h"

static struct test_frame s;

/* The bytes in `s` as a call of this length, of which `available` are there. */
static struct rpcs_call call_of(uint32_t len, uint32_t available)
{
	struct rpcs_call call = case_call(2, 0);
	struct rpcs_message message = { .tuple = call.message.tuple, .seen = call.message.seen };

	assert_true(rpcs_message_decode(&message, s.bytes, available, len));
	rpcs_portmap_decode_call(&message);
	call.message = message;
	return call;
}

static struct rpcs_call whole_call(void)
{
	return call_of(s.len, s.len);
}

static void begin(uint32_t program, uint32_t version, uint32_t procedure)
{
	s.len = 0;
	frame_call(&s, 7, program, version, procedure);
}

static void put_string(uint32_t length, uint32_t there)
{
	put32(&s, length);
	put_zeros(&s, there);
}

/* GETADDR, SET, GETVERSADDR…: netid, address, owner, each with one byte too many in turn. */
static void bombs_in_rpcb(void **state)
{
	static const uint32_t procedures[][2] = { { 3, 1 }, { 3, 3 }, { 4, 2 },
						  { 4, 3 }, { 4, 9 }, { 4, 11 } };
	struct rpcs_call call;
	uint32_t i, bad;

	(void)state;
	for (i = 0; i < sizeof(procedures) / sizeof(procedures[0]); i++) {
		for (bad = 0; bad < 4; bad++) {
			begin(RPCS_PORTMAP_PROGRAM, procedures[i][0], procedures[i][1]);
			put32(&s, 390109);
			put32(&s, 1);
			put_string(bad == 1 ? 21 : 4, 4);
			put_string(bad == 2 ? 13 : 4, 4);
			put_string(bad == 3 ? 5 : 4, 4);
			call = whole_call();
			assert_int_equal(abuse_of_call(&call, RPCS_D_LENGTH_BOMB), bad != 0);
			if (bad == 3)
				assert_true(case_says(abuse_last(RPCS_D_LENGTH_BOMB),
						      "length 5 of a string, at offset 24 of the "
						      "arguments; the message on the wire has 4"));
			case_end(&c);
		}
	}
}

/* CVE-2017-8779 as Metasploit sends it. */
static void rpcbomb(void **state)
{
	struct rpcs_call call;

	(void)state;
	begin(RPCS_PORTMAP_PROGRAM, 4, RPCS_PORTMAP_GETVERSADDR);
	put_zeros(&s, 8);
	put_string(4, 4);
	put32(&s, 1000000);
	call = whole_call();
	assert_int_equal(abuse_of_call(&call, RPCS_D_LENGTH_BOMB), 1);
	assert_int_equal(abuse_last(RPCS_D_LENGTH_BOMB)->severity, 1);
	assert_true(case_says(abuse_last(RPCS_D_LENGTH_BOMB), "CVE-2017-8779"));
	assert_true(case_says(abuse_last(RPCS_D_LENGTH_BOMB), "GETVERSADDR"));
	case_end(&c);
}

/* By the wire's length, and never where the capture cut the message. */
static void never_where_it_was_cut(void **state)
{
	struct rpcs_call call;

	(void)state;
	begin(RPCS_PORTMAP_PROGRAM, 4, RPCS_PORTMAP_GETPORT);
	put_zeros(&s, 8);
	put_string(100, 4);
	EXPECT_CALL(whole_call(), RPCS_D_LENGTH_BOMB, 1);
	EXPECT_CALL(call_of(s.len + 96, s.len), RPCS_D_LENGTH_BOMB, 0);
	EXPECT_CALL(call_of(s.len + 92, s.len), RPCS_D_LENGTH_BOMB, 0);
	/* What a compact record leaves out is no cut. */
	begin(100005, 3, 1);
	put_string(100, 12);
	call = call_of(s.len, s.len);
	call.message.tuple.dport = 635;
	EXPECT_CALL(call, RPCS_D_LENGTH_BOMB, 1);
	call = call_of(s.len + 1000, s.len);
	call.message.truncated = false;
	call.message.tuple.dport = 635;
	EXPECT_CALL(call, RPCS_D_LENGTH_BOMB, 0);
}

static void bombs_elsewhere_in_the_portmapper(void **state)
{
	uint32_t bad;

	(void)state;
	for (bad = 0; bad < 2; bad++) {
		begin(RPCS_PORTMAP_PROGRAM, 3, RPCS_PORTMAP_UADDR2TADDR);
		put_string(4 + bad, 4);
		EXPECT_CALL(whole_call(), RPCS_D_LENGTH_BOMB, bad);
		begin(RPCS_PORTMAP_PROGRAM, 4, RPCS_PORTMAP_TADDR2UADDR);
		put32(&s, UINT32_MAX); /* the netbuf's maxlen reserves nothing */
		put_string(16 + bad, 16);
		EXPECT_CALL(whole_call(), RPCS_D_LENGTH_BOMB, bad);
		begin(RPCS_PORTMAP_PROGRAM, 4, RPCS_PORTMAP_INDIRECT);
		put_zeros(&s, 12);
		put_string(8 + bad, 8);
		EXPECT_CALL(whole_call(), RPCS_D_LENGTH_BOMB, bad);
	}
	/* Without its padding a string is malformed, and no bomb. */
	begin(RPCS_PORTMAP_PROGRAM, 3, RPCS_PORTMAP_UADDR2TADDR);
	put_string(5, 8);
	s.len -= 3;
	assert_non_null(whole_call().message.malformed);
	assert_null(whole_call().message.excess.what);
}

/* The arguments that CALLIT passes on are judged by the inner program's layout. */
static void bombs_in_callit(void **state)
{
	struct rpcs_call call;
	uint32_t bad;

	(void)state;
	for (bad = 0; bad < 2; bad++) {
		begin(RPCS_PORTMAP_PROGRAM, 2, RPCS_PORTMAP_CALLIT);
		put32(&s, 100005);
		put32(&s, 3);
		put32(&s, 1);
		put32(&s, 12);
		put_string(8 + bad, 8);
		call = whole_call();
		assert_int_equal(abuse_of_call(&call, RPCS_D_LENGTH_BOMB), bad);
		if (bad)
			assert_true(case_says(abuse_last(RPCS_D_LENGTH_BOMB), "at offset 16"));
		case_end(&c);
	}
}

static void bombs_in_services(void **state)
{
	struct rpcs_call call;
	struct rpcs_message reply;

	(void)state;
	begin(100005, 3, 1);
	put_string(9, 8);
	call = whole_call();
	call.message.tuple.dport = 635;
	assert_int_equal(abuse_of_call(&call, RPCS_D_LENGTH_BOMB), 1);
	assert_true(case_says(abuse_last(RPCS_D_LENGTH_BOMB), "mountd (100005) version 3"));
	assert_false(case_says(abuse_last(RPCS_D_LENGTH_BOMB), "CVE-2017-8779"));
	/* Once the outcome is known the body is gone, and the evidence is not. */
	call.message.body = NULL;
	reply = case_reply(&call);
	reply.stat = RPCS_ACCEPT_GARBAGE_ARGS;
	call.status = RPCS_STATUS_ANSWERED;
	rpcs_detect_outcome(c.detect, &call, &reply);
	assert_int_equal(abuse_last(RPCS_D_LENGTH_BOMB)->outcome, RPCS_OUTCOME_GARBAGE_ARGS);
	assert_true(case_says(abuse_last(RPCS_D_LENGTH_BOMB), "length 9 of a string"));
	case_end(&c);
	/* RPCSEC_GSS wraps them. */
	call = whole_call();
	call.message.tuple.dport = 635;
	call.message.auth.flavor = RPCS_AUTH_GSS;
	EXPECT_CALL(call, RPCS_D_LENGTH_BOMB, 0);
}

/* GETADDR, DUMP, CALLIT, GETSTAT. */
static void bombs_in_results(void **state)
{
	struct rpcs_call call = case_call(4, RPCS_PORTMAP_GETSTAT);
	static struct rpcs_mapping_room room;
	struct rpcs_message reply;
	uint32_t bad;

	(void)state;
	for (bad = 0; bad < 2; bad++) {
		s.len = 0;
		put_zeros(&s, 15 * 4);
		put32(&s, 1);
		put_zeros(&s, 16);
		put_string(bad ? 200 : 4, 4);
		put_zeros(&s, 4 + 4); /* both lists end */
		put_zeros(&s, 2 * (15 + 2) * 4);
		reply = case_reply(&call);
		reply.body = s.bytes;
		reply.body_len = reply.body_available = s.len;
		reply.call_known = true;
		rpcs_portmap_decode_reply(&reply, &room);
		assert_int_equal(reply.malformed != NULL, bad);
		assert_int_equal(abuse_of_reply(&call, &reply, RPCS_D_LENGTH_BOMB), bad);
		if (bad)
			assert_true(case_says(abuse_last(RPCS_D_LENGTH_BOMB),
					      "length 200 of a string, at offset 80 of the "
					      "results"));
		case_end(&c);
	}
}

/* Credentials. */

static void put_auth(uint32_t flavor, uint32_t length, uint32_t there)
{
	put32(&s, flavor);
	put_string(length, there);
}

static uint32_t credentials(uint32_t flavor, uint32_t length, uint32_t there, uint32_t verifier,
			    uint32_t verifier_there)
{
	struct rpcs_call call;
	uint32_t count;

	begin(RPCS_PORTMAP_PROGRAM, 2, RPCS_PORTMAP_NULL);
	s.len -= 16;
	put_auth(flavor, length, there);
	put_auth(RPCS_AUTH_NONE, verifier, verifier_there);
	call = whole_call();
	count = abuse_of_call(&call, RPCS_D_OVERSIZED_CREDENTIAL);
	case_end(&c);
	return count;
}

static void oversized_credentials(void **state)
{
	(void)state;
	assert_int_equal(credentials(RPCS_AUTH_SHORT, 400, 400, 400, 400), 0);
	assert_int_equal(credentials(RPCS_AUTH_SHORT, 401, 404, 0, 0), 1);
	assert_int_equal(credentials(RPCS_AUTH_SHORT, 0, 0, 401, 404), 1);
	assert_int_equal(credentials(RPCS_AUTH_SHORT, UINT32_MAX, 0, 0, 0), 1);
	/* The verifier's 8 bytes are all that is left. */
	assert_int_equal(credentials(RPCS_AUTH_SHORT, 9, 0, 0, 0), 1);
	assert_int_equal(credentials(RPCS_AUTH_NONE, 0, 0, 4, 0), 1);
	assert_int_equal(credentials(RPCS_AUTH_NONE, 0, 0, 4, 4), 0);
}

static struct rpcs_call sys_call(uint32_t name, uint32_t gids)
{
	char machine[400];

	memset(machine, 'm', name);
	machine[name] = '\0';
	begin(RPCS_PORTMAP_PROGRAM, 2, RPCS_PORTMAP_NULL);
	s.len -= 16;
	frame_auth_sys(&s, machine, gids);
	return whole_call();
}

static void oversized_names_and_groups(void **state)
{
	struct rpcs_call call = sys_call(256, 0);

	(void)state;
	EXPECT_CALL(sys_call(255, 16), RPCS_D_OVERSIZED_CREDENTIAL, 0);
	EXPECT_CALL(sys_call(0, 17), RPCS_D_OVERSIZED_CREDENTIAL, 1);
	assert_int_equal(abuse_of_call(&call, RPCS_D_OVERSIZED_CREDENTIAL), 1);
	assert_true(case_says(abuse_last(RPCS_D_OVERSIZED_CREDENTIAL),
			      "the machine name says 256 bytes; at most 255"));
	case_end(&c);
	/* A name that its credential has no room for; stamp and length take 8 of 28 bytes. */
	begin(RPCS_PORTMAP_PROGRAM, 2, RPCS_PORTMAP_NULL);
	s.len -= 16;
	put32(&s, RPCS_AUTH_SYS);
	put32(&s, 28);
	put32(&s, 0);
	put_string(21, 20);
	put_zeros(&s, 8);
	EXPECT_CALL(whole_call(), RPCS_D_OVERSIZED_CREDENTIAL, 1);
}

/* On another port by its program, or by what the flow said before. */
static void oversized_credentials_elsewhere(void **state)
{
	struct rpcs_call call = sys_call(8, 17);
	struct rpcs_message again = call.message;

	(void)state;
	call.message.tuple.dport = 2049;
	call.message.program = 0x77777777;
	EXPECT_CALL(call, RPCS_D_OVERSIZED_CREDENTIAL, 0);
	call.message.confirmed = true;
	EXPECT_CALL(call, RPCS_D_OVERSIZED_CREDENTIAL, 1);
	call.message.confirmed = false;
	call.message.program = 100003;
	EXPECT_CALL(call, RPCS_D_OVERSIZED_CREDENTIAL, 1);
	/* A repetition may have another credential. */
	call = sys_call(8, 16);
	case_start(&c, CASE_HOME);
	abuse_see(&call);
	rpcs_detect_message(c.detect, &again, &call, RPCS_PLACE_CALL_AGAIN, 99);
	assert_int_equal(case_count(&c, RPCS_D_OVERSIZED_CREDENTIAL), 1);
	assert_true(case_says(case_last(&c), "17 groups"));
	case_end(&c);
}

static void oversized_verifier_of_a_reply(void **state)
{
	struct rpcs_call call = case_call(2, 0);
	struct rpcs_message reply = case_reply(&call);
	uint32_t len;

	(void)state;
	for (len = 400; len <= 404; len += 4) {
		s.len = 0;
		put32(&s, 1);
		put32(&s, RPCS_MSG_REPLY);
		put32(&s, RPCS_REPLY_ACCEPTED);
		put_auth(6, len, len);
		put32(&s, RPCS_ACCEPT_SUCCESS);
		reply = case_reply(&call);
		assert_true(rpcs_message_decode(&reply, s.bytes, s.len, s.len));
		EXPECT_REPLY(&call, &reply, RPCS_D_OVERSIZED_CREDENTIAL, len > 400);
	}
}

static void overlong_callit(void **state)
{
	struct rpcs_call call = case_callit(2, RPCS_PORTMAP_CALLIT);

	(void)state;
	call.message.portmap.length = 2048;
	EXPECT_CALL(call, RPCS_D_CALLIT_OVERLONG, 0);
	call.message.portmap.length = 2049;
	assert_int_equal(abuse_of_call(&call, RPCS_D_CALLIT_OVERLONG), 1);
	assert_true(case_says(abuse_last(RPCS_D_CALLIT_OVERLONG), "CVE-2003-0028"));
	assert_true(case_says(abuse_last(RPCS_D_CALLIT_OVERLONG), "mountd (100005)"));
	assert_int_equal(abuse_last(RPCS_D_CALLIT_OVERLONG)->severity, 1);
	case_end(&c);
	call.message.version = 4;
	call.message.procedure = RPCS_PORTMAP_INDIRECT;
	call.message.seen.flags = RPCS_F_GROUP;
	EXPECT_CALL(call, RPCS_D_CALLIT_OVERLONG, 1);
	call.message.portmap.has = 3; /* the length is not there */
	EXPECT_CALL(call, RPCS_D_CALLIT_OVERLONG, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bombs_in_rpcb),
		cmocka_unit_test(rpcbomb),
		cmocka_unit_test(never_where_it_was_cut),
		cmocka_unit_test(bombs_elsewhere_in_the_portmapper),
		cmocka_unit_test(bombs_in_callit),
		cmocka_unit_test(bombs_in_services),
		cmocka_unit_test(bombs_in_results),
		cmocka_unit_test(oversized_credentials),
		cmocka_unit_test(oversized_names_and_groups),
		cmocka_unit_test(oversized_credentials_elsewhere),
		cmocka_unit_test(oversized_verifier_of_a_reply),
		cmocka_unit_test(overlong_callit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
