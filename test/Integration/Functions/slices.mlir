// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Query, key, value and lambda are columns of one tensor, whose rows do not start
// with whole chunks. The result is written to columns of another tensor.
// REQUIRES: numpy
//
// RUN: %python %S/Inputs/compare.py %s slices --build=%build_dir --tokens=37
// RUN: %python %S/Inputs/compare.py %s slices --build=%build_dir --tokens=37 --option=--tiles=threads --chip=sm_90a
// RUN: %python %S/Inputs/compare.py %s slices --build=%build_dir --tokens=1 --async=eager
//
// RUN: diff-opt %s --diff-compile="chip=sm_80" --emit=ptx -o %t.ptx
// RUN: diff-opt %s --diff-compile="chip=sm_80 stop-after=tiled" | diff-opt --diff-compile="chip=sm_80" --emit=ptx | diff %t.ptx -

func.func @attention(%p: tensor<?x101xf16>, %w: tensor<1x?x33xf16>) -> tensor<1x?x33xf16> {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %p, %c0 : tensor<?x101xf16>
  %q0 = tensor.extract_slice %p[0, 0] [%n, 64] [1, 1] : tensor<?x101xf16> to tensor<?x64xf16>
  %k0 = tensor.extract_slice %p[0, 64] [%n, 16] [1, 1] : tensor<?x101xf16> to tensor<?x16xf16>
  %v0 = tensor.extract_slice %p[0, 80] [%n, 16] [1, 1] : tensor<?x101xf16> to tensor<?x16xf16>
  %l0 = tensor.extract_slice %p[0, 99] [%n, 2] [1, 1] : tensor<?x101xf16> to tensor<?x2xf16>
  %q = tensor.expand_shape %q0 [[0, 1], [2, 3]] output_shape [1, %n, 4, 16] : tensor<?x64xf16> into tensor<1x?x4x16xf16>
  %k = tensor.expand_shape %k0 [[0, 1], [2, 3]] output_shape [1, %n, 1, 16] : tensor<?x16xf16> into tensor<1x?x1x16xf16>
  %v = tensor.expand_shape %v0 [[0, 1], [2, 3]] output_shape [1, %n, 1, 16] : tensor<?x16xf16> into tensor<1x?x1x16xf16>
  %l = tensor.expand_shape %l0 [[0, 1], [2]] output_shape [1, %n, 2] : tensor<?x2xf16> into tensor<1x?x2xf16>
  %e = tensor.empty(%n) : tensor<1x?x2x16xf16>
  %o = diff.attention ins(%q, %k, %v, %l : tensor<1x?x4x16xf16>, tensor<1x?x1x16xf16>, tensor<1x?x1x16xf16>, tensor<1x?x2xf16>)
         outs(%e : tensor<1x?x2x16xf16>) mask<causal> -> tensor<1x?x2x16xf16>
  %flat = tensor.collapse_shape %o [[0], [1], [2, 3]] : tensor<1x?x2x16xf16> into tensor<1x?x32xf16>
  %r = tensor.insert_slice %flat into %w[0, 0, 1] [1, %n, 32] [1, 1, 1] : tensor<1x?x32xf16> into tensor<1x?x33xf16>
  return %r : tensor<1x?x33xf16>
}
