/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Frames of which only the first bytes lie in an skb's linear part. */
#ifndef RPCSENTRY_TESTS_SCATTERED_H
#define RPCSENTRY_TESTS_SCATTERED_H

#include <linux/virtio_net.h>

#include "attach_test.h"
#include "packets.h"

/* packet(7) makes an skb linear that fits a page. */
enum { SCATTERED_BYTES = 6000 };

/** The interfaces of attach_test.h take such frames from now on. */
static inline void scattered_allow(void)
{
	kt_shell("ip link set rsv0 mtu 9000 && ip link set rsv1 mtu 9000");
}

/** Sends a frame into rsv1, filled up to SCATTERED_BYTES, of which `linear` lie in that part. */
static inline void scattered_send(const struct test_frame *f, uint16_t linear)
{
	struct {
		struct virtio_net_hdr head;
		uint8_t bytes[SCATTERED_BYTES];
	} packet = { .head = { .hdr_len = linear } };
	int fd = kt_socket("rsv1"), on = 1;

	assert_int_equal(setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof(on)), 0);
	memcpy(packet.bytes, f->bytes, f->len);
	assert_int_equal(send(fd, &packet, sizeof(packet), 0), sizeof(packet));
	close(fd);
}

#endif
