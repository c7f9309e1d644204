// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The `rpc` object: every status and flavor, whole and in part. */
#include "unit/output_fixture.h"
#include "unit/output_schema.h"

static json_t *message_line(const struct rpcs_message *message)
{
	struct rpcs_output_context context = { .transactions = true };
	struct fixture fixture = fixture_open(&context);

	assert_int_equal(fixture.sink->message(fixture.sink, message, 5), 0);
	return fixture_line(&fixture);
}

static void test_call_header(void **state)
{
	struct rpcs_message call = call_of(RPCS_PORTMAP_GETPORT);
	json_t *line;

	(void)state;
	call.portmap = mapping_of(100005, 3, 17, 0);
	line = message_line(&call);
	assert_text(line, "event_type", "rpc");
	assert_text(line, "rpc.type", "call");
	assert_number(line, "rpc.xid", 305419896);
	assert_number(line, "rpc.program", 100000);
	assert_text(line, "rpc.program_name", "portmapper");
	assert_number(line, "rpc.program_version", 2);
	assert_number(line, "rpc.procedure", 3);
	assert_text(line, "rpc.procedure_name", "GETPORT");
	assert_number(line, "rpc.length", 56);
	assert_text(line, "rpc.source", "kernel");
	assert_text(line, "rpc.auth.flavor", "AUTH_NONE");
	assert_absent(line, "rpc.rpc_version");
	assert_absent(line, "rpc.malformed");
	assert_absent(line, "rpc.truncated");
	assert_absent(line, "rpc.status");
	assert_number(line, "portmap.program", 100005);
	assert_text(line, "portmap.program_name", "mountd");
	assert_number(line, "portmap.version", 3);
	assert_number(line, "portmap.protocol", 17);
	assert_number(line, "portmap.port", 0);
	assert_int_equal(json_object_size(at(line, "portmap")), 5);
	json_decref(line);
}

static void test_call_oddities(void **state)
{
	struct rpcs_message call = call_of(99);
	json_t *line;

	(void)state;
	call.rpc_version = 4294967295U;
	call.program = 4294967295U;
	call.version = 4294967294U;
	call.procedure = 4294967293U;
	call.xid = 4294967295U;
	call.reassembled = true;
	call.malformed = "credential over 400 bytes";
	call.has_auth = false;
	line = message_line(&call);
	assert_true(json_integer_value(at(line, "rpc.rpc_version")) == 4294967295LL);
	assert_true(json_integer_value(at(line, "rpc.program")) == 4294967295LL);
	assert_true(json_integer_value(at(line, "rpc.program_version")) == 4294967294LL);
	assert_true(json_integer_value(at(line, "rpc.procedure")) == 4294967293LL);
	assert_true(json_integer_value(at(line, "rpc.xid")) == 4294967295LL);
	assert_absent(line, "rpc.program_name");
	assert_absent(line, "rpc.procedure_name");
	assert_text(line, "rpc.source", "reassembled");
	assert_text(line, "rpc.malformed", "credential over 400 bytes");
	assert_absent(line, "rpc.auth");
	assert_absent(line, "portmap");
	json_decref(line);
}

/* Version first, then number: procedure 3 has two names, 5 too, 9 to 12 only in version 4. */
static void test_procedure_names(void **state)
{
	static const struct {
		uint32_t version, procedure;
		const char *name;
	} others[] = { { 1, 0, NULL },
		       { 2, 6, NULL },
		       { 3, 9, NULL },
		       { 4, 13, NULL },
		       { 5, 3, NULL },
		       { 2, 256, NULL },
		       { 0, 515, NULL },
		       { 4294967295U, 3, NULL },
#define X(ver, number, text, name) { ver, number, text },
		       RPCS_PORTMAP_PROCEDURES(X)
#undef X
	};
	struct rpcs_message call = call_of(0);
	json_t *line;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		call.version = others[i].version;
		call.procedure = others[i].procedure;
		line = message_line(&call);
		if (others[i].name)
			assert_text(line, "rpc.procedure_name", others[i].name);
		else
			assert_absent(line, "rpc.procedure_name");
		json_decref(line);
	}
}

static void test_flavors(void **state)
{
	static const char *const names[] = { "AUTH_NONE",  "AUTH_SYS", "AUTH_SHORT",
					     "AUTH_DH",	   "4",	       "5",
					     "RPCSEC_GSS", "AUTH_TLS", "8" };
	struct rpcs_message call = call_of(0);
	json_t *line;
	uint32_t i;

	(void)state;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		call.auth = (struct rpcs_auth){ .flavor = i };
		line = message_line(&call);
		assert_text(line, "rpc.auth.flavor", names[i]);
		assert_int_equal(json_object_size(at(line, "rpc.auth")), 1);
		json_decref(line);
	}
	call.auth = (struct rpcs_auth){ .flavor = 4294967295U };
	line = message_line(&call);
	assert_text(line, "rpc.auth.flavor", "4294967295");
	json_decref(line);
}

static void test_auth_sys(void **state)
{
	struct rpcs_message call = call_of(0);
	json_t *line;

	(void)state;
	call.auth = (struct rpcs_auth){ .flavor = RPCS_AUTH_SYS,
					.sys = true,
					.uid = 0,
					.gid = 4294967295U,
					.machine = text_of("lo\"cal\x1b\xff") };
	line = message_line(&call);
	assert_number(line, "rpc.auth.uid", 0);
	assert_true(json_integer_value(at(line, "rpc.auth.gid")) == 4294967295LL);
	assert_text(line, "rpc.auth.machine", "lo\"cal\x1b\xc3\xbf");
	assert_absent(line, "rpc.auth.malformed");
	json_decref(line);

	call.auth = (struct rpcs_auth){ .flavor = RPCS_AUTH_SYS, .malformed = true };
	line = message_line(&call);
	assert_yes(line, "rpc.auth.malformed");
	assert_absent(line, "rpc.auth.uid");
	assert_absent(line, "rpc.auth.machine");
	assert_absent(line, "rpc.malformed");
	json_decref(line);
}

static void test_reply_stats(void **state)
{
	static const char *const accept[] = { "success",
					      "prog_unavail",
					      "prog_mismatch",
					      "proc_unavail",
					      "garbage_args",
					      "system_err",
					      "6" };
	static const char *const reject[] = { "rpc_mismatch", "auth_error", "2" };
	struct rpcs_message call = call_of(RPCS_PORTMAP_GETPORT);
	struct rpcs_message reply = reply_to(&call);
	json_t *line;
	uint32_t i;

	(void)state;
	for (i = 0; i < sizeof(accept) / sizeof(accept[0]); i++) {
		reply.stat = i;
		reply.malformed = i == 6 ? "unknown accept_stat" : NULL;
		line = message_line(&reply);
		assert_text(line, "rpc.reply_stat", "accepted");
		assert_text(line, "rpc.accept_stat", accept[i]);
		assert_absent(line, "rpc.reject_stat");
		json_decref(line);
	}
	reply.reply_stat = RPCS_REPLY_DENIED;
	for (i = 0; i < sizeof(reject) / sizeof(reject[0]); i++) {
		reply.stat = i;
		reply.malformed = i == 2 ? "unknown reject_stat" : NULL;
		line = message_line(&reply);
		assert_text(line, "rpc.reply_stat", "denied");
		assert_text(line, "rpc.reject_stat", reject[i]);
		assert_absent(line, "rpc.accept_stat");
		json_decref(line);
	}
	reply.reply_stat = 4294967295U;
	reply.reply_has = 1;
	reply.malformed = "unknown reply_stat";
	line = message_line(&reply);
	assert_text(line, "rpc.reply_stat", "4294967295");
	assert_absent(line, "rpc.accept_stat");
	assert_absent(line, "rpc.reject_stat");
	json_decref(line);
}

static void test_reply_details(void **state)
{
	struct rpcs_message call = call_of(RPCS_PORTMAP_GETPORT);
	struct rpcs_message reply = reply_to(&call);
	json_t *line;

	(void)state;
	reply.stat = RPCS_ACCEPT_PROG_MISMATCH;
	reply.has_mismatch = true;
	reply.mismatch_low = 2;
	reply.mismatch_high = 4;
	line = message_line(&reply);
	assert_text(line, "rpc.type", "reply");
	assert_number(line, "rpc.mismatch.low", 2);
	assert_number(line, "rpc.mismatch.high", 4);
	assert_number(line, "rpc.program", 100000);
	assert_text(line, "rpc.procedure_name", "GETPORT");
	assert_text(line, "src_ip", "10.0.0.2");
	assert_number(line, "src_port", 111);
	assert_absent(line, "rpc.auth");
	json_decref(line);

	reply = reply_to(&call);
	reply.call_known = false; /* and a program that must not be told */
	reply.reply_stat = RPCS_REPLY_DENIED;
	reply.stat = RPCS_REJECT_AUTH_ERROR;
	reply.has_auth_stat = true;
	reply.auth_stat = 5;
	line = message_line(&reply);
	assert_number(line, "rpc.auth_stat", 5);
	assert_absent(line, "rpc.program");
	assert_absent(line, "rpc.program_version");
	assert_absent(line, "rpc.procedure");
	assert_absent(line, "rpc.program_name");
	assert_absent(line, "rpc.rpc_version");
	json_decref(line);

	reply.reply_has = 0;
	reply.has_auth_stat = false;
	reply.truncated = true;
	reply.length = 4294967295U;
	line = message_line(&reply);
	assert_yes(line, "rpc.truncated");
	assert_true(json_integer_value(at(line, "rpc.length")) == 4294967295LL);
	assert_absent(line, "rpc.reply_stat");
	json_decref(line);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_call_header),
		cmocka_unit_test(test_call_oddities),
		cmocka_unit_test(test_procedure_names),
		cmocka_unit_test(test_flavors),
		cmocka_unit_test(test_auth_sys),
		cmocka_unit_test(test_reply_stats),
		cmocka_unit_test(test_reply_details),
		cmocka_unit_test(test_schema), /* last: of the lines of all before */
	};

	return cmocka_run_group_tests_name("eve_rpc", tests, schema_begin, NULL);
}
