// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Devices without an Ethernet header: a tun device of each link type, and IP tunnels. */
#include "attach_test.h"

#include <linux/if_tun.h>
#include <net/if_arp.h>
#include <sys/ioctl.h>

#include "source/links.h"

enum { ETHERNET = 14, PACKET = KT_FRAME - ETHERNET };

static int tun_fd = -1;

static int drop_tun(void **state)
{
	if (tun_fd >= 0)
		close(tun_fd);
	tun_fd = -1;
	if (!kt_skip)
		kt_shell("ip link del rstun0 2>/dev/null; true");
	return unmake(state);
}

/** A tun device rstun0 that says to be of this type; what is written to tun_fd comes in there. */
static void make_tun(int type)
{
	struct ifreq request = { .ifr_name = "rstun0", .ifr_flags = IFF_TUN | IFF_NO_PI };

	kt_need();
	if (tun_fd >= 0)
		close(tun_fd);
	tun_fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	if (tun_fd < 0 || ioctl(tun_fd, TUNSETIFF, &request)) {
		print_message("SKIPPED: no tun device can be made here\n");
		skip();
	}
	assert_int_equal(ioctl(tun_fd, TUNSETLINK, type), 0);
	kt_shell("ip addr add 10.8.0.1/24 dev rstun0 && ip link set rstun0 up");
}

/** A call comes in by tun. */
static void come_in(uint32_t xid)
{
	uint8_t frame[KT_FRAME];

	kt_frame(frame, xid, 111);
	assert_int_equal(write(tun_fd, frame + ETHERNET, PACKET), PACKET);
}

/** A call leaves for 10.8.0.2, which is routed to the device under test. */
static void leave(uint32_t xid)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(111) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	uint8_t frame[KT_FRAME];

	assert_true(fd >= 0);
	assert_int_equal(inet_pton(AF_INET, "10.8.0.2", &to.sin_addr), 1);
	kt_frame(frame, xid, 111);
	assert_int_equal(sendto(fd, frame + 42, 56, 0, (struct sockaddr *)&to, sizeof(to)), 56);
	close(fd);
}

/** One call each way, by TC; each counts once, and nothing stays on the device. */
static void both_ways(const char *name, void (*in)(uint32_t xid))
{
	struct rpcs_attachments *attachments;
	struct rpcs_kernel *kernel = kt_load(false);
	struct rpcs_counters c;

	attachments = attach(kernel, name, RPCS_MODE_AUTO);
	in(1);
	assert_int_equal(kt_await_calls(kernel, 1).calls, 1);
	leave(2);
	c = kt_await_calls(kernel, 2);
	assert_int_equal(c.calls, 2);
	assert_int_equal(c.packets_watched, 2);
	assert_int_equal(c.rpc_seen, 2);
	assert_int_equal(c.records_sent, 2);
	rpcs_attachments_free(&attachments);
	assert_nothing_on(name);
	rpcs_kernel_free(&kernel);
}

static void test_tun(void **state)
{
	(void)state;
	make_tun(ARPHRD_NONE);
	both_ways("rstun0", come_in);
}

static void test_tun_clsact(void **state)
{
	(void)state;
	setenv("RPCSENTRY_NO_TCX", "1", 1);
	make_tun(ARPHRD_NONE);
	both_ways("rstun0", come_in);
}

/** The other types that have no header of their own for TC either. */
static void test_types(void **state)
{
	static const int types[] = { ARPHRD_RAWIP,
				     ARPHRD_PPP,
				     ARPHRD_TUNNEL,
				     ARPHRD_TUNNEL6,
				     ARPHRD_SIT,
				     ARPHRD_IPGRE,
				     823 /* ARPHRD_IP6GRE */ };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		make_tun(types[i]);
		assert_int_equal(inspect("rstun0", RPCS_MODE_AUTO).type, types[i]);
		both_ways("rstun0", come_in);
	}
}

static void refused(const char *name, enum rpcs_mode mode, int error, const char *why)
{
	struct rpcs_interface interface = inspect(name, mode);
	struct rpcs_attachments *attachments;
	struct rpcs_kernel *kernel = kt_load(false);
	const char *said;

	assert_int_equal(rpcs_attachments_new(kernel, &attachments), 0);
	kt_listen();
	assert_int_equal(rpcs_attachments_add(attachments, &interface, mode), error);
	said = kt_said();
	assert_int_equal(kt_lines(said), 1);
	assert_non_null(strstr(said, name));
	assert_non_null(strstr(said, why));
	rpcs_attachments_free(&attachments);
	rpcs_kernel_free(&kernel);
	assert_nothing_on(name);
}

/** Link layers whose header nobody here takes off: Wi-Fi monitors, InfiniBand, CAN. */
static void test_other_layers(void **state)
{
	static const int types[] = { ARPHRD_IEEE80211_RADIOTAP, ARPHRD_INFINIBAND, 280, 0 };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		make_tun(types[i]);
		refused("rstun0", RPCS_MODE_TC, -EPROTONOSUPPORT, "a header that is not taken off");
		refused("rstun0", RPCS_MODE_AUTO, -EPROTONOSUPPORT, "link type");
	}
}

static void test_xdp_refused(void **state)
{
	struct rpcs_interface interface;

	(void)state;
	make_tun(ARPHRD_NONE);
	refused("rstun0", RPCS_MODE_NATIVE, -EOPNOTSUPP, "use -m tc");
	refused("rstun0", RPCS_MODE_GENERIC, -EOPNOTSUPP, "no Ethernet header");
	/* A modem is hardware, and gets TC all the same. */
	interface = inspect("rstun0", RPCS_MODE_AUTO);
	interface.physical = true;
	rpcs_interface_choose(&interface, RPCS_MODE_AUTO, true);
	assert_int_equal(interface.mode, RPCS_MODE_TC);
	assert_non_null(strstr(interface.reason, "no Ethernet header"));
}

/** Why it is refused: generic XDP gets the bare IP packet, and finds nothing in it. */
static void test_xdp_would_be_blind(void **state)
{
	uint64_t end = kt_now_ms() + KT_DEADLINE_MS;
	struct rpcs_link link = RPCS_LINK_NONE;
	struct rpcs_link_place place;
	struct rpcs_kernel *kernel;

	(void)state;
	make_tun(ARPHRD_NONE);
	kernel = kt_load(false);
	place = (struct rpcs_link_place){
		.iface = "rstun0",
		.ifindex = if_nametoindex("rstun0"),
		.program_fd = rpcs_kernel_program_fd(kernel, RPCS_HOOK_XDP),
	};
	assert_int_equal(rpcs_links_add_xdp(&place, RPCS_MODE_GENERIC, &link), 0);
	come_in(1);
	while (!kt_counters(kernel).packets && kt_now_ms() < end)
		kt_nap();
	assert_int_equal(kt_counters(kernel).packets, 1);
	assert_int_equal(kt_counters(kernel).packets_watched, 0);
	rpcs_links_remove(place.iface, place.ifindex, &link);
	rpcs_kernel_free(&kernel);
}

/*
 * BPF_PROG_TEST_RUN takes the bytes 12 and 13 for an EtherType, whatever the program:
 * of an IP packet those are of its source, so a source can be chosen that fits.
 */
static void run_once(int program_fd, const uint8_t *packet, uint32_t len)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = packet, .data_size_in = len, .repeat = 1);

	assert_int_equal(bpf_prog_test_run_opts(program_fd, &opts), 0);
	assert_int_equal(opts.retval, (uint32_t)-1); /* TC_ACT_UNSPEC */
}

static void test_run(void **state)
{
	static const uint8_t ip6[40] = { 0x60, 0,    0,	       0,	    0,	     64,
					 17,   64,   0x20,     1,	    0x0d,    0xb8,
					 0x86, 0xdd, [23] = 1, [24] = 0x20, [39] = 2 };
	static const enum rpcs_hook hooks[] = { RPCS_HOOK_TC_INGRESS, RPCS_HOOK_TC_EGRESS };
	uint8_t frame[KT_FRAME], six[40 + 64];
	struct rpcs_kernel *kernel;
	size_t i;
	int fd;

	(void)state;
	kt_need();
	kernel = kt_load(false);
	assert_true(rpcs_kernel_l3_program_fd(kernel, RPCS_HOOK_XDP) < 0);
	kt_frame(frame, 1, 111);
	memcpy(six, ip6, sizeof(ip6));
	memcpy(six + 40, frame + 34, 64);
	for (i = 0; i < 2; i++) {
		fd = rpcs_kernel_l3_program_fd(kernel, hooks[i]);
		/* From 10.9.0.2 it is of a type that nobody knows: not IP. */
		frame[26] = 10;
		frame[27] = 9;
		run_once(fd, frame + ETHERNET, PACKET);
		assert_int_equal(kt_counters(kernel).packets_watched, 2 * i);
		frame[26] = 8;
		frame[27] = 0;
		run_once(fd, frame + ETHERNET, PACKET);
		assert_int_equal(kt_counters(kernel).calls, 2 * i + 1);
		run_once(fd, six, sizeof(six));
		assert_int_equal(kt_counters(kernel).calls, 2 * i + 2);
	}
	assert_int_equal(kt_counters(kernel).packets, 6);
	assert_int_equal(kt_counters(kernel).packet_ip_bad, 0);
	rpcs_kernel_free(&kernel);
}

static const uint8_t *carrier; /* what stands before the inner packet, from IP on */
static uint16_t carrier_len;
static uint8_t carrier_protocol;

/** A call comes in inside a packet to rsv0, for the tunnel made on it. */
static void come_in_tunnelled(uint32_t xid)
{
	uint8_t inner[KT_FRAME], outer[KT_FRAME + 64] = "\x02\0\0\0\0\x0a\x02\0\0\0\0\x0b\x08";
	uint8_t *ip = outer + ETHERNET;
	uint16_t len = 20 + carrier_len + PACKET, sum;
	int fd = kt_socket("rsv1");

	kt_frame(inner, xid, 111);
	memcpy(ip, "\x45\0\0\0\0\1\0\0\x40\0\0\0\x0a\x07\0\2\x0a\x07\0\1", 20);
	ip[2] = len >> 8;
	ip[3] = len;
	ip[9] = carrier_protocol;
	sum = kt_sum16(ip, 20);
	ip[10] = sum >> 8;
	ip[11] = sum;
	if (carrier_len)
		memcpy(ip + 20, carrier, carrier_len);
	memcpy(ip + 20 + carrier_len, inner + ETHERNET, PACKET);
	assert_int_equal(send(fd, outer, ETHERNET + len, 0), ETHERNET + len);
	close(fd);
}

/** A tunnel of this kind from 10.7.0.1 to 10.7.0.2 over the veth pair. */
static void tunnel(const char *kind, uint8_t protocol, const char *header, uint16_t header_len)
{
	char command[160];

	kt_need();
	kt_shell("ip link set rsv0 address 02:00:00:00:00:0a && ip addr add 10.7.0.1/24 dev rsv0");
	snprintf(command, sizeof(command),
		 "ip link add rstun0 type %s local 10.7.0.1 remote 10.7.0.2 2>/dev/null", kind);
	if (system(command)) {
		print_message("SKIPPED: this kernel has no %s tunnels\n", kind);
		skip();
	}
	kt_shell("ip addr add 10.8.0.1/24 dev rstun0 && ip link set rstun0 up");
	carrier = (const uint8_t *)header;
	carrier_len = header_len;
	carrier_protocol = protocol;
	both_ways("rstun0", come_in_tunnelled);
}

static void test_ipip(void **state)
{
	(void)state;
	tunnel("ipip", 4, "", 0);
}

static void test_gre(void **state)
{
	(void)state;
	tunnel("gre", 47, "\0\0\x08\0", 4);
}

/** Without a fixed remote TC would see the outer header; the lower interface shows it too. */
static void test_gre_without_remote(void **state)
{
	(void)state;
	kt_need();
	if (system("ip link add rstun0 type gre local 10.7.0.1 2>/dev/null")) {
		print_message("SKIPPED: this kernel has no gre tunnels\n");
		skip();
	}
	refused("rstun0", RPCS_MODE_AUTO, -EPROTONOSUPPORT, "a header that is not taken off");
	kt_shell("ip link del rstun0 && ip link add rstun0 type gre external");
	assert_int_equal(rpcs_interface_layer(&(struct rpcs_interface){ .type = ARPHRD_IPGRE }),
			 RPCS_LAYER_IP);
	assert_false(inspect("rstun0", RPCS_MODE_AUTO).outer);
}

static void test_sit(void **state)
{
	(void)state;
	tunnel("sit mode any", 4, "", 0);
}

int main(void)
{
#define RS_L3(fn) cmocka_unit_test_setup_teardown(fn, make, drop_tun)
	const struct CMUnitTest tests[] = {
		RS_L3(test_tun),	 RS_L3(test_tun_clsact),
		RS_L3(test_types),	 RS_L3(test_other_layers),
		RS_L3(test_xdp_refused), RS_L3(test_xdp_would_be_blind),
		RS_L3(test_run),	 RS_L3(test_ipip),
		RS_L3(test_gre),	 RS_L3(test_gre_without_remote),
		RS_L3(test_sit),
	};

	return cmocka_run_group_tests_name("l3", tests, kt_setup, NULL);
}
