# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks the links of Markdown files, and that the files they name exist.

A name in backticks with the extension of a source file is a path below the
root of the project or a header's path, or the name of a file anywhere in the
project. Names in the build folder and in fences are not checked.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

NAME = re.compile(r"`([\w./-]+\.(?:cpp|h|td|py|sh|mlir|test|md|json|ptx|cu|txt))`")
LINK = re.compile(r"\[[^]]*\]\(([^)\s]+)\)")


def anchors(path: Path) -> set[str]:
    """The anchors that GitHub gives the headings."""
    headings = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def project_files(root: Path) -> set[str]:
    files = set()
    for folder, folders, names in os.walk(root):
        if Path(folder) == root:
            folders[:] = [f for f in folders if not f.startswith((".", "build", "install"))]
        files.update(os.path.relpath(os.path.join(folder, name), root) for name in names)
    return files


def check(path: Path, root: Path, files: set[str]) -> list[str]:
    names = {os.path.basename(file) for file in files}
    errors = []
    fenced = False
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if line.startswith("```"):
            fenced = not fenced
        if fenced:
            continue
        for name in NAME.findall(line):
            if name.startswith("build/"):
                continue
            if not (name in files or f"include/{name}" in files or name in names
                    or (path.parent / name).exists()):  # fmt: skip
                errors.append(f"{path}:{number}: error: no file {name}")
        for link in LINK.findall(line):
            if "://" in link:
                continue
            file, _, anchor = link.partition("#")
            target = path.parent / file if file else path
            if not target.exists():
                errors.append(f"{path}:{number}: error: no file {file}")
            elif anchor and anchor not in anchors(target):
                errors.append(f"{path}:{number}: error: no heading {link}")
    return errors


root = Path(sys.argv[1])
pages = [Path(page) for page in sys.argv[2:]]
files = project_files(root)
errors = [error for page in pages for error in check(page, root, files)]
print(*errors, f"{len(pages)} pages", sep="\n")
sys.exit(bool(errors))
