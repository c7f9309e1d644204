# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The cases of test_e2e.sh; runs inside its lab."""
import json
import os
import signal
import subprocess
import sys
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, "tests"))
from tap import Tap  # noqa: E402

BINARY = os.path.join(TOP, os.environ.get("BUILD") or "build", "rpcsentry")
DIR, SEND = os.environ["LAB_DIR"], os.environ["LAB_SEND"]
CLIENT, SERVER, SERVER6 = os.environ["LAB_CLIENT"], os.environ["LAB_SERVER"], "2001:db8:2::2"
PINS = "/sys/fs/bpf/rpcsentry"
POLICY = ('networks:\n  home: [192.168.77.0/24, "2001:db8:2::/64"]\n'
          'allow: [{name: null-is-noise, calls: NULL}]\n')
DUMP, NULL = "4", "0"
tap = Tap()


def on(machine, *command, check=False):
    return subprocess.run(["nsenter", f"--net=/run/netns/{machine}", "--", *command],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
                          check=check)


def send(*arguments):
    return on("client", "python3", SEND, *arguments, check=True).stdout.strip()


def until(condition, seconds=10):
    """Waits for the condition's truth; what it last gave."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value or time.monotonic() > deadline:
            return value
        time.sleep(0.05)


def counters():
    """The pinned map as bpftool prints it, summed over CPUs."""
    done = subprocess.run(["bpftool", "-j", "map", "dump", "pinned", PINS + "/counters"],
                          capture_output=True, text=True, timeout=30, check=True)
    entry = json.loads(done.stdout)[0]
    total = {}
    for cpu in entry.get("formatted", entry)["values"]:
        for name, value in cpu["value"].items():
            total[name] = total.get(name, 0) + value
    return total


def balanced(count):
    return count["rpc_seen"] == (count["records_sent"] + count["records_suppressed"]
                                 + count["records_lost"])


def settled():
    """The counters once nothing moves any more."""
    last, same = counters(), 0
    while same < 4:
        time.sleep(0.05)
        now = counters()
        same = same + 1 if now == last else 0
        last = now
    return last


class Sensor:
    """A run in one of the machines; `with` ends it by SIGINT."""

    def __init__(self, name, machine, *arguments):
        self.log_path, self.eve = f"{DIR}/{name}.log", f"{DIR}/{name}.json"
        policy = f"{DIR}/{name}.yaml"
        with open(policy, "w", encoding="utf-8") as out:
            out.write(POLICY)
        self.command = ["nsenter", f"--net=/run/netns/{machine}", "--", BINARY, "run", "-c", policy,
                        "--eve", self.eve, *arguments]
        self.child = self.status = None

    def __enter__(self):
        with open(self.log_path, "w", encoding="utf-8") as log:
            self.child = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=log,
                                          stderr=log)
        until(lambda: "watching" in self.log() or self.child.poll() is not None)
        if self.child.poll() is not None or "watching" not in self.log():
            raise RuntimeError(f"the sensor did not start:\n{self.log()}")
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        if self.status is None:
            self.child.send_signal(signal.SIGINT)
            try:
                self.status = self.child.wait(timeout=15)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.status = "no end within 15 s of SIGINT"

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as log:
            return log.read()

    def events(self, kind=None, **match):
        with open(self.eve, "rb") as lines:
            found = [json.loads(line) for line in lines if line.endswith(b"\n")]
        return [e for e in found if (kind is None or e["event_type"] == kind)
                and all(e.get(k) == v for k, v in match.items())]

    def alerts(self, name, outcome=None):
        return [e for e in self.events() if e["event_type"] in ("alert", "alert_update")
                and e["alert"]["name"] == name and outcome in (None, e["alert"]["outcome"])]


def traces(machine, ifaces):
    """What is left of a run: pins, programs on the interfaces, processes, the lock."""
    left = []
    if os.path.exists(PINS):
        left.append("pins: " + " ".join(os.listdir(PINS)))
    for iface in ifaces:
        link = on(machine, "ip", "-d", "link", "show", "dev", iface).stdout
        left += ["xdp on " + iface] if "xdp" in link else []
        for side in ("ingress", "egress"):
            if on(machine, "tc", "filter", "show", "dev", iface, side).stdout.strip():
                left.append(f"a tc filter on {iface} {side}")
    if subprocess.run(["pgrep", "-x", "rpcsentry"], capture_output=True, check=False).returncode == 0:
        left.append("a process")
    if os.path.exists("/run/rpcsentry.lock"):
        left.append("the lock")
    return left


def test_counts_once(where, sensor):
    """Five calls and five replies are ten packets, whatever way they pass the interfaces."""
    before = settled()
    answers = [send("call", SERVER, NULL) for _ in range(3)] + [send("call", SERVER, DUMP)
                                                              for _ in range(2)]
    tap.equal(f"{where}: rpcbind answers through the programs", answers, ["answered"] * 5)
    after = settled()
    moved = {name: after[name] - before[name] for name in after}
    tap.equal(f"{where}: each packet counts once", moved["packets_watched"], 10)
    tap.equal(f"{where}: five calls and five replies reported", moved["rpc_seen"], 10)
    tap.check(f"{where}: nothing lost", not moved["records_lost"], moved)
    dumps = until(lambda: [e for e in sensor.events("portmap", proto="UDP")
                           if e["rpc"].get("procedure_name") == "DUMP"][1:])
    tap.check(f"{where}: one event for each DUMP, with its outcome",
              len(dumps or ()) == 1 and dumps[0]["rpc"]["status"] == "success"
              and dumps[0]["portmap"]["reply"]["mappings_count"] >= 8
              and dumps[0]["rpc"]["rtt_us"] > 0, dumps)


def test_tools(where, sensor):
    listed = on("client", "rpcinfo", "-p", SERVER)
    tap.check(f"{where}: rpcinfo -p works", "portmapper" in listed.stdout, listed.stderr)
    found = until(lambda: sensor.alerts("portmap-dump", "success"))
    tap.check(f"{where}: its DUMP is an alert, with the outcome", found, sensor.log())
    exposed = until(lambda: sensor.alerts("portmap-dump-exposed"))
    tap.check(f"{where}: the list that left is one of severity 1",
              exposed and exposed[0]["alert"]["severity"] == 1, exposed)
    on("client", "showmount", "-e", SERVER)
    found = until(lambda: [a for a in sensor.alerts("portmap-getport-sensitive", "success")
                           if a["alert"]["severity"] == 1])
    tap.check(f"{where}: showmount's lookup of mountd is one of severity 1, answered", found,
              sensor.alerts("portmap-getport-sensitive"))
    before = settled()["connections"]
    scan = on("client", "nmap", "-n", "-Pn", "-sS", "-p111", SERVER)
    tap.check(f"{where}: nmap -sS finds the port open", "111/tcp open" in scan.stdout, scan.stderr)
    tap.check(f"{where}: the scan's SYN is counted", settled()["connections"] > before)
    on("client", "rpcinfo", "-T", "udp6", SERVER6, "100000")
    found = until(lambda: [e for e in sensor.events("portmap") if e.get("dest_ip") == SERVER6])
    tap.check(f"{where}: IPv6 as well", found)


def test_other_port(where, sensor):
    """The service itself, without and with the portmapper's help."""
    if os.environ["LAB_STATD"] != "yes":
        tap.skip(f"{where}: RPC on another port", "no rpc.statd on this system, or it does not start")
        return
    for transport, arguments in (("UDP", ["-n", "20024", "-u"]), ("TCP", ["-n", "20024", "-t"]),
                                 ("TCP", ["-t"])):
        before = len(sensor.events("rpc_call", dest_port=20024, proto=transport))
        on("client", "rpcinfo", *arguments, SERVER, "100024", "1", check=True)
        found = until(lambda: sensor.events("rpc_call", dest_port=20024, proto=transport)[before:])
        tap.check(f"{where}: rpcinfo {' '.join(arguments)}: the call to status, answered",
                  found and found[0]["rpc"]["program"] == 100024
                  and found[0]["rpc"]["procedure"] == 0 and found[0]["rpc"]["status"] == "success",
                  found)


def test_spoofed(where, sensor):
    send("spoof", "eth0", "203.0.113.1", "127.0.0.1", SERVER, "100005")
    found = until(lambda: sensor.alerts("portmap-spoofed-local"))
    tap.check(f"{where}: an UNSET from 127.0.0.1 on the wire is an alert",
              found and found[0]["src_ip"] == "127.0.0.1", sensor.log())
    found = until(lambda: sensor.alerts("portmap-unset-remote"))
    tap.check(f"{where}: and an UNSET that is not local", found)


def test_accounts(where):
    count = settled()
    tap.check(f"{where}: bpftool prints counters by name", count.get("packets", 0) > 0, count)
    tap.check(f"{where}: rpc_seen = sent + suppressed + lost", balanced(count), count)
    shown = subprocess.run([BINARY, "stats", "--json"], capture_output=True, text=True, timeout=30,
                           check=False)
    tap.check(f"{where}: stats --json agrees with the map",
              shown.returncode == 0 and f'"rpc_seen":{count["rpc_seen"]}' in
              shown.stdout.replace(" ", ""), shown.stdout + shown.stderr)
    rules = {rule["name"]: rule["hits"] for rule in json.loads(shown.stdout or "{}").get("rules", [])}
    tap.check(f"{where}: and says how often each rule decided", rules.get("null-is-noise", 0) > 0,
              shown.stdout)


def test_end(where, machine, ifaces, sensor):
    count = settled()
    sensor.stop()
    tap.equal(f"{where}: SIGINT ends it with status 0", sensor.status, 0)
    last = sensor.events()[-1]
    tap.check(f"{where}: the last line is stats, and its sum is right",
              last["event_type"] == "stats" and balanced(last["stats"]["kernel"])
              and last["stats"]["kernel"]["rpc_seen"] >= count["rpc_seen"], last)
    tap.equal(f"{where}: nothing is left of it", traces(machine, ifaces), [])
    with open(sensor.eve, "rb") as lines:
        done = subprocess.run([os.path.join(TOP, "scripts", "validate-eve.py")], stdin=lines,
                              capture_output=True, text=True, timeout=60, check=False)
    tap.check(f"{where}: every line keeps to schema/eve.json", done.returncode == 0,
              done.stderr + done.stdout)


def test_place(machine, ifaces, mode):
    where = f"{machine}, {mode}"
    with Sensor(f"{machine}-{mode}", machine, "-i", ",".join(ifaces), "-m", mode) as sensor:
        tap.check(f"{where}: it says the mode it took", f"mode {mode}" in sensor.log(), sensor.log())
        test_counts_once(where, sensor)
        test_tools(where, sensor)
        test_other_port(where, sensor)
        if machine == "gateway":
            # The kernel drops such a packet there, after the programs have seen it.
            test_spoofed(where, sensor)
        test_accounts(where)
        test_end(where, machine, ifaces, sensor)


def test_one_way():
    with Sensor("one-way", "server", "-i", "eth0", "-m", "tc", "--no-egress") as sensor:
        send("call", SERVER, DUMP)
        sensor.stop()
        found = [e["rpc"]["status"] for e in sensor.events("portmap")]
        tap.check("server, --no-egress: the reply can't be seen, and the event claims none",
                  found == ["unknown"], found)


def journal(*arguments):
    subprocess.run(["journalctl", "--sync"], check=True, timeout=30)
    return subprocess.run(["journalctl", "-q", "--no-pager", "-t", "rpcsentry", *arguments],
                          capture_output=True, text=True, timeout=30, check=False).stdout


def test_journal():
    if os.environ["LAB_JOURNAL"] != "yes":
        tap.skip("the journal", "no systemd-journald, or no /etc/machine-id, on this system")
        return
    entries = until(lambda: journal("RPCS_DETECTION=portmap-dump", "-o", "json"))
    rows = [json.loads(line) for line in entries.splitlines()]
    tap.check("journal: journalctl -t rpcsentry RPCS_DETECTION=portmap-dump finds the alerts", rows)
    row = rows[0] if rows else {}
    for field, value in (("RPCS_SIGNATURE_ID", "1110001"), ("PRIORITY", "4"), ("RPCS_SEVERITY", "2"),
                         ("RPCS_SRC_IP", CLIENT), ("RPCS_DEST_IP", SERVER), ("RPCS_DEST_PORT", "111"),
                         ("RPCS_PROGRAM", "100000")):
        tap.equal(f"journal: {field}", row.get(field), value)
    tap.check("journal: RPCS_PROTO, RPCS_OUTCOME, RPCS_ALERT_ID, RPCS_XID, MESSAGE_ID are there",
              all(row.get(f) for f in ("RPCS_PROTO", "RPCS_OUTCOME", "RPCS_ALERT_ID", "RPCS_XID",
                                       "MESSAGE_ID")), row)
    explained = journal("RPCS_DETECTION=portmap-dump", "-x", "-n", "1")
    with open(f"{DIR}/rpcsentry.catalog", encoding="utf-8") as catalog:
        entry = catalog.read().split(f"-- {row.get('MESSAGE_ID')}")[1]
    # The catalog's text, but for the lines that journalctl fills with an entry's own fields.
    text = [line for line in entry.split("\n\n", 1)[1].split("\n-- ")[0].splitlines()
            if line.strip() and "@" not in line]
    tap.check("journal: -x explains it with the catalog's text",
              text and all(line.strip() in explained for line in text[:3]), explained)
    tap.check("journal: a spoofed source has priority 2 (critical)",
              '"PRIORITY":"2"' in journal("RPCS_DETECTION=portmap-spoofed-local", "-o", "json"))


def main():
    if not os.access(BINARY, os.X_OK):
        print(f"Bail out! {BINARY} is missing: run make first")
        return 1
    for mode in ("tc", "generic", "native"):
        tap.guard(f"gateway, {mode}", test_place, "gateway", ["wan", "lan"], mode)
    for mode in ("tc", "generic", "native"):
        tap.guard(f"server, {mode}", test_place, "server", ["eth0"], mode)
    tap.guard("one way", test_one_way)
    tap.guard("journal", test_journal)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
