// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Programs that the policy file knows on top of the built-in table: which, and by what names. */
#include "known.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model.h"

static int name_compare(const void *a, const void *b)
{
	const struct rpcs_program_name *x = a, *y = b;

	if (x->number != y->number)
		return x->number < y->number ? -1 : 1;
	return strcmp(x->name, y->name);
}

/** A set of one number is that number's name; the built-in table's names stay. */
static void names_make(struct rpcs_policy *policy)
{
	struct rpcs_known_programs *known = &policy->known;

	for (uint32_t i = 0; i < policy->sorted_programs; i++) {
		const struct rpcs_program_entry *set = &policy->programs[i];

		if (set->count == 1 && !rpcs_program_is_registered(set->numbers[0]))
			known->list[known->names.count++] =
				(struct rpcs_program_name){ set->numbers[0], set->name };
	}
	if (known->names.count)
		qsort(known->list, known->names.count, sizeof(*known->list), name_compare);
	known->names.list = known->list;
}

int rpcs_known_programs_make(struct rpcs_policy *policy)
{
	struct rpcs_known_programs *known = &policy->known;
	int err = 0;

	known->list = calloc(policy->sorted_programs + 1UL, sizeof(*known->list));
	if (!known->list)
		return -ENOMEM;
	names_make(policy);
	for (uint32_t i = 0; i < policy->program_count; i++) {
		const struct rpcs_program_entry *set = &policy->programs[i];

		for (uint32_t j = 0; j < set->count && !err; j++)
			err = rpcs_program_entry_add(&known->numbers, set->numbers[j]);
	}
	rpcs_program_entry_seal(&known->numbers);
	return err;
}

void rpcs_known_programs_clear(struct rpcs_policy *policy)
{
	struct rpcs_known_programs *known = &policy->known;

	rpcs_program_names_leave(&known->names);
	free(known->list);
	free(known->numbers.numbers);
}

bool rpcs_policy_knows_program(const struct rpcs_policy *policy, uint32_t program)
{
	return rpcs_program_is_registered(program) ||
	       rpcs_program_entry_contains(&policy->known.numbers, program);
}

void rpcs_policy_use_names(const struct rpcs_policy *policy)
{
	rpcs_program_names_use(&policy->known.names);
}
