// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The subcommands stats, probe and detach, as an operator calls them. */
#include "attach_test.h"

#include <jansson.h>

#include "agent/lock.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "commands.h"
#include "policy/rule_hits.h"
#include "source/kernel_private.h"
#include "source/state.h"

static char run_dir[] = "/tmp/rs-commands-XXXXXX";

enum { OUTPUT = 65536, ARGS = 8 };

typedef int (*command_fn)(int argc, char **argv);

/** Runs a subcommand in a process of its own; its standard output and status. */
static int run(command_fn command, const char *line, char out[OUTPUT], bool unprivileged)
{
	char words[256], *argv[ARGS + 1] = { NULL }, *save = NULL, *word;
	FILE *file = tmpfile();
	int argc = 0, status;
	ssize_t len;
	pid_t child;

	assert_non_null(file);
	snprintf(words, sizeof(words), "%s", line);
	for (word = strtok_r(words, " ", &save); word && argc < ARGS;
	     word = strtok_r(NULL, " ", &save))
		argv[argc++] = word;
	fflush(stdout);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		dup2(fileno(file), STDOUT_FILENO);
		if (unprivileged && (setgid(65534) || setuid(65534)))
			_exit(99);
		status = command(argc, argv);
		fflush(stdout);
		_exit(status);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	len = pread(fileno(file), out, OUTPUT - 1, 0);
	fclose(file);
	out[len > 0 ? len : 0] = '\0';
	return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

static void assert_width(const char *text, size_t max)
{
	size_t len;

	for (; *text; text += len + (text[len] == '\n')) {
		len = strcspn(text, "\n");
		assert_true(len <= max);
	}
}

static json_int_t number(const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);

	assert_true(json_is_integer(value));
	return json_integer_value(value);
}

static void check_json(const char *text)
{
	json_error_t error;
	json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, &error), *part;

	assert_non_null(root);
	part = json_object_get(root, "counters");
	assert_int_equal(number(part, "calls"), 3);
	assert_int_equal(number(part, "packets_watched"), 3);
	assert_int_equal(number(part, "fallback_stream"), 0);
	assert_int_equal(number(part, "packet_ip_short"), 0);
	assert_int_equal(json_object_size(part), sizeof(struct rpcs_counters) / sizeof(__u64));
	assert_int_equal(number(json_object_get(root, "procedures"), "v2_getport"), 3);
	assert_int_equal(number(json_object_get(root, "rates"), "calls"), 0);
	part = json_object_get(root, "accounting");
	assert_int_equal(number(part, "rpc_seen"), 3);
	assert_int_equal(number(part, "records_sent"), 3);
	assert_int_equal(number(part, "records_suppressed"), 0);
	assert_int_equal(number(part, "records_lost"), 0);
	assert_true(json_is_true(json_object_get(part, "balanced")));
	json_decref(root);
}

static void test_stats(void **state)
{
	static char out[OUTPUT];
	struct rpcs_attachments *attachments;
	struct rpcs_kernel *kernel;
	uint32_t xid;

	(void)state;
	kt_need();
	kernel = kt_load(true);
	attachments = attach(kernel, "rsv0", RPCS_MODE_TC);
	for (xid = 0; xid < 3; xid++)
		kt_send("rsv1", xid);
	assert_int_equal(kt_await_calls(kernel, 3).calls, 3);
	assert_int_equal(run(rpcs_cmd_stats, "stats --json --interval 10", out, false), 0);
	check_json(out);
	assert_int_equal(run(rpcs_cmd_stats, "stats --interval 0", out, false), 0);
	assert_non_null(strstr(out, "packets_watched"));
	assert_null(strstr(out, "fallback_stream"));
	assert_non_null(strstr(out, "rpc_seen 3 = sent 3 + suppressed 0 + lost 0"));
	assert_int_equal(run(rpcs_cmd_stats, "stats --all --interval 0", out, false), 0);
	assert_non_null(strstr(out, "fallback_stream"));
	/* Without privilege: one line that says which. */
	kt_listen();
	assert_int_equal(run(rpcs_cmd_stats, "stats", out, true), RPCS_EXIT_FAILURE);
	assert_non_null(strstr(kt_said(), "CAP_"));
	rpcs_attachments_free(&attachments);
	rpcs_kernel_free(&kernel);
}

static void one_line(command_fn command, const char *line, int status, const char *words)
{
	static char out[OUTPUT];
	const char *said;

	kt_listen();
	assert_int_equal(run(command, line, out, false), status);
	said = kt_said();
	assert_int_equal(kt_lines(said), 1);
	assert_non_null(strstr(said, words));
	assert_string_equal(out, "");
}

static void test_mistakes(void **state)
{
	(void)state;
	kt_need();
	one_line(rpcs_cmd_stats, "stats --interval 10", RPCS_EXIT_FAILURE, "no sensor is running");
	one_line(rpcs_cmd_stats, "stats --bogus", RPCS_EXIT_USAGE, "--help");
	one_line(rpcs_cmd_stats, "stats extra", RPCS_EXIT_USAGE, "--help");
	one_line(rpcs_cmd_stats, "stats --interval x", RPCS_EXIT_USAGE, "--interval");
	one_line(rpcs_cmd_stats, "stats --interval -1", RPCS_EXIT_USAGE, "--interval");
	one_line(rpcs_cmd_stats, "stats --interval", RPCS_EXIT_USAGE, "--help");
	one_line(rpcs_cmd_probe, "probe --bogus", RPCS_EXIT_USAGE, "--help");
	one_line(rpcs_cmd_probe, "probe -i", RPCS_EXIT_USAGE, "--help");
	one_line(rpcs_cmd_probe, "probe -i rs-none", RPCS_EXIT_FAILURE, "no such interface");
	one_line(rpcs_cmd_detach, "detach --bogus", RPCS_EXIT_USAGE, "--help");
	one_line(rpcs_cmd_detach, "detach -i rs-none", RPCS_EXIT_FAILURE, "no such interface");
}

static void test_probe_no_ethernet(void **state)
{
	static char out[OUTPUT];

	(void)state;
	kt_need();
	if (system("ip tuntap add rstun0 mode tun")) {
		print_message("SKIPPED: no tun device can be made here\n");
		skip();
	}
	assert_int_equal(run(rpcs_cmd_probe, "probe -i rstun0", out, false), 0);
	assert_non_null(strstr(out, "begin with an IP header (link type 65534)"));
	assert_non_null(strstr(out, "tc: TC ingress"));
	assert_non_null(strstr(out, "it has no Ethernet header, which XDP needs"));
	assert_width(out, 80);
	kt_shell("ip link del rstun0");
}

/** While a run is active nothing is taken off, and its process is named. */
static void test_detach_beside_run(void **state)
{
	struct rpcs_lock lock;
	char words[64];
	pid_t holder;

	(void)state;
	kt_need();
	assert_int_equal(rpcs_lock_take(&lock, &holder), 0);
	snprintf(words, sizeof(words), "process %d is running", (int)getpid());
	one_line(rpcs_cmd_detach, "detach", RPCS_EXIT_FAILURE, words);
	one_line(rpcs_cmd_detach, "detach -i rsv0", RPCS_EXIT_FAILURE, words);
	rpcs_lock_release(&lock);
}

/** The rules' hits, as a sensor writes them. */
static void test_stats_rules(void **state)
{
	static char out[OUTPUT];
	RPCS_CLEANUP(rpcs_policy_free) struct rpcs_policy *policy = NULL;
	RPCS_CLEANUP(rpcs_state_free) struct rpcs_state *shared = NULL;
	static const char text[] = "allow: [{name: lookups, calls: GETPORT}, {calls: NULL}]";
	static struct rpcs_policy_errors errors;
	struct rpcs_state_fds fds;
	struct rpcs_kernel *kernel;
	json_t *root, *rules;

	(void)state;
	kt_need();
	kernel = kt_load(true);
	assert_int_equal(rpcs_policy_parse(text, strlen(text), &policy, &errors), 0);
	rpcs_kernel_state_fds(kernel, &fds);
	shared = rpcs_state_maps(&fds);
	assert_non_null(shared);
	rpcs_rule_hits_begin(policy, rpcs_state_rules(shared));
	rpcs_state_rules(shared)[0].hits = 5;
	rpcs_state_rules(shared)[0].suppressed = 2;
	assert_int_equal(run(rpcs_cmd_stats, "stats --json --interval 0", out, false), 0);
	root = json_loads(out, 0, NULL);
	assert_non_null(root);
	rules = json_object_get(root, "rules");
	assert_int_equal(json_array_size(rules), 2);
	assert_int_equal(number(json_array_get(rules, 0), "hits"), 7);
	assert_int_equal(number(json_array_get(rules, 0), "suppressed"), 2);
	assert_int_equal(number(json_array_get(rules, 1), "rule"), 2);
	assert_int_equal(number(json_array_get(rules, 1), "hits"), 0);
	json_decref(root);
	assert_int_equal(run(rpcs_cmd_stats, "stats --interval 0", out, false), 0);
	assert_non_null(strstr(out, "lookups                                7           2\n"));
	assert_null(strstr(out, "rule-2"));
	assert_int_equal(run(rpcs_cmd_stats, "stats --all --interval 0", out, false), 0);
	assert_non_null(strstr(out, "rule-2"));
	rpcs_kernel_free(&kernel);
	kt_assert_no_pins();
}

/** What stats says beside the counters, NULL for nothing. */
static void assert_origin(const char *words)
{
	static char out[OUTPUT];
	const char *said;

	kt_listen();
	assert_int_equal(run(rpcs_cmd_stats, "stats --json --interval 0", out, false), 0);
	said = kt_said();
	assert_int_equal(kt_lines(said), words ? 1 : 0);
	if (words)
		assert_non_null(strstr(said, words));
	assert_int_equal(out[0], '{');
}

/** Counters of a running, a kept and a killed sensor are told apart. */
static void test_stats_origin(void **state)
{
	struct rpcs_attachments *attachments;
	struct rpcs_kernel *kernel;
	struct rpcs_lock lock;
	uint64_t end;
	uint32_t count;
	pid_t holder, child;
	int status;

	(void)state;
	kt_need();
	assert_int_equal(rpcs_lock_take(&lock, &holder), 0);
	kernel = kt_load(true);
	attachments = attach(kernel, "rsv0", RPCS_MODE_TC);
	assert_origin(NULL);
	assert_int_equal(rpcs_attachments_keep(attachments), 0);
	rpcs_attachments_free(&attachments);
	rpcs_kernel_free(&kernel);
	rpcs_lock_release(&lock);
	assert_origin("were kept");
	assert_int_equal(rpcs_attachments_detach(NULL, &count), 0);
	/* Killed: the lock's file and the pins of the maps stay, and nothing else. */
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		_exit(rpcs_lock_take(&lock, &holder) || !kt_load(true));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	for (end = kt_now_ms() + KT_DEADLINE_MS; rpcs_kernel_is_running() && kt_now_ms() < end;)
		kt_nap();
	assert_origin("the last one left");
	assert_int_equal(rpcs_attachments_detach(NULL, &count), 0);
	kt_assert_no_pins();
}

static void test_help(void **state)
{
	static const struct {
		command_fn command;
		const char *line;
	} all[] = {
		{ rpcs_cmd_stats, "stats --help" },
		{ rpcs_cmd_probe, "probe --help" },
		{ rpcs_cmd_detach, "detach --help" },
	};
	static char out[OUTPUT];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		assert_int_equal(run(all[i].command, all[i].line, out, false), 0);
		assert_non_null(strstr(out, "usage: rpcsentry "));
		assert_width(out, 80);
	}
}

static void test_probe(void **state)
{
	static char out[OUTPUT];

	(void)state;
	kt_need();
	assert_int_equal(run(rpcs_cmd_probe, "probe -i rsv0", out, false), 0);
	assert_non_null(strstr(out, "veth (virtual)"));
	assert_non_null(strstr(out, "tc: TC ingress"));
	assert_null(strstr(out, "missing"));
	assert_width(out, 80);
	assert_int_equal(run(rpcs_cmd_probe, "probe", out, false), 0);
	assert_non_null(strstr(out, "Interface rsv0"));
	assert_non_null(strstr(out, "Interface lo"));
	assert_width(out, 80);
	assert_int_equal(run(rpcs_cmd_probe, "probe -i rsv0", out, true), 0);
	assert_non_null(strstr(out, "missing"));
	assert_non_null(strstr(out, "not known"));
	assert_width(out, 80);
}

static void test_detach(void **state)
{
	static char out[OUTPUT];
	struct rpcs_attachments *attachments;
	struct rpcs_kernel *kernel;

	(void)state;
	kt_need();
	assert_int_equal(run(rpcs_cmd_detach, "detach", out, false), 0);
	assert_non_null(strstr(out, "nothing"));
	kernel = kt_load(true);
	attachments = attach(kernel, "rsv0", RPCS_MODE_TC);
	assert_int_equal(rpcs_attachments_keep(attachments), 0);
	rpcs_attachments_free(&attachments);
	rpcs_kernel_free(&kernel);
	/* Kept programs still count, and stats reads them. */
	assert_int_equal(run(rpcs_cmd_stats, "stats --interval 0", out, false), 0);
	assert_int_equal(run(rpcs_cmd_detach, "detach -i rsv0", out, false), 0);
	assert_non_null(strstr(out, "2 programs"));
	assert_nothing_on("rsv0");
	kt_assert_no_pins();
}

static int setup(void **state)
{
	kt_setup(state);
	return mkdtemp(run_dir) && !setenv(RPCS_RUN_DIR_ENV, run_dir, 1) ? 0 : -1;
}

static int teardown(void **state)
{
	char path[64];

	(void)state;
	snprintf(path, sizeof(path), "%s/rpcsentry.lock", run_dir);
	unlink(path);
	return rmdir(run_dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RS_TEST(test_stats),
		RS_TEST(test_mistakes),
		cmocka_unit_test(test_help),
		RS_TEST(test_probe),
		RS_TEST(test_detach),
		RS_TEST(test_probe_no_ethernet),
		RS_TEST(test_detach_beside_run),
		RS_TEST(test_stats_rules),
		RS_TEST(test_stats_origin),
	};

	return cmocka_run_group_tests_name("commands", tests, setup, teardown);
}
