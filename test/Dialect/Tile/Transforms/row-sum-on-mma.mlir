// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: diff-opt %s -split-input-file -tile-row-sum-on-mma -canonicalize | FileCheck %s

#a = affine_map<(d0, d1, d2) -> (d0, d2)>
#bt = affine_map<(d0, d1, d2) -> (d2, d1)>
#c = affine_map<(d0, d1, d2) -> (d0, d1)>

// The rounded weights times 8 columns of ones, each of which holds the sum. After the
// loop, a maximum selects one. The attributes of the loop are kept.
// CHECK-LABEL: func @on_mma
// CHECK-DAG: %[[ONES:.*]] = arith.constant dense<1.000000e+00> : vector<64x8xbf16>
// CHECK-DAG: %[[ZERO:.*]] = arith.constant dense<0.000000e+00> : vector<16x8xf32>
// CHECK: %[[L:.*]]:2 = scf.for {{.*}} %[[OLD:[^ ]*]] = %[[ZERO]]) -> (vector<16x32xf32>, vector<16x8xf32>)
// CHECK: %[[SCALED:.*]] = arith.mulf %[[OLD]], %{{.*}} : vector<16x8xf32>
// CHECK: %[[ROUNDED:.*]] = arith.truncf
// CHECK: vector.contract {{.*}} %[[ROUNDED]], %[[ONES]], %[[SCALED]] : vector<16x64xbf16>, vector<64x8xbf16> into vector<16x8xf32>
// CHECK: tile.stages = 1
// CHECK: vector.multi_reduction <maximumf>, %[[L]]#1, %{{.*}} [1] : vector<16x8xf32> to vector<16xf32>
func.func @on_mma(%p: vector<16x64xf32>, %f: vector<16xf32>, %v: vector<64x32xbf16>,
              %o: memref<16x32xf32>, %m: memref<16xf32>, %n: index) {
  %c1 = arith.constant 1 : index
  %threads = arith.constant 32 : index
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
             threads(%tx, %ty, %tz) in (%sx = %threads, %sy = %c1, %sz = %c1) {
    %c0 = arith.constant 0 : index
    %zero = arith.constant dense<0.0> : vector<16xf32>
    %none = arith.constant dense<0.0> : vector<16x32xf32>
    %0:2 = scf.for %j = %c0 to %n step %c1 iter_args(%acc = %none, %l = %zero)
        -> (vector<16x32xf32>, vector<16xf32>) {
      %1 = arith.mulf %l, %f : vector<16xf32>
      %2 = vector.multi_reduction <add>, %p, %1 [1]
             : vector<16x64xf32> to vector<16xf32>
      %r = arith.truncf %p : vector<16x64xf32> to vector<16x64xbf16>
      %3 = vector.contract
           {indexing_maps = [#a, #bt, #c],
            iterator_types = ["parallel", "parallel", "reduction"]}
           %r, %v, %acc : vector<16x64xbf16>, vector<64x32xbf16> into vector<16x32xf32>
      scf.yield %3, %2 : vector<16x32xf32>, vector<16xf32>
    } {tile.stages = 1}
    vector.transfer_write %0#0, %o[%c0, %c0] {in_bounds = [true, true]}
      : vector<16x32xf32>, memref<16x32xf32>
    vector.transfer_write %0#1, %m[%c0] {in_bounds = [true]}
      : vector<16xf32>, memref<16xf32>
    gpu.terminator
  } {tile.schedule = #tile.schedule<warps = 1, row_sum_on_mma = true>}
  return
}

// -----

#a = affine_map<(d0, d1, d2) -> (d0, d2)>
#bt = affine_map<(d0, d1, d2) -> (d2, d1)>
#c = affine_map<(d0, d1, d2) -> (d0, d1)>

// Not requested.
// CHECK-LABEL: func @not_asked
// CHECK: vector.multi_reduction <add>
// CHECK-NOT: 16x8xf32
func.func @not_asked(%p: vector<16x64xf32>, %f: vector<16xf32>, %v: vector<64x32xbf16>,
              %o: memref<16x32xf32>, %m: memref<16xf32>, %n: index) {
  %c1 = arith.constant 1 : index
  %threads = arith.constant 32 : index
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
             threads(%tx, %ty, %tz) in (%sx = %threads, %sy = %c1, %sz = %c1) {
    %c0 = arith.constant 0 : index
    %zero = arith.constant dense<0.0> : vector<16xf32>
    %none = arith.constant dense<0.0> : vector<16x32xf32>
    %0:2 = scf.for %j = %c0 to %n step %c1 iter_args(%acc = %none, %l = %zero)
        -> (vector<16x32xf32>, vector<16xf32>) {
      %1 = arith.mulf %l, %f : vector<16xf32>
      %2 = vector.multi_reduction <add>, %p, %1 [1]
             : vector<16x64xf32> to vector<16xf32>
      %r = arith.truncf %p : vector<16x64xf32> to vector<16x64xbf16>
      %3 = vector.contract
           {indexing_maps = [#a, #bt, #c],
            iterator_types = ["parallel", "parallel", "reduction"]}
           %r, %v, %acc : vector<16x64xbf16>, vector<64x32xbf16> into vector<16x32xf32>
      scf.yield %3, %2 : vector<16x32xf32>, vector<16xf32>
    } {tile.stages = 1}
    vector.transfer_write %0#0, %o[%c0, %c0] {in_bounds = [true, true]}
      : vector<16x32xf32>, memref<16x32xf32>
    vector.transfer_write %0#1, %m[%c0] {in_bounds = [true]}
      : vector<16xf32>, memref<16xf32>
    gpu.terminator
  } {tile.schedule = #tile.schedule<warps = 1>}
  return
}

// -----

#a = affine_map<(d0, d1, d2) -> (d0, d2)>
#bt = affine_map<(d0, d1, d2) -> (d2, d1)>
#c = affine_map<(d0, d1, d2) -> (d0, d1)>

// A tile before the loop: the loop continues with its columns. The rounding is before
// the sum, which reads it.
// CHECK-LABEL: func @in_front
// CHECK-SAME: %[[P:[^:]*]]: vector<16x64xf32>
// CHECK: %[[ROUNDED:.*]] = arith.truncf %[[P]]
// CHECK: %[[FIRST:.*]] = vector.contract {{.*}} %[[ROUNDED]], %{{.*}} : vector<16x64xbf16>, vector<64x8xbf16> into vector<16x8xf32>
// CHECK-NOT: vector.multi_reduction
// CHECK: %[[L:.*]]:2 = scf.for {{.*}} %{{.*}} = %[[FIRST]]) -> (vector<16x32xf32>, vector<16x8xf32>)
// CHECK: vector.multi_reduction <maximumf>, %[[L]]#1, %{{.*}} [1] : vector<16x8xf32> to vector<16xf32>
func.func @in_front(%p: vector<16x64xf32>, %f: vector<16xf32>, %v: vector<64x32xbf16>,
              %o: memref<16x32xf32>, %m: memref<16xf32>, %n: index) {
  %c1 = arith.constant 1 : index
  %threads = arith.constant 32 : index
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
             threads(%tx, %ty, %tz) in (%sx = %threads, %sy = %c1, %sz = %c1) {
    %c0 = arith.constant 0 : index
    %zero = arith.constant dense<0.0> : vector<16xf32>
    %none = arith.constant dense<0.0> : vector<16x32xf32>
    %start = arith.mulf %zero, %f : vector<16xf32>
    %first = vector.multi_reduction <add>, %p, %start [1]
               : vector<16x64xf32> to vector<16xf32>
    %rounded = arith.truncf %p : vector<16x64xf32> to vector<16x64xbf16>
    %product = vector.contract
         {indexing_maps = [#a, #bt, #c],
          iterator_types = ["parallel", "parallel", "reduction"]}
         %rounded, %v, %none : vector<16x64xbf16>, vector<64x32xbf16> into vector<16x32xf32>
    %0:2 = scf.for %j = %c0 to %n step %c1 iter_args(%acc = %product, %l = %first)
        -> (vector<16x32xf32>, vector<16xf32>) {
      %1 = arith.mulf %l, %f : vector<16xf32>
      %2 = vector.multi_reduction <add>, %p, %1 [1]
             : vector<16x64xf32> to vector<16xf32>
      %r = arith.truncf %p : vector<16x64xf32> to vector<16x64xbf16>
      %3 = vector.contract
           {indexing_maps = [#a, #bt, #c],
            iterator_types = ["parallel", "parallel", "reduction"]}
           %r, %v, %acc : vector<16x64xbf16>, vector<64x32xbf16> into vector<16x32xf32>
      scf.yield %3, %2 : vector<16x32xf32>, vector<16xf32>
    } {tile.stages = 1}
    vector.transfer_write %0#0, %o[%c0, %c0] {in_bounds = [true, true]}
      : vector<16x32xf32>, memref<16x32xf32>
    vector.transfer_write %0#1, %m[%c0] {in_bounds = [true]}
      : vector<16xf32>, memref<16xf32>
    gpu.terminator
  } {tile.schedule = #tile.schedule<warps = 1, row_sum_on_mma = true>}
  return
}
