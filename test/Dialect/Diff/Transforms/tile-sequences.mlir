// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Sequences of variable length become tiles of one batch entry.
// RUN: diff-opt %s --split-input-file --pass-pipeline='builtin.module(func.func(diff-tile),canonicalize,cse)' | FileCheck %s

// The sequence of a tile is searched in the offsets. The number of tiles follows from
// the shapes.
// CHECK-DAG: #[[$TILES:.*]] = affine_map<()[s0, s1] -> (s1 + s0 floordiv 8 - 1)>
// CHECK-DAG: #[[$MIDDLE:.*]] = affine_map<()[s0, s1] -> ((s0 + s1) floordiv 2)>
// CHECK-DAG: #[[$FIRST:.*]] = affine_map<()[s0, s1, s2] -> (s0 floordiv 8 + (s1 + s2) floordiv 2)>
// CHECK-DAG: #[[$QUERIES:.*]] = affine_map<()[s0, s1, s2] -> (-s0 - s1 + s2, 8)>
// CHECK-DAG: #[[$DIAGONAL:.*]] = affine_map<()[s0, s1, s2, s3, s4] -> (s0 - s1 + s2 + s3 - s4)>
// CHECK-LABEL: func @causal
// CHECK-SAME: (%[[Q:.*]]: tensor<?x4x16xf32>, %[[K:.*]]: tensor<?x1x16xf32>, %[[V:.*]]: tensor<?x1x16xf32>, %[[CQ:.*]]: tensor<?xi32>, %[[CK:.*]]: tensor<?xi32>, %[[L:.*]]: tensor<?x2xf32>, %[[O:.*]]: tensor<?x2x16xf32>, %[[S:.*]]: tensor<4x?xf32>)
// CHECK-DAG: %[[C0:.*]] = arith.constant 0 : index
// CHECK-DAG: %[[N:.*]] = tensor.dim %[[Q]], %[[C0]]
// CHECK-DAG: %[[OFFSETS:.*]] = tensor.dim %[[CQ]], %[[C0]]
// CHECK: %[[TILES:.*]] = affine.apply #[[$TILES]]()[%[[N]], %[[OFFSETS]]]
// CHECK: scf.forall (%[[H:.*]], %[[T:.*]]) in (2, %[[TILES]]) shared_outs(%[[OUT:.*]] = %[[O]], %[[LSE:.*]] = %[[S]])
// CHECK:   %[[SEARCH:.*]]:2 = scf.while
// CHECK:   do {
// CHECK:     %[[MIDDLE:.*]] = affine.apply #[[$MIDDLE]]
// CHECK:     %[[I32:.*]] = tensor.extract %[[CQ]][%[[MIDDLE]]]
// CHECK:     %[[BEGIN:.*]] = arith.index_cast %[[I32]]
// CHECK:     %[[FIRST:.*]] = affine.apply #[[$FIRST]]()[%[[BEGIN]]
// CHECK:     arith.cmpi sgt, %[[FIRST]], %[[T]]
// CHECK:   tensor.extract %[[CQ]][%[[SEARCH]]#0]
// CHECK:   tensor.extract %[[CK]][%[[SEARCH]]#0]
// CHECK:   %[[SIZE:.*]] = affine.min #[[$QUERIES]]
// CHECK:   %[[DIAGONAL:.*]] = affine.apply #[[$DIAGONAL]]
// A tile without queries reads no key.
// CHECK:   %[[EMPTY:.*]] = arith.cmpi eq, %[[SIZE]], %[[C0]]
// CHECK:   %[[KEYS:.*]] = arith.select %[[EMPTY]], %[[C0]],
// CHECK:   %[[QT:.*]] = tensor.extract_slice %[[Q]][%[[AT:.*]], %{{.*}}, 0] [%[[SIZE]], 2, 16]
// CHECK:   %[[QB:.*]] = tensor.expand_shape %[[QT]] {{\[}}[0, 1], [2], [3]] output_shape [1, %[[SIZE]], 2, 16]
// CHECK:   %[[KT:.*]] = tensor.extract_slice %[[K]][%{{.*}}, %{{.*}}, 0] [%[[KEYS]], 1, 16]
// CHECK:   %[[KB:.*]] = tensor.expand_shape %[[KT]]
// CHECK:   %[[VT:.*]] = tensor.extract_slice %[[V]]
// CHECK:   %[[VB:.*]] = tensor.expand_shape %[[VT]]
// CHECK:   %[[LT:.*]] = tensor.extract_slice %[[L]][%[[AT]], %[[H]]] [%[[SIZE]], 1]
// CHECK:   %[[LB:.*]] = tensor.expand_shape %[[LT]]
// CHECK:   %[[OT:.*]] = tensor.extract_slice %[[OUT]][%[[AT]], %[[H]], 0] [%[[SIZE]], 1, 16]
// CHECK:   %[[OB:.*]] = tensor.expand_shape %[[OT]]
// CHECK:   %[[ST:.*]] = tensor.extract_slice %[[LSE]][%{{.*}}, %[[AT]]] [2, %[[SIZE]]]
// CHECK:   %[[SB:.*]] = tensor.expand_shape %[[ST]] {{\[}}[0, 1], [2]] output_shape [1, 2, %[[SIZE]]]
// CHECK:   %[[R:.*]]:2 = diff.attention ins(%[[QB]], %[[KB]], %[[VB]], %[[LB]] : tensor<1x?x2x16xf32>, tensor<1x?x1x16xf32>, tensor<1x?x1x16xf32>, tensor<1x?x1xf32>)
// CHECK-SAME:   outs(%[[OB]], %[[SB]] : tensor<1x?x1x16xf32>, tensor<1x2x?xf32>) diagonal(%[[DIAGONAL]]) mask<causal> {schedule
// CHECK:   %[[RO:.*]] = tensor.collapse_shape %[[R]]#0 {{\[}}[0, 1], [2], [3]]
// CHECK:   %[[RS:.*]] = tensor.collapse_shape %[[R]]#1 {{\[}}[0, 1], [2]]
// CHECK:   tensor.parallel_insert_slice %[[RO]] into %[[OUT]][%[[AT]], %[[H]], 0] [%[[SIZE]], 1, 16]
// CHECK:   tensor.parallel_insert_slice %[[RS]] into %[[LSE]]
// CHECK-NOT: mapping
func.func @causal(%q: tensor<?x4x16xf32>, %k: tensor<?x1x16xf32>,
                  %v: tensor<?x1x16xf32>, %cq: tensor<?xi32>,
                  %ck: tensor<?xi32>, %l: tensor<?x2xf32>,
                  %o: tensor<?x2x16xf32>, %s: tensor<4x?xf32>)
    -> (tensor<?x2x16xf32>, tensor<4x?xf32>) {
  %0:2 = diff.attention
      ins(%q, %k, %v, %l : tensor<?x4x16xf32>, tensor<?x1x16xf32>,
          tensor<?x1x16xf32>, tensor<?x2xf32>)
      outs(%o, %s : tensor<?x2x16xf32>, tensor<4x?xf32>)
      cu_seqlens(%cq, %ck : tensor<?xi32>, tensor<?xi32>) mask<causal>
      {schedule = #diff.schedule<queries = 8, keys = 16>}
      -> tensor<?x2x16xf32>, tensor<4x?xf32>
  return %0#0, %0#1 : tensor<?x2x16xf32>, tensor<4x?xf32>
}

// -----

// On a GPU, the loops are mapped to blocks. Static sizes are constants, and a single
// sequence needs no search. Without a mask there is no diagonal.
// CHECK-LABEL: func @gpu
// CHECK-NOT: scf.while
// CHECK: scf.forall (%{{.*}}, %{{.*}}) in (2, 3)
// CHECK-NOT: scf.while
// CHECK: diff.softmax_attention
// CHECK-NOT: diagonal
// CHECK: } {diff.kernel = #diff.kernel<op = "softmax_attention", threads = 128>, mapping = [#gpu.block<y>, #gpu.block<x>]}
func.func @gpu(%q: tensor<40x2x16xf32>, %cu: tensor<2xi32>,
               %o: tensor<40x2x16xf32>) -> tensor<40x2x16xf32> {
  %0 = diff.softmax_attention
      ins(%q, %q, %q : tensor<40x2x16xf32>, tensor<40x2x16xf32>,
          tensor<40x2x16xf32>)
      outs(%o : tensor<40x2x16xf32>)
      cu_seqlens(%cu, %cu : tensor<2xi32>, tensor<2xi32>)
      {schedule = #diff.schedule<queries = 16, keys = 16, threads = 128>}
      -> tensor<40x2x16xf32>
  return %0 : tensor<40x2x16xf32>
}

// -----

// Tiles of several heads, and a layout, which gets a leading batch.
// CHECK-LABEL: func @head_major
// CHECK: scf.forall (%[[H:.*]], %{{.*}}) = (0, 0) to (4, %{{.*}}) step (2, 1)
// CHECK: tensor.extract_slice %{{.*}}[%{{.*}}, %{{.*}}, 0] [4, %{{.*}}, 16] [1, 1, 1] : tensor<8x?x16xf32> to tensor<4x?x16xf32>
// CHECK: tensor.extract_slice %{{.*}} [2, %{{.*}}, 32] [1, 1, 1] : tensor<4x?x32xf32> to tensor<2x?x32xf32>
// CHECK: diff.attention_v1 ins({{.*}} : tensor<1x4x?x16xf32>, tensor<1x4x?x16xf32>, tensor<1x2x?x32xf32>, tensor<2xf32>, tensor<32xf32>)
// CHECK-SAME: layout<query = [0, 2, 1, 3], key = [0, 2, 1, 3], value = [0, 2, 1, 3], output = [0, 2, 1, 3]>
func.func @head_major(%q: tensor<8x?x16xf32>, %v: tensor<4x?x32xf32>,
                      %l: tensor<4xf32>, %w: tensor<32xf32>,
                      %cu: tensor<?xi32>, %o: tensor<4x?x32xf32>)
    -> tensor<4x?x32xf32> {
  %0 = diff.attention_v1
      ins(%q, %q, %v, %l, %w : tensor<8x?x16xf32>, tensor<8x?x16xf32>,
          tensor<4x?x32xf32>, tensor<4xf32>, tensor<32xf32>)
      outs(%o : tensor<4x?x32xf32>)
      cu_seqlens(%cu, %cu : tensor<?xi32>, tensor<?xi32>)
      layout<query = [1, 0, 2], key = [1, 0, 2], value = [1, 0, 2],
             output = [1, 0, 2]>
      {schedule = #diff.schedule<heads = 2, queries = 8, keys = 16>}
      -> tensor<4x?x32xf32>
  return %0 : tensor<4x?x32xf32>
}
