# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""compile() and its modules: module.py BUILD FOLDER"""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys

import diff_mlir
import numpy as np
from diff_mlir._options import CHIPS, HOSTS, OBJECT_HOSTS

from support import Report

BUILD, FOLDER = sys.argv[1:3]
REPORT = Report()

#: Two functions of upstream ops, several results, a dynamic size.
MATH = """
func.func @scale(%x: tensor<?x4xf32>, %y: tensor<?x4xf32>) -> (tensor<?x4xf32>, tensor<?x4xf32>) {
  %sum = arith.addf %x, %y : tensor<?x4xf32>
  %product = arith.mulf %x, %y : tensor<?x4xf32>
  return %sum, %product : tensor<?x4xf32>, tensor<?x4xf32>
}
func.func @count(%x: tensor<?xi32>) -> tensor<?xi32> {
  %sum = arith.addi %x, %x : tensor<?xi32>
  return %sum : tensor<?xi32>
}
"""


def tool(name: str, *words: str) -> bytes:
    done = subprocess.run([os.path.join(BUILD, "bin", name), *words], capture_output=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def raises(what: str, call, kind: type, part: str) -> None:
    try:
        call()
        REPORT(what, False, "nothing was raised")
    except Exception as error:
        text = str(error)
        REPORT(what, type(error) is kind and part in text and "\n" not in text,
               f"{type(error).__name__}: {text}")  # fmt: skip


def check_outputs() -> None:
    path = os.path.join(FOLDER, "layer.mlir")
    with open(path, "wb") as file:
        file.write(tool("diff-gen", "--heads=2", "--kv-heads=1", "--dim=64", "--query-tokens=64"))
    text = open(path).read()
    gpu = diff_mlir.compile(text, target="sm_80")
    pipeline = "--diff-compile=chip=sm_80"
    REPORT("ptx", gpu.ptx.encode() == tool("diff-opt", path, pipeline, "--emit=ptx"))
    REPORT("manifest", json.loads(gpu.manifest) == json.loads(tool("diff-opt", path, pipeline, "--emit=manifest")))
    for level in ("tiled", "kernel", "hardware"):
        wanted = tool("diff-opt", path, f"{pipeline} stop-after={level}")
        REPORT(f"ir({level!r})", gpu.ir(level).encode() == wanted)
    REPORT("ir('llvm')", gpu.ir("llvm").encode() == tool("diff-opt", path, pipeline, "--emit=llvm"))
    REPORT("ir('semantic')", "diff.attention" in gpu.ir("semantic"))
    if shutil.which("ptxas") or os.path.exists("/usr/local/cuda/bin/ptxas"):
        REPORT("cubin", gpu.cubin[:4] == b"\x7fELF")
    REPORT("compile_seconds", gpu.compile_seconds > 0)
    tf32 = diff_mlir.compile(text.replace("bf16", "f32"), target="sm_80", f32="tf32")
    REPORT("f32='tf32'", "tf32" in tf32.ptx)

    host = diff_mlir.compile(path)
    for kind in ("object", "header"):
        wanted = tool("diff-opt", path, "--diff-compile=chip=host", f"--emit={kind}")
        found = getattr(host, kind)
        REPORT(kind, (found.encode() if isinstance(found, str) else found) == wanted)
    REPORT("library", host.library[:4] == b"\x7fELF")
    bytecode = tool("diff-opt", path, "--emit-bytecode")
    REPORT("bytecode", "diff.attention" in diff_mlir.compile(bytecode).ir("semantic"))
    raises("ptx of the host", lambda: host.ptx, ValueError, "ptx does not exist for the target host")
    raises("object of a GPU", lambda: gpu.object, ValueError, "object does not exist for the target sm_80")
    raises("an unknown level", lambda: gpu.ir("high"), ValueError, "level is 'high'; semantic, tiled")

    import ml_dtypes

    rng = np.random.default_rng(0)
    inputs = [rng.standard_normal(shape).astype(ml_dtypes.bfloat16)
              for shape in ((1, 64, 4, 64), (1, 64, 1, 64), (1, 64, 1, 64), (1, 64, 2))]  # fmt: skip
    ours = host(*inputs)
    wanted = diff_mlir.attention(*inputs)
    REPORT("a layer on the CPU", np.abs(ours.astype(float) - wanted.astype(float)).max() < 0.02)
    simulated = gpu(*inputs)
    REPORT("a layer on the simulator", np.abs(simulated.astype(float) - wanted.astype(float)).max() < 0.02)


def check_calls() -> None:
    module = diff_mlir.compile(MATH)
    x, y = np.arange(12, dtype=np.float32).reshape(3, 4), np.full((3, 4), 2, np.float32)
    total, product = module(x, y, function="scale")
    REPORT("two results", np.array_equal(total, x + y) and np.array_equal(product, x * y))
    out = (np.empty_like(x), np.empty_like(x))
    returned = module(x, y, function="scale", out=out)
    REPORT("out", returned[0] is out[0] and np.array_equal(out[1], x * y))
    REPORT("integers", np.array_equal(module(np.arange(5, dtype=np.int32), function="count"), 2 * np.arange(5)))
    REPORT("strides", np.array_equal(module(x[:, ::-1], y[::-1], function="scale")[0], x[:, ::-1] + y))
    REPORT("the name of a module", "scale, count" in repr(module))
    raises("no function", lambda: module(x, y), ValueError, "function must name one of scale, count")
    raises("an unknown function", lambda: module(x, function="f"), ValueError, "function is 'f'; scale, count")
    raises("one array", lambda: module(x, function="scale"), TypeError, "takes 2 arrays, found 1")
    raises("a list", lambda: module(x, [1], function="scale"), TypeError, "argument1: list is no array")
    raises("a type", lambda: module(x, y.astype(float), function="scale"), TypeError, "argument1 has elements of type f64; f32 is legal")
    raises("a rank", lambda: module(x[0], y, function="scale"), ValueError, "argument0 has the shape (4,); (?, 4) is legal")
    raises("a size", lambda: module(x[:, :3], y, function="scale"), ValueError, "argument0 has the shape (3, 3)")
    raises("sizes that differ", lambda: module(x, y[:2], function="scale"), ValueError, "argument1 has the shape (2, 4)")
    raises("out of another shape", lambda: module(x, y, function="scale", out=(x, x[:2])), ValueError, "out[1] has the shape")
    raises("one out", lambda: module(x, y, function="scale", out=x), ValueError, "out has 1 arrays; 2 are legal")
    raises("a device", lambda: module(x, y, function="scale", device="sim"), ValueError, "device is 'sim'")


def check_chips() -> None:
    """The package knows the CPUs and GPUs of the compiler."""
    tables = tool("diff-opt", "--list-chips").decode().split("\n\n")
    rows = [[line.split() for line in table.splitlines()[1:]] for table in tables]
    hosts, gpus = (tuple(row[0] for row in table) for table in rows)
    REPORT("the GPUs of the compiler", gpus == CHIPS, f"{gpus} {CHIPS}")
    REPORT("the CPUs of the compiler", hosts == ("host", *HOSTS), f"{hosts} {HOSTS}")
    others = tuple(row[0] for row in rows[0] if "linux" not in row[1])
    REPORT("the CPUs without shared objects", others == OBJECT_HOSTS, f"{others} {OBJECT_HOSTS}")


def check_hosts() -> None:
    """Modules for named CPUs."""
    x, y = np.arange(12, dtype=np.float32).reshape(3, 4), np.full((3, 4), 2, np.float32)
    arm = platform.machine() == "aarch64"
    common, foreign = ("armv8-a", "x86-64-v3") if arm else ("x86-64-v3", "armv8-a")
    module = diff_mlir.compile(MATH, target=common)
    REPORT("a common CPU", np.array_equal(module(x, y, function="scale")[0], x + y))
    REPORT("its manifest", json.loads(module.manifest)["target"]["chip"] == common)
    module = diff_mlir.compile(MATH, target="apple-m1")
    REPORT("an object for another system", module.object[:4] == b"\xcf\xfa\xed\xfe")
    REPORT("its header", module.header == diff_mlir.compile(MATH).header)
    raises("a call of its code", lambda: module(x, y, function="scale"), RuntimeError, "does not run on this machine (")
    raises("its library", lambda: module.library, ValueError, "library does not exist for the target apple-m1")
    module = diff_mlir.compile(MATH, target=foreign)
    REPORT("a library for another architecture", module.library[:4] == b"\x7fELF")
    raises("a call of it", lambda: module(x, y, function="scale"), RuntimeError, "does not run on this machine (")
    raises("tiles of a CPU", lambda: diff_mlir.compile(MATH, target=common, tiles="threads"), ValueError,
           f"the target {common} takes no option tiles=threads")  # fmt: skip
    q = k = v = np.ones((1, 3, 2, 16), np.float32)
    wanted = diff_mlir.softmax_attention(q, k, v)
    REPORT("chip", np.array_equal(diff_mlir.softmax_attention(q, k, v, target="cpu", chip=common), wanted))
    raises("an attention", lambda: diff_mlir.softmax_attention(q, k, v, chip=foreign), RuntimeError,
           "does not run on this machine (")  # fmt: skip


def check_errors() -> None:
    raises("no module", lambda: diff_mlir.compile("no such file"), ValueError, "which is neither the text of a module nor a file")
    raises("a number", lambda: diff_mlir.compile(3), TypeError, "source must be the text of a module, bytecode or a path, found int 3")
    raises("a syntax error", lambda: diff_mlir.compile("func.func @f(\n"), RuntimeError, "line 1:")
    raises("an empty text", lambda: diff_mlir.compile("func.func @f(%x: tensor<2xf32>) {\n}\n"), RuntimeError, "")
    raises("an unknown op", lambda: diff_mlir.compile('"a.b"() : () -> ()\n'), RuntimeError, "unregistered dialect")
    raises("bytes of nothing", lambda: diff_mlir.compile(b"ML\xefR damaged"), RuntimeError, "")
    raises("a zero in a path", lambda: diff_mlir.compile("a\0b"), ValueError, "source is")
    raises("an unknown chip", lambda: diff_mlir.compile(MATH, target="sm_75"), ValueError, "target is 'sm_75'; host, x86-64-v3")
    raises("f32 of the host", lambda: diff_mlir.compile(MATH, f32="tf32"), ValueError, "the target host takes no option f32=tf32")
    raises("a kind of tiles", lambda: diff_mlir.compile(MATH, target="sm_80", tiles="big"), ValueError, "tiles is 'big'")


shutil.rmtree(FOLDER, ignore_errors=True)
os.makedirs(FOLDER)
check_outputs()
check_calls()
check_chips()
check_hosts()
check_errors()
REPORT.finish()
