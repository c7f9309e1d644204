/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Stage 9 on its own: calls made by hand, a policy as text, and the alerts that come out. */
#ifndef RPCSENTRY_TESTS_DETECT_CASE_H
#define RPCSENTRY_TESTS_DETECT_CASE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <rpcsentry/packet.h>
#include <rpcsentry/portmap.h>
#include <rpcsentry/rpc.h>

#include "detect/detect.h"

#define CASE_SEC 1000000000ULL
#define CASE_WHEN (1795310157ULL * CASE_SEC)

enum { CASE_ALERTS_MAX = 64 };

/* Home is 10/8 unless a test's policy says more. */
#define CASE_HOME "networks:\n  home: [10.0.0.0/8]\n"
/* And nothing folds. */
#define CASE_EACH CASE_HOME "alerts: {repeat: 0s}\n"

static const struct rpcs_hash_seed case_seed = { 1, 2 };

struct detect_case {
	struct rpcs_policy *policy;
	struct rpcs_detect *detect;
	struct rpcs_alert alerts[CASE_ALERTS_MAX];
	uint32_t count; /* alerts so far, also those beyond the array */
};

static inline void case_take(void *arg, const struct rpcs_alert *alert)
{
	struct detect_case *c = arg;

	if (c->count < CASE_ALERTS_MAX)
		c->alerts[c->count] = *alert;
	c->count++;
}

static inline void case_start(struct detect_case *c, const char *yaml)
{
	static struct rpcs_policy_errors errors;

	memset(c, 0, sizeof(*c));
	memset(&errors, 0, sizeof(errors));
	if (rpcs_policy_parse(yaml, strlen(yaml), &c->policy, &errors))
		fail_msg("policy: %u:%u: %s", errors.list[0].line, errors.list[0].column,
			 errors.list[0].text);
	c->detect = rpcs_detect_new(c->policy, &case_seed, case_take, c);
	assert_non_null(c->detect);
}

/* A policy with only that detection on, with settings of its own ("" for none), and the rest. */
static inline const char *case_only(enum rpcs_detection_id id, const char *settings,
				    const char *rest)
{
	static char text[8192];
	size_t len = (size_t)snprintf(text, sizeof(text), CASE_HOME "%sdetections:\n", rest);
	enum rpcs_detection_id other;

	for (other = 0; other < RPCS_D__MAX; other++) {
		if (other == id && !*settings)
			continue;
		len += (size_t)snprintf(text + len, sizeof(text) - len, "  %s: {%s}\n",
					rpcs_detection_info(other)->name,
					other == id ? settings : "enabled: false");
		assert_true(len < sizeof(text));
	}
	return text;
}

static inline void case_end(struct detect_case *c)
{
	rpcs_detect_free(&c->detect);
	rpcs_policy_free(&c->policy);
	assert_null(c->detect);
}

static inline struct rpcs_address case_address(const char *text)
{
	struct rpcs_address address;

	assert_int_equal(rpcs_address_parse(text, &address), 0);
	return address;
}

static inline struct rpcs_text case_text(const char *text)
{
	return (struct rpcs_text){ (const uint8_t *)text, (uint32_t)strlen(text) };
}

/* A call to the portmapper over UDP, from outside. */
static inline struct rpcs_call case_call(uint32_t version, uint32_t procedure)
{
	return (struct rpcs_call){
		.message = {
			.tuple = {
				.src = case_address("192.0.2.66"),
				.dst = case_address("10.0.0.2"),
				.sport = 40000,
				.dport = 111,
				.protocol = RPCS_IP_UDP,
			},
			.seen = { .time_ns = CASE_WHEN, .frame = 7 },
			.is_call = true,
			.xid = 1,
			.rpc_version = 2,
			.program = RPCS_PORTMAP_PROGRAM,
			.version = version,
			.procedure = procedure,
			.has_auth = true,
			.has_verf = true,
		},
		.flow_id = 99,
		.log = true,
		.rule = RPCS_RULE_NONE,
	};
}

/* Version 2 arguments: program, version 1, udp, port. */
static inline struct rpcs_call case_mapping(uint32_t procedure, uint32_t program, uint32_t port)
{
	struct rpcs_call call = case_call(2, procedure);

	call.message.portmap = (struct rpcs_portmap){ .shape = RPCS_PORTMAP_MAPPING,
						      .has = 4,
						      .program = program,
						      .version = 1,
						      .protocol = RPCS_IP_UDP,
						      .port = port };
	return call;
}

/* Version 3 and 4 arguments. */
static inline struct rpcs_call case_rpcb(uint32_t version, uint32_t procedure, uint32_t program)
{
	struct rpcs_call call = case_call(version, procedure);

	call.message.portmap = (struct rpcs_portmap){ .shape = RPCS_PORTMAP_RPCB,
						      .has = 5,
						      .program = program,
						      .version = 1,
						      .netid = case_text("tcp") };
	return call;
}

static inline struct rpcs_call case_callit(uint32_t version, uint32_t procedure)
{
	struct rpcs_call call = case_call(version, procedure);

	call.message.portmap = (struct rpcs_portmap){ .shape = RPCS_PORTMAP_CALLIT_ARGS,
						      .has = 4,
						      .program = 100005,
						      .version = 3,
						      .procedure = 5,
						      .length = 16 };
	return call;
}

/* An accepted, successful reply, 2 ms later. */
static inline struct rpcs_message case_reply(const struct rpcs_call *call)
{
	struct rpcs_message reply = call->message;

	reply.tuple.src = call->message.tuple.dst;
	reply.tuple.dst = call->message.tuple.src;
	reply.tuple.sport = call->message.tuple.dport;
	reply.tuple.dport = call->message.tuple.sport;
	reply.seen.time_ns += 2000000;
	reply.seen.frame++;
	reply.is_call = false;
	reply.reply_has = 2;
	reply.reply_stat = RPCS_REPLY_ACCEPTED;
	reply.stat = RPCS_ACCEPT_SUCCESS;
	reply.portmap = (struct rpcs_portmap){ .shape = RPCS_PORTMAP_NOTHING };
	return reply;
}

static inline struct rpcs_message case_reply_port(const struct rpcs_call *call, uint32_t port)
{
	struct rpcs_message reply = case_reply(call);

	reply.portmap = (struct rpcs_portmap){ .shape = RPCS_PORTMAP_PORT, .has = 1, .port = port };
	return reply;
}

/* IPv4, so many addresses further. */
static inline struct rpcs_address case_address_at(const char *base, uint32_t offset)
{
	struct rpcs_address address = case_address(base);
	uint32_t low = ((uint32_t)address.bytes[12] << 24 | (uint32_t)address.bytes[13] << 16 |
			(uint32_t)address.bytes[14] << 8 | address.bytes[15]) +
		       offset;

	address.bytes[12] = (uint8_t)(low >> 24);
	address.bytes[13] = (uint8_t)(low >> 16);
	address.bytes[14] = (uint8_t)(low >> 8);
	address.bytes[15] = (uint8_t)low;
	return address;
}

/* As the pipeline does: the message at once, then the call for judgement. */
static inline void case_take_call(struct detect_case *c, struct rpcs_call *call)
{
	rpcs_detect_message(c->detect, &call->message, call, RPCS_PLACE_CALL, call->flow_id);
	rpcs_detect_call(c->detect, call);
}

/* And a reply to it. */
static inline void case_take_reply(struct detect_case *c, struct rpcs_call *call,
				   const struct rpcs_message *reply)
{
	call->status = RPCS_STATUS_ANSWERED;
	rpcs_detect_message(c->detect, reply, call, RPCS_PLACE_REPLY, call->flow_id);
	rpcs_detect_outcome(c->detect, call, reply);
}

/* How many of the alerts so far are of `id`. */
static inline uint32_t case_count(const struct detect_case *c, enum rpcs_detection_id id)
{
	uint32_t i, count = 0;

	for (i = 0; i < c->count && i < CASE_ALERTS_MAX; i++)
		count += c->alerts[i].detection == id;
	return count;
}

/* How many of them are not updates. */
static inline uint32_t case_new(const struct detect_case *c, enum rpcs_detection_id id)
{
	uint32_t i, count = 0;

	for (i = 0; i < c->count && i < CASE_ALERTS_MAX; i++)
		count += c->alerts[i].detection == id && !c->alerts[i].update;
	return count;
}

static inline const struct rpcs_alert *case_last(const struct detect_case *c)
{
	assert_in_range(c->count, 1, CASE_ALERTS_MAX);
	return &c->alerts[c->count - 1];
}

static inline bool case_says(const struct rpcs_alert *alert, const char *text)
{
	uint32_t i;

	for (i = 0; i < alert->evidence_count; i++)
		if (strstr(alert->evidence[i], text))
			return true;
	return false;
}

/* What `call` raises on a fresh case: exactly one alert of `id`, or none for RPCS_D__MAX. */
static inline void case_expect(const char *yaml, struct rpcs_call call, enum rpcs_detection_id id)
{
	static struct detect_case c;

	case_start(&c, yaml);
	rpcs_detect_call(c.detect, &call);
	if (id == RPCS_D__MAX) {
		assert_int_equal(c.count, 0);
		assert_int_equal(call.alert_count, 0);
	} else {
		assert_int_equal(c.count, 1);
		assert_int_equal(c.alerts[0].detection, id);
		assert_int_equal(c.alerts[0].outcome, RPCS_OUTCOME_ATTEMPT);
		assert_false(c.alerts[0].update);
		assert_int_equal(c.alerts[0].count, 1);
		assert_true(c.alerts[0].evidence_count > 0);
	}
	case_end(&c);
}

#endif
