// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Upstream's tile_using_forall on a level-0 op with two results: a partial tile of
// query tokens, dynamic sizes, and a head tile that is a part of a group.
//
// REQUIRES: numpy
// DEFINE: %{layer} = --variant=v2 --batch=2 --query-tokens=37 --key-tokens=53 --heads=4 --kv-heads=2 --dim=16 --type=bf16 --window=20,3 --lse --dynamic
// RUN: diff-gen %{layer} > %t.mlir
// RUN: diff-opt %t.mlir --pass-pipeline='builtin.module(transform-preload-library{transform-library-paths=%s},transform-interpreter,canonicalize,cse)' -o %t.tiled.mlir
// RUN: FileCheck %s < %t.tiled.mlir
// RUN: %python %S/Inputs/compare.py %t.tiled.mlir --build=%build_dir --target=linalg --target=cpu %{layer}

// CHECK-LABEL: func.func @attention
// CHECK:       scf.forall
// CHECK:         diff.attention {{.*}} diagonal(
// CHECK:         scf.forall.in_parallel
// CHECK-NOT:   diff.attention
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %attention = transform.structured.match ops{["diff.attention"]} in %root
        : (!transform.any_op) -> !transform.any_op
    %tile, %loop = transform.structured.tile_using_forall %attention tile_sizes [1, 1, 16]
        : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}
