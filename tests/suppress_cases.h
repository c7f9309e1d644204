/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which calls and replies `suppress: kernel` keeps from becoming records: the same
 * cases for the native engine and the kernel's programs. Include after cmocka.h and
 * define sut_open(), sut_run(), sut_counters() and sut_close() first.
 */
#ifndef RPCSENTRY_TESTS_SUPPRESS_CASES_H
#define RPCSENTRY_TESTS_SUPPRESS_CASES_H

#include <rpcsentry/portmap.h>

#include "packets.h"
#include "policy/policy.h"
#include "source/state.h"

struct sut {
	struct rpcs_policy *policy;
	struct rpcs_state *state;
	void *engine;
	struct rpcs_counters before;
};

/** Opens sut->engine and sut->state for sut->policy. */
static void sut_open(struct sut *sut);
static void sut_run(struct sut *sut, const struct test_frame *f);
static struct rpcs_counters sut_counters(struct sut *sut);
static void sut_close(struct sut *sut);

/* The client of packets.h is 10.0.0.1. */
#define KNOWN_ALL                                        \
	"sensor: {any_port: all}\n"                      \
	"response: {trust: [10.0.0.0/24, \"fd00::/8\"]}\n" \
	"allow: [{calls: all, clients: [10.0.0.1, \"fd00::1\"], suppress: kernel}]\n"

static inline void begin(struct sut *sut, const char *text)
{
	static struct rpcs_policy_errors errors;

	*sut = (struct sut){ 0 };
	if (rpcs_policy_parse(text, strlen(text), &sut->policy, &errors))
		fail_msg("%u:%u: %s", errors.list[0].line, errors.list[0].column,
			 errors.list[0].text);
	sut_open(sut);
}

static inline void end(struct sut *sut)
{
	struct rpcs_counters c = sut_counters(sut);

	assert_int_equal(c.rpc_seen, c.records_sent + c.records_suppressed + c.records_lost);
	assert_int_equal(c.records_suppressed, c.calls_suppressed + c.replies_suppressed);
	sut_close(sut);
	rpcs_policy_free(&sut->policy);
}

enum came_to { SENT, CALL_SUPPRESSED, REPLY_SUPPRESSED };

/** What the frame came to. */
static inline enum came_to run(struct sut *sut, struct test_frame *f)
{
	struct rpcs_counters now;
	uint64_t sent, calls, replies;

	frame_end(f);
	sut_run(sut, f);
	now = sut_counters(sut);
	sent = now.records_sent - sut->before.records_sent;
	calls = now.calls_suppressed - sut->before.calls_suppressed;
	replies = now.replies_suppressed - sut->before.replies_suppressed;
	sut->before = now;
	/* One or the other: a record here may be a fallback's piece. */
	assert_int_equal(sent + calls + replies, 1);
	return sent ? SENT : calls ? CALL_SUPPRESSED : REPLY_SUPPRESSED;
}

static inline void udp_call(struct test_frame *f, uint32_t xid, uint32_t version,
			    uint32_t procedure)
{
	frame_udp4(f);
	frame_call(f, xid, RPCS_PORTMAP_PROGRAM, version, procedure);
}

/** From 10.0.0.2 back to 10.0.0.1; `words` of results. */
static inline void udp_reply(struct test_frame *f, uint32_t xid, uint32_t words)
{
	frame_eth(f, RPCS_ETH_IP4);
	frame_ip4(f, RPCS_IP_UDP, 0);
	f->bytes[f->ip + 15] = 2;
	f->bytes[f->ip + 19] = 1;
	frame_udp(f, 111, 800);
	frame_accepted(f, xid, RPCS_ACCEPT_SUCCESS);
	put_zeros(f, words * 4);
}

static inline void put_text(struct test_frame *f, const char *text)
{
	uint32_t len = (uint32_t)strlen(text);

	put32(f, len);
	put_bytes(f, text, len);
	put_zeros(f, rpcs_xdr_padded(len) - len);
}

/** Each procedure: what is suppressed, and that SET, UNSET and CALLIT never are. */
static void every_procedure(void **state)
{
	static const struct {
		uint32_t version, procedure;
		enum came_to came_to;
	} cases[] = {
		{ 2, 0, CALL_SUPPRESSED }, { 2, 4, CALL_SUPPRESSED }, { 3, 0, CALL_SUPPRESSED },
		{ 3, 4, CALL_SUPPRESSED }, { 4, 6, CALL_SUPPRESSED }, { 4, 12, CALL_SUPPRESSED },
		{ 5, 0, CALL_SUPPRESSED }, { 2, 7, CALL_SUPPRESSED }, { 2, 1, SENT },
		{ 2, 2, SENT },		   { 2, 5, SENT },	      { 3, 1, SENT },
		{ 3, 2, SENT },		   { 3, 5, SENT },	      { 4, 5, SENT },
		{ 4, 10, SENT },	   { 4, 7, SENT },	      { 2, 3, SENT },
		{ 3, 3, SENT },
	};
	struct test_frame f;
	struct sut sut;

	(void)state;
	begin(&sut, KNOWN_ALL);
	/* All without arguments: where some belong the call is malformed, and sent. */
	for (uint32_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		udp_call(&f, 100 + i, cases[i].version, cases[i].procedure);
		assert_int_equal(run(&sut, &f), cases[i].came_to);
	}
	assert_int_equal(rpcs_state_rules(sut.state)[0].suppressed, 8);
	end(&sut);
}

static void lookups_with_sound_arguments(void **state)
{
	struct test_frame f;
	struct sut sut;

	(void)state;
	begin(&sut, KNOWN_ALL);
	udp_call(&f, 1, 2, RPCS_PORTMAP_GETPORT);
	frame_mapping(&f, 100003, 3, 17, 0);
	assert_int_equal(run(&sut, &f), CALL_SUPPRESSED);

	udp_call(&f, 2, 2, RPCS_PORTMAP_GETPORT);
	frame_mapping(&f, 100003, 3, 17, 70000);
	assert_int_equal(run(&sut, &f), SENT);

	udp_call(&f, 3, 2, RPCS_PORTMAP_GETPORT);
	frame_mapping(&f, 100003, 3, 17, 0);
	put32(&f, 0);
	assert_int_equal(run(&sut, &f), SENT);

	udp_call(&f, 4, 4, RPCS_PORTMAP_GETPORT);
	put32(&f, 100003);
	put32(&f, 3);
	put_text(&f, "udp");
	put_text(&f, "0.0.0.0.0.111");
	put_text(&f, "");
	assert_int_equal(run(&sut, &f), CALL_SUPPRESSED);

	/* CVE-2017-8779: a length that exceeds what is left. */
	udp_call(&f, 5, 4, RPCS_PORTMAP_GETPORT);
	put32(&f, 100003);
	put32(&f, 3);
	put_text(&f, "udp");
	put32(&f, 0xfffffff0);
	put_text(&f, "");
	assert_int_equal(run(&sut, &f), SENT);

	udp_call(&f, 6, 4, RPCS_PORTMAP_GETPORT);
	put32(&f, 100003);
	put32(&f, 3);
	put_text(&f, "udp");
	assert_int_equal(run(&sut, &f), SENT);
	end(&sut);
}

static void what_is_not_plain(void **state)
{
	struct test_frame f;
	struct sut sut;

	(void)state;
	begin(&sut, KNOWN_ALL);
	/* To a group. */
	udp_call(&f, 1, 2, 0);
	f.bytes[0] = 0xff;
	assert_int_equal(run(&sut, &f), SENT);
	/* From the address it goes to. */
	udp_call(&f, 2, 2, 0);
	f.bytes[f.ip + 19] = 1;
	assert_int_equal(run(&sut, &f), SENT);
	/* A first fragment. */
	udp_call(&f, 3, 2, 0);
	f.bytes[f.ip + 6] = 0x20;
	assert_int_equal(run(&sut, &f), SENT);
	/* A credential of 401 bytes. */
	udp_call(&f, 4, 2, 0);
	set16(&f, f.len - 10, 401);
	assert_int_equal(run(&sut, &f), SENT);
	/* RPC version 3. */
	udp_call(&f, 5, 2, 0);
	f.bytes[f.udp + 8 + 11] = 3;
	assert_int_equal(run(&sut, &f), SENT);
	/* Lengths that RPC does not have. */
	udp_call(&f, 6, 2, 0);
	put8(&f, 0);
	assert_int_equal(run(&sut, &f), SENT);
	/* AUTH_TLS. */
	udp_call(&f, 7, 2, 0);
	f.bytes[f.len - 13] = RPCS_AUTH_TLS;
	assert_int_equal(run(&sut, &f), SENT);
	assert_int_equal(rpcs_state_rules(sut.state)[0].suppressed, 0);
	end(&sut);
}

/** Other clients; prefixes inside each other; what an earlier rule looks at. */
static void only_known_clients(void **state)
{
	struct test_frame f;
	struct sut sut;

	(void)state;
	begin(&sut, "response: {trust: 10.0.0.0/8}\n"
		    "allow:\n"
		    "- {calls: NULL, clients: 10.0.0.9}\n"
		    "- {calls: DUMP, clients: 10.0.0.0/24, servers: 10.9.9.9}\n"
		    "- {calls: [NULL, DUMP], clients: 10.0.0.0/24, suppress: kernel}\n");
	udp_call(&f, 1, 2, 0);
	assert_int_equal(run(&sut, &f), CALL_SUPPRESSED);
	udp_call(&f, 2, 2, 0);
	f.bytes[f.ip + 15] = 9;
	assert_int_equal(run(&sut, &f), SENT);
	udp_call(&f, 3, 2, 0);
	f.bytes[f.ip + 14] = 1;
	assert_int_equal(run(&sut, &f), SENT);
	udp_call(&f, 4, 2, RPCS_PORTMAP_DUMP);
	assert_int_equal(run(&sut, &f), SENT);
	assert_int_equal(rpcs_state_rules(sut.state)[2].suppressed, 1);
	end(&sut);
}

static void ip6_clients(void **state)
{
	struct test_frame f;
	struct sut sut;

	(void)state;
	begin(&sut, KNOWN_ALL);
	frame_eth(&f, RPCS_ETH_IP6);
	frame_ip6(&f, RPCS_IP_UDP);
	frame_udp(&f, 800, 111);
	frame_call(&f, 1, RPCS_PORTMAP_PROGRAM, 3, 0);
	assert_int_equal(run(&sut, &f), CALL_SUPPRESSED);
	f.bytes[f.ip + 23] = 3;
	assert_int_equal(run(&sut, &f), SENT);
	end(&sut);
}

static void other_programs(void **state)
{
	struct test_frame f;
	struct sut sut;

	(void)state;
	begin(&sut, KNOWN_ALL);
	frame_eth(&f, RPCS_ETH_IP4);
	frame_ip4(&f, RPCS_IP_UDP, 0);
	frame_udp(&f, 800, 2049);
	frame_call(&f, 1, 100003, 3, 1);
	put_zeros(&f, 40);
	assert_int_equal(run(&sut, &f), CALL_SUPPRESSED);
	end(&sut);
}

/** A reply is known by its call, also when it is long, repeated, or comes from elsewhere. */
static void replies_to_them(void **state)
{
	struct test_frame f;
	struct sut sut;

	(void)state;
	begin(&sut, KNOWN_ALL);
	udp_reply(&f, 1, 1);
	assert_int_equal(run(&sut, &f), SENT);
	udp_call(&f, 1, 2, RPCS_PORTMAP_DUMP);
	assert_int_equal(run(&sut, &f), CALL_SUPPRESSED);
	udp_reply(&f, 1, 1);
	assert_int_equal(run(&sut, &f), REPLY_SUPPRESSED);
	udp_reply(&f, 1, 100);
	assert_int_equal(run(&sut, &f), REPLY_SUPPRESSED);
	/* A status that RFC 5531 does not have. */
	udp_reply(&f, 1, 0);
	f.bytes[f.udp + 8 + 11] = 7;
	assert_int_equal(run(&sut, &f), SENT);
	/* Another number. */
	udp_reply(&f, 2, 1);
	assert_int_equal(run(&sut, &f), SENT);
	/* The number is used again by a call that is sent: its reply is too. */
	udp_call(&f, 1, 2, RPCS_PORTMAP_SET);
	frame_mapping(&f, 100003, 3, 17, 2049);
	assert_int_equal(run(&sut, &f), SENT);
	udp_reply(&f, 1, 1);
	assert_int_equal(run(&sut, &f), SENT);
	end(&sut);
}

/** TCP: a whole record in its segment; the flow stays in step over it. */
static void records_of_streams(void **state)
{
	struct test_frame f;
	struct sut sut;

	(void)state;
	begin(&sut, KNOWN_ALL);
	frame_tcp4(&f, 99, RPCS_TCP_SYN);
	assert_int_equal(run(&sut, &f), SENT);
	frame_tcp4(&f, 100, RPCS_TCP_ACK);
	frame_mark(&f);
	frame_call(&f, 1, RPCS_PORTMAP_PROGRAM, 2, RPCS_PORTMAP_DUMP);
	assert_int_equal(run(&sut, &f), CALL_SUPPRESSED);
	frame_tcp4(&f, 144, RPCS_TCP_ACK);
	frame_mark(&f);
	frame_call(&f, 2, RPCS_PORTMAP_PROGRAM, 2, RPCS_PORTMAP_UNSET);
	frame_mapping(&f, 100003, 3, 17, 2049);
	assert_int_equal(run(&sut, &f), SENT);
	assert_int_equal(sut_counters(&sut).fallbacks, 0);
	/* Half a record: the agent's, and so is what is put together from it. */
	frame_tcp4(&f, 204, RPCS_TCP_ACK);
	frame_mark(&f);
	frame_call(&f, 3, RPCS_PORTMAP_PROGRAM, 2, RPCS_PORTMAP_DUMP);
	frame_end(&f);
	f.len -= 20;
	f.mark = 0;
	assert_int_equal(run(&sut, &f), SENT);
	assert_int_equal(sut_counters(&sut).fallbacks, 1);
	end(&sut);
}

static void nothing_without_a_rule(void **state)
{
	struct test_frame f;
	struct sut sut;

	(void)state;
	begin(&sut, "allow: [{calls: all}]\n");
	udp_call(&f, 1, 2, 0);
	assert_int_equal(run(&sut, &f), SENT);
	udp_reply(&f, 1, 0);
	assert_int_equal(run(&sut, &f), SENT);
	end(&sut);
}

#define SUPPRESS_TESTS                                                                            \
	cmocka_unit_test(every_procedure), cmocka_unit_test(lookups_with_sound_arguments),        \
		cmocka_unit_test(what_is_not_plain), cmocka_unit_test(only_known_clients),        \
		cmocka_unit_test(ip6_clients), cmocka_unit_test(other_programs),                  \
		cmocka_unit_test(replies_to_them), cmocka_unit_test(records_of_streams),          \
		cmocka_unit_test(nothing_without_a_rule)

#endif
