// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Upstream ops on tensors, of many element types.
#id = affine_map<(d0, d1) -> (d0, d1)>
#row = affine_map<(d0, d1) -> (d0)>
#rev = affine_map<(d0) -> (7 - d0)>
#one = affine_map<(d0) -> (d0)>
#even = affine_map<(d0) -> (d0 * 2)>
#none = affine_map<(d0) -> ()>

func.func @mixed(%a: tensor<8x16xf32>, %b: tensor<16x32xf32>, %h: tensor<?x64xf16>,
                 %w: tensor<64x128xf16>, %n: index, %c: tensor<8x16xcomplex<f32>>,
                 %p: tensor<8x16xi1>, %x: tensor<8x16xindex>, %i4: tensor<8x16xi4>)
    -> (tensor<8x32xf32>, tensor<?x128xf32>, tensor<8x16xcomplex<f32>>, tensor<8x16xindex>) {
  %zero = arith.constant 0.0 : f32
  %c0 = arith.constant 0 : index
  %e = tensor.empty() : tensor<8x32xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<8x32xf32>) -> tensor<8x32xf32>
  %m = linalg.matmul ins(%a, %b : tensor<8x16xf32>, tensor<16x32xf32>)
         outs(%f : tensor<8x32xf32>) -> tensor<8x32xf32>
  %rows = tensor.dim %h, %c0 : tensor<?x64xf16>
  %e1 = tensor.empty(%rows) : tensor<?x128xf32>
  %f1 = linalg.fill ins(%zero : f32) outs(%e1 : tensor<?x128xf32>) -> tensor<?x128xf32>
  %m1 = linalg.matmul ins(%h, %w : tensor<?x64xf16>, tensor<64x128xf16>)
          outs(%f1 : tensor<?x128xf32>) -> tensor<?x128xf32>
  %cc = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%c : tensor<8x16xcomplex<f32>>) outs(%c : tensor<8x16xcomplex<f32>>) {
    ^bb0(%in: complex<f32>, %out: complex<f32>):
      %s = complex.mul %in, %out : complex<f32>
      linalg.yield %s : complex<f32>
  } -> tensor<8x16xcomplex<f32>>
  %xx = linalg.generic {indexing_maps = [#id, #id, #id, #id],
                        iterator_types = ["parallel", "parallel"]}
      ins(%x, %p, %i4 : tensor<8x16xindex>, tensor<8x16xi1>, tensor<8x16xi4>)
      outs(%x : tensor<8x16xindex>) {
    ^bb0(%in: index, %q: i1, %k: i4, %out: index):
      %i = linalg.index 0 : index
      %z = arith.extui %k : i4 to i64
      %y = arith.index_cast %z : i64 to index
      %s = arith.select %q, %i, %y : index
      linalg.yield %s : index
  } -> tensor<8x16xindex>
  return %m, %m1, %cc, %xx
      : tensor<8x32xf32>, tensor<?x128xf32>, tensor<8x16xcomplex<f32>>, tensor<8x16xindex>
}

func.func @shapes(%a: tensor<4x8x16xf16>, %s: tensor<2xindex>, %n: index)
    -> (tensor<?x?xf16>, tensor<4x8x17xf16>, tensor<16x8x4xf16>, tensor<*xf16>) {
  %c = tensor.collapse_shape %a [[0, 1], [2]] : tensor<4x8x16xf16> into tensor<32x16xf16>
  %r = tensor.reshape %c(%s) : (tensor<32x16xf16>, tensor<2xindex>) -> tensor<?x?xf16>
  %z = arith.constant 0.0 : f16
  %p = tensor.pad %a low[0, 0, 1] high[0, 0, 0] {
    ^bb0(%i: index, %j: index, %k: index):
      tensor.yield %z : f16
  } : tensor<4x8x16xf16> to tensor<4x8x17xf16>
  %e = tensor.empty() : tensor<16x8x4xf16>
  %t = linalg.transpose ins(%a : tensor<4x8x16xf16>) outs(%e : tensor<16x8x4xf16>)
         permutation = [2, 1, 0]
  %u = tensor.cast %r : tensor<?x?xf16> to tensor<*xf16>
  return %r, %p, %t, %u
      : tensor<?x?xf16>, tensor<4x8x17xf16>, tensor<16x8x4xf16>, tensor<*xf16>
}

func.func @maps(%a: tensor<8xf32>, %b: tensor<15xf32>, %s: tensor<f32>)
    -> (tensor<8xf32>, tensor<8xf32>, tensor<f32>, tensor<8x16xf32>) {
  %0 = linalg.generic {indexing_maps = [#rev, #one], iterator_types = ["parallel"]}
      ins(%a : tensor<8xf32>) outs(%a : tensor<8xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
  } -> tensor<8xf32>
  %1 = linalg.generic {indexing_maps = [#even, #one], iterator_types = ["parallel"]}
      ins(%b : tensor<15xf32>) outs(%0 : tensor<8xf32>) {
    ^bb0(%in: f32, %out: f32):
      %l = math.log %in : f32
      linalg.yield %l : f32
  } -> tensor<8xf32>
  %2 = linalg.generic {indexing_maps = [#one, #none], iterator_types = ["reduction"]}
      ins(%a : tensor<8xf32>) outs(%s : tensor<f32>) {
    ^bb0(%in: f32, %out: f32):
      %l = arith.addf %in, %out : f32
      linalg.yield %l : f32
  } -> tensor<f32>
  %3 = arith.constant dense<1.0> : tensor<8x16xf32>
  %4 = arith.constant dense<2.0> : tensor<8x16xf32>
  %5 = arith.addf %3, %4 : tensor<8x16xf32>
  %6 = linalg.softmax dimension(1) ins(%5 : tensor<8x16xf32>)
         outs(%4 : tensor<8x16xf32>) -> tensor<8x16xf32>
  return %0, %1, %2, %6 : tensor<8xf32>, tensor<8xf32>, tensor<f32>, tensor<8x16xf32>
}

func.func private @external(tensor<4xf32>) -> tensor<4xf32>

func.func @called(%a: tensor<4xf32>, %n: index) -> tensor<4xf32> {
  %0 = call @external(%a) : (tensor<4xf32>) -> tensor<4xf32>
  %1 = tensor.extract %0[%n] : tensor<4xf32>
  %2 = tensor.insert %1 into %0[%n] : tensor<4xf32>
  %3 = tensor.generate %n {
    ^bb0(%i: index):
      tensor.yield %1 : f32
  } : tensor<?xf32>
  %4 = tensor.cast %3 : tensor<?xf32> to tensor<4xf32>
  return %4 : tensor<4xf32>
}

func.func @blocks(%a: tensor<4xf32>, %p: i1) -> tensor<4xf32> {
  cf.cond_br %p, ^bb1(%a : tensor<4xf32>), ^bb2
^bb1(%x: tensor<4xf32>):
  return %x : tensor<4xf32>
^bb2:
  %y = arith.negf %a : tensor<4xf32>
  cf.br ^bb1(%y : tensor<4xf32>)
}
