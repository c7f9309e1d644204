/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The program table's rows, for suggestions. */
#ifndef RPCSENTRY_POLICY_PROGRAM_TABLE_H
#define RPCSENTRY_POLICY_PROGRAM_TABLE_H

#include "mistakes.h"

/** Offers every program name and alias there is. */
void rpcs_program_suggest(struct rpcs_suggestion *suggestion);

#endif
