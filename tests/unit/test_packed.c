// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Calls that the matcher packs and unpacks again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "calls_case.h"

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
	assert_memory_equal(call, &before, sizeof(before));
	assert_memory_equal(call->message.auth.machine.bytes, name, sizeof(name));
	/* And what goes again takes no room any more. */
	call->alert_count = 0;
	memset(call->alerts, 0, sizeof(call->alerts));
	add_xid(calls, 4, SECOND);
	call = answer(calls, &reply, false);
	assert_int_equal(call->alert_count, 0);
	assert_int_equal(call->alerts[0].number, 0);
	assert_int_equal(call->rule, UINT32_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_kept) };

	return cmocka_run_group_tests_name("packed", tests, NULL, NULL);
}
