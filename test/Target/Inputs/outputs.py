# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""outputs.py FILE KIND=PATH...: checks that a file consists of these outputs, each after
a line with its kind and its number of bytes."""

import sys
from pathlib import Path

expected = b""
for argument in sys.argv[2:]:
    kind, _, path = argument.partition("=")
    data = Path(path).read_bytes()
    expected += f"{kind} {len(data)}\n".encode() + data
sys.exit(Path(sys.argv[1]).read_bytes() != expected)
