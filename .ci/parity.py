#!/usr/bin/env python3
"""Runs a suite of ctr cases against swctr, and against containerd with our shim and with its own.

The suite is the folder PARITY_SUITE, or ../shared/acceptance/ctr-parity beside the repository; where it is not there, one
line says so. The run fails where a case that passes with containerd's shim does not pass with ours, and where a case fails
with swctr that Tests/Parity/gaps.txt does not list. PARITY_BIN: a folder with other builds of the programs.
"""
import argparse
import collections
import concurrent.futures
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SUITE = Path(os.environ.get("PARITY_SUITE") or ROOT / "../shared/acceptance/ctr-parity").resolve()
PROGRAMS = Path(os.environ.get("PARITY_BIN") or ROOT / ".build/debug").resolve()
SHIMS = Path(os.environ.get("PARITY_BIN") or ROOT / "build/shim").resolve()
GAPS = ROOT / "Tests/Parity/gaps.txt"
LANES = {
    "stock": "ctr, containerd, containerd-shim-runc-v2",
    "shim": "ctr, containerd, our shim as io.containerd.swctr.v2",
    "named": "ctr, containerd, our shim in the place of containerd-shim-runc-v2",
    "engine": "swctr, swctrd, our shim",
}
# What cases use where they find it: without one of them they would be skipped and say nothing.
NEEDS = ["containerd", "ctr", "containerd-shim-runc-v2", "runc", "crun", "runsc", "busybox", "skopeo", "zstd",
         "docker-registry", "criu", "/usr/lib/cni/bridge"]
# The shards share one set of images, which is made beforehand.
LAUNCH = "import sys, images; images.build_all = lambda folder: None; import run; sys.exit(run.main())"
Result = collections.namedtuple("Result", "status reason")
suites = set()  # the run.py processes at work
interrupted = False


class Daemon:
    """A containerd or swctrd of one shard: ready when the constructor returns, gone after `stop`."""

    def __init__(self, lane, folder):
        path = os.environ["PATH"]
        if lane == "named":
            (folder / "bin").mkdir()
            (folder / "bin/containerd-shim-runc-v2").symlink_to(SHIMS / "containerd-shim-swctr-v2")
            path = f"{folder}/bin:{path}"
        elif lane != "stock":
            path = f"{PROGRAMS}:{SHIMS}:{path}"
        self.environment = dict(os.environ, PATH=path, PYTHONPATH=str(SUITE), PYTHONDONTWRITEBYTECODE="1")
        if lane == "engine":
            command = ["swctrd", "--root", f"{folder}/root", "--state", f"{folder}/state"]
            self.client = ["--peer", "swctr", "--client", f"swctr --address {folder}/state/swctrd.sock"]
        else:
            (folder / "config.toml").write_text(
                f'version = 2\nroot = "{folder}/root"\nstate = "{folder}/state"\n'
                f'disabled_plugins = ["io.containerd.grpc.v1.cri"]\n[grpc]\n  address = "{folder}/c.sock"\n')
            command = ["containerd", "--config", f"{folder}/config.toml"]
            self.client = ["--peer", "ctr", "--client", f"ctr --address {folder}/c.sock"]
            if lane == "shim":
                self.client += ["--runtime", "io.containerd.swctr.v2"]
        # Both say READY=1 to the socket that systemd would have made.
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify, open(folder / "daemon.log", "wb") as log:
            notify.bind(f"{folder}/notify")
            notify.settimeout(60)
            # A session of its own: an interrupt at the terminal is ours to pass on, when its cases have ended.
            self.process = subprocess.Popen(
                [shutil.which(command[0], path=path), *command[1:]], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env=dict(self.environment, NOTIFY_SOCKET=f"{folder}/notify"), start_new_session=True)
            try:
                while b"READY=1" not in notify.recv(4096):
                    pass
            except OSError:
                self.stop()
                raise

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def sweep(folder):
    """Ends and unmounts what has to do with `folder`; the list of it."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
            if f"{folder}/" in command or f"{os.readlink(entry / 'cwd')}/".startswith(f"{folder}/"):
                os.kill(int(entry.name), signal.SIGKILL)
                found.append(f"process {entry.name}: {command[:150]}")
        except OSError:
            continue  # ended meanwhile, or a kernel thread
    points = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    for point in sorted((p for p in points if p.startswith(f"{folder}/")), reverse=True):
        subprocess.run(["umount", "-l", point], check=False)
        found.append(f"mount {point}")
    return found


def run_shard(lane, ids, folder, images):
    """Runs cases of one lane against a daemon of their own; results by id, and what was left behind."""
    if interrupted:
        return {}, []
    folder.mkdir()
    try:
        daemon = Daemon(lane, folder)
        try:
            command = [sys.executable, "-c", LAUNCH, *daemon.client, "--timescale", "4", "--images", str(images),
                       "--workdir", f"{folder}/work", "--json", f"{folder}/results.json",
                       "--filter", "^(%s)$" % "|".join(re.escape(i) for i in ids)]
            with open(folder / "run.log", "wb") as log:
                suite = subprocess.Popen(command, env=daemon.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                         start_new_session=True)
                suites.add(suite)
                suite.wait()
                suites.discard(suite)
        finally:
            daemon.stop()
    finally:
        left = sweep(folder)
    if not (folder / "results.json").exists():
        raise RuntimeError(f"{lane}: run.py gave no results: " + (folder / "run.log").read_text()[-2000:])
    cases = json.loads((folder / "results.json").read_text())["cases"]
    return {case["id"]: Result(case["status"], case["reason"]) for case in cases}, left


def run_lanes(work, folder, images, jobs):
    """Runs what `work` asks for, lane by lane the ids, in shards side by side; the results by lane and id."""
    results, left = {lane: {} for lane in work}, []
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        shards = {}
        for lane, ids in work.items():
            count = max(1, min(jobs, len(ids) // 8))
            for number in range(count):
                place = folder / f"{lane}{number}"
                shards[pool.submit(run_shard, lane, ids[number::count], place, images)] = lane
        try:
            for shard in concurrent.futures.as_completed(shards):
                found, remains = shard.result()
                results[shards[shard]].update(found)
                left += [f"{shards[shard]}: {what}" for what in remains]
        except BaseException:
            global interrupted
            interrupted = True
            for suite in list(suites):
                suite.send_signal(signal.SIGINT)
            raise
    return results, left


def known_gaps(path):
    """Case ids that are not expected to pass with swctr, each with its reason."""
    lines = [line.split("#")[0].split(None, 1) for line in path.read_text().splitlines()]
    return {words[0]: words[1].strip() if len(words) > 1 else "" for words in lines if words}


def score(title, results):
    counts = collections.Counter("SKIP" if r.status == "XFAIL" else r.status for r in results.values())
    print(f"{title}:\n  {counts['PASS']} passed, {counts['FAIL']} failed, {counts['SKIP']} skipped")


def judge(results, gaps, every_id):
    """Prints scores, skips and closed gaps; the list of what is wrong."""
    wrong = []
    ours = {**results.get("shim", {}), **results.get("named", {})}
    for lane, cases in results.items():
        score(LANES[lane], cases)
    if ours:
        score("our shim, by both names", ours)
    for case, stock in results.get("stock", {}).items():
        if case in ours and stock.status == "PASS" != ours[case].status:
            wrong.append(f"{case} passes with containerd's shim; with ours: {ours[case].status} {ours[case].reason}")
    engine = results.get("engine", {})
    wrong += [f"{case} fails with swctr: {r.reason}" for case, r in engine.items()
              if r.status == "FAIL" and case not in gaps]
    wrong += [f"{GAPS.relative_to(ROOT)}: the suite has no case {case}" for case in gaps if case not in every_id]
    skips = collections.defaultdict(list)
    for lane, cases in results.items():
        for case, r in cases.items():
            if r.status in ("SKIP", "XFAIL"):
                skips[f"{case}: {r.reason}"].append(lane)
    for text, lanes in sorted(skips.items()):
        print(f"  skipped ({', '.join(lanes)}) {text}")
    passed = sorted(case for case in gaps if case in engine and engine[case].status == "PASS")
    if passed:
        print(f"\n*** {len(passed)} gaps are closed: take these out of {GAPS.relative_to(ROOT)}\n*** " + "\n*** ".join(passed))
    return wrong


def main():
    parser = argparse.ArgumentParser(description="compares swctr and our shim with ctr, containerd and its shim, case by case")
    parser.add_argument("--lane", action="append", choices=["shim", "engine"], help="only this comparison")
    parser.add_argument("--filter", default="", help="only cases whose id matches this regular expression")
    parser.add_argument("--jobs", type=int, default=2 * os.cpu_count(), help="daemons at work at the same time")
    parser.add_argument("--keep", action="store_true", help="leave the folder with the logs")
    options = parser.parse_args()
    if not (SUITE / "run.py").exists():
        print("parity: the suite of ctr cases is not here (it is no part of the repository; PARITY_SUITE names its folder)")
        return 0
    if os.geteuid() != 0:
        print("parity: not run: needs root", file=sys.stderr)
        return int(os.environ.get("CI", "") not in ("", "0", "false") or os.environ.get("SWCTR_STRICT") == "1")
    missing = [name for name in NEEDS if not shutil.which(name)]
    if missing:
        print(f"parity: not here: {', '.join(missing)}; make deps installs them", file=sys.stderr)
        return 1

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    listing = subprocess.check_output([sys.executable, f"{SUITE}/run.py", "--list"], text=True)
    every_id = [line.split()[0] for line in listing.splitlines() if " [" in line]
    ids = [case for case in every_id if re.search(options.filter, case)]
    if not ids:
        print(f"parity: no case matches {options.filter}", file=sys.stderr)
        return 1
    lanes = options.lane or ["shim", "engine"]
    began = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="parity-"))
    folder.chmod(0o755)
    try:
        subprocess.check_call([sys.executable, f"{SUITE}/images.py", f"{folder}/images"], stdout=subprocess.DEVNULL)
        work = {"stock": ids, "shim": ids} if "shim" in lanes else {}
        work.update({"engine": ids} if "engine" in lanes else {})
        results, left = run_lanes(work, folder, folder / "images", options.jobs)
        # Options of runc go to the runtime io.containerd.runc.v2 alone: these cases see our shim under that name.
        named = [case for case, r in results.get("shim", {}).items()
                 if r.status == "SKIP" and results["stock"][case].status == "PASS"]
        if named:
            more, remains = run_lanes({"named": named}, folder, folder / "images", options.jobs)
            results.update(more)
            left += remains
        print("== parity with ctr")
        wrong = judge(results, known_gaps(GAPS), set(every_id)) + [f"left behind: {what}" for what in left]
        for line in wrong:
            print(f"FAILED {line}")
        print(f"parity: {'FAILED' if wrong else 'ok'} ({time.monotonic() - began:.0f} s)")
        return int(bool(wrong))
    except KeyboardInterrupt:
        print("parity: interrupted", file=sys.stderr)
        return 130
    finally:
        if options.keep:
            print(f"kept {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
