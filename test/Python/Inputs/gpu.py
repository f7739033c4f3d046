# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Calls on device memory, with the driver library that DIFF_CUDA_DRIVER names."""

from __future__ import annotations

import ctypes
import os

import diff_mlir
import gpuarrays
import numpy as np
from cuda.bindings import driver
from diff_mlir import _attention, _core, _runtime
from difftest import arrays, runner
from difftest.cases import CASES

from support import Report, call, get_seed

SEED, REPORT = get_seed(), Report()
COUNTERS = ctypes.CDLL(os.environ["DIFF_CUDA_DRIVER"]).countingDriverGet
COUNTERS.restype = ctypes.c_void_p
NAMES = ("allocations", "synchronizations", "copies", "loads", "launches")


def count() -> tuple[dict, int | None]:
    """The counters of the driver, and the stream of the last launch."""
    values = (ctypes.c_uint * len(NAMES))()
    stream = COUNTERS(values)
    return dict(zip(NAMES, values)), stream


def check_cases() -> None:
    table = {f"{case.variant}/{case.name}": case for case in CASES}
    for name, element_type in (("v2/gqa", "bf16"), ("v2/bhsd", "f16"), ("v1/gqa", "bf16"),
                               ("v1/halves", "f16"), ("standard/lse", "f32"), ("v2/one-token", "bf16"),
                               ("v2/varlen", "bf16"), ("v2/query-0", "bf16")):  # fmt: skip
        case = table.get(name) or next(case for case in CASES if case.variant == name.split("/")[0])
        inputs = arrays.make_inputs(case, element_type, SEED)
        results = call(case, {name: gpuarrays.asarray(array) for name, array in inputs.items()})
        found = {name: array.get() for name, array in results.items()}
        output, lse = runner.check_results(case, element_type, inputs, found)
        failures = output.failures + (lse.failures if lse else [])
        REPORT(f"{name} {element_type}", not failures, "; ".join(failures))


def normal(*shape):
    return np.random.default_rng(SEED).standard_normal(shape).astype(np.float16)


def check_graph_rules() -> None:
    """Of two calls, the second one only launches, on the current stream."""
    device = _runtime.get_device("cuda", None)
    host = [normal(1, 40, 4, 32), normal(1, 40, 1, 32), normal(1, 40, 1, 32), normal(1, 40, 2)]
    q, k, v, lam = map(gpuarrays.asarray, host)
    out = gpuarrays.empty((1, 40, 2, 32), np.float16)
    diff_mlir.attention(q, k, v, lam, out=out)
    before, _ = count()
    diff_mlir.attention(q, k, v, lam, out=out)
    after, _ = count()
    REPORT("a call only launches", after == before | {"launches": before["launches"] + 1},
           f"{before} {after}")  # fmt: skip

    layer = diff_mlir.compile(LAYER, "sm_80")
    program = device.load(layer.manifest, layer._kernel.code)
    results = [gpuarrays.empty((64, 64), np.float16) for _ in range(2)]
    x = gpuarrays.asarray(normal(64, 64))
    streams = [gpuarrays.check(driver.cuStreamCreate(0)) for _ in range(2)]
    for stream, result in zip(streams, results):
        program.run((x, result), "twice", stream=int(stream))
    before, _ = count()
    for stream, result in zip(streams, results):
        program.run((x, result), "twice", stream=int(stream))
        after, used = count()
        REPORT("a launch is on the given stream", used == int(stream), f"{used} {int(stream)}")
    kernels = after["launches"] - before["launches"]
    REPORT("a function with buffers only launches",
           kernels > 2 and after | {"launches": 0} == before | {"launches": 0}, f"{before} {after}")  # fmt: skip
    REPORT("streams have the same results", np.array_equal(results[0].get(), results[1].get()))


def check_current_stream() -> None:
    """A call launches on the stream that the library of the query uses."""
    arrays = [gpuarrays.asarray(array) for array in
              (normal(1, 40, 4, 32), normal(1, 40, 1, 32), normal(1, 40, 1, 32), normal(1, 40, 2))]  # fmt: skip
    stream = int(gpuarrays.check(driver.cuStreamCreate(0)))
    asked, original = [], _core.current_stream
    # Only PyTorch with CUDA has current streams.
    _core.current_stream = lambda array: asked.append(array) or stream
    try:
        diff_mlir.attention(*arrays)
    finally:
        _core.current_stream = original
    REPORT("the current stream of the query", asked == arrays[:1] and count()[1] == stream)


#: Two products, with a buffer between their kernels.
LAYER = """
func.func @twice(%x: tensor<64x64xf16>) -> tensor<64x64xf16> {
  %zero = arith.constant 0.0 : f16
  %empty = tensor.empty() : tensor<64x64xf16>
  %init = linalg.fill ins(%zero : f16) outs(%empty : tensor<64x64xf16>) -> tensor<64x64xf16>
  %y = linalg.matmul ins(%x, %x : tensor<64x64xf16>, tensor<64x64xf16>)
                     outs(%init : tensor<64x64xf16>) -> tensor<64x64xf16>
  %z = linalg.matmul ins(%y, %y : tensor<64x64xf16>, tensor<64x64xf16>)
                     outs(%init : tensor<64x64xf16>) -> tensor<64x64xf16>
  return %z : tensor<64x64xf16>
}
"""


def check_views() -> None:
    q, k, v, lam = normal(1, 9, 4, 32), normal(1, 9, 1, 32), normal(1, 9, 1, 32), normal(1, 9, 2)
    wanted = diff_mlir.attention(*map(gpuarrays.asarray, (q, k, v, lam))).get()
    major = gpuarrays.asarray(q.swapaxes(1, 2)).transpose(0, 2, 1, 3)
    rest = [gpuarrays.asarray(array) for array in (k, v, lam)]
    REPORT("a view", np.array_equal(diff_mlir.attention(major, *rest).get(), wanted))
    backwards = gpuarrays.asarray(q.swapaxes(2, 3)).transpose(0, 1, 3, 2)
    REPORT("an array that must be copied", np.array_equal(diff_mlir.attention(backwards, *rest).get(), wanted))
    REPORT("NumPy arrays on the GPU", np.array_equal(diff_mlir.attention(q, k, v, lam, target="cuda"), wanted))
    simulated = diff_mlir.attention(q, k, v, lam, target="sim", chip="sm_80")
    REPORT("the simulator has the same bits", np.array_equal(simulated, wanted))
    one = diff_mlir.attention_v1(*map(gpuarrays.asarray, (q, normal(1, 9, 2, 32), normal(1, 9, 1, 64))), 0.3)
    REPORT("V1 with a number", np.isfinite(one.get().astype(float)).all())
    for what, part, arguments, options in (
        ("two devices", "k is on another device than q", (gpuarrays.asarray(q), k), {}),
        ("the CPU", "target is 'cpu', but q is on a GPU", (gpuarrays.asarray(q), gpuarrays.asarray(k)),
         {"target": "cpu"}),
    ):  # fmt: skip
        try:
            diff_mlir.attention(*arguments, *rest[1:], **options)
            REPORT(what, False)
        except (ValueError, TypeError) as error:
            REPORT(what, part in str(error), str(error))
    try:
        diff_mlir.attention(q, k, v, lam, target="cuda", chip="sm_90a")
        REPORT("another chip", False)
    except RuntimeError as error:
        REPORT("another chip", "code for sm_90a does not run on" in str(error), str(error))


def check_fork() -> None:
    """A child uses the CPU after the parent has used a GPU."""
    child = os.fork()
    if child == 0:
        forgotten = not _attention._plans and not _attention._kernels
        array = np.ones((1, 2, 2, 8), np.float32)
        out = diff_mlir.softmax_attention(array, array, array)
        os._exit(0 if forgotten and np.allclose(out, 1) else 1)
    REPORT("a child on the CPU", os.waitpid(child, 0)[1] == 0)


check_cases()
check_graph_rules()
check_current_stream()
check_views()
check_fork()
REPORT("the name of the GPU", _runtime.get_chip(_core.Device.cuda(0, os.environ["DIFF_CUDA_DRIVER"])) == "sm_80")
REPORT.finish()
