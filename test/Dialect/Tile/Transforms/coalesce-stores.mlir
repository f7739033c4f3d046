// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: diff-opt %s -split-input-file -tile-coalesce-stores | FileCheck %s

// Lanes over the 16 chunks of 8 elements of a row, then over 2 rows; warps over rows.
// CHECK-LABEL: func @rows
// CHECK-SAME: %[[V:[^:]*]]: vector<64x128xbf16>
// CHECK: %[[WHOLE:.*]] = tile.to_layout %[[V]] to <warps = [4, 1], lanes = [2, 16], elems = [1, 8]> : vector<64x128xbf16>
// CHECK: vector.transfer_write %[[WHOLE]]
func.func @rows(%v: vector<64x128xbf16>, %o: memref<64x128xbf16>) {
  %c1 = arith.constant 1 : index
  %threads = arith.constant 128 : index
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
             threads(%tx, %ty, %tz) in (%sx = %threads, %sy = %c1, %sz = %c1) {
    %c0 = arith.constant 0 : index
    vector.transfer_write %v, %o[%c0, %c0] {in_bounds = [true, true]}
      : vector<64x128xbf16>, memref<64x128xbf16>
    gpu.terminator
  } {tile.schedule = #tile.schedule<warps = 4>}
  return
}

// -----

// Rows that are not whole chunks; fewer chunks than threads; shared memory; columns
// that are not innermost in memory; no schedule.
// CHECK-LABEL: func @not_whole
// CHECK-NOT: tile.to_layout
func.func @not_whole(%v: vector<64x12xbf16>, %o: memref<64x12xbf16>) {
  %c1 = arith.constant 1 : index
  %threads = arith.constant 128 : index
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
             threads(%tx, %ty, %tz) in (%sx = %threads, %sy = %c1, %sz = %c1) {
    %c0 = arith.constant 0 : index
    vector.transfer_write %v, %o[%c0, %c0] {in_bounds = [true, true]}
      : vector<64x12xbf16>, memref<64x12xbf16>
    gpu.terminator
  } {tile.schedule = #tile.schedule<warps = 4>}
  return
}

// CHECK-LABEL: func @few_chunks
// CHECK-NOT: tile.to_layout
func.func @few_chunks(%v: vector<8x16xbf16>, %o: memref<8x16xbf16>) {
  %c1 = arith.constant 1 : index
  %threads = arith.constant 128 : index
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
             threads(%tx, %ty, %tz) in (%sx = %threads, %sy = %c1, %sz = %c1) {
    %c0 = arith.constant 0 : index
    vector.transfer_write %v, %o[%c0, %c0] {in_bounds = [true, true]}
      : vector<8x16xbf16>, memref<8x16xbf16>
    gpu.terminator
  } {tile.schedule = #tile.schedule<warps = 4>}
  return
}

// CHECK-LABEL: func @shared
// CHECK-NOT: tile.to_layout
func.func @shared(%v: vector<64x128xbf16>, %o: memref<64x128xbf16, #gpu.address_space<workgroup>>) {
  %c1 = arith.constant 1 : index
  %threads = arith.constant 128 : index
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
             threads(%tx, %ty, %tz) in (%sx = %threads, %sy = %c1, %sz = %c1) {
    %c0 = arith.constant 0 : index
    vector.transfer_write %v, %o[%c0, %c0] {in_bounds = [true, true]}
      : vector<64x128xbf16>, memref<64x128xbf16, #gpu.address_space<workgroup>>
    gpu.terminator
  } {tile.schedule = #tile.schedule<warps = 4>}
  return
}

// CHECK-LABEL: func @transposed
// CHECK-NOT: tile.to_layout
func.func @transposed(%v: vector<64x128xbf16>, %o: memref<128x64xbf16>) {
  %c1 = arith.constant 1 : index
  %threads = arith.constant 128 : index
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
             threads(%tx, %ty, %tz) in (%sx = %threads, %sy = %c1, %sz = %c1) {
    %c0 = arith.constant 0 : index
    vector.transfer_write %v, %o[%c0, %c0]
      {in_bounds = [true, true], permutation_map = affine_map<(d0, d1) -> (d1, d0)>}
      : vector<64x128xbf16>, memref<128x64xbf16>
    gpu.terminator
  } {tile.schedule = #tile.schedule<warps = 4>}
  return
}

// CHECK-LABEL: func @no_schedule
// CHECK-NOT: tile.to_layout
func.func @no_schedule(%v: vector<64x128xbf16>, %o: memref<64x128xbf16>) {
  %c1 = arith.constant 1 : index
  %threads = arith.constant 128 : index
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
             threads(%tx, %ty, %tz) in (%sx = %threads, %sy = %c1, %sz = %c1) {
    %c0 = arith.constant 0 : index
    vector.transfer_write %v, %o[%c0, %c0] {in_bounds = [true, true]}
      : vector<64x128xbf16>, memref<64x128xbf16>
    gpu.terminator
  }
  return
}
