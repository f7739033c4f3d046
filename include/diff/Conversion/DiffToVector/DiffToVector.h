//===- DiffToVector.h - Attention to vectors for CPUs -----------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_CONVERSION_DIFFTOVECTOR_DIFFTOVECTOR_H
#define DIFF_CONVERSION_DIFFTOVECTOR_DIFFTOVECTOR_H

#include "diff/Dialect/Diff/Transforms/RowPlan.h"
#include "mlir/Pass/Pass.h"

namespace mlir {
class RewriterBase;

namespace diff {
#define GEN_PASS_DECL_CONVERTDIFFTOVECTORPASS
#include "diff/Conversion/Passes.h.inc"

/// Replaces an online attention on tensors by loops of vector ops on buffers,
/// see the description of the pass `convert-diff-to-vector`. Fails with an
/// error if the op is on memrefs.
LogicalResult lowerToVectors(RewriterBase &rewriter, OnlineAttentionOp op,
                             const VectorUnit &unit);
} // namespace diff
} // namespace mlir

#endif // DIFF_CONVERSION_DIFFTOVECTOR_DIFFTOVECTOR_H
