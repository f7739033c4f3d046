//===- Utils.h - Functions of the transform ops -----------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_DIALECT_DIFF_TRANSFORMOPS_UTILS_H
#define DIFF_DIALECT_DIFF_TRANSFORMOPS_UTILS_H

#include "mlir/Dialect/Linalg/IR/LinalgInterfaces.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Interfaces/LoopLikeInterface.h"

namespace mlir::diff {

/// The ops into which an aggregated op was decomposed, in program order.
struct DecomposedOp {
  /// The ops that can be decomposed further.
  SmallVector<Operation *> aggregated;
  /// The other ops that can be tiled.
  SmallVector<Operation *> parts;
};

/// Replaces `op`, with any number of results, by its decomposition. Fails
/// without changing the IR if its interface fails.
FailureOr<DecomposedOp> decomposeAggregatedOp(RewriterBase &rewriter,
                                              linalg::AggregatedOpInterface op);

/// Tiles `consumer` by the tiles of its operands that the loop nest `loops`
/// (outermost first) produces, moves it into the nest, and replaces it by new
/// results of the outermost loop. Returns the tiled consumer and writes the new
/// loops to `loops`. The description of transform.diff.fuse_consumer lists the
/// requirements.
FailureOr<Operation *>
fuseConsumerIntoLoops(RewriterBase &rewriter, Operation *consumer,
                      MutableArrayRef<LoopLikeOpInterface> loops);

} // namespace mlir::diff

#endif // DIFF_DIALECT_DIFF_TRANSFORMOPS_UTILS_H
