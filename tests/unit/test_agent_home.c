// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The prefix that an interface's address and netmask make. */
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "agent/home.h"

static struct sockaddr_storage address_of(const char *text)
{
	struct sockaddr_storage storage = { 0 };
	struct sockaddr_in *ip4 = (struct sockaddr_in *)&storage;
	struct sockaddr_in6 *ip6 = (struct sockaddr_in6 *)&storage;

	if (inet_pton(AF_INET, text, &ip4->sin_addr) == 1) {
		storage.ss_family = AF_INET;
	} else {
		assert_int_equal(inet_pton(AF_INET6, text, &ip6->sin6_addr), 1);
		storage.ss_family = AF_INET6;
	}
	return storage;
}

static void test_prefixes(void **state)
{
	static const struct {
		const char *address, *mask, *prefix;
	} rows[] = {
		{ "10.1.2.3", "255.255.255.0", "10.1.2.0/24" },
		{ "10.1.2.3", "255.255.255.255", "10.1.2.3" },
		{ "172.31.255.1", "255.240.0.0", "172.16.0.0/12" },
		{ "fd00:1:2:3::4", "ffff:ffff:ffff:ffff::", "fd00:1:2:3::/64" },
		{ "2001:db8::1", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db8::1" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sockaddr_storage address = address_of(rows[i].address);
		struct sockaddr_storage mask = address_of(rows[i].mask);
		char text[RPCS_PREFIX_TEXT];
		struct rpcs_prefix prefix;

		assert_int_equal(rpcs_home_prefix((struct sockaddr *)&address,
						  (struct sockaddr *)&mask, &prefix),
				 0);
		rpcs_prefix_format(&prefix, text);
		assert_string_equal(text, rows[i].prefix);
	}
}

static void test_other_families(void **state)
{
	struct sockaddr address = { .sa_family = AF_PACKET };
	struct rpcs_prefix prefix;

	(void)state;
	assert_int_equal(rpcs_home_prefix(&address, &address, &prefix), -EAFNOSUPPORT);
}

/* An interface of our own, since nothing is known of those that are there. */
static void test_addresses(void **state)
{
	struct rpcs_address list[64], own;

	(void)state;
	if (unshare(CLONE_NEWNET) || system("ip link set lo up")) {
		print_message("skipped: needs root and iproute2\n");
		skip();
	}
	assert_int_equal(rpcs_home_addresses(list, 64), 0);
	assert_int_equal(system("ip link add rs-home type veth peer name rs-peer && "
				"ip addr add 10.9.8.7/24 dev rs-home"),
			 0);
	assert_int_equal(rpcs_home_addresses(list, 64), 1);
	assert_int_equal(rpcs_address_parse("10.9.8.7", &own), 0);
	assert_true(rpcs_address_equal(&list[0], &own));
	assert_int_equal(rpcs_home_addresses(list, 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_prefixes),
		cmocka_unit_test(test_other_families),
		cmocka_unit_test(test_addresses),
	};

	return cmocka_run_group_tests_name("agent/home", tests, NULL, NULL);
}
