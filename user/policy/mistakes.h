/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Collecting the mistakes of a policy file, and guessing what was meant. */
#ifndef RPCSENTRY_POLICY_MISTAKES_H
#define RPCSENTRY_POLICY_MISTAKES_H

#include "policy.h"

/** Adds a mistake, keeping the list in the file's order; the first ones are kept. */
void rpcs_mistake_add(struct rpcs_policy_errors *errors, uint32_t line, uint32_t column,
		      const char *format, ...) __attribute__((format(printf, 4, 5)));

enum { RPCS_QUOTE_TEXT = 68 };

/** The text in quotes, escaped and cut, fit for a message; returns `quoted`. */
const char *rpcs_quote_format(const char *text, char quoted[RPCS_QUOTE_TEXT]);

/** The search for the known name that is nearest to a mistyped one. */
struct rpcs_suggestion {
	const char *wanted;
	const char *best; /* NULL: nothing near enough */
	unsigned int distance;
};

void rpcs_suggestion_init(struct rpcs_suggestion *suggestion, const char *wanted);
void rpcs_suggestion_offer(struct rpcs_suggestion *suggestion, const char *name);

/** ` (did you mean "NAME"?)`, or nothing; returns `text`. */
const char *rpcs_suggestion_format(const struct rpcs_suggestion *suggestion,
				   char text[RPCS_QUOTE_TEXT + 24]);

#endif
