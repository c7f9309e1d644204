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

static struct rpcs_kernel *load(void)
{
	return kt_load_with((struct rpcs_kernel_options){ .any_port = RPCS_ANY_PORT_ALL });
}

static void payload_is_glanced_at(void **state)
{
	struct test_flow flow = { .sport = 40000, .dport = 5000 };
	struct rpcs_attachments *attachments;
	struct test_frame payload, f;
	struct rpcs_kernel *kernel;
	struct rpcs_counters c;
	uint16_t linear;
	uint64_t calls = 0, sent = 0;

	(void)state;
	kt_need();
	scattered_allow();
	kernel = load();
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

/* Forwarded, from rsv1 to rsw1; it is there when this returns. */
static void pass(uint16_t dport)
{
	const struct test_flow flow = { .sport = 40000, .dport = dport };
	struct test_frame payload, f;
	uint8_t got[SCATTERED_BYTES];
	uint64_t end = kt_now_ms() + KT_DEADLINE_MS;
	int fd = kt_socket("rsw1");
	uint16_t sum;

	put_payload(&payload, dport, true);
	frame_segment(&f, &flow, false, 100, RPCS_TCP_ACK, payload.bytes, payload.len);
	memcpy(f.bytes, "\x02\0\0\0\0\x0a", 6);
	memcpy(f.bytes + f.ip + 16, "\x0a\x08\0\x02", 4);
	sum = htons(kt_sum16(f.bytes + f.ip, 20));
	memcpy(f.bytes + f.ip + 10, &sum, sizeof(sum));
	scattered_send(&f, HEADERS + 2);
	while (recv(fd, got, sizeof(got), 0) < HEADERS || memcmp(got + 34, f.bytes + 34, 8))
		assert_true(kt_now_ms() < end);
	close(fd);
}

/* What was looked at where it came in is not on its way out; what was not, is. */
static void forwarded_payload_counts_once(void **state)
{
	struct rpcs_attachments *attachments;
	struct rpcs_interface in;
	struct rpcs_kernel *kernel;
	struct rpcs_counters c;

	(void)state;
	kt_need();
	scattered_allow();
	make_gateway();
	kernel = load();
	attachments = attach(kernel, "rsw0", RPCS_MODE_TC);
	pass(5000);
	c = kt_await_calls(kernel, 1);
	assert_int_equal(c.calls, 1);
	in = inspect("rsv0", RPCS_MODE_TC);
	assert_int_equal(rpcs_attachments_add(attachments, &in, RPCS_MODE_TC), 0);
	pass(5001);
	c = kt_await_calls(kernel, 2);
	assert_int_equal(c.calls, 2);
	assert_int_equal(c.packets_watched, 2);
	assert_int_equal(c.packets_forwarded, 1);
	rpcs_attachments_free(&attachments);
	/* Nothing is left that would have the next ones overlooked. */
	attachments = attach(kernel, "rsw0", RPCS_MODE_TC);
	pass(5002);
	assert_int_equal(kt_await_calls(kernel, 3).calls, 3);
	rpcs_attachments_free(&attachments);
	rpcs_kernel_free(&kernel);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RS_TEST(payload_is_glanced_at),
		RS_TEST(forwarded_payload_counts_once),
	};

	return cmocka_run_group_tests_name("attach_scattered", tests, kt_setup, NULL);
}
