// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: diff-opt %s --transform-interpreter --canonicalize --split-input-file --verify-diagnostics | FileCheck %s

// An upstream op in a nest of two loops. The destination of the consumer is defined
// after the loops, and the producer's result has another user.

// CHECK-LABEL: func.func @nest
// CHECK:       %[[NEST:.*]]:2 = scf.for
// CHECK:         scf.for
// CHECK:           %[[TILE:.*]] = linalg.matmul
// CHECK:           linalg.exp ins(%[[TILE]] :
// CHECK:       return %[[NEST]]#1, %[[NEST]]#0
func.func @nest(%a: tensor<33x20xf32>, %b: tensor<20x40xf32>, %c: tensor<33x40xf32>) -> (tensor<33x40xf32>, tensor<33x40xf32>) {
  // expected-remark @below {{outer}}
  // expected-remark @below {{inner}}
  %0 = linalg.matmul ins(%a, %b : tensor<33x20xf32>, tensor<20x40xf32>) outs(%c : tensor<33x40xf32>) -> tensor<33x40xf32>
  %empty = tensor.empty() : tensor<33x40xf32>
  // expected-remark @below {{fused}}
  %1 = linalg.exp ins(%0 : tensor<33x40xf32>) outs(%empty : tensor<33x40xf32>) -> tensor<33x40xf32>
  return %1, %0 : tensor<33x40xf32>, tensor<33x40xf32>
}

module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %matmul = transform.structured.match ops{["linalg.matmul"]} in %root : (!transform.any_op) -> !transform.any_op
    %exp = transform.structured.match ops{["linalg.exp"]} in %root : (!transform.any_op) -> !transform.any_op
    %tile, %loops:2 = transform.structured.tile_using_for %matmul tile_sizes [8, 16, 0]
        : (!transform.any_op) -> (!transform.any_op, !transform.any_op, !transform.any_op)
    %fused, %new:2 = transform.diff.fuse_consumer %exp into (%loops#0, %loops#1)
        : (!transform.any_op, !transform.any_op, !transform.any_op) -> (!transform.any_op, !transform.any_op, !transform.any_op)
    // The handles are those of the new loops.
    transform.debug.emit_remark_at %fused, "fused" : !transform.any_op
    transform.debug.emit_remark_at %new#0, "outer" : !transform.any_op
    transform.debug.emit_remark_at %new#1, "inner" : !transform.any_op
    transform.yield
  }
}

// -----

// Twice: the consumer of a consumer, through the new loop's handle.

// CHECK-LABEL: func.func @chain
// CHECK:       scf.forall
// CHECK:         %[[TILE:.*]] = linalg.exp
// CHECK:         %[[NEXT:.*]] = linalg.abs ins(%[[TILE]] :
// CHECK:         linalg.negf ins(%[[NEXT]] :
// CHECK:         scf.forall.in_parallel
// CHECK-NOT:   linalg
// CHECK:       return
func.func @chain(%x: tensor<33x40xf32>, %init: tensor<33x40xf32>) -> tensor<33x40xf32> {
  %0 = linalg.exp ins(%x : tensor<33x40xf32>) outs(%init : tensor<33x40xf32>) -> tensor<33x40xf32>
  %1 = linalg.abs ins(%0 : tensor<33x40xf32>) outs(%init : tensor<33x40xf32>) -> tensor<33x40xf32>
  %2 = linalg.negf ins(%1 : tensor<33x40xf32>) outs(%init : tensor<33x40xf32>) -> tensor<33x40xf32>
  return %2 : tensor<33x40xf32>
}

module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %exp = transform.structured.match ops{["linalg.exp"]} in %root : (!transform.any_op) -> !transform.any_op
    %abs = transform.structured.match ops{["linalg.abs"]} in %root : (!transform.any_op) -> !transform.any_op
    %neg = transform.structured.match ops{["linalg.negf"]} in %root : (!transform.any_op) -> !transform.any_op
    %tile, %loop = transform.structured.tile_using_forall %exp tile_sizes [8, 16] : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    %first, %loop1 = transform.diff.fuse_consumer %abs into (%loop) : (!transform.any_op, !transform.any_op) -> (!transform.any_op, !transform.any_op)
    %second, %loop2 = transform.diff.fuse_consumer %neg into (%loop1) : (!transform.any_op, !transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}
