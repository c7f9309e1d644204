/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A process of its own for each role: beginning, watching and ending one. */
#ifndef RPCSENTRY_AGENT_CHILD_H
#define RPCSENTRY_AGENT_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/** A child as the parent sees it; pid 0: none, or reaped. */
struct rpcs_child {
	const char *role; /* "sensor", for messages */
	pid_t pid;
	int pidfd;  /* readable once it has ended; -1 for none */
	int status; /* as waitpid() gave it, once pid is 0 again */
};

enum { RPCS_CHILD_NAME_MAX = 16 };

/**
 * Forks. Returns 0 in the child, which calls rpcs_child_enter() first, and 1
 * in the parent with *ret_child set; -errno.
 */
int rpcs_child_fork(const char *role, struct rpcs_child *ret_child);

/**
 * The child's first step: signals that the terminal or a service manager sends
 * to every process are the parent's to answer; all descriptors but standard
 * ones and the `count` in `keep` (-1 is skipped) are closed, links and programs
 * of the BPF object before all.
 */
int rpcs_child_enter(const char *name, const int *keep, size_t count);

/**
 * After the drop of rights: ends this process some seconds after its parent,
 * so that it can finish first. -ESRCH: the parent has gone already.
 */
int rpcs_child_follow(pid_t parent);

/** Waits for the end, at most `timeout_ms`; -ETIMEDOUT. Sets child->status. */
int rpcs_child_wait(struct rpcs_child *child, int timeout_ms);

/** Kills it and reaps it. */
void rpcs_child_kill(struct rpcs_child *child);

/** "exit status 1" or "signal 9 (Killed)". */
void rpcs_child_describe(const struct rpcs_child *child, char *text, size_t size);

/** Did it end with exit status 0? */
bool rpcs_child_ended_well(const struct rpcs_child *child);

#endif
