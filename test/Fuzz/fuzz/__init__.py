# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Random tests of the tools: layers, graphs of ops, and damaged files.

Run `python -m fuzz --help` in the parent folder for the command line.
"""

import sys
from pathlib import Path

# The reference, the tolerance rule and the case type of the execution tests.
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "Integration"))
