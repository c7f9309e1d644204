// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The one file that is built again when the commit changes. */
#include "version.h"

#ifndef RPCSENTRY_VERSION
#define RPCSENTRY_VERSION "0"
#endif
#ifndef RPCSENTRY_COMMIT
#define RPCSENTRY_COMMIT "unknown"
#endif

const char *rpcs_version(void)
{
	return RPCSENTRY_VERSION;
}

const char *rpcs_version_commit(void)
{
	return RPCSENTRY_COMMIT;
}
