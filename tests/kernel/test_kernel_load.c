// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Loading: sizes, ports, pins, counters, test runs, and what a failure says. */
#include "kernel_test.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>

#include <rpcsentry/record.h>

#include "source/engine.h"
#include "source/pins.h"

static struct rpcs_kernel *load(uint16_t port, uint64_t ring_size, bool pin)
{
	const struct rpcs_kernel_options options = {
		.ports = &port,
		.port_count = 1,
		.ring_size = ring_size,
		.flows = 1000,
		.pin = pin,
	};
	struct rpcs_kernel *kernel = NULL;

	assert_int_equal(rpcs_kernel_load(&options, &kernel), 0);
	return kernel;
}

static struct bpf_map_info map_info(int fd)
{
	struct bpf_map_info info = {};
	uint32_t len = sizeof(info);

	assert_int_equal(bpf_obj_get_info_by_fd(fd, &info, &len), 0);
	return info;
}

static void test_sizes(void **state)
{
	struct rpcs_ring_fds fds;
	struct rpcs_kernel *kernel;

	(void)state;
	kt_need();
	kernel = load(111, 100000, false); /* rounded up to a power of two */
	rpcs_kernel_ring_fds(kernel, &fds);
	assert_int_equal(fds.count, 1);
	assert_int_equal(map_info(fds.rings[0]).max_entries, 131072);
	assert_int_equal(map_info(fds.rings[0]).type, BPF_MAP_TYPE_RINGBUF);
	assert_string_equal(map_info(fds.rings[0]).name, "ring_0");
	assert_true(rpcs_kernel_program_fd(kernel, RPCS_HOOK_XDP) >= 0);
	assert_true(rpcs_kernel_program_fd(kernel, RPCS_HOOK_TC_INGRESS) >= 0);
	assert_true(rpcs_kernel_program_fd(kernel, RPCS_HOOK_TC_EGRESS) >= 0);
	assert_true(rpcs_kernel_program_fd(kernel, RPCS_HOOK_FILE) < 0);
	rpcs_kernel_free(&kernel);
	assert_null(kernel);
}

static uint32_t verified(int program_fd)
{
	struct bpf_prog_info info = {};
	uint32_t len = sizeof(info);

	assert_int_equal(bpf_obj_get_info_by_fd(program_fd, &info, &len), 0);
	return info.verified_insns;
}

/** A start waits for the verifier: what it has to look at stays below what it was, and a tenth. */
static void test_verified(void **state)
{
	/* Without a rule that suppresses, and with one. */
	static const uint32_t entry_max[] = { 27500, 39500 }, look_max[] = { 84000, 89000 };
	struct rpcs_kernel *kernel = NULL;
	struct rpcs_kernel_options options = {
		.ring_size = 1 << 20,
		.flows = 1000,
		.any_port = RPCS_ANY_PORT_FIRST,
		.tunnels = true,
		.budget = 20000,
	};
	int hook, i;

	(void)state;
	kt_need();
	for (i = 0; i < 2; i++) {
		options.suppresses = i;
		assert_int_equal(rpcs_kernel_load(&options, &kernel), 0);
		for (hook = RPCS_HOOK_XDP; hook <= RPCS_HOOK_TC_EGRESS; hook++) {
			assert_in_range(verified(rpcs_kernel_program_fd(kernel, hook)), 100,
					entry_max[i]);
			assert_in_range(verified(rpcs_kernel_look_fd(kernel, hook)), 10000,
					look_max[i]);
		}
		rpcs_kernel_free(&kernel);
	}
}

static void assert_loaded(int fd, bool loaded)
{
	assert_int_equal(fd >= 0, loaded);
}

/** Of hooks that no interface has, no program is verified. */
static void test_hooks(void **state)
{
	const uint32_t xdp = 1 << RPCS_HOOK_XDP, in = 1 << RPCS_HOOK_TC_INGRESS,
		       out = 1 << RPCS_HOOK_TC_EGRESS;
	const uint32_t sets[] = { xdp, in, out, in | out, xdp | out, xdp | in | out };
	size_t i;

	(void)state;
	kt_need();
	for (i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
		struct rpcs_kernel *kernel =
			kt_load_with((struct rpcs_kernel_options){ .hooks = sets[i] });
		int hook;

		for (hook = RPCS_HOOK_XDP; hook <= RPCS_HOOK_TC_EGRESS; hook++)
			assert_loaded(rpcs_kernel_program_fd(kernel, hook), sets[i] & 1U << hook);
		assert_loaded(rpcs_kernel_look_fd(kernel, RPCS_HOOK_XDP), sets[i] & xdp);
		assert_loaded(rpcs_kernel_look_fd(kernel, RPCS_HOOK_TC_EGRESS),
			      sets[i] & (in | out));
		assert_loaded(rpcs_kernel_l3_program_fd(kernel, RPCS_HOOK_TC_INGRESS),
			      sets[i] & in);
		assert_loaded(rpcs_kernel_l3_program_fd(kernel, RPCS_HOOK_TC_EGRESS),
			      sets[i] & out);
		rpcs_kernel_free(&kernel);
	}
}

struct got {
	uint32_t records, calls, native;
	uint32_t xid;
	uint8_t hook;
	const struct rpcs_frame *frame;
};

static void take(void *arg, const void *record, uint32_t len, const struct rpcs_frame *frame)
{
	const struct rpcs_record_rpc *rpc = record;
	struct got *got = arg;

	assert_true(len >= sizeof(rpc->head));
	got->records++;
	got->calls += rpc->head.kind == RPCS_RECORD_CALL;
	got->xid = rpc->xid;
	got->hook = rpc->head.hook;
	got->frame = frame;
}

static void take_native(void *arg, const void *record, uint32_t len, const struct rpcs_frame *frame)
{
	(void)record;
	(void)len;
	(void)frame;
	((struct got *)arg)->native++;
}

static void run_frame(struct rpcs_test_run *run, const uint8_t *bytes, uint32_t len, int wanted)
{
	const struct rpcs_frame frame = { .bytes = bytes, .len = len, .number = 1 };

	assert_int_equal(rpcs_test_run_frame(run, &frame), wanted);
}

static void test_run_hook(enum rpcs_hook hook)
{
	struct rpcs_settings settings = { .ports = { 111 }, .port_count = 1 };
	struct rpcs_kernel *kernel = load(111, 1 << 20, false);
	struct rpcs_native *native;
	struct rpcs_test_run *run;
	struct got got = {};
	uint8_t frame[KT_FRAME], large[4000] = { 0 };
	uint32_t len;

	settings.limit_flows = 1024;
	native = rpcs_native_new(&(struct rpcs_native_options){
		.settings = &settings, .emit = take_native, .arg = &got });
	assert_non_null(native);
	assert_int_equal(rpcs_test_run_new(kernel, hook, native, take, &got, &run), 0);
	kt_frame(frame, 0x1234, 111);
	run_frame(run, frame, sizeof(frame), 0);
	assert_int_equal(got.records, 1);
	assert_int_equal(got.calls, 1);
	assert_int_equal(got.xid, 0x1234);
	assert_int_equal(got.hook, hook);
	assert_non_null(got.frame);
	/* Not ours: nothing. */
	kt_frame(frame, 1, 112);
	run_frame(run, frame, sizeof(frame), 0);
	assert_int_equal(got.records, 1);
	/* Too short and too long for the kernel: natively, and counted. */
	run_frame(run, frame, 0, 0);
	run_frame(run, frame, 13, 0);
	assert_int_equal(rpcs_test_run_fallbacks(run), 2);
	kt_frame(large, 2, 111);
	run_frame(run, large, 3521, 0);
	assert_int_equal(rpcs_test_run_fallbacks(run), 3);
	assert_int_equal(got.native, 1);
	run_frame(run, large, 3520, 0);
	run_frame(run, large, 54, 0);
	assert_int_equal(rpcs_test_run_fallbacks(run), 3);
	/* Whether the kernel takes these depends on hook and version: no error either way. */
	for (len = 14; len < 54; len++)
		run_frame(run, large, len, 0);
	assert_int_equal(got.calls, 2);
	assert_int_equal(kt_counters(kernel).calls, 2);
	rpcs_test_run_free(&run);
	rpcs_native_free(&native);
	rpcs_kernel_free(&kernel);
}

static void test_run_all_hooks(void **state)
{
	(void)state;
	kt_need();
	test_run_hook(RPCS_HOOK_XDP);
	test_run_hook(RPCS_HOOK_TC_INGRESS);
	test_run_hook(RPCS_HOOK_TC_EGRESS);
}

static void unchanged(const struct rpcs_kernel *kernel, enum rpcs_hook hook, const uint8_t *frame,
		      uint32_t len, uint32_t verdict)
{
	uint8_t out[4096] = { 0 };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = len, .data_out = out,
		    .data_size_out = sizeof(out), .repeat = 1);

	assert_int_equal(bpf_prog_test_run_opts(rpcs_kernel_program_fd(kernel, hook), &opts), 0);
	assert_int_equal(opts.retval, verdict);
	assert_int_equal(opts.data_size_out, len);
	assert_memory_equal(out, frame, len);
}

static void test_packets_pass_unchanged(void **state)
{
	struct rpcs_kernel *kernel;
	uint8_t frame[3000] = { 0 };
	uint32_t len;

	(void)state;
	kt_need();
	kernel = load(111, 1 << 20, false);
	for (len = KT_FRAME - 60; len <= sizeof(frame); len += len < KT_FRAME + 2 ? 1 : 331) {
		kt_frame(frame, len, 111);
		unchanged(kernel, RPCS_HOOK_XDP, frame, len, 2 /* XDP_PASS */);
		unchanged(kernel, RPCS_HOOK_TC_INGRESS, frame, len, (uint32_t)-1 /* UNSPEC */);
		unchanged(kernel, RPCS_HOOK_TC_EGRESS, frame, len, (uint32_t)-1);
	}
	rpcs_kernel_free(&kernel);
}

static void test_ports(void **state)
{
	struct rpcs_kernel *kernel;
	uint8_t frame[KT_FRAME];

	(void)state;
	kt_need();
	kernel = load(2049, 1 << 20, false);
	kt_frame(frame, 1, 111);
	unchanged(kernel, RPCS_HOOK_XDP, frame, sizeof(frame), 2);
	assert_int_equal(kt_counters(kernel).rpc_seen, 0);
	kt_frame(frame, 1, 2049);
	unchanged(kernel, RPCS_HOOK_XDP, frame, sizeof(frame), 2);
	assert_int_equal(kt_counters(kernel).rpc_seen, 1);
	rpcs_kernel_free(&kernel);
}

static void test_procedures(void **state)
{
	struct rpcs_procedures procedures;
	struct rpcs_kernel *kernel;
	uint8_t frame[KT_FRAME];

	(void)state;
	kt_need();
	kernel = load(111, 1 << 20, false);
	kt_frame(frame, 1, 111);
	unchanged(kernel, RPCS_HOOK_TC_INGRESS, frame, sizeof(frame), (uint32_t)-1);
	assert_int_equal(
		rpcs_kernel_procedures_read(rpcs_kernel_procedures_fd(kernel), &procedures), 0);
	assert_int_equal(procedures.v2_getport, 1);
	assert_int_equal(procedures.v3_getaddr, 0);
	rpcs_kernel_free(&kernel);
}

static void test_pins(void **state)
{
	struct rpcs_kernel *kernel;
	char command[128];

	(void)state;
	kt_need();
	kernel = load(111, 1 << 20, true);
	snprintf(command, sizeof(command), "bpftool map dump pinned %s/counters 2>&1", kt_pin_dir);
	if (!system("bpftool version >/dev/null 2>&1"))
		assert_true(kt_prints(command, "records_sent"));
	rpcs_kernel_free(&kernel);
	kt_assert_no_pins();
}

static void load_and_die(void *arg)
{
	const struct rpcs_kernel_options options = { .ring_size = 1 << 20, .pin = true };
	struct rpcs_kernel *kernel;

	(void)arg;
	if (rpcs_kernel_load(&options, &kernel))
		_exit(1);
}

/** Pins of a run that was killed are nobody's: a new run begins at zero. */
static void test_stale_pins(void **state)
{
	struct rpcs_ring_fds fds;
	struct rpcs_kernel *kernel;
	struct stat st;

	(void)state;
	kt_need();
	assert_int_equal(kt_child(load_and_die, NULL), 0);
	assert_int_equal(stat(kt_pin_dir, &st), 0);
	kernel = load(111, 1 << 18, true);
	rpcs_kernel_ring_fds(kernel, &fds);
	assert_int_equal(map_info(fds.rings[0]).max_entries, 1 << 18);
	rpcs_kernel_free(&kernel);
	kt_assert_no_pins();
}

static void read_without_rights(void *arg)
{
	struct rpcs_counters counters;

	kt_drop_rights();
	if (rpcs_kernel_counters_read(rpcs_kernel_counters_fd(arg), &counters))
		_exit(1);
	if (counters.calls != 1)
		_exit(3);
}

static void test_counters_without_rights(void **state)
{
	struct rpcs_kernel *kernel;
	uint8_t frame[KT_FRAME];

	(void)state;
	kt_need();
	kernel = load(111, 1 << 20, false);
	kt_frame(frame, 1, 111);
	unchanged(kernel, RPCS_HOOK_XDP, frame, sizeof(frame), 2);
	assert_int_equal(kt_child(read_without_rights, kernel), 0);
	rpcs_kernel_free(&kernel);
}

static void free_in_child(void *arg)
{
	struct rpcs_kernel *kernel = arg;

	rpcs_kernel_free(&kernel);
}

/** A process that only inherited the object takes no pins off. */
static void test_free_in_child(void **state)
{
	struct rpcs_kernel *kernel;
	char path[RPCS_PIN_PATH];

	(void)state;
	kt_need();
	kernel = load(111, 1 << 20, true);
	assert_int_equal(kt_child(free_in_child, kernel), 0);
	assert_int_equal(rpcs_pins_path("counters", path), 0);
	assert_true(rpcs_pins_map_id(path) != 0);
	rpcs_kernel_free(&kernel);
	kt_assert_no_pins();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_verified),
		cmocka_unit_test(test_hooks),
		cmocka_unit_test(test_run_all_hooks),
		cmocka_unit_test(test_packets_pass_unchanged),
		cmocka_unit_test(test_ports),
		cmocka_unit_test(test_procedures),
		cmocka_unit_test(test_pins),
		cmocka_unit_test(test_stale_pins),
		cmocka_unit_test(test_counters_without_rights),
		cmocka_unit_test(test_free_in_child),
	};

	return cmocka_run_group_tests_name("kernel_load", tests, kt_setup, NULL);
}
