// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Tunnels on a live interface, where an skb may have its headers outside the linear part. */
#include "scattered.h"
#include "tunnel_table.h"

enum { LINEAR_ETHERNET = 14 };

static void scattered_headers_are_found(void **state)
{
	struct rpcs_attachments *attachments;
	struct rpcs_kernel *kernel;
	struct rpcs_counters counters;
	struct tunnel_frame t;
	uint64_t sent = 0;

	(void)state;
	kt_need();
	scattered_allow();
	kernel = kt_load_with((struct rpcs_kernel_options){ .tunnels = true });
	attachments = attach(kernel, "rsv0", RPCS_MODE_TC);
	for (int i = 0; i < TUNNEL_CASES; i++) {
		if (tunnel_cases[i].kind != RPCS_RECORD_CALL)
			continue;
		tunnel_build(&tunnel_cases[i], &t);
		/* The end of the linear part in each header of the way. */
		for (uint16_t linear = LINEAR_ETHERNET; linear < t.inner + 60; linear += 9) {
			scattered_send(&t.f, linear);
			counters = kt_await_calls(kernel, ++sent);
			assert_int_equal(counters.calls, sent);
			assert_int_equal(counters.tunnelled, sent);
			assert_int_equal(counters.packet_tunnel_short, 0);
		}
	}
	rpcs_attachments_free(&attachments);
	rpcs_kernel_free(&kernel);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RS_TEST(scattered_headers_are_found),
	};

	return cmocka_run_group_tests_name("attach_tunnel", tests, kt_setup, NULL);
}
