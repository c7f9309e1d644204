// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Messages of one fixed size; neither side believes what the other one sends. */
#include "ipc.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

#include "../base/cleanup.h"

/* Room for more than the one that is allowed, so that a surplus is seen and closed. */
enum { RPCS_IPC_FDS_MAX = 4 };

int rpcs_ipc_pair(int ret_fds[2])
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ret_fds))
		return -errno;
	return 0;
}

int rpcs_ipc_send(int fd, const struct rpcs_ipc_message *message, int passed)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct rpcs_ipc_message copy = *message;
	struct iovec part = { .iov_base = &copy, .iov_len = sizeof(copy) };
	struct msghdr head = { .msg_iov = &part, .msg_iovlen = 1 };
	ssize_t sent;

	if (passed >= 0) {
		head.msg_control = control.bytes;
		head.msg_controllen = sizeof(control.bytes);
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.header), &passed, sizeof(int));
	}
	do
		sent = sendmsg(fd, &head, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	if (sent < 0)
		return errno == ECONNRESET ? -EPIPE : -errno;
	return 0;
}

/** Collects the descriptors of a message; returns how many. */
static int rpcs_ipc_take_fds(struct msghdr *head, int fds[RPCS_IPC_FDS_MAX])
{
	struct cmsghdr *control;
	int count = 0;

	for (control = CMSG_FIRSTHDR(head); control; control = CMSG_NXTHDR(head, control)) {
		size_t len, i;

		if (control->cmsg_level != SOL_SOCKET || control->cmsg_type != SCM_RIGHTS)
			continue;
		len = (control->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (i = 0; i < len && count < RPCS_IPC_FDS_MAX; i++)
			memcpy(&fds[count++], CMSG_DATA(control) + i * sizeof(int), sizeof(int));
	}
	return count;
}

/** Is it a message of ours, with a descriptor where one belongs? */
static bool rpcs_ipc_is_sound(const struct rpcs_ipc_message *message, size_t len, int flags,
			      int fds)
{
	if (len != sizeof(*message) || flags & (MSG_TRUNC | MSG_CTRUNC))
		return false;
	if (message->kind == RPCS_IPC_NONE || message->kind >= RPCS_IPC__MAX)
		return false;
	if (message->verdict >=
	    (message->kind == RPCS_IPC_READY ? (uint32_t)RPCS_INVENTORY_VERDICT__MAX : 1U))
		return false;
	return fds == (message->kind == RPCS_IPC_EVE || message->kind == RPCS_IPC_INVENTORY ||
		       message->kind == RPCS_IPC_POLICY);
}

int rpcs_ipc_receive(int fd, struct rpcs_ipc_message *ret_message, int *ret_passed)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(RPCS_IPC_FDS_MAX * sizeof(int))];
	} control = { 0 };
	struct rpcs_ipc_message message = { 0 };
	struct iovec part = { .iov_base = &message, .iov_len = sizeof(message) };
	struct msghdr head = { .msg_iov = &part,
			       .msg_iovlen = 1,
			       .msg_control = control.bytes,
			       .msg_controllen = sizeof(control.bytes) };
	int fds[RPCS_IPC_FDS_MAX];
	int count, i;
	ssize_t len;

	do
		len = recvmsg(fd, &head, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	while (len < 0 && errno == EINTR);
	if (len < 0)
		return errno == ECONNRESET ? -EPIPE : -errno;

	count = rpcs_ipc_take_fds(&head, fds);
	if (len == 0 && count == 0)
		return -EPIPE;
	if (!rpcs_ipc_is_sound(&message, (size_t)len, head.msg_flags, count)) {
		for (i = 0; i < count; i++)
			close(fds[i]);
		return -EBADMSG;
	}
	*ret_message = message;
	*ret_passed = count ? fds[0] : -1;
	return 0;
}
