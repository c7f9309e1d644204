/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A server of the inventory as a JSON object. */
#ifndef RPCSENTRY_SERVICES_JSON_H
#define RPCSENTRY_SERVICES_JSON_H

#include <stddef.h>

#include "services/services.h"

/** Writes the server with these of its mappings; the length, 0 when it does not fit. */
size_t rpcs_services_json(const struct rpcs_server *server,
			  const struct rpcs_service *const *services, uint32_t count, char *buffer,
			  size_t size);

#endif
