// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: diff-opt %s -split-input-file -diff-distribute-to-blocks="threads=128" | FileCheck %s

#id = affine_map<(b, n, h, d) -> (b, n, h, d)>

// 128 threads with 16 bytes each: 1024 elements of f16, which are 8 x 2 x 64. The
// inner dimensions are complete, the tokens are divided, and each batch entry has
// separate blocks.
// CHECK-LABEL: func @elementwise(
// CHECK: scf.forall (%{{.*}}, %{{.*}}) = (0, 0) to (3, %{{.*}}) step (1, 8)
// CHECK: linalg.generic
// CHECK: {diff.kernel = #diff.kernel<op = "elementwise", threads = 128>, mapping = [#gpu.block<y>, #gpu.block<x>]}
func.func @elementwise(%a: memref<3x?x2x64xf16>, %b: memref<3x?x2x64xf16>) {
  linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%a : memref<3x?x2x64xf16>) outs(%b : memref<3x?x2x64xf16>) {
  ^bb0(%x: f16, %y: f16):
    %0 = arith.negf %x : f16
    linalg.yield %0 : f16
  }
  return
}

// -----

// One row for each thread if rows are reduced.
// CHECK-LABEL: func @reduction(
// CHECK: scf.forall (%{{.*}}) = (0) to (1000) step (128)
// CHECK: linalg.generic
// CHECK: {diff.kernel = #diff.kernel<op = "reduction", threads = 128>, mapping = [#gpu.block<x>]}
func.func @reduction(%a: memref<1000x64xf32>, %b: memref<1000xf32>) {
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>], iterator_types = ["parallel", "reduction"]}
      ins(%a : memref<1000x64xf32>) outs(%b : memref<1000xf32>) {
  ^bb0(%x: f32, %y: f32):
    %0 = arith.addf %x, %y : f32
    linalg.yield %0 : f32
  }
  return
}

// -----

// Without parallel dimensions there is one block.
// CHECK-LABEL: func @sum(
// CHECK: scf.forall (%{{.*}}) in (1)
// CHECK: linalg.generic
// CHECK: {diff.kernel = #diff.kernel<op = "reduction", threads = 128>, mapping = [#gpu.block<x>]}
func.func @sum(%a: memref<64xf32>, %b: memref<f32>) {
  linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> ()>], iterator_types = ["reduction"]}
      ins(%a : memref<64xf32>) outs(%b : memref<f32>) {
  ^bb0(%x: f32, %y: f32):
    %0 = arith.addf %x, %y : f32
    linalg.yield %0 : f32
  }
  return
}

// -----

// Copies and fills. A grid has three dimensions; the dimensions before them are in
// the block. Ops in a loop belong to the loop.
// CHECK-LABEL: func @others(
// CHECK: scf.forall (%{{.*}}, %{{.*}}, %{{.*}}) = (0, 0, 0) to (%{{.*}}, %{{.*}}, 300) step (1, 1, 256)
// CHECK: op = "copy"
// CHECK: scf.forall (%{{.*}}) = (0) to (4) step (4)
// CHECK: linalg.fill
// CHECK: op = "fill"
// CHECK: scf.forall (%{{.*}}) in (4)
// CHECK-NEXT: linalg.fill
// CHECK-NOT: scf.forall
func.func @others(%a: memref<?x?x?x300xi64>, %b: memref<?x?x?x300xi64>, %c: memref<4xf32>, %x: f32) {
  memref.copy %a, %b : memref<?x?x?x300xi64> to memref<?x?x?x300xi64>
  linalg.fill ins(%x : f32) outs(%c : memref<4xf32>)
  scf.forall (%i) in (4) {
    linalg.fill ins(%x : f32) outs(%c : memref<4xf32>)
  }
  return
}

// -----

// CHECK-LABEL: func @contraction(
// CHECK: scf.forall (%{{.*}}, %{{.*}}) = (0, 0) to (64, 2000) step (1, 512)
// CHECK: linalg.matmul
// CHECK: op = "contraction"
func.func @contraction(%a: memref<64x32xf32>, %b: memref<32x2000xf32>, %c: memref<64x2000xf32>) {
  linalg.matmul ins(%a, %b : memref<64x32xf32>, memref<32x2000xf32>) outs(%c : memref<64x2000xf32>)
  return
}

// Rows that may exceed 65535 are blocks along x.
// CHECK-LABEL: func @rows(
// CHECK: scf.forall
// CHECK: mapping = [#gpu.block<x>, #gpu.block<y>]
// CHECK: scf.forall
// CHECK: mapping = [#gpu.block<y>, #gpu.block<x>]
func.func @rows(%a: memref<?x4096xf32>, %b: memref<100x4096xf32>, %x: f32) {
  linalg.fill ins(%x : f32) outs(%a : memref<?x4096xf32>)
  linalg.fill ins(%x : f32) outs(%b : memref<100x4096xf32>)
  return
}
