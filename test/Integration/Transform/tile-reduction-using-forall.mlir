// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Upstream's tile_reduction_using_forall splits diff.online_attention along the
// keys. One query token, many keys: decode. Some splits see no key of the window.
//
// REQUIRES: numpy
// DEFINE: %{layer} = --variant=v2 --batch=2 --query-tokens=3 --key-tokens=150 --heads=4 --kv-heads=1 --dim=16 --type=bf16 --window=70,0 --lse
// RUN: diff-gen %{layer} > %t.mlir
// RUN: diff-opt %t.mlir --pass-pipeline='builtin.module(transform-preload-library{transform-library-paths=%s},transform-interpreter,canonicalize,cse)' -o %t.split.mlir
// RUN: FileCheck %s < %t.split.mlir
// RUN: %python %S/Inputs/compare.py %t.split.mlir --build=%build_dir --target=linalg --target=cpu %{layer}

// Five partial results, the last of 22 keys; the merging ops follow.
// CHECK-LABEL: func.func @attention
// CHECK:       scf.forall ({{.*}}) = (0) to (150) step (32) {{.*}} -> (tensor<5x2x8x3x16xf32>, tensor<5x2x8x3xf32>, tensor<5x2x8x3xf32>)
// CHECK:         diff.online_attention {{.*}} diagonal(
// CHECK:         scf.forall.in_parallel
// CHECK:       linalg.generic
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %attention = transform.structured.match ops{["diff.attention"]} in %root
        : (!transform.any_op) -> !transform.any_op
    %online, %parts = transform.diff.decompose %attention
        : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    %fills:3, %split, %merge, %loop =
      transform.structured.tile_reduction_using_forall %online
        by tile_sizes = [0, 0, 0, 32]
        : (!transform.any_op) -> (!transform.any_op, !transform.any_op, !transform.any_op,
                                  !transform.any_op, !transform.any_op, !transform.any_op)
    transform.yield
  }
}
