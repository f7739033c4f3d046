//===- RowAlignment.cpp - Where rows begin in memory ----------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Dialect/Diff/Transforms/RowAlignment.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::diff;

static constexpr int64_t kLargest = 16;

/// The largest power of two, up to the limit, that divides a number of
/// elements.
static int64_t getDivisor(int64_t number) {
  return number == 0 ? kLargest : std::min(kLargest, number & -number);
}

static int64_t getDivisor(OpFoldResult number) {
  if (std::optional<int64_t> constant = getConstantIntValue(number))
    return getDivisor(*constant);
  auto value = cast<Value>(number);
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    auto loop = dyn_cast_or_null<LoopLikeOpInterface>(
        argument.getOwner()->getParentOp());
    std::optional<SmallVector<Value>> variables =
        loop ? loop.getLoopInductionVars() : std::nullopt;
    std::optional<SmallVector<OpFoldResult>> lower, steps;
    if (variables) {
      lower = loop.getLoopLowerBounds();
      steps = loop.getLoopSteps();
    }
    if (!lower || !steps)
      return 1;
    for (auto [variable, first, step] :
         llvm::zip_equal(*variables, *lower, *steps))
      if (variable == value)
        return std::min(getDivisor(first), getDivisor(step));
    return 1;
  }
  auto apply = value.getDefiningOp<affine::AffineApplyOp>();
  if (!apply)
    return 1;
  // Every operand is a multiple of its divisor.
  AffineMap map = apply.getAffineMap();
  SmallVector<AffineExpr> dims, symbols;
  for (auto [number, operand] : llvm::enumerate(apply.getMapOperands())) {
    bool isDim = number < map.getNumDims();
    AffineExpr expr = isDim ? getAffineDimExpr(number, value.getContext())
                            : getAffineSymbolExpr(number - map.getNumDims(),
                                                  value.getContext());
    (isDim ? dims : symbols)
        .push_back(expr * getDivisor(OpFoldResult(operand)));
  }
  AffineExpr result = map.getResult(0).replaceDimsAndSymbols(dims, symbols);
  return getDivisor(result.getLargestKnownDivisor());
}

static int64_t getElementBytes(ShapedType type) {
  return std::max<int64_t>(1, type.getElementTypeBitWidth() / 8);
}

int64_t diff::getRowAlignment(ShapedType type) {
  int64_t bytes = getElementBytes(type);
  if (type.getRank() == 0 || type.isDynamicDim(type.getRank() - 1))
    return std::min(kLargest, bytes);
  return getDivisor(type.getShape().back() * bytes);
}

/// A slice's rows begin behind the source's.
static int64_t getSliceAlignment(OffsetSizeAndStrideOpInterface slice,
                                 Value source) {
  auto type = cast<ShapedType>(source.getType());
  if (type.getRank() == 0)
    return getRowAlignment(source);
  int64_t offset = getDivisor(slice.getMixedOffsets().back());
  return std::min(getRowAlignment(source),
                  getDivisor(offset * getElementBytes(type)));
}

/// The innermost dimension may have been cut.
static int64_t getExpandedAlignment(Value source, ShapedType type) {
  if (type.getRank() == 0)
    return getRowAlignment(source);
  return std::min(getRowAlignment(source), getRowAlignment(type));
}

int64_t diff::getRowAlignment(Value value) {
  Operation *op = value.getDefiningOp();
  auto type = cast<ShapedType>(value.getType());
  if (!op)
    return getRowAlignment(type);
  return llvm::TypeSwitch<Operation *, int64_t>(op)
      .Case<tensor::ExtractSliceOp, memref::SubViewOp>([](auto slice) {
        return getSliceAlignment(slice, slice.getSource());
      })
      .Case<tensor::ExpandShapeOp, memref::ExpandShapeOp>([&](auto expand) {
        return getExpandedAlignment(expand.getSrc(), type);
      })
      .Case<tensor::CollapseShapeOp, memref::CollapseShapeOp>(
          [](auto collapse) { return getRowAlignment(collapse.getSrc()); })
      .Case<tensor::CastOp, memref::CastOp>(
          [](auto cast) { return getRowAlignment(cast.getSource()); })
      .Default([&](Operation *) { return getRowAlignment(type); });
}
