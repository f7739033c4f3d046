// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: diff-opt %s -split-input-file --pass-pipeline="builtin.module(func.func(diff-vectorize-contractions),canonicalize,cse)" | FileCheck %s
// RUN: diff-opt %s -split-input-file --pass-pipeline="builtin.module(func.func(diff-vectorize-contractions{vector-bytes=16}),canonicalize,cse)" | FileCheck %s --check-prefix=NEON

// 6 rows of 4 vectors in registers. The matrix has no tails: nothing has a mask, and
// one kernel serves all rows.
// CHECK-LABEL: func.func @whole
// CHECK-DAG: %[[SUMS:.*]] = memref.alloc() {alignment = 64 : i64} : memref<12x64xf32>
// CHECK-DAG: %[[ROWS:.*]] = memref.alloc() {alignment = 64 : i64} : memref<12x64xf32>
// CHECK-DAG: %[[PANEL:.*]] = memref.alloc() {alignment = 64 : i64} : memref<64x64xf32>
// CHECK-NOT: vector.create_mask
// CHECK: vector.transfer_read %{{.*}} : tensor<128x64xf32>, vector<16xf32>
// CHECK: -> (vector<16xf32>
// CHECK: %[[A:.*]] = memref.load
// CHECK: vector.broadcast %[[A]] : f32 to vector<16xf32>
// CHECK-COUNT-96: vector.fma
// CHECK-NOT: vector.fma
// CHECK: %[[RESULT:.*]] = bufferization.to_tensor %[[SUMS]]
// CHECK: return %[[RESULT]]
// NEON-LABEL: func.func @whole
// NEON-COUNT-96: vector.fma %{{.*}} : vector<4xf32>
// NEON-NOT: vector.fma
// NEON: bufferization.to_tensor
func.func @whole(%a: tensor<12x128xf32>, %b: tensor<128x64xf32>, %c: tensor<12x64xf32>) -> tensor<12x64xf32> {
  %r = linalg.matmul ins(%a, %b : tensor<12x128xf32>, tensor<128x64xf32>) outs(%c : tensor<12x64xf32>) -> tensor<12x64xf32>
  return %r : tensor<12x64xf32>
}

// -----

// A transposed operand is packed in squares, 16-bit operands are extended once, and
// the user of the sums is fused with their rounding. Sizes without a bound are tiled.
// CHECK-LABEL: func.func @transposed
// CHECK: scf.for
// CHECK: arith.extf %{{.*}} : vector<16xbf16> to vector<16xf32>
// CHECK: vector.shuffle
// CHECK: vector.fma
// CHECK: linalg.generic
// CHECK-SAME: outs(%{{.*}} : tensor<?x?xbf16>)
// CHECK-NOT: linalg.generic
#a = affine_map<(m, n, k) -> (m, k)>
#b = affine_map<(m, n, k) -> (n, k)>
#c = affine_map<(m, n, k) -> (m, n)>
func.func @transposed(%a: tensor<?x?xbf16>, %b: tensor<?x?xbf16>, %c: tensor<?x?xbf16>) -> tensor<?x?xbf16> {
  %r = linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]} ins(%a, %b : tensor<?x?xbf16>, tensor<?x?xbf16>) outs(%c : tensor<?x?xbf16>) {
  ^bb0(%x: bf16, %y: bf16, %z: bf16):
    %p = arith.mulf %x, %y : bf16
    %s = arith.addf %z, %p : bf16
    linalg.yield %s : bf16
  } -> tensor<?x?xbf16>
  return %r : tensor<?x?xbf16>
}

// -----

// Other element types, other bodies, and dot products along rows are left alone.
// CHECK-LABEL: func.func @others
// CHECK: linalg.matmul
// CHECK: linalg.generic
// CHECK: linalg.matvec
// CHECK: linalg.dot
#a = affine_map<(m, n, k) -> (m, k)>
#b = affine_map<(m, n, k) -> (k, n)>
#c = affine_map<(m, n, k) -> (m, n)>
func.func @others(%a: tensor<8x8xf64>, %f: tensor<8x8xf32>, %x: tensor<8xf32>, %d: tensor<f32>)
    -> (tensor<8x8xf64>, tensor<8x8xf32>, tensor<8xf32>, tensor<f32>) {
  %0 = linalg.matmul ins(%a, %a : tensor<8x8xf64>, tensor<8x8xf64>) outs(%a : tensor<8x8xf64>) -> tensor<8x8xf64>
  %1 = linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]} ins(%f, %f : tensor<8x8xf32>, tensor<8x8xf32>) outs(%f : tensor<8x8xf32>) {
  ^bb0(%u: f32, %v: f32, %w: f32):
    %p = arith.addf %u, %v : f32
    %s = arith.maximumf %w, %p : f32
    linalg.yield %s : f32
  } -> tensor<8x8xf32>
  %2 = linalg.matvec ins(%f, %x : tensor<8x8xf32>, tensor<8xf32>) outs(%x : tensor<8xf32>) -> tensor<8xf32>
  %3 = linalg.dot ins(%x, %x : tensor<8xf32>, tensor<8xf32>) outs(%d : tensor<f32>) -> tensor<f32>
  return %0, %1, %2, %3 : tensor<8x8xf64>, tensor<8x8xf32>, tensor<8xf32>, tensor<f32>
}
