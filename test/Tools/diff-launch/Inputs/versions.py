# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""versions.py NEWEST: reads `llvm-readelf -V` and prints the symbol versions of
glibc that a program needs and that are newer."""

import re
import sys

newest = tuple(map(int, sys.argv[1].split(".")))
found = {tuple(map(int, version.split(".")))
         for version in re.findall(r"Name: GLIBC_([0-9.]+)", sys.stdin.read())}  # fmt: skip
print(f"{len(found)} versions of glibc")
for version in sorted(found):
    if version > newest:
        print("newer:", ".".join(map(str, version)))
