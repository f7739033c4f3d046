# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Makes a failing case smaller while the failure stays."""

from __future__ import annotations

from typing import Callable, Iterable, TypeVar

T = TypeVar("T")


def shrink(case: T, smaller: Callable[[T], Iterable[T]], fails: Callable[[T], bool],
           tries: int) -> tuple[T, int]:  # fmt: skip
    """Replaces the case by smaller ones that fail, until none of them does.

    `smaller` yields finitely many candidates, the smallest first; each is simpler
    than the case that it is made of. After a candidate that fails, the search
    continues at the same place of the new case's candidates, since those before it
    have mostly been tried. Returns the case and the number of tries, of which there
    are `tries` at most.
    """
    tried, place, whole = 0, 0, False
    while not whole:
        whole = place == 0
        for number, candidate in enumerate(smaller(case)):
            if number < place:
                continue
            if tried == tries:
                return case, tried
            tried += 1
            if fails(candidate):
                case, place, whole = candidate, number, False
                break
        else:
            place = 0
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
