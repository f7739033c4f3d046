// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: diff-opt %s -split-input-file -diff-tile-keys -canonicalize -cse | FileCheck %s

// A schedule with stages: complete tiles in a loop with prefetched copies and without
// a mask. There is no second loop.
// CHECK-LABEL: func @whole
// CHECK: scf.for %{{.*}} = %c0 to %c128 step %c32
// CHECK: diff.online_attention {{.*}} ->
// CHECK: tile.stages = 2
// CHECK-NOT: scf.for
func.func @whole(%q: tensor<1x16x1x16xbf16>, %k: tensor<1x128x1x16xbf16>,
    %acc: tensor<1x1x16x16xf32>, %row: tensor<1x1x16xf32>)
    -> tensor<1x1x16x16xf32> {
  %0:3 = diff.online_attention
           ins(%q, %k, %k : tensor<1x16x1x16xbf16>, tensor<1x128x1x16xbf16>,
               tensor<1x128x1x16xbf16>)
           outs(%acc, %row, %row : tensor<1x1x16x16xf32>, tensor<1x1x16xf32>,
                tensor<1x1x16xf32>)
           {schedule = #diff.schedule<queries = 16, keys = 32, threads = 32,
                                      stages = 2>}
           -> tensor<1x1x16x16xf32>, tensor<1x1x16xf32>, tensor<1x1x16xf32>
  return %0#0 : tensor<1x1x16x16xf32>
}

// -----

// The keys end inside a tile: the partial tile comes first, then a loop over the
// complete tiles.
// CHECK-LABEL: func @tail
// CHECK-NOT: scf.for
// CHECK: %[[R:.*]]:3 = diff.online_attention ins(%{{.*}}, %{{.*}}, %{{.*}} : tensor<1x16x1x16xbf16>, tensor<1x4x1x16xbf16>
// CHECK: scf.for %{{.*}} = %c0 to %c96 step %c32 iter_args(%{{.*}} = %[[R]]#0, %{{.*}} = %[[R]]#1, %{{.*}} = %[[R]]#2)
// CHECK: tile.stages = 2
// CHECK-NOT: scf.for
// CHECK: return
func.func @tail(%q: tensor<1x16x1x16xbf16>, %k: tensor<1x100x1x16xbf16>,
    %acc: tensor<1x1x16x16xf32>, %row: tensor<1x1x16xf32>)
    -> tensor<1x1x16x16xf32> {
  %0:3 = diff.online_attention
           ins(%q, %k, %k : tensor<1x16x1x16xbf16>, tensor<1x100x1x16xbf16>,
               tensor<1x100x1x16xbf16>)
           outs(%acc, %row, %row : tensor<1x1x16x16xf32>, tensor<1x1x16xf32>,
                tensor<1x1x16xf32>)
           {schedule = #diff.schedule<queries = 16, keys = 32, threads = 32,
                                      stages = 2>}
           -> tensor<1x1x16x16xf32>, tensor<1x1x16xf32>, tensor<1x1x16xf32>
  return %0#0 : tensor<1x1x16x16xf32>
}

// -----

// Causal: the tiles before the diagonal are completely visible, those on it are
// masked, and those after it are skipped. The first of 16 queries sees up to key d,
// so that (d + 1) floordiv 32 tiles are complete.
// CHECK-LABEL: func @causal
// CHECK: %[[R:.*]]:3 = scf.for
// CHECK: diff.online_attention {{.*}} diagonal(%{{.*}}) {{.*}}mask<causal>
// CHECK-NOT: tile.stages
// CHECK: scf.for {{.*}} iter_args(%{{.*}} = %[[R]]#0, %{{.*}} = %[[R]]#1, %{{.*}} = %[[R]]#2)
// CHECK-NOT: mask<causal>
// CHECK: diff.online_attention
// CHECK-NOT: mask<causal>
// CHECK: tile.stages = 2
// CHECK: return
func.func @causal(%q: tensor<1x16x1x16xbf16>, %k: tensor<1x128x1x16xbf16>,
    %acc: tensor<1x1x16x16xf32>, %row: tensor<1x1x16xf32>, %d: index)
    -> tensor<1x1x16x16xf32> {
  %0:3 = diff.online_attention
           ins(%q, %k, %k : tensor<1x16x1x16xbf16>, tensor<1x128x1x16xbf16>,
               tensor<1x128x1x16xbf16>)
           outs(%acc, %row, %row : tensor<1x1x16x16xf32>, tensor<1x1x16xf32>,
                tensor<1x1x16xf32>)
           diagonal(%d) mask<causal> {schedule = #diff.schedule<queries = 16, keys = 32, threads = 32,
                                      stages = 2>}
           -> tensor<1x1x16x16xf32>, tensor<1x1x16xf32>, tensor<1x1x16xf32>
  return %0#0 : tensor<1x1x16x16xf32>
}

// -----

// A window has partial tiles on both sides. They share one loop, before that of the
// complete tiles.
// CHECK-LABEL: func @window
// CHECK: scf.for
// CHECK: %[[IN_FRONT:.*]] = arith.cmpi slt
// CHECK: arith.select %[[IN_FRONT]]
// CHECK: diff.online_attention {{.*}}mask<causal, window = [64, 0]>
// CHECK: scf.for
// CHECK-NOT: mask<
// CHECK: tile.stages = 2
func.func @window(%q: tensor<1x16x1x16xbf16>, %k: tensor<1x256x1x16xbf16>,
    %acc: tensor<1x1x16x16xf32>, %row: tensor<1x1x16xf32>, %d: index)
    -> tensor<1x1x16x16xf32> {
  %0:3 = diff.online_attention
           ins(%q, %k, %k : tensor<1x16x1x16xbf16>, tensor<1x256x1x16xbf16>,
               tensor<1x256x1x16xbf16>)
           outs(%acc, %row, %row : tensor<1x1x16x16xf32>, tensor<1x1x16xf32>,
                tensor<1x1x16xf32>)
           diagonal(%d) mask<causal, window = [64, 0]> {schedule = #diff.schedule<queries = 16, keys = 32, threads = 32,
                                      stages = 2>}
           -> tensor<1x1x16x16xf32>, tensor<1x1x16xf32>, tensor<1x1x16xf32>
  return %0#0 : tensor<1x1x16x16xf32>
}
