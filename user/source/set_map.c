// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The kernel's tables in sets, as memory. */
#include "set_map.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>

#include <rpcsentry/flow_set.h>
#include <rpcsentry/word_set.h>

#include "../base/hash.h"
#include "map_memory.h"

/* A value of any of these maps: the kernel reads and writes as much as its map's have. */
union room {
	union rpcs_flow_room flows;
	union rpcs_word_room words;
	struct rpcs_set_seed seed;
};

static size_t map_bytes(size_t size, uint32_t sets)
{
	return ((size_t)sets + 1) * size;
}

void *rpcs_set_map_open(int fd, size_t size, uint32_t *ret_sets)
{
	struct bpf_map_info info = {};
	uint32_t len = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &len))
		return NULL;
	if (info.value_size != size || info.max_entries < 2) {
		errno = EINVAL;
		return NULL;
	}
	*ret_sets = info.max_entries - 1;
	return rpcs_map_memory(fd, map_bytes(size, *ret_sets));
}

void rpcs_set_map_close(void *memory, size_t size, uint32_t sets)
{
	if (memory)
		munmap(memory, map_bytes(size, sets));
}

int rpcs_set_map_set_seed(int fd, uint32_t sets, const struct rpcs_set_seed *seed)
{
	union room room;

	memset(&room, 0, sizeof(room));
	room.seed = *seed;
	return bpf_map_update_elem(fd, &sets, &room, BPF_ANY) ? -errno : 0;
}

int rpcs_set_map_seed(int fd, uint32_t sets, struct rpcs_set_seed *ret_seed)
{
	static const struct rpcs_set_seed none;
	struct rpcs_hash_seed fresh[4];
	union room room;
	int i, err;

	if (fd >= 0) {
		if (bpf_map_lookup_elem(fd, &sets, &room))
			return -errno;
		*ret_seed = room.seed;
		if (memcmp(ret_seed, &none, sizeof(none)))
			return 0;
	}
	for (i = 0; i < 4; i++) {
		err = rpcs_hash_seed_random(&fresh[i]);
		if (err)
			return err;
	}
	memcpy(ret_seed, fresh, sizeof(*ret_seed));
	return 0;
}
