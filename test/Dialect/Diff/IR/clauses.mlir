// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Clauses come in any order, are printed in one, and are given once.
// RUN: diff-opt %s -split-input-file -verify-diagnostics -verify-roundtrip | FileCheck %s

// CHECK-LABEL: func @softmax
// CHECK: diff.softmax_attention
// CHECK-SAME: outs(%{{.*}}) diagonal(%{{.*}}) mask<causal> scale(2.500000e-01) softcap(2.000000e+00) layout<query = [0, 2, 1, 3]> ->
func.func @softmax(%q: tensor<1x2x20x16xf16>, %k: tensor<1x20x2x16xf16>, %d: index,
                   %o: tensor<1x20x2x16xf16>) -> tensor<1x20x2x16xf16> {
  %0 = diff.softmax_attention
    ins(%q, %k, %k : tensor<1x2x20x16xf16>, tensor<1x20x2x16xf16>, tensor<1x20x2x16xf16>)
    outs(%o : tensor<1x20x2x16xf16>)
    layout<query = [0, 2, 1, 3]> softcap(2.0) mask<causal> scale(0.25) diagonal(%d)
    -> tensor<1x20x2x16xf16>
  return %0 : tensor<1x20x2x16xf16>
}

// CHECK-LABEL: func @v1
// CHECK: diff.attention_v1
// CHECK-SAME: mask<causal> lambda_init(2.000000e-01) epsilon(1.000000e-03) ->
func.func @v1(%q: tensor<1x12x8x16xf16>, %k: tensor<1x20x4x16xf16>, %v: tensor<1x20x2x32xf16>,
              %l: tensor<4xf32>, %w: tensor<32xf32>, %o: tensor<1x12x4x32xf16>)
    -> tensor<1x12x4x32xf16> {
  %0 = diff.attention_v1
    ins(%q, %k, %v, %l, %w : tensor<1x12x8x16xf16>, tensor<1x20x4x16xf16>,
        tensor<1x20x2x32xf16>, tensor<4xf32>, tensor<32xf32>)
    outs(%o : tensor<1x12x4x32xf16>)
    epsilon(1.0e-3) lambda_init(0.2) mask<causal> -> tensor<1x12x4x32xf16>
  return %0 : tensor<1x12x4x32xf16>
}

// CHECK-LABEL: func @packed
// CHECK: diff.attention
// CHECK-SAME: cu_seqlens(%{{.*}}, %{{.*}} : tensor<3xi32>, tensor<3xi32>) mask<causal> ->
func.func @packed(%q: tensor<?x8x16xf16>, %k: tensor<?x2x16xf16>, %l: tensor<?x4xf16>,
                  %cu: tensor<3xi32>, %o: tensor<?x4x16xf16>) -> tensor<?x4x16xf16> {
  %0 = diff.attention
    ins(%q, %k, %k, %l : tensor<?x8x16xf16>, tensor<?x2x16xf16>, tensor<?x2x16xf16>, tensor<?x4xf16>)
    outs(%o : tensor<?x4x16xf16>)
    mask<causal> cu_seqlens(%cu, %cu : tensor<3xi32>, tensor<3xi32>) -> tensor<?x4x16xf16>
  return %0 : tensor<?x4x16xf16>
}

// CHECK-LABEL: func @online
// CHECK: diff.online_attention
// CHECK-SAME: maps(2) diagonal(%{{.*}}) key_length(%{{.*}}) scale(1.250000e-01) ->
func.func @online(%q: tensor<1x64x2x16xf16>, %k: tensor<1x32x1x16xf16>, %d: index, %n: index,
                  %acc: tensor<1x2x64x16xf32>, %max: tensor<1x2x64xf32>, %sum: tensor<1x2x64xf32>)
    -> tensor<1x2x64x16xf32> {
  %0:3 = diff.online_attention
    ins(%q, %k, %k : tensor<1x64x2x16xf16>, tensor<1x32x1x16xf16>, tensor<1x32x1x16xf16>)
    outs(%acc, %max, %sum : tensor<1x2x64x16xf32>, tensor<1x2x64xf32>, tensor<1x2x64xf32>)
    key_length(%n) scale(0.125) diagonal(%d) maps(2)
    -> tensor<1x2x64x16xf32>, tensor<1x2x64xf32>, tensor<1x2x64xf32>
  return %0#0 : tensor<1x2x64x16xf32>
}

// -----

func.func @twice(%q: tensor<1x20x2x16xf16>, %o: tensor<1x20x2x16xf16>) -> tensor<1x20x2x16xf16> {
  // expected-error @below {{`scale` clause can appear at most once}}
  %0 = diff.softmax_attention
    ins(%q, %q, %q : tensor<1x20x2x16xf16>, tensor<1x20x2x16xf16>, tensor<1x20x2x16xf16>)
    outs(%o : tensor<1x20x2x16xf16>) scale(0.25) mask<causal> scale(0.5)
    -> tensor<1x20x2x16xf16>
  return %0 : tensor<1x20x2x16xf16>
}

// -----

func.func @mask_twice(%q: tensor<1x64x2x16xf16>, %k: tensor<1x32x1x16xf16>,
                      %acc: tensor<1x2x64x16xf32>, %max: tensor<1x2x64xf32>, %sum: tensor<1x2x64xf32>) {
  // expected-error @below {{`maps` clause can appear at most once}}
  %0:3 = diff.online_attention
    ins(%q, %k, %k : tensor<1x64x2x16xf16>, tensor<1x32x1x16xf16>, tensor<1x32x1x16xf16>)
    outs(%acc, %max, %sum : tensor<1x2x64x16xf32>, tensor<1x2x64xf32>, tensor<1x2x64xf32>)
    maps(2) maps(2)
    -> tensor<1x2x64x16xf32>, tensor<1x2x64xf32>, tensor<1x2x64xf32>
  return
}

// -----

func.func @unknown_clause(%q: tensor<1x20x2x16xf16>, %o: tensor<1x20x2x16xf16>)
    -> tensor<1x20x2x16xf16> {
  %0 = diff.softmax_attention
    ins(%q, %q, %q : tensor<1x20x2x16xf16>, tensor<1x20x2x16xf16>, tensor<1x20x2x16xf16>)
    // expected-error @below {{expected a clause or '->' and the result types}}
    outs(%o : tensor<1x20x2x16xf16>) masks<causal> -> tensor<1x20x2x16xf16>
  return %0 : tensor<1x20x2x16xf16>
}
