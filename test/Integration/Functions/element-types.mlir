// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Buffers between kernels, with types that arguments cannot have: i1, i4, i24, i64, index,
// f64 and complex.
// REQUIRES: numpy
//
// RUN: %python %S/Inputs/compare.py %s element-types --build=%build_dir

#id = affine_map<(i, j) -> (i, j)>
#transposed = affine_map<(i, j) -> (j, i)>

func.func @attention(%x: tensor<20x16xf32>) -> tensor<16x20xf32> {
  %e1 = tensor.empty() : tensor<20x16xi1>
  %e4 = tensor.empty() : tensor<20x16xi4>
  %e24 = tensor.empty() : tensor<20x16xi24>
  %e64 = tensor.empty() : tensor<20x16xi64>
  %ei = tensor.empty() : tensor<20x16xindex>
  %ef = tensor.empty() : tensor<20x16xf64>
  %ec = tensor.empty() : tensor<20x16xcomplex<f32>>
  %r:7 = linalg.generic {indexing_maps = [#id, #id, #id, #id, #id, #id, #id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<20x16xf32>)
      outs(%e1, %e4, %e24, %e64, %ei, %ef, %ec : tensor<20x16xi1>, tensor<20x16xi4>, tensor<20x16xi24>, tensor<20x16xi64>, tensor<20x16xindex>, tensor<20x16xf64>, tensor<20x16xcomplex<f32>>) {
  ^bb0(%v: f32, %o1: i1, %o4: i4, %o24: i24, %o64: i64, %oi: index, %of: f64, %oc: complex<f32>):
    %zero = arith.constant 0.0 : f32
    %p = arith.cmpf ogt, %v, %zero : f32
    %i4 = arith.fptosi %v : f32 to i4
    %i24 = arith.fptosi %v : f32 to i24
    %i64 = arith.fptosi %v : f32 to i64
    %i = arith.index_cast %i64 : i64 to index
    %f = arith.extf %v : f32 to f64
    %c = complex.create %v, %v : complex<f32>
    linalg.yield %p, %i4, %i24, %i64, %i, %f, %c : i1, i4, i24, i64, index, f64, complex<f32>
  } -> (tensor<20x16xi1>, tensor<20x16xi4>, tensor<20x16xi24>, tensor<20x16xi64>, tensor<20x16xindex>, tensor<20x16xf64>, tensor<20x16xcomplex<f32>>)
  %e = tensor.empty() : tensor<16x20xf32>
  %s = linalg.generic {indexing_maps = [#transposed, #transposed, #transposed, #transposed, #transposed, #transposed, #transposed, #id], iterator_types = ["parallel", "parallel"]}
      ins(%r#0, %r#1, %r#2, %r#3, %r#4, %r#5, %r#6 : tensor<20x16xi1>, tensor<20x16xi4>, tensor<20x16xi24>, tensor<20x16xi64>, tensor<20x16xindex>, tensor<20x16xf64>, tensor<20x16xcomplex<f32>>)
      outs(%e : tensor<16x20xf32>) {
  ^bb0(%p: i1, %i4: i4, %i24: i24, %i64: i64, %i: index, %f: f64, %c: complex<f32>, %o: f32):
    %one = arith.constant 1.0 : f64
    %two = arith.constant 2.0 : f64
    %0 = arith.select %p, %one, %two : f64
    %1 = arith.sitofp %i4 : i4 to f64
    %2 = arith.sitofp %i24 : i24 to f64
    %3 = arith.sitofp %i64 : i64 to f64
    %j = arith.index_cast %i : index to i64
    %4 = arith.sitofp %j : i64 to f64
    %square = complex.mul %c, %c : complex<f32>
    %im = complex.im %square : complex<f32>
    %5 = arith.extf %im : f32 to f64
    %6 = arith.addf %0, %1 : f64
    %7 = arith.addf %6, %2 : f64
    %8 = arith.addf %7, %3 : f64
    %9 = arith.addf %8, %4 : f64
    %10 = arith.addf %9, %5 : f64
    %11 = arith.addf %10, %f : f64
    %12 = arith.truncf %11 : f64 to f32
    linalg.yield %12 : f32
  } -> tensor<16x20xf32>
  return %s : tensor<16x20xf32>
}
