// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Upstream's transform ops on the diff ops.
// RUN: diff-opt %s -split-input-file -transform-interpreter -canonicalize -cse | FileCheck %s

// CHECK-LABEL: func @forall
// CHECK-SAME: (%[[Q:.*]]: tensor<2x12x8x16xbf16>, %[[K:.*]]: tensor<2x20x2x16xbf16>, %[[L:.*]]: tensor<2x12x4xbf16>, %[[O:.*]]: tensor<2x12x4x16xbf16>)
// CHECK: scf.forall (%[[B:.*]], %[[I:.*]], %[[J:.*]]) in (2, 2, 3)
// CHECK-DAG: %[[H:.*]] = affine.apply #{{.*}}(%[[I]])
// CHECK-DAG: %[[N:.*]] = affine.apply #{{.*}}(%[[J]])
// CHECK-DAG: tensor.extract_slice %[[Q]][%[[B]], %[[N]], %{{.*}}, 0] [1, 4, 4, 16]
// CHECK-DAG: tensor.extract_slice %[[K]][%[[B]], 0, %[[I]], 0] [1, 20, 1, 16]
// CHECK-DAG: tensor.extract_slice %[[L]][%[[B]], %[[N]], %[[H]]] [1, 4, 2]
// CHECK: diff.attention
// CHECK: tensor.parallel_insert_slice
func.func @forall(%q: tensor<2x12x8x16xbf16>, %k: tensor<2x20x2x16xbf16>,
                  %lambda: tensor<2x12x4xbf16>, %init: tensor<2x12x4x16xbf16>)
    -> tensor<2x12x4x16xbf16> {
  %0 = diff.attention
         ins(%q, %k, %k, %lambda : tensor<2x12x8x16xbf16>,
             tensor<2x20x2x16xbf16>, tensor<2x20x2x16xbf16>,
             tensor<2x12x4xbf16>)
         outs(%init : tensor<2x12x4x16xbf16>) mask<causal>
         -> tensor<2x12x4x16xbf16>
  return %0 : tensor<2x12x4x16xbf16>
}
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op) {
    %op = transform.structured.match ops{["diff.attention"]} in %root
      : (!transform.any_op) -> !transform.any_op
    %tiled, %loop = transform.structured.tile_using_forall %op
      tile_sizes [1, 2, 4]
      : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// A size of 0 leaves a dimension complete; the norm of V1 needs complete rows.
// CHECK-LABEL: func @for
// CHECK-SAME: %[[INIT:[^:]*]]: tensor<1x?x4x32xf32>
// CHECK: scf.for %[[N:.*]] = %{{.*}} to %{{.*}} step %{{.*}} iter_args(%[[OUT:.*]] = %[[INIT]])
// CHECK: %[[SIZE:.*]] = affine.min
// CHECK: %[[R:.*]] = diff.attention_v1 ins({{.*}} : tensor<1x?x8x16xf32>, tensor<1x20x4x16xf32>, tensor<1x20x2x32xf32>, tensor<4xf32>, tensor<32xf32>)
// CHECK: tensor.insert_slice %[[R]] into %[[OUT]][0, %[[N]], 0, 0] [1, %[[SIZE]], 4, 32]
func.func @for(%q: tensor<1x?x8x16xf32>, %k: tensor<1x20x4x16xf32>,
               %v: tensor<1x20x2x32xf32>, %lambda: tensor<4xf32>,
               %weight: tensor<32xf32>, %init: tensor<1x?x4x32xf32>)
    -> tensor<1x?x4x32xf32> {
  %0 = diff.attention_v1
         ins(%q, %k, %v, %lambda, %weight : tensor<1x?x8x16xf32>,
             tensor<1x20x4x16xf32>, tensor<1x20x2x32xf32>, tensor<4xf32>,
             tensor<32xf32>)
         outs(%init : tensor<1x?x4x32xf32>) -> tensor<1x?x4x32xf32>
  return %0 : tensor<1x?x4x32xf32>
}
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op) {
    %op = transform.structured.match ops{["diff.attention_v1"]} in %root
      : (!transform.any_op) -> !transform.any_op
    %tiled, %loop = transform.structured.tile_using_for %op tile_sizes [0, 0, 4]
      : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// A tile of a tile: the diagonals add up in any order.
// CHECK-DAG: #[[$SUM:.*]] = affine_map<()[s0, s1] -> (s0 + s1 + 8)>
// CHECK-LABEL: func @twice
// CHECK: scf.for %[[I:[a-z0-9]+]] =
// CHECK: scf.for %[[J:[a-z0-9]+]] =
// CHECK: %[[D:.*]] = affine.apply #[[$SUM]]()[%[[J]], %[[I]]]
// CHECK: diff.softmax_attention {{.*}} diagonal(%[[D]]) mask<causal>
func.func @twice(%q: tensor<1x12x1x16xf32>, %k: tensor<1x20x1x16xf32>)
    -> tensor<1x12x1x16xf32> {
  %0 = diff.softmax_attention
         ins(%q, %k, %k : tensor<1x12x1x16xf32>, tensor<1x20x1x16xf32>,
             tensor<1x20x1x16xf32>)
         outs(%q : tensor<1x12x1x16xf32>) mask<causal> -> tensor<1x12x1x16xf32>
  return %0 : tensor<1x12x1x16xf32>
}
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op) {
    %op = transform.structured.match ops{["diff.softmax_attention"]} in %root
      : (!transform.any_op) -> !transform.any_op
    %outer, %loop = transform.structured.tile_using_for %op tile_sizes [0, 0, 6]
      : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    %inner, %loop2 = transform.structured.tile_using_for %outer
      tile_sizes [0, 0, 3]
      : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// The online form along all four dimensions: the last one carries running values.
// CHECK-LABEL: func @online_for
// CHECK-COUNT-4: scf.for
// CHECK-NOT: scf.for
// CHECK: %[[T:.*]]:3 = diff.online_attention ins({{.*}} : tensor<1x4x2x16xf32>, tensor<1x8x1x16xf32>, tensor<1x8x1x16xf32>) outs({{.*}} : tensor<1x2x4x16xf32>, tensor<1x2x4xf32>, tensor<1x2x4xf32>) maps(2) diagonal(%{{.*}}) mask<causal>
// CHECK-DAG: tensor.insert_slice %[[T]]#0
// CHECK-DAG: tensor.insert_slice %[[T]]#1
// CHECK-DAG: tensor.insert_slice %[[T]]#2
func.func @online_for(%q: tensor<2x8x4x16xf32>, %k: tensor<2x16x1x16xf32>,
                      %acc: tensor<2x4x8x16xf32>, %max: tensor<2x4x8xf32>,
                      %sum: tensor<2x4x8xf32>)
    -> (tensor<2x4x8x16xf32>, tensor<2x4x8xf32>, tensor<2x4x8xf32>) {
  %0:3 = diff.online_attention
           ins(%q, %k, %k : tensor<2x8x4x16xf32>, tensor<2x16x1x16xf32>,
               tensor<2x16x1x16xf32>)
           outs(%acc, %max, %sum : tensor<2x4x8x16xf32>, tensor<2x4x8xf32>,
                tensor<2x4x8xf32>)
           maps(2) mask<causal>
           -> tensor<2x4x8x16xf32>, tensor<2x4x8xf32>, tensor<2x4x8xf32>
  return %0#0, %0#1, %0#2
    : tensor<2x4x8x16xf32>, tensor<2x4x8xf32>, tensor<2x4x8xf32>
}
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op) {
    %op = transform.structured.match ops{["diff.online_attention"]} in %root
      : (!transform.any_op) -> !transform.any_op
    %tiled, %loops:4 = transform.structured.tile_using_for %op
      tile_sizes [1, 1, 4, 8]
      : (!transform.any_op) -> (!transform.any_op, !transform.any_op,
                                !transform.any_op, !transform.any_op,
                                !transform.any_op)
    transform.yield
  }
}

// -----

// CHECK-LABEL: func @online_forall
// CHECK: scf.forall (%{{.*}}, %{{.*}}, %{{.*}}) in (2, 2, 2)
// CHECK: diff.online_attention
// CHECK-COUNT-3: tensor.parallel_insert_slice
func.func @online_forall(%q: tensor<2x8x4x16xf32>, %k: tensor<2x16x1x16xf32>,
                         %acc: tensor<2x4x8x16xf32>, %max: tensor<2x4x8xf32>,
                         %sum: tensor<2x4x8xf32>)
    -> (tensor<2x4x8x16xf32>, tensor<2x4x8xf32>, tensor<2x4x8xf32>) {
  %0:3 = diff.online_attention
           ins(%q, %k, %k : tensor<2x8x4x16xf32>, tensor<2x16x1x16xf32>,
               tensor<2x16x1x16xf32>)
           outs(%acc, %max, %sum : tensor<2x4x8x16xf32>, tensor<2x4x8xf32>,
                tensor<2x4x8xf32>)
           maps(2)
           -> tensor<2x4x8x16xf32>, tensor<2x4x8xf32>, tensor<2x4x8xf32>
  return %0#0, %0#1, %0#2
    : tensor<2x4x8x16xf32>, tensor<2x4x8xf32>, tensor<2x4x8xf32>
}
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op) {
    %op = transform.structured.match ops{["diff.online_attention"]} in %root
      : (!transform.any_op) -> !transform.any_op
    %tiled, %loop = transform.structured.tile_using_forall %op
      tile_sizes [1, 1, 4]
      : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// On memrefs, the tiles are views.
// CHECK-LABEL: func @memref
// CHECK-SAME: (%[[Q:.*]]: memref<1x8x1x16xf32>, %[[O:.*]]: memref<1x8x1x16xf32>)
// CHECK: scf.for %[[I:[a-z0-9]+]] =
// CHECK-DAG: %[[TQ:.*]] = memref.subview %[[Q]][0, %[[I]], 0, 0] [1, 4, 1, 16]
// CHECK-DAG: %[[TO:.*]] = memref.subview %[[O]][0, %[[I]], 0, 0] [1, 4, 1, 16]
// CHECK: diff.softmax_attention ins(%[[TQ]], {{.*}} outs(%[[TO]] :
func.func @memref(%q: memref<1x8x1x16xf32>, %out: memref<1x8x1x16xf32>) {
  diff.softmax_attention
    ins(%q, %q, %q : memref<1x8x1x16xf32>, memref<1x8x1x16xf32>,
        memref<1x8x1x16xf32>)
    outs(%out : memref<1x8x1x16xf32>)
  return
}
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op) {
    %op = transform.structured.match ops{["diff.softmax_attention"]} in %root
      : (!transform.any_op) -> !transform.any_op
    %tiled, %loop = transform.structured.tile_using_for %op tile_sizes [0, 0, 4]
      : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// The producer of the query is computed for each tile, in the loop.
// CHECK-LABEL: func @fuse_producer
// CHECK: scf.forall
// CHECK: %[[E:.*]] = linalg.exp {{.*}} -> tensor<1x4x2x16xf32>
// CHECK: diff.softmax_attention ins(%[[E]],
// CHECK: scf.forall.in_parallel
func.func @fuse_producer(%x: tensor<1x12x4x16xf32>, %k: tensor<1x20x2x16xf32>,
                         %init: tensor<1x12x4x16xf32>)
    -> tensor<1x12x4x16xf32> {
  %empty = tensor.empty() : tensor<1x12x4x16xf32>
  %q = linalg.exp ins(%x : tensor<1x12x4x16xf32>)
         outs(%empty : tensor<1x12x4x16xf32>) -> tensor<1x12x4x16xf32>
  %0 = diff.softmax_attention
         ins(%q, %k, %k : tensor<1x12x4x16xf32>, tensor<1x20x2x16xf32>,
             tensor<1x20x2x16xf32>)
         outs(%init : tensor<1x12x4x16xf32>) -> tensor<1x12x4x16xf32>
  return %0 : tensor<1x12x4x16xf32>
}
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op) {
    %op = transform.structured.match ops{["diff.softmax_attention"]} in %root
      : (!transform.any_op) -> !transform.any_op
    %producer = transform.structured.match ops{["linalg.exp"]} in %root
      : (!transform.any_op) -> !transform.any_op
    %tiled, %loop = transform.structured.tile_using_forall %op
      tile_sizes [1, 2, 4]
      : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    %fused, %new = transform.structured.fuse_into_containing_op %producer
      into %loop
      : (!transform.any_op, !transform.any_op)
      -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// An attention is also a producer: only the tile of its result that a consumer reads
// is computed.
// CHECK-LABEL: func @fuse_attention
// CHECK: scf.forall (%{{.*}}) in (3)
// CHECK: %[[A:.*]] = diff.softmax_attention ins({{.*}} : tensor<1x4x4x16xf32>, tensor<1x20x2x16xf32>, tensor<1x20x2x16xf32>)
// CHECK: linalg.exp ins(%[[A]] : tensor<1x4x4x16xf32>)
func.func @fuse_attention(%q: tensor<1x12x4x16xf32>, %k: tensor<1x20x2x16xf32>,
                          %init: tensor<1x12x4x16xf32>)
    -> tensor<1x12x4x16xf32> {
  %0 = diff.softmax_attention
         ins(%q, %k, %k : tensor<1x12x4x16xf32>, tensor<1x20x2x16xf32>,
             tensor<1x20x2x16xf32>)
         outs(%init : tensor<1x12x4x16xf32>) -> tensor<1x12x4x16xf32>
  %empty = tensor.empty() : tensor<1x12x4x16xf32>
  %1 = linalg.exp ins(%0 : tensor<1x12x4x16xf32>)
         outs(%empty : tensor<1x12x4x16xf32>) -> tensor<1x12x4x16xf32>
  return %1 : tensor<1x12x4x16xf32>
}
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op) {
    %op = transform.structured.match ops{["linalg.exp"]} in %root
      : (!transform.any_op) -> !transform.any_op
    %producer = transform.structured.match
      ops{["diff.softmax_attention"]} in %root
      : (!transform.any_op) -> !transform.any_op
    %tiled, %loop = transform.structured.tile_using_forall %op
      tile_sizes [0, 4]
      : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    %fused, %new = transform.structured.fuse_into_containing_op %producer
      into %loop
      : (!transform.any_op, !transform.any_op)
      -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// Tile and fuse in one step.
// CHECK-LABEL: func @tile_and_fuse
// CHECK-NOT: linalg.exp
// CHECK: scf.for
// CHECK: linalg.exp {{.*}} -> tensor<1x4x2x16xf32>
// CHECK: diff.attention
// CHECK-NOT: linalg.exp
// CHECK: return
func.func @tile_and_fuse(%x: tensor<1x12x2x16xf32>, %k: tensor<1x20x1x16xf32>,
                         %lambda: tensor<1x12x1xf32>,
                         %init: tensor<1x12x1x16xf32>)
    -> tensor<1x12x1x16xf32> {
  %empty = tensor.empty() : tensor<1x12x2x16xf32>
  %q = linalg.exp ins(%x : tensor<1x12x2x16xf32>)
         outs(%empty : tensor<1x12x2x16xf32>) -> tensor<1x12x2x16xf32>
  %0 = diff.attention
         ins(%q, %k, %k, %lambda : tensor<1x12x2x16xf32>,
             tensor<1x20x1x16xf32>, tensor<1x20x1x16xf32>, tensor<1x12x1xf32>)
         outs(%init : tensor<1x12x1x16xf32>) -> tensor<1x12x1x16xf32>
  return %0 : tensor<1x12x1x16xf32>
}
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op) {
    %op = transform.structured.match ops{["diff.attention"]} in %root
      : (!transform.any_op) -> !transform.any_op
    %tiled, %loop = transform.structured.fuse %op tile_sizes [0, 0, 4]
      : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// Split along the keys by a number of threads: each has separate running values,
// starting from the identity, which are merged after the loop.
// CHECK-LABEL: func @split_threads
// CHECK-SAME: (%[[Q:.*]]: tensor<1x8x2x16xf32>, %[[K:.*]]: tensor<1x64x1x16xf32>, %[[ACC:.*]]: tensor<1x2x8x16xf32>, %[[MAX:.*]]: tensor<1x2x8xf32>, %[[SUM:.*]]: tensor<1x2x8xf32>)
// CHECK-DAG: %[[LOWEST:.*]] = arith.constant -3.40282347E+38 : f32
// CHECK-DAG: %[[ZERO:.*]] = arith.constant 0.000000e+00 : f32
// CHECK-DAG: %[[IACC:.*]] = linalg.fill ins(%[[ZERO]] : f32) outs(%{{.*}} : tensor<4x1x2x8x16xf32>)
// CHECK-DAG: %[[IMAX:.*]] = linalg.fill ins(%[[LOWEST]] : f32) outs(%{{.*}} : tensor<4x1x2x8xf32>)
// CHECK-DAG: %[[ISUM:.*]] = linalg.fill ins(%[[ZERO]] : f32) outs(%{{.*}} : tensor<4x1x2x8xf32>)
// CHECK: %[[P:.*]]:3 = scf.forall (%[[I:.*]]) in (4) shared_outs(%[[A:.*]] = %[[IACC]], %[[M:.*]] = %[[IMAX]], %[[S:.*]] = %[[ISUM]])
// CHECK-DAG: tensor.extract_slice %[[K]][0, %{{.*}}, 0, 0] [1, 16, 1, 16]
// CHECK-DAG: tensor.extract_slice %[[A]][%[[I]], 0, 0, 0, 0] [1, 1, 2, 8, 16] {{.*}} to tensor<1x2x8x16xf32>
// CHECK: diff.online_attention {{.*}} maps(2) diagonal(%{{.*}}) mask<causal>
// CHECK-COUNT-3: tensor.parallel_insert_slice
// max' over splits and init, the weights 2^(max - max'), then both weighted sums.
// CHECK: %[[NEWMAX:.*]] = linalg.generic {{.*}} ins(%[[P]]#1 :{{.*}}) outs(%[[MAX]] :
// CHECK: arith.maximumf
// CHECK: %[[OLD:.*]] = linalg.generic {{.*}} ins(%[[MAX]], %[[NEWMAX]] :
// CHECK: math.exp2
// CHECK: %[[WEIGHTS:.*]] = linalg.generic {{.*}} ins(%[[P]]#1, %[[NEWMAX]] :
// CHECK: math.exp2
// CHECK: linalg.generic {{.*}} ins(%[[OLD]] :{{.*}}) outs(%[[SUM]] :
// CHECK: %[[NEWSUM:.*]] = linalg.generic {{.*}} ins(%[[P]]#2, %[[WEIGHTS]] :
// CHECK: linalg.generic {{.*}} ins(%[[OLD]] :{{.*}}) outs(%[[ACC]] :
// CHECK: %[[NEWACC:.*]] = linalg.generic {{.*}} ins(%[[P]]#0, %[[WEIGHTS]] :
// CHECK: return %[[NEWACC]], %[[NEWMAX]], %[[NEWSUM]]
func.func @split_threads(%q: tensor<1x8x2x16xf32>, %k: tensor<1x64x1x16xf32>,
                         %acc: tensor<1x2x8x16xf32>, %max: tensor<1x2x8xf32>,
                         %sum: tensor<1x2x8xf32>)
    -> (tensor<1x2x8x16xf32>, tensor<1x2x8xf32>, tensor<1x2x8xf32>) {
  %0:3 = diff.online_attention
           ins(%q, %k, %k : tensor<1x8x2x16xf32>, tensor<1x64x1x16xf32>,
               tensor<1x64x1x16xf32>)
           outs(%acc, %max, %sum : tensor<1x2x8x16xf32>, tensor<1x2x8xf32>,
                tensor<1x2x8xf32>)
           maps(2) mask<causal>
           -> tensor<1x2x8x16xf32>, tensor<1x2x8xf32>, tensor<1x2x8xf32>
  return %0#0, %0#1, %0#2
    : tensor<1x2x8x16xf32>, tensor<1x2x8xf32>, tensor<1x2x8xf32>
}
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op) {
    %op = transform.structured.match ops{["diff.online_attention"]} in %root
      : (!transform.any_op) -> !transform.any_op
    %fills:3, %split, %combine, %loop =
      transform.structured.tile_reduction_using_forall %op
      by num_threads = [0, 0, 0, 4]
      : (!transform.any_op)
      -> (!transform.any_op, !transform.any_op, !transform.any_op,
          !transform.any_op, !transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// The same for running values that have the maps as a dimension.
// CHECK-LABEL: func @split_rows
// CHECK: linalg.fill {{.*}} -> tensor<4x1x2x3x8x16xf32>
// CHECK: linalg.fill {{.*}} -> tensor<4x1x2x3x8xf32>
// CHECK: scf.forall (%[[I:.*]]) in (4)
// CHECK: tensor.extract_slice %{{.*}}[%[[I]], 0, 0, 0, 0, 0] [1, 1, 2, 3, 8, 16] {{.*}} to tensor<1x2x3x8x16xf32>
// CHECK: diff.online_attention {{.*}} tensor<1x2x3x8x16xf32>
// CHECK: linalg.generic {{.*}} ins(%{{.*}} : tensor<4x1x2x3x8xf32>) outs(%{{.*}} : tensor<1x2x3x8xf32>)
func.func @split_rows(%q: tensor<1x8x6x16xf32>, %k: tensor<1x64x2x16xf32>, %v: tensor<1x64x1x16xf32>,
                      %acc: tensor<1x2x3x8x16xf32>, %row: tensor<1x2x3x8xf32>)
    -> tensor<1x2x3x8x16xf32> {
  %0:3 = diff.online_attention
           ins(%q, %k, %v : tensor<1x8x6x16xf32>, tensor<1x64x2x16xf32>, tensor<1x64x1x16xf32>)
           outs(%acc, %row, %row : tensor<1x2x3x8x16xf32>, tensor<1x2x3x8xf32>,
                tensor<1x2x3x8xf32>)
           maps(2)
           -> tensor<1x2x3x8x16xf32>, tensor<1x2x3x8xf32>, tensor<1x2x3x8xf32>
  return %0#0 : tensor<1x2x3x8x16xf32>
}
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op) {
    %op = transform.structured.match ops{["diff.online_attention"]} in %root
      : (!transform.any_op) -> !transform.any_op
    %fills:3, %split, %combine, %loop =
      transform.structured.tile_reduction_using_forall %op
      by num_threads = [0, 0, 0, 4]
      : (!transform.any_op)
      -> (!transform.any_op, !transform.any_op, !transform.any_op,
          !transform.any_op, !transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// The same with tile sizes: 20 keys in tiles of 16 are two splits, and the second one
// is partial.
// CHECK-LABEL: func @split_sizes
// CHECK: linalg.fill {{.*}} -> tensor<2x1x2x8x16xf32>
// CHECK: scf.forall (%[[I:.*]]) = (0) to (20) step (16)
// CHECK: %[[SIZE:.*]] = affine.min
// CHECK: tensor.extract_slice %{{.*}}[0, %[[I]], 0, 0] [1, %[[SIZE]], 1, 16]
// CHECK: diff.online_attention
// CHECK: } {mapping = [#gpu.block<x>]}
func.func @split_sizes(%q: tensor<1x8x2x16xf32>, %k: tensor<1x20x1x16xf32>,
                       %acc: tensor<1x2x8x16xf32>, %row: tensor<1x2x8xf32>)
    -> tensor<1x2x8x16xf32> {
  %0:3 = diff.online_attention
           ins(%q, %k, %k : tensor<1x8x2x16xf32>, tensor<1x20x1x16xf32>,
               tensor<1x20x1x16xf32>)
           outs(%acc, %row, %row : tensor<1x2x8x16xf32>, tensor<1x2x8xf32>,
                tensor<1x2x8xf32>)
           maps(2)
           -> tensor<1x2x8x16xf32>, tensor<1x2x8xf32>, tensor<1x2x8xf32>
  return %0#0 : tensor<1x2x8x16xf32>
}
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op) {
    %op = transform.structured.match ops{["diff.online_attention"]} in %root
      : (!transform.any_op) -> !transform.any_op
    %fills:3, %split, %combine, %loop =
      transform.structured.tile_reduction_using_forall %op
      by tile_sizes = [0, 0, 0, 16] mapping = [#gpu.block<x>]
      : (!transform.any_op)
      -> (!transform.any_op, !transform.any_op, !transform.any_op,
          !transform.any_op, !transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// A tile of two output heads has both maps of its two head groups, wherever the maps
// are, and both key heads and halves of one value head.
// CHECK-LABEL: func @pairs
// CHECK-SAME: (%[[Q:.*]]: tensor<2x12x2x4x16xf32>, %[[K:.*]]: tensor<2x2x20x2x16xf32>, %[[V:.*]]: tensor<2x20x2x2x16xf32>
// CHECK: scf.forall (%[[B:.*]], %[[I:.*]], %[[J:.*]]) in (2, 2, 3)
// CHECK-DAG: %[[H:.*]] = affine.apply #{{.*}}(%[[I]])
// CHECK-DAG: %[[N:.*]] = affine.apply #{{.*}}(%[[J]])
// CHECK-DAG: tensor.extract_slice %[[Q]][%[[B]], %[[N]], 0, %[[H]], 0] [1, 4, 2, 2, 16]
// CHECK-DAG: tensor.extract_slice %[[K]][0, %[[B]], 0, %[[I]], 0] [2, 1, 20, 1, 16]
// CHECK-DAG: tensor.extract_slice %[[V]][%[[B]], 0, 0, %[[I]], 0] [1, 20, 2, 1, 16]
// CHECK: diff.attention_v1
// CHECK-SAME: layout<query = [0, 1, 3, 2, 4], key = [3, 0, 1, 2, 4], value = [0, 1, 3, 2, 4]>
func.func @pairs(%q: tensor<2x12x2x4x16xf32>, %k: tensor<2x2x20x2x16xf32>,
                 %v: tensor<2x20x2x2x16xf32>, %lambda: tensor<4xf32>,
                 %weight: tensor<32xf32>, %init: tensor<2x12x4x32xf32>)
    -> tensor<2x12x4x32xf32> {
  %0 = diff.attention_v1
         ins(%q, %k, %v, %lambda, %weight : tensor<2x12x2x4x16xf32>,
             tensor<2x2x20x2x16xf32>, tensor<2x20x2x2x16xf32>, tensor<4xf32>,
             tensor<32xf32>)
         outs(%init : tensor<2x12x4x32xf32>)
         layout<query = [0, 1, 3, 2, 4], key = [3, 0, 1, 2, 4],
                value = [0, 1, 3, 2, 4]>
         -> tensor<2x12x4x32xf32>
  return %0 : tensor<2x12x4x32xf32>
}

module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %op = transform.structured.match ops{["diff.attention_v1"]} in %root : (!transform.any_op) -> !transform.any_op
    %tiled, %loop = transform.structured.tile_using_forall %op tile_sizes [1, 2, 4] : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// Two of four output heads are one of two head groups: three of six query heads.
// CHECK-LABEL: func @fuse_head_group
// CHECK: scf.forall (%{{.*}}) in (2)
// CHECK: %[[A:.*]] = diff.attention ins({{.*}} : tensor<1x12x3x16xf32>, tensor<1x20x1x16xf32>, tensor<1x20x1x16xf32>, tensor<1x12x2xf32>)
// CHECK-SAME: signals(2)
// CHECK: linalg.exp ins(%[[A]] : tensor<1x12x2x16xf32>)
func.func @fuse_head_group(%q: tensor<1x12x6x16xf32>, %k: tensor<1x20x2x16xf32>,
                           %lambda: tensor<1x12x4xf32>, %init: tensor<1x12x4x16xf32>)
    -> tensor<1x12x4x16xf32> {
  %0 = diff.attention
         ins(%q, %k, %k, %lambda : tensor<1x12x6x16xf32>, tensor<1x20x2x16xf32>,
             tensor<1x20x2x16xf32>, tensor<1x12x4xf32>)
         outs(%init : tensor<1x12x4x16xf32>) signals(2) -> tensor<1x12x4x16xf32>
  %empty = tensor.empty() : tensor<1x12x4x16xf32>
  %1 = linalg.exp ins(%0 : tensor<1x12x4x16xf32>)
         outs(%empty : tensor<1x12x4x16xf32>) -> tensor<1x12x4x16xf32>
  return %1 : tensor<1x12x4x16xf32>
}
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op) {
    %op = transform.structured.match ops{["linalg.exp"]} in %root
      : (!transform.any_op) -> !transform.any_op
    %producer = transform.structured.match ops{["diff.attention"]} in %root
      : (!transform.any_op) -> !transform.any_op
    %tiled, %loop = transform.structured.tile_using_forall %op
      tile_sizes [0, 0, 2]
      : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    %fused, %new = transform.structured.fuse_into_containing_op %producer
      into %loop
      : (!transform.any_op, !transform.any_op)
      -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}
