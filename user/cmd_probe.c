// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* `rpcsentry probe`: what this kernel and its interfaces offer, and what `run` would choose. */
#include <errno.h>
#include <getopt.h>
#include <linux/magic.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "commands.h"
#include "options.h"
#include "source/attach.h"
#include "source/capability.h"
#include "source/kernel.h"
#include "source/kernel_private.h"
#include "source/links.h"
#include "source/netlink.h"
#include "source/pins.h"
#include "source/xdp_features.h"

static const char help[] =
	"usage: rpcsentry probe [-i IFACE]\n\n"
	"Prints what this kernel and interface offer, which privileges this process\n"
	"has, and which attach mode `rpcsentry run` would choose and why. Attaches\n"
	"nothing. Without privilege it says what it could not find out.\n\n"
	"  -i, --interface IFACE  only this one (default: all that are up)\n"
	"  -h, --help             this text\n";

static void row(const char *name, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void row(const char *name, const char *format, ...)
{
	va_list args;

	printf("  %-19s", name);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
}

/** The first byte of a file in /proc, '\0' when it can't be read. */
static char read_switch(const char *path)
{
	RPCS_OWNED_FILE *file = fopen(path, "re");
	int c = file ? fgetc(file) : EOF;

	return c == EOF ? '\0' : (char)c;
}

static const char *jit_text(void)
{
	switch (read_switch("/proc/sys/net/core/bpf_jit_enable")) {
	case '0':
		return "off: sysctl -w net.core.bpf_jit_enable=1";
	case '1':
	case '2':
		return "on";
	default:
		/* Only the first network namespace shows it. */
		return "not known in this network namespace";
	}
}

static const char *unprivileged_text(void)
{
	switch (read_switch("/proc/sys/kernel/unprivileged_bpf_disabled")) {
	case '0':
		return "on (not used; 2 turns it off)";
	case '1':
		return "off until the next boot";
	case '2':
		return "off";
	default:
		return "not known";
	}
}

static const char *bpffs_text(void)
{
	struct statfs fs;

	if (statfs("/sys/fs/bpf", &fs))
		return "not known: /sys/fs/bpf can't be looked at";
	if (fs.f_type == BPF_FS_MAGIC)
		return "mounted on /sys/fs/bpf";
	return "not mounted: mount -t bpf bpf /sys/fs/bpf (run tries it)";
}

static const char *tcx_text(int has_tcx)
{
	if (has_tcx > 0)
		return "yes";
	if (has_tcx == 0)
		return "no (kernel before 6.6): filters on a clsact qdisc instead";
	return "not known: asking takes CAP_NET_ADMIN";
}

static void print_pins(void)
{
	enum { SHOWN = 32 };
	struct rpcs_pin pins[SHOWN];
	int count = rpcs_pins_list(pins, SHOWN), i;

	if (count < 0) {
		row("kept programs", "not known: %s: %s", rpcs_pins_dir(), strerror(-count));
		return;
	}
	if (count == 0)
		row("kept programs", "none");
	for (i = 0; i < count; i++)
		row(i ? "" : "kept programs", "%s %s", pins[i].iface,
		    rpcs_pins_hook_name(pins[i].hook));
}

static void print_kernel(void)
{
	struct utsname name;
	bool btf = !access("/sys/kernel/btf/vmlinux", R_OK);

	printf("Kernel\n");
	row("release", "%s", uname(&name) ? "not known" : name.release);
	row("type information", "%s",
	    btf ? "yes (/sys/kernel/btf/vmlinux)" : "missing: CONFIG_DEBUG_INFO_BTF=y is needed");
	row("JIT", "%s", jit_text());
	row("unprivileged BPF", "%s", unprivileged_text());
	row("BPF file system", "%s", bpffs_text());
	row("TCX", "%s", tcx_text(rpcs_links_has_tcx()));
	print_pins();
}

static void print_privileges(void)
{
	static const struct {
		unsigned int bit;
		const char *name, *use;
	} all[] = {
		{ RPCS_CAPABILITY_BPF, "CAP_BPF", "loading programs and maps" },
		{ RPCS_CAPABILITY_NET_ADMIN, "CAP_NET_ADMIN", "attaching them" },
		{ RPCS_CAPABILITY_PERFMON, "CAP_PERFMON", "programs that handle pointers" },
	};
	unsigned int missing = rpcs_capability_missing(RPCS_CAPABILITY_ALL);
	size_t i;

	printf("\nPrivileges\n");
	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		row(all[i].name, "%s (%s)", missing & all[i].bit ? "missing" : "held", all[i].use);
}

static const char *mode_name(enum rpcs_mode mode)
{
	switch (mode) {
	case RPCS_MODE_NATIVE:
		return "native: XDP in driver mode";
	case RPCS_MODE_GENERIC:
		return "generic: XDP on the kernel's generic path";
	default:
		return "tc: TC ingress";
	}
}

/** Driver XDP as the kernel tells it, which may change the choice. */
static void print_driver_xdp(struct rpcs_interface *interface)
{
	struct rpcs_xdp_features features;
	int ret = rpcs_xdp_features_get(interface->ifindex, &features);

	if (ret == -EOPNOTSUPP)
		row("driver XDP", "not told by this kernel (before 6.3); run tries it");
	else if (ret)
		row("driver XDP", "not known: %s", strerror(-ret));
	else
		row("driver XDP", "%s%s", features.driver ? "yes" : "no",
		    features.frags ? ", large packets as well" : "");
	if (!ret && !features.driver && interface->mode == RPCS_MODE_NATIVE) {
		interface->mode = RPCS_MODE_TC;
		interface->reason = "its driver has no XDP";
	}
}

static const char *nature(const struct rpcs_interface *interface)
{
	if (interface->loopback)
		return "loopback";
	return interface->physical ? "a NIC" : "virtual";
}

static const char *layer_name(enum rpcs_layer layer)
{
	switch (layer) {
	case RPCS_LAYER_ETHERNET:
		return "an Ethernet header";
	case RPCS_LAYER_IP:
		return "an IP header";
	default:
		return "another header";
	}
}

static int print_interface(const char *name)
{
	struct rpcs_interface interface;
	int ret = rpcs_interface_inspect(name, &interface);

	if (ret)
		return ret;
	rpcs_interface_choose(&interface, RPCS_MODE_AUTO, true);
	printf("\nInterface %s\n", interface.name);
	row("driver", "%s (%s)", interface.driver[0] ? interface.driver : "none",
	    nature(&interface));
	row("MTU", "%u", interface.mtu);
	print_driver_xdp(&interface);
	if (!interface.foreign_xdp)
		row("XDP program there", "none of others");
	else
		row("XDP program there", "id %u, %s", interface.foreign_xdp,
		    interface.foreign_xdp_name[0] ? interface.foreign_xdp_name
						  : "name not known without CAP_SYS_ADMIN");
	row("packets", "begin with %s (link type %u)", layer_name(rpcs_interface_layer(&interface)),
	    interface.type);
	if (rpcs_interface_layer(&interface) == RPCS_LAYER_OTHER) {
		row("run would choose", "nothing; watch the interface above or below it");
		return 0;
	}
	row("run would choose", "%s", mode_name(interface.mode));
	row("because", "%s", interface.reason);
	row("egress", "%s",
	    interface.egress ? "watched by TC" : "comes in again, so not watched a second time");
	return 0;
}

static void print_interfaces(void)
{
	struct if_nameindex *list = if_nameindex(), *entry;
	struct rpcs_netlink_link link;
	int shown = 0;

	for (entry = list; entry && entry->if_index; entry++) {
		if (rpcs_netlink_link_get(entry->if_index, &link) || !(link.flags & IFF_UP))
			continue;
		if (!print_interface(entry->if_name))
			shown++;
	}
	if (list)
		if_freenameindex(list);
	if (!shown)
		printf("\nNo interface is up.\n");
}

static int probe(const char *name)
{
	struct rpcs_interface interface;
	int ret = name ? rpcs_interface_inspect(name, &interface) : 0;

	if (ret) {
		rpcs_log_error("can't look at %s: %s; `ip link` lists the interfaces", name,
			       ret == -ENODEV ? "no such interface" : strerror(-ret));
		return RPCS_EXIT_FAILURE;
	}
	if (name && rpcs_interface_layer(&interface) == RPCS_LAYER_OTHER) {
		rpcs_interface_explain_layer(&interface);
		return RPCS_EXIT_FAILURE;
	}
	print_kernel();
	print_privileges();
	if (name)
		print_interface(name);
	else
		print_interfaces();
	return fflush(stdout) ? RPCS_EXIT_FAILURE : RPCS_EXIT_OK;
}

int rpcs_cmd_probe(int argc, char **argv)
{
	static const struct option options[] = {
		{ "interface", required_argument, NULL, 'i' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	const char *name = NULL;
	int opt;

	rpcs_kernel_quiet();
	while ((opt = getopt_long(argc, argv, ":i:h", options, NULL)) != -1) {
		switch (opt) {
		case 'i':
			name = optarg;
			break;
		case 'h':
			fputs(help, stdout);
			return RPCS_EXIT_OK;
		default:
			rpcs_option_unknown("probe", opt, argv);
			return RPCS_EXIT_USAGE;
		}
	}
	if (optind < argc) {
		rpcs_log_error("probe: %s: takes no such argument; `rpcsentry probe --help` shows "
			       "how",
			       argv[optind]);
		return RPCS_EXIT_USAGE;
	}
	return probe(name);
}
