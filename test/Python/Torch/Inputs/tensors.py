# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Tensors for cases of difftest."""

from __future__ import annotations

import torch
from difftest.cases import Case


def make_inputs(case: Case, dtype: torch.dtype, requires_grad: bool = False, generator=None) -> dict:
    """Random arguments of a case, by name."""
    compute = torch.float64 if dtype == torch.float64 else torch.float32
    inputs = {}
    for name, shape, kind in case.arguments():
        if kind == "offset":
            offsets = case.offsets[name.endswith("_k")]
            inputs[name] = torch.tensor(offsets, dtype=torch.int32)
            continue
        tensor = torch.randn(shape, generator=generator, dtype=torch.float64)
        tensor = tensor.to(compute if kind == "compute" else dtype)
        inputs[name] = tensor.requires_grad_(requires_grad)
    return inputs


def as_tuple(results: dict) -> tuple:
    """The results of a call; the log-sum-exp of rows without keys becomes 0, because
    -inf has no differences."""
    return tuple(torch.where(torch.isfinite(tensor), tensor, 0) if name == "lse" else tensor
                 for name, tensor in results.items())  # fmt: skip
