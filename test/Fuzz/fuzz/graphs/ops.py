# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The base of the table of ops, and arguments."""

from __future__ import annotations

from typing import Any, Iterable

import numpy as np

from .program import FLOATS, Emitter, Invalid, Node, Tensor, require

#: All ops by name; the modules ops_* fill it.
OPS: dict[str, "Op"] = {}


class Op:
    """One kind of node. The last operand may be a destination (attribute `dest`);
    an op that reads its destination says so with `reads_dest`."""

    name = ""
    #: How often it is drawn.
    weight = 1.0
    #: Attributes that hold sizes, which a shrinker may change.
    sizes: tuple[str, ...] = ()

    def propose(self, builder, rng) -> Node:
        """A node on values of the builder; raises Invalid where there is none."""
        raise Invalid

    def infer(self, types: list[Tensor], attrs: dict[str, Any]) -> list[Tensor]:
        raise Invalid

    def is_exact(self, exact: list[bool], types: list[Tensor], attrs) -> bool:
        """Whether the results have no rounding where the operands have none."""
        return all(exact)

    def emit(self, e: Emitter, operands, results: list[Tensor], attrs) -> list[str]:
        raise NotImplementedError

    def evaluate(self, arrays, types, results: list[Tensor], attrs, r) -> list[np.ndarray]:
        raise NotImplementedError

    def simpler(self, node: Node) -> Iterable[Node]:
        """Simpler nodes with the same operands."""
        for key in ("call", "named"):
            if node.attrs.get(key):
                yield node.with_attrs(**{key: False})


def register(*ops: Op) -> None:
    for op in ops:
        OPS[op.name] = op


def names(operands) -> str:
    return ", ".join(name for name, _ in operands)


def types(operands) -> str:
    return ", ".join(str(tensor) for _, tensor in operands)


def affine(rank: int, dims: Iterable) -> str:
    """An affine map of `rank` dimensions to some of them."""
    inputs = ", ".join(f"d{i}" for i in range(rank))
    return f"affine_map<({inputs}) -> ({', '.join(d if isinstance(d, str) else f'd{d}' for d in dims)})>"


def destination(e: Emitter, operands, tensor: Tensor, attrs) -> tuple[list, tuple[str, Tensor]]:
    """The operands without the destination, and the destination."""
    if attrs.get("dest"):
        return operands[:-1], operands[-1]
    return operands, (e.empty(tensor), tensor)


def dps(e: Emitter, name: str, inputs, init, result: Tensor, suffix: str = "") -> str:
    """A linalg op in destination-passing style."""
    return e.op(f"{name} ins({names(inputs)} : {types(inputs)}) "
                f"outs({init[0]} : {init[1]}){suffix} -> {result}")  # fmt: skip


def dps_no_type(e: Emitter, name: str, inputs, init, suffix: str = "") -> str:
    """One whose syntax has no result type."""
    return e.op(f"{name} ins({names(inputs)} : {types(inputs)}) "
                f"outs({init[0]} : {init[1]}){suffix}")  # fmt: skip


def region(e: Emitter, arguments: list[tuple[str, str]], body) -> str:
    """A region of one block: `body(inner, names)` returns its terminator."""
    inner = Emitter(e.counter)
    found = [(inner.fresh(), element) for _, element in arguments]
    last = body(inner, [name for name, _ in found])
    block = ", ".join(f"{name}: {element}" for name, element in found)
    text = "".join(f"  {line}\n" for line in [*inner.lines, last])
    return f"{{\n^bb0({block}):\n{text}}}"


def generic(e: Emitter, maps: list[str], iterators: list[str], inputs, inits, results, body) -> list[str]:
    """A linalg.generic; `body(inner, names)` returns the values that it yields."""
    elements = [tensor.element for _, tensor in [*inputs, *inits]]

    def block(inner, arguments):
        yielded = body(inner, arguments)
        return f"linalg.yield {', '.join(yielded)} : {', '.join(t.element for t in results)}"

    text = region(e, [("", element) for element in elements], block)
    iterator_text = ", ".join(f'"{kind}"' for kind in iterators)
    ins = f" ins({names(inputs)} : {types(inputs)})" if inputs else ""
    type_text = ", ".join(map(str, results))
    op = (f"linalg.generic {{indexing_maps = [{', '.join(maps)}], iterator_types = [{iterator_text}]}}"
          f"{ins} outs({names(inits)} : {types(inits)}) {text} -> "
          + (type_text if len(results) == 1 else f"({type_text})"))  # fmt: skip
    if len(results) == 1:
        return [e.op(op)]
    name = e.fresh()
    e.lines.append(f"{name}:{len(results)} = {op}")
    return [f"{name}#{k}" for k in range(len(results))]


class Argument(Op):
    """An argument of the function; its values come from the program's seed."""

    name = "argument"
    weight = 0.0
    sizes = ("shape",)

    def infer(self, types, attrs):
        return [Tensor(attrs["shape"], attrs["element"], attrs["dynamic"])]

    def simpler(self, node):
        if any(node.attrs["dynamic"]):
            yield node.with_attrs(dynamic=(False,) * len(node.attrs["shape"]))


def argument_node(number: int, tensor: Tensor) -> Node:
    return Node(number, "argument", (), dict(shape=tensor.shape, element=tensor.element,
                                             dynamic=tensor.dynamic))  # fmt: skip


def argument_values(tensor: Tensor, seed) -> np.ndarray:
    """Random normals, small integers, coins."""
    rng = np.random.default_rng(seed)
    if tensor.element in FLOATS:
        from difftest.arrays import round_to
        return round_to(rng.standard_normal(tensor.shape), tensor.element).astype(np.float64)
    if tensor.element == "i1":
        return rng.integers(0, 2, tensor.shape)
    return rng.integers(-20, 21, tensor.shape)


register(Argument())


def all_equal(types: list[Tensor]) -> None:
    require(all(tensor == types[0] for tensor in types))
