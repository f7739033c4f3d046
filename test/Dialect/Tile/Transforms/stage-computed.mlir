// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: diff-opt %s -split-input-file -tile-stage-computed | FileCheck %s

#shared = #gpu.address_space<workgroup>
#a = affine_map<(q, n, m, d) -> (n, q, d)>
#b = affine_map<(q, n, m, d) -> (m, d)>
#c = affine_map<(q, n, m, d) -> (q, n, m)>

// A scaled query: its rows are copied, without a branch for missing rows; the scale
// is read directly; and the result is stored in the row order of the product, in
// whole chunks.
// CHECK-LABEL: func @scaled(
// CHECK-SAME: %[[Q:[^:]*]]: memref<?x2x64xbf16>, %[[G:[^:]*]]: memref<2x64xf32>
// CHECK-DAG: tile.ring {{.*}}: memref<1x2x64x64xbf16, #{{.*}}>
// CHECK-DAG: tile.ring {{.*}}: memref<1x64x2x64xbf16, #{{.*}}>
// CHECK: %[[TOKEN:.*]] = tile.copy_async %[[Q]]{{.*}} {in_bounds = array<i1: false, true, true>{{.*}} : memref<?x2x64xbf16>, memref<64x2x64xbf16
// CHECK: tile.wait %[[TOKEN]]
// CHECK: %[[READ:.*]] = vector.transfer_read %{{.*}} : memref<64x2x64xbf16, #{{.*}}>, vector<64x2x64xbf16>
// CHECK: vector.transfer_read %[[G]]
// CHECK: %[[SCALED:.*]] = arith.truncf
// CHECK: %[[ORDERED:.*]] = vector.transpose %[[SCALED]], [1, 0, 2]
// CHECK: %[[ROWS:.*]] = tile.to_layout %[[ORDERED]] to <warps = [1, 4, 1], lanes = [1, 4, 8], elems = [1, 1, 8]>
// CHECK: vector.transfer_write %[[ROWS]], %[[SLOT:.*]][%{{.*}}]
// CHECK: gpu.barrier
// CHECK: scf.for
// CHECK: %[[LHS:.*]] = vector.transfer_read %[[SLOT]]
// CHECK: vector.contract {{.*}} %[[LHS]], %{{.*}} : vector<2x64x64xbf16>, vector<64x64xbf16> into vector<2x64x64xf32>
func.func @scaled(%q: memref<?x2x64xbf16>, %g: memref<2x64xf32>, %k: memref<64x64xbf16, #shared>, %o: memref<2x64x64xf32>, %n: index) {
  %c1 = arith.constant 1 : index
  %threads = arith.constant 128 : index
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
             threads(%tx, %ty, %tz) in (%sx = %threads, %sy = %c1, %sz = %c1) {
    %c0 = arith.constant 0 : index
    %pad = arith.constant 0.0 : bf16
    %padf = arith.constant 0.0 : f32
    %zero = arith.constant dense<0.0> : vector<2x64x64xf32>
    %0 = vector.transfer_read %q[%c0, %c0, %c0], %pad {in_bounds = [false, true, true]} : memref<?x2x64xbf16>, vector<64x2x64xbf16>
    %1 = arith.extf %0 : vector<64x2x64xbf16> to vector<64x2x64xf32>
    %2 = vector.transfer_read %g[%c0, %c0], %padf {in_bounds = [true, true]} : memref<2x64xf32>, vector<2x64xf32>
    %3 = vector.broadcast %2 : vector<2x64xf32> to vector<64x2x64xf32>
    %4 = arith.mulf %1, %3 : vector<64x2x64xf32>
    %5 = arith.truncf %4 : vector<64x2x64xf32> to vector<64x2x64xbf16>
    %6 = scf.for %i = %c0 to %n step %c1 iter_args(%acc = %zero) -> (vector<2x64x64xf32>) {
      %key = vector.transfer_read %k[%c0, %c0], %pad {in_bounds = [true, true]} : memref<64x64xbf16, #shared>, vector<64x64xbf16>
      %7 = vector.contract {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
             %5, %key, %acc : vector<64x2x64xbf16>, vector<64x64xbf16> into vector<2x64x64xf32>
      scf.yield %7 : vector<2x64x64xf32>
    }
    vector.transfer_write %6, %o[%c0, %c0, %c0] {in_bounds = [true, true, true]} : vector<2x64x64xf32>, memref<2x64x64xf32>
    gpu.terminator
  } {tile.schedule = #tile.schedule<warps = 4>}
  return
}

// -----

#shared = #gpu.address_space<workgroup>
#a = affine_map<(n, m, d) -> (n, d)>
#b = affine_map<(n, m, d) -> (m, d)>
#c = affine_map<(n, m, d) -> (n, m)>

// In a loop, all threads must have read the previous contents.
// CHECK-LABEL: func @in_loop(
// CHECK: scf.for
// CHECK: arith.negf
// CHECK: tile.to_layout
// CHECK-NEXT: {{.*}}arith.constant
// CHECK-NEXT: gpu.barrier
// CHECK-NEXT: vector.transfer_write
// CHECK-NEXT: gpu.barrier
// CHECK: vector.contract
func.func @in_loop(%q: memref<64x64xf16, #shared>, %k: memref<?x64xf16>, %o: memref<64x64xf32>, %n: index) {
  %c1 = arith.constant 1 : index
  %c64 = arith.constant 64 : index
  %threads = arith.constant 128 : index
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
             threads(%tx, %ty, %tz) in (%sx = %threads, %sy = %c1, %sz = %c1) {
    %c0 = arith.constant 0 : index
    %pad = arith.constant 0.0 : f16
    %zero = arith.constant dense<0.0> : vector<64x64xf32>
    %0 = scf.for %i = %c0 to %n step %c64 iter_args(%acc = %zero) -> (vector<64x64xf32>) {
      %query = vector.transfer_read %q[%c0, %c0], %pad {in_bounds = [true, true]} : memref<64x64xf16, #shared>, vector<64x64xf16>
      %key = vector.transfer_read %k[%i, %c0], %pad {in_bounds = [false, true]} : memref<?x64xf16>, vector<64x64xf16>
      %neg = arith.negf %key : vector<64x64xf16>
      %1 = vector.contract {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
             %query, %neg, %acc : vector<64x64xf16>, vector<64x64xf16> into vector<64x64xf32>
      scf.yield %1 : vector<64x64xf32>
    }
    vector.transfer_write %0, %o[%c0, %c0] {in_bounds = [true, true]} : vector<64x64xf32>, memref<64x64xf32>
    gpu.terminator
  } {tile.schedule = #tile.schedule<warps = 4>}
  return
}

// -----

#shared = #gpu.address_space<workgroup>
#a = affine_map<(n, m, d) -> (n, d)>
#b = affine_map<(n, m, d) -> (m, d)>
#bt = affine_map<(n, m, d) -> (d, m)>
#c = affine_map<(n, m, d) -> (n, m)>

// The result of a contraction stays in registers; without a schedule, all values do.
// CHECK-LABEL: func @left(
// CHECK-NOT: tile.ring
func.func @left(%q: memref<64x64xf16, #shared>, %k: memref<64x64xf16, #shared>, %g: memref<64x64xf16>, %o: memref<64x64xf32>) {
  %c1 = arith.constant 1 : index
  %threads = arith.constant 128 : index
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
             threads(%tx, %ty, %tz) in (%sx = %threads, %sy = %c1, %sz = %c1) {
    %c0 = arith.constant 0 : index
    %pad = arith.constant 0.0 : f16
    %zero = arith.constant dense<0.0> : vector<64x64xf32>
    %query = vector.transfer_read %q[%c0, %c0], %pad {in_bounds = [true, true]} : memref<64x64xf16, #shared>, vector<64x64xf16>
    %key = vector.transfer_read %k[%c0, %c0], %pad {in_bounds = [true, true]} : memref<64x64xf16, #shared>, vector<64x64xf16>
    %0 = vector.contract {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
           %query, %key, %zero : vector<64x64xf16>, vector<64x64xf16> into vector<64x64xf32>
    %gain = vector.transfer_read %g[%c0, %c0], %pad {in_bounds = [true, true]} : memref<64x64xf16>, vector<64x64xf16>
    %1 = arith.truncf %0 : vector<64x64xf32> to vector<64x64xf16>
    %2 = arith.mulf %1, %gain : vector<64x64xf16>
    %3 = vector.contract {indexing_maps = [#a, #bt, #c], iterator_types = ["parallel", "parallel", "reduction"]}
           %2, %key, %zero : vector<64x64xf16>, vector<64x64xf16> into vector<64x64xf32>
    vector.transfer_write %3, %o[%c0, %c0] {in_bounds = [true, true]} : vector<64x64xf32>, memref<64x64xf32>
    gpu.terminator
  } {tile.schedule = #tile.schedule<warps = 4>}
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
             threads(%tx, %ty, %tz) in (%sx = %threads, %sy = %c1, %sz = %c1) {
    %c0 = arith.constant 0 : index
    %pad = arith.constant 0.0 : f16
    %zero = arith.constant dense<0.0> : vector<64x64xf32>
    %gain = vector.transfer_read %g[%c0, %c0], %pad {in_bounds = [true, true]} : memref<64x64xf16>, vector<64x64xf16>
    %neg = arith.negf %gain : vector<64x64xf16>
    %0 = vector.contract {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
           %neg, %gain, %zero : vector<64x64xf16>, vector<64x64xf16> into vector<64x64xf32>
    vector.transfer_write %0, %o[%c0, %c0] {in_bounds = [true, true]} : vector<64x64xf32>, memref<64x64xf32>
    gpu.terminator
  }
  return
}
