// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: diff-opt %s -split-input-file -tile-pipeline -verify-diagnostics

#shared = #gpu.address_space<workgroup>

// A value that the loop carries unchanged, in a loop that is guarded.
func.func @unchanged(%k: memref<?x64xbf16>, %o: memref<64x64xbf16>, %n: index) {
  %c1 = arith.constant 1 : index
  %threads = arith.constant 128 : index
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
             threads(%tx, %ty, %tz) in (%sx = %threads, %sy = %c1, %sz = %c1) {
    %c0 = arith.constant 0 : index
    %c64 = arith.constant 64 : index
    %pad = arith.constant 0.0 : bf16
    %zero = arith.constant dense<0.0> : vector<64x64xbf16>
    %ring = tile.ring : memref<1x64x64xbf16, #shared>
    // expected-error @below {{cannot be pipelined: it must compute the operands of its copies, and must not carry a value unchanged (run canonicalize before)}}
    %0:2 = scf.for %j = %c0 to %n step %c64 iter_args(%acc = %zero, %same = %zero)
        -> (vector<64x64xbf16>, vector<64x64xbf16>) {
      %slot = tile.slot %ring[%c0] : memref<1x64x64xbf16, #shared>
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
      scf.yield %2, %same : vector<64x64xbf16>, vector<64x64xbf16>
    } {tile.stages = 2 : i64}
    %3 = arith.addf %0#0, %0#1 : vector<64x64xbf16>
    vector.transfer_write %3, %o[%c0, %c0] {in_bounds = [true, true]}
        : vector<64x64xbf16>, memref<64x64xbf16>
    gpu.terminator
  }
  return
}
