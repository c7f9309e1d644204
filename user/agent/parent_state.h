/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The parent's state, shared by start (parent.c), loop (parent_loop.c) and end (parent_stop.c). */
#ifndef RPCSENTRY_AGENT_PARENT_STATE_H
#define RPCSENTRY_AGENT_PARENT_STATE_H

#include "../source/attach.h"
#include "../services/inventory.h"
#include "../services/store.h"
#include "../source/kernel.h"
#include "child.h"
#include "lock.h"
#include "run_options.h"

struct rpcs_parent {
	const struct rpcs_run_plan *plan;
	struct rpcs_policy *policy;
	struct rpcs_lock lock;
	struct rpcs_kernel *kernel;
	struct rpcs_attachments *attachments;
	struct rpcs_interface interfaces[RPCS_POLICY_INTERFACES_MAX];
	bool gone[RPCS_POLICY_INTERFACES_MAX]; /* vanished while watched */
	struct rpcs_child sensor, writer;
	int sensor_fd; /* struct rpcs_ipc_message both ways; -1 once it is closed */
	int eve_fd;    /* until the sensor has it */
	int signal_fd, links_fd;
	struct rpcs_store store; /* the inventory's file, if there is a place for it */
	int inventory_fd;	 /* what it holds, until the sensor has it */
	uint64_t stored_ns;
	bool store_failing; /* told so */
	bool deaf;	    /* the sensor has closed its end */
	bool failed;	    /* exit 1 */
};

/** The event file, opened for appending; logs the one line on failure; -errno. */
int rpcs_parent_open_eve(const char *path);

/** Opens the inventory, or tells why the run goes on without it. */
void rpcs_parent_open_inventory(struct rpcs_parent *parent);

/** Can it be written with the rights that are left? Tells if not. */
void rpcs_parent_check_inventory(struct rpcs_parent *parent);

/** What the sensor found in the file, which it has told. */
void rpcs_parent_judge_inventory(struct rpcs_parent *parent, enum rpcs_inventory_verdict verdict);

/** Puts what the sensor made in the file's place; `last`: however soon after the one before. */
void rpcs_parent_store_inventory(struct rpcs_parent *parent, int fd, bool last);

/** Takes the sensor's messages. */
void rpcs_parent_hear(struct rpcs_parent *parent);

/** Waits for signals, children and interfaces until something ends the run. */
void rpcs_parent_loop(struct rpcs_parent *parent);

/** Programs off, sensor, journal writer: each may finish, none for ever. */
void rpcs_parent_stop(struct rpcs_parent *parent);

#endif
