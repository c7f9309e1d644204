// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What a line of EVE JSON costs: nanoseconds and bytes of a GETPORT, of a DUMP of 20 mappings,
 * and of a NULL call with AUTH_SYS, the median of ROUNDS rounds. Lines go to /dev/null.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <rpcsentry/portmap.h>
#include <rpcsentry/rpc.h>

#include "output/outputs.h"

enum { ROUNDS = 9, LINES = 100000, MAPPINGS = 20 };

static struct rpcs_mapping list[MAPPINGS];

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static struct rpcs_call call_of(uint32_t procedure)
{
	struct rpcs_call call = { .status = RPCS_STATUS_ANSWERED, .log = true };
	struct rpcs_message *message = &call.message;

	*message = (struct rpcs_message){
		.is_call = true,
		.length = 56,
		.rpc_version = 2,
		.program = RPCS_PORTMAP_PROGRAM,
		.version = 2,
		.procedure = procedure,
		.has_auth = true,
		.seen.time_ns = 1795310157123456789,
	};
	rpcs_address_parse("10.20.12.162", &message->tuple.src);
	rpcs_address_parse("10.30.0.175", &message->tuple.dst);
	message->tuple.sport = 51322;
	message->tuple.dport = 111;
	message->tuple.protocol = 17;
	call.flow_id = 155790329164504;
	return call;
}

static struct rpcs_call getport(struct rpcs_message *reply)
{
	struct rpcs_call call = call_of(RPCS_PORTMAP_GETPORT);

	call.message.portmap = (struct rpcs_portmap){ .shape = RPCS_PORTMAP_MAPPING,
						      .has = 4,
						      .program = 100003,
						      .version = 3,
						      .protocol = 6 };
	reply->portmap =
		(struct rpcs_portmap){ .shape = RPCS_PORTMAP_PORT, .has = 1, .port = 2049 };
	return call;
}

static struct rpcs_call dump(struct rpcs_message *reply)
{
	uint32_t i;

	for (i = 0; i < MAPPINGS; i++)
		list[i] = (struct rpcs_mapping){ .program = 100000 + i,
						 .version = 1 + i % 4,
						 .protocol = i % 2 ? 6 : 17,
						 .port = 600 + 7 * i };
	reply->portmap = (struct rpcs_portmap){ .shape = RPCS_PORTMAP_MAPPINGS,
						.has = 1,
						.mappings = list,
						.mappings_kept = MAPPINGS,
						.mappings_count = MAPPINGS,
						.mappings_complete = true };
	return call_of(RPCS_PORTMAP_DUMP);
}

static struct rpcs_call with_auth(struct rpcs_message *reply)
{
	static const char machine[] = "workstation.example.net";
	struct rpcs_call call = call_of(RPCS_PORTMAP_NULL);

	reply->portmap = (struct rpcs_portmap){ 0 };
	call.message.auth = (struct rpcs_auth){
		.flavor = RPCS_AUTH_SYS,
		.sys = true,
		.uid = 1000,
		.gid = 100,
		.machine = { (const uint8_t *)machine, sizeof(machine) - 1 },
	};
	return call;
}

static int compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static void measure(struct rpcs_sink *sink, const char *name,
		    struct rpcs_call (*make)(struct rpcs_message *reply))
{
	struct rpcs_message reply = { .reply_has = 2, .length = 28 };
	struct rpcs_call call = make(&reply);
	double taken[ROUNDS];
	uint64_t start;
	uint32_t i, round;

	for (round = 0; round < ROUNDS; round++) {
		start = now_ns();
		for (i = 0; i < LINES; i++) {
			call.message.xid = i * 2654435761U;
			call.message.seen.time_ns += 10000;
			call.message.seen.frame = i;
			reply.seen.time_ns = call.message.seen.time_ns + 150000 + i;
			sink->call(sink, &call, &reply);
		}
		taken[round] = (double)(now_ns() - start) / LINES;
	}
	qsort(taken, ROUNDS, sizeof(*taken), compare);
	printf("%-28s %7.0f ns a line\n", name, taken[ROUNDS / 2]);
}

int main(void)
{
	const struct rpcs_output_context context = { .transactions = true, .sensor_name = "bench" };
	int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	struct rpcs_sink *sink = fd < 0 ? NULL : rpcs_eve_new(fd, &context);

	if (!sink)
		return 1;
	measure(sink, "GETPORT", getport);
	measure(sink, "DUMP of 20 mappings", dump);
	measure(sink, "NULL with AUTH_SYS", with_auth);
	rpcs_eve_free(&sink);
	return 0;
}
