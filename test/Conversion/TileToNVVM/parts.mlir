// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: diff-opt %s -split-input-file -convert-tile-to-nvvm -canonicalize -cse | FileCheck %s

#shared = #gpu.address_space<workgroup>

// Five warps: the first four read rows 0 to 7 of the slot, the last one rows 8 to 15. A
// warp index below five needs a remainder only in general.
// CHECK-LABEL: gpu.func @select
// CHECK: %[[WARP:.*]] = arith.remui %{{.*}}, %c5_i32
// CHECK: %[[LAST:.*]] = arith.cmpi uge, %[[WARP]], %c4_i32
// CHECK: %[[FIRST:.*]] = arith.select %[[LAST]], %c8_i32, %c0_i32
// CHECK: arith.addi %[[FIRST]],
// CHECK: nvvm.ldmatrix
// CHECK-NOT: nvvm.ldmatrix
gpu.module @kernels {
  gpu.func @select(%o: memref<5x8x16xbf16>) kernel attributes {known_block_size = array<i32: 160, 1, 1>} {
      %c0 = arith.constant 0 : index
      %pad = arith.constant 0.0 : bf16
      %ring = tile.ring {offset = 0} : memref<1x2x8x16xbf16, #shared>
      %slot = tile.slot %ring[%c0] : memref<1x2x8x16xbf16, #shared> -> memref<2x8x16xbf16, #shared>
      %0 = vector.transfer_read %slot[%c0, %c0, %c0], %pad
             {in_bounds = [true, true, true],
              tile.layouts = [#tile.layout<lanes = [1, 8, 4], elems = [1, 1, 2]>]}
             : memref<2x8x16xbf16, #shared>, vector<2x8x16xbf16>
      %1 = vector.shuffle %0, %0 [0, 0, 0, 0, 1]
             {tile.layouts = [#tile.layout<warps = [5, 1, 1], lanes = [1, 8, 4], elems = [1, 1, 2]>]}
             : vector<2x8x16xbf16>, vector<2x8x16xbf16>
      vector.transfer_write %1, %o[%c0, %c0, %c0] {in_bounds = [true, true, true]}
        : vector<5x8x16xbf16>, memref<5x8x16xbf16>
      gpu.return
  }
}

// -----

#shared = #gpu.address_space<workgroup>

// The warps of the last part write it.
// CHECK-LABEL: gpu.func @write
// CHECK: %[[WARP:.*]] = arith.remui %{{.*}}, %c5_i32
// CHECK: %[[HOLDS:.*]] = arith.cmpi eq, %[[WARP]], %c4_i32
// CHECK: scf.if %[[HOLDS]] {
// CHECK: llvm.store %{{.*}} : vector<2xf32>
// CHECK: }
gpu.module @kernels {
  gpu.func @write(%m: memref<5x8x8xf32>) kernel attributes {known_block_size = array<i32: 160, 1, 1>} {
      %c0 = arith.constant 0 : index
      %pad = arith.constant 0.0 : f32
      %ring = tile.ring {offset = 0} : memref<1x8x8xf32, #shared>
      %slot = tile.slot %ring[%c0] : memref<1x8x8xf32, #shared> -> memref<8x8xf32, #shared>
      %0 = vector.transfer_read %m[%c0, %c0, %c0], %pad
             {in_bounds = [true, true, true],
              tile.layouts = [#tile.layout<warps = [5, 1, 1], lanes = [1, 8, 4], elems = [1, 1, 2]>]}
             : memref<5x8x8xf32>, vector<5x8x8xf32>
      tile.write_part %0[4], %slot : vector<5x8x8xf32>, memref<8x8xf32, #shared>
      gpu.return
  }
}

// -----

// Copies in warps that the layout does not use do not write: here warps 2 to 4.
// CHECK-LABEL: gpu.func @copies
// CHECK: %[[DIGIT:.*]] = arith.divui %{{.*}}, %c2_i32
// CHECK: %[[FIRST:.*]] = arith.cmpi eq, %[[DIGIT]], %c0_i32
// CHECK: scf.if %[[FIRST]]
gpu.module @kernels {
  gpu.func @copies(%m: memref<16x8xf32>, %o: memref<16x8xf32>) kernel attributes {known_block_size = array<i32: 160, 1, 1>} {
      %c0 = arith.constant 0 : index
      %pad = arith.constant 0.0 : f32
      %0 = vector.transfer_read %m[%c0, %c0], %pad
             {in_bounds = [true, true],
              tile.layouts = [#tile.layout<warps = [2, 1], lanes = [8, 4], elems = [1, 2]>]}
             : memref<16x8xf32>, vector<16x8xf32>
      vector.transfer_write %0, %o[%c0, %c0] {in_bounds = [true, true]} : vector<16x8xf32>, memref<16x8xf32>
      gpu.return
  }
}

// -----

#shared = #gpu.address_space<workgroup>

// Lanes hold the parts, too: part 4 of eight is in the second repetition of lanes 0 to 7.
// CHECK-LABEL: gpu.func @write_lanes
// CHECK: %[[PART:.*]] = arith.remui %{{.*}}, %c4_i32
// CHECK: %[[HOLDS:.*]] = arith.cmpi eq, %[[PART]], %c0_i32
// CHECK: scf.if %[[HOLDS]] {
// CHECK-COUNT-1: llvm.store %{{.*}} : vector<2xf32>
// CHECK: }
gpu.module @kernels {
  gpu.func @write_lanes(%m: memref<8x2x8xf32>) kernel attributes {known_block_size = array<i32: 32, 1, 1>} {
      %c0 = arith.constant 0 : index
      %pad = arith.constant 0.0 : f32
      %ring = tile.ring {offset = 0} : memref<1x2x8xf32, #shared>
      %slot = tile.slot %ring[%c0] : memref<1x2x8xf32, #shared> -> memref<2x8xf32, #shared>
      %0 = vector.transfer_read %m[%c0, %c0, %c0], %pad
             {in_bounds = [true, true, true],
              tile.layouts = [#tile.layout<lanes = [4, 2, 4], elems = [1, 1, 2]>]}
             : memref<8x2x8xf32>, vector<8x2x8xf32>
      tile.write_part %0[4], %slot : vector<8x2x8xf32>, memref<2x8xf32, #shared>
      gpu.return
  }
}
