# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Small transformers of the modules, with weights from a file: models.py FILE [SEED]

The file has the names of the published modules. The logits of a prompt at once, and of
a prompt, a few tokens and single tokens with a cache, are compared with the formulas in
f64. In bf16 their error must not exceed that of the formulas with every result rounded
to bf16.
"""

from __future__ import annotations

import sys

import numpy as np
import torch
from diff_mlir.modules import DiffAttentionV1, DiffAttentionV2, KVCache, rotary_tables
from torch import nn

import formulas
from support import Report, get_seed

SHAPES = {
    "V1 MHA": formulas.Shape("v1", heads=2, kv_heads=2, dim=16, width=64),
    "V1 GQA": formulas.Shape("v1", heads=4, kv_heads=2, dim=8, width=64),
    "V1 GQA window": formulas.Shape("v1", heads=4, kv_heads=2, dim=8, width=64, window=(6, 0)),
    "V2 MHA": formulas.Shape("v2", heads=4, kv_heads=4, dim=16, width=64),
    "V2 GQA": formulas.Shape("v2", heads=4, kv_heads=2, dim=32, width=64),
}  # fmt: skip
BATCH, PROMPT, CHUNK, SINGLE = 2, 19, 3, 5
#: Of the error in f32, relative to the logits.
LIMIT = 5e-6
#: bf16: relative to the error of formulas that round every result. Kernels that multiply
#: bf16 round the weights, as these do; which of two such errors is larger is chance.
MARGIN = 1.25


class Layer(nn.Module):
    def __init__(self, shape: formulas.Shape, number: int):
        super().__init__()
        options = {"window": shape.window, "causal": shape.causal}
        if shape.variant == "v1":
            self.attn = DiffAttentionV1(shape.width, number, shape.heads, shape.kv_heads, **options)
        else:
            self.attn = DiffAttentionV2(shape.width, shape.heads, shape.kv_heads, shape.dim, **options)
        self.norm1, self.norm2 = (nn.RMSNorm(shape.width, eps=formulas.EPSILON) for _ in range(2))
        self.up, self.gate = (nn.Linear(shape.width, shape.hidden, bias=False) for _ in range(2))
        self.down = nn.Linear(shape.hidden, shape.width, bias=False)

    def forward(self, x, tables, cache):
        x = x + self.attn(self.norm1(x), tables, cache)
        inner = self.norm2(x)
        return x + self.down(nn.functional.silu(self.gate(inner)) * self.up(inner))


class Transformer(nn.Module):
    def __init__(self, shape: formulas.Shape):
        super().__init__()
        self.embed = nn.Embedding(shape.tokens, shape.width)
        self.layers = nn.ModuleList(Layer(shape, i) for i in range(shape.layers))
        self.norm = nn.RMSNorm(shape.width, eps=formulas.EPSILON)
        self.head = nn.Linear(shape.width, shape.tokens, bias=False)
        self.tables = rotary_tables(64, shape.dim)

    def forward(self, tokens, caches=None):
        x = self.embed(tokens)
        for i, layer in enumerate(self.layers):
            x = layer(x, self.tables, caches[i] if caches else None)
        return self.head(self.norm(x))

    def decode(self, tokens):
        """The logits by steps, with a cache that has to grow."""
        caches = [KVCache(capacity=PROMPT + 1) for _ in self.layers]
        steps = [PROMPT, CHUNK, *[1] * SINGLE]
        return torch.cat([self(part, caches) for part in tokens.split(steps, 1)], 1)


def load(model: Transformer, file: str, dtype: torch.dtype) -> dict[str, np.ndarray]:
    """Loads each attention and the rest. Returns the weights in the model's type."""
    with np.load(file) as arrays:
        state = {name: torch.from_numpy(arrays[name]) for name in arrays}
    for i, layer in enumerate(model.layers):
        prefix = f"layers.{i}.attn."
        layer.attn.load_state_dict({name.removeprefix(prefix): tensor for name, tensor in state.items()
                                    if name.startswith(prefix)}, strict=True)  # fmt: skip
    model.load_state_dict(state, strict=True)
    model.to(dtype)
    return {name: tensor.double().numpy() for name, tensor in model.state_dict().items()}


def check(report: Report, what: str, shape: formulas.Shape, file: str, rng) -> None:
    np.savez(file, **formulas.make_weights(shape, rng))
    tokens = rng.integers(0, shape.tokens, (BATCH, PROMPT + CHUNK + SINGLE))
    for element, dtype in (("f32", torch.float32), ("bf16", torch.bfloat16)):
        model = Transformer(shape)
        weights = load(model, file, dtype)
        wanted = formulas.Model(shape, weights)(tokens)
        size, limit = np.linalg.norm(wanted), LIMIT
        if element == "bf16":
            rounded = formulas.Model(shape, weights, formulas.to_bf16)(tokens)
            limit = MARGIN * np.linalg.norm(rounded - wanted) / size
        numbers = torch.from_numpy(tokens)
        with torch.no_grad():
            results = {"at once": model(numbers), "by steps": model.decode(numbers)}
        for way, logits in results.items():
            difference = logits.double().numpy() - wanted
            error = np.linalg.norm(difference) / size
            report(f"{what} {element} {way}", error <= limit and logits.dtype == dtype,
                   f"error {error:.2e}, limit {limit:.2e}, largest {np.abs(difference).max():.2e} of "
                   f"{np.abs(wanted).max():.1f}")  # fmt: skip


def main() -> None:
    report = Report()
    rng = np.random.default_rng(get_seed())
    for what, shape in SHAPES.items():
        check(report, what, shape, sys.argv[1], rng)
    report.finish()


main()
