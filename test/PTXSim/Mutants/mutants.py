#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Mutates the project's kernels and checks that the simulator reports it.

Deletes each instruction of the PTX of the layers of layers.py, one at a time. Each
mutant runs with all checkers. It is caught if a checker reports a finding, or if
the result differs from float64. Mutants that do not load are not counted. At least
nine of ten must be caught; the survivors are printed with their lines.
SURVIVORS.md explains them with the results of --explain: see explain.py.

    mutants.py --build DIR [--sample N] [--at-least PART] [--seed N] [--jobs N]
               [--layers N,N] [--kinds KIND,KIND] [--explain]

--sample runs a fixed choice of N mutants over all layers instead of all mutants.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "Integration")]
import explain  # noqa: E402
from difftest import arrays, cases, packing, runner  # noqa: E402
from layers import LAYERS  # noqa: E402

#: Kinds of lines, by the start of the instruction; the first match counts.
KINDS = {
    "barrier": r"bar\.sync|barrier\.|bar\.warp",
    "wait": r"cp\.async\.wait|mbarrier\.(try_)?(test_)?wait|cp\.async\.commit",
    "copy": r"cp\.async\.c[ag]",
    "shuffle": r"shfl",
    "predicate": r"setp|selp|and\.pred|or\.pred|not\.pred|xor\.pred|mov\.pred",
    "branch": r"bra",
    "store": r"st\.",
    "product": r"mma|fma|ldmatrix|mul(\.rn)?(\.ftz)?\.f32",
    "exponential": r"ex2|lg2|rcp|div|max\.f32|max\.NaN",
    "load": r"ld\.",
    "conversion": r"cvt\.",
    "other": r"[a-z]",
}
#: Lines that are not mutated: the end of the kernel, and non-instructions.
NOT_MUTATED = r"ret\b|\.|//|\$|[{}()]|$"
#: Time limit in seconds; a kernel that exceeds it is caught.
TIMEOUT = 10


@dataclass(frozen=True)
class Mutant:
    layer: int
    line: int  # from 1
    kind: str
    text: str


def kind_of(line: str) -> str | None:
    text = re.sub(r"^\s*(@!?%\w+\s+)?", "", line).strip()
    if re.match(NOT_MUTATED, text) or not text.endswith(";"):
        return None
    return next((kind for kind, pattern in KINDS.items() if re.match(f"(?:{pattern})", text)), None)


@dataclass
class Layer:
    case: cases.Case
    element_type: str
    chip: str
    folder: Path
    index: dict  # of the packed folder
    lines: list[str]
    inputs: dict
    numbers: itertools.count = field(default_factory=itertools.count)

    @property
    def name(self) -> str:
        return f"{self.case.variant}, {self.element_type}, {self.chip}"

    @property
    def place(self) -> str:
        """The folder of the case in the packed folder."""
        return self.index["cases"][0]["code"][0]["file"].split("/")[0]

    def without(self, deleted, lines: list[str] | None = None) -> list[str]:
        """The lines of the kernel, without those with the given numbers (from 1)."""
        gone = set(deleted)
        return ["\n" if i + 1 in gone else line for i, line in enumerate(lines or self.lines)]


def make_layer(build: Path, folder: Path, number: int, seed: int) -> Layer:
    """Packs the layer as for a machine with a GPU: code, arrays, limits."""
    case, element_type, chip = LAYERS[number]
    folder = folder / str(number)
    row = cases.Row(case, element_type, "sim")
    packing.pack(runner.Tools(build, chip), [row], folder, [chip], seed, 1)
    index = json.loads((folder / "index.json").read_text())
    ptx = (folder / index["cases"][0]["code"][0]["file"]).read_text()
    inputs = arrays.make_inputs(case, element_type, seed)
    return Layer(case, element_type, chip, folder, index, ptx.splitlines(keepends=True), inputs)


def _call(command: list) -> subprocess.CompletedProcess | None:
    """None: it did not terminate in time."""
    try:
        return subprocess.run([str(word) for word in command], capture_output=True, text=True,
                              errors="replace", timeout=TIMEOUT)  # fmt: skip
    except subprocess.TimeoutExpired:
        return None


def run(build: Path, layer: Layer, lines: list[str]) -> tuple[str, str]:
    """Returns the outcome of a kernel, "passed", "wrong", "found", "error" or "hangs",
    and the output. Uses diff-launch, which starts quickly."""
    folder = layer.folder / f"run{next(layer.numbers)}"
    folder.mkdir()
    (folder / "kernel.ptx").write_text("".join(lines))
    index = json.loads(json.dumps(layer.index))
    index["cases"][0]["code"][0]["file"] = "kernel.ptx"
    (folder / "index.json").write_text(json.dumps(index))
    (folder / layer.place).symlink_to(layer.folder / layer.place)
    done = _call([build / "bin" / "diff-launch", folder, "--target=sim", f"--chip={layer.chip}", "--threads=1",
                  f"--json={folder / 'report.json'}"])  # fmt: skip
    if done is None:
        return "hangs", ""
    report = folder / "report.json"
    status = json.loads(report.read_text())["cases"][0]["status"] if report.exists() else "failed"
    outcome = {"agrees": "passed", "differs": "wrong", "findings": "found", "failed": "error"}[status]
    return outcome, done.stdout + done.stderr


def get_results(build: Path, layer: Layer, lines: list[str]) -> dict | None:
    """Returns the results of a kernel by name, without checkers, or None."""
    folder = layer.folder / f"run{next(layer.numbers)}"
    folder.mkdir()
    (folder / "kernel.ptx").write_text("".join(lines))
    names = [result for result, _, _ in layer.case.results()]
    done = _call([build / "bin" / "diff-run", layer.folder / layer.place / "layer.mlir", "--target=sim",
                  f"--chip={layer.chip}", "--check=none", f"--ptx={folder / 'kernel.ptx'}",
                  *(f"--input={layer.folder / layer.place / key}.npy" for key in layer.inputs),
                  *(f"--output={folder / key}.npy" for key in names)])  # fmt: skip
    if done is None or done.returncode:
        return None
    return {key: arrays.load(folder / f"{key}.npy") for key in names}


def find_mutants(layers: dict[int, Layer], kinds: list[str]) -> list[Mutant]:
    return [Mutant(number, i + 1, kind, line.strip())
            for number, layer in layers.items()
            for i, line in enumerate(layer.lines) if (kind := kind_of(line)) in kinds]  # fmt: skip


def take_sample(mutants: list[Mutant], count: int) -> list[Mutant]:
    """Selects mutants evenly from all kinds and layers. The choice only depends on
    the kernels."""
    ordered = sorted(mutants, key=lambda m: (list(KINDS).index(m.kind), m.layer, m.line))
    count = min(count, len(ordered))
    return [ordered[(2 * i + 1) * len(ordered) // (2 * count)] for i in range(count)]


def report(mutants: list[Mutant], outcomes: list[str], layers: dict[int, Layer]) -> tuple[int, int]:
    """Prints the survivors and a table. Returns the numbers of caught and all mutants."""
    for mutant, outcome in zip(mutants, outcomes):
        if outcome == "passed":
            print(f"survives: {layers[mutant.layer].name}, line {mutant.line}: {mutant.text}")
    tally = Counter((mutant.kind, outcome) for mutant, outcome in zip(mutants, outcomes))
    for kind in KINDS:
        counts = {outcome: tally[kind, outcome] for outcome in ("found", "wrong", "hangs", "error", "passed")}
        if any(counts.values()):
            print(f"{kind:<12} " + ", ".join(f"{count} {outcome}" for outcome, count in counts.items() if count))
    valid = [outcome for outcome in outcomes if outcome != "error"]
    caught = sum(outcome != "passed" for outcome in valid)
    print(f"{caught} of {len(valid)} mutants are caught")
    return caught, len(valid)


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=Path, required=True)
    parser.add_argument("--sample", type=int, help="a fixed choice of this many (default: all)")
    parser.add_argument("--seed", type=int, default=20260101, help="of the inputs")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--at-least", type=float, default=0.9, help="part that must be caught")
    parser.add_argument("--layers", help="numbers of the layers (default: all)")
    parser.add_argument("--kinds", default=",".join(KINDS), help="kinds of lines (default: all)")
    parser.add_argument("--explain", action="store_true", help="find out why survivors survive")
    return parser.parse_args()


def main() -> int:
    options = parse_options()
    build = options.build.resolve()
    numbers = [int(n) for n in options.layers.split(",")] if options.layers else range(len(LAYERS))
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        layers = {number: make_layer(build, Path(folder), number, options.seed) for number in numbers}
        for layer in layers.values():
            status, message = run(build, layer, layer.lines)
            if status != "passed":
                print(f"{layer.name} is {status} without a change\n{message}")
                return 1
        mutants = find_mutants(layers, options.kinds.split(","))
        if options.sample:
            mutants = take_sample(mutants, options.sample)

        def try_one(mutant: Mutant) -> str:
            layer = layers[mutant.layer]
            return run(build, layer, layer.without([mutant.line]))[0]

        with ThreadPoolExecutor(options.jobs) as pool:
            outcomes = list(pool.map(try_one, mutants))
            caught, valid = report(mutants, outcomes, layers)
            if options.explain:
                for number, layer in layers.items():
                    print(f"\n{layer.name}:")
                    survivors = [mutant for mutant, outcome in zip(mutants, outcomes)
                                 if outcome == "passed" and mutant.layer == number]  # fmt: skip
                    explain.explain(layer, survivors, lambda lines: run(build, layer, lines)[0],
                                    lambda lines: get_results(build, layer, lines), pool)  # fmt: skip
    return 0 if valid and caught >= options.at_least * valid else 1


if __name__ == "__main__":
    sys.exit(main())
