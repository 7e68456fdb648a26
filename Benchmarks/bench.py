#!/usr/bin/env python3
"""Measures swctr beside Debian's containerd and the bare OCI runtimes, in one interleaved run.

    bench.py [--runs N] [--bin DIR] [--keep]      needs root; `make bench` builds what it measures

Every round runs each command once, in a new order, so that what else the machine does meets all alike. Wall time is
from before the spawn to after the wait, with stdio at /dev/null. Prints a table, writes it into docs/performance.md and
adds a line to Benchmarks/History.csv.
"""
import argparse
import csv
import datetime
import json
import os
import platform
import random
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
IMAGE = "localhost/busybox:latest"
NAMESPACE = "bench"
DISABLED = ["grpc.v1.cri", "internal.v1.opt", "snapshotter.v1.aufs", "snapshotter.v1.btrfs",
            "snapshotter.v1.devmapper", "snapshotter.v1.zfs"]


def timed(command, env):
    """Milliseconds from spawn to exit; the command must succeed."""
    null = os.open(os.devnull, os.O_RDWR)
    actions = [(os.POSIX_SPAWN_DUP2, null, fd) for fd in (0, 1, 2)]
    begin = time.perf_counter()
    pid = os.posix_spawn(command[0], command, env, file_actions=actions)
    status = os.waitpid(pid, 0)[1]
    elapsed = (time.perf_counter() - begin) * 1000
    os.close(null)
    if status:
        raise SystemExit("bench: %s: status %d" % (" ".join(command), os.waitstatus_to_exitcode(status)))
    return elapsed


def memory(pids):
    """Mean KiB of each smaps_rollup field that we tell of, over some processes."""
    fields = ("Rss", "Pss", "Private_Dirty")
    totals = dict.fromkeys(fields, 0)
    for pid in pids:
        for line in Path("/proc/%d/smaps_rollup" % pid).read_text().splitlines():
            name = line.split(":")[0]
            if name in totals:
                totals[name] += int(line.split()[1])
    return {name: totals[name] / len(pids) for name in fields}


def shims(program, folder):
    """Serving shims of a program that belong to a daemon in `folder`."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
            executable = os.path.basename(os.readlink(entry / "exe"))
        except OSError:
            continue
        if executable == program and any(word.startswith(folder.encode()) for word in words):
            found.append(int(entry.name))
    return found


class Daemon:
    """A daemon of this run: ready by sd_notify, ended by pid."""

    def __init__(self, name, command, env, folder):
        self.log = open(folder / (name + ".log"), "wb")
        path = str(folder / (name + ".notify"))
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.bind(path)
            notify.settimeout(20)
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
                                            env=dict(env, NOTIFY_SOCKET=path))
            while b"READY=1" not in notify.recv(4096).split(b"\n"):
                pass

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)
        self.log.close()


class Bench:
    def __init__(self, options, folder):
        self.options, self.folder = options, folder
        self.env = {"PATH": "%s:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" % options.bin, "HOME": "/root"}
        self.daemons = []
        self.results = {}

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

    def start(self):
        folder = self.folder
        config = folder / "containerd.toml"
        config.write_text('version = 2\nroot = "%s"\nstate = "%s"\ndisabled_plugins = %s\n[grpc]\n  address = "%s"\n' % (
            folder / "croot", folder / "cstate", json.dumps(["io.containerd." + name for name in DISABLED]), folder / "c.sock"))
        self.daemons.append(Daemon("containerd", [self.which("containerd"), "-c", str(config)], self.env, folder))
        self.daemons.append(Daemon("swctrd", [self.which("swctrd"), "--root", str(folder / "root"), "--state",
                                              str(folder / "state")], self.env, folder))
        self.containerd, self.swctrd = self.daemons
        self.ctr = [self.which("ctr"), "-a", str(folder / "c.sock"), "-n", NAMESPACE]
        self.swctr = [self.which("swctr"), "-a", str(folder / "state/swctrd.sock"), "-n", NAMESPACE]
        time.sleep(1)
        self.results["manager, idle"] = [("swctrd", memory([self.swctrd.process.pid])),
                                         ("containerd", memory([self.containerd.process.pid]))]
        archive = folder / "busybox.tar"
        self.must(str(REPOSITORY / "examples/busybox-image.sh"), str(archive), IMAGE)
        for client in (self.swctr, self.ctr):
            self.must(*client, "images", "import", str(archive))
        self.make_bundle(archive)

    def make_bundle(self, archive):
        """The bundle for the bare runtimes: the same files, and the spec that swctr itself wrote, for `true`."""
        bundle = self.folder / "bundle"
        (bundle / "rootfs").mkdir(parents=True)
        with tarfile.open(archive) as layout:
            manifest = json.load(layout.extractfile("blobs/sha256/" + json.load(
                layout.extractfile("index.json"))["manifests"][0]["digest"].split(":")[1]))
            layer = layout.extractfile("blobs/sha256/" + manifest["layers"][0]["digest"].split(":")[1])
            with tarfile.open(fileobj=layer) as files:
                files.extractall(bundle / "rootfs")
        self.must(*self.swctr, "run", "-d", IMAGE, "sample", "sleep", "1000")
        spec = json.loads((self.folder / "state/tasks" / NAMESPACE / "sample/config.json").read_text())
        self.must(*self.swctr, "tasks", "delete", "--force", "sample")
        self.must(*self.swctr, "containers", "delete", "sample")
        spec["process"]["args"] = ["true"]
        spec["root"]["path"] = "rootfs"
        spec["linux"]["cgroupsPath"] = "/%s/bare" % NAMESPACE
        (bundle / "config.json").write_text(json.dumps(spec))

    def bare(self, runtime):
        return [self.which(runtime), "--root", str(self.folder / ("r-" + runtime)), "run", "--bundle",
                str(self.folder / "bundle"), "bare"]

    def commands(self):
        tail = [IMAGE, "one", "true"]
        return {
            "crun run": self.bare("crun"),
            "swctr run --rm, crun": self.swctr + ["run", "--rm", "--runc-binary", "crun"] + tail,
            "ctr run --rm, crun": self.ctr + ["run", "--rm", "--runc-binary", "crun"] + tail,
            "runc run": self.bare("runc"),
            "swctr run --rm, runc": self.swctr + ["run", "--rm"] + tail,
            "ctr run --rm, runc": self.ctr + ["run", "--rm"] + tail,
        }

    def interleave(self, commands, rounds, warm=2):
        samples = {name: [] for name in commands}
        order = list(commands)
        for number in range(rounds + warm):
            random.shuffle(order)
            for name in order:
                elapsed = timed(commands[name], self.env)
                if number >= warm:
                    samples[name].append(elapsed)
        return samples

    def measure_shims(self):
        count = 20
        rows = []
        for client, program, label in ((self.swctr, "containerd-shim-swctr-v2", "our shim"),
                                       (self.ctr, "containerd-shim-runc-v2", "containerd's shim")):
            for number in range(count):
                self.must(*client, "run", "-d", IMAGE, "idle%d" % number, "sleep", "1000")
            time.sleep(2)
            found = shims(program, str(self.folder))
            if len(found) != count:
                raise SystemExit("bench: %d of %s, not %d" % (len(found), program, count))
            rows.append((label, memory(found)))
            for number in range(count):
                self.must(*client, "tasks", "delete", "--force", "idle%d" % number)
                self.must(*client, "containers", "delete", "idle%d" % number)
        self.results["shim, idle, mean of %d" % count] = rows

    def run(self):
        rounds = self.options.runs
        self.start()
        self.results["run"] = self.interleave(self.commands(), rounds)
        self.results["version"] = self.interleave(
            {"swctr version": self.swctr + ["version"], "ctr version": self.ctr + ["version"]}, rounds * 5, warm=5)
        self.measure_shims()
        self.results["manager, after the runs"] = [("swctrd", memory([self.swctrd.process.pid])),
                                                   ("containerd", memory([self.containerd.process.pid]))]

    def stop(self):
        for daemon in reversed(self.daemons):
            daemon.stop()
        for line in reversed(Path("/proc/self/mountinfo").read_text().splitlines()):
            if line.split()[4].startswith(str(self.folder) + "/"):
                subprocess.run(["umount", "-l", line.split()[4]])
        for hierarchy in Path("/sys/fs/cgroup").iterdir():
            for path in (hierarchy / NAMESPACE / "bare", hierarchy / NAMESPACE):
                try:
                    path.rmdir()
                except OSError:
                    pass


def table(bench):
    """The figures as Markdown, and as a flat record for the history."""
    record, lines = {}, []
    run = {name: statistics.median(values) for name, values in bench.results["run"].items()}
    lines += ["| start, run `true`, remove | median ms | p90 ms | of the bare runtime |", "| --- | ---: | ---: | ---: |"]
    for name, values in bench.results["run"].items():
        floor = run["crun run" if "crun" in name else "runc run"]
        p90 = statistics.quantiles(values, n=10)[-1]
        lines.append("| `%s` | %.1f | %.1f | %.2f× |" % (name, run[name], p90, run[name] / floor))
        record["ms " + name] = round(run[name], 2)
    record["ratio swctr crun"] = round(run["swctr run --rm, crun"] / run["crun run"], 3)
    lines += ["", "| client start | median ms | p90 ms |", "| --- | ---: | ---: |"]
    for name, values in bench.results["version"].items():
        median = statistics.median(values)
        lines.append("| `%s` | %.2f | %.2f |" % (name, median, statistics.quantiles(values, n=10)[-1]))
        record["ms " + name] = round(median, 3)
    lines += ["", "| memory, KiB | RSS | PSS | private dirty |", "| --- | ---: | ---: | ---: |"]
    for title, rows in bench.results.items():
        if title in ("run", "version"):
            continue
        for label, figures in rows:
            lines.append("| %s (%s) | %.0f | %.0f | %.0f |" % (
                label, title, figures["Rss"], figures["Pss"], figures["Private_Dirty"]))
            for field, value in figures.items():
                record["KiB %s %s (%s)" % (field, label, title)] = round(value)
    return lines, record


def describe(options, env):
    def first(*command):
        return subprocess.run(command, env=env, capture_output=True, text=True).stdout.split("\n")[0]

    model = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "?")
    revision = subprocess.run(["git", "-C", str(REPOSITORY), "describe", "--always", "--dirty"],
                              capture_output=True, text=True).stdout.strip()
    return {
        "date": datetime.date.today().isoformat(),
        "revision": revision,
        "host": "Linux %s, %d cores, %s" % (platform.release(), os.cpu_count(), model),
        "versions": "%s; %s; %s" % (first("runc", "--version"), first("crun", "--version"), first("containerd", "--version")),
        "runs": options.runs,
    }


def write_history(facts, record):
    path = Path(__file__).with_name("History.csv")
    rows, names = [], list(facts) + list(record)
    if path.exists():
        with open(path, newline="") as file:
            reader = csv.DictReader(file)
            rows = list(reader)
            names = list(reader.fieldnames) + [name for name in names if name not in reader.fieldnames]
    rows.append({**facts, **record})
    with open(path, "w", newline="") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        writer.writerows(rows)


def replace_figures(page, lines):
    """Puts lines between the marks of a page."""
    path = REPOSITORY / page
    begin, end = "<!-- begin: make bench -->\n", "<!-- end: make bench -->\n"
    head, rest = path.read_text().split(begin)
    path.write_text(head + begin + "\n".join(lines) + "\n" + end + rest.split(end)[1])


def note(facts):
    return "%(date)s, revision %(revision)s. %(host)s. %(versions)s. Medians of %(runs)s, one interleaved run." % facts


def headline(bench):
    """The few figures of README: ours beside containerd's."""
    run = {name: statistics.median(values) for name, values in bench.results["run"].items()}
    version = {name: statistics.median(values) for name, values in bench.results["version"].items()}
    floor = run["crun run"]
    memory_rows = {label: figures for title, rows in bench.results.items() if title.startswith("shim") for label, figures in rows}
    idle = dict(bench.results["manager, idle"])
    ours, theirs = memory_rows["our shim"], memory_rows["containerd's shim"]
    fields = ("Rss", "Pss", "Private_Dirty")
    return [
        "| | swctr | ctr, containerd 1.6 |", "| --- | ---: | ---: |",
        "| `run --rm IMAGE ID true` with crun, against bare `crun run` (%.0f ms) | %.0f ms, %.2f× | %.0f ms, %.2f× |" % (
            floor, run["swctr run --rm, crun"], run["swctr run --rm, crun"] / floor,
            run["ctr run --rm, crun"], run["ctr run --rm, crun"] / floor),
        "| an idle shim: RSS / PSS / private dirty, KiB | %s | %s |" % tuple(
            " / ".join("%.0f" % rows[field] for field in fields) for rows in (ours, theirs)),
        "| the idle manager: RSS, MiB | %.0f | %.0f |" % (idle["swctrd"]["Rss"] / 1024, idle["containerd"]["Rss"] / 1024),
        "| `version`, a question and its answer | %.1f ms | %.1f ms |" % (version["swctr version"], version["ctr version"]),
        "",
        "`make bench` measures both in one run; [all figures](docs/performance.md).",
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=30, help="rounds (default 30, at least 20)")
    parser.add_argument("--bin", type=Path, default=REPOSITORY / "dist/bin", help="the programs to measure")
    parser.add_argument("--keep", action="store_true", help="change neither History.csv nor docs/performance.md")
    options = parser.parse_args()
    if os.geteuid():
        raise SystemExit("bench: needs root")
    if options.runs < 20:
        raise SystemExit("bench: --runs: at least 20, fewer say nothing")
    if not (options.bin / "swctr").exists():
        raise SystemExit("bench: %s/swctr is missing: make release" % options.bin)
    subprocess.run([str(REPOSITORY / "Tests/Support/prepare.sh")], check=True)
    folder = Path(tempfile.mkdtemp(prefix="swctr-bench-"))
    bench = Bench(options, folder)
    try:
        bench.run()
    finally:
        bench.stop()
        shutil.rmtree(folder, ignore_errors=True)
    lines, record = table(bench)
    facts = describe(options, bench.env)
    print("\n".join(["", "%(date)s %(revision)s, %(host)s" % facts, facts["versions"], ""] + lines))
    if not options.keep:
        write_history(facts, record)
        replace_figures("docs/performance.md", [note(facts), ""] + lines)
        replace_figures("README.md", headline(bench))


if __name__ == "__main__":
    sys.exit(main())
