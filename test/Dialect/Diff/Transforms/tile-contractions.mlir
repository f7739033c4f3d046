// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: diff-opt %s -split-input-file -diff-tile-contractions -canonicalize | FileCheck %s --check-prefixes=CHECK,IEEE
// RUN: diff-opt %s -split-input-file -diff-tile-contractions="tf32=true" -canonicalize | FileCheck %s --check-prefixes=CHECK,TF32

#id = affine_map<(i, j) -> (i, j)>

// The fill and the only user are in the tile. Partial rows are padded with zeros and
// removed from the result. A step over the summands is a line of 128 bytes.
// CHECK-LABEL: func @tokens(
// CHECK: scf.forall (%{{.*}}, %{{.*}}) = (0, 0) to (%{{.*}}, 256) step (128, 64)
// CHECK: linalg.fill {{.*}} -> tensor<128x64xf32>
// CHECK: scf.for %{{.*}} to %{{.*}} step %c64
// CHECK: tensor.pad
// CHECK: } : tensor<?x64xbf16> to tensor<128x64xbf16>
// CHECK-NOT: tensor.pad
// CHECK: linalg.generic {{.*}} ins(%{{.*}}, %{{.*}} : tensor<128x64xbf16>, tensor<64x64xbf16>) outs(%{{.*}} : tensor<128x64xf32>)
// CHECK: {tile.stages = 2 : i64}
// CHECK: linalg.generic {{.*}} ins(%{{.*}} : tensor<128x64xf32>) outs(%{{.*}} : tensor<128x64xbf16>)
// CHECK: tensor.extract_slice %{{.*}}[0, 0] [%{{.*}}, 64] [1, 1] : tensor<128x64xbf16> to tensor<?x64xbf16>
// CHECK: {diff.kernel = #diff.kernel<op = "contraction", threads = 128>, mapping = [#gpu.block<y>, #gpu.block<x>], tile.schedule = #tile.schedule<warps = 4, stages = 2>}
// CHECK-NOT: linalg
// CHECK: return
func.func @tokens(%x: tensor<?x512xbf16>, %w: tensor<512x256xbf16>) -> tensor<?x256xbf16> {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x512xbf16>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty(%n) : tensor<?x256xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<?x256xf32>) -> tensor<?x256xf32>
  %p = linalg.matmul ins(%x, %w : tensor<?x512xbf16>, tensor<512x256xbf16>) outs(%z : tensor<?x256xf32>) -> tensor<?x256xf32>
  %o = tensor.empty(%n) : tensor<?x256xbf16>
  %r = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%p : tensor<?x256xf32>) outs(%o : tensor<?x256xbf16>) {
  ^bb0(%a: f32, %b: bf16):
    %t = arith.truncf %a : f32 to bf16
    linalg.yield %t : bf16
  } -> tensor<?x256xbf16>
  return %r : tensor<?x256xbf16>
}

// -----

// Few rows use a smaller tile and fewer warps. Unit dimensions are dropped from the
// tile.
// CHECK-LABEL: func @few(
// CHECK: scf.forall (%{{.*}}, %{{.*}}, %{{.*}}) = (0, 0, 0) to (3, 20, 24) step (1, 32, 24)
// CHECK: linalg.generic {{.*}} : tensor<32x32xf16>, tensor<24x32xf16>) outs(%{{.*}} : tensor<32x24xf32>)
// CHECK: {diff.kernel = #diff.kernel<op = "contraction", threads = 64>, mapping = [#gpu.block<z>, #gpu.block<y>, #gpu.block<x>], tile.schedule = #tile.schedule<warps = 2, stages = 2>}
func.func @few(%x: tensor<3x20x32xf16>, %w: tensor<24x32xf16>, %y: tensor<3x20x24xf32>) -> tensor<3x20x24xf32> {
  %p = linalg.generic {indexing_maps = [affine_map<(b, n, j, i) -> (b, n, i)>, affine_map<(b, n, j, i) -> (j, i)>, affine_map<(b, n, j, i) -> (b, n, j)>],
                       iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
      ins(%x, %w : tensor<3x20x32xf16>, tensor<24x32xf16>) outs(%y : tensor<3x20x24xf32>) {
  ^bb0(%a: f16, %b: f16, %c: f32):
    %a1 = arith.extf %a : f16 to f32
    %b1 = arith.extf %b : f16 to f32
    %m = arith.mulf %a1, %b1 : f32
    %s = arith.addf %c, %m : f32
    linalg.yield %s : f32
  } -> tensor<3x20x24xf32>
  return %p : tensor<3x20x24xf32>
}

// -----

// f32 only if it may be rounded.
// CHECK-LABEL: func @f32(
// IEEE-NOT: scf.forall
// TF32: step %c32
// TF32: tile.schedule = #tile.schedule<warps = 4, stages = 2, tf32 = true>
func.func @f32(%x: tensor<128x96xf32>, %w: tensor<96x64xf32>, %y: tensor<128x64xf32>) -> tensor<128x64xf32> {
  %p = linalg.matmul ins(%x, %w : tensor<128x96xf32>, tensor<96x64xf32>) outs(%y : tensor<128x64xf32>) -> tensor<128x64xf32>
  return %p : tensor<128x64xf32>
}

// -----

// Left for threads: sums in bf16; two columns, whose rows are not whole chunks; a
// dynamic number of summands; an integer type; three row dimensions.
// CHECK-LABEL: func @left(
// CHECK-NOT: scf.forall
// CHECK: return
func.func @left(%x: tensor<64x64xbf16>, %y: tensor<64x2xbf16>, %u: tensor<64x?xbf16>, %v: tensor<?x64xbf16>, %i: tensor<64x64xi8>,
                %b: tensor<2x3x64x64xbf16>, %zb: tensor<64x64xbf16>, %z2: tensor<64x2xf32>, %z: tensor<64x64xf32>, %zi: tensor<64x64xi32>, %z4: tensor<2x3x64x64xf32>)
    -> (tensor<64x64xbf16>, tensor<64x2xf32>, tensor<64x64xf32>, tensor<64x64xi32>, tensor<2x3x64x64xf32>) {
  %0 = linalg.matmul ins(%x, %x : tensor<64x64xbf16>, tensor<64x64xbf16>) outs(%zb : tensor<64x64xbf16>) -> tensor<64x64xbf16>
  %1 = linalg.matmul ins(%x, %y : tensor<64x64xbf16>, tensor<64x2xbf16>) outs(%z2 : tensor<64x2xf32>) -> tensor<64x2xf32>
  %2 = linalg.matmul ins(%u, %v : tensor<64x?xbf16>, tensor<?x64xbf16>) outs(%z : tensor<64x64xf32>) -> tensor<64x64xf32>
  %3 = linalg.matmul ins(%i, %i : tensor<64x64xi8>, tensor<64x64xi8>) outs(%zi : tensor<64x64xi32>) -> tensor<64x64xi32>
  %4 = linalg.generic {indexing_maps = [affine_map<(a, b, n, j, i) -> (a, b, n, i)>, affine_map<(a, b, n, j, i) -> (i, j)>, affine_map<(a, b, n, j, i) -> (a, b, n, j)>],
                       iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]}
      ins(%b, %x : tensor<2x3x64x64xbf16>, tensor<64x64xbf16>) outs(%z4 : tensor<2x3x64x64xf32>) {
  ^bb0(%a: bf16, %c: bf16, %d: f32):
    %a1 = arith.extf %a : bf16 to f32
    %c1 = arith.extf %c : bf16 to f32
    %m = arith.mulf %a1, %c1 : f32
    %s = arith.addf %d, %m : f32
    linalg.yield %s : f32
  } -> tensor<2x3x64x64xf32>
  return %0, %1, %2, %3, %4 : tensor<64x64xbf16>, tensor<64x2xf32>, tensor<64x64xf32>, tensor<64x64xi32>, tensor<2x3x64x64xf32>
}

// -----

// The slices of another pass's tile are left alone: one that drops a dimension
// of a pad would be a slice of a pad for ever.
// CHECK-LABEL: func @other_tile(
// CHECK: %[[PAD:.*]] = tensor.pad
// CHECK: tensor.extract_slice %[[PAD]][0, 0, 0] [1, 32, 2] [1, 1, 1] : tensor<1x32x2xf16> to tensor<32x2xf16>
func.func @other_tile(%a: tensor<1x20x2xf16>, %o: tensor<32x2xf16>) -> tensor<32x2xf16> {
  %zero = arith.constant 0.0 : f16
  %0 = scf.forall (%i) in (1) shared_outs(%out = %o) -> (tensor<32x2xf16>) {
    %p = tensor.pad %a low[0, 0, 0] high[0, 12, 0] {
    ^bb0(%x: index, %y: index, %z: index):
      tensor.yield %zero : f16
    } : tensor<1x20x2xf16> to tensor<1x32x2xf16>
    %s = tensor.extract_slice %p[0, 0, 0] [1, 32, 2] [1, 1, 1] : tensor<1x32x2xf16> to tensor<32x2xf16>
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %s into %out[0, 0] [32, 2] [1, 1] : tensor<32x2xf16> into tensor<32x2xf16>
    }
  } {mapping = [#gpu.block<x>], diff.kernel = #diff.kernel<op = "attention", threads = 32>,
     tile.schedule = #tile.schedule<warps = 1>}
  return %0 : tensor<32x2xf16>
}
