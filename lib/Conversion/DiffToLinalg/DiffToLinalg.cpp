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

/// Returns `rows`, the unnormalized outputs, maxima and sums of all maps, with
/// those of a part of the maps computed.
static SmallVector<Value> computeRows(OpBuilder &b, AttentionOpInterface op,
                                      const KeyPart &part, ValueRange rows) {
  FloatType compute = op.getComputeType();
  NamedGenericBuilder named(b, op.getLoc());
  declareAttentionLoops(named, b, op, part, /*dropUnits=*/false);
  NamedValue query = viewOperand(named, op, part, kQueryOperand);
  NamedValue key = viewOperand(named, op, part, kKeyOperand);
  NamedValue value = viewOperand(named, op, part, kValueOperand);
  NamedValue scores =
      scaleScores(named, b, op,
                  buildScores(named, b, op, kRowLoops, query, key), ExpBase::E);
  NamedValue max = accumulateRowMax(named, scores,
                                    named.fill(kRowLoops, compute, -INFINITY));
  NamedValue p =
      named.generic(scores.dims, "", {buildSafeMax(named, max)}, scores,
                    [](OpBuilder &b, Location l, ValueRange s) {
                      return buildExp(b, l, s[1], s[0], ExpBase::E);
                    });
  NamedValue sum =
      accumulateRowSum(named, p, named.fill(kRowLoops, compute, 0.0));
  NamedValue acc = accumulateValues(
      named, p, value, named.fill((kRowLoops + "v").str(), compute, 0.0));
  return {unviewRows(named, part, acc, rows[0], "bqnv"),
          unviewRows(named, part, max, rows[1], "bqn"),
          unviewRows(named, part, sum, rows[2], "bqn")};
}

FailureOr<SmallVector<Value>>
diff::lowerAttentionToLinalg(OpBuilder &b, AttentionCombineOpInterface op) {
  auto attention = cast<AttentionOpInterface>(op.getOperation());
  if (attention.hasSequences() ||
      !cast<DestinationStyleOpInterface>(op.getOperation())
           .hasPureTensorSemantics())
    return failure();
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPoint(op);
  // Head-major rows: [B, maps x groups, N, dv] and [B, maps x groups, N].
  NamedGenericBuilder whole(b, op.getLoc());
  for (char dim : StringRef("bqnv"))
    whole.declare(dim, getMixedSize(b, attention, dim));
  Type compute = attention.getComputeType();
  SmallVector<Value> rows = {whole.empty("bqnv", compute).value,
                             whole.empty("bqn", compute).value,
                             whole.empty("bqn", compute).value};
  for (const KeyPart &part : getKeyParts(attention))
    rows = computeRows(b, attention, part, rows);
  return buildEpilogue(b, op, rows[0], rows[1], rows[2], ExpBase::E);
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
