# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""sequences.py DIR: arrays for a V2 layer over two sequences, 8 queries and 10
keys altogether, 2 heads, 1 key head, d = 8, in f32; and wrong offsets."""

import sys
from pathlib import Path

import numpy as np

folder = Path(sys.argv[1])
folder.mkdir(exist_ok=True)
rng = np.random.default_rng(0)
for name, shape in {"query": (8, 4, 8), "key": (10, 1, 8), "lambda": (8, 2)}.items():
    np.save(folder / f"{name}.npy", rng.standard_normal(shape).astype(np.float32))
for name, offsets in {"queries": [0, 3, 8], "keys": [0, 6, 10], "late": [1, 3, 8],
                      "falling": [0, 9, 8], "long": [0, 3, 9], "three": [0, 3, 4, 8],
                      "none": []}.items():  # fmt: skip
    np.save(folder / f"{name}.npy", np.array(offsets, np.int32))
np.save(folder / "wide.npy", np.array([0, 3, 8], np.int64))
