// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * TCP payload outside an skb's linear part, as it comes from sockets and from GRO: on every
 * port a call is found there, and nothing else is taken for one.
 */
#include "scattered.h"
#include "segments.h"

enum {
	LINEAR_ETHERNET = 14,
	HEADERS = 14 + 20 + 20,
	PAYLOAD = 200,
};

static void put_payload(struct test_frame *payload, uint32_t xid, bool call)
{
	*payload = (struct test_frame){ .len = 0 };
	put_record_call(payload, xid, TEST_PLAIN, 1, PAYLOAD);
	if (!call)
		payload->bytes[11] ^= 2; /* a message of a type that does not exist */
}

static void payload_is_glanced_at(void **state)
{
	static const uint16_t ports[] = { 111 };
	const struct rpcs_kernel_options options = { .ports = ports,
						     .port_count = 1,
						     .ring_size = 1 << 20,
						     .flows = 1024,
						     .any_port = RPCS_ANY_PORT_ALL };
	struct test_flow flow = { .sport = 40000, .dport = 5000 };
	struct rpcs_attachments *attachments;
	struct rpcs_kernel *kernel = NULL;
	struct test_frame payload, f;
	struct rpcs_counters c;
	uint16_t linear;
	uint64_t calls = 0, sent = 0;

	(void)state;
	kt_need();
	scattered_allow();
	assert_int_equal(rpcs_kernel_load(&options, &kernel), 0);
	attachments = attach(kernel, "rsv0", RPCS_MODE_TC);
	for (linear = LINEAR_ETHERNET; linear < HEADERS + 24; linear += 2) {
		for (int call = 0; call < 2; call++) {
			/* A call marks its port, where all is looked at from then on. */
			flow.sport++;
			flow.dport++;
			put_payload(&payload, (uint32_t)sent, call);
			frame_segment(&f, &flow, false, 100, RPCS_TCP_ACK, payload.bytes,
				      payload.len);
			scattered_send(&f, linear);
			sent++;
			calls += (uint64_t)call;
		}
		c = kt_await_calls(kernel, calls);
		assert_int_equal(c.calls, calls);
		assert_int_equal(c.packets_watched, calls);
		assert_int_equal(c.packet_transport_short, 0);
	}
	rpcs_attachments_free(&attachments);
	rpcs_kernel_free(&kernel);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RS_TEST(payload_is_glanced_at),
	};

	return cmocka_run_group_tests_name("attach_scattered", tests, kt_setup, NULL);
}
