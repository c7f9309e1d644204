// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Tunnels through the native build of stages 1 to 4. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "source/engine.h"
#include "tunnel_table.h"

static struct collected got;

static struct rpcs_native *engine_new(bool tunnels, enum rpcs_any_port any_port)
{
	const struct rpcs_settings settings = { .ports = { 111 },
						.port_count = 1,
						.limit_flows = 16,
						.limit_pending_calls = 16,
						.any_port = any_port,
						.tunnels = tunnels };
	struct rpcs_native *native = rpcs_native_new(&(struct rpcs_native_options){
		.settings = &settings, .emit = collect, .arg = &got });

	assert_non_null(native);
	return native;
}

static void pass(struct rpcs_native *native, const uint8_t *bytes, uint32_t len)
{
	struct rpcs_frame frame = { .bytes = bytes, .len = len, .number = 1 };

	got.count = 0;
	rpcs_native_frame(native, &frame);
}

static void run_cases(enum rpcs_any_port any_port)
{
	struct rpcs_native *native;
	struct tunnel_frame t;

	for (int i = 0; i < TUNNEL_CASES; i++) {
		native = engine_new(true, any_port);
		tunnel_build(&tunnel_cases[i], &t);
		pass(native, t.f.bytes, t.f.len);
		tunnel_check(&tunnel_cases[i], &t, &got);
		tunnel_check_counter(&tunnel_cases[i], rpcs_native_counters(native));
		rpcs_native_free(&native);
	}
}

static void test_cases(void **state)
{
	(void)state;
	run_cases(RPCS_ANY_PORT_OFF);
	run_cases(RPCS_ANY_PORT_FIRST);
}

static void test_off(void **state)
{
	struct rpcs_native *native = engine_new(false, RPCS_ANY_PORT_OFF);
	struct tunnel_frame t;

	(void)state;
	for (int i = 0; i < TUNNEL_CASES; i++) {
		tunnel_build(&tunnel_cases[i], &t);
		pass(native, t.f.bytes, t.f.len);
		assert_int_equal(got.count, 0);
	}
	assert_int_equal(rpcs_native_counters(native)->tunnelled, 0);
	assert_int_equal(rpcs_native_counters(native)->packet_tunnel_deep, 0);
	rpcs_native_free(&native);
}

/* Cut after each byte: nothing is read behind the end (under ASan), and no call made up. */
static void test_prefixes(void **state)
{
	struct rpcs_native *native = engine_new(true, RPCS_ANY_PORT_FIRST);
	const struct rpcs_record_head *head = (const void *)got.bytes[0];
	struct tunnel_frame t;
	uint8_t *exact;

	(void)state;
	for (int i = 0; i < TUNNEL_CASES; i++) {
		tunnel_build(&tunnel_cases[i], &t);
		for (uint32_t len = 0; len < t.f.len; len++) {
			exact = malloc(len ? len : 1);
			assert_non_null(exact);
			memcpy(exact, t.f.bytes, len);
			pass(native, exact, len);
			free(exact);
			/* What is there of the packet is for the agent; it is no call. */
			if (!got.count)
				continue;
			assert_int_equal(head->kind, RPCS_RECORD_PIECE);
			if (tunnel_cases[i].kind == RPCS_RECORD_CALL)
				assert_true(head->flags & RPCS_F_TRUNCATED);
		}
	}
	rpcs_native_free(&native);
}

/* Every cut of a header has its counter: nothing goes silently. */
static void test_prefixes_counted(void **state)
{
	static void (*const builds[])(struct tunnel_frame *) = { in_gre_options, in_vxlan, in_pppoe,
								 in_mpls };
	const struct rpcs_counters *c;
	struct rpcs_native *native;
	struct tunnel_frame t;

	(void)state;
	for (size_t i = 0; i < sizeof(builds) / sizeof(builds[0]); i++) {
		builds[i](&t);
		tunnel_end(&t);
		for (uint32_t len = 0; len < t.f.len; len++) {
			native = engine_new(true, RPCS_ANY_PORT_FIRST);
			pass(native, t.f.bytes, len);
			c = rpcs_native_counters(native);
			assert_int_equal(c->packet_link_short + c->packet_ip_short +
						 c->packet_transport_short +
						 c->packet_tunnel_short + c->rpc_seen,
					 1);
			rpcs_native_free(&native);
		}
	}
}

/* Fragments inside: the later one shares its first one's fate, by the inner identity. */
static void test_inner_fragments(void **state)
{
	struct rpcs_native *native = engine_new(true, RPCS_ANY_PORT_OFF);
	const struct rpcs_record_head *head = (const void *)got.bytes[0];
	struct tunnel_frame t;

	(void)state;
	in_vxlan(&t);
	set16(&t.f, t.inner + 6, 0x2000);
	set16(&t.f, t.f.udp + 2, 4444); /* nobody's port */
	tunnel_end(&t);
	pass(native, t.f.bytes, t.f.len);
	assert_int_equal(got.count, 0);
	set16(&t.f, t.inner + 6, 0x0010);
	pass(native, t.f.bytes, t.f.len);
	assert_int_equal(got.count, 0);
	/* Another packet's, whose first one has not been seen. */
	set16(&t.f, t.inner + 4, 0x4321);
	pass(native, t.f.bytes, t.f.len);
	assert_int_equal(got.count, 1);
	/* It has no ports, and those of the tunnel are not its own. */
	assert_int_equal(head->sport, 0);
	assert_int_equal(head->dport, 0);
	rpcs_native_free(&native);
}

/* The fragments behind a VXLAN packet's first one are other people's, as it is. */
static void test_outer_fragments(void **state)
{
	struct rpcs_native *native = engine_new(true, RPCS_ANY_PORT_FIRST);
	struct tunnel_frame t;

	(void)state;
	vxlan_first_fragment(&t);
	tunnel_end(&t);
	pass(native, t.f.bytes, t.f.len);
	set16(&t.f, t.ip4[0] + 6, 0x0010);
	pass(native, t.f.bytes, t.f.len);
	assert_int_equal(got.count, 0);
	assert_int_equal(rpcs_native_counters(native)->packets_watched, 0);
	assert_int_equal(rpcs_native_counters(native)->packet_fragment_later, 1);
	rpcs_native_free(&native);
}

/* RPC that uses VXLAN's port is RPC still, whatever its XID; so in TCP. */
static void test_rpc_on_port(void **state)
{
	struct rpcs_native *native = engine_new(true, RPCS_ANY_PORT_FIRST);
	const struct rpcs_record_head *head = (const void *)got.bytes[0];
	struct test_frame f;

	(void)state;
	for (uint32_t xid = 1; xid <= 0x08000001; xid += 0x08000000) {
		frame_eth(&f, RPCS_ETH_IP4);
		frame_ip4(&f, RPCS_IP_UDP, 0);
		frame_udp(&f, (uint16_t)(800 + (xid & 0x08000000 ? 1 : 0)), VXLAN_PORT);
		frame_call(&f, xid, 100005, 3, 1);
		frame_end(&f);
		pass(native, f.bytes, f.len);
		assert_int_equal(got.count, 1);
		assert_int_equal(head->kind, RPCS_RECORD_CALL);
	}
	frame_eth(&f, RPCS_ETH_IP4);
	frame_ip4(&f, RPCS_IP_TCP, 0);
	frame_tcp(&f, 900, VXLAN_PORT, 1, RPCS_TCP_SYN, 0);
	frame_end(&f);
	pass(native, f.bytes, f.len);
	assert_int_equal(got.count, 1);
	assert_int_equal(head->kind, RPCS_RECORD_CONNECTION);
	rpcs_native_free(&native);
}

/* On a device without Ethernet the first bytes are no addresses of a link. */
static void test_no_link(void **state)
{
	struct rpcs_packet pkt = { 0 };
	struct tunnel_frame t;
	const uint8_t *ip;

	(void)state;
	in_ip(&t);
	tunnel_end(&t);
	ip = t.f.bytes + 14;
	assert_int_equal(
		rpcs_packet_parse(&pkt, ip, t.f.bytes + t.f.len, t.f.len - 14, RPCS_ETH_IP4),
		RPCS_PACKET_NOT_TRANSPORT);
	assert_int_equal(
		rpcs_tunnel_enter(&pkt, ip, t.f.bytes + t.f.len, t.f.len - 14, RPCS_TUNNEL_ip),
		RPCS_PACKET_OK);
	assert_int_equal(pkt.network_offset, 20);
	assert_int_equal(pkt.flags, RPCS_TUNNEL_ip << RPCS_TUNNEL_SHIFT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),		cmocka_unit_test(test_off),
		cmocka_unit_test(test_prefixes),	cmocka_unit_test(test_prefixes_counted),
		cmocka_unit_test(test_inner_fragments), cmocka_unit_test(test_outer_fragments),
		cmocka_unit_test(test_rpc_on_port),	cmocka_unit_test(test_no_link),
	};

	return cmocka_run_group_tests_name("tunnel", tests, NULL, NULL);
}
