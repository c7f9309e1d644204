#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What a policy does to the alerts of all made attacks: what is permitted, what is switched off, and
a severity of the site's own change that and nothing else."""
import sys

import scene as sc
import test_attacks
import test_attacks_1999
from tap import Tap

NOTHING = "networks: {home: [10.0.0.0/8]}\nallow: []\n"
# What an allow rule silences (detections.md, "Allowed"); it never silences the others.
SILENCED = {
    "portmap-dump", "portmap-dump-exposed", "portmap-getport", "portmap-getport-sensitive",
    "portmap-set-remote", "portmap-unset-remote", "portmap-callit",
    "portmap-callit-forbidden-target", "portmap-getstat", "portmap-sweep", "portmap-fanout",
    "tool-fingerprint", "portmap-unknown-program", "rpc-direct", "rpc-direct-sensitive",
    "nfs-mount-external", "rpc-forged-root"}
tap = Tap()


def scenes():
    """(what, Scene) of every made attack."""
    found = []
    for module in (test_attacks, test_attacks_1999):
        module.expect = lambda what, made, *_: found.append((what, made))
        for group in module.GROUPS:
            group()
    return found


def names(rows):
    return sorted({row[0] for row in rows})


def permitted(what, made, before):
    """Everything, by name; all but SET and UNSET, which `all` does not name; and by a rule without
    calls, all but what a rule has to name."""
    if what == "the sweep whole":
        return  # SYNs are no calls
    changes = {"portmap-set-remote", "portmap-unset-remote"}
    forwarded = {"portmap-callit", "portmap-callit-forbidden-target"}
    for rules, reported in (("[{calls: [SET, UNSET]}, {calls: all}]", set()),
                            ("[{calls: all}]", changes),
                            ("[{name: any}]", changes | forwarded)):
        after = sc.summary(made.events(NOTHING.replace("[]", rules)))
        tap.equal(f"{what}: {rules}", names(after),
                  [name for name in names(before) if name not in SILENCED - reported])


def switched_off(what, made, before):
    for name in names(before):
        after = sc.summary(made.events(NOTHING + f"detections: {{{name}: {{enabled: false}}}}\n"))
        tap.equal(f"{what}: without {name}", after, [row for row in before if row[0] != name])


def severities(what, made, before):
    chosen = "".join(f"  {name}: {{severity: 4}}\n" for name in names(before))
    after = sc.summary(made.events(NOTHING + "detections:\n" + chosen))
    tap.equal(f"{what}: severities of the site's own", after,
              sorted((row[0], "4", *row[2:]) for row in before))


def main():
    seen = set()
    for what, made in scenes():
        before = sc.summary(made.events(NOTHING))
        seen.update(names(before))
        if not before:
            continue
        for group in (permitted, switched_off, severities):
            tap.guard(f"{what}: {group.__name__}", group, what, made, before)
    tap.check("most of the detections are among them", len(seen) >= 30, sorted(seen))
    sc.check_schema(tap)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
