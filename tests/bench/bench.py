#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Everything that is measured, as one table: figure, yardstick of the same run, ratio, aim, reached.

usage: bench.py [--json] [--scale SCALE] [--rounds N] [--docs] [PART]...

Nothing here fails for being slow; it fails when something could not be measured.
"""
import json
import os
import platform
import subprocess
import sys
import time

import document
import packet_rows
import rows

BENCH = os.path.join(rows.BUILD, "bench")
# bench_packet is no program of rows.py's: its rounds.
PACKET_ROUNDS = {"full": 9, "quick": 3, "tiny": 1}
# In this order, each a program that takes the options of rows.py.
PARTS = ("packet", "live", "stream", "start", "read", "growth")


def program(part):
    return os.path.join(rows.FOLDER, f"bench_{part}.py")


def machine():
    """What the figures belong to."""
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        models = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
    with open("/proc/meminfo", encoding="ascii") as file:
        total_kib = int(file.readline().split()[1])
    return {"cpu": models[0] if models else platform.machine(), "cpus": os.cpu_count(),
            "memory_gib": round(total_kib / (1 << 20), 1), "kernel": platform.release().split("-")[0],
            "load": round(os.getloadavg()[0], 2), "date": time.strftime("%Y-%m-%d")}


def machine_text(known):
    return (f"{known['cpus']} CPUs of {known['cpu']}, {known['memory_gib']} GiB, "
            f"Linux {known['kernel']}, load {known['load']} before; {known['date']}")


def output_of(command):
    """Its standard output. Whoever ends this process ends that one first."""
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as child:
        try:
            out, _ = child.communicate()
        except BaseException:
            child.terminate()
            try:
                child.wait(2)
            except subprocess.TimeoutExpired:
                child.kill()  # unshare does not heed the other; all in its namespaces go along
            raise
    if child.returncode:
        raise ValueError(f"exit status {child.returncode}")
    return out


def measure(part, scale, rounds, docs):
    """Its rows; none when it could not measure, and why has been said."""
    if part == "packet":
        command = [os.path.join(BENCH, "bench_packet"), "--json", "--rounds",
                   str(rounds or PACKET_ROUNDS[scale])]
    else:
        command = [program(part), "--json", "--scale", scale]
        command += ["--rounds", str(rounds)] if rounds else []
        command += ["--docs"] if docs and part == "growth" else []
    start = time.monotonic()
    print(f"bench: {part} ...", end="", file=sys.stderr, flush=True)
    try:
        printed = json.loads(output_of(command))
        made = packet_rows.of(printed) if part == "packet" else printed["rows"]
        if not made:
            raise ValueError("no row")
    except (OSError, ValueError, KeyError) as error:
        print(f"\nbench: {part} could not be measured: {error}", file=sys.stderr)
        return []
    print(f" {time.monotonic() - start:.0f} s", file=sys.stderr)
    return [{"part": part, **one} for one in made]


def show(known, made):
    print(machine_text(known))
    for part in dict.fromkeys(one["part"] for one in made):
        print(f"\n{part}")
        print("\n".join(rows.table([one for one in made if one["part"] == part])))
    judged = [one for one in made if one["reached"] is not None]
    missed = [one for one in judged if not one["reached"]]
    print(f"\n{len(judged) - len(missed)} of {len(judged)} aims reached"
          + (", not:" if missed else ""))
    for one in missed:
        print(f"  {one['part']}: {one['what']}")


def main():
    parser = rows.options(__doc__)
    there = [part for part in PARTS if part == "packet" or os.path.exists(program(part))]
    parser.add_argument("--docs", action="store_true", help="write the figures into docs/")
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(there))
    args = parser.parse_args()
    for part in args.parts:
        if part not in there:
            parser.error(f"no such part: {part}; there are: {', '.join(there)}")
    known, made, failed = machine(), [], []
    for part in args.parts or there:
        got = measure(part, args.scale, args.rounds, args.docs)
        made += got
        failed += [] if got else [part]
    if args.json:
        print(json.dumps({"machine": known, "scale": args.scale, "failed": failed, "rows": made},
                         indent=1))
    else:
        show(known, made)
    if args.docs and not failed:
        document.write(machine_text(known), made)
    if failed:
        sys.exit(f"bench: could not be measured: {', '.join(failed)}")


if __name__ == "__main__":
    main()
