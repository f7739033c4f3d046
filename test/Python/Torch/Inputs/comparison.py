# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The compositions that `compare` measures compute what the kernels compute."""

from pathlib import Path

import diff_mlir
import torch
from diff_mlir import _compare

from support import Report

LAYERS = (
    "--heads=4 --kv-heads=2 --dim=16 --causal --query-tokens=9 --batch=2",
    "--heads=4 --kv-heads=2 --dim=16 --causal --query-tokens=3 --key-tokens=11",
    "--heads=4 --kv-heads=2 --dim=16 --window=3,2 --query-tokens=8 --gate --scale=0.4",
    "--heads=8 --kv-heads=2 --dim=16 --signals=4 --query-tokens=7",
)


def main() -> None:
    report, variants = Report(), set()
    scripts = _compare._load_scripts()
    build = Path(diff_mlir._runtime.find_tool("diff-gen")).parent.parent
    for options in LAYERS:
        torch.manual_seed(0)
        result = scripts.compare([*options.split(), "--type=f32"], [], build)
        for row in result["rows"]:
            if "layer" not in row:
                continue
            subject = _compare.Measurement(row["layer"], True)
            compose = subject.prepare_composition()
            wanted, found = subject.run_ours(), compose()
            same = wanted.shape == found.shape and torch.allclose(wanted, found, atol=1e-4)
            variants.add((row["layer"]["variant"], row["layer"]["signals"] or 1))
            report(f"{options}: {row['name']}", same, f"{tuple(wanted.shape)}, {tuple(found.shape)}")
    report("all variants", {("v2", 1), ("v2", 4), ("v1", 1), ("v1", 4), ("standard", 1)} <= variants, str(variants))
    report.finish()


main()
