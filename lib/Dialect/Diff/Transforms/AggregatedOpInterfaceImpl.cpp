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
#include "mlir/IR/TypeUtilities.h"
#include <cmath>

using namespace mlir;
using namespace mlir::diff;

//===----------------------------------------------------------------------===//
// Level 0 to the online form
//===----------------------------------------------------------------------===//

/// Returns the query with the rows of a tile: the maps of a head group are
/// padded with zeros, and split rows get maps and heads as dimensions of their
/// own.
static NamedValue arrangeQuery(OpBuilder &b, Location loc, NamedValue query,
                               const TileRows &rows, bool isPadded) {
  NamedGenericBuilder named(b, loc);
  if (isPadded) {
    llvm::replace(query.dims, 'a', 'q');
    query.value = padQueries(b, loc, query.value, query.dims.find('q'),
                             rows.maps * rows.heads);
    named.drop('p');
    query = named.view(query.value, query.dims);
  }
  if (!rows.areSplit || StringRef(query.dims).contains('a'))
    return query;
  NamedGenericBuilder split(b, loc);
  for (auto [dim, size] :
       llvm::zip_equal(query.dims, tensor::getMixedSizes(b, loc, query.value)))
    split.declare(dim, size);
  split.declare('a', b.getIndexAttr(rows.maps));
  split.declare('p', b.getIndexAttr(rows.heads));
  // The signal heads of a padded group are adjacent.
  SmallVector<StringRef> groups;
  for (size_t i = 0; i < query.dims.size(); ++i)
    groups.push_back(query.dims[i] != 'q' ? StringRef(query.dims).substr(i, 1)
                                          : StringRef(isPadded ? "ap" : "pa"));
  return split.view(query.value, groups);
}

/// Returns the position in `dims` of each letter of `order`.
static SmallVector<int64_t> getPermutation(StringRef order, StringRef dims) {
  return llvm::map_to_vector(
      order, [&](char dim) { return static_cast<int64_t>(dims.find(dim)); });
}

FailureOr<SmallVector<Value>>
diff::decomposeAttention(OpBuilder &b, AttentionCombineOpInterface op) {
  auto attention = cast<AttentionOpInterface>(op.getOperation());
  if (!cast<DestinationStyleOpInterface>(op.getOperation())
           .hasPureTensorSemantics())
    return failure();
  if (attention.getComputeType().isF64()) {
    op->emitOpError("has f64 elements, which only the unfused lowering "
                    "(convert-diff-to-linalg) supports; f16, bf16 and f32 are "
                    "legal");
    return failure();
  }
  if (attention.hasSequences()) {
    op->emitOpError("has sequences of variable length and cannot be "
                    "decomposed; run diff-tile before "
                    "diff-decompose-attention");
    return failure();
  }
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPoint(op);
  Location loc = op.getLoc();

  NamedGenericBuilder named(b, loc);
  for (char dim : StringRef("bnv"))
    named.declare(dim, getMixedSize(b, attention, dim));
  int64_t heads = attention.getNumHeadGroups(), maps = attention.getNumMaps();
  TileRows rows = {maps, heads};
  std::optional<int64_t> queries = getConstantIntValue(named.getSize('n'));
  if (isOnTensorCores(op) && queries)
    rows = getTileRows(attention, heads, *queries);
  named.declare('a', b.getIndexAttr(rows.maps));
  named.declare('p', b.getIndexAttr(rows.heads));
  named.declare('q', b.getIndexAttr(rows.maps * rows.heads));
  bool isPadded = rows.maps * rows.heads != maps * heads;
  NamedValue query = arrangeQuery(
      b, loc,
      {attention.getQuery(), attention.getOperandDims(kQueryOperand).str()},
      rows, isPadded);
  LayoutAttr layout = LayoutAttr::withPermutation(
      b.getContext(), attention.getLayoutAttr(), "output", {});
  layout = LayoutAttr::withPermutation(
      b.getContext(), layout, "query",
      getPermutation(query.dims,
                     StringRef(query.dims).contains('a') ? "bnpad" : "bnqd"));
  std::string rowDims = rows.areSplit ? "bapn" : "bqn";
  FloatType compute = attention.getComputeType();
  Value acc = named.fill(rowDims + "v", compute, 0.0).value;
  Value max = named.fill(rowDims, compute, kLowestMax).value;
  Value sum = named.fill(rowDims, compute, 0.0).value;
  auto online = OnlineAttentionOp::create(
      b, loc, TypeRange{acc.getType(), max.getType(), sum.getType()},
      query.value, attention.getKey(), attention.getValue(),
      attention.getDiagonal(), /*key_length=*/Value(), acc, max, sum,
      b.getI64IntegerAttr(rows.maps), attention.getMaskAttr(),
      b.getF64FloatAttr(attention.getEffectiveScale()),
      attention.getSoftcapAttr(), layout, op.getScheduleAttr());
  // The rows without padding; the epilogue selects those of split rows.
  SmallVector<Value> results(online->getResults());
  if (isPadded && !rows.areSplit)
    for (Value &value : results) {
      SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(b, loc, value);
      sizes[1] = b.getIndexAttr(maps);
      SmallVector<OpFoldResult> zeros(sizes.size(), b.getIndexAttr(0)),
          ones(sizes.size(), b.getIndexAttr(1));
      value = tensor::ExtractSliceOp::create(b, loc, value, zeros, sizes, ones);
    }
  return buildEpilogue(b, op, results[0], results[1], results[2], ExpBase::Two);
}

//===----------------------------------------------------------------------===//
// The online form to linalg
//===----------------------------------------------------------------------===//

namespace {
/// Builds one step of the online softmax over all keys of the op, for the rows
/// of a part of the maps.
class OnlineStep {
public:
  OnlineStep(OpBuilder &b, OnlineAttentionOp op,
             const DecomposeOnlineOptions &options, const KeyPart &part)
      : b(b), op(op), options(options), part(part),
        attention(cast<AttentionOpInterface>(op.getOperation())),
        loc(op.getLoc()), named(b, loc), compute(attention.getComputeType()) {
    declareAttentionLoops(named, b, attention, part, /*dropUnits=*/true);
  }

  /// Returns the new running values acc, max and sum of all rows from the old.
  SmallVector<Value> build(ValueRange running) {
    NamedValue query = loadQuery();
    NamedValue key = viewOperand(named, attention, part, kKeyOperand);
    NamedValue value = viewOperand(named, attention, part, kValueOperand);
    NamedValue oldAcc = viewRunning(running, 0);
    NamedValue oldMax = viewRunning(running, 1);
    NamedValue oldSum = viewRunning(running, 2);

    NamedValue scores =
        buildScores(named, b, attention, oldMax.dims, query, key);
    NamedValue max = updateMax(scores, oldMax);
    NamedValue factor = rescaleFactor(oldMax, max);
    NamedValue p = exponentials(scores, max);
    NamedValue sum = accumulateRowSum(named, p, rescale(oldSum, factor));
    NamedValue acc = rescale(oldAcc, factor);
    for (const NamedValue &weights : splitWeights(p))
      acc = accumulateValues(named, weights, value, acc);
    return {unviewRunning(acc, running, 0), unviewRunning(max, running, 1),
            unviewRunning(sum, running, 2)};
  }

private:
  StringRef getRunningDims(unsigned number) {
    return attention.getOperandDims(
        op.getDpsInitOperand(number)->getOperandNumber());
  }
  NamedValue viewRunning(ValueRange running, unsigned number) {
    return viewRows(named, part, running[number], getRunningDims(number));
  }
  Value unviewRunning(const NamedValue &values, ValueRange running,
                      unsigned number) {
    return unviewRows(named, part, values, running[number],
                      getRunningDims(number));
  }

  /// The rise that a lazy maximum ignores, as a power of two. f16 and bf16
  /// represent weights up to 256 precisely enough, and f32 their sums.
  static constexpr double kMaxRise = 8.0;

  /// Query rows, optionally with the token innermost as in the running values.
  NamedValue loadQuery() {
    NamedValue query = viewOperand(named, attention, part, kQueryOperand);
    std::string headMajor = named.keep("bgrand");
    if (!options.headMajorQuery || query.dims == headMajor)
      return query;
    Type element = cast<ShapedType>(query.value.getType()).getElementType();
    return named.generic(
        "bgrand", "", {query}, named.empty("bgrand", element),
        [](OpBuilder &, Location, ValueRange s) -> Value { return s[0]; });
  }

  /// max(oldMax, scaled largest score). oldMax is finite, so the exponents of a
  /// row that sees no key are -inf without a test.
  ///
  /// A lazy maximum stays if it would only rise a little. The weights then
  /// exceed 1 by at most this factor, and the accumulator needs no rescaling
  /// (Dao et al., FlashAttention-4).
  NamedValue updateMax(const NamedValue &scores, const NamedValue &oldMax) {
    bool isLazy = options.lazyMax && skipsRescale(op);
    NamedValue tileMax = accumulateRowMax(
        named, scores, named.fill(oldMax.dims, compute, -INFINITY));
    return named.generic(
        oldMax.dims, "", {oldMax}, tileMax,
        [&](OpBuilder &b, Location l, ValueRange s) -> Value {
          Value scaled = buildScaledMax(b, l, s[1], attention);
          if (!isLazy)
            return arith::MaximumFOp::create(b, l, s[0], scaled);
          // Update it for a NaN, which then reaches its row.
          Value rise = arith::SubFOp::create(b, l, scaled, s[0]);
          Value isHigh =
              arith::CmpFOp::create(b, l, arith::CmpFPredicate::UGT, rise,
                                    createFactor(b, l, compute, kMaxRise));
          return arith::SelectOp::create(b, l, isHigh, scaled, s[0]);
        });
  }

  /// exp2(oldMax - newMax), the factor of the old running values.
  NamedValue rescaleFactor(const NamedValue &oldMax, const NamedValue &max) {
    return named.generic(max.dims, "", {oldMax, max},
                         named.empty(max.dims, compute),
                         [](OpBuilder &b, Location l, ValueRange s) {
                           return buildExp(b, l, s[0], s[1], ExpBase::Two);
                         });
  }

  /// exp2(factor * score - max), one fused multiply-add for each score. If rows
  /// can have different factors, they are computed once for each row.
  NamedValue exponentials(const NamedValue &scores, const NamedValue &max) {
    double factor = getScoreFactor(attention, ExpBase::Two);
    SmallVector<NamedValue> inputs = {max};
    if (hasCoarseRows(attention))
      inputs.push_back(named.generic(
          max.dims, "", {max}, named.empty(max.dims, compute),
          [&](OpBuilder &b, Location l, ValueRange s) {
            return selectByMax(b, l, s[0], getCoarseFactor(factor), factor);
          }));
    return named.generic(
        scores.dims, "", inputs, scores,
        [&](OpBuilder &b, Location l, ValueRange s) -> Value {
          auto contract = arith::FastMathFlags::contract;
          Value rowFactor =
              inputs.size() > 1 ? s[1] : createFactor(b, l, compute, factor);
          Value scaled =
              arith::MulFOp::create(b, l, s.back(), rowFactor, contract);
          Value exponent = arith::SubFOp::create(b, l, scaled, s[0], contract);
          return math::Exp2Op::create(b, l, exponent);
        });
  }

  /// The weights as matrix instructions multiply them: in the element type of
  /// the values, which is the only rounding before that of the output, or in
  /// two parts.
  SmallVector<NamedValue> splitWeights(const NamedValue &p) {
    if (!options.roundWeights || !isOnTensorCores(op))
      return {p};
    Type element = getElementTypeOrSelf(op.getValue().getType());
    auto perWeight =
        [&](Type type, function_ref<Value(OpBuilder &, Location, Value)> body) {
          return named.generic(p.dims, "", {p}, named.empty(p.dims, type),
                               [&](OpBuilder &b, Location l, ValueRange s) {
                                 return body(b, l, s[0]);
                               });
        };
    auto round = [&](OpBuilder &b, Location l, Value weight) -> Value {
      return arith::TruncFOp::create(b, l, element, weight);
    };
    if (!splitsWeights(attention)) {
      if (element == compute)
        return {p};
      return {perWeight(element, round)};
    }
    if (element == compute)
      return {perWeight(compute, roundToTF32),
              perWeight(compute, [&](OpBuilder &b, Location l, Value weight) {
                return arith::SubFOp::create(b, l, weight,
                                             roundToTF32(b, l, weight))
                    .getResult();
              })};
    auto rest = [&](OpBuilder &b, Location l, Value weight) -> Value {
      Value rounded = arith::ExtFOp::create(b, l, compute, round(b, l, weight));
      return round(b, l, arith::SubFOp::create(b, l, weight, rounded));
    };
    return {perWeight(element, round), perWeight(element, rest)};
  }

  /// Rounds to 11 bits of precision (Dekker's splitting). The tf32 instructions
  /// multiply the result without another rounding.
  static Value roundToTF32(OpBuilder &b, Location l, Value weight) {
    Value shift = arith::ConstantOp::create(
        b, l, b.getFloatAttr(weight.getType(), 0x1p13 + 1.0));
    Value shifted = arith::MulFOp::create(b, l, weight, shift);
    Value rest = arith::SubFOp::create(b, l, shifted, weight);
    return arith::SubFOp::create(b, l, shifted, rest);
  }

  NamedValue rescale(const NamedValue &values, const NamedValue &factor) {
    return named.generic(values.dims, "", {factor}, values,
                         [](OpBuilder &b, Location l, ValueRange s) -> Value {
                           return arith::MulFOp::create(b, l, s[1], s[0]);
                         });
  }

  OpBuilder &b;
  OnlineAttentionOp op;
  DecomposeOnlineOptions options;
  KeyPart part;
  AttentionOpInterface attention;
  Location loc;
  NamedGenericBuilder named;
  FloatType compute;
};

struct DecomposeOnline : public OpRewritePattern<OnlineAttentionOp> {
  DecomposeOnline(MLIRContext *context, const DecomposeOnlineOptions &options)
      : OpRewritePattern(context), options(options) {}

  LogicalResult matchAndRewrite(OnlineAttentionOp op,
                                PatternRewriter &rewriter) const override {
    FailureOr<SmallVector<Value>> results =
        decomposeOnlineAttention(rewriter, op, options);
    if (failed(results))
      return rewriter.notifyMatchFailure(op, "not on tensors");
    rewriter.replaceOp(op, *results);
    return success();
  }

  DecomposeOnlineOptions options;
};
} // namespace

FailureOr<SmallVector<Value>>
diff::decomposeOnlineAttention(OpBuilder &b, OnlineAttentionOp op,
                               const DecomposeOnlineOptions &options) {
  if (!op.hasPureTensorSemantics())
    return failure();
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPoint(op);
  SmallVector<Value> running = {op.getAcc(), op.getMax(), op.getSum()};
  // On tensor cores, the warps of all maps compute the same step.
  for (const KeyPart &part :
       getKeyParts(cast<AttentionOpInterface>(op.getOperation()),
                   /*together=*/isOnTensorCores(op)))
    running = OnlineStep(b, op, options, part).build(running);
  return running;
}

void diff::populateDecomposeOnlineAttentionPatterns(
    RewritePatternSet &patterns, const DecomposeOnlineOptions &options) {
  patterns.add<DecomposeOnline>(patterns.getContext(), options);
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
