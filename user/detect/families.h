/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the families of detections give the table of rows: their hooks, states, explanations. */
#ifndef RPCSENTRY_DETECT_FAMILIES_H
#define RPCSENTRY_DETECT_FAMILIES_H

#include "internal.h"

/**
 * The detection that a call of this kind will raise if the policy has not permitted it: a guess,
 * for what is fetched ahead. RPCS_D__MAX: most raise none.
 */
enum rpcs_detection_id rpcs_access_expected(const struct rpcs_detect *detect, uint32_t kind,
					    const struct rpcs_message *message);

bool rpcs_dump_matches(const struct rpcs_detect *detect, const struct rpcs_call *call);
void rpcs_dump_describe(const struct rpcs_detect *detect, const struct rpcs_call *call,
			struct rpcs_alert *alert);
bool rpcs_getport_matches(const struct rpcs_detect *detect, const struct rpcs_call *call);
bool rpcs_getport_sensitive_matches(const struct rpcs_detect *detect, const struct rpcs_call *call);
uint8_t rpcs_getport_sensitive_escalate(const struct rpcs_message *reply,
					enum rpcs_outcome outcome);
bool rpcs_set_matches(const struct rpcs_detect *detect, const struct rpcs_call *call);
bool rpcs_unset_matches(const struct rpcs_detect *detect, const struct rpcs_call *call);
void rpcs_mapping_describe(const struct rpcs_detect *detect, const struct rpcs_call *call,
			   struct rpcs_alert *alert);
bool rpcs_callit_matches(const struct rpcs_detect *detect, const struct rpcs_call *call);
void rpcs_callit_describe(const struct rpcs_detect *detect, const struct rpcs_call *call,
			  struct rpcs_alert *alert);

/** ::, ::1, 0.0.0.0 and 127/8. Most addresses are told from them by one byte. */
static inline bool rpcs_address_is_of_no_wire(const struct rpcs_address *address)
{
	return (address->bytes[12] == 0 || address->bytes[12] == 127) &&
	       (rpcs_address_is_loopback(address) || rpcs_address_is_unspecified(address));
}

bool rpcs_spoofed_matches(const struct rpcs_detect *detect, const struct rpcs_call *call);
void rpcs_spoofed_describe(const struct rpcs_detect *detect, const struct rpcs_call *call,
			   struct rpcs_alert *alert);

bool rpcs_forbidden_target_matches(const struct rpcs_detect *detect, const struct rpcs_call *call);
bool rpcs_unknown_program_matches(const struct rpcs_detect *detect, const struct rpcs_call *call);
void rpcs_unknown_program_describe(const struct rpcs_detect *detect, const struct rpcs_call *call,
				   struct rpcs_alert *alert);

bool rpcs_direct_matches(const struct rpcs_detect *detect, const struct rpcs_call *call);
bool rpcs_direct_sensitive_matches(const struct rpcs_detect *detect, const struct rpcs_call *call);
void rpcs_direct_describe(const struct rpcs_detect *detect, const struct rpcs_call *call,
			  struct rpcs_alert *alert);
void rpcs_direct_message(struct rpcs_detect *detect, const struct rpcs_message *message,
			 struct rpcs_call *call, enum rpcs_message_place place, uint64_t flow_id);
bool rpcs_alt_port_matches(const struct rpcs_detect *detect, const struct rpcs_call *call);
void rpcs_alt_port_describe(const struct rpcs_detect *detect, const struct rpcs_call *call,
			    struct rpcs_alert *alert);
void rpcs_link_describe(const struct rpcs_detect *detect, const struct rpcs_call *call,
			struct rpcs_alert *alert);
bool rpcs_oversized_matches(const struct rpcs_detect *detect, const struct rpcs_call *call);
void rpcs_oversized_describe(const struct rpcs_detect *detect, const struct rpcs_call *call,
			     struct rpcs_alert *alert);
bool rpcs_mount_matches(const struct rpcs_detect *detect, const struct rpcs_call *call);
void rpcs_mount_describe(const struct rpcs_detect *detect, const struct rpcs_call *call,
			 struct rpcs_alert *alert);
uint8_t rpcs_mount_escalate(const struct rpcs_message *reply, enum rpcs_outcome outcome);
bool rpcs_forged_root_matches(const struct rpcs_detect *detect, const struct rpcs_call *call);
void rpcs_forged_root_describe(const struct rpcs_detect *detect, const struct rpcs_call *call,
			       struct rpcs_alert *alert);

int rpcs_given_init(struct rpcs_detect *detect);
void rpcs_given_free(struct rpcs_detect *detect);

bool rpcs_conflict_matches(const struct rpcs_detect *detect, const struct rpcs_call *call);
void rpcs_conflict_describe(const struct rpcs_detect *detect, const struct rpcs_call *call,
			    struct rpcs_alert *alert);

bool rpcs_getstat_matches(const struct rpcs_detect *detect, const struct rpcs_call *call);
void rpcs_getstat_describe(const struct rpcs_detect *detect, const struct rpcs_call *call,
			   struct rpcs_alert *alert);
bool rpcs_outbound_matches(const struct rpcs_detect *detect, const struct rpcs_call *call);
void rpcs_outbound_describe(const struct rpcs_detect *detect, const struct rpcs_call *call,
			    struct rpcs_alert *alert);
bool rpcs_local_change_matches(const struct rpcs_detect *detect, const struct rpcs_call *call);
void rpcs_local_change_describe(const struct rpcs_detect *detect, const struct rpcs_call *call,
				struct rpcs_alert *alert);
void rpcs_meddled_message(struct rpcs_detect *detect, const struct rpcs_message *message,
			  struct rpcs_call *call, enum rpcs_message_place place, uint64_t flow_id);

int rpcs_inventory_init(struct rpcs_detect *detect);
void rpcs_inventory_free(struct rpcs_detect *detect);

/* Reconnaissance. */

int rpcs_sweep_init(struct rpcs_detect *detect);
void rpcs_sweep_free(struct rpcs_detect *detect);
/* What parties.h fetches ahead: some packets, and then for the message in hand. */
void rpcs_sweep_foresee(const struct rpcs_detect *detect, uint64_t pair);
uint32_t rpcs_amplify_foresee(const struct rpcs_detect *detect, uint64_t pair,
			      struct rpcs_foresight *lookups);
uint32_t rpcs_flood_foresee(const struct rpcs_detect *detect, uint64_t client,
			    struct rpcs_foresight *lookups);
void rpcs_sweep_fetch(const struct rpcs_detect *detect);
void rpcs_sweep_call_fetch(const struct rpcs_detect *detect);
const void *rpcs_sweep_call_fetch_entry(const struct rpcs_detect *detect);
void rpcs_sweep_call_fetch_items(const struct rpcs_detect *detect, const void *place);
void rpcs_amplify_fetch(const struct rpcs_detect *detect);
struct rpcs_rate_entry *rpcs_amplify_fetch_entry(const struct rpcs_detect *detect);
void rpcs_flood_fetch(const struct rpcs_detect *detect);
void rpcs_flood_fetch_dumps(const struct rpcs_detect *detect);
void rpcs_flood_fetch_dumps_entry(const struct rpcs_detect *detect);
void rpcs_flood_fetch_slots(const struct rpcs_detect *detect);
struct rpcs_rate_entry *rpcs_flood_fetch_entry(const struct rpcs_detect *detect);

void rpcs_sweep_call(struct rpcs_detect *detect, const struct rpcs_call *call);
void rpcs_sweep_connection(struct rpcs_detect *detect, const struct rpcs_connection *connection,
			   uint64_t flow_id);
void rpcs_rpc_sweep_message(struct rpcs_detect *detect, const struct rpcs_message *message,
			    struct rpcs_call *call, enum rpcs_message_place place,
			    uint64_t flow_id);
void rpcs_rpc_sweep_connection(struct rpcs_detect *detect, const struct rpcs_connection *connection,
			       uint64_t flow_id);

int rpcs_fanout_init(struct rpcs_detect *detect);
void rpcs_fanout_free(struct rpcs_detect *detect);
void rpcs_fanout_fetch(struct rpcs_detect *detect, const struct rpcs_call *call);
void rpcs_fanout_call(struct rpcs_detect *detect, const struct rpcs_call *call);

int rpcs_scan_init(struct rpcs_detect *detect);
void rpcs_scan_free(struct rpcs_detect *detect);
void rpcs_scan_connection(struct rpcs_detect *detect, const struct rpcs_connection *connection,
			  uint64_t flow_id);
void rpcs_empty_connection(struct rpcs_detect *detect, const struct rpcs_connection *connection,
			   uint64_t flow_id);
void rpcs_port_touch_connection(struct rpcs_detect *detect,
				const struct rpcs_connection *connection, uint64_t flow_id);
/** Where Solaris' portmapper listened too, and its first services (1110028). */
static inline bool rpcs_port_is_locator(uint16_t port)
{
	return port >= 32771 && port <= 32774;
}

bool rpcs_port_touch_matches(const struct rpcs_detect *detect, const struct rpcs_call *call);
void rpcs_port_touch_describe(const struct rpcs_detect *detect, const struct rpcs_call *call,
			      struct rpcs_alert *alert);

int rpcs_grind_init(struct rpcs_detect *detect);
void rpcs_grind_free(struct rpcs_detect *detect);
void rpcs_grind_message(struct rpcs_detect *detect, const struct rpcs_message *message,
			struct rpcs_call *call, enum rpcs_message_place place, uint64_t flow_id);

int rpcs_tools_init(struct rpcs_detect *detect);
void rpcs_tools_free(struct rpcs_detect *detect);
bool rpcs_tool_matches(const struct rpcs_detect *detect, const struct rpcs_call *call);
void rpcs_tool_describe(const struct rpcs_detect *detect, const struct rpcs_call *call,
			struct rpcs_alert *alert);
void rpcs_tool_call(struct rpcs_detect *detect, const struct rpcs_call *call);

extern const struct rpcs_explanation rpcs_explain_sweep, rpcs_explain_fanout,
	rpcs_explain_port_scan, rpcs_explain_grind, rpcs_explain_tool, rpcs_explain_empty_datagram,
	rpcs_explain_rpc_sweep, rpcs_explain_port_touch;

/* Volume. */

int rpcs_amplify_init(struct rpcs_detect *detect);
void rpcs_amplify_free(struct rpcs_detect *detect);
void rpcs_amplify_message(struct rpcs_detect *detect, const struct rpcs_message *message,
			  struct rpcs_call *call, enum rpcs_message_place place, uint64_t flow_id);
void rpcs_victim_message(struct rpcs_detect *detect, const struct rpcs_message *message,
			 struct rpcs_call *call, enum rpcs_message_place place, uint64_t flow_id);

#define RPCS_FLOOD_SPOOFABLE "spoofable: UDP, and no reply to this source was seen"

int rpcs_surge_init(struct rpcs_detect *detect);
void rpcs_surge_free(struct rpcs_detect *detect);
void rpcs_surge_tick(struct rpcs_detect *detect, uint64_t now_ns);

/** A flood was told so: what comes of its source over the budget belongs to that alert. */
void rpcs_surge_note(struct rpcs_detect *detect, const struct rpcs_alert *alert);

/** Are calls of this source being counted in the kernel? Replies to them may come still. */
bool rpcs_surge_is_on(const struct rpcs_detect *detect, const struct rpcs_address *source);

/** The end of the run: what has not been said. */
void rpcs_surge_finish(struct rpcs_detect *detect);

/** Takes calls that were not sent into account. Is it a flood? */
bool rpcs_flood_aggregate(struct rpcs_detect *detect, const struct rpcs_aggregate *aggregate);

/** The calls of this source that came one by one, as far back as it is known; was one answered? */
uint64_t rpcs_flood_recorded(struct rpcs_detect *detect, const struct rpcs_address *source,
			     bool *ret_replied);

int rpcs_flood_init(struct rpcs_detect *detect);
void rpcs_flood_free(struct rpcs_detect *detect);
void rpcs_flood_message(struct rpcs_detect *detect, const struct rpcs_message *message,
			struct rpcs_call *call, enum rpcs_message_place place, uint64_t flow_id);
int rpcs_pending_init(struct rpcs_detect *detect);
void rpcs_pending_free(struct rpcs_detect *detect);
void rpcs_pending_fetch(const struct rpcs_detect *detect, uint64_t flow_id, uint64_t id);
void rpcs_pipeline_flood_message(struct rpcs_detect *detect, const struct rpcs_message *message,
				 struct rpcs_call *call, enum rpcs_message_place place,
				 uint64_t flow_id);

int rpcs_idle_init(struct rpcs_detect *detect);
void rpcs_idle_free(struct rpcs_detect *detect);
void rpcs_idle_connection(struct rpcs_detect *detect, const struct rpcs_connection *connection,
			  uint64_t flow_id);
void rpcs_idle_data(struct rpcs_detect *detect, const struct rpcs_tuple *tuple,
		    const struct rpcs_sighting *seen, bool open);
void rpcs_idle_tick(struct rpcs_detect *detect, uint64_t now_ns);

extern const struct rpcs_explanation rpcs_explain_amplification, rpcs_explain_victim,
	rpcs_explain_flood, rpcs_explain_idle, rpcs_explain_pipeline_flood;

void rpcs_exposed_outcome(struct rpcs_detect *detect, const struct rpcs_call *call,
			  const struct rpcs_message *reply, enum rpcs_outcome outcome);

/* The first reply comes as an outcome, further ones only as messages. */
void rpcs_exposed_message(struct rpcs_detect *detect, const struct rpcs_message *message,
			  struct rpcs_call *call, enum rpcs_message_place place, uint64_t flow_id);

extern const struct rpcs_explanation rpcs_explain_dump, rpcs_explain_dump_exposed,
	rpcs_explain_getport, rpcs_explain_getport_sensitive, rpcs_explain_set_remote,
	rpcs_explain_unset_remote, rpcs_explain_callit, rpcs_explain_spoofed_local,
	rpcs_explain_sweep, rpcs_explain_inconsistent_overlap, rpcs_explain_fragment_overlap,
	rpcs_explain_xid_conflict, rpcs_explain_sensor_loss;
extern const struct rpcs_explanation rpcs_explain_forbidden_target, rpcs_explain_unknown_program,
	rpcs_explain_direct, rpcs_explain_direct_sensitive, rpcs_explain_alt_port,
	rpcs_explain_lookup_then_call, rpcs_explain_oversized_args, rpcs_explain_nfs_mount,
	rpcs_explain_forged_root;

extern const struct rpcs_explanation rpcs_explain_getstat, rpcs_explain_new_server,
	rpcs_explain_mapping_changed, rpcs_explain_outbound, rpcs_explain_local_change;

#endif
