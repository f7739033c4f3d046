// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Upstream's tile_using_for, twice: a V1 op into a nest over heads and query tokens,
// then its online form along the keys, both with partial tiles.
//
// REQUIRES: numpy
// DEFINE: %{layer} = --variant=v1 --query-tokens=37 --key-tokens=53 --heads=4 --kv-heads=2 --dim=16 --type=f32 --causal --softcap=20 --lambda-init=0.35
// RUN: diff-gen %{layer} > %t.mlir
// RUN: diff-opt %t.mlir --pass-pipeline='builtin.module(transform-preload-library{transform-library-paths=%s},transform-interpreter,canonicalize,cse)' -o %t.tiled.mlir
// RUN: FileCheck %s < %t.tiled.mlir
// RUN: %python %S/Inputs/compare.py %t.tiled.mlir --build=%build_dir --target=linalg --target=cpu %{layer}

// CHECK-LABEL: func.func @attention
// CHECK:       scf.for
// CHECK:         scf.for
// CHECK:           scf.for
// CHECK:             diff.online_attention {{.*}} diagonal(
// CHECK-NOT:   diff.attention_v1
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %attention = transform.structured.match ops{["diff.attention_v1"]} in %root
        : (!transform.any_op) -> !transform.any_op
    %tile, %loops:2 = transform.structured.tile_using_for %attention tile_sizes [0, 2, 16]
        : (!transform.any_op) -> (!transform.any_op, !transform.any_op, !transform.any_op)
    %online, %parts = transform.diff.decompose %tile
        : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    %step, %keys = transform.structured.tile_using_for %online tile_sizes [0, 0, 0, 24]
        : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}
