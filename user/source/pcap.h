/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Capture files, pcap and pcapng, through libpcap. */
#ifndef RPCSENTRY_SOURCE_PCAP_H
#define RPCSENTRY_SOURCE_PCAP_H

#include <stdbool.h>

#include "frame.h"

struct rpcs_pcap;

/** No frame has more bytes. */
enum { RPCS_FRAME_MAX = 262144 + 128 };

/** Opens a capture, "-" for standard input; -errno, with the one clear line logged. */
int rpcs_pcap_open(const char *path, struct rpcs_pcap **ret_pcap);
void rpcs_pcap_free(struct rpcs_pcap **pcap);

/**
 * The next frame, valid until the next call: 1; 0 at the end; -EBADMSG where
 * the file is cut or damaged (rpcs_pcap_error() says how).
 */
int rpcs_pcap_next(struct rpcs_pcap *pcap, struct rpcs_frame *ret_frame);

/**
 * The next frame, beside those since `oldest`, which all stay valid with it until rpcs_pcap_next().
 * False: it cannot be had so, or there is none. To be asked where frames lie in place only.
 */
bool rpcs_pcap_next_beside(struct rpcs_pcap *pcap, const struct rpcs_frame *oldest,
			   struct rpcs_frame *ret_frame);

/** Do frames lie where they were read? */
bool rpcs_pcap_is_in_place(const struct rpcs_pcap *pcap);

const char *rpcs_pcap_error(const struct rpcs_pcap *pcap);

/** Bytes read so far and the file's size (0 when it has none), for progress. */
uint64_t rpcs_pcap_position(const struct rpcs_pcap *pcap);
uint64_t rpcs_pcap_size(const struct rpcs_pcap *pcap);

#endif
