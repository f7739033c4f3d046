# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Smaller programs: without results, ops, attributes, dynamic dimensions; smaller
sizes; plainer element types."""

from __future__ import annotations

from dataclasses import replace
from typing import Iterable

from ..shrink import smaller_number
from .evaluate import infer
from .ops import OPS, argument_node
from .program import FLOATS, Node, Program


def smaller(program: Program) -> Iterable[Program]:
    """Candidates, the smallest first; not all of them are valid."""
    yield from _fewer_results(program)
    yield from _cut(program)
    yield from _simpler_nodes(program)
    yield from _other_types(program)
    yield from _smaller_sizes(program)


def _fewer_results(program: Program) -> Iterable[Program]:
    if len(program.results) > 1:
        for value in program.results:
            yield replace(program, results=(value,)).pruned()
        for i in range(len(program.results)):
            kept = program.results[:i] + program.results[i + 1:]
            yield replace(program, results=kept).pruned()


def _cut(program: Program) -> Iterable[Program]:
    """An operand in place of a result; arguments in place of an op."""
    types = infer(program)
    number = max(node.number for node in program.nodes) + 1
    inner = [node for node in program.nodes if node.op != "argument"]
    for node in inner:
        cut, arguments = program, []
        for k, tensor in enumerate(types[node.number]):
            arguments.append(argument_node(number + k, tensor))
            cut = cut.with_value((node.number, k), (number + k, 0))
        yield replace(cut, nodes=(*arguments, *cut.nodes)).pruned()
    for node in reversed(inner):
        for k, tensor in enumerate(types[node.number]):
            for operand in dict.fromkeys(node.operands):
                if types[operand[0]][operand[1]] == tensor:
                    yield program.with_value((node.number, k), operand).pruned()
        if any(value[0] == node.number for value in program.results):
            for operand in dict.fromkeys(node.operands):
                results = tuple(operand if value[0] == node.number else value for value in program.results)
                yield replace(program, results=results).pruned()


def _replaced(program: Program, old: Node, new: Node) -> Program:
    return replace(program, nodes=tuple(new if node is old else node for node in program.nodes)).pruned()


def _simpler_nodes(program: Program) -> Iterable[Program]:
    for node in program.nodes:
        for simpler in OPS[node.op].simpler(node):
            yield _replaced(program, node, simpler)
    # One argument in place of another.
    arguments, types = program.arguments, infer(program)
    for i, first in enumerate(arguments):
        for second in arguments[i + 1:]:
            if types[first.number] == types[second.number]:
                yield program.with_value((second.number, 0), (first.number, 0)).pruned()


def _mapped(program: Program, change) -> Program:
    return replace(program, nodes=tuple(replace(node, attrs=change(node)) for node in program.nodes))


def _other_types(program: Program) -> Iterable[Program]:
    if any(any(node.attrs["dynamic"]) for node in program.arguments):
        yield _mapped(program, lambda node: node.attrs if node.op != "argument" else
                      node.attrs | dict(dynamic=(False,) * len(node.attrs["shape"])))  # fmt: skip
    for old in ("f64", "bf16", "f16"):
        def change(node: Node, old=old) -> dict:
            return node.attrs | {key: "f32" for key in ("element", "to") if node.attrs.get(key) == old}

        if old in FLOATS and any(change(node) != node.attrs for node in program.nodes):
            yield _mapped(program, change)


def _smaller_sizes(program: Program) -> Iterable[Program]:
    """One size, or it and its multiples, in all shapes."""
    def sizes(node: Node) -> Iterable[int]:
        return (size for key in OPS[node.op].sizes for size in node.attrs[key])

    found = sorted({size for node in program.nodes for size in sizes(node) if size > 1}, reverse=True)
    for old in found:
        for new in smaller_number(old):
            for scale in (lambda size: new if size == old else size,
                          lambda size: size // old * new if size % old == 0 else size):  # fmt: skip
                yield _mapped(program, lambda node: node.attrs | {
                    key: tuple(map(scale, node.attrs[key])) for key in OPS[node.op].sizes})  # fmt: skip
