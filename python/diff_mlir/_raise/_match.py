# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Finds differential attention around a subtraction."""

from __future__ import annotations

from dataclasses import dataclass

from torch import fx

from ._heads import Attention, Result, Source, Unmatched, find_result
from ._nodes import get_argument, get_name, get_number, get_shape, is_assertion, is_equal, is_mutation, strip
from ._norm import Norm, find_norm
from ._views import get_chain

SDPA = "scaled_dot_product_attention"


@dataclass
class Pair:
    """The heads that an argument of the op has, for the signal and the noise maps.
    `order` is "interleaved", "halves", or "apart" for two tensors."""

    order: str
    signal: Source
    noise: Source


@dataclass
class Match:
    variant: str
    sub: fx.Node
    signal: Attention
    noise: Attention
    result: Result
    signals: int
    query: Pair
    key: Pair
    value: Source
    factor: object
    #: The logits, below the views of `factor` (V2).
    logits: fx.Node | None
    norm: Norm | None

    @property
    def last(self) -> fx.Node:
        return self.norm.last if self.norm else self.sub

    @property
    def attentions(self) -> list[fx.Node]:
        return list(dict.fromkeys((self.signal.node, self.noise.node)))


def find_attention(node) -> fx.Node | None:
    if not isinstance(node, fx.Node):
        return None
    last = get_chain(node, casts=True)[-1]
    return last if get_name(last) == SDPA else None


def split_noise(node):
    """The noise map and its factor."""
    product = strip(node)
    if get_name(product) == "mul" and len(product.args) == 2:
        one, two = product.args
        if find_attention(two) is not None and find_attention(one) is None:
            one, two = two, one
        if find_attention(one) is not None and find_attention(two) is None:
            return one, two
    raise Unmatched(f"the subtrahend {node} is no product of a factor and a map")


def find_attentions(sub: fx.Node) -> list[fx.Node]:
    """The attentions of which a subtraction takes views or products of views."""
    parts = []
    for node in sub.all_input_nodes:
        product = strip(node)
        parts += [node, *(product.args if get_name(product) == "mul" else ())]
    return [found for part in parts if (found := find_attention(part)) is not None]


def find_logits(factor) -> fx.Node | None:
    """The sigmoid of which a factor is a view."""
    if not isinstance(factor, fx.Node):
        return None
    node = get_chain(factor, casts=True)[-1]
    return node if get_name(node) == "sigmoid" else None


def find_order(signal, noise, signals: int, count: int) -> str | None:
    """The order of the heads of groups of signal heads and a noise head."""
    groups, maps = len(signal) // signals, signals + 1
    if count != groups * maps:
        return None
    heads = range(len(signal))
    if all(signal[j] == maps * (j // signals) + j % signals and
           noise[j] == maps * (j // signals) + signals for j in heads):  # fmt: skip
        return "interleaved"
    if all(signal[j] == j % signals * groups + j // signals and
           noise[j] == signals * groups + j // signals for j in heads):  # fmt: skip
        return "halves"
    return None


class Matcher:
    """Matches one subtraction. Raises Unmatched with the reason."""

    def __init__(self, sub: fx.Node):
        self.sub = sub
        if get_argument(sub, 2, "alpha", 1) != 1:
            raise Unmatched("the subtraction has alpha")
        noise, factor = split_noise(sub.args[1])
        number = get_number(factor)
        self.factor = factor if number is None else float(number)
        self.signal = Attention(find_attention(sub.args[0]))
        self.noise = Attention(find_attention(noise))
        self.signal.check()
        self.noise.check()
        shape = get_shape(sub)
        if shape is None:
            raise Unmatched("the shapes are unknown; pass example_inputs")
        self.result = find_result(sub.args[0], self.signal, shape)
        self.minus = find_result(noise, self.noise, shape)
        self.check_maps()
        self.heads = range(len(self.result.heads))
        self.signals = len(self.heads) // max(1, len(set(self.minus.heads)))

    def check_maps(self) -> None:
        one, two = self.signal, self.noise
        if self.result.roles != self.minus.roles or len(self.result.heads) != len(self.minus.heads):
            raise Unmatched("the two maps have different layouts")
        if (one.causal, one.scale) != (two.causal, two.scale):
            raise Unmatched("the two maps differ in is_causal or scale")
        for name in ("query", "key", "value"):
            shapes = [get_shape(getattr(attention, name)) for attention in (one, two)]
            if not all(is_equal(a, b) for a, b in zip(shapes[0][2:], shapes[1][2:])):
                raise Unmatched(f"the two maps have {name} tensors of different sizes")

    def read(self, name: str, ancestor: fx.Node) -> tuple[Source, Source] | None:
        """The heads of an ancestor that the signal and the noise map of each output head
        read."""
        sources = []
        for attention, result in ((self.signal, self.result), (self.noise, self.minus)):
            source = attention.read(name, ancestor)
            if source is None:
                return None
            heads = tuple(source.heads[head] for head in result.heads)
            sources.append(Source(source.node, source.roles, heads))
        return tuple(sources)

    def ancestors(self, name: str) -> list[fx.Node]:
        """Those that both maps share, the nearest first."""
        return [node for node in self.signal.chains[name] if node in self.noise.chains[name]]

    def find_query(self) -> Pair:
        for ancestor in self.ancestors("q"):
            pair = self.read("q", ancestor)
            if pair is None:
                continue
            order = find_order(pair[0].heads, pair[1].heads, self.signals, pair[0].count)
            if order:
                return Pair(order, *pair)
        apart = self.find_apart("q", len(self.heads), lambda j: j)
        if apart is None or self.signals != 1:
            raise Unmatched("the query heads are in an order that the op does not have: "
                            f"signal {list(self.result.heads)}, noise {list(self.minus.heads)}")  # fmt: skip
        return apart

    def find_apart(self, name: str, count: int, head) -> Pair | None:
        """A tensor for the signal and one for the noise map, of `count` heads each."""
        found = []
        for attention, result in ((self.signal, self.result), (self.noise, self.minus)):
            for ancestor in attention.chains[name]:
                source = attention.read(name, ancestor)
                if source and source.count == count and all(
                        source.heads[result.heads[j]] == head(j) for j in self.heads):  # fmt: skip
                    found.append(source)
                    break
        return Pair("apart", *found) if len(found) == 2 else None

    def find_shared(self, name: str) -> list[Source]:
        """Tensors of which both maps of output head j read head j / (h / count)."""
        found = []
        for ancestor in self.ancestors(name):
            pair = self.read(name, ancestor)
            if pair is None:
                continue
            count, groups = pair[0].count, len(self.heads) // self.signals
            if groups % count == 0 and pair[0].heads == pair[1].heads == tuple(
                    j // self.signals // (groups // count) for j in self.heads):  # fmt: skip
                found.append(pair[0])
        return found

    def find_key_pairs(self, count: int) -> Pair | None:
        """Key heads of V1: two for each value head."""
        groups = len(self.heads) // self.signals
        shared = [j // self.signals // (groups // count) for j in self.heads]
        for ancestor in self.ancestors("k"):
            pair = self.read("k", ancestor)
            if pair is None or pair[0].count != 2 * count:
                continue
            for order, first, second in (("interleaved", [2 * g for g in shared], [2 * g + 1 for g in shared]),
                                         ("halves", shared, [g + count for g in shared])):  # fmt: skip
                if list(pair[0].heads) == first and list(pair[1].heads) == second:
                    return Pair(order, *pair)
        return self.find_apart("k", count, shared.__getitem__)

    def match(self) -> Match:
        query = self.find_query()
        values, keys = self.find_shared("v"), self.find_shared("k")
        if not values:
            raise Unmatched("the two maps of an output head read different values, or heads in another "
                            "order than grouped heads")  # fmt: skip
        logits = find_logits(self.factor)
        width, value_width = self.signal.dims
        shared = next(((key, value) for key in keys for value in values if key.count == value.count), None)
        norm = find_norm(self.sub, value_width)
        common = (self.sub, self.signal, self.noise, self.result, self.signals, query)
        if shared and (logits is not None or isinstance(self.factor, float) and 0 < self.factor < 1):
            return Match("v2", *common, Pair("apart", shared[0], shared[0]), shared[1], self.factor, logits,
                         None)  # fmt: skip
        if norm is None:
            raise Unmatched(self.explain(bool(shared)))
        if not is_equal(value_width, 2 * width):
            raise Unmatched(f"values are {value_width} wide; those of V1 are twice as wide as keys, {2 * width}")
        for value in values:
            key = self.find_key_pairs(value.count)
            if key is not None:
                return Match("v1", *common, key, value, self.factor, None, norm)
        raise Unmatched("the two maps read key heads in another order than V1")

    def explain(self, shared: bool) -> str:
        if not shared:
            return "the two maps of an output head read different keys, and no RMSNorm follows (V1)"
        if isinstance(self.factor, float):
            return f"the factor is {self.factor} and no RMSNorm follows; V2 needs a number between 0 and 1"
        return "the factor is no sigmoid (V2), and no RMSNorm follows (V1)"


def get_interior(last: fx.Node, attentions: list[fx.Node]) -> set[fx.Node]:
    """The nodes from the attentions to the last one."""
    order = {node: i for i, node in enumerate(last.graph.nodes)}
    start = min(order[node] for node in attentions)
    inside: set[fx.Node] = set(attentions)
    for node in list(last.graph.nodes)[start : order[last] + 1]:
        if any(argument in inside for argument in node.all_input_nodes):
            inside.add(node)
    # Those that do not lead to the last node are uses from outside.
    leads = {last}
    for node in reversed(list(last.graph.nodes)[start : order[last]]):
        if node in inside and any(user in leads for user in node.users):
            leads.add(node)
    return inside & leads


def check_uses(match: Match) -> None:
    """Nothing but the op's nodes may use what it replaces, and no tensor may change
    between."""
    inside = get_interior(match.last, match.attentions)
    for node in inside - {match.last}:
        for user in node.users:
            if user not in inside and not is_assertion(user):
                raise Unmatched(f"{node.name} is also used by {user.name}")
    nodes = list(match.sub.graph.nodes)
    first = min(nodes.index(node) for node in match.attentions)
    for node in nodes[first : nodes.index(match.last) + 1]:
        if is_mutation(node):
            raise Unmatched(f"{node.name} changes a tensor in place")


def match(sub: fx.Node) -> Match:
    found = Matcher(sub).match()
    check_uses(found)
    return found
