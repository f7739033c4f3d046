// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: diff-opt %s -split-input-file -convert-tile-to-nvvm -canonicalize | FileCheck %s

#shared = #gpu.address_space<workgroup>
#c = #tile.layout<lanes = [8, 4], elems = [1, 2]>
#bt = #tile.layout<lanes = [4, 8], elems = [2, 1], lane_strides = [1, 4]>
#row = #tile.layout<lanes = [8], elems = [1], lane_strides = [4]>

// One instruction. A is four 8 x 8 tiles and B two, each in one register of a thread.
// The accumulator is two rows of two columns.
// CHECK-LABEL: gpu.func @bf16
// CHECK-DAG: nvvm.ldmatrix %{{.*}} {eltType = #nvvm.ld_st_matrix_elt_type<b16>, layout = #nvvm.mma_layout<row>, num = 4 : i32, {{.*}}}
// CHECK-DAG: nvvm.ldmatrix %{{.*}} {eltType = #nvvm.ld_st_matrix_elt_type<b16>, layout = #nvvm.mma_layout<row>, num = 2 : i32, {{.*}}}
// CHECK: nvvm.mma.sync A[%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}] B[%{{.*}}, %{{.*}}] C[%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}]
// CHECK-SAME: multiplicandAPtxType = #nvvm.mma_type<bf16>
// CHECK-SAME: shape = #nvvm.shape<m = 16, n = 8, k = 16>
// CHECK-SAME: : (i32, i32, f32) -> !llvm.struct<(f32, f32, f32, f32)>
// CHECK-NOT: nvvm.mma.sync
// CHECK-NOT: {{tile\.|vector.contract}}
// CHECK: gpu.return
gpu.module @kernels {
  gpu.func @bf16() kernel attributes {known_block_size = array<i32: 32, 1, 1>} {
      %c0 = arith.constant 0 : index
      %pad = arith.constant 0.0 : bf16
      %ra = tile.ring {offset = 0} : memref<1x16x16xbf16, #shared>
      %sa = tile.slot %ra[%c0] : memref<1x16x16xbf16, #shared>
               -> memref<16x16xbf16, #shared>
      %rb = tile.ring {offset = 512} : memref<1x8x16xbf16, #shared>
      %sb = tile.slot %rb[%c0] : memref<1x8x16xbf16, #shared>
               -> memref<8x16xbf16, #shared>
      %rd = tile.ring {offset = 1024} : memref<1x16x8xf32, #shared>
      %sd = tile.slot %rd[%c0] : memref<1x16x8xf32, #shared>
               -> memref<16x8xf32, #shared>
      %a = vector.transfer_read %sa[%c0, %c0], %pad
             {in_bounds = [true, true], tile.layouts = [#c]}
             : memref<16x16xbf16, #shared>, vector<16x16xbf16>
      %b = vector.transfer_read %sb[%c0, %c0], %pad
             {in_bounds = [true, true], tile.layouts = [#c]}
             : memref<8x16xbf16, #shared>, vector<8x16xbf16>
      %zero = arith.constant {tile.layouts = [#c]} dense<0.0> : vector<16x8xf32>
      %d = vector.contract
             {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>,
                               affine_map<(m, n, k) -> (m, n)>],
              iterator_types = ["parallel", "parallel", "reduction"],
              tile.layouts = [#c],
              tile.mma = #tile.mma<m = 16, n = 8, k = 16, result = #c>}
             %a, %b, %zero : vector<16x16xbf16>, vector<8x16xbf16> into vector<16x8xf32>
      vector.transfer_write %d, %sd[%c0, %c0] {in_bounds = [true, true]}
        : vector<16x8xf32>, memref<16x8xf32, #shared>
      gpu.return
  }
}

// -----

#shared = #gpu.address_space<workgroup>
#c = #tile.layout<lanes = [8, 4], elems = [1, 2]>
#bt = #tile.layout<lanes = [4, 8], elems = [2, 1], lane_strides = [1, 4]>
#row = #tile.layout<lanes = [8], elems = [1], lane_strides = [4]>

// B as (k, n), the layout of values: ldmatrix transposes. f16 registers are vectors
// of two.
// CHECK-LABEL: gpu.func @f16_transposed
// CHECK-DAG: nvvm.ldmatrix %{{.*}} {{.*}}layout = #nvvm.mma_layout<row>, num = 4 : i32
// CHECK-DAG: nvvm.ldmatrix %{{.*}} {{.*}}layout = #nvvm.mma_layout<col>, num = 2 : i32
// CHECK: nvvm.mma.sync
// CHECK-SAME: : (vector<2xf16>, vector<2xf16>, f32) -> !llvm.struct<(f32, f32, f32, f32)>
gpu.module @kernels {
  gpu.func @f16_transposed() kernel attributes {known_block_size = array<i32: 32, 1, 1>} {
      %c0 = arith.constant 0 : index
      %pad = arith.constant 0.0 : f16
      %ra = tile.ring {offset = 0} : memref<1x16x16xf16, #shared>
      %sa = tile.slot %ra[%c0] : memref<1x16x16xf16, #shared>
               -> memref<16x16xf16, #shared>
      %rb = tile.ring {offset = 512} : memref<1x16x8xf16, #shared>
      %sb = tile.slot %rb[%c0] : memref<1x16x8xf16, #shared>
               -> memref<16x8xf16, #shared>
      %rd = tile.ring {offset = 1024} : memref<1x16x8xf32, #shared>
      %sd = tile.slot %rd[%c0] : memref<1x16x8xf32, #shared>
               -> memref<16x8xf32, #shared>
      %a = vector.transfer_read %sa[%c0, %c0], %pad
             {in_bounds = [true, true], tile.layouts = [#c]}
             : memref<16x16xf16, #shared>, vector<16x16xf16>
      %b = vector.transfer_read %sb[%c0, %c0], %pad
             {in_bounds = [true, true], tile.layouts = [#bt]}
             : memref<16x8xf16, #shared>, vector<16x8xf16>
      %zero = arith.constant {tile.layouts = [#c]} dense<0.0> : vector<16x8xf32>
      %d = vector.contract
             {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>,
                               affine_map<(m, n, k) -> (m, n)>],
              iterator_types = ["parallel", "parallel", "reduction"],
              tile.layouts = [#c],
              tile.mma = #tile.mma<m = 16, n = 8, k = 16, result = #c>}
             %a, %b, %zero : vector<16x16xf16>, vector<16x8xf16> into vector<16x8xf32>
      vector.transfer_write %d, %sd[%c0, %c0] {in_bounds = [true, true]}
        : vector<16x8xf32>, memref<16x8xf32, #shared>
      gpu.return
  }
}

// -----

#shared = #gpu.address_space<workgroup>
#c = #tile.layout<lanes = [8, 4], elems = [1, 2]>
#k = #tile.layout<lanes = [8, 4], elems = [1, 1]>

// tf32 with single elements: ldmatrix loads A's four 8 x 4 tiles and B's two, and
// each element is rounded.
// CHECK-LABEL: gpu.func @tf32
// CHECK-DAG: nvvm.ldmatrix %{{.*}} {{.*}}layout = #nvvm.mma_layout<row>, num = 4 : i32
// CHECK-DAG: nvvm.ldmatrix %{{.*}} {{.*}}layout = #nvvm.mma_layout<row>, num = 2 : i32
// CHECK-COUNT-6: nvvm.convert.float.to.tf32 %{{.*}} {rnd = #nvvm.fp_rnd_mode<rna>}
// CHECK-NOT: nvvm.convert.float.to.tf32
// CHECK: nvvm.mma.sync
// CHECK-SAME: multiplicandAPtxType = #nvvm.mma_type<tf32>
// CHECK-SAME: shape = #nvvm.shape<m = 16, n = 8, k = 8>
// CHECK-NOT: nvvm.mma.sync
// CHECK: gpu.return
gpu.module @kernels {
  gpu.func @tf32() kernel attributes {known_block_size = array<i32: 32, 1, 1>} {
      %c0 = arith.constant 0 : index
      %pad = arith.constant 0.0 : f32
      %ra = tile.ring {offset = 0} : memref<1x16x8xf32, #shared>
      %sa = tile.slot %ra[%c0] : memref<1x16x8xf32, #shared>
               -> memref<16x8xf32, #shared>
      %rb = tile.ring {offset = 512} : memref<1x8x8xf32, #shared>
      %sb = tile.slot %rb[%c0] : memref<1x8x8xf32, #shared>
               -> memref<8x8xf32, #shared>
      %rd = tile.ring {offset = 1024} : memref<1x16x8xf32, #shared>
      %sd = tile.slot %rd[%c0] : memref<1x16x8xf32, #shared>
               -> memref<16x8xf32, #shared>
      %a = vector.transfer_read %sa[%c0, %c0], %pad
             {in_bounds = [true, true], tile.layouts = [#k]}
             : memref<16x8xf32, #shared>, vector<16x8xf32>
      %b = vector.transfer_read %sb[%c0, %c0], %pad
             {in_bounds = [true, true], tile.layouts = [#k]}
             : memref<8x8xf32, #shared>, vector<8x8xf32>
      %ta = arith.truncf %a {tile.layouts = [#k]} : vector<16x8xf32> to vector<16x8xtf32>
      %tb = arith.truncf %b {tile.layouts = [#k]} : vector<8x8xf32> to vector<8x8xtf32>
      %zero = arith.constant {tile.layouts = [#c]} dense<0.0> : vector<16x8xf32>
      %d = vector.contract
             {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>,
                               affine_map<(m, n, k) -> (m, n)>],
              iterator_types = ["parallel", "parallel", "reduction"],
              tile.layouts = [#c],
              tile.mma = #tile.mma<m = 16, n = 8, k = 8, neighbours = 1, result = #c>}
             %ta, %tb, %zero : vector<16x8xtf32>, vector<8x8xtf32> into vector<16x8xf32>
      vector.transfer_write %d, %sd[%c0, %c0] {in_bounds = [true, true]}
        : vector<16x8xf32>, memref<16x8xf32, #shared>
      gpu.return
  }
}

// -----

#shared = #gpu.address_space<workgroup>
#c = #tile.layout<lanes = [8, 4], elems = [1, 2]>

// Two products with the same right-hand side become one loop of instructions: each
// fragment of it is used by both, one after the other.
// CHECK-LABEL: gpu.func @parts
// CHECK: nvvm.mma.sync A[%[[A:[0-9]+]], {{.*}}] B[%[[B0:.*]], %[[B1:.*]]] C[
// CHECK: nvvm.mma.sync A[%[[P:[0-9]+]], {{.*}}] B[%[[B0]], %[[B1]]] C[
// CHECK: nvvm.mma.sync A[%[[A]], {{.*}}] B[%[[B2:.*]], %[[B3:.*]]] C[
// CHECK: nvvm.mma.sync A[%[[P]], {{.*}}] B[%[[B2]], %[[B3]]] C[
// CHECK-NOT: nvvm.mma.sync
gpu.module @kernels {
  gpu.func @parts() kernel attributes {known_block_size = array<i32: 32, 1, 1>} {
      %c0 = arith.constant 0 : index
      %pad = arith.constant 0.0 : bf16
      %r = tile.ring {offset = 0} : memref<1x16x16xbf16, #shared>
      %s = tile.slot %r[%c0] : memref<1x16x16xbf16, #shared>
               -> memref<16x16xbf16, #shared>
      %rd = tile.ring {offset = 1024} : memref<1x16x16xf32, #shared>
      %sd = tile.slot %rd[%c0] : memref<1x16x16xf32, #shared>
               -> memref<16x16xf32, #shared>
      %a = vector.transfer_read %s[%c0, %c0], %pad
             {in_bounds = [true, true], tile.layouts = [#c]}
             : memref<16x16xbf16, #shared>, vector<16x16xbf16>
      %b = vector.transfer_read %s[%c0, %c0], %pad
             {in_bounds = [true, true], tile.layouts = [#c]}
             : memref<16x16xbf16, #shared>, vector<16x16xbf16>
      %p = arith.addf %a, %a {tile.layouts = [#c]} : vector<16x16xbf16>
      %zero = arith.constant {tile.layouts = [#c]} dense<0.0> : vector<16x16xf32>
      %0 = vector.contract
             {indexing_maps = [affine_map<(i, j, k) -> (i, k)>, affine_map<(i, j, k) -> (j, k)>, affine_map<(i, j, k) -> (i, j)>],
              iterator_types = ["parallel", "parallel", "reduction"],
              tile.mma = #tile.mma<m = 16, n = 8, k = 16, result = #c>,
              tile.layouts = [#c]}
             %a, %b, %zero : vector<16x16xbf16>, vector<16x16xbf16> into vector<16x16xf32>
      %1 = vector.contract
             {indexing_maps = [affine_map<(i, j, k) -> (i, k)>, affine_map<(i, j, k) -> (j, k)>, affine_map<(i, j, k) -> (i, j)>],
              iterator_types = ["parallel", "parallel", "reduction"],
              tile.mma = #tile.mma<m = 16, n = 8, k = 16, result = #c>,
              tile.layouts = [#c]}
             %p, %b, %0 : vector<16x16xbf16>, vector<16x16xbf16> into vector<16x16xf32>
      vector.transfer_write %1, %sd[%c0, %c0] {in_bounds = [true, true]}
        : vector<16x16xf32>, memref<16x16xf32, #shared>
      gpu.return
  }
}
