/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a driver says of its XDP, without attaching anything (kernel 6.3). */
#ifndef RPCSENTRY_SOURCE_XDP_FEATURES_H
#define RPCSENTRY_SOURCE_XDP_FEATURES_H

#include <stdbool.h>
#include <stdint.h>

struct rpcs_xdp_features {
	bool driver; /* takes programs in driver mode */
	bool frags;  /* also with packets that lie in several buffers */
};

/** -EOPNOTSUPP: the kernel does not tell (before 6.3); needs no privilege. */
int rpcs_xdp_features_get(uint32_t ifindex, struct rpcs_xdp_features *ret_features);

#endif
