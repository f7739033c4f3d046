# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Inputs with edge values, exact rounding, and bounds of rounding errors."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np

#: Half the distance from 1 to the next larger number.
U16, UB16, U32, U64 = 2.0**-11, 2.0**-8, 2.0**-24, 2.0**-53


def blocks(n: int, size: int) -> int:
    """The number of blocks of a size for n."""
    return -(-n // size)


def signed(value: int, bits: int = 32) -> int:
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value


def words(rng: np.random.Generator, n: int, bits: int = 32) -> np.ndarray:
    """Unsigned integers: any bits, small ones of either sign, edges."""
    dtype = np.dtype(f"u{bits // 8}")
    values = rng.integers(0, 1 << bits, n, dtype=np.uint64, endpoint=False) if bits < 64 else (
        rng.integers(0, 2**64 - 1, n, dtype=np.uint64, endpoint=True))  # fmt: skip
    small = rng.integers(-70, 70, n).astype(np.int64).view(np.uint64)
    sparse = np.uint64(1) << rng.integers(0, bits, n).astype(np.uint64)
    kind = rng.integers(0, 5, n)
    values = np.where(kind == 0, small, np.where(kind == 1, sparse, values))
    half, mask = 1 << (bits - 1), (1 << bits) - 1
    edges = np.array([0, 1, mask, half, half - 1, half + 1, mask - 1], dtype=np.uint64)
    values = np.where(kind == 2, rng.choice(edges, n), values)
    return (values & np.uint64(mask)).astype(dtype)


def round_exact(x: Fraction, mode: str, digits: int = 24, low: int = -126,
                high: int = 127) -> float:  # fmt: skip
    """Rounds to a binary format: rn, rna (ties away from zero), rz, ru or rd.
    `low` and `high` are the exponents of normal numbers."""
    if x == 0:
        return 0.0
    negative, x = x < 0, abs(x)
    exponent = x.numerator.bit_length() - x.denominator.bit_length()
    if Fraction(2) ** exponent > x:
        exponent -= 1
    quantum = Fraction(2) ** (max(exponent, low) - digits + 1)
    whole = x // quantum
    rest = x - whole * quantum
    up = {
        "rn": 2 * rest > quantum or (2 * rest == quantum and whole % 2 == 1),
        "rna": 2 * rest >= quantum,
        "rz": False,
        "ru": rest > 0 and not negative,
        "rd": rest > 0 and negative,
    }[mode]
    value = (whole + up) * quantum
    largest = (2 - Fraction(2) ** (1 - digits)) * Fraction(2) ** high
    if value > largest:
        outward = mode in ("rn", "rna") or mode == ("rd" if negative else "ru")
        value = math.inf if outward else float(largest)
    return -float(value) if negative else float(value)


def root(x: Fraction) -> Fraction:
    """The square root, precise enough to round it: exact, or between the same two
    200-bit numbers."""
    scaled = x * 4**200
    whole = math.isqrt(scaled.numerator // scaled.denominator)
    exact = whole * whole == scaled
    return Fraction(2 * whole + (0 if exact else 1), 2**201)


def round_bits(values: np.ndarray, digits: int) -> np.ndarray:
    """float64 rounded to nearest, ties to even, with that many digits."""
    fraction, exponent = np.frexp(values)
    return np.ldexp(np.rint(np.ldexp(fraction, digits)), exponent - digits)


def round_tf32(values: np.ndarray) -> np.ndarray:
    """f32 rounded to nearest, ties away from zero, with 11 digits."""
    bits = (values.astype(np.float32).view(np.uint32) + np.uint32(0x1000)) & np.uint32(0xFFFFE000)
    return bits.view(np.float32).astype(np.float64)


def ulp(values: np.ndarray) -> np.ndarray:
    """The distance to the next f32 away from zero."""
    magnitude = np.maximum(np.abs(values), 2.0**-126)
    return 2.0 ** (np.floor(np.log2(magnitude)) - 23)
