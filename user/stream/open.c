// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* See open.h. */
#include "open.h"

#include <stdlib.h>
#include <string.h>

#include <rpcsentry/rpc.h>

#include "tcp.h"

/* Joins [from, to) with the parts that it touches. */
static void add_part(struct rpcs_open *open, uint32_t from, uint32_t to)
{
	uint32_t i = 0, n;

	while (i < open->parts && (int32_t)(open->part[i].to - from) < 0)
		i++;
	for (n = i; n < open->parts && (int32_t)(open->part[n].from - to) <= 0; n++) {
		if ((int32_t)(open->part[n].from - from) < 0)
			from = open->part[n].from;
		if ((int32_t)(open->part[n].to - to) > 0)
			to = open->part[n].to;
	}
	if (n == i && open->parts == RPCS_OPEN_PARTS_MAX) {
		open->crowded = true;
		return;
	}
	memmove(&open->part[i + 1], &open->part[n], (open->parts - n) * sizeof(open->part[0]));
	open->part[i].from = from;
	open->part[i].to = to;
	open->parts += 1 - (n - i);
}

/* What has no hole before it any more. */
static void advance(struct rpcs_open *open)
{
	uint32_t n = 0;

	while (n < open->parts && (int32_t)(open->part[n].from - open->at) <= 0) {
		if ((int32_t)(open->part[n].to - open->at) > 0)
			open->at = open->part[n].to;
		n++;
	}
	memmove(&open->part[0], &open->part[n], (open->parts - n) * sizeof(open->part[0]));
	open->parts -= n;
}

uint32_t rpcs_open_held(const struct rpcs_half *half, uint32_t from, uint32_t to,
			struct rpcs_open_part *ret_parts)
{
	const struct rpcs_segment *segment = rpcs_half_find(half, from);
	uint32_t count = 0, begin, end;

	for (; segment && (int32_t)(to - segment->seq) > 0; segment = segment->next) {
		if (segment->passed)
			continue;
		begin = (int32_t)(from - segment->seq) > 0 ? from : segment->seq;
		end = segment->seq + segment->len;
		if ((int32_t)(end - to) > 0)
			end = to;
		if (count > 0 && ret_parts[count - 1].to == begin)
			ret_parts[count - 1].to = end;
		else if (count < RPCS_OPEN_PARTS_MAX)
			ret_parts[count++] = (struct rpcs_open_part){ begin, end };
	}
	return count;
}

bool rpcs_open_keep(struct rpcs_flow_table *flows, struct rpcs_half *half,
		    const struct rpcs_message *message, const struct rpcs_record_rpc *record,
		    const struct rpcs_open_part *parts, uint32_t count)
{
	struct rpcs_open *open = calloc(1, sizeof(*open));
	uint32_t i;

	rpcs_open_drop(flows, half);
	if (!open) {
		flows->open_lost++;
		return false;
	}
	open->half = half;
	open->message = *message;
	open->start = record->seq;
	open->end = record->seq + RPCS_MARK_BYTES + record->message_len;
	open->at = record->seq + RPCS_MARK_BYTES + record->head.have;
	if (message->body) {
		memcpy(open->body.bytes, message->body, message->body_available);
		open->message.body = open->body.bytes;
	}
	if (message->auth.machine.len) {
		memcpy(open->machine, message->auth.machine.bytes, message->auth.machine.len);
		open->message.auth.machine.bytes = open->machine;
	}
	open->older = flows->open_newest;
	*(open->older ? &open->older->newer : &flows->open_oldest) = open;
	flows->open_newest = open;
	flows->open_bytes += sizeof(*open);
	half->open = open;
	for (i = 0; i < count; i++)
		add_part(open, parts[i].from, parts[i].to);
	advance(open);
	return open->at == open->end;
}

struct rpcs_open *rpcs_open_take(struct rpcs_flow_table *flows, struct rpcs_half *half)
{
	struct rpcs_open *open = half->open;

	*(open->older ? &open->older->newer : &flows->open_oldest) = open->newer;
	*(open->newer ? &open->newer->older : &flows->open_newest) = open->older;
	flows->open_bytes -= sizeof(*open);
	half->open = NULL;
	return open;
}

void rpcs_open_drop(struct rpcs_flow_table *flows, struct rpcs_half *half)
{
	if (!half->open)
		return;
	flows->open_lost++;
	free(rpcs_open_take(flows, half));
}

bool rpcs_open_reached(struct rpcs_half *half, uint32_t next)
{
	return half->open && next - half->open->end <= RPCS_TCP_WINDOW_MAX;
}

bool rpcs_open_follow(struct rpcs_half *half, uint32_t next)
{
	struct rpcs_open *open = half->open;

	if (!open || next - open->start > open->end - open->start)
		return false;
	open->following = true;
	if ((int32_t)(next - open->at) > 0)
		open->at = next;
	advance(open);
	return open->at == open->end;
}

bool rpcs_open_segment(struct rpcs_half *half, uint32_t seq, uint32_t len, uint64_t time_ns)
{
	struct rpcs_open *open = half->open;
	uint32_t end = seq + len;

	if (!open || len == 0 || (int32_t)(end - open->start) <= 0)
		return false;
	/* Stage 3 would have told of a hole before the first segment that it sent. */
	if (!open->following) {
		if ((int32_t)(seq - open->end) >= 0)
			return rpcs_open_reached(half, seq);
		open->following = true;
		if ((int32_t)(seq - open->at) > 0)
			open->at = seq;
	}
	if ((int32_t)(end - open->end) > 0 && open->beyond_ns == 0)
		open->beyond_ns = time_ns ? time_ns : 1;
	if ((int32_t)(end - open->end) > 0)
		end = open->end;
	if ((int32_t)(seq - open->at) < 0)
		seq = open->at;
	if ((int32_t)(end - seq) <= 0)
		return false;
	add_part(open, seq, end);
	advance(open);
	return open->at == open->end || (open->crowded && end == open->end);
}

bool rpcs_open_is_over(const struct rpcs_half *half, uint64_t now_ns, uint64_t timeout_ns)
{
	const struct rpcs_open *open = half->open;

	return open && open->beyond_ns && now_ns > open->beyond_ns &&
	       now_ns - open->beyond_ns >= timeout_ns;
}
