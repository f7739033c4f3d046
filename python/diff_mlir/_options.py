# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks of options. Errors name the option, what was found and what is legal."""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass

#: CPUs that the compiler knows, beside "host". Shared objects for some of them need the
#: linker of another system; the compiler emits object files only.
HOSTS = ("x86-64-v3", "x86-64-v4", "haswell", "skylake", "alderlake", "skylake-avx512",
         "cascadelake", "cooperlake", "icelake-server", "sapphirerapids", "emeraldrapids",
         "graniterapids", "znver2", "znver3", "znver4", "znver5", "armv8-a", "cortex-a72",
         "cortex-a76", "neoverse-n1", "neoverse-n2", "neoverse-v1", "neoverse-v2", "ampere1",
         "apple-m1", "apple-m2", "apple-m4")  # fmt: skip
OBJECT_HOSTS = ("apple-m1", "apple-m2", "apple-m4")
#: GPUs that the compiler knows. A test compares both with the compiler's
#: tables.
CHIPS = ("sm_80", "sm_86", "sm_89", "sm_90a", "sm_100a", "sm_120")
LAYOUTS = ("bshd", "bhsd")
PAIR_LAYOUTS = ("interleaved", "halves")
TARGETS = ("cpu", "cuda", "sim")
#: The largest window side of the op.
MAX_WINDOW = 2**62


def _name(value) -> str:
    return f"{type(value).__name__} {value!r}" if not isinstance(value, type) else repr(value)


def _shorten(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 80 else text[:77] + "..."


def found(value) -> str:
    """The value in a message, one short line."""
    try:
        return _shorten(_name(value))
    except Exception:  # A repr of the user may raise anything.
        return type(value).__name__


def check_bool(name: str, value) -> bool:
    if isinstance(value, bool) or type(value).__name__ in ("bool_", "bool"):
        return bool(value)
    raise TypeError(f"{name} must be True or False, found {found(value)}")


def check_int(name: str, value, least: int, most: int = MAX_WINDOW) -> int:
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{name} must be an integer, found {found(value)}") from None
    if not least <= number <= most:
        raise ValueError(f"{name} is {_shorten(str(number))}; {least} to {most} are legal")
    return number


def check_float(name: str, value) -> float:
    # Strings have a float, but are no numbers.
    if isinstance(value, (str, bytes, bytearray)) or getattr(value, "ndim", 0):
        raise TypeError(f"{name} must be a number, found {found(value)}")
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError, RuntimeError):
        raise TypeError(f"{name} must be a number, found {found(value)}") from None


def check_positive(name: str, value) -> float:
    number = check_float(name, value)
    if not (math.isfinite(number) and number > 0):
        raise ValueError(f"{name} is {number}; finite, positive numbers are legal")
    return number


def check_choice(name: str, value, choices: tuple[str, ...]) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{name} must be one of {', '.join(choices)}, found {found(value)}")
    if value not in choices:
        raise ValueError(f"{name} is {_shorten(repr(value))}; {', '.join(choices)} are legal")
    return value


def check_window(causal, window) -> tuple[int, int]:
    """Returns the left and the right side; -1 is unlimited."""
    causal = check_bool("causal", causal)
    if window is None:
        return (-1, 0) if causal else (-1, -1)
    if isinstance(window, (str, bytes)) or not hasattr(window, "__len__"):
        raise TypeError(f"window must be a pair of integers or None, found {found(window)}")
    if len(window) != 2:
        raise ValueError(f"window has {len(window)} sides; a pair (left, right) is legal")
    left, right = (check_int(f"window[{i}]", side, -1) for i, side in enumerate(window))
    return (left, 0 if causal else right)


@dataclass(frozen=True)
class Options:
    window: tuple[int, int]
    softcap: float | None
    scale: float | None
    lse: bool
    layout: str
    signals: int
    pair_layout: str
    lambda_init: float
    epsilon: float


def check_options(causal=False, window=None, softcap=None, scale=None, return_lse=False,
                  layout="bshd", signals=1, pair_layout="interleaved", lambda_init=0.8,
                  eps=1e-5) -> Options:  # fmt: skip
    lambda_init = check_float("lambda_init", lambda_init)
    if not (math.isfinite(lambda_init) and lambda_init < 1):
        raise ValueError(f"lambda_init is {lambda_init}; finite numbers below 1 are legal")
    scale = None if scale is None else check_positive("scale", scale)
    # The scale in base 2 must be a number of f32.
    if scale is not None and scale > 2.0**127 / math.log2(math.e):
        raise ValueError(f"scale is {scale}; up to {2.0**127 / math.log2(math.e):.3g} is legal")
    return Options(
        window=check_window(causal, window),
        softcap=None if softcap is None else check_positive("softcap", softcap),
        scale=scale,
        lse=check_bool("return_lse", return_lse),
        layout=check_choice("layout", layout, LAYOUTS),
        signals=check_int("signals", signals, 1, 1024),
        pair_layout=check_choice("pair_layout", pair_layout, PAIR_LAYOUTS),
        lambda_init=lambda_init,
        epsilon=check_positive("eps", eps),
    )
