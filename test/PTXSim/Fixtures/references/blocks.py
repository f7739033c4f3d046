# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Reduce, Transpose, Stencil, Scan, Histogram, Softmax.

A sum of f32 in any order has an error of at most the depth of its additions times
2^-24 times the sum of the magnitudes, to first order. The depth is that of the
kernel's tree, and the bounds below double it for the higher orders.
"""

from __future__ import annotations

import numpy as np

from ..launch import In, InOut, Launch, Out, Scalar
from .numbers import U16, U32, U64, blocks


def _sum_bound(values: np.ndarray, depth: int, roundoff: float = U32) -> float:
    return 2 * depth * roundoff * float(np.abs(values.astype(np.float64)).sum())


def reduce_tree(rng):
    for n, grid, block in ((5000, 3, 256), (63, 1, 64), (1025, 2, 128)):
        x = rng.standard_normal(n).astype(np.float32)
        expected, bound = np.zeros(grid), np.zeros(grid)
        for b in range(grid):
            mine = x[(np.arange(n) // block) % grid == b]
            expected[b] = mine.astype(np.float64).sum()
            bound[b] = _sum_bound(mine, blocks(n, grid * block) + 10)
        yield Launch(grid, block, [In(x), Out(expected, bound, "f32"), Scalar("s32", n)])


def reduce_extrema(rng):
    for n, block in ((1000, 192), (513, 512), (31, 32)):
        grid = blocks(n, block)
        x = rng.integers(-(2**31), 2**31, n).astype(np.int32)
        parts = [x[i * block : (i + 1) * block] for i in range(grid)]
        yield Launch(grid, block, [
            In(x),
            Out(np.array([part.min() for part in parts], np.int32)),
            Out(np.array([part.max() for part in parts], np.int32)),
            Out(np.array([part.astype(np.int64).sum() for part in parts])),
            Scalar("s32", n),
        ])  # fmt: skip


def reduce_last_block(rng):
    for n, block in ((3000, 96), (700, 128)):
        grid = blocks(n, block)
        x = rng.standard_normal(n).astype(np.float32)
        parts = [x[i * block : (i + 1) * block].astype(np.float64) for i in range(grid)]
        partial = np.array([part.sum() for part in parts])
        bounds = np.array([_sum_bound(part, 10) for part in parts])
        yield Launch(grid, block, [
            In(x),
            Out(partial, bounds, "f32"),
            InOut(np.zeros(1, np.uint32), np.zeros(1, np.uint32)),  # atomicInc wraps
            Out(partial.sum(keepdims=True), _sum_bound(x, 20), "f32"),
            Scalar("s32", n),
        ])  # fmt: skip


def dot_double(rng):
    for n, grid, block in ((3001, 4, 128), (100, 1, 32)):
        a, b = rng.standard_normal((2, n))
        bound = _sum_bound(a * b, blocks(n, grid * block) + 12, U64)
        # The reference itself is a sum of float64 in pairs.
        yield Launch(grid, block, [
            In(a), In(b), InOut(np.zeros(1), np.array([np.sum(a * b)]), 2 * bound),
            Scalar("s32", n),
        ])  # fmt: skip


def _transpose(x):
    rows, columns = x.shape
    return Launch((blocks(columns, 32), blocks(rows, 32)), (32, 8), [
        In(x), Out(np.ascontiguousarray(x.T)), Scalar("s32", rows), Scalar("s32", columns),
    ])  # fmt: skip


def transpose_float(rng):
    for shape in ((70, 101), (32, 64), (1, 33)):
        yield _transpose(rng.standard_normal(shape).astype(np.float32))


def transpose_byte(rng):
    for shape in ((45, 39), (64, 32)):
        yield _transpose(rng.integers(0, 256, shape, dtype=np.uint8))


def transpose_double(rng):
    yield _transpose(rng.standard_normal((37, 66)))


def stencil5(rng):
    for width, height in ((50, 21), (16, 8), (1, 3)):
        x = rng.standard_normal((height, width)).astype(np.float32)
        centre, side = np.float32(0.6), np.float32(0.1)
        padded = np.pad(x.astype(np.float64), 1)
        around = [padded[1:-1, :-2], padded[1:-1, 2:], padded[:-2, 1:-1], padded[2:, 1:-1]]
        expected = float(centre) * x.astype(np.float64) + float(side) * sum(around)
        # Five terms, with at most six roundings each.
        size = float(centre) * np.abs(x) + float(side) * sum(np.abs(a) for a in around)
        yield Launch((blocks(width, 16), blocks(height, 8)), (16, 8), [
            In(x), Out(expected, 8 * U32 * size, "f32"), Scalar("s32", width),
            Scalar("s32", height), Scalar("f32", centre), Scalar("f32", side),
        ])  # fmt: skip


def _scan_parts(x, block):
    return np.concatenate([np.cumsum(x[i : i + block]) for i in range(0, len(x), block)])


def scan_blocks(rng):
    for n, block in ((2000, 1024), (257, 96), (32, 32)):
        x = rng.integers(0, 2**32, n, dtype=np.uint32)
        expected = (_scan_parts(x.astype(np.uint64), block) & np.uint64(0xFFFFFFFF)).astype(
            np.uint32
        )
        yield Launch(blocks(n, block), block, [In(x), Out(expected), Scalar("s32", n)])


def scan_blocks_float(rng):
    n, block = 1100, 256
    x = rng.standard_normal(n).astype(np.float32)
    bound = 2 * 12 * U32 * _scan_parts(np.abs(x.astype(np.float64)), block)
    yield Launch(blocks(n, block), block, [
        In(x), Out(_scan_parts(x.astype(np.float64), block), bound, "f32"), Scalar("s32", n),
    ])  # fmt: skip


def scan_chained(rng):
    for n, block in ((2900, 128), (1000, 64)):
        grid = blocks(n, block)
        x = rng.integers(0, 2**40, n, dtype=np.uint64)
        expected = np.cumsum(x)
        ends = expected[np.minimum(np.arange(1, grid + 1) * block, n) - 1]
        yield Launch(grid, block, [
            In(x), Out(expected), Scalar("s32", n),
            InOut(np.zeros(1, np.uint32), np.array([grid], np.uint32)),
            InOut(np.zeros(grid, np.uint32), np.ones(grid, np.uint32)),
            Out(ends),
        ])  # fmt: skip


def histogram_bytes(rng):
    for n, grid, block in ((5003, 3, 160), (100, 1, 64)):
        x = np.clip(rng.normal(120, 40, n), 0, 255).astype(np.uint8)
        bins = rng.integers(0, 100, 256, dtype=np.uint32)
        expected = bins + np.bincount(x, minlength=256).astype(np.uint32)
        yield Launch(grid, block, [In(x), InOut(bins, expected), Scalar("s32", n)])


def histogram_match(rng):
    n, count = 3001, 11
    x = rng.integers(-3, count + 3, n).astype(np.int32)
    inside = x[(x >= 0) & (x < count)]
    expected = np.bincount(inside, minlength=count).astype(np.uint32)
    yield Launch(3, 128, [
        In(x), InOut(np.zeros(count, np.uint32), expected), Scalar("s32", n), Scalar("s32", count),
    ])  # fmt: skip


def _softmax(rng, dtype, shapes):
    for rows, columns in shapes:
        x = (3 * rng.standard_normal((rows, columns))).astype(dtype)
        x[rng.random(x.shape) < 0.1] = -np.inf
        x[rows // 2] = -np.inf
        wide = x.astype(np.float64)
        top = wide.max(axis=1, keepdims=True)
        with np.errstate(invalid="ignore", divide="ignore"):
            weights = np.where(np.isinf(top), 0.0, np.exp(wide - top))
            total = weights.sum(axis=1, keepdims=True)
            expected = np.where(total > 0, weights / total, 0.0)
            lse = np.where(total > 0, top + np.log(total), -np.inf)[:, 0]
        # An exponential is off by 2 + 1.2 |x| units of 2^-23, by its documented
        # bound, and there is one for each step of the running sum.
        finite = np.isfinite(wide)
        span = float(
            np.where(finite, np.where(finite, top, 0) - np.where(finite, wide, 0), 0).max()
        )
        relative = (blocks(columns, 32) + 7) * (4 + 1.2 * span) * 2.0**-23
        bound = relative * expected
        if dtype is np.float16:
            bound = bound + U16 * expected + 2.0**-25  # and the result is rounded
        top = np.where(np.isinf(top), 0.0, np.abs(top))[:, 0]
        yield Launch(blocks(rows, 4), 128, [
            In(x), Out(expected, bound, "f16" if dtype is np.float16 else "f32"),
            Out(lse, relative + 4 * U32 * (top + 5), "f32"),
            Scalar("s32", rows), Scalar("s32", columns),
        ])  # fmt: skip


def softmax_float(rng):
    yield from _softmax(rng, np.float32, ((9, 100), (5, 33), (4, 7)))


def softmax_half(rng):
    yield from _softmax(rng, np.float16, ((6, 131), (3, 32)))
