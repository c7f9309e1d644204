// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* `rpcsentry read`: the whole pipeline over a capture file, in one process. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "commands.h"
#include "inventory.h"
#include "options.h"
#include "output/outputs.h"
#include "pipeline.h"
#include "read_ahead.h"
#include "source/engine.h"
#include "source/pcap.h"
#include "source/state.h"

#define NO_MEMORY "read: out of memory for the tables; lower `limits` in the policy"
#define KERNEL_FAILED "kernel engine: %s; --engine native needs no kernel"

/** The run of one command. */
struct reader {
	const char *path, *policy_path, *eve_path, *state_path;
	bool messages, alerts_only, kernel_engine;
	enum rpcs_any_port any_port;
	bool has_any_port;

	struct rpcs_policy *policy;
	const struct rpcs_settings *settings;
	struct rpcs_pcap *pcap;
	struct rpcs_sink *sink;
	struct rpcs_lines *lines; /* the sink's */
	struct rpcs_state *state; /* of the engine */
	struct rpcs_pipeline *pipeline;
	struct rpcs_read_ahead *ahead;
	struct rpcs_native *native;
	struct rpcs_kernel *kernel;
	struct rpcs_test_run *test_run;
	int eve_fd;
	uint64_t first_ns, last_ns, now_ns; /* of the frames so far */
};

static const char help[] =
	"usage: rpcsentry read FILE [OPTION...]\n\n"
	"Reads a pcap or pcapng file (- for standard input) and prints what the sensor\n"
	"would have seen: lines for people, or EVE JSON with --eve.\n\n"
	"  -c, --config FILE      policy (default: the built-in one)\n"
	"      --any-port MODE    RPC on other ports: off, first, all\n"
	"      --eve FILE         write EVE JSON to FILE (- for standard output)\n"
	"      --alerts           alerts and the summary only: no line for each call\n"
	"      --messages         a line for every RPC message as well\n"
	"      --state FILE       the map of services: taken from there, and written back\n"
	"      --engine ENGINE    native (default, no privilege), or kernel: every frame\n"
	"                         goes through the loaded BPF program\n"
	"  -v, --verbose          show the verifier's and libbpf's messages\n"
	"  -h, --help             this text\n";

static bool take_engine(struct reader *reader, const char *name)
{
	reader->kernel_engine = strcmp(name, "kernel") == 0;
	if (reader->kernel_engine || strcmp(name, "native") == 0)
		return true;
	rpcs_log_error("--engine %s: unknown; kernel or native", name);
	return false;
}

/* What stands behind the options, once they are known. */
static int take_file(struct reader *reader, int argc, char **argv)
{
	if (reader->alerts_only && reader->messages) {
		rpcs_log_error("read: --alerts and --messages ask for less and for more");
		return -EINVAL;
	}
	if (optind + 1 != argc) {
		rpcs_log_error("read: %s; `rpcsentry read --help` shows how",
			       optind == argc ? "no file given" : "one file at a time");
		return -EINVAL;
	}
	reader->path = argv[optind];
	return 0;
}

static int parse_options(struct reader *reader, int argc, char **argv)
{
	enum { OPT_ANY_PORT = 256, OPT_EVE, OPT_ALERTS, OPT_MESSAGES, OPT_STATE, OPT_ENGINE };
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "any-port", required_argument, NULL, OPT_ANY_PORT },
		{ "eve", required_argument, NULL, OPT_EVE },
		{ "alerts", no_argument, NULL, OPT_ALERTS },
		{ "messages", no_argument, NULL, OPT_MESSAGES },
		{ "state", required_argument, NULL, OPT_STATE },
		{ "engine", required_argument, NULL, OPT_ENGINE },
		{ "verbose", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int opt;

	while ((opt = getopt_long(argc, argv, ":c:vh", options, NULL)) != -1) {
		switch (opt) {
		case 'c':
			reader->policy_path = optarg;
			break;
		case OPT_ANY_PORT:
			if (!rpcs_option_any_port(optarg, &reader->any_port))
				return -EINVAL;
			reader->has_any_port = true;
			break;
		case OPT_EVE:
			reader->eve_path = optarg;
			break;
		case OPT_ALERTS:
			reader->alerts_only = true;
			break;
		case OPT_MESSAGES:
			reader->messages = true;
			break;
		case OPT_STATE:
			reader->state_path = optarg;
			break;
		case OPT_ENGINE:
			if (!take_engine(reader, optarg))
				return -EINVAL;
			break;
		case 'v':
			rpcs_verbose = true;
			break;
		case 'h':
			fputs(help, stdout);
			return 1;
		default:
			rpcs_option_unknown("read", opt, argv);
			return -EINVAL;
		}
	}
	return take_file(reader, argc, argv);
}

/* What counts as inside where no interface can tell (spec detections.md). */
static int default_home(struct rpcs_policy *policy)
{
	static const char *const texts[] = { "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16",
					     "fc00::/7" };
	struct rpcs_prefix prefixes[4];
	size_t i;

	if (rpcs_policy_home_is_set(policy))
		return 0;
	for (i = 0; i < 4; i++)
		if (rpcs_prefix_parse(texts[i], &prefixes[i]))
			return -EINVAL;
	return rpcs_policy_home_default(policy, prefixes, 4);
}

static int open_sink(struct reader *reader)
{
	struct rpcs_output_context context = {
		.sensor_name = reader->settings->sensor_name,
		.transactions = !reader->alerts_only,
		.ports = reader->settings->ports,
		.port_count = reader->settings->port_count,
	};
	bool terminal = isatty(STDOUT_FILENO) && !getenv("NO_COLOR");

	if (!reader->eve_path) {
		reader->sink = rpcs_text_new(STDOUT_FILENO, terminal, &context);
		reader->lines = reader->sink ? rpcs_text_lines(reader->sink) : NULL;
		return reader->sink ? 0 : -ENOMEM;
	}
	reader->eve_fd = STDOUT_FILENO;
	if (strcmp(reader->eve_path, "-"))
		reader->eve_fd =
			open(reader->eve_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
	if (reader->eve_fd < 0) {
		int err = errno;

		rpcs_log_error("%s: %s", reader->eve_path, strerror(err));
		return -err;
	}
	if (reader->eve_fd != STDOUT_FILENO)
		context.path = reader->eve_path;
	reader->sink = rpcs_eve_new(reader->eve_fd, &context);
	reader->lines = reader->sink ? rpcs_eve_lines(reader->sink) : NULL;
	return reader->sink ? 0 : -ENOMEM;
}

/*
 * What the engine remembers comes before it, since the pipeline lies between them.
 * The kernel engine and the native one that helps it out share the kernel's maps.
 */
static int open_state(struct reader *reader)
{
	struct rpcs_kernel_options options = { .test_clock = true, .hooks = 1U << RPCS_HOOK_XDP };
	struct rpcs_state_fds fds;
	int err;

	if (!reader->kernel_engine) {
		reader->state = rpcs_state_tables(reader->settings);
		if (!reader->state)
			rpcs_log_error(NO_MEMORY);
		return reader->state ? 0 : -ENOMEM;
	}
	rpcs_kernel_options_fill(&options, reader->policy);
	err = rpcs_kernel_load(&options, &reader->kernel);
	if (err)
		return err;
	rpcs_kernel_state_fds(reader->kernel, &fds);
	reader->state = rpcs_state_maps(&fds);
	if (reader->state)
		return 0;
	err = -errno;
	rpcs_log_error(KERNEL_FAILED, strerror(-err));
	return err;
}

static int open_engine(struct reader *reader)
{
	const struct rpcs_native_options native = {
		.settings = reader->settings,
		.policy = reader->policy,
		.state = reader->state,
		.emit = rpcs_pipeline_record,
		.arg = reader->pipeline,
	};
	int err;

	reader->native = rpcs_native_new(&native);
	reader->ahead = rpcs_read_ahead_new(reader->pcap, reader->pipeline, reader->settings);
	if (!reader->native || !reader->ahead) {
		rpcs_log_error(NO_MEMORY);
		return -ENOMEM;
	}
	if (!reader->kernel)
		return 0;
	err = rpcs_test_run_new(reader->kernel, RPCS_HOOK_XDP, reader->native, rpcs_pipeline_record,
				reader->pipeline, &reader->test_run);
	if (err)
		rpcs_log_error(KERNEL_FAILED, strerror(-err));
	return err;
}

static int open_all(struct reader *reader)
{
	struct rpcs_pipeline_options options = {
		/* Fixed: the same capture gives the same lines. */
		.seed = { 0x7270637365ULL, 0x6e747279ULL },
		.sinks = &reader->sink,
		.sink_count = 1,
		.messages = reader->messages,
		.inventory = reader->state_path != NULL,
	};
	int err = open_sink(reader);

	if (!err)
		err = open_state(reader);
	if (err)
		return err;
	options.policy = reader->policy;
	options.state = reader->state;
	reader->pipeline = rpcs_pipeline_new(&options);
	if (!reader->pipeline) {
		rpcs_log_error(NO_MEMORY);
		return -ENOMEM;
	}
	if (reader->state_path)
		err = rpcs_inventory_read(reader->state_path, false,
					  rpcs_pipeline_services(reader->pipeline), reader->policy);
	return err ? err : open_engine(reader);
}

/* The kernel engine leaves frames that it cannot take to the native one. */
static void count_kernel(const struct reader *reader, struct rpcs_counters *ret_sum)
{
	const uint64_t *from = (const uint64_t *)rpcs_native_counters(reader->native);
	uint64_t *to = (uint64_t *)ret_sum;

	*ret_sum = (struct rpcs_counters){ 0 };
	if (reader->kernel)
		rpcs_kernel_counters_read(rpcs_kernel_counters_fd(reader->kernel), ret_sum);
	for (size_t i = 0; i < sizeof(*ret_sum) / sizeof(*to); i++)
		to[i] += from[i];
}

static void tell_stats(struct reader *reader)
{
	struct rpcs_stats stats = { .time_ns = reader->last_ns,
				    .uptime_ns = reader->last_ns - reader->first_ns };
	struct rpcs_agent_counters *agent = rpcs_pipeline_counters(reader->pipeline);

	count_kernel(reader, &stats.kernel);
	stats.kernel_packets = agent->frames;
	stats.kernel_drops = stats.kernel.records_lost;
	if (reader->test_run)
		agent->engine_fallbacks = rpcs_test_run_fallbacks(reader->test_run);
	rpcs_pipeline_stats(reader->pipeline, &stats);
}

/* All frames; returns the exit status. */
static int read_frames(struct reader *reader)
{
	struct rpcs_agent_counters *agent = rpcs_pipeline_counters(reader->pipeline);
	struct rpcs_progress progress;
	struct rpcs_counters kernel;
	const struct rpcs_frame *frame = NULL;
	int got, err = 0;

	rpcs_progress_start(&progress, rpcs_pcap_size(reader->pcap));
	while ((got = rpcs_read_ahead_next(reader->ahead, &frame)) == 1) {
		reader->now_ns = frame->time_ns;
		if (agent->frames++ == 0)
			reader->first_ns = reader->last_ns = reader->now_ns;
		if (reader->now_ns > reader->last_ns)
			reader->last_ns = reader->now_ns;
		if (reader->test_run)
			err = rpcs_test_run_frame(reader->test_run, frame);
		else
			rpcs_native_frame(reader->native, frame);
		if (err) {
			rpcs_log_error("kernel engine: frame %llu: %s",
				       (unsigned long long)frame->number, strerror(-err));
			break;
		}
		/* It has said why; the rest would be lost as well. */
		if (reader->lines->err)
			break;
		if (agent->frames % 65536 == 0)
			rpcs_progress_show(&progress, rpcs_pcap_position(reader->pcap),
					   agent->frames);
	}
	rpcs_progress_end(&progress);
	/* Packets of others bring no record, but time has passed all the same. */
	if (agent->frames)
		rpcs_pipeline_tick(reader->pipeline, reader->now_ns);
	count_kernel(reader, &kernel);
	rpcs_pipeline_note_loss(reader->pipeline, &kernel);
	rpcs_pipeline_finish(reader->pipeline);
	tell_stats(reader);
	rpcs_pipeline_flush(reader->pipeline);
	if (!err && reader->state_path)
		err = rpcs_inventory_write(reader->state_path,
					   rpcs_pipeline_services(reader->pipeline));
	if (err || reader->lines->err || agent->eve_errors)
		return RPCS_EXIT_FAILURE;
	if (got == 0)
		return RPCS_EXIT_OK;
	rpcs_log_error("%s: cut or damaged %s; what came before it was read", reader->path,
		       rpcs_pcap_error(reader->pcap));
	return RPCS_EXIT_DAMAGED;
}

static void close_all(struct reader *reader)
{
	rpcs_read_ahead_free(&reader->ahead);
	rpcs_test_run_free(&reader->test_run);
	rpcs_native_free(&reader->native);
	rpcs_pipeline_free(&reader->pipeline);
	rpcs_state_free(&reader->state);
	rpcs_kernel_free(&reader->kernel);
	if (reader->sink && reader->eve_path)
		rpcs_eve_free(&reader->sink);
	else if (reader->sink)
		rpcs_text_free(&reader->sink);
	if (reader->eve_fd > STDOUT_FILENO)
		close(reader->eve_fd);
	rpcs_pcap_free(&reader->pcap);
	rpcs_policy_free(&reader->policy);
}

int rpcs_cmd_read(int argc, char **argv)
{
	struct reader reader = { .eve_fd = -1 };
	int status = parse_options(&reader, argc, argv);

	if (status)
		return status < 0 ? RPCS_EXIT_USAGE : RPCS_EXIT_OK;
	/* Before any file is opened: it would get the number of a closed standard output. */
	if ((!reader.eve_path || !strcmp(reader.eve_path, "-")) &&
	    fcntl(STDOUT_FILENO, F_GETFD) < 0) {
		rpcs_log_error("standard output: %s", strerror(errno));
		return RPCS_EXIT_FAILURE;
	}
	status = rpcs_option_policy(reader.policy_path, &reader.policy);
	if (status)
		return status;
	if (reader.has_any_port)
		rpcs_policy_set_any_port(reader.policy, reader.any_port);
	reader.settings = rpcs_policy_settings(reader.policy);
	status = RPCS_EXIT_FAILURE;
	if (default_home(reader.policy) == 0 && rpcs_pcap_open(reader.path, &reader.pcap) == 0 &&
	    open_all(&reader) == 0)
		status = read_frames(&reader);
	close_all(&reader);
	return status;
}
