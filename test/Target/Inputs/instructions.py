# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""instructions.py FOLDER LIMIT SCHEDULE: prints the cost of an mma.sync in the steady
loop: (instructions at M = 2048 - at M = 1024) / (the same for mma), counted on the
simulator. Fails above LIMIT or with a bank conflict."""

import json
import os
import subprocess
import sys

import numpy as np

CHIP, QUERIES, DIM = "sm_80", 64, 128


def to_bf16(values):
    return (values.astype(np.float32).view(np.uint32) >> 16).astype(np.uint16).view("V2")


def profile(folder, keys, schedule):
    """Runs one head of a V2 layer and returns its counters."""
    prefix = os.path.join(folder, f"keys{keys}")
    layer = subprocess.run(
        ["diff-gen", "--variant=v2", "--heads=1", "--kv-heads=1", "--type=bf16", f"--dim={DIM}",
         f"--query-tokens={QUERIES}", f"--key-tokens={keys}"],
        check=True, capture_output=True, text=True).stdout  # fmt: skip
    # The attribute dictionary precedes the op's arrow.
    lines = [line.replace(") -> ", f") {{schedule = {schedule}}} -> ") if "diff.attention ins" in line else line
             for line in layer.splitlines()]  # fmt: skip
    if lines == layer.splitlines():
        sys.exit("found no op to give the schedule to")
    with open(f"{prefix}.mlir", "w") as file:
        file.write("\n".join(lines))
    random = np.random.default_rng(keys)
    inputs = []
    for name, shape in (("query", (1, QUERIES, 2, DIM)), ("key", (1, keys, 1, DIM)), ("value", (1, keys, 1, DIM)),
                        ("lambda", (1, QUERIES, 1))):  # fmt: skip
        np.save(f"{prefix}-{name}.npy", to_bf16(random.standard_normal(shape)))
        inputs.append(f"--input={prefix}-{name}.npy")
    subprocess.run(
        ["diff-run", f"{prefix}.mlir", "--target=sim", f"--chip={CHIP}", "--profile", f"--json={prefix}.json",
         *inputs, f"--output={prefix}-output.npy"],
        check=True, stdout=subprocess.DEVNULL)  # fmt: skip
    with open(f"{prefix}.json") as file:
        return json.load(file)


def main():
    folder, limit, schedule = sys.argv[1], float(sys.argv[2]), sys.argv[3]
    os.makedirs(folder, exist_ok=True)
    few, many = (profile(folder, keys, schedule) for keys in (1024, 2048))
    instructions = many["instructions"]["total"] - few["instructions"]["total"]
    tensor = many["tensor"]["count"] - few["tensor"]["count"]
    shared = many["shared"]["wavefronts"] - few["shared"]["wavefronts"]
    conflicts = sum(run["shared"]["wavefronts"] - run["shared"]["ideal_wavefronts"] for run in (few, many))
    cycles = [run["bound"]["cycles_by_pipe"]["tensor"] for run in (few, many)]
    print(f"{instructions / tensor:.3f} instructions per mma.sync, at most {limit} allowed")
    print(f"{shared / (cycles[1] - cycles[0]):.3f} cycles of shared memory per cycle of the tensor cores")
    print(f"{conflicts} bank conflicts")
    return instructions > limit * tensor or conflicts != 0


sys.exit(main())
