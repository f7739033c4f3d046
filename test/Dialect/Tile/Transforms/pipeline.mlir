// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: diff-opt %s -split-input-file -tile-pipeline -canonicalize -cse | FileCheck %s

#shared = #gpu.address_space<workgroup>

// One slot, and a wait after its last read: the next tile is copied directly after
// this wait, one iteration ahead. There are always at least 4 iterations.
// CHECK-LABEL: func @one_slot
// CHECK: %[[RING:.*]] = tile.ring
// CHECK: %[[FIRST:.*]] = tile.copy_async %{{.*}}[%c0, %c0]
// CHECK-NOT: scf.if
// CHECK: %[[LOOP:.*]]:2 = scf.for %[[J:.*]] = {{.*}} iter_args(%{{.*}} = %{{.*}}, %[[TOKEN:.*]] = %[[FIRST]]) -> (vector<64x64xbf16>, !tile.token)
// CHECK: tile.wait %[[TOKEN]]
// CHECK: vector.transfer_read
// CHECK: tile.wait %[[TOKEN]]
// CHECK: %[[NEXT:.*]] = arith.addi %[[J]], %c64
// CHECK: %[[AHEAD:.*]] = tile.copy_async %{{.*}}[%[[NEXT]], %c0]
// CHECK: scf.yield %{{.*}}, %[[AHEAD]]
// CHECK: tile.steady
// The last iteration follows the loop and copies nothing.
// CHECK: tile.wait %[[LOOP]]#1
// CHECK-NOT: tile.copy_async
// CHECK: return
func.func @one_slot(%k: memref<?x64xbf16>, %o: memref<64x64xbf16>) {
  %c1 = arith.constant 1 : index
  %threads = arith.constant 128 : index
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
             threads(%tx, %ty, %tz) in (%sx = %threads, %sy = %c1, %sz = %c1) {
    %c0 = arith.constant 0 : index
    %c64 = arith.constant 64 : index
    %pad = arith.constant 0.0 : bf16
    %zero = arith.constant dense<0.0> : vector<64x64xbf16>
    %ring = tile.ring : memref<1x64x64xbf16, #shared>
    %n = arith.constant 256 : index
    %0 = scf.for %j = %c0 to %n step %c64 iter_args(%acc = %zero)
        -> (vector<64x64xbf16>) {
      %i = arith.divui %j, %c64 : index
      %slot = tile.slot %ring[%i] : memref<1x64x64xbf16, #shared>
                -> memref<64x64xbf16, #shared>
      %token = tile.copy_async %k[%j, %c0], %slot
                 {in_bounds = array<i1: true, true>,
                  permutation_map = affine_map<(d0, d1) -> (d0, d1)>}
                 : memref<?x64xbf16>, memref<64x64xbf16, #shared>
      tile.wait %token
      %1 = vector.transfer_read %slot[%c0, %c0], %pad {in_bounds = [true, true]}
             : memref<64x64xbf16, #shared>, vector<64x64xbf16>
      %2 = arith.addf %acc, %1 : vector<64x64xbf16>
      tile.wait %token
      scf.yield %2 : vector<64x64xbf16>
    } {tile.stages = 1}
    vector.transfer_write %0, %o[%c0, %c0] {in_bounds = [true, true]}
      : vector<64x64xbf16>, memref<64x64xbf16>
    gpu.terminator
  } {tile.schedule = #tile.schedule<warps = 4>}
  return
}

// -----

#shared = #gpu.address_space<workgroup>

// Two slots, and no wait after the last read: the first wait that all threads reach
// after the read is in the next iteration, so a copy moves after it and is one
// iteration ahead.
// CHECK-LABEL: func @two_slots
// CHECK: tile.copy_async %{{.*}}[%c0, %c0]
// CHECK: scf.for %[[J:.*]] = {{.*}} iter_args(%{{.*}} = %{{.*}}, %[[TOKEN:.*]] = %{{.*}}) -> (vector<64x64xbf16>, !tile.token)
// CHECK: tile.wait %[[TOKEN]]
// CHECK: %[[NEXT:.*]] = arith.addi %[[J]], %c64
// CHECK: tile.copy_async %{{.*}}[%[[NEXT]], %c0]
// CHECK: vector.transfer_read
// CHECK: scf.yield
func.func @two_slots(%k: memref<?x64xbf16>, %o: memref<64x64xbf16>) {
  %c1 = arith.constant 1 : index
  %threads = arith.constant 128 : index
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
             threads(%tx, %ty, %tz) in (%sx = %threads, %sy = %c1, %sz = %c1) {
    %c0 = arith.constant 0 : index
    %c64 = arith.constant 64 : index
    %pad = arith.constant 0.0 : bf16
    %zero = arith.constant dense<0.0> : vector<64x64xbf16>
    %ring = tile.ring : memref<2x64x64xbf16, #shared>
    %n = arith.constant 256 : index
    %0 = scf.for %j = %c0 to %n step %c64 iter_args(%acc = %zero)
        -> (vector<64x64xbf16>) {
      %i = arith.divui %j, %c64 : index
      %slot = tile.slot %ring[%i] : memref<2x64x64xbf16, #shared>
                -> memref<64x64xbf16, #shared>
      %token = tile.copy_async %k[%j, %c0], %slot
                 {in_bounds = array<i1: true, true>,
                  permutation_map = affine_map<(d0, d1) -> (d0, d1)>}
                 : memref<?x64xbf16>, memref<64x64xbf16, #shared>
      tile.wait %token
      %1 = vector.transfer_read %slot[%c0, %c0], %pad {in_bounds = [true, true]}
             : memref<64x64xbf16, #shared>, vector<64x64xbf16>
      %2 = arith.addf %acc, %1 : vector<64x64xbf16>
      scf.yield %2 : vector<64x64xbf16>
    } {tile.stages = 1}
    vector.transfer_write %0, %o[%c0, %c0] {in_bounds = [true, true]}
      : vector<64x64xbf16>, memref<64x64xbf16>
    gpu.terminator
  } {tile.schedule = #tile.schedule<warps = 4>}
  return
}

// -----

#shared = #gpu.address_space<workgroup>

// The number of iterations is dynamic: without iterations, nothing is prefetched.
// CHECK-LABEL: func @dynamic
// CHECK-SAME: %[[N:[^:]*]]: index
// CHECK: %[[COUNT:.*]] = arith.ceildivsi %[[N]], %c64
// CHECK: %[[ENOUGH:.*]] = arith.cmpi sge, %[[COUNT]], %c1
// CHECK: %[[R:.*]] = scf.if %[[ENOUGH]] -> (vector<64x64xbf16>)
// CHECK: tile.copy_async
// CHECK: scf.for
// CHECK: tile.copy_async
// CHECK: } else {
// CHECK-NEXT: scf.yield %{{.*}}
// CHECK-NEXT: }
// CHECK: vector.transfer_write %[[R]]
func.func @dynamic(%k: memref<?x64xbf16>, %o: memref<64x64xbf16>, %n: index) {
  %c1 = arith.constant 1 : index
  %threads = arith.constant 128 : index
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
             threads(%tx, %ty, %tz) in (%sx = %threads, %sy = %c1, %sz = %c1) {
    %c0 = arith.constant 0 : index
    %c64 = arith.constant 64 : index
    %pad = arith.constant 0.0 : bf16
    %zero = arith.constant dense<0.0> : vector<64x64xbf16>
    %ring = tile.ring : memref<1x64x64xbf16, #shared>
    %0 = scf.for %j = %c0 to %n step %c64 iter_args(%acc = %zero)
        -> (vector<64x64xbf16>) {
      %i = arith.divui %j, %c64 : index
      %slot = tile.slot %ring[%i] : memref<1x64x64xbf16, #shared>
                -> memref<64x64xbf16, #shared>
      %token = tile.copy_async %k[%j, %c0], %slot
                 {in_bounds = array<i1: true, true>,
                  permutation_map = affine_map<(d0, d1) -> (d0, d1)>}
                 : memref<?x64xbf16>, memref<64x64xbf16, #shared>
      tile.wait %token
      %1 = vector.transfer_read %slot[%c0, %c0], %pad {in_bounds = [true, true]}
             : memref<64x64xbf16, #shared>, vector<64x64xbf16>
      %2 = arith.addf %acc, %1 : vector<64x64xbf16>
      tile.wait %token
      scf.yield %2 : vector<64x64xbf16>
    } {tile.stages = 1}
    vector.transfer_write %0, %o[%c0, %c0] {in_bounds = [true, true]}
      : vector<64x64xbf16>, memref<64x64xbf16>
    gpu.terminator
  } {tile.schedule = #tile.schedule<warps = 4>}
  return
}

// -----

#shared = #gpu.address_space<workgroup>

// Two iterations ahead: with one iteration, the original loop runs.
// CHECK-LABEL: func @dynamic_two_ahead
// CHECK: arith.cmpi sge, %{{.*}}, %c2
// CHECK: scf.if
// CHECK-COUNT-2: tile.copy_async
// CHECK: scf.for
// CHECK: } else {
// CHECK: scf.for
// CHECK: tile.copy_async
// CHECK: tile.wait
func.func @dynamic_two_ahead(%k: memref<?x64xbf16>, %o: memref<64x64xbf16>, %n: index) {
  %c1 = arith.constant 1 : index
  %threads = arith.constant 128 : index
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
             threads(%tx, %ty, %tz) in (%sx = %threads, %sy = %c1, %sz = %c1) {
    %c0 = arith.constant 0 : index
    %c64 = arith.constant 64 : index
    %pad = arith.constant 0.0 : bf16
    %zero = arith.constant dense<0.0> : vector<64x64xbf16>
    %ring = tile.ring : memref<2x64x64xbf16, #shared>
    %0 = scf.for %j = %c0 to %n step %c64 iter_args(%acc = %zero)
        -> (vector<64x64xbf16>) {
      %i = arith.divui %j, %c64 : index
      %slot = tile.slot %ring[%i] : memref<2x64x64xbf16, #shared>
                -> memref<64x64xbf16, #shared>
      %token = tile.copy_async %k[%j, %c0], %slot
                 {in_bounds = array<i1: true, true>,
                  permutation_map = affine_map<(d0, d1) -> (d0, d1)>}
                 : memref<?x64xbf16>, memref<64x64xbf16, #shared>
      tile.wait %token
      %1 = vector.transfer_read %slot[%c0, %c0], %pad {in_bounds = [true, true]}
             : memref<64x64xbf16, #shared>, vector<64x64xbf16>
      %2 = arith.addf %acc, %1 : vector<64x64xbf16>
      tile.wait %token
      scf.yield %2 : vector<64x64xbf16>
    } {tile.stages = 1}
    vector.transfer_write %0, %o[%c0, %c0] {in_bounds = [true, true]}
      : vector<64x64xbf16>, memref<64x64xbf16>
    gpu.terminator
  } {tile.schedule = #tile.schedule<warps = 4>}
  return
}

// -----

#shared = #gpu.address_space<workgroup>

// Without stages, a copy stays in its iteration, and a barrier keeps the reads of the
// previous iteration before it.
// CHECK-LABEL: func @not_ahead
// CHECK: scf.for
// CHECK: gpu.barrier
// CHECK: tile.copy_async
// CHECK: tile.wait
// CHECK-NOT: tile.steady
// CHECK: return
func.func @not_ahead(%k: memref<?x64xbf16>, %o: memref<64x64xbf16>) {
  %c1 = arith.constant 1 : index
  %threads = arith.constant 128 : index
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
             threads(%tx, %ty, %tz) in (%sx = %threads, %sy = %c1, %sz = %c1) {
    %c0 = arith.constant 0 : index
    %c64 = arith.constant 64 : index
    %pad = arith.constant 0.0 : bf16
    %zero = arith.constant dense<0.0> : vector<64x64xbf16>
    %ring = tile.ring : memref<1x64x64xbf16, #shared>
    %n = arith.constant 256 : index
    %0 = scf.for %j = %c0 to %n step %c64 iter_args(%acc = %zero)
        -> (vector<64x64xbf16>) {
      %i = arith.divui %j, %c64 : index
      %slot = tile.slot %ring[%i] : memref<1x64x64xbf16, #shared>
                -> memref<64x64xbf16, #shared>
      %token = tile.copy_async %k[%j, %c0], %slot
                 {in_bounds = array<i1: true, true>,
                  permutation_map = affine_map<(d0, d1) -> (d0, d1)>}
                 : memref<?x64xbf16>, memref<64x64xbf16, #shared>
      tile.wait %token
      %1 = vector.transfer_read %slot[%c0, %c0], %pad {in_bounds = [true, true]}
             : memref<64x64xbf16, #shared>, vector<64x64xbf16>
      %2 = arith.addf %acc, %1 : vector<64x64xbf16>
      scf.yield %2 : vector<64x64xbf16>
    }
    vector.transfer_write %0, %o[%c0, %c0] {in_bounds = [true, true]}
      : vector<64x64xbf16>, memref<64x64xbf16>
    gpu.terminator
  } {tile.schedule = #tile.schedule<warps = 4>}
  return
}

// -----

#shared = #gpu.address_space<workgroup>

// One iteration and two slots: nothing is prefetched.
// CHECK-LABEL: func @too_short
// CHECK-COUNT-1: tile.copy_async
// CHECK-NOT: tile.copy_async
func.func @too_short(%k: memref<?x64xbf16>, %o: memref<64x64xbf16>) {
  %c1 = arith.constant 1 : index
  %threads = arith.constant 128 : index
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
             threads(%tx, %ty, %tz) in (%sx = %threads, %sy = %c1, %sz = %c1) {
    %c0 = arith.constant 0 : index
    %c64 = arith.constant 64 : index
    %pad = arith.constant 0.0 : bf16
    %zero = arith.constant dense<0.0> : vector<64x64xbf16>
    %ring = tile.ring : memref<2x64x64xbf16, #shared>
    %n = arith.constant 64 : index
    %0 = scf.for %j = %c0 to %n step %c64 iter_args(%acc = %zero)
        -> (vector<64x64xbf16>) {
      %i = arith.divui %j, %c64 : index
      %slot = tile.slot %ring[%i] : memref<2x64x64xbf16, #shared>
                -> memref<64x64xbf16, #shared>
      %token = tile.copy_async %k[%j, %c0], %slot
                 {in_bounds = array<i1: true, true>,
                  permutation_map = affine_map<(d0, d1) -> (d0, d1)>}
                 : memref<?x64xbf16>, memref<64x64xbf16, #shared>
      tile.wait %token
      %1 = vector.transfer_read %slot[%c0, %c0], %pad {in_bounds = [true, true]}
             : memref<64x64xbf16, #shared>, vector<64x64xbf16>
      %2 = arith.addf %acc, %1 : vector<64x64xbf16>
      tile.wait %token
      scf.yield %2 : vector<64x64xbf16>
    } {tile.stages = 1}
    vector.transfer_write %0, %o[%c0, %c0] {in_bounds = [true, true]}
      : vector<64x64xbf16>, memref<64x64xbf16>
    gpu.terminator
  } {tile.schedule = #tile.schedule<warps = 4>}
  return
}
