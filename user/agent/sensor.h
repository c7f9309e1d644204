/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The sensor's process: everything from the ring to the alert, without any right. */
#ifndef RPCSENTRY_AGENT_SENSOR_H
#define RPCSENTRY_AGENT_SENSOR_H

#include "../policy/policy.h"
#include "../source/ring.h"
#include "../source/state.h"
#include "journal_sink.h"
#include "privilege.h"

/** What the parent hands over. Descriptors that are -1 are not used. */
struct rpcs_sensor_options {
	struct rpcs_policy *policy;
	pid_t parent;
	struct rpcs_identity identity;
	int parent_fd; /* struct rpcs_ipc_message both ways */
	struct rpcs_ring_fds rings;
	int counters_fd;
	struct rpcs_state_fds state_fds; /* of what the programs remember and the sensor changes */
	int eve_fd;
	int journal_fd;	      /* entries to the journal writer */
	const char *eve_path; /* of eve_fd, for messages; NULL: standard output */
	bool text, text_terminal, text_transactions;
	bool keep;		 /* the programs stay when the run ends */
	bool egress;		 /* what leaves this host is watched too */
	int inventory_fd;	 /* what was learned before, if anything */
	bool keeps_inventory;	 /* what is learned now is taken by the parent */
	const char *policy_path; /* NULL: the built-in policy, which is not read again */
	bool any_port_given;	 /* by a flag, which wins over every policy */
	enum rpcs_any_port any_port;
	enum rpcs_any_port compiled_any_port; /* what the programs were loaded with */
	bool compiled_suppress;
};

/** The whole life of the process, from after the fork to its exit status. */
int rpcs_sensor_main(const struct rpcs_sensor_options *options);

#endif
