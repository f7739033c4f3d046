# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Finds differential attention in FX graphs and replaces it by the ops."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import fx
from torch._subclasses import FakeTensorMode
from torch.fx.passes.fake_tensor_prop import FakeTensorProp

from .. import _torch  # noqa: F401  (defines the ops)
from ._emit import rewrite
from ._heads import Unmatched
from ._match import SDPA, find_attention, find_attentions, match
from ._nodes import get_name, get_value

LOGGER = logging.getLogger("diff_mlir.raise")


@dataclass
class Report:
    """What raise_graph did: `raised` has the names of the ops that it wrote by the names
    of the nodes that they replace; `kept` has the reason for each
    scaled_dot_product_attention that stays."""

    raised: dict[str, str] = field(default_factory=dict)
    kept: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        lines = [f"{name}: replaced by {op}" for name, op in self.raised.items()]
        lines += [f"{name}: kept, because {reason}" for name, reason in self.kept.items()]
        return "\n".join(lines) or "no scaled_dot_product_attention"


def raise_graph(graph_module: fx.GraphModule, example_inputs=None) -> fx.GraphModule:
    """Replaces compositions of scaled_dot_product_attention that are differential
    attention by torch.ops.diff.attention (V2) and torch.ops.diff.attention_v1 (V1).

    graph_module: a module of torch.fx.symbolic_trace, of torch.export (`program.module()`)
        or of a backend of torch.compile. It is changed in place.
    example_inputs: a tuple of inputs, from which shapes and types are inferred. Modules of
        torch.export and torch.compile know them; those of symbolic_trace need them.

    Finds one attention on all query heads or one for each map; the heads of a pair next to
    each other or in halves; grouped heads by enable_gqa, expand or repeat_interleave; the
    sigmoid of logits, a number, or lambda of V1; an RMSNorm and the factor 1 - lambda_init.
    What it does not understand stays as it is.

    Returns graph_module, whose attribute `diff_report` says what was replaced and, for each
    attention that stays, why. `print(graph_module.diff_report)` prints a line for each; the
    logger "diff_mlir.raise" gets the same lines.
    """
    if not isinstance(graph_module, fx.GraphModule):
        raise TypeError(f"graph_module must be a torch.fx.GraphModule, found "
                        f"{type(graph_module).__name__}")  # fmt: skip
    if example_inputs is not None:
        mode = FakeTensorMode(allow_non_fake_inputs=True)
        FakeTensorProp(graph_module, mode).propagate(*example_inputs)
    report, graph = Report(), graph_module.graph
    reasons: dict[fx.Node, str] = {}
    for node in list(graph.nodes):
        if get_name(node) != "sub" or len(node.args) < 2 or find_attention(node.args[0]) is None:
            continue
        try:
            found = match(node)
            name, last = found.variant, found.last.name
            rewrite(found)
            report.raised[last] = "diff.attention_v1" if name == "v1" else "diff.attention"
        except Unmatched as reason:
            reasons.update(dict.fromkeys(find_attentions(node), str(reason)))
    for node in graph.nodes:
        if get_name(node) == SDPA:
            default = "no subtraction of two maps uses it"
            if not isinstance(get_value(node), torch.Tensor):
                default = "the shapes are unknown; pass example_inputs"
            report.kept[node.name] = reasons.get(node, default)
    if report.raised:
        graph.eliminate_dead_code()
        graph_module.recompile()
    for line in str(report).splitlines():
        LOGGER.info("%s", line)
    graph_module.diff_report = report
    return graph_module


def raise_backend(backend: str | Callable = "inductor", report: Callable | None = None) -> Callable:
    """A backend for torch.compile that applies raise_graph and then another backend.

    backend: the name of a backend of torch.compile, or a function like one.
    report: a function that receives the report of each graph.
    """

    def compile_graph(graph_module: fx.GraphModule, example_inputs):
        raise_graph(graph_module)
        if report is not None:
            report(graph_module.diff_report)
        import torch._dynamo

        inner = backend if callable(backend) else torch._dynamo.lookup_backend(backend)
        return inner(graph_module, example_inputs)

    return compile_graph
