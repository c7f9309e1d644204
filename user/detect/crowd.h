/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Many sources, one server, one detection: after 32 sources in 60 s further ones share one
 * alert (detections.md, Alerts), so that forged ones cannot fill a journal.
 */
#ifndef RPCSENTRY_DETECT_CROWD_H
#define RPCSENTRY_DETECT_CROWD_H

#include "account.h"

int rpcs_crowd_init(struct rpcs_detect *detect);
void rpcs_crowd_free(struct rpcs_detect *detect);

/** By what crowds are found: `server_id` as rpcs_id_of_server(). */
static inline uint32_t rpcs_crowd_hash(uint64_t server_id, enum rpcs_detection_id detection)
{
	return (uint32_t)rpcs_id_of_pair(server_id, rpcs_id_of_number(detection));
}

/** Ahead of rpcs_crowd_take(), in two steps. */
void rpcs_crowd_fetch(const struct rpcs_detect *detect, uint32_t hash);
void rpcs_crowd_fetch_gate(const struct rpcs_detect *detect, uint32_t hash);

/**
 * The crowd that `alert`, which repeats nothing, belongs to, with the alert counted; NULL: it
 * has a line of its own. `source` is the one that folds: IPv6 a /64; `source_id` its seeded
 * hash, of which the number of sources is estimated. `hash`: of the server and detection.
 */
struct rpcs_account *rpcs_crowd_take(struct rpcs_detect *detect, const struct rpcs_alert *alert,
				     const struct rpcs_address *source, uint64_t source_id,
				     uint32_t hash);

/** The crowd that `alert` was counted in; NULL: none, or it has ended. */
struct rpcs_account *rpcs_crowd_find(struct rpcs_detect *detect, const struct rpcs_alert *alert);

/** Has `alert`, a line of this account, tell how many sources there are, and from where. */
void rpcs_crowd_describe(struct rpcs_account *account, struct rpcs_alert *alert);

void rpcs_crowd_tick(struct rpcs_detect *detect, uint64_t now_ns);
void rpcs_crowd_finish(struct rpcs_detect *detect);

#endif
