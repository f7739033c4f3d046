#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Measures the speed of the PTX simulator on one core, with and without checkers.

Prints thread-level instructions per second for a plain arithmetic loop, and FLOP
per second through mma.sync. For both, and for a kernel of this compiler, prints
the slowdown with all checkers. Counts come from the simulator's report, times
from --time (medians).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent


def run(command: list) -> str:
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}\n{done.stderr}")
    return done.stdout


def measure(tool: Path, name: str, block: int, turns: int, runs: int, folder: Path) -> dict:
    """Measures counts and times of a kernel of benchmarks/ptx with one block."""
    report = folder / "report.json"
    base = [tool, HERE / "ptx" / f"{name}.ptx", "--grid=1", f"--block={block}", "--threads=1",
            f"--arg=out:u32:{block}:{folder / 'out.npy'}", f"--arg=u32:{turns}"]  # fmt: skip
    run([*base, "--check=none", f"--json={report}"])
    counts = json.loads(report.read_text())
    times = {check: json.loads(run([*base, f"--check={check}", f"--time={runs}"]))["median_ms"] / 1e3
             for check in ("none", "all")}  # fmt: skip
    return {"threads": counts["instructions"]["threads"], "flops": counts["tensor"]["flops"], **times}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=Path, default=HERE.parent / "build")
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    tool = options.build / "bin" / "ptx-sim"
    with tempfile.TemporaryDirectory() as folder:
        alu = measure(tool, "alu", 256, 20000, options.runs, Path(folder))
        mma = measure(tool, "mma", 128, 5000, options.runs, Path(folder))
    print(f"plain loop     {alu['threads'] / alu['none'] / 1e6:8.0f} million thread instructions/s "
          f"checkers off, {alu['threads'] / alu['all'] / 1e6:.0f} on "
          f"({alu['all'] / alu['none']:.1f} times slower)")  # fmt: skip
    print(f"mma.sync       {mma['flops'] / mma['none'] / 1e9:8.1f} GFLOP/s checkers off, "
          f"{mma['flops'] / mma['all'] / 1e9:.1f} on ({mma['all'] / mma['none']:.1f} times slower)")


if __name__ == "__main__":
    main()
