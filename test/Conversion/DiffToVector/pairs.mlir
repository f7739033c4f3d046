// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: diff-opt %s -convert-diff-to-vector=dots=true | FileCheck %s
// RUN: diff-opt %s -convert-diff-to-vector | FileCheck %s --check-prefix=NONE
// RUN: not diff-opt %s -convert-diff-to-vector="dots=true vector-bytes=32 registers=16" 2>&1 | FileCheck %s --check-prefix=WIDTH

// NONE-NOT: x86vector
// WIDTH: error: convert-diff-to-vector: option 'dots' needs vectors of 64 bytes

// Queries and weights are pairs of bf16; a pair of a key is repeated in all lanes. 32
// tokens of two maps are 4 registers.

// CHECK-LABEL: func @pairs(
// CHECK-DAG: memref.alloc() {alignment = 64 : i64} : memref<1x32x128xbf16>
// CHECK: vector.load {{.*}}, vector<2xbf16>
// CHECK: vector.broadcast {{.*}} : i32 to vector<16xi32>
// CHECK-COUNT-4: x86vector.avx512.dot {{.*}} : vector<32xbf16> -> vector<16xf32>
// CHECK: return

// f32 is multiplied in f32.
// CHECK-LABEL: func @f32(
// CHECK-NOT: x86vector
// CHECK: vector.fma
func.func @pairs(%q: tensor<1x32x2x64xbf16>, %k: tensor<1x128x1x64xbf16>,
                 %acc: tensor<1x2x32x64xf32>, %row: tensor<1x2x32xf32>) -> tensor<1x2x32x64xf32> {
  %0:3 = diff.online_attention
           ins(%q, %k, %k : tensor<1x32x2x64xbf16>, tensor<1x128x1x64xbf16>, tensor<1x128x1x64xbf16>)
           outs(%acc, %row, %row : tensor<1x2x32x64xf32>, tensor<1x2x32xf32>, tensor<1x2x32xf32>)
           maps(2) scale(0.125) -> tensor<1x2x32x64xf32>, tensor<1x2x32xf32>, tensor<1x2x32xf32>
  return %0#0 : tensor<1x2x32x64xf32>
}

func.func @f32(%q: tensor<1x32x2x64xf32>, %k: tensor<1x128x1x64xf32>,
               %acc: tensor<1x2x32x64xf32>, %row: tensor<1x2x32xf32>) -> tensor<1x2x32x64xf32> {
  %0:3 = diff.online_attention
           ins(%q, %k, %k : tensor<1x32x2x64xf32>, tensor<1x128x1x64xf32>, tensor<1x128x1x64xf32>)
           outs(%acc, %row, %row : tensor<1x2x32x64xf32>, tensor<1x2x32xf32>, tensor<1x2x32xf32>)
           maps(2) scale(0.125) -> tensor<1x2x32x64xf32>, tensor<1x2x32xf32>, tensor<1x2x32xf32>
  return %0#0 : tensor<1x2x32x64xf32>
}
