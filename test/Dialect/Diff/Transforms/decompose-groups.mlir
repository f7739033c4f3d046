// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: diff-opt %s -diff-decompose="head-major-query=false round-weights lazy-max" -cse | FileCheck %s

// Four signal maps that read key head 0 and a noise map that reads key head 1. On tensor
// cores, one step computes the rows of all maps: map a reads key head a floordiv 4.
// CHECK-DAG: #[[$QUERY:.*]] = affine_map<(d0, d1, d2, d3) -> (d1, d0, d3)>
// CHECK-DAG: #[[$KEY:.*]] = affine_map<(d0, d1, d2, d3) -> (d2, d0 floordiv 4, d3)>
// CHECK-DAG: #[[$SCORES:.*]] = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2)>
// CHECK-LABEL: func @tensor_cores
// CHECK: linalg.generic {indexing_maps = [#[[$QUERY]], #[[$KEY]], #[[$SCORES]]], {{.*}}tensor<16x5x32xbf16>, tensor<32x2x32xbf16>) outs({{.*}} : tensor<5x16x32xf32>)
// CHECK: linalg.generic {indexing_maps = [#[[$SCORES]], {{.*}}tensor<5x16x32xbf16>, tensor<32x64xbf16>) outs({{.*}} : tensor<5x16x64xf32>)
// CHECK-NOT: tensor.insert_slice %{{.*}} : tensor<4x
func.func @tensor_cores(%q: tensor<1x16x5x32xbf16>, %k: tensor<1x32x2x32xbf16>,
                        %v: tensor<1x32x1x64xbf16>, %acc: tensor<1x5x16x64xf32>,
                        %max: tensor<1x5x16xf32>, %sum: tensor<1x5x16xf32>)
    -> tensor<1x5x16x64xf32> {
  %0 = scf.forall (%i) in (1) shared_outs(%o = %acc) -> (tensor<1x5x16x64xf32>) {
    %1:3 = diff.online_attention
             ins(%q, %k, %v : tensor<1x16x5x32xbf16>, tensor<1x32x2x32xbf16>, tensor<1x32x1x64xbf16>)
             outs(%o, %max, %sum : tensor<1x5x16x64xf32>, tensor<1x5x16xf32>, tensor<1x5x16xf32>)
             maps(5) -> tensor<1x5x16x64xf32>, tensor<1x5x16xf32>, tensor<1x5x16xf32>
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %1#0 into %o[0, 0, 0, 0] [1, 5, 16, 64] [1, 1, 1, 1]
        : tensor<1x5x16x64xf32> into tensor<1x5x16x64xf32>
    }
  } {mapping = [#gpu.block<x>], tile.schedule = #tile.schedule<warps = 5, skip_rescale = true>}
  return %0 : tensor<1x5x16x64xf32>
}

// Elsewhere, the signal maps and the noise map are computed one after the other.
// CHECK-LABEL: func @threads
// CHECK: linalg.generic {{.*}} outs({{.*}} : tensor<4x16x32xf32>)
// CHECK: tensor.insert_slice %{{.*}} : tensor<4x
// CHECK: linalg.generic {{.*}} outs({{.*}} : tensor<1x16x32xf32>)
func.func @threads(%q: tensor<1x16x5x32xbf16>, %k: tensor<1x32x2x32xbf16>,
                   %v: tensor<1x32x1x64xbf16>, %acc: tensor<1x5x16x64xf32>,
                   %max: tensor<1x5x16xf32>, %sum: tensor<1x5x16xf32>)
    -> tensor<1x5x16x64xf32> {
  %1:3 = diff.online_attention
           ins(%q, %k, %v : tensor<1x16x5x32xbf16>, tensor<1x32x2x32xbf16>, tensor<1x32x1x64xbf16>)
           outs(%acc, %max, %sum : tensor<1x5x16x64xf32>, tensor<1x5x16xf32>, tensor<1x5x16xf32>)
           maps(5) -> tensor<1x5x16x64xf32>, tensor<1x5x16xf32>, tensor<1x5x16xf32>
  return %1#0 : tensor<1x5x16x64xf32>
}

// Two heads of two maps with keys of their own, whose running values have the maps
// outside of the heads: the rows of a map are adjacent.
// CHECK-LABEL: func @split_rows
// CHECK: linalg.generic {{.*}} ins(%{{.*}}, %{{.*}} : tensor<8x2x2x32xbf16>, tensor<32x2x32xbf16>) outs(%{{.*}} : tensor<2x2x8x32xf32>)
// CHECK: linalg.generic {{.*}} ins(%{{.*}} : tensor<2x2x8x32xf32>) outs(%{{.*}} : tensor<2x2x8xf32>)
// CHECK: linalg.generic {{.*}} ins(%{{.*}}, %{{.*}} : tensor<2x2x8x32xf32>, tensor<32x64xbf16>) outs(%{{.*}} : tensor<2x2x8x64xf32>)
func.func @split_rows(%q: tensor<1x8x4x32xbf16>, %k: tensor<1x32x2x32xbf16>,
                      %v: tensor<1x32x1x64xbf16>, %acc: tensor<1x2x2x8x64xf32>,
                      %max: tensor<1x2x2x8xf32>, %sum: tensor<1x2x2x8xf32>)
    -> tensor<1x2x2x8x64xf32> {
  %0:3 = diff.online_attention
           ins(%q, %k, %v : tensor<1x8x4x32xbf16>, tensor<1x32x2x32xbf16>, tensor<1x32x1x64xbf16>)
           outs(%acc, %max, %sum : tensor<1x2x2x8x64xf32>, tensor<1x2x2x8xf32>, tensor<1x2x2x8xf32>)
           maps(2) -> tensor<1x2x2x8x64xf32>, tensor<1x2x2x8xf32>, tensor<1x2x2x8xf32>
  return %0#0 : tensor<1x2x2x8x64xf32>
}
