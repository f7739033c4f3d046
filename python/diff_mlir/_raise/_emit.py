# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes an op of torch.ops.diff in the place of a match."""

from __future__ import annotations

import math

import torch
from torch import fx

from ._heads import ROLES, Source, Unmatched
from ._match import Match, Pair, get_interior
from ._nodes import get_name, get_shape, get_value, is_assertion, is_equal, skips
from ._views import SEVERAL, get_chain

aten = torch.ops.aten


class Emitter:
    def __init__(self, match: Match):
        self.match, self.graph = match, match.sub.graph
        #: The order of the op's dimensions that needs the fewest copies.
        roles = match.result.roles
        self.roles = "BTHD" if roles.index("T") < roles.index("H") else "BHTD"
        self.query = get_value(match.signal.query)
        sizes = get_shape(match.signal.node)
        self.sizes = dict(zip(ROLES, sizes)) | {"H": len(match.result.heads)}
        self.shape = get_shape(match.sub)
        self.query_sizes: dict[str, fx.Node] = {}

    def call(self, target, *arguments, **keywords) -> fx.Node:
        return self.graph.call_function(target, arguments, keywords)

    def size(self, role: str):
        """The size of a dimension of the result, an integer or a node."""
        size = self.sizes[role]
        if isinstance(size, int):
            return size
        if role not in self.query_sizes:
            axis = ROLES.index(role)
            self.query_sizes[role] = self.call(aten.sym_size.int, self.match.signal.query, axis)
        return self.query_sizes[role]

    def sub_size(self, dim: int):
        """The size of a dimension of the subtraction, an integer, a node, or -1 for a
        product of sizes."""
        size, roles = self.shape[dim], self.match.result.dims[dim]
        if isinstance(size, int):
            return size
        return self.size(roles) if len(roles) == 1 else -1

    def reshape(self, node: fx.Node, sizes: list) -> fx.Node:
        if sizes.count(-1) > 1:
            raise Unmatched("the result merges several symbolic dimensions")
        return self.call(aten.reshape.default, node, sizes)

    def permute(self, node: fx.Node, roles: str, wanted: str) -> fx.Node:
        if roles == wanted:
            return node
        return self.call(aten.permute.default, node, [roles.index(role) for role in wanted])

    def tensor(self, source: Source) -> fx.Node:
        return self.permute(source.node, source.roles, self.roles)

    def pair(self, pair: Pair, members: int) -> fx.Node:
        """A tensor whose heads are groups of members, flat or as two dimensions."""
        axis = self.roles.index("H")
        if pair.order == "interleaved":
            return self.tensor(pair.signal)
        if pair.order == "halves":
            groups = pair.signal.count // members
            split = self.call(aten.unflatten.int, self.tensor(pair.signal), axis, [members, groups])
            return self.call(aten.transpose.int, split, axis, axis + 1)
        parts = [self.tensor(pair.signal), self.tensor(pair.noise)]
        return self.call(aten.stack.default, parts, axis + 1)

    def replay(self, nodes: list[fx.Node], value: fx.Node) -> fx.Node:
        """Applies views to another tensor of the same shape."""
        for node in nodes:
            first = node.args[0]
            if get_name(first) in SEVERAL:
                value = self.graph.create_node(first.op, first.target, (value, *first.args[1:]), first.kwargs)
            value = self.graph.create_node(node.op, node.target, (value, *node.args[1:]), node.kwargs)
        return value

    def expand(self, node: fx.Node, shape, legal: str, reason: str) -> fx.Node:
        """Expands a factor to the dimensions of the subtraction whose roles are legal, and
        checks that it has no others. Returns a tensor with the legal roles in the order
        of the result."""
        dims = self.match.result.dims
        shape = (1,) * (len(dims) - len(shape)) + tuple(shape)
        sizes, full = [], []
        for dim, (size, text) in enumerate(zip(shape, dims)):
            if text and all(role in legal for role in text):
                sizes.append(-1 if is_equal(size, self.shape[dim]) else self.sub_size(dim))
                full.append(self.sub_size(dim))
            elif is_equal(size, 1):
                sizes.append(1)
                full.append(1)
            else:
                raise Unmatched(reason)
        if any(size not in (-1, 1) for size in sizes):
            node = self.call(aten.expand.default, node, full)
        order = (role for role in self.match.result.roles if role in legal)
        return self.reshape(node, [self.size(role) for role in order])

    def logits(self) -> fx.Node:
        """The logits of V2: [B, N, h]."""
        match = self.match
        if match.logits is None:
            logit = math.log(match.factor) - math.log1p(-match.factor)
            full = self.call(aten.full.default, [1, 1, 1], logit, dtype=torch.float32,
                             device=self.query.device)  # fmt: skip
            return self.call(aten.expand.default, full, [self.size(role) for role in "BTH"])
        chain = get_chain(match.factor, casts=True)
        views = [node for node in reversed(chain[:-1]) if not skips(node)]
        logits = match.logits.args[0]
        dtype = get_value(logits).dtype
        logits = self.replay(views, logits)
        compute = torch.float64 if self.query.dtype == torch.float64 else torch.float32
        if dtype not in (self.query.dtype, compute):
            logits = self.call(aten.to.dtype, logits, compute)
        logits = self.expand(logits, get_shape(match.factor), "BTH",
                             "the factor differs along the head dimension")  # fmt: skip
        order = "".join(role for role in match.result.roles if role != "D")
        return self.permute(logits, order, "BTH")

    def lam(self):
        """Lambda of V1: a number, or a tensor [h] or []."""
        factor = self.match.factor
        if isinstance(factor, float):
            return factor
        shape = get_shape(factor)
        if shape is None:
            raise Unmatched("the factor of the noise map has an unknown shape")
        if all(is_equal(size, 1) for size in shape):
            return self.call(aten.reshape.default, factor, []) if shape else factor
        return self.expand(factor, shape, "H", "the factor of the noise map has other dimensions than heads; "
                                               "that of V1 has one value for each head")  # fmt: skip

    def emit(self) -> fx.Node:
        match, ops = self.match, torch.ops.diff
        keywords = {"causal": match.signal.causal, "scale": match.signal.scale, "signals": match.signals,
                    "layout": "bshd" if self.roles == "BTHD" else "bhsd"}  # fmt: skip
        query, value = self.pair(match.query, match.signals + 1), self.tensor(match.value)
        if match.variant == "v2":
            arguments = (query, self.tensor(match.key.signal), value, self.logits())
            output = self.call(ops.attention.default, *arguments, **keywords)
        else:
            lam, norm = self.lam(), match.norm
            weight = self.graph.get_attr(norm.weight) if isinstance(norm.weight, str) else norm.weight
            op = ops.attention_v1.default if isinstance(lam, fx.Node) else ops.attention_v1.Scalar
            arguments = (query, self.pair(match.key, 2), value, lam, weight)
            output = self.call(op, *arguments, lambda_init=1 - norm.factor, eps=norm.eps, **keywords)
        result = self.permute(output, self.roles, match.result.roles)
        if match.result.dims != tuple(match.result.roles):
            result = self.reshape(result, [self.sub_size(dim) for dim in range(len(self.shape))])
        if match.norm:
            result = self.replay(match.norm.views, result)
        dtype = get_value(match.last).dtype
        if dtype != self.query.dtype:
            result = self.call(aten.to.dtype, result, dtype)
        return result


def rewrite(match: Match) -> fx.Node:
    """Replaces the match. Returns the new node. Changes nothing if it raises."""
    graph, last = match.sub.graph, match.last
    before = set(graph.nodes)
    inside = get_interior(last, match.attentions)
    try:
        with graph.inserting_before(last):
            result = Emitter(match).emit()
    except Unmatched:
        for node in reversed([node for node in graph.nodes if node not in before]):
            graph.erase_node(node)
        raise
    result.meta = dict(last.meta)
    last.replace_all_uses_with(result)
    # Dead code elimination keeps attentions, because they might draw random numbers.
    checks = {user for node in inside for user in node.users if is_assertion(user)}
    for node in reversed(list(graph.nodes)):
        if node in inside | checks and not node.users:
            graph.erase_node(node)
    return result
