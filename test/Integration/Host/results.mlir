// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Results that depend on each other: a destination must not be written while its
// old contents are still read. The first line of each module is the expected
// result.
// REQUIRES: numpy
// RUN: %python %S/Inputs/functions.py %build_dir %s --routes=linalg,cpu,sim | FileCheck %s --check-prefix=TOTAL
// TOTAL: {{[1-9][0-9]*}} runs, 0 wrong

// chain: -2 * a; -a
func.func @chain(%a: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %e = tensor.empty() : tensor<4xf32>
  %0 = linalg.negf ins(%a : tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  %1 = arith.addf %0, %0 : tensor<4xf32>
  return %1, %0 : tensor<4xf32>, tensor<4xf32>
}

// chain_of_attention: 2 * attention(a, a, a); attention(a, a, a)
func.func @chain_of_attention(%a: tensor<1x20x2x16xf32>) -> (tensor<1x20x2x16xf32>, tensor<1x20x2x16xf32>) {
  %e = tensor.empty() : tensor<1x20x2x16xf32>
  %0 = diff.softmax_attention ins(%a, %a, %a : tensor<1x20x2x16xf32>, tensor<1x20x2x16xf32>, tensor<1x20x2x16xf32>) outs(%e : tensor<1x20x2x16xf32>) -> tensor<1x20x2x16xf32>
  %1 = arith.addf %0, %0 : tensor<1x20x2x16xf32>
  return %1, %0 : tensor<1x20x2x16xf32>, tensor<1x20x2x16xf32>
}

// long_chain: -3 * a; -a; 2 * a; -2 * a; a
func.func @long_chain(%a: tensor<4x?xf32>) -> (tensor<4x?xf32>, tensor<4x?xf32>, tensor<4x?xf32>, tensor<4x?xf32>, tensor<4x?xf32>) {
  %c1 = arith.constant 1 : index
  %n = tensor.dim %a, %c1 : tensor<4x?xf32>
  %e = tensor.empty(%n) : tensor<4x?xf32>
  %0 = linalg.negf ins(%a : tensor<4x?xf32>) outs(%e : tensor<4x?xf32>) -> tensor<4x?xf32>
  %1 = linalg.add ins(%0, %0 : tensor<4x?xf32>, tensor<4x?xf32>) outs(%0 : tensor<4x?xf32>) -> tensor<4x?xf32>
  %2 = linalg.negf ins(%1 : tensor<4x?xf32>) outs(%1 : tensor<4x?xf32>) -> tensor<4x?xf32>
  %3 = linalg.add ins(%0, %1 : tensor<4x?xf32>, tensor<4x?xf32>) outs(%0 : tensor<4x?xf32>) -> tensor<4x?xf32>
  return %3, %0, %2, %1, %a : tensor<4x?xf32>, tensor<4x?xf32>, tensor<4x?xf32>, tensor<4x?xf32>, tensor<4x?xf32>
}

// view_of_attention: attention(a, a, a); attention(a, a, a)[None]
func.func @view_of_attention(%a: tensor<1x20x2x16xf32>) -> (tensor<1x20x2x16xf32>, tensor<1x1x20x2x16xf32>) {
  %e = tensor.empty() : tensor<1x20x2x16xf32>
  %0 = diff.softmax_attention ins(%a, %a, %a : tensor<1x20x2x16xf32>, tensor<1x20x2x16xf32>, tensor<1x20x2x16xf32>) outs(%e : tensor<1x20x2x16xf32>) -> tensor<1x20x2x16xf32>
  %1 = tensor.expand_shape %0 [[0, 1], [2], [3], [4]] output_shape [1, 1, 20, 2, 16] : tensor<1x20x2x16xf32> into tensor<1x1x20x2x16xf32>
  return %0, %1 : tensor<1x20x2x16xf32>, tensor<1x1x20x2x16xf32>
}

// views_of_attention: attention(a, a, a)[:, 3:5]; attention(a, a, a)[None]; attention(a, a, a)
func.func @views_of_attention(%a: tensor<1x20x2x16xf32>) -> (tensor<1x2x2x16xf32>, tensor<1x1x20x2x16xf32>, tensor<1x20x2x16xf32>) {
  %e = tensor.empty() : tensor<1x20x2x16xf32>
  %0 = diff.softmax_attention ins(%a, %a, %a : tensor<1x20x2x16xf32>, tensor<1x20x2x16xf32>, tensor<1x20x2x16xf32>) outs(%e : tensor<1x20x2x16xf32>) -> tensor<1x20x2x16xf32>
  %1 = tensor.expand_shape %0 [[0, 1], [2], [3], [4]] output_shape [1, 1, 20, 2, 16] : tensor<1x20x2x16xf32> into tensor<1x1x20x2x16xf32>
  %2 = tensor.extract_slice %0[0, 3, 0, 0] [1, 2, 2, 16] [1, 1, 1, 1] : tensor<1x20x2x16xf32> to tensor<1x2x2x16xf32>
  return %2, %1, %0 : tensor<1x2x2x16xf32>, tensor<1x1x20x2x16xf32>, tensor<1x20x2x16xf32>
}

// collapsed: a.reshape(-1)
func.func @collapsed(%a: tensor<?x1x1xf32>) -> tensor<?xf32> {
  %0 = tensor.collapse_shape %a [[0, 1, 2]] : tensor<?x1x1xf32> into tensor<?xf32>
  return %0 : tensor<?xf32>
}

// swapped: b; a
func.func @swapped(%a: tensor<8x4xf32>, %b: tensor<8x4xf32>) -> (tensor<8x4xf32>, tensor<8x4xf32>) {
  return %b, %a : tensor<8x4xf32>, tensor<8x4xf32>
}

// twice: -a; -a; -a
func.func @twice(%a: tensor<8x4xf32>) -> (tensor<8x4xf32>, tensor<8x4xf32>, tensor<8x4xf32>) {
  %e = tensor.empty() : tensor<8x4xf32>
  %0 = linalg.negf ins(%a : tensor<8x4xf32>) outs(%e : tensor<8x4xf32>) -> tensor<8x4xf32>
  return %0, %0, %0 : tensor<8x4xf32>, tensor<8x4xf32>, tensor<8x4xf32>
}

// parts: np.concatenate([-a[4:], -a[4:]]); np.exp(-a[:4]); -a[4:]; -a
func.func @parts(%a: tensor<8x4xf32>) -> (tensor<8x4xf32>, tensor<4x4xf32>, tensor<4x4xf32>, tensor<8x4xf32>) {
  %e = tensor.empty() : tensor<8x4xf32>
  %0 = linalg.negf ins(%a : tensor<8x4xf32>) outs(%e : tensor<8x4xf32>) -> tensor<8x4xf32>
  %low = tensor.extract_slice %0[0, 0] [4, 4] [1, 1] : tensor<8x4xf32> to tensor<4x4xf32>
  %high = tensor.extract_slice %0[4, 0] [4, 4] [1, 1] : tensor<8x4xf32> to tensor<4x4xf32>
  %exp = linalg.exp ins(%low : tensor<4x4xf32>) outs(%low : tensor<4x4xf32>) -> tensor<4x4xf32>
  %1 = tensor.insert_slice %high into %0[0, 0] [4, 4] [1, 1] : tensor<4x4xf32> into tensor<8x4xf32>
  return %1, %exp, %high, %0 : tensor<8x4xf32>, tensor<4x4xf32>, tensor<4x4xf32>, tensor<8x4xf32>
}

// destination: a + b; a; b
func.func @destination(%a: tensor<8x4xf32>, %b: tensor<8x4xf32>) -> (tensor<8x4xf32>, tensor<8x4xf32>, tensor<8x4xf32>) {
  %0 = linalg.add ins(%a, %b : tensor<8x4xf32>, tensor<8x4xf32>) outs(%b : tensor<8x4xf32>) -> tensor<8x4xf32>
  return %0, %a, %b : tensor<8x4xf32>, tensor<8x4xf32>, tensor<8x4xf32>
}

// called: -2 * a; -a; 2 * a
func.func private @pair(%a: tensor<8x4xf32>) -> (tensor<8x4xf32>, tensor<8x4xf32>) {
  %e = tensor.empty() : tensor<8x4xf32>
  %0 = linalg.negf ins(%a : tensor<8x4xf32>) outs(%e : tensor<8x4xf32>) -> tensor<8x4xf32>
  %1 = arith.addf %0, %0 : tensor<8x4xf32>
  return %1, %0 : tensor<8x4xf32>, tensor<8x4xf32>
}
func.func @called(%a: tensor<8x4xf32>) -> (tensor<8x4xf32>, tensor<8x4xf32>, tensor<8x4xf32>) {
  %0:2 = call @pair(%a) : (tensor<8x4xf32>) -> (tensor<8x4xf32>, tensor<8x4xf32>)
  %1:2 = call @pair(%0#1) : (tensor<8x4xf32>) -> (tensor<8x4xf32>, tensor<8x4xf32>)
  return %0#0, %0#1, %1#0 : tensor<8x4xf32>, tensor<8x4xf32>, tensor<8x4xf32>
}
