// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: diff-opt %s --transform-interpreter --mlir-print-op-on-diagnostic=0 --split-input-file --verify-diagnostics

func.func @no_interface(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  // expected-note @below {{this op}}
  %0 = linalg.exp ins(%x : tensor<4x8xf32>) outs(%x : tensor<4x8xf32>) -> tensor<4x8xf32>
  return %0 : tensor<4x8xf32>
}

module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %exp = transform.structured.match ops{["linalg.exp"]} in %root : (!transform.any_op) -> !transform.any_op
    // expected-error @below {{needs ops that implement AggregatedOpInterface, found 'linalg.exp'}}
    %aggregated, %parts = transform.diff.decompose %exp : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

func.func @f64(%q: tensor<1x5x2x8xf64>, %kv: tensor<1x5x1x8xf64>, %init: tensor<1x5x2x8xf64>) -> tensor<1x5x2x8xf64> {
  // expected-note @below {{this op}}
  // expected-note @below {{has f64 elements, which only the unfused lowering (convert-diff-to-linalg) supports}}
  %0 = diff.softmax_attention
         ins(%q, %kv, %kv : tensor<1x5x2x8xf64>, tensor<1x5x1x8xf64>, tensor<1x5x1x8xf64>)
         outs(%init : tensor<1x5x2x8xf64>) -> tensor<1x5x2x8xf64>
  return %0 : tensor<1x5x2x8xf64>
}

module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %attention = transform.structured.match ops{["diff.softmax_attention"]} in %root : (!transform.any_op) -> !transform.any_op
    // expected-error @below {{cannot decompose 'diff.softmax_attention'}}
    %aggregated, %parts = transform.diff.decompose %attention : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

func.func @memref(%q: memref<1x5x2x8xf32>, %kv: memref<1x5x1x8xf32>, %init: memref<1x5x2x8xf32>) {
  // expected-note @below {{this op}}
  diff.softmax_attention
    ins(%q, %kv, %kv : memref<1x5x2x8xf32>, memref<1x5x1x8xf32>, memref<1x5x1x8xf32>)
    outs(%init : memref<1x5x2x8xf32>)
  return
}

module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %attention = transform.structured.match ops{["diff.softmax_attention"]} in %root : (!transform.any_op) -> !transform.any_op
    // expected-error @below {{cannot decompose 'diff.softmax_attention'}}
    %aggregated, %parts = transform.diff.decompose %attention : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.consumed}) {
    // expected-error @below {{needs at least one loop}}
    %fused = transform.diff.fuse_consumer %root into () : (!transform.any_op) -> !transform.any_op
    transform.yield
  }
}

// -----

module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.consumed}) {
    // expected-error @below {{takes 1 loops but returns 0; it returns one for each}}
    %fused = transform.diff.fuse_consumer %root into (%root) : (!transform.any_op, !transform.any_op) -> !transform.any_op
    transform.yield
  }
}

// -----

func.func @two_consumers(%x: tensor<33x40xf32>) -> (tensor<33x40xf32>, tensor<33x40xf32>) {
  %0 = linalg.exp ins(%x : tensor<33x40xf32>) outs(%x : tensor<33x40xf32>) -> tensor<33x40xf32>
  %1 = linalg.abs ins(%0 : tensor<33x40xf32>) outs(%x : tensor<33x40xf32>) -> tensor<33x40xf32>
  %2 = linalg.abs ins(%0 : tensor<33x40xf32>) outs(%x : tensor<33x40xf32>) -> tensor<33x40xf32>
  return %1, %2 : tensor<33x40xf32>, tensor<33x40xf32>
}

module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %exp = transform.structured.match ops{["linalg.exp"]} in %root : (!transform.any_op) -> !transform.any_op
    %abs = transform.structured.match ops{["linalg.abs"]} in %root : (!transform.any_op) -> !transform.any_op
    %tile, %loop = transform.structured.tile_using_forall %exp tile_sizes [8, 16] : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    // expected-error @below {{needs one consumer, found 2}}
    %fused, %new = transform.diff.fuse_consumer %abs into (%loop) : (!transform.any_op, !transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

func.func @no_loop(%x: tensor<33x40xf32>) -> tensor<33x40xf32> {
  %0 = linalg.exp ins(%x : tensor<33x40xf32>) outs(%x : tensor<33x40xf32>) -> tensor<33x40xf32>
  %1 = linalg.abs ins(%0 : tensor<33x40xf32>) outs(%x : tensor<33x40xf32>) -> tensor<33x40xf32>
  return %1 : tensor<33x40xf32>
}

module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %exp = transform.structured.match ops{["linalg.exp"]} in %root : (!transform.any_op) -> !transform.any_op
    %abs = transform.structured.match ops{["linalg.abs"]} in %root : (!transform.any_op) -> !transform.any_op
    // expected-error @below {{needs a loop as loop 0, found 'linalg.exp'}}
    %fused, %new = transform.diff.fuse_consumer %abs into (%exp) : (!transform.any_op, !transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

func.func @empty_loop_handle(%x: tensor<33x40xf32>) -> tensor<33x40xf32> {
  %0 = linalg.abs ins(%x : tensor<33x40xf32>) outs(%x : tensor<33x40xf32>) -> tensor<33x40xf32>
  return %0 : tensor<33x40xf32>
}

module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %abs = transform.structured.match ops{["linalg.abs"]} in %root : (!transform.any_op) -> !transform.any_op
    %none = transform.structured.match ops{["scf.for"]} in %root : (!transform.any_op) -> !transform.any_op
    // expected-error @below {{needs one op as loop 0, found 0}}
    %fused, %new = transform.diff.fuse_consumer %abs into (%none) : (!transform.any_op, !transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

func.func @inner_first(%x: tensor<33x40xf32>) -> tensor<33x40xf32> {
  %0 = linalg.exp ins(%x : tensor<33x40xf32>) outs(%x : tensor<33x40xf32>) -> tensor<33x40xf32>
  // expected-note @below {{this op}}
  // expected-note @below {{the loops are not nested, outermost first}}
  %1 = linalg.abs ins(%0 : tensor<33x40xf32>) outs(%x : tensor<33x40xf32>) -> tensor<33x40xf32>
  return %1 : tensor<33x40xf32>
}

module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %exp = transform.structured.match ops{["linalg.exp"]} in %root : (!transform.any_op) -> !transform.any_op
    %abs = transform.structured.match ops{["linalg.abs"]} in %root : (!transform.any_op) -> !transform.any_op
    %tile, %loops:2 = transform.structured.tile_using_for %exp tile_sizes [8, 16] : (!transform.any_op) -> (!transform.any_op, !transform.any_op, !transform.any_op)
    // expected-error @below {{cannot fuse 'linalg.abs' into the loops}}
    %fused, %new:2 = transform.diff.fuse_consumer %abs into (%loops#1, %loops#0) : (!transform.any_op, !transform.any_op, !transform.any_op) -> (!transform.any_op, !transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

func.func @no_consumer(%x: tensor<33x40xf32>) -> tensor<33x40xf32> {
  %0 = linalg.exp ins(%x : tensor<33x40xf32>) outs(%x : tensor<33x40xf32>) -> tensor<33x40xf32>
  // expected-note @below {{this op}}
  // expected-note @below {{the consumer uses no result of the outermost loop}}
  %1 = linalg.abs ins(%x : tensor<33x40xf32>) outs(%x : tensor<33x40xf32>) -> tensor<33x40xf32>
  return %1 : tensor<33x40xf32>
}

module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %exp = transform.structured.match ops{["linalg.exp"]} in %root : (!transform.any_op) -> !transform.any_op
    %abs = transform.structured.match ops{["linalg.abs"]} in %root : (!transform.any_op) -> !transform.any_op
    %tile, %loop = transform.structured.tile_using_forall %exp tile_sizes [8, 16] : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    // expected-error @below {{cannot fuse 'linalg.abs' into the loops}}
    %fused, %new = transform.diff.fuse_consumer %abs into (%loop) : (!transform.any_op, !transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

func.func @not_tileable(%x: tensor<33x40xf32>) -> tensor<33x40xf32> {
  %0 = linalg.exp ins(%x : tensor<33x40xf32>) outs(%x : tensor<33x40xf32>) -> tensor<33x40xf32>
  // expected-note @below {{this op}}
  // expected-note @below {{the consumer does not implement TilingInterface}}
  return %0 : tensor<33x40xf32>
}

module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %exp = transform.structured.match ops{["linalg.exp"]} in %root : (!transform.any_op) -> !transform.any_op
    %func = transform.structured.match ops{["func.func"]} in %root : (!transform.any_op) -> !transform.any_op
    %return = transform.structured.match ops{["func.return"]} in %func : (!transform.any_op) -> !transform.any_op
    %tile, %loop = transform.structured.tile_using_forall %exp tile_sizes [8, 16] : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    // expected-error @below {{cannot fuse 'func.return' into the loops}}
    %fused, %new = transform.diff.fuse_consumer %return into (%loop) : (!transform.any_op, !transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// Each step along the reduction would overwrite the result of the previous one, and a
// consumer that reads its destination would be wrong.

func.func @reduction(%a: tensor<33x20xf32>, %b: tensor<20x40xf32>, %c: tensor<33x40xf32>) -> tensor<33x40xf32> {
  %0 = linalg.matmul ins(%a, %b : tensor<33x20xf32>, tensor<20x40xf32>) outs(%c : tensor<33x40xf32>) -> tensor<33x40xf32>
  // expected-note @below {{this op}}
  // expected-note @below {{a loop iterates over a reduction}}
  %1 = linalg.exp ins(%0 : tensor<33x40xf32>) outs(%c : tensor<33x40xf32>) -> tensor<33x40xf32>
  return %1 : tensor<33x40xf32>
}

module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %matmul = transform.structured.match ops{["linalg.matmul"]} in %root : (!transform.any_op) -> !transform.any_op
    %exp = transform.structured.match ops{["linalg.exp"]} in %root : (!transform.any_op) -> !transform.any_op
    %tile, %loops:2 = transform.structured.tile_using_for %matmul tile_sizes [8, 0, 4] : (!transform.any_op) -> (!transform.any_op, !transform.any_op, !transform.any_op)
    // expected-error @below {{cannot fuse 'linalg.exp' into the loops}}
    %fused, %new:2 = transform.diff.fuse_consumer %exp into (%loops#0, %loops#1) : (!transform.any_op, !transform.any_op, !transform.any_op) -> (!transform.any_op, !transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

func.func @not_a_tiling(%x: tensor<33x40xf32>) -> tensor<33x40xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %0 = scf.for %i = %c0 to %c8 step %c1 iter_args(%y = %x) -> (tensor<33x40xf32>) {
    %exp = linalg.exp ins(%y : tensor<33x40xf32>) outs(%y : tensor<33x40xf32>) -> tensor<33x40xf32>
    scf.yield %exp : tensor<33x40xf32>
  }
  // expected-note @below {{this op}}
  // expected-note @below {{the loops are not a nest produced by tiling}}
  %1 = linalg.abs ins(%0 : tensor<33x40xf32>) outs(%x : tensor<33x40xf32>) -> tensor<33x40xf32>
  return %1 : tensor<33x40xf32>
}

module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %loop = transform.structured.match ops{["scf.for"]} in %root : (!transform.any_op) -> !transform.any_op
    %abs = transform.structured.match ops{["linalg.abs"]} in %root : (!transform.any_op) -> !transform.any_op
    // expected-error @below {{cannot fuse 'linalg.abs' into the loops}}
    %fused, %new = transform.diff.fuse_consumer %abs into (%loop) : (!transform.any_op, !transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}
