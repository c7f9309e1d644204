/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The directory of pins, and the names in it (spec cli.md, Pins). */
#ifndef RPCSENTRY_SOURCE_PINS_H
#define RPCSENTRY_SOURCE_PINS_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RPCS_PIN_DIR_VARIABLE "RPCSENTRY_PIN_DIR"

enum { RPCS_PIN_PATH = 256 };

/** What a pin under links/ holds: links, or where the kernel has none for TC, programs. */
enum rpcs_pin_hook {
	RPCS_PIN_XDP,
	RPCS_PIN_INGRESS,
	RPCS_PIN_EGRESS,
	RPCS_PIN_INGRESS_CLSACT,
	RPCS_PIN_EGRESS_CLSACT,
	RPCS_PIN__MAX
};

/** RPCS_PIN_DIR, or what the variable RPCSENTRY_PIN_DIR says (tests use one of their own). */
const char *rpcs_pins_dir(void);

/** DIR/NAME into `path`; -ENAMETOOLONG. */
int rpcs_pins_path(const char *name, char path[RPCS_PIN_PATH]);

/** DIR/links/IFACE-HOOK; bpffs refuses dots in names, so a dot becomes a colon. */
int rpcs_pins_link_path(const char *iface, enum rpcs_pin_hook hook, char path[RPCS_PIN_PATH]);

/**
 * Makes the directories of pins on a BPF file system, which is mounted where it
 * is missing. Logs one line on failure; -errno.
 */
int rpcs_pins_prepare(void);

/** One pinned link or program. */
struct rpcs_pin {
	char iface[IF_NAMESIZE];
	enum rpcs_pin_hook hook;
};

/** Up to `max` pins under links/; the number there, 0 without the directory, or -errno. */
int rpcs_pins_list(struct rpcs_pin *pins, int max);

/** "ingress" and so on, as in the pin's own name. */
const char *rpcs_pins_hook_name(enum rpcs_pin_hook hook);

/** Takes the directories away that are empty by now. */
void rpcs_pins_tidy(void);

/** Opens a pin; -ENOENT when there is none, else -errno. The caller closes it. */
int rpcs_pins_open(const char *path);

/** The id of the map at a path, 0 when there is none. */
uint32_t rpcs_pins_map_id(const char *path);

#endif
