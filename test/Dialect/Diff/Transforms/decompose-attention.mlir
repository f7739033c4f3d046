// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: diff-opt %s -split-input-file -verify-diagnostics -diff-decompose-attention -canonicalize -cse | FileCheck %s

// The running values start at acc = 0, max = the lowest finite number, sum = 0. The
// default scale becomes explicit; mask, softcap and schedule are kept.
// CHECK-LABEL: func @attention
// CHECK-SAME: (%[[Q:.*]]: tensor<2x12x8x16xbf16>, %[[K:.*]]: tensor<2x20x2x16xbf16>, %[[V:.*]]: tensor<2x20x2x16xbf16>, %[[L:.*]]: tensor<2x12x4xbf16>, %[[D:.*]]: index, %[[O:.*]]: tensor<2x12x4x16xbf16>)
// CHECK-DAG: %[[LOWEST:.*]] = arith.constant -3.40282347E+38 : f32
// CHECK-DAG: %[[ZERO:.*]] = arith.constant 0.000000e+00 : f32
// CHECK-DAG: %[[ACC:.*]] = linalg.fill ins(%[[ZERO]] : f32) outs(%{{.*}} : tensor<2x8x12x16xf32>)
// CHECK-DAG: %[[MAX:.*]] = linalg.fill ins(%[[LOWEST]] : f32) outs(%{{.*}} : tensor<2x8x12xf32>)
// CHECK-DAG: %[[SUM:.*]] = linalg.fill ins(%[[ZERO]] : f32) outs(%{{.*}} : tensor<2x8x12xf32>)
// CHECK: %[[R:.*]]:3 = diff.online_attention ins(%[[Q]], %[[K]], %[[V]] :{{.*}}) outs(%[[ACC]], %[[MAX]], %[[SUM]] :{{.*}}) maps(2) diagonal(%[[D]]) mask<causal> scale(2.500000e-01) softcap(3.000000e+01) {schedule = #diff.schedule<queries = 8, keys = 16>}
// CHECK-NOT: diff.
// CHECK: %[[ACC0:.*]] = tensor.extract_slice %[[R]]#0[0, 0, 0, 0] [2, 4, 12, 16] [1, 2, 1, 1]
// CHECK: %[[ACC1:.*]] = tensor.extract_slice %[[R]]#0[0, 1, 0, 0] [2, 4, 12, 16] [1, 2, 1, 1]
// CHECK: %[[SUM0:.*]] = tensor.extract_slice %[[R]]#2[0, 0, 0] [2, 4, 12] [1, 2, 1]
// CHECK: %[[INV0:.*]] = linalg.generic {{.*}} ins(%[[SUM0]]
// CHECK: %[[SUM1:.*]] = tensor.extract_slice %[[R]]#2[0, 1, 0] [2, 4, 12] [1, 2, 1]
// CHECK: %[[INV1:.*]] = linalg.generic {{.*}} ins(%[[SUM1]]
// CHECK: %[[OUT:.*]] = linalg.generic {{.*}} ins(%[[ACC0]], %[[ACC1]], %[[INV0]], %[[INV1]], %[[L]] :{{.*}}) outs(%[[O]] :
// CHECK: math.exp
// CHECK: arith.subf
// CHECK: return %[[OUT]]
func.func @attention(%q: tensor<2x12x8x16xbf16>, %k: tensor<2x20x2x16xbf16>,
                     %v: tensor<2x20x2x16xbf16>, %lambda: tensor<2x12x4xbf16>,
                     %diagonal: index, %init: tensor<2x12x4x16xbf16>)
    -> tensor<2x12x4x16xbf16> {
  %0 = diff.attention
         ins(%q, %k, %v, %lambda : tensor<2x12x8x16xbf16>,
             tensor<2x20x2x16xbf16>, tensor<2x20x2x16xbf16>,
             tensor<2x12x4xbf16>)
         outs(%init : tensor<2x12x4x16xbf16>) diagonal(%diagonal) mask<causal>
         softcap(30.0) {schedule = #diff.schedule<queries = 8, keys = 16>}
         -> tensor<2x12x4x16xbf16>
  return %0 : tensor<2x12x4x16xbf16>
}

// -----

// V1: keys of two maps, values of twice the width, and the norm after them.
// CHECK-LABEL: func @attention_v1
// CHECK: diff.online_attention ins({{.*}} : tensor<2x12x8x16xf32>, tensor<2x20x4x16xf32>, tensor<2x20x2x32xf32>) outs({{.*}} : tensor<2x8x12x32xf32>, tensor<2x8x12xf32>, tensor<2x8x12xf32>) maps(2) scale(5.000000e-01) ->
// CHECK-NOT: math.exp
// CHECK: arith.subf
// CHECK: math.sqrt
// CHECK-NOT: diff.
// CHECK: return
func.func @attention_v1(%q: tensor<2x12x8x16xf32>, %k: tensor<2x20x4x16xf32>,
                        %v: tensor<2x20x2x32xf32>, %lambda: tensor<4xf32>,
                        %weight: tensor<32xf32>, %init: tensor<2x12x4x32xf32>)
    -> tensor<2x12x4x32xf32> {
  %0 = diff.attention_v1
         ins(%q, %k, %v, %lambda, %weight : tensor<2x12x8x16xf32>,
             tensor<2x20x4x16xf32>, tensor<2x20x2x32xf32>, tensor<4xf32>,
             tensor<32xf32>)
         outs(%init : tensor<2x12x4x32xf32>) scale(0.5)
         -> tensor<2x12x4x32xf32>
  return %0 : tensor<2x12x4x32xf32>
}

// -----

// The log-sum-exp is natural, the running maximum in base 2:
// lse = ln(2) max + ln(sum), and with the factor that a large maximum has,
// lse = ln(2) max scale log2(e) / 0.5 + ln(sum).
// CHECK-LABEL: func @lse
// CHECK-SAME: %[[LSE:[^:]*]]: tensor<?x2x?xf32>
// CHECK-DAG: %[[LN2:.*]] = arith.constant 0.693147182 : f32
// CHECK-DAG: %[[COARSE:.*]] = arith.constant 5.000000e-01 : f32
// CHECK-DAG: %[[LIMIT:.*]] = arith.constant 0x4D000000 : f32
// CHECK: %[[R:.*]]:3 = diff.online_attention
// CHECK: linalg.generic
// CHECK: ^bb0(%[[M:.*]]: f32, %[[S:.*]]: f32, %{{.*}}: f32):
// CHECK-DAG: %[[ABS:.*]] = math.absf %[[M]] : f32
// CHECK-DAG: %[[ISCOARSE:.*]] = arith.cmpf ogt, %[[ABS]], %[[LIMIT]] : f32
// CHECK-DAG: %[[UNIT:.*]] = arith.select %[[ISCOARSE]], %[[COARSE]], %[[LN2]] : f32
// CHECK-DAG: %[[MAX:.*]] = arith.mulf %[[M]], %[[UNIT]] : f32
// CHECK-DAG: %[[LOG:.*]] = math.log %[[S]] : f32
// CHECK: arith.addf %[[MAX]], %[[LOG]] : f32
func.func @lse(%q: tensor<?x?x2x16xf16>, %lse: tensor<?x2x?xf32>)
    -> (tensor<?x?x2x16xf16>, tensor<?x2x?xf32>) {
  %0:2 = diff.softmax_attention
           ins(%q, %q, %q : tensor<?x?x2x16xf16>, tensor<?x?x2x16xf16>,
               tensor<?x?x2x16xf16>)
           outs(%q, %lse : tensor<?x?x2x16xf16>, tensor<?x2x?xf32>)
           -> tensor<?x?x2x16xf16>, tensor<?x2x?xf32>
  return %0#0, %0#1 : tensor<?x?x2x16xf16>, tensor<?x2x?xf32>
}

// -----

func.func @memref(%q: memref<1x2x1x8xf32>) {
  // expected-error @below {{'diff.softmax_attention' op cannot be decomposed on memrefs; run diff-decompose-attention before bufferization}}
  diff.softmax_attention
    ins(%q, %q, %q : memref<1x2x1x8xf32>, memref<1x2x1x8xf32>,
        memref<1x2x1x8xf32>)
    outs(%q : memref<1x2x1x8xf32>)
  return
}

// -----

func.func @f64(%q: tensor<1x2x1x8xf64>) -> tensor<1x2x1x8xf64> {
  // expected-error @below {{'diff.softmax_attention' op has f64 elements, which only the unfused lowering (convert-diff-to-linalg) supports; f16, bf16 and f32 are legal}}
  %0 = diff.softmax_attention
         ins(%q, %q, %q : tensor<1x2x1x8xf64>, tensor<1x2x1x8xf64>,
             tensor<1x2x1x8xf64>)
         outs(%q : tensor<1x2x1x8xf64>) -> tensor<1x2x1x8xf64>
  return %0 : tensor<1x2x1x8xf64>
}

// -----

func.func @sequences(%q: tensor<40x2x16xf32>, %cu: tensor<4xi32>)
    -> tensor<40x2x16xf32> {
  // expected-error @below {{'diff.softmax_attention' op has sequences of variable length and cannot be decomposed; run diff-tile before diff-decompose-attention}}
  %0 = diff.softmax_attention
         ins(%q, %q, %q : tensor<40x2x16xf32>, tensor<40x2x16xf32>,
             tensor<40x2x16xf32>)
         outs(%q : tensor<40x2x16xf32>)
         cu_seqlens(%cu, %cu : tensor<4xi32>, tensor<4xi32>)
         -> tensor<40x2x16xf32>
  return %0 : tensor<40x2x16xf32>
}

// -----

// The layout of the inputs is kept; the epilogue writes the layout of the output.
// CHECK-LABEL: func @layout
// CHECK: diff.online_attention
// CHECK-SAME: layout<query = [0, 2, 1, 3], key = [1, 0, 2, 3]>
// CHECK: linalg.generic
// CHECK: tensor<1x2x12x16xf32>
func.func @layout(%q: tensor<1x2x12x16xf32>, %k: tensor<20x1x2x16xf32>,
                  %v: tensor<1x20x2x16xf32>, %o: tensor<1x2x12x16xf32>)
    -> tensor<1x2x12x16xf32> {
  %0 = diff.softmax_attention
         ins(%q, %k, %v : tensor<1x2x12x16xf32>, tensor<20x1x2x16xf32>,
             tensor<1x20x2x16xf32>)
         outs(%o : tensor<1x2x12x16xf32>)
         layout<query = [0, 2, 1, 3], key = [1, 0, 2, 3],
                output = [0, 2, 1, 3]> -> tensor<1x2x12x16xf32>
  return %0 : tensor<1x2x12x16xf32>
}
