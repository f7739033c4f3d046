# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A test for diff-reduce: is the module miscompiled by the wrong compiler?

    miscompiles.py WRONG-COMPILER FOLDER MODULE

Runs @attention, compiled by the pipeline for CPUs after the wrong pass, and on the
route linalg, and compares the results. The exit status is 1 if both run and the
results differ. FOLDER keeps the answers: the passes ask several times.
"""

import hashlib
import re
import subprocess
import sys
import tempfile
from pathlib import Path

TENSOR = re.compile(r"tensor<([0-9x]+)xf32>")


def parse_shapes(text: str) -> list[list[int]]:
    return [[int(size) for size in shape.split("x")] for shape in TENSOR.findall(text)]


def run(module: Path, target: str, inputs: list[str], results: int) -> subprocess.Popen:
    outputs = [f"--output={module.parent}/{target}{i}.npy" for i in range(results)]
    arrays = [f"--input={path}" for path in inputs]
    return subprocess.Popen(["diff-run", module, f"--target={target}", *arrays, *outputs])


def is_miscompiled(script: str, module: Path, folder: Path) -> bool:
    import numpy as np

    signature = re.search(r"func.func @attention\((.*)\) -> (.*) \{", module.read_text())
    if not signature:
        return False
    arguments, results = map(parse_shapes, signature.groups())
    generator = np.random.default_rng(0)
    inputs = [f"{folder}/in{i}.npy" for i in range(len(arguments))]
    for path, shape in zip(inputs, arguments):
        np.save(path, generator.standard_normal(shape, dtype=np.float32))

    right, wrong = folder / "right.mlir", folder / "wrong.mlir"
    right.write_text(module.read_text())
    reference = run(right, "linalg", inputs, len(results))
    pipeline = f"transform-preload-library{{transform-library-paths={script}}},transform-interpreter"
    command = ["diff-opt", right, f"--pass-pipeline=builtin.module({pipeline})", "-o", wrong]
    failed = subprocess.run(command).returncode or run(wrong, "cpu", inputs, len(results)).wait()
    if reference.wait() or failed:
        return False
    return any(not np.allclose(np.load(f"{folder}/linalg{i}.npy"),
                               np.load(f"{folder}/cpu{i}.npy"), 1e-3, 1e-3)
               for i in range(len(results)))  # fmt: skip


def main() -> int:
    script, answers, module = sys.argv[1:]
    answer = Path(answers, hashlib.sha256(Path(module).read_bytes()).hexdigest())
    if not answer.exists():
        with tempfile.TemporaryDirectory() as folder:
            answer.write_text(str(int(is_miscompiled(script, Path(module), Path(folder)))))
    return int(answer.read_text())


if __name__ == "__main__":
    sys.exit(main())
