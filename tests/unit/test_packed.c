// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Calls that the matcher packs and unpacks again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "calls_case.h"
#include "match/packed.h"

/* What is done to a call stays with it, however much it is, whatever else is asked for. */
static void test_kept(void **state)
{
	static const uint8_t name[] = "a name of more bytes than stand in a slot, by far";
	OWNED_CALLS *calls = calls_new();
	struct rpcs_message m = call_message(1, SECOND), reply = reply_message(1, "10.0.0.2", 111);
	struct rpcs_call *call, before;
	uint8_t text[sizeof(name)];
	uint32_t i;

	(void)state;
	memcpy(text, name, sizeof(name));
	m.auth.machine = (struct rpcs_text){ .bytes = text, .len = sizeof(text) };
	memset(&m.portmap, 0x5a, offsetof(struct rpcs_portmap, netid));
	m.malformed = "a reason";
	call = add(calls, &m, true);
	memset(text, 0, sizeof(text));
	memset(call->alerts, 0xa5, sizeof(call->alerts));
	call->alert_count = RPCS_CALL_ALERTS_MAX;
	call->rule = UINT32_MAX;
	memcpy(&before, call, sizeof(before));
	for (i = 0; i < 2; i++)
		add_xid(calls, 2 + i, SECOND);
	call = answer(calls, &reply, true);
	before.status = RPCS_STATUS_ANSWERED;
	assert_memory_equal(call->message.auth.machine.bytes, name, sizeof(name));
	before.message.auth.machine.bytes = call->message.auth.machine.bytes;
	assert_memory_equal(call, &before, sizeof(before));
	/* And what goes again takes no room any more. */
	call->alert_count = 0;
	memset(call->alerts, 0, sizeof(call->alerts));
	add_xid(calls, 4, SECOND);
	call = answer(calls, &reply, false);
	assert_int_equal(call->alert_count, 0);
	assert_int_equal(call->alerts[0].number, 0);
	assert_int_equal(call->rule, UINT32_MAX);
}

/* What the matcher's key has, and pointers to texts of no bytes. */
static void clear_rest(struct rpcs_call *call)
{
	struct rpcs_message *m = &call->message;

	m->tuple.src = (struct rpcs_address){ 0 };
	m->tuple.sport = 0;
	m->tuple.protocol = 0;
	m->xid = 0;
	m->auth.machine.bytes = m->service.text.bytes = NULL;
	m->portmap.netid.bytes = m->portmap.address.bytes = m->portmap.owner.bytes = NULL;
}

/* Packs the call where another was, and compares what comes back. */
static void check_packed(struct rpcs_call *call, struct rpcs_packed_call *packed)
{
	struct rpcs_call back;

	assert_int_equal(rpcs_call_pack(call, packed), 0);
	memset(&back, 0xee, sizeof(back));
	rpcs_call_unpack(packed, &back);
	clear_rest(call);
	assert_memory_equal(&back, call, sizeof(back));
}

/* No byte of a call is forgotten, whatever stood there before. 1 is a value of any member. */
static void test_each_byte(void **state)
{
	struct rpcs_packed_call packed = { 0 };
	struct rpcs_call plain = { .log = true }, call;
	uint8_t *bytes = (uint8_t *)&call;
	size_t i;

	(void)state;
	memset(plain.message.tuple.dst.bytes + 10, 0xff, 6);
	for (i = 0; i < sizeof(call); i++) {
		memcpy(&call, &plain, sizeof(call));
		bytes[i] ^= 1;
		check_packed(&call, &packed);
		memcpy(&call, &plain, sizeof(call));
		check_packed(&call, &packed);
	}
	memset(&call, 1, sizeof(call));
	check_packed(&call, &packed);
	memset(&call, 0, sizeof(call));
	check_packed(&call, &packed);
	rpcs_packed_call_free(&packed);
	assert_null(packed.beside);
}

/* Numbers of which only a part is packed. */
static void test_wide(void **state)
{
	static const uint32_t numbers[] = { 0xffff, 0x10000, 0x12345, UINT32_MAX };
	struct rpcs_packed_call packed = { 0 };
	struct rpcs_call call;
	uint32_t i, n;

	(void)state;
	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		n = numbers[i];
		call = (struct rpcs_call){ .flow_id = (1ULL << 51) - 1, .rule = n };
		call.message.version = call.message.procedure = call.message.program = n;
		call.message.length = call.message.body_len = call.message.body_available = n;
		call.message.portmap.version = call.message.portmap.protocol = n;
		call.message.portmap.port = call.message.portmap.program = n;
		call.message.portmap.shape = RPCS_PORTMAP_TIME;
		call.message.portmap.has = 255;
		call.message.seen.frame = (uint64_t)n << 16;
		call.message.seen.time_ns = UINT64_MAX - n;
		memset(&call.message.tuple.dst, 0x20, sizeof(call.message.tuple.dst));
		memset(call.alerts, 0xa5, sizeof(call.alerts));
		call.alert_count = RPCS_CALL_ALERTS_MAX;
		call.status = RPCS_STATUS_UNKNOWN;
		check_packed(&call, &packed);
	}
	rpcs_packed_call_free(&packed);
}

static uint64_t dice = 3;

static uint32_t random_below(uint32_t limit)
{
	dice = dice * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(dice >> 33) % limit;
}

/* A call as most are, but for some bytes of `from` on. 1 is a value of any member. */
static void draw(struct rpcs_call *call, size_t from)
{
	uint8_t *bytes = (uint8_t *)call;
	uint32_t changes = random_below(3) ? random_below(4) : random_below(200);

	while (changes--)
		bytes[from + random_below((uint32_t)(sizeof(*call) - from))] ^= 1;
}

/* What may still change is put back alone, and is all the same what packing all of it gives. */
static void test_again(void **state)
{
	struct rpcs_packed_call packed = { 0 };
	struct rpcs_call call, back;
	uint32_t i, round;

	(void)state;
	for (i = 0; i < 20000; i++) {
		memset(&call, 0, sizeof(call));
		call.message = call_message(1, SECOND);
		call.message.body = NULL;
		if (random_below(2))
			draw(&call, 0);
		check_packed(&call, &packed);
		for (round = 0; round < 3; round++) {
			rpcs_call_unpack(&packed, &call);
			call.status = (enum rpcs_status)random_below(RPCS_STATUS__MAX);
			call.alerts[0].number = i;
			call.rule = random_below(2) ? UINT32_MAX : i;
			if (random_below(2))
				draw(&call, offsetof(struct rpcs_call, status));
			assert_int_equal(rpcs_call_repack(&call, &packed), 0);
			rpcs_call_unpack(&packed, &back);
			assert_memory_equal(&back, &call, sizeof(back));
		}
	}
	rpcs_packed_call_free(&packed);
}

/* Whom it was sent to is known as it is packed, of IPv4, IPv6 and what is about the same. */
static void test_is_to(void **state)
{
	static const char *const addresses[] = { "10.0.0.2",	"10.0.0.3", "::10.0.0.2",
						 "2001:db8::1", "::1",	    "2001:db8::1:0:0:1" };
	enum { COUNT = sizeof(addresses) / sizeof(addresses[0]) };
	struct rpcs_packed_call packed = { 0 };
	struct rpcs_address address;
	struct rpcs_call call;
	uint32_t i, j;

	(void)state;
	for (i = 0; i < 20 * COUNT; i++) {
		memset(&call, 0, sizeof(call));
		call.message = call_message(1, SECOND);
		if (i >= COUNT)
			draw(&call, offsetof(struct rpcs_call, message.seen));
		assert_int_equal(rpcs_address_parse(addresses[i % COUNT], &call.message.tuple.dst),
				 0);
		assert_int_equal(rpcs_call_pack(&call, &packed), 0);
		for (j = 0; j < COUNT; j++) {
			assert_int_equal(rpcs_address_parse(addresses[j], &address), 0);
			assert_int_equal(rpcs_packed_call_is_to(&packed, &address, 111),
					 j == i % COUNT);
			assert_false(rpcs_packed_call_is_to(&packed, &address, 112));
		}
	}
	rpcs_packed_call_free(&packed);
}

/* What a portmapper is asked and answers as a rule takes no memory beside the slot. */
static void test_usual(void **state)
{
	struct rpcs_packed_call packed = { 0 };
	struct rpcs_call call, back;

	(void)state;
	/* With its padding, which is packed like all that is not zero. */
	memset(&call, 0, sizeof(call));
	call.message = call_message(1, SECOND);
	call.log = call.judged = true;
	call.message.has_auth = call.message.has_verf = true;
	call.message.rpc_version = 2;
	call.message.body = NULL;
	call.status = RPCS_STATUS_ANSWERED;
	call.alerts[0].number = 7;
	call.alert_count = 1;
	assert_int_equal(rpcs_packed_call_keep(&packed, &call.message, &call.message), 0);
	assert_int_equal(rpcs_call_pack(&call, &packed), 0);
	assert_null(packed.beside);
	rpcs_call_unpack(&packed, &back);
	assert_true(rpcs_address_equal(&back.message.tuple.dst, &call.message.tuple.dst));
	assert_int_equal(back.alerts[0].number, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kept),  cmocka_unit_test(test_each_byte),
		cmocka_unit_test(test_wide),  cmocka_unit_test(test_again),
		cmocka_unit_test(test_is_to), cmocka_unit_test(test_usual)
	};

	return cmocka_run_group_tests_name("packed", tests, NULL, NULL);
}
