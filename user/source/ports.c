// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The table of ports at its beginning. */
#include "ports.h"

enum {
	NFS = 2049,
	LOCKD = 4045,
	MOUNTD = 20048,
	/* Where Sun's and Linux's RPC services of old came to lie (detections.md, 1110022). */
	EPHEMERAL_FIRST = 32768,
	EPHEMERAL_LAST = 32810,
	VXLAN = 4789, /* RFC 7348 */
};

void rpcs_ports_fill(struct rpcs_ports *ports, const uint16_t *list, uint32_t count,
		     enum rpcs_any_port any_port, bool tunnels)
{
	uint32_t i, port;

	for (i = 0; i < count; i++)
		rpcs_port_mark(ports, list[i], RPCS_PORT_PORTMAPPER);
	if (any_port != RPCS_ANY_PORT_OFF) {
		rpcs_port_mark(ports, NFS, RPCS_PORT_RPC);
		rpcs_port_mark(ports, LOCKD, RPCS_PORT_RPC);
		rpcs_port_mark(ports, MOUNTD, RPCS_PORT_RPC);
		for (port = EPHEMERAL_FIRST; port <= EPHEMERAL_LAST; port++)
			rpcs_port_mark(ports, (uint16_t)port, RPCS_PORT_RPC);
	}
	ports->any_port = any_port;
	if (tunnels)
		rpcs_port_mark(ports, VXLAN, RPCS_PORT_VXLAN);
}

/* A class is two bits. */
_Static_assert(RPCS_PORT_RPC == 1, "RPC is the lower bit alone");

void rpcs_ports_replace(struct rpcs_ports *table, const struct rpcs_ports *policy)
{
	const uint32_t lower = 0x55555555;
	uint32_t i, old, learned, unnamed;

	__atomic_store_n(&table->any_port, policy->any_port, __ATOMIC_RELAXED);
	__atomic_store_n(&table->budget, policy->budget, __ATOMIC_RELAXED);
	__atomic_store_n(&table->budget_free, policy->budget_free, __ATOMIC_RELAXED);
	for (i = 0; i < RPCS_PORT_WORDS; i++) {
		unnamed = ~(policy->words[i] | policy->words[i] >> 1) & lower;
		do {
			old = __atomic_load_n(&table->words[i], __ATOMIC_RELAXED);
			learned = old & ~(old >> 1) & lower;
		} while (!__sync_bool_compare_and_swap(&table->words[i], old,
						       policy->words[i] | (learned & unnamed)));
	}
}
