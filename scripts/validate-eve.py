#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Hold event lines against schema/eve.json.

usage: scripts/validate-eve.py [FILE]...

Reads EVE JSON from the files, or from standard input. Says what is wrong with the first ten bad
lines on standard error and exits 1; prints how many lines are right and exits 0. Beside the schema
a line has to be printable ASCII, end with a newline, have no key twice, and addresses in RFC 5952
form. Exits 2 when it cannot run (python3-jsonschema is missing, no such file).
"""
import ipaddress
import json
import os
import sys

try:
    import jsonschema
except ImportError:
    print("validate-eve: no jsonschema: apt-get install python3-jsonschema", file=sys.stderr)
    sys.exit(2)

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SCHEMA = os.path.join(TOP, "schema", "eve.json")
ERRORS_MAX = 10
formats = jsonschema.FormatChecker(formats=())


@formats.checks("ipv4", raises=ValueError)
def is_ipv4(text):
    return not isinstance(text, str) or bool(ipaddress.IPv4Address(text))


@formats.checks("ipv6", raises=ValueError)
def is_ipv6(text):
    return not isinstance(text, str) or str(ipaddress.IPv6Address(text)) == text


def without_doubles(pairs):
    keys = [key for key, _ in pairs]
    double = {key for key in keys if keys.count(key) > 1}
    if double:
        raise ValueError(f"a key is there twice: {', '.join(sorted(double))}")
    return dict(pairs)


def faults(validator, raw):
    """What is wrong with a line, as short texts."""
    if not raw.endswith(b"\n"):
        return ["the line is not ended"]
    if any(byte < 0x20 or byte > 0x7e for byte in raw[:-1]):
        return ["the line is not printable ASCII"]
    try:
        event = json.loads(raw, object_pairs_hook=without_doubles)
    except ValueError as e:
        return [f"no JSON: {e}"]
    found = [("/".join(map(str, e.absolute_path)), e.message[:300])
             for e in validator.iter_errors(event)]
    return [f"{path or 'the line'}: {message}" for path, message in sorted(found)]


def main():
    with open(SCHEMA, encoding="ascii") as f:
        schema = json.load(f)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema, format_checker=formats)
    good = bad = 0
    for name in sys.argv[1:] or ["-"]:
        with (sys.stdin.buffer if name == "-" else open(name, "rb")) as f:
            for number, raw in enumerate(f, 1):
                wrong = faults(validator, raw)
                if not wrong:
                    good += 1
                    continue
                bad += 1
                print(f"{name}:{number}: {'; '.join(wrong[:4])}", file=sys.stderr)
                print("  " + raw[:400].decode("ascii", "backslashreplace"), file=sys.stderr)
                if bad == ERRORS_MAX:
                    return 1
    print(f"{good} lines right, {bad} wrong")
    return 1 if bad else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except OSError as e:
        print(f"validate-eve: {e.filename}: {e.strerror}", file=sys.stderr)
        sys.exit(2)
