# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Integers in Python integers: a list of results for each operation."""

from __future__ import annotations

import numpy as np

from ..launch import In, Launch, Out, Scalar
from .numbers import blocks, signed, words

ALL = 0xFFFFFFFF


def _divide(a: int, b: int) -> int:
    """Towards zero."""
    return abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)


def _remainder(a: int, b: int) -> int:
    return a - b * _divide(a, b)


def _reverse(a: int, bits: int) -> int:
    return int(f"{a:0{bits}b}"[::-1], 2)


def _leading_zeros(a: int, bits: int) -> int:
    return bits - (a & ((1 << bits) - 1)).bit_length()


def _first_set(a: int) -> int:
    return (a & -a).bit_length()


def _saturate(a: int) -> int:
    return min(max(a, -(2**31)), 2**31 - 1)


def _bytes(a: int, b: int) -> list[int]:
    """The eight bytes from which prmt selects."""
    return [(a | b << 32) >> 8 * i & 0xFF for i in range(8)]


def _pick(a: int, b: int, places) -> int:
    """Positions from the highest byte of the result to the lowest."""
    source = _bytes(a, b)
    value = 0
    for place in places:
        value = value << 8 | source[place]
    return value


def _dot(a: int, b: int, c: int, bits: int, low: int, is_signed: bool) -> int:
    """dp4a (bits 8) and dp2a (bits 16): b's parts are bytes from `low` on."""
    convert = signed if is_signed else lambda value, width: value & ((1 << width) - 1)
    for i in range(32 // bits):
        c += convert(a >> bits * i, bits) * convert(b >> 8 * (i + low), 8)
    return c


def _extract(a: int, position: int, length: int, bits: int, is_signed: bool) -> int:
    """bfe."""
    fill = a >> min(position + length - 1, bits - 1) & 1 if is_signed and length else 0
    value = 0
    for i in range(bits):
        inside = i < length and position + i < bits
        value |= (a >> (position + i) & 1 if inside else fill) << i
    return value


def _insert(a: int, b: int, position: int, length: int, bits: int) -> int:
    """bfi: a into b."""
    for i in range(length):
        if position + i < bits:
            b = b & ~(1 << position + i) | (a >> i & 1) << position + i
    return b


def _find(a: int, bits: int, is_signed: bool) -> int:
    """bfind: the highest bit that is not a copy of the sign."""
    if is_signed and a >> (bits - 1):
        a = ~a & ((1 << bits) - 1)
    return a.bit_length() - 1 if a else ALL


def _mask(position: int, width: int, clamp: bool) -> int:
    """bmsk."""
    if clamp and position > 31:
        return 0
    width = min(width, 32) if clamp else width & 31
    return ((1 << width) - 1) << (position & 31) & ALL


def _extend(a: int, width: int, clamp: bool, is_signed: bool) -> int:
    """szext."""
    if clamp and width > 31:
        return a
    width &= 31
    if not width:
        return 0
    return signed(a, width) if is_signed else a & ((1 << width) - 1)


def _operations32(a: int, b: int, c: int) -> list[int]:
    sa, sb, sc = signed(a), signed(b), signed(c)
    pair = b << 32 | a
    shift, clamped = c & 31, min(c & 63, 32)
    return [
        a + b - c,
        a * b + c,
        a * b >> 32,
        sa * sb >> 32,
        (a & 0xFFFFFF) * (b & 0xFFFFFF),
        signed(a, 24) * signed(b, 24),
        a // (b | 1),
        a % (c | 1),
        _divide(sa, (b & 0xFFFF) + 1),
        _remainder(sa, -((c & 0xFF) + 2)),
        a // 7 + b % 10,
        _divide(sa, -12) + _remainder(sb, 100),
        min(sa, sb),
        max(a, b, c),
        abs(sa - sb) + c,
        abs(a - b) + c,
        a.bit_count(),
        _leading_zeros(sa >> (b & 31), 32),
        _reverse(a, 32),
        _first_set(a & b & c),
        pair << shift >> 32,
        pair >> shift,
        pair << clamped >> 32,
        pair >> clamped,
        _pick(a, b, [c >> 4 * i & 7 for i in (3, 2, 1, 0)]),
        _dot(a, b, sc, 8, 0, True),
        _dot(a, b, c, 8, 0, False),
        _dot(a, b, sc, 16, 0, True),
        _dot(a, b, c, 16, 2, False),
        (a & b) | (~a & c),
        a ^ b ^ c,
        a if sa < sb else b if sc >= 0 else c,
        sa + sb >> 1,
        a + b + 1 >> 1,
    ]


def _operations_ptx(a: int, b: int, c: int) -> list[int]:
    sa, sb, sc = signed(a), signed(b), signed(c)
    low = c & 3
    total = (a + b) + (b + c << 32) + (c + a << 64)
    difference = (a - b) + (b - c << 32) + (c - a << 64)
    product = (a * b & ALL) + c
    product += ((a * b >> 32) + b) << 32
    table = [0xD2 >> i & 1 for i in range(8)]
    looked_up = sum(
        table[(a >> i & 1) << 2 | (b >> i & 1) << 1 | c >> i & 1] << i for i in range(32)
    )
    small = sc <= 5
    p = (a < b and small) or sa > sc
    r = (c == 0) ^ p
    if not (a >= b and small):
        r = not r
    return [
        (a * b >> 32) + c,
        (sa * sb >> 32) + sc,
        _saturate((sa * sb >> 32) + sc),
        (a & 0xFFFFFF) * (b & 0xFFFFFF) + c,
        _saturate(sa + sb),
        _saturate(sa - sb),
        _extract(a, b & 0xFF, c & 0xFF, 32, False),
        _extract(a, b & 0xFF, c & 0xFF, 32, True),
        _extract(a, b & 31, c & 31, 32, True),
        _insert(a, b, c & 31, c >> 5 & 31, 32),
        _find(a, 32, False),
        _find(a, 32, True),
        31 - _find(a, 32, False) if a else ALL,
        _mask(b & 63, c & 63, True),
        _mask(b, c, False),
        _extend(a, b & 63, True, True),
        _extend(a, b, False, False),
        a << (b & 63),
        a >> (b & 63),
        sa >> (b & 63),
        _pick(a, b, [low + 3, low + 2, low + 1, low]),
        _pick(a, b, [(low - 3) % 8, (low - 2) % 8, (low - 1) % 8, low]),
        _pick(a, b, [low] * 4),
        _pick(a, b, [max(i, low) for i in (3, 2, 1, 0)]),
        _pick(a, b, [min(i, low) for i in (3, 2, 1, 0)]),
        _pick(a, b, [low % 2 * 2 + 1, low % 2 * 2] * 2),
        int(a & b & c == 0),
        ALL if sa < sb else 0,
        a if sc >= 0 else b,
        abs(signed(a | 1)),
        total, total >> 32, total >> 64,
        difference, difference >> 32, difference >> 64,
        product, product >> 32, product >> 64,
        looked_up,
        a if r else b,
    ]  # fmt: skip


def _operations64(a: int, b: int, c: int) -> list[int]:
    sa, sb, bits = signed(a, 64), signed(b, 64), 64
    shift, length = c & 63, c >> 6
    wide = (a * b + a + c) & (2**128 - 1)
    mixed = (wide << (c & 31) ^ wide >> 40) & (2**128 - 1)
    return [
        a + b,
        a - b,
        a * b,
        a * b >> 64,
        sa * sb >> 64,
        a // (b | 1),
        a % (b | 1),
        _divide(sa, (b >> 33) + 1),
        _remainder(sa, c + 1),
        a // 1000000007,
        a << shift,
        a >> shift,
        sa >> shift,
        a.bit_count(),
        _leading_zeros(sa >> shift, bits),
        _reverse(a, bits),
        _first_set(a & b),
        min(sa, sb),
        max(a, b),
        (a & ALL) * (b & ALL) + c,
        signed(a) * signed(b) - signed(c),
        wide,
        wide >> 64,
        mixed,
        mixed >> 64,
        _extract(a, shift, length & 0xFF, bits, False),
        _extract(a, shift, length & 63, bits, True),
        _insert(a, b, shift, length & 63, bits),
        abs(signed(a | 1, 64)),
        _find(a, bits, True),
    ]


def _run(rng, operations, bits: int):
    n, block = 160, 64
    x, y = words(rng, n, bits), words(rng, n, bits)
    z = words(rng, n)
    columns = [operations(*map(int, row)) for row in zip(x, y, z)]
    mask = (1 << bits) - 1
    out = np.array([[value & mask for value in column] for column in columns], x.dtype)
    yield Launch(blocks(n, block), block, [
        In(x), In(y), In(z), Out(np.ascontiguousarray(out.T)), Scalar("s32", n),
    ])  # fmt: skip


def integers32(rng):
    return _run(rng, _operations32, 32)


def integers_ptx(rng):
    return _run(rng, _operations_ptx, 32)


def integers64(rng):
    return _run(rng, _operations64, 64)


def integers_narrow(rng):
    n, block = 200, 96
    a, b = words(rng, n, 8).view(np.int8), words(rng, n, 8)
    c, d = words(rng, n, 16).view(np.int16), words(rng, n, 16)
    wide, narrow, short = [], [], []
    for p, q, r, s in zip(*(map(int, array) for array in (a, b, c, d))):
        wide.append([p * q + r - s, r * s, (p < r) + 2 * (q > s) + 4 * (r == signed(s, 16))])
        narrow.append([signed(value, 16) for value in (
            r * s, _divide(r, q + 1), s % (q + 1), (r >> (q & 15)) ^ signed(s << (q & 7), 16))])  # fmt: skip
        short.append([value & 0xFF for value in (p + q, (q * s & 0xFF) >> 3, max(p, q))])
    turn = lambda rows, dtype: np.ascontiguousarray(np.array(rows, dtype).T)
    yield Launch(blocks(n, block), block, [
        In(a), In(b), In(c), In(d), Out(turn(wide, np.int32)), Out(turn(narrow, np.int16)),
        Out(turn(short, np.uint8)), Scalar("s32", n),
    ])  # fmt: skip
