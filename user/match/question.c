// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What a call asks for, in few words. */
#include "calls.h"

void rpcs_question_fill(const struct rpcs_message *message, struct rpcs_question *ret_question)
{
	const struct rpcs_portmap *pm = &message->portmap;
	bool callit = pm->shape == RPCS_PORTMAP_CALLIT_ARGS, rpcb = pm->shape == RPCS_PORTMAP_RPCB;
	struct rpcs_question question = { .program = message->program,
					  .version = message->version,
					  .procedure = message->procedure };

	if (callit || rpcb || pm->shape == RPCS_PORTMAP_MAPPING) {
		question.shape = pm->shape;
		question.has = rpcb && pm->has > 2 ? 2 : pm->has;
		question.asked[0] = pm->program;
		question.asked[1] = pm->version;
		question.asked[2] = callit ? pm->procedure : pm->protocol;
		question.asked[3] = callit ? pm->length : pm->port;
	}
	*ret_question = question;
}
