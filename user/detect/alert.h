/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* An alert as it leaves: the contract of events.md and detections.md, section Alerts. */
#ifndef RPCSENTRY_DETECT_ALERT_H
#define RPCSENTRY_DETECT_ALERT_H

#include "../match/call.h"
#include "../policy/detections.h"

/** alert.outcome, from best to worst for the site; see rpcs_outcome_name(). */
enum rpcs_outcome {
	RPCS_OUTCOME_ATTEMPT,
	RPCS_OUTCOME_TIMEOUT,
	RPCS_OUTCOME_DENIED,
	RPCS_OUTCOME_RPC_MISMATCH,
	RPCS_OUTCOME_PROG_UNAVAIL,
	RPCS_OUTCOME_PROG_MISMATCH,
	RPCS_OUTCOME_PROC_UNAVAIL,
	RPCS_OUTCOME_GARBAGE_ARGS,
	RPCS_OUTCOME_SYSTEM_ERR,
	RPCS_OUTCOME_EMPTY,
	RPCS_OUTCOME_NOT_REGISTERED,
	RPCS_OUTCOME_SUCCESS,
	RPCS_OUTCOME__MAX
};

const char *rpcs_outcome_name(enum rpcs_outcome outcome);

enum {
	RPCS_EVIDENCE_MAX = 8,
	RPCS_EVIDENCE_TEXT = 200,
	RPCS_ALERT_ID_TEXT = 37,
	RPCS_ALERT_PREFIXES_MAX = 10,
};

/** One alert line, or an update of one. */
struct rpcs_alert {
	enum rpcs_detection_id detection;
	uint64_t id_high, id_low;
	uint8_t severity;
	enum rpcs_outcome outcome;
	bool admitted; /* rpcs_alert_admit() has let it pass */
	bool fresh;    /* says figures that no line has said: it does not fold */
	bool update;   /* carries alert.update: true, the id is that of the first line */
	bool raised;   /* an update that raised the severity: an `alert` line again */
	uint32_t count;
	uint64_t time_ns; /* of the packet that gave it this form */
	uint64_t frame;
	const struct rpcs_call *call;	  /* NULL for alerts that no call raised */
	const struct rpcs_message *reply; /* set on an update */
	struct rpcs_tuple tuple;	  /* client to server; protocol 0: no packet behind it */
	struct rpcs_address server; /* repeats fold by it; tuple.dst unless another answered */
	struct rpcs_sighting seen;
	uint64_t flow_id; /* 0 for none */
	uint32_t about;	  /* the program asked for or called, 0 for none: repeats of it fold */
	struct rpcs_call_alert mark; /* what a call keeps of it */
	uint32_t sources;	     /* of a crowd that shares this alert; 0: it is no crowd's */
	bool sources_estimated;	     /* there were too many to be counted */
	uint8_t prefix_count;
	uint8_t evidence_count;
	/* From here on only what the counts say is set. */
	struct rpcs_prefix prefixes[RPCS_ALERT_PREFIXES_MAX]; /* where most of a crowd came from */
	char evidence[RPCS_EVIDENCE_MAX][RPCS_EVIDENCE_TEXT]; /* printable ASCII */
};

/** The id in the form of a version 7 UUID (RFC 9562). */
void rpcs_alert_id_format(const struct rpcs_alert *alert, char text[RPCS_ALERT_ID_TEXT]);

/** Adds a line of evidence; what does not fit is cut, control characters become '?'. */
void rpcs_alert_evidence(struct rpcs_alert *alert, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
