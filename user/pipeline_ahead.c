// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What the stages will look up for packets that come some packets from now. */
#include <stddef.h>
#include <string.h>

#include <rpcsentry/record.h>

#include "base/join.h"
#include "pipeline_private.h"
#include "stream/decode.h"

void rpcs_pipeline_foresee(const struct rpcs_pipeline *pipeline, const struct rpcs_tuple *tuple,
			   uint32_t xid, struct rpcs_foreseen *ret_foreseen)
{
	const uint64_t last = rpcs_join_32(rpcs_join_16(tuple->sport, tuple->protocol), xid);
	struct rpcs_expect_key expected;
	struct rpcs_foresight *lookups = &ret_foreseen->lookups;

	ret_foreseen->reloads = pipeline->reloads;
	rpcs_foresight_clear(lookups);
	rpcs_stream_foresee(pipeline->stream, tuple, lookups, &ret_foreseen->flow);
	rpcs_calls_foresee(pipeline->calls, tuple, xid);
	rpcs_detect_foresee(pipeline->detect, tuple, lookups, &ret_foreseen->detect);
	if (!pipeline->options.state || pipeline->settings->any_port == RPCS_ANY_PORT_OFF)
		return;
	memcpy(expected.client, &tuple->src, sizeof(expected.client));
	memcpy((uint8_t *)&expected + offsetof(struct rpcs_expect_key, port), &last, sizeof(last));
	rpcs_state_expect_foresee(pipeline->options.state, &expected);
}

/* Is there anything foreseen, and do its tables still stand? */
static bool holds(const struct rpcs_pipeline *pipeline, const struct rpcs_foreseen *foreseen)
{
	return foreseen->lookups.count && foreseen->reloads == pipeline->reloads;
}

/* Detections count by the id of a flow, which says where, once the flow has come. */
static void near_flow(struct rpcs_pipeline *pipeline)
{
	if (pipeline->near.flow && pipeline->near.reloads == pipeline->reloads)
		rpcs_detect_near(pipeline->detect,
				 rpcs_flow_id_at(pipeline->near.flow, pipeline->near.protocol));
	pipeline->near.flow = NULL;
}

void rpcs_pipeline_near(struct rpcs_pipeline *pipeline, struct rpcs_foreseen *foreseen)
{
	near_flow(pipeline);
	if (!holds(pipeline, foreseen))
		return;
	rpcs_foresight_entries(&foreseen->lookups);
	if (!foreseen->detect.client_id)
		return;
	pipeline->near.flow = rpcs_foresight_place(&foreseen->lookups, foreseen->flow.lookup);
	foreseen->detect.near = pipeline->near.flow;
	pipeline->near.reloads = foreseen->reloads;
	pipeline->near.protocol = foreseen->flow.tuple.protocol;
}

void rpcs_pipeline_turn(struct rpcs_pipeline *pipeline, const struct rpcs_foreseen *foreseen)
{
	if (!foreseen || !holds(pipeline, foreseen)) {
		rpcs_stream_turn(pipeline->stream, NULL);
		rpcs_detect_turn(pipeline->detect, NULL, NULL);
		return;
	}
	rpcs_stream_turn(pipeline->stream, &foreseen->flow);
	rpcs_detect_turn(pipeline->detect, &foreseen->detect, &foreseen->lookups);
}

static void foresee_record(void *arg, const void *record, uint32_t len, void *slot)
{
	const struct rpcs_record_rpc *rpc = record;
	struct rpcs_foreseen *foreseen = slot;
	struct rpcs_tuple tuple;

	rpcs_foresight_clear(&foreseen->lookups);
	if (len < sizeof(*rpc) || rpc->head.abi != RPCS_RECORD_ABI ||
	    rpc->head.kind != RPCS_RECORD_CALL)
		return;
	rpcs_tuple_from_head(&tuple, &rpc->head);
	rpcs_pipeline_foresee(arg, &tuple, rpc->xid, foreseen);
}

static void fetch_near(void *arg, void *slot)
{
	rpcs_pipeline_near(arg, slot);
}

static void take_turn(void *arg, const void *slot)
{
	rpcs_pipeline_turn(arg, slot);
}

void rpcs_pipeline_lookout(struct rpcs_pipeline *pipeline, struct rpcs_lookout *ret_lookout)
{
	*ret_lookout = (struct rpcs_lookout){ .slot_bytes = sizeof(struct rpcs_foreseen),
					      .foresee = foresee_record,
					      .near = fetch_near,
					      .turn = take_turn,
					      .arg = pipeline };
}
