// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: diff-opt %s -split-input-file -diff-tile-keys -canonicalize -cse | FileCheck %s

// Both maps share the loop over key tiles, which carries the running values. The
// schedule is consumed.
// CHECK-LABEL: func @no_mask
// CHECK-SAME: (%[[Q:.*]]: tensor<1x8x2x16xbf16>, %[[K:.*]]: tensor<1x20x1x16xbf16>, %[[V:.*]]: tensor<1x20x1x16xbf16>, %[[ACC:.*]]: tensor<1x2x8x16xf32>, %[[MAX:.*]]: tensor<1x2x8xf32>, %[[SUM:.*]]: tensor<1x2x8xf32>)
// CHECK-DAG: %[[C0:.*]] = arith.constant 0 : index
// CHECK-DAG: %[[C16:.*]] = arith.constant 16 : index
// CHECK-DAG: %[[C20:.*]] = arith.constant 20 : index
// CHECK: %[[R:.*]]:3 = scf.for %[[I:.*]] = %[[C0]] to %[[C20]] step %[[C16]] iter_args(%[[A:.*]] = %[[ACC]], %[[M:.*]] = %[[MAX]], %[[S:.*]] = %[[SUM]])
// CHECK: %[[SIZE:.*]] = affine.min
// CHECK: %[[TK:.*]] = tensor.extract_slice %[[K]][0, %[[I]], 0, 0] [1, %[[SIZE]], 1, 16]
// CHECK: %[[TV:.*]] = tensor.extract_slice %[[V]][0, %[[I]], 0, 0] [1, %[[SIZE]], 1, 16]
// CHECK: %[[T:.*]]:3 = diff.online_attention ins(%[[Q]], %[[TK]], %[[TV]] :{{.*}}) outs(%[[A]], %[[M]], %[[S]] :{{.*}}) maps(2) ->
// CHECK: scf.yield %[[T]]#0, %[[T]]#1, %[[T]]#2
// CHECK: return %[[R]]#0, %[[R]]#1, %[[R]]#2
func.func @no_mask(%q: tensor<1x8x2x16xbf16>, %k: tensor<1x20x1x16xbf16>,
                   %v: tensor<1x20x1x16xbf16>, %acc: tensor<1x2x8x16xf32>,
                   %max: tensor<1x2x8xf32>, %sum: tensor<1x2x8xf32>)
    -> (tensor<1x2x8x16xf32>, tensor<1x2x8xf32>, tensor<1x2x8xf32>) {
  %0:3 = diff.online_attention
           ins(%q, %k, %v : tensor<1x8x2x16xbf16>, tensor<1x20x1x16xbf16>,
               tensor<1x20x1x16xbf16>)
           outs(%acc, %max, %sum : tensor<1x2x8x16xf32>, tensor<1x2x8xf32>,
                tensor<1x2x8xf32>)
           maps(2) {schedule = #diff.schedule<queries = 8, keys = 16>}
           -> tensor<1x2x8x16xf32>, tensor<1x2x8xf32>, tensor<1x2x8xf32>
  return %0#0, %0#1, %0#2
    : tensor<1x2x8x16xf32>, tensor<1x2x8xf32>, tensor<1x2x8xf32>
}

// -----

// The last of 8 queries sees up to diagonal + 7, the first from diagonal - 20 on: the
// keys are restricted to [max(0, d - 20), min(M, d + 8)).
// CHECK-DAG: #[[$LAST:.*]] = affine_map<()[s0, s1] -> (s1 + 8, s0)>
// CHECK-DAG: #[[$FIRST:.*]] = affine_map<()[s0] -> (0, s0 - 20)>
// CHECK-DAG: #[[$MINUS:.*]] = affine_map<()[s0, s1] -> (-s0 + s1)>
// CHECK-LABEL: func @masked
// CHECK-SAME: (%[[Q:.*]]: tensor<1x8x1x16xf32>, %[[K:.*]]: tensor<1x?x1x16xf32>, %[[D:.*]]: index, %[[LENGTH:.*]]: index,
// CHECK: %[[M:.*]] = tensor.dim %[[K]]
// CHECK: %[[LAST:.*]] = affine.min #[[$LAST]]()[%[[M]], %[[D]]]
// CHECK: %[[LAST0:.*]] = affine.max #{{.*}}()[%[[LAST]]]
// CHECK: %[[FIRST:.*]] = affine.max #[[$FIRST]]()[%[[D]]]
// CHECK: %[[FIRST0:.*]] = affine.min #{{.*}}()[%[[FIRST]], %[[LAST0]]]
// CHECK: %[[SIZE:.*]] = affine.apply #[[$MINUS]]()[%[[FIRST0]], %[[LAST0]]]
// CHECK: tensor.extract_slice %[[K]][0, %[[FIRST0]], 0, 0] [1, %[[SIZE]], 1, 16]
// CHECK: scf.for %[[I:.*]] = %{{.*}} to %[[SIZE]]
// Diagonal and length are relative to the first key of the tile.
// CHECK: %[[TD:.*]] = affine.apply #{{.*}}()[%[[I]], %[[D]], %[[FIRST0]]]
// CHECK: %[[TL:.*]] = affine.apply #{{.*}}()[%[[I]], %[[LENGTH]], %[[FIRST0]]]
// CHECK: diff.online_attention {{.*}} diagonal(%[[TD]]) key_length(%[[TL]]) mask<causal, window = [20, 0]> ->
func.func @masked(%q: tensor<1x8x1x16xf32>, %k: tensor<1x?x1x16xf32>,
                  %d: index, %length: index, %acc: tensor<1x1x8x16xf32>,
                  %row: tensor<1x1x8xf32>) -> tensor<1x1x8x16xf32> {
  %0:3 = diff.online_attention
           ins(%q, %k, %k : tensor<1x8x1x16xf32>, tensor<1x?x1x16xf32>,
               tensor<1x?x1x16xf32>)
           outs(%acc, %row, %row : tensor<1x1x8x16xf32>, tensor<1x1x8xf32>,
                tensor<1x1x8xf32>)
           diagonal(%d) key_length(%length) mask<causal, window = [20, 0]>
           {schedule = #diff.schedule<queries = 8, keys = 16>}
           -> tensor<1x1x8x16xf32>, tensor<1x1x8xf32>, tensor<1x1x8xf32>
  return %0#0 : tensor<1x1x8x16xf32>
}

// -----

// If the diagonal is M - N, the last query sees every key: causal hides none.
// CHECK-LABEL: func @causal_static
// CHECK-SAME: %[[K:[^:]*]]: tensor<1x32x1x16xf32>
// CHECK-DAG: %[[C32:.*]] = arith.constant 32 : index
// CHECK: scf.for %[[I:.*]] = %{{.*}} to %[[C32]]
// CHECK: tensor.extract_slice %[[K]][0, %[[I]], 0, 0] [1, 16, 1, 16]
// CHECK: %[[TD:.*]] = affine.apply #{{.*}}()[%[[I]]]
// CHECK: diagonal(%[[TD]])
func.func @causal_static(%q: tensor<1x8x1x16xf32>, %k: tensor<1x32x1x16xf32>,
                         %acc: tensor<1x1x8x16xf32>, %row: tensor<1x1x8xf32>)
    -> tensor<1x1x8x16xf32> {
  %0:3 = diff.online_attention
           ins(%q, %k, %k : tensor<1x8x1x16xf32>, tensor<1x32x1x16xf32>,
               tensor<1x32x1x16xf32>)
           outs(%acc, %row, %row : tensor<1x1x8x16xf32>, tensor<1x1x8xf32>,
                tensor<1x1x8xf32>)
           mask<causal> {schedule = #diff.schedule<queries = 8, keys = 16>}
           -> tensor<1x1x8x16xf32>, tensor<1x1x8xf32>, tensor<1x1x8xf32>
  return %0#0 : tensor<1x1x8x16xf32>
}

// -----

// CHECK-LABEL: func @no_schedule
// CHECK-NOT: scf.for
// CHECK: diff.online_attention
func.func @no_schedule(%q: tensor<1x8x1x16xf32>, %acc: tensor<1x1x8x16xf32>,
                       %row: tensor<1x1x8xf32>) -> tensor<1x1x8x16xf32> {
  %0:3 = diff.online_attention
           ins(%q, %q, %q : tensor<1x8x1x16xf32>, tensor<1x8x1x16xf32>,
               tensor<1x8x1x16xf32>)
           outs(%acc, %row, %row : tensor<1x1x8x16xf32>, tensor<1x1x8xf32>,
                tensor<1x1x8xf32>)
           -> tensor<1x1x8x16xf32>, tensor<1x1x8xf32>, tensor<1x1x8xf32>
  return %0#0 : tensor<1x1x8x16xf32>
}
