/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Tables for test programs. Include after cmocka.h. */
#ifndef RPCSENTRY_TESTS_TABLE_CASE_H
#define RPCSENTRY_TESTS_TABLE_CASE_H

#include "base/cleanup.h"
#include "base/table.h"

#define OWNED_TABLE RPCS_CLEANUP(rpcs_table_free) struct rpcs_table

static const struct rpcs_hash_seed seed = { 11, 12 };

/** A table of so many entries of that size, whose first four bytes are their key. */
static inline struct rpcs_table *case_table(uint32_t capacity, uint32_t size)
{
	struct rpcs_table *table = rpcs_table_new(capacity, sizeof(uint32_t), size, &seed);

	assert_non_null(table);
	return table;
}

/** The same of the program's own `struct entry`. */
#define table_of(capacity) case_table(capacity, sizeof(struct entry))

#endif
