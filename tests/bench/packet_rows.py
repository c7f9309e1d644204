# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What bench_packet printed, as rows: nanoseconds above an empty program, or bare records."""
import rows

# Other people's packets may cost so many nanoseconds more than an empty program.
OTHERS = {"any_port off": 12, "any_port first": 18}
# Calls that become a record, in units of a bare one, both above an empty program.
RECORDS = {"any_port off": 1.9, "any_port first": 1.9, "with budget": 2.8, "budget and list": 2.8}
YARDSTICKS = ("empty", "parse", "bare record", "bare record, clock")


def aim_of(one):
    """A call that another look-up has to follow is no yardstick's business."""
    return None if one["packet"] == "UDP GETPORT, TCP" else RECORDS.get(one["program"])


def others_aim(one):
    """NFS is RPC, if none that leaves a record."""
    return None if one["packet"].startswith("NFS") else OTHERS.get(one["program"])


def of_packet(one, bare):
    """`bare`: nanoseconds of a bare record above empty, by hook."""
    name = f"{one['packet']}, {one['hook']}, {one['program']}"
    more = one["above_empty_ns"]
    if one["program"] in YARDSTICKS:
        made = rows.row(f"yardstick: {name}", one["ns"], "ns", "empty", one["ns"] - more)
        if one["program"] == "bare record, clock":
            made["verdict"] = f"{one['bare_records']:.2f} bare records"
        return made
    if not one["ours"]:
        made = rows.row(f"{name}, above empty", more, "ns", "empty", one["ns"] - more,
                        most=others_aim(one), of="figure")
        made["ratio"] = one["ns"] / (one["ns"] - more) if one["ns"] > more else None
        return made
    return rows.row(f"{name}, above empty", more, "ns", "bare record, above empty", bare[one["hook"]],
                    most=one.get("most", aim_of(one)), ratio=one["bare_records"])


def of(printed):
    """All rows of its JSON; an empty program has one of its own for each hook."""
    bare = {one["hook"]: one["above_empty_ns"] for one in printed["rows"]
            if one["program"] == "bare record"}
    empty = {one["hook"]: one for one in reversed(printed["rows"]) if one["program"] == "empty"}
    made = [of_packet(one, bare) for one in printed["rows"]
            if one["program"] != "empty" or one is empty[one["hook"]]]
    made += [rows.row(f"verified instructions, {name}", count, "insns")
             for name, count in printed["verified"].items()]
    return made
