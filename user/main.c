// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The command table. */
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "commands.h"
#include "version.h"

static const struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *help;
} commands[] = {
	{ "run", rpcs_cmd_run, "watch interfaces until SIGINT or SIGTERM" },
	{ "read", rpcs_cmd_read, "read a capture file (pcap, pcapng)" },
	{ "stats", rpcs_cmd_stats, "the counters of the running sensor" },
	{ "services", rpcs_cmd_services, "the portmappers seen, and what they serve" },
	{ "probe", rpcs_cmd_probe, "what this kernel and interface offer" },
	{ "check", rpcs_cmd_check, "check a policy file" },
	{ "explain", rpcs_cmd_explain, "what a detection means and how to allow it" },
	{ "detach", rpcs_cmd_detach, "take programs off that `run --keep` left" },
};

enum { COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static void help(FILE *out)
{
	int i;

	fputs("rpcsentry: watches Sun RPC and its portmapper in the kernel's fast path\n\n"
	      "usage: rpcsentry COMMAND [OPTION...]\n"
	      "       rpcsentry COMMAND --help\n\n",
	      out);
	for (i = 0; i < COMMANDS; i++)
		fprintf(out, "  %-8s  %s\n", commands[i].name, commands[i].help);
	fputs("\n  --version  version, build commit, libbpf and kernel BTF\n"
	      "  --help     this text\n",
	      out);
}

static int version(void)
{
	bool btf = access("/sys/kernel/btf/vmlinux", R_OK) == 0;

	printf("rpcsentry %s (commit %s)\nlibbpf %u.%u\nkernel BTF: %s\n", rpcs_version(),
	       rpcs_version_commit(), libbpf_major_version(), libbpf_minor_version(),
	       btf ? "present" : "missing (CONFIG_DEBUG_INFO_BTF)");
	return RPCS_EXIT_OK;
}

/* What was printed has to arrive: a full disk is a failure like another. */
static int finish(int status)
{
	errno = 0;
	if (!fflush(stdout) && !ferror(stdout))
		return status;
	if (status != RPCS_EXIT_OK)
		return status;
	rpcs_log_error("standard output: %s", strerror(errno ? errno : EIO));
	return RPCS_EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";
	int i;

	for (i = 0; i < COMMANDS; i++)
		if (strcmp(name, commands[i].name) == 0)
			return finish(commands[i].run(argc - 1, argv + 1));
	if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0)
		return finish(version());
	if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0) {
		help(stdout);
		return finish(RPCS_EXIT_OK);
	}
	if (argc > 1)
		rpcs_log_error("%s: no such command; `rpcsentry --help` lists them", name);
	else
		help(stderr);
	return RPCS_EXIT_USAGE;
}
