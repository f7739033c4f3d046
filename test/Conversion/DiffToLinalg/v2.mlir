// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: diff-opt %s -split-input-file -convert-diff-to-linalg | FileCheck %s --implicit-check-not=linalg.generic --implicit-check-not=linalg.softmax --implicit-check-not=diff.

// The complete lowering, step by step. Loops: batch, value head, row of a key head
// (map and head of a group), map with separate keys, query, key, and d or v.

// CHECK-DAG: #[[$QUERY:.*]] = affine_map<(d0, d1, d2, d3, d4, d5, d6) -> (d0, d4, d1, d2, d3, d6)>
// CHECK-DAG: #[[$KEY:.*]] = affine_map<(d0, d1, d2, d3, d4, d5, d6) -> (d0, d5, d1, d6)>
// CHECK-DAG: #[[$SCORE7:.*]] = affine_map<(d0, d1, d2, d3, d4, d5, d6) -> (d0, d1, d2, d3, d4, d5)>
// CHECK-DAG: #[[$SCORE:.*]] = affine_map<(d0, d1, d2, d3, d4, d5) -> (d0, d1, d2, d3, d4, d5)>
// CHECK-DAG: #[[$ROW6:.*]] = affine_map<(d0, d1, d2, d3, d4, d5) -> (d0, d1, d2, d3, d4)>
// CHECK-DAG: #[[$ROW:.*]] = affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2, d3, d4)>
// CHECK-DAG: #[[$ACC:.*]] = affine_map<(d0, d1, d2, d3, d4, d5, d6) -> (d0, d1, d2, d3, d4, d6)>
// CHECK-DAG: #[[$BHNV:.*]] = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>
// CHECK-DAG: #[[$BHN:.*]] = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2)>
// CHECK-DAG: #[[$BNH:.*]] = affine_map<(d0, d1, d2, d3) -> (d0, d2, d1)>
// CHECK-DAG: #[[$BNHV:.*]] = affine_map<(d0, d1, d2, d3) -> (d0, d2, d1, d3)>

// CHECK-LABEL: func @attention
// CHECK-SAME: (%[[Q:.*]]: tensor<2x12x8x16xbf16>, %[[K:.*]]: tensor<2x20x2x16xbf16>, %[[V:.*]]: tensor<2x20x2x16xbf16>, %[[L:.*]]: tensor<2x12x4xbf16>, %[[O:.*]]: tensor<2x12x4x16xbf16>)

// Scores: the products of all rows of a value head with its key head, in f32.
// CHECK: %[[Q6:.*]] = tensor.expand_shape %[[Q]] {{\[\[}}0], [1], [2, 3, 4], [5]] output_shape [2, 12, 2, 4, 1, 16]
// CHECK: %[[ZERO:.*]] = linalg.fill {{.*}} -> tensor<2x2x4x1x12x20xf32>
// CHECK: %[[QK:.*]] = linalg.generic {indexing_maps = [#[[$QUERY]], #[[$KEY]], #[[$SCORE7]]], iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel", "parallel", "reduction"]} ins(%[[Q6]], %[[K]] :{{.*}}) outs(%[[ZERO]] :
// CHECK-NEXT: ^bb0(%[[A:.*]]: bf16, %[[B:.*]]: bf16, %[[C:.*]]: f32):
// CHECK-DAG: %[[AX:.*]] = arith.extf %[[A]] : bf16 to f32
// CHECK-DAG: %[[BX:.*]] = arith.extf %[[B]] : bf16 to f32
// CHECK: %[[AB:.*]] = arith.mulf %[[AX]], %[[BX]] : f32
// CHECK: arith.addf %[[C]], %[[AB]] : f32

// 1/sqrt(16), and no comparison without a mask.
// CHECK: %[[SCALE:.*]] = arith.constant 2.500000e-01 : f32
// CHECK: %[[S:.*]] = linalg.generic {indexing_maps = [#[[$SCORE]]], {{.*}}} outs(%[[QK]] :
// CHECK-NEXT: ^bb0(%[[A:.*]]: f32):
// CHECK: %[[SCALED:.*]] = arith.mulf %[[A]], %[[SCALE]] : f32
// CHECK-NEXT: linalg.yield %[[SCALED]]

// CHECK: %[[LOW:.*]] = arith.constant 0xFF800000 : f32
// CHECK: %[[LOWEST:.*]] = linalg.fill ins(%[[LOW]] : f32)
// CHECK: %[[MAX:.*]] = linalg.generic {indexing_maps = [#[[$SCORE]], #[[$ROW6]]], iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel", "reduction"]} ins(%[[S]] :{{.*}}) outs(%[[LOWEST]] :
// CHECK: arith.maximumf

// A row that sees no key has a maximum of -inf, which counts as 0.
// CHECK: %[[SAFE:.*]] = linalg.generic {indexing_maps = [#[[$ROW]], #[[$ROW]]], {{.*}}} ins(%[[MAX]] :
// CHECK-NEXT: ^bb0(%[[A:.*]]: f32, %{{.*}}: f32):
// CHECK-DAG: %[[INF:.*]] = arith.constant 0xFF800000 : f32
// CHECK-DAG: %[[NULL:.*]] = arith.constant 0.000000e+00 : f32
// CHECK: %[[NOTHING:.*]] = arith.cmpf oeq, %[[A]], %[[INF]] : f32
// CHECK: arith.select %[[NOTHING]], %[[NULL]], %[[A]] : f32

// CHECK: %[[P:.*]] = linalg.generic {indexing_maps = [#[[$ROW6]], #[[$SCORE]]], {{.*}}} ins(%[[SAFE]] :{{.*}}) outs(%[[S]] :
// CHECK-NEXT: ^bb0(%[[A:.*]]: f32, %[[B:.*]]: f32):
// CHECK: %[[D:.*]] = arith.subf %[[B]], %[[A]] : f32
// CHECK: math.exp %[[D]] : f32

// CHECK: %[[SUM:.*]] = linalg.generic {indexing_maps = [#[[$SCORE]], #[[$ROW6]]], {{.*}}"reduction"]} ins(%[[P]] :
// CHECK: arith.addf

// CHECK: %[[PV:.*]] = linalg.generic {indexing_maps = [#[[$SCORE7]], #[[$KEY]], #[[$ACC]]], iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel", "reduction", "parallel"]} ins(%[[P]], %[[V]] :
// CHECK-NEXT: ^bb0(%[[A:.*]]: f32, %[[B:.*]]: bf16, %[[C:.*]]: f32):
// CHECK: %[[BX:.*]] = arith.extf %[[B]] : bf16 to f32
// CHECK: %[[AB:.*]] = arith.mulf %[[A]], %[[BX]] : f32
// CHECK: arith.addf %[[C]], %[[AB]] : f32

// Query heads 2j and 2j + 1 are the maps of output head j.
// CHECK-DAG: %[[SUMS:.*]] = tensor.collapse_shape %[[SUM]] {{.*}} into tensor<2x8x12xf32>
// CHECK-DAG: %[[ACCS:.*]] = tensor.collapse_shape %[[PV]] {{.*}} into tensor<2x8x12x16xf32>
// CHECK: %[[ACC0:.*]] = tensor.extract_slice %[[ACCS]][0, 0, 0, 0] [2, 4, 12, 16] [1, 2, 1, 1]
// CHECK: %[[ACC1:.*]] = tensor.extract_slice %[[ACCS]][0, 1, 0, 0] [2, 4, 12, 16] [1, 2, 1, 1]
// CHECK: %[[SUM0:.*]] = tensor.extract_slice %[[SUMS]][0, 0, 0] [2, 4, 12] [1, 2, 1]
// CHECK: %[[INV0:.*]] = linalg.generic {{.*}} ins(%[[SUM0]] :
// CHECK-NEXT: ^bb0(%[[A:.*]]: f32, %{{.*}}: f32):
// CHECK-DAG: %[[NULL:.*]] = arith.constant 0.000000e+00 : f32
// CHECK-DAG: %[[ONE:.*]] = arith.constant 1.000000e+00 : f32
// CHECK: %[[NOTHING:.*]] = arith.cmpf oeq, %[[A]], %[[NULL]] : f32
// CHECK: %[[DIVISOR:.*]] = arith.select %[[NOTHING]], %[[ONE]], %[[A]] : f32
// CHECK: arith.divf %[[ONE]], %[[DIVISOR]] : f32
// CHECK: %[[SUM1:.*]] = tensor.extract_slice %[[SUMS]][0, 1, 0] [2, 4, 12] [1, 2, 1]
// CHECK: %[[INV1:.*]] = linalg.generic {{.*}} ins(%[[SUM1]] :

// out = O_0 - sigmoid(lambda) * O_1
// CHECK: %[[OUT:.*]] = linalg.generic {indexing_maps = [#[[$BHNV]], #[[$BHNV]], #[[$BHN]], #[[$BHN]], #[[$BNH]], #[[$BNHV]]], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%[[ACC0]], %[[ACC1]], %[[INV0]], %[[INV1]], %[[L]] :{{.*}}) outs(%[[O]] : tensor<2x12x4x16xbf16>)
// CHECK-NEXT: ^bb0(%[[A0:.*]]: f32, %[[A1:.*]]: f32, %[[I0:.*]]: f32, %[[I1:.*]]: f32, %[[LAMBDA:.*]]: bf16, %{{.*}}: bf16):
// CHECK-DAG: %[[O0:.*]] = arith.mulf %[[A0]], %[[I0]] : f32
// CHECK-DAG: %[[O1:.*]] = arith.mulf %[[A1]], %[[I1]] : f32
// CHECK-DAG: %[[X:.*]] = arith.extf %[[LAMBDA]] : bf16 to f32
// CHECK-DAG: %[[ONE:.*]] = arith.constant 1.000000e+00 : f32
// CHECK: %[[NEG:.*]] = arith.negf %[[X]] : f32
// CHECK: %[[EXP:.*]] = math.exp %[[NEG]] : f32
// CHECK: %[[DENOMINATOR:.*]] = arith.addf %[[ONE]], %[[EXP]] : f32
// CHECK: %[[GATE:.*]] = arith.divf %[[ONE]], %[[DENOMINATOR]] : f32
// CHECK: %[[GATED:.*]] = arith.mulf %[[GATE]], %[[O1]] fastmath<contract> : f32
// CHECK: %[[DIFFERENCE:.*]] = arith.subf %[[O0]], %[[GATED]] fastmath<contract> : f32
// CHECK: %[[ROUNDED:.*]] = arith.truncf %[[DIFFERENCE]] : f32 to bf16
// CHECK: linalg.yield %[[ROUNDED]]
// CHECK: return %[[OUT]]
func.func @attention(%q: tensor<2x12x8x16xbf16>, %k: tensor<2x20x2x16xbf16>,
                     %v: tensor<2x20x2x16xbf16>, %lambda: tensor<2x12x4xbf16>,
                     %init: tensor<2x12x4x16xbf16>) -> tensor<2x12x4x16xbf16> {
  %0 = diff.attention
         ins(%q, %k, %v, %lambda : tensor<2x12x8x16xbf16>,
             tensor<2x20x2x16xbf16>, tensor<2x20x2x16xbf16>,
             tensor<2x12x4xbf16>)
         outs(%init : tensor<2x12x4x16xbf16>) -> tensor<2x12x4x16xbf16>
  return %0 : tensor<2x12x4x16xbf16>
}
