# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What follows the subtraction in DIFF V1: RMSNorm, its weight and a constant factor."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import fx

from ._nodes import get_argument, get_module, get_name, get_number, get_shape, get_value, is_equal, skips, strip
from ._views import get_view, source


@dataclass
class Norm:
    """`last` is the last node that the op replaces. `views` are the views between the
    subtraction and it. `weight` is a node or the name of a parameter."""

    last: fx.Node
    eps: float
    weight: fx.Node | str | None = None
    factor: float = 1.0
    views: list[fx.Node] = field(default_factory=list)


def only_user(node: fx.Node) -> fx.Node | None:
    return next(iter(node.users)) if len(node.users) == 1 else None


def split_product(node: fx.Node, factor: fx.Node):
    """The other factor of a product, or None."""
    if get_name(node) != "mul" or len(node.args) != 2:
        return None
    one, two = node.args
    for first, second in ((one, two), (two, one)):
        if first is factor or strip(first) is factor:
            return second
    return None


def keeps_last_dim(node: fx.Node) -> bool:
    """True for a view that leaves the last dimension as it is."""
    before = source(node, casts=True)
    if before is None or None in (get_shape(before), get_shape(node)):
        return False
    view = get_view([node, before], before)
    axis = len(get_shape(before)) - 1
    return view is not None and len(view.dims) > 0 and len(view.dims[-1]) == 1 and (
        view.dims[-1][0].axis == axis and is_equal(view.dims[-1][0].extent, get_shape(before)[-1])
        and all(offset == 0 for offset in view.offsets))  # fmt: skip


def read_norm(node: fx.Node, width: int) -> Norm | None:
    """A node that is an RMSNorm of its first argument over the last dimension."""
    name = get_name(node)
    if name == "rms_norm":
        weight, eps = get_argument(node, 2, "weight"), get_number(get_argument(node, 3, "eps"))
        shape = get_argument(node, 1, "normalized_shape")
    elif name == "rms_norm_module":
        module = get_module(node)
        weight = f"{node.target}.weight" if module.weight is not None else None
        shape, eps = module.normalized_shape, module.eps
    else:
        return None
    if list(shape) != [width]:
        return None
    if eps is None:
        eps = torch.finfo(get_value(node.args[0]).dtype).eps
    return Norm(node, eps, weight) if eps > 0 else None


def is_last_dim(dims, rank: int) -> bool:
    dims = dims if isinstance(dims, (list, tuple)) else [dims]
    return len(dims) == 1 and dims[0] in (-1, rank - 1)


def read_inverse(node, squares) -> float | None:
    """The eps of 1/sqrt(mean(x^2) + eps), or of its inverse; `squares` is x."""
    total = strip(node)
    if get_name(total) != "add":
        return None
    mean, eps = strip(total.args[0]), get_number(total.args[1])
    if eps is None or get_name(mean) != "mean" or not get_argument(mean, 2, "keepdim", False):
        return None
    square = strip(mean.args[0])
    rank = len(get_shape(square) or ())
    if not is_last_dim(get_argument(mean, 1, "dim"), rank):
        return None
    name = get_name(square)
    if name == "pow" and square.args[1] == 2 or name == "square":
        base = square.args[0]
    elif name == "mul" and strip(square.args[0]) is strip(square.args[1]):
        base = square.args[0]
    else:
        return None
    return float(eps) if strip(base) is squares and eps > 0 else None


def read_written_out(x: fx.Node) -> Norm | None:
    """x * rsqrt(mean(x^2) + eps) or x / sqrt(mean(x^2) + eps) below a node x."""
    origin = strip(x)
    seen, work = set(), [x]
    while work:
        node = work.pop()
        for user in node.users:
            if skips(user):
                work.append(user)
            elif user not in seen:
                seen.add(user)
    for node in seen:
        factor = split_product(node, origin)
        root = strip(factor) if isinstance(factor, fx.Node) else None
        eps = read_inverse(root.args[0], origin) if get_name(root) == "rsqrt" else None
        if get_name(node) == "div" and strip(node.args[0]) is origin:
            root = strip(node.args[1])
            eps = read_inverse(root.args[0], origin) if get_name(root) == "sqrt" else None
        if eps is not None:
            return Norm(node, eps)
    return None


def find_norm(sub: fx.Node, width: int) -> Norm | None:
    """The norm below a subtraction whose heads are `width` wide."""
    node, views = sub, []
    while True:
        norm = read_written_out(node)
        user = only_user(node)
        if norm is None and user is not None and user.args and user.args[0] is node:
            norm = read_norm(user, width)
        if norm is not None:
            norm.views = views
            return extend(norm, width)
        if user is None or not keeps_last_dim(user):
            return None
        if not skips(user):
            views.append(user)
        node = user


def extend(norm: Norm, width: int) -> Norm:
    """Adds weight and factor, which may come in any order."""
    has_factor, pending = False, []
    node = norm.last
    while (user := only_user(node)) is not None:
        other = split_product(user, node) if get_name(user) == "mul" else None
        shape = get_shape(other) if isinstance(other, fx.Node) else None
        number = get_number(other)
        if number is not None and not has_factor and number > 0:
            norm.factor, has_factor = float(number), True
        elif shape is not None and norm.weight is None and len(shape) == 1 and is_equal(shape[0], width):
            norm.weight = other
        elif keeps_last_dim(user) and source(user, casts=True) is node:
            if not skips(user):
                pending.append(user)
            node = user
            continue
        else:
            break
        node = user
        norm.last, norm.views, pending = node, norm.views + pending, []
    # A cast back to the type of the model belongs to the norm.
    while (user := only_user(norm.last)) is not None and skips(user) and user.args[0] is norm.last:
        norm.last = user
    return norm
