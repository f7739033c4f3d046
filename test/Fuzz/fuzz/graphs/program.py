# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Programs: types, nodes, and the text of a module."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Callable, Iterable

#: Bits of the element types; floats are those of FLOATS.
BITS = {"i1": 1, "i8": 8, "i16": 16, "i32": 32, "i64": 64, "index": 64,
        "f16": 16, "bf16": 16, "f32": 32, "f64": 64}  # fmt: skip
FLOATS = ("f16", "bf16", "f32", "f64")


class Invalid(Exception):
    """No such program exists, or its numbers say nothing."""


def require(condition: Any) -> None:
    if not condition:
        raise Invalid


@dataclass(frozen=True)
class Tensor:
    """A ranked tensor. A dynamic dimension has a size as well: that of the run."""

    shape: tuple[int, ...]
    element: str
    dynamic: tuple[bool, ...] = ()

    def __post_init__(self):
        if len(self.dynamic) != len(self.shape):
            object.__setattr__(self, "dynamic", (False,) * len(self.shape))

    @property
    def rank(self) -> int:
        return len(self.shape)

    @property
    def is_float(self) -> bool:
        return self.element in FLOATS

    @property
    def elements(self) -> int:
        count = 1
        for size in self.shape:
            count *= size
        return count

    def __str__(self) -> str:
        sizes = ("?" if dynamic else str(size) for size, dynamic in zip(self.shape, self.dynamic))
        return f"tensor<{'x'.join([*sizes, self.element])}>"

    def with_element(self, element: str) -> Tensor:
        return replace(self, element=element)

    def pick(self, dims: Iterable[int]) -> Tensor:
        """The tensor of some dimensions, in their order."""
        dims = tuple(dims)
        return Tensor(tuple(self.shape[d] for d in dims), self.element,
                      tuple(self.dynamic[d] for d in dims))  # fmt: skip


#: A result of a node: the node's number and the result's.
Value = tuple[int, int]


@dataclass(frozen=True)
class Node:
    number: int
    op: str
    operands: tuple[Value, ...] = ()
    attrs: dict[str, Any] = field(default_factory=dict)

    def with_attrs(self, **changes) -> Node:
        return replace(self, attrs=self.attrs | changes)


@dataclass(frozen=True)
class Program:
    """Nodes in an order that defines before use; arguments are nodes, too."""

    nodes: tuple[Node, ...]
    results: tuple[Value, ...]
    seed: int  # of the arguments' values

    @property
    def arguments(self) -> list[Node]:
        return [node for node in self.nodes if node.op == "argument"]

    def find(self, number: int) -> Node:
        return next(node for node in self.nodes if node.number == number)

    def pruned(self) -> Program:
        """Without what no result depends on."""
        needed = {number for number, _ in self.results}
        for node in reversed(self.nodes):
            if node.number in needed:
                needed.update(number for number, _ in node.operands)
        return replace(self, nodes=tuple(node for node in self.nodes if node.number in needed))

    def with_value(self, old: Value, new: Value) -> Program:
        """Uses of one value become those of another."""
        swap = lambda values: tuple(new if value == old else value for value in values)  # noqa: E731
        nodes = tuple(replace(node, operands=swap(node.operands)) for node in self.nodes)
        return replace(self, nodes=nodes, results=swap(self.results))


class Emitter:
    """The body of a function."""

    def __init__(self, counter: list[int] | None = None):
        self.counter = counter or [0]
        self.lines: list[str] = []
        self.known: list[tuple[str, Tensor]] = []  # where dynamic sizes are found
        self.constants: dict[tuple[str, str], str] = {}

    def fresh(self) -> str:
        self.counter[0] += 1
        return f"%v{self.counter[0]}"

    def op(self, text: str) -> str:
        name = self.fresh()
        self.lines.append(f"{name} = {text}")
        return name

    def constant(self, value: float | int, type_text: str) -> str:
        text = literal(value, type_text)
        if (text, type_text) not in self.constants:
            typed = text if type_text == "i1" else f"{text} : {type_text}"
            self.constants[text, type_text] = self.op(f"arith.constant {typed}")
        return self.constants[text, type_text]

    def size(self, size: int) -> str:
        """An SSA value of a dynamic size; a constant where no tensor has one."""
        for name, tensor in self.known:
            for dim, (found, dynamic) in enumerate(zip(tensor.shape, tensor.dynamic)):
                if dynamic and found == size:
                    index = self.constant(dim, "index")
                    return self.op(f"tensor.dim {name}, {index} : {tensor}")
        return self.constant(size, "index")

    def sizes(self, tensor: Tensor) -> list[str]:
        return [self.size(size) for size, dynamic in zip(tensor.shape, tensor.dynamic) if dynamic]

    def empty(self, tensor: Tensor) -> str:
        return self.op(f"tensor.empty({', '.join(self.sizes(tensor))}) : {tensor}")

    def filled(self, tensor: Tensor, value: float | int) -> str:
        scalar = self.constant(value, tensor.element)
        empty = self.empty(tensor)
        return self.op(f"linalg.fill ins({scalar} : {tensor.element}) "
                       f"outs({empty} : {tensor}) -> {tensor}")  # fmt: skip


def literal(value: float | int, element: str) -> str:
    if element == "i1":
        return "true" if value else "false"
    if element in FLOATS:
        if value in (float("inf"), float("-inf")):
            bits = {"f16": "7C00", "bf16": "7F80", "f32": "7F800000", "f64": "7FF0000000000000"}[element]
            return "0x" + (bits if value > 0 else "F" + bits[1:])
        return f"{float(value):.9e}"
    return str(int(value))


def _signature(names: list[str], types: list[Tensor]) -> str:
    return ", ".join(f"{name}: {tensor}" for name, tensor in zip(names, types))


def emit(program: Program, types: dict[int, list[Tensor]],
         emit_node: Callable[[Emitter, Node, list[tuple[str, Tensor]], list[Tensor]], list[str]],
         ) -> str:  # fmt: skip
    """The module's text: @attention, and a private function for each node whose
    attribute `call` is set."""
    names: dict[Value, str] = {}
    type_of = lambda value: types[value[0]][value[1]]  # noqa: E731
    functions = []
    body = Emitter()
    for i, node in enumerate(program.arguments):
        names[node.number, 0] = f"%arg{i}"
        body.known.append((f"%arg{i}", type_of((node.number, 0))))
    for node in program.nodes:
        if node.op == "argument":
            continue
        operands = [(names[value], type_of(value)) for value in node.operands]
        results = types[node.number]
        if node.attrs.get("call"):
            found = _emit_call(body, functions, node, operands, results, emit_node)
        else:
            body.known = operands + body.known
            found = emit_node(body, node, operands, results)
            body.known = body.known[len(operands):]
        for k, name in enumerate(found):
            names[node.number, k] = name
            body.known.append((name, results[k]))
    returned = ", ".join(names[value] for value in program.results)
    result_types = ", ".join(str(type_of(value)) for value in program.results)
    signature = _signature([f"%arg{i}" for i in range(len(program.arguments))],
                           [types[node.number][0] for node in program.arguments])  # fmt: skip
    functions.append(_function(f"@attention({signature}) -> ({result_types})", body.lines,
                               f"return {returned} : {result_types}"))  # fmt: skip
    return "\n".join(functions) + "\n"


def _function(signature: str, lines: list[str], last: str) -> str:
    indented = "".join(f"  {line}\n" for text in [*lines, last] for line in text.splitlines())
    return f"func.func {signature} {{\n{indented}}}\n"


def _emit_call(body: Emitter, functions: list[str], node: Node, operands, results, emit_node):
    names = [f"%arg{i}" for i in range(len(operands))]
    inner = Emitter()
    inner.known = [(name, tensor) for name, (_, tensor) in zip(names, operands)]
    found = emit_node(inner, node, list(inner.known), results)
    result_types = ", ".join(map(str, results))
    tensors = [tensor for _, tensor in operands]
    name = f"@part{len(functions)}"
    functions.append(_function(f"private {name}({_signature(names, tensors)}) -> ({result_types})",
                               inner.lines, f"return {', '.join(found)} : {result_types}"))  # fmt: skip
    call = (f"func.call {name}({', '.join(name for name, _ in operands)}) : "
            f"({', '.join(map(str, tensors))}) -> ({result_types})")  # fmt: skip
    if len(results) == 1:
        return [body.op(call)]
    first = body.fresh()
    body.lines.append(f"{first}:{len(results)} = {call}")
    return [f"{first}#{k}" for k in range(len(results))]
