// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What was said under one alert.id, and what an alert adds to it. */
#include "account.h"

#include "../base/clock.h"

void rpcs_account_begin(struct rpcs_detect *detect, struct rpcs_account *account,
			const struct rpcs_alert *alert)
{
	account->number = ++detect->alert_number;
	account->first_ns = alert->time_ns;
	account->last_ns = alert->time_ns;
	account->last_frame = alert->frame;
	account->flow_id = alert->flow_id;
	account->seen = alert->seen;
	account->tuple = alert->tuple;
	account->about = alert->about;
	account->detection = (uint8_t)alert->detection;
	account->severity = alert->severity;
	account->outcome = (uint8_t)alert->outcome;
	account->count = 1;
}

void rpcs_account_add(struct rpcs_account *account, const struct rpcs_alert *alert)
{
	if (account->count < UINT32_MAX)
		account->count++;
	if (alert->time_ns > account->last_ns)
		account->last_ns = alert->time_ns;
	account->last_frame = alert->frame;
	rpcs_account_note(account, alert);
}

void rpcs_account_note(struct rpcs_account *account, const struct rpcs_alert *alert)
{
	if (alert->severity < account->severity)
		account->severity = alert->severity;
	if (alert->outcome > account->outcome)
		account->outcome = (uint8_t)alert->outcome;
}

bool rpcs_account_has_news(const struct rpcs_account *account, const struct rpcs_alert *alert)
{
	return !account->said || account->has_grown || alert->fresh ||
	       alert->severity < account->said_severity || alert->outcome > account->said_outcome;
}

void rpcs_account_say(struct rpcs_account *account, struct rpcs_alert *alert)
{
	alert->update = account->said;
	alert->raised = account->said && alert->severity < account->said_severity;
	alert->count = account->count;
	if (!account->said || alert->severity < account->said_severity)
		account->said_severity = alert->severity;
	if (!account->said || alert->outcome > account->said_outcome)
		account->said_outcome = (uint8_t)alert->outcome;
	/* An alert never becomes less severe; the outcome is that of the line's own call. */
	alert->severity = account->said_severity;
	account->told = account->count;
	account->said = true;
	account->is_held = false;
}

void rpcs_account_mark(const struct rpcs_account *account, struct rpcs_alert *alert)
{
	alert->mark.number = account->number;
	alert->mark.time_ms = account->first_ns / RPCS_NSEC_PER_MSEC;
	alert->mark.said = account->said;
	alert->mark.said_severity = account->said_severity & 7;
	alert->mark.said_outcome = account->said_outcome & 15;
}

bool rpcs_account_last(const struct rpcs_account *account, uint64_t time_ns,
		       struct rpcs_alert *ret_alert)
{
	/* What was held back from its first line on has been counted and said as that. */
	if (!account->said ||
	    (account->count == account->told && account->severity >= account->said_severity &&
	     account->outcome <= account->said_outcome))
		return false;
	rpcs_alert_clear(ret_alert, account->detection, time_ns);
	ret_alert->severity = account->severity;
	ret_alert->outcome = account->outcome;
	rpcs_alert_set_packet(ret_alert, &account->tuple, &account->seen, account->flow_id);
	ret_alert->frame = account->last_frame;
	ret_alert->about = account->about;
	return true;
}
