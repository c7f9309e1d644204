/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The portmapper and rpcbind protocol's numbers (RFC 1833). */
#ifndef RPCSENTRY_PORTMAP_H
#define RPCSENTRY_PORTMAP_H

enum {
	RPCS_PORTMAP_PROGRAM = 100000,
	RPCS_PORTMAP_VERSION_FIRST = 2,
	RPCS_PORTMAP_VERSION_LAST = 4,
	RPCS_NFS_PROGRAM = 100003,
	RPCS_MOUNT_PROGRAM = 100005,
	RPCS_YPPASSWD_PROGRAM = 100009,
	RPCS_RQUOTA_PROGRAM = 100011,
	RPCS_NLM_PROGRAM = 100021,
	RPCS_STATUS_PROGRAM = 100024,
	RPCS_CMSD_PROGRAM = 100068,
	RPCS_TTDB_PROGRAM = 100083,
	RPCS_SADMIND_PROGRAM = 100232,
	RPCS_SNMPXDMI_PROGRAM = 100249,
	RPCS_AMD_PROGRAM = 300019,
};

/*
 * Every procedure: version, number, name in events, name of its counter.
 * Version first, then number: 3 is GETPORT in version 2 and GETADDR later.
 */
#define RPCS_PORTMAP_PROCEDURES(X)              \
	X(2, 0, "NULL", v2_null)                \
	X(2, 1, "SET", v2_set)                  \
	X(2, 2, "UNSET", v2_unset)              \
	X(2, 3, "GETPORT", v2_getport)          \
	X(2, 4, "DUMP", v2_dump)                \
	X(2, 5, "CALLIT", v2_callit)            \
	X(3, 0, "NULL", v3_null)                \
	X(3, 1, "SET", v3_set)                  \
	X(3, 2, "UNSET", v3_unset)              \
	X(3, 3, "GETADDR", v3_getaddr)          \
	X(3, 4, "DUMP", v3_dump)                \
	X(3, 5, "CALLIT", v3_callit)            \
	X(3, 6, "GETTIME", v3_gettime)          \
	X(3, 7, "UADDR2TADDR", v3_uaddr2taddr)  \
	X(3, 8, "TADDR2UADDR", v3_taddr2uaddr)  \
	X(4, 0, "NULL", v4_null)                \
	X(4, 1, "SET", v4_set)                  \
	X(4, 2, "UNSET", v4_unset)              \
	X(4, 3, "GETADDR", v4_getaddr)          \
	X(4, 4, "DUMP", v4_dump)                \
	X(4, 5, "BCAST", v4_bcast)              \
	X(4, 6, "GETTIME", v4_gettime)          \
	X(4, 7, "UADDR2TADDR", v4_uaddr2taddr)  \
	X(4, 8, "TADDR2UADDR", v4_taddr2uaddr)  \
	X(4, 9, "GETVERSADDR", v4_getversaddr)  \
	X(4, 10, "INDIRECT", v4_indirect)       \
	X(4, 11, "GETADDRLIST", v4_getaddrlist) \
	X(4, 12, "GETSTAT", v4_getstat)

/** Procedure numbers; those of version 2 hold for 3 and 4 where the name is the same. */
enum rpcs_portmap_procedure {
	RPCS_PORTMAP_NULL = 0,
	RPCS_PORTMAP_SET = 1,
	RPCS_PORTMAP_UNSET = 2,
	RPCS_PORTMAP_GETPORT = 3, /* version 2; GETADDR in 3 and 4 */
	RPCS_PORTMAP_DUMP = 4,
	RPCS_PORTMAP_CALLIT = 5, /* BCAST in version 4 */
	RPCS_PORTMAP_GETTIME = 6,
	RPCS_PORTMAP_UADDR2TADDR = 7,
	RPCS_PORTMAP_TADDR2UADDR = 8,
	RPCS_PORTMAP_GETVERSADDR = 9, /* version 4 from here */
	RPCS_PORTMAP_INDIRECT = 10,
	RPCS_PORTMAP_GETADDRLIST = 11,
	RPCS_PORTMAP_GETSTAT = 12,
};

#endif
