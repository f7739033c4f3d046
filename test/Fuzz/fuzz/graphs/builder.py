# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Draws a program node by node, evaluating each, so that every number in it says
something."""

from __future__ import annotations

import random
from typing import Callable

from .evaluate import Values
from .ops import OPS, argument_node
from .ops_shape import MOST_ELEMENTS
from .program import Invalid, Node, Program, Tensor, Value, require

#: How often an element type is that of the graph.
ELEMENTS = ("f32", "f32", "bf16", "bf16", "f16", "f16", "f64")
OTHERS = ("f32", "f16", "bf16", "i32", "i64", "i8", "i16", "i1", "index", "f64")
#: What a GPU's launcher passes.
LAUNCHED = ("f32", "f16", "bf16", "i32")
MOST_ARGUMENTS = 9


class Builder:
    def __init__(self, rng: random.Random):
        self.rng = rng
        self.nodes: list[Node] = []
        self.types: dict[int, list[Tensor]] = {}
        self.seed = rng.randrange(1 << 32)
        self.values = Values(self.seed)
        self.elements = LAUNCHED if rng.random() < 0.8 else OTHERS
        self.element = rng.choice([e for e in ELEMENTS if e in self.elements])
        self.batch = (rng.choice((1, 1, 2, 3)), rng.random() < 0.15)
        self.tokens = self._tokens()
        self.other_tokens = self._tokens()
        self.calls = rng.random() < 0.1

    def _tokens(self) -> tuple[int, bool]:
        rng = self.rng
        size = rng.choice((1, rng.randint(2, 40), rng.randint(2, 40), 32, 64, rng.randint(41, 130)))
        return size, rng.random() < 0.25

    def token_dim(self) -> tuple[int, bool]:
        return self.rng.choice((self.tokens, self.other_tokens))

    def query_type(self, maps: int, layout: str) -> Tensor:
        heads = maps * self.rng.choice((1, 2, 2, 4))
        dim = self.rng.choice((8, 16, 16, 32, 32, 64, self.rng.choice((5, 40, 72, 128))))
        dims = [self.batch, self.tokens, (heads, False), (dim, False)]
        if layout == "bhsd":
            dims[1], dims[2] = dims[2], dims[1]
        return Tensor(tuple(s for s, _ in dims), self.element, tuple(dyn for _, dyn in dims))

    def type(self, value: Value) -> Tensor:
        return self.types[value[0]][value[1]]

    def is_exact(self, value: Value) -> bool:
        return self.values.exact[value[0]][value[1]]

    def _all(self, exact: bool = False) -> list[Value]:
        return [(number, k) for number, found in self.types.items() for k in range(len(found))
                if not exact or self.is_exact((number, k))]  # fmt: skip

    def has(self, accepts: Callable[[Tensor], bool]) -> bool:
        return any(accepts(self.type(value)) for value in self._all())

    def pick(self, accepts: Callable[[Tensor], bool], exact: bool = False) -> Value:
        """A value whose type is accepted; recent ones are likelier."""
        found = [value for value in self._all(exact) if accepts(self.type(value))]
        if not found or (self.rng.random() < 0.1 and len(self.arguments) < MOST_ARGUMENTS):
            tensor = self._random_type()
            require(accepts(tensor))
            return self.argument(tensor)
        recent = found[-3:] if self.rng.random() < 0.6 else found
        return self.rng.choice(recent)

    def pick_type(self, tensor: Tensor, exact: bool = False) -> Value:
        """A value of a type, or a new argument of it."""
        found = [value for value in self._all(exact) if self.type(value) == tensor]
        if found and self.rng.random() < 0.75:
            return self.rng.choice(found)
        return self.argument(tensor)

    @property
    def arguments(self) -> list[Node]:
        return [node for node in self.nodes if node.op == "argument"]

    def _random_type(self) -> Tensor:
        rng = self.rng
        element = self.element if rng.random() < 0.6 else rng.choice(self.elements)
        features = (rng.choice((8, 16, 32, 64, rng.randint(1, 40))), False)
        dims = rng.choice(([self.tokens, features], [self.batch, self.tokens, features],
                           [features], [self.tokens], [features, features],
                           [self.batch, self.tokens, (rng.choice((1, 2, 4)), False), features]))  # fmt: skip
        return Tensor(tuple(s for s, _ in dims), element, tuple(dyn for _, dyn in dims))

    def argument(self, tensor: Tensor) -> Value:
        require(tensor.element in self.elements and tensor.elements <= MOST_ELEMENTS)
        require(len(self.arguments) < MOST_ARGUMENTS)
        return self._add(argument_node(len(self.nodes), tensor)), 0

    def node(self, op: str, operands: list[Value], attrs: dict) -> Node:
        if self.calls and self.rng.random() < 0.3:
            attrs = attrs | dict(call=True)
        return Node(len(self.nodes), op, tuple(operands), attrs)

    def _add(self, node: Node) -> int:
        operands = [self.type(value) for value in node.operands]
        results = OPS[node.op].infer(operands, node.attrs)
        require(all(tensor.elements <= MOST_ELEMENTS and tensor.rank <= 6 for tensor in results))
        self.values.add(node, operands, results)
        self.nodes.append(node)
        self.types[node.number] = results
        return node.number

    def grow(self) -> bool:
        """Adds a random node, if what was drawn is legal."""
        op = self.rng.choices(list(OPS.values()), [op.weight for op in OPS.values()])[0]
        size = len(self.nodes)
        try:
            node = op.propose(self, self.rng)
            # Proposing may have added arguments, which are numbered first.
            self._add(Node(len(self.nodes), node.op, node.operands, node.attrs))
            return True
        except Invalid:
            for node in self.nodes[size:]:  # arguments of a node that there is not
                del self.types[node.number]
            del self.nodes[size:]
            return False

    def _ancestors(self, value: Value) -> set[int]:
        found, waiting = set(), [value[0]]
        while waiting:
            number = waiting.pop()
            if number not in found:
                found.add(number)
                waiting += [operand for operand, _ in self.nodes[number].operands]
        return found

    def program(self) -> Program:
        """What the last values and some others depend on, as a function."""
        rng = self.rng
        inner = [value for value in self._all() if value[0] not in {a.number for a in self.arguments}]
        inner = [value for value in inner if self.type(value).element in self.elements]
        if rng.random() < 0.7:
            results = [max(inner, key=lambda value: len(self._ancestors(value)))]
        else:
            results = [rng.choice(inner[-3:])]
        for _ in range(rng.choice((0, 0, 1, 1, 2, 3))):
            pool = self._all() if rng.random() < 0.2 else inner
            value = rng.choice(pool)
            if self.type(value).element not in self.elements:
                continue
            if value not in results or rng.random() < 0.3:
                results.append(value)
        rng.shuffle(results)
        return Program(tuple(self.nodes), tuple(results), self.seed).pruned()


def draw(rng: random.Random) -> Program:
    while True:
        builder = Builder(rng)
        wanted = rng.choice((2, 4, 8, 12, 16))
        for _ in range(12 * wanted):
            if builder.grow() and len(builder.nodes) - len(builder.arguments) >= wanted:
                break
        if not any(node.op != "argument" and builder.types[node.number][0].element in builder.elements
                   for node in builder.nodes):  # fmt: skip
            continue
        found = builder.program()
        # Three of four have a diff op.
        if any(node.op == "attention" for node in found.nodes) or rng.random() < 0.1:
            return found
