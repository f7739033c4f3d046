# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A launch: its shape, its arguments and their expected values after it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import ml_dtypes
import numpy as np

BFLOAT16 = np.dtype(ml_dtypes.bfloat16)
TYPE_NAMES = {
    np.dtype(np.float16): "f16", BFLOAT16: "bf16", np.dtype(np.float32): "f32",
    np.dtype(np.float64): "f64",
    **{np.dtype(f"i{size}"): f"s{8 * size}" for size in (1, 2, 4, 8)},
    **{np.dtype(f"u{size}"): f"u{8 * size}" for size in (1, 2, 4, 8)},
}  # fmt: skip

#: The check of a result: None requires equality, an array (or number) is the
#: tolerance of each element, a function returns an error or "".
Tolerance = None | float | np.ndarray | Callable[[np.ndarray], str]


@dataclass
class Scalar:
    """A scalar by value: `u32`, `f32`, ... and the value."""

    type: str
    value: int | float


@dataclass
class Bytes:
    """An aggregate by value."""

    data: bytes


@dataclass
class In:
    """An input array. It must not change."""

    array: np.ndarray


@dataclass
class Out:
    """An output array that is written completely; `type` if a tolerance is checked
    on float64 values."""

    expected: np.ndarray
    tolerance: Tolerance = None
    type: str = ""


@dataclass
class InOut:
    """An array that is read and written."""

    array: np.ndarray
    expected: np.ndarray
    tolerance: Tolerance = None


@dataclass
class Launch:
    """Grid and block are numbers or tuples of up to three."""

    grid: int | tuple
    block: int | tuple
    arguments: list = field(default_factory=list)
    shared: int = 0  # dynamic
    cooperative: bool = False


def dimensions(value: int | tuple) -> str:
    values = (value,) if isinstance(value, (int, np.integer)) else tuple(value)
    return ",".join(str(int(v)) for v in values + (1,) * (3 - len(values)))


def save(path: Path, array: np.ndarray) -> None:
    """Writes an array in C order; bf16 as two-byte void."""
    array = np.ascontiguousarray(array)
    if array.dtype == BFLOAT16:
        array = array.view(np.dtype("V2"))
    np.save(path, array, allow_pickle=False)


def load(path: Path) -> np.ndarray:
    """Reads an array; two-byte void becomes bf16."""
    array = np.load(path, allow_pickle=False)
    if array.dtype.kind == "V" and array.dtype.itemsize == 2:
        array = array.view(BFLOAT16)
    return array


def option(argument, index: int, folder: Path) -> str:
    """Returns the value of --arg; writes input arrays to files."""
    before, after = folder / f"arg{index}.npy", folder / f"arg{index}_after.npy"
    if isinstance(argument, Scalar):
        value = argument.value
        return (
            f"{argument.type}:{float(value)!r}"
            if argument.type[0] in "fb"
            else f"{argument.type}:{int(value)}"
        )
    if isinstance(argument, Bytes):
        return f"bytes:{argument.data.hex()}"
    if isinstance(argument, Out):
        name = argument.type or TYPE_NAMES[argument.expected.dtype]
        shape = "x".join(map(str, argument.expected.shape))
        return f"out:{name}:{shape}:{after}"
    save(before, argument.array)
    if isinstance(argument, In):
        return f"in:{before}"
    return f"inout:{before}:{after}"


def check(argument, index: int, folder: Path) -> list[str]:
    """Returns the error of an array after the launch."""
    if not isinstance(argument, (Out, InOut)):
        return []
    path = folder / f"arg{index}_after.npy"
    if not path.exists():
        return [f"argument {index}: {path.name} was not written"]
    got = load(path)
    name = getattr(argument, "type", "") or TYPE_NAMES[
        (argument.array if isinstance(argument, InOut) else argument.expected).dtype]  # fmt: skip
    found = TYPE_NAMES.get(got.dtype, str(got.dtype))
    if found != name or got.shape != argument.expected.shape:
        return [f"argument {index}: is {found} {got.shape}, "
                f"declared is {name} {argument.expected.shape}"]  # fmt: skip
    if callable(argument.tolerance):
        text = argument.tolerance(got)
        return [f"argument {index}: {text}"] if text else []
    return _compare(got, argument.expected, argument.tolerance, index)


def _compare(got: np.ndarray, expected: np.ndarray, tolerance, index: int) -> list[str]:
    if tolerance is None:
        # Values, not bits: a NaN is a NaN, and -0 is 0.
        wrong = got != expected
        if got.dtype.kind not in "iu":
            wrong &= ~(np.isnan(got) & np.isnan(expected))
        limit = np.zeros(got.shape)
    else:
        got, expected = got.astype(np.float64), expected.astype(np.float64)
        limit = np.broadcast_to(np.asarray(tolerance, dtype=np.float64), got.shape)
        finite = np.isfinite(got) & np.isfinite(expected)
        same = (got == expected) | (np.isnan(got) & np.isnan(expected))
        with np.errstate(invalid="ignore"):
            wrong = ~same & ~(finite & (np.abs(got - expected) <= limit))
    if not wrong.any():
        return []
    at = tuple(int(i) for i in np.argwhere(wrong)[0])
    return [
        f"argument {index}: {np.count_nonzero(wrong)} of {wrong.size} elements are wrong, the "
        f"first at {list(at)}: {got[at]!s}, wanted {expected[at]!s} within {limit[at]:.3g}"
    ]
