// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The strings of old services' arguments: their lengths at the limit, over it, cut and made up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <rpcsentry/portmap.h>
#include <rpcsentry/rpc.h>

#include "stream/service.h"

/* Arguments in the making. */
struct args {
	uint8_t bytes[8192];
	uint32_t len;
};

static void put_word(struct args *args, uint32_t word)
{
	word = __builtin_bswap32(word);
	memcpy(args->bytes + args->len, &word, sizeof(word));
	args->len += 4;
}

static void put_string(struct args *args, uint32_t len)
{
	put_word(args, len);
	memset(args->bytes + args->len, 'x', len);
	args->len += (len + 3) & ~3U;
}

static struct rpcs_message message_of(const struct args *args, uint32_t program, uint32_t procedure)
{
	struct rpcs_message message = {
		.is_call = true,
		.program = program,
		.procedure = procedure,
		.body = args->bytes,
		.body_len = args->len,
		.body_available = args->len,
	};

	rpcs_service_decode_call(&message);
	return message;
}

/* A procedure with `words` words and a string of that length at the end. */
static struct rpcs_message message_with(uint32_t program, uint32_t procedure, uint32_t words,
					uint32_t len)
{
	static struct args args;

	memset(&args, 0, sizeof(args));
	while (words-- > 0)
		put_word(&args, 1);
	put_string(&args, len);
	return message_of(&args, program, procedure);
}

static void first_strings_are_measured(void **state)
{
	static const struct {
		uint32_t program, procedure, words, limit;
	} rows[] = {
		{ RPCS_MOUNT_PROGRAM, 1, 0, 1023 },   { RPCS_MOUNT_PROGRAM, 3, 0, 1023 },
		{ RPCS_YPPASSWD_PROGRAM, 1, 0, 256 }, { RPCS_RQUOTA_PROGRAM, 1, 0, 128 },
		{ RPCS_RQUOTA_PROGRAM, 2, 0, 128 },   { RPCS_RQUOTA_PROGRAM, 3, 1, 128 },
		{ RPCS_STATUS_PROGRAM, 1, 0, 100 },   { RPCS_STATUS_PROGRAM, 2, 0, 100 },
		{ RPCS_STATUS_PROGRAM, 4, 0, 100 },   { RPCS_STATUS_PROGRAM, 6, 0, 100 },
		{ RPCS_TTDB_PROGRAM, 7, 0, 128 },     { RPCS_TTDB_PROGRAM, 15, 0, 128 },
		{ RPCS_TTDB_PROGRAM, 103, 0, 128 },   { RPCS_AMD_PROGRAM, 7, 0, 512 },
		{ RPCS_AMD_PROGRAM, 5, 1, 512 },
	};
	struct rpcs_message message;
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		message = message_with(rows[i].program, rows[i].procedure, rows[i].words,
				       rows[i].limit);
		assert_null(message.service.over);
		assert_int_equal(message.service.text.len, rows[i].limit < RPCS_SERVICE_TEXT_MAX
								   ? rows[i].limit
								   : RPCS_SERVICE_TEXT_MAX);
		message = message_with(rows[i].program, rows[i].procedure, rows[i].words,
				       rows[i].limit + 1);
		assert_non_null(message.service.over);
		assert_int_equal(message.service.length, rows[i].limit + 1);
		assert_int_equal(message.service.limit, rows[i].limit);
	}
}

/* Other procedures have no such string there, other programs no such limit. */
static void other_procedures_are_left_alone(void **state)
{
	(void)state;
	assert_null(message_with(RPCS_MOUNT_PROGRAM, 5, 0, 2000).service.over);
	assert_null(message_with(RPCS_STATUS_PROGRAM, 5, 0, 2000).service.over);
	assert_null(message_with(RPCS_TTDB_PROGRAM, 9, 0, 2000).service.over);
	assert_null(message_with(RPCS_TTDB_PROGRAM, 135, 0, 2000).service.over);
	assert_null(message_with(RPCS_NFS_PROGRAM, 1, 0, 2000).service.over);
	assert_null(message_with(390109, 1, 0, 2000).service.over);
}

static void later_strings_are_measured(void **state)
{
	static struct args args;
	struct rpcs_message message;

	(void)state;
	/* SM_MON: whom to watch, then who asks. */
	put_string(&args, 9);
	put_string(&args, 101);
	message = message_of(&args, RPCS_STATUS_PROGRAM, 2);
	assert_string_equal(message.service.over, "caller's name");
	assert_int_equal(message.service.length, 101);
	assert_int_equal(message.service.text.len, 9);
	/* In SM_STAT nothing follows the first. */
	assert_null(message_of(&args, RPCS_STATUS_PROGRAM, 1).service.over);
	/* yppasswd: three strings, uid and gid, three more. */
	memset(&args, 0, sizeof(args));
	put_string(&args, 8);
	put_string(&args, 8);
	put_string(&args, 13);
	put_word(&args, 1000);
	put_word(&args, 100000);
	put_string(&args, 20);
	put_string(&args, 20);
	put_string(&args, 257);
	message = message_of(&args, RPCS_YPPASSWD_PROGRAM, 1);
	assert_string_equal(message.service.over, "shell");
}

static void components_names_are_measured(void **state)
{
	static struct args args;

	(void)state;
	put_word(&args, 0); /* handle */
	put_word(&args, 0); /* no sender */
	put_word(&args, 1); /* info */
	put_word(&args, 5); /* its number */
	put_word(&args, 1); /* its name */
	put_string(&args, 1025);
	assert_string_equal(message_of(&args, RPCS_SNMPXDMI_PROGRAM, 257).service.over,
			    "component's name");
	assert_null(message_of(&args, RPCS_SNMPXDMI_PROGRAM, 258).service.over);
	memset(&args, 0, sizeof(args));
	put_word(&args, 0);
	put_word(&args, 1); /* a sender, with an address */
	put_word(&args, 1);
	put_string(&args, 1025);
	assert_string_equal(message_of(&args, RPCS_SNMPXDMI_PROGRAM, 257).service.over,
			    "sender's address");
}

static void whole_arguments_are_measured(void **state)
{
	static struct args args;
	struct rpcs_message message;

	(void)state;
	args.len = 512;
	assert_null(message_of(&args, RPCS_SADMIND_PROGRAM, 1).service.over);
	args.len = 516;
	message = message_of(&args, RPCS_SADMIND_PROGRAM, 1);
	assert_string_equal(message.service.over, "arguments");
	assert_int_equal(message.service.length, 516);
	args.len = 1000;
	assert_null(message_of(&args, RPCS_CMSD_PROGRAM, 21).service.over);
	args.len = 1004;
	assert_non_null(message_of(&args, RPCS_CMSD_PROGRAM, 21).service.over);
}

/* A length beyond the message is another detection's; a cut capture still shows a length. */
static void lengths_are_held_against_the_message(void **state)
{
	static struct args args;
	struct rpcs_message message;

	(void)state;
	put_string(&args, 1024);
	message = (struct rpcs_message){ .program = RPCS_MOUNT_PROGRAM,
					 .procedure = 1,
					 .body = args.bytes,
					 .body_len = args.len - 4,
					 .body_available = args.len - 4 };
	rpcs_service_decode_call(&message);
	assert_null(message.service.over);
	assert_int_equal(message.service.text.len, 0);
	message.body_len = args.len;
	message.body_available = 16;
	rpcs_service_decode_call(&message);
	assert_int_equal(message.service.length, 1024);
	assert_int_equal(message.service.text.len, 12);
	/* Not even that. */
	message.service = (struct rpcs_service_args){ 0 };
	message.body_available = 3;
	rpcs_service_decode_call(&message);
	assert_null(message.service.over);
}

static void what_cannot_be_read_is_left_alone(void **state)
{
	static struct args args;
	struct rpcs_message message = { .program = RPCS_MOUNT_PROGRAM, .procedure = 1 };

	(void)state;
	put_string(&args, 1024);
	rpcs_service_decode_call(&message); /* without a body */
	assert_null(message.service.over);
	message.body = args.bytes;
	message.body_len = message.body_available = args.len;
	message.auth.flavor = RPCS_AUTH_GSS;
	rpcs_service_decode_call(&message);
	assert_null(message.service.over);
	message.auth.flavor = RPCS_AUTH_NONE;
	message.malformed = "no room for a verifier";
	rpcs_service_decode_call(&message);
	assert_null(message.service.over);
	message.malformed = NULL;
	rpcs_service_decode_call(&message);
	assert_non_null(message.service.over);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_strings_are_measured),
		cmocka_unit_test(other_procedures_are_left_alone),
		cmocka_unit_test(later_strings_are_measured),
		cmocka_unit_test(components_names_are_measured),
		cmocka_unit_test(whole_arguments_are_measured),
		cmocka_unit_test(lengths_are_held_against_the_message),
		cmocka_unit_test(what_cannot_be_read_is_left_alone),
	};

	return cmocka_run_group_tests_name("service arguments", tests, NULL, NULL);
}
