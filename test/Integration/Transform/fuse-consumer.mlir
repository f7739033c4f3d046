// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// transform.diff.fuse_consumer fuses the consumer of a tiled attention with two
// results into its loop: the doubling of the output. The destination of the consumer
// is defined after the loop, and the other result stays a result of the loop.
//
// REQUIRES: numpy
// RUN: split-file %s %t
// RUN: diff-opt %t/layer.mlir --pass-pipeline='builtin.module(transform-preload-library{transform-library-paths=%t/sequence.mlir},transform-interpreter,canonicalize,cse)' -o %t/fused.mlir
// RUN: FileCheck %t/sequence.mlir < %t/fused.mlir
// RUN: %python %S/Inputs/compare.py %t/fused.mlir --build=%build_dir --target=linalg --target=cpu --output-times=2 --variant=v2 --query-tokens=37 --key-tokens=53 --heads=4 --kv-heads=2 --dim=16 --type=f32 --causal --lse

//--- layer.mlir
func.func @attention(%query: tensor<1x37x8x16xf32>, %key: tensor<1x53x2x16xf32>, %value: tensor<1x53x2x16xf32>, %lambda: tensor<1x37x4xf32>) -> (tensor<1x37x4x16xf32>, tensor<1x8x37xf32>) {
  %init = tensor.empty() : tensor<1x37x4x16xf32>
  %lse = tensor.empty() : tensor<1x8x37xf32>
  %0:2 = diff.attention
           ins(%query, %key, %value, %lambda : tensor<1x37x8x16xf32>, tensor<1x53x2x16xf32>, tensor<1x53x2x16xf32>, tensor<1x37x4xf32>)
           outs(%init, %lse : tensor<1x37x4x16xf32>, tensor<1x8x37xf32>)
           mask<causal> -> tensor<1x37x4x16xf32>, tensor<1x8x37xf32>
  %empty = tensor.empty() : tensor<1x37x4x16xf32>
  %twice = linalg.add
             ins(%0#0, %0#0 : tensor<1x37x4x16xf32>, tensor<1x37x4x16xf32>)
             outs(%empty : tensor<1x37x4x16xf32>) -> tensor<1x37x4x16xf32>
  return %twice, %0#1 : tensor<1x37x4x16xf32>, tensor<1x8x37xf32>
}

//--- sequence.mlir
// CHECK-LABEL: func.func @attention
// CHECK:       scf.forall
// CHECK:         %[[TILE:.*]]:2 = diff.attention {{.*}} diagonal(
// CHECK:         linalg.add ins(%[[TILE]]#0, %[[TILE]]#0 : tensor<1x?x2x16xf32>, tensor<1x?x2x16xf32>)
// CHECK:         scf.forall.in_parallel
// CHECK-NOT:   linalg.add
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %attention = transform.structured.match ops{["diff.attention"]} in %root
        : (!transform.any_op) -> !transform.any_op
    %consumer = transform.structured.match ops{["linalg.add"]} in %root
        : (!transform.any_op) -> !transform.any_op
    %tile, %loop = transform.structured.tile_using_forall %attention tile_sizes [1, 2, 16]
        : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    %fused, %new_loop = transform.diff.fuse_consumer %consumer into (%loop)
        : (!transform.any_op, !transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}
