// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What is odd about bytes and marks, told with the flow that they are of. */
#include <rpcsentry/rpc.h>

#include "stream_private.h"

/* Sent by the side that is called, as far as ports or calls tell. */
static bool is_from_server(const struct rpcs_stream *stream, const struct rpcs_flow *flow,
			   const struct rpcs_tuple *tuple)
{
	bool here = rpcs_settings_watch(stream->settings, tuple->sport);
	bool there = rpcs_settings_watch(stream->settings, tuple->dport);

	return here != there ? here : flow->half[!rpcs_flow_side(flow, tuple)].caller;
}

void rpcs_stream_tell_odd(void *arg, const struct rpcs_oddity *oddity)
{
	const struct rpcs_stream *stream = arg;
	struct rpcs_oddity told = *oddity;

	if (!stream->handler.oddity)
		return;
	told.tuple = stream->tuple;
	told.portmapper = rpcs_stream_is_portmapper(stream, &stream->tuple);
	told.from_server = is_from_server(stream, stream->flow, &stream->tuple);
	stream->handler.oddity(stream->handler.arg, &told, stream->flow);
}

void rpcs_stream_tell_junk(struct rpcs_stream *stream, const uint8_t *bytes, uint32_t available,
			   uint32_t len, const struct rpcs_sighting *seen)
{
	struct rpcs_oddity oddity = { .kind = RPCS_ODDITY_JUNK, .seen = *seen, .length = len };

	stream->counts.messages_junk++;
	if (!rpcs_stream_is_portmapper(stream, &stream->tuple))
		return;
	if (available < RPCS_REPLY_BYTES && available < len)
		return; /* the capture cut what would tell */
	if (available >= 8 && rpcs_load_be32(bytes + 4) > RPCS_MSG_REPLY)
		oddity.what = "a message type that is neither call nor reply (RFC 5531 9)";
	else if (available < len)
		return;
	else
		oddity.what = "too short for the header of a call or reply (RFC 5531 9)";
	rpcs_stream_tell_odd(stream, &oddity);
}

void rpcs_stream_tell_fragments(struct rpcs_stream *stream, const struct rpcs_tcp_record *record)
{
	const struct rpcs_oddity oddity = { .kind = RPCS_ODDITY_FRAGMENTED_RECORD,
					    .seen = *record->seen,
					    .length = record->len,
					    .fragments = record->fragments };

	if (record->fragments > 1 && rpcs_stream_is_portmapper(stream, &stream->tuple))
		rpcs_stream_tell_odd(stream, &oddity);
}

void rpcs_stream_tell_huge(struct rpcs_stream *stream, const struct rpcs_message *message)
{
	const struct rpcs_oddity oddity = { .kind = RPCS_ODDITY_HUGE_RECORD,
					    .seen = message->seen,
					    .length = message->length,
					    .fragments = 1 };

	if (message->length > (rpcs_stream_is_portmapper(stream, &message->tuple)
				       ? RPCS_RECORD_HUGE_PORTMAPPER
				       : RPCS_RECORD_HUGE))
		rpcs_stream_tell_odd(stream, &oddity);
}
