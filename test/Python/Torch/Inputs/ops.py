# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks the ops: ops.py [SEED]"""

from __future__ import annotations

import subprocess
import sys

import diff_mlir
import torch
from diff_mlir import torch as _  # noqa: F401  (defines the ops)
from diff_mlir._options import HOSTS
from difftest.cases import Case

from support import FUNCTIONS, Report, call, get_seed
from tensors import make_inputs

SIZES = dict(b=2, n=5, m=6, h=4, hkv=2, d=16, causal=True, lse=True)
SEQUENCES = dict(sequences=((2, 3), (0, 1), (3, 2)), b=3)
CASES = [Case(variant, name, **SIZES | fields) for variant, name, fields in (
    ("v2", "plain", {}), ("v2", "gate, signals, head-major", dict(gate=True, signals=2, layout="bhsd")),
    ("v2", "sequences", SEQUENCES), ("v1", "halves", dict(pairs="halves")),
    ("v1", "sequences, gate", SEQUENCES | dict(gate=True)), ("standard", "plain", {}),
    ("standard", "sequences", SEQUENCES),
)]  # fmt: skip


def get_call(case: Case, inputs: dict) -> tuple[str, tuple, dict]:
    """The op's name, arguments and keywords."""
    name = FUNCTIONS[case.variant, case.sequences is not None]
    order = [key for key in inputs if key not in ("cu_seqlens_q", "cu_seqlens_k", "weight", "gate")]
    order += [key for key in ("cu_seqlens_q", "cu_seqlens_k", "weight") if key in inputs]
    arguments = [inputs[key] for key in order]
    keywords = {"causal": case.causal, "layout": case.layout}
    if "gate" in inputs:
        keywords["gate"] = inputs["gate"]
    if case.variant != "standard":
        keywords |= {"signals": case.signals, "pair_layout": case.pairs}
    return name, tuple(arguments), keywords


def check_ops(report: Report) -> None:
    """opcheck runs an op with fake tensors, under autograd and in AOTAutograd, and
    compares."""
    for case in CASES:
        for needs_gradients in (False, True):
            inputs = make_inputs(case, torch.float32, requires_grad=needs_gradients)
            name, arguments, keywords = get_call(case, inputs)
            packet = getattr(torch.ops.diff, name)
            for overload in ("default", "lse"):
                what = f"opcheck {name}.{overload}, {case.name}, gradients: {needs_gradients}"
                found = torch.library.opcheck(getattr(packet, overload), arguments, keywords,
                                              raise_exception=False)  # fmt: skip
                report(what, set(found.values()) == {"SUCCESS"}, str(found))
        results = call(case, inputs)
        out = [torch.empty_like(result) for result in results.values()]
        with torch.no_grad():
            for overload, extra in (("out", {"output": out[0]}), ("lse_out", {"output": out[0], "lse": out[1]})):
                returned = getattr(packet, overload)(*arguments, **keywords, **extra)
                report(f"{name}.{overload} writes", returned is None and torch.equal(
                    out[0], results["output"]))  # fmt: skip
            found = torch.library.opcheck(packet.lse_out, arguments, keywords | extra,
                                          test_utils=("test_schema", "test_faketensor"),
                                          raise_exception=False)  # fmt: skip
            report(f"opcheck {name}.lse_out", set(found.values()) == {"SUCCESS"}, str(found))
        report(f"{name}.lse_out writes the log-sum-exp", torch.equal(out[1], results["lse"]))


def check_overloads(report: Report) -> None:
    case = Case("v1", "", **SIZES)
    _, (q, k, v, lam, weight), keywords = get_call(case, make_inputs(case, torch.float32))
    op = torch.ops.diff.attention_v1
    output = diff_mlir.attention_v1(q, k, v, lam, weight, **keywords)
    pair = op(q, k, v, lam, weight, **keywords, return_lse=True)
    report("return_lse selects the overload", len(pair) == 2 and torch.equal(pair[0], output))
    report("without it, a tensor", torch.equal(op(q, k, v, lam, weight, **keywords), output))
    number = op(q, k, v, 0.25, weight, **keywords)
    report("lambda as a number", torch.equal(number, diff_mlir.attention_v1(
        q, k, v, torch.tensor(0.25), weight, **keywords)))  # fmt: skip
    number = op(q, k, v, 0.25, weight, **keywords, return_lse=True)
    report("lambda as a number, with log-sum-exp", len(number) == 2)
    report("out is returned", diff_mlir.attention_v1(q, k, v, lam, weight, out=number[0]) is number[0])
    report("the simulator", torch.allclose(op(q, k, v, lam, weight, **keywords, target="sim"), output,
                                           atol=1e-4))  # fmt: skip


def check_batches(report: Report) -> None:
    case = Case("v2", "", **SIZES)
    inputs = [make_inputs(case, torch.float32) for _ in range(3)]
    stacked = [torch.stack([one[name] for one in inputs]) for name in inputs[0]]
    mapped = torch.vmap(lambda *tensors: diff_mlir.attention(*tensors, causal=True))(*stacked)
    report("vmap", all(torch.equal(one, call(case, named)["output"])
                       for one, named in zip(mapped, inputs)))  # fmt: skip


IMPORTS = {
    "import torch, diff_mlir": "an import of diff_mlir after PyTorch",
    "import diff_mlir, torch, diff_mlir.torch": "an import of diff_mlir.torch",
    "import diff_mlir, torch; z = torch.zeros; "
    "diff_mlir.softmax_attention(z(1, 5, 1, 16), z(1, 5, 1, 16), z(1, 5, 1, 16))": "a first use",
}


def check_imports(report: Report) -> None:
    for script, what in IMPORTS.items():
        done = subprocess.run([sys.executable, "-c", f"{script}; print(torch.ops.diff.attention.default)"],
                              capture_output=True, text=True)  # fmt: skip
        report(f"{what} defines the ops", done.stdout.strip() == "diff.attention.default", done.stderr[-300:])


MISUSES = (
    (dict(chip=3), TypeError, f"chip must be one of {', '.join(('host', *HOSTS))}, found int 3"),
    (dict(causal="yes"), TypeError, "causal must be True or False, found str 'yes'"),
    (dict(window=3), TypeError, "window must be a pair of integers or None, found int 3"),
    (dict(lam=None), TypeError, "lam is None; an array is required"),
    (dict(gate=3), TypeError, "gate: int is no array; NumPy arrays, PyTorch tensors and objects with "
                              "__dlpack__ are legal"),
    (dict(out=()), ValueError, "out has 0 arrays; one array is legal"),
    (dict(out=3), TypeError, "out: int is no array; NumPy arrays, PyTorch tensors and objects with "
                             "__dlpack__ are legal"),
)  # fmt: skip


def check_errors(report: Report) -> None:
    """What the schema refuses gets the messages of the checks."""
    case = Case("v2", "", **SIZES)
    inputs = make_inputs(case, torch.float32)
    named = dict(zip(("q", "k", "v", "lam"), inputs.values()))
    misuses = [*MISUSES, (dict(k=named["k"].numpy()), TypeError,
                          "k and q are arrays of different libraries; all must be of one library")]  # fmt: skip
    for changes, kind, message in misuses:
        try:
            found = diff_mlir.attention(**named | changes)
        except Exception as error:
            found = error
        report(f"{list(changes)}", type(found) is kind and str(found) == message, repr(found))
    fake = torch._subclasses.FakeTensorMode()
    with fake:
        tensors = [fake.from_tensor(tensor) for tensor in named.values()]
        try:
            found = diff_mlir.attention(*tensors[:3], tensors[3][:, 1:])
        except Exception as error:
            found = error
    report("fake tensors", type(found) is ValueError and str(found).startswith(
        "lam has the shape (2, 4, 4); its dimension 1 (tokens) must be 5"), repr(found))  # fmt: skip


def main() -> None:
    report = Report()
    torch.manual_seed(get_seed())
    check_imports(report)
    check_errors(report)
    check_overloads(report)
    check_batches(report)
    check_ops(report)
    report.finish()


main()
