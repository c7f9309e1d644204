/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A bounds-checked reading position in bytes from the wire. */
#ifndef RPCSENTRY_CURSOR_H
#define RPCSENTRY_CURSOR_H

#include "limits.h"
#include "portable.h"

/**
 * Position in a message. Two bounds, since they differ: `end` is one past the
 * last byte that may be touched (the verifier's bound; a buffer may end early),
 * `left` counts what the message still has by its own headers (Ethernet pads
 * short frames, so the buffer may also end late).
 */
struct rpcs_cursor {
	const __u8 *pos;
	const __u8 *end;
	__u32 left;
};

/** Loads 16 bits in network order from unaligned bytes; returns host order. */
RPCS_INLINE __u16 rpcs_load_be16(const void *p)
{
	__u16 v;

	RPCS_FETCH(&v, p, sizeof(v));
	return __builtin_bswap16(v);
}

/** Loads 32 bits in network order from unaligned bytes; returns host order. */
RPCS_INLINE __u32 rpcs_load_be32(const void *p)
{
	__u32 v;

	RPCS_FETCH(&v, p, sizeof(v));
	return __builtin_bswap32(v);
}

/** Loads 64 bits in network order from unaligned bytes; returns host order. */
RPCS_INLINE __u64 rpcs_load_be64(const void *p)
{
	__u64 v;

	RPCS_FETCH(&v, p, sizeof(v));
	return __builtin_bswap64(v);
}

/** Takes the next XDR unit (RFC 4506 4.2) in host order; false when it is not there. */
RPCS_INLINE bool rpcs_take_be32(struct rpcs_cursor *cur, __u32 *ret_value)
{
	if (cur->left < 4 || RPCS_BEYOND(cur->pos, 4, cur->end))
		return false;
	*ret_value = rpcs_load_be32(cur->pos);
	cur->pos += 4;
	cur->left -= 4;
	return true;
}

/** Steps over `len` bytes, RPCS_SKIP_MAX at the most; false when they are not there. */
RPCS_INLINE bool rpcs_skip(struct rpcs_cursor *cur, __u32 len)
{
	/* The caller's cap was on another register (kernel 6.1). */
	RPCS_OPAQUE(len);
	if (len > RPCS_SKIP_MAX)
		return false;
	if (cur->left < len || RPCS_BEYOND(cur->pos, len, cur->end))
		return false;
	cur->pos += len;
	cur->left -= len;
	return true;
}

/**
 * The place `offset` bytes behind `data`, NULL when that is over `max`: the one
 * way from an offset that came through memory to a pointer.
 */
RPCS_INLINE const __u8 *rpcs_at(const __u8 *data, __u32 offset, __u32 max)
{
	RPCS_OPAQUE(offset);
	return offset > max ? NULL : data + offset;
}

/** The length of an XDR opaque with its padding (RFC 4506 4.10); cap `len` before. */
RPCS_INLINE __u32 rpcs_xdr_padded(__u32 len)
{
	return (len + 3) & ~3U;
}

#endif
