// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: diff-opt %s -split-input-file -diff-tile | FileCheck %s

// CHECK-DAG: #[[$TAIL:.*]] = affine_map<(d0) -> (-d0 + 12, 8)>
// CHECK-DAG: #[[$TWICE:.*]] = affine_map<()[s0] -> (s0 * 2)>
// CHECK-DAG: #[[$HALF:.*]] = affine_map<()[s0] -> (s0 floordiv 2)>
// CHECK-DAG: #[[$DIAGONAL:.*]] = affine_map<()[s0] -> (s0 + 8)>

// CHECK-LABEL: func @attention
// CHECK-SAME: (%[[Q:.*]]: tensor<2x12x8x16xbf16>, %[[K:.*]]: tensor<2x20x2x16xbf16>, %[[V:.*]]: tensor<2x20x2x16xbf16>, %[[L:.*]]: tensor<2x12x4xbf16>, %[[O:.*]]: tensor<2x12x4x16xbf16>, %[[LSE:.*]]: tensor<2x8x12xf32>)
// CHECK: %[[R:.*]]:2 = scf.forall (%[[B:.*]], %[[H:.*]], %[[N:.*]]) = (0, 0, 0) to (2, 4, 12) step (1, 1, 8)
// CHECK-SAME: shared_outs(%[[OUT:.*]] = %[[O]], %[[OUTLSE:.*]] = %[[LSE]])
// CHECK: %[[SIZE:.*]] = affine.min #[[$TAIL]](%[[N]])
// Output head j has query heads 2j and 2j + 1; two output heads share a key head.
// CHECK: %[[H2:.*]] = affine.apply #[[$TWICE]]()[%[[H]]]
// CHECK: %[[TQ:.*]] = tensor.extract_slice %[[Q]][%[[B]], %[[N]], %[[H2]], 0] [1, %[[SIZE]], 2, 16] [1, 1, 1, 1]
// CHECK: %[[G:.*]] = affine.apply #[[$HALF]]()[%[[H]]]
// CHECK: %[[TK:.*]] = tensor.extract_slice %[[K]][%[[B]], 0, %[[G]], 0] [1, 20, 1, 16] [1, 1, 1, 1]
// CHECK: %[[TV:.*]] = tensor.extract_slice %[[V]][%[[B]], 0, %{{.*}}, 0] [1, 20, 1, 16] [1, 1, 1, 1]
// CHECK: %[[TL:.*]] = tensor.extract_slice %[[L]][%[[B]], %[[N]], %[[H]]] [1, %[[SIZE]], 1] [1, 1, 1]
// CHECK: %[[TO:.*]] = tensor.extract_slice %[[OUT]][%[[B]], %[[N]], %[[H]], 0] [1, %[[SIZE]], 1, 16] [1, 1, 1, 1]
// CHECK: %[[TLSE:.*]] = tensor.extract_slice %[[OUTLSE]][%[[B]], %{{.*}}, %[[N]]] [1, 2, %[[SIZE]]] [1, 1, 1]
// The mask of the tile is that of the whole op: the diagonal is adjusted.
// CHECK: %[[D:.*]] = affine.apply #[[$DIAGONAL]]()[%[[N]]]
// CHECK: %[[T:.*]]:2 = diff.attention ins(%[[TQ]], %[[TK]], %[[TV]], %[[TL]] :{{.*}}) outs(%[[TO]], %[[TLSE]] :{{.*}}) diagonal(%[[D]]) mask<causal> {schedule = #diff.schedule<queries = 8, keys = 16>}
// CHECK: tensor.parallel_insert_slice %[[T]]#0 into %[[OUT]][%[[B]], %[[N]], %[[H]], 0] [1, %[[SIZE]], 1, 16]
// CHECK: tensor.parallel_insert_slice %[[T]]#1 into %[[OUTLSE]][%[[B]], %{{.*}}, %[[N]]] [1, 2, %[[SIZE]]]
// CHECK-NOT: mapping
// CHECK-NOT: diff.kernel
// CHECK: return %[[R]]#0, %[[R]]#1
func.func @attention(%q: tensor<2x12x8x16xbf16>, %k: tensor<2x20x2x16xbf16>,
                     %v: tensor<2x20x2x16xbf16>, %lambda: tensor<2x12x4xbf16>,
                     %init: tensor<2x12x4x16xbf16>, %lse: tensor<2x8x12xf32>)
    -> (tensor<2x12x4x16xbf16>, tensor<2x8x12xf32>) {
  %0:2 = diff.attention
           ins(%q, %k, %v, %lambda : tensor<2x12x8x16xbf16>,
               tensor<2x20x2x16xbf16>, tensor<2x20x2x16xbf16>,
               tensor<2x12x4xbf16>)
           outs(%init, %lse : tensor<2x12x4x16xbf16>, tensor<2x8x12xf32>)
           mask<causal> {schedule = #diff.schedule<queries = 8, keys = 16>}
           -> tensor<2x12x4x16xbf16>, tensor<2x8x12xf32>
  return %0#0, %0#1 : tensor<2x12x4x16xbf16>, tensor<2x8x12xf32>
}

// -----

// Separate keys come in pairs; lambda is per head and the weight per element. Without
// a mask, no diagonal is needed.
// CHECK-LABEL: func @attention_v1
// CHECK-SAME: (%[[Q:.*]]: tensor<1x12x8x16xf32>, %[[K:.*]]: tensor<1x20x4x16xf32>, %[[V:.*]]: tensor<1x20x2x32xf32>, %[[L:.*]]: tensor<4xf32>, %[[W:.*]]: tensor<32xf32>,
// CHECK: scf.forall (%[[B:.*]], %[[H:.*]], %[[N:.*]]) = (0, 0, 0) to (1, 4, 12) step (1, 2, 4)
// CHECK-DAG: tensor.extract_slice %[[K]][%[[B]], 0, %{{.*}}, 0] [1, 20, 2, 16] [1, 1, 1, 1]
// CHECK-DAG: tensor.extract_slice %[[V]][%[[B]], 0, %{{.*}}, 0] [1, 20, 1, 32] [1, 1, 1, 1]
// CHECK-DAG: tensor.extract_slice %[[L]][%[[H]]] [2] [1]
// CHECK-DAG: tensor.extract_slice %[[W]][0] [32] [1]
// CHECK: diff.attention_v1
// CHECK-NOT: diagonal(
// CHECK: scf.forall.in_parallel
func.func @attention_v1(%q: tensor<1x12x8x16xf32>, %k: tensor<1x20x4x16xf32>,
                        %v: tensor<1x20x2x32xf32>, %lambda: tensor<4xf32>,
                        %weight: tensor<32xf32>, %init: tensor<1x12x4x32xf32>)
    -> tensor<1x12x4x32xf32> {
  %0 = diff.attention_v1
         ins(%q, %k, %v, %lambda, %weight : tensor<1x12x8x16xf32>,
             tensor<1x20x4x16xf32>, tensor<1x20x2x32xf32>, tensor<4xf32>,
             tensor<32xf32>)
         outs(%init : tensor<1x12x4x32xf32>)
         {schedule = #diff.schedule<heads = 2, queries = 4, keys = 8>}
         -> tensor<1x12x4x32xf32>
  return %0 : tensor<1x12x4x32xf32>
}

// -----

// A tile of several groups: four output heads read two value heads.
// CHECK-LABEL: func @groups
// CHECK-SAME: (%[[Q:.*]]: tensor<1x12x8x16xf32>, %[[K:.*]]: tensor<1x20x4x16xf32>
// CHECK: scf.forall {{.*}} step (1, 4, 12)
// CHECK: tensor.extract_slice %[[Q]][%{{.*}}, %{{.*}}, %{{.*}}, 0] [1, 12, 4, 16]
// CHECK: tensor.extract_slice %[[K]][%{{.*}}, 0, %{{.*}}, 0] [1, 20, 2, 16]
func.func @groups(%q: tensor<1x12x8x16xf32>, %k: tensor<1x20x4x16xf32>)
    -> tensor<1x12x8x16xf32> {
  %0 = diff.softmax_attention
         ins(%q, %k, %k : tensor<1x12x8x16xf32>, tensor<1x20x4x16xf32>,
             tensor<1x20x4x16xf32>)
         outs(%q : tensor<1x12x8x16xf32>)
         {schedule = #diff.schedule<heads = 4, queries = 12, keys = 8>}
         -> tensor<1x12x8x16xf32>
  return %0 : tensor<1x12x8x16xf32>
}

// -----

// Threads in the schedule select a GPU: the loops are its blocks, and the loop that
// becomes a kernel is marked.
// CHECK-LABEL: func @gpu
// CHECK: scf.forall
// CHECK: } {diff.kernel = #diff.kernel<op = "softmax_attention", threads = 64>, mapping = [#gpu.block<z>, #gpu.block<y>, #gpu.block<x>]}
func.func @gpu(%q: tensor<?x?x4x16xf32>, %k: tensor<?x?x2x16xf32>)
    -> tensor<?x?x4x16xf32> {
  %0 = diff.softmax_attention
         ins(%q, %k, %k : tensor<?x?x4x16xf32>, tensor<?x?x2x16xf32>,
             tensor<?x?x2x16xf32>)
         outs(%q : tensor<?x?x4x16xf32>)
         {schedule = #diff.schedule<queries = 8, keys = 16, threads = 64>}
         -> tensor<?x?x4x16xf32>
  return %0 : tensor<?x?x4x16xf32>
}

// -----

// On memrefs, a tile is a view.
// CHECK-LABEL: func @memref
// CHECK-SAME: (%[[Q:.*]]: memref<2x12x4x16xf32>, %[[O:.*]]: memref<2x12x4x16xf32>)
// CHECK: scf.forall (%[[B:.*]], %[[H:.*]], %[[N:.*]]) = (0, 0, 0) to (2, 4, 12) step (1, 1, 4) {
// CHECK: %[[TQ:.*]] = memref.subview %[[Q]][%[[B]], %[[N]], %[[H]], 0] [1, 4, 1, 16]
// CHECK: %[[TO:.*]] = memref.subview %[[O]][%[[B]], %[[N]], %[[H]], 0] [1, 4, 1, 16]
// CHECK: diff.softmax_attention ins(%[[TQ]], {{.*}} outs(%[[TO]] :
func.func @memref(%q: memref<2x12x4x16xf32>, %out: memref<2x12x4x16xf32>) {
  diff.softmax_attention
    ins(%q, %q, %q : memref<2x12x4x16xf32>, memref<2x12x4x16xf32>,
        memref<2x12x4x16xf32>)
    outs(%out : memref<2x12x4x16xf32>)
    {schedule = #diff.schedule<queries = 4, keys = 16>}
  return
}

// -----

// Without a schedule, nothing is tiled.
// CHECK-LABEL: func @no_schedule
// CHECK-NOT: scf.forall
// CHECK: diff.softmax_attention
func.func @no_schedule(%q: tensor<2x12x4x16xf32>) -> tensor<2x12x4x16xf32> {
  %0 = diff.softmax_attention
         ins(%q, %q, %q : tensor<2x12x4x16xf32>, tensor<2x12x4x16xf32>,
             tensor<2x12x4x16xf32>)
         outs(%q : tensor<2x12x4x16xf32>) -> tensor<2x12x4x16xf32>
  return %0 : tensor<2x12x4x16xf32>
}

// -----

// An op inside an scf.forall is already a tile.
// CHECK-LABEL: func @tile_already
// CHECK-COUNT-1: scf.forall (
// CHECK-NOT: scf.forall (
func.func @tile_already(%q: tensor<2x12x1x16xf32>) -> tensor<2x12x1x16xf32> {
  %0 = scf.forall (%b) in (2) shared_outs(%out = %q) -> (tensor<2x12x1x16xf32>) {
    %1 = tensor.extract_slice %q[%b, 0, 0, 0] [1, 12, 1, 16] [1, 1, 1, 1]
      : tensor<2x12x1x16xf32> to tensor<1x12x1x16xf32>
    %2 = diff.softmax_attention
           ins(%1, %1, %1 : tensor<1x12x1x16xf32>, tensor<1x12x1x16xf32>,
               tensor<1x12x1x16xf32>)
           outs(%1 : tensor<1x12x1x16xf32>)
           {schedule = #diff.schedule<queries = 4, keys = 16>}
           -> tensor<1x12x1x16xf32>
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %2 into %out[%b, 0, 0, 0] [1, 12, 1, 16]
        [1, 1, 1, 1] : tensor<1x12x1x16xf32> into tensor<2x12x1x16xf32>
    }
  }
  return %0 : tensor<2x12x1x16xf32>
}

// -----

#id = affine_map<(b, n, h, d) -> (b, n, h, d)>

// An op that computes the query is fused into the tile that reads it. Keys are read
// by many tiles. A value with another user is computed for it anyway.
// CHECK-LABEL: func @fused
// CHECK-COUNT-2: linalg.generic
// CHECK: scf.forall
// CHECK: %[[Q:.*]] = linalg.generic {{.*}} outs(%{{.*}} : tensor<1x64x2x16xf16>)
// CHECK-NOT: linalg.generic
// CHECK: diff.attention ins(%[[Q]],
func.func @fused(%q: tensor<1x128x4x16xf16>, %k: tensor<1x20x2x16xf16>, %l: tensor<1x128x2xf16>, %o: tensor<1x128x2x16xf16>)
    -> (tensor<1x128x2x16xf16>, tensor<1x128x2xf16>) {
  %qe = tensor.empty() : tensor<1x128x4x16xf16>
  %ke = tensor.empty() : tensor<1x20x2x16xf16>
  %le = tensor.empty() : tensor<1x128x2xf16>
  %q1 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%q : tensor<1x128x4x16xf16>) outs(%qe : tensor<1x128x4x16xf16>) {
  ^bb0(%a: f16, %b: f16):
    %0 = arith.negf %a : f16
    linalg.yield %0 : f16
  } -> tensor<1x128x4x16xf16>
  %k1 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%k : tensor<1x20x2x16xf16>) outs(%ke : tensor<1x20x2x16xf16>) {
  ^bb0(%a: f16, %b: f16):
    %0 = arith.negf %a : f16
    linalg.yield %0 : f16
  } -> tensor<1x20x2x16xf16>
  %l1 = linalg.generic {indexing_maps = [affine_map<(b, n, h) -> (b, n, h)>, affine_map<(b, n, h) -> (b, n, h)>], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%l : tensor<1x128x2xf16>) outs(%le : tensor<1x128x2xf16>) {
  ^bb0(%a: f16, %b: f16):
    %0 = arith.negf %a : f16
    linalg.yield %0 : f16
  } -> tensor<1x128x2xf16>
  %1 = diff.attention
         ins(%q1, %k1, %k, %l1 : tensor<1x128x4x16xf16>, tensor<1x20x2x16xf16>,
             tensor<1x20x2x16xf16>, tensor<1x128x2xf16>)
         outs(%o : tensor<1x128x2x16xf16>)
         {schedule = #diff.schedule<queries = 64, keys = 32, threads = 128, stages = 1>}
         -> tensor<1x128x2x16xf16>
  return %1, %l1 : tensor<1x128x2x16xf16>, tensor<1x128x2xf16>
}
