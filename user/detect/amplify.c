// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * 1110060 and 1110061: a portmapper whose replies are many times what it was asked, which is
 * of use to who forges the address that asks; and an address that gets replies unasked.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include <rpcsentry/packet.h>
#include <rpcsentry/portmap.h>

#include "../base/clock.h"
#include "../policy/programs.h"
#include "families.h"

/* DUMP and GETSTAT, which amplify: less of a ratio will do when it is so much. */
enum { BIG_BYTES = 1000000, BIG_RATIO = 3 };

/* Bytes of UDP payload. ESTIMATE: what the calls would bring where no reply is seen. */
enum { IN, OUT, BIG_IN, BIG_OUT, ESTIMATE, BIG_ESTIMATE, SERIES };

enum { REPLIES, REPLY_BYTES, VICTIM_SERIES };

struct rpcs_amplify {
	struct rpcs_rate *peers;   /* by client and server */
	struct rpcs_rate *servers; /* by server */
	struct rpcs_rate *victims; /* unpaired replies, by client */
};

int rpcs_amplify_init(struct rpcs_detect *detect)
{
	struct rpcs_amplify *amplify = calloc(1, sizeof(*amplify));
	uint64_t window_ns = detect->settings->thresholds[RPCS_T_AMPLIFICATION_WINDOW];
	uint64_t keys = detect->settings->limit_sources;
	uint64_t repeat_ns = detect->settings->alert_repeat_ns;

	if (!amplify)
		return -ENOMEM;
	detect->amplify = amplify;
	amplify->peers = rpcs_rate_new(window_ns, SERIES, keys, repeat_ns, &detect->seed,
				       &detect->evictions);
	amplify->servers = rpcs_rate_new(window_ns, SERIES, keys, repeat_ns, &detect->seed,
					 &detect->evictions);
	amplify->victims = rpcs_rate_new(RPCS_NSEC_PER_SEC, VICTIM_SERIES, keys, repeat_ns,
					 &detect->seed, &detect->evictions);
	return amplify->peers && amplify->servers && amplify->victims ? 0 : -ENOMEM;
}

void rpcs_amplify_free(struct rpcs_detect *detect)
{
	struct rpcs_amplify *amplify = detect->amplify;

	if (!amplify)
		return;
	rpcs_rate_free(&amplify->peers);
	rpcs_rate_free(&amplify->servers);
	rpcs_rate_free(&amplify->victims);
	free(amplify);
	detect->amplify = NULL;
}

/*
 * Bytes of the reply that a call of this kind brings from a Linux rpcbind on which nothing
 * more is registered (measured; RFC 1833, RFC 5531): at least so many from most servers.
 */
static uint32_t estimate(const struct rpcs_message *call, uint32_t kind)
{
	enum { HEADER = 24, NUMBER = 28, ADDRESS = 44, RANGE = 32 };
	enum { DUMP2 = 148, DUMP34 = 684, STATISTICS = 228, LIST = 300 };

	if (call->program != RPCS_PORTMAP_PROGRAM)
		return HEADER;
	switch (kind) {
	case RPCS_CALL_DUMP:
		return call->version == 2 ? DUMP2 : DUMP34;
	case RPCS_CALL_GETSTAT:
		return STATISTICS;
	case RPCS_CALL_GETADDRLIST:
		return LIST;
	case RPCS_CALL_GETADDR:
	case RPCS_CALL_GETVERSADDR:
	case RPCS_CALL_TADDR2UADDR:
	case RPCS_CALL_UADDR2TADDR:
		return ADDRESS;
	case RPCS_CALL_GETPORT:
	case RPCS_CALL_SET:
	case RPCS_CALL_UNSET:
	case RPCS_CALL_GETTIME:
		return NUMBER;
	/* Silent where the inner call fails. */
	case RPCS_CALL_CALLIT:
	case RPCS_CALL_BCAST:
	case RPCS_CALL_INDIRECT:
		return 0;
	default:
		return call->version < 2 || call->version > 4 ? RANGE : HEADER;
	}
}

/* What a message adds. */
struct amount {
	uint64_t bytes, estimate;
	uint64_t procedure; /* with its version */
	bool portmapper;    /* its procedure; else another program's */
	bool big;
};

static struct amount amount_of(const struct rpcs_detect *detect, const struct rpcs_message *message)
{
	uint32_t kind = detect->parties->kind;

	return (struct amount){
		.bytes = message->length,
		.estimate = message->is_call ? estimate(message, kind) : 0,
		.procedure = (uint64_t)message->version << 32 | message->procedure,
		.portmapper = kind != RPCS_KIND_OTHER_PROGRAM,
		.big = kind == RPCS_CALL_DUMP || kind == RPCS_CALL_GETSTAT,
	};
}

/* The procedure that most bytes are of, if more than half are: one candidate, and its lead. */
static void note_procedure(struct rpcs_rate_entry *entry, uint64_t procedure, uint64_t bytes)
{
	if (entry->note[0] == procedure) {
		entry->note[1] += bytes;
	} else if (entry->note[1] >= bytes) {
		entry->note[1] -= bytes;
	} else {
		entry->note[0] = procedure;
		entry->note[1] = bytes - entry->note[1];
	}
}

static void add_call(struct rpcs_rate *rate, struct rpcs_rate_entry *entry,
		     const struct amount *amount)
{
	rpcs_rate_add(rate, entry, IN, amount->bytes);
	rpcs_rate_add(rate, entry, ESTIMATE, amount->estimate);
	if (amount->big) {
		rpcs_rate_add(rate, entry, BIG_IN, amount->bytes);
		rpcs_rate_add(rate, entry, BIG_ESTIMATE, amount->estimate);
	}
	if (amount->portmapper && rpcs_rate_sum(entry, OUT) == 0)
		note_procedure(entry, amount->procedure, amount->estimate);
}

static void add_reply(struct rpcs_rate *rate, struct rpcs_rate_entry *entry,
		      const struct amount *amount)
{
	rpcs_rate_add(rate, entry, OUT, amount->bytes);
	if (amount->big)
		rpcs_rate_add(rate, entry, BIG_OUT, amount->bytes);
	if (amount->portmapper)
		note_procedure(entry, amount->procedure, amount->bytes);
}

struct sums {
	uint64_t in, out; /* bytes */
	uint64_t ratio;	  /* the threshold that was reached */
	bool big, estimated;
};

/* `estimated`: no reply of the server has been seen at all. */
static bool is_amplified(const struct rpcs_detect *detect, const struct rpcs_rate_entry *entry,
			 bool estimated, struct sums *ret_sums)
{
	const uint64_t *threshold = detect->settings->thresholds;
	uint64_t big_in = rpcs_rate_sum(entry, BIG_IN);
	uint64_t big_out = rpcs_rate_sum(entry, estimated ? BIG_ESTIMATE : BIG_OUT);
	struct sums sums = { .in = rpcs_rate_sum(entry, IN),
			     .out = rpcs_rate_sum(entry, estimated ? ESTIMATE : OUT),
			     .ratio = threshold[RPCS_T_AMPLIFICATION_RATIO],
			     .estimated = estimated };

	if (sums.out < threshold[RPCS_T_AMPLIFICATION_BYTES] || sums.out / sums.ratio < sums.in) {
		if (big_out <= BIG_BYTES || big_out / BIG_RATIO < big_in)
			return false;
		sums = (struct sums){ big_in, big_out, BIG_RATIO, true, estimated };
	}
	*ret_sums = sums;
	return true;
}

static void describe(const struct rpcs_detect *detect, const struct rpcs_rate_entry *entry,
		     const struct sums *sums, struct rpcs_alert *alert)
{
	uint64_t tenths = sums->in ? sums->out * 10 / sums->in : 0;
	uint32_t version = (uint32_t)(entry->note[0] >> 32), number = (uint32_t)entry->note[0];
	const char *procedure = rpcs_procedure_name(RPCS_PORTMAP_PROGRAM, version, number);
	char window[RPCS_WORDS_TEXT];

	rpcs_words_duration(detect->settings->thresholds[RPCS_T_AMPLIFICATION_WINDOW], window);
	if (sums->in)
		rpcs_alert_evidence(alert,
				    "%" PRIu64 " bytes out%s for %" PRIu64
				    " bytes in, in %s: ratio "
				    "%" PRIu64 ".%" PRIu64 " (threshold: %" PRIu64 ")%s",
				    sums->out, sums->estimated ? " (estimated)" : "", sums->in,
				    window, tenths / 10, tenths % 10, sums->ratio,
				    sums->big ? ", of DUMP and GETSTAT" : "");
	else
		rpcs_alert_evidence(alert, "%" PRIu64 " bytes out in %s; no call was seen",
				    sums->out, window);
	if (sums->estimated)
		rpcs_alert_evidence(alert, "no reply of this server was seen: bytes out are "
					   "estimated from the procedures asked for");
	if (procedure && entry->note[1])
		rpcs_alert_evidence(alert, "most bytes by %s of version %" PRIu32, procedure,
				    version);
}

static void tell(struct rpcs_detect *detect, const struct rpcs_message *message, uint64_t flow_id,
		 const struct rpcs_rate_entry *entry, const struct sums *sums, bool all)
{
	const struct rpcs_tuple tuple = rpcs_client_tuple(message);
	struct rpcs_alert alert;

	if (!rpcs_alert_init(detect, RPCS_D_AMPLIFICATION, message->seen.time_ns, &alert))
		return;
	rpcs_alert_set_packet(&alert, &tuple, &message->seen, flow_id);
	alert.about = RPCS_PORTMAP_PROGRAM;
	describe(detect, entry, sums, &alert);
	if (all)
		rpcs_alert_evidence(&alert, "of this server with all its clients together; shown "
					    "is the last one");
	else
		rpcs_alert_evidence(&alert, "of this server with this client");
	rpcs_alert_evidence(&alert,
			    "UDP: the client's address may be forged, it is the victim then");
	rpcs_words_source(detect, &alert);
	rpcs_alert_send(detect, &alert);
}

static bool is_counted(const struct rpcs_detect *detect)
{
	return detect->parties->watched && detect->parties->tuple.protocol == RPCS_IP_UDP &&
	       detect->settings->detections[RPCS_D_AMPLIFICATION].enabled;
}

uint32_t rpcs_amplify_foresee(const struct rpcs_detect *detect, uint64_t pair,
			      struct rpcs_foresight *lookups)
{
	if (!detect->settings->detections[RPCS_D_AMPLIFICATION].enabled)
		return RPCS_FORESEEN_MAX;
	return rpcs_rate_foresee(detect->amplify->peers, pair, lookups);
}

void rpcs_amplify_fetch(const struct rpcs_detect *detect)
{
	if (is_counted(detect))
		rpcs_rate_fetch_bucket(detect->amplify->peers, detect->parties->pair);
}

struct rpcs_rate_entry *rpcs_amplify_fetch_entry(const struct rpcs_detect *detect)
{
	return is_counted(detect)
		       ? rpcs_rate_fetch_entry(detect->amplify->peers, detect->parties->pair)
		       : NULL;
}

void rpcs_amplify_message(struct rpcs_detect *detect, const struct rpcs_message *message,
			  struct rpcs_call *call, enum rpcs_message_place place, uint64_t flow_id)
{
	struct rpcs_amplify *amplify = detect->amplify;
	const struct rpcs_parties *parties = detect->parties;
	struct rpcs_rate_entry *peer, *total;
	uint64_t now_ns = message->seen.time_ns;
	struct amount amount;
	struct sums sums;
	bool estimated;

	(void)call;
	(void)place;
	if (!is_counted(detect))
		return;
	peer = rpcs_rate_get_at(amplify->peers, parties->peer_place, parties->pair, now_ns);
	total = rpcs_rate_get_at(amplify->servers, *parties->total_place, parties->server, now_ns);
	*parties->total_place = total;
	amount = amount_of(detect, message);
	if (message->is_call) {
		add_call(amplify->peers, peer, &amount);
		add_call(amplify->servers, total, &amount);
	} else {
		add_reply(amplify->peers, peer, &amount);
		add_reply(amplify->servers, total, &amount);
	}
	estimated = rpcs_rate_sum(total, OUT) == 0;
	if (is_amplified(detect, peer, estimated, &sums)) {
		if (!rpcs_rate_tell(amplify->peers, peer, now_ns))
			return;
		/* Of the whole server nothing more is known than this. */
		rpcs_rate_tell(amplify->servers, total, now_ns);
		tell(detect, message, flow_id, peer, &sums, false);
	} else if (is_amplified(detect, total, estimated, &sums) &&
		   rpcs_rate_tell(amplify->servers, total, now_ns)) {
		tell(detect, message, flow_id, total, &sums, true);
	}
}

/* 1110061. */

void rpcs_victim_message(struct rpcs_detect *detect, const struct rpcs_message *message,
			 struct rpcs_call *call, enum rpcs_message_place place, uint64_t flow_id)
{
	struct rpcs_rate *victims = detect->amplify->victims;
	const struct rpcs_tuple *tuple = &detect->parties->tuple;
	struct rpcs_rate_entry *entry;
	struct rpcs_alert alert;
	uint64_t replies;

	(void)call;
	/* TCP has no replies for who did not ask: its connection would not be there. */
	if (place != RPCS_PLACE_REPLY_UNPAIRED || tuple->protocol != RPCS_IP_UDP ||
	    !detect->parties->watched ||
	    !detect->settings->detections[RPCS_D_REFLECTION_VICTIM].enabled ||
	    rpcs_surge_is_on(detect, &tuple->src))
		return;
	entry = rpcs_rate_get(victims, detect->parties->client, message->seen.time_ns);
	rpcs_rate_add(victims, entry, REPLIES, 1);
	rpcs_rate_add(victims, entry, REPLY_BYTES, message->length);
	replies = rpcs_rate_sum(entry, REPLIES);
	if (replies > 1)
		rpcs_rate_raise(victims, entry, message->seen.time_ns);
	if (replies < detect->settings->thresholds[RPCS_T_REFLECTION_VICTIM_RATE] ||
	    !rpcs_rate_tell(victims, entry, message->seen.time_ns) ||
	    !rpcs_alert_init(detect, RPCS_D_REFLECTION_VICTIM, message->seen.time_ns, &alert))
		return;
	rpcs_alert_set_packet(&alert, tuple, &message->seen, flow_id);
	rpcs_alert_evidence(&alert,
			    "%" PRIu64 " replies that nobody was seen to ask for, %" PRIu64
			    " bytes, in 1 s (threshold: %" PRIu64 ")",
			    replies, rpcs_rate_sum(entry, REPLY_BYTES),
			    detect->settings->thresholds[RPCS_T_REFLECTION_VICTIM_RATE]);
	rpcs_alert_evidence(
		&alert, "the victim is this alert's client, %s; shown is the last server",
		rpcs_policy_is_home(detect->policy, &tuple->src) ? "one of your own hosts"
								 : "outside networks.home");
	rpcs_alert_send(detect, &alert);
}
