# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The layers that there are kernels for."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Layer:
    """A layer of a model. q, k, v and output are the numbers and the widths of heads."""

    name: str
    function: str
    q: tuple[int, int]
    k: tuple[int, int]
    v: tuple[int, int]
    output: tuple[int, int]
    window: tuple[int, int]
    signals: int
    pair_layout: str
    gate: bool
    eps: float | None

    @property
    def key(self) -> tuple:
        """What selects the layer."""
        return (self.function, self.q, self.k, self.v, self.window, self.signals,
                self.pair_layout, self.gate, self.eps)  # fmt: skip

    def __str__(self) -> str:
        return _describe(*self.key)


def _describe(function, q, k, v, window, signals, pair_layout, gate, eps) -> str:
    """A call, without options that have their default."""
    parts = [f"{name} [B, {tokens}, {', '.join(map(str, heads))}]"
             for name, tokens, heads in (("q", "N", q), ("k", "M", k), ("v", "M", v))]  # fmt: skip
    if window != (-1, -1):
        parts.append("causal=True" if window == (-1, 0) else f"window={window}")
    if gate:
        parts.append("gate")
    for name, value, default in (("signals", signals, 1), ("eps", eps, None),
                                 ("pair_layout", pair_layout, "interleaved")):  # fmt: skip
        if value != default:
            parts.append(f"{name}={value!r}")
    return f"{function}({', '.join(parts)})"


def _read() -> dict[str, Layer]:
    rows = json.loads((FOLDER / "layers.json").read_text(encoding="utf-8"))
    return {row["name"]: Layer(**{name: tuple(value) if isinstance(value, list) else value
                                  for name, value in row.items()}) for row in rows}  # fmt: skip


LAYERS = _read()
_BY_KEY = {layer.key: layer for layer in LAYERS.values()}


def find_layer(function, q, k, v, causal, window, signals, pair_layout, gate, eps) -> Layer:
    """Returns the layer of a call. Raises ValueError if there are no kernels for it."""
    for name, tensor in (("q", q), ("k", k), ("v", v)):
        if len(tensor.shape) != 4:
            raise ValueError(f"{name} has the shape {tuple(tensor.shape)}; 4 dimensions "
                             "(batch, tokens, heads, dim) are legal")  # fmt: skip
    left, right = (-1, -1) if window is None else window
    key = (function, tuple(q.shape[2:]), tuple(k.shape[2:]), tuple(v.shape[2:]),
           (left, 0 if causal else right), signals, pair_layout, gate, eps)  # fmt: skip
    layer = _BY_KEY.get(key)
    if layer is None:
        known = "".join(f"\n  {layer}" for layer in LAYERS.values())
        raise ValueError(f"there is no kernel for {_describe(*key)}; legal are{known}")
    return layer
