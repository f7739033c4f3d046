//===- Elementwise.cpp - Elementwise ops of a lane ------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Distribution.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/UB/IR/UBOps.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace mlir::diff;
using namespace mlir::diff::tile;

namespace {
/// Applies an elementwise op to the part of a lane.
struct DistributeElementwise : public ConversionPattern {
  DistributeElementwise(const TypeConverter &converter, MLIRContext *context)
      : ConversionPattern(converter, MatchAnyOpTypeTag(), /*benefit=*/1,
                          context) {}

  LogicalResult
  matchAndRewrite(Operation *op, ArrayRef<Value> operands,
                  ConversionPatternRewriter &rewriter) const override {
    if (!OpTrait::hasElementwiseMappableTraits(op) || op->getNumRegions() != 0)
      return rewriter.notifyMatchFailure(op, "not elementwise");
    SmallVector<Type> types;
    for (Value result : op->getResults()) {
      Type type = getTypeConverter()->convertType(result);
      if (!type)
        return rewriter.notifyMatchFailure(op, "a result has no layout");
      types.push_back(type);
    }
    NamedAttrList attributes(op->getAttrs());
    attributes.erase(TileDialect::kLayoutsAttrName);
    auto truncate = dyn_cast<arith::TruncFOp>(op);
    if (truncate && roundsInPairs(truncate, cast<VectorType>(types.front()))) {
      rewriter.replaceOp(op, roundPairs(rewriter, op->getLoc(), operands[0],
                                        cast<VectorType>(types.front())));
      return success();
    }
    if (truncate && getElementTypeOrSelf(op->getResult(0)).isTF32()) {
      rewriter.replaceOp(op, roundToTF32(rewriter, op->getLoc(), operands[0],
                                         cast<VectorType>(types.front())));
      return success();
    }
    if (op->getNumResults() != 1) {
      OperationState state(op->getLoc(), op->getName(), operands, types,
                           attributes);
      rewriter.replaceOp(op, rewriter.create(state));
      return success();
    }
    rewriter.replaceOp(op, computeElements(rewriter, op, operands,
                                           cast<VectorType>(types.front()),
                                           attributes));
    return success();
  }

private:
  static bool roundsInPairs(arith::TruncFOp op, VectorType type) {
    Type element = type.getElementType();
    return type.getRank() > 0 && (element.isF16() || element.isBF16()) &&
           getElementTypeOrSelf(op.getIn().getType()).isF32() &&
           type.getShape().back() % 2 == 0;
  }

  /// cvt.rn.{f16x2,bf16x2}.f32, which rounds two elements. The first operand is
  /// the upper half.
  static Value roundPairs(OpBuilder &b, Location loc, Value source,
                          VectorType type) {
    SmallVector<Value> elements = getElements(b, loc, source);
    Type element = type.getElementType();
    auto pair = VectorType::get({2}, element);
    StringRef name =
        element.isF16() ? "llvm.nvvm.ff2f16x2.rn" : "llvm.nvvm.ff2bf16x2.rn";
    SmallVector<Value> rounded;
    for (size_t i = 0; i < elements.size(); i += 2) {
      Value value = LLVM::CallIntrinsicOp::create(
                        b, loc, pair, b.getStringAttr(name),
                        ValueRange{elements[i + 1], elements[i]})
                        .getResult(0);
      llvm::append_range(rounded, getElements(b, loc, value));
    }
    return fromElements(b, loc, type, rounded);
  }

  /// cvt.rna.tf32.f32, which rounds ties away from zero and exists on all
  /// chips.
  static Value roundToTF32(OpBuilder &b, Location loc, Value source,
                           VectorType type) {
    SmallVector<Value> rounded;
    for (Value element : getElements(b, loc, source))
      rounded.push_back(NVVM::ConvertFloatToTF32Op::create(
          b, loc, b.getI32Type(), element, NVVM::FPRoundingMode::RNA));
    return fromElements(b, loc, type, rounded);
  }

  /// Computes element by element. Otherwise the backend would create pairs of
  /// f32 on chips that support them. Pairs need adjacent registers, which
  /// accumulators of matrix instructions do not have, and would be moved or
  /// spilled.
  static Value computeElements(OpBuilder &b, Operation *op,
                               ArrayRef<Value> operands, VectorType type,
                               ArrayRef<NamedAttribute> attributes) {
    SmallVector<SmallVector<Value>> elements;
    for (Value operand : operands)
      elements.push_back(
          isa<VectorType>(operand.getType())
              ? getElements(b, op->getLoc(), operand)
              : SmallVector<Value>(type.getNumElements(), operand));
    SmallVector<Value> results;
    for (int64_t i = 0; i < type.getNumElements(); ++i) {
      OperationState state(op->getLoc(), op->getName());
      for (ArrayRef<Value> operand : elements)
        state.addOperands(operand[i]);
      state.addTypes(type.getElementType());
      state.addAttributes(attributes);
      results.push_back(b.create(state)->getResult(0));
    }
    return fromElements(b, op->getLoc(), type, results);
  }
};

struct DistributeConstant : public DistributePattern<arith::ConstantOp> {
  using DistributePattern::DistributePattern;

  LogicalResult
  matchAndRewrite(arith::ConstantOp op, OpAdaptor,
                  ConversionPatternRewriter &rewriter) const override {
    auto splat = dyn_cast<SplatElementsAttr>(op.getValue());
    VectorType type = getLaneType(op.getResult());
    if (!splat || !type)
      return rewriter.notifyMatchFailure(op, "not the same everywhere");
    rewriter.replaceOpWithNewOp<arith::ConstantOp>(
        op, DenseElementsAttr::get(type, splat.getSplatValue<Attribute>()));
    return success();
  }
};

struct DistributePoison : public DistributePattern<ub::PoisonOp> {
  using DistributePattern::DistributePattern;

  LogicalResult
  matchAndRewrite(ub::PoisonOp op, OpAdaptor,
                  ConversionPatternRewriter &rewriter) const override {
    rewriter.replaceOpWithNewOp<ub::PoisonOp>(op, getLaneType(op.getResult()),
                                              op.getValueAttr());
    return success();
  }
};

/// 0, 1, 2, ...: the positions of each lane.
struct DistributeStep : public DistributePattern<vector::StepOp> {
  using DistributePattern::DistributePattern;

  LogicalResult
  matchAndRewrite(vector::StepOp op, OpAdaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    auto whole = cast<VectorType>(op.getType());
    DimPosition position(distribution, distribution.getLayout(op.getResult()),
                         0, whole.getDimSize(0));
    Value dynamic = position.buildDynamic(rewriter, loc);
    Value base =
        dynamic ? arith::IndexCastOp::create(rewriter, loc,
                                             rewriter.getIndexType(), dynamic)
                      .getResult()
                : arith::ConstantIndexOp::create(rewriter, loc, 0).getResult();
    SmallVector<Value> elements;
    VectorType type = getLaneType(op.getResult());
    forEachIndex(type.getShape(), [&](ArrayRef<int64_t> index) {
      Value offset = arith::ConstantIndexOp::create(
          rewriter, loc, position.getConstant(index[0], index[1]));
      elements.push_back(arith::AddIOp::create(rewriter, loc, base, offset));
    });
    rewriter.replaceOp(op, fromElements(rewriter, loc, type, elements));
    return success();
  }
};

/// Copies along leading dimensions: [r..., e...] becomes [1..., r..., 1...,
/// e...], followed by the repetitions of the new dimensions.
struct DistributeBroadcast : public DistributePattern<vector::BroadcastOp> {
  using DistributePattern::DistributePattern;

  LogicalResult
  matchAndRewrite(vector::BroadcastOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    VectorType type = getLaneType(op.getResult());
    auto source = dyn_cast<VectorType>(adaptor.getSource().getType());
    if (!source) {
      rewriter.replaceOpWithNewOp<vector::BroadcastOp>(op, type,
                                                       adaptor.getSource());
      return success();
    }
    auto original = cast<VectorType>(op.getSourceType());
    int64_t rank = original.getRank();
    int64_t added = op.getResultVectorType().getRank() - rank;
    if (original.getShape() !=
        op.getResultVectorType().getShape().drop_front(added))
      return rewriter.notifyMatchFailure(op, "stretches a dimension");
    SmallVector<int64_t> shape(added, 1);
    llvm::append_range(shape, source.getShape().take_front(rank));
    shape.append(added, 1);
    llvm::append_range(shape, source.getShape().drop_front(rank));
    Value value = vector::ShapeCastOp::create(
        rewriter, loc, VectorType::get(shape, source.getElementType()),
        adaptor.getSource());
    rewriter.replaceOpWithNewOp<vector::BroadcastOp>(op, type, value);
    return success();
  }
};

struct DistributeTranspose : public DistributePattern<vector::TransposeOp> {
  using DistributePattern::DistributePattern;

  LogicalResult
  matchAndRewrite(vector::TransposeOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    SmallVector<int64_t> permutation(op.getPermutation());
    int64_t rank = permutation.size();
    for (int64_t dim = 0; dim < rank; ++dim)
      permutation.push_back(permutation[dim] + rank);
    rewriter.replaceOpWithNewOp<vector::TransposeOp>(op, adaptor.getVector(),
                                                     permutation);
    return success();
  }
};

/// Casts that keep the order of a lane's elements; see castLayout in
/// tile-propagate-layouts.
struct DistributeShapeCast : public DistributePattern<vector::ShapeCastOp> {
  using DistributePattern::DistributePattern;

  LogicalResult
  matchAndRewrite(vector::ShapeCastOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    VectorType type = getLaneType(op.getResult());
    if (!type ||
        type.getNumElements() !=
            cast<VectorType>(adaptor.getSource().getType()).getNumElements())
      return rewriter.notifyMatchFailure(op, "elements change their lanes");
    rewriter.replaceOpWithNewOp<vector::ShapeCastOp>(op, type,
                                                     adaptor.getSource());
    return success();
  }
};

/// Shuffles parts along a leading dimension that each lane holds completely.
struct DistributeShuffle : public DistributePattern<vector::ShuffleOp> {
  using DistributePattern::DistributePattern;

  LogicalResult
  matchAndRewrite(vector::ShuffleOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    LayoutAttr layout = distribution.getLayout(op.getResult());
    VectorType type = getLaneType(op.getResult());
    auto read = op.getV1().getDefiningOp<vector::TransferReadOp>();
    if (!layout || !type || !layout.isUndistributed(0) ||
        layout.getElems()[0] != 1 ||
        (read && distribution.getSlot(read.getBase())))
      return rewriter.notifyMatchFailure(op, "the dimension is distributed");
    rewriter.replaceOpWithNewOp<vector::ShuffleOp>(
        op, type, adaptor.getV1(), adaptor.getV2(), op.getMask());
    return success();
  }
};

/// The leading dimensions that one lane holds completely.
struct DistributeExtract : public DistributePattern<vector::ExtractOp> {
  using DistributePattern::DistributePattern;

  LogicalResult
  matchAndRewrite(vector::ExtractOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    LayoutAttr layout = distribution.getLayout(op.getSource());
    VectorType type = getLaneType(op.getResult());
    if (!layout || !type || op.hasDynamicPosition())
      return rewriter.notifyMatchFailure(op, "no vector at a known position");
    SmallVector<int64_t> position;
    for (auto [dim, index] : llvm::enumerate(op.getStaticPosition())) {
      if (!layout.isUndistributed(dim) || layout.getElems()[dim] != 1)
        return rewriter.notifyMatchFailure(op, "a dimension is distributed");
      position.push_back(index);
    }
    Value part = vector::ExtractOp::create(rewriter, op.getLoc(),
                                           adaptor.getSource(), position);
    rewriter.replaceOpWithNewOp<vector::ShapeCastOp>(op, type, part);
    return success();
  }
};
} // namespace

namespace {
/// (b + c) < r is c < r - b. The positions of a lane's elements differ by a
/// constant c, so the difference is shared by all elements of a row, and the
/// comparison takes the constant directly.
struct CompareWithConstant : public OpRewritePattern<arith::CmpIOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(arith::CmpIOp op,
                                PatternRewriter &rewriter) const override {
    auto cast = op.getLhs().getDefiningOp<arith::IndexCastOp>();
    auto add =
        cast ? cast.getIn().getDefiningOp<arith::AddIOp>() : arith::AddIOp();
    std::optional<int64_t> constant =
        add ? getConstantIntValue(add.getRhs()) : std::nullopt;
    if (!constant || !op.getLhs().getType().isInteger(32))
      return rewriter.notifyMatchFailure(op, "no sum with a constant");
    Location loc = op.getLoc();
    Value base =
        arith::IndexCastOp::create(rewriter, loc, cast.getType(), add.getLhs());
    Value rest = arith::SubIOp::create(rewriter, loc, op.getRhs(), base);
    Value number = arith::ConstantOp::create(
        rewriter, loc, rewriter.getI32IntegerAttr(*constant));
    rewriter.replaceOpWithNewOp<arith::CmpIOp>(op, op.getPredicate(), number,
                                               rest);
    return success();
  }
};
} // namespace

void tile::populateComparisonPatterns(RewritePatternSet &patterns) {
  patterns.add<CompareWithConstant>(patterns.getContext());
  vector::ToElementsOp::getCanonicalizationPatterns(patterns,
                                                    patterns.getContext());
}

void tile::populateElementwisePatterns(RewritePatternSet &patterns,
                                       const TypeConverter &converter,
                                       const Distribution &distribution) {
  MLIRContext *context = patterns.getContext();
  patterns.add<DistributeElementwise>(converter, context);
  patterns.add<DistributeBroadcast, DistributeConstant, DistributeExtract,
               DistributePoison, DistributeShapeCast, DistributeShuffle,
               DistributeStep, DistributeTranspose>(converter, context,
                                                    distribution);
}
