// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The map's counts only grow, and what was told of each stands here, so that nothing is lost
 * between a look and the next. Only keys at rest are taken out: a program that found a value
 * just before would count where nobody looks.
 */
#include "over_budget.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>

#include "../base/table.h"

/* Key first, as struct rpcs_table wants it. */
struct told {
	struct rpcs_over_key key;
	uint64_t count;
};

struct rpcs_over_reader {
	struct rpcs_table *table;
	int map_fd;
};

struct rpcs_over_reader *rpcs_over_reader_new(int map_fd, const struct rpcs_hash_seed *seed)
{
	struct rpcs_over_reader *reader = calloc(1, sizeof(*reader));

	if (!reader)
		return NULL;
	reader->map_fd = map_fd;
	reader->table = rpcs_table_new(RPCS_OVER_MAX, sizeof(struct rpcs_over_key),
				       sizeof(struct told), seed);
	if (!reader->table)
		rpcs_over_reader_free(&reader);
	return reader;
}

void rpcs_over_reader_free(struct rpcs_over_reader **reader)
{
	if (!*reader)
		return;
	rpcs_table_free(&(*reader)->table);
	free(*reader);
	*reader = NULL;
}

bool rpcs_over_is_known(const struct rpcs_over_reader *reader)
{
	return rpcs_table_count(reader->table) > 0;
}

/** The key of whatever finds no room; it must be there before the map is full. */
static bool is_last_resort(const struct rpcs_over_key *key)
{
	static const struct rpcs_over_key rest = { .kind = RPCS_OVER_REST };

	return __builtin_memcmp(key, &rest, sizeof(rest)) == 0;
}

static void tell(struct told *told, const struct rpcs_over_key *key,
		 const struct rpcs_over_value *value, rpcs_over_fn fn, void *arg)
{
	uint64_t count = value->count - told->count;

	told->count = value->count;
	if (count)
		fn(arg, key, value, count);
}

/** Of one key. `last`: it goes, whatever came of it. */
static void read_key(struct rpcs_over_reader *reader, const struct rpcs_over_key *key,
		     uint64_t now_ns, bool last, rpcs_over_fn fn, void *arg)
{
	struct told *told = rpcs_table_find(reader->table, key);
	struct rpcs_over_value value;
	bool rests;

	if (bpf_map_lookup_elem(reader->map_fd, key, &value) ||
	    (is_last_resort(key) && value.count == 0))
		return;
	if (!told)
		told = rpcs_table_add(reader->table, key);
	if (!told)
		return;
	/* One whose allowance is being spent is in use, though nothing was counted yet. */
	rests = value.count == told->count && now_ns > value.last_ns + RPCS_OVER_REST_NS &&
		now_ns > value.first_ns + RPCS_OVER_REST_NS &&
		rpcs_budget_second(now_ns - RPCS_OVER_REST_NS) > value.spent >> 32;
	if ((rests || last) && !is_last_resort(key)) {
		if (!bpf_map_lookup_and_delete_elem(reader->map_fd, key, &value))
			tell(told, key, &value, fn, arg);
		rpcs_table_remove(reader->table, told);
		return;
	}
	tell(told, key, &value, fn, arg);
}

static int read_all(struct rpcs_over_reader *reader, uint64_t now_ns, bool last, rpcs_over_fn fn,
		    void *arg)
{
	struct rpcs_over_key key, next;
	uint32_t count;

	if (bpf_map_get_next_key(reader->map_fd, NULL, &next))
		return errno == ENOENT ? 0 : -errno;
	/* Programs add keys meanwhile: the end must come all the same. */
	for (count = 0; count < 2 * RPCS_OVER_MAX; count++) {
		bool more;

		key = next;
		/* The one in hand may go: the one behind it must be known before. */
		more = !bpf_map_get_next_key(reader->map_fd, &key, &next);
		read_key(reader, &key, now_ns, last, fn, arg);
		if (!more)
			break;
	}
	return 0;
}

int rpcs_over_read(struct rpcs_over_reader *reader, uint64_t monotonic_ns, rpcs_over_fn fn,
		   void *arg)
{
	return read_all(reader, monotonic_ns, false, fn, arg);
}

int rpcs_over_read_last(struct rpcs_over_reader *reader, rpcs_over_fn fn, void *arg)
{
	return read_all(reader, 0, true, fn, arg);
}
