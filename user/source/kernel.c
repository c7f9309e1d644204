// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The BPF object: opened, sized, loaded, its maps pinned and taken over. */
#include "kernel.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#include <rpcsentry/counters.h>
#include <rpcsentry/record.h>

#include "../base/cleanup.h"
#include "../base/log.h"
#include "budget.h"
#include "kernel_object.h"
#include "kernel_skeleton.h"
#include "pins.h"
#include "ports.h"
#include "state.h"
#include "suppress_map.h"

enum { RPCS_VERIFIER_LOG = 1 << 20 };

static int __attribute__((format(printf, 2, 0)))
rpcs_kernel_print(enum libbpf_print_level level, const char *format, va_list args)
{
	if (!rpcs_verbose || level == LIBBPF_DEBUG)
		return 0;
	return vfprintf(stderr, format, args);
}

void rpcs_kernel_quiet(void)
{
	libbpf_set_print(rpcs_kernel_print);
}

void rpcs_kernel_options_fill(struct rpcs_kernel_options *options, const struct rpcs_policy *policy)
{
	const struct rpcs_settings *settings = rpcs_policy_settings(policy);

	options->ports = settings->ports;
	options->port_count = settings->port_count;
	options->ring_size = settings->ring_size;
	options->flows = settings->limit_flows;
	options->calls = rpcs_state_expected_max(settings);
	options->flow_timeout_ns = settings->flow_timeout_ns;
	options->call_timeout_ns = settings->call_timeout_ns;
	/* A capture is read whole. */
	options->budget = options->test_clock ? 0 : settings->limit_per_source_records;
	options->suppresses = rpcs_policy_suppresses(policy);
	options->suppress = rpcs_policy_suppress_list(policy, &options->suppress_count);
	options->any_port = settings->any_port;
	options->tunnels = settings->tunnels;
	options->sensitive = rpcs_policy_sensitive(policy, &options->sensitive_count);
}

static int rpcs_kernel_configure(struct rpcs_config *config,
				 const struct rpcs_kernel_options *options)
{
	struct timespec tick;

	/* That clock goes on with jiffies, whose length no other call tells. */
	if (clock_getres(CLOCK_MONOTONIC_COARSE, &tick))
		return -errno;
	config->jiffy_ns = (uint64_t)tick.tv_nsec;
	/* They begin five minutes before 32 bits of them end (linux/jiffies.h). */
	config->jiffies = (uint32_t) - (300 * (1000000000 / tick.tv_nsec));
	config->any_port = options->any_port;
	config->tunnels = options->tunnels;
	config->test_clock = options->test_clock;
	config->flow_timeout_ns = options->flow_timeout_ns;
	config->call_timeout_ns = options->call_timeout_ns;
	config->suppress = options->suppresses;
	config->budget = options->budget > 0;
	return rpcs_budget_seed(config->seed);
}

/**
 * What the programs look up from their first packet on. A kept table of ports may
 * be in use while it is changed.
 */
static int rpcs_kernel_fill(struct rpcs_kernel *kernel, const struct rpcs_kernel_options *options)
{
	RPCS_CLEANUP(rpcs_state_free) struct rpcs_state *state = NULL;
	static const uint16_t portmapper = 111;
	struct rpcs_state_fds fds;
	struct rpcs_ports ports = {};
	const uint8_t one = 1;
	uint32_t i;
	int err;

	rpcs_kernel_state_fds(kernel, &fds);
	err = rpcs_kernel_sets_keep_seeds(kernel);
	if (err)
		return err;
	state = rpcs_state_maps(&fds);
	if (!state)
		return -errno;
	rpcs_ports_fill(&ports, options->port_count ? options->ports : &portmapper,
			options->port_count ? options->port_count : 1, options->any_port,
			options->tunnels);
	rpcs_budget_fill(&ports, options->budget);
	rpcs_ports_replace(rpcs_state_ports(state), &ports);
	if (options->budget && rpcs_over_begin(fds.over_budget))
		return -errno;
	for (i = 0; i < options->sensitive_count; i++)
		if (bpf_map_update_elem(bpf_map__fd(kernel->skel->maps.sensitive),
					&options->sensitive[i], &one, BPF_ANY))
			return -errno;
	return rpcs_suppress_replace(fds.suppress, fds.sieve, options->suppress,
				     options->suppress_count);
}

/** Programs that nobody asked for need not be verified. */
static void rpcs_kernel_choose(struct rpcsentry_bpf *skel,
			       const struct rpcs_kernel_options *options)
{
	uint32_t hooks = options->hooks ? options->hooks : UINT32_MAX;
	bool xdp = hooks & 1U << RPCS_HOOK_XDP;
	bool in = hooks & 1U << RPCS_HOOK_TC_INGRESS, out = hooks & 1U << RPCS_HOOK_TC_EGRESS;

	bpf_program__set_autoload(skel->progs.rpcs_xdp, xdp);
	bpf_program__set_autoload(skel->progs.rpcs_xdp_look, xdp);
	bpf_program__set_autoload(skel->progs.rpcs_tc_look, in || out);
	bpf_program__set_autoload(skel->progs.rpcs_tc_ingress, in);
	bpf_program__set_autoload(skel->progs.rpcs_tc_l3_ingress, in);
	bpf_program__set_autoload(skel->progs.rpcs_tc_egress, out);
	bpf_program__set_autoload(skel->progs.rpcs_tc_l3_egress, out);
}

/** Where the programs on the hooks go on to; kept ones that use the same array do at once. */
static int rpcs_kernel_join(const struct bpf_map *array, const struct bpf_program *look)
{
	const uint32_t zero = 0;
	int fd = bpf_program__fd(look);

	if (!bpf_program__autoload(look))
		return 0;
	return bpf_map_update_elem(bpf_map__fd(array), &zero, &fd, BPF_ANY) ? -errno : 0;
}

/** The sizes that the policy sets. */
static int rpcs_kernel_size(struct rpcs_kernel *kernel, const struct rpcs_kernel_options *options)
{
	struct rpcsentry_bpf *skel = kernel->skel;
	int ret;

	ret = rpcs_kernel_rings_plan(kernel, options);
	if (!ret)
		ret = rpcs_kernel_sets_size(kernel, options);
	if (!ret && !options->budget)
		ret = rpcs_budget_size(skel->maps.budget_sources, skel->maps.over_budget);
	if (!ret && options->sensitive_count > bpf_map__max_entries(skel->maps.sensitive))
		ret = bpf_map__set_max_entries(skel->maps.sensitive, options->sensitive_count);
	return ret;
}

static int rpcs_kernel_open(struct rpcs_kernel *kernel, const struct rpcs_kernel_options *options)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .kernel_log_buf = kernel->log,
		    .kernel_log_size = RPCS_VERIFIER_LOG);
	struct rpcsentry_bpf *skel;
	int ret;

	skel = rpcsentry_bpf__open_opts(&opts);
	if (!skel) {
		ret = errno ? -errno : -EINVAL;
		rpcs_log_error("can't open the BPF object inside this program: %s", strerror(-ret));
		return ret;
	}
	kernel->skel = skel;
	kernel->maps[RPCS_KERNEL_COUNTERS] = skel->maps.counters;
	kernel->maps[RPCS_KERNEL_PROCEDURES] = skel->maps.procedures;
	kernel->maps[RPCS_KERNEL_RINGS] = skel->maps.rings;
	kernel->maps[RPCS_KERNEL_BELLS] = skel->maps.data_bells;
	kernel->maps[RPCS_KERNEL_FLOWS] = skel->maps.flows;
	kernel->maps[RPCS_KERNEL_FRAGMENTS] = skel->maps.fragments;
	kernel->maps[RPCS_KERNEL_FIRSTS] = skel->maps.firsts;
	kernel->maps[RPCS_KERNEL_EXPECTED] = skel->maps.expected;
	kernel->maps[RPCS_KERNEL_PORTS] = skel->maps.data_ports;
	kernel->maps[RPCS_KERNEL_INTERFACES] = skel->maps.data_interfaces;
	kernel->maps[RPCS_KERNEL_RULES] = skel->maps.rules;
	kernel->maps[RPCS_KERNEL_SUPPRESS] = skel->maps.suppress;
	kernel->maps[RPCS_KERNEL_SIEVE] = skel->maps.data_sieve;
	kernel->maps[RPCS_KERNEL_SILENCED] = skel->maps.silenced;
	kernel->maps[RPCS_KERNEL_OVER_BUDGET] = skel->maps.over_budget;
	kernel->maps[RPCS_KERNEL_XDP_LOOK] = skel->maps.xdp_look;
	kernel->maps[RPCS_KERNEL_TC_LOOK] = skel->maps.tc_look;
	kernel->maps[RPCS_KERNEL_TC_WAY] = skel->maps.tc_way;
	rpcs_kernel_choose(skel, options);
	ret = rpcs_kernel_configure((struct rpcs_config *)&skel->rodata->rpcs_config, options);
	if (!ret)
		ret = rpcs_kernel_size(kernel, options);
	if (ret)
		rpcs_log_error("can't size the kernel's maps: %s", strerror(-ret));
	return ret;
}

static int rpcs_kernel_start(struct rpcs_kernel *kernel, const struct rpcs_kernel_options *options)
{
	int ret = rpcs_kernel_check_privilege();

	if (!ret && options->pin)
		ret = rpcs_pins_prepare();
	if (!ret)
		ret = rpcs_kernel_open(kernel, options);
	if (!ret && options->pin)
		ret = rpcs_kernel_take_over(kernel);
	if (!ret)
		ret = rpcs_kernel_sets_seed(kernel);
	if (ret)
		return ret;
	ret = rpcs_kernel_rings_make(kernel);
	if (!ret)
		ret = rpcsentry_bpf__load(kernel->skel);
	if (ret) {
		rpcs_kernel_explain(kernel, -ret);
		return ret;
	}
	ret = rpcs_kernel_rings_fill(kernel);
	if (!ret)
		ret = rpcs_kernel_fill(kernel, options);
	if (!ret)
		ret = rpcs_kernel_join(kernel->skel->maps.xdp_look,
				       kernel->skel->progs.rpcs_xdp_look);
	if (!ret)
		ret = rpcs_kernel_join(kernel->skel->maps.tc_look,
				       kernel->skel->progs.rpcs_tc_look);
	if (ret) {
		rpcs_log_error("can't fill the kernel's maps: %s", strerror(-ret));
		return ret;
	}
	if (options->pin)
		ret = rpcs_kernel_pin_maps(kernel);
	return ret;
}

int rpcs_kernel_load(const struct rpcs_kernel_options *options, struct rpcs_kernel **ret_kernel)
{
	RPCS_CLEANUP(rpcs_kernel_free) struct rpcs_kernel *kernel = NULL;
	int ret;

	rpcs_kernel_quiet();
	kernel = calloc(1, sizeof(*kernel));
	if (kernel)
		kernel->log = calloc(1, RPCS_VERIFIER_LOG);
	if (!kernel || !kernel->log) {
		rpcs_log_error("can't load the BPF programs: out of memory");
		return -ENOMEM;
	}
	kernel->owner = getpid();
	memset(&kernel->rings, 0xff, sizeof(kernel->rings)); /* no descriptors yet */
	ret = rpcs_kernel_start(kernel, options);
	if (ret)
		return ret;
	rpcs_kernel_cpus(); /* remembers the count while it can still be read */
	rpcs_cleanup_free(&kernel->log);
	*ret_kernel = RPCS_TAKE(kernel);
	return 0;
}

void rpcs_kernel_free(struct rpcs_kernel **kernel_owner)
{
	struct rpcs_kernel *kernel = *kernel_owner;

	if (!kernel)
		return;
	if (kernel->owner == getpid() && !kernel->keep) {
		if (kernel->pinned)
			rpcs_kernel_unpin(kernel);
		rpcs_pins_tidy();
	}
	rpcs_kernel_rings_free(kernel);
	rpcsentry_bpf__destroy(kernel->skel);
	free(kernel->log);
	free(kernel);
	*kernel_owner = NULL;
}

int rpcs_kernel_program_fd(const struct rpcs_kernel *kernel, enum rpcs_hook hook)
{
	switch (hook) {
	case RPCS_HOOK_XDP:
		return bpf_program__fd(kernel->skel->progs.rpcs_xdp);
	case RPCS_HOOK_TC_INGRESS:
		return bpf_program__fd(kernel->skel->progs.rpcs_tc_ingress);
	case RPCS_HOOK_TC_EGRESS:
		return bpf_program__fd(kernel->skel->progs.rpcs_tc_egress);
	default:
		return -EINVAL;
	}
}

int rpcs_kernel_l3_program_fd(const struct rpcs_kernel *kernel, enum rpcs_hook hook)
{
	switch (hook) {
	case RPCS_HOOK_TC_INGRESS:
		return bpf_program__fd(kernel->skel->progs.rpcs_tc_l3_ingress);
	case RPCS_HOOK_TC_EGRESS:
		return bpf_program__fd(kernel->skel->progs.rpcs_tc_l3_egress);
	default:
		return -EINVAL;
	}
}

int rpcs_kernel_look_fd(const struct rpcs_kernel *kernel, enum rpcs_hook hook)
{
	return bpf_program__fd(hook == RPCS_HOOK_XDP ? kernel->skel->progs.rpcs_xdp_look
						     : kernel->skel->progs.rpcs_tc_look);
}

void rpcs_kernel_set_time(struct rpcs_kernel *kernel, uint64_t time_ns)
{
	kernel->skel->bss->rpcs_test_time = time_ns;
}

int rpcs_kernel_counters_fd(const struct rpcs_kernel *kernel)
{
	return bpf_map__fd(kernel->skel->maps.counters);
}

int rpcs_kernel_procedures_fd(const struct rpcs_kernel *kernel)
{
	return bpf_map__fd(kernel->skel->maps.procedures);
}

int rpcs_kernel_interfaces_fd(const struct rpcs_kernel *kernel)
{
	return bpf_map__fd(kernel->skel->maps.data_interfaces);
}

void rpcs_kernel_state_fds(const struct rpcs_kernel *kernel, struct rpcs_state_fds *ret_fds)
{
	*ret_fds = (struct rpcs_state_fds){
		.flows = bpf_map__fd(kernel->skel->maps.flows),
		.fragments = bpf_map__fd(kernel->skel->maps.fragments),
		.firsts = bpf_map__fd(kernel->skel->maps.firsts),
		.expected = bpf_map__fd(kernel->skel->maps.expected),
		.ports = bpf_map__fd(kernel->skel->maps.data_ports),
		.rules = bpf_map__fd(kernel->skel->maps.rules),
		.silenced = bpf_map__fd(kernel->skel->maps.silenced),
		.over_budget = bpf_map__fd(kernel->skel->maps.over_budget),
		.sensitive = bpf_map__fd(kernel->skel->maps.sensitive),
		.suppress = bpf_map__fd(kernel->skel->maps.suppress),
		.sieve = bpf_map__fd(kernel->skel->maps.data_sieve),
		.xdp_look = bpf_map__fd(kernel->skel->maps.xdp_look),
		.tc_look = bpf_map__fd(kernel->skel->maps.tc_look),
	};
}
