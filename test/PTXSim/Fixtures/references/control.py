# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Divergent, Spin, Calls, LocalArray, Globals, Params."""

from __future__ import annotations

import math
import struct

import numpy as np

from ..launch import Bytes, In, InOut, Launch, Out, Scalar
from .numbers import U32, blocks, signed


def collatz(rng):
    for n, block in ((300, 128), (33, 48)):
        x = rng.integers(0, 40000, n, dtype=np.uint32)
        x[:3] = (0, 1, 27)
        steps = []
        for value in map(int, x):
            count = 0
            while value > 1:
                value = 3 * value + 1 if value % 2 else value // 2
                count += 1
            steps.append(count)
        yield Launch(
            blocks(n, block), block, [In(x), Out(np.array(steps, np.uint32)), Scalar("s32", n)]
        )


def nested_loops(rng):
    n, block = 150, 64
    limits = rng.integers(-20, 160, n).astype(np.int32)
    counts, sums = [], []
    for limit in map(int, limits):
        primes = [p for p in range(5, limit, 4) if all(p % q for q in range(2, math.isqrt(p) + 1))]
        primes = primes[:12]
        total = sum(primes)
        if len(primes) > 5:
            total = -total if limit & 1 else 2 * total if limit & 2 else total
        counts.append(-1 if limit < 0 else len(primes))
        sums.append(0 if limit < 0 else total)
    yield Launch(blocks(n, block), block, [
        In(limits), Out(np.array(counts, np.int32)), Out(np.array(sums, np.int64)), Scalar("s32", n),
    ])  # fmt: skip


def _interpret(program, a: int, b: int) -> int:
    pc = a & 1
    while pc < len(program):
        op = program[pc]
        if op == 0:
            a = signed(a + b)
        elif op == 1:
            a = signed(a ^ b << 3)
        elif op == 2:
            b = signed(a - 7)
        elif op == 3:
            a = signed(a * 5 + 1)
        elif op == 4:
            pc += bool(a & 4)
        elif op == 5:
            a = signed(((a & 0xFFFFFFFF) >> 2) - b)
        elif op == 6:
            b ^= a
        elif op == 7:
            if b < 0:
                return b
        else:
            a = signed(-a)
        pc += 1
    return a


def interpret(rng):
    n, block, length = 200, 96, 25
    for _ in range(3):
        program = rng.integers(0, 9, length, dtype=np.uint8)
        program[program == 8] = 200
        x = rng.integers(-60, 60, n).astype(np.int32)
        out = [_interpret(list(program), int(a), i) for i, a in enumerate(x)]
        yield Launch(blocks(n, block), block, [
            In(program), Scalar("s32", length), In(x), Out(np.array(out, np.int32)), Scalar("s32", n),
        ])  # fmt: skip


def search_gcd(rng):
    n = 333
    x, y = rng.integers(0, 5000, (2, n), dtype=np.uint32)
    x[::7] = y[::7] * 3
    table = np.unique(rng.integers(0, 300, 77, dtype=np.uint32))
    gcd = np.gcd(x, y)
    place = np.searchsorted(table, gcd, side="left").astype(np.int32)
    yield Launch(2, 64, [
        In(x), In(y), In(table), Scalar("s32", len(table)), Out(gcd), Out(place), Scalar("s32", n),
    ])  # fmt: skip


def leave_early(rng):
    n, block = 150, 64
    rounds = rng.integers(0, 20, n).astype(np.int32)
    padded = np.zeros(blocks(n, block) * block, np.int64)
    padded[:n] = rounds
    out = np.zeros(n, np.int32)
    for i in range(n):
        below = padded[i // 32 * 32 : i]
        out[i] = sum(int((below > r).sum()) + r for r in range(rounds[i]))
    yield Launch(blocks(n, block), block, [In(rounds), Out(out), Scalar("s32", n)])


def pipe_warps(rng):
    for n in (400, 29):
        x = rng.integers(-1000, 1000, n).astype(np.int32)
        chunks = blocks(n, 32)
        turned = np.zeros(chunks * 32, np.int32)
        turned[:n] = x
        turned = turned.reshape(chunks, 32)[:, ::-1]
        expected = (3 * turned - turned[:, np.arange(32) ^ 1]).reshape(-1)[:n]
        yield Launch(1, 64, [In(x), Out(np.ascontiguousarray(expected)), Scalar("s32", n)])


def pipe_blocks(rng):
    for pairs, chunks, size, swap in ((2, 11, 64, 0), (3, 7, 32, 1)):
        x = rng.standard_normal((pairs, chunks, size)).astype(np.float32)
        ring = np.full((pairs, 4, size), 7, np.float32)
        after = ring.copy()
        for c in range(chunks):
            after[:, c % 4] = x[:, c] * 2
        counters = np.zeros((pairs, 2), np.uint32)
        yield Launch(2 * pairs, size, [
            In(x), Out(2 * x[:, :, ::-1] + np.float32(1)), InOut(ring, after),
            InOut(counters, np.full_like(counters, chunks)),
            Scalar("u32", chunks), Scalar("u32", swap),
        ])  # fmt: skip


def spin_lock(rng):
    n, block = 150, 64
    x = rng.integers(-(10**6), 10**6, n).astype(np.int32)
    yield Launch(blocks(n, block), block, [
        In(x), Scalar("s32", n), InOut(np.zeros(1, np.int32), np.zeros(1, np.int32)),
        InOut(np.array([5], np.int64), np.array([5 + x.astype(np.int64).sum()])),
        InOut(np.zeros(1, np.int32), np.array([n], np.int32)),
    ])  # fmt: skip


def ticket_lock(rng):
    n, block = 80, 48
    x = rng.integers(0, 2**32, n, dtype=np.uint32)

    # Any order is right, but the hash is that of the order.
    orders = {}

    def check_hash(got):
        orders["hash"] = int(got[0])
        return ""

    def check_order(got):
        if sorted(got.tolist()) != list(range(n)):
            return "the order is no permutation"
        value = 17
        for i in got:
            value = (value * 31 + int(x[i])) & 0xFFFFFFFF
        if value != orders["hash"]:
            return f"the hash is {orders['hash']}, that of the order is {value}"
        return ""

    one = np.zeros(1, np.uint32)
    yield Launch(blocks(n, block), block, [
        In(x), Scalar("s32", n), InOut(one, one + n), InOut(one, one + n),
        InOut(one + 17, one, check_hash), Out(np.zeros(n, np.uint32), check_order),
    ])  # fmt: skip


def grid_barrier(rng):
    grid, block, rounds = 5, 64, 4
    total = grid * block
    x = rng.integers(-1000, 1000, (2, total)).astype(np.int32)
    after = x.copy()
    for r in range(rounds):
        after[~r & 1] = np.roll(after[r & 1], -(block + 1)) + r
    one = np.zeros(1, np.uint32)
    yield Launch(grid, block, [
        InOut(x, after), Out(after[rounds & 1]), InOut(one, one + grid * rounds),
        Scalar("s32", rounds),
    ])  # fmt: skip


def call_polynomial(rng):
    n, block = 200, 64
    coefficients = rng.standard_normal((4, n)).astype(np.float32)
    x = rng.uniform(-2, 2, n).astype(np.float32)

    def evaluate(degree, at):
        used = np.where(np.arange(4)[:, None] <= degree, coefficients, 0).astype(np.float64)
        powers = at.astype(np.float64) ** np.arange(4)[:, None]
        return (used * powers).sum(axis=0), np.abs(used * powers).sum(axis=0)

    i = np.arange(n)
    value, size = evaluate(i % 4, x)
    other, otherSize = evaluate(np.full(n, 3), -x)
    third = i % 3 == 0
    # Eight roundings at most (fma), and one of the difference.
    bound = 10 * U32 * (size + third * otherSize)
    yield Launch(blocks(n, block), block, [
        In(coefficients), In(x), Out(value - third * other, bound, "f32"), Scalar("s32", n),
    ])  # fmt: skip


def call_compensated(rng):
    n, block, count = 70, 32, 20
    x = rng.standard_normal((n, count)) * 10.0 ** rng.integers(-8, 9, (n, count))
    sums, rests = np.zeros(n), np.zeros(n)
    for j in range(count):  # the same operations, in float64
        total = sums + x[:, j]
        part = total - sums
        rests += (sums - (total - part)) + (x[:, j] - part)
        sums = total
    yield Launch(blocks(n, block), block, [
        In(x), Out(sums), Out(rests), Scalar("s32", count), Scalar("s32", n),
    ])  # fmt: skip


def call_narrow(rng):
    n, block = 180, 64
    a = rng.integers(0, 256, n, dtype=np.uint8)
    b = rng.integers(-(2**15), 2**15, n).astype(np.int16)

    def mix(x, y, flip):
        return (x ^ (y >> 3) if flip else x + y) & 0xFF

    mixed, sums = [], []
    for i in range(n):
        x, y = int(a[i]), int(b[i])
        mixed.append(mix(mix(x, y, i & 1), int(b[n - 1 - i]), i & 2))
        # C++ divides towards zero, but y (y + 1) is even and not negative.
        sums.append(x * (x + 1) * (x + 2) // 6 if i & 4 else y * (y + 1) // 2)
    yield Launch(blocks(n, block), block, [
        In(a), In(b), Out(np.array(mixed, np.uint8)), Out(np.array(sums, np.int64)), Scalar("s32", n),
    ])  # fmt: skip


def call_box(rng):
    n, block = 100, 64
    x = rng.integers(-1000, 1000, (n, 6)).astype(np.int16)
    steps = np.arange(n) % 5
    by = steps * (steps + 1) // 2
    out = np.zeros((n, 7), np.int16)
    out[:, :3] = x[:, :3] - by[:, None]
    out[:, 3:6] = x[:, 3:] + by[:, None]
    out[:, 6] = (np.arange(n) + steps) & 0xFF
    yield Launch(blocks(n, block), block, [In(x), Out(out), Scalar("s32", n)])


def call_pointer(rng):
    n, block = 160, 96
    x = rng.standard_normal((3, n)).astype(np.float32)
    ordered = np.sort(x, axis=0)
    middle = ordered[1].astype(np.float64).reshape(-1, 32)
    yield Launch(blocks(n, block), block, [
        In(x), Out(np.ascontiguousarray(ordered.T)),
        Out(middle.sum(axis=1), 10 * U32 * np.abs(middle).sum(axis=1), "f32"), Scalar("s32", n),
    ])  # fmt: skip


def local_sort(rng):
    n, block = 100, 64
    x = rng.standard_normal((24, n)).astype(np.float32)
    x[5] = x[3]
    places = np.argsort(x, axis=0, kind="stable")
    yield Launch(blocks(n, block), block, [
        In(x), Out(np.sort(x, axis=0)), Out(places.astype(np.uint8)), Scalar("s32", n),
    ])  # fmt: skip


def local_walk(rng):
    n, block = 90, 32
    permutations = np.array([rng.permutation(16) for _ in range(n)], np.int32)
    out, lengths = [], []
    for i, follow in enumerate(permutations):
        met = np.zeros((4, 4))
        at, length = i % 16, 0
        while True:
            met[at % 4, at // 4] += 0.5 * at + length
            at, length = int(follow[at]), length + 1
            if at == i % 16:
                break
        total = 0.0
        for j in range(4):
            total = total * 3 + met[j, length % 4]
        out.append(total)  # halves below 2^12: exact
        lengths.append(length)
    yield Launch(blocks(n, block), block, [
        In(permutations), Out(np.array(out)), Out(np.array(lengths, np.int32)), Scalar("s32", n),
    ])  # fmt: skip


def globals_filter(rng):
    n, block = 300, 128
    x = rng.standard_normal(n).astype(np.float32)
    weights = np.array([-0.125, 0.25, 0.5, 1, 0.5, 0.25, -0.125])
    expected = np.convolve(x.astype(np.float64), weights, mode="same")
    size = np.convolve(np.abs(x.astype(np.float64)), np.abs(weights), mode="same")
    yield Launch(
        blocks(n, block), block, [In(x), Out(expected, 8 * U32 * size, "f32"), Scalar("s32", n)]
    )


def globals_table(rng):
    n, block = 200, 64
    x = rng.integers(-1000, 1000, n).astype(np.int32)
    table = ((100, -3, 1), (-7, 12, 0), (5, 300, 4))
    scales = (0.5, -1.25, 3e100, 1e-3)
    grid = ((1, -2, 3), (-4, 5, -6))
    out, scaled = [], []
    for i, value in enumerate(map(int, x)):
        row = (value & 0xFFFFFFFF) % 3
        offset, factor, shift = table[row]
        letters = 0
        for letter in (b"one", b"three", b"sixteen")[i % 3]:
            letters = letters * 7 + letter
        out.append(((value + offset) * factor >> shift) + letters + grid[i % 2][row])
        scaled.append(value * scales[i % 4])
    yield Launch(blocks(n, block), block, [
        In(x), Out(np.array(out, np.int32)), Out(np.array(scaled)), Scalar("s32", n),
    ])  # fmt: skip


def globals_draw(rng):
    n, block = 100, 64

    def check_drawn(got):
        for counter, start in enumerate((5, 4, 3, 2, 1, 0, 0, 0)):
            mine = sorted(got[counter::8].tolist())
            if mine != list(range(start, start + len(mine))):
                return f"counter {counter} gave {mine}"
        return ""

    yield Launch(blocks(n, block), block, [
        Out(np.zeros(n, np.int32), check_drawn),
        Out(np.full(n, 0x0123456789ABCDEF, np.uint64)), Scalar("s32", n),
    ])  # fmt: skip


def globals_pool(rng):
    x = rng.standard_normal(32).astype(np.float32)
    yield Launch(1, 32, [Out(np.roll(x, -5)), In(x)])


def _settings(rng, n):
    bias, scale = np.float32(rng.standard_normal()), rng.standard_normal()
    step = int(rng.integers(-300, 300))
    tag = rng.integers(0, 256, 5, dtype=np.uint8)
    matrix = rng.standard_normal((3, 3)).astype(np.float32)
    data = struct.pack("<fih6xd5s3x9f4x", bias, n, step, scale, tag.tobytes(), *matrix.ravel())
    return Bytes(data), float(bias), step, scale, tag.astype(np.int64), matrix.astype(np.float64)


def params_fields(rng):
    n, block = 130, 64
    settings, bias, step, scale, tag, matrix = _settings(rng, n)
    x = rng.standard_normal((3, n)).astype(np.float32)
    terms = np.diag(matrix)[:, None] * x.astype(np.float64)
    flag = int(rng.integers(0, 256))
    expected = scale * (terms.sum(axis=0) + bias) + step * (int(tag[4]) + flag)
    bound = 6 * U32 * abs(scale) * (np.abs(terms).sum(axis=0) + abs(bias)) + 1e-10
    yield Launch(blocks(n, block), block, [
        settings, In(x), Out(expected, bound), Scalar("u8", flag),
    ])  # fmt: skip


def params_indexed(rng):
    n, block = 130, 64
    settings, _, _, _, tag, matrix = _settings(rng, n)
    x = rng.standard_normal((3, n)).astype(np.float32)
    i, j = np.arange(n), np.arange(3)[:, None]
    terms = matrix[i % 3, (i + j) % 3] * x.astype(np.float64)
    expected = terms.sum(axis=0) + tag[i % 5]
    bound = 6 * U32 * (np.abs(terms).sum(axis=0) + tag[i % 5])
    yield Launch(blocks(n, block), block, [settings, In(x), Out(expected, bound, "f32")])


def params_changed(rng):
    n, block = 130, 64
    settings, bias, _, _, _, matrix = _settings(rng, n)
    at = rng.integers(0, 1000, n).astype(np.int32)
    expected, bound = np.zeros(n), np.zeros(n)
    for i in range(n):
        own = matrix.copy()
        own[at[i] % 3, i % 3] += bias
        terms = [own[j, (int(at[i]) + j) % 3] * (j + 1) for j in range(3)]
        expected[i], bound[i] = sum(terms), 8 * U32 * (np.abs(terms).sum() + abs(bias) * 3)
    yield Launch(blocks(n, block), block, [settings, In(at), Out(expected, bound, "f32")])


def grid_relax(rng):
    n, rounds = 300, 5
    x = rng.integers(-1000, 1000, n).astype(np.int32)
    buffers = [x, rng.integers(-1000, 1000, n).astype(np.int32)]
    after = [buffer.copy() for buffer in buffers]
    for r in range(rounds):
        old = after[r & 1]
        after[~r & 1] = np.roll(old, 1) + np.roll(old, -1) - old
    yield Launch(4, 32, [
        *(InOut(buffer, result) for buffer, result in zip(buffers, after)),
        Scalar("s32", n), Scalar("s32", rounds),
    ], cooperative=True)  # fmt: skip


def grid_total(rng):
    n, grid, block = 700, 6, 64
    x = rng.integers(-1000, 1000, n).astype(np.int32)
    parts = np.zeros(grid, np.int32)
    np.add.at(parts, np.arange(n) % (grid * block) // block, x)
    yield Launch(grid, block, [
        In(x), Out(parts), Out(np.full(grid * block, x.sum(), np.int32)), Scalar("s32", n),
    ], cooperative=True)  # fmt: skip
