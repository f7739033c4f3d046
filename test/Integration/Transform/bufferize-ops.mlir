// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Upstream's one_shot_bufferize on the ops themselves: in place, no copy.
//
// RUN: split-file %s %t
// RUN: diff-opt %t/ops.mlir --pass-pipeline='builtin.module(transform-preload-library{transform-library-paths=%t/sequence.mlir},transform-interpreter)' | FileCheck %t/ops.mlir

//--- ops.mlir
// CHECK-LABEL: func.func @level0
// CHECK-NOT:   memref.alloc
// CHECK-NOT:   memref.copy
// CHECK:       diff.attention ins({{.*}}) outs({{.*}} : memref<1x5x1x8xf16, strided<[?, ?, ?, ?], offset: ?>>) mask<causal>{{$}}
func.func @level0(%q: tensor<1x5x2x8xf16>, %kv: tensor<1x5x1x8xf16>, %lambda: tensor<1x5x1xf16>, %init: tensor<1x5x1x8xf16> {bufferization.writable = true}) -> tensor<1x5x1x8xf16> {
  %0 = diff.attention
         ins(%q, %kv, %kv, %lambda : tensor<1x5x2x8xf16>, tensor<1x5x1x8xf16>, tensor<1x5x1x8xf16>, tensor<1x5x1xf16>)
         outs(%init : tensor<1x5x1x8xf16>)
         mask<causal> -> tensor<1x5x1x8xf16>
  return %0 : tensor<1x5x1x8xf16>
}

// CHECK-LABEL: func.func @online
// CHECK-NOT:   memref.alloc
// CHECK-NOT:   memref.copy
// CHECK:       diff.online_attention {{.*}} outs({{.*}} : memref<1x2x5x8xf32, {{.*}}>, memref<1x2x5xf32, {{.*}}>, memref<1x2x5xf32, {{.*}}>) maps(2){{$}}
func.func @online(%q: tensor<1x5x2x8xf16>, %kv: tensor<1x5x1x8xf16>, %acc: tensor<1x2x5x8xf32> {bufferization.writable = true}, %max: tensor<1x2x5xf32> {bufferization.writable = true}, %sum: tensor<1x2x5xf32> {bufferization.writable = true}) -> (tensor<1x2x5x8xf32>, tensor<1x2x5xf32>, tensor<1x2x5xf32>) {
  %0:3 = diff.online_attention
           ins(%q, %kv, %kv : tensor<1x5x2x8xf16>, tensor<1x5x1x8xf16>, tensor<1x5x1x8xf16>)
           outs(%acc, %max, %sum : tensor<1x2x5x8xf32>, tensor<1x2x5xf32>, tensor<1x2x5xf32>)
           maps(2) -> tensor<1x2x5x8xf32>, tensor<1x2x5xf32>, tensor<1x2x5xf32>
  return %0#0, %0#1, %0#2 : tensor<1x2x5x8xf32>, tensor<1x2x5xf32>, tensor<1x2x5xf32>
}

//--- sequence.mlir
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.consumed}) {
    %buffers = transform.bufferization.one_shot_bufferize %root {bufferize_function_boundaries = true}
        : (!transform.any_op) -> !transform.any_op
    transform.yield
  }
}
