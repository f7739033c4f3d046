# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""DiffLlama of transformers with the attention of this package.

    from diff_mlir.integrations.transformers import fallbacks, patch, unpatch

    model = patch(DiffLlamaForCausalLM.from_pretrained(name))
    model.generate(**inputs)
    print(fallbacks(model))     # {} if every call took the attention of this package

A patched model keeps its parameters, its cache and its hooks. Masks that are causal,
with or without padding, are ours. For everything else, the model's own code runs: then
a RuntimeWarning tells the reason, and fallbacks() counts it. torch.compile breaks its
graph where a mask is read.
"""

from __future__ import annotations

#: The release whose attention is replaced. Others may compute something else.
VERSION = "5.24.0"


def _load():
    """The implementation, which imports transformers."""
    try:
        import transformers
    except ImportError:
        raise RuntimeError(f"transformers is not installed; {VERSION} is legal") from None
    if transformers.__version__ != VERSION:
        raise RuntimeError(f"transformers is {transformers.__version__}; {VERSION} is legal")
    from . import _patched_diffllama

    return _patched_diffllama


def patch(model):
    """Replaces the attention of a DiffLlama model in place, and returns the model.

    A second call changes nothing. The result of a token of padding is the one of an
    attention whose output is 0.

    Raises TypeError for other models, and RuntimeError for other releases of
    transformers than 5.24.0, and if the forward of an attention module is replaced
    already, as by hooks of accelerate.
    """
    _load().patch(model)
    return model


def unpatch(model):
    """Restores the model's own attention in place, and returns the model. Raises the
    errors of patch."""
    _load().unpatch(model)
    return model


def fallbacks(model) -> dict[str, int]:
    """How many calls of attention modules took the model's own code since patch, by
    reason. Raises the errors of patch."""
    return dict(_load().count_fallbacks(model))
