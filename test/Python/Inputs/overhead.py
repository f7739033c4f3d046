# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The time of a call beyond that of the kernel, which both ways of calling share.

A busy machine only adds to times, so each is the least of several medians.
"""

from __future__ import annotations

import statistics
import time

import diff_mlir
import numpy as np
from diff_mlir import _runtime
from diff_mlir._arguments import check_arrays
from diff_mlir._layer import write_ir
from diff_mlir._options import Options

from support import Report

REPORT = Report()
SHAPES = ((1, 4, 4, 16), (1, 4, 2, 16), (1, 4, 2, 16), (1, 4, 2))


def best_median(*functions) -> list[float]:
    """Microseconds of functions that run in turn."""
    found = [[] for _ in functions]
    for _ in range(30):
        for times, function in zip(found, functions):
            part = []
            for _ in range(50):
                start = time.perf_counter()
                function()
                part.append(1e6 * (time.perf_counter() - start))
            times.append(statistics.median(part))
    return [min(times) for times in found]


def measure(name: str, arrays: list, out, limit: float) -> None:
    q, k, v, lam = arrays
    options = Options((-1, -1), None, None, False, "bshd", 1, "interleaved", 0.8, 1e-5)
    layer, *_ = check_arrays("v2", {"q": q, "k": k, "v": v, "lam": lam}, options, False)
    kernel = _runtime.get_cache().compile(write_ir(layer).encode(), "host")
    bare, call = best_median(lambda: kernel.call((q, k, v, lam, out)),
                             lambda: diff_mlir.attention(q, k, v, lam))  # fmt: skip
    REPORT(f"the overhead of a call from {name} is less than {limit} us", call - bare < limit,
           f"call {call:.1f} us, kernel {bare:.1f} us")  # fmt: skip


arrays = [np.ones(shape, np.float32) for shape in SHAPES]
measure("NumPy", arrays, np.empty((1, 4, 2, 16), np.float32), 30)
try:
    import torch
except ImportError:
    print("no torch")
else:
    tensors = [torch.from_numpy(array) for array in arrays]
    measure("PyTorch", tensors, torch.empty(1, 4, 2, 16), 60)
REPORT.finish()
