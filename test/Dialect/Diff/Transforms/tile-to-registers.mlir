// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: diff-opt %s -split-input-file -pass-pipeline="builtin.module(func.func(diff-tile-to-registers{max-products=1024 max-elements=128},canonicalize))" | FileCheck %s

// The contraction has 16 x 16 x 24 = 6144 iterations, 256 for each step of its
// largest loop: 4 fit, and 4 divides 24. No divisor of 24 that fits is a
// multiple of 8.
// CHECK-LABEL: func @contraction
// CHECK-DAG: %[[C0:.*]] = arith.constant 0 : index
// CHECK-DAG: %[[C4:.*]] = arith.constant 4 : index
// CHECK-DAG: %[[C24:.*]] = arith.constant 24 : index
// CHECK: scf.forall
// CHECK: scf.for %[[I:.*]] = %[[C0]] to %[[C24]] step %[[C4]]
// CHECK: tensor.extract_slice %{{.*}}[%[[I]], 0] [4, 16] [1, 1] : tensor<24x16xf32>
// CHECK: linalg.matmul {{.*}} outs(%{{.*}} : tensor<16x16xf32>)
func.func @contraction(%a: tensor<16x24xf32>, %b: tensor<24x16xf32>,
                       %c: tensor<16x16xf32>, %out: tensor<2x16x16xf32>)
    -> tensor<2x16x16xf32> {
  %0 = scf.forall (%i) in (2) shared_outs(%o = %out) -> (tensor<2x16x16xf32>) {
    %1 = linalg.matmul ins(%a, %b : tensor<16x24xf32>, tensor<24x16xf32>)
           outs(%c : tensor<16x16xf32>) -> tensor<16x16xf32>
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %1 into %o[%i, 0, 0] [1, 16, 16] [1, 1, 1]
        : tensor<16x16xf32> into tensor<2x16x16xf32>
    }
  }
  return %0 : tensor<2x16x16xf32>
}

// -----

// 4 x 48 = 192 elements, of which 128 fit: 32 is not a divisor of 48, 16 and
// 24 are multiples of 8, 24 is the larger.
// CHECK-LABEL: func @elements
// CHECK-DAG: %[[C24:.*]] = arith.constant 24 : index
// CHECK: scf.forall
// CHECK: scf.for {{.*}} step %[[C24]]
// CHECK: linalg.exp {{.*}} outs(%{{.*}} : tensor<4x24xf32>)
func.func @elements(%a: tensor<4x48xf32>, %out: tensor<2x4x48xf32>)
    -> tensor<2x4x48xf32> {
  %0 = scf.forall (%i) in (2) shared_outs(%o = %out) -> (tensor<2x4x48xf32>) {
    %1 = linalg.exp ins(%a : tensor<4x48xf32>) outs(%a : tensor<4x48xf32>)
           -> tensor<4x48xf32>
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %1 into %o[%i, 0, 0] [1, 4, 48] [1, 1, 1]
        : tensor<4x48xf32> into tensor<2x4x48xf32>
    }
  }
  return %0 : tensor<2x4x48xf32>
}

// -----

// A multiple of 8 is preferred to a larger divisor: of 40, 8 to 20.
// CHECK-LABEL: func @multiple_of_eight
// CHECK-DAG: %[[C8:.*]] = arith.constant 8 : index
// CHECK: scf.for {{.*}} step %[[C8]]
// CHECK: linalg.exp {{.*}} outs(%{{.*}} : tensor<6x8xf32>)
func.func @multiple_of_eight(%a: tensor<6x40xf32>, %out: tensor<2x6x40xf32>)
    -> tensor<2x6x40xf32> {
  %0 = scf.forall (%i) in (2) shared_outs(%o = %out) -> (tensor<2x6x40xf32>) {
    %1 = linalg.exp ins(%a : tensor<6x40xf32>) outs(%a : tensor<6x40xf32>)
           -> tensor<6x40xf32>
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %1 into %o[%i, 0, 0] [1, 6, 40] [1, 1, 1]
        : tensor<6x40xf32> into tensor<2x6x40xf32>
    }
  }
  return %0 : tensor<2x6x40xf32>
}

// -----

// Within the budget (4 x 32 = 128), of dynamic shape, or outside of a parallel loop:
// not changed.
// CHECK-LABEL: func @left_alone
// CHECK-NOT: scf.for %
func.func @left_alone(%a: tensor<4x32xf32>, %dynamic: tensor<?x64xf32>,
                      %out: tensor<2x4x32xf32>, %whole: tensor<64x64xf32>)
    -> (tensor<2x4x32xf32>, tensor<64x64xf32>, tensor<?x64xf32>) {
  %0:2 = scf.forall (%i) in (2) shared_outs(%o = %out, %d = %dynamic)
      -> (tensor<2x4x32xf32>, tensor<?x64xf32>) {
    %c0 = arith.constant 0 : index
    %n = tensor.dim %dynamic, %c0 : tensor<?x64xf32>
    %2 = linalg.exp ins(%a : tensor<4x32xf32>) outs(%a : tensor<4x32xf32>)
           -> tensor<4x32xf32>
    %3 = linalg.exp ins(%dynamic : tensor<?x64xf32>)
           outs(%dynamic : tensor<?x64xf32>) -> tensor<?x64xf32>
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %2 into %o[%i, 0, 0] [1, 4, 32] [1, 1, 1]
        : tensor<4x32xf32> into tensor<2x4x32xf32>
      tensor.parallel_insert_slice %3 into %d[0, 0] [%n, 64] [1, 1]
        : tensor<?x64xf32> into tensor<?x64xf32>
    }
  }
  %1 = linalg.exp ins(%whole : tensor<64x64xf32>)
         outs(%whole : tensor<64x64xf32>) -> tensor<64x64xf32>
  return %0#0, %1, %0#1
    : tensor<2x4x32xf32>, tensor<64x64xf32>, tensor<?x64xf32>
}
