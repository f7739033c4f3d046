// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: diff-opt %s --pass-pipeline='builtin.module(func.func(diff-vectorize-tiles{tiles=tensor-cores},canonicalize))' | FileCheck %s

// Several iterations of d0 read one part of the keys: the parts are repeated along the
// leading dimension.
#query = affine_map<(d0, d1, d2, d3) -> (d0, d1, d3)>
#key = affine_map<(d0, d1, d2, d3) -> (d2, d0 floordiv 4, d3)>
#scores = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2)>

// CHECK-LABEL: func @scores
// CHECK: %[[KEYS:.*]] = vector.transfer_read %{{.*}} : tensor<32x2x64xbf16>, vector<32x2x64xbf16>
// CHECK: %[[PARTS:.*]] = vector.transpose %[[KEYS]], [1, 0, 2] : vector<32x2x64xbf16> to vector<2x32x64xbf16>
// CHECK: %[[ALL:.*]] = vector.shuffle %[[PARTS]], %[[PARTS]] [0, 0, 0, 0, 1] : vector<2x32x64xbf16>, vector<2x32x64xbf16>
// CHECK: vector.contract {{.*}} %{{.*}}, %[[ALL]], %{{.*}} : vector<5x16x64xbf16>, vector<5x32x64xbf16> into vector<5x16x32xf32>
func.func @scores(%q: tensor<5x16x64xbf16>, %k: tensor<32x2x64xbf16>, %s: tensor<5x16x32xf32>)
    -> tensor<5x16x32xf32> {
  %0 = scf.forall (%i) in (1) shared_outs(%o = %s) -> (tensor<5x16x32xf32>) {
    %1 = linalg.generic
           {indexing_maps = [#query, #key, #scores],
            iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
           ins(%q, %k : tensor<5x16x64xbf16>, tensor<32x2x64xbf16>) outs(%o : tensor<5x16x32xf32>) {
    ^bb0(%a: bf16, %b: bf16, %c: f32):
      %x = arith.extf %a : bf16 to f32
      %y = arith.extf %b : bf16 to f32
      %p = arith.mulf %x, %y : f32
      %r = arith.addf %c, %p : f32
      linalg.yield %r : f32
    } -> tensor<5x16x32xf32>
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %1 into %o[0, 0, 0] [5, 16, 32] [1, 1, 1]
        : tensor<5x16x32xf32> into tensor<5x16x32xf32>
    }
  } {mapping = [#gpu.block<x>], tile.schedule = #tile.schedule<warps = 5>}
  return %0 : tensor<5x16x32xf32>
}

// A padded dimension that is split into two: the vector is split, so that the read has
// the bound of the source.
// CHECK-LABEL: func @padded_rows
// CHECK: %[[READ:.*]] = vector.transfer_read %{{.*}} {in_bounds = [true, false, true]} : tensor<4x5x64xbf16>, vector<4x8x64xbf16>
// CHECK: %[[ROWS:.*]] = vector.transpose %[[READ]], [1, 0, 2] : vector<4x8x64xbf16> to vector<8x4x64xbf16>
// CHECK: %[[SPLIT:.*]] = vector.shape_cast %[[ROWS]] : vector<8x4x64xbf16> to vector<2x4x4x64xbf16>
// CHECK: vector.contract {{.*}} %[[SPLIT]], %{{.*}}, %{{.*}} : vector<2x4x4x64xbf16>, vector<2x32x64xbf16> into vector<2x4x4x32xf32>
#split_query = affine_map<(a, r, n, m, d) -> (n, a, r, d)>
#split_key = affine_map<(a, r, n, m, d) -> (a, m, d)>
#split_scores = affine_map<(a, r, n, m, d) -> (a, r, n, m)>
func.func @padded_rows(%q: tensor<4x5x64xbf16>, %k: tensor<2x32x64xbf16>, %s: tensor<2x4x4x32xf32>)
    -> tensor<2x4x4x32xf32> {
  %0 = scf.forall (%i) in (1) shared_outs(%o = %s) -> (tensor<2x4x4x32xf32>) {
    %zero = arith.constant 0.0 : bf16
    %padded = tensor.pad %q low[0, 0, 0] high[0, 3, 0] {
    ^bb0(%n: index, %r: index, %d: index):
      tensor.yield %zero : bf16
    } : tensor<4x5x64xbf16> to tensor<4x8x64xbf16>
    %split = tensor.expand_shape %padded [[0], [1, 2], [3]] output_shape [4, 2, 4, 64]
      : tensor<4x8x64xbf16> into tensor<4x2x4x64xbf16>
    %1 = linalg.generic
           {indexing_maps = [#split_query, #split_key, #split_scores],
            iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]}
           ins(%split, %k : tensor<4x2x4x64xbf16>, tensor<2x32x64xbf16>)
           outs(%o : tensor<2x4x4x32xf32>) {
    ^bb0(%a: bf16, %b: bf16, %c: f32):
      %x = arith.extf %a : bf16 to f32
      %y = arith.extf %b : bf16 to f32
      %p = arith.mulf %x, %y : f32
      %r = arith.addf %c, %p : f32
      linalg.yield %r : f32
    } -> tensor<2x4x4x32xf32>
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %1 into %o[0, 0, 0, 0] [2, 4, 4, 32] [1, 1, 1, 1]
        : tensor<2x4x4x32xf32> into tensor<2x4x4x32xf32>
    }
  } {mapping = [#gpu.block<x>], tile.schedule = #tile.schedule<warps = 2>}
  return %0 : tensor<2x4x4x32xf32>
}
