# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Votes, Barriers, Mbarrier, Pipeline."""

from __future__ import annotations

import heapq

import numpy as np

from ..launch import In, InOut, Launch, Out, Scalar
from .numbers import U32, blocks

ALL = 0xFFFFFFFF


def _mask(values) -> int:
    return sum(1 << lane for lane, value in enumerate(values) if value)


def _votes(a: list[int]) -> list[list[int]]:
    """Rows of results of one warp."""

    def reduced(function, values):
        result = values[0]
        for value in values[1:]:
            result = function(result, value)
        return result

    same = all(value >> 3 == a[0] >> 3 for value in a)
    odd = [value for value in a if value & 1]
    even = [value for value in a if not value & 1]
    oddMask = _mask(value & 1 for value in a)
    whenOdd = sum(odd) + _mask(value & 1 and value > 0 for value in a)
    whenEven = max(even, default=0) - sum(value < 0 for value in even)
    return [
        [oddMask] * 32,
        [any(v > 90 for v in a) | all(v > -90 for v in a) << 1 | 4] * 32,
        [_mask(v & 7 == w & 7 for v in a) for w in a],
        [(ALL if same else 0) ^ same] * 32,
        [_mask(v & 3 == w & 3 for v in a) for w in a],
        [sum(a)] * 32,
        [min(a)] * 32,
        [max(v & ALL for v in a)] * 32,
        [reduced(int.__and__, [v | 0x10 for v in a])] * 32,
        [reduced(int.__or__, [v & 0xF0 for v in a])] * 32,
        [reduced(int.__xor__, a)] * 32,
        [whenOdd if v & 1 else whenEven for v in a],
        [all(v > 0 for v in a) or not any(v > 0 for v in a)] * 32,
    ]


def votes(rng):
    for n, block in ((300, 96), (64, 64)):
        x = rng.integers(-100, 101, n)
        x[:32] = rng.integers(40, 48, 32)  # all equal except for three bits
        padded = np.zeros(blocks(n, block) * block, np.int64)
        padded[:n] = x
        rows = np.concatenate([np.array(_votes(warp.tolist())) for warp in padded.reshape(-1, 32)],
                              axis=1)  # fmt: skip
        yield Launch(blocks(n, block), block, [
            In(x.astype(np.int32)), Out((rows[:, :n] & ALL).astype(np.uint32)), Scalar("s32", n),
        ])  # fmt: skip


def _shuffle(mode: str, lane: int, by: int, width: int = 32) -> int:
    """The source lane, or the lane itself if there is none."""
    first = lane // width * width
    at = {"idx": first + by % width, "up": lane - by, "down": lane + by, "xor": lane ^ by}[mode]
    if mode == "up":
        return at if at >= first else lane
    return at if at < first + width else lane


def shuffles(rng):
    n, block = 192, 96
    x = rng.integers(-(2**31), 2**31, n).astype(np.int32)
    y = rng.standard_normal(n)
    lane, first = np.arange(n) % 32, np.arange(n) // 32 * 32
    read = lambda *how: [_shuffle(*(h[i] if isinstance(h, np.ndarray) else h for h in how))
                         for i in range(n)]  # fmt: skip
    sources = [
        read("idx", lane, (lane * 7 + 3) % 32), read("idx", lane, x & 31), read("idx", lane, 5, 8),
        read("up", lane, 3), read("up", lane, 5, 16), read("down", lane, 7),
        read("down", lane, 1, 4), read("xor", lane, 21), read("xor", lane, 9, 8),
        read("down", lane, 4, 8),
    ]  # fmt: skip
    out = np.array([x[first + source] for source in sources] + [lane % 8 < 4], np.int32)
    wide = np.array([y[first + (lane ^ 13)], y[first + lane // 2]])
    yield Launch(blocks(n, block), block, [
        In(x), In(y), Out(out), Out(wide), Scalar("s32", n),
    ])  # fmt: skip


def compact(rng):
    n, block = 700, 128
    x = rng.integers(-1000, 1000, n).astype(np.int32)
    kept = np.sort(x[x > 0])

    def check(got):
        if not np.array_equal(np.sort(got[: len(kept)]), kept):
            return "what was kept is not what is positive"
        return "" if (got[len(kept) :] == -1).all() else "something was written behind the end"

    yield Launch(blocks(n, block), block, [
        In(x), InOut(np.full(n, -1, np.int32), x, check),
        InOut(np.zeros(1, np.int32), np.array([len(kept)], np.int32)), Scalar("s32", n),
    ])  # fmt: skip


def _parts(x: np.ndarray, rounds: int) -> np.ndarray:
    """One block of 48 threads, in Python's integers."""
    value = x.astype(np.int64)
    for half in (slice(0, 16), slice(32, 48)):
        for r in range(rounds):
            value[half] += np.roll(value[half], -1) * (r + 1)
    upper = value[16:32]
    for r in range(rounds + 3):
        upper ^= upper[np.arange(16) ^ 3] << (r & 3)
        before = upper.copy()
        upper[8:] -= before[8:][np.arange(8) ^ 4]
        upper[:8] += before[np.minimum(np.arange(8) + 1, 7)]
    return value


def parts(rng):
    grid, rounds = 3, 4
    x = rng.integers(-50, 50, (grid, 48)).astype(np.int32)
    out = np.array([_parts(row, rounds) for row in x]).astype(np.int32)
    yield Launch(grid, 48, [In(x), Out(out), Scalar("s32", rounds)])


def barrier_groups(rng):
    grid, rounds = 2, 3
    x = rng.integers(-100, 100, (grid, 3, 64)).astype(np.int64)
    value = x.copy()
    for group in range(3):
        for _ in range(rounds * (group + 1)):
            mine = value[:, group]
            value[:, group] = 2 * mine - np.roll(mine, -33, axis=1)
    flat = value.reshape(grid, 192)
    out = flat + np.roll(flat, -64, axis=1)
    yield Launch(grid, 192, [
        In(x.reshape(grid, 192).astype(np.int32)), Out(out.astype(np.int32)), Scalar("s32", rounds),
    ])  # fmt: skip


def barrier_producer(rng):
    for chunks in (7, 2, 1):
        x = rng.integers(-100, 100, (chunks, 96)).astype(np.float32)
        out = np.cumsum(x[:, ::-1], axis=0)  # whole numbers: exact
        yield Launch(1, 128, [In(x), Out(out), Scalar("s32", chunks)])


def _distances(targets, lengths) -> list[int]:
    far = 0x3FFFFFFF
    distances = [far] * len(targets)
    distances[0] = 0
    queue = [(0, 0)]
    while queue:
        distance, at = heapq.heappop(queue)
        if distance > distances[at]:
            continue
        for to, length in zip(targets[at].tolist(), lengths[at].tolist()):
            if distance + length < distances[to]:
                distances[to] = distance + length
                heapq.heappush(queue, (distance + length, to))
    return distances


def barrier_reduce(rng):
    for size, degree in ((160, 2), (256, 3)):
        targets = rng.integers(0, size, (size, degree)).astype(np.int32)
        lengths = rng.integers(1, 100, (size, degree)).astype(np.int32)
        targets[5] = 5
        targets[targets == 9] = 8  # vertex 9 cannot be reached
        distances = np.array(_distances(targets, lengths), np.int32)
        reached = int((distances < 0x3FFFFFFF).sum())
        # All rounds but the last one changed something.
        yield Launch(1, size, [
            In(targets), In(lengths), Scalar("s32", degree), Out(distances),
            Out(np.array([1, reached == size, reached], np.int32)),
        ])  # fmt: skip


def mbarrier_ring(rng):
    for chunks in (11, 2):
        x = rng.integers(-1000, 1000, (chunks, 64)).astype(np.int32)
        out = x[:, ::-1] * np.arange(1, chunks + 1)[:, None]
        yield Launch(1, 128, [In(x), Out(out.astype(np.int32)), Scalar("s32", chunks)])


def mbarrier_copy(rng):
    for chunks, counted in ((6, 1), (5, 0), (1, 0)):
        x = rng.standard_normal((chunks, 512)).astype(np.float32)
        turned = np.roll(x, -4 * 37, axis=1).reshape(chunks, 128, 4)
        out = np.ascontiguousarray(turned.transpose(0, 2, 1))
        yield Launch(1, 128, [In(x), Out(out), Scalar("s32", chunks), Scalar("s32", counted)])


def mbarrier_drop(rng):
    size, total = 96, 9
    rounds = rng.integers(0, total + 3, size).astype(np.int32)
    mine = np.minimum(rounds, total)
    mine[0] = total
    present = np.array([(mine > r).sum() for r in range(total)])
    weighted = np.concatenate([[0], np.cumsum(present * np.arange(1, total + 1))])
    yield Launch(1, size, [In(rounds), Out(weighted[mine].astype(np.int32)), Scalar("s32", total)])


def mbarrier_count(rng):
    x = rng.integers(-1000, 1000, 32).astype(np.int32)
    out = np.tile(3 * x[::-1], 2) + np.arange(64, dtype=np.int32)
    yield Launch(1, 64, [In(x), Out(out)])


def _smooth(rng, width: int):
    for grid, parts in ((2, 5), (1, 1)):
        size = 128 * width
        x = rng.standard_normal((grid, parts, size)).astype(np.float32)
        wide = x.astype(np.float64)
        near = [np.roll(wide, shift, axis=2) for shift in range(-2, 3)]
        # Five additions and a product, and 0.2 itself is rounded.
        bound = 8 * U32 * 0.2 * sum(np.abs(a) for a in near)
        yield Launch(grid, 128, [In(x), Out(0.2 * sum(near), bound, "f32"), Scalar("s32", parts)])


def smooth4(rng):
    return _smooth(rng, 1)


def smooth8(rng):
    return _smooth(rng, 2)


def smooth16(rng):
    return _smooth(rng, 4)
