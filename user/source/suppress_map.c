// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Replacing the list of suppressed calls: first nothing, then inner prefixes before outer ones. */
#include "suppress_map.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>

#include <rpcsentry/cursor.h>

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

static void nets_add(struct rpcs_suppress_sieve *sieve, uint32_t first, uint32_t count)
{
	for (uint32_t net = first; net < first + count; net++)
		sieve->net[net >> 6] |= 1ULL << (net & 63);
}

static void hosts_add(struct rpcs_suppress_sieve *sieve, uint64_t first, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		uint32_t host = rpcs_sieve_host(first + i);

		sieve->host[host >> 6] |= 1ULL << (host & 63);
	}
}

/** Nets, of 16 bits each, that the first `len` bits of an address leave open. */
static uint32_t nets_of(uint32_t len)
{
	return len < 16 ? 1U << (16 - len) : 1;
}

/** Of a number of 64 bits all but the first `len` cleared. */
static uint64_t cut(uint64_t number, uint32_t len)
{
	return len == 0 ? 0 : number >> (64 - len) << (64 - len);
}

static void sieve_add4(struct rpcs_suppress_sieve *sieve, uint64_t low, uint32_t len)
{
	uint32_t first = (uint32_t)cut(low, 32 + len);

	if (len >= 24)
		hosts_add(sieve, first, 1U << (32 - len));
	else
		nets_add(sieve, first >> 16, nets_of(len));
}

void rpcs_sieve_add(struct rpcs_suppress_sieve *sieve, const struct rpcs_suppress_key *prefix)
{
	uint64_t high = rpcs_load_be64(prefix->client), low = rpcs_load_be64(prefix->client + 8);
	const uint64_t mapped = 0xffff00000000;
	uint32_t len = prefix->prefixlen;

	if (len >= 96 && rpcs_sieve_is_ip4(high, low)) {
		sieve_add4(sieve, low, len - 96);
		return;
	}
	if (len >= 64)
		hosts_add(sieve, high, 1);
	else
		nets_add(sieve, RPCS_SIEVE_IP6 | (uint32_t)(cut(high, len) >> 48), nets_of(len));
	/* All of IPv4 lies under a prefix like ::/0. */
	if (len < 96 && cut(high, len < 64 ? len : 64) == 0 &&
	    (len <= 64 || cut(low, len - 64) == cut(mapped, len - 64)))
		nets_add(sieve, 0, nets_of(0));
}

/** Before the list has them: who is in both lists has a bit all the time. */
static int sieve_grow(int sieve_fd, const struct rpcs_suppress_entry *list, uint32_t count)
{
	RPCS_OWNED_BLOCK struct rpcs_suppress_sieve *sieve = malloc(sizeof(*sieve));
	const uint32_t zero = 0;

	if (!sieve)
		return -ENOMEM;
	if (bpf_map_lookup_elem(sieve_fd, &zero, sieve))
		return -errno;
	for (uint32_t i = 0; i < count; i++)
		rpcs_sieve_add(sieve, &list[i].key);
	return bpf_map_update_elem(sieve_fd, &zero, sieve, BPF_ANY) ? -errno : 0;
}

int rpcs_suppress_replace(int map_fd, int sieve_fd, const struct rpcs_suppress_entry *list,
			  uint32_t count)
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
		err = sieve_grow(sieve_fd, list, count);
	if (!err)
		err = new_add(map_fd, list, count, generation);
	return err ? err : old_remove(map_fd, keys, old, generation);
}
