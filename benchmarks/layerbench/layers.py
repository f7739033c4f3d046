# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The layers, and the minimum work of each.

A layer has one output head, one value head and batch 1. All counts are
proportional to the number of heads and the batch, if there are as many value
heads as output heads. Letters: N query tokens, M key tokens, d dim, dv value
width (2d in V1, otherwise d, unless standard attention is a part of V1), maps (2,
or 1 for standard attention). Causal is aligned to the bottom right: query i sees
the keys j <= i + M - N.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "test" / "Integration"))
from difftest import arrays  # noqa: E402
from difftest.cases import Case  # noqa: E402

#: Bytes of a bf16.
ELEMENT = 2
VARIANTS = ("v2", "v1", "standard")


@dataclass(frozen=True)
class Layer:
    variant: str
    dim: int
    n: int
    m: int
    causal: bool
    dv: int | None = None  # standard only; None = dim

    @property
    def name(self) -> str:
        sizes = f"N=M={self.n}" if self.n == self.m else f"N={self.n} M={self.m}"
        return f"{self.variant} d={self.dim} {sizes}{' causal' if self.causal else ''}"

    @property
    def maps(self) -> int:
        return 1 if self.variant == "standard" else 2

    @property
    def value_dim(self) -> int:
        return self.case.value_dim

    @property
    def case(self) -> Case:
        """The layer as a case of the execution tests."""
        return Case(self.variant, "benchmark", n=self.n, m=self.m, h=1, hkv=1, d=self.dim,
                    dv=self.dv, causal=self.causal)  # fmt: skip

    def inputs(self, seed: int = 0) -> dict[str, np.ndarray]:
        """Normally distributed random inputs in bf16 (lambda and weight of V1 in f32)."""
        return arrays.make_inputs(self.case, "bf16", seed)

    def visible_keys(self, query: int) -> int:
        """The number of keys that a query sees."""
        return max(0, min(self.m, query + 1 + self.m - self.n)) if self.causal else self.m

    def visible_pairs(self) -> int:
        return sum(self.visible_keys(query) for query in range(self.n))

    def least_flops(self) -> int:
        """FLOP of both products for the visible pairs: a pair of a query and a key
        takes 2 d in Q K^T and 2 dv in P V, for each map."""
        return self.maps * self.visible_pairs() * 2 * (self.dim + self.value_dim)

    def least_exponentials(self) -> int:
        """One exponential for each visible score."""
        return self.maps * self.visible_pairs()

    def key_value_bytes(self) -> int:
        """Bytes of K and V, once."""
        return self.m * (self.maps if self.variant == "v1" else 1) * self.dim * ELEMENT + (
            self.m * self.value_dim * ELEMENT)

    def least_bytes(self) -> int:
        """Compulsory traffic: every input is read once, the output is written once."""
        inputs = sum(int(np.prod(shape)) * (ELEMENT if kind == "element" else 4)
                     for _, shape, kind in self.case.arguments())  # fmt: skip
        return inputs + self.n * self.value_dim * ELEMENT


def requested_by_tiles(layer: Layer, tokens: int, keys: int, blocks: int, query_bytes: int,
                       key_bytes: int, output_bytes: int) -> int:  # fmt: skip
    """Bytes that blocks (CTAs) must request if each keeps what it reads.

    A tile has `tokens` query tokens, and `blocks` blocks compute it. Each block
    requests its rows of Q (query_bytes for each token), and K and V of the tiles
    of `keys` keys that any of its queries sees (key_bytes for each key), and
    writes its rows of O.
    """
    total = 0
    for first in range(0, layer.n, tokens):
        last = min(layer.n, first + tokens) - 1
        seen = min(layer.m, -(-layer.visible_keys(last) // keys) * keys)
        total += blocks * ((last + 1 - first) * (query_bytes + output_bytes) + seen * key_bytes)
    return total


def fixed_set(quick: bool) -> list[Layer]:
    """The layers of the table, or a few of them with `quick`."""
    dims, lengths = ((64,), (256,)) if quick else ((64, 128), (512, 1024, 2048))
    return [Layer(variant, dim, n, n, causal)
            for variant in VARIANTS for dim in dims for n in lengths
            for causal in (False, True)]  # fmt: skip
