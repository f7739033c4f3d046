# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs the commands of Markdown files: commands.py BUILD ROOT SCRATCH FILE...

All `sh` fences of a file run in order, in a folder with links to the files of the
project and to the build folder. A `text` fence after a `sh` fence is its output: the
lines must occur in this order. `...` in a line, or as a line, stands for any text. A
comment `<!-- file: NAME -->` before a fence writes its text to a file.
SKIPPED lists commands that do not run here, and DRY_RUN those that the build tool only
plans, so that their targets must exist; each entry must match a command.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from markdown import fences

#: File, pattern of the command, and why it does not run.
SKIPPED = (
    ("README.md", r"\./scripts/(demo|test|package)\.sh", "sets up a machine"),
    ("README.md", r"cmake ", "builds the project"),
    ("README.md", r".*--target=cuda", "needs a GPU"),
    ("README.md", r"scripts/compare\.py --model=diff-v2", "takes a minute; test/Benchmarks runs smaller ones"),
    ("README.md", r".*pip install", "test/Python/install.test"),
    ("CONTRIBUTING.md", r"cmake --preset", "configures a build"),
    ("CONTRIBUTING.md", r"\./scripts/test\.sh", "sets up a machine"),
    ("CONTRIBUTING.md", r"cmake --build build --target check-(format|tidy)", "needs clang-format-22 and clang-tidy-22"),
    ("CONTRIBUTING.md", r"/usr/lib/llvm-22/bin/lit", "runs tests"),
    ("CONTRIBUTING.md", r"\$FUZZ layers .*--seconds", "takes ten minutes; test/Fuzz runs a sample"),
    ("python/README.md", r".*pip install", "test/Python/install.test"),
    ("python/README.md", r"python -m diff_mlir compare", "test/Python/cli.test"),
    ("python/README.md", r"scripts/make-kernel\.py", "test/Python/kernels.test"),
    ("docs/integration.md", r"cmake ", "test/Package"),
    ("docs/integration.md", r"build-standalone/", "test/Package"),
    ("docs/integration.md", r"python3 test/Package", "test/Package"),
    ("docs/cpu.md", r"(aarch64-linux-gnu-gcc|qemu-aarch64) ", "test/Target/example.test"),
    ("docs/adding-a-chip.md", r"/usr/lib/llvm-22/bin/lit", "runs tests"),
    ("docs/adding-a-mask.md", r"/usr/lib/llvm-22/bin/lit", "runs tests"),
)

#: File, and pattern of the command.
DRY_RUN = (("CONTRIBUTING.md", r"cmake --build "),)


def split_commands(text: str) -> list[str]:
    """The commands of a fence, with their continuation lines."""
    return [command for command in re.sub(r"\\\n", "\\\\\0", text).split("\n") if command.strip()]


def select(name: str, text: str, used: set) -> str:
    """The script of a fence without the skipped commands."""
    kept = []
    for command in split_commands(text):
        entry = next((entry for entry in SKIPPED + DRY_RUN if entry[0] == name and re.match(entry[1], command)), None)
        if entry:
            used.add(entry)
        if entry in DRY_RUN:
            kept.append(re.sub(r"\s+#.*", "", command) + " -- -n")
        elif not entry:
            kept.append(command.replace("\0", "\n"))
    return "\n".join(kept)


def find_missing(expected: str, output: str) -> str | None:
    """The first expected line that the output lacks."""
    lines = iter(output.splitlines())
    for line in expected.splitlines():
        if line.strip() in ("", "..."):
            continue
        pattern = re.compile(r"\s*" + ".*".join(re.escape(part) for part in line.strip().split("...")) + r"\s*$")
        if not any(pattern.match(found) for found in lines):
            return line
    return None


def make_folder(scratch: Path, root: Path, build: Path) -> None:
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    for entry in root.iterdir():
        if not entry.name.startswith((".", "build", "install")):
            (scratch / entry.name).symlink_to(entry)
    (scratch / "build").symlink_to(build)
    # The documentation's python is that of the tests.
    tools = scratch / ".venv" / "bin"
    tools.mkdir(parents=True)
    for name in ("python", "python3"):
        (tools / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
        (tools / name).chmod(0o755)


def run_file(path: Path, name: str, scratch: Path, used: set) -> tuple[int, list[str]]:
    environment = dict(os.environ, PATH=f"{scratch / '.venv' / 'bin'}:{os.environ['PATH']}",
                       PYTHONPATH=str(scratch / "build" / "python"), PYTHONDONTWRITEBYTECODE="1",
                       DIFF_CACHE_DIR=str(scratch / "cache"))  # fmt: skip
    for file, text in re.findall(r"<!-- file: (\S+) -->\n+```\w*\n(.*?)^```", path.read_text(),
                                 re.DOTALL | re.MULTILINE):  # fmt: skip
        (scratch / file).write_text(text)
    outputs = {fence.line: fence.text for fence in fences(path, "text")}
    scripts = fences(path, "sh")
    starts = [fence.line for fence in scripts] + [sys.maxsize]
    count, errors = 0, []
    for fence, following in zip(scripts, starts[1:]):
        script = select(name, fence.text, used)
        if not script:
            continue
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", script], cwd=scratch, env=environment,
                              capture_output=True, text=True, stdin=subprocess.DEVNULL)  # fmt: skip
        count += len(split_commands(script.replace("\\\n", " ")))
        where = f"{name}:{fence.line}"
        if done.returncode:
            errors.append(f"{where}: status {done.returncode}\n{script}\n{done.stderr[-2000:]}")
        for line, text in outputs.items():
            if fence.line < line < following and (missing := find_missing(text, done.stdout)):
                errors.append(f"{name}:{line}: the output lacks '{missing.strip()}'")
    return count, errors


def main() -> int:
    build, root, scratch = (Path(word).resolve() for word in sys.argv[1:4])
    used, total, errors = set(), 0, []
    for name in sys.argv[4:]:
        make_folder(scratch, root, build)
        count, found = run_file(root / name, name, scratch, used)
        total += count
        errors += found
    errors += [f"SKIPPED, DRY_RUN: {entry[0]} has no command {entry[1]}" for entry in SKIPPED + DRY_RUN
               if entry not in used and entry[0] in sys.argv[4:]]  # fmt: skip
    print(*errors, sep="\n", end="\n" if errors else "")
    print(f"{total} commands ran, {len(errors)} errors")
    return bool(errors) or not total


sys.exit(main())
