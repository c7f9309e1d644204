// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Addresses and prefixes: classes, text, containment. */
#include "address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "digits.h"

enum { IP4_OFFSET = 12, IP4_BITS_BEFORE = 96, ADDRESS_BITS = 128 };

static const uint8_t ip4_prefix[IP4_OFFSET] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };
static const struct rpcs_address ip6_loopback = { { [15] = 1 } };

bool rpcs_address_is_ip4(const struct rpcs_address *address)
{
	return memcmp(address->bytes, ip4_prefix, sizeof(ip4_prefix)) == 0;
}

bool rpcs_address_is_loopback(const struct rpcs_address *address)
{
	if (rpcs_address_is_ip4(address))
		return address->bytes[IP4_OFFSET] == 127;
	return rpcs_address_equal(address, &ip6_loopback);
}

bool rpcs_address_is_unspecified(const struct rpcs_address *address)
{
	static const struct rpcs_address zero;

	/* Lengths that are known here: so none of it is a call. */
	if (rpcs_address_is_ip4(address))
		return memcmp(address->bytes + IP4_OFFSET, zero.bytes, 4) == 0;
	return rpcs_address_equal(address, &zero);
}

bool rpcs_address_is_link_local(const struct rpcs_address *address)
{
	const uint8_t *b = address->bytes;

	if (rpcs_address_is_ip4(address))
		return b[IP4_OFFSET] == 169 && b[IP4_OFFSET + 1] == 254;
	return b[0] == 0xfe && (b[1] & 0xc0) == 0x80;
}

bool rpcs_address_is_multicast(const struct rpcs_address *address)
{
	const uint8_t *b = address->bytes;

	if (!rpcs_address_is_ip4(address))
		return b[0] == 0xff;
	if ((b[IP4_OFFSET] & 0xf0) == 0xe0)
		return true;
	return b[12] == 255 && b[13] == 255 && b[14] == 255 && b[15] == 255;
}

/** The longest run of two or more zero groups (RFC 5952 4.2); *ret_len is 0 for none. */
static unsigned int zero_run_find(const uint16_t groups[8], unsigned int *ret_len)
{
	unsigned int best = 0, best_len = 0, len = 0;

	for (unsigned int i = 0; i < 8; i++) {
		len = groups[i] == 0 ? len + 1 : 0;
		if (len > best_len) {
			best_len = len;
			best = i + 1 - len;
		}
	}
	*ret_len = best_len >= 2 ? best_len : 0;
	return best;
}

/* Apart, so that IPv4 has no registers to put aside. */
__attribute__((noinline)) static size_t ip6_format(const struct rpcs_address *address,
						   char text[RPCS_ADDRESS_TEXT])
{
	uint16_t groups[8];
	unsigned int run_len;
	unsigned int run;
	size_t len = 0;

	for (unsigned int i = 0; i < 8; i++)
		groups[i] = (uint16_t)(address->bytes[2 * i] << 8 | address->bytes[2 * i + 1]);
	run = zero_run_find(groups, &run_len);
	for (unsigned int i = 0; i < 8;) {
		if (run_len && i == run) {
			len += (size_t)snprintf(text + len, RPCS_ADDRESS_TEXT - len, "::");
			i += run_len;
			continue;
		}
		len += (size_t)snprintf(text + len, RPCS_ADDRESS_TEXT - len, "%s%x",
					i && !(run_len && i == run + run_len) ? ":" : "",
					groups[i]);
		i++;
	}
	return len;
}

/* Not snprintf(), which takes as long for an address as the rest of an event's line. */
size_t rpcs_address_format(const struct rpcs_address *address, char text[RPCS_ADDRESS_TEXT])
{
	const uint8_t *b = address->bytes + IP4_OFFSET;
	char *p = text;
	int i;

	if (!rpcs_address_is_ip4(address))
		return ip6_format(address, text);
	for (i = 0; i < 4; i++) {
		p = rpcs_digits_put_short(p, b[i]);
		*p++ = '.';
	}
	*--p = '\0';
	return (size_t)(p - text);
}

/** An IPv6 prefix over ::ffff:0:0/96 that is shorter than 96 is no IPv4 one. */
static bool prefix_is_ip4(const struct rpcs_prefix *prefix)
{
	return prefix->len >= IP4_BITS_BEFORE && rpcs_address_is_ip4(&prefix->base);
}

size_t rpcs_prefix_format(const struct rpcs_prefix *prefix, char text[RPCS_PREFIX_TEXT])
{
	size_t len;
	unsigned int bits = prefix->len;

	len = rpcs_address_format(&prefix->base, text);
	if (bits >= ADDRESS_BITS)
		return len;
	if (prefix_is_ip4(prefix))
		bits -= IP4_BITS_BEFORE;
	return len + (size_t)snprintf(text + len, RPCS_PREFIX_TEXT - len, "/%u", bits);
}

int rpcs_address_parse(const char *text, struct rpcs_address *ret_address)
{
	struct rpcs_address address;

	if (inet_pton(AF_INET6, text, address.bytes) == 1) {
		*ret_address = address;
		return 0;
	}
	if (inet_pton(AF_INET, text, address.bytes + IP4_OFFSET) != 1)
		return -EINVAL;
	memcpy(address.bytes, ip4_prefix, sizeof(ip4_prefix));
	*ret_address = address;
	return 0;
}

/** The decimal length behind the slash: at most three digits, no leading zero. */
static int prefix_len_parse(const char *text, unsigned int max, unsigned int *ret_len)
{
	unsigned int len = 0;
	size_t digits = strspn(text, "0123456789");

	if (digits == 0 || digits > 3 || text[digits] != '\0' || (digits > 1 && text[0] == '0'))
		return -EINVAL;
	for (size_t i = 0; i < digits; i++)
		len = len * 10 + (unsigned int)(text[i] - '0');
	if (len > max)
		return -EINVAL;
	*ret_len = len;
	return 0;
}

static bool bits_behind_are_zero(const struct rpcs_address *address, unsigned int len)
{
	for (unsigned int i = len; i < ADDRESS_BITS; i++) {
		if (address->bytes[i / 8] & (0x80U >> (i % 8)))
			return false;
	}
	return true;
}

int rpcs_prefix_parse(const char *text, struct rpcs_prefix *ret_prefix)
{
	struct rpcs_address base;
	char host[RPCS_ADDRESS_TEXT];
	const char *slash = strchr(text, '/');
	size_t host_len = slash ? (size_t)(slash - text) : strlen(text);
	unsigned int len = ADDRESS_BITS;

	if (host_len >= sizeof(host))
		return -EINVAL;
	memcpy(host, text, host_len);
	host[host_len] = '\0';
	if (rpcs_address_parse(host, &base) < 0)
		return -EINVAL;
	if (slash) {
		/* A dotted quad alone counts from its own 32 bits. */
		bool dotted = !strchr(host, ':');

		if (prefix_len_parse(slash + 1, dotted ? 32 : ADDRESS_BITS, &len) < 0)
			return -EINVAL;
		if (dotted)
			len += IP4_BITS_BEFORE;
	}
	if (!bits_behind_are_zero(&base, len))
		return -ERANGE;
	ret_prefix->base = base;
	ret_prefix->len = (uint8_t)len;
	return 0;
}

bool rpcs_prefix_contains(const struct rpcs_prefix *prefix, const struct rpcs_address *address)
{
	unsigned int bytes = prefix->len / 8, bits = prefix->len % 8;
	uint8_t mask;

	if (memcmp(prefix->base.bytes, address->bytes, bytes) != 0)
		return false;
	if (bits == 0)
		return true;
	mask = (uint8_t)(0xff00U >> bits);
	return (prefix->base.bytes[bytes] & mask) == (address->bytes[bytes] & mask);
}
