# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The attention of DiffLlama in transformers 5.24."""

from __future__ import annotations

import torch
from torch import nn

from .. import _api
from ._lambda import add_parameters, compute_lambda, get_lambda_init
from ._masks import Packing, read_mask
from ._rotary import rotate_halves

#: The first members of all pairs of heads precede the second ones.
_OPTIONS = {"causal": True, "pair_layout": "halves"}
#: Arguments of transformers' layers that do not change the attention.
_HARMLESS = ("position_ids", "use_cache", "output_hidden_states", "return_dict",
             "num_items_in_batch", "shift_labels")  # fmt: skip
_DEFAULTS = {"output_attentions": False, "is_causal": True}


def find_option(arguments: dict) -> str | None:
    """The name of an argument that may change the attention."""
    for name, value in arguments.items():
        if not (value is None or name in _HARMLESS or value is _DEFAULTS.get(name)):
            return name
    return None


def get_seen(cache, layer: int) -> int:
    """The number of cached tokens of a layer."""
    return 0 if cache is None else int(cache.get_seq_length(layer))


def _attend_packed(q, k, v, lam, weight, packing: Packing, options: dict) -> torch.Tensor:
    """The rows of padding are 0."""
    if packing.starts is not None:
        # Views of the cache.
        rows = [_api.attention_v1(q[i : i + 1], k[i : i + 1, :, start:], v[i : i + 1, :, start:],
                                  lam, weight, layout="bhsd", **options)
                for i, start in enumerate(packing.starts)]  # fmt: skip
        return torch.cat(rows).transpose(1, 2)
    q = q.transpose(1, 2)[packing.rows]
    k, v = (x.transpose(1, 2)[packing.columns] for x in (k, v))
    packed = _api.attention_v1_varlen(q, k, v, lam, packing.offsets_q, packing.offsets_k, weight,
                                      **options)  # fmt: skip
    out = packed.new_zeros(*packing.rows.shape, *packed.shape[1:])
    out[packing.rows] = packed
    return out


def attend(module: nn.Module, hidden_states, position_embeddings, packing: Packing | None, cache,
           seen: int, eps: float) -> torch.Tensor:  # fmt: skip
    """The attention of a module with the parameters of DiffLlama's.

    hidden_states [batch, tokens, width]; position_embeddings (cos, sin), both [batch or
    1, tokens, d]; `seen` is the number of tokens in the cache.
    """
    q, k, v = (projection(hidden_states).unflatten(-1, (-1, module.head_dim)).transpose(1, 2)
               for projection in (module.q_proj, module.k_proj, module.v_proj))  # fmt: skip
    q, k = (rotate_halves(x, *position_embeddings) for x in (q, k))
    if cache is not None:
        k, v = cache.update(k, v, module.layer_idx)
        # A static cache returns its whole storage.
        keys = seen + hidden_states.shape[1]
        k, v = k[:, :, :keys], v[:, :, :keys]
    # The norm has no weight. This one takes over the factor 1 - lambda_init, so that all
    # layers of a model share a kernel.
    lam = compute_lambda(module)
    weight = torch.full((2 * module.head_dim,), 1 - module.lambda_init, dtype=lam.dtype,
                        device=lam.device)  # fmt: skip
    options = {"lambda_init": 0.0, "eps": eps, **_OPTIONS}
    if packing is None:
        out = _api.attention_v1(q, k, v, lam, weight, layout="bhsd", **options).transpose(1, 2)
    else:
        out = _attend_packed(q, k, v, lam, weight, packing, options)
    return module.o_proj(out.flatten(2))


class DiffLlamaAttention(nn.Module):
    """DIFF V1 with the parameters of transformers' DiffLlamaAttention: q_proj, k_proj,
    v_proj, o_proj, lambda_q1, lambda_k1, lambda_q2 and lambda_k2. The formulas are those
    of DiffAttentionV1, with a norm without weight, and with other orders: query heads j
    and j + h form a pair, as do key heads g and g + h_kv, and value heads g and g + h_kv
    are concatenated.

    config: a DiffLlamaConfig, or an object with its attributes hidden_size, head_dim,
        num_attention_heads (2h), num_key_value_heads (2 h_kv), attention_bias,
        rms_norm_eps and lambda_std_dev.
    layer_idx: the number of the layer, from 0, for lambda_init and for the cache.

    lambda is computed in f32 and not rounded to the type of the query.

    Raises ValueError if num_key_value_heads is odd or no divisor of num_attention_heads.
    """

    def __init__(self, config, layer_idx: int):
        super().__init__()
        heads, kv_heads = config.num_attention_heads, config.num_key_value_heads
        if kv_heads < 2 or kv_heads % 2 or heads % kv_heads:
            raise ValueError(f"num_key_value_heads is {kv_heads}; even divisors of "
                             f"num_attention_heads ({heads}) are legal")  # fmt: skip
        self.config, self.layer_idx, self.head_dim = config, layer_idx, config.head_dim
        self.lambda_init = get_lambda_init(layer_idx)
        bias = config.attention_bias
        self.q_proj = nn.Linear(config.hidden_size, heads * self.head_dim, bias=bias)
        self.k_proj = nn.Linear(config.hidden_size, kv_heads * self.head_dim, bias=bias)
        self.v_proj = nn.Linear(config.hidden_size, kv_heads * self.head_dim, bias=bias)
        self.o_proj = nn.Linear(heads * self.head_dim, config.hidden_size, bias=bias)
        add_parameters(self, self.head_dim, config.lambda_std_dev)

    def forward(self, hidden_states: torch.Tensor, position_embeddings, attention_mask=None,
                cache=None, **others):  # fmt: skip
        """Returns the hidden states after the attention and None, as there are no
        attention weights.

        hidden_states: [batch, tokens, hidden_size].
        position_embeddings: (cos, sin), both [batch or 1, tokens, head_dim], of
            DiffLlama's rotary embedding; their halves are equal.
        attention_mask: None for a causal mask, or a causal mask with padding [batch or 1,
            1, tokens, keys], of bool (True: visible) or added to the scores. A token that
            no token sees is padding. The output of padding is 0 before o_proj.
        cache: a Cache of transformers without a sliding window.
        others: arguments of transformers' layers that do not change the attention, such
            as position_ids.

        Raises ValueError for other masks, TypeError for other arguments.
        """
        option = find_option(others)
        if option:
            raise TypeError(f"{option} is set; None is legal")
        seen = get_seen(cache, self.layer_idx)
        packing = None
        if attention_mask is not None:
            packing = read_mask(attention_mask, *hidden_states.shape[:2], seen)
        out = attend(self, hidden_states, position_embeddings, packing, cache, seen,
                     self.config.rms_norm_eps)  # fmt: skip
        return out, None
