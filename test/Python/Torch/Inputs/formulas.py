# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Transformers with differential attention, from the formulas, in NumPy.

All arithmetic is in f64. `round` is applied to the result of each operation that a
plain implementation rounds to the type of the model.
"""

from __future__ import annotations

from dataclasses import dataclass

import ml_dtypes
import numpy as np

EPSILON = 1e-5


def exact(x):
    return x


def to_bf16(x):
    return np.asarray(x).astype(np.float32).astype(ml_dtypes.bfloat16).astype(np.float64)


@dataclass(frozen=True)
class Shape:
    """`heads` counts output heads; `width` is heads * dim for V2, heads * 2 dim for V1."""

    variant: str
    heads: int
    kv_heads: int
    dim: int
    width: int
    layers: int = 3
    hidden: int = 96
    tokens: int = 61
    window: tuple[int, int] | None = None
    causal: bool = True

    @property
    def output(self) -> str:
        return "out_proj" if self.variant == "v1" else "o_proj"


def make_weights(shape: Shape, rng) -> dict[str, np.ndarray]:
    """Random f32 weights by the names of the published modules."""
    d, width = shape.dim, shape.width
    pair = 2 * d if shape.variant == "v1" else d
    attention = {"q_proj": 2 * shape.heads * d, "k_proj": shape.kv_heads * pair,
                 "v_proj": shape.kv_heads * pair}  # fmt: skip
    if shape.variant == "v2":
        attention["lambda_proj"] = shape.heads
    weights = {}

    def linear(name: str, rows: int, columns: int, factor: float = 1.0) -> None:
        numbers = rng.standard_normal((rows, columns)) * factor / np.sqrt(columns)
        weights[f"{name}.weight"] = numbers.astype(np.float32)

    def vector(name: str, size: int, mean: float, deviation: float) -> None:
        weights[name] = (mean + deviation * rng.standard_normal(size)).astype(np.float32)

    linear("embed", shape.tokens, width, np.sqrt(width))
    for i in range(shape.layers):
        layer = f"layers.{i}"
        for name, rows in attention.items():
            linear(f"{layer}.attn.{name}", rows, width, 2.0 if name in ("q_proj", "k_proj") else 1.0)
        linear(f"{layer}.attn.{shape.output}", width, shape.heads * pair)
        if shape.variant == "v1":
            for name in ("lambda_q1", "lambda_k1", "lambda_q2", "lambda_k2"):
                vector(f"{layer}.attn.{name}", d, 0, 0.2)
            vector(f"{layer}.attn.subln.weight", 2 * d, 1, 0.2)
        linear(f"{layer}.up", shape.hidden, width)
        linear(f"{layer}.gate", shape.hidden, width)
        linear(f"{layer}.down", width, shape.hidden)
        for name in ("norm1", "norm2"):
            vector(f"{layer}.{name}.weight", width, 1, 0.2)
    vector("norm.weight", width, 1, 0.2)
    linear("head", shape.tokens, width)
    return weights


class Model:
    def __init__(self, shape: Shape, weights: dict, round=exact):
        self.shape, self.round = shape, round
        self.weights = {name: np.asarray(array).astype(np.float64) for name, array in weights.items()}

    def linear(self, name: str, x):
        return self.round(x @ self.weights[f"{name}.weight"].T)

    def norm(self, x, weight, factor: float = 1.0):
        scale = 1 / np.sqrt((x * x).mean(-1, keepdims=True) + EPSILON)
        return self.round(self.round(self.round(x * scale) * weight) * factor)

    def rotate(self, x):
        """Interleaved rotary embedding of x [batch, tokens, ..., d]."""
        frequencies = 10000.0 ** (-2 * np.arange(self.shape.dim // 2) / self.shape.dim)
        angles = np.outer(np.arange(x.shape[1]), frequencies)
        angles = angles.reshape(1, x.shape[1], *([1] * (x.ndim - 3)), -1)
        pairs = (x[..., 0::2] + 1j * x[..., 1::2]) * np.exp(1j * angles)
        return self.round(np.stack((pairs.real, pairs.imag), -1).reshape(x.shape))

    def map(self, q, k, v):
        """softmax(q k) v of q [b, n, h, d], k [b, n, h_kv, d], v [b, n, h_kv, dv]."""
        k, v = (np.repeat(x, self.shape.heads // self.shape.kv_heads, 2) for x in (k, v))
        scores = self.round(np.einsum("bnhd,bmhd->bhnm", q, k)) / np.sqrt(self.shape.dim)
        distance = np.subtract.outer(np.arange(q.shape[1]), np.arange(k.shape[1]))
        left, right = self.shape.window or (-1, -1)
        hidden = np.zeros(distance.shape, bool)
        if left >= 0:
            hidden |= distance > left
        if self.shape.causal:
            hidden |= distance < 0
        elif right >= 0:
            hidden |= -distance > right
        scores = np.where(hidden, -np.inf, self.round(scores))
        weights = np.exp(scores - scores.max(-1, keepdims=True))
        weights = self.round(weights / weights.sum(-1, keepdims=True))
        return self.round(np.einsum("bhnm,bmhv->bnhv", weights, v))

    def attend_v1(self, name: str, q, k, v, layer: int):
        lambda_init = 0.8 - 0.6 * np.exp(-0.3 * layer)
        q1, k1, q2, k2 = (self.weights[f"{name}.lambda_{x}"] for x in ("q1", "k1", "q2", "k2"))
        lam = self.round(self.round(np.exp(q1 @ k1)) - self.round(np.exp(q2 @ k2)) + lambda_init)
        out1, out2 = (self.map(q[..., a, :], k[..., a, :], v) for a in (0, 1))
        out = self.round(out1 - self.round(lam * out2))
        return self.norm(out, self.weights[f"{name}.subln.weight"], 1 - lambda_init)

    def attend_v2(self, name: str, q, k, v, x):
        sigmoid = self.round(1 / (1 + np.exp(-self.linear(f"{name}.lambda_proj", x))))
        out1, out2 = (self.map(q[..., a, :], k, v) for a in (0, 1))
        return self.round(out1 - self.round(sigmoid[..., None] * out2))

    def attention(self, name: str, x, layer: int):
        b, n, _ = x.shape
        shape, d = self.shape, self.shape.dim
        q, k, v = (self.linear(f"{name}.{projection}", x)
                   for projection in ("q_proj", "k_proj", "v_proj"))  # fmt: skip
        q = self.rotate(q.reshape(b, n, shape.heads, 2, d))
        if shape.variant == "v1":
            k = self.rotate(k.reshape(b, n, shape.kv_heads, 2, d))
            out = self.attend_v1(name, q, k, v.reshape(b, n, shape.kv_heads, 2 * d), layer)
        else:
            k = self.rotate(k.reshape(b, n, shape.kv_heads, d))
            out = self.attend_v2(name, q, k, v.reshape(b, n, shape.kv_heads, d), x)
        return self.linear(f"{name}.{shape.output}", out.reshape(b, n, -1))

    def feed(self, layer: str, x):
        gate = self.linear(f"{layer}.gate", x)
        gate = self.round(gate / (1 + np.exp(-gate)))
        return self.linear(f"{layer}.down", self.round(gate * self.linear(f"{layer}.up", x)))

    def __call__(self, tokens: np.ndarray) -> np.ndarray:
        """Logits [batch, tokens, vocabulary] of token numbers [batch, tokens]."""
        x = self.weights["embed.weight"][tokens]
        for i in range(self.shape.layers):
            layer = f"layers.{i}"
            inner = self.norm(x, self.weights[f"{layer}.norm1.weight"])
            x = self.round(x + self.attention(f"{layer}.attn", inner, i))
            x = self.round(x + self.feed(layer, self.norm(x, self.weights[f"{layer}.norm2.weight"])))
        return self.linear("head", self.norm(x, self.weights["norm.weight"]))
