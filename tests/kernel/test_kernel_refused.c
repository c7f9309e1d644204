// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Loading where it can't work: one clear line each, with the mend. */
#include "kernel_test.h"

#include <sys/mount.h>

static void load_without_rights(void *arg)
{
	const struct rpcs_kernel_options options = { .ring_size = 1 << 20 };
	struct rpcs_kernel *kernel;

	(void)arg;
	kt_drop_rights();
	_exit(rpcs_kernel_load(&options, &kernel) == -EPERM ? 0 : 1);
}

static void test_no_privilege(void **state)
{
	const char *said;

	(void)state;
	kt_need();
	kt_listen();
	assert_int_equal(kt_child(load_without_rights, NULL), 0);
	said = kt_said();
	assert_non_null(strstr(said, "CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON"));
	assert_int_equal(kt_lines(said), 1);
}

static void load_without_btf(void *arg)
{
	const struct rpcs_kernel_options options = { .ring_size = 1 << 20 };
	struct rpcs_kernel *kernel;

	(void)arg;
	if (unshare(CLONE_NEWNS) || mount("", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("none", "/sys/kernel/btf", "tmpfs", 0, NULL))
		_exit(77);
	_exit(rpcs_kernel_load(&options, &kernel) ? 0 : 1);
}

static void test_no_btf(void **state)
{
	const char *said;
	int status;

	(void)state;
	kt_need();
	kt_listen();
	status = kt_child(load_without_btf, NULL);
	said = kt_said();
	if (status == 77) {
		print_message("SKIPPED: can't hide the kernel's BTF here\n");
		skip();
	}
	assert_int_equal(status, 0);
	assert_non_null(strstr(said, "CONFIG_DEBUG_INFO_BTF"));
	assert_int_equal(kt_lines(said), 1);
}

/** Puts an empty file system over /sys/fs/bpf, for this process alone. */
static void hide_bpffs(void)
{
	if (unshare(CLONE_NEWNS) || mount("", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("none", "/sys/fs/bpf", "tmpfs", 0, NULL))
		_exit(77);
}

static void load_without_bpffs(void *arg)
{
	const struct rpcs_kernel_options options = { .ring_size = 1 << 20, .pin = true };
	struct rpcs_kernel *kernel;
	struct stat st;

	(void)arg;
	hide_bpffs();
	unsetenv("RPCSENTRY_PIN_DIR");
	if (rpcs_kernel_load(&options, &kernel))
		_exit(1);
	if (stat(RPCS_PIN_DIR "/counters", &st))
		_exit(2);
	rpcs_kernel_free(&kernel);
	_exit(stat(RPCS_PIN_DIR, &st) ? 0 : 3);
}

/** Where it is not mounted, and may be, it gets mounted. */
static void test_bpffs_is_mounted(void **state)
{
	int status;

	(void)state;
	kt_need();
	status = kt_child(load_without_bpffs, NULL);
	if (status == 77) {
		print_message("SKIPPED: can't hide the BPF file system here\n");
		skip();
	}
	assert_int_equal(status, 0);
}

static void load_with_pins_in_tmp(void *arg)
{
	const struct rpcs_kernel_options options = { .ring_size = 1 << 20, .pin = true };
	struct rpcs_kernel *kernel;

	(void)arg;
	setenv("RPCSENTRY_PIN_DIR", "/tmp/rs-pins", 1);
	_exit(rpcs_kernel_load(&options, &kernel) == -EOPNOTSUPP ? 0 : 1);
}

static void test_no_bpffs(void **state)
{
	const char *said;

	(void)state;
	kt_need();
	kt_listen();
	assert_int_equal(kt_child(load_with_pins_in_tmp, NULL), 0);
	said = kt_said();
	assert_non_null(strstr(said, "mount -t bpf bpf /tmp"));
	assert_int_equal(kt_lines(said), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_privilege),
		cmocka_unit_test(test_no_btf),
		cmocka_unit_test(test_bpffs_is_mounted),
		cmocka_unit_test(test_no_bpffs),
	};

	return cmocka_run_group_tests_name("kernel_refused", tests, kt_setup, NULL);
}
