// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: diff-opt %s -split-input-file -tile-stage-operands | FileCheck %s

#a = affine_map<(d0, d1, d2) -> (d0, d2)>
#b = affine_map<(d0, d1, d2) -> (d1, d2)>
#bt = affine_map<(d0, d1, d2) -> (d2, d1)>
#c = affine_map<(d0, d1, d2) -> (d0, d1)>
#shared = #gpu.address_space<workgroup>

// The query is copied once, before the loop. The keys go through a ring with as many
// slots as the loop has stages, in the slot of the iteration. Each contraction reads
// the slots separately. Chunks are permuted.
// CHECK-DAG: #[[$ITERATION:.*]] = affine_map<()[s0, s1, s2] -> ((s0 - s1) floordiv s2)>
// CHECK-LABEL: func @loop
// CHECK-DAG: %[[KEYS:.*]] = tile.ring {swizzle = #tile.swizzle<bits = 3, shift = 0>} : memref<2x64x64xbf16, #gpu.address_space<workgroup>>
// CHECK-DAG: %[[QUERY:.*]] = tile.ring {swizzle = #tile.swizzle<bits = 3, shift = 0>} : memref<1x64x64xbf16, #gpu.address_space<workgroup>>
// CHECK: %[[QSLOT:.*]] = tile.slot %[[QUERY]][%{{.*}}]
// CHECK: %[[QTOKEN:.*]] = tile.copy_async %{{.*}}, %[[QSLOT]] {in_bounds = array<i1: false, true>, permutation_map = #{{.*}}}
// CHECK: tile.wait %[[QTOKEN]]
// CHECK: scf.for %[[J:.*]] = %[[LOW:.*]] to %{{.*}} step %[[STEP:.*]] iter_args
// CHECK: %[[I:.*]] = affine.apply #[[$ITERATION]]()[%[[J]], %[[LOW]], %[[STEP]]]
// CHECK: %[[KSLOT:.*]] = tile.slot %[[KEYS]][%[[I]]]
// CHECK: %[[KTOKEN:.*]] = tile.copy_async %{{.*}}[%[[J]], %{{.*}}], %[[KSLOT]]
// CHECK: tile.wait %[[KTOKEN]]
// CHECK-DAG: %[[A:.*]] = vector.transfer_read %[[QSLOT]]{{.*}} {in_bounds = [true, true]}
// CHECK-DAG: %[[B:.*]] = vector.transfer_read %[[KSLOT]]
// CHECK: vector.contract {{.*}} %[[A]], %[[B]], %{{.*}}
// Values that are not contraction operands are read and written as before.
// CHECK: vector.transfer_write {{.*}} memref<64x64xf32>
func.func @loop(%q: memref<?x64xbf16>, %k: memref<?x64xbf16>,
                %o: memref<64x64xf32>, %n: index) {
  %c1 = arith.constant 1 : index
  %threads = arith.constant 128 : index
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
             threads(%tx, %ty, %tz) in (%sx = %threads, %sy = %c1, %sz = %c1) {
    %c0 = arith.constant 0 : index
    %c64 = arith.constant 64 : index
    %pad = arith.constant 0.0 : bf16
    %zero = arith.constant dense<0.0> : vector<64x64xf32>
    %lhs = vector.transfer_read %q[%c0, %c0], %pad {in_bounds = [false, true]}
             : memref<?x64xbf16>, vector<64x64xbf16>
    %0 = scf.for %j = %c0 to %n step %c64 iter_args(%acc = %zero)
        -> (vector<64x64xf32>) {
      %rhs = vector.transfer_read %k[%j, %c0], %pad {in_bounds = [true, true]}
               : memref<?x64xbf16>, vector<64x64xbf16>
      %1 = vector.contract
           {indexing_maps = [#a, #b, #c],
            iterator_types = ["parallel", "parallel", "reduction"]}
           %lhs, %rhs, %acc : vector<64x64xbf16>, vector<64x64xbf16> into vector<64x64xf32>
      scf.yield %1 : vector<64x64xf32>
    } {tile.stages = 2}
    vector.transfer_write %0, %o[%c0, %c0] {in_bounds = [true, true]}
      : vector<64x64xf32>, memref<64x64xf32>
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

// Without swizzle, rows with an even number of chunks are padded by one chunk.
// CHECK-LABEL: func @padded
// CHECK-COUNT-2: tile.ring {padding = 16 : i64} :
func.func @padded(%q: memref<?x64xbf16>, %k: memref<?x64xbf16>,
                  %o: memref<64x64xf32>, %n: index) {
  %c1 = arith.constant 1 : index
  %threads = arith.constant 128 : index
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
             threads(%tx, %ty, %tz) in (%sx = %threads, %sy = %c1, %sz = %c1) {
    %c0 = arith.constant 0 : index
    %c64 = arith.constant 64 : index
    %pad = arith.constant 0.0 : bf16
    %zero = arith.constant dense<0.0> : vector<64x64xf32>
    %lhs = vector.transfer_read %q[%c0, %c0], %pad {in_bounds = [false, true]}
             : memref<?x64xbf16>, vector<64x64xbf16>
    %0 = scf.for %j = %c0 to %n step %c64 iter_args(%acc = %zero)
        -> (vector<64x64xf32>) {
      %rhs = vector.transfer_read %k[%j, %c0], %pad {in_bounds = [true, true]}
               : memref<?x64xbf16>, vector<64x64xbf16>
      %1 = vector.contract
           {indexing_maps = [#a, #b, #c],
            iterator_types = ["parallel", "parallel", "reduction"]}
           %lhs, %rhs, %acc : vector<64x64xbf16>, vector<64x64xbf16> into vector<64x64xf32>
      scf.yield %1 : vector<64x64xf32>
    } {tile.stages = 2}
    vector.transfer_write %0, %o[%c0, %c0] {in_bounds = [true, true]}
      : vector<64x64xf32>, memref<64x64xf32>
    gpu.terminator
  } {tile.schedule = #tile.schedule<warps = 4, swizzle = false>}
  return
}

// -----

#a = affine_map<(d0, d1, d2) -> (d0, d2)>
#b = affine_map<(d0, d1, d2) -> (d1, d2)>
#bt = affine_map<(d0, d1, d2) -> (d2, d1)>
#c = affine_map<(d0, d1, d2) -> (d0, d1)>
#shared = #gpu.address_space<workgroup>

// A transposed read is a read with permuted dimensions. The rows of a tile are
// permuted into the order of the result.
// CHECK-LABEL: func @order
// CHECK-NOT: vector.transpose
// CHECK: tile.copy_async {{.*}} permutation_map = #[[$MAP:.*]]} : memref<16x4x64xbf16>, memref<4x16x64xbf16, #gpu.address_space<workgroup>>
// CHECK: vector.contract
func.func @order(%q: memref<16x4x64xbf16>, %k: vector<64x64xbf16>,
                 %o: memref<4x16x64xf32>) {
  %c1 = arith.constant 1 : index
  %threads = arith.constant 128 : index
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
             threads(%tx, %ty, %tz) in (%sx = %threads, %sy = %c1, %sz = %c1) {
    %c0 = arith.constant 0 : index
    %pad = arith.constant 0.0 : bf16
    %zero = arith.constant dense<0.0> : vector<4x16x64xf32>
    %0 = vector.transfer_read %q[%c0, %c0, %c0], %pad
           {in_bounds = [true, true, true]}
           : memref<16x4x64xbf16>, vector<16x4x64xbf16>
    %1 = vector.contract
           {indexing_maps = [affine_map<(h, n, m, d) -> (n, h, d)>,
                             affine_map<(h, n, m, d) -> (m, d)>,
                             affine_map<(h, n, m, d) -> (h, n, m)>],
            iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
           %0, %k, %zero : vector<16x4x64xbf16>, vector<64x64xbf16>
           into vector<4x16x64xf32>
    vector.transfer_write %1, %o[%c0, %c0, %c0] {in_bounds = [true, true, true]}
      : vector<4x16x64xf32>, memref<4x16x64xf32>
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

// Reads with users other than contractions stay, as do reads of shared memory.
// CHECK-LABEL: func @not_staged
// CHECK-NOT: tile.ring
func.func @not_staged(%q: memref<64x64xbf16>, %k: memref<64x64xbf16, #shared>,
                      %o: memref<64x64xf32>) {
  %c1 = arith.constant 1 : index
  %threads = arith.constant 128 : index
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
             threads(%tx, %ty, %tz) in (%sx = %threads, %sy = %c1, %sz = %c1) {
    %c0 = arith.constant 0 : index
    %pad = arith.constant 0.0 : bf16
    %zero = arith.constant dense<0.0> : vector<64x64xf32>
    %0 = vector.transfer_read %q[%c0, %c0], %pad {in_bounds = [true, true]}
           : memref<64x64xbf16>, vector<64x64xbf16>
    %1 = arith.negf %0 : vector<64x64xbf16>
    %2 = vector.transfer_read %k[%c0, %c0], %pad {in_bounds = [true, true]}
           : memref<64x64xbf16, #shared>, vector<64x64xbf16>
    %3 = vector.contract
           {indexing_maps = [#a, #b, #c],
            iterator_types = ["parallel", "parallel", "reduction"]}
           %1, %2, %zero : vector<64x64xbf16>, vector<64x64xbf16> into vector<64x64xf32>
    vector.transfer_write %3, %o[%c0, %c0] {in_bounds = [true, true]}
      : vector<64x64xf32>, memref<64x64xf32>
    gpu.terminator
  } {tile.schedule = #tile.schedule<warps = 4>}
  return
}

// -----

#shared = #gpu.address_space<workgroup>
#a = affine_map<(n, m, d) -> (n, d)>
#b = affine_map<(n, m, d) -> (m, d)>
#c = affine_map<(n, m, d) -> (n, m)>

// After a loop, its ring is reused after a barrier, with one of its slots.
// CHECK-LABEL: func @behind_loop
// CHECK: %[[RING:.*]] = tile.ring {{.*}}memref<2x16x32xf16
// CHECK-NOT: tile.ring
// CHECK: scf.for
// CHECK: %[[I:.*]] = affine.apply
// CHECK: tile.slot %[[RING]][%[[I]]]
// CHECK: gpu.barrier
// CHECK: tile.slot %[[RING]][%c0
func.func @behind_loop(%q: memref<16x32xf16, #shared>, %k: memref<80x32xf16>, %o: memref<16x16xf32>) {
  %c1 = arith.constant 1 : index
  %threads = arith.constant 32 : index
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
             threads(%tx, %ty, %tz) in (%sx = %threads, %sy = %c1, %sz = %c1) {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %pad = arith.constant 0.0 : f16
    %zero = arith.constant dense<0.0> : vector<16x16xf32>
    %query = vector.transfer_read %q[%c0, %c0], %pad {in_bounds = [true, true]} : memref<16x32xf16, #shared>, vector<16x32xf16>
    %0 = scf.for %i = %c0 to %c64 step %c16 iter_args(%acc = %zero) -> (vector<16x16xf32>) {
      %key = vector.transfer_read %k[%i, %c0], %pad {in_bounds = [true, true]} : memref<80x32xf16>, vector<16x32xf16>
      %1 = vector.contract {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
             %query, %key, %acc : vector<16x32xf16>, vector<16x32xf16> into vector<16x16xf32>
      scf.yield %1 : vector<16x16xf32>
    } {tile.stages = 2 : i64}
    %last = vector.transfer_read %k[%c64, %c0], %pad {in_bounds = [true, true]} : memref<80x32xf16>, vector<16x32xf16>
    %2 = vector.contract {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
           %query, %last, %0 : vector<16x32xf16>, vector<16x32xf16> into vector<16x16xf32>
    vector.transfer_write %2, %o[%c0, %c0] {in_bounds = [true, true]} : vector<16x16xf32>, memref<16x16xf32>
    gpu.terminator
  } {tile.schedule = #tile.schedule<warps = 1, stages = 2>}
  return
}

// -----

#a = affine_map<(d0, d1, d2) -> (d0, d2)>
#b = affine_map<(d0, d1, d2) -> (d1, d2)>
#c = affine_map<(d0, d1, d2) -> (d0, d1)>

// Rows whose elements are not contiguous are not copied in chunks, nor are rows that
// begin at an unknown offset. Rows with a larger stride are.
// CHECK-LABEL: func @strided
// CHECK-COUNT-1: tile.copy_async
// CHECK-NOT: tile.copy_async
func.func @strided(%q: memref<64x64xbf16, strided<[128, 2]>>, %k: memref<64x64xbf16, strided<[64, 1], offset: ?>>,
                   %v: memref<64x64xbf16, strided<[72, 1], offset: 8>>, %o: memref<64x64xf32>) {
  %c1 = arith.constant 1 : index
  %threads = arith.constant 128 : index
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
             threads(%tx, %ty, %tz) in (%sx = %threads, %sy = %c1, %sz = %c1) {
    %c0 = arith.constant 0 : index
    %pad = arith.constant 0.0 : bf16
    %zero = arith.constant dense<0.0> : vector<64x64xf32>
    %lhs = vector.transfer_read %q[%c0, %c0], %pad {in_bounds = [true, true]}
             : memref<64x64xbf16, strided<[128, 2]>>, vector<64x64xbf16>
    %rhs = vector.transfer_read %k[%c0, %c0], %pad {in_bounds = [true, true]}
             : memref<64x64xbf16, strided<[64, 1], offset: ?>>, vector<64x64xbf16>
    %last = vector.transfer_read %v[%c0, %c0], %pad {in_bounds = [true, true]}
             : memref<64x64xbf16, strided<[72, 1], offset: 8>>, vector<64x64xbf16>
    %0 = vector.contract
         {indexing_maps = [#a, #b, #c],
          iterator_types = ["parallel", "parallel", "reduction"]}
         %lhs, %rhs, %zero : vector<64x64xbf16>, vector<64x64xbf16> into vector<64x64xf32>
    %1 = vector.contract
         {indexing_maps = [#a, #b, #c],
          iterator_types = ["parallel", "parallel", "reduction"]}
         %lhs, %last, %0 : vector<64x64xbf16>, vector<64x64xbf16> into vector<64x64xf32>
    vector.transfer_write %1, %o[%c0, %c0] {in_bounds = [true, true]}
      : vector<64x64xf32>, memref<64x64xf32>
    gpu.terminator
  } {tile.schedule = #tile.schedule<warps = 4>}
  return
}

// -----

#a = affine_map<(d0, d1, d2) -> (d0, d2)>
#b = affine_map<(d0, d1, d2) -> (d2, d1)>
#c = affine_map<(d0, d1, d2) -> (d0, d1)>

// Two rows of the source make a row of the tile. The transpose is part of the copy.
// CHECK-DAG: #[[$MERGED:.*]] = affine_map<(d0, d1, d2) -> (d1, d0, d2)>
// CHECK-LABEL: func @merged_rows
// CHECK: %[[RING:.*]] = tile.ring {{.*}} : memref<1x32x128xbf16, #gpu.address_space<workgroup>>
// CHECK: %[[SLOT:.*]] = tile.slot %[[RING]]
// CHECK: tile.copy_async %{{.*}}, %[[SLOT]] {in_bounds = array<i1: false, true, true>, permutation_map = #[[$MERGED]]} : memref<2x?x64xbf16>, memref<32x128xbf16
// CHECK-NOT: vector.shape_cast
// CHECK: vector.transfer_read %[[SLOT]]{{.*}} vector<32x128xbf16>
func.func @merged_rows(%v: memref<2x?x64xbf16>, %p: vector<64x32xbf16>,
                       %o: memref<64x128xf32>) {
  %c1 = arith.constant 1 : index
  %threads = arith.constant 128 : index
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
             threads(%tx, %ty, %tz) in (%sx = %threads, %sy = %c1, %sz = %c1) {
    %c0 = arith.constant 0 : index
    %pad = arith.constant 0.0 : bf16
    %zero = arith.constant dense<0.0> : vector<64x128xf32>
    %0 = vector.transfer_read %v[%c0, %c0, %c0], %pad {in_bounds = [true, false, true]}
           : memref<2x?x64xbf16>, vector<2x32x64xbf16>
    %1 = vector.transpose %0, [1, 0, 2] : vector<2x32x64xbf16> to vector<32x2x64xbf16>
    %2 = vector.shape_cast %1 : vector<32x2x64xbf16> to vector<32x128xbf16>
    %3 = vector.contract
         {indexing_maps = [#a, #b, #c],
          iterator_types = ["parallel", "parallel", "reduction"]}
         %p, %2, %zero : vector<64x32xbf16>, vector<32x128xbf16> into vector<64x128xf32>
    vector.transfer_write %3, %o[%c0, %c0] {in_bounds = [true, true]}
      : vector<64x128xf32>, memref<64x128xf32>
    gpu.terminator
  } {tile.schedule = #tile.schedule<warps = 4>}
  return
}

// -----

#a = affine_map<(d0, d1, d2) -> (d0, d2)>
#b = affine_map<(d0, d1, d2) -> (d2, d1)>
#c = affine_map<(d0, d1, d2) -> (d0, d1)>

// Not whole rows of the source: 32 of its 64 elements.
// CHECK-LABEL: func @parts_of_rows
// CHECK-NOT: tile.copy_async
// CHECK: vector.shape_cast
func.func @parts_of_rows(%v: memref<2x?x64xbf16>, %p: vector<64x32xbf16>,
                         %o: memref<64x64xf32>) {
  %c1 = arith.constant 1 : index
  %threads = arith.constant 128 : index
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
             threads(%tx, %ty, %tz) in (%sx = %threads, %sy = %c1, %sz = %c1) {
    %c0 = arith.constant 0 : index
    %pad = arith.constant 0.0 : bf16
    %zero = arith.constant dense<0.0> : vector<64x64xf32>
    %0 = vector.transfer_read %v[%c0, %c0, %c0], %pad
           {in_bounds = [true, true, true],
            permutation_map = affine_map<(d0, d1, d2) -> (d0, d1, d2)>}
           : memref<2x?x64xbf16>, vector<2x32x32xbf16>
    %1 = vector.transpose %0, [1, 0, 2] : vector<2x32x32xbf16> to vector<32x2x32xbf16>
    %2 = vector.shape_cast %1 : vector<32x2x32xbf16> to vector<32x64xbf16>
    %3 = vector.contract
         {indexing_maps = [#a, #b, #c],
          iterator_types = ["parallel", "parallel", "reduction"]}
         %p, %2, %zero : vector<64x32xbf16>, vector<32x64xbf16> into vector<64x64xf32>
    vector.transfer_write %3, %o[%c0, %c0] {in_bounds = [true, true]}
      : vector<64x64xf32>, memref<64x64xf32>
    gpu.terminator
  } {tile.schedule = #tile.schedule<warps = 4>}
  return
}

// -----

#q = affine_map<(d0, d1, d2, d3) -> (d0, d1, d3)>
#k = affine_map<(d0, d1, d2, d3) -> (d0, d2, d3)>
#s = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2)>

// The two parts are copied once; the contraction selects its parts from the slot. The
// summands are padded.
// CHECK-LABEL: func @parts
// CHECK: tile.ring {{.*}} : memref<1x2x32x48xbf16, #gpu.address_space<workgroup>>
// CHECK: tile.copy_async %{{.*}} : memref<2x32x40xbf16>, memref<2x32x48xbf16, #gpu.address_space<workgroup>>
// CHECK: tile.wait
// CHECK: %[[KEYS:.*]] = vector.transfer_read %{{.*}} : memref<2x32x48xbf16, #gpu.address_space<workgroup>>, vector<2x32x48xbf16>
// CHECK: %[[ALL:.*]] = vector.shuffle %[[KEYS]], %[[KEYS]] [0, 0, 0, 0, 1] : vector<2x32x48xbf16>, vector<2x32x48xbf16>
// CHECK: vector.contract {{.*}}%[[ALL]]
func.func @parts(%q: memref<5x16x40xbf16>, %k: memref<2x32x40xbf16>, %o: memref<5x16x32xf32>) {
  %c1 = arith.constant 1 : index
  %threads = arith.constant 160 : index
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
             threads(%tx, %ty, %tz) in (%sx = %threads, %sy = %c1, %sz = %c1) {
    %c0 = arith.constant 0 : index
    %pad = arith.constant 0.0 : bf16
    %zero = arith.constant dense<0.0> : vector<5x16x32xf32>
    %lhs = vector.transfer_read %q[%c0, %c0, %c0], %pad {in_bounds = [true, true, true]}
             : memref<5x16x40xbf16>, vector<5x16x40xbf16>
    %keys = vector.transfer_read %k[%c0, %c0, %c0], %pad {in_bounds = [true, true, true]}
              : memref<2x32x40xbf16>, vector<2x32x40xbf16>
    %rhs = vector.shuffle %keys, %keys [0, 0, 0, 0, 1] : vector<2x32x40xbf16>, vector<2x32x40xbf16>
    %1 = vector.contract
         {indexing_maps = [#q, #k, #s],
          iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
         %lhs, %rhs, %zero : vector<5x16x40xbf16>, vector<5x32x40xbf16> into vector<5x16x32xf32>
    vector.transfer_write %1, %o[%c0, %c0, %c0] {in_bounds = [true, true, true]}
      : vector<5x16x32xf32>, memref<5x16x32xf32>
    gpu.terminator
  } {tile.schedule = #tile.schedule<warps = 5>}
  return
}

// -----

#q = affine_map<(a, r, n, m, d) -> (a, r, n, d)>
#k = affine_map<(a, r, n, m, d) -> (a, m, d)>
#s = affine_map<(a, r, n, m, d) -> (a, r, n, m)>

// Rows that are split into two dimensions are copied once and split when they are read
// from the slot. The summands are padded.
// CHECK-LABEL: func @split_rows
// CHECK: tile.copy_async %{{.*}} {in_bounds = array<i1: false, true, false>{{.*}}} : memref<5x4x40xbf16>, memref<8x4x48xbf16, #gpu.address_space<workgroup>>
// CHECK: tile.wait
// CHECK: %[[ROWS:.*]] = vector.transfer_read %{{.*}} : memref<8x4x48xbf16, #gpu.address_space<workgroup>>, vector<8x4x48xbf16>
// CHECK: %[[SPLIT:.*]] = vector.shape_cast %[[ROWS]] : vector<8x4x48xbf16> to vector<2x4x4x48xbf16>
// CHECK: vector.contract {{.*}}%[[SPLIT]]
func.func @split_rows(%q: memref<5x4x40xbf16>, %k: memref<2x32x40xbf16>, %o: memref<2x4x4x32xf32>) {
  %c1 = arith.constant 1 : index
  %threads = arith.constant 64 : index
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
             threads(%tx, %ty, %tz) in (%sx = %threads, %sy = %c1, %sz = %c1) {
    %c0 = arith.constant 0 : index
    %pad = arith.constant 0.0 : bf16
    %zero = arith.constant dense<0.0> : vector<2x4x4x32xf32>
    %rows = vector.transfer_read %q[%c0, %c0, %c0], %pad {in_bounds = [false, true, true]}
              : memref<5x4x40xbf16>, vector<8x4x40xbf16>
    %lhs = vector.shape_cast %rows : vector<8x4x40xbf16> to vector<2x4x4x40xbf16>
    %rhs = vector.transfer_read %k[%c0, %c0, %c0], %pad {in_bounds = [true, true, true]}
             : memref<2x32x40xbf16>, vector<2x32x40xbf16>
    %1 = vector.contract
         {indexing_maps = [#q, #k, #s],
          iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]}
         %lhs, %rhs, %zero : vector<2x4x4x40xbf16>, vector<2x32x40xbf16> into vector<2x4x4x32xf32>
    vector.transfer_write %1, %o[%c0, %c0, %c0, %c0] {in_bounds = [true, true, true, true]}
      : vector<2x4x4x32xf32>, memref<2x4x4x32xf32>
    gpu.terminator
  } {tile.schedule = #tile.schedule<warps = 2>}
  return
}
