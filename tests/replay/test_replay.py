#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""`rpcsentry read` over captures with known contents: every message, both engines, good and bad files."""
import json
import os
import subprocess
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(TOP, "tests"), os.path.join(TOP, "tests", "replay")]
import files  # noqa: E402
import truth  # noqa: E402
from tap import Tap  # noqa: E402

BINARY = os.path.join(TOP, os.environ.get("BUILD") or "build", "rpcsentry")
CAPTURES = os.path.join(TOP, "tests", "captures")
VALIDATE = os.path.join(TOP, "scripts", "validate-eve.py")
PCAPS = sorted(name for name in os.listdir(CAPTURES) if name.endswith(".pcap"))
tap = Tap()


def read(path, *flags, stdin=None, binary=BINARY, prefix=()):
    with open(stdin, "rb") if stdin else open(os.devnull, "rb") as source:
        return subprocess.run([*prefix, binary, "read", path, *flags], stdin=source,
                              capture_output=True, timeout=120, check=False)


def lines(done, *kinds):
    events = [json.loads(line) for line in done.stdout.splitlines()]
    return [event for event in events if not kinds or event["event_type"] in kinds]


def one_error_line(done):
    error = done.stderr.decode(errors="replace")
    return error.startswith("rpcsentry: ") and error.count("\n") == 1


def engines():
    probe = read(os.path.join(CAPTURES, PCAPS[0]), "--engine", "kernel")
    if probe.returncode == 0:
        return ["native", "kernel"]
    if os.geteuid() == 0:
        tap.check("the kernel engine runs as root", False, probe.stderr.decode(errors="replace"))
    else:
        tap.skip("the kernel engine", "it needs root: " + probe.stderr.decode(errors="replace").strip())
    return ["native"]


def test_truth(engine):
    for name in PCAPS:
        path = os.path.join(CAPTURES, name)
        done = read(path, "--messages", "--eve", "-", "--any-port", "off", "--engine", engine)
        faults = truth.compare([t for t in truth.load(path + ".truth.jsonl") if truth.of_portmapper(t)],
                               lines(done, "rpc"))
        if done.returncode not in (0, 3):
            faults.append(f"exit status {done.returncode}: {done.stderr.decode(errors='replace')}")
        tap.check(f"{engine}: {name}: every message as it is in truth", not faults, "\n".join(faults))


def without_time(done):
    """The lines but for what an engine may say differently: how it got there, in `stats`."""
    return [line for line in done.stdout.splitlines() if b'"event_type":"stats"' not in line]


def test_same(flags):
    for name in PCAPS:
        path = os.path.join(CAPTURES, name)
        native = read(path, "--eve", "-", *flags)
        again = read(path, "--eve", "-", *flags)
        tap.check(f"read {name} {' '.join(flags)} twice: the same bytes",
                  native.stdout == again.stdout, difference(native, again))


def test_engines_agree(flags):
    for name in PCAPS:
        path = os.path.join(CAPTURES, name)
        native = read(path, "--eve", "-", *flags)
        kernel = read(path, "--eve", "-", "--engine", "kernel", *flags)
        tap.check(f"{name} {' '.join(flags)}: native and kernel say the same",
                  without_time(native) == without_time(kernel), difference(native, kernel))


def difference(one, other):
    for first, second in zip(one.stdout.splitlines(), other.stdout.splitlines()):
        if first != second:
            return f"{first.decode()}\n{second.decode()}"
    return f"{len(one.stdout)} and {len(other.stdout)} bytes\n{other.stderr.decode(errors='replace')}"


def test_schema():
    for flags in ((), ("--messages",), ("--any-port", "all", "--messages")):
        out = b"".join(read(os.path.join(CAPTURES, name), "--eve", "-", *flags).stdout for name in PCAPS)
        done = subprocess.run([VALIDATE], input=out, capture_output=True, timeout=120, check=False)
        tap.check(f"every line keeps to schema/eve.json: read {' '.join(flags)}".rstrip(),
                  done.returncode == 0 and out, (done.stderr + done.stdout).decode(errors="replace"))


def test_alerts():
    """Of a run's lines, in their order, `--alerts` leaves out those of calls and services."""
    left = []
    for name in PCAPS:
        path = os.path.join(CAPTURES, name)
        events = [line for line in read(path, "--eve", "-").stdout.splitlines()
                  if json.loads(line)["event_type"] not in ("portmap", "rpc_call", "services")]
        done = read(path, "--alerts", "--eve", "-")
        left += done.stdout.splitlines()
        tap.check(f"{name}: --alerts", done.returncode == 0 and done.stdout.splitlines() == events)
        text = [line for line in read(path).stdout.splitlines()
                if not line[:1].isdigit() or line.split()[1] not in (b"call", b"server")]
        tap.check(f"{name}: --alerts as text", read(path, "--alerts").stdout.splitlines() == text)
    tap.check("--alerts: some of them", any(b'"event_type":"alert"' in line for line in left))
    done = read(os.path.join(CAPTURES, PCAPS[0]), "--alerts", "--messages")
    tap.check("--alerts with --messages: usage", done.returncode == 2 and one_error_line(done))


def test_file_forms(folder):
    name = "rpcinfo_p_cli.pcap"
    plain = read(os.path.join(CAPTURES, name), "--messages", "--eve", "-")
    tap.check("standard input", read("-", "--messages", "--eve", "-", stdin=os.path.join(
        CAPTURES, name)).stdout == plain.stdout)
    capture = files.Capture(os.path.join(CAPTURES, name))
    for form in (files.big_endian, files.nanoseconds, files.pcapng):
        path = os.path.join(folder, form.__name__)
        with open(path, "wb") as out:
            out.write(form(capture))
        done = read(path, "--messages", "--eve", "-")
        tap.check(f"the same file as {form.__name__}", done.stdout == plain.stdout,
                  difference(plain, done))


def test_cut(folder):
    whole = os.path.join(CAPTURES, "rpcinfo_p_cli.pcap")
    capture = files.Capture(whole)
    messages = lines(read(whole, "--messages", "--eve", "-"), "rpc")
    path = os.path.join(folder, "cut.pcap")
    for number in range(2, len(capture.frames) + 1):
        with open(path, "wb") as out:
            out.write(files.cut_in_frame(capture, number))
        done = read(path, "--messages", "--eve", "-")
        before = [m for m in messages if m["pcap_cnt"] < number]
        if not tap.check(f"cut in frame {number}: exit 3, one line, and all before it",
                         done.returncode == 3 and one_error_line(done)
                         and lines(done, "rpc") == before,
                         f"exit {done.returncode}\n{done.stderr.decode(errors='replace')}"
                         f"{len(lines(done, 'rpc'))} messages of {len(before)}"):
            break


def test_no_capture(folder):
    def made(name, content):
        with open(os.path.join(folder, name), "wb") as out:
            out.write(content)
        return os.path.join(folder, name)

    for what, path in (("an empty file", made("empty", b"")),
                       ("a text", made("text", b"this is no capture at all\n" * 10)),
                       ("five bytes", made("short", b"\xd4\xc3\xb2\xa1\x02")),
                       ("no such file", os.path.join(folder, "missing")),
                       ("a directory", folder)):
        done = read(path)
        tap.check(f"{what}: exit 1 and one line", done.returncode == 1 and one_error_line(done)
                  and not done.stdout, f"exit {done.returncode}\n{done.stderr.decode(errors='replace')}")
    for what, flags in (("an unknown flag", ["--no-such-flag"]), ("an unknown engine", ["--engine", "x"]),
                        ("a bad policy", ["-c", made("policy", b"allow:\n  - calls: DUMPP\n")])):
        done = read(os.path.join(CAPTURES, PCAPS[0]), *flags)
        tap.check(f"{what}: exit 2 and no output", done.returncode == 2 and not done.stdout
                  and done.stderr.startswith(b"rpcsentry: "),
                  f"exit {done.returncode}\n{done.stderr.decode(errors='replace')}")


def test_no_privilege(folder):
    if os.geteuid() != 0:
        tap.skip("read without privilege", "not root already: every other case shows it")
        return
    # A folder that the other user can read, whatever the tree's own modes are.
    os.chmod(folder, 0o755)
    binary, path = os.path.join(folder, "rpcsentry"), os.path.join(folder, "plain.pcap")
    for source, target, mode in ((BINARY, binary, 0o755),
                                 (os.path.join(CAPTURES, PCAPS[0]), path, 0o644)):
        with open(source, "rb") as file, open(target, "wb") as out:
            out.write(file.read())
        os.chmod(target, mode)
    nobody = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all")
    done = read(path, "--eve", "-", binary=binary, prefix=nobody)
    root = read(path, "--eve", "-")
    tap.check("native: no privilege, the same output",
              done.returncode == 0 and done.stdout == root.stdout,
              done.stderr.decode(errors="replace") or difference(done, root))
    done = read(path, "--engine", "kernel", binary=binary, prefix=nobody)
    tap.check("kernel: no privilege is one line that names the capability, exit 1",
              done.returncode == 1 and one_error_line(done) and b"CAP_BPF" in done.stderr,
              f"exit {done.returncode}\n{done.stderr.decode(errors='replace')}")


def test_tunnels_off(engine, folder):
    policy = os.path.join(folder, "off.yaml")
    with open(policy, "w", encoding="utf-8") as out:
        out.write("sensor: {tunnels: false}\n")
    path = os.path.join(CAPTURES, "tunnels.pcap")
    done = read(path, "-c", policy, "--messages", "--eve", "-", "--engine", engine)
    kinds = [event["event_type"] for event in lines(done)]
    tap.check(f"{engine}: with `tunnels: false` nothing is looked into", kinds == ["stats"], str(kinds))


def main():
    if not os.access(BINARY, os.X_OK):
        print(f"Bail out! {BINARY} is missing: run make first")
        return 1
    available = engines()
    for engine in available:
        tap.guard(f"{engine}: truth", test_truth, engine)
    for flags in ((), ("--messages",)):
        tap.guard("the same twice", test_same, flags)
        if "kernel" in available:
            tap.guard("both engines", test_engines_agree, flags)
    tap.guard("schema", test_schema)
    tap.guard("alerts only", test_alerts)
    with tempfile.TemporaryDirectory() as folder:
        tap.guard("file forms", test_file_forms, folder)
        tap.guard("cut files", test_cut, folder)
        tap.guard("no capture", test_no_capture, folder)
        tap.guard("no privilege", test_no_privilege, folder)
        for engine in available:
            tap.guard(f"{engine}: tunnels off", test_tunnels_off, engine, folder)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
