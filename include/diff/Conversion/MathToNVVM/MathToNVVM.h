//===- MathToNVVM.h - The GPU's approximations ------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_CONVERSION_MATHTONVVM_MATHTONVVM_H
#define DIFF_CONVERSION_MATHTONVVM_MATHTONVVM_H

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Pass/Pass.h"

namespace mlir {
class RewritePatternSet;

namespace diff {
#define GEN_PASS_DECL_CONVERTMATHTONVVMAPPROXPASS
#include "diff/Conversion/Passes.h.inc"

/// Patterns that lower the functions of the math dialect and division of f32,
/// scalars and vectors, to approximate instructions and arithmetic, and
/// rounding and signs of every type to LLVM's intrinsics.
void populateMathToNVVMApproxPatterns(RewritePatternSet &patterns);
} // namespace diff
} // namespace mlir

#endif // DIFF_CONVERSION_MATHTONVVM_MATHTONVVM_H
