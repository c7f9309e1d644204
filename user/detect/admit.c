// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The door between an alert and its line: does it say anything new, and is there room for it? */
#include <inttypes.h>

#include "../base/clock.h"
#include "crowd.h"
#include "fold.h"
#include "pace.h"

/* A line of its own: nothing folds with it. */
static bool admit_alone(struct rpcs_detect *detect, struct rpcs_alert *alert)
{
	rpcs_alert_name(detect, alert);
	if (!rpcs_pace_take(detect, alert->detection, alert->time_ns)) {
		rpcs_pace_hold(detect, alert->detection, alert->time_ns);
		return false;
	}
	alert->mark.said_severity = alert->severity & 7;
	alert->mark.said_outcome = (unsigned int)alert->outcome & 15;
	alert->mark.said = true;
	return true;
}

/* The account has news. Held back, it keeps them, and has them told with what comes next. */
static bool say(struct rpcs_detect *detect, struct rpcs_account *account, struct rpcs_alert *alert)
{
	if (!rpcs_pace_take(detect, alert->detection, alert->time_ns)) {
		if (!account->is_held)
			rpcs_pace_hold(detect, alert->detection, alert->time_ns);
		account->is_held = true;
		return false;
	}
	rpcs_account_say(account, alert);
	return true;
}

static bool admit(struct rpcs_detect *detect, struct rpcs_account *account,
		  struct rpcs_alert *alert)
{
	bool leaves = rpcs_account_has_news(account, alert);

	detect->alerts_folded += !leaves;
	leaves = leaves && say(detect, account, alert);
	rpcs_account_mark(account, alert);
	if (!leaves)
		return false;
	rpcs_alert_set_id(detect, alert);
	if (account->is_crowd)
		rpcs_crowd_describe(account, alert);
	return true;
}

bool rpcs_alert_admit(struct rpcs_detect *detect, struct rpcs_alert *alert)
{
	struct rpcs_account *account = NULL;

	/* What no packet is behind, the sensor says of itself. */
	if (alert->tuple.protocol)
		account = rpcs_fold_take(detect, alert);
	alert->mark.detection = (unsigned int)alert->detection & 0xff;
	alert->mark.severity = alert->severity & 7;
	alert->admitted = account ? admit(detect, account, alert) : admit_alone(detect, alert);
	return alert->admitted;
}

/* The account has ended: what it said stands in the mark. */
static bool admit_late(struct rpcs_detect *detect, struct rpcs_alert *alert)
{
	struct rpcs_call_alert *mark = &alert->mark;

	if (!rpcs_pace_take(detect, alert->detection, alert->time_ns)) {
		rpcs_pace_hold(detect, alert->detection, alert->time_ns);
		return false;
	}
	alert->update = mark->said;
	alert->raised = mark->said && alert->severity < mark->said_severity;
	if (!mark->said || alert->severity < mark->said_severity)
		mark->said_severity = alert->severity & 7;
	alert->severity = mark->said_severity;
	mark->said_outcome = (unsigned int)alert->outcome & 15;
	mark->said = true;
	rpcs_alert_set_id(detect, alert);
	return true;
}

bool rpcs_alert_admit_outcome(struct rpcs_detect *detect, struct rpcs_alert *alert)
{
	const struct rpcs_call_alert *mark = &alert->mark;
	struct rpcs_account *account;

	/* Most outcomes of a flood: as those before. */
	if (mark->said && alert->severity >= mark->said_severity &&
	    alert->outcome <= mark->said_outcome)
		return false;
	account = rpcs_fold_find(detect, alert);
	if (account) {
		rpcs_account_note(account, alert);
		alert->admitted = admit(detect, account, alert);
	} else {
		alert->admitted = admit_late(detect, alert);
	}
	return alert->admitted;
}

/* The line is of no one call, so it says here what they were about. */
static void describe_count(const struct rpcs_account *account, struct rpcs_alert *alert)
{
	char first[RPCS_TIME_TEXT], last[RPCS_TIME_TEXT], program[RPCS_WORDS_TEXT];

	rpcs_time_format(account->first_ns, first);
	rpcs_time_format(account->last_ns, last);
	rpcs_alert_evidence(alert, "%" PRIu32 " times in all, first at %s, last at %s",
			    account->count, first, last);
	if (account->about && !account->is_crowd &&
	    !rpcs_detection_row(account->detection)->per_source)
		rpcs_alert_evidence(alert, "each about %s",
				    rpcs_words_program(account->about, program));
}

void rpcs_alert_close(struct rpcs_detect *detect, struct rpcs_account *account, uint64_t end_ns)
{
	struct rpcs_alert alert;

	if (!rpcs_account_last(account, end_ns, &alert) || !say(detect, account, &alert))
		return;
	rpcs_account_mark(account, &alert);
	rpcs_alert_set_id(detect, &alert);
	describe_count(account, &alert);
	if (account->is_crowd)
		rpcs_crowd_describe(account, &alert);
	detect->emit(detect->arg, &alert);
}

void rpcs_alert_send(struct rpcs_detect *detect, struct rpcs_alert *alert)
{
	if (alert->admitted || rpcs_alert_admit(detect, alert))
		detect->emit(detect->arg, alert);
}
