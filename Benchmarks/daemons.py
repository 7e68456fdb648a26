"""Both daemons of a run, with an image each and a bundle for the bare runtimes."""
import contextlib
import json
import signal
import socket
import subprocess
import tarfile
import time
from pathlib import Path

from measure import interleave, median, memory, p90, timed
from report import REPOSITORY, aim

IMAGE = "localhost/busybox:latest"
NAMESPACE = "bench"
REST = 0.2
DISABLED = ["grpc.v1.cri", "internal.v1.opt", "snapshotter.v1.aufs", "snapshotter.v1.btrfs",
            "snapshotter.v1.devmapper", "snapshotter.v1.zfs"]


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

    @property
    def pid(self):
        return self.process.pid

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)
        self.log.close()


class Site:
    """containerd and swctrd side by side, in `host`'s folder."""

    def __init__(self, host):
        self.host, self.daemons = host, []

    def __enter__(self):
        host, folder = self.host, self.host.folder
        config = folder / "containerd.toml"
        config.write_text('version = 2\nroot = "%s"\nstate = "%s"\ndisabled_plugins = %s\n[grpc]\n  address = "%s"\n' % (
            folder / "croot", folder / "cstate", json.dumps(["io.containerd." + name for name in DISABLED]), folder / "c.sock"))
        commands = {
            "containerd": [host.which("containerd"), "-c", str(config)],
            "swctrd": [host.which("swctrd"), "--root", str(folder / "root"), "--state", str(folder / "state")],
        }
        for name, command in commands.items():
            self.daemons.append(Daemon(name, command, host.env, folder))
        self.containerd, self.swctrd = self.daemons
        self.ctr = [host.which("ctr"), "-a", str(folder / "c.sock"), "-n", NAMESPACE]
        self.swctr = [host.which("swctr"), "-a", str(folder / "state/swctrd.sock"), "-n", NAMESPACE]
        return self

    def __exit__(self, *_):
        for daemon in reversed(self.daemons):
            daemon.stop()
        for line in reversed(Path("/proc/self/mountinfo").read_text().splitlines()):
            if line.split()[4].startswith(str(self.host.folder) + "/"):
                subprocess.run(["umount", "-l", line.split()[4]])
        for hierarchy in Path("/sys/fs/cgroup").iterdir():
            for path in (hierarchy / NAMESPACE / "bare", hierarchy / NAMESPACE):
                with contextlib.suppress(OSError):
                    path.rmdir()

    def memory(self, report, when):
        table = report.table("manager, " + when + ": KiB", "RSS", "PSS", "private dirty")
        for name, daemon in ("swctrd", self.swctrd), ("containerd", self.containerd):
            figures = memory([daemon.pid])
            limited = name == "swctrd" and when == "idle"
            table.add(name, *("%.0f" % value for value in figures.values()),
                      aim=aim(figures["Rss"], 30 * 1024, " KiB") if limited else "")
            for field, value in figures.items():
                report.note("KiB %s %s (manager, %s)" % (field, name, when), value, 0)

    def prepare(self):
        """The image on both sides, and the bundle: the same files, and the spec that swctr itself wrote, for `true`."""
        host, archive, bundle = self.host, self.host.folder / "busybox.tar", self.host.folder / "bundle"
        host.must(str(REPOSITORY / "examples/busybox-image.sh"), str(archive), IMAGE)
        for client in (self.swctr, self.ctr):
            host.must(*client, "images", "import", str(archive))
        (bundle / "rootfs").mkdir(parents=True)
        with tarfile.open(archive) as layout:
            manifest = json.load(layout.extractfile("blobs/sha256/" + json.load(
                layout.extractfile("index.json"))["manifests"][0]["digest"].split(":")[1]))
            layer = layout.extractfile("blobs/sha256/" + manifest["layers"][0]["digest"].split(":")[1])
            with tarfile.open(fileobj=layer) as files:
                files.extractall(bundle / "rootfs")
        host.must(*self.swctr, "run", "-d", IMAGE, "sample", "sleep", "1000")
        spec = json.loads((host.folder / "state/tasks" / NAMESPACE / "sample/config.json").read_text())
        host.must(*self.swctr, "tasks", "delete", "--force", "sample")
        host.must(*self.swctr, "containers", "delete", "sample")
        spec["process"]["args"] = ["true"]
        spec["root"]["path"] = "rootfs"
        spec["linux"]["cgroupsPath"] = "/%s/bare" % NAMESPACE
        (bundle / "config.json").write_text(json.dumps(spec))

    def bare(self, runtime):
        return [self.host.which(runtime), "--root", str(self.host.folder / ("r-" + runtime)), "run", "--bundle",
                str(self.host.folder / "bundle"), "bare"]

    def runs(self):
        tail = [IMAGE, "one", "true"]
        return {
            "crun run": self.bare("crun"),
            "swctr run --rm, crun": self.swctr + ["run", "--rm", "--runc-binary", "crun"] + tail,
            "ctr run --rm, crun": self.ctr + ["run", "--rm", "--runc-binary", "crun"] + tail,
            "runc run": self.bare("runc"),
            "swctr run --rm, runc": self.swctr + ["run", "--rm"] + tail,
            "ctr run --rm, runc": self.ctr + ["run", "--rm"] + tail,
        }


def measure(host, report, rounds):
    """Start of a container, start of a client, memory of the managers."""
    with Site(host) as site:
        time.sleep(1)
        site.memory(report, "idle")
        site.prepare()

        def timing(commands):
            return {name: lambda words=words: timed(words, host.env) for name, words in commands.items()}

        for title, rest in ("one after the other", 0), ("after %.1f s of rest" % REST, REST):
            runs = interleave(timing(site.runs()), rounds, rest=rest)
            table = report.table("start, run `true`, remove, " + title, "median ms", "p90 ms", "of the bare runtime")
            for name, values in runs.items():
                ratio = median(values) / median(runs["crun run" if "crun" in name else "runc run"])
                table.add("`%s`" % name, "%.1f" % median(values), "%.1f" % p90(values), "%.2f×" % ratio,
                          aim=aim(ratio, 2.5, "×", digits=1) if name == "swctr run --rm, crun" else "")
                report.note("ms " + name + (" (rested)" if rest else ""), median(values))

        clients = {"swctr version": site.swctr + ["version"], "ctr version": site.ctr + ["version"]}
        table = report.table("client start", "median ms", "p90 ms")
        for name, values in interleave(timing(clients), rounds * 5, warm=5).items():
            table.add("`%s`" % name, "%.2f" % median(values), "%.2f" % p90(values),
                      aim=aim(median(values), 3, " ms") if name == "swctr version" else "")
            report.note("ms " + name, median(values), 3)
        site.memory(report, "after the runs")
