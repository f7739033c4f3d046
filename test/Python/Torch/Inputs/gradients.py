# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks gradients: gradients.py [SEED]"""

from __future__ import annotations

import diff_mlir
import torch
from diff_mlir import torch as _  # noqa: F401  (defines the ops)
from diff_mlir._torch import _recompute
from difftest.cases import Case

from support import Report, call, get_seed
from tensors import as_tuple, make_inputs

SIZES = dict(b=2, n=3, m=4, h=4, hkv=2, d=2)
SEQUENCES = dict(b=3, n=5, m=6, h=2, hkv=1, d=2, sequences=((2, 3), (0, 1), (3, 2)))
CASES = [Case(variant, name, **SIZES | fields) for variant, name, fields in (
    ("v2", "plain", dict()),
    ("v2", "causal, softcap, scale, value dim", dict(causal=True, softcap=1.5, scale=0.4, dv=3)),
    ("v2", "window, gate, signals, head-major", dict(window=(1, 0), gate=True, signals=2, layout="bhsd",
                                                     d=1)),
    ("v2", "halves, log-sum-exp", dict(pairs="halves", lse=True)),
    ("v2", "rows without keys", dict(n=4, m=2, causal=True, gate=True, lse=True)),
    ("v2", "sequences", SEQUENCES | dict(causal=True, lse=True)),
    ("v2", "sequences, gate, head-major", SEQUENCES | dict(gate=True, layout="bhsd")),
    ("v1", "plain", dict()),
    ("v1", "halves, gate, log-sum-exp", dict(pairs="halves", gate=True, lse=True, b=1)),
    ("v1", "signals, window, head-major", dict(signals=2, window=(1, 1), layout="bhsd", b=1)),
    ("v1", "rows without keys", dict(n=4, m=2, causal=True, b=1)),
    ("v1", "sequences", SEQUENCES | dict(softcap=1.0)),
    ("v1", "sequences, halves", SEQUENCES | dict(pairs="halves")),
    ("standard", "plain", dict(causal=True, gate=True, lse=True)),
    ("standard", "sequences", SEQUENCES),
)]  # fmt: skip


def check_differences(report: Report) -> None:
    for case in CASES:
        inputs = make_inputs(case, torch.float64, requires_grad=True)
        names = [name for name, tensor in inputs.items() if tensor.requires_grad]

        def function(*tensors):
            return as_tuple(call(case, inputs | dict(zip(names, tensors))))

        try:
            passed, why = torch.autograd.gradcheck(function, [inputs[name] for name in names]), ""
        except RuntimeError as error:
            passed, why = False, str(error)
        report(f"finite differences: {case.variant}, {case.name}", passed, why)


def check_lambda(report: Report) -> None:
    """A number and a tensor of rank 0, and no weight."""
    case = Case("v1", "", **SIZES)
    inputs = make_inputs(case, torch.float64, requires_grad=True)
    query, key, value = (inputs[name] for name in ("query", "key", "value"))
    lam = torch.tensor(0.3, dtype=torch.float64, requires_grad=True)
    report("finite differences: v1, lambda of rank 0, no weight", torch.autograd.gradcheck(
        lambda *tensors: diff_mlir.attention_v1(*tensors), (query, key, value, lam)))  # fmt: skip
    report("finite differences: v1, a number", torch.autograd.gradcheck(
        lambda *tensors: diff_mlir.attention_v1(*tensors, 0.3), (query, key, value)))  # fmt: skip


def get_gradients(case: Case, inputs: dict, seeds=None) -> tuple[list, list]:
    """Returns the gradients and the gradients of the results that they come from."""
    leaves = {name: tensor.detach().clone().requires_grad_(tensor.is_floating_point())
              for name, tensor in inputs.items()}  # fmt: skip
    results = as_tuple(call(case, leaves))
    seeds = seeds or [torch.randn_like(result) for result in results]
    wanted = [tensor for tensor in leaves.values() if tensor.requires_grad]
    seeds = [seed.to(result.dtype) for seed, result in zip(seeds, results)]
    return list(torch.autograd.grad(results, wanted, seeds)), seeds


def check_types(report: Report) -> None:
    """Gradients of f32 and bf16 against those of the same inputs in f64, and with
    blocks of one row."""
    limits = {torch.float32: 1e-6, torch.bfloat16: 4e-3, torch.float16: 5e-4}
    for variant, pairs in (("v2", "interleaved"), ("v1", "halves")):
        case = Case(variant, "types", b=2, n=19, m=23, h=4, hkv=2, d=16, causal=True, window=(9, 0),
                    pairs=pairs, gate=True, lse=True)  # fmt: skip
        for dtype, limit in limits.items():
            inputs = make_inputs(case, dtype)
            found, seeds = get_gradients(case, inputs)
            wide = {name: tensor.double() for name, tensor in inputs.items()}
            exact, _ = get_gradients(case, wide, seeds)
            errors = [float((a - b).norm() / b.norm()) for a, b in zip(found, exact)]
            report(f"{variant} in {dtype}", max(errors) < limit, f"{max(errors):.1e}")
            report(f"{variant} in {dtype}: types", all(
                a.dtype == tensor.dtype for a, tensor in zip(found, inputs.values())))  # fmt: skip
        size, _recompute.BLOCK_ELEMENTS = _recompute.BLOCK_ELEMENTS, 1
        rows, _ = get_gradients(case, wide, seeds)
        _recompute.BLOCK_ELEMENTS = size
        error = max(float((a - b).norm() / b.norm()) for a, b in zip(rows, exact))
        report(f"{variant} by rows", error < 1e-12, f"{error:.1e}")


def check_edges(report: Report) -> None:
    case = Case("v2", "", b=1, n=6, m=2, h=2, hkv=1, d=8, causal=True, gate=True, lse=True)
    inputs = make_inputs(case, torch.float32, requires_grad=True)
    output, lse = call(case, inputs).values()
    grads = torch.autograd.grad([output, lse], list(inputs.values()),
                                [torch.ones_like(output), torch.ones_like(lse)])  # fmt: skip
    report("rows without keys: finite", all(bool(torch.isfinite(grad).all()) for grad in grads))
    named = dict(zip(inputs, grads))
    report("rows without keys: 0", all(not named[name][:, :4].any() for name in ("query", "lambda", "gate")))
    report("rows with keys: not 0", all(named[name][:, 4:].any() for name in ("query", "lambda", "gate")))

    case = Case("v2", "", b=1, n=3, m=3, h=2, hkv=1, d=8)
    inputs = make_inputs(case, torch.float32)
    inputs["lambda"] = torch.full_like(inputs["lambda"], -torch.inf)
    grads, _ = get_gradients(case, inputs)
    report("lambda of -inf", all(bool(torch.isfinite(grad).all()) for grad in grads) and not grads[3].any())

    for fields in (dict(n=0), dict(m=0), dict(b=0)):
        case = Case("v1", "", **dict(b=2, n=3, m=3, h=2, hkv=1, d=8) | fields)
        grads, _ = get_gradients(case, make_inputs(case, torch.float32))
        report(f"empty: {fields}", not any(grad.any() for grad in grads))


def check_modes(report: Report) -> None:
    case = Case("v2", "", **SIZES)
    inputs = make_inputs(case, torch.float32, requires_grad=True)
    arguments = list(inputs.values())

    def message(function) -> str:
        try:
            function()
        except ValueError as error:
            return str(error)
        return "nothing was raised"

    output = diff_mlir.attention(*arguments)
    grad = torch.ones_like(output).requires_grad_()
    text = message(lambda: torch.autograd.grad(output, arguments, grad, create_graph=True))
    report("second derivatives", text == "attention: second derivatives are not supported", text)
    out = torch.empty_like(output)
    text = message(lambda: diff_mlir.attention(*arguments, out=out))
    report("out with gradients", text.startswith("attention: out is given and"), text)
    with torch.no_grad():
        diff_mlir.attention(*arguments, out=out)
    report("out without gradients", torch.equal(out, output))
    report("only what is needed", torch.autograd.grad(
        diff_mlir.attention(arguments[0], *(tensor.detach() for tensor in arguments[1:])).sum(),
        arguments[0])[0].shape == arguments[0].shape)  # fmt: skip

    # The gradients of an autocast call, computed with autocast on.
    with torch.autocast("cpu", dtype=torch.bfloat16):
        result = diff_mlir.attention(*arguments)
        report("autocast casts", result.dtype == torch.bfloat16, str(result.dtype))
        narrow = [tensor.detach().bfloat16().requires_grad_() for tensor in arguments[:3]]
        lam = arguments[3].detach().requires_grad_()
        same = diff_mlir.attention(*narrow, lam)
        report("lambda stays f32", torch.equal(result, same))
        grads = torch.autograd.grad(result.float().square().sum(), arguments)
        wanted = torch.autograd.grad(same.float().square().sum(), [*narrow, lam])
    report("autocast gradients", all(
        a.dtype == torch.float32 and torch.equal(a, b.float()) for a, b in zip(grads, wanted)))  # fmt: skip


def main() -> None:
    report = Report()
    torch.manual_seed(get_seed())
    check_differences(report)
    check_lambda(report)
    check_types(report)
    check_edges(report)
    check_modes(report)
    report.finish()


main()
