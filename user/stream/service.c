// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The layouts are those of the services' .x files, as far as their first strings; the
 * limits those of the buffers behind them in old servers (detections.md, 1110034).
 */
#include "service.h"

#include <stddef.h>

#include <rpcsentry/portmap.h>
#include <rpcsentry/rpc.h>

enum { STRINGS_MAX = 6 };

/*
 * Arguments of procedures `first` to `last`, an item each: s a string, u a word, 0 and 1
 * a word that must be zero or one (an XDR pointer that is absent or there). The strings'
 * names stand in their order.
 */
struct layout {
	uint32_t program;
	uint16_t first, last;
	uint16_t limit; /* bytes of each string */
	const char *items;
	const char *names[STRINGS_MAX];
};

static const struct layout layouts[] = {
	{ RPCS_MOUNT_PROGRAM, 1, 1, 1023, "s", { "path" } }, /* MNT */
	{ RPCS_MOUNT_PROGRAM, 3, 3, 1023, "s", { "path" } }, /* UMNT */
	{ RPCS_YPPASSWD_PROGRAM,
	  1,
	  1,
	  256,
	  "sssuusss",
	  { "old password", "user name", "new password", "full name", "home directory", "shell" } },
	{ RPCS_RQUOTA_PROGRAM, 1, 2, 128, "s", { "path" } },  /* GETQUOTA, GETACTIVEQUOTA */
	{ RPCS_RQUOTA_PROGRAM, 3, 4, 128, "us", { "path" } }, /* SETQUOTA, SETACTIVEQUOTA */
	{ RPCS_STATUS_PROGRAM, 1, 1, 100, "s", { "monitored host's name" } }, /* STAT */
	{ RPCS_STATUS_PROGRAM,
	  2,
	  3,
	  100,
	  "ss", /* MON, UNMON */
	  { "monitored host's name", "caller's name" } },
	{ RPCS_STATUS_PROGRAM, 4, 4, 100, "s", { "caller's name" } },	      /* UNMON_ALL */
	{ RPCS_STATUS_PROGRAM, 6, 6, 100, "s", { "monitored host's name" } }, /* NOTIFY */
	{ RPCS_TTDB_PROGRAM, 1, 1, 128, "s", { "path" } },		      /* MIN_AUTH_LEVEL */
	{ RPCS_TTDB_PROGRAM, 3, 3, 128, "s", { "path" } },		      /* ISBUILD */
	{ RPCS_TTDB_PROGRAM, 7, 8, 128, "s", { "path" } },		      /* ISERASE, ISOPEN */
	{ RPCS_TTDB_PROGRAM, 15, 15, 128, "s", { "path" } },		      /* MFS */
	/* From GET_FILE_PARTITION to NETFILE_FILE: a file or an object comes first. */
	{ RPCS_TTDB_PROGRAM, 102, 134, 128, "s", { "file or object" } },
	/* DmiComponentAdded: handle, sender (a node address), info (a component). */
	{ RPCS_SNMPXDMI_PROGRAM, 257, 257, 1024, "u01u1s", { "component's name" } },
	{ RPCS_SNMPXDMI_PROGRAM, 257, 257, 1024, "u11s", { "sender's address" } },
	{ RPCS_AMD_PROGRAM, 1, 2, 512, "s", { "path" } },      /* MNTTREE, UMNT */
	{ RPCS_AMD_PROGRAM, 5, 5, 512, "us", { "option" } },   /* SETOPT */
	{ RPCS_AMD_PROGRAM, 7, 7, 512, "s", { "mount map" } }, /* MOUNT */
	{ RPCS_AMD_PROGRAM, 10, 11, 512, "s", { "path" } },    /* PAWD, SYNC_UMNT */
};

/* Those whose arguments count as a whole. */
static const struct {
	uint32_t program, limit;
} wholes[] = {
	{ RPCS_SADMIND_PROGRAM, 512 },
	{ RPCS_CMSD_PROGRAM, 1000 },
};

static void note_over(struct rpcs_service_args *args, const char *what, uint32_t length,
		      uint32_t limit)
{
	if (length <= limit || args->over)
		return;
	args->over = what;
	args->length = length;
	args->limit = limit;
}

/* Keeps the beginning of a string that lies at cur->pos. */
static void keep(struct rpcs_service_args *args, const struct rpcs_cursor *cur, uint32_t length)
{
	uint32_t there = (uint32_t)(cur->end - cur->pos);

	if (args->text.len)
		return;
	if (length > there)
		length = there;
	args->text.bytes = cur->pos;
	args->text.len = length < RPCS_SERVICE_TEXT_MAX ? length : RPCS_SERVICE_TEXT_MAX;
}

/* A string's length and bytes; false where it, or the capture, ends early. */
static bool take_string(struct rpcs_cursor *cur, const struct layout *layout, const char *name,
			struct rpcs_service_args *args)
{
	uint32_t length, padded;

	if (!rpcs_take_be32(cur, &length) || length > cur->left)
		return false;
	note_over(args, name, length, layout->limit);
	keep(args, cur, length);
	padded = rpcs_xdr_padded(length);
	if (padded > cur->left || padded > (size_t)(cur->end - cur->pos))
		return false;
	/* Not rpcs_skip(), whose steps the verifier bounds. */
	cur->pos += padded;
	cur->left -= padded;
	return true;
}

static void walk(struct rpcs_cursor cur, const struct layout *layout,
		 struct rpcs_service_args *args)
{
	const char *item;
	uint32_t word, strings = 0;

	for (item = layout->items; *item; item++) {
		if (*item == 's') {
			if (!take_string(&cur, layout, layout->names[strings++], args))
				return;
		} else if (!rpcs_take_be32(&cur, &word) || (*item == '0' && word != 0) ||
			   (*item == '1' && word != 1)) {
			return;
		}
	}
}

void rpcs_service_decode_call(struct rpcs_message *message)
{
	struct rpcs_service_args *args = &message->service;
	struct rpcs_cursor cur = { .pos = message->body, .left = message->body_len };
	size_t i;

	/* Of the two that most calls are to there is nothing above. */
	if (message->program == RPCS_PORTMAP_PROGRAM || message->program == RPCS_NFS_PROGRAM ||
	    !message->body || message->malformed || message->auth.flavor == RPCS_AUTH_GSS)
		return;
	cur.end = message->body + message->body_available;
	for (i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++)
		if (layouts[i].program == message->program &&
		    layouts[i].first <= message->procedure && message->procedure <= layouts[i].last)
			walk(cur, &layouts[i], args);
	for (i = 0; i < sizeof(wholes) / sizeof(wholes[0]); i++)
		if (wholes[i].program == message->program)
			note_over(args, "arguments", message->body_len, wholes[i].limit);
}
