// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Processes of a role: what they inherit, and how they end with their parent. */
#include "child.h"

#include <errno.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "../base/cleanup.h"

enum {
	/* What a child may still take to finish once its parent has gone. */
	RPCS_CHILD_ORPHAN_SECONDS = 3,
	RPCS_CHILD_KEEP_MAX = 128,
};

int rpcs_child_fork(const char *role, struct rpcs_child *ret_child)
{
	pid_t pid;
	int fd;

	/* Else both processes would print what is still in the buffers. */
	fflush(NULL);
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0)
		return 0;
	fd = pidfd_open(pid, 0);
	if (fd < 0) {
		int err = -errno;

		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		return err;
	}
	*ret_child = (struct rpcs_child){ .role = role, .pid = pid, .pidfd = fd };
	return 1;
}

static int rpcs_child_signals(void)
{
	static const int left_to_parent[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE };
	sigset_t none;
	size_t i;

	for (i = 0; i < sizeof(left_to_parent) / sizeof(left_to_parent[0]); i++)
		if (signal(left_to_parent[i], SIG_IGN) == SIG_ERR)
			return -errno;
	sigemptyset(&none);
	return sigprocmask(SIG_SETMASK, &none, NULL) ? -errno : 0;
}

static int rpcs_child_compare_fds(const void *a, const void *b)
{
	const int *first = a, *second = b;

	return (*first > *second) - (*first < *second);
}

/** Closes the gaps between the descriptors to keep. */
static int rpcs_child_close_others(const int *keep, size_t count)
{
	unsigned int next = STDERR_FILENO + 1;
	int sorted[RPCS_CHILD_KEEP_MAX];
	size_t i;

	if (count > RPCS_CHILD_KEEP_MAX)
		return -E2BIG;
	if (count) {
		memcpy(sorted, keep, count * sizeof(*keep));
		qsort(sorted, count, sizeof(*sorted), rpcs_child_compare_fds);
	}
	for (i = 0; i < count; i++) {
		if (sorted[i] < 0 || (unsigned int)sorted[i] < next)
			continue;
		if ((unsigned int)sorted[i] > next &&
		    close_range(next, (unsigned int)sorted[i] - 1, 0))
			return -errno;
		next = (unsigned int)sorted[i] + 1;
	}
	return close_range(next, ~0U, 0) ? -errno : 0;
}

int rpcs_child_enter(const char *name, const int *keep, size_t count)
{
	int err = rpcs_child_signals();

	if (err)
		return err;
	if (prctl(PR_SET_NAME, name, 0, 0, 0))
		return -errno;
	return rpcs_child_close_others(keep, count);
}

/** The parent has gone: the second SIGALRM ends us, whatever we are stuck in. */
static void rpcs_child_orphaned(int number)
{
	signal(number, SIG_DFL);
	alarm(RPCS_CHILD_ORPHAN_SECONDS);
}

int rpcs_child_follow(pid_t parent)
{
	struct sigaction action = { .sa_handler = rpcs_child_orphaned, .sa_flags = SA_RESTART };

	if (sigaction(SIGALRM, &action, NULL))
		return -errno;
	/* The kernel forgets this when the user changes: hence after the drop. */
	if (prctl(PR_SET_PDEATHSIG, SIGALRM, 0, 0, 0))
		return -errno;
	return getppid() == parent ? 0 : -ESRCH;
}

static void rpcs_child_reap(struct rpcs_child *child)
{
	while (waitpid(child->pid, &child->status, 0) < 0 && errno == EINTR)
		;
	child->pid = 0;
	rpcs_cleanup_fd(&child->pidfd);
}

int rpcs_child_wait(struct rpcs_child *child, int timeout_ms)
{
	struct pollfd wait = { .fd = child->pidfd, .events = POLLIN };
	int count;

	if (!child->pid)
		return 0;
	/* Every signal is blocked in the parent, so the wait is not cut short. */
	do
		count = poll(&wait, 1, timeout_ms);
	while (count < 0 && errno == EINTR);
	if (count < 0)
		return -errno;
	if (count == 0)
		return -ETIMEDOUT;
	rpcs_child_reap(child);
	return 0;
}

void rpcs_child_kill(struct rpcs_child *child)
{
	if (!child->pid)
		return;
	kill(child->pid, SIGKILL);
	rpcs_child_reap(child);
}

void rpcs_child_describe(const struct rpcs_child *child, char *text, size_t size)
{
	if (WIFSIGNALED(child->status))
		snprintf(text, size, "signal %d (%s)", WTERMSIG(child->status),
			 strsignal(WTERMSIG(child->status)));
	else
		snprintf(text, size, "exit status %d", WEXITSTATUS(child->status));
}

bool rpcs_child_ended_well(const struct rpcs_child *child)
{
	return WIFEXITED(child->status) && WEXITSTATUS(child->status) == 0;
}
