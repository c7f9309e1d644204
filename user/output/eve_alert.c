// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The object `alert` of an EVE line. */
#include "eve_objects.h"

enum { ALERT_GID = 1110, ALERT_REV = 1 };

/* How many sources share the alert, and where most of it came from. */
static void eve_crowd(struct rpcs_json *json, const struct rpcs_alert *alert)
{
	char prefix[RPCS_PREFIX_TEXT];
	uint32_t i;

	rpcs_json_uint(json, "sources", alert->sources);
	if (alert->sources_estimated)
		rpcs_json_bool(json, "sources_estimated", true);
	rpcs_json_open(json, "prefixes", '[');
	for (i = 0; i < alert->prefix_count && i < RPCS_ALERT_PREFIXES_MAX; i++) {
		rpcs_prefix_format(&alert->prefixes[i], prefix);
		rpcs_json_string(json, NULL, prefix);
	}
	rpcs_json_close(json, ']');
}

void rpcs_eve_alert(struct rpcs_json *json, const struct rpcs_alert *alert)
{
	const struct rpcs_detection_info *info = rpcs_detection_info(alert->detection);
	char id[RPCS_ALERT_ID_TEXT];
	uint32_t i;

	rpcs_json_open(json, "alert", '{');
	rpcs_json_string(json, "action", "allowed");
	rpcs_json_uint(json, "gid", ALERT_GID);
	rpcs_json_uint(json, "signature_id", info->signature_id);
	rpcs_json_uint(json, "rev", ALERT_REV);
	rpcs_json_string(json, "signature", info->signature);
	rpcs_json_string(json, "category", info->category);
	rpcs_json_uint(json, "severity", alert->severity);
	rpcs_json_string(json, "name", info->name);
	rpcs_alert_id_format(alert, id);
	rpcs_json_string(json, "id", id);
	rpcs_json_string(json, "outcome", rpcs_outcome_name(alert->outcome));
	rpcs_json_uint(json, "count", alert->count);
	if (alert->update)
		rpcs_json_bool(json, "update", true);
	if (alert->sources)
		eve_crowd(json, alert);
	rpcs_json_open(json, "evidence", '[');
	for (i = 0; i < alert->evidence_count && i < RPCS_EVIDENCE_MAX; i++)
		rpcs_json_string(json, NULL, alert->evidence[i]);
	rpcs_json_close(json, ']');
	rpcs_json_close(json, '}');
}
