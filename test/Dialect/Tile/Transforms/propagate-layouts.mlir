// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: diff-opt %s -split-input-file -tile-propagate-layouts | FileCheck %s

#a = affine_map<(d0, d1, d2) -> (d0, d2)>
#b = affine_map<(d0, d1, d2) -> (d1, d2)>
#bt = affine_map<(d0, d1, d2) -> (d2, d1)>
#c = affine_map<(d0, d1, d2) -> (d0, d1)>
#shared = #gpu.address_space<workgroup>

// From the contraction to both operands, through elementwise ops and a reduction to
// the rows, whose columns are copies, and back to the tile. The scores are directly
// the operand of the next contraction.
// CHECK-LABEL: func @attention
// CHECK: %[[Q:.*]] = vector.transfer_read {{.*}}tile.layouts = [#tile.layout<warps = [4, 1], lanes = [8, 4], elems = [1, 2]>]
// CHECK: %[[K:.*]] = vector.transfer_read {{.*}}tile.layouts = [#tile.layout<lanes = [8, 4], elems = [1, 2]>]
// CHECK: %[[V:.*]] = vector.transfer_read {{.*}}tile.layouts = [#tile.layout<lanes = [4, 8], elems = [2, 1], lane_strides = [1, 4]>]
// CHECK: %[[S:.*]] = vector.contract {{.*}}tile.layouts = [#tile.layout<warps = [4, 1], lanes = [8, 4], elems = [1, 2]>]
// CHECK: %[[MAX:.*]] = vector.multi_reduction {{.*}}tile.layouts = [#tile.layout<warps = [4], lanes = [8], elems = [1], lane_strides = [4]>]
// CHECK: vector.broadcast %[[MAX]] {{.*}}tile.layouts
// CHECK: vector.transpose {{.*}}tile.layouts = [#tile.layout<warps = [4, 1], lanes = [8, 4], elems = [1, 2]>]
// CHECK: arith.subf {{.*}}tile.layouts = [#tile.layout<warps = [4, 1], lanes = [8, 4], elems = [1, 2]>]
// CHECK: arith.truncf {{.*}}tile.layouts = [#tile.layout<warps = [4, 1], lanes = [8, 4], elems = [1, 2]>]
// CHECK-NOT: tile.to_layout
// CHECK: vector.contract {{.*}}tile.layouts = [#tile.layout<warps = [4, 1], lanes = [8, 4], elems = [1, 2]>]
// CHECK-NOT: tile.to_layout
func.func @attention(%q: memref<64x16xbf16, #shared>, %k: memref<32x16xbf16, #shared>,
    %v: memref<32x16xbf16, #shared>, %o: memref<64x16xf32>) {
  %c1 = arith.constant 1 : index
  %threads = arith.constant 128 : index
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
             threads(%tx, %ty, %tz) in (%sx = %threads, %sy = %c1, %sz = %c1) {
    %c0 = arith.constant 0 : index
    %pad = arith.constant 0.0 : bf16
    %a = vector.transfer_read %q[%c0, %c0], %pad {in_bounds = [true, true]}
           : memref<64x16xbf16, #shared>, vector<64x16xbf16>
    %b = vector.transfer_read %k[%c0, %c0], %pad {in_bounds = [true, true]}
           : memref<32x16xbf16, #shared>, vector<32x16xbf16>
    %c = vector.transfer_read %v[%c0, %c0], %pad {in_bounds = [true, true]}
           : memref<32x16xbf16, #shared>, vector<32x16xbf16>
    %zero = arith.constant dense<0.0> : vector<64x32xf32>
    %none = arith.constant dense<0.0> : vector<64x16xf32>
    %low = arith.constant dense<-1.0> : vector<64xf32>
    %0 = vector.contract
           {indexing_maps = [#a, #b, #c],
            iterator_types = ["parallel", "parallel", "reduction"],
            tile.mma = #tile.mma<m = 16, n = 8, k = 16,
              result = <warps = [4, 1], lanes = [8, 4], elems = [1, 2]>>}
           %a, %b, %zero : vector<64x16xbf16>, vector<32x16xbf16> into vector<64x32xf32>
    %1 = vector.multi_reduction <maximumf>, %0, %low [1]
           : vector<64x32xf32> to vector<64xf32>
    %2 = vector.broadcast %1 : vector<64xf32> to vector<32x64xf32>
    %3 = vector.transpose %2, [1, 0] : vector<32x64xf32> to vector<64x32xf32>
    %4 = arith.subf %0, %3 : vector<64x32xf32>
    %5 = arith.truncf %4 : vector<64x32xf32> to vector<64x32xbf16>
    %6 = vector.contract
           {indexing_maps = [#a, #bt, #c],
            iterator_types = ["parallel", "parallel", "reduction"],
            tile.mma = #tile.mma<m = 16, n = 8, k = 16,
              result = <warps = [4, 1], lanes = [8, 4], elems = [1, 2]>>}
           %5, %c, %none : vector<64x32xbf16>, vector<32x16xbf16> into vector<64x16xf32>
    vector.transfer_write %6, %o[%c0, %c0] {in_bounds = [true, true]}
      : vector<64x16xf32>, memref<64x16xf32>
    gpu.terminator
  } {tile.schedule = #tile.schedule<warps = 4>}
  return
}

// -----

// If two layouts meet, a conversion is inserted once for all uses. A constant that
// both use is duplicated. A loop and a branch have the layouts of the values that
// they carry.
// CHECK-LABEL: func @meet
// CHECK: %[[X:.*]] = tile.to_layout %{{.*}} to <lanes = [8, 4], elems = [1, 2]> {tile.layouts = [#tile.layout<lanes = [8, 4], elems = [1, 2]>]}
// CHECK: arith.constant {tile.layouts = [#tile.layout<lanes = [8, 4], elems = [1, 2]>]} dense<1.0
// CHECK: %[[LOOP:.*]] = scf.for
// CHECK: scf.if
// CHECK: {tile.layouts = [#tile.layout<lanes = [8, 4], elems = [1, 2]>]}
// CHECK: {tile.layouts = [#tile.layout<lanes = [8, 4], elems = [1, 2]>]}
// CHECK: %[[Y:.*]] = tile.to_layout %{{.*}} to <lanes = [2, 16], elems = [1, 1]> {tile.layouts = [#tile.layout<lanes = [2, 16], elems = [1, 1]>]}
// CHECK: arith.constant {tile.layouts = [#tile.layout<lanes = [2, 16], elems = [1, 1]>]} dense<1.0
// CHECK: %[[SUM:.*]] = arith.addf
// CHECK: %[[CHANGED:.*]] = tile.to_layout %[[Y]] to <lanes = [8, 4], elems = [1, 2]> {tile.layouts = [#tile.layout<lanes = [8, 4], elems = [1, 2]>]}
// CHECK: arith.addf %[[LOOP]], %[[CHANGED]] {tile.layouts = [#tile.layout<lanes = [8, 4], elems = [1, 2]>]}
// CHECK-NOT: tile.to_layout
// CHECK: arith.subf %[[LOOP]], %[[CHANGED]]
func.func @meet(%m: memref<16x16xf32, #gpu.address_space<workgroup>>, %o: memref<16x16xf32>, %p: i1) {
  %c1 = arith.constant 1 : index
  %threads = arith.constant 128 : index
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
             threads(%tx, %ty, %tz) in (%sx = %threads, %sy = %c1, %sz = %c1) {
    %c0 = arith.constant 0 : index
    %one = arith.constant dense<1.0> : vector<16x16xf32>
    %pad = arith.constant 0.0 : f32
    %u = vector.transfer_read %m[%c0, %c0], %pad {in_bounds = [true, true]}
           : memref<16x16xf32, #gpu.address_space<workgroup>>, vector<16x16xf32>
    %v = vector.transfer_read %m[%c0, %c0], %pad {in_bounds = [true, true]}
           : memref<16x16xf32, #gpu.address_space<workgroup>>, vector<16x16xf32>
    %x = tile.to_layout %u to <lanes = [8, 4], elems = [1, 2]> : vector<16x16xf32>
    %0 = arith.addf %x, %one : vector<16x16xf32>
    %1 = scf.for %j = %c0 to %c1 step %c1 iter_args(%acc = %0)
        -> (vector<16x16xf32>) {
      %2 = scf.if %p -> (vector<16x16xf32>) {
        %3 = arith.negf %acc : vector<16x16xf32>
        scf.yield %3 : vector<16x16xf32>
      } else {
        scf.yield %acc : vector<16x16xf32>
      }
      scf.yield %2 : vector<16x16xf32>
    }
    %y = tile.to_layout %v to <lanes = [2, 16], elems = [1, 1]> : vector<16x16xf32>
    %4 = arith.addf %y, %one : vector<16x16xf32>
    vector.transfer_write %4, %o[%c0, %c0] {in_bounds = [true, true]}
      : vector<16x16xf32>, memref<16x16xf32>
    %5 = arith.addf %1, %y : vector<16x16xf32>
    vector.transfer_write %5, %o[%c0, %c0] {in_bounds = [true, true]}
      : vector<16x16xf32>, memref<16x16xf32>
    %6 = arith.subf %1, %y : vector<16x16xf32>
    vector.transfer_write %6, %o[%c0, %c0] {in_bounds = [true, true]}
      : vector<16x16xf32>, memref<16x16xf32>
    gpu.terminator
  } {tile.schedule = #tile.schedule<warps = 4>}
  return
}

// -----

#a = affine_map<(d0, d1, d2) -> (d0, d2)>
#b = affine_map<(d0, d1, d2) -> (d1, d2)>
#bt = affine_map<(d0, d1, d2) -> (d2, d1)>
#c = affine_map<(d0, d1, d2) -> (d0, d1)>
#shared = #gpu.address_space<workgroup>

// Keys that are also values are read once for each contraction and never converted.
// CHECK-LABEL: func @keys_are_values
// CHECK: vector.transfer_read {{.*}}tile.layouts = [#tile.layout<lanes = [8, 4], elems = [1, 2]>]
// CHECK: vector.contract
// CHECK: vector.transfer_read {{.*}}tile.layouts = [#tile.layout<lanes = [4, 8], elems = [2, 1], lane_strides = [1, 4]>]
// CHECK: vector.contract
// CHECK-NOT: tile.to_layout
func.func @keys_are_values(%q: memref<64x16xbf16, #shared>, %k: memref<16x16xbf16, #shared>,
    %o: memref<64x16xf32>) {
  %c1 = arith.constant 1 : index
  %threads = arith.constant 128 : index
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
             threads(%tx, %ty, %tz) in (%sx = %threads, %sy = %c1, %sz = %c1) {
    %c0 = arith.constant 0 : index
    %pad = arith.constant 0.0 : bf16
    %a = vector.transfer_read %q[%c0, %c0], %pad {in_bounds = [true, true]}
           : memref<64x16xbf16, #shared>, vector<64x16xbf16>
    %b = vector.transfer_read %k[%c0, %c0], %pad {in_bounds = [true, true]}
           : memref<16x16xbf16, #shared>, vector<16x16xbf16>
    %zero = arith.constant dense<0.0> : vector<64x16xf32>
    %0 = vector.contract
           {indexing_maps = [#a, #b, #c],
            iterator_types = ["parallel", "parallel", "reduction"],
            tile.mma = #tile.mma<m = 16, n = 8, k = 16,
              result = <warps = [4, 1], lanes = [8, 4], elems = [1, 2]>>}
           %a, %b, %zero : vector<64x16xbf16>, vector<16x16xbf16> into vector<64x16xf32>
    %1 = arith.truncf %0 : vector<64x16xf32> to vector<64x16xbf16>
    %2 = vector.contract
           {indexing_maps = [#a, #bt, #c],
            iterator_types = ["parallel", "parallel", "reduction"],
            tile.mma = #tile.mma<m = 16, n = 8, k = 16,
              result = <warps = [4, 1], lanes = [8, 4], elems = [1, 2]>>}
           %1, %b, %zero : vector<64x16xbf16>, vector<16x16xbf16> into vector<64x16xf32>
    vector.transfer_write %2, %o[%c0, %c0] {in_bounds = [true, true]}
      : vector<64x16xf32>, memref<64x16xf32>
    gpu.terminator
  } {tile.schedule = #tile.schedule<warps = 4>}
  return
}
// -----

#a = affine_map<(d0, d1, d2) -> (d0, d2)>
#b = affine_map<(d0, d1, d2) -> (d1, d2)>
#bt = affine_map<(d0, d1, d2) -> (d2, d1)>
#c = affine_map<(d0, d1, d2) -> (d0, d1)>
#shared = #gpu.address_space<workgroup>

// The same for a tile that is rounded after it was read.
// CHECK-LABEL: func @rounded_keys_are_values
// CHECK-NOT: tile.to_layout
// CHECK: %[[KEYS:.*]] = vector.transfer_read %[[K:[a-z0-9]+]][{{.*}} memref<16x16xf32
// CHECK: %[[ROUNDED_KEYS:.*]] = arith.truncf %[[KEYS]] {{.*}}lanes = [8, 4], elems = [1, 2]
// CHECK: vector.contract {{.*}} %[[ROUNDED_KEYS]],
// CHECK: %[[VALUES:.*]] = vector.transfer_read %[[K]][{{.*}} memref<16x16xf32
// CHECK: %[[ROUNDED_VALUES:.*]] = arith.truncf %[[VALUES]] {{.*}}lanes = [4, 8], elems = [2, 1]
// CHECK: vector.contract {{.*}} %[[ROUNDED_VALUES]],
// CHECK-NOT: tile.to_layout
func.func @rounded_keys_are_values(%q: memref<64x16xbf16, #shared>, %k: memref<16x16xf32, #shared>, %o: memref<64x16xf32>) {
  %c1 = arith.constant 1 : index
  %threads = arith.constant 128 : index
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
             threads(%tx, %ty, %tz) in (%sx = %threads, %sy = %c1, %sz = %c1) {
    %c0 = arith.constant 0 : index
    %pad = arith.constant 0.0 : bf16
    %pad32 = arith.constant 0.0 : f32
    %a = vector.transfer_read %q[%c0, %c0], %pad {in_bounds = [true, true]}
           : memref<64x16xbf16, #shared>, vector<64x16xbf16>
    %k32 = vector.transfer_read %k[%c0, %c0], %pad32 {in_bounds = [true, true]}
           : memref<16x16xf32, #shared>, vector<16x16xf32>
    %b = arith.truncf %k32 : vector<16x16xf32> to vector<16x16xbf16>
    %zero = arith.constant dense<0.0> : vector<64x16xf32>
    %0 = vector.contract
           {indexing_maps = [#a, #b, #c],
            iterator_types = ["parallel", "parallel", "reduction"],
            tile.mma = #tile.mma<m = 16, n = 8, k = 16,
              result = <warps = [4, 1], lanes = [8, 4], elems = [1, 2]>>}
           %a, %b, %zero : vector<64x16xbf16>, vector<16x16xbf16> into vector<64x16xf32>
    %1 = arith.truncf %0 : vector<64x16xf32> to vector<64x16xbf16>
    %2 = vector.contract
           {indexing_maps = [#a, #bt, #c],
            iterator_types = ["parallel", "parallel", "reduction"],
            tile.mma = #tile.mma<m = 16, n = 8, k = 16,
              result = <warps = [4, 1], lanes = [8, 4], elems = [1, 2]>>}
           %1, %b, %zero : vector<64x16xbf16>, vector<16x16xbf16> into vector<64x16xf32>
    vector.transfer_write %2, %o[%c0, %c0] {in_bounds = [true, true]}
      : vector<64x16xf32>, memref<64x16xf32>
    gpu.terminator
  } {tile.schedule = #tile.schedule<warps = 4>}
  return
}

// -----

#q = affine_map<(a, r, n, m, d) -> (a, r, n, d)>
#k = affine_map<(a, r, n, m, d) -> (a, m, d)>
#s = affine_map<(a, r, n, m, d) -> (a, r, n, m)>
#shared = #gpu.address_space<workgroup>

// The rows of two maps are read as one dimension: its warps are those of the maps, and its
// lanes those of the rows. A row that some lanes of a warp hold is copied to all lanes.
// CHECK-LABEL: func @split_rows
// CHECK: vector.transfer_read {{.*}}tile.layouts = [#tile.layout<warps = [2, 1, 1], lanes = [2, 4, 4], elems = [1, 1, 2]>]{{.*}} vector<8x4x16xbf16>
// CHECK: vector.shape_cast {{.*}}tile.layouts = [#tile.layout<warps = [2, 1, 1, 1], lanes = [1, 2, 4, 4], elems = [1, 1, 1, 2]>]
// CHECK: %[[SCORES:.*]] = vector.contract
// CHECK: %[[COPIES:.*]] = tile.to_layout %[[SCORES]] {{.*}}#tile.layout<lanes = [1, 1, 4, 4], elems = [1, 1, 1, 2]>
// CHECK: vector.extract %[[COPIES]][1, 0] {tile.layouts = [#tile.layout<lanes = [4, 4], elems = [1, 2]>]}
func.func @split_rows(%q: memref<8x4x16xbf16, #shared>, %k: memref<2x32x16xbf16, #shared>,
                      %o: memref<4x32xf32>) {
  %c1 = arith.constant 1 : index
  %threads = arith.constant 64 : index
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
             threads(%tx, %ty, %tz) in (%sx = %threads, %sy = %c1, %sz = %c1) {
    %c0 = arith.constant 0 : index
    %pad = arith.constant 0.0 : bf16
    %zero = arith.constant dense<0.0> : vector<2x4x4x32xf32>
    %rows = vector.transfer_read %q[%c0, %c0, %c0], %pad {in_bounds = [true, true, true]}
              : memref<8x4x16xbf16, #shared>, vector<8x4x16xbf16>
    %lhs = vector.shape_cast %rows : vector<8x4x16xbf16> to vector<2x4x4x16xbf16>
    %rhs = vector.transfer_read %k[%c0, %c0, %c0], %pad {in_bounds = [true, true, true]}
             : memref<2x32x16xbf16, #shared>, vector<2x32x16xbf16>
    %1 = vector.contract
         {indexing_maps = [#q, #k, #s],
          iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"],
          tile.mma = #tile.mma<m = 16, n = 8, k = 16,
            result = <warps = [2, 1, 1, 1], lanes = [1, 2, 4, 4], elems = [1, 1, 1, 2]>>}
         %lhs, %rhs, %zero : vector<2x4x4x16xbf16>, vector<2x32x16xbf16> into vector<2x4x4x32xf32>
    %2 = vector.extract %1[1, 0] : vector<4x32xf32> from vector<2x4x4x32xf32>
    vector.transfer_write %2, %o[%c0, %c0] {in_bounds = [true, true]} : vector<4x32xf32>, memref<4x32xf32>
    gpu.terminator
  } {tile.schedule = #tile.schedule<warps = 2>}
  return
}
