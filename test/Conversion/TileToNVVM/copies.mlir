// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: diff-opt %s -split-input-file -convert-tile-to-nvvm -canonicalize -cse | FileCheck %s

#shared = #gpu.address_space<workgroup>
#c = #tile.layout<lanes = [8, 4], elems = [1, 2]>
#bt = #tile.layout<lanes = [4, 8], elems = [2, 1], lane_strides = [1, 4]>
#row = #tile.layout<lanes = [8], elems = [1], lane_strides = [4]>

// 32 chunks by 32 threads: one copy each, one group, and a wait for all groups.
// CHECK-LABEL: gpu.func @plain
// CHECK: nvvm.cp.async.shared.global %{{.*}}, %{{.*}}, 16, cache = cg : !llvm.ptr<3>, !llvm.ptr<1>
// CHECK-NOT: nvvm.cp.async.shared.global
// CHECK: nvvm.cp.async.commit.group
// CHECK: nvvm.cp.async.wait.group 0
// CHECK-NEXT: gpu.barrier
gpu.module @kernels {
  gpu.func @plain(%m: memref<?x16xbf16>) kernel attributes {known_block_size = array<i32: 32, 1, 1>} {
      %c0 = arith.constant 0 : index
      %ra = tile.ring {offset = 0} : memref<1x16x16xbf16, #shared>
      %sa = tile.slot %ra[%c0] : memref<1x16x16xbf16, #shared>
               -> memref<16x16xbf16, #shared>
      %t = tile.copy_async %m[%c0, %c0], %sa
             {in_bounds = array<i1: true, true>,
              permutation_map = affine_map<(d0, d1) -> (d0, d1)>}
             : memref<?x16xbf16>, memref<16x16xbf16, #shared>
      tile.wait %t
      gpu.return
  }
}

// -----

#shared = #gpu.address_space<workgroup>
#c = #tile.layout<lanes = [8, 4], elems = [1, 2]>
#bt = #tile.layout<lanes = [4, 8], elems = [2, 1], lane_strides = [1, 4]>
#row = #tile.layout<lanes = [8], elems = [1], lane_strides = [4]>

// Rows after the end are zeros: 16 bytes or none are read. So is a whole tile whose
// predicate is false.
// CHECK-LABEL: gpu.func @guarded
// CHECK-SAME: %[[P:[^:]*]]: i1
// CHECK-DAG: %[[ALL:.*]] = arith.constant 16 : i32
// CHECK-DAG: %[[NONE:.*]] = arith.constant 0 : i32
// CHECK: %[[EXISTS:.*]] = arith.cmpi slt
// CHECK: %[[BOTH:.*]] = arith.andi %{{.*}}, %{{.*}} : i1
// CHECK: %[[SIZE:.*]] = arith.select %[[BOTH]], %[[ALL]], %[[NONE]] : i32
// CHECK: nvvm.cp.async.shared.global %{{.*}}, %{{.*}}, 16, cache = cg, %[[SIZE]]
gpu.module @kernels {
  gpu.func @guarded(%m: memref<?x16xbf16>, %p: i1) kernel attributes {known_block_size = array<i32: 32, 1, 1>} {
      %c0 = arith.constant 0 : index
      %ra = tile.ring {offset = 0} : memref<1x16x16xbf16, #shared>
      %sa = tile.slot %ra[%c0] : memref<1x16x16xbf16, #shared>
               -> memref<16x16xbf16, #shared>
      %t = tile.copy_async %m[%c0, %c0], %sa if %p
             {in_bounds = array<i1: false, true>,
              permutation_map = affine_map<(d0, d1) -> (d0, d1)>}
             : memref<?x16xbf16>, memref<16x16xbf16, #shared>
      tile.wait %t
      gpu.return
  }
}

// -----

#shared = #gpu.address_space<workgroup>
#c = #tile.layout<lanes = [8, 4], elems = [1, 2]>
#bt = #tile.layout<lanes = [4, 8], elems = [2, 1], lane_strides = [1, 4]>
#row = #tile.layout<lanes = [8], elems = [1], lane_strides = [4]>

// More threads than chunks: the other threads copy nothing.
// CHECK-LABEL: gpu.func @spare_threads
// CHECK: %[[HOLDS:.*]] = arith.cmpi slt
// CHECK: scf.if %[[HOLDS]]
// CHECK: nvvm.cp.async.shared.global
// CHECK: nvvm.cp.async.commit.group
gpu.module @kernels {
  gpu.func @spare_threads(%m: memref<?x16xbf16>) kernel attributes {known_block_size = array<i32: 64, 1, 1>} {
      %c0 = arith.constant 0 : index
      %ra = tile.ring {offset = 0} : memref<1x16x16xbf16, #shared>
      %sa = tile.slot %ra[%c0] : memref<1x16x16xbf16, #shared>
               -> memref<16x16xbf16, #shared>
      %t = tile.copy_async %m[%c0, %c0], %sa
             {in_bounds = array<i1: true, true>,
              permutation_map = affine_map<(d0, d1) -> (d0, d1)>}
             : memref<?x16xbf16>, memref<16x16xbf16, #shared>
      tile.wait %t
      gpu.return
  }
}

// -----

#shared = #gpu.address_space<workgroup>
#c = #tile.layout<lanes = [8, 4], elems = [1, 2]>
#bt = #tile.layout<lanes = [4, 8], elems = [2, 1], lane_strides = [1, 4]>
#row = #tile.layout<lanes = [8], elems = [1], lane_strides = [4]>

// The groups that may still be in flight: those after the token's group, on every
// path.
// CHECK-LABEL: gpu.func @pending
// CHECK: nvvm.cp.async.wait.group 1
// CHECK: nvvm.cp.async.wait.group 0
gpu.module @kernels {
  gpu.func @pending(%m: memref<?x16xbf16>) kernel attributes {known_block_size = array<i32: 32, 1, 1>} {
      %c0 = arith.constant 0 : index
      %ra = tile.ring {offset = 0} : memref<1x16x16xbf16, #shared>
      %sa = tile.slot %ra[%c0] : memref<1x16x16xbf16, #shared>
               -> memref<16x16xbf16, #shared>
      %rb = tile.ring {offset = 512} : memref<1x16x16xbf16, #shared>
      %sb = tile.slot %rb[%c0] : memref<1x16x16xbf16, #shared>
               -> memref<16x16xbf16, #shared>
      %t = tile.copy_async %m[%c0, %c0], %sa
             {in_bounds = array<i1: true, true>,
              permutation_map = affine_map<(d0, d1) -> (d0, d1)>}
             : memref<?x16xbf16>, memref<16x16xbf16, #shared>
      %u = tile.copy_async %m[%c0, %c0], %sb
             {in_bounds = array<i1: true, true>,
              permutation_map = affine_map<(d0, d1) -> (d0, d1)>}
             : memref<?x16xbf16>, memref<16x16xbf16, #shared>
      tile.wait %t
      tile.wait %u
      gpu.return
  }
}

// -----

#shared = #gpu.address_space<workgroup>
#c = #tile.layout<lanes = [8, 4], elems = [1, 2]>
#bt = #tile.layout<lanes = [4, 8], elems = [2, 1], lane_strides = [1, 4]>
#row = #tile.layout<lanes = [8], elems = [1], lane_strides = [4]>

// A loop-carried token: the copy that it waits for was issued in the previous
// iteration, and one more copy since, before the wait.
// CHECK-LABEL: gpu.func @carried
// CHECK: scf.for
// CHECK: nvvm.cp.async.wait.group 1
// CHECK: {{^ *}}}
// CHECK: nvvm.cp.async.wait.group 0
gpu.module @kernels {
  gpu.func @carried(%m: memref<?x16xbf16>, %n: index) kernel attributes {known_block_size = array<i32: 32, 1, 1>} {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %ra = tile.ring {offset = 0} : memref<1x16x16xbf16, #shared>
      %sa = tile.slot %ra[%c0] : memref<1x16x16xbf16, #shared>
               -> memref<16x16xbf16, #shared>
      %rb = tile.ring {offset = 512} : memref<1x16x16xbf16, #shared>
      %sb = tile.slot %rb[%c0] : memref<1x16x16xbf16, #shared>
               -> memref<16x16xbf16, #shared>
      %t = tile.copy_async %m[%c0, %c0], %sa
             {in_bounds = array<i1: true, true>,
              permutation_map = affine_map<(d0, d1) -> (d0, d1)>}
             : memref<?x16xbf16>, memref<16x16xbf16, #shared>
      %last = scf.for %i = %c0 to %n step %c1 iter_args(%token = %t) -> (!tile.token) {
      %u = tile.copy_async %m[%i, %c0], %sb
             {in_bounds = array<i1: true, true>,
              permutation_map = affine_map<(d0, d1) -> (d0, d1)>}
             : memref<?x16xbf16>, memref<16x16xbf16, #shared>
      tile.wait %token
      scf.yield %u : !tile.token
      }
      tile.wait %last
      gpu.return
  }
}

// -----

#shared = #gpu.address_space<workgroup>

// The rows of the next iteration follow those of this one: the loop carries the
// address, which is computed for the first iteration only, and adds 16 rows of 32
// bytes.
// CHECK-LABEL: gpu.func @cursor
// CHECK-SAME: %[[M:[^:]*]]: memref<?x16xbf16>, %[[LOW:[^:]*]]: index
// CHECK-DAG: %[[ROWS:.*]] = arith.constant 512 : i64
// CHECK-DAG: %[[BASE:.*]] = memref.extract_aligned_pointer_as_index %[[M]]
// CHECK: arith.muli %[[LOW]], %c16
// CHECK: %[[SUM:.*]] = arith.addi %[[BASE]], %{{.*}} : index
// CHECK: %[[FIRST:.*]] = arith.index_cast %[[SUM]] : index to i64
// CHECK: scf.for {{.*}} iter_args(%[[ADDRESS:.*]] = %[[FIRST]]) -> (i64)
// CHECK: llvm.inttoptr %[[ADDRESS]] : i64 to !llvm.ptr<1>
// CHECK: %[[NEXT:.*]] = arith.addi %[[ADDRESS]], %[[ROWS]] : i64
// CHECK: scf.yield %[[NEXT]]
gpu.module @kernels {
  gpu.func @cursor(%m: memref<?x16xbf16>, %low: index, %n: index) kernel attributes {known_block_size = array<i32: 32, 1, 1>} {
      %c0 = arith.constant 0 : index
      %c16 = arith.constant 16 : index
      %ra = tile.ring {offset = 0} : memref<1x16x16xbf16, #shared>
      %sa = tile.slot %ra[%c0] : memref<1x16x16xbf16, #shared>
               -> memref<16x16xbf16, #shared>
      scf.for %j = %low to %n step %c16 {
        %t = tile.copy_async %m[%j, %c0], %sa
               {in_bounds = array<i1: true, true>,
                permutation_map = affine_map<(d0, d1) -> (d0, d1)>}
               : memref<?x16xbf16>, memref<16x16xbf16, #shared>
        tile.wait %t
      }
      gpu.return
  }
}

// -----

#shared = #gpu.address_space<workgroup>

// After the loop, a copy continues at the carried address without new computations.
// Other rows have a separate address.
// CHECK-LABEL: gpu.func @behind_cursor
// CHECK: %[[END:.*]] = scf.for {{.*}} iter_args(%{{.*}} = %{{.*}}) -> (i64)
// CHECK: arith.addi %{{.*}}, %c1536
// CHECK: %[[OTHER:.*]] = arith.index_cast %{{.*}} : index to i64
// CHECK: llvm.inttoptr %[[OTHER]] : i64 to !llvm.ptr<1>
// CHECK: nvvm.cp.async.commit.group
// CHECK: llvm.inttoptr %[[END]] : i64 to !llvm.ptr<1>
// CHECK: gpu.return
gpu.module @kernels {
  gpu.func @behind_cursor(%m: memref<?x16xbf16>) kernel attributes {known_block_size = array<i32: 32, 1, 1>} {
      %c0 = arith.constant 0 : index
      %c16 = arith.constant 16 : index
      %c64 = arith.constant 64 : index
      %c80 = arith.constant 80 : index
      %c96 = arith.constant 96 : index
      %ra = tile.ring {offset = 0} : memref<1x16x16xbf16, #shared>
      %sa = tile.slot %ra[%c0] : memref<1x16x16xbf16, #shared>
               -> memref<16x16xbf16, #shared>
      scf.for %j = %c0 to %c64 step %c16 {
        %next = arith.addi %j, %c16 : index
        %t = tile.copy_async %m[%next, %c0], %sa
               {in_bounds = array<i1: true, true>,
                permutation_map = affine_map<(d0, d1) -> (d0, d1)>}
               : memref<?x16xbf16>, memref<16x16xbf16, #shared>
        tile.wait %t
      }
      %u = tile.copy_async %m[%c96, %c0], %sa
             {in_bounds = array<i1: true, true>,
              permutation_map = affine_map<(d0, d1) -> (d0, d1)>}
             : memref<?x16xbf16>, memref<16x16xbf16, #shared>
      tile.wait %u
      %v = tile.copy_async %m[%c80, %c0], %sa
             {in_bounds = array<i1: true, true>,
              permutation_map = affine_map<(d0, d1) -> (d0, d1)>}
             : memref<?x16xbf16>, memref<16x16xbf16, #shared>
      tile.wait %v
      gpu.return
  }
}

// -----

#shared = #gpu.address_space<workgroup>

// Two maps of keys: all threads advance by the same steps from the last rows of a map
// to the first rows of the next one, and to those of the next iteration, so one
// address is carried.
// CHECK-LABEL: gpu.func @maps
// CHECK: scf.for {{.*}} iter_args(%[[FIRST:.*]] = %{{.*}}) -> (i64)
// CHECK: llvm.inttoptr %[[FIRST]] : i64 to !llvm.ptr<1>
// CHECK: %[[SECOND:.*]] = arith.addi %[[FIRST]], %{{.*}} : i64
// CHECK: llvm.inttoptr %[[SECOND]] : i64 to !llvm.ptr<1>
// CHECK: %[[NEXT:.*]] = arith.addi %[[SECOND]], %{{.*}} : i64
// CHECK: scf.yield %[[NEXT]]
gpu.module @kernels {
  gpu.func @maps(%m: memref<?x2x16xbf16, strided<[?, ?, 1]>>, %n: index) kernel attributes {known_block_size = array<i32: 32, 1, 1>} {
      %c0 = arith.constant 0 : index
      %c16 = arith.constant 16 : index
      %ra = tile.ring {offset = 0} : memref<1x2x16x16xbf16, #shared>
      %sa = tile.slot %ra[%c0] : memref<1x2x16x16xbf16, #shared>
               -> memref<2x16x16xbf16, #shared>
      scf.for %j = %c0 to %n step %c16 {
        %t = tile.copy_async %m[%j, %c0, %c0], %sa
               {in_bounds = array<i1: true, true, true>,
                permutation_map = affine_map<(d0, d1, d2) -> (d1, d0, d2)>}
               : memref<?x2x16xbf16, strided<[?, ?, 1]>>, memref<2x16x16xbf16, #shared>
        tile.wait %t
      }
      gpu.return
  }
}

// -----

#shared = #gpu.address_space<workgroup>

// A single row.
// CHECK-LABEL: gpu.func @row
// CHECK: scf.if
// CHECK: nvvm.cp.async.shared.global
// CHECK-NOT: nvvm.cp.async.shared.global
// CHECK: gpu.return
gpu.module @kernels {
  gpu.func @row(%m: memref<?xbf16>) kernel attributes {known_block_size = array<i32: 32, 1, 1>} {
      %c0 = arith.constant 0 : index
      %ra = tile.ring {offset = 0} : memref<1x64xbf16, #shared>
      %sa = tile.slot %ra[%c0] : memref<1x64xbf16, #shared>
               -> memref<64xbf16, #shared>
      %t = tile.copy_async %m[%c0], %sa
             {in_bounds = array<i1: true>,
              permutation_map = affine_map<(d0) -> (d0)>}
             : memref<?xbf16>, memref<64xbf16, #shared>
      tile.wait %t
      gpu.return
  }
}

// -----

#shared = #gpu.address_space<workgroup>

// The rows of a tile are pairs of rows of the source, 64 elements each. Each thread
// copies its chunk of both: the second is one stride further in the source, and
// 128 bytes further in the slot.
// CHECK-LABEL: gpu.func @merged_rows
// CHECK: %[[FIRST:.*]] = llvm.inttoptr %[[ADDRESS:.*]] : i64 to !llvm.ptr<1>
// CHECK: nvvm.cp.async.shared.global %[[PLACE:.*]], %[[FIRST]], 16
// CHECK: %[[NEXT:.*]] = arith.addi %[[ADDRESS]], %{{.*}} : i64
// CHECK: %[[SECOND:.*]] = llvm.inttoptr %[[NEXT]] : i64 to !llvm.ptr<1>
// CHECK: nvvm.cp.async.shared.global %{{.*}}, %[[SECOND]], 16
// CHECK-NOT: nvvm.cp.async.shared.global
// CHECK: nvvm.cp.async.commit.group
gpu.module @kernels {
  gpu.func @merged_rows(%m: memref<2x?x64xbf16, strided<[?, 64, 1]>>) kernel attributes {known_block_size = array<i32: 32, 1, 1>} {
      %c0 = arith.constant 0 : index
      %ra = tile.ring {offset = 0} : memref<1x4x128xbf16, #shared>
      %sa = tile.slot %ra[%c0] : memref<1x4x128xbf16, #shared>
               -> memref<4x128xbf16, #shared>
      %t = tile.copy_async %m[%c0, %c0, %c0], %sa
             {in_bounds = array<i1: true, true, true>,
              permutation_map = affine_map<(d0, d1, d2) -> (d1, d0, d2)>}
             : memref<2x?x64xbf16, strided<[?, 64, 1]>>, memref<4x128xbf16, #shared>
      tile.wait %t
      gpu.return
  }
}
