/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Repeats: one line for the first, a count for the rest (detections.md, Alerts). */
#ifndef RPCSENTRY_DETECT_FOLD_H
#define RPCSENTRY_DETECT_FOLD_H

#include "account.h"

int rpcs_fold_init(struct rpcs_detect *detect);
void rpcs_fold_free(struct rpcs_detect *detect);

/**
 * The account that `alert` belongs to, with the alert counted; begins one for a first alert.
 * NULL: nothing folds here. Valid until the next call.
 */
struct rpcs_account *rpcs_fold_take(struct rpcs_detect *detect, const struct rpcs_alert *alert);

/** The account that `alert` was counted in, or would be by now; NULL: it has ended. */
struct rpcs_account *rpcs_fold_find(struct rpcs_detect *detect, const struct rpcs_alert *alert);

/**
 * Ahead of rpcs_fold_take(), for an alert that will probably come: what looks up its account is
 * fetched, and once that has come, the account.
 */
void rpcs_fold_fetch(struct rpcs_detect *detect, enum rpcs_detection_id detection,
		     const struct rpcs_tuple *tuple, uint32_t about);
void rpcs_fold_fetch_entry(struct rpcs_detect *detect);

/** Ends the accounts whose time is up, with their counts; costs nothing when there are none. */
void rpcs_fold_tick(struct rpcs_detect *detect, uint64_t now_ns);

/** The end of the run: the counts that are still open. */
void rpcs_fold_finish(struct rpcs_detect *detect);

#endif
