// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: diff-opt %s -split-input-file --pass-pipeline="builtin.module(func.func(diff-distribute-to-tasks),canonicalize,cse)" | FileCheck %s
// RUN: diff-opt %s -split-input-file --pass-pipeline="builtin.module(func.func(diff-distribute-to-tasks{vector-bytes=32 registers=16 l2-bytes=262144}),canonicalize,cse)" | FileCheck %s --check-prefix=AVX2

// Fill, product and the op after it are in one task. The tasks of 1024 rows are
// equal multiples of 6.
// CHECK-LABEL: func.func @product
// CHECK: scf.forall (%{{.*}}, %{{.*}}) = (0, 0) to (1024, 1024) step (174, 256)
// CHECK: linalg.fill
// CHECK: linalg.matmul
// CHECK: linalg.generic
// CHECK: arith.truncf
// CHECK: scf.forall.in_parallel
// CHECK-NOT: linalg
// AVX2-LABEL: func.func @product
// AVX2: scf.forall (%{{.*}}, %{{.*}}) = (0, 0) to (1024, 1024) step (96, 128)
#id = affine_map<(i, j) -> (i, j)>
func.func @product(%a: tensor<1024x64xf32>, %b: tensor<64x1024xf32>, %out: tensor<1024x1024xbf16>) -> tensor<1024x1024xbf16> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<1024x1024xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<1024x1024xf32>) -> tensor<1024x1024xf32>
  %p = linalg.matmul ins(%a, %b : tensor<1024x64xf32>, tensor<64x1024xf32>) outs(%z : tensor<1024x1024xf32>) -> tensor<1024x1024xf32>
  %r = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%p : tensor<1024x1024xf32>) outs(%out : tensor<1024x1024xbf16>) {
  ^bb0(%x: f32, %y: bf16):
    %t = arith.truncf %x : f32 to bf16
    linalg.yield %t : bf16
  } -> tensor<1024x1024xbf16>
  return %r : tensor<1024x1024xbf16>
}

// -----

// A norm: the reduction is in the task of its user.
// CHECK-LABEL: func.func @norm
// CHECK: scf.forall (%{{.*}}) = (0) to (%{{.*}}) step (128)
// CHECK: linalg.generic
// CHECK-SAME: "reduction"
// CHECK: linalg.generic
// CHECK: scf.forall.in_parallel
// CHECK-NOT: linalg
#id = affine_map<(i, j) -> (i, j)>
#row = affine_map<(i, j) -> (i)>
func.func @norm(%x: tensor<?x128xf32>, %sums: tensor<?xf32>) -> tensor<?x128xf32> {
  %s = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<?x128xf32>) outs(%sums : tensor<?xf32>) {
  ^bb0(%a: f32, %b: f32):
    %t = arith.addf %a, %b : f32
    linalg.yield %t : f32
  } -> tensor<?xf32>
  %r = linalg.generic {indexing_maps = [#row, #id], iterator_types = ["parallel", "parallel"]} ins(%s : tensor<?xf32>) outs(%x : tensor<?x128xf32>) {
  ^bb0(%a: f32, %b: f32):
    %t = arith.mulf %a, %b : f32
    linalg.yield %t : f32
  } -> tensor<?x128xf32>
  return %r : tensor<?x128xf32>
}

// -----

// All tasks of the second op read all elements of the first one.
// CHECK-LABEL: func.func @not_fused
// CHECK: scf.forall
// CHECK: linalg.exp
// CHECK: scf.forall (%{{.*}}) = (0) to (1024) step (256)
// CHECK-NOT: linalg.exp
// CHECK: linalg.generic
#column = affine_map<(i, j) -> (j)>
#id = affine_map<(i, j) -> (i, j)>
func.func @not_fused(%x: tensor<?xf32>, %y: tensor<1024x?xf32>) -> tensor<1024x?xf32> {
  %0 = linalg.exp ins(%x : tensor<?xf32>) outs(%x : tensor<?xf32>) -> tensor<?xf32>
  %1 = linalg.generic {indexing_maps = [#column, #id], iterator_types = ["parallel", "parallel"]} ins(%0 : tensor<?xf32>) outs(%y : tensor<1024x?xf32>) {
  ^bb0(%a: f32, %b: f32):
    %t = arith.addf %a, %b : f32
    linalg.yield %t : f32
  } -> tensor<1024x?xf32>
  return %1 : tensor<1024x?xf32>
}

// -----

// Nothing is added.
// CHECK-LABEL: func.func @no_summands
// CHECK-SAME: %[[C:[a-z0-9]+]]: tensor<5x20xf32>)
// CHECK-NEXT: return %[[C]]
func.func @no_summands(%a: tensor<5x0xf32>, %b: tensor<0x20xf32>, %c: tensor<5x20xf32>) -> tensor<5x20xf32> {
  %r = linalg.matmul ins(%a, %b : tensor<5x0xf32>, tensor<0x20xf32>) outs(%c : tensor<5x20xf32>) -> tensor<5x20xf32>
  return %r : tensor<5x20xf32>
}
