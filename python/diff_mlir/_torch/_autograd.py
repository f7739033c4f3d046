# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The rules for gradients."""

from __future__ import annotations

import torch

from .._options import check_options
from ._options import pack
from ._recompute import Form, backward
from ._schemas import Op


def make_backward(op: Op):
    """The kernel of NAME_backward, for all devices."""

    def kernel(grad, grad_lse, *tensors, needed, **keywords):
        options = check_options(*pack(keywords, False))
        named = {name: tensor for name, tensor in zip(op.tensors, tensors) if tensor is not None}
        wanted = [name for name, is_needed in zip(op.tensors, needed) if is_needed]
        return backward(Form(op.variant, options, op.varlen), named, grad, grad_lse, wanted)

    return kernel


class _Gradients(torch.autograd.Function):
    """An op below autograd, and its backward op. Faster than register_autograd."""

    @staticmethod
    def forward(ctx, overload, backward_op, keyset, keywords, *tensors):
        ctx.save_for_backward(*tensors)
        ctx.set_materialize_grads(False)
        ctx.backward_op, ctx.options = backward_op, keywords
        with torch._C._AutoDispatchBelowAutograd():
            return overload.redispatch(keyset & torch._C._after_autograd_keyset, *tensors, **keywords)

    @staticmethod
    def backward(ctx, grad, grad_lse=None):
        needed = list(ctx.needs_input_grad[4:])
        options = {key: value for key, value in ctx.options.items() if key != "return_lse"}
        found = iter(ctx.backward_op(grad, grad_lse, *ctx.saved_tensors, needed=needed, **options))
        return None, None, None, None, *(next(found) if is_needed else None for is_needed in needed)


def make_autograd(op: Op, overload):
    """The kernel of an op for the key of autograd."""
    backward_op = getattr(torch.ops.diff, f"{op.name}_backward").default
    count = len(op.tensors)

    def kernel(keyset, *tensors, **keywords):
        if torch.is_grad_enabled() and torch._C._any_requires_grad(*tensors):
            # PyTorch leaves out the last arguments that have their default.
            tensors += (None,) * (count - len(tensors))
            return _Gradients.apply(overload, backward_op, keyset, keywords, *tensors)
        with torch._C._AutoDispatchBelowAutograd():
            return overload.redispatch(keyset & torch._C._after_autograd_keyset, *tensors, **keywords)

    return kernel


def refuse_gradients(op_name: str, overload, what: str):
    """A kernel for the key of autograd that raises where a gradient would be needed."""

    def kernel(keyset, *tensors, **keywords):
        if torch.is_grad_enabled() and torch._C._any_requires_grad(*tensors, **keywords):
            raise ValueError(f"{op_name}: {what}")
        return overload.redispatch(keyset & torch._C._after_autograd_keyset, *tensors, **keywords)

    return kernel
