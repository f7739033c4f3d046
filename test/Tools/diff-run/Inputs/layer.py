# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""layer.py write DIR: random arrays for a V2 layer of 33 queries, 47 keys, 4
heads, 2 key heads, d = 32, in f32. layer.py close A B: two results agree."""

import sys
from pathlib import Path

import numpy as np

if sys.argv[1] == "write":
    folder = Path(sys.argv[2])
    folder.mkdir(exist_ok=True)
    rng = np.random.default_rng(0)
    shapes = {"query": (1, 33, 8, 32), "key": (1, 47, 2, 32), "value": (1, 47, 2, 32),
              "lambda": (1, 33, 4)}  # fmt: skip
    for name, shape in shapes.items():
        np.save(folder / f"{name}.npy", rng.standard_normal(shape).astype(np.float32))
else:
    one, two = np.load(sys.argv[2]), np.load(sys.argv[3])
    difference = np.abs(one - two).max()
    print("close" if one.any() and difference < 1e-5 else f"differ by {difference}")
