//===- AggregatedOpInterfaceImpl.cpp - Decomposition ----------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Dialect/Diff/Transforms/AttentionBuilders.h"
#include "diff/Dialect/Diff/Transforms/Transforms.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/PatternMatch.h"
#include <cmath>

using namespace mlir;
using namespace mlir::diff;

//===----------------------------------------------------------------------===//
// Level 0 to the online form
//===----------------------------------------------------------------------===//

FailureOr<SmallVector<Value>>
diff::decomposeAttention(OpBuilder &b, AttentionCombineOpInterface op) {
  auto attention = cast<AttentionOpInterface>(op.getOperation());
  if (!cast<DestinationStyleOpInterface>(op.getOperation())
           .hasPureTensorSemantics())
    return failure();
  if (attention.getComputeType().isF64()) {
    op->emitOpError("has f64 elements, which only convert-diff-to-linalg (the "
                    "unfused reference) computes; legal here are f16, bf16 "
                    "and f32");
    return failure();
  }
  if (attention.hasSequences()) {
    op->emitOpError("has sequences of variable length, which have no online "
                    "form; run diff-tile before diff-decompose-attention");
    return failure();
  }
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPoint(op);
  Location loc = op.getLoc();

  NamedGenericBuilder named(b, loc);
  for (char dim : StringRef("bqnv"))
    named.declare(dim, getMixedSize(b, attention, dim));
  FloatType compute = attention.getComputeType();
  Value acc = named.fill("bqnv", compute, 0.0).value;
  Value max = named.fill("bqn", compute, -INFINITY).value;
  Value sum = named.fill("bqn", compute, 0.0).value;
  auto online = OnlineAttentionOp::create(
      b, loc, TypeRange{acc.getType(), max.getType(), sum.getType()},
      attention.getQuery(), attention.getKey(), attention.getValue(),
      attention.getDiagonal(),
      /*key_length=*/Value(), acc, max, sum,
      b.getI64IntegerAttr(attention.getNumMaps()), attention.getMaskAttr(),
      b.getF64FloatAttr(attention.getEffectiveScale()),
      attention.getSoftcapAttr(),
      LayoutAttr::withPermutation(b.getContext(), attention.getLayoutAttr(),
                                  "output", {}),
      op.getScheduleAttr());
  return buildEpilogue(b, op, online->getResult(0), online->getResult(1),
                       online->getResult(2), ExpBase::Two);
}

//===----------------------------------------------------------------------===//
// The online form to linalg
//===----------------------------------------------------------------------===//

namespace {
/// One step of the online softmax over all keys of the op.
class OnlineStep {
public:
  OnlineStep(OpBuilder &b, OnlineAttentionOp op, bool headMajorQuery)
      : b(b), op(op), headMajorQuery(headMajorQuery),
        attention(cast<AttentionOpInterface>(op.getOperation())),
        loc(op.getLoc()), named(b, loc), compute(attention.getComputeType()) {
    declareAttentionLoops(named, b, attention, /*dropUnits=*/true);
  }

  SmallVector<Value> build() {
    NamedValue query = loadQuery();
    NamedValue key = viewOperand(named, attention, kKeyOperand);
    NamedValue value = viewOperand(named, attention, kValueOperand);
    NamedValue oldMax = named.view(op.getMax(), kRows);
    NamedValue oldSum = named.view(op.getSum(), kRows);
    NamedValue oldAcc = named.view(op.getAcc(), kAccumulator);

    NamedValue scores =
        buildScores(named, b, attention, query, key, ExpBase::Two);
    NamedValue max = accumulateRowMax(named, scores, oldMax);
    NamedValue safeMax = buildSafeMax(named, max);
    NamedValue factor = rescaleFactor(oldMax, safeMax);
    NamedValue p = exponentials(scores, safeMax);
    NamedValue sum = accumulateRowSum(
        named, p, rescale(AttentionLoops::rows, oldSum, factor));
    NamedValue acc = accumulateValues(
        named, p, value, rescale(AttentionLoops::accumulator, oldAcc, factor));
    return {named.unview(acc, op.getAcc(), kAccumulator),
            named.unview(max, op.getMax(), kRows),
            named.unview(sum, op.getSum(), kRows)};
  }

private:
  static constexpr StringRef kRows[] = {"b", "gra", "n"};
  static constexpr StringRef kAccumulator[] = {"b", "gra", "n", "v"};

  /// Query rows, with the token innermost as in the running values if asked.
  NamedValue loadQuery() {
    NamedValue query = viewOperand(named, attention, kQueryOperand);
    std::string headMajor = named.keep("bgrand");
    if (!headMajorQuery || query.dims == headMajor)
      return query;
    Type element = cast<ShapedType>(query.value.getType()).getElementType();
    return named.generic(
        "bgrand", "", {query}, named.empty("bgrand", element),
        [](OpBuilder &, Location, ValueRange s) -> Value { return s[0]; });
  }

  /// exp2(oldMax - newMax): what the old running values are worth now.
  NamedValue rescaleFactor(const NamedValue &oldMax,
                           const NamedValue &safeMax) {
    return named.generic(AttentionLoops::rows, "", {oldMax, safeMax},
                         named.empty(AttentionLoops::rows, compute),
                         [](OpBuilder &b, Location l, ValueRange s) {
                           return buildExp(b, l, s[0], s[1], ExpBase::Two);
                         });
  }

  NamedValue exponentials(const NamedValue &scores, const NamedValue &safeMax) {
    return named.generic(AttentionLoops::scores, "", {safeMax}, scores,
                         [](OpBuilder &b, Location l, ValueRange s) {
                           return buildExp(b, l, s[1], s[0], ExpBase::Two);
                         });
  }

  NamedValue rescale(StringRef loops, const NamedValue &values,
                     const NamedValue &factor) {
    return named.generic(loops, "", {factor}, values,
                         [](OpBuilder &b, Location l, ValueRange s) -> Value {
                           return arith::MulFOp::create(b, l, s[1], s[0]);
                         });
  }

  OpBuilder &b;
  OnlineAttentionOp op;
  bool headMajorQuery;
  AttentionOpInterface attention;
  Location loc;
  NamedGenericBuilder named;
  FloatType compute;
};

struct DecomposeOnline : public OpRewritePattern<OnlineAttentionOp> {
  DecomposeOnline(MLIRContext *context, bool headMajorQuery)
      : OpRewritePattern(context), headMajorQuery(headMajorQuery) {}

  LogicalResult matchAndRewrite(OnlineAttentionOp op,
                                PatternRewriter &rewriter) const override {
    FailureOr<SmallVector<Value>> results =
        decomposeOnlineAttention(rewriter, op, headMajorQuery);
    if (failed(results))
      return rewriter.notifyMatchFailure(op, "not on tensors");
    rewriter.replaceOp(op, *results);
    return success();
  }

  bool headMajorQuery;
};
} // namespace

FailureOr<SmallVector<Value>>
diff::decomposeOnlineAttention(OpBuilder &b, OnlineAttentionOp op,
                               bool headMajorQuery) {
  if (!op.hasPureTensorSemantics())
    return failure();
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPoint(op);
  return OnlineStep(b, op, headMajorQuery).build();
}

void diff::populateDecomposeOnlineAttentionPatterns(RewritePatternSet &patterns,
                                                    bool headMajorQuery) {
  patterns.add<DecomposeOnline>(patterns.getContext(), headMajorQuery);
}

//===----------------------------------------------------------------------===//
// Interface models
//===----------------------------------------------------------------------===//

namespace {
template <typename OpTy>
struct CombineModel
    : public linalg::AggregatedOpInterface::ExternalModel<CombineModel<OpTy>,
                                                          OpTy> {
  FailureOr<SmallVector<Value>> decomposeOperation(Operation *op,
                                                   OpBuilder &b) const {
    return decomposeAttention(b, cast<AttentionCombineOpInterface>(op));
  }
};

struct OnlineModel
    : public linalg::AggregatedOpInterface::ExternalModel<OnlineModel,
                                                          OnlineAttentionOp> {
  FailureOr<SmallVector<Value>> decomposeOperation(Operation *op,
                                                   OpBuilder &b) const {
    return decomposeOnlineAttention(b, cast<OnlineAttentionOp>(op));
  }
};
} // namespace

void diff::registerAggregatedOpInterfaceExternalModels(
    DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, DiffDialect *) {
    AttentionOp::attachInterface<CombineModel<AttentionOp>>(*context);
    AttentionV1Op::attachInterface<CombineModel<AttentionV1Op>>(*context);
    SoftmaxAttentionOp::attachInterface<CombineModel<SoftmaxAttentionOp>>(
        *context);
    OnlineAttentionOp::attachInterface<OnlineModel>(*context);
    context->loadDialect<affine::AffineDialect, arith::ArithDialect,
                         linalg::LinalgDialect, math::MathDialect,
                         tensor::TensorDialect>();
  });
}
