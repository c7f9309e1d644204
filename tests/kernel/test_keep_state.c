// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* `run --keep`: the next run goes on with what the kept one knew, under its own policy. */
#include "attach_test.h"

#include "source/state.h"

enum { PORTMAPPER = 111, SERVICE = 3000, LEARNED = 3001, PROGRAM = 300000 };

/** A run, with the options that make policies differ. */
struct run {
	struct rpcs_kernel *kernel;
	struct rpcs_attachments *attachments;
	struct rpcs_state *state;
};

static const struct rpcs_kernel_options defaults = {
	.ports = (const uint16_t[]){ PORTMAPPER },
	.port_count = 1,
	.ring_size = 1 << 20,
	.flows = 1024,
	.calls = 1024,
	.flow_timeout_ns = 120000000000ULL,
	.any_port = RPCS_ANY_PORT_FIRST,
	.pin = true,
};

static void begin(struct run *run, const struct rpcs_kernel_options *options)
{
	struct rpcs_state_fds fds;

	assert_int_equal(rpcs_kernel_load(options, &run->kernel), 0);
	rpcs_kernel_state_fds(run->kernel, &fds);
	run->state = rpcs_state_maps(&fds);
	assert_non_null(run->state);
	run->attachments = attach(run->kernel, "rsv0", RPCS_MODE_TC);
	rpcs_attachments_settle(run->attachments);
}

static void end(struct run *run, bool keep)
{
	if (keep)
		assert_int_equal(rpcs_attachments_keep(run->attachments), 0);
	rpcs_attachments_free(&run->attachments);
	rpcs_state_free(&run->state);
	rpcs_kernel_free(&run->kernel);
	if (keep)
		return;
	assert_nothing_on("rsv0");
	kt_assert_no_pins();
}

/** The call that is there again and again: one flow, one procedure. */
static void call(uint16_t port, uint32_t xid)
{
	uint8_t frame[KT_FRAME];
	int fd = kt_socket("rsv1");

	kt_frame(frame, xid, port);
	kt_put32(frame + 54, PROGRAM);
	assert_int_equal(send(fd, frame, sizeof(frame), 0), sizeof(frame));
	close(fd);
}

/** Waits until so many packets were watched; what the counters say then. */
static struct rpcs_counters await(const struct run *run, uint64_t watched)
{
	uint64_t deadline = kt_now_ms() + KT_DEADLINE_MS;
	struct rpcs_counters counters = kt_counters(run->kernel);

	while (counters.packets_watched < watched && kt_now_ms() < deadline) {
		kt_nap();
		counters = kt_counters(run->kernel);
	}
	assert_int_equal(counters.packets_watched, watched);
	assert_int_equal(counters.rpc_seen, counters.records_sent + counters.records_suppressed);
	return counters;
}

static const struct rpcs_flow_key flow = { .sport = 1, .dport = SERVICE };
static const struct rpcs_fragment_key fragment = { .id = 7 };
static const struct rpcs_expect_key reply = { .port = 2, .xid = 3 };

static void test_state_goes_on(void **state)
{
	struct rpcs_flow_value flow_value = { .state = RPCS_STEP_STOPPED, .born = 5 };
	struct rpcs_fragment_value verdict = { .verdict = RPCS_FRAGMENT_WATCHED };
	struct rpcs_counters counters;
	struct run run;

	(void)state;
	kt_need();
	begin(&run, &defaults);
	call(SERVICE, 1);
	assert_int_equal(await(&run, 1).calls, 1);
	rpcs_state_flow_put(run.state, &flow, &flow_value);
	rpcs_state_fragment_put(run.state, &fragment, &verdict);
	rpcs_state_expect_put(run.state, &reply, RPCS_EXPECT_PORTMAPPER);
	rpcs_port_mark(rpcs_state_ports(run.state), LEARNED, RPCS_PORT_RPC);
	end(&run, true);

	begin(&run, &defaults);
	call(SERVICE, 2);
	counters = await(&run, 2);
	assert_int_equal(counters.calls, 1);
	assert_int_equal(counters.calls_suppressed, 1);
	memset(&flow_value, 0, sizeof(flow_value));
	assert_true(rpcs_state_flow_get(run.state, &flow, &flow_value));
	assert_int_equal(flow_value.born, 5);
	verdict.verdict = 0;
	assert_true(rpcs_state_fragment_get(run.state, &fragment, &verdict));
	assert_int_equal(verdict.verdict, RPCS_FRAGMENT_WATCHED);
	assert_int_equal(rpcs_state_expect_get(run.state, &reply), RPCS_EXPECT_PORTMAPPER);
	assert_int_equal(rpcs_port_class(rpcs_state_ports(run.state), LEARNED), RPCS_PORT_RPC);
	end(&run, false);
}

/** Ports that were learned stay so; those that a policy names are the new one's. */
static void test_other_ports(void **state)
{
	static const uint16_t before[] = { PORTMAPPER, 700 }, after[] = { PORTMAPPER, LEARNED };
	struct rpcs_kernel_options options = defaults;
	struct rpcs_ports *ports;
	struct run run;

	(void)state;
	kt_need();
	options.ports = before;
	options.port_count = 2;
	begin(&run, &options);
	rpcs_port_mark(rpcs_state_ports(run.state), SERVICE, RPCS_PORT_RPC);
	rpcs_port_mark(rpcs_state_ports(run.state), LEARNED, RPCS_PORT_RPC);
	call(700, 1);
	call(700, 2);
	assert_int_equal(await(&run, 2).calls, 2);
	end(&run, true);

	options.ports = after;
	begin(&run, &options);
	ports = rpcs_state_ports(run.state);
	assert_int_equal(rpcs_port_class(ports, 700), RPCS_PORT_OTHER);
	assert_int_equal(rpcs_port_class(ports, SERVICE), RPCS_PORT_RPC);
	assert_int_equal(rpcs_port_class(ports, LEARNED), RPCS_PORT_PORTMAPPER);
	assert_int_equal(rpcs_port_class(ports, PORTMAPPER), RPCS_PORT_PORTMAPPER);
	call(LEARNED, 3);
	call(LEARNED, 4);
	assert_int_equal(await(&run, 4).calls, 4);
	call(700, 5);
	call(700, 6);
	assert_int_equal(await(&run, 6).calls_suppressed, 1);
	end(&run, false);
}

static void test_other_any_port(void **state)
{
	struct rpcs_kernel_options options = defaults;
	struct run run;

	(void)state;
	kt_need();
	begin(&run, &options);
	call(SERVICE, 1);
	call(SERVICE, 2);
	assert_int_equal(await(&run, 2).calls, 1);
	end(&run, true);

	options.any_port = RPCS_ANY_PORT_OFF;
	begin(&run, &options);
	call(SERVICE, 3);
	call(PORTMAPPER, 4);
	assert_int_equal(await(&run, 3).calls, 2);
	end(&run, true);

	options.any_port = RPCS_ANY_PORT_ALL;
	begin(&run, &options);
	call(SERVICE, 5);
	assert_int_equal(await(&run, 4).calls, 3);
	end(&run, false);
}

static void test_other_sensitive(void **state)
{
	static const uint32_t program = PROGRAM;
	struct rpcs_kernel_options options = defaults;
	struct run run;

	(void)state;
	kt_need();
	options.sensitive = &program;
	options.sensitive_count = 1;
	begin(&run, &options);
	call(SERVICE, 1);
	call(SERVICE, 2);
	assert_int_equal(await(&run, 2).calls, 2);
	end(&run, true);

	begin(&run, &defaults);
	call(SERVICE, 3);
	call(SERVICE, 4);
	assert_int_equal(await(&run, 4).calls, 3);
	end(&run, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RS_TEST(test_state_goes_on),
		RS_TEST(test_other_ports),
		RS_TEST(test_other_any_port),
		RS_TEST(test_other_sensitive),
	};

	return cmocka_run_group_tests_name("keep_state", tests, kt_setup, NULL);
}
