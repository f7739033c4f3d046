// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// transform.diff.fuse_consumer in the other direction, with scf.for loops of an
// upstream op: an attention is the consumer of a query that a nest computes.
//
// REQUIRES: numpy
// RUN: split-file %s %t
// RUN: diff-opt %t/layer.mlir --pass-pipeline='builtin.module(transform-preload-library{transform-library-paths=%t/sequence.mlir},transform-interpreter,canonicalize,cse)' -o %t/fused.mlir
// RUN: FileCheck %t/sequence.mlir < %t/fused.mlir
// RUN: %python %S/Inputs/compare.py %t/fused.mlir --build=%build_dir --target=linalg --target=cpu --query-times=2 --variant=v2 --query-tokens=37 --key-tokens=53 --heads=4 --kv-heads=2 --dim=16 --type=bf16 --causal

//--- layer.mlir
func.func @attention(%query: tensor<1x37x8x16xbf16>, %key: tensor<1x53x2x16xbf16>, %value: tensor<1x53x2x16xbf16>, %lambda: tensor<1x37x4xbf16>) -> tensor<1x37x4x16xbf16> {
  %empty = tensor.empty() : tensor<1x37x8x16xbf16>
  %twice = linalg.add
             ins(%query, %query : tensor<1x37x8x16xbf16>, tensor<1x37x8x16xbf16>)
             outs(%empty : tensor<1x37x8x16xbf16>) -> tensor<1x37x8x16xbf16>
  %init = tensor.empty() : tensor<1x37x4x16xbf16>
  %0 = diff.attention
         ins(%twice, %key, %value, %lambda : tensor<1x37x8x16xbf16>, tensor<1x53x2x16xbf16>, tensor<1x53x2x16xbf16>, tensor<1x37x4xbf16>)
         outs(%init : tensor<1x37x4x16xbf16>)
         mask<causal> -> tensor<1x37x4x16xbf16>
  return %0 : tensor<1x37x4x16xbf16>
}

//--- sequence.mlir
// CHECK-LABEL: func.func @attention
// CHECK:       scf.for
// CHECK:         scf.for
// CHECK:           %[[QUERY:.*]] = linalg.add {{.*}} outs({{.*}} : tensor<1x?x4x16xbf16>)
// CHECK:           diff.attention ins(%[[QUERY]], {{.*}} diagonal(
// CHECK-NOT:   linalg.add
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %producer = transform.structured.match ops{["linalg.add"]} in %root
        : (!transform.any_op) -> !transform.any_op
    %consumer = transform.structured.match ops{["diff.attention"]} in %root
        : (!transform.any_op) -> !transform.any_op
    %tile, %loops:2 = transform.structured.tile_using_for %producer tile_sizes [0, 16, 4]
        : (!transform.any_op) -> (!transform.any_op, !transform.any_op, !transform.any_op)
    %fused, %new_loops:2 = transform.diff.fuse_consumer %consumer into (%loops#0, %loops#1)
        : (!transform.any_op, !transform.any_op, !transform.any_op)
          -> (!transform.any_op, !transform.any_op, !transform.any_op)
    transform.yield
  }
}
