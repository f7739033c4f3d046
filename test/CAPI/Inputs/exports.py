# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""exports.py INCLUDE... LIBRARY NM: checks that the library exports every function of
the headers in diff-c that belong to it, and C functions only."""

import re
import subprocess
import sys
from pathlib import Path

*folders, library, nm = sys.argv[1:]
# DiffLaunch is another library.
headers = [path for folder in map(Path, folders)
           for pattern in ("diff-c/*.h", "diff-c/Dialect/*.h", "diff/**/Passes.capi.h.inc")
           for path in folder.glob(pattern) if path.name in
           ("Compiler.h", "Registration.h", "Diff.h", "Tile.h", "Passes.capi.h.inc")]  # fmt: skip
declared = set()
for header in headers:
    text = header.read_text()
    marked = re.findall(r"(?:DIFF_C_EXPORT|MLIR_CAPI_EXPORTED)[^;]*?\b(\w+)\s*\(", text)
    declared.update(marked)
output = subprocess.run([nm, "-D", "--defined-only", library], check=True, capture_output=True,
                        text=True).stdout  # fmt: skip
exported = {line.split()[-1].split("@")[0] for line in output.splitlines()}
for name in sorted(declared - exported):
    print(f"not exported: {name}")
for name in sorted(exported):
    # The others are static variables of inline functions.
    if not re.match(r"(diff|mlir)[A-Z]|_Z(GV)?ZN4mlir", name):
        print(f"exported: {name}")
print(f"{len(headers)} headers, {len(declared)} functions")
