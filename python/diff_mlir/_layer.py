# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The IR of an attention with dynamic batch and token counts."""

from __future__ import annotations

from dataclasses import dataclass

OPS = {"v2": "diff.attention", "v1": "diff.attention_v1", "standard": "diff.softmax_attention"}


@dataclass(frozen=True)
class Operand:
    """A query, key or value.

    `letters` names its dimensions in memory order: b(atch), t(okens), one or two
    letters of heads, d(im). `heads` is the size of the head dimension, or the two
    sizes in the order of the letters. `is_flat` tells that the caller's array has one
    dimension for both.
    """

    letters: str
    heads: tuple[int, ...]
    dim: int
    is_flat: bool


@dataclass(frozen=True)
class Layer:
    """What a kernel depends on. `heads` counts output heads."""

    variant: str
    element: str
    heads: int
    query_heads: int
    value_dim: int
    query: Operand
    key: Operand
    value: Operand
    layout: str
    varlen: bool
    #: One query token, for which a kernel of its own is faster.
    one_token: bool
    signals: int = 1
    lambda_type: str = ""
    gate: bool = False
    lse: bool = False
    window: tuple[int, int] = (-1, -1)
    scale: float | None = None
    softcap: float | None = None
    lambda_init: float = 0.8
    epsilon: float = 1e-5

    @property
    def compute(self) -> str:
        return "f64" if self.element == "f64" else "f32"


#: The letters of each operand in the op's order. The query's maps (a) and the halves
#: of V1 (c, w) follow the heads.
ORDERS = {"query": "bthad", "key": "bthad", "value": "bthad", "output": "bthd"}


def _float(number: float) -> str:
    text = repr(float(number))
    # MLIR's lexer needs a decimal point.
    return text if "." in text or "e" not in text else text.replace("e", ".0e")


class _Writer:
    def __init__(self, layer: Layer):
        self.layer = layer
        self.lines: list[str] = []
        self.arguments: list[str] = []
        self.constants: dict[int, str] = {}

    def size(self, letter: str, operand: str) -> str:
        if letter == "b":
            return "?"
        return "1" if operand in ("query", "output") and self.layer.one_token else "?"

    def type(self, name: str, operand: Operand, flat: bool) -> str:
        sizes, heads = [], list(operand.heads)
        for letter in operand.letters:
            if letter in "bt":
                sizes.append(self.size(letter, name))
            elif letter == "d":
                sizes.append(str(operand.dim))
            elif not flat:
                sizes.append(str(heads.pop(0)))
            elif heads:
                product = 1
                for extent in heads:
                    product *= extent
                sizes.append(str(product))
                heads = []
        return f"tensor<{'x'.join(sizes)}x{self.layer.element}>"

    def argument(self, name: str, type: str) -> str:
        self.arguments.append(f"%{name}: {type}")
        return f"%{name}"

    def constant(self, number: int) -> str:
        if number not in self.constants:
            self.constants[number] = f"%c{number}"
            self.lines.append(f"%c{number} = arith.constant {number} : index")
        return self.constants[number]

    def dim(self, value: str, type: str, index: int, name: str) -> str:
        number = self.constant(index)
        self.lines.append(f"%{name} = tensor.dim {value}, {number} : {type}")
        return f"%{name}"

    def operand(self, name: str, operand: Operand) -> tuple[str, str]:
        """Declares the argument and splits its heads. Returns the value and its type."""
        type = self.type(name, operand, flat=operand.is_flat)
        value = self.argument(name, type)
        if not operand.is_flat or len(operand.heads) == 1:
            return value, type
        split = self.type(name, operand, flat=False)
        first = next(i for i, letter in enumerate(operand.letters) if letter in "ha")
        groups, sizes, at = [], [], 0
        for index in range(len(operand.letters) - 1):
            letter = operand.letters[at]
            if index == first:
                groups.append([at, at + 1])
                sizes += map(str, operand.heads)
                at += 2
                continue
            groups.append([at])
            at += 1
            extent = self.size(letter, name) if letter in "bt" else str(operand.dim)
            sizes.append(self.dim(value, type, index, f"{name}_{index}") if extent == "?" else extent)
        self.lines.append(f"%{name}_pairs = tensor.expand_shape {value} {groups} output_shape "
                          f"[{', '.join(sizes)}] : {type} into {split}")  # fmt: skip
        return f"%{name}_pairs", split

    def permutation(self, operand: str, letters: str) -> str | None:
        """The clause of the layout, unless the letters are in the op's order."""
        order = [letter for letter in ORDERS[operand] if letter in letters]
        if "".join(order) == letters:
            return None
        return f"{operand} = {[order.index(letter) for letter in letters]}"

    def shape(self, letters: str, sizes: dict[str, int], type: str) -> str:
        if self.layer.varlen:
            letters = letters.replace("b", "")
        parts = [str(sizes[x]) if x in sizes else self.size(x, "output") for x in letters]
        return f"tensor<{'x'.join(parts)}x{type}>"

    def write(self) -> str:
        layer = self.layer
        inputs = [self.operand(name, getattr(layer, name)) for name in ("query", "key", "value")]
        offsets = []
        if layer.varlen:
            offsets = [(self.argument(name, "tensor<?xi32>"), "tensor<?xi32>")
                       for name in ("cu_seqlens_q", "cu_seqlens_k")]  # fmt: skip

        def add(name: str, type: str) -> None:
            inputs.append((self.argument(name, type), type))

        if layer.variant == "v2":
            add("lambda", self.shape("bth", {"h": layer.heads}, layer.lambda_type))
        if layer.variant == "v1":
            add("lambda", f"tensor<{layer.heads}x{layer.compute}>")
            add("weight", f"tensor<{layer.value_dim}x{layer.compute}>")
        output_letters = "bthd" if layer.layout == "bshd" else "bhtd"
        output = self.shape(output_letters, {"h": layer.heads, "d": layer.value_dim}, layer.element)
        gate = self.argument("gate", output) if layer.gate else ""
        destinations = [self.destination("output", output, output_letters)]
        results = [output]
        if layer.lse:
            lse = self.shape("bht", {"h": layer.query_heads}, layer.compute)
            destinations.append(self.destination("lse", lse, "bht"))
            results.append(lse)
        clauses = [f"ins({self.join(inputs)})", f"outs({self.join(zip(destinations, results))})"]
        if offsets:
            clauses.append(f"cu_seqlens({self.join(offsets)})")
        if gate:
            clauses.append(f"gate({gate} : {output})")
        clauses += self.attributes(output_letters)
        returned = ", ".join(results)
        count = f":{len(results)}" if len(results) > 1 else ""
        values = ", ".join(f"%0#{i}" if count else "%0" for i in range(len(results)))
        body = "\n    ".join([*self.lines,
                              f"%0{count} = {OPS[layer.variant]} {' '.join(clauses)} -> {returned}",
                              f"return {values} : {returned}"])  # fmt: skip
        types = f"({returned})" if count else returned
        return f"func.func @attention({', '.join(self.arguments)}) -> {types} {{\n    {body}\n}}\n"

    @staticmethod
    def join(values) -> str:
        names, types = zip(*values)
        return f"{', '.join(names)} : {', '.join(types)}"

    def destination(self, name: str, type: str, letters: str) -> str:
        """An empty tensor. Its dynamic sizes are those of the query."""
        query = self.layer.query
        query_type = self.type("query", query, flat=query.is_flat)
        memory = query.letters
        if query.is_flat and len(query.heads) == 2:
            memory = memory.replace("a", "", 1)
        sizes = []
        for letter in letters:
            if letter not in "bt" or (letter == "b" and self.layer.varlen):
                continue
            if self.size(letter, "output") == "?":
                index = memory.index(letter)
                sizes.append(self.dim("%query", query_type, index, f"{name}_{letter}"))
        self.lines.append(f"%{name} = tensor.empty({', '.join(sizes)}) : {type}")
        return f"%{name}"

    def attributes(self, output_letters: str) -> list[str]:
        layer, clauses = self.layer, []
        if layer.signals != 1:
            clauses.append(f"signals({layer.signals})")
        if layer.window != (-1, -1):
            clauses.append(f"mask<window = {list(layer.window)}>")
        if layer.scale is not None:
            clauses.append(f"scale({_float(layer.scale)})")
        if layer.softcap is not None:
            clauses.append(f"softcap({_float(layer.softcap)})")
        if layer.variant == "v1":
            clauses.append(f"lambda_init({_float(layer.lambda_init)})")
            clauses.append(f"epsilon({_float(layer.epsilon)})")
        if layer.varlen:
            output_letters = output_letters.replace("b", "")
        layouts = [self.permutation(name, getattr(layer, name).letters)
                   for name in ("query", "key", "value")]  # fmt: skip
        layouts.append(self.permutation("output", output_letters))
        layouts = [text for text in layouts if text]
        if layouts:
            clauses.append(f"layout<{', '.join(layouts)}>")
        return clauses


def write_ir(layer: Layer) -> str:
    """Returns a function @attention whose arguments are query, key, value, the two
    offsets of sequences, lambda, weight and gate, as far as the layer has them."""
    return _Writer(layer).write()
