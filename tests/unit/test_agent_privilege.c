// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A process that has dropped its rights, as the kernel describes it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/privilege.h"

/* What the child finds out about itself after the drop. */
struct findings {
	bool parent, files; /* what to do: rpcs_privilege_reduce(files), or drop all */
	int err;
	char status[4096]; /* /proc/self/status */
	int dumpable;
	int regain;   /* setuid(0) */
	int raw_open; /* errno of opening a file only root may read */
};

static void look(struct findings *ret_findings)
{
	struct rpcs_identity identity = rpcs_privilege_identity();
	ssize_t len;
	int fd;

	ret_findings->err = ret_findings->parent ? rpcs_privilege_reduce(ret_findings->files)
						 : rpcs_privilege_drop(&identity);
	ret_findings->dumpable = prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
	ret_findings->regain = setuid(0);
	fd = open("/etc/shadow", O_RDONLY | O_CLOEXEC);
	ret_findings->raw_open = fd < 0 ? errno : 0;
	fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	len = read(fd, ret_findings->status, sizeof(ret_findings->status) - 1);
	ret_findings->status[len > 0 ? len : 0] = '\0';
}

static void run_child(struct findings *ret_findings)
{
	char *bytes = (char *)ret_findings;
	size_t len = 0;
	int fds[2], status;
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct findings findings;

		memset(&findings, 0, sizeof(findings));
		findings.parent = ret_findings->parent;
		findings.files = ret_findings->files;
		look(&findings);
		_exit(write(fds[1], &findings, sizeof(findings)) == sizeof(findings) ? 0 : 1);
	}
	close(fds[1]);
	while (len < sizeof(*ret_findings)) {
		ssize_t got = read(fds[0], bytes + len, sizeof(*ret_findings) - len);

		assert_true(got > 0);
		len += (size_t)got;
	}
	close(fds[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/** The value of a line of the status file, without blanks before it. */
static const char *value_of(const struct findings *findings, const char *key)
{
	static char value[128];
	const char *line = strstr(findings->status, key);

	assert_non_null(line);
	assert_int_equal(sscanf(line + strlen(key), ":\t%127[^\n]", value), 1);
	return value;
}

static void test_nothing_is_left(void **state)
{
	static const char *const sets[] = { "CapInh", "CapPrm", "CapEff", "CapAmb", "CapBnd" };
	struct findings findings = { 0 };
	size_t i;

	(void)state;
	if (geteuid() != 0) {
		print_message("needs root: nothing to drop otherwise\n");
		skip();
	}
	run_child(&findings);
	assert_int_equal(findings.err, 0);
	for (i = 0; i < sizeof(sets) / sizeof(sets[0]); i++)
		assert_string_equal(value_of(&findings, sets[i]), "0000000000000000");
	assert_string_equal(value_of(&findings, "NoNewPrivs"), "1");
	assert_int_equal(findings.dumpable, 0);
	assert_int_not_equal(findings.regain, 0);
	assert_true(findings.raw_open == EACCES || findings.raw_open == ENOENT);
}

static void test_all_four_ids_change(void **state)
{
	struct rpcs_identity identity;
	struct findings findings = { 0 };
	char expected[128];

	(void)state;
	if (geteuid() != 0) {
		print_message("needs root: cannot change the user otherwise\n");
		skip();
	}
	identity = rpcs_privilege_identity();
	assert_true(identity.change);
	assert_int_not_equal(identity.uid, 0);
	run_child(&findings);
	snprintf(expected, sizeof(expected), "%u\t%u\t%u\t%u", identity.uid, identity.uid,
		 identity.uid, identity.uid);
	assert_string_equal(value_of(&findings, "\nUid"), expected);
	snprintf(expected, sizeof(expected), "%u\t%u\t%u\t%u", identity.gid, identity.gid,
		 identity.gid, identity.gid);
	assert_string_equal(value_of(&findings, "\nGid"), expected);
	/* No supplementary group: the line is empty. */
	assert_non_null(strstr(findings.status, "\nGroups:\t \n"));
}

static void test_a_wrong_user_is_noticed(void **state)
{
	const struct rpcs_identity identity = { .uid = geteuid() + 1, .gid = getegid() + 1 };
	int status;
	pid_t pid;

	(void)state;
	pid = fork();
	assert_true(pid >= 0);
	/* change is false: the user stays, which is not the one that was asked for. */
	if (pid == 0)
		_exit(rpcs_privilege_drop(&identity) == -EPERM ? 0 : 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static unsigned long long caps_of(const struct findings *findings, const char *set)
{
	return strtoull(value_of(findings, set), NULL, 16);
}

static void test_the_parent_keeps_little(void **state)
{
	const unsigned long long most = 1ULL << CAP_BPF | 1ULL << CAP_NET_ADMIN | 1ULL << CAP_KILL;
	struct findings findings = { .parent = true };
	unsigned long long bounding;

	(void)state;
	if (geteuid() != 0) {
		print_message("needs root: nothing to give up otherwise\n");
		skip();
	}
	run_child(&findings);
	assert_int_equal(findings.err, 0);
	assert_true(caps_of(&findings, "CapPrm"));
	bounding = caps_of(&findings, "CapBnd");
	assert_int_equal(caps_of(&findings, "CapPrm") & ~most, 0);
	assert_int_equal(caps_of(&findings, "CapEff"), caps_of(&findings, "CapPrm"));
	assert_int_equal(caps_of(&findings, "CapInh") | caps_of(&findings, "CapAmb"), 0);
	assert_int_equal(bounding, caps_of(&findings, "CapPrm"));
	assert_string_equal(value_of(&findings, "NoNewPrivs"), "1");

	findings.files = true;
	run_child(&findings);
	assert_int_equal(findings.err, 0);
	assert_int_equal(caps_of(&findings, "CapPrm") & ~most & ~(1ULL << CAP_DAC_OVERRIDE), 0);
	assert_true(caps_of(&findings, "CapPrm") & 1ULL << CAP_DAC_OVERRIDE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_is_left),
		cmocka_unit_test(test_all_four_ids_change),
		cmocka_unit_test(test_a_wrong_user_is_noticed),
		cmocka_unit_test(test_the_parent_keeps_little),
	};

	return cmocka_run_group_tests_name("agent/privilege", tests, NULL, NULL);
}
