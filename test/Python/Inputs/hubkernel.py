# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Loads a folder of scripts/make-kernel.py with the package kernels, and calls it on the
driver library that DIFF_CUDA_DRIVER names: hubkernel.py FOLDER [SEED]

The folder has diffllama and motif-3 for sm_80 and sm_90a.
"""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path
from types import SimpleNamespace

import kernels
import numpy as np
import torch
from cuda.bindings import driver
from cudatensors import CudaTensor, as_tensor
from difftest import arrays, runner
from difftest.cases import Case
from gpuarrays import check
from torch._subclasses import FakeTensorMode

from support import NAMES, Report, get_seed

SEED, REPORT = get_seed(), Report()
CHIP = os.environ["PTXSIM_CHIP"]
VARIANT = Path(sys.argv[1]) / "build" / "torch-cuda"
# The variant itself, because a PyTorch without CUDA does not select it.
kernel = kernels.get_local_kernel(VARIANT)
kernel._driver.LIBRARY = os.environ["DIFF_CUDA_DRIVER"]
CudaTensor.namespace, CudaTensor.run = kernel.__name__, kernel._launch.run
STREAM = int(check(driver.cuStreamCreate(0)))
torch.cuda.current_stream = lambda device: SimpleNamespace(cuda_stream=STREAM)

DIFFLLAMA = dict(h=16, hkv=16, d=64, causal=True, pairs="halves")
MOTIF = dict(h=64, hkv=16, d=192, dv=128, signals=4, causal=True, window=(128, 0), gate=True)


def call(case: Case, inputs: dict, **options):
    named = {NAMES.get(name, name): tensor for name, tensor in inputs.items()}
    if case.variant == "v1":
        options["lambda_init"] = 0.8 if case.lambda_init is None else case.lambda_init
    function = kernel.attention if case.variant == "v2" else kernel.attention_v1
    return function(**named, causal=case.causal, window=case.window, signals=case.signals,
                    pair_layout=case.pairs, **options)  # fmt: skip


def make(case: Case, type: str) -> tuple[dict, dict]:
    inputs = arrays.make_inputs(case, type, SEED)
    return inputs, {name: as_tensor(array) for name, array in inputs.items()}


def check_cases(cases) -> None:
    for case, type in cases:
        inputs, tensors = make(case, type)
        output = call(case, tensors)
        failures = runner.check_results(case, type, inputs, {"output": output.get()})[0].failures
        REPORT(f"{case.variant}/{case.name} {type}", not failures, "; ".join(failures))


def expect(what: str, error, part: str, function, *arguments, **options) -> None:
    try:
        function(*arguments, **options)
        REPORT(what, False, "no error")
    except error as raised:
        REPORT(what, part in str(raised), str(raised))


def check_views() -> None:
    """Strides and addresses that a kernel reads, and those that it cannot read."""
    case = Case("v1", "views", n=5, m=9, **DIFFLLAMA)
    _, tensors = make(case, "f16")
    wanted = call(case, tensors).get()

    def changed(**views) -> bool:
        return np.array_equal(call(case, tensors | views).get(), wanted)

    q, k = tensors["query"], tensors["key"]
    copies = []
    clone = CudaTensor.clone
    CudaTensor.clone = lambda self, **options: copies.append(self) or clone(self, **options)
    major = q.transpose(1, 2).contiguous().transpose(1, 2)
    REPORT("head-major queries", changed(query=major) and not copies)
    wide = torch.cat((k, k), 3)[..., :64]
    REPORT("a slice of the dimensions", changed(key=wide) and not copies)
    shifted = torch.cat((k.new_empty(1), k.flatten()))[1:].view(k.shape)
    REPORT("another address", changed(key=shifted) and len(copies) == 1)
    across = q.transpose(2, 3).contiguous().transpose(2, 3)
    REPORT("the innermost stride", changed(query=across) and len(copies) == 2)
    CudaTensor.clone = clone


def check_parameters() -> None:
    """The forms of the parameters of V1."""
    case = Case("v1", "parameters", n=3, m=9, lambda_init=0.3, **DIFFLLAMA)
    _, tensors = make(case, "bf16")
    tensors["lambda"] = torch.full((16,), 0.25).as_subclass(CudaTensor)
    rest = {name: tensors[name] for name in ("query", "key", "value", "lambda")}
    ones = torch.ones(128).as_subclass(CudaTensor)
    wanted = call(case, rest | {"weight": ones}).get()
    for what, changed in (("no weight", {}), ("a weight in bf16", {"weight": ones.bfloat16()}),
                          ("a number", {"lambda": 0.25}),
                          ("a tensor without dimensions", {"lambda": rest["lambda"][0]})):  # fmt: skip
        REPORT(what, np.array_equal(call(case, rest | changed).get(), wanted))
    folded = call(Case("v1", "folded", lambda_init=0.0, **DIFFLLAMA), rest | {"weight": ones * 0.7})
    REPORT("a premultiplied weight", np.array_equal(folded.get(), wanted))


def check_launches() -> None:
    """A later call launches once, on the current stream, and does not wait."""
    counters = ctypes.CDLL(os.environ["DIFF_CUDA_DRIVER"]).countingDriverGet
    counters.restype = ctypes.c_void_p

    def count() -> list[int]:
        values = (ctypes.c_uint * 5)()
        REPORT("the current stream", counters(values) == STREAM)
        return list(values)

    case = Case("v2", "counted", n=2, m=5, **MOTIF)
    _, tensors = make(case, "bf16")
    call(case, tensors)
    *others, launches = count()
    output = call(case, tensors)
    REPORT("only a launch", count() == [*others, launches + 1])
    REPORT("the result is contiguous", output.is_contiguous() and output.shape == (1, 2, 64, 128))
    context = check(driver.cuCtxPopCurrent())
    REPORT("the stack of contexts", int(check(driver.cuCtxGetCurrent())) == 0)
    check(driver.cuCtxPushCurrent(context))


def check_errors() -> None:
    case = Case("v2", "errors", n=3, m=5, **MOTIF)
    _, t = make(case, "bf16")
    expect("another window", ValueError, "window=(64, 0), gate, signals=4); legal are\n  "
           "attention_v1(q [B, N, 32, 64], k [B, M, 32, 64], v [B, M, 32, 64], causal=True, eps=1e-05, "
           "pair_layout='halves')\n  attention(q [B, N, 80, 192], k [B, M, 16, 192], "
           "v [B, M, 16, 128], window=(128, 0), gate, signals=4)",
           call, Case("v2", "", **MOTIF | {"window": (64, 0)}), t)  # fmt: skip
    expect("no gate", ValueError, "there is no kernel for attention(q [B, N, 80, 192]", call, case,
           {name: tensor for name, tensor in t.items() if name != "gate"})  # fmt: skip
    expect("three dimensions", ValueError, "q has the shape (3, 80, 192); 4 dimensions", call, case,
           t | {"query": t["query"][0]})  # fmt: skip
    expect("lengths", ValueError, "v has the shape (1, 4, 16, 128); (1, 5, 16, 128) is legal", call,
           case, t | {"value": t["value"][:, :4]})  # fmt: skip
    expect("a type", TypeError, "lam has elements of type torch.float32; torch.bfloat16 is legal",
           call, case, t | {"lambda": t["lambda"].float()})  # fmt: skip
    expect("the type of q", TypeError, "q has elements of type torch.float32; torch.float16 and "
           "torch.bfloat16 are legal", call, case, t | {"query": t["query"].float()})  # fmt: skip
    expect("the CPU", ValueError, "q is on cpu; a GPU is legal", call, case,
           t | {"query": t["query"].as_subclass(torch.Tensor)})  # fmt: skip
    expect("two devices", ValueError, "k is on cpu; cuda:0, the device of q, is legal", call, case,
           t | {"key": t["key"].as_subclass(torch.Tensor)})  # fmt: skip
    expect("a gradient", RuntimeError, "lam requires a gradient", call, case,
           t | {"lambda": t["lambda"].clone().requires_grad_()})  # fmt: skip
    with torch.no_grad():
        call(case, t | {"lambda": t["lambda"].clone().requires_grad_()})


def check_selection() -> None:
    chips = kernel._launch._list_chips
    for capability, wanted in (((8, 0), ["sm_80"]), ((8, 9), ["sm_80"]), ((9, 0), ["sm_90a", "sm_80"]),
                               ((10, 3), ["sm_80"]), ((7, 5), [])):  # fmt: skip
        REPORT(f"chips for {capability}", chips(capability) == wanted, str(chips(capability)))
    device = SimpleNamespace(capability=(7, 5), shared_memory=0)
    expect("an old GPU", RuntimeError, "this GPU has the compute capability 7.5; there are kernels "
           "for sm_80, sm_90a", kernel._launch._load, device, "motif-3-bf16")  # fmt: skip


def check_compile() -> None:
    """torch.compile traces a call as one op."""
    targets = []

    def backend(module, inputs):
        targets.extend(str(node.target) for node in module.graph.nodes if node.op == "call_function")
        return module.forward

    @torch.compile(backend=backend, fullgraph=True, dynamic=True)
    def layer(q, k, v):
        return kernel.attention_v1(q, k, v, 0.3, causal=True, pair_layout="halves")

    with FakeTensorMode():
        q, k, v = (torch.empty(2, tokens, 32, 64, dtype=torch.float16, device="cuda") for tokens in (3, 7, 7))
        output = layer(q, k, v)
    REPORT("torch.compile", output.shape == (2, 3, 16, 128) and output.dtype == torch.float16
           and targets[-1].endswith(".attention"), str(targets))  # fmt: skip


if CHIP == "sm_89":
    # sm_80's code is the only one that runs, and needs too much shared memory for Motif.
    check_cases([(Case("v1", "fallback", n=20, m=30, **DIFFLLAMA), "bf16")])
    expect("shared memory", RuntimeError, "the kernels for sm_80 need more shared memory than the "
           "101376 bytes of this GPU (compute capability 8.9)", call,
           *(lambda case: (case, make(case, "bf16")[1]))(Case("v2", "", n=2, m=5, **MOTIF)))  # fmt: skip
else:
    check_cases([
        (Case("v1", "diffllama", b=2, n=33, m=47, lambda_init=0.35, **DIFFLLAMA), "bf16"),
        (Case("v1", "diffllama-one-token", b=2, n=1, m=150, **DIFFLLAMA), "f16"),
        (Case("v1", "diffllama-no-query", n=0, m=3, **DIFFLLAMA), "f16"),
        (Case("v2", "motif-3", n=20, m=180, **MOTIF), "f16"),
        (Case("v2", "motif-3-one-token", b=2, n=1, m=180, **MOTIF), "bf16"),
        (Case("v2", "motif-3-no-key", n=3, m=0, **MOTIF), "bf16"),
    ])  # fmt: skip
    REPORT("layers", [text.split(":")[0] for text in kernel.layers()] == ["diffllama", "motif-3"])
    check_views()
    check_parameters()
    check_launches()
    check_errors()
    check_selection()
    check_compile()
REPORT.finish()
