# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Raises graphs of today's compositions: raising.py [SEED]"""

from __future__ import annotations

import logging

import diff_mlir
import torch

from compositions import NEGATIVE, POSITIVE, WIDTH, Attend, B, N, V1, Published, make_arguments
from support import Report, get_seed

OPS = {"v2": "diff.attention", "v1": "diff.attention_v1"}


def trace(model, inputs):
    module = diff_mlir.raise_graph(torch.fx.symbolic_trace(model), inputs)
    return module(*inputs), module.diff_report, module.graph


def dynamic_dims(model) -> tuple[int, int]:
    """The dimensions of batch and tokens."""
    return (0, 2) if isinstance(model, Attend) else (0, 1)


def export(model, inputs):
    shapes = tuple({dim: torch.export.Dim.AUTO for dim in dynamic_dims(model)} for _ in inputs)
    program = torch.export.export(model, inputs, dynamic_shapes=shapes)
    module = diff_mlir.raise_graph(program.module())
    return module(*inputs), module.diff_report, module.graph


def compile(model, inputs):
    """A backend of torch.compile."""
    torch._dynamo.reset()
    graphs = []

    def keep(graph_module, example_inputs):
        graphs.append(graph_module)
        return graph_module

    for tensor in inputs:
        for dim in dynamic_dims(model):
            torch._dynamo.maybe_mark_dynamic(tensor, dim)
    result = torch.compile(model, backend=diff_mlir.raise_backend(keep), fullgraph=True)(*inputs)
    return result, graphs[0].diff_report, graphs[0].graph


TRACERS = (trace, export, compile)


def check_positive(report: Report) -> None:
    for kind in POSITIVE:
        model, inputs = kind().eval(), (torch.randn(B, N, WIDTH),)
        with torch.no_grad():
            wanted = model(*inputs)
            for tracer in TRACERS:
                result, found, graph = tracer(model, inputs)
                error = float((result - wanted).abs().max())
                targets = [str(node.target) for node in graph.nodes]
                clean = not any("scaled_dot" in target for target in targets) and sum(
                    target.startswith("diff.") for target in targets) == 1  # fmt: skip
                right = list(found.raised.values()) == [OPS[kind.variant]] and not found.kept
                report(f"{kind.__name__}, {tracer.__name__}", right and clean and error < 2e-6,
                       f"{error:.1e}; {found}")  # fmt: skip


def check_negative(report: Report) -> None:
    for what, (function, tokens, reason) in NEGATIVE.items():
        model = Attend(function)
        for tracer in TRACERS:
            # Some change their arguments.
            torch.manual_seed(1)
            inputs = make_arguments(tokens)
            copies = tuple(tensor.clone() for tensor in inputs)
            with torch.no_grad():
                wanted = model(*inputs) if what != "dropout" else None
                result, found, _ = tracer(model, copies)
            same = wanted is None or torch.allclose(result, wanted, atol=1e-6)
            right = not found.raised and found.kept and all(reason in text for text in found.kept.values())
            report(f"{what}, {tracer.__name__}", right and same, str(found))


def check_details(report: Report) -> None:
    inputs = (torch.randn(B, N, WIDTH),)
    module = diff_mlir.raise_graph(torch.fx.symbolic_trace(Published()))
    report("no shapes", all("pass example_inputs" in text for text in module.diff_report.kept.values())
           and len(module.diff_report.kept) == 1, str(module.diff_report))  # fmt: skip
    try:
        diff_mlir.raise_graph(Published())
        found = "nothing was raised"
    except TypeError as error:
        found = str(error)
    report("no graph", found == "graph_module must be a torch.fx.GraphModule, found Published", found)

    lines = []
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(record.getMessage())
    logger = logging.getLogger("diff_mlir.raise")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    two = torch.nn.Sequential(Published(), V1())
    module = diff_mlir.raise_graph(torch.fx.symbolic_trace(two), inputs)
    report("two layers", sorted(module.diff_report.raised.values()) == sorted(OPS.values()), str(lines))
    report("the log is the report", lines == str(module.diff_report).splitlines())
    again = str(diff_mlir.raise_graph(module).diff_report)
    report("nothing is left to do", again == "no scaled_dot_product_attention", again)


def check_gradients(report: Report) -> None:
    """A raised model trains, with inductor and with another length; and models in bf16."""
    for kind in (Published, V1):
        torch._dynamo.reset()
        model, reports = kind(), []
        compiled = torch.compile(model, backend=diff_mlir.raise_backend("inductor", reports.append), dynamic=True)
        counts = []
        for tokens in (N, N + 5):
            x, results = torch.randn(B, tokens, WIDTH), []
            for function in (model, compiled):
                model.zero_grad()
                function(x).square().sum().backward()
                results.append({name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None})
            errors = [float((grad - results[0][name]).norm() / results[0][name].norm())
                      for name, grad in results[1].items()]  # fmt: skip
            report(f"{kind.__name__}: gradients, {tokens} tokens", max(errors) < 1e-5
                   and results[0].keys() == results[1].keys(), f"{max(errors):.1e}")  # fmt: skip
            counts.append(len(reports))
        report(f"{kind.__name__}: no graph for another length", counts[0] == counts[1], str(counts))
        module = kind().bfloat16().eval()
        x = torch.randn(B, N, WIDTH).bfloat16()
        with torch.no_grad():
            result, found, _ = trace(module, (x,))
            error = float((result - module(x)).norm() / module(x).norm())
        report(f"{kind.__name__}: bf16", result.dtype == torch.bfloat16 and found.raised and error < 0.02,
               f"{error:.1e}")  # fmt: skip


def check_guards(report: Report) -> None:
    """A number that the op has as an option is guarded."""
    torch._dynamo.reset()
    model, x, reports = V1().eval(), torch.randn(B, N, WIDTH), []
    compiled = torch.compile(model, backend=diff_mlir.raise_backend("eager", reports.append), dynamic=True)
    with torch.no_grad():
        for lambda_init in (0.35, 0.6):
            model.lambda_init = lambda_init
            error = float((compiled(x) - model(x)).abs().max())
            report(f"lambda_init = {lambda_init}", error < 2e-6, f"{error:.1e}, {len(reports)} graphs")


def main() -> None:
    report = Report()
    torch.manual_seed(get_seed())
    check_positive(report)
    check_negative(report)
    check_details(report)
    check_guards(report)
    check_gradients(report)
    report.finish()


main()
