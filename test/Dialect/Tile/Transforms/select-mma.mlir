// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: diff-opt %s -split-input-file -tile-select-mma | FileCheck %s

#a = affine_map<(d0, d1, d2) -> (d0, d2)>
#b = affine_map<(d0, d1, d2) -> (d1, d2)>
#bt = affine_map<(d0, d1, d2) -> (d2, d1)>
#c = affine_map<(d0, d1, d2) -> (d0, d1)>
#shared = #gpu.address_space<workgroup>

// Rows over 8 lanes, then over the warps; columns over 4 lanes with two elements
// each.
// CHECK-LABEL: func @matmul
// CHECK: vector.contract {{.*}}tile.mma = #tile.mma<m = 16, n = 8, k = 16, result = <warps = [4, 1], lanes = [8, 4], elems = [1, 2]>>
func.func @matmul(%a: vector<64x32xbf16>, %b: vector<16x32xbf16>, %o: memref<64x16xf32>) {
  %c1 = arith.constant 1 : index
  %threads = arith.constant 128 : index
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
             threads(%tx, %ty, %tz) in (%sx = %threads, %sy = %c1, %sz = %c1) {
    %c0 = arith.constant 0 : index
    %zero = arith.constant dense<0.0> : vector<64x16xf32>
    %0 = vector.contract
           {indexing_maps = [#a, #b, #c],
            iterator_types = ["parallel", "parallel", "reduction"]}
           %a, %b, %zero : vector<64x32xbf16>, vector<16x32xbf16> into vector<64x16xf32>
    vector.transfer_write %0, %o[%c0, %c0] {in_bounds = [true, true]}
      : vector<64x16xf32>, memref<64x16xf32>
    gpu.terminator
  } {tile.schedule = #tile.schedule<warps = 4>}
  return
}

// -----

// Rows of (map, token): tokens are distributed over lanes and warps, and the pair of
// row units is the two maps, so that a thread has both maps of its tokens.
// CHECK-LABEL: func @maps
// CHECK: result = <warps = [1, 2, 1], lanes = [1, 8, 4], elems = [1, 1, 2]>
func.func @maps(%a: vector<2x16x32xf16>, %b: vector<16x32xf16>, %o: memref<2x16x16xf32>) {
  %c1 = arith.constant 1 : index
  %threads = arith.constant 64 : index
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
             threads(%tx, %ty, %tz) in (%sx = %threads, %sy = %c1, %sz = %c1) {
    %c0 = arith.constant 0 : index
    %zero = arith.constant dense<0.0> : vector<2x16x16xf32>
    %0 = vector.contract
           {indexing_maps = [affine_map<(h, n, m, d) -> (h, n, d)>,
                             affine_map<(h, n, m, d) -> (m, d)>,
                             affine_map<(h, n, m, d) -> (h, n, m)>],
            iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
           %a, %b, %zero : vector<2x16x32xf16>, vector<16x32xf16>
           into vector<2x16x16xf32>
    vector.transfer_write %0, %o[%c0, %c0, %c0] {in_bounds = [true, true, true]}
      : vector<2x16x16xf32>, memref<2x16x16xf32>
    gpu.terminator
  } {tile.schedule = #tile.schedule<warps = 2>}
  return
}

// -----

// Maps with separate keys do not share an instruction: the pair is two rows of one
// map, and the map is distributed over warps.
// CHECK-LABEL: func @own_keys
// CHECK: result = <warps = [2, 1, 1], lanes = [1, 8, 4], elems = [1, 1, 2]>
func.func @own_keys(%a: vector<2x16x32xf16>, %b: vector<2x16x32xf16>, %o: memref<2x16x16xf32>) {
  %c1 = arith.constant 1 : index
  %threads = arith.constant 64 : index
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
             threads(%tx, %ty, %tz) in (%sx = %threads, %sy = %c1, %sz = %c1) {
    %c0 = arith.constant 0 : index
    %zero = arith.constant dense<0.0> : vector<2x16x16xf32>
    %0 = vector.contract
           {indexing_maps = [affine_map<(h, n, m, d) -> (h, n, d)>,
                             affine_map<(h, n, m, d) -> (h, m, d)>,
                             affine_map<(h, n, m, d) -> (h, n, m)>],
            iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
           %a, %b, %zero : vector<2x16x32xf16>, vector<2x16x32xf16>
           into vector<2x16x16xf32>
    vector.transfer_write %0, %o[%c0, %c0, %c0] {in_bounds = [true, true, true]}
      : vector<2x16x16xf32>, memref<2x16x16xf32>
    gpu.terminator
  } {tile.schedule = #tile.schedule<warps = 2>}
  return
}

// -----

#a = affine_map<(d0, d1, d2) -> (d0, d2)>
#b = affine_map<(d0, d1, d2) -> (d1, d2)>
#bt = affine_map<(d0, d1, d2) -> (d2, d1)>
#c = affine_map<(d0, d1, d2) -> (d0, d1)>
#shared = #gpu.address_space<workgroup>

// The rows of a contraction whose operand is computed from the result of another one
// keep their distribution. An existing instruction is kept.
// CHECK-LABEL: func @chain
// CHECK: %[[S:.*]] = vector.contract {{.*}}result = <warps = [2, 1], lanes = [8, 4], elems = [1, 2]>
// CHECK: vector.contract {{.*}}result = <warps = [2, 1], lanes = [8, 4], elems = [1, 2]>
func.func @chain(%a: vector<16x32xbf16>, %b: vector<16x32xbf16>, %v: vector<32x16xbf16>, %o: memref<16x32xf32>) {
  %c1 = arith.constant 1 : index
  %threads = arith.constant 128 : index
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
             threads(%tx, %ty, %tz) in (%sx = %threads, %sy = %c1, %sz = %c1) {
    %c0 = arith.constant 0 : index
    %zero = arith.constant dense<0.0> : vector<16x16xf32>
    %zero1 = arith.constant dense<0.0> : vector<16x32xf32>
    %0 = vector.contract
           {indexing_maps = [#a, #b, #c],
            iterator_types = ["parallel", "parallel", "reduction"],
            tile.mma = #tile.mma<m = 16, n = 8, k = 16,
              result = <warps = [2, 1], lanes = [8, 4], elems = [1, 2]>>}
           %a, %b, %zero : vector<16x32xbf16>, vector<16x32xbf16> into vector<16x16xf32>
    %1 = arith.truncf %0 : vector<16x16xf32> to vector<16x16xbf16>
    %2 = vector.contract
           {indexing_maps = [#a, #b, #c],
            iterator_types = ["parallel", "parallel", "reduction"]}
           %1, %v, %zero1 : vector<16x16xbf16>, vector<32x16xbf16> into vector<16x32xf32>
    vector.transfer_write %2, %o[%c0, %c0] {in_bounds = [true, true]}
      : vector<16x32xf32>, memref<16x32xf32>
    gpu.terminator
  } {tile.schedule = #tile.schedule<warps = 4>}
  return
}

// -----

// A sum of squares becomes a product and a reduction.
// CHECK-LABEL: func @squares
// CHECK-NOT: vector.contract
// CHECK: %[[P:.*]] = arith.mulf %{{.*}}, %{{.*}} : vector<16x32xf32>
// CHECK: vector.multi_reduction <add>, %[[P]], %{{.*}} [1] : vector<16x32xf32> to vector<16xf32>
func.func @squares(%a: vector<16x32xf32>, %o: memref<16xf32>) {
  %c1 = arith.constant 1 : index
  %threads = arith.constant 128 : index
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
             threads(%tx, %ty, %tz) in (%sx = %threads, %sy = %c1, %sz = %c1) {
    %c0 = arith.constant 0 : index
    %zero = arith.constant dense<0.0> : vector<16xf32>
    %0 = vector.contract
           {indexing_maps = [affine_map<(n, d) -> (n, d)>,
                             affine_map<(n, d) -> (n, d)>,
                             affine_map<(n, d) -> (n)>],
            iterator_types = ["parallel", "reduction"]}
           %a, %a, %zero : vector<16x32xf32>, vector<16x32xf32> into vector<16xf32>
    vector.transfer_write %0, %o[%c0] {in_bounds = [true]}
      : vector<16xf32>, memref<16xf32>
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

// A launch without a schedule does not use tensor cores.
// CHECK-LABEL: func @no_schedule
// CHECK-NOT: tile.mma
func.func @no_schedule(%a: vector<64x32xf32>, %b: vector<16x32xf32>, %o: memref<64x16xf32>) {
  %c1 = arith.constant 1 : index
  %threads = arith.constant 128 : index
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
             threads(%tx, %ty, %tz) in (%sx = %threads, %sy = %c1, %sz = %c1) {
    %c0 = arith.constant 0 : index
    %zero = arith.constant dense<0.0> : vector<64x16xf32>
    %0 = vector.contract
           {indexing_maps = [#a, #b, #c],
            iterator_types = ["parallel", "parallel", "reduction"]}
           %a, %b, %zero : vector<64x32xf32>, vector<16x32xf32> into vector<64x16xf32>
    vector.transfer_write %0, %o[%c0, %c0] {in_bounds = [true, true]}
      : vector<64x16xf32>, memref<64x16xf32>
    gpu.terminator
  }
  return
}

// -----

#a = affine_map<(d0, d1, d2) -> (d0, d2)>
#b = affine_map<(d0, d1, d2) -> (d1, d2)>
#bt = affine_map<(d0, d1, d2) -> (d2, d1)>
#c = affine_map<(d0, d1, d2) -> (d0, d1)>

// f32 is rounded to tf32. Both operands of the first product have the summands
// innermost: single elements, which ldmatrix loads. The second product uses the
// result of the first one, with two contiguous elements in a lane.
// CHECK-LABEL: func @tf32
// CHECK-SAME: %[[A:.*]]: vector<64x32xf32>, %[[B:.*]]: vector<16x32xf32>, %[[V:.*]]: vector<16x8xf32>
// CHECK-DAG: %[[LHS:.*]] = arith.truncf %[[A]] : vector<64x32xf32> to vector<64x32xtf32>
// CHECK-DAG: %[[RHS:.*]] = arith.truncf %[[B]] : vector<16x32xf32> to vector<16x32xtf32>
// CHECK: %[[S:.*]] = vector.contract {{.*}} %[[LHS]], %[[RHS]], {{.*}}tile.mma = #tile.mma<m = 16, n = 8, k = 8, neighbours = 1, result = <warps = [4, 1], lanes = [8, 4], elems = [1, 2]>>}
// CHECK: %[[P:.*]] = math.exp2 %[[S]]
// CHECK-DAG: %[[LHS2:.*]] = arith.truncf %[[P]] : vector<64x16xf32> to vector<64x16xtf32>
// CHECK-DAG: %[[RHS2:.*]] = arith.truncf %[[V]] : vector<16x8xf32> to vector<16x8xtf32>
// CHECK: vector.contract {{.*}} %[[LHS2]], %[[RHS2]], {{.*}}tile.mma = #tile.mma<m = 16, n = 8, k = 8, result = <warps = [4, 1], lanes = [8, 4], elems = [1, 2]>>}
func.func @tf32(%a: vector<64x32xf32>, %b: vector<16x32xf32>, %v: vector<16x8xf32>, %o: memref<64x8xf32>) {
  %c1 = arith.constant 1 : index
  %threads = arith.constant 128 : index
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
             threads(%tx, %ty, %tz) in (%sx = %threads, %sy = %c1, %sz = %c1) {
    %c0 = arith.constant 0 : index
    %zero = arith.constant dense<0.0> : vector<64x16xf32>
    %none = arith.constant dense<0.0> : vector<64x8xf32>
    %0 = vector.contract
           {indexing_maps = [#a, #b, #c],
            iterator_types = ["parallel", "parallel", "reduction"]}
           %a, %b, %zero : vector<64x32xf32>, vector<16x32xf32> into vector<64x16xf32>
    %1 = math.exp2 %0 : vector<64x16xf32>
    %2 = vector.contract
           {indexing_maps = [#a, #bt, #c],
            iterator_types = ["parallel", "parallel", "reduction"]}
           %1, %v, %none : vector<64x16xf32>, vector<16x8xf32> into vector<64x8xf32>
    vector.transfer_write %2, %o[%c0, %c0] {in_bounds = [true, true]}
      : vector<64x8xf32>, memref<64x8xf32>
    gpu.terminator
  } {tile.schedule = #tile.schedule<warps = 4, tf32 = true>}
  return
}

// -----

#a = affine_map<(d0, d1, d2) -> (d0, d2)>
#b = affine_map<(d0, d1, d2) -> (d2, d1)>
#c = affine_map<(d0, d1, d2) -> (d0, d1)>

// Both parts of the left-hand side are rounded before the first product, and the
// right-hand side once. The products become one loop of instructions.
// CHECK-LABEL: func @parts
// CHECK: gpu.launch
// CHECK-DAG: %[[PART:.*]] = math.exp2 %{{.*}} : vector<64x16xf32>
// CHECK-DAG: %[[REST:.*]] = arith.subf %{{.*}}, %[[PART]]
// CHECK-DAG: %[[LHS:.*]] = arith.truncf %[[PART]] : vector<64x16xf32> to vector<64x16xtf32>
// CHECK-DAG: %[[LHS2:.*]] = arith.truncf %[[REST]] : vector<64x16xf32> to vector<64x16xtf32>
// CHECK: %[[O:.*]] = vector.contract {{.*}} %[[LHS]], %{{.*}}, %{{.*}} :
// CHECK-NEXT: arith.truncf %{{.*}} : vector<16x8xf32> to vector<16x8xtf32>
// CHECK-NEXT: vector.contract {{.*}} %[[LHS2]], %{{.*}}, %[[O]] {
func.func @parts(%a: vector<64x16xf32>, %v: vector<16x8xf32>, %o: memref<64x8xf32>) {
  %c1 = arith.constant 1 : index
  %threads = arith.constant 128 : index
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
             threads(%tx, %ty, %tz) in (%sx = %threads, %sy = %c1, %sz = %c1) {
    %c0 = arith.constant 0 : index
    %zero = arith.constant dense<0.0> : vector<64x8xf32>
    %part = math.exp2 %a : vector<64x16xf32>
    %rest = arith.subf %a, %part : vector<64x16xf32>
    %0 = vector.contract
           {indexing_maps = [#a, #b, #c],
            iterator_types = ["parallel", "parallel", "reduction"]}
           %part, %v, %zero : vector<64x16xf32>, vector<16x8xf32> into vector<64x8xf32>
    %1 = vector.contract
           {indexing_maps = [#a, #b, #c],
            iterator_types = ["parallel", "parallel", "reduction"]}
           %rest, %v, %0 : vector<64x16xf32>, vector<16x8xf32> into vector<64x8xf32>
    vector.transfer_write %1, %o[%c0, %c0] {in_bounds = [true, true]}
      : vector<64x8xf32>, memref<64x8xf32>
    gpu.terminator
  } {tile.schedule = #tile.schedule<warps = 4, tf32 = true>}
  return
}
