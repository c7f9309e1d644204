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

#ifndef NULL
#define NULL ((void *)0)
#endif

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

/*
 * Hides where a value came from, so that the compiler keeps the bounds check that
 * follows and the verifier sees it on the register that is used.
 */
#define RPCS_OPAQUE(x) asm volatile("" : "+r"(x))

/*
 * Kernel 6.1's verifier refuses a loop that is entered in its middle, as clang 14
 * lays some out ("back-edge"); unrolled there is none.
 */
#define RPCS_UNROLL _Pragma("clang loop unroll(full)")

/*
 * Copy 2, 4, 8 or 16 bytes from, or to, any place in a packet or a map's value: clang takes a
 * byte at a time of what it does not know to be aligned, where one load or two
 * do. Machines that can load words from anywhere let programs do so (x86-64, arm64), but
 * not from the stack.
 */
#define RPCS_WORDS(p, n) __builtin_assume_aligned((p), (n) < 8 ? (n) : 8)
#define RPCS_FETCH(dst, src, n) __builtin_memcpy((dst), RPCS_WORDS(src, n), (n))
#define RPCS_STORE(dst, src, n) __builtin_memcpy(RPCS_WORDS(dst, n), (src), (n))
#define RPCS_STORE_FOUR(dst, words) RPCS_STORE(dst, words, 16)

#else

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * Natively `pos + n` may overflow the buffer's address range: compare lengths. A
 * header's own length may have put `pos` behind the end already, where none is left.
 */
#define RPCS_BEYOND(pos, n, end) ((const __u8 *)(end) - (const __u8 *)(pos) < (__s64)(n))

#define RPCS_FORGET() ((void)0)
#define RPCS_OPAQUE(x) ((void)(x))
#define RPCS_UNROLL
#define RPCS_FETCH(dst, src, n) __builtin_memcpy((dst), (src), (n))
#define RPCS_STORE(dst, src, n) __builtin_memcpy((dst), (src), (n))

/*
 * Four words of 32 bits, stored at once, since they will be loaded so: a load of what was stored
 * in parts waits until all stores before it have reached the cache.
 */
typedef __u32 rpcs_four __attribute__((vector_size(16)));
#define RPCS_STORE_FOUR(dst, words)                                                        \
	do {                                                                               \
		const rpcs_four four = { (words)[0], (words)[1], (words)[2], (words)[3] }; \
		__builtin_memcpy((dst), &four, sizeof(four));                              \
	} while (0)

#endif /* __bpf__ */

#define RPCS_INLINE static inline __attribute__((always_inline, unused))
#define RPCS_UNLIKELY(x) __builtin_expect(!!(x), 0)

#define RPCS_COPY(dst, src, n) __builtin_memcpy((dst), (src), (n))
#define RPCS_ZERO(dst) __builtin_memset((dst), 0, sizeof(*(dst)))

#endif
