"""Figures as tables, with the aim beside each that has one; the history, and the pages that show them."""
import csv
import datetime
import os
import platform
import subprocess
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent


class Table:
    """Rows of figures under one heading."""

    def __init__(self, title, columns):
        self.title, self.columns, self.rows = title, columns, []

    def add(self, name, *values, aim=""):
        """A row; values are texts already. `aim` is what `aim()` made."""
        self.rows.append([name, *values, aim])

    def lines(self):
        has_aims = any(row[-1] for row in self.rows)
        heads = [self.title, *self.columns] + (["aim"] if has_aims else [])
        rules = ["---"] + ["---:"] * len(self.columns) + (["---"] if has_aims else [])
        rows = [row if has_aims else row[:-1] for row in self.rows]
        return ["| %s |" % " | ".join(row) for row in (heads, rules, *rows)]


def aim(value, limit, unit="", at_least=False, digits=0):
    """The aim in words, and whether the figure reached it. Nothing fails for it: this machine may be busy."""
    reached = value >= limit if at_least else value <= limit
    return "%s %.*f%s, %s" % ("≥" if at_least else "≤", digits, limit, unit, "reached" if reached else "**missed**")


class Report:
    def __init__(self):
        self.tables, self.record = [], {}

    def table(self, title, *columns):
        table = Table(title, columns)
        self.tables.append(table)
        return table

    def note(self, name, value, digits=2):
        """Keeps a figure for the history."""
        self.record[name] = round(value, digits)

    def lines(self):
        return [line for table in self.tables for line in ["", *table.lines()]][1:]


def describe(env, runs):
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
        "runs": runs,
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


def headline(record):
    """The few figures of README: ours beside containerd's."""
    def ratio(name):
        return "%.0f ms, %.2f×" % (record[name], record[name] / record["ms crun run"])

    def shim(name):
        return " / ".join("%.0f" % record["KiB %s %s, idle" % (field, name)] for field in ("Rss", "Pss", "Private_Dirty"))

    def manager(name):
        return "%.0f" % (record["KiB Rss %s (manager, idle)" % name] / 1024)

    return [
        "| | swctr | ctr, containerd 1.6 |", "| --- | ---: | ---: |",
        "| `run --rm IMAGE ID true` with crun, against bare `crun run` (%.0f ms) | %s | %s |" % (
            record["ms crun run"], ratio("ms swctr run --rm, crun"), ratio("ms ctr run --rm, crun")),
        "| an idle shim: RSS / PSS / private dirty, KiB | %s | %s |" % (shim("our shim"), shim("containerd's shim")),
        "| the idle manager: RSS, MiB | %s | %s |" % (manager("swctrd"), manager("containerd")),
        "| `version`, a question and its answer | %.1f ms | %.1f ms |" % (
            record["ms swctr version"], record["ms ctr version"]),
        "",
        "`make bench` measures both in one run; [all figures](docs/performance.md).",
    ]
