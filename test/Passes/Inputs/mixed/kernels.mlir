// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Launches, vectors and kernels, with and without attributes of the tile dialect.
#id = affine_map<(d0, d1) -> (d0, d1)>
#lhs = affine_map<(m, n, k) -> (m, k)>
#rhs = affine_map<(m, n, k) -> (k, n)>
#rhs_t = affine_map<(m, n, k) -> (n, k)>
#out = affine_map<(m, n, k) -> (m, n)>
#row = affine_map<(m, k) -> (m, k)>
#sum = affine_map<(m, k) -> (m)>

func.func @launch(%a: memref<64x64xf16>, %b: memref<64x64xf32>, %n: index, %i: memref<64x64xindex>) {
  %c1 = arith.constant 1 : index
  %c64 = arith.constant 64 : index
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %n, %gy = %c1, %gz = %c1)
             threads(%tx, %ty, %tz) in (%sx = %c64, %sy = %c1, %sz = %c1) {
    %c0 = arith.constant 0 : index
    %c4 = arith.constant 4 : index
    %h = arith.constant 0.0 : f16
    %s = arith.constant 0.0 : f32
    %x = vector.transfer_read %a[%c0, %c0], %h {in_bounds = [true, true]} : memref<64x64xf16>, vector<16x16xf16>
    %y = vector.transfer_read %a[%c0, %tx], %h : memref<64x64xf16>, vector<16x8xf16>
    %acc = arith.constant dense<0.0> : vector<16x8xf32>
    %r = scf.for %k = %c0 to %n step %c4 iter_args(%v = %acc) -> (vector<16x8xf32>) {
      %p = vector.contract {indexing_maps = [#lhs, #rhs, #out],
                            iterator_types = ["parallel", "parallel", "reduction"],
                            kind = #vector.kind<add>} %x, %y, %v
          : vector<16x16xf16>, vector<16x8xf16> into vector<16x8xf32>
      scf.yield %p : vector<16x8xf32>
    } {tile.stages = 2 : i64}
    vector.transfer_write %r, %b[%c0, %c0] : vector<16x8xf32>, memref<64x64xf32>
    %z = vector.transfer_read %i[%c0, %c0], %tx : memref<64x64xindex>, vector<4x4xindex>
    vector.transfer_write %z, %i[%c0, %c4] : vector<4x4xindex>, memref<64x64xindex>
    gpu.terminator
  } {tile.schedule = #tile.schedule<warps = 2, stages = 2>}
  return
}

func.func @plain(%a: memref<64x64xf32>, %n: index) {
  %c1 = arith.constant 1 : index
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %n, %gy = %n, %gz = %n)
             threads(%tx, %ty, %tz) in (%sx = %n, %sy = %c1, %sz = %c1) {
    %m = memref.alloc() : memref<16xf32, #gpu.address_space<workgroup>>
    %l = memref.alloc(%n) : memref<?xf32>
    %x = memref.load %a[%tx, %bx] : memref<64x64xf32>
    memref.store %x, %m[%tx] : memref<16xf32, #gpu.address_space<workgroup>>
    memref.store %x, %l[%tx] : memref<?xf32>
    gpu.barrier
    gpu.terminator
  }
  return
}

func.func @vectors(%a: vector<8x8xf32>, %b: vector<8xf32>, %i: vector<8x8xi1>, %x: vector<4xindex>,
                   %s: vector<[4]xf32>, %z: vector<f32>)
    -> (vector<8xf32>, vector<8x8xf32>, vector<4xindex>, vector<[4]xf32>, vector<f32>) {
  %r = vector.multi_reduction <add>, %a, %b [1] : vector<8x8xf32> to vector<8xf32>
  %t = vector.transpose %a, [1, 0] : vector<8x8xf32> to vector<8x8xf32>
  %m = arith.select %i, %t, %a : vector<8x8xi1>, vector<8x8xf32>
  %y = arith.addi %x, %x : vector<4xindex>
  %e = math.exp %s : vector<[4]xf32>
  %f = math.tanh %z : vector<f32>
  return %r, %m, %y, %e, %f : vector<8xf32>, vector<8x8xf32>, vector<4xindex>, vector<[4]xf32>, vector<f32>
}

gpu.module @kernels {
  gpu.func @tiled(%a: memref<64x64xf16>, %b: memref<64x64xf32>) kernel
      attributes {known_block_size = array<i32: 64, 1, 1>} {
    %c0 = arith.constant 0 : index
    %ring = tile.ring {offset = 0 : i64} : memref<2x16x64xf16, #gpu.address_space<workgroup>>
    %slot = tile.slot %ring[%c0] : memref<2x16x64xf16, #gpu.address_space<workgroup>>
        -> memref<16x64xf16, #gpu.address_space<workgroup>>
    %token = tile.copy_async %a[%c0, %c0], %slot {in_bounds = array<i1: true, true>, permutation_map = #id}
        : memref<64x64xf16>, memref<16x64xf16, #gpu.address_space<workgroup>>
    tile.wait %token
    gpu.return
  }
  gpu.func @unplaced(%a: memref<64x64xf16>) kernel {
    %ring = tile.ring : memref<2x16x64xf16, #gpu.address_space<workgroup>>
    gpu.return
  }
  gpu.func @scalars(%a: memref<?xf32>, %v: memref<64x64xf32>) kernel {
    %i = gpu.thread_id x
    %x = memref.load %a[%i] : memref<?xf32>
    %e = math.exp %x : f32
    %p = math.powf %e, %x : f32
    %d = arith.extf %p : f32 to f64
    %l = math.sin %d : f64
    %r = arith.truncf %l : f64 to f32
    memref.store %r, %a[%i] : memref<?xf32>
    %c0 = arith.constant 0 : index
    %z = vector.transfer_read %v[%c0, %i], %x : memref<64x64xf32>, vector<4x4xf32>
    %y = math.exp2 %z : vector<4x4xf32>
    vector.transfer_write %y, %v[%c0, %i] : vector<4x4xf32>, memref<64x64xf32>
    gpu.return
  }
}
