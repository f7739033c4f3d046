# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes good and bad arrays for a layer of 4 queries, 6 keys, 2 heads, d = 8."""

import sys
from pathlib import Path

import numpy as np

folder = Path(sys.argv[1])
folder.mkdir(exist_ok=True)
query = np.ones((1, 4, 4, 8), np.float32)
arrays = {
    "query": query,
    "key": np.ones((1, 6, 1, 8), np.float32),
    "lambda": np.zeros((1, 4, 2), np.float32),
    "half": query.astype(np.float16),
    "fortran": np.asfortranarray(query),
    "wide": np.ones((1, 4, 4, 9), np.float32),
    "key5": np.ones((1, 5, 1, 8), np.float32),
    "four": np.ones(4, np.float32),
    "five": np.ones(5, np.float32),
}
for name, array in arrays.items():
    np.save(folder / f"{name}.npy", array)
data = (folder / "query.npy").read_bytes()
(folder / "short.npy").write_bytes(data[:-4])
(folder / "long.npy").write_bytes(data + b"xx")
(folder / "text.npy").write_text("hello")
