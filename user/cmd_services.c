// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* `rpcsentry services`: what the inventory's file knows of servers and their services. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "commands.h"
#include "inventory.h"
#include "options.h"
#include "policy/mistakes.h"
#include "policy/programs.h"
#include "services_json.h"

enum {
	JSON_BYTES = 512 * 1024, /* of one server with all the mappings it can have */
	MINUTES_LEN = 16,	 /* 2026-11-22T01:15 */
	PROGRAM_TEXT = 64,
};

static const char help[] =
	"usage: rpcsentry services [OPTION...]\n\n"
	"Shows the portmappers that answered, and the services that they told: what the\n"
	"sensor has kept in its inventory (inventory.file of the policy), which it writes\n"
	"once a minute at most.\n\n"
	"  -c, --config FILE      the sensor's policy (default: the built-in one)\n"
	"      --state FILE       this inventory instead\n"
	"      --server ADDR      of this server or prefix only\n"
	"      --program NAME     of this program only: a name or a number\n"
	"  -j, --json             one JSON object\n"
	"  -h, --help             this text\n";

struct view {
	const char *policy_path, *state_path;
	bool json, has_server, has_program;
	struct rpcs_prefix server;
	uint32_t program;

	struct rpcs_policy *policy;
	struct rpcs_services *services;
	const struct rpcs_server **servers; /* by address */
	uint64_t server_count, shown, mappings;
	const struct rpcs_service *of_one[RPCS_SERVICES_OF_ONE]; /* by program */
	char buffer[JSON_BYTES];
};

static int parse_program(const char *text, uint32_t *ret_program)
{
	char quoted[RPCS_QUOTE_TEXT], *end;
	unsigned long long number;

	if (rpcs_program_find(text, ret_program))
		return 0;
	errno = 0;
	number = strtoull(text, &end, 10);
	if (*text >= '0' && *text <= '9' && !*end && !errno && number <= UINT32_MAX) {
		*ret_program = (uint32_t)number;
		return 0;
	}
	rpcs_log_error("--program %s: no such program; give its name, as in /etc/rpc, or its "
		       "number",
		       rpcs_quote_format(text, quoted));
	return -EINVAL;
}

static int parse_server(const char *text, struct rpcs_prefix *ret_server)
{
	char quoted[RPCS_QUOTE_TEXT];

	if (!rpcs_prefix_parse(text, ret_server))
		return 0;
	rpcs_log_error("--server %s: no address; give one as 10.0.0.2, fd00::2 or 10.0.0.0/8",
		       rpcs_quote_format(text, quoted));
	return -EINVAL;
}

static int take_option(struct view *view, int opt, char **argv)
{
	switch (opt) {
	case 'c':
		view->policy_path = optarg;
		return 0;
	case 'j':
		view->json = true;
		return 0;
	case 'S':
		view->state_path = optarg;
		return 0;
	case 's':
		view->has_server = true;
		return parse_server(optarg, &view->server);
	case 'p':
		view->has_program = true;
		return parse_program(optarg, &view->program);
	case 'h':
		fputs(help, stdout);
		return 1;
	default:
		rpcs_option_unknown("services", opt, argv);
		return -EINVAL;
	}
}

static int parse_options(struct view *view, int argc, char **argv)
{
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "state", required_argument, NULL, 'S' },
		{ "server", required_argument, NULL, 's' },
		{ "program", required_argument, NULL, 'p' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int opt, ret;

	while ((opt = getopt_long(argc, argv, ":c:jh", options, NULL)) != -1) {
		ret = take_option(view, opt, argv);
		if (ret)
			return ret;
	}
	if (optind == argc)
		return 0;
	rpcs_log_error("services: takes no argument besides its options; `rpcsentry services "
		       "--help` shows how");
	return -EINVAL;
}

static int compare_servers(const void *a, const void *b)
{
	const struct rpcs_server *const *first = a, *const *second = b;

	return memcmp(&(*first)->address, &(*second)->address, sizeof(struct rpcs_address));
}

static int compare_numbers(uint32_t a, uint32_t b)
{
	return (a > b) - (a < b);
}

static int compare_services(const void *a, const void *b)
{
	const struct rpcs_service_key *first = &(*(const struct rpcs_service *const *)a)->key;
	const struct rpcs_service_key *second = &(*(const struct rpcs_service *const *)b)->key;
	int order = compare_numbers(first->program, second->program);

	if (!order)
		order = compare_numbers(first->version, second->version);
	return order ? order : compare_numbers(first->transport, second->transport);
}

/* The mappings of a server that are asked for, in order; how many. */
static uint32_t select_services(struct view *view, const struct rpcs_server *server)
{
	const struct rpcs_service *service = NULL;
	uint32_t count = 0;

	while ((service = rpcs_server_next(server, service)))
		if (!view->has_program || service->key.program == view->program)
			view->of_one[count++] = service;
	qsort(view->of_one, count, sizeof(view->of_one[0]), compare_services);
	return count;
}

static int select_servers(struct view *view)
{
	const struct rpcs_server *server = NULL;
	struct rpcs_services_counts counts;

	rpcs_services_counts(view->services, &counts);
	view->servers = calloc(counts.servers + 1, sizeof(view->servers[0]));
	if (!view->servers)
		return -ENOMEM;
	while ((server = rpcs_services_next(view->services, server)))
		if (!view->has_server || rpcs_prefix_contains(&view->server, &server->address))
			view->servers[view->server_count++] = server;
	qsort(view->servers, view->server_count, sizeof(view->servers[0]), compare_servers);
	return 0;
}

/* For people: to the minute, in local time. */
static const char *minutes(uint64_t time_ns, char text[RPCS_TIME_TEXT])
{
	rpcs_time_format(time_ns, text);
	text[MINUTES_LEN] = '\0';
	text[10] = ' ';
	return text;
}

static void print_head(const struct rpcs_server *server)
{
	char address[RPCS_ADDRESS_TEXT], first[RPCS_TIME_TEXT], last[RPCS_TIME_TEXT];
	uint32_t i;

	rpcs_address_format(&server->address, address);
	printf("%s: portmapper", address);
	for (i = 2; i <= 4; i++)
		if (server->versions & 1U << i)
			printf(" v%u", i);
	printf(", %" PRIu64 " repl%s, %s to %s", server->replies,
	       server->replies == 1 ? "y" : "ies", minutes(server->first_seen_ns, first),
	       minutes(server->last_seen_ns, last));
	for (i = 0; i < server->vlan_count; i++)
		printf("%s%u", i ? "." : ", VLAN ", server->vlan[i]);
	putchar('\n');
}

static void print_service(const struct rpcs_service *service)
{
	const char *name = rpcs_program_name(service->key.program), *between = "";
	char program[PROGRAM_TEXT], last[RPCS_TIME_TEXT], at[RPCS_ADDRESS_TEXT];
	unsigned int i;

	snprintf(program, sizeof(program), "%" PRIu32 "%s%s", service->key.program, name ? " " : "",
		 name ? name : "");
	printf("  %-24s %7" PRIu32 " %-5s %5u  %s %6" PRIu64 "  ", program, service->key.version,
	       rpcs_transport_netid(service->key.transport), service->port,
	       minutes(service->last_seen_ns, last), service->times);
	for (i = 0; i < RPCS_LEARNED_COUNT; i++) {
		if (!(service->learned & 1U << i))
			continue;
		printf("%s%s", between, rpcs_learned_name(i));
		between = ",";
	}
	if (service->removed_ns)
		printf("; removed");
	if (service->before[0])
		printf("; was %u", service->before[0]);
	if (!rpcs_address_is_unspecified(&service->at)) {
		rpcs_address_format(&service->at, at);
		printf("; at %s", at);
	}
	putchar('\n');
}

static void print_server(const struct view *view, const struct rpcs_server *server, uint32_t count)
{
	uint32_t i;

	if (view->shown)
		putchar('\n');
	print_head(server);
	if (count)
		printf("  %-24s %7s %-5s %5s  %-16s %6s  %s\n", "PROGRAM", "VERSION", "NETID",
		       "PORT", "LAST SEEN", "TIMES", "LEARNED BY");
	for (i = 0; i < count; i++)
		print_service(view->of_one[i]);
}

static void print_json(struct view *view, const struct rpcs_server *server, uint32_t count)
{
	size_t len =
		rpcs_services_json(server, view->of_one, count, view->buffer, sizeof(view->buffer));

	printf("%s\n%.*s", view->shown ? "," : "", (int)len, view->buffer);
}

static void print_all(struct view *view)
{
	uint64_t i, learning_s = rpcs_services_learning_ns(view->services) / RPCS_NSEC_PER_SEC;
	uint32_t count;

	if (view->json)
		printf("{\"learning_seconds\":%" PRIu64 ",\"servers\":[", learning_s);
	for (i = 0; i < view->server_count; i++) {
		count = select_services(view, view->servers[i]);
		if (view->has_program && !count)
			continue;
		if (view->json)
			print_json(view, view->servers[i], count);
		else
			print_server(view, view->servers[i], count);
		view->shown++;
		view->mappings += count;
	}
	if (view->json)
		printf("%s]}\n", view->shown ? "\n" : "");
	else
		printf("%s%" PRIu64 " server%s, %" PRIu64 " mapping%s; learned in %" PRIu64
		       " h %" PRIu64 " min\n",
		       view->shown ? "\n" : "", view->shown, view->shown == 1 ? "" : "s",
		       view->mappings, view->mappings == 1 ? "" : "s", learning_s / 3600,
		       learning_s / 60 % 60);
}

static void release(struct view **owner)
{
	struct view *view = *owner;

	if (!view)
		return;
	free(view->servers);
	rpcs_services_free(&view->services);
	rpcs_policy_free(&view->policy);
	free(view);
}

static int show(struct view *view)
{
	const struct rpcs_settings *settings = rpcs_policy_settings(view->policy);
	const char *path = view->state_path ? view->state_path : settings->inventory_file;
	struct rpcs_hash_seed seed;

	if (rpcs_hash_seed_random(&seed))
		return RPCS_EXIT_FAILURE;
	view->services = rpcs_services_new((uint32_t)settings->limit_sources, &seed);
	if (!view->services) {
		rpcs_log_error("services: out of memory; lower `limits.sources` in the policy");
		return RPCS_EXIT_FAILURE;
	}
	if (rpcs_inventory_read(path, true, view->services, view->policy) || select_servers(view))
		return RPCS_EXIT_FAILURE;
	print_all(view);
	return RPCS_EXIT_OK;
}

int rpcs_cmd_services(int argc, char **argv)
{
	RPCS_CLEANUP(release) struct view *view = calloc(1, sizeof(*view));
	int status;

	if (!view)
		return RPCS_EXIT_FAILURE;
	status = parse_options(view, argc, argv);
	if (status)
		return status < 0 ? RPCS_EXIT_USAGE : RPCS_EXIT_OK;
	status = rpcs_option_policy(view->policy_path, &view->policy);
	return status ? status : show(view);
}
