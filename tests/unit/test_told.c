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
	struct rpcs_told_port ports[8];
	uint32_t count;
};

static void note(void *arg, const struct rpcs_told_port *port)
{
	struct told *told = arg;

	assert_in_range(told->count, 0, 7);
	told->ports[told->count++] = *port;
}

static void expect(const struct told *told, uint32_t index, uint32_t program, uint8_t protocol,
		   uint16_t port)
{
	assert_in_range(index, 0, told->count - 1);
	assert_int_equal(told->ports[index].program, program);
	assert_int_equal(told->ports[index].protocol, protocol);
	assert_int_equal(told->ports[index].port, port);
}

/* Asked over TCP, for mountd. */
static struct rpcs_call call_of(enum rpcs_portmap_shape shape, uint32_t protocol)
{
	return (struct rpcs_call){
		.message = { .tuple = { .protocol = 6 },
			     .program = 100000,
			     .portmap = { .shape = shape,
					  .has = 4,
					  .program = 100005,
					  .protocol = protocol } },
	};
}

static void test_lookup(void **state)
{
	struct rpcs_message reply = { .portmap = {
					      .shape = RPCS_PORTMAP_PORT, .has = 1, .port = 635 } };
	struct rpcs_call call = call_of(RPCS_PORTMAP_MAPPING, 17);
	struct told told = { .count = 0 };

	(void)state;
	rpcs_told_each(&call, &reply, note, &told);
	assert_int_equal(told.count, 1);
	expect(&told, 0, 100005, 17, 635);
	/* Port 0 is none; 65536 cannot be; other protocols have no such ports; a cut reply. */
	reply.portmap.port = 0;
	rpcs_told_each(&call, &reply, note, &told);
	reply.portmap.port = 65536 + 635;
	rpcs_told_each(&call, &reply, note, &told);
	reply.portmap.port = 635;
	call.message.portmap.protocol = 256 + 6;
	rpcs_told_each(&call, &reply, note, &told);
	call = call_of(RPCS_PORTMAP_MAPPING, 6);
	reply.portmap.has = 0;
	rpcs_told_each(&call, &reply, note, &told);
	reply.portmap.has = 1;
	call.message.program = 100003;
	rpcs_told_each(&call, &reply, note, &told);
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
	rpcs_told_each(&call, &reply, note, &told);
	assert_int_equal(told.count, 1);
	expect(&told, 0, 100005, 6, 78 * 256 + 80);
	/* Which of both the server meant is not known. */
	call.message.portmap.netid = text_of("udp6");
	rpcs_told_each(&call, &reply, note, &told);
	assert_int_equal(told.count, 3);
	expect(&told, 1, 100005, 6, 78 * 256 + 80);
	expect(&told, 2, 100005, 17, 78 * 256 + 80);
	call.message.portmap.netid = text_of("tcp6");
	rpcs_told_each(&call, &reply, note, &told);
	assert_int_equal(told.count, 4);
	reply.portmap.address = text_of("/run/rpcbind.sock");
	rpcs_told_each(&call, &reply, note, &told);
	assert_int_equal(told.count, 4);
}

static void test_forwarded(void **state)
{
	struct rpcs_message reply = {
		.portmap = { .shape = RPCS_PORTMAP_CALLIT_PORT, .has = 2, .port = 635 }
	};
	struct rpcs_call call = call_of(RPCS_PORTMAP_CALLIT_ARGS, 0);
	struct told told = { .count = 0 };

	(void)state;
	rpcs_told_each(&call, &reply, note, &told);
	reply.portmap.shape = RPCS_PORTMAP_CALLIT_ADDRESS;
	reply.portmap.address = text_of("10.0.0.2.2.124");
	rpcs_told_each(&call, &reply, note, &told);
	assert_int_equal(told.count, 2);
	expect(&told, 0, 100005, 17, 635);
	expect(&told, 1, 100005, 17, 636);
}

static void test_lists(void **state)
{
	const struct rpcs_mapping v2[] = {
		{ .program = 100003, .protocol = 6, .port = 2049 },
		{ .program = 100024, .protocol = 17, .port = 20049 },
		{ .program = 100024, .protocol = 6, .port = 1 << 20 },
	};
	const struct rpcs_mapping v4[] = {
		{ .netid = text_of("tcp6"), .address = text_of("::.8.1") },
		{ .netid = text_of("udp"), .address = text_of("0.0.0.0.8.1") },
		{ .netid = text_of("local"), .address = text_of("/run/rpcbind.sock") },
	};
	struct rpcs_message reply = {
		.portmap = { .shape = RPCS_PORTMAP_MAPPINGS, .mappings = v2, .mappings_kept = 3 }
	};
	struct rpcs_call call = call_of(RPCS_PORTMAP_RPCB, 0);
	struct told told = { .count = 0 };

	(void)state;
	rpcs_told_each(&call, &reply, note, &told);
	assert_int_equal(told.count, 2);
	expect(&told, 0, 100003, 6, 2049);
	expect(&told, 1, 100024, 17, 20049);
	reply.portmap = (struct rpcs_portmap){ .shape = RPCS_PORTMAP_ENTRIES,
					       .mappings = v4,
					       .mappings_kept = 3 };
	rpcs_told_each(&call, &reply, note, &told);
	assert_int_equal(told.count, 4);
	expect(&told, 2, 100005, 6, 2049);
	expect(&told, 3, 100005, 17, 2049);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_uaddr),	cmocka_unit_test(test_lookup),
		cmocka_unit_test(test_address), cmocka_unit_test(test_forwarded),
		cmocka_unit_test(test_lists),
	};

	return cmocka_run_group_tests_name("told ports", tests, NULL, NULL);
}
