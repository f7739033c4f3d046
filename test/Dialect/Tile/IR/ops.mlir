// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: diff-opt %s | diff-opt | FileCheck %s
// RUN: diff-opt %s -mlir-print-op-generic | diff-opt | FileCheck %s
// RUN: diff-opt %s -emit-bytecode | diff-opt | FileCheck %s
// RUN: diff-opt %s -verify-roundtrip | FileCheck %s
// RUN: diff-opt %s -mlir-print-op-generic | FileCheck %s --check-prefix=GENERIC

#shared = #gpu.address_space<workgroup>

// CHECK-LABEL: func @rings
// CHECK-SAME: %[[I:.*]]: index
// CHECK: %[[A:.*]] = tile.ring : memref<2x64x128xbf16, #gpu.address_space<workgroup>>
// CHECK: tile.ring {offset = 256 : i64, padding = 16 : i64} : memref<1x16x64xf16, #gpu.address_space<workgroup>>
// CHECK: tile.ring {swizzle = #tile.swizzle<bits = 3, shift = 0>} : memref<3x16x64xf16, #gpu.address_space<workgroup>>
// CHECK: tile.slot %[[A]][%[[I]]] : memref<2x64x128xbf16, #gpu.address_space<workgroup>> -> memref<64x128xbf16, #gpu.address_space<workgroup>>
// GENERIC: "tile.ring"() <{padding = 0 : i64}>
// GENERIC: "tile.ring"() <{offset = 256 : i64, padding = 16 : i64}>
// GENERIC: "tile.ring"() <{padding = 0 : i64, swizzle = #tile.swizzle<bits = 3, shift = 0>}>
// GENERIC: "tile.slot"
func.func @rings(%i: index) {
  %0 = tile.ring : memref<2x64x128xbf16, #shared>
  %1 = tile.ring {padding = 16, offset = 256} : memref<1x16x64xf16, #shared>
  %2 = tile.ring {swizzle = #tile.swizzle<bits = 3, shift = 0>}
         : memref<3x16x64xf16, #shared>
  %3 = tile.slot %0[%i] : memref<2x64x128xbf16, #shared>
         -> memref<64x128xbf16, #shared>
  return
}

// CHECK-LABEL: func @copies
// CHECK-SAME: (%[[K:.*]]: memref<{{.*}}>, %[[S:.*]]: memref<{{.*}}>, %[[I:.*]]: index, %[[P:.*]]: i1)
// CHECK: %[[T0:.*]] = tile.copy_async %[[K]][%[[I]], %[[I]], %[[I]], %[[I]]], %[[S]] {in_bounds = array<i1: false, true>, permutation_map = #{{.*}}} : memref<1x512x4x128xbf16, strided<[?, ?, ?, 1]>>, memref<64x128xbf16, #gpu.address_space<workgroup>>
// CHECK: %[[T1:.*]] = tile.copy_async %[[K]][%[[I]], %[[I]], %[[I]], %[[I]]], %[[S]] if %[[P]] {
// CHECK: tile.wait %[[T0]], %[[T1]]
// GENERIC: "tile.copy_async"{{.*}}in_bounds = array<i1: false, true>, operandSegmentSizes = array<i32: 1, 4, 1, 0>
// GENERIC: "tile.copy_async"{{.*}}in_bounds = array<i1: true, true>, operandSegmentSizes = array<i32: 1, 4, 1, 1>
// GENERIC: "tile.wait"(%{{.*}}, %{{.*}}) : (!tile.token, !tile.token) -> ()
func.func @copies(%k: memref<1x512x4x128xbf16, strided<[?, ?, ?, 1]>>,
                  %slot: memref<64x128xbf16, #shared>, %i: index, %p: i1) {
  %0 = tile.copy_async %k[%i, %i, %i, %i], %slot
         {in_bounds = array<i1: false, true>,
          permutation_map = affine_map<(d0, d1, d2, d3) -> (d1, d3)>}
         : memref<1x512x4x128xbf16, strided<[?, ?, ?, 1]>>,
           memref<64x128xbf16, #shared>
  %1 = tile.copy_async %k[%i, %i, %i, %i], %slot if %p
         {in_bounds = array<i1: true, true>,
          permutation_map = affine_map<(d0, d1, d2, d3) -> (d1, d3)>}
         : memref<1x512x4x128xbf16, strided<[?, ?, ?, 1]>>,
           memref<64x128xbf16, #shared>
  tile.wait %0, %1
  return
}

// CHECK-LABEL: func @part
// CHECK: tile.write_part %{{.*}}[4], %{{.*}} : vector<5x32x64xf32>, memref<32x64xf32, #gpu.address_space<workgroup>>
// GENERIC: "tile.write_part"(%{{.*}}, %{{.*}}) <{index = 4 : i64}> : (vector<5x32x64xf32>, memref<32x64xf32, #gpu.address_space<workgroup>>) -> ()
func.func @part(%v: vector<5x32x64xf32>, %slot: memref<32x64xf32, #shared>) {
  tile.write_part %v[4], %slot : vector<5x32x64xf32>, memref<32x64xf32, #shared>
  return
}

// CHECK-LABEL: func @values
// CHECK: tile.to_layout %{{.*}} to <lanes = [2, 16], elems = [1, 8]> : vector<64x128xbf16>
// CHECK: tile.warp_any %{{.*}} : vector<2x64xi1>
// GENERIC: "tile.to_layout"(%{{.*}}) <{layout = #tile.layout<lanes = [2, 16], elems = [1, 8]>}> : (vector<64x128xbf16>) -> vector<64x128xbf16>
// GENERIC: "tile.warp_any"(%{{.*}}) : (vector<2x64xi1>) -> i1
func.func @values(%v: vector<64x128xbf16>, %b: vector<2x64xi1>) -> i1 {
  %0 = tile.to_layout %v to <lanes = [2, 16], elems = [1, 8]>
         : vector<64x128xbf16>
  %1 = tile.warp_any %b : vector<2x64xi1>
  return %1 : i1
}

// A layout omits defaults: warps and elems of 1, and strides that make the last
// dimension the fastest. Strides of undistributed dimensions are 1, so that equal
// layouts are equal.
// CHECK-LABEL: func private @attributes
// CHECK-SAME: a = #tile.layout<warps = [4, 1], lanes = [8, 4], elems = [1, 2]>
// CHECK-SAME: b = #tile.layout<lanes = [4, 8], elems = [2, 1], lane_strides = [1, 4]>
// CHECK-SAME: c = #tile.layout<warps = [2, 2], lanes = [8, 1], elems = [1, 1], warp_strides = [1, 2]>
// CHECK-SAME: d = #tile.layout<lanes = [8, 4], elems = [1, 2]>
// CHECK-SAME: e = #tile.mma<m = 16, n = 8, k = 16, result = <lanes = [8, 4], elems = [1, 2]>>
// CHECK-SAME: f = #tile.schedule<warps = 4>
// CHECK-SAME: g = #tile.schedule<warps = 8, stages = 2, swizzle = false, row_sum_on_mma = true, skip_rescale = true, tf32 = true>
// CHECK-SAME: h = #tile.layout<warps = [4], lanes = [8], elems = [1], lane_strides = [4]>
// CHECK-SAME: i = #tile.layout<warps = [5, 2], lanes = [8, 4], elems = [1, 1]>
func.func private @attributes() attributes {
  a = #tile.layout<elems = [1, 2], lanes = [8, 4], warps = [4, 1]>,
  b = #tile.layout<lanes = [4, 8], elems = [2, 1], lane_strides = [1, 4]>,
  c = #tile.layout<lanes = [8, 1], warps = [2, 2], warp_strides = [1, 2], lane_strides = [1, 7]>,
  d = #tile.layout<warps = [1, 1], lanes = [8, 4], elems = [1, 2], lane_strides = [4, 1]>,
  e = #tile.mma<m = 16, n = 8, k = 16, result = #tile.layout<lanes = [8, 4], elems = [1, 2]>>,
  f = #tile.schedule<warps = 4, stages = 1, swizzle = true>,
  g = #tile.schedule<warps = 8, stages = 2, swizzle = false, row_sum_on_mma = true, skip_rescale = true, tf32 = true>,
  h = #tile.layout<warps = [4], lanes = [8], lane_strides = [4]>,
  i = #tile.layout<warps = [5, 2], lanes = [8, 4], warp_strides = [2, 1]>}
