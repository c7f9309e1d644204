# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""TAP for the tests in Python: a line for each case, its detail as comments below."""
import sys
import traceback


class Tap:
    def __init__(self):
        self.count = self.failed = 0

    def _line(self, verdict, name, detail):
        self.count += 1
        print(f"{verdict} {self.count} - {name}")
        for line in str(detail).splitlines() if detail else ():
            print(f"# {line}")
        sys.stdout.flush()

    def check(self, name, good, detail=""):
        """One case; the detail is shown when it failed. Returns whether it was good."""
        self.failed += not good
        self._line("ok" if good else "not ok", name, "" if good else detail)
        return bool(good)

    def equal(self, name, got, expected):
        return self.check(name, got == expected, f"got      {got!r}\nexpected {expected!r}")

    def skip(self, name, reason):
        self._line("ok", f"{name} # SKIP {reason}", "")

    def guard(self, name, function, *args):
        """Runs a group of cases: what it throws is a failed case, and the next group still runs."""
        try:
            return function(*args)
        except Exception:  # pylint: disable=broad-except
            self.check(name, False, traceback.format_exc())
            return None

    def done(self):
        print(f"1..{self.count}")
        return 1 if self.failed else 0
