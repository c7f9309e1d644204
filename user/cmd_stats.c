// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* `rpcsentry stats`: the counters of the running or kept sensor, with rates. */
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "agent/lock.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "commands.h"
#include "options.h"
#include "source/kernel.h"
#include "source/kernel_private.h"
#include "source/pins.h"

enum { INTERVAL_MS = 1000, INTERVAL_MS_MAX = 60000, JSON_BYTES = 1 << 20 };

static const char help[] =
	"usage: rpcsentry stats [--json] [--all] [--interval MS]\n\n"
	"Prints the kernel's counters of the running sensor, or of one that\n"
	"`run --keep` left, summed over all CPUs, with their rates per second; and how\n"
	"many calls each rule of the policy decided.\n\n"
	"  -j, --json         one JSON object\n"
	"  -a, --all          counters that are zero as well\n"
	"      --interval MS  time over which rates are taken (default 1000; 0: none)\n"
	"  -h, --help         this text\n";

/** The order of both structs: what is summed is an array of u64. */
static const struct {
	const char *name, *help;
} counters_text[] = {
#define X(name, help) { #name, help },
	RPCS_COUNTERS(X)
#undef X
#define X(name, help) { "packet_" #name, help },
	RPCS_PACKET_RESULTS(X)
#undef X
#define X(name, help) { "fallback_" #name, help },
	RPCS_FALLBACKS(X)
#undef X
}, procedures_text[] = {
#define X(version, number, text, name) { #name, "calls of version " #version " " text },
	RPCS_PORTMAP_PROCEDURES(X)
#undef X
	{ "other", "calls of versions or procedures RFC 1833 does not have" },
};

enum {
	COUNTERS = sizeof(counters_text) / sizeof(counters_text[0]),
	PROCEDURES = sizeof(procedures_text) / sizeof(procedures_text[0]),
};

_Static_assert(COUNTERS * sizeof(__u64) == sizeof(struct rpcs_counters), "a text for each");
_Static_assert(PROCEDURES * sizeof(__u64) == sizeof(struct rpcs_procedures), "a text for each");

struct sample {
	union {
		struct rpcs_counters counters;
		__u64 values[COUNTERS];
	};
	union {
		struct rpcs_procedures procedures;
		__u64 calls[PROCEDURES];
	};
	uint64_t time_ns;
};

struct stats {
	int counters_fd, procedures_fd;
	struct sample before, now;
	struct rpcs_rule_hits rules[RPCS_RULES_SHOWN_MAX];
	int rule_count;
	bool json, all;
	unsigned long interval_ms;
};

static void explain_open(const char *path, int error)
{
	if (error == ENOENT)
		rpcs_log_error("no sensor is running: there is no %s; start one: rpcsentry run -i "
			       "IFACE",
			       path);
	else if (error == EACCES)
		rpcs_log_error("can't read the counters: %s: %s; run as root, or with "
			       "CAP_DAC_OVERRIDE",
			       path, strerror(error));
	else if (error == EPERM)
		rpcs_log_error("can't read the counters: %s: %s; run as root, or with CAP_BPF",
			       path, strerror(error));
	else
		rpcs_log_error("can't read the counters: %s: %s", path, strerror(error));
}

/** Opens a pinned map of this type and size of values; -1 when it has told why not. */
static int open_map(const char *name, enum bpf_map_type type, uint32_t value_size)
{
	struct bpf_map_info info = {};
	uint32_t len = sizeof(info);
	char path[RPCS_PIN_PATH];
	RPCS_OWNED_FD fd = -1;
	int ret;

	ret = rpcs_pins_path(name, path);
	if (!ret) {
		fd = rpcs_pins_open(path);
		ret = fd < 0 ? fd : 0;
	}
	if (!ret && bpf_obj_get_info_by_fd(fd, &info, &len))
		ret = -errno;
	if (ret) {
		explain_open(path, -ret);
		return -1;
	}
	if (info.type != type || info.value_size != value_size) {
		rpcs_log_error("can't read the counters: %s was made by another version; use that "
			       "version's rpcsentry, or start the sensor again",
			       path);
		return -1;
	}
	return RPCS_TAKE_FD(fd);
}

static int take_sample(const struct stats *stats, struct sample *ret_sample)
{
	int ret = rpcs_kernel_counters_read(stats->counters_fd, &ret_sample->counters);

	if (!ret)
		ret = rpcs_kernel_procedures_read(stats->procedures_fd, &ret_sample->procedures);
	ret_sample->time_ns = rpcs_clock_monotonic();
	if (ret)
		rpcs_log_error("can't read the counters: %s", strerror(-ret));
	return ret;
}

static uint64_t rate(const struct stats *stats, uint64_t before, uint64_t now)
{
	uint64_t elapsed_ms = (stats->now.time_ns - stats->before.time_ns) / RPCS_NSEC_PER_MSEC;

	if (!stats->interval_ms || !elapsed_ms || now < before)
		return 0;
	return ((now - before) * 1000 + elapsed_ms / 2) / elapsed_ms;
}

static bool balanced(const struct rpcs_counters *c)
{
	return c->rpc_seen == c->records_sent + c->records_suppressed + c->records_lost;
}

/** All calls that a rule decided. */
static uint64_t hits(const struct rpcs_rule_hits *rule)
{
	return rule->hits + rule->suppressed;
}

static void print_json_rules(const struct stats *stats, struct rpcs_json *json)
{
	int i;

	rpcs_json_open(json, "rules", '[');
	for (i = 0; i < stats->rule_count; i++) {
		rpcs_json_open(json, NULL, '{');
		rpcs_json_uint(json, "rule", (uint64_t)i + 1);
		rpcs_json_string(json, "name", stats->rules[i].name);
		rpcs_json_uint(json, "hits", hits(&stats->rules[i]));
		rpcs_json_uint(json, "suppressed", stats->rules[i].suppressed);
		rpcs_json_close(json, '}');
	}
	rpcs_json_close(json, ']');
}

static int print_json(const struct stats *stats)
{
	const struct rpcs_counters *c = &stats->now.counters;
	static char text[JSON_BYTES];
	struct rpcs_json json;
	size_t len;
	int i;

	rpcs_json_init(&json, text, sizeof(text));
	rpcs_json_open(&json, NULL, '{');
	rpcs_json_open(&json, "counters", '{');
	for (i = 0; i < COUNTERS; i++)
		rpcs_json_uint(&json, counters_text[i].name, stats->now.values[i]);
	rpcs_json_close(&json, '}');
	rpcs_json_open(&json, "procedures", '{');
	for (i = 0; i < PROCEDURES; i++)
		rpcs_json_uint(&json, procedures_text[i].name, stats->now.calls[i]);
	rpcs_json_close(&json, '}');
	print_json_rules(stats, &json);
	rpcs_json_open(&json, "rates", '{');
	for (i = 0; i < COUNTERS && stats->interval_ms; i++)
		rpcs_json_uint(&json, counters_text[i].name,
			       rate(stats, stats->before.values[i], stats->now.values[i]));
	rpcs_json_close(&json, '}');
	rpcs_json_open(&json, "accounting", '{');
	rpcs_json_uint(&json, "rpc_seen", c->rpc_seen);
	rpcs_json_uint(&json, "records_sent", c->records_sent);
	rpcs_json_uint(&json, "records_suppressed", c->records_suppressed);
	rpcs_json_uint(&json, "records_lost", c->records_lost);
	rpcs_json_bool(&json, "balanced", balanced(c));
	rpcs_json_close(&json, '}');
	rpcs_json_close(&json, '}');
	len = rpcs_json_end(&json);
	return len && fwrite(text, 1, len, stdout) == len ? 0 : -EIO;
}

/** Columns for the help text: what the terminal has left; all of it on a pipe. */
static int help_width(void)
{
	enum { BEFORE = 24 + 2 + 14 + 2 + 10 + 2 };
	struct winsize size;

	if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || !size.ws_col)
		return 200;
	return size.ws_col > BEFORE ? size.ws_col - BEFORE : 0;
}

static void print_row(const struct stats *stats, const char *name, const char *text,
		      uint64_t before, uint64_t now)
{
	char rate_text[24] = "-";

	if (!now && !stats->all)
		return;
	if (stats->interval_ms)
		snprintf(rate_text, sizeof(rate_text), "%" PRIu64, rate(stats, before, now));
	printf("%-24s  %14" PRIu64 "  %10s  %.*s\n", name, now, rate_text, help_width(), text);
}

static void print_text(const struct stats *stats)
{
	bool colour = isatty(STDOUT_FILENO) && !getenv("NO_COLOR");
	const char *bold = colour ? "\033[1m" : "", *end = colour ? "\033[0m" : "";
	const struct rpcs_counters *c = &stats->now.counters;
	const struct rpcs_rule_hits *rule = stats->rules;
	int i;

	printf("%s%-24s  %14s  %10s  meaning%s\n", bold, "counter", "value", "per second", end);
	for (i = 0; i < COUNTERS; i++)
		print_row(stats, counters_text[i].name, counters_text[i].help,
			  stats->before.values[i], stats->now.values[i]);
	printf("\n%s%-24s  %14s  %10s  meaning%s\n", bold, "procedure", "calls", "per second", end);
	for (i = 0; i < PROCEDURES; i++)
		print_row(stats, procedures_text[i].name, procedures_text[i].help,
			  stats->before.calls[i], stats->now.calls[i]);
	printf("\n%s%-24s  %14s  %10s%s\n", bold, "allow rule", "calls", "suppressed", end);
	for (i = 0; i < stats->rule_count; i++, rule++) {
		if (hits(rule) || stats->all)
			printf("%-24s  %14" PRIu64 "  %10llu\n", rule->name, hits(rule),
			       rule->suppressed);
	}
	printf("\nrpc_seen %llu %s sent %llu + suppressed %llu + lost %llu%s\n", c->rpc_seen,
	       balanced(c) ? "=" : "!=", c->records_sent, c->records_suppressed, c->records_lost,
	       balanced(c) ? "" : " (records are in flight)");
}

/**
 * Does a run hold the lock? It is not taken for longer than the question takes,
 * and only where a run that was killed has left its file.
 */
static bool is_running(void)
{
	const char *dir = getenv(RPCS_RUN_DIR_ENV);
	char path[PATH_MAX];
	RPCS_OWNED_FD fd = -1;
	int len;

	len = snprintf(path, sizeof(path), "%s/rpcsentry.lock", dir && *dir ? dir : "/run");
	if (len < 0 || (size_t)len >= sizeof(path))
		return false;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return errno != ENOENT; /* not known: say nothing rather than something wrong */
	return flock(fd, LOCK_SH | LOCK_NB) && errno == EWOULDBLOCK;
}

/** Whose counters these are when no run is active; on standard error, beside JSON too. */
static void tell_origin(void)
{
	struct rpcs_pin pin;

	if (is_running())
		return;
	/* Only CAP_SYS_ADMIN may ask for programs; their pins show without. */
	if (rpcs_kernel_is_running() || rpcs_pins_list(&pin, 1) > 0)
		rpcs_log_info("no sensor is running: its programs were kept and count on; start "
			      "one to take them over, or take them off: rpcsentry detach");
	else
		rpcs_log_info("no sensor is running: these are the counters that the last one "
			      "left; start one, or remove them: rpcsentry detach");
}

static int show(struct stats *stats)
{
	RPCS_OWNED_FD counters =
		open_map("counters", BPF_MAP_TYPE_PERCPU_ARRAY, sizeof(struct rpcs_counters));
	RPCS_OWNED_FD procedures = -1;
	RPCS_OWNED_FD rules = -1;
	struct timespec pause = {
		.tv_sec = stats->interval_ms / 1000,
		.tv_nsec = stats->interval_ms % 1000 * 1000000,
	};

	if (counters < 0)
		return RPCS_EXIT_FAILURE;
	procedures =
		open_map("procedures", BPF_MAP_TYPE_PERCPU_ARRAY, sizeof(struct rpcs_procedures));
	if (procedures < 0)
		return RPCS_EXIT_FAILURE;
	rules = open_map("rules", BPF_MAP_TYPE_ARRAY, sizeof(struct rpcs_rule_hits));
	if (rules < 0)
		return RPCS_EXIT_FAILURE;
	stats->counters_fd = counters;
	stats->procedures_fd = procedures;
	if (take_sample(stats, &stats->before))
		return RPCS_EXIT_FAILURE;
	nanosleep(&pause, NULL);
	if (take_sample(stats, &stats->now))
		return RPCS_EXIT_FAILURE;
	stats->rule_count = rpcs_kernel_rules_read(rules, stats->rules);
	if (stats->rule_count < 0) {
		rpcs_log_error("can't read the rules' counters: %s", strerror(-stats->rule_count));
		return RPCS_EXIT_FAILURE;
	}
	tell_origin();
	if (!stats->json)
		print_text(stats);
	else if (print_json(stats))
		return RPCS_EXIT_FAILURE;
	return fflush(stdout) ? RPCS_EXIT_FAILURE : RPCS_EXIT_OK;
}

static bool parse_interval(const char *text, unsigned long *ret_ms)
{
	unsigned long value;
	char *end;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || errno || value > INTERVAL_MS_MAX) {
		rpcs_log_error("stats: --interval %s: not a number of milliseconds; 0 to %d", text,
			       INTERVAL_MS_MAX);
		return false;
	}
	*ret_ms = value;
	return true;
}

int rpcs_cmd_stats(int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "all", no_argument, NULL, 'a' },
		{ "interval", required_argument, NULL, 'n' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	static struct stats stats = { .interval_ms = INTERVAL_MS };
	int opt;

	while ((opt = getopt_long(argc, argv, ":jah", options, NULL)) != -1) {
		switch (opt) {
		case 'j':
			stats.json = true;
			break;
		case 'a':
			stats.all = true;
			break;
		case 'n':
			if (!parse_interval(optarg, &stats.interval_ms))
				return RPCS_EXIT_USAGE;
			break;
		case 'h':
			fputs(help, stdout);
			return RPCS_EXIT_OK;
		default:
			rpcs_option_unknown("stats", opt, argv);
			return RPCS_EXIT_USAGE;
		}
	}
	if (optind < argc) {
		rpcs_log_error("stats: %s: takes no such argument; `rpcsentry stats --help` shows "
			       "how",
			       argv[optind]);
		return RPCS_EXIT_USAGE;
	}
	return show(&stats);
}
