// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * TCP only: a UDP datagram shows by itself that it is RPC, while a stream has to
 * be followed from its beginning.
 */
#include "told.h"

#include <string.h>

#include <rpcsentry/packet.h>
#include <rpcsentry/portmap.h>

/* The number that ends at *end, 0 to 255, and the dot before it; -1: there is none. */
static int octet_before(const struct rpcs_text *text, uint32_t *end)
{
	uint32_t at = *end, factor = 1, value = 0;

	while (at > 0 && text->bytes[at - 1] >= '0' && text->bytes[at - 1] <= '9' &&
	       factor < 1000) {
		value += factor * (text->bytes[at - 1] - '0');
		factor *= 10;
		at--;
	}
	if (at == *end || value > 255 || at == 0 || text->bytes[at - 1] != '.')
		return -1;
	*end = at - 1;
	return (int)value;
}

uint16_t rpcs_uaddr_port(const struct rpcs_text *address)
{
	uint32_t end = address->len;
	int low = octet_before(address, &end);
	int high = low < 0 ? -1 : octet_before(address, &end);

	return high < 0 ? 0 : (uint16_t)(high << 8 | low);
}

static bool is_tcp_netid(const struct rpcs_text *netid)
{
	return netid->len >= 3 && !memcmp(netid->bytes, "tcp", 3);
}

static uint16_t port_of(const struct rpcs_mapping *mapping, enum rpcs_portmap_shape shape)
{
	if (shape == RPCS_PORTMAP_MAPPINGS)
		return mapping->protocol == RPCS_IP_TCP && mapping->port <= 0xffff
			       ? (uint16_t)mapping->port
			       : 0;
	return is_tcp_netid(&mapping->netid) ? rpcs_uaddr_port(&mapping->address) : 0;
}

/* The port in the reply to a GETPORT, GETADDR or GETVERSADDR. */
static uint16_t port_asked_for(const struct rpcs_portmap *asked, const struct rpcs_portmap *told)
{
	if (told->has < 1)
		return 0;
	if (told->shape == RPCS_PORTMAP_PORT && asked->shape == RPCS_PORTMAP_MAPPING &&
	    asked->protocol == RPCS_IP_TCP && told->port <= 0xffff)
		return (uint16_t)told->port;
	/* rpcbind looks at the transport that the call came by, not at the netid it names. */
	if (told->shape == RPCS_PORTMAP_ADDRESS && asked->shape == RPCS_PORTMAP_RPCB)
		return rpcs_uaddr_port(&told->address);
	return 0;
}

void rpcs_told_ports(const struct rpcs_call *call, const struct rpcs_message *reply,
		     void (*tell)(void *arg, uint16_t port), void *arg)
{
	const struct rpcs_portmap *told = &reply->portmap;
	uint16_t port = port_asked_for(&call->message.portmap, told);
	uint32_t i;

	if (call->message.program != RPCS_PORTMAP_PROGRAM)
		return;
	if (port)
		tell(arg, port);
	for (i = 0; i < told->mappings_kept; i++) {
		port = port_of(&told->mappings[i], told->shape);
		if (port)
			tell(arg, port);
	}
}
