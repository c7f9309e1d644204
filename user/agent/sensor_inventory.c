// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The inventory in the sensor: read once its rights are gone, written bit by bit into memory. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "../base/log.h"
#include "ipc.h"
#include "sensor_state.h"

enum {
	/* The first time soon; then the mappings each minute, mere times each ten. */
	RPCS_SAVE_FIRST_S = 5,
	RPCS_SAVE_S = 60,
	RPCS_SAVE_TIMES_S = 600,
};

static void tell_verdict(enum rpcs_inventory_verdict verdict, const char *file, const char *why)
{
	switch (verdict) {
	case RPCS_INVENTORY_DAMAGED:
		rpcs_log_error("the inventory %s is damaged: %s; it is kept as %s.damaged, and "
			       "learning begins anew",
			       file, why, file);
		break;
	case RPCS_INVENTORY_NEWER:
		rpcs_log_error("the inventory %s is of a newer rpcsentry; it stays as it is, and "
			       "what is learned of servers is not kept: give another one in the "
			       "policy (inventory.file)",
			       file);
		break;
	case RPCS_INVENTORY_FOREIGN:
		rpcs_log_error("%s is no inventory: %s; it stays as it is, and what is learned of "
			       "servers is not kept: give another one in the policy "
			       "(inventory.file)",
			       file, why);
		break;
	default:
		break;
	}
}

int rpcs_sensor_load_inventory(struct rpcs_sensor *sensor, enum rpcs_inventory_verdict *ret_verdict)
{
	const struct rpcs_sensor_options *options = sensor->options;
	char why[RPCS_INVENTORY_WHY];
	int err;

	*ret_verdict = RPCS_INVENTORY_GOOD;
	sensor->keeps = options->keeps_inventory;
	sensor->next_save_ns = rpcs_clock_monotonic() + RPCS_SAVE_FIRST_S * RPCS_NSEC_PER_SEC;
	if (options->inventory_fd < 0)
		return 0;
	err = rpcs_inventory_load(rpcs_pipeline_services(sensor->pipeline), options->policy,
				  options->inventory_fd, ret_verdict, why);
	close(options->inventory_fd);
	if (err) {
		rpcs_log_error("cannot read the inventory %s: %s", sensor->settings->inventory_file,
			       strerror(-err));
		return err;
	}
	tell_verdict(*ret_verdict, sensor->settings->inventory_file, why);
	if (*ret_verdict != RPCS_INVENTORY_GOOD && *ret_verdict != RPCS_INVENTORY_DAMAGED)
		sensor->keeps = false;
	return 0;
}

static void end_save(struct rpcs_sensor *sensor)
{
	rpcs_inventory_save_free(&sensor->save);
	rpcs_cleanup_fd(&sensor->save_fd);
}

/* Without memory there is no save: the next one may have some. */
static void begin_save(struct rpcs_sensor *sensor)
{
	sensor->save_fd = memfd_create("rpcsentry-services", MFD_CLOEXEC);
	if (sensor->save_fd < 0)
		return;
	sensor->save =
		rpcs_inventory_save_new(rpcs_pipeline_services(sensor->pipeline), sensor->save_fd);
	sensor->saved_ns = rpcs_clock_monotonic();
	if (!sensor->save)
		rpcs_cleanup_fd(&sensor->save_fd);
}

static bool is_due(const struct rpcs_sensor *sensor, uint64_t now_ns)
{
	enum rpcs_inventory_change change =
		rpcs_inventory_changed(rpcs_pipeline_services(sensor->pipeline));

	if (now_ns < sensor->next_save_ns || change == RPCS_INVENTORY_SAME)
		return false;
	return change == RPCS_INVENTORY_MAPPINGS ||
	       now_ns - sensor->saved_ns >= RPCS_SAVE_TIMES_S * RPCS_NSEC_PER_SEC;
}

/* To the parent; true: it is done with, for good or bad. */
static bool hand_over(struct rpcs_sensor *sensor)
{
	const struct rpcs_ipc_message message = { .kind = RPCS_IPC_INVENTORY };

	return rpcs_ipc_send(sensor->options->parent_fd, &message, sensor->save_fd) != -EAGAIN;
}

void rpcs_sensor_save_inventory(struct rpcs_sensor *sensor)
{
	uint64_t now_ns = rpcs_clock_monotonic();
	int more = 0;

	if (!sensor->keeps)
		return;
	if (sensor->save_fd < 0 && is_due(sensor, now_ns)) {
		sensor->next_save_ns = now_ns + RPCS_SAVE_S * RPCS_NSEC_PER_SEC;
		begin_save(sensor);
	}
	if (sensor->save_fd < 0)
		return;
	if (sensor->save)
		more = rpcs_inventory_save_step(sensor->save);
	if (more > 0)
		return;
	/* All is in memory; or there was no memory for it. */
	rpcs_inventory_save_free(&sensor->save);
	if (more < 0 || hand_over(sensor))
		end_save(sensor);
}

void rpcs_sensor_save_last(struct rpcs_sensor *sensor)
{
	int more;

	end_save(sensor);
	if (!sensor->keeps ||
	    rpcs_inventory_changed(rpcs_pipeline_services(sensor->pipeline)) == RPCS_INVENTORY_SAME)
		return;
	begin_save(sensor);
	if (!sensor->save)
		return;
	while ((more = rpcs_inventory_save_step(sensor->save)) > 0)
		;
	if (!more)
		hand_over(sensor);
	end_save(sensor);
}
