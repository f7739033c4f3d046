//===- DiffToLinalg.h - The unfused reference lowering ----------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_CONVERSION_DIFFTOLINALG_DIFFTOLINALG_H
#define DIFF_CONVERSION_DIFFTOLINALG_DIFFTOLINALG_H

#include "diff/Dialect/Diff/IR/Diff.h"
#include "mlir/Pass/Pass.h"

namespace mlir {
class RewritePatternSet;

namespace diff {
#define GEN_PASS_DECL_CONVERTDIFFTOLINALGPASS
#include "diff/Conversion/Passes.h.inc"

/// Builds the unfused form of an attention on tensors before the op, with
/// complete tensors of scores and weights. Returns one value for each result.
FailureOr<SmallVector<Value>>
lowerAttentionToLinalg(OpBuilder &builder, AttentionCombineOpInterface op);

/// Adds patterns that lower every diff op on tensors to upstream dialects.
void populateDiffToLinalgPatterns(RewritePatternSet &patterns);
} // namespace diff
} // namespace mlir

#endif // DIFF_CONVERSION_DIFFTOLINALG_DIFFTOLINALG_H
