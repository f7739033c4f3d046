// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Upstream ops on buffers.
#id = affine_map<(d0, d1) -> (d0, d1)>
#one = affine_map<(d0) -> (d0)>
#win = affine_map<(d0, d1) -> (d0 + d1)>
#row = affine_map<(d0, d1) -> (d0)>
#col = affine_map<(d0, d1) -> (d1)>

func.func @mixed(%a: memref<8x16xf32>, %b: memref<16x32xf32>, %c: memref<8x32xf32>,
                 %d: memref<?x?xf16, strided<[?, 2], offset: ?>>, %x: memref<4x4xindex>,
                 %y: memref<4xcomplex<f32>>, %z: memref<f32>, %q: memref<9xi1>, %q5: memref<5xi1>, %n: index,
                 %u: memref<*xf32>) {
  %zero = arith.constant 0.0 : f32
  %half = arith.constant 0.0 : f16
  linalg.fill ins(%zero : f32) outs(%c : memref<8x32xf32>)
  linalg.fill ins(%half : f16) outs(%d : memref<?x?xf16, strided<[?, 2], offset: ?>>)
  linalg.fill ins(%n : index) outs(%x : memref<4x4xindex>)
  linalg.fill ins(%zero : f32) outs(%z : memref<f32>)
  linalg.matmul ins(%a, %b : memref<8x16xf32>, memref<16x32xf32>) outs(%c : memref<8x32xf32>)
  linalg.generic {indexing_maps = [#one, #one], iterator_types = ["parallel"]}
      ins(%y : memref<4xcomplex<f32>>) outs(%y : memref<4xcomplex<f32>>) {
    ^bb0(%in: complex<f32>, %out: complex<f32>):
      %s = complex.add %in, %out : complex<f32>
      linalg.yield %s : complex<f32>
  }
  %t = memref.alloc(%n) : memref<?x16xf32>
  %l = memref.alloca() : memref<16xf32>
  %sub = memref.subview %a[0, 1] [8, 8] [1, 2] : memref<8x16xf32> to memref<8x8xf32, strided<[16, 2], offset: 1>>
  %al = memref.alloc() : memref<8x8xf32>
  memref.copy %sub, %al : memref<8x8xf32, strided<[16, 2], offset: 1>> to memref<8x8xf32>
  memref.copy %al, %al : memref<8x8xf32> to memref<8x8xf32>
  linalg.generic {indexing_maps = [#win, #col, #row],
                  iterator_types = ["parallel", "reduction"]}
      ins(%q, %q5 : memref<9xi1>, memref<5xi1>) outs(%q5 : memref<5xi1>) {
    ^bb0(%in: i1, %k: i1, %out: i1):
      %s = arith.ori %in, %k : i1
      linalg.yield %s : i1
  }
  memref.dealloc %t : memref<?x16xf32>
  %dim = memref.dim %d, %n : memref<?x?xf16, strided<[?, 2], offset: ?>>
  %v = memref.load %a[%n, %n] : memref<8x16xf32>
  memref.store %v, %a[%dim, %n] : memref<8x16xf32>
  %cast = memref.cast %u : memref<*xf32> to memref<4x4xf32>
  linalg.exp ins(%cast : memref<4x4xf32>) outs(%cast : memref<4x4xf32>)
  return
}

memref.global "private" constant @table : memref<4xf32> = dense<[1.0, 2.0, 3.0, 4.0]>

func.func @grid(%a: memref<8x16xf32>, %o: memref<8x16xf32>, %n: index) {
  %g = memref.get_global @table : memref<4xf32>
  scf.forall (%i) in (8) {
    %x = memref.subview %a[%i, 0] [1, 16] [1, 1] : memref<8x16xf32> to memref<16xf32, strided<[1], offset: ?>>
    %y = memref.subview %o[%i, 0] [1, 16] [1, 1] : memref<8x16xf32> to memref<16xf32, strided<[1], offset: ?>>
    %w = memref.alloc() : memref<16xf32, #gpu.address_space<workgroup>>
    memref.copy %x, %w : memref<16xf32, strided<[1], offset: ?>> to memref<16xf32, #gpu.address_space<workgroup>>
    linalg.exp ins(%w : memref<16xf32, #gpu.address_space<workgroup>>)
               outs(%y : memref<16xf32, strided<[1], offset: ?>>)
    %k = memref.load %g[%i] : memref<4xf32>
    memref.store %k, %y[%n] : memref<16xf32, strided<[1], offset: ?>>
  } {mapping = [#gpu.block<x>], diff.kernel = #diff.kernel<op = "copy", threads = 64>}
  scf.forall (%i, %j) = (1, 2) to (8, %n) step (3, 4) {
    memref.copy %a, %o : memref<8x16xf32> to memref<8x16xf32>
  } {mapping = [#gpu.block<linear_dim_1>, #gpu.block<linear_dim_0>],
     diff.kernel = #diff.kernel<op = "copy", threads = 64>}
  scf.forall (%i) in (%n) {
    memref.copy %o, %a : memref<8x16xf32> to memref<8x16xf32>
  } {mapping = [#gpu.thread<x>]}
  return
}

func.func @whole(%a: memref<?xf32>, %b: memref<?xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %n = memref.dim %a, %c0 : memref<?xf32>
  scf.parallel (%i) = (%c0) to (%n) step (%c1) {
    %x = memref.load %a[%i] : memref<?xf32>
    %e = math.exp %x : f32
    %f = math.erf %e : f32
    memref.store %f, %b[%i] : memref<?xf32>
  }
  return
}
