/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What one alert.id stands for: the alerts that fold, and what has been said of them. */
#ifndef RPCSENTRY_DETECT_ACCOUNT_H
#define RPCSENTRY_DETECT_ACCOUNT_H

#include "internal.h"

struct rpcs_account {
	uint64_t number; /* alert.id is made of it and of first_ns */
	uint64_t first_ns, last_ns;
	uint64_t last_frame;
	uint64_t flow_id; /* this and what follows: of the first alert */
	struct rpcs_sighting seen;
	struct rpcs_tuple tuple;
	uint32_t about;
	uint32_t count;			     /* alerts so far */
	uint32_t told;			     /* the count that the last line said */
	uint8_t detection;		     /* enum rpcs_detection_id */
	uint8_t severity, outcome;	     /* the worst so far */
	uint8_t said_severity, said_outcome; /* the worst that a line has said */
	bool said;			     /* a line has left: the next is an update */
	bool is_held;			     /* the next one could not leave, and was counted */
	bool is_crowd;			     /* of crowd.c */
	bool has_grown;			     /* a crowd: by as much as makes a line */
};

/** Begins the account of a first alert. */
void rpcs_account_begin(struct rpcs_detect *detect, struct rpcs_account *account,
			const struct rpcs_alert *alert);

/** Counts one more. */
void rpcs_account_add(struct rpcs_account *account, const struct rpcs_alert *alert);

/** Takes note of how bad `alert` is: an alert of the account, or the outcome of one. */
void rpcs_account_note(struct rpcs_account *account, const struct rpcs_alert *alert);

/** Does `alert` say what no line has said yet: more severe, or with a worse outcome? */
bool rpcs_account_has_news(const struct rpcs_account *account, const struct rpcs_alert *alert);

/** Makes `alert` the account's next line, and counts as said what it says. */
void rpcs_account_say(struct rpcs_account *account, struct rpcs_alert *alert);

/** What a call keeps of an alert, in `alert`: whose line it is, and what has been said. */
void rpcs_account_mark(const struct rpcs_account *account, struct rpcs_alert *alert);

/** The line that ends the account, but for id and evidence; false when nothing is new. */
bool rpcs_account_last(const struct rpcs_account *account, uint64_t time_ns,
		       struct rpcs_alert *ret_alert);

/** The account is over: sends its last line, with the count. */
void rpcs_alert_close(struct rpcs_detect *detect, struct rpcs_account *account, uint64_t end_ns);

#endif
