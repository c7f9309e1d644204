/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* IP addresses and prefixes. IPv4 is kept as ::ffff:a.b.c.d (RFC 4291 2.5.5.2). */
#ifndef RPCSENTRY_BASE_ADDRESS_H
#define RPCSENTRY_BASE_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Network order. */
struct rpcs_address {
	uint8_t bytes[16];
};

/** `len` counts bits of the 128: an IPv4 /24 has 120. Bits behind it are zero. */
struct rpcs_prefix {
	struct rpcs_address base;
	uint8_t len;
};

enum { RPCS_ADDRESS_TEXT = 46, RPCS_PREFIX_TEXT = 50 };

bool rpcs_address_is_ip4(const struct rpcs_address *address);

/** 127/8 or ::1. */
bool rpcs_address_is_loopback(const struct rpcs_address *address);

/** 0.0.0.0 or ::. */
bool rpcs_address_is_unspecified(const struct rpcs_address *address);

/** 169.254/16 or fe80::/10. */
bool rpcs_address_is_link_local(const struct rpcs_address *address);

/** 224/4, ff00::/8 or 255.255.255.255. */
bool rpcs_address_is_multicast(const struct rpcs_address *address);

static inline bool rpcs_address_equal(const struct rpcs_address *a, const struct rpcs_address *b)
{
	return __builtin_memcmp(a, b, sizeof(*a)) == 0;
}

/** Few servers get most calls: what was found of one is kept in an array of so many places. */
enum { RPCS_SERVER_PLACES = 256 };

/** A server's place: a site's hosts stand beside each other, and differ in their last bytes. */
static inline uint32_t rpcs_server_place(const struct rpcs_address *address)
{
	return (address->bytes[15] ^ address->bytes[14] * 29U) % RPCS_SERVER_PLACES;
}

/** Writes the address in RFC 5952 form, IPv4 as a dotted quad; returns the length written. */
size_t rpcs_address_format(const struct rpcs_address *address, char text[RPCS_ADDRESS_TEXT]);

/** "10.0.0.0/8"; without "/LEN" where the prefix is one address. Returns the length. */
size_t rpcs_prefix_format(const struct rpcs_prefix *prefix, char text[RPCS_PREFIX_TEXT]);

/** Parses an address of either family; -EINVAL when it is none. */
int rpcs_address_parse(const char *text, struct rpcs_address *ret_address);

/** Parses ADDR or ADDR/LEN; -EINVAL when it is none, -ERANGE when bits behind LEN are set. */
int rpcs_prefix_parse(const char *text, struct rpcs_prefix *ret_prefix);

bool rpcs_prefix_contains(const struct rpcs_prefix *prefix, const struct rpcs_address *address);

#endif
