/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The last bytes of a stream that were handed on, a portmapper's or another's on which RPC was
 * read: what comes again must be the same, or two hosts were told two things.
 */
#ifndef RPCSENTRY_STREAM_HISTORY_H
#define RPCSENTRY_STREAM_HISTORY_H

#include <rpcsentry/record.h>

#include "flow.h"

enum { RPCS_HISTORY_BYTES = 1024 };

/** The stream goes on with `len` bytes at `seq`. A stream in which no RPC was found has none. */
void rpcs_history_add(struct rpcs_flow_table *flows, struct rpcs_half *half, uint32_t seq,
		      const uint8_t *bytes, uint32_t len);

/** Adds what a compact record says of its bytes. */
void rpcs_history_add_record(struct rpcs_flow_table *flows, struct rpcs_half *half,
			     const struct rpcs_record_rpc *record);

/** Holds bytes at `seq` against what was there; differences go into `overlap`. */
void rpcs_history_compare(const struct rpcs_half *half, uint32_t seq, const uint8_t *bytes,
			  uint32_t len, struct rpcs_overlap *overlap);
void rpcs_history_compare_record(const struct rpcs_half *half, const struct rpcs_record_rpc *record,
				 struct rpcs_overlap *overlap);

/** Of a byte at `seq`: what it was and what it is now. To be called in their order. */
void rpcs_overlap_add(struct rpcs_overlap *overlap, uint32_t seq, uint8_t was, uint8_t is);

void rpcs_history_drop(struct rpcs_flow_table *flows, struct rpcs_half *half);

/** Frees the one longest untouched. False: there is none. */
bool rpcs_history_drop_oldest(struct rpcs_flow_table *flows);

#endif
