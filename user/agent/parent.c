// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Starting a run: lock, programs, children, then the interfaces. */
#include "parent.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <systemd/sd-daemon.h>

#include "../base/cleanup.h"
#include "../base/log.h"
#include "../source/capability.h"
#include "home.h"
#include "ipc.h"
#include "journal_writer.h"
#include "link_watch.h"
#include "parent_state.h"
#include "sensor.h"

enum { RPCS_PARENT_READY_MS = 20000 };

/** Every signal that ends or turns a run comes through a descriptor. */
static int rpcs_parent_signals(struct rpcs_parent *parent)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	parent->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (parent->signal_fd >= 0)
		return 0;
	rpcs_log_error("cannot receive signals: %s", strerror(errno));
	return -EMFILE;
}

/** The children read hostile bytes: root's number alone opens root's files. */
static int rpcs_parent_children_rights(void)
{
	struct rpcs_identity identity = rpcs_privilege_identity();

	if (identity.uid != 0)
		return 0;
	rpcs_log_error("cannot run: without CAP_SETUID and CAP_SETGID the sensor would stay root; "
		       "grant them, or run as another user with the other capabilities");
	return -EPERM;
}

/** Before the lock: without rights the run could not even say who holds it. */
static int rpcs_parent_rights(void)
{
	char text[RPCS_CAPABILITY_TEXT];
	unsigned int missing = rpcs_capability_missing(RPCS_CAPABILITY_ALL);

	if (!missing)
		return rpcs_parent_children_rights();
	rpcs_log_error("cannot run: this process lacks %s; run it as root, or grant them",
		       rpcs_capability_format(missing, text));
	return -EPERM;
}

static int rpcs_parent_lock(struct rpcs_parent *parent)
{
	pid_t holder = 0;
	int err = rpcs_lock_take(&parent->lock, &holder);

	if (err == -EBUSY)
		rpcs_log_error("cannot run: another run is active, process %d; end it, or name "
			       "all interfaces in one run",
			       (int)holder);
	else if (err)
		rpcs_log_error("cannot take the lock %s: %s; run as root, or set " RPCS_RUN_DIR_ENV,
			       parent->lock.path, strerror(-err));
	return err;
}

static int rpcs_parent_inspect(struct rpcs_parent *parent)
{
	const struct rpcs_run_plan *plan = parent->plan;
	uint32_t i;
	int err;

	for (i = 0; i < plan->interface_count; i++) {
		err = rpcs_interface_inspect(plan->interfaces[i], &parent->interfaces[i]);
		if (err) {
			rpcs_log_error("cannot watch %s: %s; `ip link` lists the interfaces",
				       plan->interfaces[i],
				       err == -ENODEV ? "no such interface" : strerror(-err));
			return err;
		}
		rpcs_interface_choose(&parent->interfaces[i], plan->mode, plan->egress);
	}
	return 0;
}

/** The hooks that are of use: the programs of others cost a start half its time. */
static uint32_t rpcs_parent_hooks(const struct rpcs_parent *parent)
{
	uint32_t i, hooks = 0;

	for (i = 0; i < parent->plan->interface_count; i++)
		hooks |= rpcs_interface_hooks(&parent->interfaces[i], parent->plan->mode);
	return hooks;
}

static int rpcs_parent_load(struct rpcs_parent *parent)
{
	struct rpcs_kernel_options options = { .pin = true, .hooks = rpcs_parent_hooks(parent) };
	int err = rpcs_home_apply(parent->policy);

	if (err) {
		rpcs_log_error("cannot read the addresses of this host: %s; set networks.home in "
			       "the policy",
			       strerror(-err));
		return err;
	}
	rpcs_kernel_options_fill(&options, parent->policy);
	return rpcs_kernel_load(&options, &parent->kernel);
}

static int rpcs_parent_fork_writer(struct rpcs_parent *parent, const struct rpcs_identity *identity,
				   int entries_fd)
{
	pid_t self = getpid();
	int side = rpcs_child_fork("journal writer", &parent->writer);

	if (side == 0)
		_exit(rpcs_journal_writer_main(entries_fd, self, identity));
	return side < 0 ? side : 0;
}

static int rpcs_parent_fork_sensor(struct rpcs_parent *parent, const struct rpcs_identity *identity,
				   int control_fd, int journal_fd)
{
	struct rpcs_sensor_options options = {
		.policy = parent->policy,
		.parent = getpid(),
		.identity = *identity,
		.parent_fd = control_fd,
		.counters_fd = rpcs_kernel_counters_fd(parent->kernel),
		.eve_fd = parent->eve_fd,
		.eve_path = parent->eve_fd > STDERR_FILENO ? parent->plan->eve : NULL,
		.journal_fd = journal_fd,
		.text = parent->plan->text,
		.text_terminal = isatty(STDOUT_FILENO),
		.text_transactions = parent->plan->verbose,
		.keep = parent->plan->keep,
		.egress = parent->plan->egress,
		.inventory_fd = parent->inventory_fd,
		.keeps_inventory = parent->store.folder_fd >= 0,
		.policy_path = parent->plan->policy_path,
		.any_port_given = parent->plan->any_port_given,
		.any_port = parent->plan->any_port,
		.compiled_any_port = rpcs_policy_settings(parent->policy)->any_port,
		.compiled_suppress = rpcs_policy_suppresses(parent->policy),
	};
	int side;

	rpcs_kernel_ring_fds(parent->kernel, &options.rings);
	rpcs_kernel_state_fds(parent->kernel, &options.state_fds);
	/* The sensor tells of flows, replies and ports; the rest is not its to change. */
	options.state_fds.fragments = options.state_fds.firsts = -1;
	side = rpcs_child_fork("sensor", &parent->sensor);
	if (side == 0) {
		int status = rpcs_sensor_main(&options);

		fflush(NULL);
		_exit(status);
	}
	return side < 0 ? side : 0;
}

/** Both children, before anything is attached: they never hold a link. */
static int rpcs_parent_fork(struct rpcs_parent *parent)
{
	struct rpcs_identity identity = rpcs_privilege_identity();
	RPCS_OWNED_FD sensor_end = -1;
	RPCS_OWNED_FD journal_in = -1;
	RPCS_OWNED_FD journal_out = -1;
	int pair[2];
	int err = rpcs_ipc_pair(pair);

	if (err)
		return err;
	parent->sensor_fd = pair[0];
	sensor_end = pair[1];
	if (parent->plan->journal) {
		err = rpcs_ipc_pair(pair);
		if (err)
			return err;
		journal_in = pair[0];
		journal_out = pair[1];
		err = rpcs_parent_fork_writer(parent, &identity, journal_out);
		if (err)
			return err;
	}
	err = rpcs_parent_fork_sensor(parent, &identity, sensor_end, journal_in);
	if (!err && parent->eve_fd > STDERR_FILENO)
		rpcs_cleanup_fd(&parent->eve_fd);
	return err;
}

/** The sensor says that it has given its rights up; until then nothing is attached. */
static int rpcs_parent_await_sensor(struct rpcs_parent *parent)
{
	struct pollfd wait = { .fd = parent->sensor_fd, .events = POLLIN };
	struct rpcs_ipc_message message = { 0 };
	int passed, err;

	if (poll(&wait, 1, RPCS_PARENT_READY_MS) <= 0)
		err = -ETIMEDOUT;
	else
		err = rpcs_ipc_receive(parent->sensor_fd, &message, &passed);
	if (!err && message.kind != RPCS_IPC_READY)
		err = -EBADMSG;
	if (!err)
		rpcs_parent_judge_inventory(parent, message.verdict);
	/* Gone: it has said why. */
	if (err && err != -EPIPE)
		rpcs_log_error("the sensor does not start: %s; start it again", strerror(-err));
	return err;
}

static int rpcs_parent_attach(struct rpcs_parent *parent)
{
	uint32_t i;
	int err = rpcs_attachments_new(parent->kernel, &parent->attachments);

	if (err) {
		rpcs_log_error("cannot attach: %s", strerror(-err));
		return err;
	}
	for (i = 0; i < parent->plan->interface_count; i++) {
		struct rpcs_interface *interface = &parent->interfaces[i];

		err = rpcs_attachments_add(parent->attachments, interface, parent->plan->mode);
		if (err)
			return err;
		rpcs_log_info("%s: mode %s, %s; %s", interface->name,
			      rpcs_run_mode_name(interface->mode), interface->reason,
			      interface->egress ? "egress watched" : "egress not watched");
	}
	rpcs_attachments_settle(parent->attachments);
	return parent->plan->keep ? rpcs_attachments_pin(parent->attachments) : 0;
}

/** From here on: taking off or keeping what is attached, ending children, opening a file anew. */
static int rpcs_parent_give_up(struct rpcs_parent *parent)
{
	const char *eve = parent->plan->eve;
	int err = rpcs_privilege_reduce(eve && strcmp(eve, "-"));

	if (err)
		rpcs_log_error("cannot give up rights: %s; start it again", strerror(-err));
	else
		rpcs_parent_check_inventory(parent);
	return err;
}

static int rpcs_parent_start(struct rpcs_parent *parent)
{
	int err = rpcs_parent_rights();

	if (!err)
		err = rpcs_parent_signals(parent);
	if (!err)
		err = rpcs_parent_lock(parent);
	if (!err)
		err = rpcs_parent_inspect(parent);
	if (!err && parent->plan->eve) {
		err = rpcs_parent_open_eve(parent->plan->eve);
		if (err >= 0) {
			parent->eve_fd = err;
			err = 0;
		}
	}
	if (!err)
		err = rpcs_parent_load(parent);
	if (err)
		return err;

	rpcs_parent_open_inventory(parent);
	err = rpcs_parent_fork(parent);
	if (err) {
		rpcs_log_error("cannot start the sensor's processes: %s", strerror(-err));
		return err;
	}
	err = rpcs_parent_await_sensor(parent);
	if (!err)
		err = rpcs_parent_attach(parent);
	return err ? err : rpcs_parent_give_up(parent);
}

static void rpcs_parent_watching(struct rpcs_parent *parent)
{
	char names[256] = "";
	size_t len = 0;
	uint32_t i;

	for (i = 0; i < parent->plan->interface_count && len < sizeof(names); i++)
		len += (size_t)snprintf(names + len, sizeof(names) - len, "%s%s", i ? ", " : "",
					parent->interfaces[i].name);
	rpcs_log_info("watching %s; ^C ends", names);
	sd_notifyf(0, "READY=1\nSTATUS=watching %s", names);
}

/** What rpcs_parent_stop() has not closed: the lock is the last to go. */
static void rpcs_parent_release(struct rpcs_parent *parent)
{
	rpcs_kernel_free(&parent->kernel);
	rpcs_cleanup_fd(&parent->signal_fd);
	rpcs_cleanup_fd(&parent->links_fd);
	rpcs_cleanup_fd(&parent->inventory_fd);
	rpcs_store_close(&parent->store);
	if (parent->eve_fd > STDERR_FILENO)
		rpcs_cleanup_fd(&parent->eve_fd);
	rpcs_lock_release(&parent->lock);
}

int rpcs_parent_main(const struct rpcs_run_plan *plan, struct rpcs_policy *policy)
{
	RPCS_CLEANUP(rpcs_parent_release)
	struct rpcs_parent parent = {
		.plan = plan,
		.policy = policy,
		.lock = { .fd = -1 },
		.sensor = { .role = "sensor", .pidfd = -1 },
		.writer = { .role = "journal writer", .pidfd = -1 },
		.sensor_fd = -1,
		.eve_fd = -1,
		.signal_fd = -1,
		.links_fd = -1,
		.store = RPCS_STORE_NONE,
		.inventory_fd = -1,
	};

	parent.failed = rpcs_parent_start(&parent) != 0;
	if (!parent.failed) {
		parent.links_fd = rpcs_link_watch_open();
		rpcs_parent_watching(&parent);
		rpcs_parent_loop(&parent);
	}
	rpcs_parent_stop(&parent);
	return parent.failed ? RPCS_EXIT_FAILURE : RPCS_EXIT_OK;
}
