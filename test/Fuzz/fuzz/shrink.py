# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Makes a failing case smaller while the failure stays."""

from __future__ import annotations

import time
from typing import Callable, Iterable, TypeVar

T = TypeVar("T")


def shrink(case: T, smaller: Callable[[T], Iterable[T]], fails: Callable[[T], bool],
           seconds: float) -> tuple[T, int]:  # fmt: skip
    """Takes the first smaller case that fails until none does or time is up.

    `smaller` yields candidates, the smallest first; it must not yield forever:
    each is simpler than the case that it is made of. Returns the case and how
    many were tried.
    """
    end, tried = time.monotonic() + seconds, 0
    again = True
    while again:
        again = False
        for candidate in smaller(case):
            if time.monotonic() > end:
                return case, tried
            tried += 1
            if fails(candidate):
                case, again = candidate, True
                break
    return case, tried


def smaller_number(value: int, least: int = 1) -> list[int]:
    """Simpler numbers than one, the simplest first."""
    found = [least, 2, 4, 8, 16, 32, value // 2, value - 1]
    return sorted({number for number in found if least <= number < value})


def without_chunks(items: list) -> Iterable[list]:
    """The list without a chunk: large chunks first, then single items."""
    size = len(items)
    while size >= 1:
        for start in range(0, len(items), size):
            yield items[:start] + items[start + size:]
        size //= 2
