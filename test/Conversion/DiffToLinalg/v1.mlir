// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: diff-opt %s -convert-diff-to-linalg -canonicalize | FileCheck %s --implicit-check-not=linalg.softmax --implicit-check-not=diff.

// Two maps with separate keys: key head 2g + a is [g, a], query head 2j + a of a
// group of two is [g, r, a]. Both maps read the same values.
// CHECK-DAG: #[[$QUERY:.*]] = affine_map<(d0, d1, d2, d3, d4, d5, d6) -> (d0, d4, d1, d2, d3, d6)>
// CHECK-DAG: #[[$KEY:.*]] = affine_map<(d0, d1, d2, d3, d4, d5, d6) -> (d0, d5, d1, d3, d6)>
// CHECK-DAG: #[[$VALUE:.*]] = affine_map<(d0, d1, d2, d3, d4, d5, d6) -> (d0, d5, d1, d6)>
// CHECK-DAG: #[[$WEIGHT:.*]] = affine_map<(d0, d1, d2, d3) -> (d3)>
// CHECK-DAG: #[[$LAMBDA:.*]] = affine_map<(d0, d1, d2, d3) -> (d1)>

// CHECK-LABEL: func @attention
// CHECK-SAME: (%[[Q:.*]]: tensor<2x12x8x16xf16>, %[[K:.*]]: tensor<2x20x4x16xf16>, %[[V:.*]]: tensor<2x20x2x32xf16>, %[[L:.*]]: tensor<4xf32>, %[[W:.*]]: tensor<32xf16>, %[[O:.*]]: tensor<2x12x4x32xf16>)
// With an epsilon of 0.5, k = 2^-62: 0.75 sqrt(32) k, and 32 * 0.5 k^2.
// CHECK-DAG: %[[FACTOR:.*]] = arith.constant 9.199760e-19 : f32
// CHECK-DAG: %[[EPSILON:.*]] = arith.constant 7.52316385E-37 : f32
// CHECK-DAG: %[[SHRINK:.*]] = arith.constant 2.16840434E-19 : f32
// CHECK-DAG: %[[Q6:.*]] = tensor.expand_shape %[[Q]] {{\[\[}}0], [1], [2, 3, 4], [5]] output_shape [2, 12, 2, 2, 2, 16]
// CHECK-DAG: %[[K5:.*]] = tensor.expand_shape %[[K]] {{\[\[}}0], [1], [2, 3], [4]] output_shape [2, 20, 2, 2, 16]
// CHECK: linalg.generic {indexing_maps = [#[[$QUERY]], #[[$KEY]], {{.*}} ins(%[[Q6]], %[[K5]] :
// CHECK: linalg.generic {indexing_maps = [#{{.*}}, #[[$VALUE]], {{.*}} ins(%{{.*}}, %[[V]] :

// x = O_0 - lambda * O_1, kept in f32 for the norm.
// CHECK: %[[X:.*]] = linalg.generic {indexing_maps = [{{.*}}, #[[$LAMBDA]], {{.*}}]{{.*}} ins({{.*}}, %[[L]] :
// CHECK-NEXT: ^bb0(%[[A0:.*]]: f32, %[[A1:.*]]: f32, %[[I0:.*]]: f32, %[[I1:.*]]: f32, %[[LAMBDA:.*]]: f32, %{{.*}}: f32):
// CHECK-DAG: %[[O0:.*]] = arith.mulf %[[A0]], %[[I0]] : f32
// CHECK-DAG: %[[O1:.*]] = arith.mulf %[[A1]], %[[I1]] : f32
// CHECK: %[[WEIGHTED:.*]] = arith.mulf %[[LAMBDA]], %[[O1]] fastmath<contract> : f32
// CHECK: arith.subf %[[O0]], %[[WEIGHTED]] fastmath<contract> : f32
// CHECK-NOT: math.exp

// The sum of squares of a row times k, in f32.
// CHECK: %[[SQUARES:.*]] = linalg.generic {{.*}} iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%[[X]] :
// CHECK-NEXT: ^bb0(%[[A:.*]]: f32, %[[B:.*]]: f32):
// CHECK-NEXT: %[[KA:.*]] = arith.mulf %[[A]], %[[SHRINK]] : f32
// CHECK-NEXT: %[[AA:.*]] = arith.mulf %[[KA]], %[[KA]] : f32
// CHECK-NEXT: arith.addf %[[B]], %[[AA]] : f32

// (1 - lambda_init) / sqrt(mean + epsilon), where k cancels.
// CHECK: %[[NORM:.*]] = linalg.generic {{.*}} ins(%[[SQUARES]] :
// CHECK-NEXT: ^bb0(%[[A:.*]]: f32, %{{.*}}: f32):
// CHECK-NEXT: %[[E:.*]] = arith.addf %[[A]], %[[EPSILON]] : f32
// CHECK-NEXT: %[[ROOT:.*]] = math.sqrt %[[E]] : f32
// CHECK-NEXT: arith.divf %[[FACTOR]], %[[ROOT]] : f32

// CHECK: linalg.generic {indexing_maps = [{{.*}}, {{.*}}, #[[$WEIGHT]], {{.*}}]{{.*}} ins(%[[X]], %[[NORM]], %[[W]] :{{.*}}) outs(%[[O]] : tensor<2x12x4x32xf16>)
// CHECK-NEXT: ^bb0(%[[A:.*]]: f32, %[[B:.*]]: f32, %[[C:.*]]: f16, %{{.*}}: f16):
// CHECK-DAG: %[[AB:.*]] = arith.mulf %[[A]], %[[B]] : f32
// CHECK-DAG: %[[CX:.*]] = arith.extf %[[C]] : f16 to f32
// CHECK: %[[OUT:.*]] = arith.mulf %[[AB]], %[[CX]] : f32
// CHECK: arith.truncf %[[OUT]] : f32 to f16
// CHECK-NOT: linalg.generic
func.func @attention(%q: tensor<2x12x8x16xf16>, %k: tensor<2x20x4x16xf16>,
                     %v: tensor<2x20x2x32xf16>, %lambda: tensor<4xf32>,
                     %weight: tensor<32xf16>, %init: tensor<2x12x4x32xf16>)
    -> tensor<2x12x4x32xf16> {
  %0 = diff.attention_v1
         ins(%q, %k, %v, %lambda, %weight : tensor<2x12x8x16xf16>,
             tensor<2x20x4x16xf16>, tensor<2x20x2x32xf16>, tensor<4xf32>,
             tensor<32xf16>)
         outs(%init : tensor<2x12x4x32xf16>) lambda_init(0.25) epsilon(0.5)
         -> tensor<2x12x4x32xf16>
  return %0 : tensor<2x12x4x32xf16>
}

// The log-sum-exp of the rows of all maps is one op on the whole result.
// CHECK-LABEL: func @lse
// CHECK-SAME: %[[LSE:[^:]*]]: tensor<2x8x12xf32>)
// CHECK: %[[ROWS:.*]] = linalg.generic {{.*}} outs(%[[LSE]] : tensor<2x8x12xf32>)
// CHECK: math.log
// CHECK: return %[[ROWS]]
func.func @lse(%q: tensor<2x12x8x16xf16>, %k: tensor<2x20x4x16xf16>,
               %v: tensor<2x20x2x32xf16>, %lambda: tensor<4xf32>,
               %weight: tensor<32xf16>, %init: tensor<2x12x4x32xf16>,
               %lse: tensor<2x8x12xf32>) -> tensor<2x8x12xf32> {
  %0:2 = diff.attention_v1
           ins(%q, %k, %v, %lambda, %weight : tensor<2x12x8x16xf16>,
               tensor<2x20x4x16xf16>, tensor<2x20x2x32xf16>, tensor<4xf32>,
               tensor<32xf16>)
           outs(%init, %lse : tensor<2x12x4x32xf16>, tensor<2x8x12xf32>)
           -> tensor<2x12x4x32xf16>, tensor<2x8x12xf32>
  return %0#1 : tensor<2x8x12xf32>
}
