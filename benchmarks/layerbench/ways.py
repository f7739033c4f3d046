# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The ways to compute a layer: fused, composed, and both in Triton.

Each way is a function of a simulator, a layer and its inputs (by name, as in the
execution tests). It runs all launches, each on the results of earlier ones, and
returns the output of the layer.

The compositions are the ones in use today. V2: standard attention on 2h heads,
then a subtraction (the published module). V1: two calls with keys of width d and
values of width 2d (recommended by the authors for kernels that support different
widths), or four calls of width d, whose halves are concatenated (the authors'
form for any flash attention); then the subtraction and the norm. The subtraction
and the norm are one kernel, as a compiler for pointwise operations would generate.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from . import kernels
from .layers import Layer
from .simulator import Simulator

Attend = Callable[[Simulator, Layer, np.ndarray, np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Way:
    name: str
    variant: str
    #: The required groups, of "diff", "triton" and "compositions".
    groups: frozenset[str]
    run: Callable[[Simulator, Layer, dict], np.ndarray]


def _copy(array: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(array)


def fused(sim: Simulator, layer: Layer, inputs: dict) -> np.ndarray:
    return sim.compiled(layer, list(inputs.values()))


def compiled_standard(sim: Simulator, layer: Layer, q, k, v) -> np.ndarray:
    """Runs the compiler's standard attention on the layer's tokens and mask."""
    return sim.compiled(replace(layer, variant="standard", dv=v.shape[3]), [q, k, v])


def triton_standard(sim: Simulator, layer: Layer, q, k, v) -> np.ndarray:
    kernel = "standard" if v.shape[3] == layer.dim else "wide"
    return kernels.triton(sim, kernel, layer, {"q": q, "k": k, "v": v})


def triton_v2(sim: Simulator, layer: Layer, inputs: dict) -> np.ndarray:
    q, k, v, logits = inputs.values()
    return kernels.triton(sim, "v2", layer, {"q": q, "k": k, "v": v, "logits": logits})


def triton_v1(sim: Simulator, layer: Layer, inputs: dict) -> np.ndarray:
    q, k, v, lam, weight = inputs.values()
    return kernels.triton(sim, "v1", layer,
                          {"q": q, "k": k, "v": v, "lam": lam, "weight": weight})  # fmt: skip


def then_subtract(attend: Attend):
    def run(sim: Simulator, layer: Layer, inputs: dict) -> np.ndarray:
        q, k, v, logits = inputs.values()
        return kernels.subtract(sim, attend(sim, layer, q, k, v), logits)

    return run


def two_calls(attend: Attend):
    def run(sim: Simulator, layer: Layer, inputs: dict) -> np.ndarray:
        q, k, v, lam, weight = inputs.values()
        maps = [attend(sim, layer, _copy(q[:, :, m::2]), _copy(k[:, :, m::2]), v) for m in (0, 1)]
        return kernels.subtract_normalise(sim, *maps, lam, weight)

    return run


def four_calls(attend: Attend):
    def run(sim: Simulator, layer: Layer, inputs: dict) -> np.ndarray:
        q, k, v, lam, weight = inputs.values()
        d = layer.dim
        maps = []
        for m in (0, 1):
            query, key = _copy(q[:, :, m::2]), _copy(k[:, :, m::2])
            halves = [attend(sim, layer, query, key, _copy(v[..., at : at + d])) for at in (0, d)]
            maps.append(kernels.concatenate(sim, *halves))
        return kernels.subtract_normalise(sim, *maps, lam, weight)

    return run


def _way(name: str, variant: str, groups: str, run) -> Way:
    return Way(name, variant, frozenset(groups.split()), run)


WAYS = (
    _way("diff", "v2", "diff", fused),
    _way("diff standard, subtract", "v2", "diff compositions", then_subtract(compiled_standard)),
    _way("triton", "v2", "triton", triton_v2),
    _way("triton standard, subtract", "v2", "triton compositions", then_subtract(triton_standard)),
    _way("diff", "v1", "diff", fused),
    _way("diff, two calls", "v1", "diff compositions", two_calls(compiled_standard)),
    _way("diff, four calls", "v1", "diff compositions", four_calls(compiled_standard)),
    _way("triton", "v1", "triton", triton_v1),
    _way("triton, two calls", "v1", "triton compositions", two_calls(triton_standard)),
    _way("triton, four calls", "v1", "triton compositions", four_calls(triton_standard)),
    _way("diff", "standard", "diff", fused),
    _way("triton", "standard", "triton",
         lambda sim, layer, inputs: triton_standard(sim, layer, *inputs.values())),
)  # fmt: skip


def select(variant: str, groups: set[str]) -> list[Way]:
    """The ways of a variant whose groups are all requested."""
    return [way for way in WAYS if way.variant == variant and way.groups <= groups]
