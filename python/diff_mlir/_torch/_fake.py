# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The rules for fake tensors, whose sizes may be symbols."""

from __future__ import annotations

import torch

from .._arguments import Array, Checker, Sizes
from .._arrays import NAMES
from .._options import check_options
from ._options import pack
from ._schemas import Op

ELEMENTS = {getattr(torch, name): element for element, name in NAMES.items()} | {torch.int32: "i32"}


class SymbolicSizes(Sizes):
    """Sizes that are equal by a guard, or by an assertion at run time."""

    def require_equal(self, known, size, message) -> None:
        torch._check_value(known == size, message)


def describe(name: str, tensor: torch.Tensor) -> Array:
    element = ELEMENTS.get(tensor.dtype, str(tensor.dtype))
    return Array(name, "torch", element, tensor.device, tuple(tensor.shape))


def make_rule(op: Op, lse: bool):
    def rule(*tensors, **keywords):
        options = check_options(*pack(keywords, lse))
        arrays = {name: describe(name, tensor) for name, tensor in zip(op.tensors, tensors)
                  if tensor is not None}  # fmt: skip
        checker = Checker(op.variant, arrays, options, op.varlen, SymbolicSizes())
        checker.check_shapes()
        query = tensors[0]
        output = query.new_empty(checker.output_shape())
        if not lse:
            return output
        dtype = getattr(torch, NAMES[checker.compute])
        return output, query.new_empty(checker.lse_shape(), dtype=dtype)

    return rule


def make_out_rule(op: Op, has_lse: bool):
    rule = make_rule(op, has_lse)

    def out_rule(*tensors, output, lse=None, **keywords):
        expected = rule(*tensors, **keywords)
        check_result("out", output, expected[0] if has_lse else expected)
        if has_lse:
            check_result("out[1]", lse, expected[1])

    return out_rule


def check_result(name: str, tensor: torch.Tensor, wanted: torch.Tensor) -> None:
    if tensor.dtype != wanted.dtype:
        raise TypeError(f"{name} has elements of type {tensor.dtype}; {wanted.dtype} is legal")

    def message() -> str:
        return f"{name} has the shape {tuple(tensor.shape)}; {tuple(wanted.shape)} is legal"

    torch._check_value(tensor.dim() == wanted.dim(), message)
    for size, legal in zip(tensor.shape, wanted.shape):
        torch._check_value(size == legal, message)


def make_backward_rule(op: Op):
    def rule(grad, grad_lse, *tensors, needed, **options):
        chosen = [tensor for tensor, is_needed in zip(tensors, needed) if is_needed]
        return [torch.empty_like(tensor, memory_format=torch.contiguous_format)
                for tensor in chosen]  # fmt: skip

    return rule
