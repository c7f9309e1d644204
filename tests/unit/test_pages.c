// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Memory of tables: zeroed, as it is touched, and unchanged where it becomes huge pages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/pages.h"

enum { MIB = 1 << 20 };

static void test_huge(void **state)
{
	const size_t size = 7 * MIB + 4096, used = 3 * MIB;
	uint8_t *pages = rpcs_pages_map(size);
	size_t i;

	(void)state;
	assert_non_null(pages);
	for (i = 0; i < used; i += 64)
		pages[i] = (uint8_t)(i / 64 + i / 4096);
	rpcs_pages_make_huge(pages, size);
	for (i = 0; i < used; i += 64) {
		assert_int_equal(pages[i], (uint8_t)(i / 64 + i / 4096));
		assert_int_equal(pages[i + 1], 0);
	}
	for (; i < size; i += 64)
		assert_int_equal(pages[i], 0);
	rpcs_pages_unmap(pages, size);
}

/* Addresses are only compared with each other here. */
static void test_when(void **state)
{
	const uint8_t *two = (const uint8_t *)(uintptr_t)(2 * MIB);

	(void)state;
	/* Half of the first whole huge page, wherever that begins. */
	assert_int_equal(rpcs_pages_huge_at(two, 2 * MIB, two, 64), MIB / 64);
	assert_int_equal(rpcs_pages_huge_at(two, 9 * MIB, two + MIB / 2, 64), MIB / 2 / 64);
	assert_int_equal(rpcs_pages_huge_at(two + 4096, 9 * MIB, two + 4096, 4096),
			 (3 * MIB - 4096) / 4096);
	/* The index alone is more. */
	assert_int_equal(rpcs_pages_huge_at(two, 9 * MIB, two + 2 * MIB, 64), 0);
	/* There is none. */
	assert_true(rpcs_pages_huge_at(two, 2 * MIB - 4096, two, 64) == SIZE_MAX);
	assert_true(rpcs_pages_huge_at(two + 4096, 4 * MIB - 8192, two + 4096, 64) == SIZE_MAX);
}

static void fill(size_t size)
{
	uint8_t *pages = rpcs_pages_map(size);
	size_t i;

	assert_non_null(pages);
	pages[5 * 4096] = 1;
	pages[size - 1] = 2;
	rpcs_pages_fill(pages, size);
	for (i = 0; i < size; i++)
		assert_int_equal(pages[i], i == 5 * 4096 ? 1 : i == size - 1 ? 2 : 0);
	rpcs_pages_unmap(pages, size);
}

/* Memory that is there stays as it is, in huge pages or not. */
static void test_fill(void **state)
{
	(void)state;
	fill(MIB / 2 + 64);
	fill(7 * MIB + 64);
}

/* A small index is not worth a call of the kernel. */
static void test_fill_when(void **state)
{
	(void)state;
	assert_true(rpcs_pages_fill_at(8 * 4096 - 64) == SIZE_MAX);
	assert_int_equal(rpcs_pages_fill_at(8 * 4096), 2);
	assert_int_equal(rpcs_pages_fill_at(MIB / 2), 32);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_huge),
					    cmocka_unit_test(test_when),
					    cmocka_unit_test(test_fill),
					    cmocka_unit_test(test_fill_when) };

	return cmocka_run_group_tests_name("pages", tests, NULL, NULL);
}
