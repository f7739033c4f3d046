// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Attributes may be any finite doubles. They must not round to infinity or zero in
// f32, which would turn finite results into NaN.
// RUN: diff-opt %s -split-input-file -convert-diff-to-linalg | FileCheck %s --implicit-check-not=0x7F800000

// CHECK-LABEL: func @softcap_beyond_f32
// CHECK-NOT: math.tanh
// CHECK: return
func.func @softcap_beyond_f32(%x: tensor<1x4x2x16xf32>) -> tensor<1x4x2x16xf32> {
  %0 = diff.softmax_attention
    ins(%x, %x, %x : tensor<1x4x2x16xf32>, tensor<1x4x2x16xf32>,
        tensor<1x4x2x16xf32>)
    outs(%x : tensor<1x4x2x16xf32>)
    softcap(1.0e+300) -> tensor<1x4x2x16xf32>
  return %0 : tensor<1x4x2x16xf32>
}

// -----

// CHECK-LABEL: func @softcap_below_f32
// CHECK: arith.constant 3.40282347E+38 : f32
// CHECK: math.tanh
// CHECK: arith.constant 1.401300e-45 : f32
func.func @softcap_below_f32(%x: tensor<1x4x2x16xf32>) -> tensor<1x4x2x16xf32> {
  %0 = diff.softmax_attention
    ins(%x, %x, %x : tensor<1x4x2x16xf32>, tensor<1x4x2x16xf32>,
        tensor<1x4x2x16xf32>)
    outs(%x : tensor<1x4x2x16xf32>)
    softcap(1.0e-300) -> tensor<1x4x2x16xf32>
  return %0 : tensor<1x4x2x16xf32>
}

// -----

// CHECK-LABEL: func @epsilon_below_f32
// 32 times the least normal number.
// CHECK: %[[EPSILON:.*]] = arith.constant 3.76158192E-37 : f32
// CHECK: %[[SUM:.*]] = arith.addf %{{.*}}, %[[EPSILON]]
// CHECK: math.sqrt %[[SUM]]
func.func @epsilon_below_f32(%q: tensor<1x4x2x16xf32>,
                             %v: tensor<1x4x1x32xf32>,
                             %lambda: tensor<1xf32>, %weight: tensor<32xf32>)
    -> tensor<1x4x1x32xf32> {
  %0 = diff.attention_v1
    ins(%q, %q, %v, %lambda, %weight : tensor<1x4x2x16xf32>,
        tensor<1x4x2x16xf32>, tensor<1x4x1x32xf32>, tensor<1xf32>,
        tensor<32xf32>)
    outs(%v : tensor<1x4x1x32xf32>)
    epsilon(1.0e-300) -> tensor<1x4x1x32xf32>
  return %0 : tensor<1x4x1x32xf32>
}

// -----

// f64 represents them.
// CHECK-LABEL: func @softcap_of_f64
// CHECK: math.tanh
// CHECK: arith.constant 1.000000e-300 : f64
func.func @softcap_of_f64(%x: tensor<1x4x2x16xf64>) -> tensor<1x4x2x16xf64> {
  %0 = diff.softmax_attention
    ins(%x, %x, %x : tensor<1x4x2x16xf64>, tensor<1x4x2x16xf64>,
        tensor<1x4x2x16xf64>)
    outs(%x : tensor<1x4x2x16xf64>)
    softcap(1.0e-300) -> tensor<1x4x2x16xf64>
  return %0 : tensor<1x4x2x16xf64>
}
