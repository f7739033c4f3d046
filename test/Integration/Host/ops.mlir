// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Structured ops, slices and element types outside of attentions on the CPU
// routes. The first line of each module is the expected result.
// REQUIRES: numpy
// RUN: %python %S/Inputs/functions.py %build_dir %s | FileCheck %s --check-prefix=TOTAL
// TOTAL: {{[1-9][0-9]*}} runs, 0 wrong

// softmax: softmax(a, 1)
func.func @softmax(%a: tensor<4x8x?xf32>) -> tensor<4x8x?xf32> {
  %c2 = arith.constant 2 : index
  %n = tensor.dim %a, %c2 : tensor<4x8x?xf32>
  %e = tensor.empty(%n) : tensor<4x8x?xf32>
  %0 = linalg.softmax dimension(1) ins(%a : tensor<4x8x?xf32>) outs(%e : tensor<4x8x?xf32>) -> tensor<4x8x?xf32>
  return %0 : tensor<4x8x?xf32>
}

// pack: np.pad(a, ((0, 3), (0, 4)), constant_values=7).reshape(2, 8, 3, 8).transpose(0, 2, 1, 3); a
func.func @pack(%a: tensor<13x20xf32>) -> (tensor<2x3x8x8xf32>, tensor<13x20xf32>) {
  %c = arith.constant 7.0 : f32
  %e = tensor.empty() : tensor<2x3x8x8xf32>
  %0 = linalg.pack %a padding_value(%c : f32) inner_dims_pos = [0, 1] inner_tiles = [8, 8] into %e : tensor<13x20xf32> -> tensor<2x3x8x8xf32>
  %f = tensor.empty() : tensor<13x20xf32>
  %1 = linalg.unpack %0 inner_dims_pos = [0, 1] inner_tiles = [8, 8] into %f : tensor<2x3x8x8xf32> -> tensor<13x20xf32>
  return %0, %1 : tensor<2x3x8x8xf32>, tensor<13x20xf32>
}

// Key and value are slices that drop one dimension of size 1 and keep another.
// slices: attention(a, b[:, :, 0], b[:, :, 1])
func.func @slices(%a: tensor<1x?x2x16xf32>, %b: tensor<1x?x2x2x16xf32>) -> tensor<1x?x2x16xf32> {
  %c1 = arith.constant 1 : index
  %m = tensor.dim %b, %c1 : tensor<1x?x2x2x16xf32>
  %n = tensor.dim %a, %c1 : tensor<1x?x2x16xf32>
  %k = tensor.extract_slice %b[0, 0, 0, 0, 0] [1, %m, 1, 2, 16] [1, 1, 1, 1, 1] : tensor<1x?x2x2x16xf32> to tensor<1x?x2x16xf32>
  %v = tensor.extract_slice %b[0, 0, 1, 0, 0] [1, %m, 1, 2, 16] [1, 1, 1, 1, 1] : tensor<1x?x2x2x16xf32> to tensor<1x?x2x16xf32>
  %e = tensor.empty(%n) : tensor<1x?x2x16xf32>
  %0 = diff.softmax_attention ins(%a, %k, %v : tensor<1x?x2x16xf32>, tensor<1x?x2x16xf32>, tensor<1x?x2x16xf32>) outs(%e : tensor<1x?x2x16xf32>) -> tensor<1x?x2x16xf32>
  return %0 : tensor<1x?x2x16xf32>
}

// static_slices: attention(a, b[:, :, 0], b[:, :, 1])
func.func @static_slices(%a: tensor<1x20x2x16xf32>, %b: tensor<1x20x2x2x16xf32>) -> tensor<1x20x2x16xf32> {
  %k = tensor.extract_slice %b[0, 0, 0, 0, 0] [1, 20, 1, 2, 16] [1, 1, 1, 1, 1] : tensor<1x20x2x2x16xf32> to tensor<1x20x2x16xf32>
  %v = tensor.extract_slice %b[0, 0, 1, 0, 0] [1, 20, 1, 2, 16] [1, 1, 1, 1, 1] : tensor<1x20x2x2x16xf32> to tensor<1x20x2x16xf32>
  %e = tensor.empty() : tensor<1x20x2x16xf32>
  %0 = diff.softmax_attention ins(%a, %k, %v : tensor<1x20x2x16xf32>, tensor<1x20x2x16xf32>, tensor<1x20x2x16xf32>) outs(%e : tensor<1x20x2x16xf32>) -> tensor<1x20x2x16xf32>
  return %0 : tensor<1x20x2x16xf32>
}

// bf16 that the function computes on.
// halves: rounded(rounded(a * b, "bf16") + 1.5, "bf16"); a < b; np.trunc(a); np.exp(a); a * a; a * b + 1.5; a * b
func.func @halves(%a: tensor<8x4xbf16>, %b: tensor<8x4xbf16>) -> (tensor<8x4xbf16>, tensor<8x4xi1>, tensor<8x4xbf16>, tensor<8x4xbf16>, tensor<8x4xf64>, tensor<8x4xbf16>, tensor<8x4xbf16>) {
  %c = arith.constant dense<1.5> : tensor<8x4xbf16>
  %p = arith.mulf %a, %b : tensor<8x4xbf16>
  %s = arith.addf %p, %c : tensor<8x4xbf16>
  %less = arith.cmpf olt, %a, %b : tensor<8x4xbf16>
  %i = arith.fptosi %a : tensor<8x4xbf16> to tensor<8x4xi32>
  %t = arith.sitofp %i : tensor<8x4xi32> to tensor<8x4xbf16>
  %x = math.exp %a : tensor<8x4xbf16>
  %w = arith.extf %a : tensor<8x4xbf16> to tensor<8x4xf64>
  %w2 = arith.mulf %w, %w : tensor<8x4xf64>
  %m = math.fma %a, %b, %c : tensor<8x4xbf16>
  %wb = arith.extf %b : tensor<8x4xbf16> to tensor<8x4xf64>
  %wp = arith.mulf %w, %wb : tensor<8x4xf64>
  %n = arith.truncf %wp : tensor<8x4xf64> to tensor<8x4xbf16>
  return %s, %less, %t, %x, %w2, %m, %n : tensor<8x4xbf16>, tensor<8x4xi1>, tensor<8x4xbf16>, tensor<8x4xbf16>, tensor<8x4xf64>, tensor<8x4xbf16>, tensor<8x4xbf16>
}

// scalar: a * b
func.func @scalar(%a: bf16, %b: tensor<16xbf16>) -> tensor<16xbf16> {
  %s = tensor.splat %a : tensor<16xbf16>
  %0 = arith.mulf %s, %b : tensor<16xbf16>
  return %0 : tensor<16xbf16>
}

// index: 2 * a
func.func @index(%a: tensor<8x4xindex>) -> tensor<8x4xindex> {
  %0 = arith.addi %a, %a : tensor<8x4xindex>
  return %0 : tensor<8x4xindex>
}

// bits: (a > 0) ^ b; np.where((a > 0) ^ b, a, 0)
func.func @bits(%a: tensor<8x4xf32>, %b: tensor<8x4xi1>) -> (tensor<8x4xi1>, tensor<8x4xf32>) {
  %z = arith.constant dense<0.0> : tensor<8x4xf32>
  %0 = arith.cmpf ogt, %a, %z : tensor<8x4xf32>
  %1 = arith.xori %0, %b : tensor<8x4xi1>
  %2 = arith.select %1, %a, %z : tensor<8x4xi1>, tensor<8x4xf32>
  return %1, %2 : tensor<8x4xi1>, tensor<8x4xf32>
}

// narrow: a + np.array([1, -2, 3, -4])
func.func @narrow(%a: tensor<4xi8>) -> tensor<4xi8> {
  %c = arith.constant dense<[1, -2, 3, -4]> : tensor<4xi4>
  %n = arith.trunci %a : tensor<4xi8> to tensor<4xi4>
  %0 = arith.extsi %c : tensor<4xi4> to tensor<4xi8>
  %1 = arith.addi %0, %a : tensor<4xi8>
  return %1 : tensor<4xi8>
}

// imaginary: 2 * a * b
func.func @imaginary(%a: tensor<8x4xf32>, %b: tensor<8x4xf32>) -> tensor<8x4xf32> {
  %e = tensor.empty() : tensor<8x4xcomplex<f32>>
  %f = tensor.empty() : tensor<8x4xf32>
  %0 = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%a, %b : tensor<8x4xf32>, tensor<8x4xf32>) outs(%e : tensor<8x4xcomplex<f32>>) {
  ^bb0(%x: f32, %y: f32, %c: complex<f32>):
    %z = complex.create %x, %y : complex<f32>
    %w = complex.mul %z, %z : complex<f32>
    linalg.yield %w : complex<f32>
  } -> tensor<8x4xcomplex<f32>>
  %1 = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%0 : tensor<8x4xcomplex<f32>>) outs(%f : tensor<8x4xf32>) {
  ^bb0(%x: complex<f32>, %c: f32):
    %z = complex.im %x : complex<f32>
    linalg.yield %z : f32
  } -> tensor<8x4xf32>
  return %1 : tensor<8x4xf32>
}

// Functions may have any name, and functions of the LLVM dialect beside them.
// malloc: -a
func.func @malloc(%a: tensor<4xf32>) -> tensor<4xf32> {
  %e = tensor.empty() : tensor<4xf32>
  %0 = linalg.negf ins(%a : tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}

// __kmpc_fork_call: np.sin(a)
func.func @__kmpc_fork_call(%a: tensor<4x300xf32>) -> tensor<4x300xf32> {
  %0 = math.sin %a : tensor<4x300xf32>
  return %0 : tensor<4x300xf32>
}

// memcpy: a; a
func.func @memcpy(%a: tensor<4000xf32>) -> (tensor<4000xf32>, tensor<4000xf32>) {
  return %a, %a : tensor<4000xf32>, tensor<4000xf32>
}

// main: np.full(4, -a)
llvm.func @helper(%x: f32) -> f32 {
  %0 = llvm.fneg %x : f32
  llvm.return %0 : f32
}
func.func @main(%a: f32) -> tensor<4xf32> {
  %0 = llvm.call @helper(%a) : (f32) -> f32
  %1 = tensor.splat %0 : tensor<4xf32>
  return %1 : tensor<4xf32>
}

// Rows with tails, a reduction of rows and of columns, and a transposed result.
// norm: rounded(a / np.sqrt((a * a).mean(axis=1, keepdims=True) + 1) * b, "bf16"); a.sum(axis=0); a.T * 2
func.func @norm(%a: tensor<?x100xf32>, %b: tensor<100xf32>) -> (tensor<?x100xbf16>, tensor<100xf32>, tensor<100x?xf32>) {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %n = tensor.dim %a, %c0 : tensor<?x100xf32>
  %e = tensor.empty(%n) : tensor<?xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<?xf32>) -> tensor<?xf32>
  %s = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>], iterator_types = ["parallel", "reduction"]}
      ins(%a : tensor<?x100xf32>) outs(%z : tensor<?xf32>) {
  ^bb0(%x: f32, %y: f32):
    %q = arith.mulf %x, %x : f32
    %t = arith.addf %y, %q : f32
    linalg.yield %t : f32
  } -> tensor<?xf32>
  %o = tensor.empty(%n) : tensor<?x100xbf16>
  %r = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%a, %s, %b : tensor<?x100xf32>, tensor<?xf32>, tensor<100xf32>) outs(%o : tensor<?x100xbf16>) {
  ^bb0(%x: f32, %y: f32, %w: f32, %u: bf16):
    %mean = arith.constant 0.01 : f32
    %one = arith.constant 1.0 : f32
    %m = arith.mulf %y, %mean : f32
    %m1 = arith.addf %m, %one : f32
    %i = math.rsqrt %m1 : f32
    %p = arith.mulf %x, %i : f32
    %v = arith.mulf %p, %w : f32
    %t = arith.truncf %v : f32 to bf16
    linalg.yield %t : bf16
  } -> tensor<?x100xbf16>
  %ce = tensor.empty() : tensor<100xf32>
  %cz = linalg.fill ins(%zero : f32) outs(%ce : tensor<100xf32>) -> tensor<100xf32>
  %columns = linalg.reduce ins(%a : tensor<?x100xf32>) outs(%cz : tensor<100xf32>) dimensions = [0]
    (%x: f32, %y: f32) {
      %t = arith.addf %x, %y : f32
      linalg.yield %t : f32
    }
  %te = tensor.empty(%n) : tensor<100x?xf32>
  %transposed = linalg.generic {indexing_maps = [affine_map<(i, j) -> (j, i)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%a : tensor<?x100xf32>) outs(%te : tensor<100x?xf32>) {
  ^bb0(%x: f32, %y: f32):
    %t = arith.addf %x, %x : f32
    linalg.yield %t : f32
  } -> tensor<100x?xf32>
  return %r, %columns, %transposed : tensor<?x100xbf16>, tensor<100xf32>, tensor<100x?xf32>
}
