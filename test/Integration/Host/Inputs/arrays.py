# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""arrays.py FOLDER ROWS…: writes x.npy, four numbers, and N.npy for each N."""

import sys

import numpy as np

folder, *rows = sys.argv[1:]
np.save(f"{folder}/x.npy", np.arange(4, dtype=np.float32))
for row in rows:
    np.save(f"{folder}/{row}.npy", np.array([int(row)]))
