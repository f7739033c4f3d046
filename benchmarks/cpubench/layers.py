# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The layers of the table and the work of each.

Letters as in the execution tests: N query tokens, M key tokens, h output heads,
h_kv value heads, d head dimension. Prefill has N = M, decode N = 1.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass

from difftest.cases import Case

from . import BenchError

ELEMENT_BYTES = {"f32": 4, "bf16": 2, "f16": 2}

#: Variant, output heads, value heads, and signal heads for each noise head. All
#: layers have 16 query heads, except for the group of four signal heads, which has 10.
VARIANTS = {
    "v2": ("v2", 8, 4, 1),
    "v1": ("v1", 8, 4, 1),
    "standard": ("standard", 16, 4, 1),
    "v2-group4": ("v2", 8, 2, 4),
}
PREFILL, DECODE = (512, 2048, 8192), (4096, 16384, 65536)
DIMS = (64, 128)


@dataclass(frozen=True)
class Layer:
    variant: str  # a key of VARIANTS
    n: int
    m: int
    dim: int
    type: str
    causal: bool

    @property
    def name(self) -> str:
        return (f"{self.variant} N={self.n} M={self.m} d={self.dim} {self.type}"
                f"{' causal' if self.causal else ''}")  # fmt: skip

    @property
    def is_decode(self) -> bool:
        return self.n == 1

    @property
    def case(self) -> Case:
        """The layer as a case of the execution tests."""
        variant, h, hkv, signals = VARIANTS[self.variant]
        return Case(variant, "benchmark", n=self.n, m=self.m, h=h, hkv=hkv, d=self.dim,
                    signals=signals, causal=self.causal)  # fmt: skip

    def visible_pairs(self) -> int:
        """Pairs of a query and a key that it sees, for one query head."""
        hidden = self.n * (self.n - 1) // 2 if self.causal else 0
        return self.n * self.m - hidden

    def flop(self) -> int:
        """FLOP of Q K^T and P V for the visible pairs of all query heads."""
        case = self.case
        return case.query_heads * self.visible_pairs() * 2 * (self.dim + case.value_dim)

    def cache_bytes(self) -> int:
        """Bytes of the keys and values."""
        case = self.case
        key_heads = case.hkv * (2 if case.variant == "v1" else 1)
        width = key_heads * self.dim + case.hkv * case.value_dim
        return self.m * width * ELEMENT_BYTES[self.type]


def make_layers(variants, prefill, decode, dims, types) -> list[Layer]:
    """All combinations: prefill, then decode."""
    made = [Layer(variant, n, n, dim, type, causal)
            for variant, n, dim, type, causal
            in itertools.product(variants, prefill, dims, types, (False, True))]  # fmt: skip
    made += [Layer(variant, 1, m, dim, type, False)
             for variant, m, dim, type in itertools.product(variants, decode, dims, types)]  # fmt: skip
    return made


#: The layers of --quick.
QUICK = (
    Layer("v2", 512, 512, 64, "f32", False), Layer("v2", 512, 512, 64, "f32", True),
    Layer("v2", 512, 512, 64, "bf16", False), Layer("v1", 512, 512, 64, "f32", True),
    Layer("standard", 512, 512, 64, "f32", False), Layer("v2", 1, 4096, 64, "f32", False),
    Layer("v2", 1, 4096, 64, "bf16", False),
)  # fmt: skip


def select(layers: list[Layer], pattern: str) -> list[Layer]:
    """The layers in whose names the regular expression occurs."""
    try:
        expression = re.compile(pattern)
    except re.error as error:
        raise BenchError(f"--select={pattern} is no regular expression: {error}") from None
    found = [layer for layer in layers if expression.search(layer.name)]
    if not found:
        raise BenchError(f"--select={pattern} selects none of {len(layers)} rows; "
                         f"'{layers[-1].name}' is one (--list prints all)")  # fmt: skip
    return found
