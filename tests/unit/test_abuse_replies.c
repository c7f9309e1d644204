// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What servers say, and could not: ports, addresses, version ranges. */
#include "abuse_case.h"

#include "match/told.h"

static struct rpcs_message reply_address(const struct rpcs_call *call, const char *address)
{
	struct rpcs_message reply = case_reply(call);

	reply.portmap = (struct rpcs_portmap){ .shape = RPCS_PORTMAP_ADDRESS,
					       .has = 1,
					       .address = case_text(address) };
	return reply;
}

static void universal_addresses(void **state)
{
	static const char *const good[] = {
		"10.0.0.2.8.1",	    "0.0.0.0.0.111",	   "255.255.255.255.255.255", "::.0.111",
		"fe80::1%eth0.8.1", "2001:db8::1.255.255", "::ffff:1.2.3.4.0.111",
	};
	static const char *const bad[] = {
		"1.2.3.4",	 "1.2.3.4.999.1", "1.2.3.4.-1.5", "....",	  "1.2.3.4.1.2.3",
		"1.2.3.4.8.256", "1.2.3.256.8.1", "abc.8.1",	  "1.2.3.4.8.1 ", "1.2.3.4.8.",
		".8.1",		 "8.1",		  "::g.0.1",	  "1.2.3.4..1",
	};
	struct rpcs_text text;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		text = case_text(good[i]);
		if (!rpcs_uaddr_is_valid(&text))
			fail_msg("%s is one", good[i]);
	}
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		text = case_text(bad[i]);
		if (rpcs_uaddr_is_valid(&text))
			fail_msg("%s is none", bad[i]);
	}
	/* A zero byte ends it for C, not for XDR. */
	assert_false(
		rpcs_uaddr_is_valid(&(struct rpcs_text){ (const uint8_t *)"1.2.3.4\0x.8.1", 13 }));
}

static void ports(void **state)
{
	struct rpcs_call call = case_mapping(RPCS_PORTMAP_GETPORT, 100003, 0);
	struct rpcs_message reply = case_reply_port(&call, 65535);
	const struct rpcs_alert *alert;

	(void)state;
	EXPECT_REPLY(&call, &reply, RPCS_D_BAD_PORT, 0);
	reply.portmap.port = 0;
	EXPECT_REPLY(&call, &reply, RPCS_D_BAD_PORT, 0);
	reply.portmap.port = 65536;
	assert_int_equal(abuse_of_reply(&call, &reply, RPCS_D_BAD_PORT), 1);
	alert = abuse_last(RPCS_D_BAD_PORT);
	assert_int_equal(alert->severity, 2);
	assert_true(case_says(alert, "port 65536"));
	/* About a reply, yet client to server, with the reply's frame. */
	assert_int_equal(alert->tuple.dport, 111);
	assert_int_equal(alert->frame, 8);
	assert_int_equal(alert->outcome, RPCS_OUTCOME_SUCCESS);
	assert_ptr_equal(alert->call, &call);
	case_end(&c);
	reply.portmap.shape = RPCS_PORTMAP_CALLIT_PORT;
	EXPECT_REPLY(&call, &reply, RPCS_D_BAD_PORT, 1);
	reply.portmap.has = 0;
	EXPECT_REPLY(&call, &reply, RPCS_D_BAD_PORT, 0);
}

static void addresses(void **state)
{
	struct rpcs_call call = case_rpcb(3, 3, 100003);
	struct rpcs_message reply = reply_address(&call, "1.2.3.4.8.1");

	(void)state;
	EXPECT_REPLY(&call, &reply, RPCS_D_BAD_PORT, 0);
	reply = reply_address(&call, "");
	EXPECT_REPLY(&call, &reply, RPCS_D_BAD_PORT, 0);
	reply = reply_address(&call, "1.2.3.4.8");
	EXPECT_REPLY(&call, &reply, RPCS_D_BAD_PORT, 1);
	reply.portmap.shape = RPCS_PORTMAP_CALLIT_ADDRESS;
	EXPECT_REPLY(&call, &reply, RPCS_D_BAD_PORT, 1);
	/* Local transports have addresses of their own. */
	call.message.portmap.netid = case_text("local");
	EXPECT_REPLY(&call, &reply, RPCS_D_BAD_PORT, 0);
	call.message.portmap.netid = case_text("udp66");
	EXPECT_REPLY(&call, &reply, RPCS_D_BAD_PORT, 0);
	call.message.portmap.netid = case_text("udp6");
	EXPECT_REPLY(&call, &reply, RPCS_D_BAD_PORT, 1);
	reply = reply_address(&call, "/run/rpcbind.sock");
	EXPECT_REPLY(&call, &reply, RPCS_D_BAD_PORT, 0);
}

static void lists(void **state)
{
	struct rpcs_mapping entries[3] = {
		{ .program = 100000, .version = 2, .port = 111 },
		{ .program = 100003, .version = 3, .port = 65536 },
		{ .program = 100005, .version = 3, .port = 70000 },
	};
	struct rpcs_call call = case_call(2, RPCS_PORTMAP_DUMP);
	struct rpcs_message reply = case_reply(&call);

	(void)state;
	reply.portmap = (struct rpcs_portmap){
		.shape = RPCS_PORTMAP_MAPPINGS, .has = 1, .mappings = entries, .mappings_kept = 1
	};
	EXPECT_REPLY(&call, &reply, RPCS_D_BAD_PORT, 0);
	reply.portmap.mappings_kept = 3;
	assert_int_equal(abuse_of_reply(&call, &reply, RPCS_D_BAD_PORT), 1);
	assert_true(case_says(abuse_last(RPCS_D_BAD_PORT), "nfs (100003) version 3, port 65536"));
	assert_true(case_says(abuse_last(RPCS_D_BAD_PORT), "2 of the list's entries"));
	case_end(&c);

	/* The same entries mean nothing by their port in version 3. */
	reply.portmap.shape = RPCS_PORTMAP_RPCBS;
	entries[0].netid = case_text("local");
	entries[0].address = case_text("/run/rpcbind.sock");
	entries[1].netid = case_text("udp");
	entries[1].address = case_text("0.0.0.0.8.1");
	entries[2].netid = case_text("ticlts");
	entries[2].address = case_text("a-host.rpc");
	EXPECT_REPLY(&call, &reply, RPCS_D_BAD_PORT, 0);
	entries[1].address = case_text("0.0.0.0.8.256");
	EXPECT_REPLY(&call, &reply, RPCS_D_BAD_PORT, 1);
	reply.portmap.shape = RPCS_PORTMAP_ENTRIES;
	EXPECT_REPLY(&call, &reply, RPCS_D_BAD_PORT, 1);
}

static void registrations(void **state)
{
	struct rpcs_call call = case_mapping(RPCS_PORTMAP_SET, 390109, 65535);

	(void)state;
	EXPECT_CALL(call, RPCS_D_BAD_PORT, 0);
	call.message.portmap.port = 65536;
	EXPECT_CALL(call, RPCS_D_BAD_PORT, 1);
	call.message.procedure = RPCS_PORTMAP_GETPORT; /* there it is unused (RFC 1833 3.2) */
	EXPECT_CALL(call, RPCS_D_BAD_PORT, 0);
	call = case_rpcb(4, RPCS_PORTMAP_SET, 390109);
	call.message.portmap.address = case_text("0.0.0.0.3.9");
	EXPECT_CALL(call, RPCS_D_BAD_PORT, 0);
	call.message.portmap.address = case_text("0.0.0.0.3");
	EXPECT_CALL(call, RPCS_D_BAD_PORT, 1);
	call.message.portmap.netid = case_text("local");
	EXPECT_CALL(call, RPCS_D_BAD_PORT, 0);
}

static void long_addresses(void **state)
{
	char address[98];
	struct rpcs_call call = case_rpcb(4, 3, 100021);
	struct rpcs_mapping entry = { .program = 100021, .netid = { 0 } };
	struct rpcs_message reply;

	(void)state;
	memset(address, 'A', sizeof(address));
	address[97] = '\0';
	call.message.portmap.netid = case_text("local"); /* so that none is a bad port as well */
	reply = reply_address(&call, address);
	reply.portmap.address.len = 96;
	EXPECT_REPLY(&call, &reply, RPCS_D_LONG_ADDRESS, 0);
	reply.portmap.address.len = 97;
	assert_int_equal(abuse_of_reply(&call, &reply, RPCS_D_LONG_ADDRESS), 1);
	assert_int_equal(abuse_last(RPCS_D_LONG_ADDRESS)->severity, 1);
	assert_true(case_says(abuse_last(RPCS_D_LONG_ADDRESS), "97 bytes"));
	assert_true(case_says(abuse_last(RPCS_D_LONG_ADDRESS), "CVE-2022-26937"));
	assert_false(case_says(abuse_last(RPCS_D_LONG_ADDRESS), "the server is external"));
	case_end(&c);
	/* A server outside, whose client is one of ours. */
	call.message.tuple.dst = case_address("192.0.2.9");
	reply.tuple.src = case_address("192.0.2.9");
	assert_int_equal(abuse_of_reply(&call, &reply, RPCS_D_LONG_ADDRESS), 1);
	assert_true(case_says(abuse_last(RPCS_D_LONG_ADDRESS), "the server is external"));
	case_end(&c);
	entry.netid = case_text("local");
	entry.address = reply.portmap.address;
	reply.portmap = (struct rpcs_portmap){
		.shape = RPCS_PORTMAP_RPCBS, .has = 1, .mappings = &entry, .mappings_kept = 1
	};
	EXPECT_REPLY(&call, &reply, RPCS_D_LONG_ADDRESS, 1);
	/* In a call it is for the server to judge. */
	call = case_rpcb(4, 3, 100021);
	call.message.portmap.address = case_text(address);
	EXPECT_CALL(call, RPCS_D_LONG_ADDRESS, 0);
}

static void mismatch_ranges(void **state)
{
	static const struct {
		uint32_t low, high, expected;
	} ranges[] = {
		{ 2, 4, 0 },	{ 4, 4, 0 },	{ 0, 1000, 0 }, { 0, 1001, 1 },
		{ 5, 1005, 0 }, { 5, 1006, 1 }, { 3, 2, 1 },	{ 0, UINT32_MAX, 1 },
	};
	struct rpcs_call call = case_call(7, 0);
	struct rpcs_message reply = case_reply(&call);
	size_t i;

	(void)state;
	call.message.program = reply.program = 100003;
	call.message.tuple.dport = reply.tuple.sport = 2049;
	reply.stat = RPCS_ACCEPT_PROG_MISMATCH;
	reply.has_mismatch = true;
	for (i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		reply.mismatch_low = ranges[i].low;
		reply.mismatch_high = ranges[i].high;
		EXPECT_REPLY(&call, &reply, RPCS_D_MISMATCH_RANGE, ranges[i].expected);
		EXPECT_REPLY(NULL, &reply, RPCS_D_MISMATCH_RANGE, ranges[i].expected);
	}
	/* The same numbers of RPC itself are another status. */
	reply.reply_stat = RPCS_REPLY_DENIED;
	reply.stat = RPCS_REJECT_RPC_MISMATCH;
	EXPECT_REPLY(&call, &reply, RPCS_D_MISMATCH_RANGE, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(universal_addresses), cmocka_unit_test(ports),
		cmocka_unit_test(addresses),	       cmocka_unit_test(lists),
		cmocka_unit_test(registrations),       cmocka_unit_test(long_addresses),
		cmocka_unit_test(mismatch_ranges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
