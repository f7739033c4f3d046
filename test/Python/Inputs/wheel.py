# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Calls an installed package on a machine without LLVM, and prints times."""

import ctypes.util
import time
from pathlib import Path

start = time.monotonic()
import diff_mlir  # noqa: E402
import numpy as np  # noqa: E402
from ml_dtypes import bfloat16  # noqa: E402

assert not list(Path("/usr/lib").glob("llvm-*")) and not ctypes.util.find_library("LLVM-22")
print(f"import: {time.monotonic() - start:.2f} s")


def reference(q, k, v, lam):
    """DIFF V2, causal, in float64."""
    q, k, v, lam = (array.astype(np.float64) for array in (q, k, v, lam))
    heads = q.shape[2]
    k, v = (np.repeat(array, heads // array.shape[2], axis=2) for array in (k, v))
    scores = np.einsum("bnhd,bmhd->bhnm", q, k) / np.sqrt(q.shape[3])
    scores[..., np.triu(np.ones(scores.shape[2:], bool), 1)] = -np.inf
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    maps = np.einsum("bhnm,bmhd->bnhd", weights / weights.sum(-1, keepdims=True), v)
    return maps[:, :, ::2] - maps[:, :, 1::2] / (1 + np.exp(-lam[..., None]))


rng = np.random.default_rng(0)
for type, tolerance in ((np.float32, 1e-5), (bfloat16, 0.03)):
    q, k, v = (rng.standard_normal((1, 64, heads, 32)).astype(type) for heads in (4, 2, 2))
    lam = rng.standard_normal((1, 64, 2)).astype(type)
    for target in ("cpu", "sim"):
        for call in ("first", "second"):
            start = time.monotonic()
            output = diff_mlir.attention(q, k, v, lam, causal=True, target=target)
            print(f"{np.dtype(type)} {target} {call} call: {time.monotonic() - start:.3f} s")
        error = abs(output.astype(np.float64) - reference(q, k, v, lam)).max()
        assert error < tolerance, (type, target, error)

start = time.monotonic()
module = diff_mlir.compile("func.func @f(%x: tensor<8xf32>) -> tensor<8xf32> {\n  return %x : tensor<8xf32>\n}\n",
                           "sm_90a")  # fmt: skip
assert ".target sm_90a" in module.ptx
print(f"PTX: {time.monotonic() - start:.2f} s")
