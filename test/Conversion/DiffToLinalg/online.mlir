// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// diff.online_attention becomes the decomposition of diff-decompose.
// RUN: diff-opt %s -convert-diff-to-linalg -canonicalize -cse | FileCheck %s --implicit-check-not=diff. --implicit-check-not=math.exp{{[^2]}}
// RUN: diff-opt %s -convert-diff-to-linalg -canonicalize -cse -o %t.linalg
// RUN: diff-opt %s -diff-decompose -canonicalize -cse -o %t.decomposed
// RUN: diff %t.linalg %t.decomposed

// CHECK-LABEL: func @online_attention
// CHECK-SAME: %[[ACC:[^:]*]]: tensor<1x4x8x16xf32>, %[[MAX:[^:]*]]: tensor<1x4x8xf32>, %[[SUM:[^:]*]]: tensor<1x4x8xf32>
// CHECK: arith.maximumf
// CHECK-COUNT-2: math.exp2
// CHECK-NOT: math.exp2
// CHECK: return
func.func @online_attention(%q: tensor<1x8x4x16xbf16>, %k: tensor<1x32x1x16xbf16>,
                            %acc: tensor<1x4x8x16xf32>, %max: tensor<1x4x8xf32>,
                            %sum: tensor<1x4x8xf32>, %d: index, %length: index)
    -> (tensor<1x4x8x16xf32>, tensor<1x4x8xf32>, tensor<1x4x8xf32>) {
  %0:3 = diff.online_attention
           ins(%q, %k, %k : tensor<1x8x4x16xbf16>, tensor<1x32x1x16xbf16>,
               tensor<1x32x1x16xbf16>)
           outs(%acc, %max, %sum : tensor<1x4x8x16xf32>, tensor<1x4x8xf32>,
                tensor<1x4x8xf32>)
           maps(2) diagonal(%d) key_length(%length) mask<causal>
           -> tensor<1x4x8x16xf32>, tensor<1x4x8xf32>, tensor<1x4x8xf32>
  return %0#0, %0#1, %0#2
    : tensor<1x4x8x16xf32>, tensor<1x4x8xf32>, tensor<1x4x8xf32>
}
