# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Parses the IR examples of Markdown files."""

import sys
from pathlib import Path

from markdown import fences, parse

examples = [fence for path in sys.argv[1:] for fence in fences(Path(path))]
errors = parse(examples)
print(*errors, sep="\n", end="\n" if errors else "")
print(f"{len(examples)} examples")
sys.exit(bool(errors))
