# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs max(lhs rhs + bias, 0) on the simulator, with all checkers and new
inputs, and compares the result with float64."""

import argparse
import secrets
import subprocess
import sys
import tempfile
from pathlib import Path

import ml_dtypes
import numpy as np

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("ir", type=Path)
parser.add_argument("--build", type=Path, required=True)
parser.add_argument("--async", dest="policy", default="late")
parser.add_argument("--chip", default="sm_80")
options = parser.parse_args()

seed = secrets.randbits(32)
random = np.random.default_rng(seed)
bf16 = ml_dtypes.bfloat16
lhs = random.standard_normal((256, 192)).astype(bf16)
rhs = random.standard_normal((192, 256)).astype(bf16)
bias = random.standard_normal(256).astype(np.float32)
with tempfile.TemporaryDirectory() as folder:
    command = [options.build / "bin" / "diff-run", options.ir, "--target=sim",
               f"--chip={options.chip}", f"--async={options.policy}"]  # fmt: skip
    for name, array in {"lhs": lhs, "rhs": rhs, "bias": bias}.items():
        path = Path(folder) / f"{name}.npy"
        np.save(path, array.view("V2") if array.dtype == bf16 else array)
        command.append(f"--input={path}")
    path = Path(folder) / "out.npy"
    subprocess.run([*command, f"--output={path}"], check=True)
    out = np.load(path).view(bf16).astype(np.float64)
reference = np.maximum(lhs.astype(np.float64) @ rhs.astype(np.float64) + bias, 0)
norm = np.linalg.norm(out - reference) / np.linalg.norm(reference)
print(f"relative norm error {norm:.2e}, seed {seed}")
# The rounding of the result to bf16 alone is 1.7e-3.
sys.exit(not norm < 2e-3)
