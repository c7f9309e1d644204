/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A frame of a capture, brought into Ethernet form whatever its link type was. */
#ifndef RPCSENTRY_SOURCE_FRAME_H
#define RPCSENTRY_SOURCE_FRAME_H

#include <stdint.h>

/** `bytes` begin with an Ethernet header (made up for other link types) and are the reader's. */
struct rpcs_frame {
	const uint8_t *bytes;
	uint32_t len;	  /* bytes that are there; the capture may have cut the frame */
	uint64_t time_ns; /* since the epoch */
	uint64_t number;  /* 1-based */
};

/**
 * Takes one record, as it crosses the ring (rpcsentry/record.h). `frame` is the
 * frame it came from, NULL live.
 */
typedef void (*rpcs_record_fn)(void *arg, const void *record, uint32_t len,
			       const struct rpcs_frame *frame);

#endif
