#!/usr/bin/env python3
"""Checks the imports of Sources/ and shim/: only downwards, only what Package.swift declares, and the few libraries that
belong to one module only there."""
import json
import re
import subprocess
import sys
from pathlib import Path

# Position of each module; a module imports only what stands lower. Siblings do not see each other.
LAYERS = [
    {"SwctrCore", "SwctrProto", "CSwctrLinux", "CCrypto", "CISAL", "CZstd", "CSeccomp", "CSSL", "ShimCore"},
    {"SwctrArguments", "SwctrLinux", "SwctrOCI", "SwctrWire"},
    {"SwctrRPC"},
    {"SwctrContent", "SwctrSnapshots", "SwctrMetadata", "SwctrRuntime", "SwctrSeccomp", "SwctrHTTP"},
    {"SwctrRegistry"},
    {"SwctrImages", "SwctrTasks"},
    {"SwctrEngine"},
    {"SwctrService", "SwctrClient"},
    {"SwctrCommands"},
    {"swctr", "swctrd"},
]
# Libraries that one part of the house keeps to itself.
ONLY_IN = {
    "GRDB": {"SwctrMetadata"},
    "TOMLKit": {"SwctrService", "SwctrRegistry"},
}
# What the client's start-up time does not allow.
CLIENT = {"SwctrArguments", "SwctrCore", "SwctrLinux", "SwctrWire", "SwctrClient", "SwctrCommands", "swctr"}
IMPORT = re.compile(
    r"^\s*(?:@\w+(?:\([^)]*\))?\s+)*(?:(?:public|package|internal|fileprivate|private)\s+)?"
    r"import\s+(?:(?:struct|class|enum|protocol|func|var|typealias)\s+)?(\w+)",
    re.M,
)


def problems(root):
    package = json.loads(subprocess.check_output(["swift", "package", "dump-package"], cwd=root))
    layer = {name: height for height, names in enumerate(LAYERS) for name in names}
    for target in package["targets"]:
        name = target["name"]
        if target["type"] == "test" or name in ("SwctrTestSupport", "CTestSupport"):
            continue
        if name not in layer:
            yield f"Package.swift: target {name} has no place in .ci/check-layers.py"
            continue
        declared = {next(iter(d.values()))[0] for d in target["dependencies"]}
        folder = root / (target.get("path") or f"Sources/{name}")
        for file in sorted(folder.rglob("*.swift")):
            where = file.relative_to(root)
            text = file.read_text()
            for module in sorted(set(IMPORT.findall(text))):
                if module in layer:
                    if layer[module] >= layer[name]:
                        yield f"{where}: {name} must not import {module}, which stands beside or above it"
                    elif module not in declared:
                        yield f"{where}: imports {module}, which Package.swift does not give to {name}"
                for library, homes in ONLY_IN.items():
                    if module == library and name not in homes:
                        yield f"{where}: only {', '.join(sorted(homes))} may import {library}"
                if name in CLIENT and (module.startswith("NIO") or module.startswith("Foundation")):
                    yield f"{where}: {module} is too slow to start for the client's path"
            if name != "SwctrProto" and re.search(r"\btry!|\bas!", text):
                yield f"{where}: try! or as! turns an error into a crash"


def main():
    found = list(problems(Path(__file__).resolve().parent.parent))
    print("\n".join(found) or "layers: ok")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
