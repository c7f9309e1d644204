/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Events made by hand, and the lines that the EVE sink makes of them. */
#ifndef RPCSENTRY_TESTS_OUTPUT_FIXTURE_H
#define RPCSENTRY_TESTS_OUTPUT_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include <rpcsentry/portmap.h>
#include <rpcsentry/rpc.h>

#include "output/outputs.h"

#define MSEC 1000000ULL
/* 2026-11-22T01:15:57.123456 UTC */
#define WHEN (1795310157ULL * 1000000000ULL + 123456789ULL)

/* Every line that a test makes is kept here for the schema. NULL: not kept. */
extern FILE *fixture_lines;

static inline struct rpcs_address address_of(const char *text)
{
	struct rpcs_address address;

	assert_int_equal(rpcs_address_parse(text, &address), 0);
	return address;
}

static inline struct rpcs_text text_of(const char *text)
{
	return (struct rpcs_text){ .bytes = (const uint8_t *)text, .len = strlen(text) };
}

static inline struct rpcs_tuple tuple_of(const char *src, uint16_t sport, const char *dst,
					 uint16_t dport, uint8_t protocol)
{
	return (struct rpcs_tuple){ .src = address_of(src),
				    .dst = address_of(dst),
				    .sport = sport,
				    .dport = dport,
				    .protocol = protocol };
}

/* A portmapper call of version 2, from client to server by UDP. */
static inline struct rpcs_message call_of(uint32_t procedure)
{
	return (struct rpcs_message){
		.tuple = tuple_of("10.0.0.1", 856, "10.0.0.2", 111, 17),
		.seen = { .time_ns = WHEN, .frame = 4 },
		.is_call = true,
		.xid = 305419896,
		.length = 56,
		.rpc_version = 2,
		.program = RPCS_PORTMAP_PROGRAM,
		.version = 2,
		.procedure = procedure,
		.has_auth = true,
		.has_verf = true,
	};
}

/* A successful reply to it, 1.5 ms later. */
static inline struct rpcs_message reply_to(const struct rpcs_message *call)
{
	struct rpcs_message reply = *call;

	reply.tuple = (struct rpcs_tuple){ .src = call->tuple.dst,
					   .dst = call->tuple.src,
					   .sport = call->tuple.dport,
					   .dport = call->tuple.sport,
					   .protocol = call->tuple.protocol };
	reply.seen.time_ns += 3 * MSEC / 2;
	reply.seen.frame++;
	reply.is_call = false;
	reply.call_known = true;
	reply.has_auth = false;
	reply.length = 28;
	reply.reply_has = 2;
	reply.portmap = (struct rpcs_portmap){ 0 };
	return reply;
}

static inline struct rpcs_call transaction_of(const struct rpcs_message *message,
					      enum rpcs_status status)
{
	return (struct rpcs_call){
		.message = *message,
		.flow_id = 77,
		.status = status,
		.log = true,
	};
}

static inline struct rpcs_portmap mapping_of(uint32_t program, uint32_t version, uint32_t protocol,
					     uint32_t port)
{
	return (struct rpcs_portmap){ .shape = RPCS_PORTMAP_MAPPING,
				      .has = 4,
				      .program = program,
				      .version = version,
				      .protocol = protocol,
				      .port = port };
}

static inline struct rpcs_alert alert_of(enum rpcs_detection_id id, const struct rpcs_call *call)
{
	struct rpcs_alert alert = {
		.detection = id,
		.id_high = 0x019ab7c2d3e47f50ULL,
		.id_low = 0x9122334455667788ULL,
		.severity = rpcs_detection_info(id)->severity,
		.count = 1,
		.time_ns = WHEN,
		.frame = 4,
		.call = call,
	};

	if (call) {
		alert.tuple = call->message.tuple;
		alert.seen = call->message.seen;
		alert.flow_id = call->flow_id;
	}
	return alert;
}

/* An EVE sink that writes to memory. */
struct fixture {
	int fd;
	struct rpcs_sink *sink;
};

static inline struct fixture fixture_open(const struct rpcs_output_context *context)
{
	struct fixture fixture = { .fd = memfd_create("lines", 0) };

	assert_true(fixture.fd >= 0);
	fixture.sink = rpcs_eve_new(fixture.fd, context);
	assert_non_null(fixture.sink);
	return fixture;
}

/* All that was written, terminated; the caller frees it. */
static inline char *fixture_text(struct fixture *fixture, size_t *ret_len)
{
	off_t len;
	char *text;

	assert_int_equal(fixture->sink->flush(fixture->sink), 0);
	len = lseek(fixture->fd, 0, SEEK_END);
	text = calloc(1, len + 1);
	assert_non_null(text);
	assert_int_equal(pread(fixture->fd, text, len, 0), len);
	if (fixture_lines)
		assert_int_equal(fwrite(text, 1, len, fixture_lines), len);
	*ret_len = len;
	return text;
}

/* The one line that was written, parsed; closes the fixture. */
static inline json_t *fixture_line(struct fixture *fixture)
{
	json_error_t error;
	json_t *line;
	size_t len;
	char *text = fixture_text(fixture, &len);

	assert_true(len > 0);
	assert_ptr_equal(strchr(text, '\n'), text + len - 1);
	line = json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
	if (!line)
		fail_msg("%s: %.300s", error.text, text);
	free(text);
	rpcs_eve_free(&fixture->sink);
	assert_null(fixture->sink);
	close(fixture->fd);
	return line;
}

/* The value at "rpc.auth.flavor", or NULL. */
static inline json_t *at(const json_t *line, const char *path)
{
	char part[64];
	size_t len;

	for (; line && *path; path += len + (path[len] == '.')) {
		len = strcspn(path, ".");
		snprintf(part, sizeof(part), "%.*s", (int)len, path);
		line = json_is_array(line) ? json_array_get(line, part[0] - '0')
					   : json_object_get(line, part);
	}
	return (json_t *)line;
}

#define assert_text(line, path, text) assert_string_equal(json_string_value(at(line, path)), text)
#define assert_number(line, path, number)                                     \
	do {                                                                  \
		assert_true(json_is_integer(at(line, path)));                 \
		assert_int_equal(json_integer_value(at(line, path)), number); \
	} while (0)
#define assert_absent(line, path) assert_null(at(line, path))
#define assert_yes(line, path) assert_true(json_is_true(at(line, path)))

#endif
