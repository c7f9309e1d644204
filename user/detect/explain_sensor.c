// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Explanations: the sensor itself (1110080). */
#include "families.h"

const struct rpcs_explanation rpcs_explain_sensor_loss = {
	.what = "The sensor itself lost something: for that time its silence does not mean that "
		"nothing happened.",
	.fires = "Records of the kernel found no room in the ring, packets could not be read or "
		 "were more than their flow may send to be put together, a table evicted entries "
		 "that were still in use, or alerts did not reach the journal. Once a minute at "
		 "most, with how many of each kind since the last such alert.",
	.why = "A flood of forged sources is a way to blind a sensor before the real work "
	       "starts. A sensor that hides its losses can't be trusted.",
	.false_positives =
		"None: the figures are counted. A backup window or a burst of legitimate "
		"NFS mounts may be the cause.",
	.next = "The evidence names the setting, where there is one. Look at rpcsentry stats for "
		"the rate, and at the alerts of the minutes before: portmap-sweep and single busy "
		"sources are the usual reason. Permit known heavy callers with suppress: kernel "
		"where their addresses can be trusted.",
	.allow = "Allow rules do not silence this detection. Give the sensor more room:\n"
		 "  sensor:\n"
		 "    ring_size: 32M\n"
		 "  limits:\n"
		 "    flows: 262144\n"
		 "    pending_calls: 1048576\n"
		 "    sources: 262144\n",
};
