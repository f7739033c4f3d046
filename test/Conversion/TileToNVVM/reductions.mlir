// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: diff-opt %s -split-input-file -convert-tile-to-nvvm -canonicalize | FileCheck %s

#shared = #gpu.address_space<workgroup>
#c = #tile.layout<lanes = [8, 4], elems = [1, 2]>
#bt = #tile.layout<lanes = [4, 8], elems = [2, 1], lane_strides = [1, 4]>
#row = #tile.layout<lanes = [8], elems = [1], lane_strides = [4]>

// First the two columns of a lane, then the four lanes of a row, by shuffles over
// strides 1 and 2, and finally the initial value.
// CHECK-LABEL: gpu.func @rows
// CHECK-DAG: %[[ONE:.*]] = arith.constant 1 : i32
// CHECK-DAG: %[[TWO:.*]] = arith.constant 2 : i32
// CHECK: %[[HELD:.*]] = arith.maximumf
// CHECK: %[[NEXT:.*]] = nvvm.shfl.sync bfly %{{.*}}, %[[HELD]], %[[ONE]], %{{.*}} : f32 -> f32
// CHECK: %[[PAIR:.*]] = arith.maximumf %[[HELD]], %[[NEXT]]
// CHECK: %[[OTHER:.*]] = nvvm.shfl.sync bfly %{{.*}}, %[[PAIR]], %[[TWO]], %{{.*}} : f32 -> f32
// CHECK: %[[ROW:.*]] = arith.maximumf %[[PAIR]], %[[OTHER]]
// CHECK-NOT: nvvm.shfl
// CHECK: arith.maximumf %{{.*}}, %[[ROW]]
gpu.module @kernels {
  gpu.func @rows() kernel attributes {known_block_size = array<i32: 32, 1, 1>} {
      %c0 = arith.constant 0 : index
      %pad = arith.constant 0.0 : f32
      %rx = tile.ring {offset = 0} : memref<1x8x8xf32, #shared>
      %sx = tile.slot %rx[%c0] : memref<1x8x8xf32, #shared>
               -> memref<8x8xf32, #shared>
      %rm = tile.ring {offset = 256} : memref<1x8xf32, #shared>
      %sm = tile.slot %rm[%c0] : memref<1x8xf32, #shared> -> memref<8xf32, #shared>
      %x = vector.transfer_read %sx[%c0, %c0], %pad
             {in_bounds = [true, true], tile.layouts = [#c]}
             : memref<8x8xf32, #shared>, vector<8x8xf32>
      %zero = arith.constant {tile.layouts = [#row]} dense<0.0> : vector<8xf32>
      %y = vector.multi_reduction <maximumf>, %x, %zero {tile.layouts = [#row]} [1]
             : vector<8x8xf32> to vector<8xf32>
      vector.transfer_write %y, %sm[%c0] {in_bounds = [true]}
        : vector<8xf32>, memref<8xf32, #shared>
      gpu.return
  }
}

// -----

#shared = #gpu.address_space<workgroup>
#c = #tile.layout<lanes = [8, 4], elems = [1, 2]>
#bt = #tile.layout<lanes = [4, 8], elems = [2, 1], lane_strides = [1, 4]>
#row = #tile.layout<lanes = [8], elems = [1], lane_strides = [4]>

// A branch that is uniform in a warp.
// CHECK-LABEL: gpu.func @any
// CHECK: nvvm.vote.sync any
gpu.module @kernels {
  gpu.func @any(%m: memref<i1>) kernel attributes {known_block_size = array<i32: 32, 1, 1>} {
      %c0 = arith.constant 0 : index
      %pad = arith.constant 0.0 : f32
      %rx = tile.ring {offset = 0} : memref<1x8x8xf32, #shared>
      %sx = tile.slot %rx[%c0] : memref<1x8x8xf32, #shared>
               -> memref<8x8xf32, #shared>
      %x = vector.transfer_read %sx[%c0, %c0], %pad
             {in_bounds = [true, true], tile.layouts = [#c]}
             : memref<8x8xf32, #shared>, vector<8x8xf32>
      %zero = arith.constant {tile.layouts = [#c]} dense<0.0> : vector<8x8xf32>
      %b = arith.cmpf une, %x, %zero {tile.layouts = [#c]} : vector<8x8xf32>
      %any = tile.warp_any %b : vector<8x8xi1>
      memref.store %any, %m[] : memref<i1>
      gpu.return
  }
}
