// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What to say of a BPF object that cannot be loaded. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../base/log.h"
#include "capability.h"
#include "kernel_object.h"

#define RPCS_VMLINUX_BTF "/sys/kernel/btf/vmlinux"

void rpcs_kernel_explain(const struct rpcs_kernel *kernel, int error)
{
	if (access(RPCS_VMLINUX_BTF, R_OK)) {
		rpcs_log_error("can't load the BPF programs: the kernel offers no type "
			       "information (%s); it takes a kernel built with "
			       "CONFIG_DEBUG_INFO_BTF=y",
			       RPCS_VMLINUX_BTF);
	} else if (kernel->log[0]) {
		if (rpcs_verbose)
			fprintf(stderr, "%s\n", kernel->log);
		rpcs_log_error("can't load the BPF programs: the kernel's verifier refused "
			       "them (%s)%s",
			       strerror(error), rpcs_verbose ? "" : "; -v shows why");
	} else if (error == EPERM) {
		rpcs_log_error("can't load the BPF programs: the kernel forbids it (%s); run "
			       "outside of containers, user namespaces and lockdown",
			       strerror(error));
	} else if (error == ENOMEM) {
		rpcs_log_error("can't load the BPF programs: no memory for the maps; lower "
			       "sensor.ring_size or limits.flows in the policy");
	} else {
		rpcs_log_error("can't load the BPF programs: %s%s", strerror(error),
			       rpcs_verbose ? "" : "; -v shows libbpf's messages");
	}
}

int rpcs_kernel_check_privilege(void)
{
	char text[RPCS_CAPABILITY_TEXT];
	unsigned int missing = rpcs_capability_missing(RPCS_CAPABILITY_ALL);

	if (!missing)
		return 0;
	rpcs_log_error("can't load the BPF programs: this process lacks %s; run it as root or "
		       "grant them",
		       rpcs_capability_format(missing, text));
	return -EPERM;
}
