# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""WmmaGemm, MmaGemm, DoubleGemm, Matrices, Hopper.

Products of f16, bf16 and tf32 are exact in f32. A sum of K of them in f32, in any
order and rounded or truncated after each step, has an error of at most K times
2^-23 times the sum of the magnitudes.
"""

from __future__ import annotations

import numpy as np

from ..launch import BFLOAT16, In, InOut, Launch, Out, Scalar
from .numbers import U16, U32, U64, blocks, round_bits, round_tf32


def _matrix(rng, shape, dtype) -> np.ndarray:
    return rng.standard_normal(shape).astype(dtype)


def _product(a, b):
    """A * B in float64, and the product of the magnitudes."""
    a, b = a.astype(np.float64), b.astype(np.float64)
    return a @ b, np.abs(a) @ np.abs(b)


def _wmma(rng, dtype, layouts, sums=np.float32):
    for rows, columns, depth, grid, block in ((64, 64, 48, 3, 64), (32, 96, 16, 1, 128)):
        a, b = _matrix(rng, (rows, depth), dtype), _matrix(rng, (depth, columns), dtype)
        c = _matrix(rng, (rows, columns), sums)
        alpha, beta = 0.75, -1.25  # exact in f16
        product, size = _product(a, b)
        expected = alpha * product + beta * c.astype(np.float64)
        bound = (depth + 4) * 2 * U32 * alpha * size + 4 * U32 * np.abs(beta * c.astype(np.float64))
        if sums is np.float16:
            # Rounded to f16 after every 8 or 16 of K, and thrice at the end.
            size = alpha * size + np.abs(beta * c.astype(np.float64))
            bound = bound + (depth / 8 + 3) * U16 * size
        place = lambda array, layout: np.ascontiguousarray(array if layout == "r" else array.T)
        name = "f16" if sums is np.float16 else "f32"
        yield Launch(grid, block, [
            In(place(a, layouts[0])), In(place(b, layouts[1])), In(place(c, layouts[2])),
            Out(place(expected, layouts[2]), place(bound, layouts[2]), name),
            Scalar("s32", rows), Scalar("s32", columns), Scalar("s32", depth),
            Scalar("f32", alpha), Scalar("f32", beta),
        ])  # fmt: skip


def wmma_half(rng):
    return _wmma(rng, np.float16, "rcr")


def wmma_bfloat(rng):
    return _wmma(rng, BFLOAT16, "crc")


def wmma_half_sums(rng):
    return _wmma(rng, np.float16, "rrr", np.float16)


def wmma_tall(rng):
    return _wmma(rng, np.float16, "rcr")


def wmma_wide(rng):
    return _wmma(rng, BFLOAT16, "rrr")


def wmma_shared(rng):
    for rows, columns, depth in ((21, 45, 37), (16, 32, 16)):
        a, b = _matrix(rng, (rows, depth), np.float16), _matrix(rng, (depth, columns), np.float16)
        product, size = _product(a, b)
        yield Launch((blocks(columns, 32), blocks(rows, 16)), 64, [
            In(a), In(b), Out(product, (depth + 16) * 2 * U32 * size, "f32"),
            Scalar("s32", rows), Scalar("s32", columns), Scalar("s32", depth),
        ])  # fmt: skip


def _padded(array, multiple: int = 8) -> np.ndarray:
    """Pads rows to a multiple; the padding is never read."""
    rest = -array.shape[1] % multiple
    return np.pad(array.astype(np.float32), ((0, 0), (0, rest)), constant_values=np.nan).astype(
        array.dtype
    )


def _mma(rng, dtype):
    for m, n, k in ((75, 83, 77), (64, 64, 32), (9, 5, 3)):
        a, b = _matrix(rng, (m, k), dtype), _matrix(rng, (k, n), dtype)
        product, size = _product(a, b)
        paddedA, paddedB = _padded(a), _padded(b)
        yield Launch((blocks(n, 64), blocks(m, 64)), 128, [
            In(paddedA), In(paddedB), Out(product, (k + 16) * 2 * U32 * size, "f32"),
            *(Scalar("s32", v) for v in (m, n, k, paddedA.shape[1], paddedB.shape[1])),
        ])  # fmt: skip


def mma_half(rng):
    return _mma(rng, np.float16)


def mma_bfloat(rng):
    return _mma(rng, BFLOAT16)


def mma_half_sums(rng):
    for m, n, k in ((32, 24, 64), (16, 8, 16)):
        a, b = _matrix(rng, (m, k), np.float16), _matrix(rng, (n, k), np.float16)
        product, size = _product(a, b.T)
        # Rounded to f16 after every 8 or 16 of K.
        bound = (k / 8 + 1) * U16 * size
        yield Launch((n // 8, m // 16), 32, [
            In(a), In(b), Out(product, bound, "f16"), Scalar("s32", n), Scalar("s32", k),
        ])  # fmt: skip


def mma_tf32(rng):
    for m, n, k in ((45, 37, 41), (32, 32, 16)):
        a, b = _matrix(rng, (m, k), np.float32), _matrix(rng, (k, n), np.float32)
        product, size = _product(round_tf32(a), round_tf32(b))
        yield Launch((blocks(n, 32), blocks(m, 32)), 128, [
            In(a), In(b), Out(product, (k + 16) * 2 * U32 * size, "f32"),
            *(Scalar("s32", v) for v in (m, n, k)),
        ])  # fmt: skip


LANES = np.arange(32)
GROUP, PLACE = LANES // 4, LANES % 4


def _fragment(tile: np.ndarray) -> np.ndarray:
    """The words of an 8 x 8 tile that the lanes of a warp hold."""
    low, high = tile[GROUP, 2 * PLACE], tile[GROUP, 2 * PLACE + 1]
    return low.astype(np.uint32) | high.astype(np.uint32) << 16


def _tile(words: np.ndarray) -> np.ndarray:
    """The tile whose words the lanes hold."""
    tile = np.zeros((8, 8), np.uint16)
    tile[GROUP, 2 * PLACE] = words & 0xFFFF
    tile[GROUP, 2 * PLACE + 1] = words >> 16
    return tile


def matrix_loads(rng):
    grid = 2
    x = rng.integers(0, 2**16, (grid * 2, 32, 8), dtype=np.uint16)
    rows = []
    for tile in x:
        turned = tile[::-1]
        rows.append([
            _fragment(tile[:8]), _fragment(tile[:8].T), _fragment(turned[:8]),
            _fragment(turned[8:16]), *(_fragment(turned[8 * j : 8 * j + 8].T) for j in range(4)),
        ])  # fmt: skip
    out = np.concatenate(rows, axis=1).astype(np.uint32)
    yield Launch(grid, 64, [In(x), Out(np.ascontiguousarray(out)), Scalar("s32", grid * 64)])


def matrix_stores(rng):
    grid = 2
    x = rng.integers(0, 2**32, (grid, 4, 32), dtype=np.uint32)
    out = np.array([
        np.concatenate([*(_tile(words) for words in r), *(_tile(r[j]).T for j in (3, 2, 1, 0))])
        for r in x
    ])  # fmt: skip
    yield Launch(grid, 32, [In(x), Out(out)])


def transactions(rng):
    chunks = 5
    x = rng.integers(-1000, 1000, (chunks, 32)).astype(np.int32)
    yield Launch(1, 32, [
        In(x), Out(x[:, ::-1] - np.arange(32, dtype=np.int32)), Scalar("s32", chunks),
    ])  # fmt: skip


def bfloats(rng):
    n, block = 150, 64
    x, y = (round_bits(rng.standard_normal(n) * 4, 8) for _ in range(2))
    x[np.abs(x) < 2.0**-8] = 2.5
    out = round_bits(np.stack([x + y, x - y, x * y]), 8).astype(BFLOAT16)
    sums = np.array([(np.arange(n) % 5 == j).sum() for j in range(5)])
    yield Launch(blocks(n, block), block, [
        In(x.astype(BFLOAT16)), In(y.astype(BFLOAT16)), Out(out),
        InOut(np.zeros(5, BFLOAT16), sums.astype(BFLOAT16)),
        Out(np.trunc(x).astype(np.int32)), Scalar("s32", n),
    ])  # fmt: skip


def vector_atomics(rng):
    n, block = 150, 64
    x = rng.integers(-100, 100, (n, 4)).astype(np.float32)  # exact sums
    sums4 = rng.integers(-100, 100, (3 + n, 4)).astype(np.float32)
    sums2 = rng.integers(-100, 100, (5, 2)).astype(np.float32)
    after4, after2 = sums4.copy(), sums2.copy()
    np.add.at(after4, np.arange(n) % 3, x)
    np.add.at(after2, np.arange(n) % 5, x[:, [0, 3]])
    after4[3:] += x
    yield Launch(blocks(n, block), block, [
        In(x), InOut(sums4, after4), InOut(sums2, after2), Out(sums4[3:]), Scalar("s32", n),
    ])  # fmt: skip


def _doubles(rng, by_rows: bool):
    rows, columns, depth = 24, 40, 20
    a, b, c = (rng.standard_normal(s) for s in ((rows, depth), (depth, columns), (rows, columns)))
    bound = (depth + 1) * 2 * U64 * (np.abs(a) @ np.abs(b) + np.abs(c))
    place = lambda array, rowwise: np.ascontiguousarray(array if rowwise else array.T)
    yield Launch(2, 64, [
        In(place(a, by_rows)), In(place(b, not by_rows)), In(place(c, by_rows)),
        Out(place(a @ b + c, by_rows), place(bound, by_rows)),
        *(Scalar("s32", size) for size in (rows, columns, depth)),
    ])  # fmt: skip


def double_rows(rng):
    return _doubles(rng, True)


def double_columns(rng):
    return _doubles(rng, False)


def double_mma(rng):
    depth = 12
    a, b, c = (rng.standard_normal(s) for s in ((8, depth), (depth, 8), (8, 8)))
    bound = (depth + 1) * 2 * U64 * (np.abs(a) @ np.abs(b) + np.abs(c))
    yield Launch(1, 32, [
        In(a), In(np.ascontiguousarray(b.T)), In(c), Out(a @ b + c, bound), Scalar("s32", depth),
    ])  # fmt: skip
