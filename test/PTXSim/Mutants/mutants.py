#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Mutation of the project's own kernels: does the simulator notice?

From the PTX of some layers single lines are deleted: barriers, waits, shuffles,
predicates, stores, products. Each mutant runs with all checkers on; it is caught
when a checker finds something, or when the result is not what float64 says. A
mutant that does not load is no mutant. At least nine of ten must be caught; the
survivors are printed with their lines.

    mutants.py --build DIR [--sample N] [--at-least PART] [--seed N] [--jobs N]

With --sample, a fixed choice of N mutants over all layers; else all.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import subprocess
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "Integration"))
from difftest import arrays, cases, runner  # noqa: E402

#: Layers whose kernels are mutated: small, with tails, masks and every epilogue.
LAYERS = (
    (cases.Case("v2", "mutants", n=19, m=37, h=2, hkv=1, d=16, causal=True, lse=True), "bf16", "sm_80"),
    (cases.Case("v1", "mutants", n=9, m=41, h=2, hkv=1, d=16, window=(20, 3)), "f32", "sm_90a"),
    (cases.Case("standard", "mutants", b=2, n=21, m=18, h=2, hkv=2, d=24, softcap=5.0, dynamic=True), "f16", "sm_86"),
)  # fmt: skip

#: What is deleted, by the beginning of the instruction.
KINDS = {
    "barrier": r"bar\.sync|barrier\.|bar\.warp",
    "wait": r"cp\.async\.wait|mbarrier\.(try_)?(test_)?wait|cp\.async\.commit",
    "copy": r"cp\.async\.c[ag]",
    "shuffle": r"shfl",
    "predicate": r"setp|selp|and\.pred|or\.pred|not\.pred|xor\.pred",
    "branch": r"bra",
    "store": r"st\.(shared|global)|st\.volatile",
    "product": r"mma|fma|ldmatrix|mul\.rn\.f32|mul\.f32",
    "exponential": r"ex2|lg2|rcp|div|max\.f32|max\.NaN",
}
#: A kernel without an end runs for long: this many seconds, then it is caught.
TIMEOUT = 15


@dataclass(frozen=True)
class Mutant:
    layer: int
    line: int  # from 1
    kind: str
    text: str


def kind_of(line: str) -> str | None:
    text = re.sub(r"^\s*(@!?%\w+\s+)?", "", line)
    for kind, pattern in KINDS.items():
        if re.match(f"(?:{pattern})", text):
            return kind
    return None


@dataclass
class Layer:
    case: cases.Case
    element_type: str
    chip: str
    folder: Path
    lines: list[str]
    inputs: dict


def make_layer(build: Path, folder: Path, number: int, seed: int) -> Layer:
    case, element_type, chip = LAYERS[number]
    folder = folder / str(number)
    folder.mkdir()
    tools = runner.Tools(build, chip)
    (folder / "layer.mlir").write_text(tools.generate(case, element_type))
    ptx = tools.call(["diff-opt", folder / "layer.mlir", f"--diff-compile=chip={chip}", "--emit=ptx"])
    inputs = arrays.make_inputs(case, element_type, seed)
    for name, array in inputs.items():
        arrays.save(folder / f"{name}.npy", array)
    return Layer(case, element_type, chip, folder, ptx.splitlines(keepends=True), inputs)


def run(build: Path, layer: Layer, lines: list[str], name: str) -> tuple[str, str]:
    """What becomes of a kernel: "passed", "wrong", "found", "error", "hangs"."""
    folder = layer.folder / name
    folder.mkdir()
    (folder / "kernel.ptx").write_text("".join(lines))
    names = [result for result, _, _ in layer.case.results()]
    command = [build / "bin" / "diff-run", layer.folder / "layer.mlir", "--target=sim",
               f"--chip={layer.chip}", f"--ptx={folder / 'kernel.ptx'}",
               *(f"--input={layer.folder / key}.npy" for key in layer.inputs),
               *(f"--output={folder / key}.npy" for key in names)]  # fmt: skip
    try:
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True,
                              errors="replace", timeout=TIMEOUT)
    except subprocess.TimeoutExpired:
        return "hangs", ""
    if done.returncode:
        return {2: "found"}.get(done.returncode, "error"), done.stderr
    results = {key: arrays.load(folder / f"{key}.npy") for key in names}
    output, lse = runner.check_results(layer.case, layer.element_type, layer.inputs, results)
    failures = output.failures + (lse.failures if lse else [])
    return ("wrong" if failures else "passed"), ""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=Path, required=True)
    parser.add_argument("--sample", type=int, help="a fixed choice of this many (default: all)")
    parser.add_argument("--seed", type=int, default=20260101, help="of the inputs")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--at-least", type=float, default=0.9, help="part that must be caught")
    options = parser.parse_args()
    build = options.build.resolve()
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        layers = [make_layer(build, Path(folder), number, options.seed) for number in range(len(LAYERS))]
        for number, layer in enumerate(layers):
            status, message = run(build, layer, layer.lines, "unchanged")
            if status != "passed":
                print(f"layer {number} is {status} without a change\n{message}")
                return 1
        mutants = [Mutant(number, i + 1, kind, line.strip())
                   for number, layer in enumerate(layers)
                   for i, line in enumerate(layer.lines) if (kind := kind_of(line))]  # fmt: skip
        if options.sample:
            # The same lines as long as the kernels are the same.
            mutants = sorted(random.Random(1).sample(mutants, min(options.sample, len(mutants))),
                             key=lambda m: (m.layer, m.line))  # fmt: skip

        def try_one(mutant: Mutant) -> str:
            layer = layers[mutant.layer]
            lines = layer.lines[: mutant.line - 1] + ["\n"] + layer.lines[mutant.line :]
            return run(build, layer, lines, f"line{mutant.line}")[0]

        with ThreadPoolExecutor(options.jobs) as pool:
            outcomes = list(pool.map(try_one, mutants))
    tally = Counter()
    for mutant, outcome in zip(mutants, outcomes):
        tally[mutant.kind, outcome] += 1
        if outcome == "passed":
            case = layers[mutant.layer].case
            print(f"survives: {case.variant}, line {mutant.line}: {mutant.text}")
    for kind in KINDS:
        counts = {outcome: tally[kind, outcome] for outcome in ("found", "wrong", "hangs", "error", "passed")}
        if any(counts.values()):
            print(f"{kind:<12} " + ", ".join(f"{count} {outcome}" for outcome, count in counts.items() if count))
    valid = [outcome for outcome in outcomes if outcome != "error"]
    caught = sum(outcome != "passed" for outcome in valid)
    print(f"{caught} of {len(valid)} mutants are caught")
    return 0 if valid and caught >= options.at_least * len(valid) else 1


if __name__ == "__main__":
    sys.exit(main())
