#!/usr/bin/env python3
"""Measures how quickly a shim passes a container's output on: pipe -> shim -> FIFO -> reader.

    throughput.py [--bytes N] [--rounds N] [--runtime NAME] [--writer 1M|64k|4k] SHIM…      needs root

Each shim is started as a daemon would start it and driven over ttrpc, without a daemon, an image or a client: what is
measured is the shim and the kernel. One container writes N bytes of zeros to its stdout; the reader, this program,
discards them with splice(2), so that it is never the slow part. Rounds are interleaved: every round measures each shim
once, each time with a shim of its own. For bench.py: `measure(shims, folder)`, which returns a list of `Sample` for
each name.
"""
import argparse
import hashlib
import json
import os
import random
import shutil
import signal
import socket
import statistics
import struct
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

# What the container runs; busybox's head, say, spends more time on itself than any shim does.
WRITERS = {"1M": 1 << 20, "64k": 64 << 10, "4k": 4 << 10}
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Sample:
    """One run: seconds from Start to the reader's end of file, the shim's own processor time in seconds, and its
    memory (KiB of smaps_rollup) just before Start and after the end of output."""
    wall: float
    cpu: float
    before: dict
    after: dict


def field(number, value):
    """One field of a protobuf message: an int as a varint, str, bytes or a nested message as bytes."""
    def varint(n):
        out = b""
        while n > 127:
            out, n = out + bytes([n & 127 | 128]), n >> 7
        return out + bytes([n])
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


class Shim:
    """A shim with one bundle, and the calls of a task's life."""

    def __init__(self, program, folder, command, runtime):
        self.program, self.folder, self.runtime, self.stream = program, folder, runtime, 1
        self.bundle = folder / "a"
        (self.bundle / "rootfs" / "bin").mkdir(parents=True)
        for name in ("proc", "dev"):
            (self.bundle / "rootfs" / name).mkdir()
        shutil.copy("/bin/busybox", self.bundle / "rootfs/bin/busybox")
        os.symlink("busybox", self.bundle / "rootfs/bin" / command[0])
        self.group = "throughput-" + hashlib.sha256(str(folder).encode()).hexdigest()[:8]
        spec = {
            "ociVersion": "1.0.2", "root": {"path": "rootfs"},
            "process": {"args": command, "cwd": "/", "env": ["PATH=/bin"], "user": {"uid": 0, "gid": 0}},
            "mounts": [{"destination": "/proc", "type": "proc", "source": "proc"},
                       {"destination": "/dev", "type": "tmpfs", "source": "tmpfs"}],
            "linux": {"cgroupsPath": "/%s/a" % self.group, "namespaces": [{"type": t} for t in ("pid", "mount", "ipc")]},
        }
        (self.bundle / "config.json").write_text(json.dumps(spec))
        os.mkfifo(self.bundle / "log")
        self.log = os.open(self.bundle / "log", os.O_RDWR | os.O_NONBLOCK)
        self.arguments = [program, "-namespace", self.group, "-id", "a", "-address", str(folder / "c.sock"),
                          "-publish-binary", "/bin/true"]
        self.env = dict(os.environ, TTRPC_ADDRESS="", SWCTR_SHIM_SOCKET_DIR=str(folder / "s"))
        started = subprocess.run(self.arguments + ["start"], cwd=self.bundle, env=self.env, stdin=subprocess.DEVNULL,
                                 capture_output=True, text=True, check=True)
        self.path = started.stdout.strip().removeprefix("unix://")
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(self.path)
        self.pid = self.numbers(self.call("Connect", field(1, "a")))[1]

    def call(self, method, payload=b""):
        body = field(1, "containerd.task.v2.Task") + field(2, method) + field(3, payload)
        self.socket.sendall(struct.pack(">IIBB", len(body), self.stream, 1, 0) + body)
        self.stream += 2
        header = self.receive(10)
        answer = self.receive(struct.unpack(">I", header[:4])[0])
        if answer[:1] == b"\x0a" and answer[1:2] != b"\x00":
            raise SystemExit("throughput: %s: %s: %r" % (self.program, method, answer))
        return answer

    def receive(self, count):
        data = b""
        while len(data) < count:
            part = self.socket.recv(count - len(data))
            if not part:
                raise SystemExit("throughput: %s closed its connection" % self.program)
            data += part
        return data

    @staticmethod
    def numbers(answer):
        """The integer fields of a response's payload."""
        def varint(data, at):
            value = shift = 0
            while True:
                value, shift, at = value | (data[at] & 127) << shift, shift + 7, at + 1
                if data[at - 1] < 128:
                    return value, at
        key, at = varint(answer, 0)
        length, at = varint(answer, at)
        payload, at, result = answer[at:at + length], 0, {}
        while at < len(payload):
            key, at = varint(payload, at)
            value, at = varint(payload, at)
            if key & 7 == 2:
                at += value
            else:
                result[key >> 3] = value
        return result

    def create(self, stdout, stderr):
        options = field(1, "containerd.runc.v1.Options") + field(2, field(6, self.runtime))
        self.call("Create", field(1, "a") + field(2, str(self.bundle)) + field(6, stdout) + field(7, stderr) +
                  field(10, options))

    def close(self):
        """Ends everything, whether or not the calls before went well."""
        self.socket.close()
        try:
            os.kill(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        subprocess.run(self.arguments + ["-bundle", str(self.bundle), "delete"], cwd=self.bundle, env=self.env,
                       stdin=subprocess.DEVNULL, capture_output=True)
        os.close(self.log)
        for path in (self.path, "/run/containerd/runc/" + self.group):
            try:
                os.rmdir(path) if os.path.isdir(path) else os.unlink(path)
            except FileNotFoundError:
                pass
        for tree in Path("/sys/fs/cgroup").glob("*/" + self.group):
            for inner in (*tree.glob("a"), tree):
                inner.rmdir() if inner.is_dir() else None


def processor_time(pid):
    fields = Path("/proc/%d/stat" % pid).read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def memory(pid):
    wanted = {}
    for line in Path("/proc/%d/smaps_rollup" % pid).read_text().splitlines():
        name, _, rest = line.partition(":")
        if name in ("Rss", "Pss", "Private_Dirty"):
            wanted[name] = int(rest.split()[0])
    return wanted


def run(program, folder, size, writer="1M", runtime="runc"):
    """One container's output through one shim: a `Sample`."""
    folder.mkdir()
    block = WRITERS[writer]
    command = ["dd", "if=/dev/zero", "bs=%d" % block, "count=%d" % (size // block)]
    shim = Shim(program, folder, command, runtime)
    null, readers = os.open(os.devnull, os.O_WRONLY), []
    try:
        # Both outputs, since containerd's shim takes both or none; nothing much comes on stderr.
        out, err = str(folder / "out"), str(folder / "err")
        for fifo in (out, err):
            os.mkfifo(fifo)
            readers.append(os.open(fifo, os.O_RDONLY | os.O_NONBLOCK))
        reader = readers[0]
        os.set_blocking(reader, True)
        shim.create(out, err)
        before = memory(shim.pid)
        cpu, begin, count = processor_time(shim.pid), time.perf_counter(), 0
        shim.call("Start", field(1, "a"))
        while part := os.splice(reader, null, 1 << 20):
            count += part
        wall = time.perf_counter() - begin
        cpu = processor_time(shim.pid) - cpu
        if count != size:
            raise SystemExit("throughput: %d of %d bytes arrived from %s" % (count, size, program))
        shim.call("Wait", field(1, "a"))
        after = memory(shim.pid)
        shim.call("Delete", field(1, "a"))
        return Sample(wall, cpu, before, after)
    finally:
        for descriptor in (null, *readers):
            os.close(descriptor)
        shim.close()
        shutil.rmtree(folder)


def measure(shims, folder, size=2 << 30, rounds=5, writer="1M", runtime="runc"):
    """Measures the programs of `shims` (name -> path) in interleaved rounds below `folder`: name -> [Sample]."""
    samples = {name: [] for name in shims}
    for number in range(rounds):
        names = list(shims)
        random.shuffle(names)
        for name in names:
            samples[name].append(run(shims[name], Path(folder) / ("%s-%d" % (name, number)), size, writer, runtime))
    return samples


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--bytes", type=int, default=2 << 30)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--runtime", default="runc")
    parser.add_argument("--writer", choices=WRITERS, default="1M")
    parser.add_argument("shim", nargs="+")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="throughput-") as folder:
        shims = {"%d-%s" % (index, os.path.basename(path)): os.path.abspath(shutil.which(path) or path)
                 for index, path in enumerate(options.shim)}
        for name, samples in measure(shims, folder, options.bytes, options.rounds, options.writer, options.runtime).items():
            wall = statistics.median(sample.wall for sample in samples)
            print("%-28s %6.0f MiB/s  wall %.3f s (%s)  shim's cpu %.2f s  private dirty %d -> %d KiB" % (
                name, options.bytes / wall / (1 << 20), wall, " ".join("%.2f" % sample.wall for sample in samples),
                statistics.median(sample.cpu for sample in samples),
                statistics.median(sample.before["Private_Dirty"] for sample in samples),
                statistics.median(sample.after["Private_Dirty"] for sample in samples)))


if __name__ == "__main__":
    main()
