"""A shim driven as a daemon drives it: `start` in the bundle, calls on its socket, `delete`."""
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

import ttrpc

APPLETS = ["sh", "sleep", "cat", "true", "dd", "head"]


def any_of(type_url, value):
    return ttrpc.message({1: type_url, 2: value})


def process(command):
    return {"args": command, "cwd": "/", "env": ["PATH=/bin"], "terminal": False, "user": {"uid": 0, "gid": 0}}


def make_rootfs(path):
    """A root file system of busybox alone."""
    for folder in ("bin", "dev", "proc", "tmp"):
        (path / folder).mkdir(parents=True)
    shutil.copy(shutil.which("busybox"), path / "bin/busybox")
    for applet in APPLETS:
        (path / "bin" / applet).symlink_to("busybox")


def remove_traces(namespace):
    """The namespace's own groups and the folder of its runtime, which are empty now."""
    with contextlib.suppress(OSError):
        Path("/run/containerd/runc", namespace).rmdir()
    for hierarchy in Path("/sys/fs/cgroup").iterdir():
        with contextlib.suppress(OSError):
            (hierarchy / namespace).rmdir()


class Shim:
    """One shim of `program` and the containers in it, all below `folder`."""

    def __init__(self, program, folder, env, runtime="", group="", namespace="bench"):
        self.program, self.folder, self.runtime, self.group, self.namespace = program, folder, runtime, group, namespace
        self.rootfs = folder / "rootfs"
        folder.mkdir(parents=True)
        make_rootfs(self.rootfs)
        self.env = dict(env, TTRPC_ADDRESS=str(folder / "events"), SWCTR_SHIM_SOCKET_DIR=str(folder / "s"))
        self.events = Events(folder / "events")
        self.containers, self.logs = [], []
        self.peer = self.pid = None

    def command(self, container, action):
        return [self.program, "-namespace", self.namespace, "-id", container, "-address", str(self.folder / "c.sock"),
                "-publish-binary", "/bin/true", "-bundle", str(self.bundle(container)), action]

    def bundle(self, container):
        return self.folder / container

    def make_bundle(self, container, command):
        bundle = self.bundle(container)
        bundle.mkdir()
        spec = {
            "ociVersion": "1.0.2", "hostname": container, "process": process(command), "root": {"path": str(self.rootfs)},
            "mounts": [{"destination": "/proc", "type": "proc", "source": "proc"},
                       {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "mode=755"]}],
            "linux": {"cgroupsPath": "/%s/%s" % (self.namespace, container),
                      "namespaces": [{"type": kind} for kind in ("pid", "ipc", "uts", "mount", "network")]},
        }
        if self.group:
            spec["annotations"] = {"io.containerd.runc.v2.group": self.group}
        (bundle / "config.json").write_text(json.dumps(spec))
        # Debian's shim does not live without somebody at its log.
        os.mkfifo(bundle / "log", 0o700)
        self.logs.append(os.open(bundle / "log", os.O_RDWR | os.O_NONBLOCK))

    def start(self, container, command):
        """Makes the bundle, runs `start`, connects. Returns the milliseconds from the spawn to the end of the answer."""
        self.make_bundle(container, command)
        elapsed, answer = self.ask_address(container)
        self.containers.append(container)
        if not self.peer:
            self.peer = ttrpc.Peer(answer.removeprefix("unix://"))
            self.pid = self.peer.call("Connect", {1: container}).get(1)
        return elapsed

    def ask_address(self, container):
        null, (reader, writer), previous = os.open(os.devnull, os.O_RDWR), os.pipe(), os.getcwd()
        actions = [(os.POSIX_SPAWN_DUP2, null, 0), (os.POSIX_SPAWN_DUP2, writer, 1), (os.POSIX_SPAWN_DUP2, writer, 2)]
        os.chdir(self.bundle(container))  # posix_spawn knows no working directory
        begin = time.perf_counter()
        pid = os.posix_spawn(self.program, self.command(container, "start"), self.env, file_actions=actions)
        os.close(writer)
        with open(reader, "rb", buffering=0) as pipe:
            answer = pipe.readall().decode().strip()
        elapsed = (time.perf_counter() - begin) * 1000
        os.chdir(previous)
        os.close(null)
        if os.waitpid(pid, 0)[1]:
            raise SystemExit("bench: start of %s: %s" % (self.program, answer))
        return elapsed, answer

    def create(self, container="a", command=("sleep", "100000"), stdout="", stderr=""):
        """A container that waits for its start, and its shim if it has none yet."""
        self.start(container, list(command))
        request = {1: container, 2: str(self.bundle(container)), 6: stdout, 7: stderr}
        if self.runtime:
            request[10] = any_of("containerd.runc.v1.Options", ttrpc.message({6: self.runtime}))
        self.peer.call("Create", request)
        self.pid = self.pid or self.peer.call("Connect", {1: container}).get(1)

    def run(self, container="a", command=("sleep", "100000"), stdout="", stderr=""):
        self.create(container, command, stdout, stderr)
        self.peer.call("Start", {1: container})

    def exec(self, name, command, container="a", stdout="", stderr=""):
        """A whole round: Exec, Start, Wait, Delete."""
        self.begin_exec(name, command, container, stdout, stderr)
        self.end_exec(name, container)

    def begin_exec(self, name, command, container="a", stdout="", stderr=""):
        spec = any_of("types.containerd.io/opencontainers/runtime-spec/1/Process", json.dumps(process(command)))
        self.peer.call("Exec", {1: container, 2: name, 5: stdout, 6: stderr, 7: spec})
        self.peer.call("Start", {1: container, 2: name})

    def end_exec(self, name, container="a"):
        status = self.peer.call("Wait", {1: container, 2: name}).get(1, 0)
        self.peer.call("Delete", {1: container, 2: name})
        if status:
            raise SystemExit("bench: exec in %s: status %d" % (self.program, status))

    def end(self):
        """Kills and deletes all containers; the shim ends with them."""
        for container in self.containers:
            # One that has ended or could not be created is no reason to leave the others.
            for method, request in ("Kill", {1: container, 3: signal.SIGKILL}), ("Wait", {1: container}), (
                    "Delete", {1: container}):
                with contextlib.suppress(ttrpc.Refused, OSError):
                    self.peer.call(method, request)
        if self.peer:
            with contextlib.suppress(ttrpc.Refused, OSError):
                self.peer.call("Shutdown", {1: self.containers[0]})
            self.peer.close()
        for container in self.containers:
            subprocess.run(self.command(container, "delete"), cwd=self.bundle(container), env=self.env,
                           stdin=subprocess.DEVNULL, capture_output=True)
        for log in self.logs:
            os.close(log)
        self.events.close()
        remove_traces(self.namespace)
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()


class Events:
    """A daemon's events socket: accepts whatever comes."""

    def __init__(self, path):
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen(64)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    @staticmethod
    def serve(client):
        def take(count):
            data = b""
            while len(data) < count:
                part = client.recv(count - len(data))
                if not part:
                    raise ConnectionError
                data += part
            return data

        try:
            while True:
                header = take(10)
                take(int.from_bytes(header[:4], "big"))
                client.sendall(b"\0\0\0\0" + header[4:8] + bytes([ttrpc.RESPONSE, 0]))
        except OSError:
            client.close()

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
