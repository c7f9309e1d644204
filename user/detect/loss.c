// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* 1110080: what the sensor itself lost, said once a minute at most. */
#include <inttypes.h>
#include <stddef.h>

#include <rpcsentry/limits.h>

#include "../base/clock.h"
#include "crowd.h"
#include "families.h"
#include "fold.h"
#include "pace.h"

#define INTERVAL_NS (60 * RPCS_NSEC_PER_SEC)

static const struct kind {
	size_t offset;
	const char *one, *many; /* with the mend */
} kinds[] = {
	{ offsetof(struct rpcs_loss, records_lost), "record was lost: the ring was full",
	  "records were lost: the ring was full; raise sensor.ring_size" },
	{ offsetof(struct rpcs_loss, packets_capped),
	  "packet was left out: its flow sent more than 4 MiB a second to be put together",
	  "packets were left out: their flows sent more than 4 MiB a second to be put together" },
	{ offsetof(struct rpcs_loss, packets_unread), "packet could not be read, or not to its end",
	  "packets could not be read, or not to their ends" },
	{ offsetof(struct rpcs_loss, calls_evicted), "unanswered call was evicted",
	  "unanswered calls were evicted; raise limits.pending_calls" },
	{ offsetof(struct rpcs_loss, sources_evicted), "source was evicted while it was counted",
	  "sources were evicted while they were counted; raise limits.sources" },
	{ offsetof(struct rpcs_loss, flows_evicted), "flow in use was evicted or not let in",
	  "flows in use were evicted or not let in; raise limits.flows" },
	{ offsetof(struct rpcs_loss, reassembly_evicted), "unfinished reassembly was evicted",
	  "unfinished reassemblies were evicted; raise limits.reassembly" },
	{ offsetof(struct rpcs_loss, journal_dropped), "alert did not reach the journal",
	  "alerts did not reach the journal: its queue was full" },
};

enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

_Static_assert((int)KINDS <= (int)RPCS_EVIDENCE_MAX, "every figure has its line");
_Static_assert(RPCS_FALLBACK_BYTES_MAX == 4 << 20, "as the line says");

void rpcs_loss_of_kernel(struct rpcs_loss *loss, const struct rpcs_counters *kernel)
{
	/* Capped packets are among the lost records; a live counter may be ahead of the other. */
	loss->packets_capped = kernel->fallbacks_capped;
	loss->records_lost = kernel->records_lost > kernel->fallbacks_capped
				     ? kernel->records_lost - kernel->fallbacks_capped
				     : 0;
	loss->packets_unread =
		kernel->packets_unread + kernel->pieces_unread + kernel->pieces_capped;
	loss->flows_evicted = kernel->flows_replaced;
}

static uint64_t figure(const struct rpcs_loss *loss, unsigned int kind)
{
	return *(const uint64_t *)(const void *)((const char *)loss + kinds[kind].offset);
}

static bool is_more(const struct rpcs_loss *total, const struct rpcs_loss *told)
{
	unsigned int i;

	for (i = 0; i < KINDS; i++)
		if (figure(total, i) > figure(told, i))
			return true;
	return false;
}

static void tell(struct rpcs_detect *detect)
{
	const struct rpcs_loss *total = &detect->loss_seen;
	struct rpcs_alert alert;
	unsigned int i;

	if (!is_more(total, &detect->loss_told) ||
	    !rpcs_alert_init(detect, RPCS_D_SENSOR_LOSS, detect->loss_seen_ns, &alert))
		return;
	for (i = 0; i < KINDS; i++) {
		uint64_t all = figure(total, i), before = figure(&detect->loss_told, i);
		uint64_t count = all > before ? all - before : 0;

		if (count)
			rpcs_alert_evidence(&alert, "%" PRIu64 " %s (%" PRIu64 " since the start)",
					    count, count == 1 ? kinds[i].one : kinds[i].many, all);
	}
	detect->loss_told = *total;
	detect->loss_told_ns = detect->loss_seen_ns;
	rpcs_alert_send(detect, &alert);
}

void rpcs_detect_loss(struct rpcs_detect *detect, const struct rpcs_loss *total, uint64_t now_ns)
{
	detect->loss_seen = *total;
	detect->loss_seen_ns = now_ns;
	/* A clock that was set back makes a long time of it: told too early, not too late. */
	if (!detect->loss_told_ns || now_ns - detect->loss_told_ns >= INTERVAL_NS)
		tell(detect);
}

void rpcs_detect_finish(struct rpcs_detect *detect)
{
	rpcs_surge_finish(detect);
	rpcs_pace_finish(detect);
	rpcs_fold_finish(detect);
	rpcs_crowd_finish(detect);
	tell(detect);
}
