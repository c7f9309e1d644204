/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What can be wrong with a text before any key has a meaning. */
#ifndef RPCSENTRY_POLICY_TREE_ERRORS_H
#define RPCSENTRY_POLICY_TREE_ERRORS_H

#include <yaml.h>

#include "tree.h"

/** Tells why libyaml stopped; -EINVAL, or -ENOMEM when that was it. */
int rpcs_tree_syntax_error(const yaml_parser_t *yaml, const char *text, size_t len,
			   struct rpcs_policy_errors *errors);

/** Tells keys that stand twice in a map and marks the later ones bad; -ENOMEM. */
int rpcs_tree_duplicates_check(struct rpcs_tree *tree, uint32_t map,
			       struct rpcs_policy_errors *errors);

#endif
