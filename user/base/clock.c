// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Clocks and the text form of a time. */
#include "clock.h"

#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "digits.h"

static uint64_t clock_read(clockid_t id)
{
	struct timespec ts;

	/* Cannot fail for the two clocks used here. */
	clock_gettime(id, &ts);
	return (uint64_t)ts.tv_sec * RPCS_NSEC_PER_SEC + (uint64_t)ts.tv_nsec;
}

uint64_t rpcs_clock_realtime(void)
{
	return clock_read(CLOCK_REALTIME);
}

uint64_t rpcs_clock_monotonic(void)
{
	return clock_read(CLOCK_MONOTONIC);
}

uint64_t rpcs_clock_monotonic_offset(void)
{
	uint64_t best_gap = UINT64_MAX;
	uint64_t offset = 0;
	int i;

	/* The pair of readings with the least time between them is the truest. */
	for (i = 0; i < 5; i++) {
		uint64_t before = rpcs_clock_monotonic();
		uint64_t real = rpcs_clock_realtime();
		uint64_t gap = rpcs_clock_monotonic() - before;

		if (gap >= best_gap)
			continue;
		best_gap = gap;
		offset = real - (before + gap / 2);
	}
	return offset;
}

enum {
	SECONDS_LEN = 19, /* 2026-11-22T01:15:57 */
	ZONE_LEN = 5,	  /* +0000 */
};

/* The text of the second that was asked for last: localtime_r() is slow. */
static _Thread_local struct {
	bool valid;
	uint64_t start_ns;
	char text[SECONDS_LEN + 1];
	char zone[ZONE_LEN + 1];
} cached;

static void clock_cache(time_t second)
{
	struct tm tm;

	if (!localtime_r(&second, &tm))
		tm = (struct tm){ .tm_mday = 1, .tm_year = 70 };
	if (strftime(cached.text, sizeof(cached.text), "%Y-%m-%dT%H:%M:%S", &tm) != SECONDS_LEN)
		memcpy(cached.text, "1970-01-01T00:00:00", sizeof(cached.text));
	if (strftime(cached.zone, sizeof(cached.zone), "%z", &tm) != ZONE_LEN)
		memcpy(cached.zone, "+0000", sizeof(cached.zone));
	cached.start_ns = (uint64_t)second * RPCS_NSEC_PER_SEC;
	cached.valid = true;
}

size_t rpcs_time_format(uint64_t time_ns, char text[RPCS_TIME_TEXT])
{
	char *p = text + SECONDS_LEN;
	uint32_t micros;

	if (!cached.valid || time_ns - cached.start_ns >= RPCS_NSEC_PER_SEC)
		clock_cache((time_t)(time_ns / RPCS_NSEC_PER_SEC));
	micros = (uint32_t)(time_ns - cached.start_ns) / (uint32_t)RPCS_NSEC_PER_USEC;
	memcpy(text, cached.text, SECONDS_LEN);
	*p++ = '.';
	p = rpcs_digits_put_three(p, micros / 1000);
	p = rpcs_digits_put_three(p, micros % 1000);
	memcpy(p, cached.zone, ZONE_LEN + 1);
	return (size_t)(p + ZONE_LEN - text);
}
