# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Reshapes and casts, and tensors made element by element."""

from __future__ import annotations

import math

import numpy as np

from .ops import Op, affine, generic, register
from .program import FLOATS, Tensor, require


class Collapse(Op):
    """tensor.collapse_shape of neighbouring dimensions."""

    name = "collapse_shape"
    weight = 2.0

    def propose(self, builder, rng):
        value = builder.pick(lambda t: t.rank > 1)
        rank = builder.type(value).rank
        ends = sorted({*rng.sample(range(1, rank), rng.randint(0, rank - 2) if rank > 2 else 0), rank})
        groups, start = [], 0
        for end in ends:
            groups.append(tuple(range(start, end)))
            start = end
        return builder.node(self.name, [value], dict(groups=tuple(groups)))

    def infer(self, types, attrs):
        tensor, groups = types[0], attrs["groups"]
        require([d for group in groups for d in group] == list(range(tensor.rank)))
        return [Tensor(tuple(math.prod(tensor.shape[d] for d in group) for group in groups),
                       tensor.element,
                       tuple(any(tensor.dynamic[d] for d in group) for group in groups))]  # fmt: skip

    def emit(self, e, operands, results, attrs):
        (name, tensor), = operands
        groups = [list(group) for group in attrs["groups"]]
        return [e.op(f"tensor.collapse_shape {name} {groups} : {tensor} into {results[0]}")]

    def evaluate(self, arrays, types, results, attrs, r):
        return [arrays[0].reshape(results[0].shape)]


def _divisor(rng, size: int) -> int:
    return rng.choice([d for d in range(1, size + 1) if size % d == 0])


class Expand(Op):
    """tensor.expand_shape of one dimension into two; a dynamic one gets a 1."""

    name = "expand_shape"
    weight = 3.0
    sizes = ("inner",)

    def propose(self, builder, rng):
        value = builder.pick(lambda t: 0 < t.rank < 5 and t.elements)
        tensor = builder.type(value)
        dim = rng.randrange(tensor.rank)
        inner = (1,) if tensor.dynamic[dim] else (_divisor(rng, tensor.shape[dim]),)
        return builder.node(self.name, [value], dict(dim=dim, inner=inner))

    def infer(self, types, attrs):
        tensor, dim, inner = types[0], attrs["dim"], attrs["inner"][0]
        require(dim < tensor.rank and inner > 0 and tensor.shape[dim] % inner == 0)
        require(not tensor.dynamic[dim] or inner == 1)
        return [Tensor(tensor.shape[:dim] + (tensor.shape[dim] // inner, inner) + tensor.shape[dim + 1:],
                       tensor.element, tensor.dynamic[:dim + 1] + (False,) + tensor.dynamic[dim + 1:])]  # fmt: skip

    def emit(self, e, operands, results, attrs):
        (name, tensor), = operands
        dim = attrs["dim"]
        groups = [[d] for d in range(dim)] + [[dim, dim + 1]] + [[d + 1] for d in range(dim + 1, tensor.rank)]
        sizes = [e.size(size) if dynamic else str(size)
                 for size, dynamic in zip(results[0].shape, results[0].dynamic)]  # fmt: skip
        return [e.op(f"tensor.expand_shape {name} {groups} output_shape [{', '.join(sizes)}] : "
                     f"{tensor} into {results[0]}")]  # fmt: skip

    def evaluate(self, arrays, types, results, attrs, r):
        return [arrays[0].reshape(results[0].shape)]


class Reshape(Op):
    """tensor.reshape to a constant shape."""

    name = "reshape"
    sizes = ("shape",)

    def propose(self, builder, rng):
        value = builder.pick(lambda t: not any(t.dynamic) and t.elements)
        count = builder.type(value).elements
        shape = []
        for _ in range(rng.randint(0, 2)):
            shape.append(_divisor(rng, count))
            count //= shape[-1]
        shape.append(count)
        rng.shuffle(shape)
        return builder.node(self.name, [value], dict(shape=tuple(shape), index=rng.choice(("index", "i32", "i64"))))

    def infer(self, types, attrs):
        require(not any(types[0].dynamic) and math.prod(attrs["shape"]) == types[0].elements)
        return [Tensor(attrs["shape"], types[0].element)]

    def emit(self, e, operands, results, attrs):
        (name, tensor), = operands
        shape_type = f"tensor<{len(attrs['shape'])}x{attrs['index']}>"
        shape = e.op(f"arith.constant dense<{list(attrs['shape'])}> : {shape_type}")
        return [e.op(f"tensor.reshape {name}({shape}) : ({tensor}, {shape_type}) -> {results[0]}")]

    def evaluate(self, arrays, types, results, attrs, r):
        return [arrays[0].reshape(results[0].shape)]

    def simpler(self, node):
        if node.attrs["index"] != "index":
            yield node.with_attrs(index="index")
        yield from super().simpler(node)


class TensorCast(Op):
    """A static size becomes dynamic, or back."""

    name = "cast"

    def propose(self, builder, rng):
        value = builder.pick(lambda t: t.rank)
        tensor = builder.type(value)
        dims = tuple(not dynamic if rng.random() < 0.5 else dynamic for dynamic in tensor.dynamic)
        require(dims != tensor.dynamic)
        return builder.node(self.name, [value], dict(dynamic=dims))

    def infer(self, types, attrs):
        require(len(attrs["dynamic"]) == types[0].rank and attrs["dynamic"] != types[0].dynamic)
        return [Tensor(types[0].shape, types[0].element, attrs["dynamic"])]

    def emit(self, e, operands, results, attrs):
        return [e.op(f"tensor.cast {operands[0][0]} : {operands[0][1]} to {results[0]}")]

    def evaluate(self, arrays, types, results, attrs, r):
        return [arrays[0]]


class Iota(Op):
    """A tensor that is computed from its indices, by linalg.index or
    tensor.generate."""

    name = "iota"
    sizes = ("shape",)

    def propose(self, builder, rng):
        tensor = builder.type(builder.pick(lambda t: t.rank))
        element = rng.choice(("index", "i32", "f32", "i64"))
        return builder.node(self.name, [], dict(shape=tensor.shape, dim=rng.randrange(tensor.rank),
                                                element=element, generate=rng.random() < 0.4))  # fmt: skip

    def infer(self, types, attrs):
        require(attrs["dim"] < len(attrs["shape"]))
        return [Tensor(attrs["shape"], attrs["element"])]

    def emit(self, e, operands, results, attrs):
        from .ops import region
        tensor = results[0]

        def convert(inner, index):
            if tensor.element == "index":
                return index
            integer = inner.op(f"arith.index_cast {index} : index to {'i32' if tensor.is_float else tensor.element}")
            return inner.op(f"arith.sitofp {integer} : i32 to {tensor.element}") if tensor.is_float else integer

        if attrs["generate"]:
            block = region(e, [("", "index")] * tensor.rank,
                           lambda inner, a: f"tensor.yield {convert(inner, a[attrs['dim']])} : {tensor.element}")  # fmt: skip
            return [e.op(f"tensor.generate {block} : {tensor}")]
        maps = [affine(tensor.rank, range(tensor.rank))]
        return generic(e, maps, ["parallel"] * tensor.rank, [], [(e.empty(tensor), tensor)], results,
                       lambda inner, _: [convert(inner, inner.op(f"linalg.index {attrs['dim']} : index"))])  # fmt: skip

    def evaluate(self, arrays, types, results, attrs, r):
        tensor, dim = results[0], attrs["dim"]
        line = np.arange(tensor.shape[dim], dtype=np.float64 if tensor.element in FLOATS else np.int64)
        return [np.broadcast_to(line.reshape([-1 if d == dim else 1 for d in range(tensor.rank)]), tensor.shape)]


class Gather(Op):
    """Rows of a table at the positions of an index tensor, by tensor.extract."""

    name = "gather"

    def propose(self, builder, rng):
        table = builder.pick(lambda t: t.rank == 2 and t.elements)
        rows = builder.pick(lambda t: t.rank == 1 and t.element in ("i32", "i64", "index", "i8"), exact=True)
        return builder.node(self.name, [table, rows], {})

    def infer(self, types, attrs):
        table, rows = types
        require(table.rank == 2 and rows.rank == 1 and table.elements)
        require(rows.element in ("i32", "i64", "index", "i8"))
        return [Tensor((rows.shape[0], table.shape[1]), table.element, (rows.dynamic[0], table.dynamic[1]))]

    def emit(self, e, operands, results, attrs):
        (table, tensor), rows = operands
        last = e.constant(tensor.shape[0] - 1, "index")
        zero = e.constant(0, "index")

        def body(inner, arguments):
            row = arguments[0]
            if rows[1].element != "index":
                row = inner.op(f"arith.index_cast {row} : {rows[1].element} to index")
            row = inner.op(f"arith.maxsi {row}, {zero} : index")
            row = inner.op(f"arith.minsi {row}, {last} : index")
            column = inner.op("linalg.index 1 : index")
            return [inner.op(f"tensor.extract {table}[{row}, {column}] : {tensor}")]

        init = (e.empty(results[0]), results[0])
        return generic(e, [affine(2, [0]), affine(2, [0, 1])], ["parallel"] * 2, [rows], [init], results, body)

    def evaluate(self, arrays, types, results, attrs, r):
        return [arrays[0][np.clip(arrays[1], 0, types[0].shape[0] - 1)]]


register(Collapse(), Expand(), Reshape(), TensorCast(), Iota(), Gather())
