// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Each row of "Zeek's tables in this form" (policy.md), through the whole
 * pipeline: where portmapper.bro raised SensitivePortmapperAccess there is an
 * alert, where it was silent there is none. It left failed attempts out; here
 * they are reported and say so.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <rpcsentry/portmap.h>

#include "pipeline_rig.h"
#include "policy/programs.h"

/* Programs by the names that Zeek's tables use. */
enum { YPSERV = 100004, MOUNTD = 100005, YPBIND = 100007, WALLD = 100008, NFS = 100003 };

static uint32_t last_xid;

static void put_address(struct test_frame *f, uint32_t at, const char *text)
{
	struct rpcs_address address;

	assert_int_equal(rpcs_address_parse(text, &address), 0);
	memcpy(f->bytes + f->ip + at, address.bytes + 12, 4);
}

/** One call; its number comes from last_xid. `program` 0: it asks for none. */
static void ask(const char *client, const char *server, uint32_t procedure, uint32_t program,
		uint64_t seconds)
{
	struct test_frame f;

	frame_udp4(&f);
	put_address(&f, 12, client);
	put_address(&f, 16, server);
	frame_call(&f, ++last_xid, RPCS_PORTMAP_PROGRAM, 2, procedure);
	if (procedure == RPCS_PORTMAP_CALLIT)
		frame_mapping(&f, program, 1, 6, 0);
	else if (program)
		frame_mapping(&f, program, 1, 17, 0);
	feed_at(&f, seconds * RPCS_NSEC_PER_SEC);
}

/** The reply to the call before: `words` of results. */
static void answer(const char *client, const char *server, const uint32_t *words, uint32_t count,
		   uint64_t seconds)
{
	struct test_frame f;

	frame_eth(&f, RPCS_ETH_IP4);
	frame_ip4(&f, RPCS_IP_UDP, 0);
	frame_udp(&f, 111, 800);
	put_address(&f, 12, server);
	put_address(&f, 16, client);
	frame_accepted(&f, last_xid, RPCS_ACCEPT_SUCCESS);
	for (uint32_t i = 0; i < count; i++)
		put32(&f, words[i]);
	feed_at(&f, seconds * RPCS_NSEC_PER_SEC);
}

/** How often `word` stands in the log, which begins anew. */
static uint32_t told(const char *word)
{
	uint32_t count = 0;
	const char *at = rig.sink.log;

	while ((at = strstr(at, word))) {
		count++;
		at++;
	}
	rig.sink.log[0] = rig.second.log[0] = '\0';
	return count;
}

/** Does this call raise an alert? */
static bool is_noticed(const char *client, const char *server, uint32_t procedure, uint32_t program)
{
	ask(client, server, procedure, program, 100);
	return told("alert:") > 0;
}

#define GETPORT RPCS_PORTMAP_GETPORT

/* RPC_okay += { [10.2.0.1, 10.3.0.1, "ypserv"] } */
static void rpc_okay(void **state)
{
	(void)state;
	rig_new("allow: [{calls: GETPORT, servers: 10.2.0.1, clients: 10.3.0.1, programs: ypserv}]",
		false);
	assert_false(is_noticed("10.3.0.1", "10.2.0.1", GETPORT, YPSERV));
	assert_true(is_noticed("10.3.0.1", "10.2.0.2", GETPORT, YPSERV));
	assert_true(is_noticed("10.3.0.2", "10.2.0.1", GETPORT, YPSERV));
	assert_true(is_noticed("10.3.0.1", "10.2.0.1", GETPORT, MOUNTD));
	assert_true(is_noticed("10.3.0.1", "10.2.0.1", RPCS_PORTMAP_DUMP, 0));
	rig_free();
}

/* RPC_okay_nets += { 10.1.0.0/16 }: any GETPORT, and nothing else */
static void rpc_okay_nets(void **state)
{
	(void)state;
	rig_new("allow: [{calls: GETPORT, clients: 10.1.0.0/16}]", false);
	assert_false(is_noticed("10.1.2.3", "10.2.0.1", GETPORT, MOUNTD));
	assert_false(is_noticed("10.1.255.255", "10.3.0.1", GETPORT, 424242));
	assert_true(is_noticed("10.2.0.0", "10.2.0.1", GETPORT, MOUNTD));
	assert_true(is_noticed("10.1.2.3", "10.2.0.1", RPCS_PORTMAP_DUMP, 0));
	assert_true(is_noticed("10.1.2.3", "10.2.0.1", RPCS_PORTMAP_SET, MOUNTD));
	assert_true(is_noticed("10.1.2.3", "10.2.0.1", RPCS_PORTMAP_CALLIT, MOUNTD));
	rig_free();
}

/* RPC_okay_services += { "ypbind" } */
static void rpc_okay_services(void **state)
{
	(void)state;
	rig_new("allow: [{calls: GETPORT, programs: [ypbind]}]", false);
	assert_false(is_noticed("203.0.113.1", "10.2.0.1", GETPORT, YPBIND));
	assert_true(is_noticed("203.0.113.1", "10.2.0.1", GETPORT, YPSERV));
	rig_free();
}

/* any_RPC_okay = { [NFS_world_servers, NFS_services], [224.0.2.2, "ypserv"] } */
static void any_rpc_okay(void **state)
{
	static const uint32_t services[] = { MOUNTD, NFS, 150001, 100021, 100011, 100024 };

	(void)state;
	rig_new("networks: {NFS_world_servers: [10.2.0.9, 10.2.0.10]}\n"
		"programs: {NFS_services: [mountd, nfs, pcnfsd, nlockmgr, rquotad, status]}\n"
		"allow:\n"
		"- {calls: GETPORT, servers: NFS_world_servers, programs: NFS_services}\n"
		"- {calls: GETPORT, servers: 224.0.2.2, programs: ypserv}\n",
		false);
	for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++) {
		assert_false(is_noticed("203.0.113.1", "10.2.0.9", GETPORT, services[i]));
		assert_false(is_noticed("203.0.113.2", "10.2.0.10", GETPORT, services[i]));
		assert_true(is_noticed("203.0.113.1", "10.2.0.11", GETPORT, services[i]));
	}
	assert_true(is_noticed("203.0.113.1", "10.2.0.9", GETPORT, YPSERV));
	assert_false(is_noticed("203.0.113.1", "224.0.2.2", GETPORT, YPSERV));
	assert_true(is_noticed("203.0.113.1", "224.0.2.2", GETPORT, MOUNTD));
	rig_free();
}

/* RPC_dump_okay += { [10.3.0.1, 10.2.0.1] }: client first, unlike RPC_okay */
static void rpc_dump_okay(void **state)
{
	(void)state;
	rig_new("allow: [{calls: DUMP, clients: 10.3.0.1, servers: 10.2.0.1}]", false);
	assert_false(is_noticed("10.3.0.1", "10.2.0.1", RPCS_PORTMAP_DUMP, 0));
	assert_true(is_noticed("10.2.0.1", "10.3.0.1", RPCS_PORTMAP_DUMP, 0));
	assert_true(is_noticed("10.3.0.1", "10.2.0.2", RPCS_PORTMAP_DUMP, 0));
	assert_true(is_noticed("10.3.0.1", "10.2.0.1", GETPORT, MOUNTD));
	rig_free();
}

/* RPC_do_not_complain = { ["pm_null", [T, F]] }, and += { ["pm_getport", F] } */
static void rpc_do_not_complain(void **state)
{
	static const uint32_t port = 635;

	(void)state;
	rig_new("allow:\n"
		"- {calls: NULL}\n"
		"- {calls: GETPORT, outcome: unanswered}\n",
		false);
	assert_false(is_noticed("203.0.113.1", "10.2.0.1", 0, 0));
	answer("203.0.113.1", "10.2.0.1", NULL, 0, 101);
	assert_int_equal(told("alert:"), 0);

	/* Not answered in time: no complaint. */
	ask("203.0.113.1", "10.2.0.1", GETPORT, MOUNTD, 200);
	rpcs_pipeline_tick(rig.pipeline, 225 * RPCS_NSEC_PER_SEC);
	assert_int_equal(told("alert:"), 0);

	/* Answered: the complaint comes with the answer. */
	ask("203.0.113.1", "10.2.0.1", GETPORT, MOUNTD, 300);
	assert_int_equal(told("alert:"), 0);
	answer("203.0.113.1", "10.2.0.1", &port, 1, 301);
	assert_int_equal(told("alert:"), 1);
	rig_free();
}

/* suppress_pm_log += { [10.3.0.2, "walld"] }: neither line nor notice, counted all the same */
static void suppress_pm_log(void **state)
{
	uint64_t calls;

	(void)state;
	rig_new("allow: [{clients: 10.3.0.2, programs: rwalld, log: false}]", true);
	ask("10.3.0.2", "10.2.0.1", GETPORT, WALLD, 100);
	rpcs_pipeline_tick(rig.pipeline, 130 * RPCS_NSEC_PER_SEC);
	expect("");
	calls = rpcs_pipeline_counters(rig.pipeline)->calls;
	assert_int_equal(calls, 1);
	assert_int_equal(rpcs_policy_rule_hits(rig.policy, 0), 1);

	ask("10.3.0.2", "10.2.0.1", GETPORT, MOUNTD, 200);
	assert_true(told("alert:") > 0);
	ask("10.3.0.3", "10.2.0.1", GETPORT, WALLD, 200);
	rpcs_pipeline_tick(rig.pipeline, 230 * RPCS_NSEC_PER_SEC);
	assert_true(told("timeout:") > 0);
	rig_free();
}

/** DUMP of a server, and its list of one service: lines `alert:` of both together. */
static uint32_t dump_alerts(uint64_t seconds)
{
	static const uint32_t one_mapping[] = { 1, MOUNTD, 3, 17, 635, 0 };

	ask("203.0.113.1", "10.2.0.1", RPCS_PORTMAP_DUMP, 0, seconds);
	told("alert:");
	answer("203.0.113.1", "10.2.0.1", one_mapping, 6, seconds);
	return told("alert:");
}

/* did_pm_notice: a notice once for a client and server; here it expires */
static void did_pm_notice(void **state)
{
	(void)state;
	rig_new("alerts: {repeat: 10m}", false);
	assert_int_equal(dump_alerts(1000), 1);
	assert_int_equal(dump_alerts(1001), 0);
	assert_int_equal(dump_alerts(1599), 0);
	assert_int_equal(dump_alerts(1601), 1);
	rig_free();
}

/* rpc_programs += { [390999] = "backup" } */
static void rpc_programs(void **state)
{
	(void)state;
	rig_new("programs: {backup: 390999}\nallow: [{calls: GETPORT, programs: backup}]", false);
	assert_string_equal(rpcs_program_name(390999), "backup");
	assert_string_equal(rpcs_program_name(MOUNTD), "mountd");
	assert_true(rpcs_policy_knows_program(rig.policy, 390999));
	assert_false(is_noticed("203.0.113.1", "10.2.0.1", GETPORT, 390999));
	rig_free();
}

/* rpc_timeout = 5 sec, on the time of packets */
static void rpc_timeout(void **state)
{
	(void)state;
	rig_new("timeouts: {call: 5s}\nallow: [{calls: GETPORT}]", false);
	ask("10.3.0.1", "10.2.0.1", GETPORT, MOUNTD, 100);
	rpcs_pipeline_tick(rig.pipeline, 104 * RPCS_NSEC_PER_SEC);
	expect("");
	rpcs_pipeline_tick(rig.pipeline, 106 * RPCS_NSEC_PER_SEC);
	assert_int_equal(told("timeout:"), 1);
	rig_free();
}

/* SET and UNSET always notice, and so does what nobody permitted. */
static void what_no_table_has(void **state)
{
	(void)state;
	rig_new("allow: [{calls: GETPORT}]", false);
	assert_true(is_noticed("10.3.0.1", "10.2.0.1", RPCS_PORTMAP_SET, MOUNTD));
	assert_true(is_noticed("10.3.0.1", "10.2.0.1", RPCS_PORTMAP_UNSET, MOUNTD));
	assert_true(is_noticed("10.3.0.1", "10.2.0.1", RPCS_PORTMAP_DUMP, 0));
	assert_true(is_noticed("10.3.0.1", "10.2.0.1", RPCS_PORTMAP_CALLIT, WALLD));
	rig_free();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rpc_okay),	     cmocka_unit_test(rpc_okay_nets),
		cmocka_unit_test(rpc_okay_services), cmocka_unit_test(any_rpc_okay),
		cmocka_unit_test(rpc_dump_okay),     cmocka_unit_test(rpc_do_not_complain),
		cmocka_unit_test(suppress_pm_log),   cmocka_unit_test(did_pm_notice),
		cmocka_unit_test(rpc_programs),	     cmocka_unit_test(rpc_timeout),
		cmocka_unit_test(what_no_table_has),
	};

	return cmocka_run_group_tests_name("zeek tables", tests, NULL, NULL);
}
