// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The headers of IP fragments (RFC 791 3.1, RFC 8200 4.5). */
#include "fragment_parse.h"

static bool parse_ip4(struct rpcs_ip_fragment *f, const uint8_t *bytes, uint32_t len)
{
	uint32_t field = rpcs_load_be16(bytes + 6);

	f->offset = (field & 0x1fff) * 8;
	f->more = field & 0x2000;
	f->protocol = f->pkt.protocol;
	f->header_len = f->pkt.payload_offset;
	f->len = f->pkt.payload_len;
	f->payload = bytes + f->header_len;
	return f->header_len <= len;
}

/* The fixed header stands for all: what lies before the fragment header is for the routers. */
static bool parse_ip6(struct rpcs_ip_fragment *f, const uint8_t *bytes, uint32_t len)
{
	const uint8_t *ext;
	uint32_t field;
	int i;

	for (i = 0; i < RPCS_IP6_EXTENSIONS_MAX; i++) {
		ext = bytes + f->pkt.payload_offset;
		if (f->pkt.payload_offset + 8 > len || f->pkt.payload_len < 8)
			return false;
		if (f->pkt.protocol == RPCS_IP_FRAGMENT)
			break;
		if (!rpcs_packet_is_extension(f->pkt.protocol) ||
		    rpcs_packet_extension(&f->pkt, bytes, bytes + len) != RPCS_PACKET_OK)
			return false;
	}
	if (i == RPCS_IP6_EXTENSIONS_MAX)
		return false;
	field = rpcs_load_be16(ext + 2);
	f->offset = field & 0xfff8;
	f->more = field & 1;
	f->protocol = ext[0];
	f->pkt.fragment_id = rpcs_load_be32(ext + 4);
	f->header_len = 40;
	f->len = f->pkt.payload_len - 8;
	f->payload = ext + 8;
	return true;
}

bool rpcs_ip_fragment_parse(struct rpcs_ip_fragment *f, const uint8_t *bytes, uint32_t len)
{
	enum rpcs_packet_result result;
	uint32_t there;
	bool ip6;

	if (len < 20)
		return false;
	ip6 = (bytes[0] >> 4) == 6;
	result = rpcs_packet_network(&f->pkt, bytes, bytes + len, len,
				     ip6 ? RPCS_ETH_IP6 : RPCS_ETH_IP4);
	if (result != RPCS_PACKET_OK && result != RPCS_PACKET_fragment_later)
		return false;
	f->header = bytes;
	if (!(ip6 ? parse_ip6(f, bytes, len) : parse_ip4(f, bytes, len)))
		return false;
	there = (uint32_t)(bytes + len - f->payload);
	f->available = there < f->len ? there : f->len;
	/* All but the last are multiples of 8; nothing reaches behind the largest packet. */
	if (f->len == 0 || (f->more && f->len % 8) || f->offset + f->len > 65535)
		return false;
	return rpcs_fragment_key_fill(&f->key, &f->pkt, bytes, bytes + len);
}
