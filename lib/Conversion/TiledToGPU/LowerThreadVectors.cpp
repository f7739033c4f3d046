//===- LowerThreadVectors.cpp - Vector ops of a thread --------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Conversion/TiledToGPU/TiledToGPU.h"
#include "diff/Dialect/Tile/Transforms/RowAlignment.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Dialect/Vector/Transforms/LoweringPatterns.h"
#include "mlir/Dialect/Vector/Transforms/VectorRewritePatterns.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace mlir::diff {
#define GEN_PASS_DEF_DIFFLOWERTHREADVECTORSPASS
#include "diff/Conversion/Passes.h.inc"
} // namespace mlir::diff

using namespace mlir;
using namespace mlir::diff;

/// Returns the alignment of an access of this type.
static int64_t getAccessAlignment(VectorType type) {
  int64_t bytes = tile::getElementBytes(type);
  return std::min<int64_t>(kMaxAccessBytes, bytes & -bytes);
}

namespace {
struct DiffLowerThreadVectors
    : public diff::impl::DiffLowerThreadVectorsPassBase<
          DiffLowerThreadVectors> {
  void runOnOperation() override {
    MLIRContext *context = &getContext();
    RewritePatternSet contractions(context);
    vector::populateVectorMultiReductionLoweringPatterns(
        contractions, vector::VectorMultiReductionLowering::InnerParallel);
    vector::populateVectorContractLoweringPatterns(
        contractions, vector::VectorContractLowering::OuterProduct);
    vector::populateVectorOuterProductLoweringPatterns(contractions);
    if (failed(applyPatternsGreedily(getOperation(), std::move(contractions))))
      return signalPassFailure();

    RewritePatternSet patterns(context);
    vector::populateVectorBroadcastLoweringPatterns(patterns);
    vector::populateVectorMaskOpLoweringPatterns(patterns);
    vector::populateVectorShapeCastLoweringPatterns(patterns);
    vector::populateVectorStepLoweringPatterns(patterns);
    vector::populateVectorTransposeLoweringPatterns(
        patterns, vector::VectorTransposeLowering::EltWise);
    vector::populateVectorTransferLoweringPatterns(patterns,
                                                   /*maxTransferRank=*/1);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      return signalPassFailure();

    getOperation().walk([](Operation *op) {
      if (auto load = dyn_cast<vector::LoadOp>(op))
        load.setAlignment(getAccessAlignment(load.getVectorType()));
      else if (auto store = dyn_cast<vector::StoreOp>(op))
        store.setAlignment(getAccessAlignment(store.getVectorType()));
    });
  }
};
} // namespace
