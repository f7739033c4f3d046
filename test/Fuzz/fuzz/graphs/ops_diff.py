# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The diff ops, on whatever values have the right shapes."""

from __future__ import annotations

import numpy as np
from difftest import cases, reference

from .ops import Op, names, register, types
from .program import Node, Tensor, require

_OPS = {"v2": "diff.attention", "v1": "diff.attention_v1", "standard": "diff.softmax_attention"}
#: The letters of a layout [batch, tokens, heads, dim] in bhsd's order.
_SWAPPED = (0, 2, 1, 3)


class Attention(Op):
    """Operands query, key, value, then lambda, then weight; with `dest` the last is
    the destination of the output."""

    name = "attention"
    weight = 7.0

    def propose(self, builder, rng):
        variant = rng.choice(("v2", "v2", "v1", "standard"))
        maps = 1 if variant == "standard" else 2
        layout = "bhsd" if rng.random() < 0.3 else "bshd"
        tokens, heads = (2, 1) if layout == "bhsd" else (1, 2)

        def is_query(t: Tensor) -> bool:
            return (t.rank == 4 and t.is_float and t.shape[heads] % maps == 0 and t.shape[3] > 0
                    and t.shape[heads] > 0 and not t.dynamic[heads] and not t.dynamic[3]
                    and t.elements <= 20_000)  # fmt: skip

        query = builder.pick(is_query) if builder.has(is_query) and rng.random() < 0.8 else \
            builder.argument(builder.query_type(maps, layout))
        q = builder.type(query)
        h = q.shape[heads] // maps
        hkv = rng.choice([n for n in range(1, h + 1) if h % n == 0])
        d = q.shape[3]
        dv = 2 * d if variant == "v1" else rng.choice((d, d, 8, 16)) if variant == "standard" else d

        def kv(head_count: int, dim: int) -> Tensor:
            sizes = {0: (q.shape[0], q.dynamic[0]), tokens: key_tokens,
                     heads: (head_count, False), 3: (dim, False)}  # fmt: skip
            return Tensor(tuple(sizes[i][0] for i in range(4)), q.element,
                          tuple(sizes[i][1] for i in range(4)))  # fmt: skip

        key_tokens = (q.shape[tokens], q.dynamic[tokens])
        if rng.random() < 0.4:
            key_tokens = builder.token_dim()
        key = builder.pick_type(kv((2 if variant == "v1" else 1) * hkv, d))
        same = kv(hkv, dv) == builder.type(key) and rng.random() < 0.3
        operands = [query, key, key if same else builder.pick_type(kv(hkv, dv))]
        batch_tokens = [(q.shape[0], q.dynamic[0]), (q.shape[tokens], q.dynamic[tokens])]
        if variant == "v2":
            dims = [*batch_tokens, (h, False)]
            element = q.element if q.element == "f64" or rng.random() < 0.7 else "f32"
            operands.append(builder.pick_type(Tensor(tuple(s for s, _ in dims), element,
                                                     tuple(dyn for _, dyn in dims))))  # fmt: skip
        compute = "f64" if q.element == "f64" else "f32"
        if variant == "v1":
            operands += [builder.pick_type(Tensor((h,), compute)), builder.pick_type(Tensor((dv,), compute))]
        attrs = dict(variant=variant, layout=layout, causal=rng.random() < 0.4,
                     window=tuple(rng.choice((-1, 0, rng.randint(0, 40))) for _ in range(2))
                     if rng.random() < 0.3 else None,
                     softcap=rng.choice((3.0, 20.0)) if rng.random() < 0.2 else None,
                     scale=rng.choice((0.05, 0.25, 0.5)) if rng.random() < 0.3 else None,
                     lse=rng.random() < 0.3, dest=rng.random() < 0.15)  # fmt: skip
        if attrs["dest"]:
            operands.append(builder.pick_type(self.infer([builder.type(v) for v in operands],
                                                         attrs | dict(dest=False))[0]))  # fmt: skip
        return builder.node(self.name, operands, attrs)

    def _case(self, types, attrs) -> cases.Case:
        q, k, v = types[:3]
        tokens, heads = (2, 1) if attrs["layout"] == "bhsd" else (1, 2)
        maps = 1 if attrs["variant"] == "standard" else 2
        return cases.Case(attrs["variant"], "graph", b=q.shape[0], n=q.shape[tokens], m=k.shape[tokens],
                          h=q.shape[heads] // maps, hkv=v.shape[heads], d=q.shape[3], dv=v.shape[3],
                          causal=attrs["causal"], window=attrs["window"], softcap=attrs["softcap"],
                          scale=attrs["scale"], lse=attrs["lse"], layout=attrs["layout"])  # fmt: skip

    def infer(self, types, attrs):
        require(len(types) >= 3 and all(t.rank == 4 and t.is_float for t in types[:3]))
        case, q = self._case(types, attrs), types[0]
        tokens, heads = (2, 1) if attrs["layout"] == "bhsd" else (1, 2)
        require(min(case.h, case.hkv, case.d) > 0 and case.h % case.hkv == 0)
        require(attrs["variant"] == "standard" or q.shape[heads] % 2 == 0)
        widths = {"v2": case.d, "v1": 2 * case.d}
        require(types[2].shape[3] == widths.get(attrs["variant"], types[2].shape[3]))
        compute = "f64" if q.element == "f64" else "f32"
        require(not any(t.dynamic[heads] or t.dynamic[3] for t in types[:3]))
        for tensor, (_, shape, kind) in zip(types, case.arguments()):
            require(tensor.shape == shape)
            require(tensor.element in ((q.element, compute) if shape and len(shape) == 3 else
                                       (q.element,) if kind == "element" else (compute,)))  # fmt: skip
        require(q.dynamic[0] == types[1].dynamic[0] == types[2].dynamic[0])
        require(types[1].dynamic[tokens] == types[2].dynamic[tokens])
        require(attrs["variant"] != "v2" or types[3].dynamic == (q.dynamic[0], q.dynamic[tokens], False))
        (_, shape, _), *rest = case.results()
        results = [Tensor(shape, q.element, q.dynamic)]
        require(not attrs["dest"] or types[-1] == results[0])
        if rest:
            results.append(Tensor(rest[0][1], compute, (q.dynamic[0], False, q.dynamic[tokens])))
        return results

    def is_exact(self, exact, types, attrs):
        return False

    def emit(self, e, operands, results, attrs):
        inputs = operands
        if attrs["dest"]:
            inputs, inits = operands[:-1], [operands[-1]]
        else:
            inits = [(e.empty(results[0]), results[0])]
        if attrs["lse"]:
            inits.append((e.empty(results[1]), results[1]))
        text = (f"{_OPS[attrs['variant']]} ins({names(inputs)} : {types(inputs)}) "
                f"outs({names(inits)} : {types(inits)})")  # fmt: skip
        window = list(attrs["window"] or (-1, -1))
        if attrs["causal"]:
            window[1] = 0
        if window == [-1, 0]:
            text += " mask<causal>"
        elif window != [-1, -1]:
            text += f" mask<window = {window}>"
        for name in ("scale", "softcap"):
            if attrs[name] is not None:
                text += f" {name}({attrs[name]})"
        if attrs["layout"] == "bhsd":
            order = list(_SWAPPED)
            text += f" layout<query = {order}, key = {order}, value = {order}, output = {order}>"
        text += f" -> {', '.join(map(str, results))}"
        if len(results) == 1:
            return [e.op(text)]
        name = e.fresh()
        e.lines.append(f"{name}:2 = {text}")
        return [f"{name}#0", f"{name}#1"]

    def evaluate(self, arrays, types, results, attrs, r):
        case = self._case(types, attrs)
        argument_names = [name for name, _, _ in case.arguments()]
        products = {"query", "key", "value"}
        inputs = {name: r.product_operand(array, tensor.element) if name in products else array
                  for name, array, tensor in zip(argument_names, arrays, types)}  # fmt: skip
        element = types[0].element

        def attend(q, k, v, mask, scale, softcap, exact):
            output, lse = reference.attend(q, k, v, mask, scale, softcap, exact)
            if r.noisy and len(v):
                # What rounding the weights of the second product may change.
                weight = r.store(np.ones(len(q)), "tf32" if r.tf32 and element == "f32" else element)
                output = output + (weight - 1)[:, None] * np.sqrt(np.mean(v * v, axis=0, keepdims=True))
            return output, lse

        found = reference.evaluate(case, inputs, reference.Exact(), attend)
        stored = [r.store(found["output"], results[0].element, True)]
        if attrs["lse"]:
            lse = found["lse"]
            noise = 1e-4 if r.noisy else 0.0
            stored.append(r.store(np.where(np.isfinite(lse), lse + noise * np.sign(lse), lse), results[1].element))
        return stored

    def simpler(self, node):
        if node.attrs["dest"]:
            yield Node(node.number, node.op, node.operands[:-1], {**node.attrs, "dest": False})
        for key, plain in (("window", None), ("softcap", None), ("scale", None), ("causal", False),
                           ("lse", False)):  # fmt: skip
            if node.attrs[key] != plain:
                yield node.with_attrs(**{key: plain})
        yield from super().simpler(node)


register(Attention())
