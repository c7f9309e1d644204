// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The detections that are implemented: which hooks each has. Names stand in policy/detections.h. */
#include <stddef.h>

#include "../policy/call_names.h"
#include "abuse.h"
#include "crowd.h"
#include "fold.h"
#include "pace.h"

/* Calls of another program than the portmapper. */
#define OTHER_PROGRAM RPCS_CALL_BIT(RPCS_KIND_OTHER_PROGRAM)
#define NO_PROCEDURE RPCS_CALL_BIT(RPCS_CALL_OTHER)
#define LISTS (RPCS_CALL_BIT(RPCS_CALL_DUMP) | RPCS_CALL_BIT(RPCS_CALL_GETADDRLIST))
#define LOOKUPS                                                                \
	(RPCS_CALL_BIT(RPCS_CALL_GETPORT) | RPCS_CALL_BIT(RPCS_CALL_GETADDR) | \
	 RPCS_CALL_BIT(RPCS_CALL_GETVERSADDR))
#define FORWARDED                                                           \
	(RPCS_CALL_BIT(RPCS_CALL_CALLIT) | RPCS_CALL_BIT(RPCS_CALL_BCAST) | \
	 RPCS_CALL_BIT(RPCS_CALL_INDIRECT))
#define SETS RPCS_CALL_BIT(RPCS_CALL_SET)
#define UNSETS RPCS_CALL_BIT(RPCS_CALL_UNSET)

#define PLACE(name) (1 << RPCS_PLACE_##name)
#define FIRST_CALL PLACE(CALL)
#define CALLS (PLACE(CALL) | PLACE(CALL_AGAIN))
#define REPLIES (PLACE(REPLY) | PLACE(REPLY_AGAIN) | PLACE(REPLY_UNPAIRED))

const struct rpcs_detection_row rpcs_detection_rows[RPCS_D__MAX] = {
	[RPCS_D_DUMP] = {
		.matches = rpcs_dump_matches,
		.describe = rpcs_dump_describe,
		.calls = LISTS,
		.unless_silent = true,
		.explanation = &rpcs_explain_dump,
	},
	[RPCS_D_DUMP_EXPOSED] = {
		.on_outcome = rpcs_exposed_outcome,
		.on_message = rpcs_exposed_message,
		.places = PLACE(REPLY_AGAIN),
		.explanation = &rpcs_explain_dump_exposed,
	},
	[RPCS_D_GETPORT] = {
		.matches = rpcs_getport_matches,
		.describe = rpcs_mapping_describe,
		.calls = LOOKUPS,
		.unless_silent = true,
		.explanation = &rpcs_explain_getport,
	},
	[RPCS_D_GETPORT_SENSITIVE] = {
		.matches = rpcs_getport_sensitive_matches,
		.describe = rpcs_mapping_describe,
		.escalate = rpcs_getport_sensitive_escalate,
		.calls = LOOKUPS,
		.unless_silent = true,
		.explanation = &rpcs_explain_getport_sensitive,
	},
	[RPCS_D_SET_REMOTE] = {
		.matches = rpcs_set_matches,
		.describe = rpcs_mapping_describe,
		.calls = SETS | FORWARDED,
		.explanation = &rpcs_explain_set_remote,
	},
	[RPCS_D_UNSET_REMOTE] = {
		.matches = rpcs_unset_matches,
		.describe = rpcs_mapping_describe,
		.calls = UNSETS | FORWARDED,
		.explanation = &rpcs_explain_unset_remote,
	},
	[RPCS_D_CALLIT] = {
		.matches = rpcs_callit_matches,
		.describe = rpcs_callit_describe,
		.calls = FORWARDED,
		.unless_silent = true,
		.explanation = &rpcs_explain_callit,
	},
	[RPCS_D_CALLIT_FORBIDDEN_TARGET] = {
		.matches = rpcs_forbidden_target_matches,
		.describe = rpcs_callit_describe,
		.calls = FORWARDED,
		.unless_silent = true,
		.explanation = &rpcs_explain_forbidden_target,
	},
	[RPCS_D_GETSTAT] = {
		.matches = rpcs_getstat_matches,
		.describe = rpcs_getstat_describe,
		.calls = RPCS_CALL_BIT(RPCS_CALL_GETSTAT),
		.unless_silent = true,
		.explanation = &rpcs_explain_getstat,
	},
	[RPCS_D_SPOOFED_LOCAL] = {
		.matches = rpcs_spoofed_matches,
		.describe = rpcs_spoofed_describe,
		.ports = RPCS_PORTS_PORTMAPPER,
		.if_odd = true,
		.explanation = &rpcs_explain_spoofed_local,
	},
	/* New servers and changes come from outside: rpcs_detect_lesson(). */
	[RPCS_D_NEW_SERVER] = { .explanation = &rpcs_explain_new_server },
	[RPCS_D_MAPPING_CHANGED] = {
		.on_message = rpcs_meddled_message,
		.calls = SETS | UNSETS,
		.places = CALLS,
		.explanation = &rpcs_explain_mapping_changed,
	},
	[RPCS_D_OUTBOUND] = {
		.matches = rpcs_outbound_matches,
		.describe = rpcs_outbound_describe,
		.explanation = &rpcs_explain_outbound,
	},
	[RPCS_D_SWEEP] = {
		.on_call = rpcs_sweep_call,
		.on_connection = rpcs_sweep_connection,
		.per_source = true,
		.ports = RPCS_PORTS_PORTMAPPER,
		.explanation = &rpcs_explain_sweep,
	},
	[RPCS_D_UNKNOWN_PROGRAM] = {
		.matches = rpcs_unknown_program_matches,
		.describe = rpcs_unknown_program_describe,
		.calls = LOOKUPS,
		.unless_silent = true,
		.explanation = &rpcs_explain_unknown_program,
	},
	[RPCS_D_DIRECT] = {
		.matches = rpcs_direct_matches,
		.describe = rpcs_direct_describe,
		.on_message = rpcs_direct_message,
		.ports = RPCS_PORTS_OTHERS,
		.unless_silent = true,
		.places = PLACE(CALL) | PLACE(REPLY) | PLACE(REPLY_AGAIN),
		.explanation = &rpcs_explain_direct,
	},
	[RPCS_D_DIRECT_SENSITIVE] = {
		.matches = rpcs_direct_sensitive_matches,
		.describe = rpcs_direct_describe,
		.ports = RPCS_PORTS_OTHERS,
		.unless_silent = true,
		.explanation = &rpcs_explain_direct_sensitive,
	},
	[RPCS_D_ALT_PORT] = {
		.matches = rpcs_alt_port_matches,
		.describe = rpcs_alt_port_describe,
		.ports = RPCS_PORTS_OTHERS,
		.explanation = &rpcs_explain_alt_port,
	},
	/* rpcs_direct_message() raises it. */
	[RPCS_D_LOOKUP_THEN_CALL] = {
		.describe = rpcs_link_describe,
		.explanation = &rpcs_explain_lookup_then_call,
	},
	[RPCS_D_OVERSIZED_ARGS] = {
		.matches = rpcs_oversized_matches,
		.describe = rpcs_oversized_describe,
		.if_odd = true,
		.explanation = &rpcs_explain_oversized_args,
	},
	[RPCS_D_MOUNT_EXTERNAL] = {
		.matches = rpcs_mount_matches,
		.describe = rpcs_mount_describe,
		.escalate = rpcs_mount_escalate,
		.calls = OTHER_PROGRAM,
		.unless_silent = true,
		.explanation = &rpcs_explain_nfs_mount,
	},
	[RPCS_D_FORGED_ROOT] = {
		.matches = rpcs_forged_root_matches,
		.describe = rpcs_forged_root_describe,
		.unless_silent = true,
		.explanation = &rpcs_explain_forged_root,
	},
	[RPCS_D_FANOUT] = {
		.on_call = rpcs_fanout_call,
		.calls = LOOKUPS,
		.unless_silent = true,
		.explanation = &rpcs_explain_fanout,
	},
	[RPCS_D_PORT_SCAN] = {
		.on_connection = rpcs_scan_connection,
		.explanation = &rpcs_explain_port_scan,
	},
	[RPCS_D_GRIND] = {
		.on_message = rpcs_grind_message,
		.calls = NO_PROCEDURE | OTHER_PROGRAM,
		.places = FIRST_CALL,
		.explanation = &rpcs_explain_grind,
	},
	[RPCS_D_TOOL_FINGERPRINT] = {
		.matches = rpcs_tool_matches,
		.describe = rpcs_tool_describe,
		.on_call = rpcs_tool_call,
		.unless_silent = true,
		.explanation = &rpcs_explain_tool,
	},
	[RPCS_D_EMPTY_DATAGRAM] = {
		.on_connection = rpcs_empty_connection,
		.explanation = &rpcs_explain_empty_datagram,
	},
	[RPCS_D_RPC_SWEEP] = {
		.on_message = rpcs_rpc_sweep_message,
		.on_connection = rpcs_rpc_sweep_connection,
		.per_source = true,
		.places = FIRST_CALL,
		.explanation = &rpcs_explain_rpc_sweep,
	},
	[RPCS_D_PORT_TOUCH] = {
		.matches = rpcs_port_touch_matches,
		.describe = rpcs_port_touch_describe,
		.on_connection = rpcs_port_touch_connection,
		.if_odd = true,
		.explanation = &rpcs_explain_port_touch,
	},
	[RPCS_D_LENGTH_BOMB] = {
		.on_message = rpcs_bomb_message,
		.describe = rpcs_bomb_describe,
		.if_odd = true,
		.explanation = &rpcs_explain_length_bomb,
	},
	[RPCS_D_OVERSIZED_CREDENTIAL] = {
		.on_message = rpcs_credential_message,
		.describe = rpcs_credential_describe,
		.if_odd = true,
		.explanation = &rpcs_explain_oversized_credential,
	},
	[RPCS_D_TINY_FRAGMENT] = {
		.on_oddity = rpcs_tiny_oddity,
		.explanation = &rpcs_explain_tiny_fragment,
	},
	[RPCS_D_FRAGMENTED_RECORD] = {
		.on_oddity = rpcs_fragmented_oddity,
		.explanation = &rpcs_explain_fragmented_record,
	},
	[RPCS_D_ZERO_FRAGMENT] = {
		.on_oddity = rpcs_zero_oddity,
		.explanation = &rpcs_explain_zero_fragment,
	},
	[RPCS_D_HUGE_RECORD] = {
		.on_oddity = rpcs_huge_oddity,
		.explanation = &rpcs_explain_huge_record,
	},
	/* Overlaps come from outside: rpcs_detect_overlap(). */
	[RPCS_D_INCONSISTENT_OVERLAP] = { .explanation = &rpcs_explain_inconsistent_overlap },
	[RPCS_D_FRAGMENT_OVERLAP] = { .explanation = &rpcs_explain_fragment_overlap },
	[RPCS_D_XID_CONFLICT] = {
		.matches = rpcs_conflict_matches,
		.describe = rpcs_conflict_describe,
		.ports = RPCS_PORTS_PORTMAPPER,
		.if_odd = true,
		.explanation = &rpcs_explain_xid_conflict,
	},
	[RPCS_D_JUNK] = {
		.on_oddity = rpcs_junk_oddity,
		.on_message = rpcs_junk_message,
		.describe = rpcs_junk_describe,
		.per_source = true,
		.if_odd = true,
		.explanation = &rpcs_explain_junk,
	},
	[RPCS_D_BAD_PORT] = {
		.on_message = rpcs_bad_port_message,
		.describe = rpcs_bad_port_describe,
		.calls = SETS | UNSETS,
		.explanation = &rpcs_explain_bad_port,
	},
	[RPCS_D_ROLE] = {
		.on_message = rpcs_role_message,
		.if_odd = true,
		.explanation = &rpcs_explain_role,
	},
	[RPCS_D_WRONG_PROGRAM] = {
		.on_message = rpcs_wrong_program_message,
		.describe = rpcs_wrong_program_describe,
		.calls = OTHER_PROGRAM,
		.places = CALLS,
		.ports = RPCS_PORTS_PORTMAPPER,
		.explanation = &rpcs_explain_wrong_program,
	},
	[RPCS_D_UNKNOWN_PROCEDURE] = {
		.on_message = rpcs_unknown_procedure_message,
		.describe = rpcs_unknown_procedure_describe,
		.calls = NO_PROCEDURE,
		.places = CALLS,
		.explanation = &rpcs_explain_unknown_procedure,
	},
	[RPCS_D_LONG_ADDRESS] = {
		.on_message = rpcs_long_address_message,
		.places = REPLIES,
		.if_odd = true,
		.explanation = &rpcs_explain_long_address,
	},
	[RPCS_D_MISMATCH_RANGE] = {
		.on_message = rpcs_mismatch_message,
		.places = REPLIES,
		.if_odd = true,
		.explanation = &rpcs_explain_mismatch_range,
	},
	[RPCS_D_GSS_VERIFIER] = {
		.on_message = rpcs_gss_message,
		.describe = rpcs_gss_describe,
		.calls = ~OTHER_PROGRAM,
		.places = CALLS,
		.if_odd = true,
		.explanation = &rpcs_explain_gss_verifier,
	},
	[RPCS_D_SET_DUMP_PAIR] = {
		.on_message = rpcs_set_dump_message,
		.describe = rpcs_set_dump_describe,
		/* One of SET, one of DUMP: each order of them is the same pair. */
		.per_server = true,
		.calls = SETS | RPCS_CALL_BIT(RPCS_CALL_DUMP),
		.places = FIRST_CALL,
		.explanation = &rpcs_explain_set_dump_pair,
	},
	[RPCS_D_CALLIT_OVERLONG] = {
		.on_message = rpcs_callit_overlong_message,
		.describe = rpcs_callit_overlong_describe,
		.calls = FORWARDED,
		.places = CALLS,
		.explanation = &rpcs_explain_callit_overlong,
	},
	[RPCS_D_AMPLIFICATION] = {
		.on_message = rpcs_amplify_message,
		.ports = RPCS_PORTS_PORTMAPPER,
		.explanation = &rpcs_explain_amplification,
	},
	[RPCS_D_REFLECTION_VICTIM] = {
		.on_message = rpcs_victim_message,
		.places = PLACE(REPLY_UNPAIRED),
		.explanation = &rpcs_explain_victim,
	},
	[RPCS_D_FLOOD] = {
		.on_message = rpcs_flood_message,
		.ports = RPCS_PORTS_PORTMAPPER,
		.explanation = &rpcs_explain_flood,
	},
	[RPCS_D_IDLE_CONNECTIONS] = {
		.on_connection = rpcs_idle_connection,
		.on_data = rpcs_idle_data,
		.explanation = &rpcs_explain_idle,
	},
	[RPCS_D_PIPELINE_FLOOD] = {
		.on_message = rpcs_pipeline_flood_message,
		.places = PLACE(CALL) | PLACE(REPLY),
		.ports = RPCS_PORTS_PORTMAPPER,
		.explanation = &rpcs_explain_pipeline_flood,
	},
	[RPCS_D_HOST_LOCAL_CHANGE] = {
		.matches = rpcs_local_change_matches,
		.describe = rpcs_local_change_describe,
		.calls = SETS | UNSETS,
		.explanation = &rpcs_explain_local_change,
	},
	/* Its figures come from outside: rpcs_detect_loss(). */
	[RPCS_D_SENSOR_LOSS] = { .explanation = &rpcs_explain_sensor_loss },
};

const struct rpcs_explanation *rpcs_detect_explain(enum rpcs_detection_id id)
{
	return rpcs_detection_rows[id].explanation;
}

#define FAMILY(name, derives)                                   \
	{                                                       \
		rpcs_##name##_init, rpcs_##name##_free, derives \
	}

static const struct rpcs_detect_family families[] = {
	FAMILY(parties, false),	 FAMILY(fold, false),	   FAMILY(crowd, false),
	FAMILY(pace, false),	 FAMILY(sweep, true),	   FAMILY(fanout, true),
	FAMILY(scan, true),	 FAMILY(grind, true),	   FAMILY(tools, true),
	FAMILY(given, false),	 FAMILY(inventory, false), FAMILY(amplify, true),
	FAMILY(flood, true),	 FAMILY(pending, true),	   FAMILY(idle, false),
	FAMILY(set_dump, false), FAMILY(surge, false),
};

#undef FAMILY

const struct rpcs_detect_family *rpcs_detect_families(uint32_t *ret_count)
{
	*ret_count = sizeof(families) / sizeof(families[0]);
	return families;
}
