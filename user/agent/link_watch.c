// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A netlink socket as a mere bell: messages may be lost, a look at the interface may not. */
#include "link_watch.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "../base/cleanup.h"

int rpcs_link_watch_open(void)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK };
	RPCS_OWNED_FD fd =
		socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);

	if (fd < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)))
		return -errno;
	return RPCS_TAKE_FD(fd);
}

void rpcs_link_watch_drain(int fd)
{
	char bytes[8192];

	/* ENOBUFS says that some were lost: as good as one more. */
	while (recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT) > 0 || errno == EINTR ||
	       errno == ENOBUFS)
		;
}
