// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The detections that are implemented: which hooks each has. Names stand in policy/detections.h. */
#include <stddef.h>

#include "internal.h"

static const struct rpcs_detection_row rows[RPCS_D__MAX] = {
	[RPCS_D_DUMP] = {
		.matches = rpcs_dump_matches,
		.describe = rpcs_dump_describe,
		.explanation = &rpcs_explain_dump,
	},
	[RPCS_D_DUMP_EXPOSED] = {
		.on_outcome = rpcs_exposed_outcome,
		.explanation = &rpcs_explain_dump_exposed,
	},
	[RPCS_D_GETPORT] = {
		.matches = rpcs_getport_matches,
		.describe = rpcs_mapping_describe,
		.explanation = &rpcs_explain_getport,
	},
	[RPCS_D_GETPORT_SENSITIVE] = {
		.matches = rpcs_getport_sensitive_matches,
		.describe = rpcs_mapping_describe,
		.escalate = rpcs_getport_sensitive_escalate,
		.explanation = &rpcs_explain_getport_sensitive,
	},
	[RPCS_D_SET_REMOTE] = {
		.matches = rpcs_set_matches,
		.describe = rpcs_mapping_describe,
		.explanation = &rpcs_explain_set_remote,
	},
	[RPCS_D_UNSET_REMOTE] = {
		.matches = rpcs_unset_matches,
		.describe = rpcs_mapping_describe,
		.explanation = &rpcs_explain_unset_remote,
	},
	[RPCS_D_CALLIT] = {
		.matches = rpcs_callit_matches,
		.describe = rpcs_callit_describe,
		.explanation = &rpcs_explain_callit,
	},
	[RPCS_D_SPOOFED_LOCAL] = {
		.matches = rpcs_spoofed_matches,
		.describe = rpcs_spoofed_describe,
		.explanation = &rpcs_explain_spoofed_local,
	},
	[RPCS_D_SWEEP] = {
		.on_call = rpcs_sweep_call,
		.on_connection = rpcs_sweep_connection,
		.explanation = &rpcs_explain_sweep,
	},
	/* Overlaps come from outside: rpcs_detect_overlap(). */
	[RPCS_D_INCONSISTENT_OVERLAP] = { .explanation = &rpcs_explain_inconsistent_overlap },
	[RPCS_D_FRAGMENT_OVERLAP] = { .explanation = &rpcs_explain_fragment_overlap },
	[RPCS_D_XID_CONFLICT] = {
		.matches = rpcs_conflict_matches,
		.describe = rpcs_conflict_describe,
		.explanation = &rpcs_explain_xid_conflict,
	},
	/* Its figures come from outside: rpcs_detect_loss(). */
	[RPCS_D_SENSOR_LOSS] = { .explanation = &rpcs_explain_sensor_loss },
};

const struct rpcs_detection_row *rpcs_detection_row(enum rpcs_detection_id id)
{
	return &rows[id];
}

const struct rpcs_explanation *rpcs_detect_explain(enum rpcs_detection_id id)
{
	return rows[id].explanation;
}

static const struct rpcs_detect_family families[] = {
	{ rpcs_exposed_init, rpcs_exposed_free },
	{ rpcs_sweep_init, rpcs_sweep_free },
	{ rpcs_evasion_init, rpcs_evasion_free },
};

const struct rpcs_detect_family *rpcs_detect_families(uint32_t *ret_count)
{
	*ret_count = sizeof(families) / sizeof(families[0]);
	return families;
}
