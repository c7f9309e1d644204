/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The RPC header (RFC 5531 9) into a compact record. What does not fit one is
 * no loss: the packet's bytes take the fallback and the agent parses them.
 */
#ifndef RPCSENTRY_RPC_H
#define RPCSENTRY_RPC_H

#include "cursor.h"
#include "packet.h"
#include "portmap.h"
#include "record.h"

enum {
	RPCS_RPC_VERSION = 2,
	RPCS_MSG_CALL = 0,
	RPCS_MSG_REPLY = 1,
	RPCS_REPLY_ACCEPTED = 0,
	RPCS_REPLY_DENIED = 1,

	RPCS_ACCEPT_SUCCESS = 0,
	RPCS_ACCEPT_PROG_UNAVAIL = 1,
	RPCS_ACCEPT_PROG_MISMATCH = 2,
	RPCS_ACCEPT_PROC_UNAVAIL = 3,
	RPCS_ACCEPT_GARBAGE_ARGS = 4,
	RPCS_ACCEPT_SYSTEM_ERR = 5,

	RPCS_REJECT_RPC_MISMATCH = 0,
	RPCS_REJECT_AUTH_ERROR = 1,

	/* Bytes of a message that make it a call or a reply (events.md). */
	RPCS_CALL_BYTES = 24,
	RPCS_REPLY_BYTES = 12,

	/* Record marking (RFC 5531 11). */
	RPCS_MARK_BYTES = 4,
};

/** Bit 31 of a record mark: the last fragment of its record. */
#define RPCS_MARK_LAST 0x80000000U

enum rpcs_auth_flavor {
	RPCS_AUTH_NONE = 0,
	RPCS_AUTH_SYS = 1,
	RPCS_AUTH_SHORT = 2,
	RPCS_AUTH_DH = 3,
	RPCS_AUTH_GSS = 6,
	RPCS_AUTH_TLS = 7, /* RFC 9289 */
};

/* Why a packet took the fallback; each reason has a counter. */
#define RPCS_FALLBACKS(X)                                                                    \
	X(fragment, "IP fragments of a portmapper port, or come before their first one")     \
	X(truncated, "packets with a length that lies beyond the bytes that are there")      \
	X(scattered, "packets whose RPC header lies beyond what the program can reach")      \
	X(short, "messages too short to be a call or a reply")                               \
	X(not_rpc, "messages that are neither call nor reply")                               \
	X(credential, "calls with a credential over its limits, or beyond the message")      \
	X(verifier, "messages with a verifier over 400 bytes or beyond the message")         \
	X(auth_sys, "calls whose AUTH_SYS body has a machine name over 64")                  \
	X(status, "replies with a status that RFC 5531 does not have, or without all of it") \
	X(body, "messages with more arguments or results than a compact record holds")       \
	X(stream, "TCP segments that are not whole records from a record boundary on")

/** Result of rpcs_rpc_decode(): NONE means that the compact record says all. */
enum rpcs_fallback {
	RPCS_FALLBACK_NONE,
#define X(name, help) RPCS_FALLBACK_##name,
	RPCS_FALLBACKS(X)
#undef X
		RPCS_FALLBACK__MAX
};

/** A compact record with room for the machine name that may follow it. */
struct rpcs_record_buffer {
	struct rpcs_record_rpc rpc;
	__u8 machine[RPCS_RECORD_MACHINE_MAX];
	__u32 machine_offset; /* in the message; the engine copies from there */
};

/** Too few bytes by the message's own length, or only out of the program's reach? */
RPCS_INLINE enum rpcs_fallback rpcs_rpc_missing(const struct rpcs_cursor *cur, __u32 wanted,
						enum rpcs_fallback by_length)
{
	return cur->left < wanted ? by_length : RPCS_FALLBACK_scattered;
}

/** The body of an AUTH_SYS credential (RFC 5531 appendix A); `cur` is a copy limited to it. */
RPCS_INLINE enum rpcs_fallback rpcs_rpc_auth_sys(struct rpcs_cursor cur, const __u8 *message,
						 struct rpcs_record_buffer *buf)
{
	__u32 stamp, machine_len, gids;

	if (!rpcs_take_be32(&cur, &stamp) || !rpcs_take_be32(&cur, &machine_len) ||
	    machine_len > RPCS_MACHINE_MAX)
		return RPCS_FALLBACK_credential;
	if (stamp == 0)
		buf->rpc.head.flags |= RPCS_F_STAMP_ZERO;
	buf->machine_offset = cur.pos - message;
	if (!rpcs_skip(&cur, rpcs_xdr_padded(machine_len)))
		return RPCS_FALLBACK_credential;
	if (!rpcs_take_be32(&cur, &buf->rpc.uid) || !rpcs_take_be32(&cur, &buf->rpc.gid) ||
	    !rpcs_take_be32(&cur, &gids))
		return RPCS_FALLBACK_credential;
	if (gids > RPCS_GIDS_MAX || cur.left < gids * 4)
		return RPCS_FALLBACK_credential;
	/* A sound one, but a record has no room for it. */
	if (machine_len > RPCS_RECORD_MACHINE_MAX)
		return RPCS_FALLBACK_auth_sys;
	buf->rpc.head.text_len = machine_len;
	return RPCS_FALLBACK_NONE;
}

/** Takes an opaque_auth: flavor and a body of at most 400 bytes, stepped over. */
RPCS_INLINE enum rpcs_fallback rpcs_rpc_auth(struct rpcs_cursor *cur, __u32 *ret_flavor,
					     __u16 *ret_len, enum rpcs_fallback bad)
{
	__u32 len;

	if (!rpcs_take_be32(cur, ret_flavor) || !rpcs_take_be32(cur, &len))
		return rpcs_rpc_missing(cur, 4, bad);
	if (len > RPCS_AUTH_BODY_MAX)
		return bad;
	*ret_len = len;
	if (!rpcs_skip(cur, rpcs_xdr_padded(len)))
		return rpcs_rpc_missing(cur, rpcs_xdr_padded(len), bad);
	return RPCS_FALLBACK_NONE;
}

/** The first units of arguments or results; `body` where there are more. */
RPCS_INLINE enum rpcs_fallback rpcs_rpc_body(struct rpcs_cursor *cur, struct rpcs_record_rpc *rec)
{
	bool more = cur->left > RPCS_RECORD_WORDS * 4;
	int i;

	RPCS_UNROLL
	for (i = 0; i < RPCS_RECORD_WORDS; i++) {
		if (cur->left < 4)
			break;
		if (!rpcs_take_be32(cur, &rec->body[i]))
			return RPCS_FALLBACK_scattered;
	}
	return more ? RPCS_FALLBACK_body : RPCS_FALLBACK_NONE;
}

/** NFS (RFC 1094, RFC 1813): does the procedure take a name? The others take bulk data. */
RPCS_INLINE bool rpcs_nfs_has_name(__u32 version, __u32 procedure)
{
	if (version == 2) /* LOOKUP, and from CREATE to RMDIR */
		return procedure == 4 || (procedure >= 9 && procedure <= 15);
	/* LOOKUP, and from CREATE to LINK */
	return version == 3 && (procedure == 3 || (procedure >= 8 && procedure <= 15));
}

/**
 * May this call's arguments be cut after RPCS_RECORD_WORDS units? Not where the lengths of
 * strings are held against the message (user/detect/arguments.h has their layouts).
 */
RPCS_INLINE bool rpcs_rpc_body_may_be_cut(const struct rpcs_record_rpc *rec)
{
	switch (rec->call.program) {
	case RPCS_NFS_PROGRAM:
		return !rpcs_nfs_has_name(rec->call.version, rec->call.procedure) ||
		       rec->message_len > RPCS_NFS_NAMES_MAX;
	case RPCS_PORTMAP_PROGRAM:
	case 100004: /* ypserv */
	case RPCS_MOUNT_PROGRAM:
	case 100007: /* ypbind */
	case 100008: /* rwalld */
	case RPCS_YPPASSWD_PROGRAM:
	case RPCS_RQUOTA_PROGRAM:
	case 100021: /* nlockmgr */
	case RPCS_STATUS_PROGRAM:
	case 100026: /* bootparam */
	case 100028: /* ypupdated */
	case RPCS_TTDB_PROGRAM:
	case 100099: /* autofs */
	case 150001: /* pcnfsd */
	case RPCS_SNMPXDMI_PROGRAM:
	case RPCS_AMD_PROGRAM:
		return false;
	default:
		return true;
	}
}

/**
 * Is this a call that takes the fallback for `reason` because it breaks a limit of RFC 5531?
 * A reply that nobody asked for may be anything by chance: it has to be wanted.
 */
RPCS_INLINE bool rpcs_rpc_is_odd(const struct rpcs_record_rpc *rec, enum rpcs_fallback reason)
{
	return rec->head.kind == RPCS_RECORD_CALL &&
	       (reason == RPCS_FALLBACK_credential || reason == RPCS_FALLBACK_verifier);
}

RPCS_INLINE enum rpcs_fallback rpcs_rpc_call(struct rpcs_cursor *cur, const __u8 *message,
					     struct rpcs_record_buffer *buf)
{
	struct rpcs_record_rpc *rec = &buf->rpc;
	struct rpcs_cursor cred;
	enum rpcs_fallback result;

	if (!rpcs_take_be32(cur, &rec->call.rpc_version) ||
	    !rpcs_take_be32(cur, &rec->call.program) || !rpcs_take_be32(cur, &rec->call.version) ||
	    !rpcs_take_be32(cur, &rec->call.procedure))
		return rpcs_rpc_missing(cur, 4, RPCS_FALLBACK_short);
	cred = *cur;
	result = rpcs_rpc_auth(cur, &rec->cred_flavor, &rec->cred_len, RPCS_FALLBACK_credential);
	if (result != RPCS_FALLBACK_NONE)
		return result;
	/* Flavor and length lie before the body; both were checked just now. */
	cred.pos += 8;
	cred.left = rec->cred_len;
	if (rec->cred_flavor == RPCS_AUTH_SYS) {
		result = rpcs_rpc_auth_sys(cred, message, buf);
		if (result != RPCS_FALLBACK_NONE)
			return result;
	}
	result = rpcs_rpc_auth(cur, &rec->verf_flavor, &rec->verf_len, RPCS_FALLBACK_verifier);
	if (result != RPCS_FALLBACK_NONE)
		return result;
	return rpcs_rpc_body(cur, rec);
}

RPCS_INLINE enum rpcs_fallback rpcs_rpc_reply(struct rpcs_cursor *cur,
					      struct rpcs_record_buffer *buf)
{
	struct rpcs_record_rpc *rec = &buf->rpc;
	enum rpcs_fallback result;

	if (!rpcs_take_be32(cur, &rec->reply.reply_stat))
		return rpcs_rpc_missing(cur, 4, RPCS_FALLBACK_short);
	if (rec->reply.reply_stat == RPCS_REPLY_ACCEPTED) {
		result = rpcs_rpc_auth(cur, &rec->verf_flavor, &rec->verf_len,
				       RPCS_FALLBACK_verifier);
		if (result != RPCS_FALLBACK_NONE)
			return result;
	} else if (rec->reply.reply_stat != RPCS_REPLY_DENIED) {
		return RPCS_FALLBACK_status;
	}
	if (!rpcs_take_be32(cur, &rec->reply.stat))
		return rpcs_rpc_missing(cur, 4, RPCS_FALLBACK_status);
	return rpcs_rpc_body(cur, rec);
}

/**
 * Decodes the message at `cur`, whose `left` is its length, into `buf`, which
 * was zeroed. On NONE and on `body`, which only says that the message has more
 * behind body[], kind, message_len, text_len and all fields of the record behind
 * the head are set; otherwise the fields read before the fault are.
 */
RPCS_INLINE enum rpcs_fallback rpcs_rpc_decode(struct rpcs_cursor *cur,
					       struct rpcs_record_buffer *buf)
{
	const __u8 *message = cur->pos;
	__u32 type;

	buf->rpc.message_len = cur->left;
	if (!rpcs_take_be32(cur, &buf->rpc.xid) || !rpcs_take_be32(cur, &type))
		return rpcs_rpc_missing(cur, 4, RPCS_FALLBACK_short);
	if (type == RPCS_MSG_CALL) {
		buf->rpc.head.kind = RPCS_RECORD_CALL;
		return rpcs_rpc_call(cur, message, buf);
	}
	if (type == RPCS_MSG_REPLY) {
		buf->rpc.head.kind = RPCS_RECORD_REPLY;
		return rpcs_rpc_reply(cur, buf);
	}
	return RPCS_FALLBACK_not_rpc;
}

#endif
