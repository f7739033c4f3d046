//===- AlignOperands.cpp - Rows that start with whole chunks --------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Dialect/Diff/IR/Diff.h"
#include "diff/Dialect/Diff/Transforms/Passes.h"
#include "diff/Dialect/Tile/Transforms/RowAlignment.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/PatternMatch.h"

namespace mlir::diff {
#define GEN_PASS_DEF_DIFFALIGNOPERANDSPASS
#include "diff/Dialect/Diff/Transforms/Passes.h.inc"
} // namespace mlir::diff

using namespace mlir;
using namespace mlir::diff;

/// Returns true if the tiles of the op may be copied in chunks: for attentions,
/// products, and ops that are fused with a product.
static bool readsChunks(Operation *op) {
  if (isa<AttentionCombineOpInterface>(op))
    return true;
  auto linalgOp = dyn_cast<linalg::LinalgOp>(op);
  if (!linalgOp)
    return false;
  auto isProduct = [](Operation *candidate) {
    auto product = dyn_cast_or_null<linalg::LinalgOp>(candidate);
    return product && linalg::isaContractionOpInterface(product);
  };
  return isProduct(op) || llvm::any_of(op->getOperands(), [&](Value operand) {
           return isProduct(operand.getDefiningOp());
         });
}

static bool isLessAligned(Value value) {
  return tile::getRowAlignment(value) <
         tile::getRowAlignment(cast<ShapedType>(value.getType()));
}

static Value createCopy(RewriterBase &rewriter, Location loc, Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  Value empty = tensor::EmptyOp::create(
      rewriter, loc, tensor::getMixedSizes(rewriter, loc, value),
      type.getElementType());
  return linalg::CopyOp::create(rewriter, loc, value, empty).getResult(0);
}

namespace {
struct DiffAlignOperands
    : public diff::impl::DiffAlignOperandsPassBase<DiffAlignOperands> {
  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    SmallVector<Operation *> readers;
    SmallVector<tensor::InsertSliceOp> inserts;
    getOperation().walk([&](Operation *op) {
      if (readsChunks(op))
        readers.push_back(op);
      else if (auto insert = dyn_cast<tensor::InsertSliceOp>(op))
        inserts.push_back(insert);
    });
    llvm::DenseMap<Value, Value> copies;
    for (Operation *op : readers)
      for (OpOperand &operand : op->getOpOperands()) {
        Value value = operand.get();
        if (!isa<RankedTensorType>(value.getType()) || !isLessAligned(value))
          continue;
        Value &copy = copies[value];
        if (!copy) {
          rewriter.setInsertionPointAfterValue(value);
          copy = createCopy(rewriter, op->getLoc(), value);
        }
        rewriter.modifyOpInPlace(op, [&] { operand.set(copy); });
      }
    // Otherwise, the op would compute directly in the slice.
    for (tensor::InsertSliceOp insert : inserts) {
      Value source = insert.getSource();
      rewriter.setInsertionPoint(insert);
      auto slice = tensor::ExtractSliceOp::create(
          rewriter, insert.getLoc(), insert.getSourceType(), insert.getDest(),
          insert.getMixedOffsets(), insert.getMixedSizes(),
          insert.getMixedStrides());
      bool less = tile::getRowAlignment(slice.getResult()) <
                  tile::getRowAlignment(insert.getSourceType());
      rewriter.eraseOp(slice);
      if (!less || isa<BlockArgument>(source))
        continue;
      Value copy = createCopy(rewriter, insert.getLoc(), source);
      rewriter.modifyOpInPlace(insert,
                               [&] { insert.getSourceMutable().assign(copy); });
    }
  }
};
} // namespace
