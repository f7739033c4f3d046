# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Misuses of the plugin: misuse.py MLIR-OPT PLUGIN FOLDER"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

MLIR_OPT, PLUGIN, FOLDER = sys.argv[1:4]
DIALECTS, PASSES = f"--load-dialect-plugin={PLUGIN}", f"--load-pass-plugin={PLUGIN}"
BOTH = (DIALECTS, PASSES)

QUERY, KEY, LAMBDA = "tensor<1x64x4x32xf16>", "tensor<1x64x1x32xf16>", "tensor<1x64x2xf16>"
OUT = "tensor<1x64x2x32xf16>"
LAYER = f"""
func.func @attention(%q: {QUERY}, %k: {KEY}, %v: {KEY}, %l: {LAMBDA}, %o: {OUT}) -> {OUT} {{
  %0 = diff.attention ins(%q, %k, %v, %l : {QUERY}, {KEY}, {KEY}, {LAMBDA}) outs(%o : {OUT})
         mask<causal> -> {OUT}
  return %0 : {OUT}
}}
"""


def pipeline(text: str) -> tuple[str, ...]:
    return (*BOTH, f"--pass-pipeline=builtin.module({text})")


TRANSFORM = """
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op) {
    BODY
    transform.yield
  }
}
"""

#: Options, module, and a part of the error.
CASES = (
    # Loading.
    ((PASSES,), LAYER, "Dialect `diff' not found"),
    ((DIALECTS, "--pass-pipeline=builtin.module(convert-diff-to-linalg)"), LAYER, "'convert-diff-to-linalg' does not refer to a registered pass"),
    (("--load-dialect-plugin=/nowhere.so",), LAYER, "/nowhere.so"),
    (("--load-pass-plugin=/nowhere.so",), LAYER, "/nowhere.so"),
    ((f"--load-dialect-plugin={MLIR_OPT}",), LAYER, "Failed to load dialect plugin"),
    ((f"--load-pass-plugin={__file__}",), LAYER, "Failed to load passes from"),
    ((*BOTH, "--convert-diff-to-linalg"), LAYER, "Unknown command line argument '--convert-diff-to-linalg'"),
    ((*BOTH, "--diff-compile=chip=sm_80"), LAYER, "Unknown command line argument '--diff-compile=chip=sm_80'"),
    # Pipelines.
    (pipeline("diff-tiles"), LAYER, "'diff-tiles' does not refer to a registered pass"),
    (pipeline("diff-tile"), LAYER, "Can't add pass 'DiffTilePass' restricted to 'func.func'"),
    (pipeline("diff-compile{chip=sm_75}"), LAYER, "unknown chip 'sm_75'; known are host, x86-64-v3"),
    (pipeline("diff-compile{chip=sm_80 stop-after=high}"), LAYER, "high"),
    (pipeline("diff-compile{chips=sm_80}"), LAYER, "no such option chips"),
    (pipeline("diff-compile{chip=sm_80 f32=f64}"), LAYER, "f64"),
    (pipeline("diff-compile{chip=sm_80 tiles=warps}"), LAYER, "warps"),
    (pipeline("diff-compile{chip=host f32=tf32}"), LAYER, "f32"),
    (pipeline("diff-select-schedule{chip=sm_1}"), LAYER, "sm_1"),
    (pipeline("diff-select-schedule,func.func(diff-tile"), LAYER, "unbalanced parentheses"),
    # Modules.
    (BOTH, LAYER.replace("x4x32xf16>", "x3x32xf16>"), "'diff.attention' op"),
    (BOTH, LAYER.replace("mask<causal>", "mask<window = [-2, 0]>"), "-2"),
    (BOTH, LAYER.replace("mask<causal>", "mask<triangle>"), "triangle"),
    (BOTH, LAYER.replace("mask<causal>", "signals(0)"), "signals"),
    (BOTH, LAYER.replace("mask<causal>", "scale(-1.0)"), "scale"),
    (BOTH, LAYER.replace("mask<causal>", "schedule(1)"), "expected a clause or '->' and the result types"),
    (BOTH, LAYER.replace("diff.attention", "diff.attention_v2"), "diff.attention_v2"),
    (BOTH, LAYER.replace("ins(%q, %k, %v, %l :", "ins(%q, %k, %v :"), "expected"),
    (BOTH, "func.func @f() attributes {diff.kernel = 3} { return }", "diff.kernel"),
    (BOTH, "func.func @f() attributes {tile.layouts = 3} { return }", "tile.layouts"),
    (BOTH, '"tile.wait"() : () -> ()', "tile.wait"),
    (pipeline("diff-compile{chip=sm_80}"), LAYER.replace("f16", "f64"), "f64"),
    # Transform scripts.
    ((*BOTH, "--transform-interpreter"),
     TRANSFORM.replace("BODY", "%0 = transform.diff.decompose %root : (!transform.any_op) -> !transform.any_op"), "transform.diff.decompose"),
    ((*BOTH, "--transform-interpreter"),
     TRANSFORM.replace("BODY", '%0 = transform.apply_registered_pass "diff-tiles" to %root : (!transform.any_op) -> !transform.any_op'),
     "diff-tiles"),
)  # fmt: skip


def main() -> int:
    shutil.rmtree(FOLDER, ignore_errors=True)
    os.makedirs(FOLDER)
    path = os.path.join(FOLDER, "input.mlir")
    unexpected = 0
    for options, text, part in CASES:
        with open(path, "w") as file:
            file.write(text)
        done = subprocess.run([MLIR_OPT, path, *options], capture_output=True, text=True)
        errors = done.stderr.replace(path, "input.mlir")
        right = done.returncode == 1 and part in errors and "Stack dump" not in errors
        line = next((line for line in errors.splitlines() if "rror" in line or part in line), errors)
        print(f"{'ok' if right else 'FAIL'} {options[-1].replace(PLUGIN, 'PLUGIN')[:70]}: {line[:160]}")
        if not right:
            unexpected += 1
            print(f"  status {done.returncode}, wanted '{part}': {errors[:500]}")
    print(f"{len(CASES)} misuses, {unexpected} unexpected")
    return unexpected


sys.exit(bool(main()))
