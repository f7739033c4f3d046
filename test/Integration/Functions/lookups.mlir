// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Ops without a vector form: rows of a table, the index of the largest element, and
// sums over a window.
// REQUIRES: numpy
//
// RUN: %python %S/Inputs/compare.py %s lookups --build=%build_dir --tokens=70
// RUN: %python %S/Inputs/compare.py %s lookups --build=%build_dir --tokens=1 --chip=sm_100a

#rows = affine_map<(i, j) -> (i)>
#all = affine_map<(i, j) -> (i, j)>

func.func @attention(%table: tensor<50x32xf32>, %ids: tensor<?xi32>) -> (tensor<?x32xf32>, tensor<?xi32>, tensor<?x29xf32>) {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %none = arith.constant 0 : i32
  %lowest = arith.constant 0xFF800000 : f32
  %n = tensor.dim %ids, %c0 : tensor<?xi32>
  %e = tensor.empty(%n) : tensor<?x32xf32>
  %x = linalg.generic {indexing_maps = [#rows, #all], iterator_types = ["parallel", "parallel"]}
      ins(%ids : tensor<?xi32>) outs(%e : tensor<?x32xf32>) {
  ^bb0(%id: i32, %o: f32):
    %i = arith.index_cast %id : i32 to index
    %j = linalg.index 1 : index
    %v = tensor.extract %table[%i, %j] : tensor<50x32xf32>
    linalg.yield %v : f32
  } -> tensor<?x32xf32>
  %e1 = tensor.empty(%n) : tensor<?xf32>
  %e2 = tensor.empty(%n) : tensor<?xi32>
  %max = linalg.fill ins(%lowest : f32) outs(%e1 : tensor<?xf32>) -> tensor<?xf32>
  %arg = linalg.fill ins(%none : i32) outs(%e2 : tensor<?xi32>) -> tensor<?xi32>
  %largest:2 = linalg.generic {indexing_maps = [#all, #rows, #rows], iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<?x32xf32>) outs(%max, %arg : tensor<?xf32>, tensor<?xi32>) {
  ^bb0(%v: f32, %m: f32, %a: i32):
    %j = linalg.index 1 : index
    %j32 = arith.index_cast %j : index to i32
    %above = arith.cmpf ogt, %v, %m : f32
    %r = arith.select %above, %v, %m : f32
    %s = arith.select %above, %j32, %a : i32
    linalg.yield %r, %s : f32, i32
  } -> (tensor<?xf32>, tensor<?xi32>)
  %window = tensor.empty() : tensor<4xf32>
  %e3 = tensor.empty(%n) : tensor<?x29xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e3 : tensor<?x29xf32>) -> tensor<?x29xf32>
  %sums = linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, j + k)>, affine_map<(i, j, k) -> (k)>, affine_map<(i, j, k) -> (i, j)>],
                          iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %window : tensor<?x32xf32>, tensor<4xf32>) outs(%f : tensor<?x29xf32>) {
  ^bb0(%v: f32, %w: f32, %o: f32):
    %s = arith.addf %v, %o : f32
    linalg.yield %s : f32
  } -> tensor<?x29xf32>
  return %x, %largest#1, %sums : tensor<?x32xf32>, tensor<?xi32>, tensor<?x29xf32>
}
