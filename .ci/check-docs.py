#!/usr/bin/env python3
"""Checks that links between the pages of the repository lead somewhere, that the list of decisions is complete, and that
the tests which docs/shim.md names exist."""
import re
import subprocess
import sys
from pathlib import Path

TEST = re.compile(r"\b(\w+Tests)(?:\.(\w+))?\b")
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


def problems(root):
    pages = subprocess.check_output(["git", "-C", str(root), "ls-files", "-co", "--exclude-standard", "*.md"], text=True)
    for page in pages.split():
        text = re.sub(r"```.*?```", "", (root / page).read_text(), flags=re.S)
        for target in LINK.findall(text):
            if "://" not in target and not ((root / page).parent / target).exists():
                yield f"{page}: nothing at {target}"
    tests = "\n".join(path.read_text() for path in sorted((root / "Tests").rglob("*.swift")))
    # From a suite to its text, up to the next one; two modules may have one of the same name.
    suites = {}
    for part in re.split(r"\b(?:struct|enum) (?=\w+Tests\b)", tests)[1:]:
        name = re.match(r"\w+", part)[0]
        suites[name] = suites.get(name, "") + part
    for suite, function in TEST.findall((root / "docs/shim.md").read_text()):
        if suite == "IntegrationTests":
            continue
        if suite not in suites or function and f"func {function}(" not in suites[suite]:
            yield f"docs/shim.md: no test {suite}.{function or '*'}"
    index = (root / "docs/adr/README.md").read_text()
    for decision in sorted((root / "docs/adr").glob("[0-9]*.md")):
        if f"({decision.name})" not in index:
            yield f"docs/adr/README.md: does not list {decision.name}"


def main():
    found = list(problems(Path(__file__).resolve().parent.parent))
    print("\n".join(found) or "links: ok")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
