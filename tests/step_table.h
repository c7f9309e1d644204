/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The cases of stages 1 to 4 over several packets, each with the modes it holds in. */
#ifndef RPCSENTRY_TESTS_STEP_TABLE_H
#define RPCSENTRY_TESTS_STEP_TABLE_H

#include "step_lag_cases.h"
#include "step_odd_cases.h"

#define OFF(fn)                            \
	{                                  \
#fn, fn, RPCS_ANY_PORT_OFF \
	}
#define FIRST_MODE(fn)                       \
	{                                    \
#fn, fn, RPCS_ANY_PORT_FIRST \
	}
#define ALL(fn)                            \
	{                                  \
#fn, fn, RPCS_ANY_PORT_ALL \
	}

static const struct bench_case bench_cases[] = {
	/* A portmapper port is the same to all modes. */
	OFF(s_many_records),
	FIRST_MODE(s_many_records),
	OFF(s_split_record),
	ALL(s_split_record),
	OFF(s_odd_marks),
	ALL(s_odd_marks),
	OFF(s_long_reply),
	ALL(s_long_reply),
	OFF(s_repeated),
	ALL(s_repeated),
	OFF(s_hole),
	ALL(s_hole),
	OFF(s_long_call),
	ALL(s_long_call),
	OFF(s_wrap),
	OFF(s_tls),
	OFF(s_fallback_cap),
	OFF(s_handshake),
	ALL(s_handshake),
	OFF(s_handshake_with_data),
	OFF(s_syn_with_data),
	OFF(s_syn_data_answered),
	ALL(s_syn_data_answered),
	FIRST_MODE(s_scans),
	ALL(s_scans),
	OFF(s_scans_elsewhere),
	FIRST_MODE(s_scans_elsewhere),
	OFF(s_refused),
	OFF(s_ends),
	OFF(s_fin_with_data),
	OFF(s_ports_again),
	ALL(s_number_again),
	OFF(s_stopped_again),
	ALL(s_decoy_syn),
	ALL(s_port_split),
	ALL(s_port_empty),
	ALL(s_port_reset),
	ALL(s_port_early),
	ALL(s_port_wanted),
	ALL(s_bulk),
	ALL(s_bulk_hole),
	FIRST_MODE(s_bulk_suppressed),
	FIRST_MODE(s_bulk_overrun),
	ALL(s_port_repeated),
	ALL(s_port_marks),
	ALL(s_strange),
	FIRST_MODE(s_strange),
	ALL(s_port_marking),
	FIRST_MODE(s_port_marking),
	FIRST_MODE(s_first_udp),
	FIRST_MODE(s_first_exceptions),
	FIRST_MODE(s_first_again),
	FIRST_MODE(s_first_odd),
	FIRST_MODE(s_first_name_and_verifier),
	FIRST_MODE(s_first_tcp),
	FIRST_MODE(s_first_long_name),
	FIRST_MODE(s_relayed),
	ALL(s_relayed),
	OFF(s_off),
	FIRST_MODE(s_udp_gate),
	ALL(s_udp_gate),
	FIRST_MODE(s_fragments),
	FIRST_MODE(s_tcp_fragment),
	FIRST_MODE(s_tiny_fragment),
	ALL(s_tcp_fragment),
	FIRST_MODE(s_odd_credential),
	FIRST_MODE(s_odd_credential_tcp),
	ALL(s_names),
	FIRST_MODE(s_huge_record),
	ALL(s_repeated_budget),
	ALL(s_stale_word),
	ALL(s_stale_connection),
	ALL(s_tcp_fragments),
	ALL(s_tcp_tiny_fragment),
	FIRST_MODE(s_tcp_tiny_fragment),
	OFF(s_late_headers),
	ALL(s_late_headers),
	FIRST_MODE(s_told_port),
	ALL(s_told_port),
	FIRST_MODE(s_early_reply),
	FIRST_MODE(s_port_tls),
	ALL(s_port_tls),
};

enum { BENCH_CASES = sizeof(bench_cases) / sizeof(bench_cases[0]) };

#endif
