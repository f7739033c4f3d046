// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: diff-opt %s -split-input-file -tile-skip-rescale -canonicalize | FileCheck %s

#a = affine_map<(d0, d1, d2) -> (d0, d2)>
#bt = affine_map<(d0, d1, d2) -> (d2, d1)>
#c = affine_map<(d0, d1, d2) -> (d0, d1)>

// One branch directly after the factor. A NaN also differs from 1.
// CHECK-LABEL: func @skipped
// CHECK-SAME: %[[ACC:[^:]*]]: vector<16x32xf32>
// CHECK: %[[ONE:.*]] = arith.constant dense<1.000000e+00> : vector<16xf32>
// CHECK: %[[F:.*]] = math.exp2
// CHECK-NEXT: %[[CHANGED:.*]] = arith.cmpf une, %[[F]], %[[ONE]]
// CHECK-NEXT: %[[ANY:.*]] = tile.warp_any %[[CHANGED]]
// CHECK-NEXT: %[[SCALED:.*]] = scf.if %[[ANY]] -> (vector<16x32xf32>)
// CHECK: arith.mulf %[[ACC]], %{{.*}} : vector<16x32xf32>
// CHECK: else
// CHECK-NEXT: scf.yield %[[ACC]]
// CHECK: vector.contract {{.*}} %{{.*}}, %{{.*}}, %[[SCALED]] :
func.func @skipped(%p: vector<16x64xbf16>, %x: vector<16xf32>, %acc: vector<16x32xf32>,
              %v: vector<64x32xbf16>, %o: memref<16x32xf32>) {
  %c1 = arith.constant 1 : index
  %threads = arith.constant 32 : index
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
             threads(%tx, %ty, %tz) in (%sx = %threads, %sy = %c1, %sz = %c1) {
    %c0 = arith.constant 0 : index
    %f = math.exp2 %x : vector<16xf32>
    %0 = vector.broadcast %f : vector<16xf32> to vector<32x16xf32>
    %1 = vector.transpose %0, [1, 0] : vector<32x16xf32> to vector<16x32xf32>
    %2 = arith.mulf %acc, %1 : vector<16x32xf32>
    %3 = vector.contract
           {indexing_maps = [#a, #bt, #c],
            iterator_types = ["parallel", "parallel", "reduction"]}
           %p, %v, %2 : vector<16x64xbf16>, vector<64x32xbf16> into vector<16x32xf32>
    vector.transfer_write %3, %o[%c0, %c0] {in_bounds = [true, true]}
      : vector<16x32xf32>, memref<16x32xf32>
    gpu.terminator
  } {tile.schedule = #tile.schedule<warps = 1, skip_rescale = true>}
  return
}

// -----

#a = affine_map<(d0, d1, d2) -> (d0, d2)>
#bt = affine_map<(d0, d1, d2) -> (d2, d1)>
#c = affine_map<(d0, d1, d2) -> (d0, d1)>

// Not requested.
// CHECK-LABEL: func @not_asked
// CHECK-NOT: scf.if
func.func @not_asked(%p: vector<16x64xbf16>, %x: vector<16xf32>, %acc: vector<16x32xf32>,
              %v: vector<64x32xbf16>, %o: memref<16x32xf32>) {
  %c1 = arith.constant 1 : index
  %threads = arith.constant 32 : index
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
             threads(%tx, %ty, %tz) in (%sx = %threads, %sy = %c1, %sz = %c1) {
    %c0 = arith.constant 0 : index
    %f = math.exp2 %x : vector<16xf32>
    %0 = vector.broadcast %f : vector<16xf32> to vector<32x16xf32>
    %1 = vector.transpose %0, [1, 0] : vector<32x16xf32> to vector<16x32xf32>
    %2 = arith.mulf %acc, %1 : vector<16x32xf32>
    %3 = vector.contract
           {indexing_maps = [#a, #bt, #c],
            iterator_types = ["parallel", "parallel", "reduction"]}
           %p, %v, %2 : vector<16x64xbf16>, vector<64x32xbf16> into vector<16x32xf32>
    vector.transfer_write %3, %o[%c0, %c0] {in_bounds = [true, true]}
      : vector<16x32xf32>, memref<16x32xf32>
    gpu.terminator
  } {tile.schedule = #tile.schedule<warps = 1>}
  return
}

// -----

#a = affine_map<(d0, d1, d2) -> (d0, d2)>
#bt = affine_map<(d0, d1, d2) -> (d2, d1)>
#c = affine_map<(d0, d1, d2) -> (d0, d1)>

// A product with users other than contractions stays.
// CHECK-LABEL: func @other_use
// CHECK-NOT: scf.if
func.func @other_use(%p: vector<16x64xbf16>, %x: vector<16xf32>, %acc: vector<16x32xf32>,
              %v: vector<64x32xbf16>, %o: memref<16x32xf32>) {
  %c1 = arith.constant 1 : index
  %threads = arith.constant 32 : index
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
             threads(%tx, %ty, %tz) in (%sx = %threads, %sy = %c1, %sz = %c1) {
    %c0 = arith.constant 0 : index
    %f = math.exp2 %x : vector<16xf32>
    %0 = vector.broadcast %f : vector<16xf32> to vector<32x16xf32>
    %1 = vector.transpose %0, [1, 0] : vector<32x16xf32> to vector<16x32xf32>
    %2 = arith.mulf %acc, %1 : vector<16x32xf32>
    %3 = vector.contract
           {indexing_maps = [#a, #bt, #c],
            iterator_types = ["parallel", "parallel", "reduction"]}
           %p, %v, %2 : vector<16x64xbf16>, vector<64x32xbf16> into vector<16x32xf32>
    vector.transfer_write %2, %o[%c0, %c0] {in_bounds = [true, true]}
      : vector<16x32xf32>, memref<16x32xf32>
    vector.transfer_write %3, %o[%c0, %c0] {in_bounds = [true, true]}
      : vector<16x32xf32>, memref<16x32xf32>
    gpu.terminator
  } {tile.schedule = #tile.schedule<warps = 1, skip_rescale = true>}
  return
}
