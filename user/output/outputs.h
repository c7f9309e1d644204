/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The sinks there are. Each is a struct rpcs_sink behind its own type. */
#ifndef RPCSENTRY_OUTPUT_OUTPUTS_H
#define RPCSENTRY_OUTPUT_OUTPUTS_H

#include "lines.h"
#include "sink.h"

/** What a line may say of the sensor itself. */
struct rpcs_output_context {
	const char *sensor_name; /* NULL or empty for none */
	const char *path;	 /* where the lines go, for messages; NULL: standard output */
	bool live;		 /* in_iface instead of pcap_cnt; a reader is not waited for */
	bool transactions;	 /* calls and `services`; alerts and stats always */
	const uint16_t *ports;	 /* portmapper ports, for `portmap` against `rpc_call` */
	uint32_t port_count;
};

/** EVE JSON to a descriptor, buffered, in whole lines; `fd` is the caller's. NULL: no memory. */
struct rpcs_sink *rpcs_eve_new(int fd, const struct rpcs_output_context *context);
void rpcs_eve_free(struct rpcs_sink **sink);

/** Writes on to another descriptor from now on (log rotation); lines so far are flushed first. */
void rpcs_eve_reopen(struct rpcs_sink *sink, int fd);

/** Lines for people: aligned and coloured when `terminal`. `fd` stays the caller's. */
struct rpcs_sink *rpcs_text_new(int fd, bool terminal, const struct rpcs_output_context *context);
void rpcs_text_free(struct rpcs_sink **sink);

/** The lines before the descriptor of such a sink: what was lost, and the end. */
struct rpcs_lines *rpcs_eve_lines(struct rpcs_sink *sink);
struct rpcs_lines *rpcs_text_lines(struct rpcs_sink *sink);

/** One human line for an alert, without the newline: the journal's MESSAGE. Printable ASCII. */
size_t rpcs_alert_text(const struct rpcs_alert *alert, char *text, size_t size);

/**
 * The journal fields of an alert (spec events.md, Journal) as "FIELD=value"
 * strings, each ended by '\0', one after the other in `buf`; `iface` may be
 * NULL. Returns bytes used, or -ENOSPC. rpcs_journal_send() takes this form.
 */
int rpcs_journal_entry(const struct rpcs_alert *alert, const char *iface, char *buf, size_t size);

/** Hands such an entry to journald through libsystemd; 0 or -errno. */
int rpcs_journal_send(const char *entry, size_t len);

/** The MESSAGE_ID of a detection, 32 hex digits: fixed for ever, from its signature_id. */
void rpcs_journal_message_id(enum rpcs_detection_id id, char text[33]);

#endif
