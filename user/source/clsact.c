// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * TC filters on a clsact qdisc. They outlive their process, also a killed one:
 * priority and handle are fixed, so that the next run finds and replaces them.
 */
#include "clsact.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/pkt_sched.h>

#include "netlink.h"

enum {
	RPCS_CLSACT_PRIORITY = 111,
	RPCS_CLSACT_HANDLE = 0x52504353, /* "RPCS" */
};

#define RPCS_CLSACT_BOTH (BPF_TC_INGRESS | BPF_TC_EGRESS)

static bool rpcs_clsact_is_there(const struct bpf_tc_hook *hook)
{
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = RPCS_CLSACT_HANDLE,
		    .priority = RPCS_CLSACT_PRIORITY);

	return !bpf_tc_query(hook, &opts);
}

int rpcs_clsact_attach(uint32_t ifindex, int program_fd, bool egress, bool *ret_made)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = ifindex, .attach_point = RPCS_CLSACT_BOTH);
	LIBBPF_OPTS(bpf_tc_opts, opts, .prog_fd = program_fd, .handle = RPCS_CLSACT_HANDLE,
		    .priority = RPCS_CLSACT_PRIORITY, .flags = BPF_TC_F_REPLACE);
	bool created, earlier;
	int ret;

	ret = bpf_tc_hook_create(&hook);
	if (ret && ret != -EEXIST)
		return ret;
	created = ret == 0;
	hook.attach_point = egress ? BPF_TC_EGRESS : BPF_TC_INGRESS;
	earlier = rpcs_clsact_is_there(&hook);
	ret = bpf_tc_attach(&hook, &opts);
	if (ret && created) {
		hook.attach_point = RPCS_CLSACT_BOTH;
		bpf_tc_hook_destroy(&hook);
	}
	if (!ret)
		*ret_made = created || earlier;
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

bool rpcs_clsact_detach(uint32_t ifindex, bool egress, bool made)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = ifindex,
		    .attach_point = egress ? BPF_TC_EGRESS : BPF_TC_INGRESS);
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = RPCS_CLSACT_HANDLE,
		    .priority = RPCS_CLSACT_PRIORITY);

	if (bpf_tc_detach(&hook, &opts))
		return false;
	if (made)
		rpcs_clsact_tidy(ifindex);
	return true;
}
