// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The `portmap` object: every shape, whole and in part. */
#include "policy/programs.h"
#include "unit/output_fixture.h"
#include "unit/output_schema.h"

static json_t *message_line(const struct rpcs_message *message)
{
	struct rpcs_output_context context = { .transactions = true };
	struct fixture fixture = fixture_open(&context);

	assert_int_equal(fixture.sink->message(fixture.sink, message, 5), 0);
	return fixture_line(&fixture);
}

/* Which keys each shape has, in the order in which `has` counts them. */
static const struct {
	enum rpcs_portmap_shape shape;
	bool reply;
	const char *keys[5];
} shapes[] = {
	{ RPCS_PORTMAP_NOTHING, false, { NULL } },
	{ RPCS_PORTMAP_MAPPING, false, { "program", "version", "protocol", "port" } },
	{ RPCS_PORTMAP_RPCB, false, { "program", "version", "netid", "address", "owner" } },
	{ RPCS_PORTMAP_CALLIT_ARGS, false, { "program", "version", "procedure", "args_length" } },
	{ RPCS_PORTMAP_PORT, true, { "port" } },
	{ RPCS_PORTMAP_ADDRESS, true, { "address" } },
	{ RPCS_PORTMAP_RESULT, true, { "result" } },
	{ RPCS_PORTMAP_CALLIT_PORT, true, { "port", "result_length" } },
	{ RPCS_PORTMAP_CALLIT_ADDRESS, true, { "address", "result_length" } },
	{ RPCS_PORTMAP_TIME, true, { "time" } },
};

static struct rpcs_portmap everything(enum rpcs_portmap_shape shape, uint8_t has)
{
	return (struct rpcs_portmap){
		.shape = shape,
		.has = has,
		.program = 100003,
		.version = 3,
		.protocol = 6,
		.port = 2049,
		.procedure = 7,
		.length = 88,
		.time = 1795310157,
		.result = true,
		.netid = text_of("tcp6"),
		.address = text_of("fd66::10.8.1"),
		.owner = text_of("superuser"),
	};
}

static void check_value(const json_t *portmap, const char *key)
{
	static const struct {
		const char *key, *text;
		int number;
	} values[] = {
		{ "program", NULL, 100003 },   { "version", NULL, 3 },
		{ "protocol", NULL, 6 },       { "port", NULL, 2049 },
		{ "procedure", NULL, 7 },      { "args_length", NULL, 88 },
		{ "result_length", NULL, 88 }, { "time", NULL, 1795310157 },
		{ "netid", "tcp6", 0 },	       { "address", "fd66::10.8.1", 0 },
		{ "owner", "superuser", 0 },
	};
	size_t i;

	if (strcmp(key, "result") == 0) {
		assert_yes(portmap, key);
		return;
	}
	for (i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		if (strcmp(values[i].key, key) != 0)
			continue;
		if (values[i].text)
			assert_text(portmap, key, values[i].text);
		else
			assert_number(portmap, key, values[i].number);
		return;
	}
	fail_msg("no value for %s", key);
}

/* Every shape with none, one … all of its members: those are there, and no others. */
static void test_shapes(void **state)
{
	struct rpcs_message call = call_of(RPCS_PORTMAP_GETPORT);
	struct rpcs_message message;
	size_t i, has, want, k;
	json_t *line;

	(void)state;
	for (i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		for (has = 0; has < 5 && (!has || shapes[i].keys[has - 1]); has++) {
			message = shapes[i].reply ? reply_to(&call) : call;
			message.truncated = true;
			message.portmap = everything(shapes[i].shape, has);
			line = message_line(&message);
			want = has;
			for (k = 0; k < has; k++) {
				check_value(at(line, "portmap"), shapes[i].keys[k]);
				want += strcmp(shapes[i].keys[k], "program") == 0;
			}
			/* program_name comes with the program */
			assert_int_equal(json_object_size(at(line, "portmap")), want);
			json_decref(line);
		}
	}
}

static const struct rpcs_mapping two[] = {
	{ .program = 100000,
	  .version = 4,
	  .protocol = 6,
	  .port = 111,
	  .netid = { (const uint8_t *)"tcp", 3 },
	  .address = { (const uint8_t *)"0.0.0.0.0.111", 13 },
	  .owner = { (const uint8_t *)"superuser", 9 },
	  .semantics = 3,
	  .protocol_family = { (const uint8_t *)"inet", 4 },
	  .protocol_name = { (const uint8_t *)"tcp", 3 } },
	{ .program = 4294967295U, .version = 1, .protocol = 17, .port = 4294967295U },
};

static json_t *list_line(enum rpcs_portmap_shape shape, bool complete)
{
	struct rpcs_message call = call_of(RPCS_PORTMAP_DUMP);
	struct rpcs_message reply = reply_to(&call);

	reply.truncated = !complete;
	reply.portmap = (struct rpcs_portmap){ .shape = shape,
					       .mappings = two,
					       .mappings_kept = 2,
					       .mappings_count = 300,
					       .mappings_complete = complete };
	return message_line(&reply);
}

static void test_lists(void **state)
{
	json_t *line = list_line(RPCS_PORTMAP_MAPPINGS, true);

	(void)state;
	assert_int_equal(json_array_size(at(line, "portmap.mappings")), 2);
	assert_number(line, "portmap.mappings_count", 300);
	assert_number(line, "portmap.mappings.0.program", 100000);
	assert_text(line, "portmap.mappings.0.program_name", "portmapper");
	assert_number(line, "portmap.mappings.0.version", 4);
	assert_number(line, "portmap.mappings.0.protocol", 6);
	assert_number(line, "portmap.mappings.0.port", 111);
	assert_int_equal(json_object_size(at(line, "portmap.mappings.0")), 5);
	assert_int_equal(json_object_size(at(line, "portmap.mappings.1")), 4);
	assert_true(json_integer_value(at(line, "portmap.mappings.1.port")) == 4294967295LL);
	json_decref(line);

	line = list_line(RPCS_PORTMAP_RPCBS, true);
	assert_number(line, "portmap.mappings.0.program", 100000);
	assert_text(line, "portmap.mappings.0.netid", "tcp");
	assert_text(line, "portmap.mappings.0.address", "0.0.0.0.0.111");
	assert_text(line, "portmap.mappings.0.owner", "superuser");
	assert_text(line, "portmap.mappings.1.netid", "");
	assert_int_equal(json_object_size(at(line, "portmap.mappings.0")), 6);
	json_decref(line);

	line = list_line(RPCS_PORTMAP_ENTRIES, true);
	assert_text(line, "portmap.mappings.0.address", "0.0.0.0.0.111");
	assert_text(line, "portmap.mappings.0.netid", "tcp");
	assert_number(line, "portmap.mappings.0.semantics", 3);
	assert_text(line, "portmap.mappings.0.protocol_family", "inet");
	assert_text(line, "portmap.mappings.0.protocol", "tcp");
	assert_int_equal(json_object_size(at(line, "portmap.mappings.0")), 5);
	json_decref(line);
}

static void test_list_cut(void **state)
{
	struct rpcs_message call = call_of(RPCS_PORTMAP_DUMP);
	struct rpcs_message reply = reply_to(&call);
	json_t *line = list_line(RPCS_PORTMAP_MAPPINGS, false);

	(void)state;
	assert_int_equal(json_array_size(at(line, "portmap.mappings")), 2);
	assert_absent(line, "portmap.mappings_count");
	json_decref(line);

	/* No mappings at all is an answer too: how Wietse's portmap refuses. */
	reply.portmap =
		(struct rpcs_portmap){ .shape = RPCS_PORTMAP_MAPPINGS, .mappings_complete = true };
	line = message_line(&reply);
	assert_true(json_is_array(at(line, "portmap.mappings")));
	assert_int_equal(json_array_size(at(line, "portmap.mappings")), 0);
	assert_number(line, "portmap.mappings_count", 0);
	json_decref(line);
}

enum { OWN = 0x20000200 }; /* of no registry */

static void expect_asked(uint32_t program, const char *name)
{
	struct rpcs_message call = call_of(RPCS_PORTMAP_GETPORT);
	json_t *line;

	for (call.version = 2; call.version < 200; call.version += 101) {
		for (call.procedure = 3; call.procedure < 70; call.procedure += 32) {
			call.program = program;
			line = message_line(&call);
			assert_number(line, "rpc.program", program);
			assert_number(line, "rpc.program_version", call.version);
			assert_number(line, "rpc.procedure", call.procedure);
			assert_absent(line, "rpc.procedure_name");
			if (name)
				assert_text(line, "rpc.program_name", name);
			else
				assert_absent(line, "rpc.program_name");
			json_decref(line);
		}
	}
}

static void expect_names(const char *first, const char *second)
{
	static const uint32_t numbers[] = { OWN, OWN + 1 };
	const char *names[] = { first, second };
	struct rpcs_mapping mappings[2] = { { .program = OWN }, { .program = OWN + 1 } };
	struct rpcs_message call = call_of(RPCS_PORTMAP_DUMP);
	struct rpcs_message reply = reply_to(&call);
	char path[64];
	json_t *line;
	uint32_t i;

	reply.truncated = true;
	reply.portmap = (struct rpcs_portmap){ .shape = RPCS_PORTMAP_MAPPINGS,
					       .mappings = mappings,
					       .mappings_kept = 2 };
	line = message_line(&reply);
	for (i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "portmap.mappings.%u.program", i);
		assert_number(line, path, numbers[i]);
		snprintf(path, sizeof(path), "portmap.mappings.%u.program_name", i);
		if (names[i])
			assert_text(line, path, names[i]);
		else
			assert_absent(line, path);
		expect_asked(numbers[i], names[i]);
	}
	json_decref(line);
}

/* What is kept of a program's text goes with the policy that named it; long names are whole. */
static void test_names(void **state)
{
	static const char long_name[] =
		"a program whose name is so long that no text of it is kept for the next line";
	static const struct rpcs_program_name before[] = { { OWN, "our \"own\"" },
							   { OWN + 1, long_name } };
	static const struct rpcs_program_name after[] = { { OWN + 1, "short" } };
	static const struct rpcs_program_names first = { before, 2 }, second = { after, 1 };
	int i;

	(void)state;
	expect_names(NULL, NULL);
	for (i = 0; i < 2; i++) {
		rpcs_program_names_use(&first);
		expect_names("our \"own\"", long_name);
		expect_names("our \"own\"", long_name);
		rpcs_program_names_use(&second);
		expect_names(NULL, "short");
	}
	rpcs_program_names_leave(&second);
	expect_names(NULL, NULL);
}

/* As many as a line can have: what is left is counted, whatever writes it. */
static void test_long_list(void **state)
{
	static struct rpcs_mapping mappings[RPCS_MAPPINGS_MAX];
	struct rpcs_message call = call_of(RPCS_PORTMAP_DUMP);
	struct rpcs_message reply = reply_to(&call);
	json_t *line, *entry;
	uint32_t i;

	(void)state;
	for (i = 0; i < RPCS_MAPPINGS_MAX; i++)
		mappings[i] = (struct rpcs_mapping){
			.program = 100000 + i % 300, .version = i, .protocol = 17, .port = i * 7
		};
	reply.portmap = (struct rpcs_portmap){ .shape = RPCS_PORTMAP_MAPPINGS,
					       .mappings = mappings,
					       .mappings_kept = RPCS_MAPPINGS_MAX,
					       .mappings_count = RPCS_MAPPINGS_MAX,
					       .mappings_complete = true };
	line = message_line(&reply);
	assert_int_equal(json_array_size(at(line, "portmap.mappings")), RPCS_MAPPINGS_MAX);
	for (i = 0; i < RPCS_MAPPINGS_MAX; i++) {
		entry = json_array_get(at(line, "portmap.mappings"), i);
		assert_number(entry, "program", (int)mappings[i].program);
		assert_number(entry, "version", (int)i);
		assert_number(entry, "port", (int)i * 7);
	}
	json_decref(line);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shapes),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_list_cut),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_long_list),
		cmocka_unit_test(test_schema), /* last: of the lines of all before */
	};

	return cmocka_run_group_tests_name("eve_portmap", tests, schema_begin, NULL);
}
