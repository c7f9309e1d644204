// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* user/detect/hooks.c: rows that are not asked about a message would have had nothing to say. */
#include "detect_case.h"

#include <stdlib.h>

#include "detect/internal.h"

enum { ROUNDS = 60000 };

static const char text[] = CASE_EACH
	"allow:\n"
	"  - {name: some, clients: [10.0.0.0/24], calls: [DUMP, GETPORT, SET, CALLIT]}\n";

static struct detect_case some, all;

/* Every row that has a hook is asked about everything. */
static void ask_all(struct rpcs_detect *detect)
{
	struct rpcs_hook_bits *bits = &detect->hooks.bits;
	const struct rpcs_detection_row *row;
	uint64_t judge = 0, message = 0;
	uint32_t id, place, kind;

	for (id = 0; id < RPCS_D__MAX; id++) {
		row = rpcs_detection_row((enum rpcs_detection_id)id);
		judge |= (uint64_t)(row->matches || row->on_call) << id;
		message |= (uint64_t)(row->on_message != NULL) << id;
	}
	for (kind = 0; kind < RPCS_KIND__MAX; kind++) {
		bits->judge[kind] = judge;
		for (place = 0; place < RPCS_PLACE__MAX; place++)
			bits->message[place][kind] = message;
	}
	bits->portmapper = bits->others = bits->silent = UINT64_MAX;
	bits->odd = 0;
}

static uint32_t draw(uint32_t count)
{
	return (uint32_t)rand() % count;
}

static uint32_t draw_of(const uint32_t *numbers, uint32_t count)
{
	return numbers[draw(count)];
}

#define DRAW(...)                                  \
	draw_of((const uint32_t[]){ __VA_ARGS__ }, \
		sizeof((const uint32_t[]){ __VA_ARGS__ }) / sizeof(uint32_t))

/* As stage 6 decodes them. */
static enum rpcs_portmap_shape shape_of(const struct rpcs_message *message)
{
	if (message->program != RPCS_PORTMAP_PROGRAM)
		return RPCS_PORTMAP_NOTHING;
	switch (rpcs_policy_call_of(message->version, message->procedure)) {
	case RPCS_CALL_SET:
	case RPCS_CALL_UNSET:
	case RPCS_CALL_GETPORT:
	case RPCS_CALL_GETADDR:
	case RPCS_CALL_GETVERSADDR:
	case RPCS_CALL_GETADDRLIST:
		return message->version == 2 ? RPCS_PORTMAP_MAPPING : RPCS_PORTMAP_RPCB;
	case RPCS_CALL_CALLIT:
	case RPCS_CALL_BCAST:
	case RPCS_CALL_INDIRECT:
		return RPCS_PORTMAP_CALLIT_ARGS;
	default:
		return RPCS_PORTMAP_NOTHING;
	}
}

static void draw_arguments(struct rpcs_message *message)
{
	struct rpcs_portmap *pm = &message->portmap;

	pm->shape = shape_of(message);
	if (pm->shape == RPCS_PORTMAP_NOTHING)
		return;
	pm->has = (uint8_t)draw(pm->shape == RPCS_PORTMAP_RPCB ? 6 : 5);
	pm->program = DRAW(100000, 100003, 100005, 100232, 4711);
	pm->version = DRAW(2, 3);
	pm->procedure = draw(5);
	pm->port = DRAW(2049, 70000);
	pm->length = DRAW(16, 3000);
	if (pm->shape == RPCS_PORTMAP_RPCB)
		pm->address = case_text(draw(2) ? "10.0.0.1.0.111" : "no address");
}

static struct rpcs_call draw_call(uint32_t number)
{
	struct rpcs_call call = case_call(DRAW(0, 1, 2, 2, 3, 4, 5, 5000), draw(15));
	struct rpcs_message *message = &call.message;
	struct rpcs_tuple *tuple = &message->tuple;

	message->seen.time_ns = CASE_WHEN + number * 10000000ULL;
	message->xid = DRAW(number, number, 0x72fe1d13, 0x1aa9ffe1);
	message->program = DRAW(100000, 100000, 100003, 100005, 100068);
	tuple->src = case_address(draw(3) ? draw(2) ? "10.0.0.9" : "127.0.0.1" : "192.0.2.66");
	tuple->dst = case_address(draw(2) ? "10.0.0.2" : "192.0.2.1");
	tuple->dport = (uint16_t)DRAW(111, 111, 111, 2049, 32771);
	tuple->sport = (uint16_t)DRAW(40000, 111);
	tuple->protocol = draw(4) ? RPCS_IP_UDP : RPCS_IP_TCP;
	message->seen.flags = draw(8) ? 0 : RPCS_F_LOCAL;
	message->length = DRAW(40, 40, 41);
	message->rpc_version = DRAW(2, 2, 2, 3);
	message->auth.flavor = DRAW(0, 1, 6);
	message->auth.sys = message->auth.flavor == 1;
	message->auth.stamp_zero = draw(2);
	message->has_verf = draw(2);
	message->verf_len = DRAW(0, 0, 12);
	message->service.over = draw(8) ? NULL : "a name";
	message->excess.what = draw(16) ? NULL : "a string";
	message->header_excess.what = draw(16) ? NULL : "a credential";
	draw_arguments(message);
	call.allowed = draw(2);
	call.names_change = draw(2);
	call.conflict = !draw(8);
	call.flow_id = 1 + draw(4);
	return call;
}

static void take(struct detect_case *c, struct rpcs_call call, const struct rpcs_message *reply,
		 enum rpcs_message_place place)
{
	rpcs_detect_message(c->detect, &call.message, &call, RPCS_PLACE_CALL, call.flow_id);
	rpcs_detect_call(c->detect, &call);
	rpcs_detect_message(c->detect, &call.message, &call, RPCS_PLACE_CALL_AGAIN, call.flow_id);
	rpcs_detect_message(c->detect, reply, place == RPCS_PLACE_REPLY_UNPAIRED ? NULL : &call,
			    place, call.flow_id);
	if (place == RPCS_PLACE_REPLY) {
		call.status = RPCS_STATUS_ANSWERED;
		rpcs_detect_outcome(c->detect, &call, reply);
	}
}

static struct rpcs_message draw_reply(const struct rpcs_call *call)
{
	static const uint8_t endless[100] = { 'x' };
	struct rpcs_message reply = case_reply(call);

	reply.portmap.shape = draw(2) ? RPCS_PORTMAP_PORT : RPCS_PORTMAP_ADDRESS;
	reply.portmap.has = 1;
	reply.portmap.port = DRAW(2049, 70000);
	reply.portmap.address = case_text(draw(2) ? "10.0.0.1.8.1" : "no address");
	reply.portmap.address.len = draw(16) ? reply.portmap.address.len : 100;
	if (reply.portmap.address.len == 100)
		reply.portmap.address.bytes = endless;
	reply.has_mismatch = draw(2);
	reply.mismatch_high = DRAW(2, 50000);
	reply.stat = draw(2) ? RPCS_ACCEPT_SUCCESS : RPCS_ACCEPT_PROG_MISMATCH;
	reply.excess.what = draw(16) ? NULL : "a string";
	return reply;
}

static void test_nothing_is_missed(void **state)
{
	static uint32_t seen[RPCS_D__MAX];
	struct rpcs_message reply;
	struct rpcs_call call;
	uint32_t i, j, kinds = 0;

	(void)state;
	srand(5);
	case_start(&some, text);
	case_start(&all, text);
	ask_all(all.detect);
	for (i = 0; i < ROUNDS; i++) {
		some.count = all.count = 0;
		call = draw_call(i);
		reply = draw_reply(&call);
		j = draw(RPCS_PLACE__MAX - RPCS_PLACE_REPLY);
		take(&some, call, &reply, (enum rpcs_message_place)(RPCS_PLACE_REPLY + j));
		take(&all, call, &reply, (enum rpcs_message_place)(RPCS_PLACE_REPLY + j));
		for (j = 0; j < all.count && j < CASE_ALERTS_MAX; j++) {
			assert_int_equal(some.alerts[j].detection, all.alerts[j].detection);
			assert_int_equal(some.alerts[j].severity, all.alerts[j].severity);
			kinds += !seen[all.alerts[j].detection]++;
		}
		assert_int_equal(some.count, all.count);
	}
	/* Of those that calls and replies raise, most were. */
	print_message("%u detections spoke\n", kinds);
	assert_true(kinds >= 30);
	case_end(&some);
	case_end(&all);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_is_missed),
	};

	return cmocka_run_group_tests_name("detect hooks", tests, NULL, NULL);
}
