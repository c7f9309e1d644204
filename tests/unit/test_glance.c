// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What a glance takes for other people's is nothing to the whole way either: no
 * record, no mark on a port, and of all counters only that of packets.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "packet_check.h"
#include "segments.h"
#include "source/engine.h"
#include "source/state.h"
#include "tunnel_frames.h"

/* glance.h comes with gate.h, whose engine is the native one: here none is ever asked. */
struct rpcs_engine {
	const volatile struct rpcs_config *config;
	struct rpcs_ports *ports;
};

static bool rpcs_engine_words(struct rpcs_engine *eng, uint32_t offset, __u64 *ret_words)
{
	(void)eng;
	(void)offset;
	(void)ret_words;
	return false;
}

#include <rpcsentry/config.h>
#include <rpcsentry/glance.h>

enum { RANDOM_FRAMES = 400000, PAYLOAD_MAX = 64 };

static struct collected got;

/* A native engine, and what it knew before the frame in hand. */
struct whole_way {
	struct rpcs_native *native;
	struct rpcs_ports *ports;
	struct rpcs_ports ports_before;
	bool any_port;
	uint32_t others, looked; /* frames by the glance's answer */
};

static struct whole_way begin(enum rpcs_any_port any_port, bool tunnels)
{
	struct rpcs_settings settings = { .ports = { 111 },
					  .port_count = 1,
					  .limit_flows = 64,
					  .limit_pending_calls = 64,
					  .any_port = any_port,
					  .tunnels = tunnels };
	struct whole_way way = { .any_port = any_port != RPCS_ANY_PORT_OFF };

	way.native = rpcs_native_new(&(struct rpcs_native_options){
		.settings = &settings, .emit = collect, .arg = &got });
	assert_non_null(way.native);
	way.ports = rpcs_state_ports(rpcs_native_state(way.native));
	way.ports_before = *way.ports;
	return way;
}

/* Ports that a call has marked are forgotten, so that the next frame finds others. */
static void forget_marks(struct whole_way *way)
{
	*way->ports = way->ports_before;
}

/* The glance at an skb of which only `linear` bytes lie at hand, and then at what it asks for. */
static bool glance(const struct whole_way *way, const uint8_t *bytes, uint32_t len, uint32_t linear)
{
	struct rpcs_glance seen;
	uint64_t words;

	if (rpcs_glance_is_others(way->ports, way->any_port, bytes, bytes + linear, &seen))
		return true;
	if (!seen.far || seen.far + sizeof(words) > len)
		return false;
	memcpy(&words, bytes + seen.far, sizeof(words));
	return !rpcs_glance_is_message(words, seen.replies);
}

/* One frame both ways. True: the glance took it for other people's. */
static bool look(struct whole_way *way, const uint8_t *bytes, uint32_t len)
{
	struct rpcs_counters expected = *rpcs_native_counters(way->native);
	struct rpcs_frame frame = { .bytes = bytes, .len = len, .number = 1 };
	bool others = glance(way, bytes, len, len);
	uint32_t linear;

	for (linear = 0; linear < len; linear++)
		assert_true(!glance(way, bytes, len, linear) || others);
	got.count = 0;
	rpcs_native_frame(way->native, &frame);
	if (!others) {
		way->looked++;
		forget_marks(way);
		return false;
	}
	expected.packets++;
	assert_memory_equal(rpcs_native_counters(way->native), &expected, sizeof(expected));
	assert_int_equal(got.count, 0);
	assert_memory_equal(way->ports, &way->ports_before, sizeof(way->ports_before));
	way->others++;
	return true;
}

static const struct test_flow plain[] = {
	{ .sport = 40000, .dport = 5000 },
	{ .sport = 40000, .dport = 5000, .ip6 = true },
};

enum { PLAIN = sizeof(plain) / sizeof(plain[0]) };

static void stream_bytes(struct test_frame *s, bool reply)
{
	*s = (struct test_frame){ .len = 0 };
	if (reply)
		put_record_reply(s, 1, PAYLOAD_MAX);
	else
		put_record_call(s, 1, TEST_PLAIN, 1, PAYLOAD_MAX);
}

/* A message that is cut anywhere, over UDP and TCP, in all modes. */
static void test_cut_messages(void **state)
{
	struct test_frame s, f;
	struct whole_way way;
	uint32_t len;
	int mode, reply, i;

	(void)state;
	for (mode = RPCS_ANY_PORT_OFF; mode <= RPCS_ANY_PORT_ALL; mode++) {
		for (reply = 0; reply < 2; reply++) {
			way = begin(mode, true);
			stream_bytes(&s, reply);
			for (len = 0; len <= PAYLOAD_MAX * PLAIN; len++) {
				i = (int)len % PLAIN;
				frame_segment(&f, &plain[i], false, 100, RPCS_TCP_ACK, s.bytes,
					      len / PLAIN);
				look(&way, f.bytes, f.len);
				frame_datagram(&f, &plain[i], false, s.bytes + 4, len / PLAIN);
				look(&way, f.bytes, f.len);
			}
			rpcs_native_free(&way.native);
		}
	}
}

/* Without this the glance might be of no use, and all the rest hold. */
static void test_ordinary(void **state)
{
	uint8_t bytes[PAYLOAD_MAX] = { 0x17, 3, 3 };
	struct whole_way way = begin(RPCS_ANY_PORT_ALL, true);
	struct test_frame f, s;
	int i;

	(void)state;
	stream_bytes(&s, false);
	for (i = 0; i < PLAIN; i++) {
		frame_segment(&f, &plain[i], false, 100, RPCS_TCP_ACK, bytes, sizeof(bytes));
		assert_true(look(&way, f.bytes, f.len));
		assert_true(glance(&way, f.bytes, f.len, f.len - (uint32_t)sizeof(bytes)));
		frame_segment(&f, &plain[i], false, 100, RPCS_TCP_ACK, "", 0);
		assert_true(look(&way, f.bytes, f.len));
		frame_datagram(&f, &plain[i], true, bytes, sizeof(bytes));
		assert_true(look(&way, f.bytes, f.len));
		frame_datagram(&f, &plain[i], true, "", 0);
		assert_false(look(&way, f.bytes, f.len));
		frame_segment(&f, &plain[i], false, 100, RPCS_TCP_ACK, s.bytes, s.len);
		assert_false(look(&way, f.bytes, f.len));
	}
	rpcs_native_free(&way.native);
}

static uint32_t next_random(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(*seed >> 33);
}

static uint32_t below(uint64_t *seed, uint32_t n)
{
	return next_random(seed) % n;
}

static uint16_t random_port(uint64_t *seed)
{
	static const uint16_t ports[] = { 111, 2049, VXLAN_PORT, 5000, 40000, 40000, 40000 };

	return ports[below(seed, sizeof(ports) / sizeof(ports[0]))];
}

static void random_tunnel(struct tunnel_frame *t, uint64_t *seed)
{
	switch (below(seed, 3)) {
	case 0:
		tunnel_begin(t, RPCS_ETH_IP4);
		tunnel_ip4(t, RPCS_IP_GRE);
		tunnel_gre(t, (uint16_t)(below(seed, 2) << 15), RPCS_ETH_IP4);
		break;
	case 1:
		tunnel_begin(t, RPCS_ETH_IP6);
		tunnel_ip6(t, RPCS_IP_UDP);
		tunnel_vxlan(t, 40000, below(seed, 2));
		tunnel_eth(t, RPCS_ETH_IP4);
		break;
	default:
		tunnel_begin(t, below(seed, 2) ? RPCS_ETH_MPLS : RPCS_ETH_ARP);
		tunnel_mpls(t, 2, true);
		break;
	}
	tunnel_getport(t);
	tunnel_end(t);
}

static void random_frame(struct test_frame *f, uint64_t *seed)
{
	struct test_flow flow = { .sport = random_port(seed),
				  .dport = random_port(seed),
				  .vlans = (uint8_t)(below(seed, 8) == 0 ? below(seed, 3) : 0),
				  .extensions = (uint8_t)(below(seed, 4) == 0 ? below(seed, 3) : 0),
				  .ip6 = below(seed, 2) };
	struct tunnel_frame t;
	struct test_frame s;
	uint32_t len;

	if (below(seed, 16) == 0) {
		random_tunnel(&t, seed);
		*f = t.f;
		return;
	}
	stream_bytes(&s, below(seed, 2));
	if (below(seed, 3) == 0)
		s.bytes[below(seed, 20)] ^= (uint8_t)(1 << below(seed, 8));
	len = below(seed, PAYLOAD_MAX + 1);
	if (below(seed, 2))
		frame_segment(f, &flow, false, 100, (uint8_t)next_random(seed), s.bytes, len);
	else
		frame_datagram(f, &flow, false, s.bytes + 4, len);
}

/* Headers are hit more often than by chance, and mostly by numbers that mean something. */
static void mutate(struct test_frame *f, uint64_t *seed)
{
	static const uint8_t odd[] = { 0, 1, 4, 6, 8, 17, 20, 28, 0x45, 0x46, 0x50, 0x60, 0xff };
	uint32_t count = below(seed, 4), at;

	while (count-- > 0) {
		at = 12 + below(seed, below(seed, 2) ? 44 : f->len - 12);
		if (at < f->len)
			f->bytes[at] = below(seed, 2) ? odd[below(seed, sizeof(odd))]
						      : (uint8_t)next_random(seed);
	}
	if (below(seed, 4) == 0)
		f->len = below(seed, f->len + 1);
	else if (below(seed, 4) == 0)
		put_zeros(f, below(seed, 32));
}

static void test_random(void **state)
{
	struct test_frame f;
	struct whole_way way;
	uint64_t seed = 1;
	uint8_t *exact;
	int mode, i;

	(void)state;
	for (mode = RPCS_ANY_PORT_OFF; mode <= RPCS_ANY_PORT_ALL; mode++) {
		way = begin(mode, mode != RPCS_ANY_PORT_FIRST);
		for (i = 0; i < RANDOM_FRAMES / 4; i++) {
			random_frame(&f, &seed);
			mutate(&f, &seed);
			/* On the heap: nothing is to be read behind the end (under ASan). */
			exact = malloc(f.len ? f.len : 1);
			assert_non_null(exact);
			memcpy(exact, f.bytes, f.len);
			look(&way, exact, f.len);
			free(exact);
		}
		assert_true(way.others > RANDOM_FRAMES / 100);
		assert_true(way.looked > RANDOM_FRAMES / 100);
		rpcs_native_free(&way.native);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cut_messages),
		cmocka_unit_test(test_ordinary),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests_name("glance", tests, NULL, NULL);
}
