// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: diff-opt %s -split-input-file -tile-select-mma -verify-diagnostics

#a = affine_map<(d0, d1, d2) -> (d0, d2)>
#b = affine_map<(d0, d1, d2) -> (d1, d2)>
#bt = affine_map<(d0, d1, d2) -> (d2, d1)>
#c = affine_map<(d0, d1, d2) -> (d0, d1)>
#shared = #gpu.address_space<workgroup>

func.func @element_type(%a: vector<64x32xf32>, %b: vector<16x32xf32>, %o: memref<64x16xf32>) {
  %c1 = arith.constant 1 : index
  %threads = arith.constant 128 : index
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
             threads(%tx, %ty, %tz) in (%sx = %threads, %sy = %c1, %sz = %c1) {
    %c0 = arith.constant 0 : index
    %zero = arith.constant dense<0.0> : vector<64x16xf32>
// expected-error @below {{is not a matrix product that tensor cores support: it needs f16 or bf16 operands (f32 if the schedule has tf32), an f32 accumulator, one column dimension and one reduced dimension}}
    %0 = vector.contract
           {indexing_maps = [#a, #b, #c],
            iterator_types = ["parallel", "parallel", "reduction"]}
           %a, %b, %zero : vector<64x32xf32>, vector<16x32xf32> into vector<64x16xf32>
    vector.transfer_write %0, %o[%c0, %c0] {in_bounds = [true, true]}
      : vector<64x16xf32>, memref<64x16xf32>
    gpu.terminator
  } {tile.schedule = #tile.schedule<warps = 4>}
  return
}

// -----

#a = affine_map<(d0, d1, d2) -> (d0, d2)>
#b = affine_map<(d0, d1, d2) -> (d1, d2)>
#bt = affine_map<(d0, d1, d2) -> (d2, d1)>
#c = affine_map<(d0, d1, d2) -> (d0, d1)>
#shared = #gpu.address_space<workgroup>

func.func @accumulator(%a: vector<64x32xf16>, %b: vector<16x32xf16>, %o: memref<64x16xf16>) {
  %c1 = arith.constant 1 : index
  %threads = arith.constant 128 : index
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
             threads(%tx, %ty, %tz) in (%sx = %threads, %sy = %c1, %sz = %c1) {
    %c0 = arith.constant 0 : index
    %zero = arith.constant dense<0.0> : vector<64x16xf16>
// expected-error @below {{is not a matrix product that tensor cores support}}
    %0 = vector.contract
           {indexing_maps = [#a, #b, #c],
            iterator_types = ["parallel", "parallel", "reduction"]}
           %a, %b, %zero : vector<64x32xf16>, vector<16x32xf16> into vector<64x16xf16>
    vector.transfer_write %0, %o[%c0, %c0] {in_bounds = [true, true]}
      : vector<64x16xf16>, memref<64x16xf16>
    gpu.terminator
  } {tile.schedule = #tile.schedule<warps = 4>}
  return
}

// -----

#a = affine_map<(d0, d1, d2) -> (d0, d2)>
#b = affine_map<(d0, d1, d2) -> (d1, d2)>
#bt = affine_map<(d0, d1, d2) -> (d2, d1)>
#c = affine_map<(d0, d1, d2) -> (d0, d1)>
#shared = #gpu.address_space<workgroup>

func.func @columns(%a: vector<64x32xbf16>, %b: vector<12x32xbf16>, %o: memref<64x12xf32>) {
  %c1 = arith.constant 1 : index
  %threads = arith.constant 128 : index
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
             threads(%tx, %ty, %tz) in (%sx = %threads, %sy = %c1, %sz = %c1) {
    %c0 = arith.constant 0 : index
    %zero = arith.constant dense<0.0> : vector<64x12xf32>
// expected-error @below {{has 12 columns; m16n8k16 needs a multiple of 8}}
    %0 = vector.contract
           {indexing_maps = [#a, #b, #c],
            iterator_types = ["parallel", "parallel", "reduction"]}
           %a, %b, %zero : vector<64x32xbf16>, vector<12x32xbf16> into vector<64x12xf32>
    vector.transfer_write %0, %o[%c0, %c0] {in_bounds = [true, true]}
      : vector<64x12xf32>, memref<64x12xf32>
    gpu.terminator
  } {tile.schedule = #tile.schedule<warps = 4>}
  return
}

// -----

#a = affine_map<(d0, d1, d2) -> (d0, d2)>
#b = affine_map<(d0, d1, d2) -> (d1, d2)>
#bt = affine_map<(d0, d1, d2) -> (d2, d1)>
#c = affine_map<(d0, d1, d2) -> (d0, d1)>
#shared = #gpu.address_space<workgroup>

func.func @summands(%a: vector<64x24xbf16>, %b: vector<16x24xbf16>, %o: memref<64x16xf32>) {
  %c1 = arith.constant 1 : index
  %threads = arith.constant 128 : index
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
             threads(%tx, %ty, %tz) in (%sx = %threads, %sy = %c1, %sz = %c1) {
    %c0 = arith.constant 0 : index
    %zero = arith.constant dense<0.0> : vector<64x16xf32>
// expected-error @below {{has 24 summands; m16n8k16 needs a multiple of 16}}
    %0 = vector.contract
           {indexing_maps = [#a, #b, #c],
            iterator_types = ["parallel", "parallel", "reduction"]}
           %a, %b, %zero : vector<64x24xbf16>, vector<16x24xbf16> into vector<64x16xf32>
    vector.transfer_write %0, %o[%c0, %c0] {in_bounds = [true, true]}
      : vector<64x16xf32>, memref<64x16xf32>
    gpu.terminator
  } {tile.schedule = #tile.schedule<warps = 4>}
  return
}

// -----

#a = affine_map<(d0, d1, d2) -> (d0, d2)>
#b = affine_map<(d0, d1, d2) -> (d1, d2)>
#bt = affine_map<(d0, d1, d2) -> (d2, d1)>
#c = affine_map<(d0, d1, d2) -> (d0, d1)>
#shared = #gpu.address_space<workgroup>

func.func @rows(%a: vector<48x32xbf16>, %b: vector<16x32xbf16>, %o: memref<48x16xf32>) {
  %c1 = arith.constant 1 : index
  %threads = arith.constant 128 : index
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
             threads(%tx, %ty, %tz) in (%sx = %threads, %sy = %c1, %sz = %c1) {
    %c0 = arith.constant 0 : index
    %zero = arith.constant dense<0.0> : vector<48x16xf32>
// expected-error @below {{has rows that cannot be distributed over 4 warps of 16 rows each}}
    %0 = vector.contract
           {indexing_maps = [#a, #b, #c],
            iterator_types = ["parallel", "parallel", "reduction"]}
           %a, %b, %zero : vector<48x32xbf16>, vector<16x32xbf16> into vector<48x16xf32>
    vector.transfer_write %0, %o[%c0, %c0] {in_bounds = [true, true]}
      : vector<48x16xf32>, memref<48x16xf32>
    gpu.terminator
  } {tile.schedule = #tile.schedule<warps = 4>}
  return
}

// -----

#a = affine_map<(d0, d1, d2) -> (d0, d2)>
#b = affine_map<(d0, d1, d2) -> (d1, d2)>
#bt = affine_map<(d0, d1, d2) -> (d2, d1)>
#c = affine_map<(d0, d1, d2) -> (d0, d1)>
#shared = #gpu.address_space<workgroup>

func.func @few_rows(%a: vector<8x32xbf16>, %b: vector<16x32xbf16>, %o: memref<8x16xf32>) {
  %c1 = arith.constant 1 : index
  %threads = arith.constant 32 : index
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
             threads(%tx, %ty, %tz) in (%sx = %threads, %sy = %c1, %sz = %c1) {
    %c0 = arith.constant 0 : index
    %zero = arith.constant dense<0.0> : vector<8x16xf32>
// expected-error @below {{has rows that cannot be distributed over 1 warps of 16 rows each}}
    %0 = vector.contract
           {indexing_maps = [#a, #b, #c],
            iterator_types = ["parallel", "parallel", "reduction"]}
           %a, %b, %zero : vector<8x32xbf16>, vector<16x32xbf16> into vector<8x16xf32>
    vector.transfer_write %0, %o[%c0, %c0] {in_bounds = [true, true]}
      : vector<8x16xf32>, memref<8x16xf32>
    gpu.terminator
  } {tile.schedule = #tile.schedule<warps = 1>}
  return
}
