// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: diff-opt %s --pass-pipeline='builtin.module(func.func(diff-distribute-to-threads),canonicalize)' | FileCheck %s

#wg = #gpu.address_space<workgroup>

// Threads compute vectors of 16 bytes: four f32, eight bf16.
// CHECK-LABEL: func @elementwise(
// CHECK: scf.forall (%{{.*}}) in (4) {
// CHECK:   scf.forall (%{{.*}}, %{{.*}}) = (0, 0) to (6, 32) step (1, 4) {
// CHECK:     linalg.generic {{.*}}
// CHECK:   } {mapping = [#gpu.thread<linear_dim_1>, #gpu.thread<linear_dim_0>]}
// CHECK:   scf.forall (%{{.*}}, %{{.*}}) = (0, 0) to (6, 32) step (1, 8) {
// CHECK:   } {mapping = [#gpu.thread<linear_dim_1>, #gpu.thread<linear_dim_0>]}
func.func @elementwise(%a: memref<6x32xf32, #wg>, %b: memref<6x32xbf16, #wg>, %c: memref<6x32xbf16, #wg>, %x: f32) {
  scf.forall (%i) in (4) {
    linalg.fill ins(%x : f32) outs(%a : memref<6x32xf32, #wg>)
    memref.copy %b, %c : memref<6x32xbf16, #wg> to memref<6x32xbf16, #wg>
  } {mapping = [#gpu.block<x>]}
  return
}

// One thread computes a row of a reduction, by vectors.
// CHECK-LABEL: func @reduction(
// CHECK: scf.forall (%{{.*}}) in (6) {
// CHECK:   scf.for %{{.*}} = %{{.*}} to %c32 step %c4
// CHECK:     arith.addf
// CHECK: } {mapping = [#gpu.thread<linear_dim_0>]}
func.func @reduction(%a: memref<6x32xf32, #wg>, %r: memref<6xf32, #wg>) {
  scf.forall (%i) in (4) {
    linalg.generic {
      indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0)>],
      iterator_types = ["parallel", "reduction"]
    } ins(%a : memref<6x32xf32, #wg>) outs(%r : memref<6xf32, #wg>) {
    ^bb0(%x: f32, %y: f32):
      %s = arith.addf %x, %y : f32
      linalg.yield %s : f32
    }
  } {mapping = [#gpu.block<x>]}
  return
}

// Without a mapping to blocks, nothing is distributed.
// CHECK-LABEL: func @elsewhere(
// CHECK-NOT: gpu.thread
// CHECK: linalg.fill
func.func @elsewhere(%a: memref<6x32xf32>, %x: f32) {
  scf.forall (%i) in (4) {
    linalg.fill ins(%x : f32) outs(%a : memref<6x32xf32>)
  }
  return
}

// Threads compute single elements of rows with any alignment, and two elements of
// rows that are aligned to 8 bytes.
// CHECK-LABEL: func @slices(
// CHECK: scf.forall (%{{.*}}, %{{.*}}) in (6, 32) {
// CHECK: scf.forall (%{{.*}}, %{{.*}}) = (0, 0) to (6, 32) step (1, 2) {
func.func @slices(%a: memref<6x33xf32>, %b: memref<6x36xf32>, %x: f32) {
  scf.forall (%i) in (4) {
    %odd = memref.subview %a[0, 0] [6, 32] [1, 1] : memref<6x33xf32> to memref<6x32xf32, strided<[33, 1]>>
    linalg.fill ins(%x : f32) outs(%odd : memref<6x32xf32, strided<[33, 1]>>)
    %even = memref.subview %b[0, 2] [6, 32] [1, 1] : memref<6x36xf32> to memref<6x32xf32, strided<[36, 1], offset: 2>>
    linalg.fill ins(%x : f32) outs(%even : memref<6x32xf32, strided<[36, 1], offset: 2>>)
  } {mapping = [#gpu.block<x>]}
  return
}

// A vector of i1 would be bits, but memory has bytes.
// CHECK-LABEL: func @bits(
// CHECK: scf.forall (%{{.*}}, %{{.*}}) in (6, 32) {
func.func @bits(%a: memref<6x32xi1>, %x: i1) {
  scf.forall (%i) in (4) {
    linalg.fill ins(%x : i1) outs(%a : memref<6x32xi1>)
  } {mapping = [#gpu.block<x>]}
  return
}

// What is not bufferized yet, and what is distributed already, stays.
// CHECK-LABEL: func @left(
// CHECK: scf.forall
// CHECK-NOT: scf.forall
// CHECK: linalg.exp {{.*}}tensor<16xf32>
// CHECK: scf.forall.in_parallel
// CHECK: gpu.block<x>
// CHECK: scf.forall
// CHECK: scf.forall
// CHECK-NEXT: linalg.fill
// CHECK-NEXT: } {mapping = [#gpu.thread<linear_dim_0>]}
// CHECK-NOT: scf.forall
// CHECK: return
func.func @left(%a: tensor<4x16xf32>, %b: memref<4x16xf32>, %x: f32) -> tensor<4x16xf32> {
  %0 = scf.forall (%i) in (4) shared_outs(%o = %a) -> (tensor<4x16xf32>) {
    %s = tensor.extract_slice %o[%i, 0] [1, 16] [1, 1] : tensor<4x16xf32> to tensor<16xf32>
    %e = linalg.exp ins(%s : tensor<16xf32>) outs(%s : tensor<16xf32>) -> tensor<16xf32>
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %e into %o[%i, 0] [1, 16] [1, 1] : tensor<16xf32> into tensor<4x16xf32>
    }
  } {mapping = [#gpu.block<x>]}
  scf.forall (%i) in (4) {
    scf.forall (%j) in (4) {
      linalg.fill ins(%x : f32) outs(%b : memref<4x16xf32>)
    } {mapping = [#gpu.thread<linear_dim_0>]}
  } {mapping = [#gpu.block<x>]}
  return %0 : tensor<4x16xf32>
}

// Two indices are 16 bytes. A complex number has no vectors.
// CHECK-LABEL: func @other_types(
// CHECK: scf.forall (%{{.*}}) = (0) to (6) step (2) {
// CHECK: scf.forall (%{{.*}}) in (6) {
func.func @other_types(%a: memref<6xindex, #wg>, %c: memref<6xcomplex<f32>, #wg>, %n: index, %x: complex<f32>) {
  scf.forall (%i) in (4) {
    linalg.fill ins(%n : index) outs(%a : memref<6xindex, #wg>)
    linalg.fill ins(%x : complex<f32>) outs(%c : memref<6xcomplex<f32>, #wg>)
  } {mapping = [#gpu.block<x>]}
  return
}
