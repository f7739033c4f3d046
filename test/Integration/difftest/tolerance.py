# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The tolerance rule for results.

With out the candidate, ref the float64 reference on the rounded inputs, and
naive the formula with every intermediate rounded to the element type:

  max error   max|out - ref| <= 2 max|naive - ref| + floor * max(1, max|ref|);
              where naive leaves the range of the element type and is not a
              number, the reference rounded to the type replaces it: the smallest
              error of any result of that type
  norm error  ||out - ref|| / ||ref|| <= limit(type, M), four times that for
              adversarial inputs
  LSE         max|lse - ref| <= 2e-4 + 4e-6 max|ref|
  type, shape as declared
  written     every element: outputs start as NaN, so a NaN where the reference
              has none was not written or was computed from NaN
  NaN, inf    exactly where the reference has them
  zero        a row that sees no key is exactly 0
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .arrays import DTYPES, ROUNDOFF, bits, round_to

# The max-error rule is for f32, f16 and bf16. tf32 has the fraction bits and the
# rule of f16: inputs and weights are rounded to it; the output is not. An f64
# result is compared with a reference of the same precision, so only a rounding
# floor remains.
FLOOR = {"f32": 1e-5, "f16": 2e-4, "tf32": 2e-4, "bf16": 1e-3, "f64": 1e-12}
ADVERSARIAL_FACTOR = 4.0
LSE_FLOOR, LSE_SLOPE = 2e-4, 4e-6
LSE_FLOOR_F64, LSE_SLOPE_F64 = 1e-12, 1e-13


def norm_limit(element_type: str, m: int, adversarial: bool = False) -> float:
    """The allowed ||out - ref|| / ||ref|| with M keys."""
    limit = {
        "f32": max(4e-6, 1e-6 * m**0.5),
        "f16": 4e-4,
        "tf32": 4e-4,
        "bf16": 3e-3,
        "f64": max(2e-13, 2e-14 * m**0.5),
    }[element_type]
    return limit * (ADVERSARIAL_FACTOR if adversarial else 1.0)


@dataclass
class Measured:
    """Errors of one array, with the failed clauses."""

    error: float = 0.0  # e
    yardstick: float = 0.0  # y
    bound: float = 0.0  # the bound of e
    norm: float = 0.0
    norm_limit: float = 0.0
    naive_norm: float = 0.0  # the norm error of the naive formula
    failures: list[str] = field(default_factory=list)

    @property
    def ratio(self) -> float:
        return self.error / self.bound if self.bound else 0.0


def _first(where: np.ndarray) -> str:
    return str([int(i) for i in np.argwhere(where)[0]])


def _check_form(name: str, out: np.ndarray, shape, element_type: str) -> list[str]:
    """Clauses "type" and "shape"."""
    failures = []
    if out.dtype != DTYPES[element_type]:
        failures.append(f"{name}: type: is {out.dtype}, declared is {element_type}")
    if out.shape != tuple(shape):
        failures.append(f"{name}: shape: is {list(out.shape)}, declared is {list(shape)}")
    return failures


def _check_special(name: str, out: np.ndarray, ref: np.ndarray) -> list[str]:
    """Clauses "written", "NaN" and "inf", on float64 arrays."""
    failures = []

    def demand(clause: str, wrong: np.ndarray, text: str):
        count = int(np.count_nonzero(wrong))
        if count:
            failures.append(
                f"{name}: {clause}: {count} of {wrong.size} elements {text}, "
                f"the first at {_first(wrong)}"
            )

    out_nan, ref_nan = np.isnan(out), np.isnan(ref)
    demand("written", out_nan & ~ref_nan, "are NaN (not written, or made of NaN)")
    demand("NaN", ~out_nan & ref_nan, "are a number where the reference is NaN")
    both = ~out_nan & ~ref_nan
    inf = np.isinf(ref)
    demand("inf", both & np.isinf(out) & ~inf, "are infinite where the reference is finite")
    demand("inf", both & inf & (out != ref), "are not the infinity of the reference")
    return failures


def _worst(out: np.ndarray, ref: np.ndarray, difference: np.ndarray) -> str:
    at = np.unravel_index(int(difference.argmax()), difference.shape)
    return f"worst at {[int(i) for i in at]}: {out[at]:.9g}, wanted {ref[at]:.9g}"


def _yardstick(ref: np.ndarray, naive: np.ndarray, element_type: str) -> float:
    """max|naive - ref| over finite elements, on float64 arrays.

    A naive element that overflowed does not measure the difficulty of the inputs.
    It must neither reject a good result nor excuse a bad one.
    """
    with np.errstate(over="ignore"):
        rounded = round_to(ref, element_type).astype(np.float64)
    naive = np.where(np.isfinite(naive), naive, rounded)
    finite = np.isfinite(ref) & np.isfinite(naive)
    return float(np.abs(np.where(finite, naive, 0.0) - np.where(finite, ref, 0.0)).max(initial=0.0))


def check_output(
    out: np.ndarray, ref: np.ndarray, naive: np.ndarray, element_type: str,
    m: int, adversarial: bool = False, slack: float = 0.0, empty: np.ndarray | None = None,
) -> Measured:  # fmt: skip
    """Checks the output [B, N, h, dv] of a layer with M keys. `empty` [B, N, h] are
    the rows that see no key (default: those that are 0 in the reference)."""
    result = Measured(norm_limit=norm_limit(element_type, m, adversarial))
    result.failures = _check_form("output", out, ref.shape, element_type)
    if result.failures:
        return result
    out, naive = out.astype(np.float64), naive.astype(np.float64)
    result.failures += _check_special("output", out, ref)

    ref_finite = np.isfinite(ref)
    top = float(np.abs(np.where(ref_finite, ref, 0.0)).max(initial=0.0))
    result.yardstick = _yardstick(ref, naive, element_type)
    result.bound = 2 * result.yardstick + FLOOR[element_type] * max(1.0, top) + slack * top
    finite = ref_finite & np.isfinite(out)
    difference = np.abs(np.where(finite, out, 0.0) - np.where(finite, ref, 0.0))
    result.error = float(difference.max(initial=0.0))
    if not result.error <= result.bound:
        result.failures.append(
            f"output: max error: {result.error:.3e} exceeds 2 * {result.yardstick:.3e} + "
            f"{FLOOR[element_type]:g} * {max(1.0, top):.4g} = {result.bound:.3e} by a factor "
            f"of {result.ratio:.3g}; {_worst(out, ref, difference)}"
        )

    if empty is None:
        empty = np.all(ref == 0, axis=-1)
    wrong = empty & np.any(out != 0, axis=-1)
    if wrong.any():
        result.failures.append(
            f"output: zero: {np.count_nonzero(wrong)} of {np.count_nonzero(empty)} rows "
            f"that see no key are not 0, the first at {_first(wrong)}"
        )

    size = float(np.linalg.norm(ref[finite]))
    if size:
        result.norm = float(np.linalg.norm(difference)) / size
        result.naive_norm = float(np.linalg.norm(np.nan_to_num(naive - ref)[finite])) / size
    if not result.norm <= result.norm_limit:
        result.failures.append(
            f"output: norm error: {result.norm:.3e} exceeds {result.norm_limit:.3e} "
            f"({'adversarial ' if adversarial else ''}{element_type}, {m} keys) by a factor "
            f"of {result.norm / result.norm_limit:.3g}; {_worst(out, ref, difference)}"
        )
    return result


def check_lse(
    out: np.ndarray, ref: np.ndarray, compute_type: str = "f32", factor: float = 1.0
) -> Measured:
    """Checks the log-sum-exp [B, heads, N]: f32, or f64 with f64 elements.

    A factor of 2 compares two results that may both have errors.
    """
    result = Measured()
    result.failures = _check_form("lse", out, ref.shape, compute_type)
    if result.failures:
        return result
    out = out.astype(np.float64)
    result.failures += _check_special("lse", out, ref)
    finite = np.isfinite(ref) & np.isfinite(out)
    top = float(np.abs(ref[np.isfinite(ref)]).max(initial=0.0))
    f64 = compute_type == "f64"
    floor, slope = (LSE_FLOOR_F64, LSE_SLOPE_F64) if f64 else (LSE_FLOOR, LSE_SLOPE)
    result.bound = factor * (floor + slope * top)
    difference = np.abs(np.where(finite, out, 0.0) - np.where(finite, ref, 0.0))
    result.error = float(difference.max(initial=0.0))
    if not result.error <= result.bound:
        result.failures.append(
            f"lse: error: {result.error:.3e} exceeds {factor:g} * "
            f"({floor:g} + {slope:g} * {top:.4g}) = {result.bound:.3e} by a factor "
            f"of {result.ratio:.3g}; {_worst(out, ref, difference)}"
        )
    return result


def compare(name: str, one: np.ndarray, two: np.ndarray, element_type: str, m: int) -> list[str]:
    """Two results that must agree, neither of them the truth.

    Each may be as far from the truth as the norm and floor clauses permit, and
    an element may be rounded to the element type either way.
    """
    failures = _check_form(name, one, two.shape, element_type)
    failures += _check_form(name, two, two.shape, element_type)
    if failures:
        return failures
    one, two = one.astype(np.float64), two.astype(np.float64)
    failures = _check_special(name, one, two)
    finite = np.isfinite(one) & np.isfinite(two)
    one, two = np.where(finite, one, 0.0), np.where(finite, two, 0.0)
    difference, top = np.abs(one - two), np.abs(two).max(initial=0.0)
    limit = 2 * norm_limit(element_type, m)
    size, norm = float(np.linalg.norm(two)), float(np.linalg.norm(difference))
    if not norm <= limit * size:
        failures.append(
            f"{name}: norm of the difference: {norm:.3e} exceeds {limit:g} * {size:.4g}; "
            f"{_worst(one, two, difference)}"
        )
    bound = 2 * FLOOR[element_type] * max(1.0, top) + 4 * ROUNDOFF[element_type] * top
    error = float(difference.max(initial=0.0))
    if not error <= bound:
        failures.append(
            f"{name}: difference: {error:.3e} exceeds {bound:.3e}; {_worst(one, two, difference)}"
        )
    return failures


def identical(name: str, one: np.ndarray, two: np.ndarray) -> list[str]:
    """Two results that must be the same, bit for bit."""
    if one.dtype != two.dtype or one.shape != two.shape:
        return [
            f"{name}: {one.dtype} {list(one.shape)} differs from {two.dtype} {list(two.shape)}"
        ]
    wrong = bits(one) != bits(two)
    if not wrong.any():
        return []
    at = tuple(np.argwhere(wrong)[0])
    return [
        f"{name}: {np.count_nonzero(wrong)} of {wrong.size} elements differ in their bits, "
        f"the first at {_first(wrong)}: {one[at]!s} and {two[at]!s}"
    ]
