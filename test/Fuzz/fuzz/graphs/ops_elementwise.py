# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Elementwise ops, from a table of scalar functions: as arith or math ops on
tensors, as named linalg ops, as linalg.map, and as linalg.generic, where operands
may be broadcast or permuted."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Callable

import numpy as np

from .ops import Op, affine, destination, dps, dps_no_type, generic, region, register
from .program import BITS, FLOATS, Invalid, Node, Tensor, require


@dataclass(frozen=True)
class Function:
    """A scalar function of arith or math."""

    op: str
    arity: int
    kind: str  # of its operands: f (float), i (integer), b (i1 or another integer)
    compute: Callable
    named: str = ""  # the linalg op, or none
    exact: bool = False  # no rounding, given none in the operands
    #: Steps at some inputs: only on operands that nothing has rounded.
    steps: bool = False
    #: The result has this element type; else that of the operands.
    to: str = ""
    predicate: str = ""
    function: bool = False  # a library function, with more than one rounding


def _cmp(op: str, predicate: str, compute, kind: str) -> Function:
    return Function(op, 2, kind, compute, to="i1", exact=True, steps=True, predicate=predicate)


_erf = np.vectorize(math.erf, otypes=[float])


def _f(op, compute, named="", arity=1, **more) -> Function:
    return Function(op, arity, "f", compute, named, **more)


def _i(op, compute, named="", arity=2, **more) -> Function:
    return Function(op, arity, "i", compute, named, exact=True, **more)


def _away(x):
    return np.sign(x) * np.floor(np.abs(x) + 0.5)


FUNCTIONS = (
    _f("arith.negf", np.negative, "linalg.negf", exact=True),
    _f("math.absf", np.abs, "linalg.abs", exact=True),
    _f("math.exp", np.exp, "linalg.exp", function=True),
    _f("math.exp2", np.exp2, function=True),
    _f("math.expm1", np.expm1, function=True),
    _f("math.log", np.log, "linalg.log", function=True),
    _f("math.log2", np.log2, function=True),
    _f("math.log1p", np.log1p, function=True),
    _f("math.sqrt", np.sqrt, "linalg.sqrt", function=True),
    _f("math.rsqrt", lambda x: x**-0.5, "linalg.rsqrt", function=True),
    _f("math.sin", np.sin, function=True),
    _f("math.cos", np.cos, function=True),
    _f("math.atan", np.arctan, function=True),
    _f("math.cbrt", np.cbrt, function=True),
    _f("math.sinh", np.sinh, function=True),
    _f("math.cosh", np.cosh, function=True),
    _f("math.tanh", np.tanh, "linalg.tanh", function=True),
    _f("math.erf", _erf, "linalg.erf", function=True),
    _f("math.floor", np.floor, "linalg.floor", exact=True, steps=True),
    _f("math.ceil", np.ceil, "linalg.ceil", exact=True, steps=True),
    _f("math.round", _away, "linalg.round", exact=True, steps=True),
    _f("math.roundeven", np.round, exact=True, steps=True),
    _f("math.trunc", np.trunc, exact=True, steps=True),
    _f("arith.addf", np.add, "linalg.add", 2),
    _f("arith.subf", np.subtract, "linalg.sub", 2),
    _f("arith.mulf", np.multiply, "linalg.mul", 2),
    _f("arith.divf", np.divide, "linalg.div", 2, function=True),
    _f("arith.maximumf", np.maximum, "linalg.max", 2, exact=True),
    _f("arith.minimumf", np.minimum, "linalg.min", 2, exact=True),
    _f("arith.maxnumf", np.maximum, "", 2, exact=True),
    _f("arith.minnumf", np.minimum, "", 2, exact=True),
    _f("math.atan2", np.arctan2, "", 2, function=True),
    _f("math.copysign", np.copysign, "", 2, steps=True, exact=True),
    _f("math.fma", lambda x, y, z: x * y + z, "", 3),
    _i("arith.addi", np.add, "linalg.add"),
    _i("arith.subi", np.subtract, "linalg.sub"),
    _i("arith.muli", np.multiply, "linalg.mul"),
    _i("arith.maxsi", np.maximum, "linalg.max"),
    _i("arith.minsi", np.minimum, "linalg.min"),
    _i("math.absi", np.abs, arity=1),
    Function("arith.andi", 2, "b", np.bitwise_and, exact=True),
    Function("arith.ori", 2, "b", np.bitwise_or, exact=True),
    Function("arith.xori", 2, "b", np.bitwise_xor, exact=True),
    *(_cmp("arith.cmpi", name, fn, "i") for name, fn in (
        ("eq", np.equal), ("ne", np.not_equal), ("slt", np.less), ("sge", np.greater_equal))),
    *(_cmp("arith.cmpf", name, fn, "f") for name, fn in (
        ("oeq", np.equal), ("une", np.not_equal), ("olt", np.less), ("oge", np.greater_equal),
        ("ugt", np.greater))),
)  # fmt: skip
_BY_NAME = {f"{fn.op} {fn.predicate}".strip() + (" i" if fn.kind != "f" else ""): fn
            for fn in FUNCTIONS}  # fmt: skip


def _is_kind(element: str, kind: str) -> bool:
    if kind == "f":
        return element in FLOATS
    return element not in FLOATS and (kind == "b" or element != "i1")


def _scalar_text(fn: Function, arguments: list[str], type_text: str) -> str:
    predicate = f"{fn.predicate}, " if fn.predicate else ""
    return f"{fn.op} {predicate}{', '.join(arguments)} : {type_text}"


FORMS = ("tensor", "tensor", "named", "generic", "map")


class Elementwise(Op):
    """A function of the table on tensors of one shape, or broadcast ones. The
    attribute `maps` has the output dimensions of each operand's dimensions."""

    name = "elementwise"
    weight = 8.0

    def propose(self, builder, rng):
        key = rng.choice(list(_BY_NAME))
        fn = _BY_NAME[key]
        first = builder.pick(lambda t: _is_kind(t.element, fn.kind), exact=fn.steps)
        tensor = builder.type(first)
        form = rng.choice(FORMS)
        maps = [tuple(range(tensor.rank))]
        operands = [first]
        for _ in range(fn.arity - 1):
            if form == "generic" and tensor.rank and rng.random() < 0.6:
                dims = rng.sample(range(tensor.rank), rng.randint(0, tensor.rank))
                dims = sorted(dims) if rng.random() < 0.6 else dims
            else:
                dims = list(range(tensor.rank))
            maps.append(tuple(dims))
            operands.append(builder.pick_type(tensor.pick(dims), exact=fn.steps))
        # Upstream folds a comparison of a value with itself to a constant, which a
        # tensor of dynamic shape cannot have.
        require(not fn.predicate or len(set(operands)) == len(operands))
        attrs = dict(fn=key, form=form, maps=tuple(maps))
        if form != "tensor" and rng.random() < 0.3:
            attrs["dest"] = True
            operands.append(builder.pick_type(tensor.with_element(fn.to or tensor.element)))
        return builder.node(self.name, operands, attrs)

    def infer(self, types, attrs):
        fn = _BY_NAME[attrs["fn"]]
        require(all(_is_kind(tensor.element, fn.kind) for tensor in types[: fn.arity]))
        require(all(tensor.element == types[0].element for tensor in types[: fn.arity]))
        require(all(tensor == types[0].pick(dims) for tensor, dims in zip(types, attrs["maps"])))
        if attrs["form"] != "generic":
            require(all(tensor.shape == types[0].shape for tensor in types[: fn.arity]))
        result = types[0].with_element(fn.to or types[0].element)
        if attrs.get("dest"):
            require(types[-1] == result)
        return [result]

    def is_exact(self, exact, types, attrs):
        fn = _BY_NAME[attrs["fn"]]
        return fn.exact and all(exact[: fn.arity])

    def emit(self, e, operands, results, attrs):
        fn, form = _BY_NAME[attrs["fn"]], attrs["form"]
        inputs, _ = (operands[:-1], None) if attrs.get("dest") else (operands, None)
        if form == "tensor" or (form == "named" and not fn.named and not attrs.get("dest")):
            return [e.op(_scalar_text(fn, [name for name, _ in inputs], str(inputs[0][1])))]
        inputs, init = destination(e, operands, results[0], attrs)
        if form == "named" and fn.named:
            return [dps(e, fn.named, inputs, init, results[0])]

        def body(inner, arguments):
            return [inner.op(_scalar_text(fn, arguments[: fn.arity], inputs[0][1].element))]

        if form == "map":
            elements = [("", tensor.element) for _, tensor in inputs]
            # linalg.map's region has an argument for the destination, too.
            block = region(e, [*elements, ("", init[1].element)],
                           lambda inner, names: f"linalg.yield {body(inner, names)[0]} : {init[1].element}")
            block = block.removeprefix("{\n^bb0")
            arguments, rest = block.split(":\n", 1)
            return [dps_no_type(e, "linalg.map", inputs, init, f"\n{arguments} {{\n{rest}")]
        rank = results[0].rank
        maps = [affine(rank, dims) for dims in attrs["maps"]] + [affine(rank, range(rank))]
        return generic(e, maps, ["parallel"] * rank, inputs, [init], results, body)

    def evaluate(self, arrays, types, results, attrs, r):
        fn = _BY_NAME[attrs["fn"]]
        rank = results[0].rank
        spread = []
        for array, dims in zip(arrays[: fn.arity], attrs["maps"]):
            order = sorted(range(len(dims)), key=lambda i: dims[i])
            array = array.transpose(order)
            shape = [results[0].shape[d] if d in dims else 1 for d in range(rank)]
            spread.append(array.reshape(shape))
        array = np.broadcast_to(fn.compute(*spread), results[0].shape)
        return [r.store(array, results[0].element, fn.function)]

    def simpler(self, node):
        if node.attrs.get("dest"):
            yield Node(node.number, node.op, node.operands[:-1], {**node.attrs, "dest": False})
        elif node.attrs["form"] != "tensor":
            yield node.with_attrs(form="tensor")
        yield from super().simpler(node)


class Select(Op):
    name = "select"

    def propose(self, builder, rng):
        first = builder.pick(lambda t: True)
        tensor = builder.type(first)
        second = builder.pick_type(tensor)
        return builder.node(self.name, [builder.pick_type(tensor.with_element("i1")), first, second],
                            dict(named=rng.random() < 0.4))  # fmt: skip

    def infer(self, types, attrs):
        require(types[0] == types[1].with_element("i1") and types[1] == types[2])
        return [types[1]]

    def emit(self, e, operands, results, attrs):
        if attrs["named"]:
            inputs, init = destination(e, operands, results[0], attrs)
            return [dps(e, "linalg.select", inputs, init, results[0])]
        condition, first, second = operands
        return [e.op(f"arith.select {condition[0]}, {first[0]}, {second[0]} : "
                     f"{condition[1]}, {first[1]}")]  # fmt: skip

    def evaluate(self, arrays, types, results, attrs, r):
        return [np.where(arrays[0] != 0, arrays[1], arrays[2])]


def _casts(source: str) -> dict[str, str]:
    """The op that converts to each other element type."""
    found = {}
    for target, bits in BITS.items():
        wider, narrower = bits > BITS[source], bits < BITS[source]
        if source == target:
            continue
        if source in FLOATS and target in FLOATS:
            found |= {target: "arith.extf"} if wider else {target: "arith.truncf"} if narrower else {}
        elif source in FLOATS:
            found |= {} if target in ("i1", "i8", "index") else {target: "arith.fptosi"}
        elif source == "index" or target == "index":
            if source in ("i32", "i64", "i8") or target in ("i32", "i64"):
                found[target] = "arith.index_cast"
        elif target in FLOATS:
            found[target] = "arith.sitofp"
        elif target not in FLOATS and (wider or narrower):
            found[target] = "arith.extsi" if wider else "arith.trunci"
    return found


_UNSIGNED = {"arith.sitofp": "arith.uitofp", "arith.extsi": "arith.extui"}


class Cast(Op):
    """Another element type."""

    name = "convert"
    weight = 2.0

    def propose(self, builder, rng):
        value = builder.pick(lambda t: bool(_casts(t.element)))
        targets = _casts(builder.type(value).element)
        target = rng.choice(sorted(targets))
        if targets[target] == "arith.fptosi":
            require(builder.is_exact(value))
        op = targets[target]
        if rng.random() < 0.3:
            op = _UNSIGNED.get(op, op)
        return builder.node(self.name, [value], dict(op=op, to=target))

    def infer(self, types, attrs):
        op = _casts(types[0].element).get(attrs["to"])
        require(op and attrs["op"] in (op, _UNSIGNED.get(op)))
        return [types[0].with_element(attrs["to"])]

    def is_exact(self, exact, types, attrs):
        # From 24 bits up, and as a whole for narrow floats, integers are rounded.
        return exact[0] and attrs["op"] not in ("arith.truncf", "arith.sitofp", "arith.uitofp")

    def emit(self, e, operands, results, attrs):
        return [e.op(f"{attrs['op']} {operands[0][0]} : {operands[0][1]} to {results[0]}")]

    def evaluate(self, arrays, types, results, attrs, r):
        array, source = arrays[0], types[0].element
        if attrs["op"] in _UNSIGNED.values():
            array = array & ((1 << min(BITS[source], 63)) - 1)
        elif source == "i1":
            array = -array  # the one bit is the sign
        if attrs["op"] == "arith.fptosi":
            array = np.trunc(array)
        return [r.store(array, attrs["to"])]


register(Elementwise(), Select(), Cast())


def check_domain(array: np.ndarray, element: str) -> None:
    """Values that every type holds, and that no rounding drives to infinity."""
    if not np.all(np.isfinite(array.astype(np.float64))):
        raise Invalid
    limit = 1e3 if element in FLOATS else 2.0 ** min(BITS[element], 40)
    require(np.max(np.abs(array), initial=0) <= limit)
