# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The attention of a patched DiffLlama model."""

from __future__ import annotations

import warnings
from collections import Counter

import torch
from transformers.cache_utils import DynamicCache, DynamicLayer, StaticCache, StaticLayer
from transformers.models.diffllama.modeling_diffllama import (
    DiffLlamaAttention,
    DiffLlamaPreTrainedModel,
)
from transformers.utils.output_capturing import _active_collector

from ..modules._diffllama import attend, find_option, get_seen
from ..modules._masks import Packing, read_mask

_IMPLEMENTATIONS = ("eager", "sdpa")
_FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)


class _Fallback(Exception):
    """Why the model's own code runs."""


class PatchedAttention(DiffLlamaAttention):
    """The class of the attention modules of a patched model.

    diff_mlir_fallbacks counts the calls that took the model's own code, by reason.
    """

    def forward(self, hidden_states, position_embeddings, attention_mask=None, cache=None,
                **kwargs):  # fmt: skip
        try:
            seen, packing = self._read(hidden_states, attention_mask, cache, kwargs)
        except _Fallback as error:
            reason = str(error)
        else:
            out = attend(self, hidden_states, position_embeddings, packing, cache, seen,
                         self.groupnorm.eps)  # fmt: skip
            return out, None
        self.diff_mlir_fallbacks[reason] += 1
        warnings.warn(f"DiffLlama's own attention runs: {reason}", RuntimeWarning, stacklevel=2)
        if cache is not None:
            kwargs["cache"] = cache
        return super().forward(hidden_states, position_embeddings, attention_mask, **kwargs)

    def _read(self, hidden_states, mask, cache, kwargs) -> tuple[int, Packing | None]:
        """Returns the number of cached tokens and the padding, or raises _Fallback."""
        implementation = self.config._attn_implementation
        if implementation not in _IMPLEMENTATIONS:
            raise _Fallback(f"the attention implementation is {implementation!r}")
        collected = _active_collector.get()
        if collected is not None and "attentions" in collected:
            raise _Fallback("output_attentions is set")
        option = find_option(kwargs)
        if option:
            raise _Fallback(f"{option} is set")
        if self.training and self.attention_dropout:
            raise _Fallback("attention_dropout is set in training")
        if not self.is_causal:
            raise _Fallback("the attention is not causal")
        if hidden_states.device.type not in ("cpu", "cuda"):
            raise _Fallback(f"the device is {hidden_states.device.type}")
        if hidden_states.dtype not in _FLOATS:
            raise _Fallback(f"the type is {hidden_states.dtype}")
        self._check_cache(cache)
        batch, tokens, _ = hidden_states.shape
        seen = get_seen(cache, self.layer_idx)
        if mask is not None:
            try:
                return seen, read_mask(mask, batch, tokens, seen)
            except ValueError as error:
                raise _Fallback(str(error)) from None
        # What no mask means depends on the implementation.
        if tokens > 1 and (implementation == "eager" or seen):
            raise _Fallback("attention_mask is None")
        return seen, None

    def _check_cache(self, cache) -> None:
        if cache is None:
            return
        if not isinstance(cache, (DynamicCache, StaticCache)):
            raise _Fallback(f"the cache is {type(cache).__name__}")
        # A dynamic cache appends its layers when they are used.
        for layer in cache.layers[self.layer_idx : self.layer_idx + 1]:
            if type(layer) not in (DynamicLayer, StaticLayer):
                raise _Fallback(f"the layer of the cache is {type(layer).__name__}")


def _select(model, kind: type) -> list:
    if not isinstance(model, DiffLlamaPreTrainedModel):
        raise TypeError(f"model is a {type(model).__name__}; DiffLlama models of transformers "
                        "are legal")  # fmt: skip
    return [module for module in model.modules() if type(module) is kind]


def patch(model) -> None:
    attentions = _select(model, DiffLlamaAttention)
    if any("forward" in vars(attention) for attention in attentions):
        raise RuntimeError("model has an attention module whose forward is replaced; a model "
                           "without hooks that replace it is legal")  # fmt: skip
    for attention in attentions:
        attention.__class__ = PatchedAttention
        attention.diff_mlir_fallbacks = Counter()


def unpatch(model) -> None:
    for attention in _select(model, PatchedAttention):
        attention.__class__ = DiffLlamaAttention
        del attention.diff_mlir_fallbacks


def count_fallbacks(model) -> Counter:
    total: Counter = Counter()
    for attention in _select(model, PatchedAttention):
        total.update(attention.diff_mlir_fallbacks)
    return total
