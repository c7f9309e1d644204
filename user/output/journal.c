// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Alerts for journald (spec events.md, Journal). */
#define SD_JOURNAL_SUPPRESS_LOCATION 1

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>

#include <nettle/sha2.h>
#include <systemd/sd-journal.h>

#include "community.h"
#include "names.h"
#include "outputs.h"
#include "phrase.h"

enum { MESSAGE_TEXT = 1024, FIELDS_MAX = 48 };

size_t rpcs_alert_text(const struct rpcs_alert *alert, char *text, size_t size)
{
	const struct rpcs_detection_info *info = rpcs_detection_info(alert->detection);
	struct rpcs_line line;
	uint32_t i;

	rpcs_line_init(&line, text, size);
	rpcs_line_add(&line, "%s", info->signature);
	if (alert->tuple.protocol) {
		rpcs_line_add(&line, ": ");
		rpcs_phrase_tuple(&line, &alert->tuple);
	}
	if (alert->call) {
		rpcs_line_add(&line, ", ");
		rpcs_phrase_call(&line, &alert->call->message);
	}
	rpcs_line_add(&line, ", outcome: %s", rpcs_outcome_name(alert->outcome));
	if (alert->count > 1)
		rpcs_line_add(&line, ", %" PRIu32 " times", alert->count);
	if (alert->sources)
		rpcs_line_add(&line, ", %s%" PRIu32 " sources",
			      alert->sources_estimated ? "about " : "", alert->sources);
	for (i = 0; i < alert->evidence_count && i < RPCS_EVIDENCE_MAX; i++) {
		rpcs_line_add(&line, "; ");
		rpcs_line_plain(&line, alert->evidence[i]);
	}
	return line.len;
}

/* Entries in the making: "FIELD=value" strings; `full` once one did not fit. */
struct entry {
	char *buf;
	size_t size, len;
	bool full;
};

static void entry_text(struct entry *entry, const char *field, const char *value)
{
	size_t room = entry->size - entry->len;
	int len;

	if (entry->full)
		return;
	len = snprintf(entry->buf + entry->len, room, "%s=%s", field, value);
	if (len < 0 || (size_t)len >= room)
		entry->full = true;
	else
		entry->len += (size_t)len + 1;
}

static void entry_number(struct entry *entry, const char *field, uint32_t value)
{
	entry_text(entry, field, rpcs_digits(value).text);
}

static const char *journal_priority(uint8_t severity)
{
	static const char *const priorities[] = { "2", "4", "5", "6" };

	return severity >= 1 && severity <= RPCS_SEVERITIES ? priorities[severity - 1] : "6";
}

static void entry_tuple(struct entry *entry, const struct rpcs_tuple *tuple)
{
	char text[RPCS_ADDRESS_TEXT];
	char id[RPCS_COMMUNITY_ID_LEN + 1];

	rpcs_address_format(&tuple->src, text);
	entry_text(entry, "RPCS_SRC_IP", text);
	entry_number(entry, "RPCS_SRC_PORT", tuple->sport);
	rpcs_address_format(&tuple->dst, text);
	entry_text(entry, "RPCS_DEST_IP", text);
	entry_number(entry, "RPCS_DEST_PORT", tuple->dport);
	entry_text(entry, "RPCS_PROTO", rpcs_protocol_name(tuple->protocol));
	rpcs_community_id(tuple, id);
	entry_text(entry, "RPCS_COMMUNITY_ID", id);
}

static void entry_call(struct entry *entry, const struct rpcs_message *call)
{
	const struct rpcs_portmap *portmap = &call->portmap;
	bool target = portmap->shape == RPCS_PORTMAP_MAPPING ||
		      portmap->shape == RPCS_PORTMAP_RPCB ||
		      portmap->shape == RPCS_PORTMAP_CALLIT_ARGS;

	entry_number(entry, "RPCS_XID", call->xid);
	entry_number(entry, "RPCS_PROGRAM", call->program);
	entry_number(entry, "RPCS_PROCEDURE", call->procedure);
	if (target && portmap->has >= 1)
		entry_number(entry, "RPCS_TARGET_PROGRAM", portmap->program);
}

int rpcs_journal_entry(const struct rpcs_alert *alert, const char *iface, char *buf, size_t size)
{
	const struct rpcs_detection_info *info = rpcs_detection_info(alert->detection);
	struct entry entry = { .buf = buf, .size = size };
	char id[RPCS_ALERT_ID_TEXT];
	char text[MESSAGE_TEXT];
	char message_id[33];
	uint32_t i;

	rpcs_alert_text(alert, text, sizeof(text));
	entry_text(&entry, "MESSAGE", text);
	entry_text(&entry, "PRIORITY", journal_priority(alert->severity));
	entry_text(&entry, "SYSLOG_IDENTIFIER", "rpcsentry");
	rpcs_journal_message_id(alert->detection, message_id);
	entry_text(&entry, "MESSAGE_ID", message_id);
	entry_text(&entry, "RPCS_DETECTION", info->name);
	entry_number(&entry, "RPCS_SIGNATURE_ID", info->signature_id);
	entry_number(&entry, "RPCS_SEVERITY", alert->severity);
	entry_text(&entry, "RPCS_OUTCOME", rpcs_outcome_name(alert->outcome));
	rpcs_alert_id_format(alert, id);
	entry_text(&entry, "RPCS_ALERT_ID", id);
	entry_number(&entry, "RPCS_COUNT", alert->count);
	if (alert->sources)
		entry_number(&entry, "RPCS_SOURCES", alert->sources);
	if (alert->tuple.protocol)
		entry_tuple(&entry, &alert->tuple);
	if (iface && iface[0])
		entry_text(&entry, "RPCS_IFACE", iface);
	if (alert->call)
		entry_call(&entry, &alert->call->message);
	/* A field may occur several times in one entry of the journal. */
	for (i = 0; i < alert->evidence_count && i < RPCS_EVIDENCE_MAX; i++)
		entry_text(&entry, "RPCS_EVIDENCE", alert->evidence[i]);
	return entry.full ? -ENOSPC : (int)entry.len;
}

int rpcs_journal_send(const char *entry, size_t len)
{
	struct iovec fields[FIELDS_MAX];
	size_t done = 0;
	int count = 0;

	while (done < len) {
		const char *field = entry + done;
		size_t field_len = strnlen(field, len - done);

		if (count == FIELDS_MAX || field_len == len - done)
			return -EINVAL;
		fields[count].iov_base = (void *)field;
		fields[count].iov_len = field_len;
		count++;
		done += field_len + 1;
	}
	return count ? sd_journal_sendv(fields, count) : -EINVAL;
}

/*
 * The first 128 bits of a digest over the number that never changes, with the
 * version and variant bits of a random UUID, which the journal wants of an id.
 */
void rpcs_journal_message_id(enum rpcs_detection_id id, char text[33])
{
	uint8_t digest[SHA256_DIGEST_SIZE];
	struct sha256_ctx sha256;
	char name[64];
	int len, i;

	len = snprintf(name, sizeof(name), "rpcsentry detection %" PRIu32,
		       rpcs_detection_info(id)->signature_id);
	sha256_init(&sha256);
	sha256_update(&sha256, (size_t)len, (const uint8_t *)name);
	sha256_digest(&sha256, sizeof(digest), digest);
	digest[6] = (digest[6] & 0x0f) | 0x40;
	digest[8] = (digest[8] & 0x3f) | 0x80;
	for (i = 0; i < 16; i++)
		snprintf(text + 2 * i, 3, "%02x", digest[i]);
}
