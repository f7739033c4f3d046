# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Lambda of DIFF V1, from "Differential Transformer" (arXiv:2410.05258)."""

from __future__ import annotations

import math

import torch
from torch import nn

NAMES = ("lambda_q1", "lambda_k1", "lambda_q2", "lambda_k2")


def get_lambda_init(layer: int) -> float:
    """0.8 - 0.6 exp(-0.3 layer); layers are counted from 0."""
    return 0.8 - 0.6 * math.exp(-0.3 * layer)


def add_parameters(module: nn.Module, dim: int, deviation: float, **factory) -> None:
    """Adds the four vectors [dim], normal with a standard deviation."""
    for name in NAMES:
        vector = torch.empty(dim, **factory).normal_(0, deviation)
        module.register_parameter(name, nn.Parameter(vector))


def compute_lambda(module: nn.Module) -> torch.Tensor:
    """exp(q1 . k1) - exp(q2 . k2) + lambda_init, a 0-d tensor of f32 (of f64 for f64).

    The published modules round both exponentials to the type of the query. Here nothing
    is rounded.
    """
    wide = torch.promote_types(module.lambda_q1.dtype, torch.float32)
    q1, k1, q2, k2 = (getattr(module, name).to(wide) for name in NAMES)
    return torch.exp((q1 * k1).sum()) - torch.exp((q2 * k2).sum()) + module.lambda_init
