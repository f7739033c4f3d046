// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: diff-opt %s -split-input-file -tile-propagate-layouts -verify-diagnostics

func.func @undetermined(%m: memref<16x16xf32, #gpu.address_space<workgroup>>) {
  %c1 = arith.constant 1 : index
  %threads = arith.constant 128 : index
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
             threads(%tx, %ty, %tz) in (%sx = %threads, %sy = %c1, %sz = %c1) {
    %c0 = arith.constant 0 : index
    %pad = arith.constant 0.0 : f32
// expected-error @below {{gets no layout: no contraction or tile.to_layout determines its distribution over threads}}
    %0 = vector.transfer_read %m[%c0, %c0], %pad {in_bounds = [true, true]}
           : memref<16x16xf32, #gpu.address_space<workgroup>>, vector<16x16xf32>
    %1 = vector.extract %0[0, 0] : f32 from vector<16x16xf32>
    memref.store %1, %m[%c0, %c0] : memref<16x16xf32, #gpu.address_space<workgroup>>
    gpu.terminator
  } {tile.schedule = #tile.schedule<warps = 4>}
  return
}
