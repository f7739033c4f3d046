// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: diff-opt %s -split-input-file -diff-fuse-elementwise -cse | FileCheck %s

// A chain becomes one op; a splat constant becomes a scalar in it.
// CHECK-LABEL: func @chain(
// CHECK-NOT: dense
// CHECK: linalg.generic
// CHECK: math.exp
// CHECK: arith.mulf %{{.*}}, %cst
// CHECK-NOT: linalg.{{generic|exp|mul}}
// CHECK: return
func.func @chain(%a: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %two = arith.constant dense<2.0> : tensor<4x8xf32>
  %e = tensor.empty() : tensor<4x8xf32>
  %0 = linalg.exp ins(%a : tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) -> tensor<4x8xf32>
  %1 = linalg.mul ins(%0, %two : tensor<4x8xf32>, tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) -> tensor<4x8xf32>
  return %1 : tensor<4x8xf32>
}

// -----

#a = affine_map<(m, n, k) -> (m, k)>
#b = affine_map<(m, n, k) -> (k, n)>
#c = affine_map<(m, n, k) -> (m, n)>
#id = affine_map<(i, j) -> (i, j)>

// An op whose elements a contraction reads several times is not fused: the
// exponential stays. Extending an element costs less than reading a wide one.
// CHECK-LABEL: func @contraction(
// CHECK-SAME: %[[A:.*]]: tensor<4x16xf32>, %[[B:.*]]: tensor<16x8xf16>
// CHECK: %[[E:.*]] = linalg.generic {{.*}} ins(%[[A]] : tensor<4x16xf32>)
// CHECK: math.exp
// CHECK: linalg.generic {{.*}} ins(%[[E]], %[[B]] : tensor<4x16xf32>, tensor<16x8xf16>)
// CHECK: arith.extf
// CHECK-NOT: linalg.generic
func.func @contraction(%a: tensor<4x16xf32>, %b: tensor<16x8xf16>, %c: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %e = tensor.empty() : tensor<4x16xf32>
  %0 = linalg.exp ins(%a : tensor<4x16xf32>) outs(%e : tensor<4x16xf32>) -> tensor<4x16xf32>
  %f = tensor.empty() : tensor<16x8xf32>
  %1 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%b : tensor<16x8xf16>) outs(%f : tensor<16x8xf32>) {
  ^bb0(%x: f16, %y: f32):
    %wide = arith.extf %x : f16 to f32
    linalg.yield %wide : f32
  } -> tensor<16x8xf32>
  %2 = linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%0, %1 : tensor<4x16xf32>, tensor<16x8xf32>) outs(%c : tensor<4x8xf32>) {
  ^bb0(%x: f32, %y: f32, %z: f32):
    %p = arith.mulf %x, %y : f32
    %s = arith.addf %z, %p : f32
    linalg.yield %s : f32
  } -> tensor<4x8xf32>
  return %2 : tensor<4x8xf32>
}

// -----

// Two users: computed once. Ops in a tile are not changed.
// CHECK-LABEL: func @left(
// CHECK-COUNT-3: linalg.generic
// CHECK: scf.forall
// CHECK: linalg.exp
// CHECK: linalg.exp
func.func @left(%a: tensor<8xf32>) -> (tensor<8xf32>, tensor<8xf32>, tensor<8xf32>) {
  %e = tensor.empty() : tensor<8xf32>
  %0 = linalg.exp ins(%a : tensor<8xf32>) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %1 = linalg.exp ins(%0 : tensor<8xf32>) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %2 = linalg.abs ins(%0 : tensor<8xf32>) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %3 = scf.forall (%i) in (2) shared_outs(%o = %e) -> (tensor<8xf32>) {
    %offset = affine.apply affine_map<(i) -> (4 * i)>(%i)
    %s = tensor.extract_slice %a[%offset] [4] [1] : tensor<8xf32> to tensor<4xf32>
    %d = tensor.empty() : tensor<4xf32>
    %x = linalg.exp ins(%s : tensor<4xf32>) outs(%d : tensor<4xf32>) -> tensor<4xf32>
    %y = linalg.exp ins(%x : tensor<4xf32>) outs(%d : tensor<4xf32>) -> tensor<4xf32>
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %y into %o[%offset] [4] [1] : tensor<4xf32> into tensor<8xf32>
    }
  }
  return %1, %2, %3 : tensor<8xf32>, tensor<8xf32>, tensor<8xf32>
}

// -----

// Sums that start with a constant start with a fill.
// CHECK-LABEL: func @splat(
// CHECK-NOT: arith.constant dense<0
// CHECK: %[[WHOLE:.*]] = arith.constant dense<[1.000000e+00, 2.000000e+00]>
// CHECK-NOT: arith.constant dense<0
// CHECK: %[[F:.*]] = linalg.fill
// CHECK: linalg.reduce {{.*}} outs(%[[F]]
// CHECK: return %{{.*}}, %[[WHOLE]]
func.func @splat(%a: tensor<4x8xf32>) -> (tensor<4xf32>, tensor<2xf32>) {
  %z = arith.constant dense<0.0> : tensor<4xf32>
  %0 = linalg.reduce {arith.addf} ins(%a : tensor<4x8xf32>) outs(%z : tensor<4xf32>) dimensions = [1]
  %1 = arith.constant dense<[1.0, 2.0]> : tensor<2xf32>
  return %0, %1 : tensor<4xf32>, tensor<2xf32>
}
