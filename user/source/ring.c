// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The rings merged by the times of their records.
 *
 * A ring of one CPU is in order by itself. Between two rings the order counts where one
 * record's packet is an answer to another's: the call was in its ring before its packet
 * passed on, so before the reply could be. A look reads the writers' positions of all rings,
 * and then all of them once more. What lies before the first position was there before the
 * second ones were read: all that it may be an answer to lies before those. So records before
 * the first positions may be handed on, the earliest first, while a ring that has nothing
 * before its second position need not be waited for. Records of packets that passed two CPUs
 * at the same moment may change places by what a CPU takes from the time to the ring. (A
 * segment is dated once its flow's state was read, so that what another CPU told before it
 * left that state is earlier.)
 *
 * A record still being written has no time yet, and where CPUs share a ring others may lie
 * behind it: it holds the others up, for a millisecond at the most (its CPU may be a
 * virtual machine's that has no time).
 */
#include "ring.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <rpcsentry/record.h>

#include "../base/clock.h"

#define RPCS_RING_HELD_NS ((uint64_t)RPCS_NSEC_PER_MSEC)

struct rpcs_ring_source {
	struct rpcs_ring_memory memory;
	struct rpcs_ring_ahead ahead;
	enum rpcs_ring_head head;
	unsigned long sure; /* what lies before may be handed on */
	uint64_t order;	    /* of the record at the head: its time, a reply behind the rest */
	const void *record;
	uint32_t len;
	unsigned long busy_at; /* where a record was being written, and since when */
	uint64_t busy_since_ns;
	void *maps[2]; /* the reader's page; the writer's and the data */
};

struct rpcs_ring {
	rpcs_record_fn emit;
	void *arg;
	struct rpcs_lookout lookout; /* without slots: nobody looks out */
	uint8_t *slots;
	struct rpcs_bell *bells;
	uint32_t fill;
	uint32_t count;
	bool found;
	bool mapped;
	struct rpcs_ring_source sources[];
};

static void rpcs_ring_peek(struct rpcs_ring_source *source)
{
	const struct rpcs_record_head *head;

	source->head = rpcs_ring_memory_head(&source->memory, &source->record, &source->len);
	if (source->head != RPCS_RING_RECORD)
		return;
	head = source->record;
	source->order = source->len < sizeof(*head)
				? 0
				: head->time_ns << 1 | (head->kind == RPCS_RECORD_REPLY);
}

static void rpcs_ring_look(struct rpcs_ring *ring)
{
	struct rpcs_ring_source *source, *end = ring->sources + ring->count;
	uint64_t fill;

	ring->fill = 0;
	for (source = ring->sources; source < end; source++) {
		/* Several may read in turn (test runs by several hooks). */
		rpcs_ring_memory_begin(&source->memory);
		source->sure = rpcs_ring_memory_look(&source->memory);
	}
	for (source = ring->sources; source < end; source++) {
		fill = 256ULL * (rpcs_ring_memory_look(&source->memory) - source->memory.at) /
		       source->memory.size;
		if (fill > ring->fill)
			ring->fill = (uint32_t)fill;
		rpcs_ring_peek(source);
	}
}

/** Does the record that is being written hold the other rings up? */
static bool rpcs_ring_holds(struct rpcs_ring_source *source)
{
	uint64_t now = rpcs_clock_monotonic();

	if (source->busy_at != source->memory.at || !source->busy_since_ns) {
		source->busy_at = source->memory.at;
		source->busy_since_ns = now;
	}
	return now - source->busy_since_ns < RPCS_RING_HELD_NS;
}

/** The ring whose head is earliest, and the next one's order. NULL: none may be taken. */
static struct rpcs_ring_source *rpcs_ring_first(struct rpcs_ring *ring, uint64_t *ret_until,
						bool *ret_held)
{
	struct rpcs_ring_source *source, *first = NULL, *end = ring->sources + ring->count;
	uint64_t until = UINT64_MAX;

	for (source = ring->sources; source < end; source++) {
		if (source->head == RPCS_RING_BUSY && ring->count > 1 && rpcs_ring_holds(source)) {
			*ret_held = true;
			return NULL;
		}
		if (source->head != RPCS_RING_RECORD)
			continue;
		if (first && source->order >= first->order) {
			until = source->order < until ? source->order : until;
			continue;
		}
		until = first ? first->order : until;
		first = source;
	}
	if (!first || (long)(first->sure - first->memory.at) <= 0)
		return NULL;
	*ret_until = until;
	return first;
}

/** Hands on what the ring has up to the order `until`, at most `limit` records; how many. */
static uint32_t rpcs_ring_take(struct rpcs_ring *ring, struct rpcs_ring_source *source,
			       uint64_t until, uint32_t limit)
{
	struct rpcs_ring_memory *memory = &source->memory;
	uint32_t taken = 0;

	do {
		if (ring->slots)
			rpcs_ring_ahead_look(&source->ahead, memory, &ring->lookout);
		ring->emit(ring->arg, source->record, source->len, NULL);
		rpcs_ring_memory_next(memory, source->len);
		/* Seldom: the line with the reader's position is the writers' at each record. */
		if (memory->at - memory->given >= memory->size / 16)
			rpcs_ring_memory_give(memory);
		rpcs_ring_peek(source);
		if (ring->slots)
			rpcs_ring_ahead_took(&source->ahead, memory);
	} while (++taken < limit && source->head == RPCS_RING_RECORD && source->order <= until &&
		 (long)(source->sure - memory->at) > 0);
	return taken;
}

int rpcs_ring_consume(struct rpcs_ring *ring, uint32_t limit, bool *ret_more)
{
	struct rpcs_ring_source *source;
	uint32_t left = limit, i;
	bool held = false;
	uint64_t until;

	if (limit == 0)
		return -EINVAL;
	rpcs_ring_look(ring);
	while (left && (source = rpcs_ring_first(ring, &until, &held)))
		left -= rpcs_ring_take(ring, source, until, left);
	for (i = 0; i < ring->count; i++)
		rpcs_ring_memory_give(&ring->sources[i].memory);
	ring->found = left < limit;
	*ret_more = left == 0 || held;
	return 0;
}

bool rpcs_ring_found(const struct rpcs_ring *ring)
{
	return ring->found;
}

uint32_t rpcs_ring_fill(const struct rpcs_ring *ring)
{
	return ring->fill;
}

void rpcs_ring_disarm(struct rpcs_ring *ring)
{
	uint32_t i;

	for (i = 0; i < ring->count; i++)
		__atomic_store_n(&ring->bells[i].wanted, 0, __ATOMIC_RELAXED);
}

/*
 * See bpf/send.h for the other half. A record that is still being written here is no reason
 * to stay awake: its writer looks at the bell once it has written it.
 */
bool rpcs_ring_arm(struct rpcs_ring *ring)
{
	struct rpcs_ring_source *source, *end = ring->sources + ring->count;
	uint32_t i;

	for (i = 0; i < ring->count; i++)
		__atomic_store_n(&ring->bells[i].wanted, 1, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	for (source = ring->sources; source < end; source++) {
		rpcs_ring_memory_look(&source->memory);
		rpcs_ring_peek(source);
		rpcs_ring_memory_give(&source->memory);
		if (source->head == RPCS_RING_RECORD) {
			rpcs_ring_disarm(ring);
			return false;
		}
	}
	return true;
}

static int rpcs_ring_alloc(uint32_t count, rpcs_record_fn emit, void *arg,
			   struct rpcs_ring **ret_ring)
{
	struct rpcs_ring *ring;

	if (count < 1 || count > RPCS_RINGS_MAX)
		return -EINVAL;
	ring = calloc(1, sizeof(*ring) + count * sizeof(ring->sources[0]));
	if (!ring)
		return -ENOMEM;
	ring->emit = emit;
	ring->arg = arg;
	ring->count = count;
	*ret_ring = ring;
	return 0;
}

int rpcs_ring_over(const struct rpcs_ring_memory *memories, uint32_t count, struct rpcs_bell *bells,
		   rpcs_record_fn emit, void *arg, struct rpcs_ring **ret_ring)
{
	struct rpcs_ring *ring;
	int err = rpcs_ring_alloc(count, emit, arg, &ring);
	uint32_t i;

	if (err)
		return err;
	ring->bells = bells;
	for (i = 0; i < count; i++) {
		ring->sources[i].memory = memories[i];
		rpcs_ring_memory_begin(&ring->sources[i].memory);
	}
	*ret_ring = ring;
	return 0;
}

int rpcs_ring_look_out(struct rpcs_ring *ring, const struct rpcs_lookout *lookout)
{
	const size_t bytes = RPCS_AHEAD * lookout->slot_bytes;
	uint32_t i;

	ring->slots = calloc(ring->count, bytes);
	if (!ring->slots)
		return -ENOMEM;
	ring->lookout = *lookout;
	for (i = 0; i < ring->count; i++)
		ring->sources[i].ahead.slots = ring->slots + i * bytes;
	return 0;
}

static size_t rpcs_ring_page(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

static size_t rpcs_ring_data_bytes(const struct rpcs_ring_source *source)
{
	return rpcs_ring_page() + 2 * source->memory.size;
}

/** The kernel's layout: the reader's page, the writer's, the data twice. */
static int rpcs_ring_map(struct rpcs_ring_source *source, int fd)
{
	struct bpf_map_info info = {};
	uint32_t len = sizeof(info);
	size_t page = rpcs_ring_page();
	int i;

	if (bpf_obj_get_info_by_fd(fd, &info, &len))
		return -errno;
	if (info.type != BPF_MAP_TYPE_RINGBUF)
		return -EINVAL;
	source->memory.size = info.max_entries;
	source->maps[0] = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	source->maps[1] =
		mmap(NULL, rpcs_ring_data_bytes(source), PROT_READ, MAP_SHARED, fd, (off_t)page);
	for (i = 0; i < 2; i++)
		if (source->maps[i] == MAP_FAILED)
			return -errno;
	source->memory.reader = source->maps[0];
	source->memory.writer = source->maps[1];
	source->memory.data = (const uint8_t *)source->maps[1] + page;
	rpcs_ring_memory_begin(&source->memory);
	return 0;
}

static size_t rpcs_ring_bells_bytes(void)
{
	size_t page = rpcs_ring_page(), bytes = RPCS_RINGS_MAX * sizeof(struct rpcs_bell);

	return (bytes + page - 1) / page * page;
}

int rpcs_ring_new(const struct rpcs_ring_fds *fds, rpcs_record_fn emit, void *arg,
		  struct rpcs_ring **ret_ring)
{
	struct rpcs_ring *ring;
	int err = rpcs_ring_alloc(fds->count, emit, arg, &ring);
	uint32_t i;

	if (err)
		return err;
	ring->mapped = true;
	ring->bells = mmap(NULL, rpcs_ring_bells_bytes(), PROT_READ | PROT_WRITE, MAP_SHARED,
			   fds->bells, 0);
	if (ring->bells == MAP_FAILED)
		err = -errno;
	for (i = 0; !err && i < fds->count; i++)
		err = rpcs_ring_map(&ring->sources[i], fds->rings[i]);
	if (err) {
		rpcs_ring_free(&ring);
		return err;
	}
	/* What a former run has set: its sleep is over. */
	rpcs_ring_disarm(ring);
	*ret_ring = ring;
	return 0;
}

void rpcs_ring_free(struct rpcs_ring **ring_owner)
{
	struct rpcs_ring *ring = *ring_owner;
	uint32_t i;

	if (!ring)
		return;
	for (i = 0; ring->mapped && i < ring->count; i++) {
		struct rpcs_ring_source *source = &ring->sources[i];

		if (source->maps[0] && source->maps[0] != MAP_FAILED)
			munmap(source->maps[0], rpcs_ring_page());
		if (source->maps[1] && source->maps[1] != MAP_FAILED)
			munmap(source->maps[1], rpcs_ring_data_bytes(source));
	}
	if (ring->mapped && ring->bells != MAP_FAILED)
		munmap(ring->bells, rpcs_ring_bells_bytes());
	free(ring->slots);
	free(ring);
	*ring_owner = NULL;
}
