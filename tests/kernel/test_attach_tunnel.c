// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Tunnels on a live interface, where an skb may have its headers outside the linear part. */
#include <linux/virtio_net.h>

#include "attach_test.h"
#include "tunnel_table.h"

/* packet(7) makes an skb linear that fits a page. */
enum { BYTES = 6000, LINEAR_ETHERNET = 14 };

/** Sends a frame of which only `linear` bytes lie in the skb's linear part. */
static void send_scattered(const struct tunnel_frame *t, uint16_t linear)
{
	struct {
		struct virtio_net_hdr head;
		uint8_t bytes[BYTES];
	} packet = { .head = { .hdr_len = linear } };
	int fd = kt_socket("rsv1"), on = 1;

	assert_int_equal(setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof(on)), 0);
	memcpy(packet.bytes, t->f.bytes, t->f.len);
	assert_int_equal(send(fd, &packet, sizeof(packet), 0), sizeof(packet));
	close(fd);
}

static void scattered_headers_are_found(void **state)
{
	static const uint16_t ports[] = { 111 };
	const struct rpcs_kernel_options options = { .ports = ports,
						     .port_count = 1,
						     .ring_size = 1 << 20,
						     .flows = 1024,
						     .tunnels = true };
	struct rpcs_attachments *attachments;
	struct rpcs_kernel *kernel = NULL;
	struct rpcs_counters counters;
	struct tunnel_frame t;
	uint64_t sent = 0;

	(void)state;
	kt_need();
	kt_shell("ip link set rsv0 mtu 9000 && ip link set rsv1 mtu 9000");
	assert_int_equal(rpcs_kernel_load(&options, &kernel), 0);
	attachments = attach(kernel, "rsv0", RPCS_MODE_TC);
	for (int i = 0; i < TUNNEL_CASES; i++) {
		if (tunnel_cases[i].kind != RPCS_RECORD_CALL)
			continue;
		tunnel_build(&tunnel_cases[i], &t);
		/* The end of the linear part in each header of the way. */
		for (uint16_t linear = LINEAR_ETHERNET; linear < t.inner + 60; linear += 9) {
			send_scattered(&t, linear);
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
