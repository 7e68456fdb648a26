"""What is measured, and how: wall time, processor time, memory; interleaved rounds."""
import os
import random
import resource
import statistics
import time
from pathlib import Path

MEMORY = ("Rss", "Pss", "Private_Dirty")
TICKS = os.sysconf("SC_CLK_TCK")


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


def children_time():
    """Milliseconds of processor time of all children that this process has waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (used.ru_utime + used.ru_stime) * 1000


def process_time(pid, children=True):
    """The same for another process, with the children that it has waited for; counted in ticks of usually 10 ms."""
    fields = Path("/proc/%d/stat" % pid).read_text().rsplit(")", 1)[1].split()
    return sum(int(ticks) for ticks in fields[11:15 if children else 13]) * 1000 / TICKS


def memory(pids):
    """Mean KiB of each smaps_rollup field that we tell of, over some processes."""
    totals = dict.fromkeys(MEMORY, 0)
    for pid in pids:
        for line in Path("/proc/%d/smaps_rollup" % pid).read_text().splitlines():
            name = line.split(":")[0]
            if name in totals:
                totals[name] += int(line.split()[1])
    return {name: totals[name] / len(pids) for name in MEMORY}


def interleave(actions, rounds, warm=2, rest=0.0):
    """Calls each action once a round, in a new order every time; lists of milliseconds by name.

    An action returns its own figure, or None to have its wall time taken. `rest`: seconds before each call.
    """
    samples = {name: [] for name in actions}
    order = list(actions)
    for number in range(rounds + warm):
        random.shuffle(order)
        for name in order:
            time.sleep(rest)
            begin = time.perf_counter()
            figure = actions[name]()
            elapsed = (time.perf_counter() - begin) * 1000
            if number >= warm:
                samples[name].append(elapsed if figure is None else figure)
    return samples


def median(values):
    return statistics.median(values)


def p90(values):
    return statistics.quantiles(values, n=10)[-1]
