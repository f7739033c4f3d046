// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Loops of every kind around tensors, with and without attributes of tiles.
#blocks = [#gpu.block<y>, #gpu.block<x>]
#id = affine_map<(d0, d1) -> (d0, d1)>
#tf = #tile.schedule<warps = 4, stages = 2>

func.func @tile_of_tensors(%a: tensor<64x64xf16>, %b: tensor<64x64xf16>, %o: tensor<64x64xf32>)
    -> tensor<64x64xf32> {
  %0 = scf.forall (%i, %j) = (0, 0) to (64, 64) step (32, 32) shared_outs(%out = %o)
      -> (tensor<64x64xf32>) {
    %x = tensor.extract_slice %a[%i, 0] [32, 64] [1, 1] : tensor<64x64xf16> to tensor<32x64xf16>
    %y = tensor.extract_slice %b[0, %j] [64, 32] [1, 1] : tensor<64x64xf16> to tensor<64x32xf16>
    %z = tensor.extract_slice %out[%i, %j] [32, 32] [1, 1] : tensor<64x64xf32> to tensor<32x32xf32>
    %m = linalg.matmul ins(%x, %y : tensor<32x64xf16>, tensor<64x32xf16>)
           outs(%z : tensor<32x32xf32>) -> tensor<32x32xf32>
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %m into %out[%i, %j] [32, 32] [1, 1]
          : tensor<32x32xf32> into tensor<64x64xf32>
    }
  } {mapping = #blocks, diff.kernel = #diff.kernel<op = "contraction", threads = 128>}
  return %0 : tensor<64x64xf32>
}

func.func @unmarked(%o: tensor<64x64xf32>, %n: index) -> tensor<64x64xf32> {
  %cst = arith.constant 1.0 : f32
  %0 = scf.forall (%i, %j) in (8, %n) shared_outs(%out = %o) -> (tensor<64x64xf32>) {
    %z = tensor.extract_slice %out[%i, %j] [8, 1] [1, 1] : tensor<64x64xf32> to tensor<8xf32>
    %f = linalg.fill ins(%cst : f32) outs(%z : tensor<8xf32>) -> tensor<8xf32>
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %f into %out[%i, %j] [8, 1] [1, 1]
          : tensor<8xf32> into tensor<64x64xf32>
    }
  } {mapping = #blocks}
  return %0 : tensor<64x64xf32>
}

func.func @nested(%a: tensor<64x64xf32>, %o: tensor<64x64xf32>, %n: index, %p: i1)
    -> (tensor<64x64xf32>, tensor<64x64xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %0 = scf.for %i = %c0 to %n step %c1 iter_args(%x = %a) -> (tensor<64x64xf32>) {
    %y = scf.if %p -> (tensor<64x64xf32>) {
      %e = linalg.exp ins(%x : tensor<64x64xf32>) outs(%o : tensor<64x64xf32>) -> tensor<64x64xf32>
      scf.yield %e : tensor<64x64xf32>
    } else {
      scf.yield %x : tensor<64x64xf32>
    }
    scf.yield %y : tensor<64x64xf32>
  } {tile.stages = 2 : i64}
  %1 = scf.while (%x = %0) : (tensor<64x64xf32>) -> tensor<64x64xf32> {
    %q = tensor.extract %x[%c0, %c0] : tensor<64x64xf32>
    %z = arith.constant 0.0 : f32
    %t = arith.cmpf olt, %q, %z : f32
    scf.condition(%t) %x : tensor<64x64xf32>
  } do {
  ^bb0(%x: tensor<64x64xf32>):
    scf.yield %a : tensor<64x64xf32>
  }
  return %0, %1 : tensor<64x64xf32>, tensor<64x64xf32>
}

func.func @tensor_core_tile(%a: tensor<64x64xf16>, %o: tensor<64x64xf32>) -> tensor<64x64xf32> {
  %zero = arith.constant 0.0 : f32
  %0 = scf.forall (%i) = (0) to (64) step (16) shared_outs(%out = %o) -> (tensor<64x64xf32>) {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %e = tensor.empty() : tensor<16x64xf32>
    %f = linalg.fill ins(%zero : f32) outs(%e : tensor<16x64xf32>) -> tensor<16x64xf32>
    %r = scf.for %k = %c0 to %c64 step %c16 iter_args(%acc = %f) -> (tensor<16x64xf32>) {
      %x = tensor.extract_slice %a[%i, %k] [16, 16] [1, 1] : tensor<64x64xf16> to tensor<16x16xf16>
      %y = tensor.extract_slice %a[%k, 0] [16, 64] [1, 1] : tensor<64x64xf16> to tensor<16x64xf16>
      %m = linalg.matmul ins(%x, %y : tensor<16x16xf16>, tensor<16x64xf16>)
             outs(%acc : tensor<16x64xf32>) -> tensor<16x64xf32>
      scf.yield %m : tensor<16x64xf32>
    } {tile.stages = 3 : i64}
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %r into %out[%i, 0] [16, 64] [1, 1]
          : tensor<16x64xf32> into tensor<64x64xf32>
    }
  } {mapping = [#gpu.block<x>], tile.schedule = #tile.schedule<warps = 1, stages = 3>,
     diff.kernel = #diff.kernel<op = "contraction", threads = 32>}
  return %0 : tensor<64x64xf32>
}
