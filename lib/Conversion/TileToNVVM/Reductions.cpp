//===- Reductions.cpp - Reductions in a lane and across lanes -------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Distribution.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

using namespace mlir;
using namespace mlir::diff;
using namespace mlir::diff::tile;

namespace {
/// Folds the elements of a lane, then shuffles over the lanes that hold the
/// reduced dimensions.
struct DistributeReduction
    : public DistributePattern<vector::MultiDimReductionOp> {
  using DistributePattern::DistributePattern;

  LogicalResult
  matchAndRewrite(vector::MultiDimReductionOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    LayoutAttr layout = distribution.getLayout(op.getSource());
    VectorType type = getLaneType(op.getDest());
    if (!layout || !type)
      return rewriter.notifyMatchFailure(op, "has no layout");
    SmallVector<int64_t> dims(op.getReductionDims());
    SmallVector<int64_t> strides;
    for (int64_t dim : dims) {
      if (layout.getWarps()[dim] != 1)
        return rewriter.notifyMatchFailure(op, "reduces over warps");
      for (int64_t lanes = 1; lanes < layout.getLanes()[dim]; lanes *= 2)
        strides.push_back(lanes * layout.getLaneStrides()[dim]);
    }
    if (!strides.empty() && !type.getElementType().isF32())
      return rewriter.notifyMatchFailure(op, "shuffles f32 only");
    Location loc = op.getLoc();
    SmallVector<Value> acc = getElements(rewriter, loc, adaptor.getAcc());
    SmallVector<Value> folded =
        foldElements(rewriter, op, adaptor.getSource(), dims, acc.size());
    for (Value &value : folded)
      for (int64_t stride : strides)
        value =
            combine(rewriter, op, value, shuffle(rewriter, loc, value, stride));
    for (auto [value, initial] : llvm::zip_equal(folded, acc))
      value = combine(rewriter, op, initial, value);
    rewriter.replaceOp(op, fromElements(rewriter, loc, type, folded));
    return success();
  }

private:
  static Value combine(OpBuilder &b, vector::MultiDimReductionOp op, Value lhs,
                       Value rhs) {
    return vector::makeArithReduction(b, op.getLoc(), op.getKind(), lhs, rhs);
  }

  static Value shuffle(OpBuilder &b, Location loc, Value value,
                       int64_t stride) {
    I32Builder i32{b, loc};
    return NVVM::ShflOp::create(b, loc, value.getType(), i32.constant(-1),
                                value, i32.constant(stride), i32.constant(31),
                                NVVM::ShflKind::bfly, UnitAttr());
  }

  /// One value for each element of the result, in order.
  static SmallVector<Value> foldElements(OpBuilder &b,
                                         vector::MultiDimReductionOp op,
                                         Value source, ArrayRef<int64_t> dims,
                                         size_t count) {
    auto type = cast<VectorType>(source.getType());
    int64_t rank = type.getRank() / 2;
    SmallVector<Value> elements = getElements(b, op.getLoc(), source);
    SmallVector<Value> folded(count);
    size_t next = 0;
    forEachIndex(type.getShape(), [&](ArrayRef<int64_t> index) {
      int64_t place = 0;
      for (int64_t i = 0; i < 2 * rank; ++i)
        if (!llvm::is_contained(dims, i % rank))
          place = place * type.getDimSize(i) + index[i];
      Value &value = folded[place];
      Value element = elements[next++];
      value = value ? combine(b, op, value, element) : element;
    });
    return folded;
  }
};

/// Tests if any element of the warp is true.
struct DistributeWarpAny : public DistributePattern<WarpAnyOp> {
  using DistributePattern::DistributePattern;

  LogicalResult
  matchAndRewrite(WarpAnyOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    Value any;
    for (Value element : getElements(rewriter, loc, adaptor.getSource()))
      any = any ? arith::OrIOp::create(rewriter, loc, any, element).getResult()
                : element;
    I32Builder i32{rewriter, loc};
    rewriter.replaceOpWithNewOp<NVVM::VoteSyncOp>(op, rewriter.getI1Type(),
                                                  i32.constant(-1), any,
                                                  NVVM::VoteSyncKind::any);
    return success();
  }
};
} // namespace

void tile::populateReductionPatterns(RewritePatternSet &patterns,
                                     const TypeConverter &converter,
                                     const Distribution &distribution) {
  patterns.add<DistributeReduction, DistributeWarpAny>(
      converter, patterns.getContext(), distribution);
}
