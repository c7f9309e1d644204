/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Protocol abuse: messages through stage 9, each on a fresh case. */
#ifndef RPCSENTRY_TESTS_ABUSE_CASE_H
#define RPCSENTRY_TESTS_ABUSE_CASE_H

#include "detect_case.h"

static struct detect_case c;

/* The newest alert of `id`. */
static inline const struct rpcs_alert *abuse_last(enum rpcs_detection_id id)
{
	uint32_t i;

	for (i = c.count; i > 0; i--)
		if (c.alerts[i - 1].detection == id)
			return &c.alerts[i - 1];
	fail_msg("no such alert");
	return NULL;
}

/* A call as stage 8 hands it on: allowed, so that only what no rule silences can be raised. */
static inline void abuse_see(struct rpcs_call *call)
{
	call->allowed = call->names_change = true;
	rpcs_detect_message(c.detect, &call->message, call, RPCS_PLACE_CALL, call->flow_id);
	rpcs_detect_call(c.detect, call);
}

/* How many alerts of `id` a call raises, on a fresh case that is left open. */
static inline uint32_t abuse_of_call(struct rpcs_call *call, enum rpcs_detection_id id)
{
	case_start(&c, CASE_HOME);
	call->alert_count = 0;
	abuse_see(call);
	return case_count(&c, id);
}

/* The same of a reply, to `call` or to none. */
static inline uint32_t abuse_of_reply(struct rpcs_call *call, const struct rpcs_message *reply,
				      enum rpcs_detection_id id)
{
	case_start(&c, CASE_HOME);
	if (call)
		call->status = RPCS_STATUS_ANSWERED;
	rpcs_detect_message(c.detect, reply, call,
			    call ? RPCS_PLACE_REPLY : RPCS_PLACE_REPLY_UNPAIRED, 99);
	return case_count(&c, id);
}

/* Exactly one alert of `id`, or none, and nothing else of these detections. */
#define EXPECT_CALL(call, id, expected)                                \
	do {                                                           \
		struct rpcs_call call_ = (call);                       \
		assert_int_equal(abuse_of_call(&call_, id), expected); \
		assert_int_equal(c.count, expected);                   \
		case_end(&c);                                          \
	} while (0)
#define EXPECT_REPLY(call, reply, id, expected)                              \
	do {                                                                 \
		assert_int_equal(abuse_of_reply(call, reply, id), expected); \
		assert_int_equal(c.count, expected);                         \
		case_end(&c);                                                \
	} while (0)

#endif
