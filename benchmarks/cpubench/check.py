# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compares results with the float64 reference of the execution tests, on a sample of
query tokens: the first, the last, and some between them, with all heads."""

from __future__ import annotations

import dataclasses

import numpy as np
from difftest import reference, tolerance

from .layers import Layer

#: A composition rounds its maps, and is no subject of the project's tolerance. Beyond
#: this multiple it computes another function, and the comparison has no sense.
COMPOSITION_FACTOR = 16
TOKENS = 8


class Check:
    """The reference of a layer on sampled tokens."""

    def __init__(self, layer: Layer, inputs: dict[str, np.ndarray]):
        self.layer = layer
        rng = np.random.default_rng(1)
        picked = {0, layer.n // 2, layer.n - 1} | set(rng.integers(0, layer.n, TOKENS - 3).tolist())
        self.tokens = sorted(picked)
        exact, naive = (self._evaluate(inputs, arithmetic)
                        for arithmetic in (reference.Exact(), reference.Rounded(layer.type)))  # fmt: skip
        self.exact, self.naive = exact, naive

    def _evaluate(self, inputs, arithmetic) -> np.ndarray:
        """A causal token sees a prefix of the keys, without a mask."""
        case, batches = self.layer.case, []
        groups = [[token] for token in self.tokens] if self.layer.causal else [self.tokens]
        for tokens in groups:
            seen = tokens[0] + 1 + case.m - case.n if self.layer.causal else case.m
            part = dict(inputs, query=inputs["query"][:, tokens], key=inputs["key"][:, :seen],
                        value=inputs["value"][:, :seen])  # fmt: skip
            if case.variant == "v2":
                part["lambda"] = inputs["lambda"][:, tokens]
            alone = dataclasses.replace(case, n=len(tokens), m=seen, causal=False)
            batches.append(reference.evaluate(alone, part, arithmetic)["output"])
        return np.concatenate(batches, axis=1)

    def compare(self, output: np.ndarray, is_ours: bool) -> tuple[float, list[str]]:
        """Returns ||output - reference|| / ||reference||, and what is wrong."""
        expected = (1, self.layer.n, self.layer.case.h, self.layer.case.value_dim)
        if output.shape != expected:
            return np.inf, [f"output: shape: is {list(output.shape)}, expected is {list(expected)}"]
        found = tolerance.check_output(output[:, self.tokens], self.exact, self.naive,
                                       self.layer.type, self.layer.m)  # fmt: skip
        if is_ours:
            return found.norm, found.failures
        limit = COMPOSITION_FACTOR * found.norm_limit
        if found.norm <= limit:
            return found.norm, []
        return found.norm, [f"output: norm error: {found.norm:.3e} exceeds {limit:.3e}"]
