// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The sensor's side of the journal: entries go out whole, a stalled writer blocks nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/ipc.h"
#include "agent/journal_sink.h"
#include "base/clock.h"

static struct rpcs_alert alert_of(uint64_t number)
{
	struct rpcs_alert alert = { .detection = RPCS_D_SENSOR_LOSS,
				    .id_low = number,
				    .severity = 2,
				    .count = 1,
				    .time_ns = RPCS_NSEC_PER_SEC };

	rpcs_alert_evidence(&alert, "entry %llu", (unsigned long long)number);
	return alert;
}

/** Does the entry hold this string as one of its fields? */
static int has_field(const char *entry, ssize_t len, const char *field)
{
	const char *at = entry;

	while (at < entry + len) {
		if (!strcmp(at, field))
			return 1;
		at += strlen(at) + 1;
	}
	return 0;
}

static void test_an_alert_becomes_one_message(void **state)
{
	char entry[RPCS_JOURNAL_ENTRY_MAX];
	struct rpcs_alert alert = alert_of(1);
	struct rpcs_sink *sink;
	ssize_t len;
	int fds[2];

	(void)state;
	assert_int_equal(rpcs_ipc_pair(fds), 0);
	sink = rpcs_journal_sink_new(fds[0]);
	assert_non_null(sink);
	assert_int_equal(sink->alert(sink, &alert), 0);
	len = recv(fds[1], entry, sizeof(entry), 0);
	assert_true(len > 0);
	assert_int_equal(entry[len - 1], '\0');
	assert_true(has_field(entry, len, "RPCS_DETECTION=sensor-loss"));
	assert_int_equal(recv(fds[1], entry, sizeof(entry), 0), -1);
	assert_int_equal(rpcs_journal_sink_counts(sink).sent, 1);
	rpcs_journal_sink_free(&sink);
	assert_null(sink);
	close(fds[0]);
	close(fds[1]);
}

static void test_a_stalled_writer_blocks_nothing(void **state)
{
	enum { ALERTS = 8 * RPCS_JOURNAL_QUEUE_MAX };
	char entry[RPCS_JOURNAL_ENTRY_MAX];
	struct rpcs_queue_counts counts;
	struct rpcs_sink *sink;
	uint64_t received = 0, i, start;
	int fds[2];

	(void)state;
	assert_int_equal(rpcs_ipc_pair(fds), 0);
	sink = rpcs_journal_sink_new(fds[0]);
	assert_non_null(sink);
	for (i = 0; i < ALERTS; i++) {
		struct rpcs_alert alert = alert_of(i);

		assert_int_equal(sink->alert(sink, &alert), 0);
	}
	counts = rpcs_journal_sink_counts(sink);
	assert_int_equal(counts.waiting, RPCS_JOURNAL_QUEUE_MAX);
	assert_true(counts.dropped > 0);
	assert_int_equal(counts.sent + counts.waiting + counts.dropped, ALERTS);

	/* The end of a run waits for it, but not for ever. */
	start = rpcs_clock_monotonic();
	rpcs_journal_sink_drain(sink, 50);
	assert_true(rpcs_clock_monotonic() - start >= 50 * RPCS_NSEC_PER_MSEC);
	counts = rpcs_journal_sink_counts(sink);
	assert_int_equal(counts.waiting, 0);
	assert_int_equal(counts.sent + counts.dropped, ALERTS);
	while (recv(fds[1], entry, sizeof(entry), 0) > 0)
		received++;
	assert_int_equal(received, counts.sent);
	rpcs_journal_sink_free(&sink);
	close(fds[0]);
	close(fds[1]);
}

static void test_it_goes_on_after_a_stall(void **state)
{
	char entry[RPCS_JOURNAL_ENTRY_MAX];
	struct rpcs_sink *sink;
	uint64_t sent = 0, received = 0;
	int fds[2];

	(void)state;
	assert_int_equal(rpcs_ipc_pair(fds), 0);
	sink = rpcs_journal_sink_new(fds[0]);
	assert_non_null(sink);
	while (!rpcs_journal_sink_counts(sink).waiting) {
		struct rpcs_alert alert = alert_of(sent++);

		assert_int_equal(sink->alert(sink, &alert), 0);
	}
	while (recv(fds[1], entry, sizeof(entry), 0) > 0) {
		received++;
		rpcs_journal_sink_send(sink);
	}
	assert_int_equal(received, sent);
	assert_int_equal(rpcs_journal_sink_counts(sink).dropped, 0);
	rpcs_journal_sink_free(&sink);
	close(fds[0]);
	close(fds[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_alert_becomes_one_message),
		cmocka_unit_test(test_a_stalled_writer_blocks_nothing),
		cmocka_unit_test(test_it_goes_on_after_a_stall),
	};

	return cmocka_run_group_tests_name("agent/journal_sink", tests, NULL, NULL);
}
