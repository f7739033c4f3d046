# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The attention modules of microsoft/unilm (Diff-Transformer, Diff-Transformer-V2)."""

from __future__ import annotations

import torch
from torch import nn

from .. import _api
from .._options import check_bool, check_int, check_window, found
from ._cache import KVCache
from ._lambda import add_parameters, compute_lambda, get_lambda_init
from ._rotary import check_tables, rotate_interleaved

#: Of the published RMSNorm.
EPSILON = 1e-5


class _Attention(nn.Module):
    """What both versions have in common."""

    def __init__(self, width_name: str, width: int, num_heads: int, num_kv_heads: int | None,
                 causal: bool, window):  # fmt: skip
        super().__init__()
        self.width = check_int(width_name, width, 1)
        self.num_heads = check_int("num_heads", num_heads, 1)
        self.num_kv_heads = self.num_heads if num_kv_heads is None else check_int(
            "num_kv_heads", num_kv_heads, 1)  # fmt: skip
        if self.num_heads % self.num_kv_heads:
            raise ValueError(f"num_kv_heads is {self.num_kv_heads}; divisors of num_heads "
                             f"({self.num_heads}) are legal")  # fmt: skip
        check_window(causal, window)
        self.options = {"causal": causal, "window": window}

    def project(self, x: torch.Tensor, rel_pos, cache: KVCache | None, value_dim: int):
        """Returns queries of the new tokens, and keys and values of all tokens."""
        if not isinstance(x, torch.Tensor):
            raise TypeError(f"x must be a tensor, found {found(x)}")
        if x.ndim != 3 or x.shape[-1] != self.width:
            raise ValueError(f"x has the shape {tuple(x.shape)}; [batch, tokens, {self.width}] is "
                             "legal")  # fmt: skip
        if not (cache is None or isinstance(cache, KVCache)):
            raise TypeError(f"cache must be a KVCache or None, found {found(cache)}")
        q, k = (projection(x).unflatten(-1, (-1, self.head_dim))
                for projection in (self.q_proj, self.k_proj))  # fmt: skip
        v = self.v_proj(x).unflatten(-1, (-1, value_dim))
        if rel_pos is not None:
            begin = 0 if cache is None else len(cache)
            tables = check_tables(rel_pos, begin, begin + x.shape[1], self.head_dim)
            q, k = rotate_interleaved(q, *tables), rotate_interleaved(k, *tables)
        return (q, k, v) if cache is None else (q, *cache.update(k, v))


class DiffAttentionV1(_Attention):
    """DIFF V1 with the parameters of MultiheadFlashDiff1 and MultiheadFlashDiff2:
    q_proj, k_proj, v_proj, out_proj, lambda_q1, lambda_k1, lambda_q2, lambda_k2 and
    subln.weight. The formulas are those of arXiv:2410.05258:

        out = (1 - lambda_init) RMSNorm((softmax(q1 k1) - lambda softmax(q2 k2)) v)

    embed_dim: the width of the hidden states; the head dimension d is embed_dim /
        (2 num_heads).
    depth: the number of the layer, from 0, which determines lambda_init.
    num_heads: output heads, half the heads of a standard attention of this width.
    num_kv_heads: key/value heads, num_heads by default.
    causal: query i sees key j if j <= i + cached tokens.
    window: (left, right), the number of keys that a query sees on each side; -1 is
        unlimited.
    bias: whether the projections have a bias; the published ones have none.

    lambda is computed in f32 and not rounded to the type of the query, as the
    published modules do; in bf16 the results differ by this rounding.

    Raises ValueError for numbers and shapes, TypeError for types.
    """

    def __init__(self, embed_dim: int, depth: int, num_heads: int,
                 num_kv_heads: int | None = None, *, causal: bool = True, window=None,
                 bias: bool = False, device=None, dtype=None):  # fmt: skip
        super().__init__("embed_dim", embed_dim, num_heads, num_kv_heads, causal, window)
        if embed_dim % (2 * num_heads):
            raise ValueError(f"embed_dim is {embed_dim}; multiples of 2 * num_heads "
                             f"({2 * num_heads}) are legal")  # fmt: skip
        self.head_dim = embed_dim // num_heads // 2
        self.lambda_init = get_lambda_init(check_int("depth", depth, 0))
        factory = {"device": device, "dtype": dtype}
        linear = {"bias": check_bool("bias", bias), **factory}
        kv_width = 2 * self.num_kv_heads * self.head_dim
        self.q_proj = nn.Linear(embed_dim, embed_dim, **linear)
        self.k_proj = nn.Linear(embed_dim, kv_width, **linear)
        self.v_proj = nn.Linear(embed_dim, kv_width, **linear)
        self.out_proj = nn.Linear(embed_dim, embed_dim, **linear)
        add_parameters(self, self.head_dim, 0.1, **factory)
        self.subln = nn.RMSNorm(2 * self.head_dim, eps=EPSILON, **factory)

    def forward(self, x: torch.Tensor, rel_pos=None, cache: KVCache | None = None) -> torch.Tensor:
        """Returns the hidden states after the attention, in the shape of x.

        x: hidden states [batch, tokens, embed_dim].
        rel_pos: (cos, sin), both [positions, up to d / 2], of the interleaved rotary
            embedding, as of rotary_tables. Row p is that of position p. The new tokens
            have the positions after those in the cache. None rotates nothing.
        cache: receives the keys and values of the new tokens.
        """
        q, k, v = self.project(x, rel_pos, cache, 2 * self.head_dim)
        # The weight takes over the factor 1 - lambda_init, so that all layers of a model
        # share a kernel.
        weight = self.subln.weight * (1 - self.lambda_init)
        out = _api.attention_v1(q, k, v, compute_lambda(self), weight, lambda_init=0.0,
                                eps=self.subln.eps, **self.options)  # fmt: skip
        return self.out_proj(out.flatten(2))


class DiffAttentionV2(_Attention):
    """DIFF V2 with the parameters of MultiheadFlashDiffV2: q_proj, k_proj, v_proj,
    o_proj and lambda_proj. Differential Transformer V2 has the formula

        out = softmax(q1 k) v - sigmoid(lambda) softmax(q2 k) v

    with a lambda for each token and output head.

    d_model: the width of the hidden states.
    num_heads: output heads; there are twice as many query heads.
    num_kv_heads: key/value heads, num_heads by default.
    head_dim: the head dimension d, d_model / num_heads by default.
    causal, window, bias: as in DiffAttentionV1.

    Raises ValueError for numbers and shapes, TypeError for types.
    """

    def __init__(self, d_model: int, num_heads: int, num_kv_heads: int | None = None,
                 head_dim: int | None = None, *, causal: bool = True, window=None,
                 bias: bool = False, device=None, dtype=None):  # fmt: skip
        super().__init__("d_model", d_model, num_heads, num_kv_heads, causal, window)
        if head_dim is None and d_model % num_heads:
            raise ValueError(f"d_model is {d_model}; without head_dim multiples of num_heads "
                             f"({num_heads}) are legal")  # fmt: skip
        self.head_dim = d_model // num_heads if head_dim is None else check_int(
            "head_dim", head_dim, 1)  # fmt: skip
        linear = {"bias": check_bool("bias", bias), "device": device, "dtype": dtype}
        kv_width = self.num_kv_heads * self.head_dim
        self.q_proj = nn.Linear(d_model, 2 * num_heads * self.head_dim, **linear)
        self.k_proj = nn.Linear(d_model, kv_width, **linear)
        self.v_proj = nn.Linear(d_model, kv_width, **linear)
        self.o_proj = nn.Linear(num_heads * self.head_dim, d_model, **linear)
        self.lambda_proj = nn.Linear(d_model, num_heads, **linear)

    def forward(self, x: torch.Tensor, rel_pos=None, cache: KVCache | None = None) -> torch.Tensor:
        """Returns the hidden states after the attention, in the shape of x. The
        arguments are those of DiffAttentionV1.forward."""
        q, k, v = self.project(x, rel_pos, cache, self.head_dim)
        out = _api.attention(q, k, v, self.lambda_proj(x), **self.options)
        return self.o_proj(out.flatten(2))
