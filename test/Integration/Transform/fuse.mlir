// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Upstream's structured.fuse tiles an op and fuses a producer of the query.
//
// REQUIRES: numpy
// RUN: split-file %s %t
// RUN: diff-opt %t/layer.mlir --pass-pipeline='builtin.module(transform-preload-library{transform-library-paths=%t/sequence.mlir},transform-interpreter,canonicalize,cse)' -o %t/fused.mlir
// RUN: FileCheck %t/sequence.mlir < %t/fused.mlir
// RUN: %python %S/Inputs/compare.py %t/fused.mlir --build=%build_dir --target=linalg --target=cpu --query-times=2 --variant=v2 --query-tokens=37 --key-tokens=53 --heads=4 --kv-heads=2 --dim=16 --type=f32 --causal

//--- layer.mlir
func.func @attention(%query: tensor<1x37x8x16xf32>, %key: tensor<1x53x2x16xf32>, %value: tensor<1x53x2x16xf32>, %lambda: tensor<1x37x4xf32>) -> tensor<1x37x4x16xf32> {
  %empty = tensor.empty() : tensor<1x37x8x16xf32>
  %twice = linalg.add
             ins(%query, %query : tensor<1x37x8x16xf32>, tensor<1x37x8x16xf32>)
             outs(%empty : tensor<1x37x8x16xf32>) -> tensor<1x37x8x16xf32>
  %init = tensor.empty() : tensor<1x37x4x16xf32>
  %0 = diff.attention
         ins(%twice, %key, %value, %lambda : tensor<1x37x8x16xf32>, tensor<1x53x2x16xf32>, tensor<1x53x2x16xf32>, tensor<1x37x4xf32>)
         outs(%init : tensor<1x37x4x16xf32>)
         mask<causal> -> tensor<1x37x4x16xf32>
  return %0 : tensor<1x37x4x16xf32>
}

//--- sequence.mlir
// CHECK-LABEL: func.func @attention
// CHECK-NOT:   linalg.add
// CHECK:       scf.forall
// CHECK:         linalg.add {{.*}} outs({{.*}} : tensor<1x?x4x16xf32>)
// CHECK:         diff.attention {{.*}} diagonal(
// CHECK:         scf.forall.in_parallel
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %attention = transform.structured.match ops{["diff.attention"]} in %root
        : (!transform.any_op) -> !transform.any_op
    %tile, %loop = transform.structured.fuse %attention
        tile_sizes [1, 2, 16] {apply_cleanup, use_forall}
        : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}
