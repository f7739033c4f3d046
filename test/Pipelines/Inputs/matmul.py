# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""matmul.py FOLDER make: writes operands of bf16. matmul.py FOLDER check: compares
the result, relu(A B), with float64."""

import sys

import numpy as np


def load(name):
    return (np.load(name).view(np.uint16).astype(np.uint32) << 16).view(np.float32).astype(np.float64)


folder, step = sys.argv[1:]
if step == "make":
    random = np.random.default_rng(0)
    for name, shape in (("a", (256, 192)), ("b", (192, 128))):
        values = random.standard_normal(shape).astype(np.float32).view(np.uint32) >> 16
        np.save(f"{folder}-{name}.npy", values.astype(np.uint16).view("V2"))
else:
    expected = np.maximum(load(f"{folder}-a.npy") @ load(f"{folder}-b.npy"), 0)
    # Half a unit of bf16's eight bits, and f32's sums of 192 products.
    error = np.abs(load(f"{folder}-c.npy") - expected) - 2.0**-8 * expected
    print("right" if error.max() < 1e-4 else f"wrong by {error.max()}")
