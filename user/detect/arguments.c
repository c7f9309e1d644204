// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* See arguments.h. Nothing is decoded: each item is stepped over, and its length judged. */
#include "arguments.h"

#include <rpcsentry/cursor.h>

#include "argument_rows.h"

enum { NFS2_HANDLE_BYTES = 32, HYPER_BYTES = 8 };

static const struct row {
	uint32_t program;
	uint8_t version_first, version_last, procedure_first, procedure_last;
	const char *layout;
} rows[] = {
#define X(program, version_first, version_last, procedure_first, procedure_last, layout) \
	{ program, version_first, version_last, procedure_first, procedure_last, layout },
	RPCS_ARGUMENT_ROWS(X)
#undef X
};

static const char *layout_of(uint32_t program, uint32_t version, uint32_t procedure)
{
	const struct row *row;

	for (row = rows; row < rows + sizeof(rows) / sizeof(rows[0]); row++)
		if (row->program == program && row->version_first <= version &&
		    version <= row->version_last && row->procedure_first <= procedure &&
		    procedure <= row->procedure_last)
			return row->layout;
	return NULL;
}

/** A walk over arguments. */
struct arguments {
	struct rpcs_cursor cur;
	const uint8_t *begin;
	struct rpcs_excess *excess; /* the caller's, written where one is found */
	bool found;
};

/* Any number of bytes; false: they are not there, or not all. */
static bool step(struct arguments *args, uint32_t len)
{
	if (len > args->cur.left || (size_t)(args->cur.end - args->cur.pos) < len)
		return false;
	args->cur.pos += len;
	args->cur.left -= len;
	return true;
}

/* A length and its bytes, padded (RFC 4506 4.10, 4.11). */
static bool step_counted(struct arguments *args, const char *what)
{
	uint32_t len;

	if (!rpcs_take_be32(&args->cur, &len))
		return false;
	if (len <= args->cur.left)
		return step(args, rpcs_xdr_padded(len));
	args->found = true;
	*args->excess = (struct rpcs_excess){
		.what = what,
		.unit = "bytes",
		.rfc = "RFC 4506 4.10, 4.11",
		.length = len,
		.room = args->cur.left,
		.at = (uint32_t)(args->cur.pos - args->begin) - 4,
	};
	return false;
}

/* One of its optional parts: `there` is what says that `len` bytes follow. */
static bool step_part(struct arguments *args, uint32_t there, uint32_t len)
{
	uint32_t follows;

	return rpcs_take_be32(&args->cur, &follows) && (follows != there || step(args, len));
}

/* sattr3 (RFC 1813 2.5.3): mode, uid, gid, size, and two times that the client may set. */
static bool step_attributes(struct arguments *args)
{
	enum { TIME_BY_CLIENT = 2 };

	return step_part(args, 1, 4) && step_part(args, 1, 4) && step_part(args, 1, 4) &&
	       step_part(args, 1, HYPER_BYTES) && step_part(args, TIME_BY_CLIENT, 8) &&
	       step_part(args, TIME_BY_CLIENT, 8);
}

static bool step_item(struct arguments *args, char item)
{
	switch (item) {
	case 'u':
		return step(args, 4);
	case 'h':
		return step(args, HYPER_BYTES);
	case 'f':
		return step(args, NFS2_HANDLE_BYTES);
	case 'a':
		return step_attributes(args);
	case 'o':
		return step_counted(args, "an opaque");
	default:
		return step_counted(args, "a string");
	}
}

bool rpcs_arguments_exceed(uint32_t program, uint32_t version, uint32_t procedure,
			   const uint8_t *bytes, uint32_t available, uint32_t len,
			   struct rpcs_excess *ret_excess)
{
	const char *layout = bytes ? layout_of(program, version, procedure) : NULL;
	struct arguments args = { .cur = { .pos = bytes, .left = len },
				  .begin = bytes,
				  .excess = ret_excess };

	if (!layout)
		return false;
	args.cur.end = bytes + available;
	while (*layout && step_item(&args, *layout))
		layout++;
	return args.found;
}
