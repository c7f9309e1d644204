/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The site's policy (spec policy.md): loaded once, checked whole, read-only after. */
#ifndef RPCSENTRY_POLICY_POLICY_H
#define RPCSENTRY_POLICY_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rpcsentry/config.h>
#include <rpcsentry/policy_call.h>
#include <rpcsentry/suppress.h>

#include "../base/address.h"
#include "detections.h"

enum { RPCS_POLICY_ROW = 16 };

/** rpcs_policy_call_kind() of each version, from the first on, and procedure. */
extern const uint8_t rpcs_policy_calls[][RPCS_POLICY_ROW];

/**
 * The call a portmapper version and procedure are (version first): a dozen places ask for each
 * message, and procedures come in any order, which a switch's jump would be guessed from.
 */
static inline enum rpcs_policy_call rpcs_policy_call_of(uint32_t version, uint32_t procedure)
{
	uint32_t later = version - RPCS_PORTMAP_VERSION_FIRST;

	if (later > RPCS_PORTMAP_VERSION_LAST - RPCS_PORTMAP_VERSION_FIRST ||
	    procedure >= RPCS_POLICY_ROW)
		return RPCS_CALL_OTHER;
	return (enum rpcs_policy_call)rpcs_policy_calls[later][procedure];
}

enum rpcs_answered {
	RPCS_ANSWERED_NOT_YET, /* the reply may still come */
	RPCS_ANSWERED_YES,
	RPCS_ANSWERED_NO,
};

/** One call to be decided. */
struct rpcs_policy_query {
	const struct rpcs_address *client;
	const struct rpcs_address *server;
	enum rpcs_policy_call call;
	bool has_program;
	uint32_t program; /* asked for, called (DIRECT), or the inner one (CALLIT) */
	enum rpcs_answered answered;
};

enum { RPCS_RULE_NONE = 0xffffffffU };

/** What the first matching rule says. */
struct rpcs_policy_decision {
	bool allowed;	   /* a rule permits it */
	bool names_change; /* that rule names SET or UNSET itself (detections.md, Allowed) */
	bool held;	   /* that rule has an outcome and the reply is not known yet */
	bool log;	   /* false: no event line */
	bool suppress;	   /* `suppress: kernel` */
	uint32_t rule;	   /* index, RPCS_RULE_NONE when none matched */
};

enum rpcs_mode { RPCS_MODE_AUTO, RPCS_MODE_NATIVE, RPCS_MODE_GENERIC, RPCS_MODE_TC };

enum { RPCS_POLICY_INTERFACES_MAX = 64, RPCS_POLICY_NAME_MAX = 64 };

/** Scalars of the file; the tables behind lie in struct rpcs_policy. Durations in ns. */
struct rpcs_settings {
	char sensor_name[RPCS_POLICY_NAME_MAX]; /* empty for none */
	char interfaces[RPCS_POLICY_INTERFACES_MAX][16];
	uint32_t interface_count;
	enum rpcs_mode mode;
	uint16_t ports[8];
	uint32_t port_count;
	enum rpcs_any_port any_port;
	bool tunnels;	    /* look into GRE, IP in IP, VXLAN, PPPoE, MPLS */
	uint64_t ring_size; /* bytes, rounded up to a power of two of pages by the loader */

	uint64_t alert_repeat_ns;
	bool alert_journal;
	char *alert_eve;      /* NULL for none */
	char *inventory_file; /* NULL for none */

	uint64_t call_timeout_ns, flow_timeout_ns, fragment_timeout_ns;
	uint64_t limit_flows, limit_pending_calls, limit_sources, limit_reassembly;
	uint64_t limit_per_source_records;
	uint64_t stats_interval_ns;

	struct rpcs_detection_setting detections[RPCS_D__MAX];
	uint64_t thresholds[RPCS_T__MAX]; /* durations in nanoseconds */
};

/** Is this one of sensor.ports? Host order. */
static inline bool rpcs_settings_watch(const struct rpcs_settings *settings, uint16_t port)
{
	uint32_t i;

	for (i = 0; i < settings->port_count; i++)
		if (settings->ports[i] == port)
			return true;
	return false;
}

struct rpcs_policy;

/** One mistake in a policy file. */
struct rpcs_policy_error {
	uint32_t line, column; /* 1-based */
	char text[200];	       /* what is wrong, and what was expected */
};

enum { RPCS_POLICY_ERRORS_MAX = 64 };

/** The mistakes of a file, in its order; `total` counts those beyond the array as well. */
struct rpcs_policy_errors {
	struct rpcs_policy_error list[RPCS_POLICY_ERRORS_MAX];
	uint32_t kept, total;
};

/**
 * Parses and checks a policy text. On success *ret_policy is owned by the
 * caller (rpcs_policy_free). -EINVAL: `errors` says what; -ENOMEM.
 */
int rpcs_policy_parse(const char *text, size_t len, struct rpcs_policy **ret_policy,
		      struct rpcs_policy_errors *errors);

/** The same of what a descriptor gives, at most 64 MiB; -errno of read, else as parse. */
int rpcs_policy_read(int fd, struct rpcs_policy **ret_policy, struct rpcs_policy_errors *errors);

/** The same of a file; -errno of open or read, else as parse. */
int rpcs_policy_load(const char *path, struct rpcs_policy **ret_policy,
		     struct rpcs_policy_errors *errors);

void rpcs_policy_free(struct rpcs_policy **policy);

/** Logs each mistake, one line each; `path` names the file. */
void rpcs_policy_errors_log(const char *path, const struct rpcs_policy_errors *errors);

/** Settings that a running sensor cannot change, of those that were changed. */
struct rpcs_policy_kept {
	char text[320]; /* "limits.flows, sensor.ring_size"; empty: none */
};

/**
 * Puts *fresh in the policy's place: the pointer, and the one to its settings, stay
 * valid. Sizes of tables, outputs and the like stay as they are. Rules that keep their
 * name keep their hits. *fresh is freed, and NULL. -ENOMEM: nothing has changed.
 */
int rpcs_policy_replace(struct rpcs_policy *policy, struct rpcs_policy **fresh,
			struct rpcs_policy_kept *ret_kept);

/** The built-in policy's text, the same as config/default.yaml. */
const char *rpcs_policy_default_text(void);

const struct rpcs_settings *rpcs_policy_settings(const struct rpcs_policy *policy);

/** A flag of the command line wins over the file. */
void rpcs_policy_set_any_port(struct rpcs_policy *policy, enum rpcs_any_port any_port);

/** Did the file set networks.home? */
bool rpcs_policy_home_is_set(const struct rpcs_policy *policy);

/** Gives `home` the prefixes of the place (live: interfaces; read: RFC 1918 and ULA); -ENOMEM. */
int rpcs_policy_home_default(struct rpcs_policy *policy, const struct rpcs_prefix *prefixes,
			     size_t count);

/** Is the address in `networks.home`? Link-local and loopback are, unless home was set. */
bool rpcs_policy_is_home(const struct rpcs_policy *policy, const struct rpcs_address *address);

/** Is the address in `networks.servers`, the known portmapper servers? */
bool rpcs_policy_is_server(const struct rpcs_policy *policy, const struct rpcs_address *address);

/** Is the program in the sensitive set, with the file's additions and removals? */
bool rpcs_policy_is_sensitive(const struct rpcs_policy *policy, uint32_t program);

/** That set, sorted; *ret_count numbers, the policy's. */
const uint32_t *rpcs_policy_sensitive(const struct rpcs_policy *policy, uint32_t *ret_count);

/** Is it in the built-in table of programs, or anywhere in the file? */
bool rpcs_policy_knows_program(const struct rpcs_policy *policy, uint32_t program);

/** Has this process print the policy's names of programs too, until the policy is freed. */
void rpcs_policy_use_names(const struct rpcs_policy *policy);

/** Is this program at home at this port, which needs no lookup then (rpc-direct, `ok`)? */
bool rpcs_policy_is_direct_ok(const struct rpcs_policy *policy, uint32_t program, uint16_t port);

/** Decides a call. Counts the rule's hit unless held. */
void rpcs_policy_decide(struct rpcs_policy *policy, const struct rpcs_policy_query *query,
			struct rpcs_policy_decision *ret_decision);

/** What `suppress: kernel` comes to for stages 1 to 4: calls of the clients of a prefix. */
struct rpcs_suppress_entry {
	struct rpcs_suppress_key key;
	struct rpcs_suppress_value value;
};

/**
 * Whose calls never become a record, sorted, a prefix before those inside it: only what
 * its rule decides whatever server and program the call has. The policy's own.
 */
const struct rpcs_suppress_entry *rpcs_policy_suppress_list(const struct rpcs_policy *policy,
							    uint32_t *ret_count);

/** The same for one client; NULL: none of its calls. */
const struct rpcs_suppress_value *rpcs_policy_suppress_find(const struct rpcs_policy *policy,
							    const struct rpcs_address *client);

/** Does any rule have `suppress: kernel`? */
bool rpcs_policy_suppresses(const struct rpcs_policy *policy);

uint32_t rpcs_policy_rule_count(const struct rpcs_policy *policy);
const char *rpcs_policy_rule_name(const struct rpcs_policy *policy, uint32_t rule);
uint64_t rpcs_policy_rule_hits(const struct rpcs_policy *policy, uint32_t rule);

#endif
