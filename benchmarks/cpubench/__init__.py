# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Times of attention layers on the CPU; see ../cpu.py."""

import sys
from pathlib import Path

# The arrays, the reference and the tolerance of the execution tests.
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "test" / "Integration"))


class BenchError(Exception):
    """The benchmark cannot run as asked. The message has one line."""
