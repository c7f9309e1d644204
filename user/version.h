/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What this build is. */
#ifndef RPCSENTRY_VERSION_H
#define RPCSENTRY_VERSION_H

/** "0.1.0" and the commit it was built from ("unknown" outside a checkout). */
const char *rpcs_version(void);
const char *rpcs_version_commit(void);

#endif
