// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* SIGHUP: another policy while records come in. It is parsed here, where nothing is at stake. */
#include <errno.h>
#include <string.h>

#include "../base/cleanup.h"
#include "../base/log.h"
#include "home.h"
#include "sensor_state.h"

/** The policy of the file, ready to be used; or -errno, and the lines about it are logged. */
static int rpcs_sensor_read_policy(int fd, const char *path, struct rpcs_policy **ret_policy)
{
	static struct rpcs_policy_errors errors;
	int err = rpcs_policy_read(fd, ret_policy, &errors);

	if (!err)
		err = rpcs_home_apply(*ret_policy);
	if (err && errors.total) {
		rpcs_policy_errors_log(path, &errors);
		rpcs_log_error("SIGHUP: policy %s: %u mistake%s; the one before stays in force",
			       path, errors.total, errors.total == 1 ? "" : "s");
	} else if (err) {
		rpcs_log_error("SIGHUP: policy %s: %s; the one before stays in force", path,
			       strerror(-err));
	}
	return err;
}

/** A flag wins, and what the programs were compiled without at their load stays away. */
static bool rpcs_sensor_limit_any_port(const struct rpcs_sensor *sensor, struct rpcs_policy *fresh)
{
	const struct rpcs_sensor_options *options = sensor->options;

	if (options->any_port_given)
		rpcs_policy_set_any_port(fresh, options->any_port);
	if (options->compiled_any_port != RPCS_ANY_PORT_OFF ||
	    rpcs_policy_settings(fresh)->any_port == RPCS_ANY_PORT_OFF)
		return false;
	rpcs_policy_set_any_port(fresh, RPCS_ANY_PORT_OFF);
	return true;
}

static void rpcs_sensor_tell_policy(const struct rpcs_sensor *sensor, bool any_port_limited,
				    const struct rpcs_policy_kept *kept)
{
	const struct rpcs_sensor_options *options = sensor->options;
	bool suppress_limited = !options->compiled_suppress &&
				rpcs_policy_suppresses(options->policy);
	bool some = any_port_limited || kept->text[0];

	rpcs_log_info("SIGHUP: policy %s is in force, %u rules%s%s%s%s%s", options->policy_path,
		      rpcs_policy_rule_count(options->policy),
		      some ? "; as before until the next start: " : "", kept->text,
		      any_port_limited && kept->text[0] ? ", " : "",
		      any_port_limited ? "sensor.any_port" : "",
		      suppress_limited
			      ? "; suppress: kernel only leaves lines out until the next start"
			      : "");
}

int rpcs_sensor_take_policy(struct rpcs_sensor *sensor, int fd)
{
	RPCS_OWNED_FD file = fd;
	RPCS_CLEANUP(rpcs_policy_free) struct rpcs_policy *fresh = NULL;
	const struct rpcs_sensor_options *options = sensor->options;
	const char *path = options->policy_path;
	bool any_port_limited;
	struct rpcs_policy_kept kept = { "" };
	uint64_t next_ns;
	int err;

	if (!path || rpcs_sensor_read_policy(file, path, &fresh))
		return 0;
	any_port_limited = rpcs_sensor_limit_any_port(sensor, fresh);
	err = rpcs_pipeline_reload(sensor->pipeline, &fresh, &options->state_fds, &kept);
	if (err) {
		rpcs_log_error("SIGHUP: policy %s: %s; %s", path, strerror(-err),
			       fresh ? "the one before stays in force"
				     : "it is in force here but not in the kernel: start it again");
		/* Detections that could not be made anew cannot go on. */
		return err == -ENOMEM && !fresh ? err : 0;
	}
	next_ns = rpcs_sensor_now(sensor) + sensor->settings->stats_interval_ns;
	if (sensor->next_stats_ns > next_ns)
		sensor->next_stats_ns = next_ns;
	rpcs_sensor_tell_policy(sensor, any_port_limited, &kept);
	return 0;
}
