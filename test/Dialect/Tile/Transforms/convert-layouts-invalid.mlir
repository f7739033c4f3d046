// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: diff-opt %s -split-input-file -tile-convert-layouts -verify-diagnostics

func.func @rows(%x: vector<16x2xf32>, %o: memref<16x2xf32>) {
  %c1 = arith.constant 1 : index
  %threads = arith.constant 128 : index
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
             threads(%tx, %ty, %tz) in (%sx = %threads, %sy = %c1, %sz = %c1) {
    %c0 = arith.constant 0 : index
// expected-error @below {{cannot change the layout of 'vector<16x2xf32>': its rows are not whole 16-byte chunks}}
    %y = tile.to_layout %x to <lanes = [8, 2], elems = [1, 1]> : vector<16x2xf32>
    vector.transfer_write %y, %o[%c0, %c0] {in_bounds = [true, true]}
      : vector<16x2xf32>, memref<16x2xf32>
    gpu.terminator
  } {tile.schedule = #tile.schedule<warps = 4>}
  return
}

// -----

func.func @bits(%x: vector<16x128xi1>, %o: memref<16x128xi1>) {
  %c1 = arith.constant 1 : index
  %threads = arith.constant 128 : index
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
             threads(%tx, %ty, %tz) in (%sx = %threads, %sy = %c1, %sz = %c1) {
    %c0 = arith.constant 0 : index
// expected-error @below {{cannot change the layout of 'vector<16x128xi1>'}}
    %y = tile.to_layout %x to <lanes = [8, 4], elems = [1, 1]> : vector<16x128xi1>
    vector.transfer_write %y, %o[%c0, %c0] {in_bounds = [true, true]}
      : vector<16x128xi1>, memref<16x128xi1>
    gpu.terminator
  } {tile.schedule = #tile.schedule<warps = 4>}
  return
}

// -----

func.func @parts(%m: memref<2x32x64xf32>) {
  %c1 = arith.constant 1 : index
  %threads = arith.constant 64 : index
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
             threads(%tx, %ty, %tz) in (%sx = %threads, %sy = %c1, %sz = %c1) {
    %c0 = arith.constant 0 : index
    %pad = arith.constant 0.0 : f32
    %x = vector.transfer_read %m[%c0, %c0, %c0], %pad
           {in_bounds = [true, true, true], tile.layouts = [#tile.layout<warps = [2, 1, 1], lanes = [1, 8, 4], elems = [1, 1, 2]>]}
           : memref<2x32x64xf32>, vector<2x32x64xf32>
    // expected-error @below {{cannot exchange the parts of 'vector<2x32x64xf32>', which different threads hold}}
    %y = vector.shuffle %x, %x [1, 0]
           {tile.layouts = [#tile.layout<warps = [2, 1, 1], lanes = [1, 8, 4], elems = [1, 1, 2]>]}
           : vector<2x32x64xf32>, vector<2x32x64xf32>
    vector.transfer_write %y, %m[%c0, %c0, %c0] {in_bounds = [true, true, true]}
      : vector<2x32x64xf32>, memref<2x32x64xf32>
    gpu.terminator
  } {tile.schedule = #tile.schedule<warps = 2>}
  return
}
