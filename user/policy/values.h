/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The texts of single values: numbers, durations, sizes. */
#ifndef RPCSENTRY_POLICY_VALUES_H
#define RPCSENTRY_POLICY_VALUES_H

#include <stdint.h>

/* Each: -EINVAL when the text is no such value, -ERANGE when it does not fit 64 bits. */
int rpcs_value_uint_parse(const char *text, uint64_t *ret_value);
int rpcs_value_duration_parse(const char *text, uint64_t *ret_ns);
int rpcs_value_size_parse(const char *text, uint64_t *ret_bytes);

/** "0x186a5" or "100005"; as above, -ERANGE over 32 bits. */
int rpcs_value_number_parse(const char *text, uint32_t *ret_number);

enum { RPCS_VALUE_TEXT = 32 };

/** In the largest unit that divides it: "90s", "24h"; "64K"; returns `text`. */
const char *rpcs_value_duration_format(uint64_t ns, char text[RPCS_VALUE_TEXT]);
const char *rpcs_value_size_format(uint64_t bytes, char text[RPCS_VALUE_TEXT]);

#endif
