// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Sequences of variable length are computed one after the other, in place. A layout
// is read directly.
// RUN: diff-opt %s --split-input-file -convert-diff-to-linalg -canonicalize -cse | FileCheck %s

// CHECK-LABEL: func @sequences
// CHECK-SAME: (%[[Q:.*]]: tensor<?x2x8xf32>, %[[K:.*]]: tensor<2x?x8xf32>, %[[CQ:.*]]: tensor<4xi32>, %[[CK:.*]]: tensor<4xi32>, %[[O:.*]]: tensor<?x2x8xf32>)
// CHECK-DAG: %[[C0:.*]] = arith.constant 0 : index
// CHECK-DAG: %[[C1:.*]] = arith.constant 1 : index
// CHECK-DAG: %[[C3:.*]] = arith.constant 3 : index
// CHECK: scf.for %[[I:.*]] = %[[C0]] to %[[C3]] step %[[C1]] iter_args(%[[OUT:.*]] = %[[O]])
// CHECK:   tensor.extract %[[CQ]][%[[I]]]
// CHECK:   tensor.extract %[[CK]][%[[I]]]
// CHECK:   tensor.extract_slice %[[Q]][%[[AT:.*]], 0, 0] [%[[SIZE:.*]], 2, 8]
// CHECK:   tensor.extract_slice %[[K]][0, %{{.*}}, 0] [2, %{{.*}}, 8]
// CHECK-NOT: diff.
// CHECK:   linalg.generic
// CHECK:   %[[R:.*]] = tensor.insert_slice %{{.*}} into %[[OUT]][%[[AT]], 0, 0] [%[[SIZE]], 2, 8]
// CHECK:   scf.yield %[[R]]
func.func @sequences(%q: tensor<?x2x8xf32>, %k: tensor<2x?x8xf32>,
                     %cq: tensor<4xi32>, %ck: tensor<4xi32>,
                     %o: tensor<?x2x8xf32>) -> tensor<?x2x8xf32> {
  %0 = diff.softmax_attention
      ins(%q, %k, %k : tensor<?x2x8xf32>, tensor<2x?x8xf32>, tensor<2x?x8xf32>)
      outs(%o : tensor<?x2x8xf32>)
      cu_seqlens(%cq, %ck : tensor<4xi32>, tensor<4xi32>) mask<causal>
      layout<key = [1, 0, 2], value = [1, 0, 2]> -> tensor<?x2x8xf32>
  return %0 : tensor<?x2x8xf32>
}
