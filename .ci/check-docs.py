#!/usr/bin/env python3
"""Checks that links between the pages of the repository lead somewhere, and that the list of decisions is complete."""
import re
import subprocess
import sys
from pathlib import Path

LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


def problems(root):
    pages = subprocess.check_output(["git", "-C", str(root), "ls-files", "-co", "--exclude-standard", "*.md"], text=True)
    for page in pages.split():
        text = re.sub(r"```.*?```", "", (root / page).read_text(), flags=re.S)
        for target in LINK.findall(text):
            if "://" not in target and not ((root / page).parent / target).exists():
                yield f"{page}: nothing at {target}"
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
