// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Replies of every version that name a port, in numbers or in an universal address. */
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

bool rpcs_uaddr_is_valid(const struct rpcs_text *address)
{
	char host[RPCS_ADDRESS_TEXT];
	struct rpcs_address parsed;
	uint32_t end = address->len;
	const char *zone;

	if (octet_before(address, &end) < 0 || octet_before(address, &end) < 0)
		return false;
	/* A link-local address may have its zone (RFC 4007 11). */
	zone = end ? memchr(address->bytes, '%', end) : NULL;
	if (zone)
		end = (uint32_t)(zone - (const char *)address->bytes);
	if (end >= sizeof(host) || memchr(address->bytes, '\0', end))
		return false;
	memcpy(host, address->bytes, end);
	host[end] = '\0';
	return rpcs_address_parse(host, &parsed) == 0;
}

/* A netid names a transport (RFC 5665 5.2): "tcp", "udp6"; 0 for those without ports. */
static uint8_t protocol_of(const struct rpcs_text *netid)
{
	if (netid->len < 3)
		return 0;
	if (!memcmp(netid->bytes, "tcp", 3))
		return RPCS_IP_TCP;
	return memcmp(netid->bytes, "udp", 3) ? 0 : RPCS_IP_UDP;
}

static void tell_one(rpcs_told_fn tell, void *arg, uint32_t program, uint32_t protocol,
		     uint32_t port)
{
	const struct rpcs_told_port told = { .program = program,
					     .port = (uint16_t)port,
					     .protocol = (uint8_t)protocol };

	if (port > 0 && port <= 0xffff && (protocol == RPCS_IP_TCP || protocol == RPCS_IP_UDP))
		tell(arg, &told);
}

/* rpcbind looks at the transport that the call came by, not at the netid it names. */
static void tell_address(const struct rpcs_call *call, const struct rpcs_text *address,
			 rpcs_told_fn tell, void *arg)
{
	const struct rpcs_portmap *asked = &call->message.portmap;
	uint8_t transport = call->message.tuple.protocol, named = protocol_of(&asked->netid);
	uint16_t port = rpcs_uaddr_port(address);

	tell_one(tell, arg, asked->program, transport, port);
	if (named != transport)
		tell_one(tell, arg, asked->program, named, port);
}

/* A list of version 2: nearly all are. */
static void tell_mappings(const struct rpcs_portmap *told, rpcs_told_fn tell, void *arg)
{
	const struct rpcs_mapping *mapping = told->mappings, *end = mapping + told->mappings_kept;

	for (; mapping < end; mapping++)
		tell_one(tell, arg, mapping->program, mapping->protocol, mapping->port);
}

static void tell_addresses(const struct rpcs_call *call, const struct rpcs_portmap *told,
			   rpcs_told_fn tell, void *arg)
{
	const struct rpcs_mapping *mapping;
	uint32_t program, i;

	for (i = 0; i < told->mappings_kept; i++) {
		mapping = &told->mappings[i];
		/* A GETADDRLIST reply tells of the program that the call names. */
		program = told->shape == RPCS_PORTMAP_ENTRIES ? call->message.portmap.program
							      : mapping->program;
		tell_one(tell, arg, program, protocol_of(&mapping->netid),
			 rpcs_uaddr_port(&mapping->address));
	}
}

void rpcs_told_each(const struct rpcs_call *call, const struct rpcs_message *reply,
		    rpcs_told_fn tell, void *arg)
{
	const struct rpcs_portmap *asked = &call->message.portmap, *told = &reply->portmap;

	if (call->message.program != RPCS_PORTMAP_PROGRAM)
		return;
	if (told->shape == RPCS_PORTMAP_MAPPINGS)
		tell_mappings(told, tell, arg);
	else
		tell_addresses(call, told, tell, arg);
	if (told->has < 1)
		return;
	if (told->shape == RPCS_PORTMAP_PORT && asked->shape == RPCS_PORTMAP_MAPPING)
		tell_one(tell, arg, asked->program, asked->protocol, told->port);
	else if (told->shape == RPCS_PORTMAP_ADDRESS && asked->shape == RPCS_PORTMAP_RPCB)
		tell_address(call, &told->address, tell, arg);
	/* Forwarded calls go over UDP only. */
	else if (told->shape == RPCS_PORTMAP_CALLIT_PORT)
		tell_one(tell, arg, asked->program, RPCS_IP_UDP, told->port);
	else if (told->shape == RPCS_PORTMAP_CALLIT_ADDRESS)
		tell_one(tell, arg, asked->program, RPCS_IP_UDP, rpcs_uaddr_port(&told->address));
}
