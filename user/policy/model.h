/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a policy is made of: known inside policy/ only. */
#ifndef RPCSENTRY_POLICY_MODEL_H
#define RPCSENTRY_POLICY_MODEL_H

#include "netset.h"
#include "policy.h"
#include "programs.h"
#include "rule_index.h"

/** `home` always exists, whether the file sets it or not. */
enum { RPCS_NET_HOME = 0 };

/** A set of networks; `name` is NULL for one that a rule wrote out. */
struct rpcs_net_entry {
	char *name;
	struct rpcs_netset set;
};

/** Sorted numbers; `name` as above. */
struct rpcs_program_entry {
	char *name;
	uint32_t *numbers;
	uint32_t count, size;
};

/** A stretch of policy->net_refs or policy->program_refs; `given` false: any. */
struct rpcs_refs {
	uint32_t first, count;
	bool given;
};

enum rpcs_outcome_wanted { RPCS_WANT_ANY, RPCS_WANT_ANSWERED, RPCS_WANT_UNANSWERED };

struct rpcs_rule {
	char *name;
	uint32_t suppress_node; /* while loading: where the file says so */
	uint32_t calls;		/* a bit for each enum rpcs_policy_call */
	uint32_t calls_named;	/* those that the rule names itself: not by `all` or by default */
	struct rpcs_refs clients, servers, programs;
	enum rpcs_outcome_wanted outcome;
	bool log, suppress;
	uint64_t hits;
	uint64_t suppressed; /* before the policy in force was loaded */
};

struct rpcs_string_list {
	char **items;
	uint32_t count;
};

/** {program, port} that rpc-direct passes over. */
struct rpcs_direct_ok {
	uint32_t program;
	uint16_t port;
};

enum { RPCS_DIRECT_OK_MAX = 64 };

struct rpcs_log_pattern {
	char *name, *regex;
	struct rpcs_string_list fields;
};

/** Checked and kept; nothing reads it yet. */
struct rpcs_host_logs {
	bool given, journal;
	struct rpcs_string_list files;
	struct rpcs_log_pattern *patterns;
	uint32_t pattern_count;
	uint64_t join_window_ns;
};

/** Checked and kept; nothing reads it yet. */
struct rpcs_condition_setting {
	bool given;
	uint64_t depth, breadth;
};

/** Checked and kept; of it only `trust` is read, by the check of `suppress`. */
struct rpcs_response {
	bool given, enforce;
	bool on[RPCS_D__MAX];
	uint64_t for_ns;
	struct rpcs_refs trust, never;
};

/** What the file knows of programs on top of the built-in table. */
struct rpcs_known_programs {
	struct rpcs_program_entry numbers; /* all that stand anywhere in the file */
	struct rpcs_program_name *list;	   /* the names' own */
	struct rpcs_program_names names;   /* of sets of one number */
};

/** `suppress: kernel` by clients; all empty when no rule has it. */
struct rpcs_suppress_table {
	struct rpcs_key_index keys;
	uint32_t *entry_at; /* for each node of keys; RPCS_KEY_NONE: nothing */
	struct rpcs_suppress_entry *list;
	uint32_t count, size;
};

struct rpcs_policy {
	struct rpcs_settings settings;
	bool home_set;

	struct rpcs_net_entry *nets;
	uint32_t net_count, net_size;
	struct rpcs_program_entry *programs;
	uint32_t program_count, program_size;
	uint32_t *net_refs, *program_refs;
	uint32_t net_ref_count, net_ref_size, program_ref_count, program_ref_size;
	uint32_t named_nets, named_programs;   /* as the file names them */
	uint32_t sorted_nets, sorted_programs; /* nets behind `home`, programs: with names */

	struct rpcs_rule *rules;
	uint32_t rule_count, rule_size;
	struct rpcs_rule_index index;

	struct rpcs_program_entry sensitive; /* the set as it stands after add and remove */
	struct rpcs_direct_ok direct_ok[RPCS_DIRECT_OK_MAX];
	uint32_t direct_ok_count;

	struct rpcs_known_programs known;
	struct rpcs_suppress_table suppress;
	bool suppresses; /* a rule does */

	struct rpcs_host_logs host_logs;
	struct rpcs_condition_setting condition;
	struct rpcs_response response;
};

/** Makes room for one more item of an array that doubles; 0 or -ENOMEM. */
int rpcs_array_grow(void *array, uint32_t count, uint32_t *size, size_t item_size);

/** Adds a set of networks or programs; its index, or -ENOMEM. Takes `name` over if it succeeds. */
int rpcs_policy_net_new(struct rpcs_policy *policy, char *name, uint32_t *ret_index);
int rpcs_policy_program_new(struct rpcs_policy *policy, char *name, uint32_t *ret_index);

int rpcs_program_entry_add(struct rpcs_program_entry *entry, uint32_t number);
void rpcs_program_entry_seal(struct rpcs_program_entry *entry);
bool rpcs_program_entry_contains(const struct rpcs_program_entry *entry, uint32_t number);

void rpcs_string_list_clear(struct rpcs_string_list *list);

#endif
