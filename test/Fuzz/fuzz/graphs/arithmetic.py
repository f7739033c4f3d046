# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""How values are computed: exactly, or with the rounding of the element types.

Floats are float64 arrays, integers int64 arrays within the range of their type,
i1 is 0 or 1. `Exact` rounds no float: it gives the reference. `Noisy` rounds each
result to its type, up or down at random: several runs tell how far a program that
rounds as its types demand may be from the reference.
"""

from __future__ import annotations

import numpy as np
from difftest import arrays

from .program import BITS, FLOATS

#: f32 functions, such as sin and exp2, may be off by some units in the last place.
_FUNCTION_ERROR = {"f32": 8.0, "f64": 1e6}


def wrap(array: np.ndarray, element: str) -> np.ndarray:
    """Integers modulo 2^bits, in the range of the signed type."""
    bits = BITS[element]
    if bits == 64:
        return array
    array = array & ((1 << bits) - 1)
    return array if bits == 1 else np.where(array >> (bits - 1), array - (1 << bits), array)


class Exact:
    noisy = False
    tf32 = False

    def store(self, array: np.ndarray, element: str, function: bool = False) -> np.ndarray:
        """A result of the element type; `function`: of more than one rounding."""
        if element in FLOATS:
            return np.asarray(array, np.float64)
        return wrap(np.asarray(array).astype(np.int64), element)

    def product_operand(self, array: np.ndarray, element: str) -> np.ndarray:
        return array

    def sum(self, array: np.ndarray, size: np.ndarray, terms: int, element: str) -> np.ndarray:
        """A sum of `terms` summands; `size` is the sum of their absolute values."""
        return self.store(array, element)


class Noisy(Exact):
    noisy = True

    def __init__(self, seed, tf32: bool = False):
        self.rng = np.random.default_rng(seed)
        self.tf32 = tf32

    def _jitter(self, array: np.ndarray, roundoff: float) -> np.ndarray:
        return array * (1 + roundoff * self.rng.uniform(-1, 1, np.shape(array)))

    def store(self, array: np.ndarray, element: str, function: bool = False) -> np.ndarray:
        if element not in (*FLOATS, "tf32"):
            return super().store(array, element)
        error = arrays.ROUNDOFF[element] * (_FUNCTION_ERROR.get(element, 1.0) if function else 1.0)
        with np.errstate(over="ignore"):
            return arrays.round_to(self._jitter(np.asarray(array, np.float64), error),
                                   element).astype(np.float64)  # fmt: skip

    def product_operand(self, array: np.ndarray, element: str) -> np.ndarray:
        return self._jitter(array, arrays.ROUNDOFF["tf32"]) if self.tf32 and element == "f32" else array

    def sum(self, array: np.ndarray, size: np.ndarray, terms: int, element: str) -> np.ndarray:
        if element in FLOATS:
            error = arrays.ROUNDOFF[element] * max(1, terms) ** 0.5
            array = array + size * error * self.rng.uniform(-1, 1, np.shape(array))
        return self.store(array, element)
