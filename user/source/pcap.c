// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Reads captures and gives every frame an Ethernet header, made up where it had none. */
#include "pcap.h"

#include <errno.h>
#include <pcap/pcap.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <rpcsentry/packet.h>

#include "../base/clock.h"
#include "../base/log.h"
#include "ahead.h"

enum {
	/* Larger than libpcap's own MAXIMUM_SNAPLEN, which bounds what it hands over. */
	FRAME_MAX = 262144 + 64,
	ETHERNET_BYTES = 14,
	MAGIC_MICRO = 0xa1b2c3d4, /* what a file begins with */
	MAGIC_NANO = 0xa1b23c4d,

	ARPHRD_LOOPBACK_TYPE = 772,
	SLL_BROADCAST = 1,
	SLL_MULTICAST = 2,
};

_Static_assert(FRAME_MAX + ETHERNET_BYTES <= RPCS_FRAME_MAX, "as pcap.h says");

struct rpcs_pcap {
	pcap_t *handle;
	bool opened;				  /* `ahead` is, and its stream not libpcap's yet */
	bool in_place;				  /* frames can be taken where they lie */
	uint32_t snaplen, fraction_ns, fractions; /* then: the longest, and the parts of a second */
	int link;
	uint64_t number;
	uint64_t size;
	char error[PCAP_ERRBUF_SIZE + 64];
	uint8_t *buffer; /* for frames that get a made-up header */
	struct rpcs_ahead ahead;
};

/* What a frame's own link header says of it. */
struct link_facts {
	uint32_t header_len;
	uint16_t type; /* EtherType; 0: not IP */
	bool local, group;
};

static bool facts_sll(const uint8_t *p, uint32_t len, struct link_facts *facts)
{
	if (len < 16)
		return false;
	facts->header_len = 16;
	facts->group = rpcs_load_be16(p) == SLL_BROADCAST || rpcs_load_be16(p) == SLL_MULTICAST;
	facts->local = rpcs_load_be16(p + 2) == ARPHRD_LOOPBACK_TYPE;
	facts->type = rpcs_load_be16(p + 14);
	return true;
}

static bool facts_sll2(const uint8_t *p, uint32_t len, struct link_facts *facts)
{
	if (len < 20)
		return false;
	facts->header_len = 20;
	facts->type = rpcs_load_be16(p);
	facts->local = rpcs_load_be16(p + 8) == ARPHRD_LOOPBACK_TYPE;
	facts->group = p[10] == SLL_BROADCAST || p[10] == SLL_MULTICAST;
	return true;
}

/* The family of BSD loopback headers: host order of whoever wrote it, or network order. */
static bool facts_null(const uint8_t *p, uint32_t len, struct link_facts *facts)
{
	uint32_t family;

	if (len < 4)
		return false;
	family = rpcs_load_be32(p);
	if (family > 0xffff)
		family = __builtin_bswap32(family);
	facts->header_len = 4;
	facts->local = true;
	if (family == 2)
		facts->type = RPCS_ETH_IP4;
	else if (family == 10 || family == 24 || family == 28 || family == 30)
		facts->type = RPCS_ETH_IP6; /* Linux; NetBSD, OpenBSD; FreeBSD; macOS */
	return true;
}

static bool facts_raw(const uint8_t *p, uint32_t len, struct link_facts *facts)
{
	if (len < 1)
		return false;
	facts->type = (p[0] >> 4) == 6 ? RPCS_ETH_IP6 : RPCS_ETH_IP4;
	return true;
}

static bool facts_of(int link, const uint8_t *p, uint32_t len, struct link_facts *facts)
{
	switch (link) {
	case DLT_LINUX_SLL:
		return facts_sll(p, len, facts);
	case DLT_LINUX_SLL2:
		return facts_sll2(p, len, facts);
	case DLT_NULL:
	case DLT_LOOP:
		return facts_null(p, len, facts);
	case DLT_RAW:
	case DLT_IPV4:
	case DLT_IPV6:
		return facts_raw(p, len, facts);
	default:
		return false;
	}
}

static bool link_is_known(int link)
{
	return link == DLT_EN10MB || link == DLT_LINUX_SLL || link == DLT_LINUX_SLL2 ||
	       link == DLT_NULL || link == DLT_LOOP || link == DLT_RAW || link == DLT_IPV4 ||
	       link == DLT_IPV6;
}

static bool is_compressed(const char *name)
{
	size_t len = strlen(name);

	return len > 3 && strcmp(name + len - 3, ".gz") == 0;
}

/*
 * The plain format in this machine's order, microseconds or nanoseconds: its frames need no
 * library, as long as nothing about them is odd. *ret_unit: nanoseconds of a fraction.
 */
static bool is_plain(struct rpcs_ahead *ahead, uint32_t *ret_unit)
{
	const uint8_t *header = rpcs_ahead_peek(ahead, sizeof(uint32_t));
	uint32_t magic;

	if (!header)
		return false;
	memcpy(&magic, header, sizeof(magic));
	*ret_unit = magic == MAGIC_NANO ? 1 : RPCS_NSEC_PER_USEC;
	return magic == MAGIC_NANO || magic == MAGIC_MICRO;
}

static void set_in_place(struct rpcs_pcap *pcap, uint32_t unit)
{
	int snaplen = pcap_snapshot(pcap->handle);

	/* Older versions had the two lengths the other way round. */
	if (pcap_major_version(pcap->handle) != 2 || pcap_minor_version(pcap->handle) != 4 ||
	    snaplen <= 0)
		return;
	pcap->in_place = true;
	pcap->snaplen = (uint32_t)snaplen;
	pcap->fraction_ns = unit;
	pcap->fractions = RPCS_NSEC_PER_SEC / unit;
}

static int open_handle(struct rpcs_pcap *pcap, const char *path, const char *name)
{
	char why[PCAP_ERRBUF_SIZE] = "";
	uint32_t unit = 0;
	bool plain = is_plain(&pcap->ahead, &unit);

	pcap->handle = pcap_fopen_offline_with_tstamp_precision(pcap->ahead.stream,
								PCAP_TSTAMP_PRECISION_NANO, why);
	if (!pcap->handle) {
		rpcs_log_error("%s: not a capture (%s); pcap and pcapng files are read%s", name,
			       why, is_compressed(path) ? ", uncompressed: gunzip it first" : "");
		return -EINVAL;
	}
	pcap->opened = false;
	pcap->link = pcap_datalink(pcap->handle);
	if (!link_is_known(pcap->link)) {
		const char *link = pcap_datalink_val_to_name(pcap->link);

		rpcs_log_error("%s: link type %s is not supported; Ethernet, Linux cooked, "
			       "loopback and raw IP are",
			       name, link ? link : "unknown");
		return -ENOTSUP;
	}
	if (plain)
		set_in_place(pcap, unit);
	return 0;
}

int rpcs_pcap_open(const char *path, struct rpcs_pcap **ret_pcap)
{
	struct rpcs_pcap *pcap = calloc(1, sizeof(*pcap));
	const char *name = strcmp(path, "-") ? path : "standard input";
	struct stat st;
	int err = -ENOMEM;

	if (!pcap || !(pcap->buffer = malloc(FRAME_MAX + ETHERNET_BYTES)))
		goto fail;
	err = rpcs_ahead_open(&pcap->ahead, path);
	if (err) {
		rpcs_log_error("%s: %s", name, strerror(-err));
		goto fail;
	}
	pcap->opened = true;
	if (fstat(pcap->ahead.fd, &st) == 0 && S_ISREG(st.st_mode))
		pcap->size = (uint64_t)st.st_size;
	err = open_handle(pcap, path, name);
	if (err)
		goto fail;
	*ret_pcap = pcap;
	return 0;
fail:
	rpcs_pcap_free(&pcap);
	return err;
}

void rpcs_pcap_free(struct rpcs_pcap **pcap)
{
	if (!*pcap)
		return;
	if ((*pcap)->handle)
		pcap_close((*pcap)->handle); /* closes the stream as well */
	else if ((*pcap)->opened)
		fclose((*pcap)->ahead.stream);
	free((*pcap)->buffer);
	free(*pcap);
	*pcap = NULL;
}

/* Puts an Ethernet header that says the same before what follows the frame's own. */
static void frame_make_up(struct rpcs_pcap *pcap, const uint8_t *bytes, uint32_t len,
			  struct rpcs_frame *frame)
{
	struct link_facts facts = { 0 };
	uint8_t *eth = pcap->buffer;

	if (!facts_of(pcap->link, bytes, len, &facts) || len > FRAME_MAX) {
		frame->bytes = bytes; /* too short for its own header: counted as such */
		frame->len = 0;
		return;
	}
	memset(eth, 0, ETHERNET_BYTES);
	if (!facts.local) {
		eth[0] = facts.group ? 0x03 : 0x02; /* locally administered */
		eth[6] = 0x02;
	}
	eth[12] = (uint8_t)(facts.type >> 8);
	eth[13] = (uint8_t)facts.type;
	memcpy(eth + ETHERNET_BYTES, bytes + facts.header_len, len - facts.header_len);
	frame->bytes = eth;
	frame->len = len - facts.header_len + ETHERNET_BYTES;
}

/*
 * A frame where it lies in what was read, without a copy. False: there is none that is whole
 * and sound, so libpcap has the word, and the bytes.
 */
RPCS_INLINE bool next_in_place(struct rpcs_pcap *pcap, struct rpcs_frame *frame)
{
	struct {
		uint32_t seconds, fraction, len, wire_len;
	} header;
	const uint8_t *bytes = rpcs_ahead_peek(&pcap->ahead, sizeof(header));

	if (!bytes)
		return false;
	memcpy(&header, bytes, sizeof(header));
	if (header.len > pcap->snaplen || header.fraction >= pcap->fractions)
		return false;
	bytes = rpcs_ahead_peek(&pcap->ahead, sizeof(header) + header.len);
	if (!bytes)
		return false;
	rpcs_ahead_take(&pcap->ahead, sizeof(header) + header.len);
	frame->time_ns =
		header.seconds * RPCS_NSEC_PER_SEC + (uint64_t)header.fraction * pcap->fraction_ns;
	frame->bytes = bytes + sizeof(header);
	frame->len = header.len;
	return true;
}

/* Whatever it is: 1, 0 at the end, -EBADMSG. */
static int next_by_library(struct rpcs_pcap *pcap, struct rpcs_frame *frame)
{
	struct pcap_pkthdr *header;
	const u_char *bytes;
	int got = pcap_next_ex(pcap->handle, &header, &bytes);
	int64_t seconds;

	if (got == PCAP_ERROR_BREAK)
		return 0;
	if (got != 1) {
		if (pcap->number == 0)
			snprintf(pcap->error, sizeof(pcap->error), "before the first frame: %s",
				 pcap_geterr(pcap->handle));
		else
			snprintf(pcap->error, sizeof(pcap->error), "after frame %llu: %s",
				 (unsigned long long)pcap->number, pcap_geterr(pcap->handle));
		return -EBADMSG;
	}
	seconds = header->ts.tv_sec;
	if (seconds < 0) /* 32 bits of the file after 2038, which libpcap takes for signed */
		seconds = (uint32_t)seconds;
	frame->time_ns = (uint64_t)seconds * RPCS_NSEC_PER_SEC +
			 (uint64_t)header->ts.tv_usec; /* nanoseconds, as asked for */
	frame->bytes = bytes;
	frame->len = header->caplen;
	return 1;
}

int rpcs_pcap_next(struct rpcs_pcap *pcap, struct rpcs_frame *ret_frame)
{
	if (!pcap->in_place || !next_in_place(pcap, ret_frame)) {
		int got = next_by_library(pcap, ret_frame);

		if (got != 1)
			return got;
	}
	ret_frame->number = ++pcap->number;
	if (pcap->link != DLT_EN10MB)
		frame_make_up(pcap, ret_frame->bytes, ret_frame->len, ret_frame);
	return 1;
}

bool rpcs_pcap_next_beside(struct rpcs_pcap *pcap, const struct rpcs_frame *oldest,
			   struct rpcs_frame *ret_frame)
{
	bool got;

	rpcs_ahead_pin(&pcap->ahead, oldest->bytes);
	got = next_in_place(pcap, ret_frame);
	rpcs_ahead_let_go(&pcap->ahead);
	if (got)
		ret_frame->number = ++pcap->number;
	return got;
}

bool rpcs_pcap_is_in_place(const struct rpcs_pcap *pcap)
{
	return pcap->in_place && pcap->link == DLT_EN10MB;
}

const char *rpcs_pcap_error(const struct rpcs_pcap *pcap)
{
	return pcap->error;
}

uint64_t rpcs_pcap_position(const struct rpcs_pcap *pcap)
{
	return rpcs_ahead_position(&pcap->ahead);
}

uint64_t rpcs_pcap_size(const struct rpcs_pcap *pcap)
{
	return pcap->size;
}
