// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What a source's budget is taken from: messages of all kinds, the plain way and the long. */
#include "budget_case.h"

enum { BUDGET = 20 };

static struct budget_case c;

static void flood(void)
{
	struct test_frame f;

	bc_getport(&f);
	assert_int_equal(bc_sent(&c, &f, 2 * BUDGET), BUDGET);
}

static void udp6_call(struct test_frame *f)
{
	frame_eth(f, RPCS_ETH_IP6);
	frame_ip6(f, RPCS_IP_UDP);
	frame_udp(f, 800, 111);
	frame_call(f, 1, RPCS_PORTMAP_PROGRAM, 2, RPCS_PORTMAP_DUMP);
	frame_end(f);
}

/** The long way: a VLAN tag, a credential. */
static void tagged_call(struct test_frame *f)
{
	frame_eth(f, RPCS_ETH_IP4);
	frame_vlan(f, 0x8100, 7);
	frame_ip4(f, RPCS_IP_UDP, 0);
	frame_udp(f, 800, 111);
	frame_call(f, 1, RPCS_PORTMAP_PROGRAM, 2, RPCS_PORTMAP_DUMP);
	frame_end(f);
}

static void auth_sys_call(struct test_frame *f)
{
	frame_udp4(f);
	frame_call_open(f, 1, RPCS_PORTMAP_DUMP);
	frame_auth_sys(f, "client", 2);
	frame_end(f);
}

/** Arguments that a compact record has no room for. */
static void getaddr_call(struct test_frame *f)
{
	frame_udp4(f);
	frame_call(f, 1, RPCS_PORTMAP_PROGRAM, 3, RPCS_PORTMAP_GETPORT);
	frame_mapping(f, RPCS_NFS_PROGRAM, 3, 3, 0x75647000);
	put_zeros(f, 8);
	frame_end(f);
}

/** A credential over its limit. */
static void odd_call(struct test_frame *f)
{
	frame_udp4(f);
	frame_call_open(f, 1, RPCS_PORTMAP_DUMP);
	put32(f, RPCS_AUTH_SYS);
	put32(f, RPCS_AUTH_BODY_MAX + 1);
	put_zeros(f, 500);
	frame_end(f);
}

static void junk(struct test_frame *f)
{
	frame_udp4(f);
	memset(f->bytes + f->len, 0xa5, 40);
	f->len += 40;
	frame_end(f);
}

static void calls_of_every_form(void **state)
{
	static const struct {
		void (*build)(struct test_frame *f);
		enum rpcs_over_kind kind;
		uint32_t procedure;
	} forms[] = {
		{ udp6_call, RPCS_OVER_CALL, RPCS_PORTMAP_DUMP },
		{ tagged_call, RPCS_OVER_CALL, RPCS_PORTMAP_DUMP },
		{ auth_sys_call, RPCS_OVER_CALL, RPCS_PORTMAP_DUMP },
		{ getaddr_call, RPCS_OVER_CALL, RPCS_PORTMAP_GETPORT },
		{ odd_call, RPCS_OVER_ODD, RPCS_PORTMAP_DUMP },
		{ junk, RPCS_OVER_JUNK, 0 },
	};
	struct test_frame f;
	uint64_t before;
	unsigned int i;

	(void)state;
	bc_open(&c, BUDGET);
	for (i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		bc_later(&c, 1);
		before = bc_over(&c, forms[i].kind, forms[i].procedure);
		forms[i].build(&f);
		assert_int_equal(bc_sent(&c, &f, 3 * BUDGET), BUDGET);
		assert_int_equal(bc_over(&c, forms[i].kind, forms[i].procedure) - before,
				 2 * BUDGET);
	}
	bc_close(&c);
}

/** One budget for all that a source sends, whichever way it takes. */
static void one_budget_for_all_forms(void **state)
{
	struct test_frame plain, tagged;
	uint64_t sent = 0;
	int i;

	(void)state;
	bc_open(&c, 2 * BUDGET);
	frame_udp4(&plain);
	frame_call(&plain, 1, RPCS_PORTMAP_PROGRAM, 2, RPCS_PORTMAP_DUMP);
	frame_end(&plain);
	tagged_call(&tagged);
	for (i = 0; i < 3 * BUDGET; i++)
		sent += bc_sent(&c, i & 1 ? &plain : &tagged, 1);
	assert_int_equal(sent, 2 * BUDGET);
	bc_close(&c);
}

/** Under a flood of one form the first of another are sent. */
static void a_flood_hides_no_odd_call(void **state)
{
	struct test_frame f;

	(void)state;
	bc_open(&c, BUDGET);
	flood();
	odd_call(&f);
	assert_int_equal(bc_sent(&c, &f, 1), 1);
	junk(&f);
	assert_int_equal(bc_sent(&c, &f, 1), 1);
	udp6_call(&f); /* another source */
	assert_int_equal(bc_sent(&c, &f, 1), 1);
	bc_close(&c);
}

static void tcp_segment(struct test_frame *f, uint32_t seq)
{
	frame_tcp4(f, seq, RPCS_TCP_ACK | 8);
	frame_mark(f);
	frame_call(f, seq, RPCS_PORTMAP_PROGRAM, 2, RPCS_PORTMAP_GETPORT);
	frame_mapping(f, RPCS_NFS_PROGRAM, 3, RPCS_IP_UDP, 0);
	frame_end(f);
}

/** A stream whose calls are counted stays in step. */
static void calls_over_tcp(void **state)
{
	struct test_frame f;
	uint32_t seq = 1000, i;
	uint64_t sent = 0;

	(void)state;
	bc_open(&c, BUDGET);
	frame_tcp4(&f, seq - 1, RPCS_TCP_SYN);
	frame_end(&f);
	assert_int_equal(bc_sent(&c, &f, 1), 1);
	for (i = 0; i < 3 * BUDGET; i++, seq += 60) {
		tcp_segment(&f, seq);
		sent += bc_sent(&c, &f, 1);
	}
	assert_int_equal(sent, BUDGET);
	assert_int_equal(bc_over(&c, RPCS_OVER_CALL, RPCS_PORTMAP_GETPORT), 2 * BUDGET);
	bc_later(&c, 1);
	tcp_segment(&f, seq);
	assert_int_equal(bc_sent(&c, &f, 1), 1);
	assert_int_equal(bc_counters(&c).fallbacks, 0);
	/* What has to be put together is not kept back: its flow has a limit of its own. */
	bc_later(&c, 1);
	flood();
	tcp_segment(&f, seq + 5000);
	assert_int_equal(bc_sent(&c, &f, 1), 1);
	assert_int_equal(bc_counters(&c).fallbacks, 1);
	bc_close(&c);
}

static void reply(struct test_frame *f, uint32_t xid, uint16_t port)
{
	frame_eth(f, RPCS_ETH_IP4);
	frame_ip4(f, RPCS_IP_UDP, 0);
	bc_set32(f, AT_SOURCE, 0x0a000002);
	bc_set32(f, AT_DESTINATION, 0x0a000001);
	frame_udp(f, 111, port);
	frame_accepted(f, xid, RPCS_ACCEPT_SUCCESS);
	put32(f, 2049);
	frame_end(f);
}

/** The replies to calls that were kept back are kept back, and no others. */
static void replies_follow_their_calls(void **state)
{
	struct test_frame f;
	uint32_t xid;

	(void)state;
	bc_open(&c, BUDGET);
	bc_getport(&f);
	for (xid = 1; xid <= 2 * BUDGET; xid++) {
		bc_set32(&f, AT_XID, xid);
		bc_run(&c, &f, 1);
	}
	for (xid = 1; xid <= 2 * BUDGET; xid++) {
		reply(&f, xid, 800);
		assert_int_equal(bc_sent(&c, &f, 1), xid <= BUDGET);
	}
	assert_int_equal(bc_over(&c, RPCS_OVER_REPLY, 0), BUDGET);
	assert_int_equal(bc_counters(&c).replies, BUDGET);
	assert_int_equal(bc_counters(&c).replies_suppressed, BUDGET);
	/* To another port of the client: another call's. A little later: to none of them. */
	bc_later(&c, 1);
	reply(&f, 2 * BUDGET, 801);
	assert_int_equal(bc_sent(&c, &f, 1), 1);
	reply(&f, 2 * BUDGET, 800);
	assert_int_equal(bc_sent(&c, &f, 1), 0);
	bc_later(&c, 2);
	assert_int_equal(bc_sent(&c, &f, 1), 1);
	bc_close(&c);
}

/** A server that answers many is no flood; a client that gets ever more is. */
static void replies_count_for_the_client(void **state)
{
	struct test_frame f;
	uint32_t i;

	(void)state;
	bc_open(&c, BUDGET);
	reply(&f, 1, 800);
	for (i = 0; i < 10 * BUDGET; i++) {
		bc_set32(&f, AT_DESTINATION, 0x0a010000 + i);
		assert_int_equal(bc_sent(&c, &f, 1), 1);
	}
	/* In a second of its own: who shares a slot with one of those may send a little more. */
	bc_later(&c, 1);
	bc_set32(&f, AT_DESTINATION, 0x0a000001);
	assert_int_equal(bc_sent(&c, &f, 2 * BUDGET), BUDGET);
	/* Its calls have a budget of their own. */
	bc_getport(&f);
	assert_int_equal(bc_sent(&c, &f, 2 * BUDGET), BUDGET);
	bc_close(&c);
}

/** What the agent reads of a key. */
static void what_is_said_of_a_source(void **state)
{
	struct rpcs_over_key key = {
		.whose = { .source = { [10] = 0xff, 0xff, 10, 0, 0, 1 } },
		.kind = RPCS_OVER_CALL,
		.program = RPCS_PORTMAP_PROGRAM,
		.version = 2,
		.procedure = RPCS_PORTMAP_GETPORT,
		.about = RPCS_NFS_PROGRAM,
	};
	static const uint8_t server[16] = { [10] = 0xff, 0xff, 10, 0, 0, 2 };
	struct rpcs_over_value value;
	struct test_frame f;
	uint64_t first;

	(void)state;
	bc_open(&c, BUDGET);
	first = c.now_ns;
	flood();
	bc_later(&c, 3);
	bc_getport(&f);
	bc_run(&c, &f, 2 * BUDGET);
	assert_int_equal(bpf_map_lookup_elem(c.over_fd, &key, &value), 0);
	assert_int_equal(value.count, 2 * BUDGET);
	assert_int_equal(value.first_ns, first);
	assert_int_equal(value.last_ns, c.now_ns);
	assert_memory_equal(value.server, server, sizeof(server));
	assert_int_equal(value.sport, 800);
	assert_int_equal(value.dport, 111);
	assert_int_equal(value.protocol, RPCS_IP_UDP);
	assert_int_equal(value.hook, bc_hook);
	bc_close(&c);
}

#define MESSAGE_TESTS                                                                          \
	cmocka_unit_test(calls_of_every_form), cmocka_unit_test(one_budget_for_all_forms),     \
		cmocka_unit_test(a_flood_hides_no_odd_call), cmocka_unit_test(calls_over_tcp), \
		cmocka_unit_test(replies_follow_their_calls),                                  \
		cmocka_unit_test(replies_count_for_the_client),                                \
		cmocka_unit_test(what_is_said_of_a_source)

int main(void)
{
	const struct CMUnitTest tests[] = { MESSAGE_TESTS };
	int failed =
		cmocka_run_group_tests_name("budget of messages, xdp", tests, bc_with_xdp, NULL);

	return failed +
	       cmocka_run_group_tests_name("budget of messages, tc", tests, bc_with_tc, NULL);
}
