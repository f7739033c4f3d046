# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Products and reductions: matmuls in every spelling, sums, maxima, softmax, the
index of the largest element."""

from __future__ import annotations

import numpy as np

from .ops import Op, affine, destination, dps, dps_no_type, generic, register
from .program import FLOATS, Invalid, Node, Tensor, require

#: The element types of products: operands, and sums.
_PRODUCTS = {"f16": ("f32", "f16"), "bf16": ("f32", "bf16"), "f32": ("f32",), "f64": ("f64",),
             "i8": ("i32",), "i32": ("i32",)}  # fmt: skip


def multiply_add(inner, arguments: list[str], source: str, target: str) -> str:
    """sum + a * b, with the operands widened before."""
    a, b, total = arguments
    kind = "f" if target in FLOATS else "i"
    if source != target:
        widen = "arith.extf" if kind == "f" else "arith.extsi"
        a, b = (inner.op(f"{widen} {x} : {source} to {target}") for x in (a, b))
    product = inner.op(f"arith.mul{kind} {a}, {b} : {target}")
    return inner.op(f"arith.add{kind} {total}, {product} : {target}")


class Matmul(Op):
    """A product [batch,] m x k times k x n, each operand perhaps transposed. The last
    operand is what the sums begin with, with `accumulate`; else they begin with 0."""

    name = "matmul"
    weight = 4.0
    FORMS = ("matmul", "matmul", "generic", "contract")

    def propose(self, builder, rng):
        left = builder.pick(lambda t: t.rank in (2, 3) and t.element in _PRODUCTS and t.elements)
        tensor = builder.type(left)
        batch = tensor.rank == 3
        form = rng.choice(self.FORMS)
        flip = (rng.random() < 0.3, rng.random() < 0.4)
        attrs = dict(to=rng.choice(_PRODUCTS[tensor.element]), form=form, flip=flip,
                     accumulate=rng.random() < 0.3)  # fmt: skip
        k = tensor.rank - 2 if flip[0] else tensor.rank - 1
        n = rng.choice((1, 8, 16, 24, 32, 33, 64, rng.randint(1, 70)))
        right = Tensor((tensor.shape[k], n), tensor.element, (tensor.dynamic[k], False))
        if flip[1]:
            right = right.pick((1, 0))
        if batch:
            right = Tensor((tensor.shape[0], *right.shape), right.element,
                           (tensor.dynamic[0], *right.dynamic))  # fmt: skip
        operands = [left, builder.pick_type(right)]
        if attrs["accumulate"]:
            operands.append(builder.pick_type(self._result([tensor, right], attrs)))
        return builder.node(self.name, operands, attrs)

    def _result(self, types, attrs) -> Tensor:
        left, right = types[:2]
        flip_left, flip_right = attrs["flip"]
        require(left.rank == right.rank and left.rank in (2, 3) and left.element == right.element)
        lead, (m, k) = left.rank - 2, ((-1, -2) if flip_left else (-2, -1))
        inner, n = (-1, -2) if flip_right else (-2, -1)
        require(left.shape[k] == right.shape[inner] and left.shape[:lead] == right.shape[:lead])
        require(attrs["to"] in _PRODUCTS.get(left.element, ()))
        return Tensor((*left.shape[:lead], left.shape[m], right.shape[n]), attrs["to"],
                      (*left.dynamic[:lead], left.dynamic[m], right.dynamic[n]))  # fmt: skip

    def infer(self, types, attrs):
        result = self._result(types, attrs)
        require(not attrs["accumulate"] or types[2] == result)
        return [result]

    def is_exact(self, exact, types, attrs):
        return all(exact) and attrs["to"] not in FLOATS

    def emit(self, e, operands, results, attrs):
        result = results[0]
        inputs = operands[:2]
        init = operands[2] if attrs["accumulate"] else (e.filled(result, 0), result)
        batch = result.rank == 3
        m, n, k = (1, 2, 3) if batch else (0, 1, 2)
        lead = [0] if batch else []
        rank = len(lead) + 3
        left = lead + ([k, m] if attrs["flip"][0] else [m, k])
        right = lead + ([n, k] if attrs["flip"][1] else [k, n])
        maps = [affine(rank, left), affine(rank, right), affine(rank, [*lead, m, n])]
        if attrs["form"] == "generic":
            iterators = ["parallel"] * (rank - 1) + ["reduction"]
            source = inputs[0][1].element
            return generic(e, maps, iterators, inputs, [init], results,
                           lambda inner, a: [multiply_add(inner, a, source, result.element)])  # fmt: skip
        if attrs["form"] == "contract":
            name = f"linalg.contract indexing_maps = [{', '.join(maps)}]"
        else:
            name = "linalg.batch_matmul" if batch else "linalg.matmul"
            if any(attrs["flip"]):
                name += f" indexing_maps = [{', '.join(maps)}]"
        return [dps(e, name, inputs, init, result)]

    def evaluate(self, arrays, types, results, attrs, r):
        left, right = (r.product_operand(array, t.element) for array, t in zip(arrays[:2], types))
        left = left.swapaxes(-1, -2) if attrs["flip"][0] else left
        right = right.swapaxes(-1, -2) if attrs["flip"][1] else right
        start = arrays[2] if attrs["accumulate"] else 0
        return [r.sum(left @ right + start, np.abs(left) @ np.abs(right) + np.abs(start),
                      left.shape[-1], attrs["to"])]  # fmt: skip

    def simpler(self, node):
        if node.attrs["accumulate"]:
            yield Node(node.number, node.op, node.operands[:2], {**node.attrs, "accumulate": False})
        if node.attrs["form"] != "matmul":
            yield node.with_attrs(form="matmul")
        yield from super().simpler(node)


_REDUCTIONS = {"add": (np.sum, 0), "max": (np.max, -np.inf), "min": (np.min, np.inf)}


class Reduce(Op):
    """A sum, maximum or minimum over some dimensions."""

    name = "reduce"
    weight = 3.0

    def propose(self, builder, rng):
        value = builder.pick(lambda t: t.rank and t.elements and t.element not in ("i1", "index"))
        tensor = builder.type(value)
        dims = tuple(sorted(rng.sample(range(tensor.rank), rng.randint(1, min(2, tensor.rank)))))
        return builder.node(self.name, [value], dict(kind=rng.choice(list(_REDUCTIONS)), dims=dims,
                                                     generic=rng.random() < 0.5))  # fmt: skip

    def infer(self, types, attrs):
        tensor = types[0]
        require(all(dim < tensor.rank for dim in attrs["dims"]) and tensor.elements)
        return [tensor.pick(d for d in range(tensor.rank) if d not in attrs["dims"])]

    def is_exact(self, exact, types, attrs):
        return exact[0] and (attrs["kind"] != "add" or not types[0].is_float)

    def emit(self, e, operands, results, attrs):
        result, (name, tensor) = results[0], operands[0]
        start = _REDUCTIONS[attrs["kind"]][1]
        if not result.is_float and start:
            bits = {"i8": 8, "i16": 16, "i32": 32, "i64": 64}[result.element]
            start = (1 << (bits - 1)) - 1 if start > 0 else -(1 << (bits - 1))
        init = (e.filled(result, start), result)
        kind = attrs["kind"]
        op = {"add": "arith.add", "max": "arith.max", "min": "arith.min"}[kind]
        op += ("f" if kind == "add" else "imumf") if result.is_float else ("i" if kind == "add" else "si")
        if not attrs["generic"]:
            dims = ", ".join(map(str, attrs["dims"]))
            return [e.op(f"linalg.reduce {{ {op} }} ins({name} : {tensor}) outs({init[0]} : {result}) "
                         f"dimensions = [{dims}]")]  # fmt: skip
        kept = [d for d in range(tensor.rank) if d not in attrs["dims"]]
        iterators = ["reduction" if d in attrs["dims"] else "parallel" for d in range(tensor.rank)]
        maps = [affine(tensor.rank, range(tensor.rank)), affine(tensor.rank, kept)]
        return generic(e, maps, iterators, operands, [init], results,
                       lambda inner, a: [inner.op(f"{op} {a[0]}, {a[1]} : {result.element}")])  # fmt: skip

    def evaluate(self, arrays, types, results, attrs, r):
        dims, element = attrs["dims"], results[0].element
        array = _REDUCTIONS[attrs["kind"]][0](arrays[0], axis=dims)
        if attrs["kind"] != "add":
            return [np.asarray(array)]
        terms = arrays[0].size // max(1, array.size)
        return [r.sum(array, np.abs(arrays[0]).sum(axis=dims), terms, element)]


class Softmax(Op):
    name = "softmax"

    def propose(self, builder, rng):
        value = builder.pick(lambda t: t.rank and t.elements and t.is_float)
        return builder.node(self.name, [value], dict(dim=rng.randrange(builder.type(value).rank)))

    def infer(self, types, attrs):
        require(attrs["dim"] < types[0].rank and types[0].is_float and types[0].elements)
        return [types[0]]

    def is_exact(self, exact, types, attrs):
        return False

    def emit(self, e, operands, results, attrs):
        inputs, init = destination(e, operands, results[0], attrs)
        return [dps(e, f"linalg.softmax dimension({attrs['dim']})", inputs, init, results[0])]

    def evaluate(self, arrays, types, results, attrs, r):
        x, dim, element = arrays[0], attrs["dim"], types[0].element
        weights = r.store(np.exp(r.store(x - x.max(axis=dim, keepdims=True), element)), element, True)
        total = r.sum(weights.sum(axis=dim, keepdims=True), weights.sum(axis=dim, keepdims=True),
                      x.shape[dim], element)  # fmt: skip
        return [r.store(weights / total, element, True)]


class ArgMax(Op):
    """The largest element of each row and where it stands: two results of one op."""

    name = "argmax"

    def propose(self, builder, rng):
        value = builder.pick(lambda t: t.rank in (2, 3) and t.elements and t.element in ("f32", "f16", "bf16"),
                             exact=True)  # fmt: skip
        return builder.node(self.name, [value], dict(index=rng.choice(("i32", "index", "i64"))))

    def infer(self, types, attrs):
        require(types[0].rank in (2, 3) and types[0].elements and types[0].is_float)
        kept = types[0].pick(range(types[0].rank - 1))
        return [kept, kept.with_element(attrs["index"])]

    def emit(self, e, operands, results, attrs):
        tensor, index, element = operands[0][1], attrs["index"], operands[0][1].element
        rank = tensor.rank
        inits = [(e.filled(results[0], -np.inf), results[0]), (e.filled(results[1], 0), results[1])]
        row = affine(rank, range(rank - 1))

        def body(inner, arguments):
            value, largest, place = arguments
            position = inner.op(f"linalg.index {rank - 1} : index")
            if index != "index":
                position = inner.op(f"arith.index_cast {position} : index to {index}")
            above = inner.op(f"arith.cmpf ogt, {value}, {largest} : {element}")
            return [inner.op(f"arith.select {above}, {value}, {largest} : {element}"),
                    inner.op(f"arith.select {above}, {position}, {place} : {index}")]  # fmt: skip

        return generic(e, [affine(rank, range(rank)), row, row],
                       ["parallel"] * (rank - 1) + ["reduction"], operands, inits, results, body)  # fmt: skip

    def evaluate(self, arrays, types, results, attrs, r):
        return [arrays[0].max(axis=-1), arrays[0].argmax(axis=-1).astype(np.int64)]


class TwoResults(Op):
    """One linalg.generic that yields x + y and x - y."""

    name = "sum_and_difference"

    def propose(self, builder, rng):
        first = builder.pick(lambda t: t.is_float)
        second = builder.pick_type(builder.type(first))
        return builder.node(self.name, [first, second], {})

    def infer(self, types, attrs):
        require(types[0] == types[1] and types[0].is_float)
        return [types[0], types[0]]

    def is_exact(self, exact, types, attrs):
        return False

    def emit(self, e, operands, results, attrs):
        tensor = results[0]
        maps = [affine(tensor.rank, range(tensor.rank))] * 4
        inits = [(e.empty(tensor), tensor) for _ in range(2)]
        return generic(e, maps, ["parallel"] * tensor.rank, operands, inits, results,
                       lambda inner, a: [inner.op(f"arith.{op}f {a[0]}, {a[1]} : {tensor.element}")
                                         for op in ("add", "sub")])  # fmt: skip

    def evaluate(self, arrays, types, results, attrs, r):
        return [r.store(arrays[0] + arrays[1], types[0].element),
                r.store(arrays[0] - arrays[1], types[0].element)]  # fmt: skip


class WindowSum(Op):
    """Sums of neighbours along the last dimension: an index that is a sum."""

    name = "window_sum"
    sizes = ("size",)

    def propose(self, builder, rng):
        value = builder.pick(lambda t: t.rank and t.is_float and t.shape[-1] > 1 and not t.dynamic[-1])
        most = builder.type(value).shape[-1]
        return builder.node(self.name, [value], dict(size=(rng.randint(1, min(5, most)),)))

    def infer(self, types, attrs):
        tensor, size = types[0], attrs["size"][0]
        require(tensor.rank and tensor.is_float and not tensor.dynamic[-1] and 0 < size <= tensor.shape[-1])
        return [Tensor((*tensor.shape[:-1], tensor.shape[-1] - size + 1), tensor.element, tensor.dynamic)]

    def is_exact(self, exact, types, attrs):
        return False

    def emit(self, e, operands, results, attrs):
        result, size = results[0], attrs["size"][0]
        rank = result.rank
        window = Tensor((size,), result.element)
        lead = list(range(rank - 1))
        maps = [affine(rank + 1, [*lead, f"d{rank - 1} + d{rank}"]), affine(rank + 1, [rank]),
                affine(rank + 1, range(rank))]  # fmt: skip
        inputs = [operands[0], (e.empty(window), window)]
        return generic(e, maps, ["parallel"] * rank + ["reduction"], inputs,
                       [(e.filled(result, 0), result)], results,
                       lambda inner, a: [inner.op(f"arith.addf {a[2]}, {a[0]} : {result.element}")])  # fmt: skip

    def evaluate(self, arrays, types, results, attrs, r):
        size, count = attrs["size"][0], results[0].shape[-1]
        parts = [arrays[0][..., i:i + count] for i in range(size)]
        return [r.sum(sum(parts), sum(np.abs(part) for part in parts), size, results[0].element)]


register(Matmul(), Reduce(), Softmax(), ArgMax(), TwoResults(), WindowSum())
