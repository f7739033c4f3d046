# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Verifies the counted kernels on small layers with all checkers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from difftest import reference, tolerance

from . import kernels
from .layers import Layer
from .simulator import Simulator
from .ways import Way

#: Unit roundoff of bf16.
ROUNDOFF = 2.0**-8


@dataclass
class Checked:
    """The errors of a way on a layer, as in difftest/tolerance.py."""

    error: float
    bound: float
    norm: float
    norm_limit: float
    failures: list[str]


def check_way(sim: Simulator, way: Way, layer: Layer, seed: int) -> Checked:
    """Compares with float64. A single kernel must satisfy the tolerance rule of
    the project. A composition rounds each map to bf16 once more, by half an ulp,
    so its norm may be 2^-9 larger, relative to the norms of the maps."""
    inputs = layer.inputs(seed)
    sim.take()
    out = way.run(sim, layer, inputs)
    launches = sim.take().launches
    exact = reference.evaluate(layer.case, inputs, reference.Exact())["output"]
    naive = reference.evaluate(layer.case, inputs, reference.Rounded("bf16"))["output"]
    found = tolerance.check_output(out, exact, naive, "bf16", layer.m)
    limit = found.norm_limit
    if launches > 1:
        limit *= 2
        found.failures = [f for f in found.failures if "norm error" not in f]
        if not found.norm <= limit:
            found.failures.append(f"output: norm error: {found.norm:.3e} exceeds {limit:.3e}")
    return Checked(found.error, found.bound, found.norm, limit, found.failures)


def _compare(name: str, got: np.ndarray, want: np.ndarray) -> list[str]:
    """Allows for bf16 rounding and approximate f32 functions."""
    error = np.abs(got.astype(np.float64) - want) - 1.01 * ROUNDOFF * np.abs(want)
    limit = 1e-5 * np.abs(want).max()
    return [] if error.max() <= limit else [f"{name}: off by {error.max():.2e} beyond rounding"]


def check_combine(sim: Simulator, dim: int, seed: int) -> list[str]:
    """Verifies the kernels between attentions against float64 on their own inputs,
    with several heads."""
    rng = np.random.default_rng(seed)
    bf16 = Layer("v2", dim, 1, 1, False).inputs()["query"].dtype
    n, h = 64, 4

    def normal(*shape, dtype=bf16):
        return rng.standard_normal(shape).astype(dtype)

    def wide(array):
        return array.astype(np.float64)

    maps, logits = normal(1, n, 2 * h, dim), normal(1, n, h)
    logits[0, 0, 0] = -np.inf
    gate = 1 / (1 + np.exp(-wide(logits)))[..., None]
    failures = _compare("subtract", kernels.subtract(sim, maps, logits),
                        wide(maps[:, :, 0::2]) - gate * wide(maps[:, :, 1::2]))  # fmt: skip
    left, right = normal(1, n, h, dim), normal(1, n, h, dim)
    joined = kernels.concatenate(sim, left, right)
    if not np.array_equal(joined, np.concatenate([left, right], -1)):
        failures.append("concatenate: wrong")
    other = normal(1, n, h, 2 * dim)
    lam, weight = (normal(size, dtype=np.float32) for size in (h, 2 * dim))
    x = wide(joined) - wide(lam)[:, None] * wide(other)
    norm = x / np.sqrt((x * x).mean(-1, keepdims=True) + reference.RMS_EPSILON) * wide(weight)
    failures += _compare("subtractNormalise",
                         kernels.subtract_normalise(sim, joined, other, lam, weight),
                         kernels.FACTOR * norm)  # fmt: skip
    return failures
