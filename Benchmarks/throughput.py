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
import os
import random
import shutil
import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from measure import memory, process_time
from shim import Shim

# What the container runs; busybox's head, say, spends more time on itself than any shim does.
WRITERS = {"1M": 1 << 20, "64k": 64 << 10, "4k": 4 << 10}


@dataclass
class Sample:
    """One run: seconds from Start to the reader's end of file, the shim's own processor time in seconds, and its
    memory (KiB of smaps_rollup) just before Start and after the end of output."""
    wall: float
    cpu: float
    before: dict
    after: dict


def run(program, folder, size, writer="1M", runtime="runc"):
    """One container's output through one shim: a `Sample`."""
    block = WRITERS[writer]
    command = ["dd", "if=/dev/zero", "bs=%d" % block, "count=%d" % (size // block)]
    null, readers = os.open(os.devnull, os.O_WRONLY), []
    try:
        with Shim(program, folder, os.environ, runtime, namespace="throughput") as shim:
            # Both outputs, since containerd's shim takes both or none; nothing much comes on stderr.
            out, err = str(folder / "out"), str(folder / "err")
            for fifo in (out, err):
                os.mkfifo(fifo)
                readers.append(os.open(fifo, os.O_RDONLY | os.O_NONBLOCK))
            reader = readers[0]
            os.set_blocking(reader, True)
            shim.create("a", command, out, err)
            before = memory([shim.pid])
            cpu, begin, count = process_time(shim.pid, children=False), time.perf_counter(), 0
            shim.peer.call("Start", {1: "a"})
            while part := os.splice(reader, null, 1 << 20):
                count += part
            wall = time.perf_counter() - begin
            cpu = process_time(shim.pid, children=False) - cpu
            if count != size:
                raise SystemExit("throughput: %d of %d bytes arrived from %s" % (count, size, program))
            return Sample(wall, cpu / 1000, before, memory([shim.pid]))
    finally:
        for descriptor in (null, *readers):
            os.close(descriptor)


def measure(shims, folder, size=2 << 30, rounds=5, writer="1M", runtime="runc"):
    """Measures the programs of `shims` (name -> path) in interleaved rounds below `folder`: name -> [Sample]."""
    samples = {name: [] for name in shims}
    for _ in range(rounds):
        for name in random.sample(list(shims), len(shims)):
            # A short name: sockets are below it.
            samples[name].append(run(shims[name], Path(folder) / "o", size, writer, runtime))
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
