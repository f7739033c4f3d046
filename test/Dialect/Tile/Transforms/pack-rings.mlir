// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: diff-opt %s -split-input-file -tile-pack-rings | FileCheck %s

#shared = #gpu.address_space<workgroup>

// Rings of 2048 bytes, one with padding of 2304. The first two are live at the same
// time. The third one reuses the memory of the first one, after a barrier.
// CHECK-LABEL: func @reuse
// CHECK: %[[SIZE:.*]] = arith.constant 4352 : i32
// CHECK: gpu.launch {{.*}} dynamic_shared_memory_size %[[SIZE]]
// CHECK: tile.ring {offset = 0 : i64} :
// CHECK: tile.ring {offset = 2048 : i64, padding = 16 : i64} :
// CHECK: %[[R2:.*]] = tile.ring {offset = 0 : i64} :
// CHECK: tile.slot %[[R2]]
// CHECK-NEXT: gpu.barrier
// CHECK-NEXT: vector.transfer_read
func.func @reuse(%o: memref<16x64xbf16>) {
  %c1 = arith.constant 1 : index
  %threads = arith.constant 128 : index
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
             threads(%tx, %ty, %tz) in (%sx = %threads, %sy = %c1, %sz = %c1) {
    %c0 = arith.constant 0 : index
    %pad = arith.constant 0.0 : bf16
    %r0 = tile.ring : memref<1x16x64xbf16, #shared>
    %r1 = tile.ring {padding = 16} : memref<1x16x64xbf16, #shared>
    %r2 = tile.ring : memref<1x16x64xbf16, #shared>
    %s0 = tile.slot %r0[%c0] : memref<1x16x64xbf16, #shared>
             -> memref<16x64xbf16, #shared>
    %v0 = vector.transfer_read %s0[%c0, %c0], %pad {in_bounds = [true, true]}
             : memref<16x64xbf16, #shared>, vector<16x64xbf16>
    vector.transfer_write %v0, %o[%c0, %c0] {in_bounds = [true, true]}
      : vector<16x64xbf16>, memref<16x64xbf16>
    %s1 = tile.slot %r1[%c0] : memref<1x16x64xbf16, #shared>
             -> memref<16x64xbf16, #shared>
    %v1 = vector.transfer_read %s1[%c0, %c0], %pad {in_bounds = [true, true]}
             : memref<16x64xbf16, #shared>, vector<16x64xbf16>
    vector.transfer_write %v1, %o[%c0, %c0] {in_bounds = [true, true]}
      : vector<16x64xbf16>, memref<16x64xbf16>
    %s2 = tile.slot %r0[%c0] : memref<1x16x64xbf16, #shared>
             -> memref<16x64xbf16, #shared>
    %v2 = vector.transfer_read %s2[%c0, %c0], %pad {in_bounds = [true, true]}
             : memref<16x64xbf16, #shared>, vector<16x64xbf16>
    vector.transfer_write %v2, %o[%c0, %c0] {in_bounds = [true, true]}
      : vector<16x64xbf16>, memref<16x64xbf16>
    %s3 = tile.slot %r2[%c0] : memref<1x16x64xbf16, #shared>
             -> memref<16x64xbf16, #shared>
    %v3 = vector.transfer_read %s3[%c0, %c0], %pad {in_bounds = [true, true]}
             : memref<16x64xbf16, #shared>, vector<16x64xbf16>
    vector.transfer_write %v3, %o[%c0, %c0] {in_bounds = [true, true]}
      : vector<16x64xbf16>, memref<16x64xbf16>
    gpu.terminator
  } {tile.schedule = #tile.schedule<warps = 4>}
  return
}

// -----

#shared = #gpu.address_space<workgroup>

// All rings are live at the same time.
// CHECK-LABEL: func @all
// CHECK: arith.constant 6400 : i32
// CHECK: tile.ring {offset = 0 : i64} :
// CHECK: tile.ring {offset = 2048 : i64, padding = 16 : i64} :
// CHECK: tile.ring {offset = 4352 : i64} :
// CHECK-NOT: gpu.barrier
func.func @all(%o: memref<16x64xbf16>) {
  %c1 = arith.constant 1 : index
  %threads = arith.constant 128 : index
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
             threads(%tx, %ty, %tz) in (%sx = %threads, %sy = %c1, %sz = %c1) {
    %c0 = arith.constant 0 : index
    %pad = arith.constant 0.0 : bf16
    %r0 = tile.ring : memref<1x16x64xbf16, #shared>
    %r1 = tile.ring {padding = 16} : memref<1x16x64xbf16, #shared>
    %r2 = tile.ring : memref<1x16x64xbf16, #shared>
    %s0 = tile.slot %r0[%c0] : memref<1x16x64xbf16, #shared>
             -> memref<16x64xbf16, #shared>
    %v0 = vector.transfer_read %s0[%c0, %c0], %pad {in_bounds = [true, true]}
             : memref<16x64xbf16, #shared>, vector<16x64xbf16>
    vector.transfer_write %v0, %o[%c0, %c0] {in_bounds = [true, true]}
      : vector<16x64xbf16>, memref<16x64xbf16>
    %s1 = tile.slot %r1[%c0] : memref<1x16x64xbf16, #shared>
             -> memref<16x64xbf16, #shared>
    %v1 = vector.transfer_read %s1[%c0, %c0], %pad {in_bounds = [true, true]}
             : memref<16x64xbf16, #shared>, vector<16x64xbf16>
    vector.transfer_write %v1, %o[%c0, %c0] {in_bounds = [true, true]}
      : vector<16x64xbf16>, memref<16x64xbf16>
    %s2 = tile.slot %r2[%c0] : memref<1x16x64xbf16, #shared>
             -> memref<16x64xbf16, #shared>
    %v2 = vector.transfer_read %s2[%c0, %c0], %pad {in_bounds = [true, true]}
             : memref<16x64xbf16, #shared>, vector<16x64xbf16>
    vector.transfer_write %v2, %o[%c0, %c0] {in_bounds = [true, true]}
      : vector<16x64xbf16>, memref<16x64xbf16>
    %s3 = tile.slot %r1[%c0] : memref<1x16x64xbf16, #shared>
             -> memref<16x64xbf16, #shared>
    %v3 = vector.transfer_read %s3[%c0, %c0], %pad {in_bounds = [true, true]}
             : memref<16x64xbf16, #shared>, vector<16x64xbf16>
    vector.transfer_write %v3, %o[%c0, %c0] {in_bounds = [true, true]}
      : vector<16x64xbf16>, memref<16x64xbf16>
    %s4 = tile.slot %r0[%c0] : memref<1x16x64xbf16, #shared>
             -> memref<16x64xbf16, #shared>
    %v4 = vector.transfer_read %s4[%c0, %c0], %pad {in_bounds = [true, true]}
             : memref<16x64xbf16, #shared>, vector<16x64xbf16>
    vector.transfer_write %v4, %o[%c0, %c0] {in_bounds = [true, true]}
      : vector<16x64xbf16>, memref<16x64xbf16>
    %s5 = tile.slot %r2[%c0] : memref<1x16x64xbf16, #shared>
             -> memref<16x64xbf16, #shared>
    %v5 = vector.transfer_read %s5[%c0, %c0], %pad {in_bounds = [true, true]}
             : memref<16x64xbf16, #shared>, vector<16x64xbf16>
    vector.transfer_write %v5, %o[%c0, %c0] {in_bounds = [true, true]}
      : vector<16x64xbf16>, memref<16x64xbf16>
    gpu.terminator
  } {tile.schedule = #tile.schedule<warps = 4>}
  return
}

// -----

// Without rings, the launch needs no shared memory.
// CHECK-LABEL: func @none
// CHECK-NOT: dynamic_shared_memory_size
func.func @none() {
  %c1 = arith.constant 1 : index
  %threads = arith.constant 128 : index
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
             threads(%tx, %ty, %tz) in (%sx = %threads, %sy = %c1, %sz = %c1) {
    %c0 = arith.constant 0 : index
    gpu.terminator
  } {tile.schedule = #tile.schedule<warps = 4>}
  return
}
