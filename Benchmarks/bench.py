#!/usr/bin/env python3
"""Measures swctr beside Debian's containerd and the bare OCI runtimes, in one run.

    bench.py [--runs N] [--bin DIR] [--keep] [--only PART]…      needs root; `make bench` builds what it measures

What is compared is measured in interleaved rounds: each runs every command once, in a new order, so that what else the
machine does meets all alike. Wall time is from before the spawn to after the wait, with stdio at /dev/null. Prints the
figures with the aim beside each that has one (none fails the run), writes them into docs/performance.md and README.md,
and adds a line to Benchmarks/History.csv; with --keep or --only it only prints.
"""
import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import daemons
import shims
from report import REPOSITORY, Report, describe, headline, replace_figures, write_history

PARTS = {
    "run": lambda host, report: daemons.measure(host, report, host.runs),
    "size": shims.size,
    "idle": shims.idle,
    "pod": shims.pods,
    "start": lambda host, report: shims.start(host, report, host.runs),
    "exec": lambda host, report: shims.execs(host, report, host.runs * 2),
    "output": shims.output,
}


class Host:
    """Where the programs of this run are, and its folder."""

    def __init__(self, binaries, folder, runs):
        self.folder, self.runs = folder, runs
        self.env = {"PATH": "%s:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" % binaries, "HOME": "/root"}

    def which(self, program):
        path = shutil.which(program, path=self.env["PATH"])
        if not path:
            raise SystemExit("bench: %s is missing: make release bench-deps" % program)
        return path

    def must(self, *command):
        done = subprocess.run(command, env=self.env, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit("bench: %s: %s" % (" ".join(command), done.stderr.strip()))
        return done.stdout

    @staticmethod
    def settle():
        """Lets programs finish what they still do (Go's collector too) before their memory is looked at."""
        time.sleep(2)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=30, help="rounds (default 30, at least 20)")
    parser.add_argument("--bin", type=Path, default=REPOSITORY / "dist/bin", help="the programs to measure")
    parser.add_argument("--keep", action="store_true", help="change neither History.csv nor the pages")
    parser.add_argument("--only", action="append", choices=PARTS, help="run this part; may be given more than once")
    options = parser.parse_args()
    if os.geteuid():
        raise SystemExit("bench: needs root")
    if options.runs < 20:
        raise SystemExit("bench: --runs: at least 20, fewer say nothing")
    subprocess.run([str(REPOSITORY / "Tests/Support/prepare.sh")], check=True)
    os.sync()  # a program that was just built is still dirty, and counted as such
    folder = Path(tempfile.mkdtemp(prefix="swctr-bench-"))
    host, report = Host(options.bin.resolve(), folder, options.runs), Report()
    try:
        for name in options.only or PARTS:
            print("bench: %s" % name, file=sys.stderr, flush=True)
            # The kernel goes on taking away the part before (a hundred control groups): an exec after it took 0.8 ms more.
            time.sleep(10)
            PARTS[name](host, report)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    facts = describe(host.env, options.runs)
    print("\n".join(["", "%(date)s %(revision)s, %(host)s" % facts, facts["versions"], "", *report.lines()]))
    if not options.keep and not options.only:
        write_history(facts, report.record)
        note = "%(date)s, revision %(revision)s. %(host)s. %(versions)s. Medians of %(runs)s rounds, one run." % facts
        replace_figures("docs/performance.md", [note, "", *report.lines()])
        replace_figures("README.md", headline(report.record))


if __name__ == "__main__":
    sys.exit(main())
