# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Convert, Floats, Math, Halves.

Correctly rounded results are computed with fractions and must be equal. The
bounds for approximate functions are those that CUDA and PTX document.
"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np

from ..launch import BFLOAT16, In, Launch, Out, Scalar
from .numbers import U16, blocks, root, round_bits, round_exact, ulp, words

ROUND_INTEGER = {"rn": round, "rz": math.trunc, "ru": math.ceil, "rd": math.floor}


def _rows(rows, dtype) -> np.ndarray:
    return np.ascontiguousarray(np.array(rows, dtype))


def _to_integer(x: float, mode: str, bits: int, is_signed: bool, is_double: bool) -> int:
    """Values out of range become the end of the range. NaN becomes 0 without 64-bit
    types, and only the highest bit with them."""
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if is_signed else (0, (1 << bits) - 1)
    if math.isnan(x):
        if not is_double and bits < 64:
            return 0
        return low if is_signed else 1 << bits - 1
    if math.isinf(x):
        return high if x > 0 else low
    return min(max(ROUND_INTEGER[mode](x), low), high)


def convert_to_integer(rng):
    n, block = 192, 64
    x = (rng.standard_normal(n) * 10.0 ** rng.integers(-2, 21, n)).astype(np.float32)
    y = rng.standard_normal(n) * 10.0 ** rng.integers(-2, 21, n)
    edges = np.array([0.5, 1.5, 2.5, -0.5, -1.5, -0.0, 126.5, 127.5, -128.5, 255.5, 2147483520.0,
                      2147483648.0, -2147483648.0, 4294967040.0, 9.3e18, -9.3e18, 1.9e19,
                      np.inf, -np.inf, np.nan, 1e-40])  # fmt: skip
    x[: len(edges)], y[: len(edges)] = edges, edges
    y[40:44] = (2147483647.5, -2147483648.5, 4294967295.5, 65534.5)
    narrow = [("f", "rn", 32, True), ("f", "rz", 32, True), ("f", "ru", 32, True),
              ("f", "rd", 32, True), ("f", "rn", 32, False), ("f", "rz", 32, False),
              ("f", "ru", 32, False), ("f", "rd", 32, False), ("d", "rn", 32, True),
              ("d", "rz", 32, True), ("d", "ru", 32, False), ("d", "rd", 32, False),
              ("f", "rn", 8, True), ("f", "rz", 8, False), ("f", "ru", 16, True),
              ("d", "rd", 16, False)]  # fmt: skip
    wide = [("f", "rn", 64, True), ("f", "rz", 64, True), ("f", "ru", 64, False),
            ("f", "rd", 64, False), ("d", "rn", 64, True), ("d", "rd", 64, True),
            ("d", "rz", 64, False), ("d", "ru", 64, False)]  # fmt: skip

    def column(kind, mode, bits, is_signed):
        values = x if kind == "f" else y
        return [_to_integer(float(v), mode, bits, is_signed, kind == "d") for v in values]

    # Results of 32 and 64 bits without sign lie in signed arrays.
    wrap = lambda rows, bits: [
        [v - (1 << bits) if v >> bits - 1 == 1 else v for v in row] for row in rows
    ]
    yield Launch(blocks(n, block), block, [
        In(x), In(y), Out(_rows(wrap([column(*c) for c in narrow], 32), np.int32)),
        Out(_rows(wrap([column(*c) for c in wide], 64), np.int64)), Scalar("s32", n),
    ])  # fmt: skip


def _float_bits(value: float) -> int:
    return int(np.float32(value).view(np.uint32))


def _half(x: Fraction, mode: str) -> int:
    return int(np.float16(round_exact(x, mode, 11, -14, 15)).view(np.uint16))


def _bfloat(x: Fraction, mode: str) -> int:
    return _float_bits(round_exact(x, mode, 8)) >> 16


def convert_to_float(rng):
    n, block = 160, 64
    x = words(rng, n, 64).view(np.int64)
    y = (rng.standard_normal(n) * 10.0 ** rng.integers(-8, 9, n)).astype(np.float32)
    y[:8] = (1.0 + 2.0**-11, 1.0 + 3 * 2.0**-11, 65519.9, 65520.0, -65536.0, 2.0**-25, 2.5, -0.4)
    z = rng.standard_normal(n) * 10.0 ** rng.integers(-12, 30, n)
    z[:6] = (1.0 + 2.0**-24, 1.0 + 3 * 2.0**-24, 2.0**-149 * 0.75, 2.0**-130 * 1.3, 1e39, -1e39)
    floats, doubles, halves = [], [], []
    for l, f, d in zip(map(int, x), map(float, y), map(float, z)):
        unsigned = l & (2**64 - 1)
        s = (l & 0x7FFFFFFF) - (l & 0x80000000)
        u = l & 0xFFFFFFFF
        whole, real, twice = Fraction(f), Fraction(d), Fraction(-2 * f)
        single = lambda value, mode: _float_bits(round_exact(Fraction(value), mode))
        double = lambda value, mode: round_exact(Fraction(value), mode, 53, -1022, 1023)
        keep_sign = lambda value: _float_bits(math.copysign(value, f))
        floats.append([
            single(s, "rn"), single(s, "rz"), single(s, "ru"), single(u, "rd"), single(l, "rn"),
            single(unsigned, "rz"), single(real, "rn"), single(real, "rz"), single(real, "ru"),
            single(real, "rd"), keep_sign(math.trunc(f)), keep_sign(math.floor(f)),
            keep_sign(math.ceil(f)), keep_sign(round(f)), _float_bits(min(max(f, 0.0), 1.0)),
            _float_bits(round_exact(whole, "rna", 11)),
        ])  # fmt: skip
        doubles.append([double(l, "rn"), double(l, "rd"), double(unsigned, "ru"), f, float(s),
                        float(np.rint(d))])  # fmt: skip
        relu = [_half(max(value, Fraction(0)), "rz") for value in (-whole, whole)]
        halves.append([
            *(_half(whole, mode) for mode in ("rn", "rz", "ru", "rd")), _bfloat(whole, "rn"),
            _bfloat(whole, "rz"), _half(Fraction(s), "rn"), _half(whole, "rn"), _half(twice, "rn"),
            _bfloat(whole, "rn"), _bfloat(twice, "rn"), *relu,
        ])  # fmt: skip
    yield Launch(blocks(n, block), block, [
        In(x), In(y), In(z), Out(_rows(floats, np.uint32).T.copy()),
        Out(_rows(doubles, np.float64).T.copy().view(np.uint64)),
        Out(_rows(halves, np.uint16).T.copy()), Scalar("s32", n),
    ])  # fmt: skip


def convert_from_narrow(rng):
    n, block = 200, 64
    x = words(rng, n, 16).view(np.float16)
    x[:8] = (0.5, 1.5, -2.5, 65504, -np.inf, np.inf, np.nan, 2.0**-24)
    y = words(rng, n, 16).view(BFLOAT16)
    z = words(rng, n).view(np.int32)
    z[:6] = (127, 128, -129, 255, 65536, 32768)
    out = []
    for h, s in zip(map(float, x), map(int, z)):
        clamp = lambda value, low, high: min(max(value, low), high)
        u = s & 0xFFFFFFFF
        as_int = lambda value, bits=32: (value + (1 << bits - 1)) % (1 << bits) - (1 << bits - 1)
        out.append([
            _to_integer(h, "rn", 32, True, False), _to_integer(h, "rd", 32, True, False),
            as_int(_to_integer(h, "rz", 32, False, False)), _to_integer(h, "ru", 16, True, False),
            as_int(_to_integer(h, "rz", 64, True, False)), clamp(s, -128, 127), clamp(s, 0, 255),
            clamp(s, 0, 65535), min(u, 32767), as_int(clamp(s, 0, 0xFFFFFFFF)), as_int(s, 8),
            s & 0xFF, as_int(s, 16), s & 0xFFFF,
        ])  # fmt: skip
    floats = np.stack([x.astype(np.float32), y.astype(np.float32)])
    yield Launch(blocks(n, block), block, [
        In(x), In(y), In(z), Out(floats), Out(_rows(out, np.int32).T.copy()), Scalar("s32", n),
    ])  # fmt: skip


def floats_rounded(rng):
    n, block = 160, 64
    x, y, z = (rng.standard_normal((3, n)) * 2.0 ** rng.integers(-12, 13, (3, n))).astype(
        np.float32
    )
    y[y == 0] = 1
    x[:4] = (1, 1, 3, 2)
    y[:4] = (2.0**-24, -(2.0**-25), 3, 3)
    out = []
    for a, b, c in zip(*(map(Fraction, map(float, array)) for array in (x, y, z))):
        fused = a * b + c
        exact = [(a + b, "rn rz ru rd"), (a - c, "rn"), (a * b, "rn rz ru rd"),
                 (fused, "rn rz ru rd"), (a / b, "rn rz ru"), (1 / b, "rn rd"),
                 (root(abs(a)), "rn ru")]  # fmt: skip
        out.append([round_exact(value, mode) for value, modes in exact for mode in modes.split()])
    yield Launch(blocks(n, block), block, [
        In(x), In(y), In(z), Out(_rows(out, np.float32).T.copy()), Scalar("s32", n),
    ])  # fmt: skip


def floats_special(rng):
    special = np.array([0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan, 1e-40, -1e-40, 1.5, -2.5,
                        3e38], np.float32)  # fmt: skip
    x, y = (array.ravel() for array in np.meshgrid(special, special))
    x = np.concatenate([x, rng.standard_normal(40).astype(np.float32)])
    y = np.concatenate([y, rng.standard_normal(40).astype(np.float32)])
    n, block = len(x), 64
    tiny = np.float32(2.0**-126)

    def flush(value):
        return np.where(np.abs(value) < tiny, np.copysign(np.float32(0), value), value)

    with np.errstate(all="ignore"):
        ordered = ~(np.isnan(x) | np.isnan(y))
        # -0 is below +0.
        first = (x < y) | ((x == y) & np.signbit(x)) | np.isnan(y)
        low, high = np.where(first, x, y), np.where(first & ~np.isnan(y), y, x)
        low = np.where(np.isnan(x), y, low)
        high = np.where(np.isnan(x), y, high)
        strict = np.where(ordered, low, np.float32(np.nan))
        less = (x < y) | ~ordered
        comparisons = sum(np.asarray(bit, np.uint32) << i for i, bit in enumerate(
            (x < y, x <= y, x == y, x != y, x > y, x >= y, ~(x < y), ~(x >= y))))  # fmt: skip
        classes = np.isnan(x) + 2 * np.isinf(x) + 4 * np.signbit(x) + 8 * np.isfinite(y)
        q = less & ordered
        normal = np.isfinite(x) & ((np.abs(x) >= tiny) | (x == 0))
        subnormal = (np.abs(y) < tiny) & (y != 0)
        predicates = (np.isnan(x) ^ q) + 2 * ordered + 4 * normal + 8 * subnormal + 16 * q
        product = x * tiny
        flushed = flush(flush(x) * tiny)
    bits = lambda value: np.where(np.isnan(value), np.uint32(0x7FFFFFFF),
                                  np.asarray(value, np.float32).view(np.uint32))  # fmt: skip
    floats = [bits(value) for value in (low, high, np.copysign(x, y), np.abs(x))]
    rows = np.array([*floats, comparisons, classes, bits(strict), predicates, bits(product),
                     bits(flushed)], np.uint32)  # fmt: skip

    def check(got):
        # The bits of a computed NaN are not specified.
        got = got.copy()
        got[:4] = bits(got[:4].view(np.float32))
        wrong = np.argwhere(got != rows)
        if not len(wrong):
            return ""
        j, i = wrong[0]
        return (f"{len(wrong)} are wrong, the first in row {j} for {x[i]} and {y[i]}: "
                f"{got[j, i]:#x}, wanted {rows[j, i]:#x}")  # fmt: skip

    yield Launch(blocks(n, block), block, [In(x), In(y), Out(rows, check), Scalar("s32", n)])


def doubles(rng):
    n, block = 150, 64
    x, y = rng.standard_normal((2, n)) * 2.0 ** rng.integers(-6, 4, (2, n))
    x[:2], y[:2] = (1.0, 1.0), (2.0**-53, -(2.0**-54))
    exact, series = [], []
    for a, b in zip(map(Fraction, map(float, x)), map(Fraction, map(float, y))):
        values = [(a + b, "rn"), (a * b, "rn"), (a / b, "rn"), (root(abs(a)), "rn"),
                  (a * b + a, "rn"), (a + b, "ru"), (a * b, "rz"), (min(a, b), "rn"),
                  (max(a, b), "rn"), (Fraction(math.floor(a) + math.trunc(b)), "rn")]  # fmt: skip
        exact.append([round_exact(value, mode, 53, -1022, 1023) for value, mode in values])
        series.append([float(sum(a ** (12 - k) / k for k in range(1, 13))),
                       float(sum(abs(a) ** (12 - k) / k for k in range(1, 13)))])  # fmt: skip
    series = np.array(series)
    expected = np.vstack([np.array(exact).T, series[:, 0], np.exp(x), 1 / np.sqrt(np.abs(y))])
    # Equal, but for Horner's 24 roundings, exp (1 ulp) and rsqrt (1 ulp), where
    # the reference is off by an ulp too.
    bound = np.zeros_like(expected)
    bound[10] = 26 * 2.0**-53 * series[:, 1]
    bound[11:] = 3 * 2.0**-52 * expected[11:]
    yield Launch(blocks(n, block), block, [In(x), In(y), Out(expected, bound), Scalar("s32", n)])


def math_accurate(rng):
    n, block = 200, 64
    x = (3 * rng.standard_normal(n)).astype(np.float32)
    large = (rng.standard_normal(n) * 10.0 ** rng.integers(0, 12, n)).astype(np.float32)
    large[large == 0] = 1
    a, l = x.astype(np.float64), large.astype(np.float64)
    positive = (np.abs(x) + np.float32(1e-6)).astype(np.float64)
    divisor = (positive.astype(np.float32) + np.float32(0.5)).astype(np.float64)
    # Function and the documented largest error in ulp, of f32.
    rows = [
        (np.exp(a), 1), (np.exp2(a), 2), (np.expm1(a), 1), (np.log(positive), 1),
        (np.log2(positive), 1), (np.log1p(positive), 1), (np.sin(l), 2), (np.cos(l), 2),
        (np.tan(a), 4), (np.tanh(a), 2), (1 / np.sqrt(positive), 2), (np.sqrt(positive), 0),
        (np.cbrt(a), 1), (np.array([math.erf(v) for v in a]), 2),
        (positive ** float(np.float32(1.7)), 4), (np.arctan2(a, l), 3), (np.fmod(l, divisor), 0),
    ]  # fmt: skip
    expected = np.array([row[0] for row in rows])
    # And half an ulp for the reference's own rounding to where ulps are counted.
    bound = np.array([[ulps + 0.51] for _, ulps in rows]) * ulp(expected)
    yield Launch(blocks(n, block), block, [
        In(x), In(large), Out(expected, bound, "f32"), Scalar("s32", n),
    ])  # fmt: skip


def math_fast(rng):
    n, block = 200, 64
    x = rng.uniform(-3, 3, n).astype(np.float32)
    x[np.abs(x) < 1e-3] = 0.7
    a = x.astype(np.float64)
    positive = (np.abs(x) + np.float32(1e-6)).astype(np.float64)
    near_one = (positive > 0.5) & (positive < 2)
    rows = [
        (np.exp(a), lambda v: (2 + np.floor(np.abs(1.173 * a))) * ulp(v)),
        (np.log(positive), lambda v: np.where(near_one, 2.0**-21.41, 3 * ulp(v))),
        (np.log2(positive), lambda v: np.where(near_one, 2.0**-22, 2 * ulp(v))),
        (np.sin(a), lambda v: 2.0**-21.41),
        (np.cos(a), lambda v: 2.0**-21.19),
        (a / positive, lambda v: 2 * ulp(v)),
        (1 / np.sqrt(positive), lambda v: 0),
        (np.tanh(a), lambda v: np.abs(v) * 2.0**-11),
        (np.sqrt(positive), lambda v: np.abs(v) * 2.0**-23),
        (1 / positive, lambda v: ulp(v)),
        (a / positive, lambda v: 2 * ulp(v)),
    ]
    expected = np.array([values for values, _ in rows])
    bound = np.array([limit(values) + 0.51 * ulp(values) for values, limit in rows])
    yield Launch(blocks(n, block), block, [In(x), Out(expected, bound, "f32"), Scalar("s32", n)])


def _moderate(rng, shape, digits: int) -> np.ndarray:
    """Numbers with few digits in a range in which float64 products and sums of two
    are exact, so that only one rounding remains."""
    values = rng.standard_normal(shape) * 2.0 ** rng.integers(-3, 3, shape)
    values[np.abs(values) < 2.0**-8] = 0.375
    return round_bits(values, digits)


def _pairs(rng, dtype, digits: int):
    n, block = 130, 64
    a, b, c = _moderate(rng, (3, n, 2), digits)
    b[:9] = a[:9]
    b[5:20] = np.round(b[5:20])
    # The scalars of f16 and bf16 are one element, and so are pairs of shape n, 2.
    fused = a * b + c
    low, high = a[:, 0], b[:, 1]
    scalars = np.stack([np.where(low < high, low + high, low * high), low * high + c[:, 0]], axis=1)
    rows = np.stack([
        a + b, a - b, a * b, fused, np.maximum(fused, 0), np.minimum(a, b), np.maximum(a, b), -a,
        np.abs(b), a > b, np.ones_like(a), a[:, ::-1], np.stack([a[:, 0], b[:, 0]], axis=1),
        scalars,
    ])  # fmt: skip
    # NumPy rounds float64 to f16 once, but to bf16 by way of f32.
    expected = (rows if dtype is np.float16 else round_bits(rows, digits)).astype(dtype)
    yield Launch(blocks(n, block), block, [
        *(In(array.astype(dtype)) for array in (a, b, c)), Out(expected), Scalar("s32", n),
    ])  # fmt: skip


def pairs_half(rng):
    return _pairs(rng, np.float16, 11)


def pairs_bfloat(rng):
    return _pairs(rng, BFLOAT16, 8)


def half_dot(rng):
    n, block, pairs = 90, 32, 10
    x, y = _moderate(rng, (2, pairs, n, 2), 11).astype(np.float16)
    total = np.zeros(n, np.float32)
    for j in range(0, pairs, 4):
        sums = np.zeros((n, 2))
        for k in range(j, min(j + 4, pairs)):
            sums = x[k].astype(np.float64) * y[k].astype(np.float64) + sums
            sums = sums.astype(np.float16).astype(np.float64)
        sums = sums.astype(np.float32)
        total = total + (sums[:, 0] + sums[:, 1])
    yield Launch(blocks(n, block), block, [
        In(x), In(y), Out(total), Scalar("s32", pairs), Scalar("s32", n),
    ])  # fmt: skip


def half_math(rng):
    n, block = 150, 64
    x = rng.uniform(-4, 4, n).astype(np.float16)
    x[np.abs(x) < 2.0**-4] = 0.75
    a = x.astype(np.float64)
    positive = np.abs(a)
    expected = np.array([np.exp2(a), np.log2(positive), np.sqrt(positive), 1 / a,
                         1 / np.sqrt(positive), np.tanh(a)])  # fmt: skip
    # ex2.approx.f16 has a relative error of 2^-9.9, tanh.approx.f16 an absolute
    # one of 2^-10.987; the others are computed in f32 (an error of 2^-22, which
    # is absolute for the logarithm) and rounded.
    bound = 1.01 * U16 * np.abs(expected) + 2.0**-22
    bound[0] += 2.0**-9.9 * expected[0]
    bound[5] += 2.0**-10.987
    yield Launch(blocks(n, block), block, [In(x), Out(expected, bound, "f16"), Scalar("s32", n)])
