# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The attentions as PyTorch ops in the namespace torch.ops.diff.

For each function of diff_mlir (attention, attention_v1, softmax_attention and their
twins in _varlen), with the same arguments:

    NAME            returns the output
    NAME.lse        returns the output and the log-sum-exp
    NAME.out        writes into `output` and returns nothing
    NAME.lse_out    writes into `output` and `lse` and returns nothing
    NAME.Scalar     lambda is a number; also Scalar_lse (V1)
    NAME_backward   returns the gradients

torch.ops.diff.NAME(..., return_lse=True) selects NAME.lse. The ops have rules for fake
tensors with symbolic sizes, for autocast and for gradients, so they may stand inside
torch.compile(fullgraph=True) and torch.export.

Gradients recompute the scores with PyTorch's ops, in blocks of query rows, because
there are no backward kernels yet. Second derivatives and torch.func.grad are not
supported.
"""

from ._call import call
from ._ops import LIBRARY

__all__ = ["LIBRARY", "call"]
