# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks the generated reference in a folder.

Every cell of its tables has text, and the description of an operand, a result
or an attribute says more than its type. Every option of a pass is described.
Every IR example parses, verifies and round-trips, and the examples of a pass
are pairs: the pass transforms the first one into the second one.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from markdown import Fence, diff_opt, fences, parse, rows

#: Summaries of upstream's types and attributes, which describe nothing.
GENERIC = re.compile(
    r"(variadic of )?(any type|index|\d+-bit \w+ integer|(ranked tensor|memref|vector) of any type values"
    r"|TransformHandleTypeInterface instance|[\w -]* attribute)"
)


def check_tables(path: Path) -> tuple[list[str], int]:
    errors, count = [], 0
    described, header = False, ""
    for line, cells in rows(path):
        if all(re.fullmatch(":?-+:?", cell) for cell in cells):
            described = header == "Description"
            continue
        header = cells[-1]
        if cells == ["Attribute", "MLIR Type", "Description"]:
            described = True  # a table in HTML
        count += 1
        if not all(cells):
            errors.append(f"{path}:{line}: error: a cell is empty: {cells}")
        elif described and GENERIC.fullmatch(cells[-1]):
            errors.append(f"{path}:{line}: error: {cells[0]} has a type only: {cells[-1]}")
    return errors, count


def check_options(path: Path) -> tuple[list[str], int]:
    """The options of a pass are a fence of lines `-name : description`."""
    errors, count = [], 0
    for fence in fences(path, ""):
        if fence.section != "Options":
            continue
        for line, option in enumerate(fence.text.splitlines(), fence.line):
            count += 1
            if not re.match(r" *-[\w-]+ *: \S", option):
                errors.append(f"{path}:{line}: error: no description: {option}")
    return errors, count


def check_passes(path: Path) -> tuple[list[str], int]:
    errors, count = [], 0
    sections: dict[str, list[Fence]] = {}
    for fence in fences(path):
        sections.setdefault(fence.section, []).append(fence)
    for section, examples in sections.items():
        name = section.strip("`-")
        if len(examples) % 2:
            errors.append(f"{path}:{examples[-1].line}: error: {name} has an example without result")
        for before, after in zip(examples[::2], examples[1::2]):
            count += 1
            cleanup = ("--canonicalize", "--cse")
            found, failure = diff_opt(before.text, f"-{name}", *cleanup)
            wanted, _ = diff_opt(after.text, *cleanup)
            if failure or found != wanted:
                errors.append(
                    f"{path}:{after.line}: error: {name} does not give this example, but\n"
                    f"{failure or found}"
                )
    return errors, count


def main() -> int:
    pages = sorted(Path(sys.argv[1]).glob("*.md"))
    errors: list[str] = []
    examples: list[Fence] = []
    counts = dict(rows=0, options=0, passes=0)
    for path in pages:
        checks = [("rows", check_tables), ("options", check_options)]
        if path.stem.endswith("Passes"):
            checks.append(("passes", check_passes))
        for key, check in checks:
            found, count = check(path)
            errors += found
            counts[key] += count
        examples += fences(path)
    errors += parse(examples)
    print(*errors, sep="\n", end="\n" if errors else "")
    print(f"{len(pages)} pages, {len(examples)} examples,", ", ".join(f"{n} {k}" for k, n in counts.items()))
    return bool(errors)


sys.exit(main())
