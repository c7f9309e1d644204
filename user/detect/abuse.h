/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Protocol abuse (1110040 to 1110058): what its files share, and their rows' hooks. */
#ifndef RPCSENTRY_DETECT_ABUSE_H
#define RPCSENTRY_DETECT_ABUSE_H

#include "families.h"

/** A row's on_message or describe. */
#define RPCS_ON_MESSAGE(name)                                                     \
	void name(struct rpcs_detect *detect, const struct rpcs_message *message, \
		  struct rpcs_call *call, enum rpcs_message_place place, uint64_t flow_id)
#define RPCS_DESCRIBE(name)                                                       \
	void name(const struct rpcs_detect *detect, const struct rpcs_call *call, \
		  struct rpcs_alert *alert)

/** Is one of its ports a portmapper's? To such a port, from one. */
bool rpcs_is_to_portmapper(const struct rpcs_detect *detect, const struct rpcs_message *message);
bool rpcs_is_from_portmapper(const struct rpcs_detect *detect, const struct rpcs_message *message);

/**
 * Raises `id` for a call that was just seen. The outcome follows the alert of a new one; a
 * repetition that adds what the first did not have gets an alert that stands alone.
 */
void rpcs_abuse_raise(struct rpcs_detect *detect, enum rpcs_detection_id id,
		      const struct rpcs_message *message, struct rpcs_call *call,
		      enum rpcs_message_place place, uint64_t flow_id);

/** Fills an alert about a reply, client to server; false when it is switched off. */
bool rpcs_abuse_reply(struct rpcs_detect *detect, enum rpcs_detection_id id,
		      const struct rpcs_message *reply, const struct rpcs_call *call,
		      uint64_t flow_id, struct rpcs_alert *ret_alert);

/** The other way. */
struct rpcs_tuple rpcs_tuple_reversed(const struct rpcs_tuple *tuple);

/** Evidence that the client is outside. */
void rpcs_abuse_external(const struct rpcs_detect *detect, struct rpcs_alert *alert);

/* abuse_lengths.c: 1110040, 1110041, 1110058 */
RPCS_ON_MESSAGE(rpcs_bomb_message);
RPCS_DESCRIBE(rpcs_bomb_describe);
RPCS_ON_MESSAGE(rpcs_credential_message);
RPCS_DESCRIBE(rpcs_credential_describe);
RPCS_ON_MESSAGE(rpcs_callit_overlong_message);
RPCS_DESCRIBE(rpcs_callit_overlong_describe);

/* abuse_records.c: 1110042 to 1110045, 1110049 */
void rpcs_tiny_oddity(struct rpcs_detect *detect, const struct rpcs_oddity *oddity,
		      uint64_t flow_id);
void rpcs_fragmented_oddity(struct rpcs_detect *detect, const struct rpcs_oddity *oddity,
			    uint64_t flow_id);
void rpcs_zero_oddity(struct rpcs_detect *detect, const struct rpcs_oddity *oddity,
		      uint64_t flow_id);
void rpcs_huge_oddity(struct rpcs_detect *detect, const struct rpcs_oddity *oddity,
		      uint64_t flow_id);
void rpcs_junk_oddity(struct rpcs_detect *detect, const struct rpcs_oddity *oddity,
		      uint64_t flow_id);
RPCS_ON_MESSAGE(rpcs_junk_message);
RPCS_DESCRIBE(rpcs_junk_describe);

/* abuse_replies.c: 1110050, 1110054, 1110055 */
RPCS_ON_MESSAGE(rpcs_bad_port_message);
RPCS_DESCRIBE(rpcs_bad_port_describe);
RPCS_ON_MESSAGE(rpcs_long_address_message);
RPCS_ON_MESSAGE(rpcs_mismatch_message);

/* abuse_calls.c: 1110051 to 1110053, 1110056, 1110057 */
RPCS_ON_MESSAGE(rpcs_role_message);
RPCS_ON_MESSAGE(rpcs_wrong_program_message);
RPCS_DESCRIBE(rpcs_wrong_program_describe);
RPCS_ON_MESSAGE(rpcs_unknown_procedure_message);
RPCS_DESCRIBE(rpcs_unknown_procedure_describe);
RPCS_ON_MESSAGE(rpcs_gss_message);
RPCS_DESCRIBE(rpcs_gss_describe);
RPCS_ON_MESSAGE(rpcs_set_dump_message);
RPCS_DESCRIBE(rpcs_set_dump_describe);
int rpcs_set_dump_init(struct rpcs_detect *detect);
void rpcs_set_dump_free(struct rpcs_detect *detect);

/** Ahead of a SET or DUMP between the parties in hand. */
void rpcs_set_dump_fetch(const struct rpcs_detect *detect);

extern const struct rpcs_explanation rpcs_explain_length_bomb, rpcs_explain_oversized_credential,
	rpcs_explain_callit_overlong, rpcs_explain_tiny_fragment, rpcs_explain_fragmented_record,
	rpcs_explain_zero_fragment, rpcs_explain_huge_record, rpcs_explain_junk,
	rpcs_explain_bad_port, rpcs_explain_long_address, rpcs_explain_mismatch_range,
	rpcs_explain_role, rpcs_explain_wrong_program, rpcs_explain_unknown_procedure,
	rpcs_explain_gss_verifier, rpcs_explain_set_dump_pair;

#endif
