# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The Triton kernels; triton.json has their shapes and shared memory."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from ..launch import In, Launch, Out, Scalar
from .numbers import U16, U32, blocks

RECORDS = json.loads((Path(__file__).resolve().parent.parent / "ptx" / "triton.json").read_text())
#: The compiler's own two pointers.
SCRATCH = [Scalar("u64", 0), Scalar("u64", 0)]


def _matmul(rng, name: str, shapes):
    record = RECORDS[name]
    constants = record["constants"]
    for m, n, k in shapes:
        a, b = (rng.standard_normal(shape).astype(np.float16) for shape in ((m, k), (k, n)))
        wideA, wideB = a.astype(np.float64), b.astype(np.float64)
        # As in matrices.py: K + a tile's sums of f32.
        bound = (k + 16) * 2 * U32 * (np.abs(wideA) @ np.abs(wideB))
        grid = (blocks(m, constants["blockM"]), blocks(n, constants["blockN"]))
        yield Launch(grid, 32 * record["num_warps"], [
            In(a), In(b), Out(wideA @ wideB, bound, "f32"),
            *(Scalar("s32", value) for value in (m, n, k, k, n, n)), *SCRATCH,
        ], shared=record["shared"])  # fmt: skip


def matmul(rng):
    return _matmul(rng, "TritonMatmul", ((77, 80, 112), (64, 64, 16), (3, 144, 64)))


def matmul_low(rng):
    return _matmul(rng, "TritonMatmul.sm_90a", ((77, 80, 112), (3, 144, 64)))


def matmul_odd(rng):
    return _matmul(rng, "TritonMatmulOdd", ((71, 67, 45), (5, 3, 1)))


def _attention(rng, name: str):
    record = RECORDS[name]
    constants = record["constants"]
    dim, causal = constants["dim"], constants["causal"]
    for heads, tokens in ((2, 100), (1, 64), (1, 7)):
        q, k, v = rng.standard_normal((3, heads, tokens, dim)).astype(np.float16)
        scale = np.float32(dim**-0.5)
        wide = [array.astype(np.float64) for array in (q, k, v)]
        scores = float(scale) * wide[0] @ wide[1].transpose(0, 2, 1)
        size = float(scale) * np.abs(wide[0]) @ np.abs(wide[1]).transpose(0, 2, 1)
        if causal:
            scores[:, ~np.tri(tokens, dtype=bool)] = -np.inf
        top = scores.max(axis=2, keepdims=True)
        weights = np.exp(scores - top)
        total = weights.sum(axis=2, keepdims=True)
        weights /= total
        out = weights @ wide[2]
        lse = (top + np.log(total))[..., 0]
        # A score is off by its sum of `dim` products in f32, and so is, relative
        # to it, its weight; there are few steps of the running sum. Weights are
        # rounded to f16 (2^-24 where they are tiny), and so is the result.
        off = (dim + 32) * 2 * U32 * size.max()
        spread = weights @ np.abs(wide[2])
        bound = (2 * off + 1.01 * U16) * spread + 1.01 * U16 * np.abs(out) + 2.0**-24 * (
            1 + np.abs(wide[2]).sum(axis=1, keepdims=True))  # fmt: skip
        grid = (blocks(tokens, constants["blockM"]), heads)
        yield Launch(grid, 32 * record["num_warps"], [
            In(q), In(k), In(v), Out(out, bound, "f16"),
            Out(lse, off + 8 * U32 * (np.abs(lse) + np.abs(top[..., 0])), "f32"),
            Scalar("s32", tokens), Scalar("f32", scale), *SCRATCH,
        ], shared=record["shared"])  # fmt: skip


def attention(rng):
    return _attention(rng, "TritonAttention")


def attention_causal(rng):
    return _attention(rng, "TritonAttentionCausal")
