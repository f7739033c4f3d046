# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Memory, Atomics."""

from __future__ import annotations

import numpy as np

from ..launch import BFLOAT16, In, InOut, Launch, Out, Scalar
from .numbers import U32, blocks


def saxpy(rng):
    for n, grid, block in ((1000, 3, 96), (5, 2, 32)):
        x, y = rng.standard_normal((2, n)).astype(np.float32)
        a = np.float32(rng.standard_normal())
        product = float(a) * x.astype(np.float64)
        yield Launch(grid, block, [
            In(x), InOut(y, product + y, 2 * U32 * (np.abs(product) + np.abs(y))), Scalar("f32", a),
            Scalar("u64", n),
        ])  # fmt: skip


def vectors(rng):
    for n, block in ((403, 64), (128, 32)):
        x = rng.standard_normal(n).astype(np.float32)
        data = rng.integers(0, 256, n // 4 * 4, dtype=np.uint8)
        shorts = rng.integers(-(2**15), 2**15, n).astype(np.int16)
        whole = n // 4 * 4
        y, swapped = -x, ~shorts
        v = x[:whole].reshape(-1, 4)
        y[:whole] = np.stack(
            [v[:, 3], v[:, 2] * 2, v[:, 1], v[:, 0] + np.float32(1)], axis=1
        ).ravel()
        swapped[:whole] = shorts[:whole].reshape(-1, 4)[:, [1, 0, 3, 2]].ravel()
        b = data.reshape(-1, 4).astype(np.int32)
        sums = np.stack([b[:, 0] + b[:, 1], b[:, 2] - b[:, 3]], axis=1)
        yield Launch(blocks(n // 4 + n % 4, block), block, [
            In(x), Out(y), In(data), Out(sums), In(shorts), Out(swapped), Scalar("s32", n),
        ])  # fmt: skip


def vectors_wide(rng):
    n, block = 77, 32
    x = rng.standard_normal((n, 2))
    longs = rng.integers(-(2**63), 2**63, (n, 2), dtype=np.int64)
    y = np.stack([x[::-1, 1], -x[::-1, 0]], axis=1)
    product = longs[:, 0].view(np.uint64) * longs[:, 1].view(np.uint64)
    m = np.stack([(longs[:, 1] >> 3).view(np.uint64), product], axis=1)
    yield Launch(blocks(n, block), block, [In(x), Out(y), In(longs), Out(m), Scalar("s32", n)])


def dynamic_shared(rng):
    for n, grid, block in ((150, 3, 64), (6000, 1, 128)):
        x = rng.standard_normal((grid, n))
        places = rng.permutation(n).astype(np.int32)
        out = x[:, places[::-1]] + x[:, ::-1]
        yield Launch(grid, block, [In(x), In(places), Out(out), Scalar("s32", n)],
                     shared=n * (8 + 4) if n < 3000 else 72000)  # fmt: skip


def generic_pointers(rng):
    n, block = 300, 128
    x = rng.integers(-1000, 1000, n).astype(np.int32)
    padded = np.zeros(blocks(n, block) * block, np.int32)
    padded[:n] = x
    i = np.arange(n)
    out = np.choose(i % 3, [2 * padded[i ^ 1], x[::-1], i * 10 + (x & 3)]).astype(np.int32)
    spaces = np.choose(i % 3, [1, 2, 4]).astype(np.int32)
    yield Launch(blocks(n, block), block, [In(x), Out(out), Out(spaces), Scalar("s32", n)])


def cache_hints(rng):
    n, block = 200, 64
    x = rng.integers(-1000, 1000, (6, n)).astype(np.float32)  # sums are exact
    z = rng.standard_normal((n, 4)).astype(np.float32)
    out = x.sum(axis=0) + np.arange(4, dtype=np.float32)[:, None]
    yield Launch(blocks(n, block), block, [
        In(x), Out(out), In(z), Out(np.ascontiguousarray(np.roll(z, 1, axis=1))), Scalar("s32", n),
    ])  # fmt: skip


def records(rng):
    n, block = 100, 64
    x = rng.integers(0, 256, (n, 13), dtype=np.uint8)
    words = np.array([int.from_bytes(row[i % 10 : i % 10 + 4].tobytes(), "little")
                      for i, row in enumerate(x)], np.uint32)  # fmt: skip
    yield Launch(blocks(n, block), block, [
        In(x), Out(np.ascontiguousarray(x[:, ::-1])), Out(words), Scalar("s32", n),
    ])  # fmt: skip


def atomics_global(rng):
    n, block = 500, 128
    grid = blocks(n, block)
    x = rng.integers(-1000, 1001, n)
    unsigned = x & 0xFFFFFFFF
    ints = np.array([3, 4, 70, -70] + [7] * grid, np.int64)
    after = ints.copy()
    after[0] += x.sum()
    after[1] -= x.sum()
    after[2], after[3] = min(70, x.min()), max(-70, x.max())
    for b in range(grid):
        after[4 + b] += x[b * block : (b + 1) * block].sum()
    words = np.array([0xFFFFFFF0, 5, 0xFFFFFFFF, 0x40, 0x1234, 0, 22], np.uint32)
    words_after = np.array([
        min(0xFFFFFFF0, unsigned.min()), max(5, unsigned.max()),
        np.bitwise_and.reduce(unsigned | 0xF0F), 0x40 | np.bitwise_or.reduce(unsigned & 0x3C),
        0x1234 ^ np.bitwise_xor.reduce(unsigned), n % 37, (22 - n) % 23,
    ])  # fmt: skip
    longs = np.array([1, 0, 9, 0xABC, 10**10], np.int64)
    longs_after = np.array([
        1 + (int(x.sum()) << 20), min(0, int(x.min()) << 33), 0,
        0xABC ^ (int(np.bitwise_xor.reduce(x)) << 16), 10**10 + n,
    ]).view(np.uint64)  # fmt: skip
    longs_after[2] = x.astype(np.uint64).max()
    yield Launch(grid, block, [
        In(x.astype(np.int32)), InOut(ints.astype(np.int32), after.astype(np.int32)),
        InOut(words, words_after.astype(np.uint32)), InOut(longs.view(np.uint64), longs_after),
        InOut(np.array([0.5], np.float32), np.array([0.5 + x.sum()], np.float32)),
        InOut(np.array([0.5]), np.array([0.5 + 0.25 * x.sum()])), Scalar("s32", n),
    ])  # fmt: skip


def atomics_results(rng):
    n, block = 300, 96
    x = rng.integers(1, 1000, n).astype(np.uint32)

    def check_draws(got):
        # In the order of the draws, each is the sum of the previous ones.
        order = np.argsort(got)
        before = 10 + np.concatenate([[0], np.cumsum(x[order])[:-1]])
        return "" if np.array_equal(got[order], before) else "the draws are no running sum"

    exchanged = []

    def check_exchanged(got):
        exchanged.append(got)
        return ""

    def check_counters(got):
        if got[0] != 10 + x.sum():
            return f"the sum is {got[0]}, wanted {10 + x.sum()}"
        # The exchanged values, and the remaining one.
        chain = sorted([*exchanged[0].tolist(), int(got[1])])
        return "" if chain == list(range(n + 1)) else "something was lost in the exchanges"

    odd = x[::16] & 1
    product = 4.0 ** int(odd.sum()) * 0.5 ** int((1 - odd.astype(np.int64)).sum())
    yield Launch(blocks(n, block), block, [
        In(x), Out(x, check_draws), Out(x, check_exchanged),
        InOut(np.array([10, 0], np.uint32), np.zeros(2, np.uint32), check_counters),
        InOut(np.array([-1e30], np.float32), np.array([x.max() * 0.5], np.float32)),
        InOut(np.array([3.0]), np.array([3 * product])), Scalar("s32", n),
    ])  # fmt: skip


def atomics_half(rng):
    # Few enough that all sums are exact, in bf16 too.
    n, block = 150, 64
    x = rng.integers(0, 8, n).astype(np.int32)
    v, w = x & 3, x >> 2 & 1
    i = np.arange(n)
    by = lambda values, count: np.array([values[i % count == c].sum() for c in range(count)])
    pairs = lambda first, second: np.stack([by(first, 2), by(second, 2)], axis=1)
    expected = [(by(v, 3), np.float16), (pairs(v, -w), np.float16), (by(w, 3), BFLOAT16),
                (pairs(w, -v / 4), BFLOAT16)]  # fmt: skip
    yield Launch(blocks(n, block), block, [
        In(x), *(InOut(np.zeros(array.shape, dtype), array.astype(dtype)) for array, dtype in expected),
        Scalar("s32", n),
    ])  # fmt: skip


def atomics_shared(rng):
    n, block = 250, 96
    grid = blocks(n, block)
    x = rng.integers(-1000, 1000, n)
    rows = []
    for b in range(grid):
        v = x[b * block : (b + 1) * block]
        rows.append([
            v.sum(), v.min(), len(v) % 10, np.bitwise_or.reduce(1 << (v & 31)),
            (v & 0xFF).sum() << 32, (v & 0xFFF).max() << 30, v.sum(), v.sum() / 8, (v & 3).sum(),
            -(v >> 2 & 1).sum(), (v ^ 1).sum(),
        ])  # fmt: skip
    yield Launch(grid, block, [
        In(x.astype(np.int32)), Out(np.array(rows, np.float64)), Scalar("s32", n),
    ])  # fmt: skip
