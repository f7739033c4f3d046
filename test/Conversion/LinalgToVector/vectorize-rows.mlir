// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: diff-opt %s -split-input-file --pass-pipeline="builtin.module(func.func(diff-vectorize-rows),canonicalize,cse)" | FileCheck %s

// Whole vectors have no mask, and the rest has one.
// CHECK-LABEL: func.func @tail
// CHECK: scf.for
// CHECK: scf.for
// CHECK-NOT: mask
// CHECK: math.exp %{{.*}} : vector<16xf32>
// CHECK: vector.constant_mask [4] : vector<16xi1>
// CHECK: math.exp %{{.*}} : vector<16xf32>
// CHECK-NOT: linalg
func.func @tail(%x: tensor<?x100xf32>) -> tensor<?x100xf32> {
  %0 = linalg.exp ins(%x : tensor<?x100xf32>) outs(%x : tensor<?x100xf32>) -> tensor<?x100xf32>
  return %0 : tensor<?x100xf32>
}

// -----

// Each lane has a partial sum.
// CHECK-LABEL: func.func @rows
// CHECK: scf.for
// CHECK: scf.for
// CHECK: arith.addf %{{.*}} : vector<64xf32>
// CHECK: vector.reduction <add>, %{{.*}} : vector<64xf32> into f32
// CHECK-NOT: linalg
func.func @rows(%x: tensor<?x256xf32>, %init: tensor<?xf32>) -> tensor<?xf32> {
  %0 = linalg.reduce ins(%x : tensor<?x256xf32>) outs(%init : tensor<?xf32>) dimensions = [1]
    (%a: f32, %b: f32) {
      %s = arith.addf %a, %b : f32
      linalg.yield %s : f32
    }
  return %0 : tensor<?xf32>
}

// -----

// Sums of columns are in lanes, without a reduction across lanes.
// CHECK-LABEL: func.func @columns
// CHECK: arith.addf %{{.*}} : vector<64xf32>
// CHECK-NOT: vector.reduction
// CHECK-NOT: linalg
func.func @columns(%x: tensor<?x128xf32>, %init: tensor<128xf32>) -> tensor<128xf32> {
  %0 = linalg.reduce ins(%x : tensor<?x128xf32>) outs(%init : tensor<128xf32>) dimensions = [0]
    (%a: f32, %b: f32) {
      %s = arith.addf %a, %b : f32
      linalg.yield %s : f32
    }
  return %0 : tensor<128xf32>
}

// -----

// A vector of i1 is not as in memory; complex numbers have no vectors.
// CHECK-LABEL: func.func @others
// CHECK-COUNT-2: linalg.generic
#id = affine_map<(i) -> (i)>
func.func @others(%x: tensor<64xi1>, %y: tensor<64xcomplex<f32>>) -> (tensor<64xi1>, tensor<64xcomplex<f32>>) {
  %0 = linalg.generic {indexing_maps = [#id], iterator_types = ["parallel"]} outs(%x : tensor<64xi1>) {
  ^bb0(%a: i1):
    %n = arith.xori %a, %a : i1
    linalg.yield %n : i1
  } -> tensor<64xi1>
  %1 = linalg.generic {indexing_maps = [#id], iterator_types = ["parallel"]} outs(%y : tensor<64xcomplex<f32>>) {
  ^bb0(%a: complex<f32>):
    %n = complex.neg %a : complex<f32>
    linalg.yield %n : complex<f32>
  } -> tensor<64xcomplex<f32>>
  return %0, %1 : tensor<64xi1>, tensor<64xcomplex<f32>>
}
