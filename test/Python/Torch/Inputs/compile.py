# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compiles functions that call the attentions: compile.py [SEED]"""

from __future__ import annotations

import io

import diff_mlir
import torch
from difftest.cases import Case

from support import Report, call, get_seed
from tensors import make_inputs

LENGTHS = (7, 9, 16, 33, 1, 2, 50)
SIZES = dict(b=2, h=4, hkv=2, d=16, causal=True)


class Counter:
    """A backend that counts graphs and runs them as they are."""

    def __init__(self):
        self.graphs = 0

    def __call__(self, module, inputs):
        self.graphs += 1
        return module.forward


def check_first_call(report: Report) -> None:
    """Before any other: the ops do not exist yet."""
    q, k = torch.randn(1, 5, 2, 16), torch.randn(1, 5, 1, 16)
    lam = torch.randn(1, 5, 1)

    def function(q, k, lam):
        return 2 * diff_mlir.attention(q, k, k, lam)

    found = torch.compile(function, fullgraph=True, backend=Counter())(q, k, lam)
    report("the first call is in compiled code", torch.equal(found, function(q, k, lam)))


def check_lengths(report: Report) -> None:
    for variant in ("v2", "v1"):
        case = Case(variant, "", n=1, m=1, **SIZES)
        # A length of 1 is a graph of its own.
        for dynamic, most in ((True, 2), (None, 3)):
            counter = Counter()
            compiled = torch.compile(lambda named: call(case, named)["output"] + 1, fullgraph=True,
                                     backend=counter, dynamic=dynamic)  # fmt: skip
            right = True
            for length in LENGTHS:
                one = Case(variant, "", n=length, m=length, **SIZES)
                inputs = make_inputs(one, torch.float32)
                right &= torch.equal(compiled(inputs), call(one, inputs)["output"] + 1)
            what = f"{variant}, {len(LENGTHS)} lengths, dynamic={dynamic}"
            report(what, right and counter.graphs <= most, f"{counter.graphs} graphs")


def check_sequences(report: Report) -> None:
    """Any number of sequences and any lengths."""
    counter = Counter()
    compiled = torch.compile(lambda *tensors: diff_mlir.attention_varlen(*tensors, causal=True),
                             fullgraph=True, backend=counter, dynamic=True)  # fmt: skip
    right = True
    for sequences in (((3, 4), (5, 5)), ((2, 9), (4, 4), (6, 7)), ((20, 20), (3, 3))):
        n, m = (sum(lengths) for lengths in zip(*sequences))
        case = Case("v2", "", n=n, m=m, sequences=sequences, **SIZES | dict(b=len(sequences)))
        named = make_inputs(case, torch.float32)
        tensors = [named[name] for name in ("query", "key", "value", "lambda", "cu_seqlens_q", "cu_seqlens_k")]
        right &= torch.equal(compiled(*tensors), call(case, named)["output"])
    report("sequences", right and counter.graphs <= 2, f"{counter.graphs} graphs")


class Block(torch.nn.Module):
    """Projections around the attention."""

    def __init__(self):
        super().__init__()
        self.q, self.kv = torch.nn.Linear(32, 8 * 16), torch.nn.Linear(32, 2 * 2 * 16)
        self.lam, self.out = torch.nn.Linear(32, 4), torch.nn.Linear(4 * 16, 32)

    def forward(self, x):
        k, v = self.kv(x).unflatten(-1, (2, 2, 16)).unbind(2)
        out, lse = diff_mlir.attention(self.q(x).unflatten(-1, (8, 16)), k, v, self.lam(x), causal=True,
                                       return_lse=True)  # fmt: skip
        return self.out(out.flatten(-2)) + lse.mean()


def check_training(report: Report) -> None:
    model = Block()
    compiled = torch.compile(model, fullgraph=True, dynamic=True)
    for length in (6, 11):
        x = torch.randn(2, length, 32)
        results = []
        for function in (model, compiled):
            model.zero_grad()
            loss = function(x).square().mean()
            loss.backward()
            results.append([loss.detach(), *(p.grad.clone() for p in model.parameters())])
        errors = [float((a - b).abs().max()) for a, b in zip(*results)]
        report(f"inductor, forward and backward, {length} tokens", max(errors) < 1e-5, f"{max(errors):.1e}")
    with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
        error = float((compiled(x).float() - model(x).float()).abs().max())
        report("inductor and autocast", error < 0.05, f"{error:.1e}")


def check_out(report: Report) -> None:
    """Writes into a part of a buffer."""
    case = Case("v2", "", n=5, m=5, **SIZES)
    inputs = list(make_inputs(case, torch.float32).values())

    def function(buffer, *tensors):
        diff_mlir.attention(*tensors, causal=True, out=buffer[:, 2:7])
        return buffer.sum()

    buffers = [torch.ones(2, 9, 4, 16) for _ in range(2)]
    with torch.no_grad():
        sums = [function(buffers[0], *inputs),
                torch.compile(function, fullgraph=True)(buffers[1], *inputs)]  # fmt: skip
    report("out is a slice", torch.equal(*buffers) and torch.allclose(*sums))


def check_export(report: Report) -> None:
    model, length = Block().eval(), torch.export.Dim("length", min=2, max=512)
    program = torch.export.export(model, (torch.randn(2, 6, 32),), dynamic_shapes=({1: length},))
    names = [str(node.target) for node in program.graph.nodes]
    report("export keeps the op", names.count("diff.attention.lse") == 1)
    file = io.BytesIO()
    torch.export.save(program, file)
    file.seek(0)
    loaded = torch.export.load(file).module()
    for tokens in (6, 19):
        x = torch.randn(2, tokens, 32)
        error = float((loaded(x) - model(x)).abs().max())
        report(f"exported, saved and loaded, {tokens} tokens", error < 1e-5, f"{error:.1e}")


def check_errors(report: Report) -> None:
    def function(q, k, lam):
        return diff_mlir.attention(q, k, k, lam)

    q, k, lam = torch.randn(1, 5, 2, 16), torch.randn(1, 5, 1, 16), torch.randn(1, 4, 1)
    try:
        torch.compile(function, fullgraph=True, backend="eager")(q, k, lam)
        text = "nothing was raised"
    except Exception as error:
        text = str(error)
    report("wrong shapes are found in compilation", "its dimension 1 (tokens) must be 5" in text, text[:90])


def main() -> None:
    report = Report()
    torch.manual_seed(get_seed())
    check_first_call(report)
    check_lengths(report)
    check_sequences(report)
    check_errors(report)
    check_out(report)
    check_training(report)
    check_export(report)
    report.finish()


main()
