#!/usr/bin/env python3
"""Fuzzes what reads foreign bytes, with libFuzzer and the address and undefined-behaviour sanitizers.

    run.py [--harness] [--seconds N] [TARGET…]      N seconds for each target (default: all of them, 5 seconds each)

With --harness each target must first find the bug that is planted in it, or its silence would say nothing.

Seeds are in Corpus/TARGET and stay as they are; what a run adds is kept in build/fuzz/corpus/TARGET and used by the
next. An input that ends a target is left in build/fuzz/crashes; give it to the same program again with

    FUZZ_TARGET=TARGET build/fuzz/PROGRAM FILE
"""
import argparse
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent.parent
HERE = REPOSITORY / "Tests/Fuzz"
OUT = REPOSITORY / "build/fuzz"
PROGRAMS = {
    "shim": ["frames", "json", "documents", "addresses", "mounts", "cgroups", "logs", "requests", "descriptors"],
    "manager": ["manager-frames", "tar"],
}
# Nothing that the fuzzers are given is large, so whatever takes long or much is a fault.
LIMITS = ["-timeout=10", "-rss_limit_mb=512", "-max_len=4096"]
HARNESS_SECONDS = 30


def call(*command):
    subprocess.run([str(word) for word in command], cwd=REPOSITORY, check=True)


def paths(*patterns):
    return [path for pattern in patterns for path in sorted(REPOSITORY.glob(pattern))]


def build_shim(program):
    """The shim's decoders in Embedded Swift, as shipped; with glibc instead of musl, for the sanitizers."""
    call("make", "--no-print-directory", "-s", "-C", "shim", "all", "fuzz")


def build_manager(program):
    modules = OUT / "modules"
    modules.mkdir(exist_ok=True)
    flags = ["-O", "-gline-tables-only", "-swift-version", "6", "-parse-as-library", "-sanitize=fuzzer,address", "-wmo"]
    call("swiftc", *flags, "-module-name", "SwctrCore", "-emit-module", "-emit-module-path",
         modules / "SwctrCore.swiftmodule", "-c", *paths("Sources/SwctrCore/**/*.swift"), "-o", modules / "SwctrCore.o")
    call("swiftc", *flags, "-module-name", "ManagerFuzz", "-I%s" % modules, modules / "SwctrCore.o",
         "-use-ld=lld", *paths("Sources/SwctrWire/Frame*.swift", "Sources/SwctrSnapshots/Tar/*.swift", "Tests/Fuzz/Manager/*.swift"),
         "-o", program)


def run(program, target, seconds, folder, **variables):
    """Runs one target; libFuzzer's exit status and what it said."""
    corpus, crashes = folder / "corpus" / target, folder / "crashes"
    corpus.mkdir(parents=True, exist_ok=True)
    crashes.mkdir(parents=True, exist_ok=True)
    seeds = HERE / "Corpus" / target
    done = subprocess.run(
        [str(program), str(corpus), str(seeds), "-max_total_time=%d" % seconds, "-print_final_stats=1",
         "-artifact_prefix=%s/%s-" % (crashes, target), *LIMITS],
        env=dict(os.environ, FUZZ_TARGET=target, ASAN_OPTIONS="detect_leaks=1", SWIFT_BACKTRACE="enable=no", **variables), stdin=subprocess.DEVNULL,
        capture_output=True, text=True, errors="replace")
    return done.returncode, done.stderr


def figure(name, text):
    found = re.findall(name + r":?\s+(\d+)", text)
    return int(found[-1]) if found else 0


def fuzz(program, target, seconds):
    status, text = run(program, target, seconds, OUT)
    if status:
        print(text[-6000:], file=sys.stderr)
        print("fuzz: %s: FAILED" % target, file=sys.stderr)
        return False
    print("fuzz: %-15s %9d inputs, %4d of them new, coverage %d" % (
        target, figure("number_of_executed_units", text), figure("new_units_added", text), figure("cov", text)), flush=True)
    return True


def check_harness(program, target):
    folder = OUT / "harness"
    shutil.rmtree(folder, ignore_errors=True)
    begun = time.monotonic()
    status, text = run(program, target, HARNESS_SECONDS, folder, FUZZ_PLANTED="1")
    if not status or "the planted bug was found" not in text:
        print(text[-3000:], file=sys.stderr)
        print("fuzz: %s: the harness did not find its planted bug" % target, file=sys.stderr)
        return False
    print("fuzz: %-15s finds its planted bug in %.1f s" % (target, time.monotonic() - begun), flush=True)
    return True


def main():
    targets = [target for group in PROGRAMS.values() for target in group]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=5, help="for each target (default 5; 0: only what --harness asks for)")
    parser.add_argument("--harness", action="store_true", help="first check that each finds a planted bug")
    parser.add_argument("targets", nargs="*", metavar="TARGET", help="of: " + ", ".join(targets))
    options = parser.parse_args()
    for target in options.targets:
        if target not in targets:
            parser.error("there is no target %r, only %s" % (target, ", ".join(targets)))
    OUT.mkdir(parents=True, exist_ok=True)
    passed = True
    for name, build in ("shim", build_shim), ("manager", build_manager):
        wanted = [target for target in PROGRAMS[name] if not options.targets or target in options.targets]
        if wanted:
            program = OUT / name
            build(program)
            for target in wanted:
                passed &= not options.harness or check_harness(program, target)
                passed &= not options.seconds or fuzz(program, target, options.seconds)
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
