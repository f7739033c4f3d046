// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: diff-opt %s -split-input-file -diff-tile-keys -canonicalize -cse | FileCheck %s

// A schedule with stages: whole tiles in a loop whose copies run ahead, without a
// mask. Nothing is left for a second loop.
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

// The keys end inside a tile: that one comes first, then a loop of the whole ones.
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

// Causal: the tiles in front of the diagonal are seen whole, those on it are masked,
// those behind it are in no loop. The first of 16 queries sees up to key d, so that
// (d + 1) floordiv 32 tiles are whole.
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

// A window has partial tiles on both sides; they share one loop, in front of that of
// the whole tiles.
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
