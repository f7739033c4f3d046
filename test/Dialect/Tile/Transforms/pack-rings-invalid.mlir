// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: diff-opt %s -tile-pack-rings="limit=2047" -verify-diagnostics

#shared = #gpu.address_space<workgroup>

func.func @limit(%o: memref<16x64xbf16>) {
  %c1 = arith.constant 1 : index
  %threads = arith.constant 128 : index
  // expected-error @below {{needs 2048 bytes of shared memory in a block, more than the 2047 that the chip has; use a smaller schedule}}
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
             threads(%tx, %ty, %tz) in (%sx = %threads, %sy = %c1, %sz = %c1) {
    %c0 = arith.constant 0 : index
    %pad = arith.constant 0.0 : bf16
    %r0 = tile.ring : memref<1x16x64xbf16, #shared>
    %s0 = tile.slot %r0[%c0] : memref<1x16x64xbf16, #shared>
             -> memref<16x64xbf16, #shared>
    %v0 = vector.transfer_read %s0[%c0, %c0], %pad {in_bounds = [true, true]}
             : memref<16x64xbf16, #shared>, vector<16x64xbf16>
    vector.transfer_write %v0, %o[%c0, %c0] {in_bounds = [true, true]}
      : vector<16x64xbf16>, memref<16x64xbf16>
    gpu.terminator
  } {tile.schedule = #tile.schedule<warps = 4>}
  return
}
