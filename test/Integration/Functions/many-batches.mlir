// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// More batch entries than a grid has blocks in y or z, static or not.
// REQUIRES: numpy
//
// RUN: %python %S/Inputs/compare.py %s many-batches --build=%build_dir --tokens=65537

func.func @attention(%q: tensor<?x1x2x8xf16>, %k: tensor<?x1x1x8xf16>, %v: tensor<?x1x1x8xf16>, %l: tensor<?x1x1xf16>) -> tensor<?x1x1x8xf16> {
  %c0 = arith.constant 0 : index
  %b = tensor.dim %q, %c0 : tensor<?x1x2x8xf16>
  %e = tensor.empty(%b) : tensor<?x1x1x8xf16>
  %0 = diff.attention ins(%q, %k, %v, %l : tensor<?x1x2x8xf16>, tensor<?x1x1x8xf16>, tensor<?x1x1x8xf16>, tensor<?x1x1xf16>)
         outs(%e : tensor<?x1x1x8xf16>) mask<causal> -> tensor<?x1x1x8xf16>
  return %0 : tensor<?x1x1x8xf16>
}
