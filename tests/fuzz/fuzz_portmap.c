// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A call and its reply through the decoders and both writers of lines. The
 * input: version, procedure, bits, the call's length in 16 bits, the call's
 * bytes, and the reply's. Every line must be JSON, or text, in printable ASCII.
 */
#include <jansson.h>
#include <sys/mman.h>
#include <unistd.h>

#include <rpcsentry/portmap.h>
#include <rpcsentry/rpc.h>

#include "fuzz.h"
#include "output/outputs.h"
#include "stream/decode.h"
#include "stream/portmap.h"
#include "stream/service.h"

/** The third byte. */
enum {
	BIT_BODY_ONLY =
		1 << 0,	  /* the bytes are arguments and results: a sound header is put before */
	BIT_CUT = 1 << 1, /* the capture has half of the messages only */
	BIT_TCP = 1 << 2,
	BIT_NO_REPLY = 1 << 3,
	BIT_OTHER_PROGRAM = 1 << 4,
};

enum { HEADER_MAX = 40 };

/** A sink and the memory behind its descriptor; made once, since a sink is 2 MiB. */
struct writer {
	int fd;
	struct rpcs_sink *sink;
};

static struct writer eve, text;

static void writers_open(void)
{
	static const uint16_t ports[] = { 111 };
	const struct rpcs_output_context context = {
		.sensor_name = "fuzz", .transactions = true, .ports = ports, .port_count = 1
	};

	if (eve.sink)
		return;
	eve.fd = memfd_create("eve", MFD_CLOEXEC);
	text.fd = memfd_create("text", MFD_CLOEXEC);
	FUZZ_HOLDS(eve.fd >= 0 && text.fd >= 0);
	eve.sink = rpcs_eve_new(eve.fd, &context);
	text.sink = rpcs_text_new(text.fd, false, &context);
	FUZZ_HOLDS(eve.sink && text.sink);
}

/* What was written since the last time; the caller frees it. */
static char *writer_take(struct writer *writer, size_t *ret_len)
{
	off_t len;
	char *lines;

	FUZZ_HOLDS(writer->sink->flush(writer->sink) == 0);
	len = lseek(writer->fd, 0, SEEK_END);
	FUZZ_HOLDS(len >= 0);
	lines = malloc((size_t)len + 1);
	FUZZ_HOLDS(lines);
	FUZZ_HOLDS(pread(writer->fd, lines, (size_t)len, 0) == len);
	FUZZ_HOLDS(ftruncate(writer->fd, 0) == 0 && lseek(writer->fd, 0, SEEK_SET) == 0);
	*ret_len = (size_t)len;
	return lines;
}

static void check_ascii(const char *lines, size_t len)
{
	size_t i;

	FUZZ_HOLDS(len == 0 || lines[len - 1] == '\n');
	for (i = 0; i < len; i++)
		FUZZ_HOLDS(lines[i] == '\n' || (lines[i] >= ' ' && lines[i] <= '~'));
}

static void check_lines(unsigned int expected)
{
	size_t len;
	char *lines = writer_take(&eve, &len), *at = lines;

	check_ascii(lines, len);
	for (; at < lines + len; expected--) {
		char *end = memchr(at, '\n', (size_t)(lines + len - at));
		json_t *line;

		FUZZ_HOLDS(end && expected > 0);
		line = json_loadb(at, (size_t)(end - at), JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL,
				  NULL);
		FUZZ_HOLDS(json_is_object(line));
		json_decref(line);
		at = end + 1;
	}
	FUZZ_HOLDS(expected == 0);
	free(lines);
	lines = writer_take(&text, &len);
	check_ascii(lines, len);
	free(lines);
}

/** Bytes of a message, and of how many the capture has all. */
struct wire {
	uint8_t *bytes;
	uint32_t len, available;
};

static void check_text(const struct wire *wire, struct rpcs_text t)
{
	if (t.len == 0)
		return;
	FUZZ_HOLDS(t.bytes >= wire->bytes);
	FUZZ_HOLDS((size_t)(t.bytes - wire->bytes) <= wire->available);
	FUZZ_HOLDS(t.len <= wire->available - (size_t)(t.bytes - wire->bytes));
}

/* Nothing points out of the message. */
static void check_message(const struct wire *wire, const struct rpcs_message *message)
{
	const struct rpcs_portmap *pm = &message->portmap;
	uint32_t i;

	check_text(wire, (struct rpcs_text){ message->body, message->body_available });
	check_text(wire, message->auth.machine);
	check_text(wire, pm->netid);
	check_text(wire, pm->address);
	check_text(wire, pm->owner);
	check_text(wire, message->service.text);
	FUZZ_HOLDS(message->service.length >= message->service.limit);
	FUZZ_HOLDS(message->service.length <= message->body_len);
	FUZZ_HOLDS(pm->shape < RPCS_PORTMAP_SHAPE__MAX);
	FUZZ_HOLDS(pm->mappings_kept <= RPCS_MAPPINGS_MAX);
	FUZZ_HOLDS(pm->mappings_kept <= pm->mappings_count);
	FUZZ_HOLDS(pm->mappings_count <= message->body_len / 8 || !pm->mappings_count);
	for (i = 0; i < pm->mappings_kept; i++) {
		check_text(wire, pm->mappings[i].netid);
		check_text(wire, pm->mappings[i].address);
		check_text(wire, pm->mappings[i].owner);
		check_text(wire, pm->mappings[i].protocol_family);
		check_text(wire, pm->mappings[i].protocol_name);
	}
}

static uint32_t header_of(uint8_t *header, bool is_call, uint32_t version, uint32_t procedure)
{
	const uint32_t call[] = { 7,
				  RPCS_MSG_CALL,
				  RPCS_RPC_VERSION,
				  RPCS_PORTMAP_PROGRAM,
				  version,
				  procedure,
				  0,
				  0,
				  0,
				  0 };
	const uint32_t reply[] = {
		7, RPCS_MSG_REPLY, RPCS_REPLY_ACCEPTED, 0, 0, RPCS_ACCEPT_SUCCESS
	};
	uint32_t count = is_call ? 10 : 6, i;

	for (i = 0; i < count; i++) {
		uint32_t word = __builtin_bswap32(is_call ? call[i] : reply[i]);

		memcpy(header + i * 4, &word, sizeof(word));
	}
	return count * 4;
}

static void wire_fill(struct wire *wire, const uint8_t *header, uint32_t header_len,
		      const uint8_t *bytes, size_t len, uint8_t bits)
{
	wire->len = header_len + (uint32_t)len;
	wire->available = (bits & BIT_CUT) ? header_len + (uint32_t)len / 2 : wire->len;
	wire->bytes = malloc(wire->available ? wire->available : 1);
	FUZZ_HOLDS(wire->bytes);
	memcpy(wire->bytes, header, header_len);
	if (wire->available > header_len)
		memcpy(wire->bytes + header_len, bytes, wire->available - header_len);
}

/* The reply goes back where the call came from. */
static void message_begin(struct rpcs_message *message, const struct rpcs_message *call,
			  uint8_t bits)
{
	*message = (struct rpcs_message){ .seen = { .time_ns = 1795310157123456789ULL,
						    .frame = call ? 2 : 1 },
					  .reassembled = true };
	message->tuple = (struct rpcs_tuple){ .sport = call ? 111 : 800,
					      .dport = call ? 800 : 111,
					      .protocol = (bits & BIT_TCP) ? 6 : 17 };
	message->tuple.src.bytes[15] = call ? 2 : 1;
	message->tuple.dst.bytes[15] = call ? 1 : 2;
}

/* False: not even a header. */
static bool decode(const struct wire *wire, struct rpcs_message *message, bool is_call,
		   uint32_t version, uint32_t procedure, uint8_t bits)
{
	static struct rpcs_mapping_room room;

	if (!rpcs_message_decode(message, wire->bytes, wire->available, wire->len))
		return false;
	if (message->is_call != is_call)
		return false;
	message->rpc_version = RPCS_RPC_VERSION;
	message->call_known = !is_call;
	if (!(bits & BIT_OTHER_PROGRAM)) {
		message->program = RPCS_PORTMAP_PROGRAM;
		message->version = version;
		message->procedure = procedure;
	}
	if (is_call) {
		rpcs_portmap_decode_call(message);
		rpcs_service_decode_call(message);
	} else {
		rpcs_portmap_decode_reply(message, &room);
	}
	check_message(wire, message);
	return true;
}

static void tell(const struct rpcs_message *call, const struct rpcs_message *reply)
{
	struct rpcs_call transaction = {
		.message = *call,
		.flow_id = 1,
		.status = reply ? RPCS_STATUS_ANSWERED : RPCS_STATUS_TIMEOUT,
		.allowed = true,
		.log = true,
		.rule = UINT32_MAX,
	};
	struct rpcs_sink *const sinks[] = { eve.sink, text.sink };
	int i;

	for (i = 0; i < 2; i++) {
		if (sinks[i]->message)
			FUZZ_HOLDS(sinks[i]->message(sinks[i], call, 1) == 0);
		if (sinks[i]->message && reply)
			FUZZ_HOLDS(sinks[i]->message(sinks[i], reply, 1) == 0);
		if (sinks[i]->call)
			FUZZ_HOLDS(sinks[i]->call(sinks[i], &transaction, reply) == 0);
	}
	check_lines(reply ? 3 : 2);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	uint32_t version = fuzz_u8(&in), procedure = fuzz_u8(&in), header_len = 0;
	uint8_t bits = fuzz_u8(&in), header[HEADER_MAX];
	uint16_t call_len = fuzz_u16(&in);
	struct wire call_wire, reply_wire;
	struct rpcs_message call, reply;
	const uint8_t *bytes;
	size_t len;

	writers_open();
	bytes = fuzz_bytes(&in, call_len, &len);
	if (bits & BIT_BODY_ONLY)
		header_len = header_of(header, true, version, procedure);
	wire_fill(&call_wire, header, header_len, bytes, len, bits);
	if (bits & BIT_BODY_ONLY)
		header_len = header_of(header, false, version, procedure);
	wire_fill(&reply_wire, header, header_len, in.pos, in.left, bits);
	message_begin(&call, NULL, bits);
	message_begin(&reply, &call, bits);
	if (decode(&call_wire, &call, true, version, procedure, bits)) {
		bool answered =
			!(bits & BIT_NO_REPLY) &&
			decode(&reply_wire, &reply, false, call.version, call.procedure, bits);

		tell(&call, answered ? &reply : NULL);
	}
	free(call_wire.bytes);
	free(reply_wire.bytes);
	return 0;
}
