# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""layers.py BUILD EMULATOR: runs bf16 layers of the case table with AMX, and where
the request for AMX is refused, and compares the results with float64.

The emulator lets diff-run find AMX in this machine and executes the instructions.
Prints the number of runs, and what is wrong with each."""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "Integration"))
sys.dont_write_bytecode = True
from difftest import arrays, cases, runner  # noqa: E402

#: Masks, tails, dimensions that no tile divides, own keys of each map, pairs as
#: dimensions, sequences, weights in two parts, large scores, rows without keys.
NAMES = ["v2/gqa", "v2/causal-gqa", "v2/window-gqa", "v2/window-empty-rows", "v2/softcap-causal",
         "v2/tail-257-131", "v2/dim-17", "v2/dim-40", "v2/dim-128", "v2/dynamic-causal-lse",
         "v2/varlen-window-causal", "v2/halves-signals", "v2/signals-3-gate", "v2/more-keys-causal",
         "v2/large-long", "v2/keys-2048", "v1/all-gqa", "v1/scale-0.05-dim-64", "v1/halves-all",
         "standard/values-20", "standard/nan-query", "v2/equal-rising-tail"]  # fmt: skip


class EmulatedTools(runner.Tools):
    def call(self, command, *arguments, **named):
        # A preloaded Python would be slow.
        preload = {"LD_PRELOAD": emulator} if command[0] == "diff-run" else {}
        os.environ.update(preload)
        try:
            return super().call(command, *arguments, **named)
        finally:
            for name in preload:
                del os.environ[name]


def count_products(folder, mode):
    """Returns the number of tdpbf16ps that diff-run executes, and its result."""
    source, output = folder / "layer.mlir", folder / "output.npy"
    tools = Path(build) / "bin"
    subprocess.run([tools / "diff-gen", *by_name["v2/gqa"].case.generator_options("bf16"),
                    "-o", source], check=True)  # fmt: skip
    inputs = []
    for name, array in arrays.make_inputs(by_name["v2/gqa"].case, "bf16", 1).items():
        arrays.save(folder / f"{name}.npy", array)
        inputs.append(f"--input={folder / name}.npy")
    done = subprocess.run([tools / "diff-run", source, "--target=cpu", *inputs, f"--output={output}"],
                          env=dict(os.environ, LD_PRELOAD=emulator, DIFF_AMX=mode),
                          capture_output=True, text=True, check=True)  # fmt: skip
    found = re.search(r"^tdpbf16ps (\d+)$", done.stderr, re.MULTILINE)
    return int(found[1]) if found else 0, arrays.load(output)


build, emulator = sys.argv[1:]
by_name = {f"{row.case.variant}/{row.case.name}": row
           for row in cases.rows(["cpu"], True) if row.element_type == "bf16"}  # fmt: skip
tools = EmulatedTools(Path(build))
wrong = runs = 0
for mode in ("", "refuse"):
    os.environ["DIFF_AMX"] = mode
    for name in NAMES if not mode else NAMES[:6]:
        result = runner.run_row(tools, by_name[name], seed=7)
        runs += 1
        wrong += bool(result.failures)
        for failure in result.failures:
            print(f"{name} {mode}: {failure}")
del os.environ["DIFF_AMX"]
print(f"{runs} runs, {wrong} wrong")

with tempfile.TemporaryDirectory() as folder:
    results = {mode: count_products(Path(folder), mode) for mode in ("count", "refuse", "stack")}
for mode, (products, _) in results.items():
    print(f"{mode}: {'some' if products else 'no'} products of tiles")
# Linux refuses AMX to a process with a small signal stack.
for mode in ("count", "stack"):
    equal = np.array_equal(results[mode][1], results["refuse"][1])
    print(f"{mode} and refuse: {'equal' if equal else 'different'} results")
