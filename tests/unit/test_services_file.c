// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The inventory as a file: what is written is read again, and what does not hold is refused. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "services/inventory.h"
#include "services_case.h"

enum { TEXT_MAX = 32 * 1024 * 1024 };

static char text[TEXT_MAX], again[TEXT_MAX];
static char why[RPCS_INVENTORY_WHY];

static int file_of(const char *bytes, size_t len)
{
	int fd = memfd_create("test", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), len);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

/* The map as text; how many steps that took, and the longest of them. */
static uint32_t save(char *to, uint64_t *ret_longest_ns)
{
	RPCS_CLEANUP(rpcs_inventory_save_free) struct rpcs_inventory_save *saving = NULL;
	RPCS_OWNED_FD fd = file_of("", 0);
	uint64_t start, longest = 0;
	uint32_t steps = 0;
	ssize_t len;
	int more;

	saving = rpcs_inventory_save_new(map.services, fd);
	assert_non_null(saving);
	do {
		start = rpcs_clock_monotonic();
		more = rpcs_inventory_save_step(saving);
		start = rpcs_clock_monotonic() - start;
		longest = start > longest ? start : longest;
		assert_in_range(more, 0, 1);
		steps++;
	} while (more);
	len = pread(fd, to, TEXT_MAX - 1, 0);
	assert_true(len > 0);
	to[len] = '\0';
	if (ret_longest_ns)
		*ret_longest_ns = longest;
	return steps;
}

static enum rpcs_inventory_verdict load(const char *from, size_t len)
{
	RPCS_OWNED_FD fd = file_of(from, len);
	enum rpcs_inventory_verdict verdict = RPCS_INVENTORY_VERDICT__MAX;

	map_start(65536);
	assert_int_equal(rpcs_inventory_load(map.services, map.policy, fd, &verdict, why), 0);
	return verdict;
}

static uint64_t services_count(void)
{
	struct rpcs_services_counts counts;

	rpcs_services_counts(map.services, &counts);
	return counts.services;
}

/* Two servers, with everything that a mapping can have. */
static void learn_some(void)
{
	struct rpcs_call call = case_rpcb(4, RPCS_PORTMAP_GETPORT, 100005);
	struct rpcs_message reply = case_reply(&call);

	map_start(1024);
	rpcs_services_tick(map.services, CASE_WHEN);
	map_getport(SERVER, 100003, 2049);
	map_getport(SERVER, 100003, 2050);
	map_getport(SERVER, 100003, 2051);
	map_change(SERVER, RPCS_PORTMAP_SET, 100024, 700, true);
	map.now_ns += CASE_SEC;
	map_change(SERVER, RPCS_PORTMAP_UNSET, 100024, 0, true);
	call.message.portmap.netid = case_text("udp6");
	reply.portmap = (struct rpcs_portmap){ .shape = RPCS_PORTMAP_ADDRESS,
					       .has = 1,
					       .address = case_text("2001:db8::7.8.1") };
	reply.seen.vlan_count = 2;
	reply.seen.vlan[0] = 100;
	reply.seen.vlan[1] = 7;
	map_learn(&call, &reply, "2001:db8::9");
	rpcs_services_tick(map.services, CASE_WHEN + 90 * CASE_SEC);
}

static void test_round(void **state)
{
	struct rpcs_address at = case_address("2001:db8::7");
	const struct rpcs_service *service;

	(void)state;
	learn_some();
	assert_int_equal(rpcs_inventory_changed(map.services), RPCS_INVENTORY_MAPPINGS);
	assert_int_equal(save(text, NULL), 1);
	assert_int_equal(rpcs_inventory_changed(map.services), RPCS_INVENTORY_SAME);
	assert_int_equal(load(text, strlen(text)), RPCS_INVENTORY_GOOD);
	assert_string_equal(why, "");
	assert_int_equal(rpcs_inventory_changed(map.services), RPCS_INVENTORY_SAME);
	assert_int_equal(rpcs_services_learning_ns(map.services), 90 * CASE_SEC);
	service = map_find(SERVER, 100003, 1, RPCS_TRANSPORT_UDP);
	assert_non_null(service);
	assert_int_equal(service->port, 2051);
	assert_int_equal(service->before[0], 2050);
	assert_int_equal(service->before[1], 2049);
	assert_int_equal(service->before[2], 0);
	assert_int_equal(service->times, 3);
	assert_int_equal(service->learned, RPCS_LEARNED_LOOKUP);
	assert_int_equal(service->first_seen_ns, CASE_WHEN);
	assert_int_equal(map_find(SERVER, 100024, 1, RPCS_TRANSPORT_UDP)->removed_ns,
			 CASE_WHEN + CASE_SEC);
	service = map_find("2001:db8::9", 100005, 1, RPCS_TRANSPORT_UDP6);
	assert_true(rpcs_address_equal(&service->at, &at));
	assert_int_equal(map_server("2001:db8::9")->vlan[1], 7);
	assert_int_equal(map_server("2001:db8::9")->versions, 1 << 4);
	assert_int_equal(map_server(SERVER)->replies, 5);
	/* Written again, it is the same text. */
	save(again, NULL);
	assert_string_equal(again, text);
	/* And its knowledge counts. */
	map_getport(SERVER, 100003, 2051);
	assert_int_equal(map.lesson.count, 0);
	assert_int_equal(rpcs_inventory_changed(map.services), RPCS_INVENTORY_TIMES);
	map_getport(SERVER, 100003, 2050);
	assert_true(map.lesson.changes[0].returned);
}

/* Others may have laid it out anew; an empty file is a beginning. */
static void test_layouts(void **state)
{
	char *sorted, *wide;
	json_t *json;

	(void)state;
	learn_some();
	save(text, NULL);
	json = json_loads(text, 0, NULL);
	assert_non_null(json);
	sorted = json_dumps(json, JSON_SORT_KEYS | JSON_INDENT(4));
	wide = json_dumps(json, JSON_COMPACT | JSON_ENSURE_ASCII);
	json_decref(json);
	assert_int_equal(load(sorted, strlen(sorted)), RPCS_INVENTORY_GOOD);
	save(again, NULL);
	assert_string_equal(again, text);
	assert_int_equal(load(wide, strlen(wide)), RPCS_INVENTORY_GOOD);
	save(again, NULL);
	assert_string_equal(again, text);
	free(sorted);
	free(wide);
	assert_int_equal(load("", 0), RPCS_INVENTORY_GOOD);
	assert_int_equal(rpcs_services_learning_ns(map.services), 0);
}

/* A time that only a broken capture has must not make a file that is refused. */
static void test_wild_times(void **state)
{
	(void)state;
	map_start(16);
	rpcs_services_tick(map.services, 5);
	rpcs_services_tick(map.services, UINT64_MAX);
	map.now_ns = UINT64_MAX;
	map_getport(SERVER, 100003, 2049);
	save(text, NULL);
	assert_int_equal(load(text, strlen(text)), RPCS_INVENTORY_GOOD);
	assert_int_equal(map_port(SERVER, 100003), 2049);
}

/* One text in the place of another, in a good file. */
static enum rpcs_inventory_verdict load_changed(const char *before, const char *after)
{
	static char changed[16384];
	const char *at;

	learn_some();
	save(text, NULL);
	at = strstr(text, before);
	if (!at)
		fail_msg("no %s in %s", before, text);
	snprintf(changed, sizeof(changed), "%.*s%s%s", (int)(at - text), text, after,
		 at + strlen(before));
	return load(changed, strlen(changed));
}

static void test_damaged(void **state)
{
	static const char *const cases[][3] = {
		{ "\"port\":2051", "\"port\":0", "port" },
		{ "\"port\":2051", "\"port\":65536", "port" },
		{ "\"port\":2051", "\"port\":-1", "port" },
		{ "\"port\":2051", "\"port\":2051.5", "port" },
		{ "\"port\":2051", "\"port\":\"2051\"", "port" },
		{ "\"port\":2051,", "", "port" },
		{ "\"port\":2051", "\"port\":2051,\"port\":2052", "no JSON" },
		{ "\"program\":100003", "\"program\":0", "program" },
		{ "\"program\":100003", "\"program\":4294967296", "program" },
		{ "\"version\":1,\"netid\"", "\"version\":-1,\"netid\"", "version" },
		{ "\"netid\":\"udp\"", "\"netid\":\"tpi\"", "netid" },
		{ "\"netid\":\"udp\"", "\"netid\":\"udp\\u0000\"", "no JSON" },
		{ "\"program\":100024", "\"program\":100003", "a mapping twice" },
		{ "\"before\":[2050,2049]", "\"before\":[1,2,3,4,5]", "former ports" },
		{ "\"before\":[2050,2049]", "\"before\":[0]", "former ports" },
		{ "\"before\":[2050,2049]", "\"before\":7", "former ports" },
		{ "\"learned\":[\"lookup\"]", "\"learned\":[]", "learned" },
		{ "\"learned\":[\"lookup\"]", "\"learned\":[\"guess\"]", "learned" },
		{ "\"learned\":[\"lookup\"]", "\"learned\":[null]", "learned" },
		{ "\"times\":3", "\"times\":0", "times" },
		{ "\"times\":3", "\"times\":99999999999999999999", "no JSON" },
		{ "\"removed\":", "\"removed\":-", "times" },
		{ "\"first_seen\":1", "\"first_seen\":9", "times" },
		{ "\"server\":\"10.0.0.2\"", "\"server\":\"localhost\"", "address" },
		{ "\"server\":\"10.0.0.2\"", "\"server\":\"224.0.2.2\"", "address" },
		{ "\"server\":\"10.0.0.2\"", "\"server\":\"0.0.0.0\"", "address" },
		{ "\"server\":\"10.0.0.2\"", "\"server\":\"2001:db8::9\"", "a server twice" },
		{ "\"versions\":[2]", "\"versions\":[5]", "versions" },
		{ "\"versions\":[2]", "\"versions\":{}", "versions" },
		{ "\"vlan\":[100,7]", "\"vlan\":[4096]", "VLAN" },
		{ "\"vlan\":[100,7]", "\"vlan\":[1,2,3]", "VLAN" },
		{ "\"at\":\"2001:db8::7\"", "\"at\":\"::\"", "address" },
		{ "\"services\":[", "\"services\":7,\"x\":[", "list of mappings" },
		{ "\"since\":", "\"since\":-", "times" },
		{ "\"version\":1,\"since\"", "\"version\":0,\"since\"", "version" },
		{ "\"servers\":[", "\"servers\":[7,", "list does not hold" },
		{ "\n]}\n", "]", "too early" },
		{ "\n]}\n", "\n]}\n{}", "behind its end" },
	};
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		enum rpcs_inventory_verdict verdict = load_changed(cases[i][0], cases[i][1]);

		if (verdict != RPCS_INVENTORY_DAMAGED || !strstr(why, cases[i][2]))
			fail_msg("%s for %s: verdict %d, %s", cases[i][1], cases[i][0], verdict,
				 why);
		assert_int_equal(services_count(), 0);
		assert_null(rpcs_services_next(map.services, NULL));
		assert_int_equal(rpcs_services_learning_ns(map.services), 0);
	}
}

static void test_not_ours(void **state)
{
	static const char newer[] = "{\"servers\":[{\"new\":1}],\"version\":9,"
				    "\"format\":\"rpcsentry-services\"}";
	static const char *const foreign[] = {
		"root:x:0:0:root:/root:/bin/sh\n",
		"{}",
		"[]",
		"{\"servers\":[{}]}",
		"\0\0\0\0",
		"{\"format\":\"other\",\"version\":1,\"servers\":[]}",
		"{\"format\":7}",
		"{\"for",
	};
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++) {
		size_t len = strlen(foreign[i]);

		assert_int_equal(load(foreign[i], len ? len : 4), RPCS_INVENTORY_FOREIGN);
		assert_string_not_equal(why, "");
	}
	assert_int_equal(load_changed("\"version\":1,\"since\"", "\"version\":2,\"since\""),
			 RPCS_INVENTORY_NEWER);
	/* Whatever a newer version has in its list. */
	assert_int_equal(load_changed("\"version\":1,\"since\":1795310157000000,"
				      "\"until\":1795310247000000,\"servers\":[",
				      "\"servers\":[{\"new\":1},"),
			 RPCS_INVENTORY_DAMAGED);
	assert_int_equal(load(newer, strlen(newer)), RPCS_INVENTORY_NEWER);
}

/* Cut anywhere, and any byte changed: refused or read, but never half of it. */
static void test_every_cut_and_byte(void **state)
{
	size_t len, at;

	(void)state;
	learn_some();
	save(text, NULL);
	len = strlen(text);
	for (at = 1; at + 1 < len; at++)
		assert_int_not_equal(load(text, at), RPCS_INVENTORY_GOOD);
	for (at = 0; at < len; at++) {
		char was = text[at];

		text[at] = "\"{}[],:0x\\"[at % 10];
		if (load(text, len) != RPCS_INVENTORY_GOOD)
			assert_int_equal(services_count(), 0);
		text[at] = was;
	}
}

/* All there can be: in steps that hold nothing up, and not more than may be read again. */
static void test_full(void **state)
{
	static struct rpcs_mapping list[RPCS_MAPPINGS_MAX];
	uint32_t i, round, steps;
	uint64_t longest, start;
	char server[32];

	(void)state;
	map_start(65536);
	rpcs_services_tick(map.services, CASE_WHEN);
	for (round = 0; round < 256; round++) {
		for (i = 0; i < RPCS_MAPPINGS_MAX; i++)
			list[i] = (struct rpcs_mapping){ .program = UINT32_MAX - i,
							 .version = UINT32_MAX - round,
							 .protocol = RPCS_IP_UDP,
							 .port = 65535 - i };
		snprintf(server, sizeof(server), "10.1.1.%u", round);
		map_dump(server, 2, list, RPCS_MAPPINGS_MAX);
	}
	steps = save(text, &longest);
	assert_true(steps > 100);
	start = rpcs_clock_monotonic();
	assert_int_equal(load(text, strlen(text)), RPCS_INVENTORY_GOOD);
	print_message("# %zu bytes in %u steps, the longest %llu us; read in %llu ms\n",
		      strlen(text), steps, (unsigned long long)longest / 1000,
		      (unsigned long long)(rpcs_clock_monotonic() - start) / 1000000);
	assert_int_equal(services_count(), RPCS_SERVICES_MAX);
	save(again, NULL);
	assert_string_equal(again, text);
}

/* While a save goes on, servers come, are asked again, and go. */
static void test_learning_while_it_saves(void **state)
{
	RPCS_CLEANUP(rpcs_inventory_save_free) struct rpcs_inventory_save *saving = NULL;
	RPCS_OWNED_FD fd = file_of("", 0);
	uint32_t i, round = 0;
	char server[32];
	ssize_t len;
	int more;

	(void)state;
	map_start(2048);
	for (i = 0; i < 2048; i++) {
		snprintf(server, sizeof(server), "%s.%u.%u", i % 2 ? "10.1" : "192.0", i >> 8,
			 i & 255);
		map_getport(server, 100003, 2049);
	}
	saving = rpcs_inventory_save_new(map.services, fd);
	while ((more = rpcs_inventory_save_step(saving)) > 0) {
		/* The one that is next, the last, one that is new: the oldest outside goes. */
		map_getport("10.1.7.255", 100003, 2049);
		for (i = 0; i < 700; i += 7) {
			snprintf(server, sizeof(server), "10.1.%u.%u", (i | 1) >> 8, (i | 1) & 255);
			map_getport(server, 100003, 2049);
		}
		snprintf(server, sizeof(server), "10.9.0.%u", round++);
		map_getport(server, 100003, 2049);
	}
	assert_int_equal(more, 0);
	assert_int_equal(rpcs_inventory_changed(map.services), RPCS_INVENTORY_MAPPINGS);
	len = pread(fd, text, TEXT_MAX - 1, 0);
	assert_true(len > 0);
	rpcs_inventory_save_free(&saving);
	assert_int_equal(load(text, (size_t)len), RPCS_INVENTORY_GOOD);
	/* No server of home is missing, and none is there twice. */
	for (i = 1; i < 2048; i += 2) {
		snprintf(server, sizeof(server), "10.1.%u.%u", i >> 8, i & 255);
		assert_non_null(map_server(server));
	}
	/* A disk that is full: it has not been saved. */
	map.services->changed = false;
	saving = rpcs_inventory_save_new(map.services, -1);
	assert_int_equal(rpcs_inventory_save_step(saving), -EBADF);
	assert_int_equal(rpcs_inventory_changed(map.services), RPCS_INVENTORY_MAPPINGS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round),	   cmocka_unit_test(test_layouts),
		cmocka_unit_test(test_wild_times), cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_not_ours),   cmocka_unit_test(test_every_cut_and_byte),
		cmocka_unit_test(test_full),	   cmocka_unit_test(test_learning_while_it_saves),
	};

	return cmocka_run_group_tests_name("services_file", tests, NULL, map_teardown);
}
