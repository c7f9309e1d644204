// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Explanations: reconnaissance and the sensor itself (1110020, 1110080). */
#include "internal.h"

const struct rpcs_explanation rpcs_explain_sweep = {
	.what = "One source went from host to host and knocked at their portmapper ports: a "
		"search for hosts that run RPC services.",
	.fires = "One source sends a TCP SYN or an RPC call to a portmapper port of 16 hosts in "
		 "60 s, or of 64 hosts in an hour; the policy's hosts, window, slow_hosts and "
		 "slow_window change that. A source fires once in alerts.repeat. Allowed calls do "
		 "not count. The alert shows the last touch; the evidence has the first and the "
		 "last target and tells whether the addresses are consecutive.",
	.why = "This is how the target list of an attack is made. Consecutive addresses mean a "
	       "plain scan of your range; scattered ones mean a list that was bought or made "
	       "before, and that somebody has come back.",
	.false_positives = "Your own scanners and inventories, management stations, a NAT gateway "
			   "or proxy with many clients behind it. UDP sources can be forged.",
	.next = "Which of the targets answered? journalctl -t rpcsentry RPCS_SRC_IP=ADDRESS shows "
		"what followed. Watch for the same source, or its neighbours, coming back to the "
		"hosts that answered.",
	.allow = "Permit a scanner of your own, or move the thresholds:\n"
		 "  allow:\n"
		 "    - name: our-scanner\n"
		 "      clients: [10.9.9.9]\n"
		 "      calls: all\n"
		 "  detections:\n"
		 "    portmap-sweep: {hosts: 32, window: 60s}\n",
};

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
