// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What each detection costs, by itself and all together, in stage 9: nanoseconds for a call
 * with its reply, and for a source of a flood, and the memory that becomes resident. `none`
 * has all of them off: what the hooks and the bench cost. Each run is a process of its own,
 * and its time is that of the processor.
 *
 * `mix`: 1,000 clients and 50 servers; of ten exchanges four are lookups that are allowed,
 * two that are not, one a DUMP, three NFS calls on another port. `flood`: 1,000,000 sources,
 * each with a SYN, a lookup by UDP that nobody answers, and a reply that nobody asked for.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <rpcsentry/packet.h>
#include <rpcsentry/portmap.h>

#include "base/clock.h"
#include "detect/detect.h"

enum { MIX = 1000000, FLOOD = 1000000, CLIENTS = 1000, SERVERS = 50 };

#define BEGIN_NS (1795310157ULL * RPCS_NSEC_PER_SEC)
/* Between two packets of a kind: 100,000 a second. */
#define STEP_NS 10000

static uint64_t alerts;

static void take_alert(void *arg, const struct rpcs_alert *alert)
{
	(void)arg;
	(void)alert;
	alerts++;
}

static struct rpcs_address address_of(uint8_t net, uint32_t number)
{
	return (struct rpcs_address){ .bytes = { [10] = 0xff,
						 [11] = 0xff,
						 [12] = net,
						 [13] = (uint8_t)(number >> 16),
						 [14] = (uint8_t)(number >> 8),
						 [15] = (uint8_t)number } };
}

static struct rpcs_call call_of(struct rpcs_address src, struct rpcs_address dst, uint32_t number)
{
	return (struct rpcs_call){
		.message = { .tuple = { .src = src,
					.dst = dst,
					.sport = (uint16_t)(1024 + number % 50000),
					.dport = 111,
					.protocol = RPCS_IP_UDP },
			     .seen = { .time_ns = BEGIN_NS + number * STEP_NS },
			     .is_call = true,
			     .xid = number,
			     .rpc_version = 2,
			     .program = RPCS_PORTMAP_PROGRAM,
			     .version = 2,
			     .procedure = RPCS_PORTMAP_GETPORT,
			     .length = 56,
			     .portmap = { .shape = RPCS_PORTMAP_MAPPING,
					  .has = 4,
					  .program = 100003 + number % 3,
					  .version = 3 } },
		.flow_id = 1 + number % (1 << 20),
		.log = true,
		.rule = RPCS_RULE_NONE,
	};
}

static struct rpcs_message reply_of(const struct rpcs_call *call)
{
	struct rpcs_message reply = call->message;

	reply.tuple.src = call->message.tuple.dst;
	reply.tuple.dst = call->message.tuple.src;
	reply.tuple.sport = call->message.tuple.dport;
	reply.tuple.dport = call->message.tuple.sport;
	reply.is_call = false;
	reply.call_known = true;
	reply.length = 28;
	reply.reply_has = 2;
	reply.portmap = (struct rpcs_portmap){ .shape = RPCS_PORTMAP_PORT, .has = 1, .port = 2049 };
	return reply;
}

/* The number-th exchange of the mix, as the pipeline hands it on. */
static void exchange(struct rpcs_detect *detect, uint32_t number)
{
	struct rpcs_call call = call_of(address_of(10, number % CLIENTS),
					address_of(10, 0x10000 + number % SERVERS), number);
	uint32_t kind = number * 2654435761U >> 16;
	struct rpcs_message reply;

	kind %= 10;
	call.allowed = kind < 4;
	if (kind == 6) {
		call.message.procedure = RPCS_PORTMAP_DUMP;
		call.message.portmap = (struct rpcs_portmap){ 0 };
	} else if (kind > 6) {
		call.message.program = 100003;
		call.message.version = 3;
		call.message.procedure = 6;
		call.message.tuple.dport = 2049;
		call.message.portmap = (struct rpcs_portmap){ 0 };
	}
	rpcs_detect_tick(detect, call.message.seen.time_ns);
	rpcs_detect_message(detect, &call.message, &call, RPCS_PLACE_CALL, call.flow_id);
	rpcs_detect_call(detect, &call);
	reply = reply_of(&call);
	call.status = RPCS_STATUS_ANSWERED;
	rpcs_detect_tick(detect, reply.seen.time_ns);
	rpcs_detect_message(detect, &reply, &call, RPCS_PLACE_REPLY, call.flow_id);
	rpcs_detect_outcome(detect, &call, &reply);
}

static void flood(struct rpcs_detect *detect, uint32_t number)
{
	struct rpcs_call call =
		call_of(address_of(11, number), address_of(10, 0x10000 + number % SERVERS), number);
	struct rpcs_connection syn = { .tuple = call.message.tuple,
				       .seen = call.message.seen,
				       .tcp_flags = RPCS_TCP_SYN };
	struct rpcs_message reply = reply_of(&call);

	syn.tuple.protocol = RPCS_IP_TCP;
	rpcs_detect_tick(detect, call.message.seen.time_ns);
	rpcs_detect_connection(detect, &syn, number + 1);
	rpcs_detect_message(detect, &call.message, &call, RPCS_PLACE_CALL, call.flow_id);
	rpcs_detect_call(detect, &call);
	reply.call_known = false;
	rpcs_detect_message(detect, &reply, NULL, RPCS_PLACE_REPLY_UNPAIRED, call.flow_id);
}

/* Of this process: others may be at work on the machine. */
static uint64_t cpu_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
	return (uint64_t)time.tv_sec * RPCS_NSEC_PER_SEC + (uint64_t)time.tv_nsec;
}

static uint64_t resident_kb(void)
{
	unsigned long size = 0, resident = 0;
	FILE *file = fopen("/proc/self/statm", "r");

	if (!file || fscanf(file, "%lu %lu", &size, &resident) != 2)
		resident = 0;
	if (file)
		fclose(file);
	return resident * (uint64_t)sysconf(_SC_PAGESIZE) / 1024;
}

/* All detections off but `only`; RPCS_D__MAX: none, or all if `all`. */
static struct rpcs_policy *policy_of(enum rpcs_detection_id only, bool all)
{
	static char text[8192];
	struct rpcs_policy_errors errors;
	struct rpcs_policy *policy = NULL;
	enum rpcs_detection_id id;
	size_t len = (size_t)snprintf(text, sizeof(text), "networks: {home: [10.0.0.0/8]}\n%s",
				      all ? "" : "detections:\n");

	for (id = 0; !all && id < RPCS_D__MAX; id++)
		if (id != only)
			len += (size_t)snprintf(text + len, sizeof(text) - len,
						"  %s: {enabled: false}\n",
						rpcs_detection_info(id)->name);
	if (len >= sizeof(text) || rpcs_policy_parse(text, len, &policy, &errors)) {
		fprintf(stderr, "bench_detect: the policy does not parse\n");
		exit(1);
	}
	return policy;
}

static void run(const char *name, enum rpcs_detection_id only, bool all)
{
	static const struct rpcs_hash_seed seed = { 1, 2 };
	struct rpcs_policy *policy = policy_of(only, all);
	struct rpcs_detect *detect;
	uint64_t begin_ns, mix_ns, flood_ns, kb = resident_kb(), mix_kb, mix_alerts;
	uint32_t i;

	detect = rpcs_detect_new(policy, &seed, take_alert, NULL);
	if (!detect)
		exit(1);
	begin_ns = cpu_ns();
	for (i = 0; i < MIX; i++)
		exchange(detect, i);
	mix_ns = cpu_ns() - begin_ns;
	mix_kb = resident_kb() - kb;
	mix_alerts = alerts;
	begin_ns = cpu_ns();
	for (i = 0; i < FLOOD; i++)
		flood(detect, i);
	flood_ns = cpu_ns() - begin_ns;
	printf("%-32s %7" PRIu64 " %9" PRIu64 " %7" PRIu64 " %8.1f %8.1f %9" PRIu64 "\n", name,
	       mix_ns / MIX, mix_alerts, flood_ns / FLOOD, (double)mix_kb / 1024,
	       (double)(resident_kb() - kb) / 1024, rpcs_detect_evictions(detect));
	rpcs_detect_free(&detect);
	rpcs_policy_free(&policy);
}

/* In a process of its own, so that memory is its own. */
static void fork_run(const char *name, enum rpcs_detection_id only, bool all)
{
	pid_t child;
	int status;

	fflush(stdout);
	child = fork();
	if (child == 0) {
		run(name, only, all);
		exit(0);
	}
	if (child < 0 || waitpid(child, &status, 0) < 0 || status) {
		fprintf(stderr, "bench_detect: %s did not end well\n", name);
		exit(1);
	}
}

int main(int argc, char **argv)
{
	enum rpcs_detection_id id;

	printf("%-32s %7s %9s %7s %8s %8s %9s\n", "", "mix", "alerts", "flood", "MB", "MB",
	       "evicted");
	printf("%-32s %7s %9s %7s %8s %8s %9s\n", "detection", "ns/call", "of it", "ns/src",
	       "of mix", "in all", "in all");
	if (argc > 1) {
		for (id = 0; id < RPCS_D__MAX; id++)
			if (strcmp(argv[1], rpcs_detection_info(id)->name) == 0)
				fork_run(argv[1], id, false);
		return 0;
	}
	fork_run("none", RPCS_D__MAX, false);
	for (id = 0; id < RPCS_D__MAX; id++)
		if (rpcs_detect_explain(id))
			fork_run(rpcs_detection_info(id)->name, id, false);
	fork_run("all", RPCS_D__MAX, true);
	return 0;
}
