// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Lines of EVE JSON that are put off: in the order of their events, none lost, none cut. */
#include "unit/output_fixture.h"

FILE *fixture_lines;

enum { MANY = 100, LONG_LIST = 200 };

static const struct rpcs_output_context context = { .transactions = true };

/* Every third asks for a list, every fifth has text: neither waits as the others do. */
static void tell(struct rpcs_sink *sink, uint32_t xid)
{
	static struct rpcs_mapping list[LONG_LIST];
	struct rpcs_message message = call_of(RPCS_PORTMAP_GETPORT), reply = reply_to(&message);
	struct rpcs_call call;
	uint32_t i;

	message.xid = xid;
	message.portmap = mapping_of(100003, 3, 6, 0);
	reply.portmap = (struct rpcs_portmap){ .shape = RPCS_PORTMAP_PORT, .has = 1, .port = xid };
	if (xid % 3 == 0) {
		message.procedure = RPCS_PORTMAP_DUMP;
		message.portmap = (struct rpcs_portmap){ 0 };
		for (i = 0; i < LONG_LIST; i++)
			list[i] = (struct rpcs_mapping){ .program = 100000 + i, .port = xid + i };
		reply.portmap = (struct rpcs_portmap){ .shape = RPCS_PORTMAP_MAPPINGS,
						       .mappings = list,
						       .mappings_kept = LONG_LIST,
						       .mappings_count = LONG_LIST,
						       .mappings_complete = true };
	}
	if (xid % 5 == 0) {
		message.auth.sys = true;
		message.auth.machine = text_of("host");
	}
	call = transaction_of(&message, RPCS_STATUS_ANSWERED);
	assert_int_equal(sink->call(sink, &call, &reply), 0);
	/* What it was told of is gone when the line is written. */
	memset(&message, 0xff, sizeof(message));
	memset(&reply, 0xff, sizeof(reply));
	memset(&call, 0xff, sizeof(call));
	memset(list, 0xff, sizeof(list));
}

static void check_line(const char *text, size_t len, uint32_t xid)
{
	json_error_t error;
	json_t *line = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
	uint32_t i;

	assert_non_null(line);
	assert_number(line, "rpc.xid", xid);
	if (xid % 3)
		assert_number(line, "portmap.reply.port", xid);
	else
		assert_number(line, "portmap.reply.mappings_count", LONG_LIST);
	for (i = 0; xid % 3 == 0 && i < LONG_LIST; i++) {
		json_t *entry = json_array_get(at(line, "portmap.reply.mappings"), i);

		assert_number(entry, "program", 100000 + i);
		assert_number(entry, "port", xid + i);
	}
	assert_true((xid % 5 == 0) == !!at(line, "rpc.auth.machine"));
	json_decref(line);
}

/* Lines of calls 1 to MANY and no others. */
static void check_lines(const char *text, size_t len)
{
	const char *end = text + len, *next;
	uint32_t xid;

	for (xid = 1; xid <= MANY; xid++, text = next + 1) {
		next = memchr(text, '\n', (size_t)(end - text));
		assert_non_null(next);
		check_line(text, (size_t)(next - text), xid);
	}
	assert_ptr_equal(text, end);
}

static void test_order(void **state)
{
	struct fixture fixture = fixture_open(&context);
	uint32_t xid;
	size_t len;
	char *text;

	(void)state;
	for (xid = 1; xid <= MANY; xid++)
		tell(fixture.sink, xid);
	text = fixture_text(&fixture, &len);
	check_lines(text, len);
	free(text);
	rpcs_eve_free(&fixture.sink);
	close(fixture.fd);
}

/* Another event comes behind those that wait; the end, and another file, leave none behind. */
static void test_others(void **state)
{
	struct fixture fixture = fixture_open(&context);
	int next = memfd_create("next", 0);
	struct rpcs_stats stats = { .time_ns = WHEN };
	char text[8192] = "";
	const char *at_stats;

	(void)state;
	tell(fixture.sink, 1);
	assert_int_equal(fixture.sink->stats(fixture.sink, &stats), 0);
	tell(fixture.sink, 2);
	rpcs_eve_reopen(fixture.sink, next);
	assert_true(pread(fixture.fd, text, sizeof(text) - 1, 0) > 0);
	at_stats = strstr(text, "\"stats\"");
	assert_non_null(at_stats);
	assert_non_null(strstr(text, "\"xid\":1,"));
	assert_true(strstr(text, "\"xid\":1,") < at_stats);
	assert_true(strstr(text, "\"xid\":2,") > at_stats);
	tell(fixture.sink, 4);
	rpcs_eve_free(&fixture.sink);
	memset(text, 0, sizeof(text));
	assert_true(pread(next, text, sizeof(text) - 1, 0) > 0);
	assert_non_null(strstr(text, "\"xid\":4,"));
	close(fixture.fd);
	close(next);
}

/* Nobody reads: what waits is counted like all that is lost. */
static void test_lost(void **state)
{
	const struct rpcs_output_context live = { .transactions = true, .live = true };
	struct rpcs_sink *sink;
	struct rpcs_call call;
	struct rpcs_message message = call_of(RPCS_PORTMAP_NULL);
	uint64_t told = 0, refused = 0, taken, i;
	int ends[2];
	char byte;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	sink = rpcs_eve_new(ends[1], &live);
	assert_non_null(sink);
	call = transaction_of(&message, RPCS_STATUS_TIMEOUT);
	for (i = 0; i < 10000; i++, told++)
		refused += sink->call(sink, &call, NULL) != 0;
	assert_true(refused > 0);
	assert_int_equal(rpcs_eve_lines(sink)->lost, refused);
	/* Three more, which wait if there is room; then the end. */
	rpcs_lines_end(rpcs_eve_lines(sink), 0);
	for (i = 0; i < 3; i++, told++)
		assert_int_equal(sink->call(sink, &call, NULL), 0);
	rpcs_lines_end(rpcs_eve_lines(sink), 0);
	close(ends[1]);
	for (taken = 0; read(ends[0], &byte, 1) == 1;)
		taken += byte == '\n';
	assert_int_equal(taken + rpcs_eve_lines(sink)->lost, told);
	rpcs_eve_free(&sink);
	close(ends[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_others),
		cmocka_unit_test(test_lost),
	};

	return cmocka_run_group_tests_name("eve_waiting", tests, NULL, NULL);
}
