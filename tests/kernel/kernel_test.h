/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the tests against a real kernel share: skipping, a namespace and pins of
 * their own, frames, and what was said on standard error.
 */
#ifndef RPCSENTRY_TESTS_KERNEL_TEST_H
#define RPCSENTRY_TESTS_KERNEL_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "source/capability.h"
#include "source/kernel.h"
#include "source/ring.h"

enum { KT_FRAME = 98, KT_DEADLINE_MS = 5000 };

#define KT_UNUSED __attribute__((unused))

/** Why nothing can be tested here; NULL when it can. */
static const char *kt_skip;
static char kt_pin_dir[64];

/** Moves this process into a network namespace and a directory of pins of its own. */
KT_UNUSED static int kt_setup(void **state)
{
	(void)state;
	if (rpcs_capability_missing(RPCS_CAPABILITY_ALL))
		kt_skip = "needs root: CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON";
	else if (unshare(CLONE_NEWNET))
		kt_skip = "can't make a network namespace";
	else if (access("/sys/kernel/btf/vmlinux", R_OK))
		kt_skip = "the kernel has no BTF";
	snprintf(kt_pin_dir, sizeof(kt_pin_dir), "/sys/fs/bpf/rs-test-%d", (int)getpid());
	setenv("RPCSENTRY_PIN_DIR", kt_pin_dir, 1);
	unsetenv("RPCSENTRY_NO_TCX");
	return 0;
}

KT_UNUSED static void kt_need(void)
{
	if (!kt_skip)
		return;
	print_message("SKIPPED: %s\n", kt_skip);
	skip();
}

KT_UNUSED static void kt_shell(const char *command)
{
	int status = system(command);

	if (status)
		print_error("failed: %s\n", command);
	assert_int_equal(status, 0);
}

/** Does the command print this text? */
KT_UNUSED static int kt_prints(const char *command, const char *text)
{
	char line[1024];
	int found = 0;
	FILE *out = popen(command, "r");

	assert_non_null(out);
	while (fgets(line, sizeof(line), out))
		found |= strstr(line, text) != NULL;
	pclose(out);
	return found;
}

static FILE *kt_said_file;
static int kt_said_saved = -1;

/** From here on standard error is kept for kt_said(). */
KT_UNUSED static void kt_listen(void)
{
	fflush(stderr);
	kt_said_file = tmpfile();
	assert_non_null(kt_said_file);
	kt_said_saved = dup(STDERR_FILENO);
	dup2(fileno(kt_said_file), STDERR_FILENO);
}

/** What was said since kt_listen(), in a buffer of its own. */
KT_UNUSED static const char *kt_said(void)
{
	static char text[4096];
	ssize_t len;

	fflush(stderr);
	dup2(kt_said_saved, STDERR_FILENO);
	close(kt_said_saved);
	len = pread(fileno(kt_said_file), text, sizeof(text) - 1, 0);
	fclose(kt_said_file);
	text[len > 0 ? len : 0] = '\0';
	return text;
}

KT_UNUSED static int kt_lines(const char *text)
{
	int lines = 0;

	for (; *text; text++)
		lines += *text == '\n';
	return lines;
}

/** Runs `fn` in a process of its own; its exit status. */
KT_UNUSED static int kt_child(void (*fn)(void *arg), void *arg)
{
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (child == 0) {
		fn(arg);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

KT_UNUSED static void kt_drop_rights(void)
{
	if (setgid(65534) || setuid(65534))
		_exit(2);
}

static uint16_t kt_sum16(const uint8_t *bytes, size_t len)
{
	uint32_t sum = 0;
	size_t i;

	for (i = 0; i + 1 < len; i += 2)
		sum += bytes[i] << 8 | bytes[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

static void kt_put32(uint8_t *at, uint32_t value)
{
	at[0] = value >> 24;
	at[1] = value >> 16;
	at[2] = value >> 8;
	at[3] = value;
}

/** A portmap v2 GETPORT call over UDP, 10.9.0.2:700 to 10.8.0.2:`port`. */
KT_UNUSED static void kt_frame(uint8_t frame[KT_FRAME], uint32_t xid, uint16_t port)
{
	static const uint8_t ip[20] = { 0x45, 0, 0,  84, 0, 1, 0,  0, 64, 17,
					0,    0, 10, 9,	 0, 2, 10, 8, 0,  2 };
	const uint32_t words[14] = { xid, 0, 2, 100000, 2, 3, 0, 0, 0, 0, 100003, 3, 17, 0 };
	uint16_t sum;
	int i;

	memset(frame, 0, KT_FRAME);
	memcpy(frame, "\x02\0\0\0\0\x0a\x02\0\0\0\0\x0b\x08\0", 14);
	memcpy(frame + 14, ip, sizeof(ip));
	sum = kt_sum16(frame + 14, 20);
	frame[24] = sum >> 8;
	frame[25] = sum;
	frame[34] = 700 >> 8;
	frame[35] = 700 & 0xff;
	frame[36] = port >> 8;
	frame[37] = port & 0xff;
	frame[39] = 64;
	for (i = 0; i < 14; i++)
		kt_put32(frame + 42 + 4 * i, words[i]);
}

/** A packet socket on an interface. */
KT_UNUSED static int kt_socket(const char *iface)
{
	struct sockaddr_ll address = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(3), /* ETH_P_ALL */
		.sll_ifindex = (int)if_nametoindex(iface),
	};
	struct timeval patience = { .tv_usec = 100000 };
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(3));

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	return fd;
}

/** Sends a frame out of an interface: what leaves a veth comes in at its peer. */
KT_UNUSED static void kt_send(const char *iface, uint32_t xid)
{
	uint8_t frame[KT_FRAME];
	int fd = kt_socket(iface);

	kt_frame(frame, xid, 111);
	assert_int_equal(send(fd, frame, sizeof(frame), 0), sizeof(frame));
	close(fd);
}

KT_UNUSED static uint64_t kt_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ULL + now.tv_nsec / 1000000;
}

KT_UNUSED static void kt_nap(void)
{
	const struct timespec nap = { .tv_nsec = 5000000 };

	nanosleep(&nap, NULL);
}

KT_UNUSED static struct rpcs_counters kt_counters(const struct rpcs_kernel *kernel)
{
	struct rpcs_counters counters;

	assert_int_equal(rpcs_kernel_counters_read(rpcs_kernel_counters_fd(kernel), &counters), 0);
	return counters;
}

/** Waits until `calls` have been counted; what the counters say then, or at the deadline. */
KT_UNUSED static struct rpcs_counters kt_await_calls(const struct rpcs_kernel *kernel,
						     uint64_t calls)
{
	uint64_t end = kt_now_ms() + KT_DEADLINE_MS;
	struct rpcs_counters counters = kt_counters(kernel);

	while (counters.calls < calls && kt_now_ms() < end) {
		kt_nap();
		counters = kt_counters(kernel);
	}
	return counters;
}

/** The portmapper's port alone, small tables, and this. */
KT_UNUSED static struct rpcs_kernel *kt_load_with(struct rpcs_kernel_options options)
{
	static const uint16_t ports[] = { 111 };
	struct rpcs_kernel *kernel = NULL;

	options.ports = ports;
	options.port_count = 1;
	options.ring_size = 1 << 20;
	options.flows = 1024;
	options.calls = 1024;
	assert_int_equal(rpcs_kernel_load(&options, &kernel), 0);
	return kernel;
}

KT_UNUSED static struct rpcs_kernel *kt_load(bool pin)
{
	return kt_load_with((struct rpcs_kernel_options){ .pin = pin });
}

/** The reader of its rings. */
KT_UNUSED static struct rpcs_ring *kt_ring(const struct rpcs_kernel *kernel, rpcs_record_fn take,
					   void *arg)
{
	struct rpcs_ring *ring = NULL;

	assert_int_equal(rpcs_kernel_ring_new(kernel, take, arg, &ring), 0);
	return ring;
}

/** All that lies in the rings. */
KT_UNUSED static void kt_drain(struct rpcs_ring *ring)
{
	bool more = true;

	while (more)
		assert_int_equal(rpcs_ring_consume(ring, 64, &more), 0);
}

KT_UNUSED static void kt_assert_no_pins(void)
{
	struct stat st;

	assert_int_equal(stat(kt_pin_dir, &st), -1);
	assert_int_equal(errno, ENOENT);
}

#endif
