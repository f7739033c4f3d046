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
