// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// On a CPU, the query tiles of a causal mask are reordered: 0, last, 1, second to last.
// Threads process adjacent tiles, which then have similar work together. Without a mask,
// and with a window, all tiles have the same work and stay in order.
// RUN: diff-opt %s -diff-tile -canonicalize | FileCheck %s

// CHECK-DAG: #[[FRONT:.*]] = affine_map<(d0) -> (d0 floordiv 32)>
// CHECK-DAG: #[[BACK:.*]] = affine_map<(d0) -> (-(d0 floordiv 32) + 5)>
// CHECK-DAG: #[[ODD:.*]] = affine_map<(d0) -> ((d0 floordiv 16) mod 2)>
// CHECK-DAG: #[[TOKENS:.*]] = affine_map<(d0) -> (d0 * 16)>

// CHECK-LABEL: func @causal(
// CHECK: scf.forall (%{{.*}}, %[[N:.*]]) = (0, 0) to (2, 96) step (1, 16)
// CHECK-DAG: %[[FIRST:.*]] = affine.apply #[[FRONT]](%[[N]])
// CHECK-DAG: %[[LAST:.*]] = affine.apply #[[BACK]](%[[N]])
// CHECK-DAG: %[[PARITY:.*]] = affine.apply #[[ODD]](%[[N]])
// CHECK: %[[IS_ODD:.*]] = arith.cmpi ne, %[[PARITY]], %{{.*}}
// CHECK: %[[TILE:.*]] = arith.select %[[IS_ODD]], %[[LAST]], %[[FIRST]]
// CHECK: %[[TOKEN:.*]] = affine.apply #[[TOKENS]](%[[TILE]])
// CHECK: tensor.extract_slice %{{.*}}[0, %[[TOKEN]], %{{.*}}, 0] [1, 16, 1, 8]
// CHECK: tensor.parallel_insert_slice %{{.*}}[0, %[[TOKEN]], %{{.*}}, 0]
func.func @causal(%q: tensor<1x96x2x8xf32>) -> tensor<1x96x2x8xf32> {
  %0 = diff.softmax_attention ins(%q, %q, %q : tensor<1x96x2x8xf32>, tensor<1x96x2x8xf32>, tensor<1x96x2x8xf32>)
         outs(%q : tensor<1x96x2x8xf32>) mask<causal> {schedule = #diff.schedule<queries = 16, keys = 16>}
         -> tensor<1x96x2x8xf32>
  return %0 : tensor<1x96x2x8xf32>
}

// CHECK-LABEL: func @whole(
// CHECK: scf.forall (%{{.*}}, %[[N:.*]]) = (0, 0) to (2, 96) step (1, 16)
// CHECK-NOT: arith.select
// CHECK: tensor.extract_slice %{{.*}}[0, %[[N]], %{{.*}}, 0] [1, 16, 1, 8]
func.func @whole(%q: tensor<1x96x2x8xf32>) -> tensor<1x96x2x8xf32> {
  %0 = diff.softmax_attention ins(%q, %q, %q : tensor<1x96x2x8xf32>, tensor<1x96x2x8xf32>, tensor<1x96x2x8xf32>)
         outs(%q : tensor<1x96x2x8xf32>) {schedule = #diff.schedule<queries = 16, keys = 16>}
         -> tensor<1x96x2x8xf32>
  return %0 : tensor<1x96x2x8xf32>
}

// CHECK-LABEL: func @window(
// CHECK: scf.forall (%{{.*}}, %[[N:.*]]) = (0, 0) to (2, 96) step (1, 16)
// CHECK-NOT: arith.select
// CHECK: tensor.extract_slice %{{.*}}[0, %[[N]], %{{.*}}, 0] [1, 16, 1, 8]
func.func @window(%q: tensor<1x96x2x8xf32>) -> tensor<1x96x2x8xf32> {
  %0 = diff.softmax_attention ins(%q, %q, %q : tensor<1x96x2x8xf32>, tensor<1x96x2x8xf32>, tensor<1x96x2x8xf32>)
         outs(%q : tensor<1x96x2x8xf32>) mask<window = [20, 3]> {schedule = #diff.schedule<queries = 16, keys = 16>}
         -> tensor<1x96x2x8xf32>
  return %0 : tensor<1x96x2x8xf32>
}
