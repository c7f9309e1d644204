#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Reduce a vmlinux.h on standard input to ROOTS and what they refer to."""
import re
import sys

# Types by their C name; an anonymous enum is wanted for any of its enumerators.
ROOTS = """
__u8 __u16 __u32 __u64 __s8 __s16 __s32 __s64 __be16 __be32 __be64 __wsum bool
xdp_md __sk_buff xdp_action bpf_map_type
true BPF_ANY BPF_RB_NO_WAKEUP BPF_RB_AVAIL_DATA
""".split()


def blocks(text):
    """Top-level declarations, in order: (names it defines, text)."""
    block, depth = [], 0
    for line in text.splitlines():
        if not block and (not line.strip() or line.startswith("#")):
            continue
        block.append(line)
        depth += line.count("{") - line.count("}")
        if depth == 0 and line.rstrip().endswith(";"):
            yield "\n".join(block)
            block = []


def names_of(block):
    head = re.match(r"(struct|union|enum)\s+(\w+)", block)
    names = set()
    if head and "{" in block:
        names.add(head.group(2))
    if block.startswith("typedef"):
        pointer = re.search(r"\(\*(\w+)\)", block)
        plain = re.search(r"(\w+)(?:\[\w*\])*;$", block)
        if pointer or plain:
            names.add((pointer or plain).group(1))
    if block.startswith("enum"):
        names.update(re.findall(r"^\t(\w+)\s*=", block, re.M))
    return names


def main():
    order = list(blocks(sys.stdin.read()))
    where = {}
    for number, block in enumerate(order):
        for name in names_of(block):
            where.setdefault(name, number)
    wanted, todo = set(), list(ROOTS)
    while todo:
        name = todo.pop()
        number = where.get(name)
        if number is None or number in wanted:
            continue
        wanted.add(number)
        if order[number].startswith("enum"):
            continue
        # A pointer to a struct needs no definition of it.
        body = re.sub(r"(struct|union) \w+ \*", "", order[number])
        todo += re.findall(r"\b(?:struct|union|enum) (\w+)", body)
        todo += re.findall(r"^(?:typedef|\s+)\s*(\w+) \w", body, re.M)
    print("""/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Kernel types for the BPF programs; made by scripts/gen-vmlinux.sh, do not edit. */
#ifndef RPCSENTRY_VMLINUX_H
#define RPCSENTRY_VMLINUX_H

#ifndef BPF_NO_PRESERVE_ACCESS_INDEX
#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
#endif
""")
    for number in sorted(wanted):
        print(order[number] + "\n")
    print("""#ifndef BPF_NO_PRESERVE_ACCESS_INDEX
#pragma clang attribute pop
#endif

#endif""")


main()
