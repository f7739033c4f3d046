// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: diff-opt %s -canonicalize | FileCheck %s
// RUN: diff-opt %s -convert-diff-to-linalg | FileCheck %s --check-prefix=LINALG
// RUN: diff-opt %s --diff-compile="chip=host stop-after=tiled" | FileCheck %s --check-prefix=TILED

// Without queries, the result is the destination.
// CHECK-LABEL: func @no_query(
// CHECK-SAME: %[[INIT:[a-z0-9]+]]: tensor<1x0x2x8xf16>)
// CHECK-NEXT: return %[[INIT]]
func.func @no_query(%q: tensor<1x0x2x8xf16>, %k: tensor<1x5x2x8xf16>, %o: tensor<1x0x2x8xf16>) -> tensor<1x0x2x8xf16> {
  %0 = diff.softmax_attention ins(%q, %k, %k : tensor<1x0x2x8xf16>, tensor<1x5x2x8xf16>, tensor<1x5x2x8xf16>)
         outs(%o : tensor<1x0x2x8xf16>) -> tensor<1x0x2x8xf16>
  return %0 : tensor<1x0x2x8xf16>
}

// Without keys, it is zeros and a log-sum-exp of -inf: directly in the unfused form;
// in the tiled form, an attention that does not change the running values.
// CHECK-LABEL: func @no_key(
// CHECK: diff.softmax_attention
// LINALG-LABEL: func @no_key(
// LINALG-DAG: %[[ZERO:.*]] = arith.constant 0.0{{.*}} : f16
// LINALG-DAG: %[[LEAST:.*]] = arith.constant 0xFF800000 : f32
// LINALG-DAG: tensor.splat %[[ZERO]] : tensor<1x3x2x8xf16>
// LINALG-DAG: tensor.splat %[[LEAST]] : tensor<1x2x3xf32>
// TILED-LABEL: func @no_key(
// TILED-NOT: scf.for %
// TILED-NOT: = diff.
// TILED: return
func.func @no_key(%q: tensor<1x3x2x8xf16>, %k: tensor<1x0x2x8xf16>, %o: tensor<1x3x2x8xf16>, %l: tensor<1x2x3xf32>) -> (tensor<1x3x2x8xf16>, tensor<1x2x3xf32>) {
  %0:2 = diff.softmax_attention ins(%q, %k, %k : tensor<1x3x2x8xf16>, tensor<1x0x2x8xf16>, tensor<1x0x2x8xf16>)
           outs(%o, %l : tensor<1x3x2x8xf16>, tensor<1x2x3xf32>) mask<causal> -> tensor<1x3x2x8xf16>, tensor<1x2x3xf32>
  return %0#0, %0#1 : tensor<1x3x2x8xf16>, tensor<1x2x3xf32>
}

// Without sequences or queries, the result is the destination.
// CHECK-LABEL: func @no_sequence(
// CHECK-SAME: %[[INIT:[a-z0-9]+]]: tensor<3x2x8xf16>
// CHECK-NEXT: return %[[INIT]], %{{.*}}
func.func @no_sequence(%o: tensor<3x2x8xf16>, %q: tensor<0x2x8xf16>, %cu: tensor<1xi32>, %cu3: tensor<3xi32>) -> (tensor<3x2x8xf16>, tensor<0x2x8xf16>) {
  %0 = diff.softmax_attention ins(%o, %o, %o : tensor<3x2x8xf16>, tensor<3x2x8xf16>, tensor<3x2x8xf16>)
         outs(%o : tensor<3x2x8xf16>) cu_seqlens(%cu, %cu : tensor<1xi32>, tensor<1xi32>) -> tensor<3x2x8xf16>
  %1 = diff.softmax_attention ins(%q, %o, %o : tensor<0x2x8xf16>, tensor<3x2x8xf16>, tensor<3x2x8xf16>)
         outs(%q : tensor<0x2x8xf16>) cu_seqlens(%cu3, %cu3 : tensor<3xi32>, tensor<3xi32>) -> tensor<0x2x8xf16>
  return %0, %1 : tensor<3x2x8xf16>, tensor<0x2x8xf16>
}

// Without keys, only the rows of sequences are 0, and these are not known.
// CHECK-LABEL: func @sequences_without_keys(
// CHECK: diff.softmax_attention
// LINALG-LABEL: func @sequences_without_keys(
// LINALG: scf.for
// TILED-LABEL: func @sequences_without_keys(
// TILED: scf.forall
// TILED-NOT: diff.online_attention
// TILED: scf.forall.in_parallel
func.func @sequences_without_keys(%q: tensor<3x2x8xf16>, %k: tensor<0x2x8xf16>, %o: tensor<3x2x8xf16>, %cu: tensor<2xi32>) -> tensor<3x2x8xf16> {
  %0 = diff.softmax_attention ins(%q, %k, %k : tensor<3x2x8xf16>, tensor<0x2x8xf16>, tensor<0x2x8xf16>)
         outs(%o : tensor<3x2x8xf16>) cu_seqlens(%cu, %cu : tensor<2xi32>, tensor<2xi32>) -> tensor<3x2x8xf16>
  return %0 : tensor<3x2x8xf16>
}
