// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * TC filters on a clsact qdisc. They outlive their process, also a killed one:
 * priority and handles are fixed, so that the next run finds and replaces them.
 * The handle remembers whose the qdisc is, which nothing else would after a kill.
 */
#include "clsact.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/pkt_sched.h>

#include "netlink.h"

enum {
	RPCS_CLSACT_PRIORITY = 111,
	RPCS_CLSACT_GUEST = 0x52504353, /* "RPCS": on somebody else's qdisc */
	RPCS_CLSACT_OWNER = 0x5250434d, /* "RPCM": on one that was made for us */
};

#define RPCS_CLSACT_BOTH (BPF_TC_INGRESS | BPF_TC_EGRESS)

static bool rpcs_clsact_is_there(uint32_t ifindex, enum bpf_tc_attach_point point, uint32_t handle)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = ifindex, .attach_point = point);
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = handle, .priority = RPCS_CLSACT_PRIORITY);

	return !bpf_tc_query(&hook, &opts);
}

/** Was the qdisc made for us? A filter of ours on either side says so. */
static bool rpcs_clsact_is_ours(uint32_t ifindex)
{
	return rpcs_clsact_is_there(ifindex, BPF_TC_INGRESS, RPCS_CLSACT_OWNER) ||
	       rpcs_clsact_is_there(ifindex, BPF_TC_EGRESS, RPCS_CLSACT_OWNER);
}

int rpcs_clsact_attach(uint32_t ifindex, int program_fd, bool egress)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = ifindex, .attach_point = RPCS_CLSACT_BOTH);
	LIBBPF_OPTS(bpf_tc_opts, opts, .prog_fd = program_fd, .priority = RPCS_CLSACT_PRIORITY,
		    .flags = BPF_TC_F_REPLACE);
	bool created;
	int ret;

	ret = bpf_tc_hook_create(&hook);
	if (ret && ret != -EEXIST)
		return ret;
	created = ret == 0;
	opts.handle = created || rpcs_clsact_is_ours(ifindex) ? RPCS_CLSACT_OWNER
							      : RPCS_CLSACT_GUEST;
	hook.attach_point = egress ? BPF_TC_EGRESS : BPF_TC_INGRESS;
	ret = bpf_tc_attach(&hook, &opts);
	if (ret && created) {
		hook.attach_point = RPCS_CLSACT_BOTH;
		bpf_tc_hook_destroy(&hook);
	}
	return ret;
}

static void rpcs_clsact_tidy(uint32_t ifindex)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = ifindex, .attach_point = RPCS_CLSACT_BOTH);
	bool ingress, egress;

	if (rpcs_netlink_has_filters(ifindex, TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS), &ingress) ||
	    rpcs_netlink_has_filters(ifindex, TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_EGRESS), &egress))
		return;
	if (!ingress && !egress)
		bpf_tc_hook_destroy(&hook);
}

static bool rpcs_clsact_remove(uint32_t ifindex, bool egress, uint32_t handle)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = ifindex,
		    .attach_point = egress ? BPF_TC_EGRESS : BPF_TC_INGRESS);
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = handle, .priority = RPCS_CLSACT_PRIORITY);

	return !bpf_tc_detach(&hook, &opts);
}

bool rpcs_clsact_detach(uint32_t ifindex, bool egress)
{
	bool guest = rpcs_clsact_remove(ifindex, egress, RPCS_CLSACT_GUEST);

	if (!rpcs_clsact_remove(ifindex, egress, RPCS_CLSACT_OWNER))
		return guest;
	rpcs_clsact_tidy(ifindex);
	return true;
}
