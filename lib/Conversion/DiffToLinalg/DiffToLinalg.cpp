//===- DiffToLinalg.cpp - The unfused reference lowering ------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Conversion/DiffToLinalg/DiffToLinalg.h"
#include "diff/Dialect/Diff/Transforms/AttentionBuilders.h"
#include "diff/Dialect/Diff/Transforms/Transforms.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Transforms/DialectConversion.h"
#include <cmath>

namespace mlir::diff {
#define GEN_PASS_DEF_CONVERTDIFFTOLINALGPASS
#include "diff/Conversion/Passes.h.inc"
} // namespace mlir::diff

using namespace mlir;
using namespace mlir::diff;

FailureOr<SmallVector<Value>>
diff::lowerAttentionToLinalg(OpBuilder &b, AttentionCombineOpInterface op) {
  auto attention = cast<AttentionOpInterface>(op.getOperation());
  if (attention.hasSequences() ||
      !cast<DestinationStyleOpInterface>(op.getOperation())
           .hasPureTensorSemantics())
    return failure();
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPoint(op);
  FloatType compute = attention.getComputeType();
  NamedGenericBuilder named(b, op.getLoc());
  declareAttentionLoops(named, b, attention, /*dropUnits=*/false);

  NamedValue query = viewOperand(named, attention, kQueryOperand);
  NamedValue key = viewOperand(named, attention, kKeyOperand);
  NamedValue value = viewOperand(named, attention, kValueOperand);

  StringRef rows = AttentionLoops::rows;
  NamedValue scores =
      scaleScores(named, b, attention,
                  buildScores(named, b, attention, query, key), ExpBase::E);
  NamedValue max =
      accumulateRowMax(named, scores, named.fill(rows, compute, -INFINITY));
  NamedValue p =
      named.generic(AttentionLoops::scores, "", {buildSafeMax(named, max)},
                    scores, [](OpBuilder &b, Location l, ValueRange s) {
                      return buildExp(b, l, s[1], s[0], ExpBase::E);
                    });
  NamedValue sum = accumulateRowSum(named, p, named.fill(rows, compute, 0.0));
  NamedValue acc = accumulateValues(
      named, p, value, named.fill(AttentionLoops::accumulator, compute, 0.0));

  // Head-major rows: [B, maps h, N] and [B, maps h, N, dv].
  auto merge = [&](const NamedValue &value, ArrayRef<int64_t> shape) -> Value {
    SmallVector<ReassociationIndices> groups = {{0}, {1, 2, 3}, {4}};
    if (shape.size() == 4)
      groups.push_back({5});
    auto type = RankedTensorType::get(shape, compute);
    return tensor::CollapseShapeOp::create(b, op.getLoc(), type, value.value,
                                           groups);
  };
  SmallVector<int64_t> shape = {attention.getDimSize('b'),
                                attention.getDimSize('q'),
                                attention.getDimSize('n')};
  Value wholeMax = merge(max, shape), wholeSum = merge(sum, shape);
  shape.push_back(attention.getDimSize('v'));
  return buildEpilogue(b, op, merge(acc, shape), wholeMax, wholeSum,
                       ExpBase::E);
}

namespace {
struct LowerAttention
    : public OpInterfaceRewritePattern<AttentionCombineOpInterface> {
  using OpInterfaceRewritePattern::OpInterfaceRewritePattern;

  LogicalResult matchAndRewrite(AttentionCombineOpInterface op,
                                PatternRewriter &rewriter) const override {
    if (cast<AttentionOpInterface>(op.getOperation()).hasSequences())
      return rewriter.notifyMatchFailure(op, "sequences are split first");
    FailureOr<SmallVector<Value>> results =
        lowerAttentionToLinalg(rewriter, op);
    if (failed(results))
      return rewriter.notifyMatchFailure(op, "not on tensors");
    rewriter.replaceOp(op, *results);
    return success();
  }
};

struct SplitSequences
    : public OpInterfaceRewritePattern<AttentionCombineOpInterface> {
  using OpInterfaceRewritePattern::OpInterfaceRewritePattern;

  LogicalResult matchAndRewrite(AttentionCombineOpInterface op,
                                PatternRewriter &rewriter) const override {
    if (failed(splitSequences(rewriter, op)))
      return rewriter.notifyMatchFailure(op, "has no sequences");
    return success();
  }
};

struct ConvertDiffToLinalg
    : public diff::impl::ConvertDiffToLinalgPassBase<ConvertDiffToLinalg> {
  void runOnOperation() override {
    WalkResult onTensors = getOperation()->walk([](AttentionOpInterface op) {
      if (cast<DestinationStyleOpInterface>(op.getOperation())
              .hasPureTensorSemantics())
        return WalkResult::advance();
      op->emitOpError("cannot be lowered to linalg on memrefs; run "
                      "convert-diff-to-linalg before bufferization");
      return WalkResult::interrupt();
    });
    if (onTensors.wasInterrupted())
      return signalPassFailure();
    RewritePatternSet patterns(&getContext());
    populateDiffToLinalgPatterns(patterns);
    ConversionTarget target(getContext());
    target.addIllegalDialect<DiffDialect>();
    target.markUnknownOpDynamicallyLegal([](Operation *) { return true; });
    if (failed(applyPartialConversion(getOperation(), target,
                                      std::move(patterns))))
      signalPassFailure();
  }
};
} // namespace

void diff::populateDiffToLinalgPatterns(RewritePatternSet &patterns) {
  populateEmptyAttentionPatterns(patterns);
  patterns.add<LowerAttention, SplitSequences>(patterns.getContext());
  populateDecomposeOnlineAttentionPatterns(patterns);
}
