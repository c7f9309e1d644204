// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The journal's fields of an alert, and the message ids, which never change. */
#include <errno.h>
#include <stdlib.h>

#include "unit/output_fixture.h"

FILE *fixture_lines;

enum { ENTRY_SIZE = 8192 };

/* The value of a field, NULL when it is not there; `nth` for one that comes several times. */
static const char *field(const char *entry, int len, const char *name, int nth)
{
	const char *p;

	for (p = entry; p < entry + len; p += strlen(p) + 1) {
		size_t name_len = strlen(name);

		if (strncmp(p, name, name_len) == 0 && p[name_len] == '=' && nth-- == 0)
			return p + name_len + 1;
	}
	return NULL;
}

#define assert_field(name, value) assert_string_equal(field(entry, len, name, 0), value)

static void test_fields(void **state)
{
	struct rpcs_message message = call_of(RPCS_PORTMAP_UNSET);
	char id[RPCS_ALERT_ID_TEXT];
	char entry[ENTRY_SIZE];
	struct rpcs_call call;
	struct rpcs_alert alert;
	int len;

	(void)state;
	message.portmap = mapping_of(100003, 3, 17, 0);
	call = transaction_of(&message, RPCS_STATUS_PENDING);
	alert = alert_of(RPCS_D_UNSET_REMOTE, &call);
	alert.count = 2;
	rpcs_alert_evidence(&alert, "first=%d", 1);
	rpcs_alert_evidence(&alert, "second");
	len = rpcs_journal_entry(&alert, "eth7", entry, sizeof(entry));
	assert_true(len > 0);
	assert_int_equal(entry[len - 1], '\0');
	assert_field("MESSAGE",
		     "PORTMAP UNSET from the network: 10.0.0.1:856 -> 10.0.0.2:111 UDP, portmap v2 "
		     "UNSET nfs v3 udp port 0, outcome: attempt, 2 times; first=1; second");
	assert_field("PRIORITY", "2");
	assert_field("SYSLOG_IDENTIFIER", "rpcsentry");
	assert_field("RPCS_DETECTION", "portmap-unset-remote");
	assert_field("RPCS_SIGNATURE_ID", "1110006");
	assert_field("RPCS_SEVERITY", "1");
	assert_field("RPCS_OUTCOME", "attempt");
	assert_field("RPCS_COUNT", "2");
	assert_field("RPCS_SRC_IP", "10.0.0.1");
	assert_field("RPCS_SRC_PORT", "856");
	assert_field("RPCS_DEST_IP", "10.0.0.2");
	assert_field("RPCS_DEST_PORT", "111");
	assert_field("RPCS_PROTO", "UDP");
	assert_field("RPCS_IFACE", "eth7");
	assert_field("RPCS_XID", "305419896");
	assert_field("RPCS_PROGRAM", "100000");
	assert_field("RPCS_PROCEDURE", "2");
	assert_field("RPCS_TARGET_PROGRAM", "100003");
	assert_string_equal(field(entry, len, "RPCS_EVIDENCE", 0), "first=1");
	assert_string_equal(field(entry, len, "RPCS_EVIDENCE", 1), "second");
	assert_null(field(entry, len, "RPCS_EVIDENCE", 2));
	assert_int_equal(strlen(field(entry, len, "RPCS_COMMUNITY_ID", 0)), 30);
	rpcs_alert_id_format(&alert, id);
	assert_field("RPCS_ALERT_ID", id);
	assert_null(field(entry, len, "RPCS_SOURCES", 0));

	alert.sources = 77;
	len = rpcs_journal_entry(&alert, NULL, entry, sizeof(entry));
	assert_field("RPCS_SOURCES", "77");
	assert_non_null(strstr(field(entry, len, "MESSAGE", 0), ", 2 times, 77 sources; first"));
	alert.sources_estimated = true;
	len = rpcs_journal_entry(&alert, NULL, entry, sizeof(entry));
	assert_non_null(strstr(field(entry, len, "MESSAGE", 0), ", about 77 sources; first"));
}

static void test_absent(void **state)
{
	struct rpcs_alert alert = alert_of(RPCS_D_SENSOR_LOSS, NULL);
	struct rpcs_message message = call_of(RPCS_PORTMAP_DUMP);
	struct rpcs_call call = transaction_of(&message, RPCS_STATUS_PENDING);
	char entry[ENTRY_SIZE];
	int len;

	(void)state;
	rpcs_alert_evidence(&alert, "7 records lost");
	len = rpcs_journal_entry(&alert, NULL, entry, sizeof(entry));
	assert_true(len > 0);
	assert_field("MESSAGE", "Sensor lost records or evicted live state, outcome: attempt; "
				"7 records lost");
	assert_null(field(entry, len, "RPCS_SRC_IP", 0));
	assert_null(field(entry, len, "RPCS_PROTO", 0));
	assert_null(field(entry, len, "RPCS_COMMUNITY_ID", 0));
	assert_null(field(entry, len, "RPCS_IFACE", 0));
	assert_null(field(entry, len, "RPCS_XID", 0));

	/* DUMP asks for no program. */
	alert = alert_of(RPCS_D_DUMP, &call);
	len = rpcs_journal_entry(&alert, "", entry, sizeof(entry));
	assert_field("RPCS_XID", "305419896");
	assert_null(field(entry, len, "RPCS_TARGET_PROGRAM", 0));
	assert_null(field(entry, len, "RPCS_IFACE", 0));
}

static void test_priorities(void **state)
{
	static const char *const priorities[] = { "2", "4", "5", "6" };
	struct rpcs_alert alert = alert_of(RPCS_D_DUMP, NULL);
	char entry[ENTRY_SIZE];
	int len, i;

	(void)state;
	for (i = 0; i < 4; i++) {
		alert.severity = i + 1;
		len = rpcs_journal_entry(&alert, NULL, entry, sizeof(entry));
		assert_field("PRIORITY", priorities[i]);
	}
}

static void test_no_space(void **state)
{
	struct rpcs_message message = call_of(RPCS_PORTMAP_DUMP);
	struct rpcs_call call = transaction_of(&message, RPCS_STATUS_PENDING);
	struct rpcs_alert alert = alert_of(RPCS_D_DUMP, &call);
	char whole[ENTRY_SIZE];
	int need = rpcs_journal_entry(&alert, "lo", whole, sizeof(whole));
	int size;

	(void)state;
	assert_true(need > 0);
	for (size = 0; size <= need; size++) {
		/* A block of its own, so that the sanitizer sees a byte too many. */
		char *entry = malloc(size ? size : 1);
		int len = rpcs_journal_entry(&alert, "lo", entry, size);

		assert_int_equal(len, size < need ? -ENOSPC : need);
		free(entry);
	}
}

/* What is no entry does not reach the journal. */
static void test_send_refuses(void **state)
{
	char many[2 * 200];
	size_t i;

	(void)state;
	assert_int_equal(rpcs_journal_send("", 0), -EINVAL);
	assert_int_equal(rpcs_journal_send("MESSAGE=not ended", 17), -EINVAL);
	for (i = 0; i < sizeof(many); i += 2)
		memcpy(many + i, "A", 2);
	assert_int_equal(rpcs_journal_send(many, sizeof(many)), -EINVAL);
}

/* An id in an analyst's saved query must still hold in ten years: these are for ever. */
static const struct {
	uint32_t signature_id;
	const char *text;
} ids[] = {
	{ 1110001, "740200c046314742a4bf95ad40728f33" },
	{ 1110002, "6bc8402209a14d8e9c89e9992a291255" },
	{ 1110003, "a06de31b559c4aa6b3d7cc6e457d06cf" },
	{ 1110004, "4336e203a37146f0a0253537aeca7dea" },
	{ 1110005, "b809de254d8e471594fba5cb00e7bfd7" },
	{ 1110006, "dc8c9789e15a4d0c8697d658dff0f2e4" },
	{ 1110007, "b00aae7f935545f89ffd9cd5f69b9775" },
	{ 1110008, "f2ac74b4a62145ab906dcee61b554db0" },
	{ 1110009, "08a933670ec94dbb9ceeaac5c64bfd8c" },
	{ 1110010, "8e4a153816c5441f95aba05c05db726e" },
	{ 1110011, "e0319693728645daa8f5c70834895f77" },
	{ 1110012, "07ac413471f040f0823bc10e7c33f16f" },
	{ 1110013, "18ec556b408242968a7c8aec74b7fcab" },
	{ 1110020, "ba092f4472c74fb9babe43a2629ec779" },
	{ 1110021, "df7e6359a1c54d9d975f337e926e4e33" },
	{ 1110022, "6d19490097e84fea927b40f76d53de61" },
	{ 1110023, "100ba3228f67425ab68500f91b249cdb" },
	{ 1110024, "d5da1070431f4d7a80e09217c5efa720" },
	{ 1110025, "5fbc9f625c07490ba0838a81a4d40a0c" },
	{ 1110026, "191016492c5c437a8fcf243be755219d" },
	{ 1110027, "2e1bcbb788754d388366ecb9fc8db9fd" },
	{ 1110028, "6ceb4c54ed0c43b795d89183f1a6728f" },
	{ 1110030, "76b0e2afb2994303b867e00e61940280" },
	{ 1110031, "a24ac120730d4a4ba8ed5524913aa631" },
	{ 1110032, "fbe375d0872e46e5ab0b4b67f82c5f06" },
	{ 1110033, "e71c2842ac0b45168350706d0dea038b" },
	{ 1110034, "34a923c8138d4267885b521fc69c77c4" },
	{ 1110035, "39b1b8d2371d4dd1b19abfb0acefd212" },
	{ 1110036, "ac6f2e38668d4574979e02775fd85566" },
	{ 1110040, "0da4c9ec27f94c10b34e3dddd0b31944" },
	{ 1110041, "be2aabc64cf94c2a8f7c0a35357fbd46" },
	{ 1110042, "c6d5fb22439f4c7b856a8260c83b8ff3" },
	{ 1110043, "7a0d6e0ab8794e7cac00302019eb5b23" },
	{ 1110044, "59c1e36071ed4ce7b235e8adfdbe04f6" },
	{ 1110045, "a550e8f5f53342b7a356b58cae3fa63b" },
	{ 1110046, "bd93333cbcc34b3591d7f18d085c5893" },
	{ 1110047, "0912935a1a3f475a9326262c1927e1e5" },
	{ 1110048, "37b2cb33b2fd4150918b8e8a305e4782" },
	{ 1110049, "e97c2ccc9ed04e0f9ed403114689a64f" },
	{ 1110050, "98a60488720046d9afccc2406bdd2f69" },
	{ 1110051, "d9854e69456844cea90cf50d1f2630b4" },
	{ 1110052, "f17c03a93f42400c906134035852b8bf" },
	{ 1110053, "73beabcd0d77471bb6824c3a51ba5567" },
	{ 1110054, "d0680a998918423ab35421c77aaab957" },
	{ 1110055, "6b6b4db926554d77a36e6f1a7ef078d5" },
	{ 1110056, "dd817c3dfaa8436fad4bad682255d8ce" },
	{ 1110057, "85ec983f33c24eb0ab1df681102d866c" },
	{ 1110058, "c1b8d59a9e334114835be96bd278050c" },
	{ 1110060, "ae8e7bd595054008bca3e6c87ccf8002" },
	{ 1110061, "33ebc154a33a4b69b4286fa80d82c251" },
	{ 1110062, "7c3e872d063840d1857846e9e19b0b49" },
	{ 1110063, "71ee790189c64b10b8786880b581714f" },
	{ 1110064, "a9dbfd00116944159796e81827944ea3" },
	{ 1110070, "abe9b244d35e4669a88e1c935eaa71f9" },
	{ 1110071, "bbd5d928d1784419bc14cfdd98d82db1" },
	{ 1110072, "d2c181ec38e64ac3895ac79161298386" },
	{ 1110073, "81a78ce71435492b9b404cac26cd0684" },
	{ 1110074, "6078169252464206a351a9d962b352af" },
	{ 1110080, "8b05b63ed90b4f47971da012cfd07045" },
};

static void test_message_ids(void **state)
{
	size_t count = sizeof(ids) / sizeof(ids[0]);
	size_t i;

	(void)state;
	assert_int_equal(count, RPCS_D__MAX);
	for (i = 0; i < count; i++) {
		char text[33];

		memset(text, 'x', sizeof(text));
		assert_int_equal(rpcs_detection_info(i)->signature_id, ids[i].signature_id);
		rpcs_journal_message_id(i, text);
		assert_string_equal(text, ids[i].text);
	}
}

static void test_text_cut(void **state)
{
	struct rpcs_alert alert = alert_of(RPCS_D_DUMP, NULL);
	char text[21];

	(void)state;
	memset(text, 'x', sizeof(text));
	assert_int_equal(rpcs_alert_text(&alert, text, 20), 19);
	assert_string_equal(text, "PORTMAP DUMP not al");
	assert_int_equal(text[20], 'x');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fields),	     cmocka_unit_test(test_absent),
		cmocka_unit_test(test_priorities),   cmocka_unit_test(test_no_space),
		cmocka_unit_test(test_send_refuses), cmocka_unit_test(test_message_ids),
		cmocka_unit_test(test_text_cut),
	};

	return cmocka_run_group_tests_name("journal_entry", tests, NULL, NULL);
}
