// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: diff-opt %s -split-input-file -convert-tile-to-nvvm -verify-diagnostics

#shared = #gpu.address_space<workgroup>
#c = #tile.layout<lanes = [8, 4], elems = [1, 2]>
#bt = #tile.layout<lanes = [4, 8], elems = [2, 1], lane_strides = [1, 4]>
#row = #tile.layout<lanes = [8], elems = [1], lane_strides = [4]>

gpu.module @kernels {
  gpu.func @no_place() kernel attributes {known_block_size = array<i32: 32, 1, 1>} {
      %c0 = arith.constant 0 : index
      %r = tile.ring : memref<1x16x16xbf16, #shared>
      // expected-error @below {{must be a slot of a ring that has an offset in shared memory (tile-pack-rings)}}
      %s = tile.slot %r[%c0] : memref<1x16x16xbf16, #shared> -> memref<16x16xbf16, #shared>
      gpu.return
  }
}

// -----

#shared = #gpu.address_space<workgroup>
#c = #tile.layout<lanes = [8, 4], elems = [1, 2]>
#bt = #tile.layout<lanes = [4, 8], elems = [2, 1], lane_strides = [1, 4]>
#row = #tile.layout<lanes = [8], elems = [1], lane_strides = [4]>

gpu.module @kernels {
  gpu.func @layouts() kernel attributes {known_block_size = array<i32: 32, 1, 1>} {
      // expected-error @below {{has the attribute 'tile.layouts' with 2 layouts for 1 results}}
      %x = arith.constant {tile.layouts = [#c, #c]} dense<0.0> : vector<8x8xf32>
      gpu.return
  }
}

// -----

#shared = #gpu.address_space<workgroup>
#c = #tile.layout<lanes = [8, 4], elems = [1, 2]>
#bt = #tile.layout<lanes = [4, 8], elems = [2, 1], lane_strides = [1, 4]>
#row = #tile.layout<lanes = [8], elems = [1], lane_strides = [4]>

gpu.module @kernels {
  gpu.func @not_laid_out() kernel attributes {known_block_size = array<i32: 32, 1, 1>} {
      // expected-error @below {{has the attribute 'tile.layouts' with the layout #tile.layout<lanes = [8, 4], elems = [1, 2]> for result 0, which does not fit 'vector<12x8xf32>'}}
      %x = arith.constant {tile.layouts = [#c]} dense<0.0> : vector<12x8xf32>
      gpu.return
  }
}

// -----

#shared = #gpu.address_space<workgroup>
#c = #tile.layout<lanes = [8, 4], elems = [1, 2]>
#bt = #tile.layout<lanes = [4, 8], elems = [2, 1], lane_strides = [1, 4]>
#row = #tile.layout<lanes = [8], elems = [1], lane_strides = [4]>

gpu.module @kernels {
  // expected-error @below {{needs a known block size of whole warps in one dimension to be distributed to its threads}}
  gpu.func @block_size() kernel {
    %x = arith.constant {tile.layouts = [#c]} dense<0.0> : vector<8x8xf32>
    gpu.return
  }
}

// -----

#shared = #gpu.address_space<workgroup>
#c = #tile.layout<lanes = [8, 4], elems = [1, 2]>
#bt = #tile.layout<lanes = [4, 8], elems = [2, 1], lane_strides = [1, 4]>
#row = #tile.layout<lanes = [8], elems = [1], lane_strides = [4]>

gpu.module @kernels {
  gpu.func @other_use(%m: memref<f32>) kernel attributes {known_block_size = array<i32: 32, 1, 1>} {
      %c0 = arith.constant 0 : index
      %r = tile.ring {offset = 0} : memref<1x16x16xf32, #shared>
      // expected-error @below {{has a user that cannot be lowered to threads}}
      %s = tile.slot %r[%c0] : memref<1x16x16xf32, #shared> -> memref<16x16xf32, #shared>
      %x = memref.load %s[%c0, %c0] : memref<16x16xf32, #shared>
      memref.store %x, %m[] : memref<f32>
      gpu.return
  }
}

// -----

#shared = #gpu.address_space<workgroup>
#c = #tile.layout<lanes = [8, 4], elems = [1, 2]>
#bt = #tile.layout<lanes = [4, 8], elems = [2, 1], lane_strides = [1, 4]>
#row = #tile.layout<lanes = [8], elems = [1], lane_strides = [4]>

// A reduction over columns that are distributed over several warps.
gpu.module @kernels {
  gpu.func @over_warps() kernel attributes {known_block_size = array<i32: 64, 1, 1>} {
      %c0 = arith.constant 0 : index
      %pad = arith.constant 0.0 : f32
      %rx = tile.ring {offset = 0} : memref<1x8x16xf32, #shared>
      %sx = tile.slot %rx[%c0] : memref<1x8x16xf32, #shared>
               -> memref<8x16xf32, #shared>
      %x = vector.transfer_read %sx[%c0, %c0], %pad
             {in_bounds = [true, true], tile.layouts = [#tile.layout<warps = [1, 2], lanes = [8, 4], elems = [1, 2]>]}
             : memref<8x16xf32, #shared>, vector<8x16xf32>
      %zero = arith.constant {tile.layouts = [#row]} dense<0.0> : vector<8xf32>
      // expected-error @below {{failed to legalize operation 'vector.multi_reduction'}}
      %y = vector.multi_reduction <add>, %x, %zero {tile.layouts = [#row]} [1]
             : vector<8x16xf32> to vector<8xf32>
      gpu.return
  }
}

// -----

#c = #tile.layout<lanes = [8, 4], elems = [1, 2]>

gpu.module @kernels {
  gpu.func @no_layout() kernel attributes {known_block_size = array<i32: 32, 1, 1>} {
    %x = arith.constant {tile.layouts = [#c]} dense<0.0> : vector<8x8xf32>
    // expected-error @below {{has a vector result without a layout; run tile-propagate-layouts first}}
    %y = arith.negf %x : vector<8x8xf32>
    gpu.return
  }
}

// -----

#c = #tile.layout<lanes = [8, 4], elems = [1, 2]>
#d = #tile.layout<lanes = [4, 8], elems = [2, 1]>

gpu.module @kernels {
  gpu.func @operand() kernel attributes {known_block_size = array<i32: 32, 1, 1>} {
    %x = arith.constant {tile.layouts = [#c]} dense<0.0> : vector<8x8xf32>
    // expected-error @below {{requires operand #0 in the layout #tile.layout<lanes = [4, 8], elems = [2, 1]>, found #tile.layout<lanes = [8, 4], elems = [1, 2]>}}
    %y = arith.negf %x {tile.layouts = [#d]} : vector<8x8xf32>
    gpu.return
  }
}

// -----

#c = #tile.layout<lanes = [8, 4], elems = [1, 2]>

gpu.module @kernels {
  gpu.func @result() kernel attributes {known_block_size = array<i32: 32, 1, 1>} {
    %x = arith.constant {tile.layouts = [#c]} dense<0.0> : vector<8x8xf32>
    // expected-error @below {{has a result in the layout #tile.layout<lanes = [8, 4], elems = [1, 2]>, but its operands and attributes require #tile.layout<lanes = [4, 8], elems = [2, 1], lane_strides = [1, 4]>}}
    %y = vector.transpose %x, [1, 0] {tile.layouts = [#c]} : vector<8x8xf32> to vector<8x8xf32>
    gpu.return
  }
}

// -----

// A block that is no whole warps.
gpu.module @kernels {
  // expected-error @below {{needs a known block size of whole warps in one dimension}}
  gpu.func @half_warp() kernel attributes {known_block_size = array<i32: 16, 2, 1>} {
    %x = arith.constant {tile.layouts = [#tile.layout<lanes = [8, 4], elems = [1, 2]>]}
           dense<0.0> : vector<8x8xf32>
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @more_warps() kernel attributes {known_block_size = array<i32: 64, 1, 1>} {
    // expected-error @below {{has a result in the layout #tile.layout<warps = [4, 1], lanes = [8, 4], elems = [1, 2]>, which needs 4 warps, but the block has 2}}
    %x = arith.constant {tile.layouts = [#tile.layout<warps = [4, 1], lanes = [8, 4], elems = [1, 2]>]}
           dense<0.0> : vector<32x8xf32>
    gpu.return
  }
}
