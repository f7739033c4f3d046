# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Differential attention for arrays: compiled by DiffMLIR, cached on disk.

attention, attention_v1 and softmax_attention compute DIFF V2, DIFF V1 and standard
attention; their twins end in _varlen. compile() compiles any IR that diff-run takes.
"""

from ._api import (
    attention,
    attention_v1,
    attention_v1_varlen,
    attention_varlen,
    softmax_attention,
    softmax_attention_varlen,
)
from ._version import __version__

__all__ = [
    "attention",
    "attention_v1",
    "attention_v1_varlen",
    "attention_varlen",
    "softmax_attention",
    "softmax_attention_varlen",
    "__version__",
]
