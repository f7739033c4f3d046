// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// transform.diff.decompose in two steps: a tile of a level-0 op with two results to
// its online form, and this form to linalg. No diff op remains.
//
// REQUIRES: numpy
// DEFINE: %{layer} = --variant=v1 --batch=2 --query-tokens=37 --key-tokens=53 --heads=4 --kv-heads=2 --dim=16 --type=f16 --causal --lse --dynamic
// RUN: diff-gen %{layer} > %t.mlir
// RUN: diff-opt %t.mlir --pass-pipeline='builtin.module(transform-preload-library{transform-library-paths=%s},transform-interpreter,canonicalize,cse)' -o %t.linalg.mlir
// RUN: FileCheck %s < %t.linalg.mlir
// RUN: %python %S/Inputs/compare.py %t.linalg.mlir --build=%build_dir --target=linalg --target=cpu %{layer}

// CHECK-LABEL: func.func @attention
// CHECK:       scf.forall
// CHECK-NOT:     diff.
// CHECK:         scf.for {{.*}} iter_args
// CHECK:         scf.forall.in_parallel
// CHECK-NOT:   diff.
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %attention = transform.structured.match ops{["diff.attention_v1"]} in %root
        : (!transform.any_op) -> !transform.any_op
    %tile, %loop = transform.structured.tile_using_forall %attention tile_sizes [1, 1, 16]
        : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    %online, %parts = transform.diff.decompose %tile
        : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    %step, %keys = transform.structured.tile_using_for %online tile_sizes [0, 0, 0, 24]
        : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    %none, %steps = transform.diff.decompose %step
        : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}
