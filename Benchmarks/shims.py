"""The shim by itself, beside containerd's: memory, cost of a further container, start, exec, throughput."""
import contextlib
import json
import os
import threading

import shim as driver
import throughput
from measure import MEMORY, children_time, interleave, median, memory, p90, process_time, timed
from report import aim
from shim import Shim

COUNT = 20
EXECS = 1000
OUTPUT = 1 << 30
FURTHER = 40
LIMITS = {"Rss": 500, "Pss": 100, "Private_Dirty": 80}


def programs(host):
    return {"our shim": host.which("containerd-shim-swctr-v2"), "containerd's shim": host.which("containerd-shim-runc-v2")}


def size(host, report):
    kib = os.path.getsize(programs(host)["our shim"]) / 1024
    table = report.table("the program", "KiB")
    table.add("our shim", "%.0f" % kib, aim=aim(kib, 500))
    report.note("KiB file our shim", kib, 0)


def idle(host, report):
    """Twenty shims with a sleeping container each, then one of them after much work, while the others sleep on."""
    table = report.table("shim, KiB (mean of %d; then one of them)" % COUNT, "RSS", "PSS", "private dirty")
    for name, program in programs(host).items():
        with contextlib.ExitStack() as stack:
            shims = [stack.enter_context(Shim(program, host.folder / ("idle%d" % number), host.env, "crun",
                                              namespace="bench-idle%d" % number)) for number in range(COUNT)]
            for each in shims:
                each.run()
            host.settle()
            add(table, report, name, "idle", memory([each.pid for each in shims]), LIMITS if name == "our shim" else None)
            one = shims[0]
            one.exec("first", ["true"])
            host.settle()
            before = memory([one.pid])
            grown = {field: value * 1.1 for field, value in before.items()} if name == "our shim" else None
            add(table, report, name, "after an exec", before)
            for number in range(EXECS):
                one.exec("e%d" % number, ["true"])
            host.settle()
            add(table, report, name, "after %d execs" % EXECS, memory([one.pid]), grown)
            write_output(one)
            host.settle()
            add(table, report, name, "after 1 GiB of output", memory([one.pid]), grown)


def add(table, report, name, when, figures, limits=None):
    words = ""
    if limits:
        words = "; ".join("%s %s" % (field, aim(figures[field], limits[field])) for field in MEMORY)
    table.add("%s, %s" % (name, when), *("%.0f" % figures[field] for field in MEMORY), aim=words)
    for field in MEMORY:
        report.note("KiB %s %s, %s" % (field, name, when), figures[field], 0)


def write_output(shim):
    """An exec that writes OUTPUT bytes into a FIFO that this process reads."""
    path = shim.folder / "out"
    os.mkfifo(path)
    seen = [0]

    def read():
        with open(path, "rb", buffering=0) as pipe:
            while part := pipe.read(1 << 20):
                seen[0] += len(part)

    reader = threading.Thread(target=read)
    reader.start()
    shim.begin_exec("out", ["dd", "if=/dev/zero", "bs=65536", "count=%d" % (OUTPUT >> 16)], stdout=str(path), stderr=str(path))
    shim.end_exec("out")
    reader.join()
    if seen[0] < OUTPUT:
        raise SystemExit("bench: %d bytes of %d came" % (seen[0], OUTPUT))


def pods(host, report):
    """What a further container costs a shim that has others."""
    table = report.table("a further container in a shared shim, KiB (%d of them)" % FURTHER, "RSS", "PSS", "private dirty")
    for name, program in programs(host).items():
        for label, streams in ("no streams", False), ("two FIFOs", True):
            with contextlib.ExitStack() as stack:
                shim = stack.enter_context(
                    Shim(program, host.folder / "pod", host.env, "crun", group="pod", namespace="bench-pod"))

                def run(container):
                    path = str(shim.folder / (container + ".out")) if streams else ""
                    if path:
                        os.mkfifo(path)
                        # A client that has its ends open, as containerd's shim insists.
                        stack.callback(os.close, os.open(path, os.O_RDWR | os.O_NONBLOCK))
                    shim.run(container, stdout=path, stderr=path)

                run("c0")
                host.settle()
                before = memory([shim.pid])
                for number in range(FURTHER):
                    run("c%d" % (number + 1))
                host.settle()
                after = memory([shim.pid])
            each = {field: (after[field] - before[field]) / FURTHER for field in MEMORY}
            words = "; ".join("%s %s" % (field, aim(each[field], 12)) for field in ("Rss", "Private_Dirty"))
            table.add("%s, %s" % (name, label), *("%.1f" % each[field] for field in MEMORY),
                      aim=words if name == "our shim" else "")
            for field in MEMORY:
                report.note("KiB %s %s, a further container, %s" % (field, name, label), each[field], 1)


def start(host, report, rounds):
    """From the spawn of `start` to its whole answer."""
    def launch(program):
        with Shim(program, host.folder / "start", host.env, namespace="bench-start") as shim:
            return shim.start("a", ["true"])

    actions = {name: lambda program=program: launch(program) for name, program in programs(host).items()}
    table = report.table("start of a shim, spawn to address", "median ms", "p90 ms")
    for name, values in interleave(actions, rounds).items():
        table.add(name, "%.2f" % median(values), "%.2f" % p90(values),
                  aim=aim(median(values), 3, " ms") if name == "our shim" else "")
        report.note("ms start " + name, median(values))


def execs(host, report, rounds):
    """`true` in a running container: Exec, Start, Wait and Delete of a shim against `crun exec`."""
    crun, folder = host.which("crun"), host.folder / "exec"
    folder.mkdir()
    with contextlib.ExitStack() as stack:
        shims = {name: stack.enter_context(Shim(program, folder / str(number), host.env, "crun", namespace="bench-exec%d" % number))
                 for number, (name, program) in enumerate(programs(host).items())}
        for each in shims.values():
            each.run()
        # The bare runtime works on our shim's container, with the same document.
        document, root = folder / "process.json", "/run/containerd/runc/bench-exec0"
        document.write_text(json.dumps(driver.process(["true"])))
        bare = [crun, "--root", root, "exec", "--process", str(document), "a"]
        number = iter(range(1 << 30))
        used = {}

        def counting(name, clock, action):
            def run():
                begin = clock()
                action()
                used[name] = used.get(name, 0) + clock() - begin
            return run

        actions = {"bare `crun exec`": counting("bare `crun exec`", children_time, lambda: timed(bare, host.env))}
        for name, each in shims.items():
            actions[name] = counting(name, lambda each=each: process_time(each.pid),
                                     lambda each=each: each.exec("e%d" % next(number), ["true"]))
        samples = interleave(actions, rounds)
    floor, warm = median(samples["bare `crun exec`"]), 2
    table = report.table("`true` in a running container, crun", "median ms", "p90 ms", "of bare", "processor ms (mean)")
    for name, values in samples.items():
        table.add(name, "%.1f" % median(values), "%.1f" % p90(values), "%.2f×" % (median(values) / floor),
                  "%.1f" % (used[name] / (rounds + warm)),
                  aim=aim(median(values) / floor, 1.3, "×", digits=1) if name == "our shim" else "")
        report.note("ms exec " + name, median(values))
        report.note("cpu ms exec " + name, used[name] / (rounds + warm))


def output(host, report):
    """2 GiB from a container through the shim to a reader."""
    samples = throughput.measure(programs(host), host.folder)
    rates = {name: 2 / median([sample.wall for sample in found]) for name, found in samples.items()}
    table = report.table("2 GiB of a container's output to a reader", "GiB/s", "shim's processor s")
    for name, found in samples.items():
        ratio = rates[name] / rates["containerd's shim"]
        table.add(name, "%.2f" % rates[name], "%.2f" % median([sample.cpu for sample in found]),
                  aim=aim(ratio, 2, "× containerd's", at_least=True) if name == "our shim" else "")
        report.note("GiB/s output " + name, rates[name])
