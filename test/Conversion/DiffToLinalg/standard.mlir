// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: diff-opt %s -split-input-file -convert-diff-to-linalg -canonicalize | FileCheck %s --implicit-check-not=linalg.softmax --implicit-check-not=diff.

// One map: one contraction with the keys, one with the values, and no subtraction.
// f32 elements are neither extended nor rounded.
// CHECK-LABEL: func @attention
// CHECK-NOT: arith.extf
// CHECK-NOT: arith.truncf
// CHECK-COUNT-9: linalg.generic
// CHECK-NEXT: ^bb0(%[[ACC:.*]]: f32, %[[INVERSE:.*]]: f32, %{{.*}}: f32):
// CHECK-NEXT: %[[OUT:.*]] = arith.mulf %[[ACC]], %[[INVERSE]] : f32
// CHECK-NEXT: linalg.yield %[[OUT]] : f32
// CHECK-NOT: linalg.generic
// CHECK: return
func.func @attention(%q: tensor<1x12x4x16xf32>, %k: tensor<1x20x2x16xf32>,
                     %init: tensor<1x12x4x16xf32>) -> tensor<1x12x4x16xf32> {
  %0 = diff.softmax_attention
         ins(%q, %k, %k : tensor<1x12x4x16xf32>, tensor<1x20x2x16xf32>,
             tensor<1x20x2x16xf32>)
         outs(%init : tensor<1x12x4x16xf32>) -> tensor<1x12x4x16xf32>
  return %0 : tensor<1x12x4x16xf32>
}

// -----

// The rows of the result have the width of the values; the scale depends on the width
// of the keys.
// CHECK-LABEL: func @wide_values
// CHECK-DAG: arith.constant 2.500000e-01 : f32
// CHECK: linalg.generic {{.*}} outs(%{{.*}} : tensor<1x2x2x1x12x32xf32>)
// CHECK: return %{{.*}} : tensor<1x12x4x32xf32>
func.func @wide_values(%q: tensor<1x12x4x16xf32>, %k: tensor<1x20x2x16xf32>,
                       %v: tensor<1x20x2x32xf32>,
                       %init: tensor<1x12x4x32xf32>) -> tensor<1x12x4x32xf32> {
  %0 = diff.softmax_attention
         ins(%q, %k, %v : tensor<1x12x4x16xf32>, tensor<1x20x2x16xf32>,
             tensor<1x20x2x32xf32>)
         outs(%init : tensor<1x12x4x32xf32>) -> tensor<1x12x4x32xf32>
  return %0 : tensor<1x12x4x32xf32>
}

// -----

// j <= i + M - N, aligned to the bottom right: 20 - 12 = 8. The last key of a row is
// computed once, and each score takes one comparison.
// CHECK-LABEL: func @causal
// CHECK-DAG: %[[INF:.*]] = arith.constant 0xFF800000 : f32
// CHECK-DAG: %[[DIAGONAL:.*]] = arith.constant 8 : i32
// CHECK: %[[J:.*]] = linalg.index 5
// CHECK: %[[I:.*]] = linalg.index 4
// CHECK: %[[J32:.*]] = arith.index_cast %[[J]] : index to i32
// CHECK: %[[I32:.*]] = arith.index_cast %[[I]] : index to i32
// CHECK: %[[LAST:.*]] = arith.addi %[[I32]], %[[DIAGONAL]] : i32
// CHECK: %[[VISIBLE:.*]] = arith.cmpi sle, %[[J32]], %[[LAST]] : i32
// CHECK-NOT: arith.cmpi
// CHECK: arith.select %[[VISIBLE]], %{{.*}}, %[[INF]] : f32
func.func @causal(%q: tensor<1x12x1x16xf32>, %k: tensor<1x20x1x16xf32>)
    -> tensor<1x12x1x16xf32> {
  %0 = diff.softmax_attention
         ins(%q, %k, %k : tensor<1x12x1x16xf32>, tensor<1x20x1x16xf32>,
             tensor<1x20x1x16xf32>)
         outs(%q : tensor<1x12x1x16xf32>) mask<causal> -> tensor<1x12x1x16xf32>
  return %0 : tensor<1x12x1x16xf32>
}

// -----

// Both sides of a window: i + 8 - 3 <= j <= i + 8 + 2.
// CHECK-LABEL: func @window
// CHECK-DAG: %[[UPPER:.*]] = arith.constant 10 : i32
// CHECK-DAG: %[[LOWER:.*]] = arith.constant 5 : i32
// CHECK: %[[LAST:.*]] = arith.addi %[[I:.*]], %[[UPPER]] : i32
// CHECK: %[[BELOW:.*]] = arith.cmpi sle, %[[J:.*]], %[[LAST]] : i32
// CHECK: %[[FIRST:.*]] = arith.addi %[[I]], %[[LOWER]] : i32
// CHECK: %[[ABOVE:.*]] = arith.cmpi sge, %[[J]], %[[FIRST]] : i32
// CHECK: %[[VISIBLE:.*]] = arith.andi %[[BELOW]], %[[ABOVE]] : i1
// CHECK: arith.select %[[VISIBLE]]
func.func @window(%q: tensor<1x12x1x16xf32>, %k: tensor<1x20x1x16xf32>)
    -> tensor<1x12x1x16xf32> {
  %0 = diff.softmax_attention
         ins(%q, %k, %k : tensor<1x12x1x16xf32>, tensor<1x20x1x16xf32>,
             tensor<1x20x1x16xf32>)
         outs(%q : tensor<1x12x1x16xf32>) mask<window = [3, 2]>
         -> tensor<1x12x1x16xf32>
  return %0 : tensor<1x12x1x16xf32>
}

// -----

// A side of any size is clamped before it is converted to 32 bits.
// CHECK-LABEL: func @huge_window
// CHECK-DAG: %[[UPPER:.*]] = arith.constant 1073741824 : i32
// CHECK-DAG: %[[LOWER:.*]] = arith.constant -10{{[0-9]*}} : i32
// CHECK: %[[LAST:.*]] = arith.addi %{{.*}}, %[[UPPER]] : i32
// CHECK: arith.cmpi sle, %{{.*}}, %[[LAST]] : i32
// CHECK: %[[FIRST:.*]] = arith.addi %{{.*}}, %[[LOWER]] : i32
// CHECK: arith.cmpi sge, %{{.*}}, %[[FIRST]] : i32
func.func @huge_window(%q: tensor<1x12x1x16xf32>, %k: tensor<1x20x1x16xf32>)
    -> tensor<1x12x1x16xf32> {
  %diagonal = arith.constant 8 : index
  %0 = diff.softmax_attention
         ins(%q, %k, %k : tensor<1x12x1x16xf32>, tensor<1x20x1x16xf32>,
             tensor<1x20x1x16xf32>)
         outs(%q : tensor<1x12x1x16xf32>) diagonal(%diagonal)
         mask<window = [9223372036854775807, 9223372036854775807]>
         -> tensor<1x12x1x16xf32>
  return %0 : tensor<1x12x1x16xf32>
}

// -----

// An explicit diagonal replaces M - N.
// CHECK-LABEL: func @diagonal
// CHECK-SAME: %[[D:[^:]*]]: index
// CHECK: %[[MOST:.*]] = arith.minsi %[[D]], %{{.*}} : index
// CHECK: %[[BOTH:.*]] = arith.maxsi %[[MOST]], %{{.*}} : index
// CHECK: %[[D32:.*]] = arith.index_cast %[[BOTH]] : index to i32
// CHECK: %[[LAST:.*]] = arith.addi %{{.*}}, %[[D32]] : i32
// CHECK: arith.cmpi sle, %{{.*}}, %[[LAST]] : i32
func.func @diagonal(%q: tensor<1x12x1x16xf32>, %k: tensor<1x20x1x16xf32>,
                    %d: index) -> tensor<1x12x1x16xf32> {
  %0 = diff.softmax_attention
         ins(%q, %k, %k : tensor<1x12x1x16xf32>, tensor<1x20x1x16xf32>,
             tensor<1x20x1x16xf32>)
         outs(%q : tensor<1x12x1x16xf32>) diagonal(%d) mask<causal>
         -> tensor<1x12x1x16xf32>
  return %0 : tensor<1x12x1x16xf32>
}

// -----

// softcap * tanh(scale * s / softcap): 0.5 / 32, then 32. The second factor is that
// of scores without a softcap, after the mask.
// CHECK-LABEL: func @softcap
// CHECK-DAG: %[[CAP:.*]] = arith.constant 3.200000e+01 : f32
// CHECK-DAG: %[[INNER:.*]] = arith.constant 1.562500e-02 : f32
// CHECK: %[[X:.*]] = arith.mulf %{{.*}}, %[[INNER]] : f32
// CHECK-NEXT: %[[T:.*]] = math.tanh %[[X]] : f32
// CHECK-NEXT: linalg.yield %[[T]]
// CHECK: %[[S:.*]] = arith.mulf %{{.*}}, %[[CAP]] : f32
// CHECK-NEXT: linalg.yield %[[S]]
func.func @softcap(%q: tensor<1x12x1x16xf32>) -> tensor<1x12x1x16xf32> {
  %0 = diff.softmax_attention
         ins(%q, %q, %q : tensor<1x12x1x16xf32>, tensor<1x12x1x16xf32>,
             tensor<1x12x1x16xf32>)
         outs(%q : tensor<1x12x1x16xf32>) scale(0.5) softcap(32.0)
         -> tensor<1x12x1x16xf32>
  return %0 : tensor<1x12x1x16xf32>
}

// -----

// lse = max + log(sum): both terms are -inf for a row that sees no key.
// CHECK-LABEL: func @lse
// CHECK-SAME: %[[LSE:[^:]*]]: tensor<2x4x12xf32>
// CHECK-DAG: %[[MAX:.*]] = tensor.collapse_shape {{.*}} into tensor<2x4x12xf32>
// CHECK-DAG: %[[SUM:.*]] = tensor.collapse_shape {{.*}} into tensor<2x4x12xf32>
// CHECK: linalg.generic {{.*}} ins(%[[MAX]], %[[SUM]] :{{.*}}) outs(%[[LSE]] : tensor<2x4x12xf32>)
// CHECK-NEXT: ^bb0(%[[M:.*]]: f32, %[[S:.*]]: f32, %{{.*}}: f32):
// CHECK: %[[LOG:.*]] = math.log %[[S]] : f32
// CHECK: arith.addf %[[M]], %[[LOG]] : f32
func.func @lse(%q: tensor<2x12x4x16xf16>, %lse: tensor<2x4x12xf32>)
    -> (tensor<2x12x4x16xf16>, tensor<2x4x12xf32>) {
  %0:2 = diff.softmax_attention
           ins(%q, %q, %q : tensor<2x12x4x16xf16>, tensor<2x12x4x16xf16>,
               tensor<2x12x4x16xf16>)
           outs(%q, %lse : tensor<2x12x4x16xf16>, tensor<2x4x12xf32>)
           -> tensor<2x12x4x16xf16>, tensor<2x4x12xf32>
  return %0#0, %0#1 : tensor<2x12x4x16xf16>, tensor<2x4x12xf32>
}

// -----

// f64 is computed in f64 throughout, without f32.
// CHECK-LABEL: func @f64
// CHECK-NOT: f32
// CHECK: math.exp %{{.*}} : f64
// CHECK-NOT: f32
// CHECK: return
func.func @f64(%q: tensor<1x12x1x16xf64>) -> tensor<1x12x1x16xf64> {
  %0 = diff.softmax_attention
         ins(%q, %q, %q : tensor<1x12x1x16xf64>, tensor<1x12x1x16xf64>,
             tensor<1x12x1x16xf64>)
         outs(%q : tensor<1x12x1x16xf64>) mask<causal> softcap(30.0)
         -> tensor<1x12x1x16xf64>
  return %0 : tensor<1x12x1x16xf64>
}

// -----

// With f64, the scale is not rounded to f32: 1/sqrt(3).
// CHECK-LABEL: func @f64_scale
// CHECK: arith.constant 0.57735026918962{{[0-9]+}} : f64
func.func @f64_scale(%q: tensor<1x2x1x3xf64>) -> tensor<1x2x1x3xf64> {
  %0 = diff.softmax_attention
         ins(%q, %q, %q : tensor<1x2x1x3xf64>, tensor<1x2x1x3xf64>,
             tensor<1x2x1x3xf64>)
         outs(%q : tensor<1x2x1x3xf64>) -> tensor<1x2x1x3xf64>
  return %0 : tensor<1x2x1x3xf64>
}

// -----

// Dynamic sizes: M - N is computed.
// CHECK-LABEL: func @dynamic
// CHECK-SAME: (%[[Q:.*]]: tensor<?x?x4x16xf32>, %[[K:.*]]: tensor<?x?x2x16xf32>,
// CHECK-DAG: %[[C1:.*]] = arith.constant 1 : index
// CHECK-DAG: %[[N:.*]] = tensor.dim %[[Q]], %[[C1]]
// CHECK-DAG: %[[M:.*]] = tensor.dim %[[K]], %[[C1]]
// CHECK: affine.apply #{{.*}}()[%[[M]], %[[N]]]
// CHECK: -> tensor<?x2x2x1x?x?xf32>
func.func @dynamic(%q: tensor<?x?x4x16xf32>, %k: tensor<?x?x2x16xf32>,
                   %init: tensor<?x?x4x16xf32>) -> tensor<?x?x4x16xf32> {
  %0 = diff.softmax_attention
         ins(%q, %k, %k : tensor<?x?x4x16xf32>, tensor<?x?x2x16xf32>,
             tensor<?x?x2x16xf32>)
         outs(%init : tensor<?x?x4x16xf32>) mask<causal> -> tensor<?x?x4x16xf32>
  return %0 : tensor<?x?x4x16xf32>
}
