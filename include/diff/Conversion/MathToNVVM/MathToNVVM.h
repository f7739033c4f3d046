//===- MathToNVVM.h - Math functions to GPU approximations ------*- C++ -*-===//
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

/// Adds patterns that lower f32 math functions and divisions, of scalars and
/// vectors, to approximate instructions and arithmetic, and rounding and sign
/// functions of every type to LLVM intrinsics.
void populateMathToNVVMApproxPatterns(RewritePatternSet &patterns);
} // namespace diff
} // namespace mlir

#endif // DIFF_CONVERSION_MATHTONVVM_MATHTONVVM_H
