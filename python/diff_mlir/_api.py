# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The functions of the package."""

from __future__ import annotations

from typing import Any, Union

from ._attention import run
from ._options import check_float, found

#: A NumPy array, a PyTorch tensor or another array with DLPack.
Array = Any
Window = Union[tuple[int, int], None]

_SHAPES = """
    Shapes, with B batch entries, N query tokens, M key tokens, h output heads, h_kv
    key/value heads, r signal heads for each noise head (`signals`) and d the head
    dimension:
"""
_OPTIONS = """
    layout: "bshd" for [batch, tokens, heads, dim] (the default), "bhsd" for [batch,
        heads, tokens, dim], of q, k, v, gate and output. Arrays may have any strides.
        A call copies arrays whose innermost stride is not 1, or whose strides are
        negative.
    causal: query i sees key j if j <= i + M - N.
    window: (left, right), the number of keys that a query sees on each side of its
        own position; -1 is unlimited.
    softcap: the scores become softcap * tanh(score / softcap).
    scale: the factor of the scores, 1/sqrt(d) by default.
    gate: logits in the shape of the output, whose sigmoid multiplies it.
    return_lse: also return the log-sum-exp of the scores, f32 [B, query heads, N].
    target: "cpu", "cuda" or "sim" (the simulator of GPUs). By default, where the
        arrays are.
    chip: the GPU to compile for, such as "sm_90a", or with the target "cpu" the CPU, such
        as "x86-64-v3". By default, the GPU or the CPU of this machine, or "sm_90a" for the
        simulator.
    out: an array that receives the output, or a pair of arrays with return_lse.

    The arrays are NumPy arrays (bf16: ml_dtypes.bfloat16), PyTorch tensors or other
    arrays with DLPack, with elements of type f16, bf16 or f32, or on the CPU f64. The
    result is an array of the same library. Rows that see no key are 0 with a
    log-sum-exp of -inf.

    Raises ValueError for shapes and options, TypeError for types, RuntimeError for
    errors of the compiler or a device.
"""
_PAIRS = """
    pair_layout: "interleaved" if the members of a group of heads follow each other
        (the signal heads, then the noise head), "halves" if the first members of all
        groups come first. q, and for V1 k and v, may also have the groups and the
        members as two dimensions, in this order or in that of the halves.
"""


def _document(function, head: str, shapes: str, extra: str = "", varlen: bool = False):
    text = head + "\n" + _SHAPES + shapes + extra + _OPTIONS
    if varlen:
        text += """
    The tensors have no batch dimension: all sequences follow each other. Sequence i
    has the query tokens cu_seqlens_q[i] to cu_seqlens_q[i + 1] and the key tokens
    cu_seqlens_k[i] to cu_seqlens_k[i + 1]. The offsets are i32, start with 0 and do not
    decrease. The log-sum-exp is [query heads, N].
"""
    function.__doc__ = text
    return function


_V2_SHAPES = """
        q [B, N, h + h/r, d], k [B, M, h_kv, d], v [B, M, h_kv, dv],
        lam [B, N, h] (logits, of the type of q or f32), output [B, N, h, dv]
"""
_V1_SHAPES = """
        q [B, N, h + h/r, d], k [B, M, 2 h_kv, d], v [B, M, h_kv, 2d] (with halves [B, M,
        2 h_kv, d]), lam [h] or a number, weight [2d] (1 by default),
        output [B, N, h, 2d]
"""
_SOFTMAX_SHAPES = """
        q [B, N, h, d], k [B, M, h_kv, d], v [B, M, h_kv, dv], output [B, N, h, dv]
"""


def _call(variant, named, options, varlen, return_lse, target, chip, out, lam=None):
    causal, window, *rest = options
    if isinstance(window, list):
        window = tuple(window)
    function = run
    if hasattr(named["q"], "__torch_function__"):
        from ._torch import call as function
    results = function(variant, named, (causal, window, *rest), varlen, target, chip, out, lam)
    return results if return_lse else results[0]


def attention(q: Array, k: Array, v: Array, lam: Array, *, causal: bool = False,
              window: Window = None, softcap: float | None = None, scale: float | None = None,
              return_lse: bool = False, layout: str = "bshd", gate: Array = None, signals: int = 1,
              pair_layout: str = "interleaved", target: str | None = None, chip: str | None = None,
              out: Array = None) -> Array:  # fmt: skip
    named = {"q": q, "k": k, "v": v, "lam": lam}
    if gate is not None:
        named["gate"] = gate
    options = (causal, window, softcap, scale, return_lse, layout, signals, pair_layout)
    return _call("v2", named, options, False, return_lse, target, chip, out)


def attention_varlen(q: Array, k: Array, v: Array, lam: Array, cu_seqlens_q: Array,
                     cu_seqlens_k: Array, *, causal: bool = False, window: Window = None,
                     softcap: float | None = None, scale: float | None = None,
                     return_lse: bool = False, layout: str = "bshd", gate: Array = None,
                     signals: int = 1, pair_layout: str = "interleaved", target: str | None = None,
                     chip: str | None = None, out: Array = None) -> Array:  # fmt: skip
    named = {"q": q, "k": k, "v": v, "cu_seqlens_q": cu_seqlens_q, "cu_seqlens_k": cu_seqlens_k,
             "lam": lam}  # fmt: skip
    if gate is not None:
        named["gate"] = gate
    options = (causal, window, softcap, scale, return_lse, layout, signals, pair_layout)
    return _call("v2", named, options, True, return_lse, target, chip, out)


def _name_v1(named: dict, lam, weight, gate):
    """Adds the arrays of V1. Returns lambda if it is a number."""
    number = None
    if hasattr(lam, "__dlpack__"):
        named["lam"] = lam
    elif lam is None or isinstance(lam, (str, bytes, bool)):
        raise TypeError(f"lam must be a number or an array, found {found(lam)}")
    else:
        number = check_float("lam", lam)
    if weight is not None:
        named["weight"] = weight
    if gate is not None:
        named["gate"] = gate
    return number


def attention_v1(q: Array, k: Array, v: Array, lam: Array, weight: Array = None, *,
                 lambda_init: float = 0.8, eps: float = 1e-5, causal: bool = False,
                 window: Window = None, softcap: float | None = None, scale: float | None = None,
                 return_lse: bool = False, layout: str = "bshd", gate: Array = None,
                 signals: int = 1, pair_layout: str = "interleaved", target: str | None = None,
                 chip: str | None = None, out: Array = None) -> Array:  # fmt: skip
    named = {"q": q, "k": k, "v": v}
    number = _name_v1(named, lam, weight, gate)
    options = (causal, window, softcap, scale, return_lse, layout, signals, pair_layout,
               lambda_init, eps)  # fmt: skip
    return _call("v1", named, options, False, return_lse, target, chip, out, number)


def attention_v1_varlen(q: Array, k: Array, v: Array, lam: Array, cu_seqlens_q: Array,
                        cu_seqlens_k: Array, weight: Array = None, *, lambda_init: float = 0.8,
                        eps: float = 1e-5, causal: bool = False, window: Window = None,
                        softcap: float | None = None, scale: float | None = None,
                        return_lse: bool = False, layout: str = "bshd", gate: Array = None,
                        signals: int = 1, pair_layout: str = "interleaved",
                        target: str | None = None, chip: str | None = None, out: Array = None) -> Array:  # fmt: skip
    named = {"q": q, "k": k, "v": v, "cu_seqlens_q": cu_seqlens_q, "cu_seqlens_k": cu_seqlens_k}
    number = _name_v1(named, lam, weight, gate)
    options = (causal, window, softcap, scale, return_lse, layout, signals, pair_layout,
               lambda_init, eps)  # fmt: skip
    return _call("v1", named, options, True, return_lse, target, chip, out, number)


def softmax_attention(q: Array, k: Array, v: Array, *, causal: bool = False, window: Window = None,
                      softcap: float | None = None, scale: float | None = None,
                      return_lse: bool = False, layout: str = "bshd", gate: Array = None,
                      target: str | None = None, chip: str | None = None, out: Array = None) -> Array:  # fmt: skip
    named = {"q": q, "k": k, "v": v}
    if gate is not None:
        named["gate"] = gate
    options = (causal, window, softcap, scale, return_lse, layout)
    return _call("standard", named, options, False, return_lse, target, chip, out)


def softmax_attention_varlen(q: Array, k: Array, v: Array, cu_seqlens_q: Array,
                             cu_seqlens_k: Array, *, causal: bool = False, window: Window = None,
                             softcap: float | None = None, scale: float | None = None,
                             return_lse: bool = False, layout: str = "bshd", gate: Array = None,
                             target: str | None = None, chip: str | None = None, out: Array = None) -> Array:  # fmt: skip
    named = {"q": q, "k": k, "v": v, "cu_seqlens_q": cu_seqlens_q, "cu_seqlens_k": cu_seqlens_k}
    if gate is not None:
        named["gate"] = gate
    options = (causal, window, softcap, scale, return_lse, layout)
    return _call("standard", named, options, True, return_lse, target, chip, out)


for _function, _head, _text, _extra in (
    (attention, "DIFF V2: softmax(q1 k) v - sigmoid(lam) softmax(q2 k) v.", _V2_SHAPES, _PAIRS),
    (attention_v1, "DIFF V1: (1 - lambda_init) norm(softmax(q1 k1) v - lam softmax(q2 k2) v).",
     _V1_SHAPES, _PAIRS),
    (softmax_attention, "Standard attention: softmax(q k) v.", _SOFTMAX_SHAPES, ""),
):  # fmt: skip
    _document(_function, _head, _text, _extra)
for _function, _head, _text, _extra in (
    (attention_varlen, "DIFF V2 of sequences of variable length.", _V2_SHAPES, _PAIRS),
    (attention_v1_varlen, "DIFF V1 of sequences of variable length.", _V1_SHAPES, _PAIRS),
    (softmax_attention_varlen, "Standard attention of sequences of variable length.",
     _SOFTMAX_SHAPES, ""),
):  # fmt: skip
    _document(_function, _head, _text, _extra, varlen=True)
