//===- Passes.td - Conversions between levels -----------------*- tablegen -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_CONVERSION_PASSES_TD
#define DIFF_CONVERSION_PASSES_TD

include "mlir/Pass/PassBase.td"

def ConvertDiffToLinalgPass : Pass<"convert-diff-to-linalg"> {
  let summary = "lower diff ops to plain upstream ops, unfused";
  let description = [{
    The portable reference: every attention becomes linalg, arith, math and
    tensor ops that any MLIR backend takes, with the scores as a whole tensor
    of B x maps h x N x M elements. Computed in f32 (f64 for f64 elements):

        S = mask(softcap(scale * Q K^T)),  m = rowmax(S),  P = exp(S - m)
        l = rowsum(P),  O = P V
        out = epilogue(O / l),  lse = m + log(l)

    A row that sees no key has m = -inf, which counts as 0 in the exponent, so
    that P, l and O are 0 and the output is 0; `linalg.softmax` would give NaN
    (and computes in the element type), which is why it is not used.

    `diff.online_attention` becomes its decomposition.

    Fails on diff ops on memrefs: run it before bufferization.
  }];
  let dependentDialects = [
    "::mlir::affine::AffineDialect",
    "::mlir::arith::ArithDialect",
    "::mlir::linalg::LinalgDialect",
    "::mlir::math::MathDialect",
    "::mlir::tensor::TensorDialect",
  ];
}

#endif // DIFF_CONVERSION_PASSES_TD
