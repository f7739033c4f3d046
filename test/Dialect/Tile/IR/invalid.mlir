// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: diff-opt %s -split-input-file -verify-diagnostics

// Layouts.

// expected-error @below {{a layout has 'warps', 'lanes', 'elems', 'warp_strides' and 'lane_strides', found 'thread'}}
func.func private @layout_key() attributes {a = #tile.layout<thread = [1], lanes = [1]>}

// -----

// expected-error @below {{'lanes' is given twice}}
func.func private @layout_twice() attributes {a = #tile.layout<lanes = [8], lanes = [4]>}

// -----

// expected-error @below {{a layout needs 'lanes'}}
func.func private @layout_no_lanes() attributes {a = #tile.layout<elems = [8]>}

// -----

// expected-error @below {{'warps' of a layout must have an entry for each of the 2 dimensions that 'lanes' has, found 1}}
func.func private @layout_rank() attributes {a = #tile.layout<warps = [4], lanes = [8, 4]>}

// -----

// expected-error @below {{'lane_strides' of a layout must have an entry for each of the 1 dimensions that 'lanes' has, found 2}}
func.func private @layout_stride_rank() attributes {a = #tile.layout<lanes = [8], lane_strides = [4, 1]>}

// -----

// expected-error @below {{'elems' of a layout must be powers of two up to 65536, found 0}}
func.func private @layout_elems() attributes {a = #tile.layout<lanes = [8], elems = [0]>}

// -----

// expected-error @below {{'lanes' of a layout must be powers of two up to 65536, found -8}}
func.func private @layout_lanes() attributes {a = #tile.layout<lanes = [-8]>}

// -----

// expected-error @below {{'lanes' of a layout must be powers of two up to 65536, found 12}}
func.func private @layout_power() attributes {a = #tile.layout<lanes = [12]>}

// -----

// expected-error @below {{'lanes' of a layout must be within a warp's 32, found 8 with stride 8}}
func.func private @layout_stride() attributes {a = #tile.layout<lanes = [8], lane_strides = [8]>}

// -----

// expected-error @below {{'lanes' of a layout must not overlap, found 8 with stride 1, which is no multiple of the 8 that smaller strides use}}
func.func private @layout_many() attributes {a = #tile.layout<lanes = [8, 8], lane_strides = [1, 1]>}

// -----

// expected-error @below {{'elems' of a layout must be powers of two up to 65536, found 3}}
func.func private @layout_elems_power() attributes {a = #tile.layout<lanes = [8], elems = [3]>}

// -----

// Elements beyond what a product of 64 bits holds.
// expected-error @below {{'elems' of a layout must be powers of two up to 65536, found 4611686018427387904}}
func.func private @layout_elems_large() attributes {a = #tile.layout<lanes = [8], elems = [4611686018427387904]>}

// -----

// expected-error @below {{'warps' of a layout must be positive, found 0}}
func.func private @layout_warps_zero() attributes {a = #tile.layout<warps = [0], lanes = [8]>}

// -----

// Warps need not be powers of two, but are digits of one number.
// expected-error @below {{'warps' of a layout must not overlap, found 2 with stride 4, which is no multiple of the 3 that smaller strides use}}
func.func private @layout_warps_digits() attributes {a = #tile.layout<warps = [2, 3], lanes = [8, 4], warp_strides = [4, 1]>}

// -----

// expected-error @below {{'warps' of a layout must be within a block's 32, found 64 with stride 1}}
func.func private @layout_warps() attributes {a = #tile.layout<warps = [64], lanes = [8]>}

// -----

// expected-error @below {{'warps' of a layout must not overlap, found 4 with stride 2, which is no multiple of the 4 that smaller strides use}}
func.func private @layout_warps_overlap() attributes {a = #tile.layout<warps = [4, 4], lanes = [8, 4], warp_strides = [1, 2]>}

// -----

// expected-error @below {{strides of 'lanes' of a layout must be powers of two, found 3}}
func.func private @layout_stride_power() attributes {a = #tile.layout<lanes = [8], lane_strides = [3]>}

// -----

// expected-error @below {{'lane_strides' of a layout must be positive, found 0}}
func.func private @layout_stride_zero() attributes {a = #tile.layout<lanes = [8], lane_strides = [0]>}

// -----

// Instructions.

// expected-error @below {{an instruction must be m16n8k16 or m16n8k8, found m8n8k4}}
func.func private @mma_shape() attributes {a = #tile.mma<m = 8, n = 8, k = 4, result = <lanes = [8, 4], elems = [1, 2]>>}

// -----

// expected-error @below {{'neighbours' of m16n8k16 must be 2, found 1}}
func.func private @mma_neighbours() attributes {a = #tile.mma<m = 16, n = 8, k = 16, neighbours = 1, result = <lanes = [8, 4], elems = [1, 2]>>}

// -----

// expected-error @below {{'result' must be the layout of an accumulator: rows of 8 lanes, columns of 4 lanes with 2 elems, found #tile.layout<lanes = [4, 8], elems = [1, 2]>}}
func.func private @mma_result() attributes {a = #tile.mma<m = 16, n = 8, k = 16, result = <lanes = [4, 8], elems = [1, 2]>>}

// -----

// Swizzles and schedules.

// expected-error @below {{a swizzle has 1 to 3 bits and a shift of at most 3 - bits, found bits 0 and shift 0}}
func.func private @swizzle_bits() attributes {a = #tile.swizzle<bits = 0, shift = 0>}

// -----

// expected-error @below {{a swizzle has 1 to 3 bits and a shift of at most 3 - bits, found bits 2 and shift 2}}
func.func private @swizzle_shift() attributes {a = #tile.swizzle<bits = 2, shift = 2>}

// -----

// expected-error @below {{'warps' of a schedule must be 1 to 32, found 33}}
func.func private @schedule_warps() attributes {a = #tile.schedule<warps = 33>}

// -----

// expected-error @below {{'stages' of a schedule must be 1 to 8, found 0}}
func.func private @schedule_stages() attributes {a = #tile.schedule<warps = 4, stages = 0>}

// -----

// expected-error @below {{'warps' of a schedule must be 1 to 32, found 0}}
func.func private @schedule_no_warps() attributes {a = #tile.schedule<warps = 0>}

// -----

// Rings and slots.

func.func @ring_global() {
  // expected-error @below {{must be a row-major buffer of static size in workgroup memory with a dimension of slots and elements of whole bytes, found 'memref<2x8xf32>'}}
  %0 = tile.ring : memref<2x8xf32>
  return
}

// -----

func.func @ring_dynamic() {
  // expected-error @below {{must be a row-major buffer of static size in workgroup memory with a dimension of slots and elements of whole bytes, found 'memref<2x?xf32, #gpu.address_space<workgroup>>'}}
  %0 = tile.ring : memref<2x?xf32, #gpu.address_space<workgroup>>
  return
}

// -----

func.func @ring_strided() {
  // expected-error @below {{must be a row-major buffer of static size}}
  %0 = tile.ring : memref<2x8xf32, strided<[16, 1]>, #gpu.address_space<workgroup>>
  return
}

// -----

func.func @ring_rank() {
  // expected-error @below {{must be a row-major buffer of static size}}
  %0 = tile.ring : memref<8xf32, #gpu.address_space<workgroup>>
  return
}

// -----

func.func @ring_element() {
  // expected-error @below {{must be a row-major buffer of static size}}
  %0 = tile.ring : memref<2x8xindex, #gpu.address_space<workgroup>>
  return
}

// -----

func.func @ring_rows() {
  // expected-error @below {{must have rows of whole 16-byte chunks, found rows of 24 bytes}}
  %0 = tile.ring : memref<2x8x12xf16, #gpu.address_space<workgroup>>
  return
}

// -----

func.func @ring_padding() {
  // expected-error @below {{must have a padding of whole 16-byte chunks, found 8 bytes}}
  %0 = tile.ring {padding = 8} : memref<2x8x16xf16, #gpu.address_space<workgroup>>
  return
}

// -----

func.func @ring_negative_padding() {
  // expected-error @below {{must have a padding of whole 16-byte chunks, found -16 bytes}}
  %0 = tile.ring {padding = -16} : memref<2x8x16xf16, #gpu.address_space<workgroup>>
  return
}

// -----

func.func @ring_part_of_a_byte() {
  // expected-error @below {{must be a row-major buffer of static size in workgroup memory with a dimension of slots and elements of whole bytes, found 'memref<2x8x33xi4, #gpu.address_space<workgroup>>'}}
  %0 = tile.ring : memref<2x8x33xi4, #gpu.address_space<workgroup>>
  return
}

// -----

func.func @ring_swizzle_and_padding() {
  // expected-error @below {{must have a swizzle or padding, found both}}
  %0 = tile.ring {padding = 16, swizzle = #tile.swizzle<bits = 3, shift = 0>} : memref<2x8x64xf16, #gpu.address_space<workgroup>>
  return
}

// -----

// A chunk would leave its row.
func.func @ring_swizzle() {
  // expected-error @below {{must have rows of a multiple of 8 chunks for a swizzle of 3 bits, found rows of 2}}
  %0 = tile.ring {swizzle = #tile.swizzle<bits = 3, shift = 0>} : memref<2x8x16xf16, #gpu.address_space<workgroup>>
  return
}

// -----

func.func @ring_large() {
  // expected-error @below {{must have at most 2147483647 bytes}}
  %0 = tile.ring : memref<9223372036854775807x9223372036854775807x16xf16, #gpu.address_space<workgroup>>
  return
}

// -----

func.func @ring_offset() {
  // expected-error @below {{must have an offset that is a multiple of 16 bytes, found 8}}
  %0 = tile.ring {offset = 8} : memref<2x8x16xf16, #gpu.address_space<workgroup>>
  return
}

// -----

func.func @ring_negative_offset() {
  // expected-error @below {{must have an offset that is a multiple of 16 bytes, found -16}}
  %0 = tile.ring {offset = -16} : memref<2x8x16xf16, #gpu.address_space<workgroup>>
  return
}

// -----

func.func @slot_shape(%ring: memref<2x8x16xf16, #gpu.address_space<workgroup>>, %i: index) {
  // expected-error @below {{must have the shape of a slot of the ring, found 'memref<8x8xf16, #gpu.address_space<workgroup>>' for the ring 'memref<2x8x16xf16, #gpu.address_space<workgroup>>'}}
  %0 = tile.slot %ring[%i] : memref<2x8x16xf16, #gpu.address_space<workgroup>>
         -> memref<8x8xf16, #gpu.address_space<workgroup>>
  return
}

// -----

func.func @slot_space(%ring: memref<2x8x16xf16, #gpu.address_space<workgroup>>, %i: index) {
  // expected-error @below {{must have the shape of a slot of the ring}}
  %0 = tile.slot %ring[%i] : memref<2x8x16xf16, #gpu.address_space<workgroup>>
         -> memref<8x16xf16>
  return
}

// -----

func.func @slot_element(%ring: memref<2x8x16xf16, #gpu.address_space<workgroup>>, %i: index) {
  // expected-error @below {{must have the shape of a slot of the ring}}
  %0 = tile.slot %ring[%i] : memref<2x8x16xf16, #gpu.address_space<workgroup>>
         -> memref<8x16xbf16, #gpu.address_space<workgroup>>
  return
}

// -----

// Copies.

func.func @copy_dynamic(%s: memref<8x16xf16>, %d: memref<?x16xf16>, %i: index) {
  // expected-error @below {{must copy from a ranked memref to a static one}}
  %0 = tile.copy_async %s[%i, %i], %d
         {in_bounds = array<i1: true, true>, permutation_map = affine_map<(d0, d1) -> (d0, d1)>}
         : memref<8x16xf16>, memref<?x16xf16>
  return
}

// -----

func.func @copy_element(%s: memref<8x16xf16>, %d: memref<8x16xbf16>, %i: index) {
  // expected-error @below {{must not change the element type, found 'f16' and 'bf16'}}
  %0 = tile.copy_async %s[%i, %i], %d
         {in_bounds = array<i1: true, true>, permutation_map = affine_map<(d0, d1) -> (d0, d1)>}
         : memref<8x16xf16>, memref<8x16xbf16>
  return
}

// -----

func.func @copy_indices(%s: memref<8x16xf16>, %d: memref<8x16xf16>, %i: index) {
  // expected-error @below {{needs an index for each of the source's 2 dimensions, found 1}}
  %0 = tile.copy_async %s[%i], %d
         {in_bounds = array<i1: true, true>, permutation_map = affine_map<(d0, d1) -> (d0, d1)>}
         : memref<8x16xf16>, memref<8x16xf16>
  return
}

// -----

func.func @copy_map(%s: memref<8x16xf16>, %d: memref<8x16xf16>, %i: index) {
  // expected-error @below {{needs a projected permutation of the source's 2 dimensions to the destination's 2, or one more, found affine_map<(d0, d1) -> (d1)>}}
  %0 = tile.copy_async %s[%i, %i], %d
         {in_bounds = array<i1: true, true>, permutation_map = affine_map<(d0, d1) -> (d1)>}
         : memref<8x16xf16>, memref<8x16xf16>
  return
}

// -----

func.func @copy_innermost(%s: memref<16x16xf16>, %d: memref<16x16xf16>, %i: index) {
  // expected-error @below {{must keep the source's innermost dimension innermost}}
  %0 = tile.copy_async %s[%i, %i], %d
         {in_bounds = array<i1: true, true>, permutation_map = affine_map<(d0, d1) -> (d1, d0)>}
         : memref<16x16xf16>, memref<16x16xf16>
  return
}

// -----

func.func @copy_too_many(%s: memref<2x2x8x16xf16>, %d: memref<8x64xf16, #gpu.address_space<workgroup>>, %i: index) {
  // expected-error @below {{needs a projected permutation of the source's 4 dimensions to the destination's 2, or one more, found}}
  %0 = tile.copy_async %s[%i, %i, %i, %i], %d
         {in_bounds = array<i1: true, true, true, true>, permutation_map = affine_map<(d0, d1, d2, d3) -> (d2, d0, d1, d3)>}
         : memref<2x2x8x16xf16>, memref<8x64xf16, #gpu.address_space<workgroup>>
  return
}

// -----

func.func @copy_merged_size(%s: memref<2x8x24xf16>, %d: memref<8x32xf16, #gpu.address_space<workgroup>>, %i: index) {
  // expected-error @below {{must merge static rows of whole 16-byte chunks into a row of the destination, found 'memref<2x8x24xf16>' and 'memref<8x32xf16, #gpu.address_space<workgroup>>'}}
  %0 = tile.copy_async %s[%i, %i, %i], %d
         {in_bounds = array<i1: true, true, true>, permutation_map = affine_map<(d0, d1, d2) -> (d1, d0, d2)>}
         : memref<2x8x24xf16>, memref<8x32xf16, #gpu.address_space<workgroup>>
  return
}

// -----

func.func @copy_merged_chunks(%s: memref<4x8x4xf16>, %d: memref<8x16xf16, #gpu.address_space<workgroup>>, %i: index) {
  // expected-error @below {{must merge static rows of whole 16-byte chunks into a row of the destination, found}}
  %0 = tile.copy_async %s[%i, %i, %i], %d
         {in_bounds = array<i1: true, true, true>, permutation_map = affine_map<(d0, d1, d2) -> (d1, d0, d2)>}
         : memref<4x8x4xf16>, memref<8x16xf16, #gpu.address_space<workgroup>>
  return
}

// -----

func.func @copy_merged_dynamic(%s: memref<2x8x?xf16>, %d: memref<8x32xf16, #gpu.address_space<workgroup>>, %i: index) {
  // expected-error @below {{must merge static rows of whole 16-byte chunks into a row of the destination, found}}
  %0 = tile.copy_async %s[%i, %i, %i], %d
         {in_bounds = array<i1: true, true, true>, permutation_map = affine_map<(d0, d1, d2) -> (d1, d0, d2)>}
         : memref<2x8x?xf16>, memref<8x32xf16, #gpu.address_space<workgroup>>
  return
}

// -----

func.func @copy_merged_in_bounds(%s: memref<2x8x16xf16>, %d: memref<8x32xf16, #gpu.address_space<workgroup>>, %i: index) {
  // expected-error @below {{must have merged rows that are in bounds}}
  %0 = tile.copy_async %s[%i, %i, %i], %d
         {in_bounds = array<i1: true, false, true>, permutation_map = affine_map<(d0, d1, d2) -> (d1, d0, d2)>}
         : memref<2x8x16xf16>, memref<8x32xf16, #gpu.address_space<workgroup>>
  return
}

// -----

func.func @copy_in_bounds(%s: memref<8x16xf16>, %d: memref<8x16xf16>, %i: index) {
  // expected-error @below {{needs 'in_bounds' for each of the 2 results of the permutation map, found 1}}
  %0 = tile.copy_async %s[%i, %i], %d
         {in_bounds = array<i1: true>, permutation_map = affine_map<(d0, d1) -> (d0, d1)>}
         : memref<8x16xf16>, memref<8x16xf16>
  return
}

// -----

func.func @copy_part_of_a_byte(%s: memref<8x64xi4>, %d: memref<8x64xi4, #gpu.address_space<workgroup>>, %i: index) {
  // expected-error @below {{copies integers and floats of whole bytes, found 'i4'}}
  %0 = tile.copy_async %s[%i, %i], %d
         {in_bounds = array<i1: true, true>, permutation_map = affine_map<(d0, d1) -> (d0, d1)>}
         : memref<8x64xi4>, memref<8x64xi4, #gpu.address_space<workgroup>>
  return
}

// -----

func.func @copy_strided(%s: memref<8x16xf16, strided<[64, 2]>>, %d: memref<8x16xf16, #gpu.address_space<workgroup>>, %i: index) {
  // expected-error @below {{must have a source that is contiguous along its innermost dimension, found 'memref<8x16xf16, strided<[64, 2]>>'}}
  %0 = tile.copy_async %s[%i, %i], %d
         {in_bounds = array<i1: true, true>, permutation_map = affine_map<(d0, d1) -> (d0, d1)>}
         : memref<8x16xf16, strided<[64, 2]>>, memref<8x16xf16, #gpu.address_space<workgroup>>
  return
}

// -----

func.func @copy_to_global(%s: memref<8x16xf16>, %d: memref<8x16xf16>, %i: index) {
  // expected-error @below {{must have a row-major destination in workgroup memory with rows of whole 16-byte chunks, found 'memref<8x16xf16>'}}
  %0 = tile.copy_async %s[%i, %i], %d
         {in_bounds = array<i1: true, true>, permutation_map = affine_map<(d0, d1) -> (d0, d1)>}
         : memref<8x16xf16>, memref<8x16xf16>
  return
}

// -----

func.func @wait_for_nothing() {
  // expected-error @below {{needs at least one token, found none; use gpu.barrier to only synchronize threads}}
  tile.wait
  return
}

// -----

// Values.

func.func @layout_of_value(%v: vector<12x16xf16>) {
  // expected-error @below {{cannot lay out 'vector<12x16xf16>' as #tile.layout<lanes = [8, 4], elems = [1, 2]>: each dimension must be a multiple of its warps x lanes x elems}}
  %0 = tile.to_layout %v to <lanes = [8, 4], elems = [1, 2]> : vector<12x16xf16>
  return
}

// -----

func.func @layout_rank_of_value(%v: vector<16xf16>) {
  // expected-error @below {{cannot lay out 'vector<16xf16>'}}
  %0 = tile.to_layout %v to <lanes = [8, 4], elems = [1, 2]> : vector<16xf16>
  return
}

// -----

func.func @warp_any_element(%v: vector<16xf16>) {
  // expected-error @below {{operand #0 must be vector of 1-bit signless integers (the conditions)}}
  %0 = tile.warp_any %v : vector<16xf16>
  return
}

// -----

// Parts.

func.func @part_index(%v: vector<5x4x8xf32>, %slot: memref<4x8xf32, #gpu.address_space<workgroup>>) {
  // expected-error @below {{must have an index within the 5 parts of the vector, found 5}}
  tile.write_part %v[5], %slot : vector<5x4x8xf32>, memref<4x8xf32, #gpu.address_space<workgroup>>
  return
}

// -----

func.func @part_shape(%v: vector<5x4x8xf32>, %slot: memref<4x4xf32, #gpu.address_space<workgroup>>) {
  // expected-error @below {{must write a part of 'vector<5x4x8xf32>' to a row-major buffer of its shape in workgroup memory, found 'memref<4x4xf32, #gpu.address_space<workgroup>>'}}
  tile.write_part %v[4], %slot : vector<5x4x8xf32>, memref<4x4xf32, #gpu.address_space<workgroup>>
  return
}
