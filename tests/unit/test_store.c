// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A file replaced whole or not at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "services/store.h"

static char folder[64], path[128];
static struct rpcs_store store;

static int setup(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/rpcs-store-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/services.json", folder);
	store = RPCS_STORE_NONE;
	return rpcs_store_open(path, &store);
}

static int teardown(void **state)
{
	char command[128];

	(void)state;
	rpcs_store_close(&store);
	snprintf(command, sizeof(command), "rm -r %s", folder);
	return system(command);
}

static const char *beside(const char *suffix)
{
	static char name[160];

	snprintf(name, sizeof(name), "%s%s", path, suffix);
	return name;
}

static void put(const char *name, const char *text)
{
	RPCS_OWNED_FILE *file = fopen(name, "w");

	assert_non_null(file);
	fputs(text, file);
}

static const char *content(const char *name)
{
	static char text[64];
	RPCS_OWNED_FILE *file = fopen(name, "r");
	size_t len;

	if (!file)
		return "(none)";
	len = fread(text, 1, sizeof(text) - 1, file);
	text[len] = '\0';
	return text;
}

static int memory_of(const char *text, size_t len)
{
	int fd = memfd_create("test", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, len), len);
	return fd;
}

static int replace(const char *text, uint64_t max)
{
	RPCS_OWNED_FD fd = memory_of(text, strlen(text));

	return rpcs_store_replace(&store, fd, max);
}

static void test_replace(void **state)
{
	mode_t mask = umask(077);
	struct stat stat_of;

	(void)state;
	assert_int_equal(rpcs_store_read(&store), -ENOENT);
	assert_int_equal(replace("first", 100), 0);
	umask(mask);
	assert_string_equal(content(path), "first");
	assert_int_equal(stat(path, &stat_of), 0);
	assert_int_equal(stat_of.st_mode & 07777, 0640);
	assert_int_equal(replace("second", 100), 0);
	assert_string_equal(content(path), "second");
	assert_int_equal(access(beside(".new"), F_OK), -1);
}

/* What a crash left behind is neither in the way nor taken for the file. */
static void test_after_a_crash(void **state)
{
	(void)state;
	assert_int_equal(replace("old", 100), 0);
	put(beside(".new"), "half of it");
	assert_string_equal(content(path), "old");
	assert_int_equal(replace("new", 100), 0);
	assert_string_equal(content(path), "new");
	/* A link that somebody put there is not followed. */
	assert_int_equal(symlink("/dev/full", beside(".new")), 0);
	assert_int_equal(replace("newer", 100), 0);
	assert_string_equal(content(path), "newer");
}

static void test_failures_keep_the_old_file(void **state)
{
	RPCS_OWNED_FD other = -1;
	int pipe_fds[2];

	(void)state;
	assert_int_equal(replace("old", 100), 0);
	assert_int_equal(replace("too long", 7), -EFBIG);
	assert_int_equal(replace("to fit", 6), 0);
	assert_int_equal(pipe(pipe_fds), 0);
	assert_int_equal(rpcs_store_replace(&store, pipe_fds[0], 100), -EINVAL);
	close(pipe_fds[0]);
	close(pipe_fds[1]);
	assert_int_equal(rpcs_store_replace(&store, -1, 100), -EBADF);
	/* Another one writes there. */
	other = open(folder, O_RDONLY | O_DIRECTORY);
	assert_int_equal(flock(other, LOCK_EX | LOCK_NB), 0);
	assert_int_equal(replace("later", 100), -EWOULDBLOCK);
	assert_int_equal(rpcs_store_try(&store), -EWOULDBLOCK);
	assert_int_equal(flock(other, LOCK_UN), 0);
	assert_string_equal(content(path), "to fit");
	assert_int_equal(access(beside(".new"), F_OK), -1);
}

static void test_read(void **state)
{
	RPCS_OWNED_FD fd = -1;
	char text[8] = "";

	(void)state;
	put(path, "here");
	fd = rpcs_store_read(&store);
	assert_true(fd >= 0);
	assert_int_equal(read(fd, text, sizeof(text)), 4);
	assert_string_equal(text, "here");
	unlink(path);
	assert_int_equal(mkdir(path, 0755), 0);
	assert_int_equal(rpcs_store_read(&store), -EISDIR);
	rmdir(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(rpcs_store_read(&store), -EINVAL);
}

static void test_set_aside(void **state)
{
	(void)state;
	assert_int_equal(rpcs_store_set_aside(&store), -ENOENT);
	put(path, "damaged");
	assert_int_equal(rpcs_store_set_aside(&store), 0);
	assert_string_equal(content(beside(".damaged")), "damaged");
	assert_int_equal(rpcs_store_read(&store), -ENOENT);
	assert_int_equal(rpcs_store_try(&store), 0);
	assert_int_equal(access(beside(".new"), F_OK), -1);
}

static void test_bad_paths(void **state)
{
	struct rpcs_store none = RPCS_STORE_NONE;
	char name[RPCS_STORE_NAME_MAX + 2];

	(void)state;
	assert_int_equal(rpcs_store_open("/tmp/", &none), -EISDIR);
	assert_int_equal(rpcs_store_open("/nowhere/services.json", &none), -ENOENT);
	assert_int_equal(rpcs_store_open(beside("/x"), &none), -ENOENT);
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(rpcs_store_open(name, &none), -ENAMETOOLONG);
	assert_int_equal(none.folder_fd, -1);
	/* A name alone is one of this folder. */
	assert_int_equal(rpcs_store_open("services.json", &none), 0);
	rpcs_store_close(&none);
	assert_int_equal(none.folder_fd, -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_replace, setup, teardown),
		cmocka_unit_test_setup_teardown(test_after_a_crash, setup, teardown),
		cmocka_unit_test_setup_teardown(test_failures_keep_the_old_file, setup, teardown),
		cmocka_unit_test_setup_teardown(test_read, setup, teardown),
		cmocka_unit_test_setup_teardown(test_set_aside, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bad_paths, setup, teardown),
	};

	return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
