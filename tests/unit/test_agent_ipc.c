// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Messages between parent and sensor: whole ones arrive, all others leave nothing behind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/ipc.h"
#include "base/cleanup.h"

struct pair {
	int fds[2];
};

static int setup(void **state)
{
	static struct pair pair;

	*state = &pair;
	return rpcs_ipc_pair(pair.fds);
}

static int teardown(void **state)
{
	struct pair *pair = *state;

	rpcs_cleanup_fd(&pair->fds[0]);
	rpcs_cleanup_fd(&pair->fds[1]);
	return 0;
}

static int open_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int count = 0;

	assert_non_null(dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

/** Sends raw bytes with `fd_count` copies of standard error attached. */
static void send_raw(int fd, const void *bytes, size_t len, int fd_count)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(8 * sizeof(int))];
	} control = { 0 };
	struct iovec part = { .iov_base = (void *)bytes, .iov_len = len };
	struct msghdr head = { .msg_iov = &part, .msg_iovlen = 1 };
	int fds[8] = { 2, 2, 2, 2, 2, 2, 2, 2 };

	if (fd_count) {
		head.msg_control = control.bytes;
		head.msg_controllen = CMSG_SPACE((size_t)fd_count * sizeof(int));
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN((size_t)fd_count * sizeof(int));
		memcpy(CMSG_DATA(&control.header), fds, (size_t)fd_count * sizeof(int));
	}
	assert_int_equal(sendmsg(fd, &head, 0), (ssize_t)len);
}

static void test_message_arrives_as_sent(void **state)
{
	struct pair *pair = *state;
	struct rpcs_ipc_message sent = {
		.kind = RPCS_IPC_DONE, .alerts = 7, .records_lost = UINT64_MAX, .journal_dropped = 9
	};
	struct rpcs_ipc_message got;
	int passed = 99;

	assert_int_equal(rpcs_ipc_send(pair->fds[0], &sent, -1), 0);
	assert_int_equal(rpcs_ipc_receive(pair->fds[1], &got, &passed), 0);
	assert_memory_equal(&got, &sent, sizeof(sent));
	assert_int_equal(passed, -1);
}

static void test_empty_socket_says_again(void **state)
{
	struct pair *pair = *state;
	struct rpcs_ipc_message got;
	int passed;

	assert_int_equal(rpcs_ipc_receive(pair->fds[1], &got, &passed), -EAGAIN);
}

static void test_messages_keep_their_order(void **state)
{
	struct pair *pair = *state;
	struct rpcs_ipc_message message = { .kind = RPCS_IPC_DONE };
	uint64_t i;
	int passed;

	for (i = 0; i < 20; i++) {
		message.alerts = i;
		assert_int_equal(rpcs_ipc_send(pair->fds[1], &message, -1), 0);
	}
	for (i = 0; i < 20; i++) {
		assert_int_equal(rpcs_ipc_receive(pair->fds[0], &message, &passed), 0);
		assert_int_equal(message.alerts, i);
	}
}

static void test_descriptor_is_the_same_file(void **state)
{
	struct pair *pair = *state;
	struct rpcs_ipc_message message = { .kind = RPCS_IPC_EVE };
	RPCS_OWNED_FD file = open("/dev/null", O_WRONLY | O_CLOEXEC);
	RPCS_OWNED_FD passed = -1;
	struct stat a, b;

	assert_int_equal(rpcs_ipc_send(pair->fds[0], &message, file), 0);
	assert_int_equal(rpcs_ipc_receive(pair->fds[1], &message, &passed), 0);
	assert_int_equal(message.kind, RPCS_IPC_EVE);
	assert_true(passed >= 0 && passed != file);
	assert_true(fcntl(passed, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(fstat(file, &a), 0);
	assert_int_equal(fstat(passed, &b), 0);
	assert_int_equal(a.st_rdev, b.st_rdev);
}

static void test_other_lengths_are_refused(void **state)
{
	struct pair *pair = *state;
	uint8_t bytes[4 * sizeof(struct rpcs_ipc_message)] = { RPCS_IPC_READY };
	struct rpcs_ipc_message message = { .kind = RPCS_IPC_READY };
	size_t len;
	int passed;

	for (len = 1; len <= sizeof(bytes); len++) {
		send_raw(pair->fds[0], bytes, len, 0);
		assert_int_equal(rpcs_ipc_receive(pair->fds[1], &message, &passed),
				 len == sizeof(message) ? 0 : -EBADMSG);
	}
	/* What was too long has gone whole: the next one is read from its start. */
	assert_int_equal(rpcs_ipc_send(pair->fds[0], &message, -1), 0);
	assert_int_equal(rpcs_ipc_receive(pair->fds[1], &message, &passed), 0);
}

static void test_unknown_kinds_are_refused(void **state)
{
	static const struct rpcs_ipc_message bad[] = {
		{ .kind = RPCS_IPC_NONE },
		{ .kind = RPCS_IPC__MAX },
		{ .kind = UINT32_MAX },
		{ .kind = RPCS_IPC_READY, .verdict = RPCS_INVENTORY_VERDICT__MAX },
		{ .kind = RPCS_IPC_DONE, .verdict = RPCS_INVENTORY_DAMAGED },
		{ .kind = RPCS_IPC_POLICY }, /* without its descriptor */
	};
	struct pair *pair = *state;
	struct rpcs_ipc_message got = { .alerts = 5 };
	int passed = 99;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		send_raw(pair->fds[0], &bad[i], sizeof(bad[i]), 0);
		assert_int_equal(rpcs_ipc_receive(pair->fds[1], &got, &passed), -EBADMSG);
	}
	/* Outputs are written on success only. */
	assert_int_equal(got.alerts, 5);
	assert_int_equal(passed, 99);
}

static void test_surplus_descriptors_are_closed(void **state)
{
	struct pair *pair = *state;
	struct rpcs_ipc_message stop = { .kind = RPCS_IPC_READY };
	struct rpcs_ipc_message eve = { .kind = RPCS_IPC_EVE };
	struct rpcs_ipc_message got;
	int before = open_descriptors();
	int passed, count;

	for (count = 1; count <= 8; count++) {
		send_raw(pair->fds[0], &stop, sizeof(stop), count);
		assert_int_equal(rpcs_ipc_receive(pair->fds[1], &got, &passed), -EBADMSG);
	}
	for (count = 2; count <= 8; count++) {
		send_raw(pair->fds[0], &eve, sizeof(eve), count);
		assert_int_equal(rpcs_ipc_receive(pair->fds[1], &got, &passed), -EBADMSG);
	}
	send_raw(pair->fds[0], &eve, sizeof(eve), 0);
	assert_int_equal(rpcs_ipc_receive(pair->fds[1], &got, &passed), -EBADMSG);
	send_raw(pair->fds[0], "x", 1, 3);
	assert_int_equal(rpcs_ipc_receive(pair->fds[1], &got, &passed), -EBADMSG);
	assert_int_equal(open_descriptors(), before);
}

static void test_the_end_is_told_after_the_last_message(void **state)
{
	struct pair *pair = *state;
	struct rpcs_ipc_message message = { .kind = RPCS_IPC_READY };
	int passed;

	assert_int_equal(rpcs_ipc_send(pair->fds[0], &message, -1), 0);
	rpcs_cleanup_fd(&pair->fds[0]);
	assert_int_equal(rpcs_ipc_receive(pair->fds[1], &message, &passed), 0);
	assert_int_equal(rpcs_ipc_receive(pair->fds[1], &message, &passed), -EPIPE);
	/* No SIGPIPE: this process would be gone. */
	assert_int_equal(rpcs_ipc_send(pair->fds[1], &message, -1), -EPIPE);
}

/* Where no message has room the end still arrives, and an answer comes back. */
static void test_the_end_needs_no_room(void **state)
{
	struct pair *pair = *state;
	struct rpcs_ipc_message message = { .kind = RPCS_IPC_READY };
	int passed, err = 0;

	while (!err)
		err = rpcs_ipc_send(pair->fds[0], &message, -1);
	assert_int_equal(err, -EAGAIN);
	assert_int_equal(shutdown(pair->fds[0], SHUT_WR), 0);
	while (!(err = rpcs_ipc_receive(pair->fds[1], &message, &passed)))
		;
	assert_int_equal(err, -EPIPE);
	message.kind = RPCS_IPC_DONE;
	message.lines_lost = 7;
	assert_int_equal(rpcs_ipc_send(pair->fds[1], &message, -1), 0);
	assert_int_equal(rpcs_ipc_receive(pair->fds[0], &message, &passed), 0);
	assert_int_equal(message.lines_lost, 7);
}

static void test_full_socket_does_not_block(void **state)
{
	struct pair *pair = *state;
	struct rpcs_ipc_message message = { .kind = RPCS_IPC_DONE };
	int sent, err = 0;

	for (sent = 0; sent < 1000000 && !err; sent++)
		err = rpcs_ipc_send(pair->fds[0], &message, -1);
	assert_int_equal(err, -EAGAIN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_message_arrives_as_sent, setup, teardown),
		cmocka_unit_test_setup_teardown(test_empty_socket_says_again, setup, teardown),
		cmocka_unit_test_setup_teardown(test_messages_keep_their_order, setup, teardown),
		cmocka_unit_test_setup_teardown(test_descriptor_is_the_same_file, setup, teardown),
		cmocka_unit_test_setup_teardown(test_other_lengths_are_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unknown_kinds_are_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_surplus_descriptors_are_closed, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_the_end_is_told_after_the_last_message, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_the_end_needs_no_room, setup, teardown),
		cmocka_unit_test_setup_teardown(test_full_socket_does_not_block, setup, teardown),
	};

	return cmocka_run_group_tests_name("agent/ipc", tests, NULL, NULL);
}
