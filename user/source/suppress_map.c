// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Replacing the list of suppressed calls: first nothing, then inner prefixes before outer ones. */
#include "suppress_map.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>

#include "../base/cleanup.h"

/** All keys of the map, which nobody else changes; their number, or -errno. */
static int keys_read(int map_fd, struct rpcs_suppress_key *keys)
{
	int count = 0;

	while (count < RPCS_SUPPRESS_MAX &&
	       !bpf_map_get_next_key(map_fd, count ? &keys[count - 1] : NULL, &keys[count]))
		count++;
	return count == RPCS_SUPPRESS_MAX || errno == ENOENT ? count : -errno;
}

/** Has the old entries suppress nothing; *ret_generation is one that none of them has. */
static int old_silence(int map_fd, const struct rpcs_suppress_key *keys, int count,
		       uint32_t *ret_generation)
{
	struct rpcs_suppress_value value = { 0 };
	const struct rpcs_suppress_value nothing = { 0 };

	/* Only entries that were silenced here, by a replacement that failed, have 0. */
	*ret_generation = 1;
	for (int i = 0; i < count; i++) {
		if (bpf_map_lookup_elem(map_fd, &keys[i], &value))
			return -errno;
		if (value.generation >= *ret_generation)
			*ret_generation = value.generation + 1;
		if (bpf_map_update_elem(map_fd, &keys[i], &nothing, BPF_EXIST))
			return -errno;
	}
	return 0;
}

static int new_add(int map_fd, const struct rpcs_suppress_entry *list, uint32_t count,
		   uint32_t generation)
{
	/* In the list a prefix comes before those inside it: so backwards. */
	for (uint32_t i = count; i-- > 0;) {
		struct rpcs_suppress_value value = list[i].value;

		value.generation = generation;
		if (bpf_map_update_elem(map_fd, &list[i].key, &value, BPF_ANY))
			return -errno;
	}
	return 0;
}

static int old_remove(int map_fd, const struct rpcs_suppress_key *keys, int count,
		      uint32_t generation)
{
	struct rpcs_suppress_value value;

	for (int i = 0; i < count; i++) {
		if (bpf_map_lookup_elem(map_fd, &keys[i], &value))
			return -errno;
		if (value.generation != generation && bpf_map_delete_elem(map_fd, &keys[i]))
			return -errno;
	}
	return 0;
}

int rpcs_suppress_replace(int map_fd, const struct rpcs_suppress_entry *list, uint32_t count)
{
	RPCS_OWNED_BLOCK struct rpcs_suppress_key *keys = calloc(RPCS_SUPPRESS_MAX, sizeof(*keys));
	uint32_t generation = 0;
	int old, err;

	if (!keys)
		return -ENOMEM;
	old = keys_read(map_fd, keys);
	if (old < 0)
		return old;
	err = old_silence(map_fd, keys, old, &generation);
	if (!err)
		err = new_add(map_fd, list, count, generation);
	return err ? err : old_remove(map_fd, keys, old, generation);
}
