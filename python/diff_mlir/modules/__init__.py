# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""PyTorch modules with the parameters of the published models.

DiffAttentionV1 and DiffAttentionV2 take the state of the modules of microsoft/unilm,
DiffLlamaAttention that of transformers. KVCache keeps keys and values of the first two,
and rotary_tables computes cosines and sines for them.
"""

from ._cache import KVCache
from ._diffllama import DiffLlamaAttention
from ._rotary import rotary_tables
from ._unilm import DiffAttentionV1, DiffAttentionV2

__all__ = [
    "DiffAttentionV1",
    "DiffAttentionV2",
    "DiffLlamaAttention",
    "KVCache",
    "rotary_tables",
]
