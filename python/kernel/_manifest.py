# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The manifest of a kernel: the tensors that it takes, its grid and its parameters."""

from __future__ import annotations

import ast
import json
import operator

import torch

TYPES = {"f16": torch.float16, "bf16": torch.bfloat16, "f32": torch.float32}
#: The names of arguments in the functions of this package.
NAMES = {"query": "q", "key": "k", "value": "v", "lambda": "lam"}
_OPERATORS = {ast.Add: operator.add, ast.Mult: operator.mul}
_FUNCTIONS = {"ceildiv": lambda a, b: -(-a // b), "floordiv": operator.floordiv, "mod": operator.mod}


def _evaluate(node, sizes: dict[str, int]) -> int:
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.Name):
        return sizes[node.id]
    if isinstance(node, ast.BinOp):
        return _OPERATORS[type(node.op)](_evaluate(node.left, sizes), _evaluate(node.right, sizes))
    return _FUNCTIONS[node.func.id](*(_evaluate(argument, sizes) for argument in node.args))


class Tensor:
    """An argument or a result."""

    def __init__(self, entry: dict):
        self.name = NAMES.get(entry["name"], entry["name"])
        self.type = TYPES[entry["element_type"]]
        self.shape = entry["shape"]
        self.alignment = entry["alignment"]
        self.multiple = max(1, self.alignment // self.type.itemsize)

    def check(self, tensor, sizes: dict[str, int]) -> None:
        """Checks the type and the shape. Adds sizes that are not known yet."""
        if tensor.dtype != self.type:
            raise TypeError(f"{self.name} has elements of type {tensor.dtype}; {self.type} is legal")
        found = tuple(tensor.shape)
        legal = tuple(sizes.get(size, size) for size in self.shape)
        if len(found) != len(legal) or any(
                isinstance(size, int) and size != other for size, other in zip(legal, found)):  # fmt: skip
            raise ValueError(f"{self.name} has the shape {found}; ({', '.join(map(str, legal))}) is legal")
        sizes.update((size, other) for size, other in zip(legal, found) if isinstance(size, str))

    def is_readable(self, tensor) -> bool:
        """Whether the kernel can read these strides and this address."""
        if 0 in tensor.shape:
            return True
        *outer, inner = ((size, stride) for size, stride in zip(tensor.shape, tensor.stride()))
        return (tensor.data_ptr() % self.alignment == 0 and (inner[0] == 1 or inner[1] == 1)
                and all(size == 1 or stride % self.multiple == 0 for size, stride in outer))  # fmt: skip


class Manifest:
    """A function with one kernel and one result, the last tensor."""

    def __init__(self, text: str):
        function = json.loads(text)["functions"][0]
        kernel = function["kernels"][0]
        self.kernel = kernel["name"]
        self.block = kernel["block"]
        self.shared_memory = kernel["dynamic_shared_memory"]
        self.tensors = [Tensor(entry) for entry in function["tensors"]]
        self._grid = [ast.parse(text, mode="eval").body for text in kernel["grid"]]
        numbers = {entry["name"]: i for i, entry in enumerate(function["tensors"])}
        self._parameters = [(entry["kind"], numbers[entry["tensor"]], entry.get("dimension"))
                            for entry in kernel["parameters"]]  # fmt: skip

    def get_grid(self, sizes: dict[str, int]) -> list[int]:
        grid = [_evaluate(size, sizes) for size in self._grid]
        if max(grid) >= 2**31:
            raise ValueError(f"the grid has {max(grid)} blocks; less than 2**31 are legal")
        return grid

    def get_parameters(self, tensors: list) -> list[int]:
        read = {"pointer": lambda tensor, _: tensor.data_ptr(),
                "size": lambda tensor, i: tensor.shape[i],
                "stride": lambda tensor, i: tensor.stride(i)}  # fmt: skip
        return [read[kind](tensors[number], dimension) for kind, number, dimension in self._parameters]
