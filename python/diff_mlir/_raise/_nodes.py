# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Nodes of FX graphs, whichever tracer has made them: functions of torch, methods of
tensors, operators, modules and ATen ops."""

from __future__ import annotations

import torch
from torch import fx

#: Results in another element type, with the same shape.
CASTS = {"to", "float", "half", "bfloat16", "double", "type_as", "type", "_to_copy"}
#: The argument itself. Dropout is among them if it does nothing.
COPIES = {"contiguous", "clone", "alias"}
_OPERATORS = {"truediv": "div", "true_divide": "div", "multiply": "mul", "subtract": "sub",
              "split_with_sizes": "split", "swapaxes": "transpose", "swapdims": "transpose"}  # fmt: skip
_MODULES = {torch.nn.RMSNorm: "rms_norm_module", torch.nn.Dropout: "dropout_module",
            torch.nn.Identity: "identity", torch.nn.Sigmoid: "sigmoid"}  # fmt: skip


def get_module(node: fx.Node) -> torch.nn.Module:
    return node.graph.owning_module.get_submodule(node.target)


def get_name(node) -> str:
    """What a node does, such as "sub" for operator.sub, torch.sub and aten.sub.Tensor.
    "" if it is no call."""
    if not isinstance(node, fx.Node):
        return ""
    if node.op == "call_module":
        return _MODULES.get(type(get_module(node)), "")
    if node.op == "call_method":
        name = node.target
    elif node.op != "call_function":
        return ""
    elif isinstance(node.target, torch._ops.OpOverload):
        if node.target.namespace != "aten":
            return ""
        name = node.target._schema.name.split("::")[1]
    else:
        name = getattr(node.target, "__name__", "")
    return _OPERATORS.get(name, name)


def get_argument(node: fx.Node, index: int, name: str, default=None):
    return node.args[index] if len(node.args) > index else node.kwargs.get(name, default)


def get_value(node):
    """The fake or example value of a node, or the constant."""
    if not isinstance(node, fx.Node):
        return node
    value = node.meta.get("val", node.meta.get("example_value"))
    if value is None and node.op == "get_attr":
        value = node.graph.owning_module
        for part in node.target.split("."):
            value = getattr(value, part)
    return value


def get_number(node):
    """The number that an argument is, or None. torch.compile passes the attributes of
    modules as symbols, on whose value this makes a guard."""
    value = get_value(node)
    if isinstance(value, torch.SymFloat):
        return float(value) if value.node.hint is not None else None
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def get_shape(node: fx.Node) -> tuple | None:
    value = get_value(node)
    if not isinstance(value, torch.Tensor):
        return None
    sizes = ((size, None if isinstance(size, int) else size.node.maybe_as_int()) for size in value.shape)
    return tuple(size if number is None else number for size, number in sizes)


def specialize(size) -> None:
    """Makes a guard on the value of a symbolic size, if it has one."""
    if not isinstance(size, int) and size.node.hint is not None:
        int(size)


def is_equal(one, two) -> bool:
    """True if two sizes are equal, whatever the symbols are."""
    if isinstance(one, int) and isinstance(two, int):
        return one == two
    from torch.fx.experimental.symbolic_shapes import statically_known_true

    return statically_known_true(one == two)


def skips(node: fx.Node) -> bool:
    """True for nodes that return their first argument, in any element type."""
    name = get_name(node)
    if name in CASTS:
        values = [get_value(node), get_value(node.args[0])]
        if not all(isinstance(value, torch.Tensor) for value in values):
            return False
        return values[0].device == values[1].device and all(
            value.dtype.is_floating_point for value in values)  # fmt: skip
    if name == "dropout_module":
        module = get_module(node)
        return module.p == 0 or not module.training
    if name == "dropout":
        training = get_argument(node, 2, "training", node.kwargs.get("train", True))
        return get_argument(node, 1, "p", 0.5) == 0 or training is False
    return name in COPIES or name == "identity"


def strip(node):
    """The node before casts and copies."""
    while isinstance(node, fx.Node) and skips(node):
        node = node.args[0]
    return node


def is_assertion(node: fx.Node) -> bool:
    """True for a check that torch.export adds to casts."""
    return get_name(node) == "_assert_tensor_metadata"


def is_mutation(node: fx.Node) -> bool:
    if node.op == "call_method":
        return node.target.endswith("_") and not node.target.endswith("__")
    if node.op != "call_function":
        return False
    if isinstance(node.target, torch._ops.OpOverload):
        return node.target._schema.is_mutable
    name = getattr(node.target, "__name__", "")
    in_place = {"iadd", "isub", "imul", "itruediv", "setitem"}
    return name in in_place or (name.endswith("_") and not name.endswith("__"))
