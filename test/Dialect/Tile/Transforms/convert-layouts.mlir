// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: diff-opt %s -split-input-file -tile-convert-layouts | FileCheck %s

// Through a separate ring: written in one layout, read in the other, between
// barriers. A conversion to the same layout is removed. Rows of pairs of f32 are
// padded, rows of 16-bit pairs are swizzled.
// CHECK-LABEL: func @convert
// CHECK-SAME: (%[[M:[^:]*]]: memref
// CHECK: %[[RING:.*]] = tile.ring {padding = 32 : i64} : memref<1x16x16xf32, #gpu.address_space<workgroup>>
// CHECK: %[[X:.*]] = vector.transfer_read %[[M]]
// CHECK: %[[SLOT:.*]] = tile.slot %[[RING]]
// CHECK: gpu.barrier
// CHECK-NEXT: vector.transfer_write %[[X]], %[[SLOT]]
// CHECK-NEXT: gpu.barrier
// CHECK: %[[Y:.*]] = vector.transfer_read %[[SLOT]]{{.*}}tile.layouts = [#tile.layout<lanes = [2, 16], elems = [1, 1]>]
// CHECK-NOT: tile.to_layout
// CHECK: vector.transfer_write %[[X]]
// CHECK: vector.transfer_write %[[Y]]
func.func @convert(%m: memref<16x16xf32>, %o: memref<16x16xf32>) {
  %c1 = arith.constant 1 : index
  %threads = arith.constant 128 : index
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
             threads(%tx, %ty, %tz) in (%sx = %threads, %sy = %c1, %sz = %c1) {
    %c0 = arith.constant 0 : index
    %pad = arith.constant 0.0 : f32
    %x = vector.transfer_read %m[%c0, %c0], %pad
           {in_bounds = [true, true], tile.layouts = [#tile.layout<lanes = [8, 4], elems = [1, 2]>]}
           : memref<16x16xf32>, vector<16x16xf32>
    %same = tile.to_layout %x to <lanes = [8, 4], elems = [1, 2]> : vector<16x16xf32>
    %y = tile.to_layout %x to <lanes = [2, 16], elems = [1, 1]> : vector<16x16xf32>
    vector.transfer_write %same, %o[%c0, %c0] {in_bounds = [true, true]}
      : vector<16x16xf32>, memref<16x16xf32>
    vector.transfer_write %y, %o[%c0, %c0] {in_bounds = [true, true]}
      : vector<16x16xf32>, memref<16x16xf32>
    gpu.terminator
  } {tile.schedule = #tile.schedule<warps = 4>}
  return
}

// -----

// A loop-carried value has the layout of the loop's result, and a conversion has its
// target layout: both conversions are removed.
// CHECK-LABEL: func @carried
// CHECK: %[[R:.*]] = scf.for {{.*}} iter_args(%[[X:.*]] = %{{.*}})
// CHECK-NEXT: arith.addf %[[X]], %[[X]]
// CHECK: vector.transfer_write %[[R]]
// CHECK: %[[Y:.*]] = vector.transfer_read
// CHECK-NOT: tile.to_layout
// CHECK-NOT: gpu.barrier
// CHECK: vector.transfer_write %[[Y]]
func.func @carried(%m: memref<16x16xf32>, %o: memref<16x16xf32>, %n: index) {
  %c1 = arith.constant 1 : index
  %threads = arith.constant 128 : index
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
             threads(%tx, %ty, %tz) in (%sx = %threads, %sy = %c1, %sz = %c1) {
    %c0 = arith.constant 0 : index
    %pad = arith.constant 0.0 : f32
    %x = vector.transfer_read %m[%c0, %c0], %pad
           {in_bounds = [true, true], tile.layouts = [#tile.layout<lanes = [8, 4], elems = [1, 2]>]}
           : memref<16x16xf32>, vector<16x16xf32>
    %r = scf.for %j = %c0 to %n step %c1 iter_args(%c = %x) -> (vector<16x16xf32>) {
      %same = tile.to_layout %c to <lanes = [8, 4], elems = [1, 2]> : vector<16x16xf32>
      %d = arith.addf %same, %same
             {tile.layouts = [#tile.layout<lanes = [8, 4], elems = [1, 2]>]} : vector<16x16xf32>
      scf.yield %d : vector<16x16xf32>
    } {tile.layouts = [#tile.layout<lanes = [8, 4], elems = [1, 2]>]}
    %y = tile.to_layout %r to <lanes = [2, 16], elems = [1, 1]> : vector<16x16xf32>
    %z = tile.to_layout %y to <lanes = [2, 16], elems = [1, 1]> : vector<16x16xf32>
    vector.transfer_write %z, %o[%c0, %c0] {in_bounds = [true, true]}
      : vector<16x16xf32>, memref<16x16xf32>
    gpu.terminator
  } {tile.schedule = #tile.schedule<warps = 4>}
  return
}

// -----

// CHECK-LABEL: func @pairs_of_16_bits
// CHECK: tile.ring {swizzle = #tile.swizzle<bits = 3, shift = 0>} : memref<1x16x64xbf16, #gpu.address_space<workgroup>>
func.func @pairs_of_16_bits(%m: memref<16x64xbf16>, %o: memref<16x64xbf16>) {
  %c1 = arith.constant 1 : index
  %threads = arith.constant 128 : index
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
             threads(%tx, %ty, %tz) in (%sx = %threads, %sy = %c1, %sz = %c1) {
    %c0 = arith.constant 0 : index
    %pad = arith.constant 0.0 : bf16
    %x = vector.transfer_read %m[%c0, %c0], %pad
           {in_bounds = [true, true], tile.layouts = [#tile.layout<lanes = [8, 4], elems = [1, 2]>]}
           : memref<16x64xbf16>, vector<16x64xbf16>
    %y = tile.to_layout %x to <lanes = [2, 16], elems = [1, 1]> : vector<16x64xbf16>
    vector.transfer_write %y, %o[%c0, %c0] {in_bounds = [true, true]}
      : vector<16x64xbf16>, memref<16x64xbf16>
    gpu.terminator
  } {tile.schedule = #tile.schedule<warps = 4>}
  return
}

// -----

// The part that some warps hold, for all warps: they write it, and all warps read it.
// Parts that one thread holds stay in registers.
// CHECK-LABEL: func @repeat
// CHECK: %[[RING:.*]] = tile.ring {padding = 32 : i64} : memref<1x32x64xf32, #gpu.address_space<workgroup>>
// CHECK: %[[X:.*]] = vector.transfer_read
// CHECK: %[[SLOT:.*]] = tile.slot %[[RING]]
// CHECK: gpu.barrier
// CHECK-NEXT: tile.write_part %[[X]][4], %[[SLOT]]
// CHECK-NEXT: gpu.barrier
// CHECK: %[[PART:.*]] = vector.transfer_read %[[SLOT]]{{.*}}tile.layouts = [#tile.layout<warps = [2, 1], lanes = [8, 4], elems = [1, 2]>]
// CHECK: vector.broadcast %[[PART]] {tile.layouts = [#tile.layout<warps = [5, 2, 1], lanes = [1, 8, 4], elems = [1, 1, 2]>]}
// CHECK: vector.shuffle %{{.*}} [1, 1]
func.func @repeat(%m: memref<5x32x64xf32>, %n: memref<2x32x64xf32>, %o: memref<5x32x64xf32>) {
  %c1 = arith.constant 1 : index
  %threads = arith.constant 320 : index
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
             threads(%tx, %ty, %tz) in (%sx = %threads, %sy = %c1, %sz = %c1) {
    %c0 = arith.constant 0 : index
    %pad = arith.constant 0.0 : f32
    %x = vector.transfer_read %m[%c0, %c0, %c0], %pad
           {in_bounds = [true, true, true], tile.layouts = [#tile.layout<warps = [5, 2, 1], lanes = [1, 8, 4], elems = [1, 1, 2]>]}
           : memref<5x32x64xf32>, vector<5x32x64xf32>
    %y = vector.shuffle %x, %x [4, 4, 4, 4, 4]
           {tile.layouts = [#tile.layout<warps = [5, 2, 1], lanes = [1, 8, 4], elems = [1, 1, 2]>]}
           : vector<5x32x64xf32>, vector<5x32x64xf32>
    vector.transfer_write %y, %o[%c0, %c0, %c0] {in_bounds = [true, true, true]}
      : vector<5x32x64xf32>, memref<5x32x64xf32>
    %z = vector.transfer_read %n[%c0, %c0, %c0], %pad
           {in_bounds = [true, true, true], tile.layouts = [#tile.layout<warps = [1, 2, 1], lanes = [1, 8, 4], elems = [1, 1, 2]>]}
           : memref<2x32x64xf32>, vector<2x32x64xf32>
    %w = vector.shuffle %z, %z [1, 1]
           {tile.layouts = [#tile.layout<warps = [1, 2, 1], lanes = [1, 8, 4], elems = [1, 1, 2]>]}
           : vector<2x32x64xf32>, vector<2x32x64xf32>
    vector.transfer_write %w, %n[%c0, %c0, %c0] {in_bounds = [true, true, true]}
      : vector<2x32x64xf32>, memref<2x32x64xf32>
    gpu.terminator
  } {tile.schedule = #tile.schedule<warps = 10>}
  return
}
