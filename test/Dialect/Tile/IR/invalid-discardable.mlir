// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Attributes of the dialect with the wrong kind, in the wrong place or of
// another name.
// RUN: diff-opt %s -split-input-file -verify-diagnostics

// expected-error @below {{'func.func' op has the attribute 'tile.colour', which dialect 'tile' does not define; legal are 'tile.layouts', 'tile.mma', 'tile.schedule', 'tile.stages', 'tile.steady'}}
func.func @unknown() attributes {tile.colour = "red"} { return }

// -----

// expected-error @below {{has the attribute 'tile.colour', which dialect 'tile' does not define}}
func.func private @unknown(memref<4xf32> {tile.colour})

// -----

// expected-error @below {{has the attribute 'tile.stages' on argument 0, which is for operations}}
func.func private @argument(memref<4xf32> {tile.stages = 2})

// -----

// expected-error @below {{has the attribute 'tile.steady' on result 0, which is for operations}}
func.func private @result() -> (memref<4xf32> {tile.steady})

// -----

// Layouts.

func.func @layouts_kind() {
  // expected-error @below {{has the attribute 'tile.layouts' of the wrong kind: an array of #tile.layout and unit is legal, found [1]}}
  %0 = arith.constant {tile.layouts = [1]} dense<0.0> : vector<8x8xf32>
  return
}

// -----

func.func @layouts_count() {
  // expected-error @below {{has the attribute 'tile.layouts' with 0 layouts for 1 results}}
  %0 = arith.constant {tile.layouts = []} dense<0.0> : vector<8x8xf32>
  return
}

// -----

func.func @layouts_shape() {
  // expected-error @below {{has the attribute 'tile.layouts' with the layout #tile.layout<lanes = [8, 4], elems = [1, 2]> for result 0, which does not fit 'vector<8xf32>'}}
  %0 = arith.constant {tile.layouts = [#tile.layout<lanes = [8, 4], elems = [1, 2]>]} dense<0.0> : vector<8xf32>
  return
}

// -----

func.func @layouts_of_scalar() {
  // expected-error @below {{has the attribute 'tile.layouts' with the layout #tile.layout<lanes = [8], elems = [1]> for result 0, which does not fit 'f32'}}
  %0 = arith.constant {tile.layouts = [#tile.layout<lanes = [8]>]} 0.0 : f32
  return
}

// -----

// Instructions.

func.func @mma_place() {
  // expected-error @below {{has the attribute 'tile.mma', which is for a vector.contract}}
  %0 = arith.constant {tile.mma = #tile.mma<m = 16, n = 8, k = 16, result = <lanes = [8, 4], elems = [1, 2]>>} dense<0.0> : vector<16x8xf32>
  return
}

// -----

#lhs = affine_map<(m, n, k) -> (m, k)>
#rhs = affine_map<(m, n, k) -> (n, k)>
#out = affine_map<(m, n, k) -> (m, n)>
func.func @mma_kind(%a: vector<16x16xf16>, %b: vector<8x16xf16>, %c: vector<16x8xf32>) -> vector<16x8xf32> {
  // expected-error @below {{has the attribute 'tile.mma' of the wrong kind: #tile.mma is legal, found "m16n8k16"}}
  %0 = vector.contract {indexing_maps = [#lhs, #rhs, #out],
                        iterator_types = ["parallel", "parallel", "reduction"],
                        tile.mma = "m16n8k16"} %a, %b, %c
      : vector<16x16xf16>, vector<8x16xf16> into vector<16x8xf32>
  return %0 : vector<16x8xf32>
}

// -----

#lhs = affine_map<(m, n, k) -> (m, k)>
#rhs = affine_map<(m, n, k) -> (n, k)>
#out = affine_map<(m, n, k) -> (m, n)>
func.func @mma_layout(%a: vector<16x16xf16>, %b: vector<4x16xf16>, %c: vector<16x4xf32>) -> vector<16x4xf32> {
  // expected-error @below {{has the attribute 'tile.mma' with the result layout #tile.layout<lanes = [8, 4], elems = [1, 2]>, which does not fit 'vector<16x4xf32>'}}
  %0 = vector.contract {indexing_maps = [#lhs, #rhs, #out],
                        iterator_types = ["parallel", "parallel", "reduction"],
                        tile.mma = #tile.mma<m = 16, n = 8, k = 16, result = <lanes = [8, 4], elems = [1, 2]>>} %a, %b, %c
      : vector<16x16xf16>, vector<4x16xf16> into vector<16x4xf32>
  return %0 : vector<16x4xf32>
}

// -----

#lhs = affine_map<(m, n, k) -> (m, k)>
#rhs = affine_map<(m, n, k) -> (n, k)>
#out = affine_map<(m, n, k) -> (m, n)>
func.func @mma_element(%a: vector<16x16xf16>, %b: vector<8x16xf16>, %c: vector<16x8xf32>) -> vector<16x8xf32> {
  // expected-error @below {{has the attribute 'tile.mma' of m16n8k8, which multiplies tf32, found 'f16'}}
  %0 = vector.contract {indexing_maps = [#lhs, #rhs, #out],
                        iterator_types = ["parallel", "parallel", "reduction"],
                        tile.mma = #tile.mma<m = 16, n = 8, k = 8, result = <lanes = [8, 4], elems = [1, 2]>>} %a, %b, %c
      : vector<16x16xf16>, vector<8x16xf16> into vector<16x8xf32>
  return %0 : vector<16x8xf32>
}

// -----

#lhs = affine_map<(m, n, k) -> (m, k)>
#rhs = affine_map<(m, n, k) -> (n, k)>
#out = affine_map<(m, n, k) -> (m, n)>
func.func @mma_summands(%a: vector<16x8xf16>, %b: vector<8x8xf16>, %c: vector<16x8xf32>) -> vector<16x8xf32> {
  // expected-error @below {{has the attribute 'tile.mma' of m16n8k16, but the reduced dimension has size 8, which is not a multiple of 16}}
  %0 = vector.contract {indexing_maps = [#lhs, #rhs, #out],
                        iterator_types = ["parallel", "parallel", "reduction"],
                        tile.mma = #tile.mma<m = 16, n = 8, k = 16, result = <lanes = [8, 4], elems = [1, 2]>>} %a, %b, %c
      : vector<16x8xf16>, vector<8x8xf16> into vector<16x8xf32>
  return %0 : vector<16x8xf32>
}

// -----

// Schedules.

func.func @schedule_place(%n: index) {
  // expected-error @below {{has the attribute 'tile.schedule', which is for an scf.forall or a gpu.launch}}
  scf.for %i = %n to %n step %n {
  } {tile.schedule = #tile.schedule<warps = 4>}
  return
}

// -----

func.func @schedule_kind() {
  // expected-error @below {{has the attribute 'tile.schedule' of the wrong kind: #tile.schedule is legal, found 4 : i64}}
  scf.forall (%i) in (4) {
  } {mapping = [#gpu.block<x>], tile.schedule = 4}
  return
}

// -----

func.func @schedule_of_loop() {
  // expected-error @below {{has the attribute 'tile.schedule', which is for a loop that is mapped to blocks}}
  scf.forall (%i) in (4) {
  } {tile.schedule = #tile.schedule<warps = 4>}
  return
}

// -----

func.func @schedule_of_launch() {
  %c1 = arith.constant 1 : index
  %c64 = arith.constant 64 : index
  // expected-error @below {{has the attribute 'tile.schedule' with 4 warps, which require blocks of 128 x 1 x 1 threads, found 64}}
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
             threads(%tx, %ty, %tz) in (%sx = %c64, %sy = %c1, %sz = %c1) {
    gpu.terminator
  } {tile.schedule = #tile.schedule<warps = 4>}
  return
}

// -----

func.func @schedule_of_unknown_block(%n: index) {
  %c1 = arith.constant 1 : index
  // expected-error @below {{has the attribute 'tile.schedule' with 4 warps, which require blocks of 128 x 1 x 1 threads, found another shape}}
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
             threads(%tx, %ty, %tz) in (%sx = %n, %sy = %c1, %sz = %c1) {
    gpu.terminator
  } {tile.schedule = #tile.schedule<warps = 4>}
  return
}

// -----

// Loops.

func.func @stages_kind(%n: index) {
  // expected-error @below {{has the attribute 'tile.stages' of the wrong kind: an integer of 64 bits is legal, found unit}}
  scf.for %i = %n to %n step %n {
  } {tile.stages}
  return
}

// -----

func.func @stages_range(%n: index) {
  // expected-error @below {{has the attribute 'tile.stages' of 1 to 8 slots, found 0}}
  scf.for %i = %n to %n step %n {
  } {tile.stages = 0 : i64}
  return
}

// -----

func.func @stages_place() {
  // expected-error @below {{has the attribute 'tile.stages', which is for an scf.for}}
  %0 = arith.constant {tile.stages = 2 : i64} 0.0 : f32
  return
}

// -----

func.func @steady(%n: index) {
  // expected-error @below {{has the attribute 'tile.steady' of the wrong kind: no value is legal, found 1 : i64}}
  scf.for %i = %n to %n step %n {
  } {tile.steady = 1}
  return
}

// -----

// The op itself is verified first.
func.func @maps(%a: vector<16x16xf16>, %b: vector<8x16xf16>, %c: vector<16x8xf32>) {
  // expected-error @below {{'vector.contract' op requires attribute 'indexing_maps'}}
  %0 = "vector.contract"(%a, %b, %c) <{iterator_types = [#vector.iterator_type<parallel>, #vector.iterator_type<parallel>, #vector.iterator_type<reduction>], kind = #vector.kind<add>}> {tile.mma = #tile.mma<m = 16, n = 8, k = 16, result = <lanes = [8, 4], elems = [1, 2]>>} : (vector<16x16xf16>, vector<8x16xf16>, vector<16x8xf32>) -> vector<16x8xf32>
  return
}

// -----

func.func @sizes(%n: index) {
  // expected-error @below {{'gpu.launch' op operand #0 must be variadic of async token type, but got 'index'}}
  "gpu.launch"(%n, %n, %n, %n, %n, %n) <{operandSegmentSizes = array<i32: 6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0>}> ({ gpu.terminator }) {tile.schedule = #tile.schedule<warps = 4, stages = 2>} : (index, index, index, index, index, index) -> ()
  return
}
