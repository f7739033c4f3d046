# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compares exp2 of f32 on a CPU with float64."""

import argparse
import secrets
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

LIMIT = 2.5  # units in the last place

# Exponents with exact results, and the results. Those below 2^-126 are 0.
SPECIAL = {
    0.0: 1, -0.0: 1, 1.0: 2, -1.0: 0.5, 127.0: 2.0**127, -126.0: 2.0**-126,
    128.0: np.inf, 1e30: np.inf, np.inf: np.inf,
    -126.5: 0, -149.0: 0, -200.0: 0, -1e30: 0, -np.inf: 0, np.nan: np.nan,
}  # fmt: skip


def draw(random):
    """Exponents of all magnitudes, of the range of f32 and of that of weights."""
    magnitudes = 2.0 ** random.uniform(-40, 7, 1 << 20) * random.choice([-1, 1], 1 << 20)
    return np.concatenate([
        magnitudes[(magnitudes >= -126) & (magnitudes < 128)],
        random.uniform(-126, 128, 1 << 20),
        random.uniform(-4, 0, 1 << 20),
    ]).astype(np.float32)  # fmt: skip


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("file")
    parser.add_argument("--build", type=Path, required=True)
    parser.add_argument("--chip", required=True)
    arguments = parser.parse_args()
    seed = secrets.randbits(32)
    drawn = draw(np.random.default_rng(seed))
    special = np.array(list(SPECIAL), np.float32)
    x = np.concatenate([special, drawn])
    x = np.resize(x, (-(-len(x) // 16), 16))
    with tempfile.TemporaryDirectory() as folder:
        np.save(f"{folder}/x.npy", x)
        subprocess.run([arguments.build / "bin/diff-run", arguments.file, "--target=cpu",
                        f"--chip={arguments.chip}", f"--input={folder}/x.npy",
                        f"--output={folder}/y.npy"], check=True)  # fmt: skip
        y = np.load(f"{folder}/y.npy").ravel()
    expected = np.array(list(SPECIAL.values()), np.float32)
    found = y[: len(special)]
    wrong = ~((found == expected) | (np.isnan(found) & np.isnan(expected)))
    if wrong.any():
        sys.exit(f"exp2({special[wrong]}) is {found[wrong]}, not {expected[wrong]}")
    exact = np.exp2(drawn.astype(np.float64))
    error = np.abs(y[len(special) : len(special) + len(drawn)] - exact)
    error /= np.spacing(exact.astype(np.float32))
    worst = np.argmax(np.nan_to_num(error, nan=np.inf))
    if not error[worst] <= LIMIT:
        sys.exit(f"seed {seed}: exp2({drawn[worst]!r}) is {error[worst]:.3} units in the last "
                 f"place off, more than {LIMIT}")  # fmt: skip


main()
