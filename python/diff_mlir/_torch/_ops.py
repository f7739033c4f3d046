# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Defines the ops, and registers their kernels and rules."""

from __future__ import annotations

import torch

from .._attention import run
from . import _autograd, _fake
from ._options import pack
from ._schemas import OPS, Op

LIBRARY = torch.library.Library("diff", "DEF")
_TAGS = (torch.Tag.pt2_compliant_tag,)
_DEVICES = ("CPU", "CUDA")
#: That of the log-sum-exp selects the overload in calls of the op without its name.
_RETURN_LSE = "bool return_lse=True"


def make_kernel(op: Op, lse: bool):
    def kernel(*tensors, target=None, chip=None, **keywords):
        if not keywords.pop("return_lse", True):
            raise ValueError("return_lse is False; leave it out for the output alone")
        named = {name: tensor for name, tensor in zip(op.tensors, tensors) if tensor is not None}
        results = run(op.variant, named, pack(keywords, lse), op.varlen, target, chip)
        return results if lse else results[0]

    return kernel


def make_out_kernel(op: Op, has_lse: bool):
    def kernel(*tensors, output, lse=None, target=None, chip=None, **keywords):
        named = {name: tensor for name, tensor in zip(op.tensors, tensors) if tensor is not None}
        results = (output, lse) if has_lse else (output,)
        run(op.variant, named, pack(keywords, has_lse), op.varlen, target, chip, results)

    return kernel


def make_autocast(op: Op, overload, device: str):
    """The rule of autocast: query, key, value and gate are cast as autocast casts the
    operands of a matrix product. The logits of lambda may stay f32; lambda and the
    weight of V1 are used in f32."""
    keys = torch._C.DispatchKeySet(getattr(torch._C.DispatchKey, f"Autocast{device}"))
    device_type = device.lower()

    def cast(name: str, tensor, dtype):
        if not isinstance(tensor, torch.Tensor) or tensor.device.type != device_type:
            return tensor
        if not tensor.is_floating_point() or tensor.dtype == torch.float64:
            return tensor
        if name in ("q", "k", "v", "gate"):
            return tensor.to(dtype)
        if name == "lam" and op.variant == "v2" and tensor.dtype != dtype:
            return tensor.to(torch.float32)
        return tensor

    def kernel(*tensors, **keywords):
        dtype = torch.get_autocast_dtype(device_type)
        with torch._C._ExcludeDispatchKeyGuard(keys):
            tensors = (cast(name, tensor, dtype) for name, tensor in zip(op.tensors, tensors))
            return overload(*tensors, **keywords)

    return kernel


def make_scalar(overload, lam_index: int):
    """The overload in which lambda is a number."""

    def kernel(*arguments, **keywords):
        query = arguments[0]
        dtype = torch.float64 if query.dtype == torch.float64 else torch.float32
        lam = torch.full((), arguments[lam_index], dtype=dtype, device=query.device)
        return overload(*arguments[:lam_index], lam, *arguments[lam_index + 1 :], **keywords)

    return kernel


def get_overload(op: Op, overload: str):
    return getattr(getattr(torch.ops.diff, op.name), overload or "default")


def implement(op: Op, overload: str, kernel, fake) -> None:
    name = f"{op.name}.{overload}" if overload else op.name
    for device in _DEVICES:
        LIBRARY.impl(name, kernel, device)
        LIBRARY.impl(name, make_autocast(op, get_overload(op, overload), device), f"Autocast{device}")
    torch.library.register_fake(f"diff::{name}", fake, lib=LIBRARY)


def define(op: Op) -> None:
    # A call without the name of an overload takes the first whose arguments fit.
    overloads = (("", False), ("lse", True))
    for overload, lse in overloads:
        returns = "(Tensor, Tensor)" if lse else "Tensor"
        options = (_RETURN_LSE,) if lse else ()
        LIBRARY.define(op.schema(overload, returns, options), tags=_TAGS)
        implement(op, overload, make_kernel(op, lse), _fake.make_rule(op, lse))
    for overload, lse in (("out", False), ("lse_out", True)):
        # Dynamo refuses an argument `out` that is not contiguous.
        options = ("Tensor(a!) output", "Tensor(b!) lse") if lse else ("Tensor(a!) output",)
        LIBRARY.define(op.schema(overload, "()", options), tags=_TAGS)
        implement(op, overload, make_out_kernel(op, lse), _fake.make_out_rule(op, lse))
        LIBRARY.impl(f"{op.name}.{overload}", _autograd.refuse_gradients(
            op.name, get_overload(op, overload), "out is given and an argument requires gradients; "
            "call it without out, or under torch.no_grad()"), "Autograd", with_keyset=True)  # fmt: skip
    if op.variant == "v1":
        for overload, lse in overloads:
            returns = "(Tensor, Tensor)" if lse else "Tensor"
            options = (_RETURN_LSE,) if lse else ()
            name = "Scalar_lse" if lse else "Scalar"
            LIBRARY.define(op.schema(name, returns, options, scalar=True), tags=_TAGS)
            kernel = make_scalar(get_overload(op, overload), op.tensors.index("lam"))
            LIBRARY.impl(f"{op.name}.{name}", kernel, "CompositeImplicitAutograd")
    define_backward(op)
    for overload, _ in overloads:
        name = f"{op.name}.{overload}" if overload else op.name
        LIBRARY.impl(name, _autograd.make_autograd(op, get_overload(op, overload)), "Autograd",
                     with_keyset=True)  # fmt: skip


def define_backward(op: Op) -> None:
    name = f"{op.name}_backward"
    LIBRARY.define(op.backward_schema(), tags=_TAGS)
    for device in _DEVICES:
        LIBRARY.impl(name, _autograd.make_backward(op), device)
    torch.library.register_fake(f"diff::{name}", _fake.make_backward_rule(op), lib=LIBRARY)
    LIBRARY.impl(name, _autograd.refuse_gradients(
        op.name, getattr(torch.ops.diff, name).default, "second derivatives are not supported"),
        "Autograd", with_keyset=True)  # fmt: skip


for _op in OPS:
    define(_op)
