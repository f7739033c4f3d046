#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Makes a shared library that stands for another one, for a user that never calls it:

    stub-library.py USER LIBRARY FOLDER

The stub has the name and the versions of LIBRARY, and the symbols that USER imports from
it. A function that is called all the same prints an error and ends the process.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

HEAD = """#include <stdio.h>
#include <stdlib.h>
static void fail(const char *name) {
  fprintf(stderr, "error: %s is not in this build\\n", name);
  abort();
}
"""


def read_symbols(library: str, option: str) -> list[tuple[str, str, str, int]]:
    """Kind, name, version or "", and size of the dynamic symbols."""
    output = subprocess.run(["nm", "-D", "-S", "-P", option, library], check=True,
                            capture_output=True, text=True).stdout  # fmt: skip
    symbols = []
    for line in output.splitlines():
        name, kind, *numbers = line.split()
        base, _, version = name.partition("@")
        size = int(numbers[1], 16) if len(numbers) > 1 else 0
        symbols.append((kind, base, version.lstrip("@"), size))
    return symbols


def write_source(symbols: list[tuple[str, str, str, int]]) -> str:
    lines = [HEAD]
    for kind, name, _, size in symbols:
        if kind in "TWi":
            lines.append(f'void {name}(void) {{ fail("{name}"); }}')
        else:
            lines.append(f"_Alignas(16) char {name}[{size}];")
    return "\n".join(lines) + "\n"


def write_versions(symbols: list[tuple[str, str, str, int]]) -> str:
    """A version script. Symbols without a version are in the anonymous one."""
    names: dict[str, list[str]] = {}
    for _, name, version, _ in symbols:
        names.setdefault(version, []).append(name)
    if "" in names and len(names) > 1:
        sys.exit("error: only some of the symbols have versions")
    return "\n".join(f"{version} {{ global: {'; '.join(listed)}; local: *; }};"
                     if number == 0 else f"{version} {{ global: {'; '.join(listed)}; }};"
                     for number, (version, listed) in enumerate(sorted(names.items())))  # fmt: skip


def main() -> None:
    user, library, folder = sys.argv[1:]
    dynamic = subprocess.run(["objdump", "-p", library], check=True, capture_output=True, text=True).stdout
    soname = re.search(r"SONAME\s+(\S+)", dynamic)[1]
    imported = {(name, version) for _, name, version, _ in read_symbols(user, "--undefined-only")}
    symbols = [symbol for symbol in read_symbols(library, "--defined-only") if symbol[1:3] in imported]
    if not symbols:
        sys.exit(f"error: {user} imports nothing from {library}")
    with tempfile.TemporaryDirectory() as scratch:
        source, versions = Path(scratch, "stub.c"), Path(scratch, "versions.map")
        source.write_text(write_source(symbols))
        versions.write_text(write_versions(symbols))
        subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-s", "-w", f"-Wl,-soname,{soname}",
                        f"-Wl,--version-script,{versions}", "-o", Path(folder, soname), source], check=True)  # fmt: skip
    print(f"{soname}: {len(symbols)} symbols")


main()
