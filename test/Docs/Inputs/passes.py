# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compares the pass lists of a document with the passes that diff-compile runs.

A list is an item `- CPU:` or `- GPU:` in a section that is named after two
levels. Cleanup passes are not listed. All other names in backticks that look
like those of the project's passes must exist.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

CHIPS = {"CPU": "host", "GPU": "sm_90a"}
LEVELS = ["semantic", "tiled", "kernel", "hardware"]
CLEANUP = {"canonicalize", "cse", "diff-compile"}
OTHERS = {"diff-opt", "diff-run", "diff-gen", "diff-launch", "diff-doc", "diff-linalg"}
LAYER = ["--variant=v2", "--query-tokens=8", "--heads=2", "--kv-heads=2", "--dim=8", "--type=f16"]


def listed(path: Path) -> dict[tuple[str, str], list[str]]:
    lists = {}
    section = ""
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            section = line.lstrip("# ").lower()
        match = re.match(r"- (CPU|GPU): (.*)", line)
        if match and " to " in section:
            lists[section, match[1]] = re.findall(r"`([\w-]+)`", match[2])
    return lists


def executed(text: str, chip: str, level: str) -> tuple[str, list[str]]:
    """Returns the text after `level` and the passes that led to it."""
    done = subprocess.run(
        ["diff-opt", "-", f"--diff-compile=chip={chip} stop-after={level}",
         "--mlir-print-ir-before-all", "--mlir-elide-elementsattrs-if-larger=1"],
        input=text, capture_output=True, text=True, check=True, timeout=100,
    )  # fmt: skip
    names = re.findall(r"IR Dump Before \S+ \(([\w-]+)\)", done.stderr)
    return done.stdout, [name for name in names if name not in CLEANUP]


def unknown(paths: list[Path]) -> set[str]:
    """Returns the names of passes in the documents that do not exist."""
    done = subprocess.run(["diff-opt", "--list-passes"], capture_output=True, text=True, timeout=100)
    known = set(re.findall(r"--([\w-]+)", done.stdout)) | OTHERS
    text = "".join(path.read_text(encoding="utf-8") for path in paths)
    return set(re.findall(r"`((?:diff|tile|convert)-[\w-]+)[`{]", text)) - known


def main() -> int:
    path = Path(sys.argv[1])
    lists = listed(path)
    layer = subprocess.run(["diff-gen", *LAYER], capture_output=True, text=True, check=True).stdout
    failed = False
    for route, chip in CHIPS.items():
        text = layer
        for before, after in zip(LEVELS, LEVELS[1:]):
            section = f"{before} to {after}"
            text, passes = executed(text, chip, after)
            same = lists.get((section, route)) == passes
            failed |= not same
            print(f"{section}, {route}:", f"{len(passes)} passes" if same else "differs")
            if not same:
                print("  document:", *lists.get((section, route), []))
                print("  pipeline:", *passes)
    for name in sorted(unknown([Path(page) for page in sys.argv[1:]])):
        print(f"no pass {name}")
        failed = True
    return failed


sys.exit(main())
