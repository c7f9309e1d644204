// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Ports that a portmapper's replies tell. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "match/told.h"

static struct rpcs_text text_of(const char *string)
{
	return (struct rpcs_text){ .bytes = (const uint8_t *)string,
				   .len = (uint32_t)strlen(string) };
}

static uint16_t port_of(const char *string)
{
	struct rpcs_text text = text_of(string);

	return rpcs_uaddr_port(&text);
}

static void test_uaddr(void **state)
{
	(void)state;
	assert_int_equal(port_of("10.0.0.2.8.1"), 2049);
	assert_int_equal(port_of("::.0.111"), 111);
	assert_int_equal(port_of("fe80::1.255.255"), 65535);
	assert_int_equal(port_of(""), 0);
	assert_int_equal(port_of(".1"), 0);
	assert_int_equal(port_of("8.1"), 0);
	assert_int_equal(port_of(".8.1"), 2049);
	assert_int_equal(port_of("10.0.0.2.8."), 0);
	assert_int_equal(port_of("10.0.0.2.256.1"), 0);
	assert_int_equal(port_of("10.0.0.2.8.256"), 0);
	assert_int_equal(port_of("10.0.0.2.8.0001"), 0);
	assert_int_equal(port_of("/run/rpcbind.sock"), 0);
}

struct told {
	uint16_t ports[8];
	uint32_t count;
};

static void note(void *arg, uint16_t port)
{
	struct told *told = arg;

	told->ports[told->count++] = port;
}

static struct rpcs_call call_of(enum rpcs_portmap_shape shape, uint32_t protocol)
{
	return (struct rpcs_call){
		.message = { .program = 100000,
			     .portmap = { .shape = shape, .has = 4, .protocol = protocol } },
	};
}

static void test_lookup(void **state)
{
	struct rpcs_message reply = { .portmap = {
					      .shape = RPCS_PORTMAP_PORT, .has = 1, .port = 635 } };
	struct rpcs_call call = call_of(RPCS_PORTMAP_MAPPING, 6);
	struct told told = { .count = 0 };

	(void)state;
	rpcs_told_ports(&call, &reply, note, &told);
	assert_int_equal(told.count, 1);
	assert_int_equal(told.ports[0], 635);
	/* UDP shows itself; port 0 is none; 65536 cannot be; and cut results tell nothing. */
	call = call_of(RPCS_PORTMAP_MAPPING, 17);
	rpcs_told_ports(&call, &reply, note, &told);
	call = call_of(RPCS_PORTMAP_MAPPING, 6);
	reply.portmap.port = 0;
	rpcs_told_ports(&call, &reply, note, &told);
	reply.portmap.port = 65536 + 635;
	rpcs_told_ports(&call, &reply, note, &told);
	reply.portmap.port = 635;
	reply.portmap.has = 0;
	rpcs_told_ports(&call, &reply, note, &told);
	reply.portmap.has = 1;
	call.message.program = 100003;
	rpcs_told_ports(&call, &reply, note, &told);
	assert_int_equal(told.count, 1);
}

static void test_address(void **state)
{
	struct rpcs_message reply = { .portmap = { .shape = RPCS_PORTMAP_ADDRESS,
						   .has = 1,
						   .address = text_of("10.0.0.2.78.80") } };
	struct rpcs_call call = call_of(RPCS_PORTMAP_RPCB, 0);
	struct told told = { .count = 0 };

	(void)state;
	rpcs_told_ports(&call, &reply, note, &told);
	assert_int_equal(told.count, 1);
	assert_int_equal(told.ports[0], 78 * 256 + 80);
}

static void test_lists(void **state)
{
	const struct rpcs_mapping v2[] = {
		{ .program = 100005, .protocol = 6, .port = 20048 },
		{ .program = 100005, .protocol = 17, .port = 20049 },
		{ .program = 100005, .protocol = 6, .port = 1 << 20 },
	};
	const struct rpcs_mapping v4[] = {
		{ .netid = text_of("tcp6"), .address = text_of("::.8.1") },
		{ .netid = text_of("udp"), .address = text_of("0.0.0.0.8.1") },
		{ .netid = text_of("local"), .address = text_of("/run/rpcbind.sock") },
		{ .netid = text_of("tcp"), .address = text_of("0.0.0.0.0.111") },
	};
	struct rpcs_message reply = {
		.portmap = { .shape = RPCS_PORTMAP_MAPPINGS, .mappings = v2, .mappings_kept = 3 }
	};
	struct rpcs_call call = call_of(RPCS_PORTMAP_NOTHING, 0);
	struct told told = { .count = 0 };

	(void)state;
	rpcs_told_ports(&call, &reply, note, &told);
	assert_int_equal(told.count, 1);
	assert_int_equal(told.ports[0], 20048);
	reply.portmap = (struct rpcs_portmap){ .shape = RPCS_PORTMAP_ENTRIES,
					       .mappings = v4,
					       .mappings_kept = 4 };
	rpcs_told_ports(&call, &reply, note, &told);
	assert_int_equal(told.count, 3);
	assert_int_equal(told.ports[1], 2049);
	assert_int_equal(told.ports[2], 111);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_uaddr),
		cmocka_unit_test(test_lookup),
		cmocka_unit_test(test_address),
		cmocka_unit_test(test_lists),
	};

	return cmocka_run_group_tests_name("told ports", tests, NULL, NULL);
}
