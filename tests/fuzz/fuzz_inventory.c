// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The inventory's file, which others can write. The input is the file. What is taken must come
 * back whole: saved, loaded and saved again it is the same bytes; what is refused leaves an
 * empty map and says why.
 */
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"
#include "policy/policy.h"
#include "services/inventory.h"

/* Few: a file can name more. */
enum { SERVERS = 16 };

static const struct rpcs_hash_seed seed = { 1, 2 };

static struct rpcs_policy *policy_once(void)
{
	static struct rpcs_policy *policy;
	static struct rpcs_policy_errors errors;
	const char *text = rpcs_policy_default_text();

	if (!policy)
		FUZZ_HOLDS(!rpcs_policy_parse(text, strlen(text), &policy, &errors));
	return policy;
}

static int file_of(const uint8_t *bytes, size_t len)
{
	int fd = memfd_create("inventory", MFD_CLOEXEC);

	FUZZ_HOLDS(fd >= 0 && write(fd, bytes, len) == (ssize_t)len);
	FUZZ_HOLDS(lseek(fd, 0, SEEK_SET) == 0);
	return fd;
}

static uint64_t entries(const struct rpcs_services *services)
{
	struct rpcs_services_counts counts;

	rpcs_services_counts(services, &counts);
	return counts.servers + counts.services;
}

static enum rpcs_inventory_verdict load(struct rpcs_services *services, const uint8_t *bytes,
					size_t len)
{
	enum rpcs_inventory_verdict verdict = RPCS_INVENTORY_VERDICT__MAX;
	char why[RPCS_INVENTORY_WHY];
	int fd = file_of(bytes, len);
	const char *at;

	FUZZ_HOLDS(!rpcs_inventory_load(services, policy_once(), fd, &verdict, why));
	close(fd);
	FUZZ_HOLDS(verdict < RPCS_INVENTORY_VERDICT__MAX);
	FUZZ_HOLDS((verdict == RPCS_INVENTORY_GOOD) == (why[0] == '\0'));
	for (at = why; *at; at++)
		FUZZ_HOLDS(*at >= ' ' && *at <= '~');
	FUZZ_HOLDS(verdict == RPCS_INVENTORY_GOOD || entries(services) == 0);
	return verdict;
}

/** The caller frees it. */
static uint8_t *save(struct rpcs_services *services, size_t *ret_len)
{
	struct rpcs_inventory_save *saving;
	int fd = file_of(NULL, 0), more;
	uint8_t *bytes;
	off_t len;

	saving = rpcs_inventory_save_new(services, fd);
	FUZZ_HOLDS(saving);
	do {
		more = rpcs_inventory_save_step(saving);
		FUZZ_HOLDS(more >= 0);
	} while (more);
	rpcs_inventory_save_free(&saving);
	len = lseek(fd, 0, SEEK_END);
	FUZZ_HOLDS(len > 0);
	bytes = malloc((size_t)len);
	FUZZ_HOLDS(bytes && pread(fd, bytes, (size_t)len, 0) == len);
	close(fd);
	*ret_len = (size_t)len;
	return bytes;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rpcs_services *services = rpcs_services_new(SERVERS, &seed);
	struct rpcs_services *again = rpcs_services_new(SERVERS, &seed);
	size_t first_len, second_len;
	uint8_t *first, *second;

	FUZZ_HOLDS(services && again);
	if (load(services, data, size) == RPCS_INVENTORY_GOOD) {
		first = save(services, &first_len);
		FUZZ_HOLDS(load(again, first, first_len) == RPCS_INVENTORY_GOOD);
		FUZZ_HOLDS(entries(again) == entries(services));
		second = save(again, &second_len);
		FUZZ_HOLDS(first_len == second_len && !memcmp(first, second, first_len));
		free(first);
		free(second);
	}
	rpcs_services_free(&services);
	rpcs_services_free(&again);
	return 0;
}
