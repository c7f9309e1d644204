/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The one place where the BPF and the native build of the parser differ.
 *
 * Everything else in include/rpcsentry/ is free of helpers, libc, maps and
 * globals, so that clang -target bpf, gcc and a fuzzer compile the same text.
 */
#ifndef RPCSENTRY_PORTABLE_H
#define RPCSENTRY_PORTABLE_H

#ifdef __bpf__

#include "vmlinux.h"

/*
 * Only `pos + n > end` teaches the verifier a packet's range (kernel 6.1 to
 * 6.18, clang 14); the difference of two packet pointers is refused.
 */
#define RPCS_BEYOND(pos, n, end) ((const __u8 *)(pos) + (n) > (const __u8 *)(end))

/*
 * Has the next loads come from memory. Where that is a map's, the verifier then
 * knows nothing of them, and checks one turn of a loop instead of every
 * combination of turns (kernels 6.1 to 6.18).
 */
#define RPCS_FORGET() asm volatile("" ::: "memory")

#else

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

/* Natively `pos + n` may overflow the buffer's address range: compare lengths. */
#define RPCS_BEYOND(pos, n, end) ((size_t)((const __u8 *)(end) - (const __u8 *)(pos)) < (size_t)(n))

#define RPCS_FORGET() ((void)0)

#endif /* __bpf__ */

#define RPCS_INLINE static inline __attribute__((always_inline, unused))
#define RPCS_UNLIKELY(x) __builtin_expect(!!(x), 0)

#define RPCS_COPY(dst, src, n) __builtin_memcpy((dst), (src), (n))
#define RPCS_ZERO(dst) __builtin_memset((dst), 0, sizeof(*(dst)))

#endif
