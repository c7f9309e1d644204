/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Hears of interfaces that come and go. */
#ifndef RPCSENTRY_AGENT_LINK_WATCH_H
#define RPCSENTRY_AGENT_LINK_WATCH_H

/** A descriptor that is readable when an interface changed; -errno. */
int rpcs_link_watch_open(void);

/** Takes what it says off. The caller then looks at its interfaces itself: nothing is parsed. */
void rpcs_link_watch_drain(int fd);

#endif
