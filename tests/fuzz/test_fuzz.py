#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The fuzz targets, as TAP: kept inputs once more, then new ones for RPCSENTRY_FUZZ_TIME seconds.

That is 60 where it is not set. Two targets run at a time. New inputs stay in build/fuzz/corpus, so that the next run goes on there.
"""
import concurrent.futures
import glob
import os
import re
import subprocess
import sys

import targets

AT_A_TIME = 2
# What counts as a hang, and as too much memory, of one input; quick ones are tried more often.
LIMITS = ["-timeout=30", "-rss_limit_mb=2048", "-entropic_scale_per_exec_time=1"]
EMPTY_TARGET = b"int LLVMFuzzerTestOneInput(const char *d, unsigned long n) { return !d && n; }"
# The fuzzer's own progress.
PROGRESS = re.compile(r"^(#\d+\s|\s*NEW_FUNC|INFO:|Running:|Executed |stat::)")


def reason_to_skip():
    """Why nothing can be built, or None."""
    clang = os.environ.get("CLANG") or "clang"
    try:
        built = subprocess.run([clang, "-fsanitize=fuzzer,address,undefined", "-x", "c", "-", "-o",
                                "/dev/null"], input=EMPTY_TARGET, capture_output=True, check=False)
    except OSError as error:
        return f"{clang}: {error.strerror}; apt-get install clang libclang-rt-dev"
    if built.returncode:
        return f"{clang} lacks its fuzzer runtime; apt-get install libclang-rt-dev"
    return None


def build():
    """The output of a build that failed, or None."""
    made = subprocess.run(["make", "--no-print-directory", "-C", targets.TOP, f"-j{os.cpu_count()}",
                           f"BUILD={targets.BUILD}", "fuzz-targets"], check=False, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return made.stdout if made.returncode else None


def execute(target, arguments):
    """(lines, exit status); the lines without the fuzzer's progress."""
    prefix = os.path.join(targets.BUILD, "fuzz", target + "-")
    done = subprocess.run([targets.program(target), *LIMITS, f"-artifact_prefix={prefix}",
                           *arguments], env=targets.environment(), check=False,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    return done.stdout.decode(errors="replace").splitlines(), done.returncode


def said(lines):
    return [line for line in lines if line.strip() and not PROGRESS.match(line)][:40]


def replay(target):
    """(what failed, number of inputs)."""
    files = [path for folder in (targets.regress(target), targets.kept(target))
             for path in sorted(glob.glob(os.path.join(folder, "*")))]
    if not files:
        return ["there are no inputs; tests/fuzz/seeds.py makes some"], 0
    lines, status = execute(target, files)
    if not status and sum(line.startswith("Executed ") for line in lines) == len(files):
        return None, len(files)
    last = [line.split(" ", 1)[1] for line in lines if line.startswith("Running: ")][-1:]
    return [f"broken by {' '.join(last)}, which held before"] + said(lines), len(files)


def fuzz(target, seconds):
    """(what failed, number of inputs)."""
    os.makedirs(targets.found(target), exist_ok=True)
    folders = [folder for folder in (targets.found(target), targets.kept(target),
                                     targets.regress(target)) if os.path.isdir(folder)]
    lines, status = execute(target, [f"-max_total_time={seconds}", "-print_final_stats=1",
                                     *folders])
    runs = [line.split()[-1] for line in lines if line.startswith("stat::number_of_executed_units")]
    if not status:
        return None, int(runs[-1]) if runs else 0
    files = [line.split("Test unit written to ", 1)[1] for line in lines
             if "Test unit written to " in line]
    mend = [line for path in files
            for line in (f"this input breaks it: {path}",
                         f"again: {targets.program(target)} {path}",
                         "mend: fix what it shows, then keep the input as a test: cp it to "
                         f"{os.path.relpath(targets.regress(target), targets.TOP)}/NAME")]
    return (mend or [f"exit status {status}, and no input was kept"]) + said(lines), 0


def work(target, seconds):
    """Both results of a target: (name, what failed or None, why skipped or None)."""
    failed, count = replay(target)
    results = [(f"{target}: corpus and regressions replayed ({count} inputs)", failed, None)]
    name = f"{target}: fuzzed for {seconds} s without a finding"
    if failed:
        results.append((name, None, "kept inputs break it already"))
    elif seconds == 0:
        results.append((name, None, "RPCSENTRY_FUZZ_TIME is 0"))
    else:
        failed, count = fuzz(target, seconds)
        if not failed and not count:
            failed = ["no input was tried"]
        results.append((name + (f" ({count} inputs)" if count else ""), failed, None))
    return results


def main():
    seconds = int(os.environ.get("RPCSENTRY_FUZZ_TIME") or 60)
    skip = reason_to_skip()
    if skip:
        print(f"1..0 # SKIP {skip}")
        return 0
    broken = build()
    if broken is not None:
        print("1..1\nnot ok 1 - the targets are built")
        print("".join(f"# {line}\n" for line in broken.splitlines()[-40:]))
        return 1
    names = targets.names()
    print(f"1..{2 * len(names)}", flush=True)
    number, status = 0, 0
    with concurrent.futures.ThreadPoolExecutor(AT_A_TIME) as pool:
        for results in pool.map(lambda name: work(name, seconds), names):
            for name, failed, why in results:
                number += 1
                status |= bool(failed)
                print(f"{'not ok' if failed else 'ok'} {number} - {name}" +
                      (f" # SKIP {why}" if why else ""))
                for line in failed or []:
                    print(f"# {line}")
                sys.stdout.flush()
    return status


if __name__ == "__main__":
    sys.exit(main())
