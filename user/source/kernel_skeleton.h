/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The skeleton, behind the types that its sections name. */
#ifndef RPCSENTRY_SOURCE_KERNEL_SKELETON_H
#define RPCSENTRY_SOURCE_KERNEL_SKELETON_H

#include <rpcsentry/config.h>
#include <rpcsentry/incoming.h>
#include <rpcsentry/ports.h>
#include <rpcsentry/ring.h>
#include <rpcsentry/suppress.h>
#include <sys/types.h>

#include "rpcsentry.skel.h"

#endif
