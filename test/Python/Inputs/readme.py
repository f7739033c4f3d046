# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs the Python examples of Markdown files, those of a file in one namespace."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "Docs" / "Inputs"))
from markdown import fences  # noqa: E402

count = 0
for path in sys.argv[1:]:
    namespace = {"__name__": "example"}
    for example in fences(Path(path), "python"):
        exec(compile(example.text, f"{path}:{example.line}", "exec"), namespace)
        count += 1
print(f"ran {count} examples")
sys.exit(not count)
