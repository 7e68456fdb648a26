#!/usr/bin/env python3
"""Puts one shim that a group shares through thousands of short lives, and compares it with itself.

    soak.py [--rounds N] [--workers N] [--shim PATH] [--runtime crun]      needs root; `make soak` builds the shim

A round is what a daemon does with a container of a pod: Create, Start, Wait, Delete, Shutdown (which must not end a shim
that holds others), and for every 50th also the programs' calls `start` before and `delete` after. The container is a
static `true` in a root of its own. All events are taken in, and must be create, start, exit and delete for every
container. After the first 1000 rounds, and after every 1000, memory (smaps_rollup) and descriptors are read at rest.

Ends with status 1 if the last reading is above the first by more than 8 KiB of private dirty memory, 32 KiB of RSS or a
descriptor.
"""
import argparse
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
NAMESPACE = "soak"
GROUP = "io.containerd.runc.v2.group"
ALLOWED = {"dirty": 8, "rss": 32, "fds": 0}


# MARK: protobuf and ttrpc, as much as is needed

def varint(number):
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def field(number, value):
    if isinstance(value, int):
        return varint(number << 3) + varint(value) if value else b""
    value = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(value)) + value if value else b""


def parse(data):
    """Fields of a message: number -> last value."""
    fields, at = {}, 0

    def number():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(data):
        key = number()
        if key & 7 == 0:
            fields[key >> 3] = number()
        else:
            size = number()
            fields[key >> 3] = bytes(data[at:at + size])
            at += size
    return fields


class Frames:
    """A connection that carries ttrpc frames."""

    def __init__(self, connection):
        self.connection = connection
        self.buffer = b""

    def send(self, stream, kind, body):
        self.connection.sendall(struct.pack(">IIBB", len(body), stream, kind, 0) + body)

    def receive(self):
        """Stream and body of the next frame; None at the end."""
        while True:
            if len(self.buffer) >= 10:
                size, stream = struct.unpack(">II", self.buffer[:8])
                if len(self.buffer) >= 10 + size:
                    body = self.buffer[10:10 + size]
                    self.buffer = self.buffer[10 + size:]
                    return stream, body
            data = self.connection.recv(65536)
            if not data:
                return None
            self.buffer += data


class Shim:
    """One connection to the shim's task service."""

    def __init__(self, path):
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(120)
        connection.connect(path)
        self.frames = Frames(connection)
        self.stream = -1

    def call(self, method, *fields):
        self.stream += 2
        self.frames.send(self.stream, 1, field(1, "containerd.task.v3.Task") + field(2, method) + field(3, b"".join(fields)))
        answer = self.frames.receive()
        if answer is None:
            raise SystemExit("soak: %s: the shim closed the connection" % method)
        response = parse(answer[1])
        if 1 in response:
            status = parse(response[1])
            raise SystemExit("soak: %s: code %d, %s" % (method, status.get(1, 0), status.get(2, b"").decode()))
        return parse(response.get(2, b""))


class Receiver:
    """Takes the shim's events and checks each container's order."""
    ORDER = ["/tasks/create", "/tasks/start", "/tasks/exit", "/tasks/delete"]

    def __init__(self, path):
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen()
        self.stage = {}
        self.complete = 0
        self.problem = None
        self.changed = threading.Condition()
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            frames = Frames(self.listener.accept()[0])
            try:
                while (frame := frames.receive()) is not None:
                    envelope = parse(parse(parse(frame[1])[3])[1])
                    self.take(envelope[3].decode(), parse(parse(envelope[4])[2])[1].decode())
                    frames.send(frame[0], 2, b"")
            except ConnectionError:
                pass  # killed at the end, in the middle of the keeper's events

    def take(self, topic, container):
        with self.changed:
            stage = self.stage.pop(container, 0)
            if self.ORDER[stage] != topic:
                self.problem = "%s of %s came instead of %s" % (topic, container, self.ORDER[stage])
            elif stage + 1 < len(self.ORDER):
                self.stage[container] = stage + 1
            else:
                self.complete += 1
            self.changed.notify_all()

    def await_complete(self, count):
        with self.changed:
            if not self.changed.wait_for(lambda: self.problem or self.complete >= count, timeout=60):
                raise SystemExit("soak: %d of %d containers' events have come" % (self.complete, count))
            if self.problem:
                raise SystemExit("soak: " + self.problem)


# MARK: the soak

class Soak:
    def __init__(self, folder, shim, runtime, rounds, workers):
        self.folder, self.program, self.runtime = folder, shim, runtime
        self.rounds, self.workers = rounds, workers
        self.root = folder / "rootfs"
        self.receiver = Receiver(str(folder / "events"))
        self.env = dict(os.environ, TTRPC_ADDRESS=str(folder / "events"), SWCTR_SHIM_SOCKET_DIR=str(folder / "s"))
        self.root.mkdir()
        subprocess.run(["musl-gcc", "-static", "-Os", "-s", "-x", "c", "-", "-o", self.root / "true"],
                       input=b"int main(void) { return 0; }\n", check=True)
        for name in ("proc", "dev"):
            (self.root / name).mkdir()

    def bundle(self, name, command):
        path = self.folder / "b" / name
        path.mkdir(parents=True)
        (path / "config.json").write_text(json.dumps({
            "ociVersion": "1.0.2", "annotations": {GROUP: "soak"}, "root": {"path": str(self.root), "readonly": True},
            "mounts": [{"destination": "/proc", "type": "proc", "source": "proc"},
                       {"destination": "/dev", "type": "tmpfs", "source": "tmpfs"}],
            "process": {"args": command, "cwd": "/", "env": ["PATH=/"], "user": {"uid": 0, "gid": 0}},
            "linux": {"cgroupsPath": "/%s/%s" % (NAMESPACE, name),
                      "namespaces": [{"type": "pid"}, {"type": "mount"}, {"type": "ipc"}]}}))
        return path

    def run_program(self, name, path, *action):
        return subprocess.run(
            [self.program, "-namespace", NAMESPACE, "-id", name, "-address", str(self.folder / "c.sock"),
             "-publish-binary", "/bin/true", *action],
            cwd=path, env=self.env, stdin=subprocess.DEVNULL, capture_output=True, check=True).stdout

    def create(self, shim, name, path):
        options = field(1, "containerd.runc.v1.Options") + field(2, field(6, self.runtime))
        return shim.call("Create", field(1, name), field(2, str(path)), field(10, options))

    def round(self, shim, name, whole):
        path = self.bundle(name, ["/true"])
        if whole and self.run_program(name, path, "start").decode() != self.address:
            raise SystemExit("soak: start of %s did not find the group's shim" % name)
        self.create(shim, name, path)
        shim.call("Start", field(1, name))
        status = shim.call("Wait", field(1, name)).get(1, 0)
        if status:
            raise SystemExit("soak: %s ended with %d" % (name, status))
        shim.call("Delete", field(1, name))
        shim.call("Shutdown", field(1, name))
        if whole:
            self.run_program(name, path, "-bundle", str(path), "delete")
        shutil.rmtree(path)

    def batch(self, first, count):
        """`count` rounds, divided among the workers; returns when all their events have come."""
        failures = []

        def work(worker):
            try:
                for number in range(first + worker, first + count, self.workers):
                    self.round(self.connections[worker], "c%d" % number, number % 50 == 0)
            except BaseException as error:
                failures.append(error)

        threads = [threading.Thread(target=work, args=(worker,)) for worker in range(self.workers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failures:
            raise failures[0]
        self.receiver.await_complete(first + count)

    def reading(self):
        wanted = {"Rss": "rss", "Pss": "pss", "Private_Dirty": "dirty"}
        values = {"fds": len(os.listdir("/proc/%d/fd" % self.pid))}
        for line in Path("/proc/%d/smaps_rollup" % self.pid).read_text().splitlines():
            if (name := line.split(":")[0]) in wanted:
                values[wanted[name]] = int(line.split()[1])
        ticks = Path("/proc/%d/stat" % self.pid).read_text().rsplit(")", 1)[1].split()
        values["cpu"] = (int(ticks[11]) + int(ticks[12])) / os.sysconf("SC_CLK_TCK")
        return values

    def run(self):
        # The container that keeps the group alive, as a pod's sandbox does: created, never started.
        keeper = self.bundle("keeper", ["/true"])
        self.address = self.run_program("keeper", keeper, "start").decode()
        self.connections = [Shim(self.address.removeprefix("unix://")) for _ in range(self.workers)]
        shim = self.connections[0]
        self.pid = shim.call("Connect", field(1, "keeper"))[1]
        try:
            self.create(shim, "keeper", keeper)
            print("%8s %8s %8s %8s %6s %9s %9s" % ("rounds", "RSS KiB", "PSS KiB", "dirty", "fds", "shim CPU", "elapsed"))
            begin, first, done = time.monotonic(), None, 0
            while done < self.rounds:
                count = min(1000, self.rounds - done)
                self.batch(done, count)
                done += count
                last = self.reading()
                first = first or last
                print("%8d %8d %8d %8d %6d %8.1fs %8.0fs" % (
                    done, last["rss"], last["pss"], last["dirty"], last["fds"], last["cpu"], time.monotonic() - begin),
                    flush=True)
            grown = [name for name, most in ALLOWED.items() if last[name] - first[name] > most]
            if grown:
                raise SystemExit("soak: the shim has grown: " + ", ".join(
                    "%s from %d to %d" % (name, first[name], last[name]) for name in grown))
            print("soak: %d rounds left the shim as it was" % done)
        finally:
            os.kill(self.pid, signal.SIGKILL)
            self.run_program("keeper", keeper, "-bundle", str(keeper), "delete")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=24000)
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--shim", default=str(REPOSITORY / "build/shim/containerd-shim-swctr-v2"))
    parser.add_argument("--runtime", default="crun")
    arguments = parser.parse_args()
    if os.geteuid():
        raise SystemExit("soak: needs root")
    folder = Path(tempfile.mkdtemp(prefix="soak-"))
    try:
        Soak(folder, arguments.shim, arguments.runtime, arguments.rounds, arguments.workers).run()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        for root in ["/sys/fs/cgroup", *map(str, Path("/sys/fs/cgroup").iterdir())]:
            group = Path(root) / NAMESPACE
            if group.is_dir():
                try:
                    group.rmdir()
                except OSError as error:
                    print("soak: left %s: %s" % (group, error), file=sys.stderr)
        shutil.rmtree("/run/containerd/runc/" + NAMESPACE, ignore_errors=True)


if __name__ == "__main__":
    main()
