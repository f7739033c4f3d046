// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: diff-opt %s -split-input-file -convert-tile-to-nvvm -canonicalize -cse | FileCheck %s

#shared = #gpu.address_space<workgroup>

// A warp has two repetitions of two rows: its first row is 0 or 4, a lane adds 0 or
// 1, and a repetition 0 or 2. These use different bits, so the second repetition is
// the chunk of the first, exclusive or 2.
// CHECK-LABEL: gpu.func @disjoint_bits
// CHECK: %[[KEY:.*]] = arith.andi %[[ROW:.*]], %c7_i32
// CHECK: %[[BYTES:.*]] = arith.muli %[[KEY]], %c16_i32
// CHECK: %[[CHUNK:.*]] = arith.xori %{{.*}}, %[[BYTES]]
// CHECK-NOT: arith.addi %[[ROW]], %c2_i32
// CHECK: arith.xori %[[CHUNK]], %c32_i32
// CHECK: gpu.return
gpu.module @kernels {
  gpu.func @disjoint_bits() kernel attributes {known_block_size = array<i32: 64, 1, 1>} {
      %c0 = arith.constant 0 : index
      %pad = arith.constant 0.0 : bf16
      %ring = tile.ring {swizzle = #tile.swizzle<bits = 3, shift = 0>, offset = 0}
                : memref<1x8x64xbf16, #shared>
      %slot = tile.slot %ring[%c0] : memref<1x8x64xbf16, #shared>
                -> memref<8x64xbf16, #shared>
      %0 = vector.transfer_read %slot[%c0, %c0], %pad
             {in_bounds = [true, true],
              tile.layouts = [#tile.layout<warps = [2, 1], lanes = [2, 8], elems = [1, 8]>]}
             : memref<8x64xbf16, #shared>, vector<8x64xbf16>
      vector.transfer_write %0, %slot[%c0, %c0] {in_bounds = [true, true]}
        : vector<8x64xbf16>, memref<8x64xbf16, #shared>
      gpu.return
  }
}

// -----

#shared = #gpu.address_space<workgroup>

// With three repetitions, the first row of a warp is 0 or 6, and 6 + 2 has a carry:
// each row is a sum, and its chunk is permuted.
// CHECK-LABEL: gpu.func @shared_bits
// CHECK: %[[FIRST:.*]] = arith.muli %{{.*}}, %c6_i32
// CHECK: %[[ROW:.*]] = arith.addi %[[FIRST]], %{{.*}} : i32
// CHECK: arith.andi %[[ROW]], %c7_i32
// CHECK: %[[ROW2:.*]] = arith.addi %[[ROW]], %c2_i32
// CHECK: %[[KEY2:.*]] = arith.andi %[[ROW2]], %c7_i32
// CHECK: %[[BYTES2:.*]] = arith.muli %[[KEY2]], %c16_i32
// CHECK-DAG: %[[CHUNK2:.*]] = arith.xori %{{.*}}, %[[BYTES2]]
// CHECK-DAG: %[[PITCHES2:.*]] = arith.muli %[[ROW2]], %c128_i32
// CHECK: arith.addi %[[CHUNK2]], %[[PITCHES2]]
// CHECK: %[[ROW4:.*]] = arith.addi %[[ROW]], %c4_i32
// CHECK: arith.andi %[[ROW4]], %c7_i32
// CHECK: gpu.return
gpu.module @kernels {
  gpu.func @shared_bits() kernel attributes {known_block_size = array<i32: 64, 1, 1>} {
      %c0 = arith.constant 0 : index
      %pad = arith.constant 0.0 : bf16
      %ring = tile.ring {swizzle = #tile.swizzle<bits = 3, shift = 0>, offset = 0}
                : memref<1x12x64xbf16, #shared>
      %slot = tile.slot %ring[%c0] : memref<1x12x64xbf16, #shared>
                -> memref<12x64xbf16, #shared>
      %0 = vector.transfer_read %slot[%c0, %c0], %pad
             {in_bounds = [true, true],
              tile.layouts = [#tile.layout<warps = [2, 1], lanes = [2, 8], elems = [1, 8]>]}
             : memref<12x64xbf16, #shared>, vector<12x64xbf16>
      vector.transfer_write %0, %slot[%c0, %c0] {in_bounds = [true, true]}
        : vector<12x64xbf16>, memref<12x64xbf16, #shared>
      gpu.return
  }
}
