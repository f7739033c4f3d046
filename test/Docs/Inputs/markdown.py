# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Fences, tables and IR examples of Markdown files."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Fence:
    path: Path
    line: int  # of the first line of the text
    section: str  # the last heading before the fence
    text: str


def fences(path: Path, language: str = "mlir") -> list[Fence]:
    """Returns the fenced blocks of `language` in `path`, in order."""
    found = []
    section = ""
    text: list[str] | None = None
    wanted = False
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if line.strip().startswith("```"):
            if text is None:
                text, start = [], number + 1
                wanted = line.strip() == f"```{language}"
                continue
            if wanted:
                found.append(Fence(path, start, section, "\n".join(text) + "\n"))
            text = None
        elif text is not None:
            text.append(line)
        elif line.startswith("#"):
            section = line.lstrip("# ").strip()
    if text is not None:
        raise SystemExit(f"{path}:{start}: the fence is not closed")
    return found


def rows(path: Path) -> list[tuple[int, list[str]]]:
    """Returns the rows of all tables in `path`, with their line numbers."""
    found = []
    fenced = False
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        line = line.strip()
        if line.startswith("```"):
            fenced = not fenced
        elif fenced:
            continue
        elif line.startswith("|"):
            cells = re.split(r"(?<!\\)\|", line.removesuffix("|")[1:])
            found.append((number, [cell.strip() for cell in cells]))
        elif line.startswith("<tr>"):
            cells = re.findall(r"<t[dh]>(.*?)</t[dh]>", line)
            found.append((number, [cell.strip() for cell in cells]))
    return found


def diff_opt(text: str, *options: str) -> tuple[str, str]:
    """Runs diff-opt and returns its output and its errors."""
    done = subprocess.run(
        ["diff-opt", "-", *options], input=text, capture_output=True, text=True, timeout=100
    )
    if done.returncode and not done.stderr:
        raise SystemExit(f"diff-opt failed with status {done.returncode}")
    return done.stdout, done.stderr if done.returncode else ""


def parse(examples: list[Fence]) -> list[str]:
    """Parses, verifies and round-trips the examples. Returns the errors."""
    text, starts = "", []
    for example in examples:
        if "// -----" in example.text:
            raise SystemExit(f"{example.path}:{example.line}: an example is one module")
        starts.append(text.count("\n") + 1)
        text += example.text + "// -----\n"
    _, errors = diff_opt(text, "--split-input-file", "--verify-roundtrip")

    def locate(match: re.Match) -> str:
        line = int(match.group(1))
        index = max(i for i, start in enumerate(starts) if start <= line)
        example = examples[index]
        return f"{example.path}:{example.line + line - starts[index]}:"

    located = re.sub(r"<stdin>:(\d+):", locate, errors)
    return [line for line in located.splitlines() if "error:" in line]
