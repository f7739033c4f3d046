//===- Utils.h - What the transform ops do ----------------------*- C++ -*-===//
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

/// The ops that an aggregated op was decomposed into, in program order.
struct DecomposedOp {
  /// Those that can be decomposed further.
  SmallVector<Operation *> aggregated;
  /// The others that can be tiled.
  SmallVector<Operation *> parts;
};

/// Replaces `op`, of any number of results, by its decomposition. Fails without
/// a change of the IR when its interface does.
FailureOr<DecomposedOp> decomposeAggregatedOp(RewriterBase &rewriter,
                                              linalg::AggregatedOpInterface op);

/// Tiles `consumer` as the tiled loop nest `loops` (outermost first) tiles its
/// operands, moves it into the nest, and replaces it by new results of the
/// outermost loop. Returns the tiled consumer and writes the new loops to
/// `loops`. What it demands is in the description of
/// transform.diff.fuse_consumer.
FailureOr<Operation *>
fuseConsumerIntoLoops(RewriterBase &rewriter, Operation *consumer,
                      MutableArrayRef<LoopLikeOpInterface> loops);

} // namespace mlir::diff

#endif // DIFF_DIALECT_DIFF_TRANSFORMOPS_UTILS_H
