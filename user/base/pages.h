/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Memory for tables: zeroed, and there as it is touched. */
#ifndef RPCSENTRY_BASE_PAGES_H
#define RPCSENTRY_BASE_PAGES_H

#include <stddef.h>

/** NULL: out of memory. */
void *rpcs_pages_map(size_t size);
void rpcs_pages_unmap(void *pages, size_t size);

#endif
