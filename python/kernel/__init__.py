# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Differential attention on NVIDIA GPUs: kernels that DiffMLIR compiled.

attention computes DIFF V2 and attention_v1 computes DIFF V1. The kernels serve the
layers of published models, which layers() lists, with any batch and token counts in
f16 and bf16. Each call runs on the current stream. It allocates its result and copies
of tensors that a kernel cannot read, and does not wait for the GPU. The kernels have
no gradients.
"""

from __future__ import annotations

import torch

from . import _launch
from ._layers import LAYERS, find_layer

__all__ = ["attention", "attention_v1", "layers"]

_library = torch.library.Library(__name__, "DEF")
_library.define("attention(Tensor q, Tensor k, Tensor v, Tensor lam, Tensor? weight, "
                "Tensor? gate, str layer) -> Tensor", tags=(torch.Tag.pt2_compliant_tag,))  # fmt: skip
_library.impl("attention", _launch.run, "CUDA")
_op = getattr(torch.ops, __name__).attention


@torch.library.register_fake(f"{__name__}::attention", lib=_library)
def _fake(q, k, v, lam, weight, gate, layer):
    return q.new_empty((*q.shape[:2], *LAYERS[layer].output))


def _call(layer, q, k, v, lam, weight, gate):
    if q.device.type != "cuda":
        raise ValueError(f"q is on {q.device}; a GPU is legal")
    if torch.is_grad_enabled():
        for name, tensor in zip(("q", "k", "v", "lam", "weight", "gate"), (q, k, v, lam, weight, gate)):
            if tensor is not None and tensor.requires_grad:
                raise RuntimeError(f"{name} requires a gradient, and the kernels have none; "
                                   "torch.no_grad() and detach() are legal")  # fmt: skip
    return _op(q, k, v, lam, weight, gate, layer.name)


def attention(q, k, v, lam, *, causal=False, window=None, gate=None, signals=1,
              pair_layout="interleaved"):  # fmt: skip
    """DIFF V2: softmax(q1 k) v - sigmoid(lam) softmax(q2 k) v.

    Shapes, with B batch entries, N query tokens, M key tokens, h output heads, h_kv
    key/value heads, r signal heads for each noise head (`signals`) and d the head
    dimension:

        q [B, N, h + h/r, d], k [B, M, h_kv, d], v [B, M, h_kv, dv],
        lam [B, N, h] (logits), gate and output [B, N, h, dv]

    All tensors have the type of q, and any strides. A call copies tensors whose
    innermost stride is not 1, or whose address or strides are not multiples of 16
    bytes.

    causal: query i sees key j if j <= i + M - N.
    window: (left, right), the number of keys that a query sees on each side of its own
        position; -1 is unlimited.
    gate: logits, whose sigmoid multiplies the output.
    pair_layout: "interleaved" if the noise head follows its signal heads, "halves" if
        the first members of all groups come first.

    Scores are multiplied by 1/sqrt(d). Raises ValueError if no kernel serves the layer,
    and for other shapes, TypeError for types, RuntimeError for errors of the driver.
    """
    layer = find_layer("attention", q, k, v, causal, window, signals, pair_layout,
                       gate is not None, None)  # fmt: skip
    return _call(layer, q, k, v, lam, None, gate)


def attention_v1(q, k, v, lam, weight=None, *, lambda_init=0.8, eps=1e-5, causal=False,
                 window=None, gate=None, signals=1, pair_layout="interleaved"):  # fmt: skip
    """DIFF V1: (1 - lambda_init) norm(softmax(q1 k1) v - lam softmax(q2 k2) v).

    The shapes are those of attention, except for k [B, M, 2 h_kv, d], v [B, M, h_kv, 2d]
    (with halves [B, M, 2 h_kv, d]), lam [h] or a number, weight [2d] (1 by default), and
    output [B, N, h, 2d].

    The kernels read lam and weight in f32. The factor 1 - lambda_init is multiplied into
    the weight: a call with lambda_init=0, and lam and a premultiplied weight in f32,
    saves these steps.
    """
    layer = find_layer("attention_v1", q, k, v, causal, window, signals, pair_layout,
                       gate is not None, eps)  # fmt: skip
    heads, value_dim = layer.output
    if not isinstance(lam, torch.Tensor):
        lam = q.new_full((heads,), lam, dtype=torch.float32)
    lam = lam.float() if lam.dim() else lam.float().expand(heads)
    factor = 1 - lambda_init
    if weight is None:
        weight = q.new_full((value_dim,), factor, dtype=torch.float32)
    elif factor == 1:
        weight = weight.float()
    else:
        weight = weight.float() * factor
    return _call(layer, q, k, v, lam, weight, gate)


def layers() -> list[str]:
    """The layers that there are kernels for, as calls."""
    return [f"{layer.name}: {layer}" for layer in LAYERS.values()]
