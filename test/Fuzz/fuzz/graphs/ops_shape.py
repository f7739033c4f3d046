# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Ops that move data: slices, inserts, pads, transposes, concatenations, reshapes,
casts, broadcasts, copies, fills."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .ops import Op, affine, destination, dps_no_type, generic, names, region, register, types
from .program import FLOATS, Tensor, literal, require

#: What a graph's tensors may have at most: simulated instructions cost time.
MOST_ELEMENTS = 40_000


def _list(values) -> str:
    return "[" + ", ".join(map(str, values)) + "]"


def _slice_sizes(e, tensor: Tensor, sizes) -> list[str]:
    """Sizes of a slice, those of whole dynamic dimensions as SSA values."""
    return [e.size(size) if tensor.dynamic[d] and size == tensor.shape[d] else str(size)
            for d, size in enumerate(sizes)]  # fmt: skip


def _index(offsets, sizes, strides):
    return tuple(slice(o, o + (n - 1) * s + 1 if n else o, s) for o, n, s in zip(offsets, sizes, strides))


def _window(rng, size: int) -> tuple[int, int, int]:
    """Offset, size and stride of a part of a dimension."""
    if rng.random() < 0.5:
        return 0, size, 1
    stride = rng.choice((1, 1, 1, 2, 2, 3))
    count = rng.randint(1, max(1, (size + stride - 1) // stride))
    return rng.randint(0, size - ((count - 1) * stride + 1)), count, stride


def _is_part(tensor: Tensor, attrs, part: tuple[int, ...]) -> bool:
    return len(part) == tensor.rank == len(attrs["offsets"]) and all(
        0 <= o and n > 0 and o + (n - 1) * s < size
        for o, n, s, size in zip(attrs["offsets"], part, attrs["strides"], tensor.shape))  # fmt: skip


class ExtractSlice(Op):
    name = "extract_slice"
    weight = 4.0
    sizes = ("sizes",)

    def propose(self, builder, rng):
        value = builder.pick(lambda t: t.rank and t.elements)
        tensor = builder.type(value)
        offsets, sizes, strides = zip(*(_window(rng, size) for size in tensor.shape))
        drop = tuple(d for d, size in enumerate(sizes) if size == 1 and rng.random() < 0.4)
        return builder.node(self.name, [value], dict(offsets=offsets, sizes=sizes, strides=strides,
                                                     drop=drop))  # fmt: skip

    def infer(self, types, attrs):
        tensor = types[0]
        require(_is_part(tensor, attrs, attrs["sizes"]))
        require(all(attrs["sizes"][d] == 1 for d in attrs["drop"]))
        dynamic = tuple(dyn and n == size for dyn, n, size in
                        zip(tensor.dynamic, attrs["sizes"], tensor.shape))  # fmt: skip
        require(not any(dynamic[d] for d in attrs["drop"]))
        kept = [d for d in range(tensor.rank) if d not in attrs["drop"]]
        return [Tensor(attrs["sizes"], tensor.element, dynamic).pick(kept)]

    def emit(self, e, operands, results, attrs):
        (name, tensor), = operands
        sizes = _slice_sizes(e, tensor, attrs["sizes"])
        return [e.op(f"tensor.extract_slice {name}{_list(attrs['offsets'])} {_list(sizes)} "
                     f"{_list(attrs['strides'])} : {tensor} to {results[0]}")]  # fmt: skip

    def evaluate(self, arrays, types, results, attrs, r):
        part = arrays[0][_index(attrs["offsets"], attrs["sizes"], attrs["strides"])]
        return [part.reshape(results[0].shape)]

    def simpler(self, node):
        if any(stride != 1 for stride in node.attrs["strides"]):
            yield node.with_attrs(strides=(1,) * len(node.attrs["strides"]))
        if any(node.attrs["offsets"]):
            yield node.with_attrs(offsets=(0,) * len(node.attrs["offsets"]))
        if node.attrs["drop"]:
            yield node.with_attrs(drop=())
        yield from super().simpler(node)


class InsertSlice(Op):
    """A tensor into a larger one."""

    name = "insert_slice"
    weight = 3.0

    def propose(self, builder, rng):
        value = builder.pick(lambda t: t.rank and t.elements)
        tensor = builder.type(value)
        places = []
        for size in tensor.shape:
            stride = rng.choice((1, 1, 1, 2))
            low, high = (rng.randint(0, 3) if rng.random() < 0.5 else 0 for _ in range(2))
            places.append((low, stride, low + (size - 1) * stride + 1 + high))
        offsets, strides, whole = zip(*places)
        target = Tensor(whole, tensor.element, tuple(
            dyn and w == size for dyn, w, size in zip(tensor.dynamic, whole, tensor.shape)))  # fmt: skip
        require(target.elements <= MOST_ELEMENTS)
        return builder.node(self.name, [value, builder.pick_type(target)],
                            dict(offsets=offsets, strides=strides))  # fmt: skip

    def infer(self, types, attrs):
        source, target = types
        require(source.element == target.element)
        require(_is_part(target, attrs, source.shape))
        return [target]

    def emit(self, e, operands, results, attrs):
        (name, source), (into, target) = operands
        sizes = [e.size(size) if source.dynamic[d] else str(size) for d, size in enumerate(source.shape)]
        return [e.op(f"tensor.insert_slice {name} into {into}{_list(attrs['offsets'])} {_list(sizes)} "
                     f"{_list(attrs['strides'])} : {source} into {target}")]  # fmt: skip

    def evaluate(self, arrays, types, results, attrs, r):
        array = arrays[1].copy()
        array[_index(attrs["offsets"], types[0].shape, attrs["strides"])] = arrays[0]
        return [array]

    def simpler(self, node):
        if any(stride != 1 for stride in node.attrs["strides"]):
            yield node.with_attrs(strides=(1,) * len(node.attrs["strides"]))
        if any(node.attrs["offsets"]):
            yield node.with_attrs(offsets=(0,) * len(node.attrs["offsets"]))
        yield from super().simpler(node)


class Pad(Op):
    name = "pad"
    weight = 2.0

    def propose(self, builder, rng):
        value = builder.pick(lambda t: t.rank)
        tensor = builder.type(value)
        low, high = (tuple(rng.randint(0, 4) if rng.random() < 0.4 else 0 for _ in tensor.shape)
                     for _ in range(2))  # fmt: skip
        fill = rng.choice((0, 0, 1, -2)) if tensor.element != "i1" else rng.choice((0, 1))
        return builder.node(self.name, [value], dict(low=low, high=high, value=fill))

    def infer(self, types, attrs):
        tensor = types[0]
        require(len(attrs["low"]) == tensor.rank)
        shape = tuple(l + n + h for l, n, h in zip(attrs["low"], tensor.shape, attrs["high"]))
        return [replace(tensor, shape=shape)]

    def emit(self, e, operands, results, attrs):
        (name, tensor), = operands
        value = e.constant(attrs["value"], tensor.element)
        block = region(e, [("", "index")] * tensor.rank,
                       lambda inner, _: f"tensor.yield {value} : {tensor.element}")  # fmt: skip
        return [e.op(f"tensor.pad {name} low{_list(attrs['low'])} high{_list(attrs['high'])} {block} : "
                     f"{tensor} to {results[0]}")]  # fmt: skip

    def evaluate(self, arrays, types, results, attrs, r):
        widths = list(zip(attrs["low"], attrs["high"]))
        return [np.pad(arrays[0], widths, constant_values=attrs["value"])]

    def simpler(self, node):
        for key in ("low", "high"):
            if any(node.attrs[key]):
                yield node.with_attrs(**{key: (0,) * len(node.attrs[key])})
        yield from super().simpler(node)


class Transpose(Op):
    name = "transpose"
    weight = 3.0

    def propose(self, builder, rng):
        value = builder.pick(lambda t: t.rank > 1)
        order = list(range(builder.type(value).rank))
        rng.shuffle(order)
        return builder.node(self.name, [value], dict(order=tuple(order), generic=rng.random() < 0.2))

    def infer(self, types, attrs):
        require(sorted(attrs["order"]) == list(range(types[0].rank)))
        return [types[0].pick(attrs["order"])]

    def emit(self, e, operands, results, attrs):
        inputs, init = destination(e, operands, results[0], attrs)
        if attrs["generic"]:
            rank, order = results[0].rank, attrs["order"]
            maps = [affine(rank, [order.index(d) for d in range(rank)]), affine(rank, range(rank))]
            return generic(e, maps, ["parallel"] * rank, inputs, [init], results, lambda _, a: [a[0]])
        return [dps_no_type(e, "linalg.transpose", inputs, init, f" permutation = {_list(attrs['order'])}")]

    def evaluate(self, arrays, types, results, attrs, r):
        return [arrays[0].transpose(attrs["order"])]


class Concat(Op):
    name = "concat"
    weight = 2.0

    def propose(self, builder, rng):
        first = builder.pick(lambda t: t.rank)
        tensor = builder.type(first)
        dim = rng.randrange(tensor.rank)
        operands = [first]
        for _ in range(rng.choice((1, 1, 2))):
            shape = list(tensor.shape)
            if not tensor.dynamic[dim] and rng.random() < 0.4:
                shape[dim] = rng.randint(1, 9)
            operands.append(builder.pick_type(replace(tensor, shape=tuple(shape))))
        return builder.node(self.name, operands, dict(dim=dim))

    def infer(self, types, attrs):
        dim, first = attrs["dim"], types[0]
        require(dim < first.rank)
        total = sum(tensor.shape[dim] for tensor in types if tensor.rank == first.rank)
        for tensor in types:
            require(replace(tensor, shape=tensor.shape[:dim] + (1,) + tensor.shape[dim + 1:]) ==
                    replace(first, shape=first.shape[:dim] + (1,) + first.shape[dim + 1:]))  # fmt: skip
        result = replace(first, shape=first.shape[:dim] + (total,) + first.shape[dim + 1:])
        require(result.elements <= MOST_ELEMENTS)
        return [result]

    def emit(self, e, operands, results, attrs):
        return [e.op(f"tensor.concat dim({attrs['dim']}) {names(operands)} : ({types(operands)}) "
                     f"-> {results[0]}")]  # fmt: skip

    def evaluate(self, arrays, types, results, attrs, r):
        return [np.concatenate(arrays, attrs["dim"])]


class Broadcast(Op):
    """New dimensions."""

    name = "broadcast"
    sizes = ("shape",)

    def propose(self, builder, rng):
        value = builder.pick(lambda t: t.rank < 4)
        tensor = builder.type(value)
        dim = rng.randint(0, tensor.rank)
        return builder.node(self.name, [value], dict(dim=dim, shape=(rng.choice((1, 2, 3, 8)),)))

    def infer(self, types, attrs):
        tensor, dim = types[0], attrs["dim"]
        require(dim <= tensor.rank)
        result = Tensor(tensor.shape[:dim] + attrs["shape"] + tensor.shape[dim:], tensor.element,
                        tensor.dynamic[:dim] + (False,) + tensor.dynamic[dim:])  # fmt: skip
        require(result.elements <= MOST_ELEMENTS)
        return [result]

    def emit(self, e, operands, results, attrs):
        inputs, init = destination(e, operands, results[0], attrs)
        return [dps_no_type(e, "linalg.broadcast", inputs, init, f" dimensions = [{attrs['dim']}]")]

    def evaluate(self, arrays, types, results, attrs, r):
        return [np.broadcast_to(np.expand_dims(arrays[0], attrs["dim"]), results[0].shape)]


class Copy(Op):
    """linalg.copy, perhaps into an argument."""

    name = "copy"

    def propose(self, builder, rng):
        value = builder.pick(lambda t: True)
        dest = rng.random() < 0.6
        operands = [value] + ([builder.pick_type(builder.type(value))] if dest else [])
        return builder.node(self.name, operands, dict(dest=dest))

    def infer(self, types, attrs):
        require(all(tensor == types[0] for tensor in types))
        return [types[0]]

    def is_exact(self, exact, types, attrs):
        return exact[0]

    def emit(self, e, operands, results, attrs):
        inputs, init = destination(e, operands, results[0], attrs)
        return [e.op(f"linalg.copy ins({inputs[0][0]} : {inputs[0][1]}) outs({init[0]} : {init[1]}) "
                     f"-> {results[0]}")]  # fmt: skip

    def evaluate(self, arrays, types, results, attrs, r):
        return [arrays[0]]


class Fill(Op):
    """A constant, as a fill, a splat or dense."""

    name = "fill"
    sizes = ("shape",)

    def propose(self, builder, rng):
        tensor = builder.type(builder.pick(lambda t: True))
        value = rng.choice((0, 1, 0.5, -3)) if tensor.is_float else rng.choice((0, 1))
        form = rng.choice(("fill", "splat", "dense"))
        attrs = dict(shape=tensor.shape, element=tensor.element, value=value, form=form)
        return builder.node(self.name, [], attrs)

    def infer(self, types, attrs):
        return [Tensor(attrs["shape"], attrs["element"])]

    def emit(self, e, operands, results, attrs):
        tensor, value = results[0], attrs["value"]
        if attrs["form"] == "fill":
            return [e.filled(tensor, value)]
        if attrs["form"] == "splat":
            return [e.op(f"tensor.splat {e.constant(value, tensor.element)} : {tensor}")]
        return [e.op(f"arith.constant dense<{literal(value, tensor.element)}> : {tensor}")]

    def evaluate(self, arrays, types, results, attrs, r):
        return [np.full(results[0].shape, attrs["value"],
                        np.float64 if attrs["element"] in FLOATS else np.int64)]  # fmt: skip


register(ExtractSlice(), InsertSlice(), Pad(), Transpose(), Concat(), Broadcast(), Copy(), Fill())
