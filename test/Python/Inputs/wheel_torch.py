# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Calls an installed package on tensors of PyTorch: wheel_torch.py ORDER

ORDER is what is imported first, torch or diff_mlir, or `numpy` for a call on NumPy arrays
before PyTorch is imported. Checks the results, and that PyTorch's OpenMP is the only
source of threads.
"""

import os
import sys
from pathlib import Path

ORDER = sys.argv[1]
if ORDER == "torch":
    import torch
import diff_mlir  # noqa: E402
from diff_mlir import _core  # noqa: E402

if ORDER == "numpy":
    import numpy as np

    ones = np.ones((1, 64, 4, 32), np.float32)
    assert np.allclose(diff_mlir.softmax_attention(ones, ones, ones), 1)
    assert _core.thread_provider() == "pool", _core.thread_provider()
import torch  # noqa: E402


def reference(q, k, v, lam):
    """DIFF V2, causal, in float64."""
    q, k, v, lam = (x.double() for x in (q, k, v, lam))
    k, v = (x.repeat_interleave(q.shape[2] // x.shape[2], 2) for x in (k, v))
    scores = torch.einsum("bnhd,bmhd->bhnm", q, k) / q.shape[3] ** 0.5
    scores += torch.full(scores.shape[2:], -torch.inf).triu(1)
    maps = torch.einsum("bhnm,bmhd->bnhd", scores.softmax(-1), v)
    return maps[:, :, ::2] - torch.sigmoid(lam)[..., None] * maps[:, :, 1::2]


def count_threads() -> int:
    return len(os.listdir("/proc/self/task"))


def get_runtimes() -> set[str]:
    """The OpenMP runtimes that are loaded."""
    files = {line.split()[-1] for line in Path("/proc/self/maps").read_text().splitlines()}
    return {file for file in files if Path(file).name.startswith(("libgomp", "libomp", "libiomp"))}


def main() -> None:
    torch.manual_seed(0)
    matrix = torch.randn(512, 512)
    torch.mm(matrix, matrix)
    before = count_threads()
    for type, tolerance in ((torch.float32, 1e-5), (torch.bfloat16, 0.03)):
        q, k, v = (torch.randn(1, 64, heads, 32).to(type) for heads in (4, 2, 2))
        lam = torch.randn(1, 64, 2).to(type)
        for target in ("cpu", "sim"):
            output = diff_mlir.attention(q, k, v, lam, causal=True, target=target)
            error = (output.double() - reference(q, k, v, lam)).abs().max()
            assert output.dtype == type and error < tolerance, (type, target, error)

    # PyTorch's threads, and no others.
    arguments = [torch.randn(2, 256, heads, 32) for heads in (8, 4, 4)] + [torch.randn(2, 256, 4)]
    for _ in range(20):
        torch.mm(matrix, matrix)
        diff_mlir.attention(*arguments, causal=True)
    assert count_threads() <= before, (before, count_threads())
    [runtime] = get_runtimes()
    assert "/torch" in runtime and _core.thread_provider() == "openmp", runtime
    for number in (1, 2):
        torch.set_num_threads(number)
        assert _core.get_threads() == number

    # Gradients, and graphs without a break.
    query = arguments[0].requires_grad_()
    layer = torch.compile(diff_mlir.attention, fullgraph=True, backend="aot_eager")
    layer(query, *arguments[1:], causal=True).sum().backward()
    assert query.grad.isfinite().all()
    print(f"{ORDER} first: {before} threads, those of {Path(runtime).name}")


main()
