/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A call that stages 7 to 10 talk about: pending, answered or timed out. */
#ifndef RPCSENTRY_MATCH_CALL_H
#define RPCSENTRY_MATCH_CALL_H

#include <stdbool.h>
#include <stdint.h>

#include "../stream/message.h"

/** rpc.status of events.md. */
enum rpcs_status {
	RPCS_STATUS_PENDING,  /* still unanswered when the capture or the run ended */
	RPCS_STATUS_ANSWERED, /* by the reply given with it */
	RPCS_STATUS_TIMEOUT,  /* no reply in timeouts.call */
	RPCS_STATUS_UNKNOWN,  /* the sensor cannot see that direction */
	RPCS_STATUS__MAX
};

enum { RPCS_CALL_ALERTS_MAX = 10 };

/** An alert that this call raised, so that the outcome can follow (detections.md, Alerts). */
struct rpcs_call_alert {
	uint64_t number;	/* alert.id is made of it and of the time; 0: none */
	uint64_t time_ms : 45;	/* enough for 2^64 ns */
	uint64_t detection : 8; /* enum rpcs_detection_id */
	uint64_t severity : 3;	/* of this call's own */
	uint64_t said : 1; /* a line with that id has left, whichever call's; the worst in one: */
	uint64_t said_severity : 3;
	uint64_t said_outcome : 4; /* enum rpcs_outcome */
};

/** What a call asks for, as far as a later one with its XID is held against it. */
struct rpcs_question {
	uint32_t program, version, procedure;
	enum rpcs_portmap_shape shape;
	uint32_t asked[4]; /* the members of the shape, in order; 0 beyond `has` and for others */
	uint8_t has;
};

/**
 * One call. Lives in the matcher's table until its reply or timeout; texts in
 * `message` are then kept with it. tuple is client to server. Once the handler for the call
 * has returned, nothing changes any more of what stands ahead of `status`.
 */
struct rpcs_call {
	struct rpcs_message message; /* body is gone once the handler for the call returned */
	uint64_t flow_id;
	uint64_t flow_start_ns;
	bool tcp_handshake, tcp_midstream;
	bool reply_unseen; /* nothing of the direction that its reply takes was ever seen */
	bool conflict;	   /* when it came, its XID stood for another call of its flow, pending */
	struct rpcs_question earlier; /* that one; set with `conflict` */

	enum rpcs_status status;
	uint32_t retransmissions;
	bool tls; /* its reply agrees to TLS: the last of this stream that can be read */

	/* the policy's decision, set in stage 8 */
	bool allowed;
	bool names_change; /* the rule names SET or UNSET itself */
	bool held;	   /* the first matching rule has an outcome: decided with the reply */
	bool log;	   /* false: no event line */
	bool judged;	   /* stage 9 has seen it as a call; a held one only with its outcome */
	uint32_t rule;	   /* index of the rule that decided; UINT32_MAX for none */

	struct rpcs_call_alert alerts[RPCS_CALL_ALERTS_MAX];
	uint8_t alert_count;
};

#endif
