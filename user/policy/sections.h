/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The readers of the policy file's sections. */
#ifndef RPCSENTRY_POLICY_SECTIONS_H
#define RPCSENTRY_POLICY_SECTIONS_H

#include "schema.h"

/* Each is an rpcs_field_fn whose base is the struct rpcs_policy. */
void rpcs_networks_read(struct rpcs_loader *loader, uint32_t node, void *base);
void rpcs_programs_read(struct rpcs_loader *loader, uint32_t node, void *base);
void rpcs_allow_read(struct rpcs_loader *loader, uint32_t node, void *base);
void rpcs_detections_read(struct rpcs_loader *loader, uint32_t node, void *base);
void rpcs_host_logs_read(struct rpcs_loader *loader, uint32_t node, void *base);
void rpcs_condition_read(struct rpcs_loader *loader, uint32_t node, void *base);
void rpcs_response_read(struct rpcs_loader *loader, uint32_t node, void *base);
void rpcs_sensitive_read(struct rpcs_loader *loader, uint32_t node, void *base);

/** Sorts the named sets by name, so that they can be found; after both are read. */
void rpcs_sets_seal(struct rpcs_policy *policy);

/** Reads set names, addresses and prefixes, or one of them; not empty unless `may_be_empty`. */
void rpcs_net_refs_read(struct rpcs_loader *loader, uint32_t node, bool may_be_empty,
			struct rpcs_refs *ret_refs);

/** The same for programs: set names, program names, numbers. */
void rpcs_program_refs_read(struct rpcs_loader *loader, uint32_t node, bool may_be_empty,
			    struct rpcs_refs *ret_refs);

/** Reads one program, by name or number; false after telling the mistake. */
bool rpcs_program_read(struct rpcs_loader *loader, uint32_t node, uint32_t *ret_program);

/** The sensitive set from the built-in one and the file's changes. */
void rpcs_sensitive_make(struct rpcs_loader *loader);

/** Tells every `suppress: kernel` whose clients may be forged. */
void rpcs_suppress_check(struct rpcs_loader *loader);

/** Every detection enabled, with the severity and thresholds of its row. */
void rpcs_detection_defaults_set(struct rpcs_policy *policy);

/** Reads a detection's name; RPCS_D__MAX after telling the mistake. */
enum rpcs_detection_id rpcs_detection_read(struct rpcs_loader *loader, uint32_t node);

#endif
