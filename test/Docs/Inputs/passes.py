# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compares the pass lists of a document with the passes that diff-compile runs.

A list is an item `- CPU:` or `- GPU:` in a section that is named after two
levels. Cleanup passes are not listed. All other names in backticks that look
like those of the project's passes must exist. Usage:

    passes.py [--update] DOCUMENT [OTHER_DOCUMENT...]

`--update` writes the lists into the document. diff-opt and diff-gen must be in
PATH.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

CHIPS = {"CPU": "host", "GPU": "sm_90a"}
LEVELS = ["semantic", "tiled", "kernel", "hardware"]
CLEANUP = {"canonicalize", "cse", "diff-compile"}
#: Tools, targets and pipelines.
OTHERS = {"diff-opt", "diff-run", "diff-gen", "diff-launch", "diff-lsp-server", "diff-reduce",
          "diff-doc", "diff-test-depends", "diff-linalg"}  # fmt: skip
LAYER = ["--variant=v2", "--query-tokens=8", "--heads=2", "--kv-heads=2", "--dim=8", "--type=f16"]


def listed(lines: list[str]) -> dict[tuple[str, str], int]:
    """Returns the number of the line of each list."""
    lists = {}
    section = ""
    for number, line in enumerate(lines):
        if line.startswith("#"):
            section = line.lstrip("# ").lower()
        match = re.match(r"- (CPU|GPU): ", line)
        if match and " to " in section:
            lists[section, match[1]] = number
    return lists


def executed(text: str, chip: str, level: str) -> list[str]:
    """Returns the passes that run until `level`."""
    done = subprocess.run(
        ["diff-opt", "-", f"--diff-compile=chip={chip} stop-after={level}",
         "--mlir-print-ir-before-all", "--mlir-print-skip-regions"],
        input=text, capture_output=True, text=True, check=True, timeout=300,
    )  # fmt: skip
    names = re.findall(r"IR Dump Before \S+ \(([\w-]+)\)", done.stderr)
    return [name for name in names if name not in CLEANUP]


def unknown(paths: list[Path]) -> set[str]:
    """Returns the names of passes in the documents that do not exist."""
    done = subprocess.run(["diff-opt", "--list-passes"], capture_output=True, text=True, timeout=100)
    known = set(re.findall(r"--([\w-]+)", done.stdout)) | OTHERS
    text = "".join(path.read_text(encoding="utf-8") for path in paths)
    return set(re.findall(r"`((?:diff|tile|convert)-[\w-]+)[`{]", text)) - known


def main() -> int:
    update = sys.argv[1] == "--update"
    pages = [Path(page) for page in sys.argv[1 + update :]]
    lines = pages[0].read_text(encoding="utf-8").split("\n")
    lists = listed(lines)
    layer = subprocess.run(["diff-gen", *LAYER], capture_output=True, text=True, check=True).stdout
    failed = False
    for route, chip in CHIPS.items():
        earlier: list[str] = []
        for before, after in zip(LEVELS, LEVELS[1:]):
            section = f"{before} to {after}"
            every = executed(layer, chip, after)
            assert every[: len(earlier)] == earlier
            passes, earlier = every[len(earlier) :], every
            number = lists.get((section, route))
            wanted = f"- {route}: " + ", ".join(f"`{name}`" for name in passes)
            if number is not None and (update or lines[number] == wanted):
                lines[number] = wanted
                print(f"{section}, {route}: {len(passes)} passes")
                continue
            failed = True
            print(f"{section}, {route}: differs")
            print("  document:", lines[number] if number is not None else "no list")
            print("  pipeline:", wanted)
    if update:
        pages[0].write_text("\n".join(lines), encoding="utf-8")
    for name in sorted(unknown(pages)):
        print(f"no pass {name}")
        failed = True
    return failed


sys.exit(main())
