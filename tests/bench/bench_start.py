#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""From exec to the sensor's word that it is ready, with the default policy and with large ones.

usage: bench_start.py [--json] [--scale SCALE] [--rounds N]

In a network of its own, on a veth pair, in the mode that `-m auto` takes there and with driver XDP;
all in turn, round after round; the median of the time on the clock counts.
"""
import statistics

import place
import rows

# Entries of a policy: addresses, over so many rules.
LARGE = {"full": 100000, "quick": 100000, "tiny": 200}
ROUNDS = {"full": 7, "quick": 3, "tiny": 1}


def policy(path, addresses, rules):
    each = addresses // rules
    with open(path, "w", encoding="ascii") as out:
        out.write("networks:\n  home: [10.0.0.0/8]\nallow:\n")
        for rule in range(rules):
            numbers = range(rule * each, (rule + 1) * each)
            texts = [f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}" for n in numbers]
            out.write(f"- {{calls: GETPORT, clients: [{', '.join(texts)}], "
                      f"programs: {300000 + rule % 1000}}}\n")
    return path


def main():
    args = rows.options(__doc__).parse_args()
    place.enter()
    place.sh("ip", "link", "add", "watched", "type", "veth", "peer", "name", "peer")
    for name in ("watched", "peer"):
        place.sh("ip", "link", "set", name, "up")
    large = LARGE[args.scale]
    one = policy("/run/one.yaml", large, 1)
    some = policy("/run/some.yaml", large, large // 100)
    many = policy("/run/many.yaml", large, large)
    ways = {"default policy": ([], 0.3), "default policy, driver XDP": (["-m", "native"], 0.3),
            f"{large:,} addresses in one rule": (["-c", one], 1),
            f"{large:,} addresses in {large // 100:,} rules": (["-c", some], 1),
            f"{large:,} rules of an address each": (["-c", many], 1)}
    taken = {name: [] for name in ways}
    for _ in range(args.rounds or ROUNDS[args.scale]):
        for name, (options, _) in ways.items():
            sensor = place.Sensor("-i", "watched", *options)
            taken[name].append((sensor.start_s, sensor.end()))
    made = []
    for name, (_, aim) in ways.items():
        first = statistics.median(wall for wall, _ in taken["default policy"])
        made.append(rows.row(f"start to ready, {name}", statistics.median(w for w, _ in taken[name]),
                             "s", None if name == "default policy" else "default policy",
                             None if name == "default policy" else first, most=aim, of="figure"))
        made[-1]["cpu_s"] = statistics.median(cpu for _, cpu in taken[name])
    rows.show(made, args.json)


if __name__ == "__main__":
    main()
