/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Times are uint64_t nanoseconds since the epoch, unless a name says otherwise. */
#ifndef RPCSENTRY_BASE_CLOCK_H
#define RPCSENTRY_BASE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RPCS_NSEC_PER_SEC 1000000000ULL
#define RPCS_NSEC_PER_MSEC 1000000ULL
#define RPCS_NSEC_PER_USEC 1000ULL

enum { RPCS_TIME_TEXT = 40 };

uint64_t rpcs_clock_realtime(void);
uint64_t rpcs_clock_monotonic(void);

/** What to add to CLOCK_MONOTONIC (the kernel's records) to get real time. */
uint64_t rpcs_clock_monotonic_offset(void);

/**
 * Have `span_ns` passed since then? The times of a capture may be anything: where the
 * clock went back by more than that, they have too, and sums must not wrap.
 */
static inline bool rpcs_time_is_up(uint64_t since_ns, uint64_t span_ns, uint64_t now_ns)
{
	return now_ns >= since_ns ? now_ns - since_ns >= span_ns : since_ns - now_ns > span_ns;
}

/** "2026-11-22T01:15:57.123456+0000", in local time with its zone, as Suricata; the length. */
size_t rpcs_time_format(uint64_t time_ns, char text[RPCS_TIME_TEXT]);

#endif
