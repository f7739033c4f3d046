//===- RowAlignment.cpp - Alignment of rows in memory ---------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Dialect/Tile/Transforms/RowAlignment.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::diff;
using namespace mlir::diff::tile;

static constexpr int64_t kLargest = 16;

/// Returns the largest power of two, up to the limit, that divides a number of
/// elements.
static int64_t getDivisor(int64_t number) {
  return number == 0 ? kLargest : std::min(kLargest, number & -number);
}

static int64_t getDivisor(AffineMap map, ValueRange operands);

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
  if (auto add = value.getDefiningOp<arith::AddIOp>())
    return std::min(getDivisor(OpFoldResult(add.getLhs())),
                    getDivisor(OpFoldResult(add.getRhs())));
  if (auto apply = value.getDefiningOp<affine::AffineApplyOp>())
    return getDivisor(apply.getAffineMap(), apply.getMapOperands());
  if (auto min = value.getDefiningOp<affine::AffineMinOp>())
    return getDivisor(min.getAffineMap(), min.getMapOperands());
  if (auto max = value.getDefiningOp<affine::AffineMaxOp>())
    return getDivisor(max.getAffineMap(), max.getMapOperands());
  return 1;
}

/// The common divisor of all results.
static int64_t getDivisor(AffineMap map, ValueRange operands) {
  // Every operand is a multiple of its divisor.
  MLIRContext *context = map.getContext();
  SmallVector<AffineExpr> dims, symbols;
  for (auto [number, operand] : llvm::enumerate(operands)) {
    bool isDim = number < map.getNumDims();
    AffineExpr expr =
        isDim ? getAffineDimExpr(number, context)
              : getAffineSymbolExpr(number - map.getNumDims(), context);
    (isDim ? dims : symbols)
        .push_back(expr * getDivisor(OpFoldResult(operand)));
  }
  int64_t divisor = kLargest;
  for (AffineExpr result : map.getResults())
    divisor =
        std::min(divisor, getDivisor(result.replaceDimsAndSymbols(dims, symbols)
                                         .getLargestKnownDivisor()));
  return divisor;
}

static int64_t getElementBytes(ShapedType type) {
  return std::max<int64_t>(1, type.getElementTypeBitWidth() / 8);
}

int64_t tile::getRowAlignment(ShapedType type) {
  int64_t bytes = getElementBytes(type);
  if (type.getRank() == 0 || type.isDynamicDim(type.getRank() - 1))
    return std::min(kLargest, bytes);
  return getDivisor(type.getShape().back() * bytes);
}

/// The rows of a slice start at an offset from those of the source.
static int64_t getSliceAlignment(OffsetSizeAndStrideOpInterface slice,
                                 Value source) {
  auto type = cast<ShapedType>(source.getType());
  if (type.getRank() == 0)
    return getRowAlignment(source);
  int64_t offset = getDivisor(slice.getMixedOffsets().back());
  return std::min(getRowAlignment(source),
                  getDivisor(offset * getElementBytes(type)));
}

/// The slice may reduce the innermost dimension.
static int64_t getExpandedAlignment(Value source, ShapedType type) {
  if (type.getRank() == 0)
    return getRowAlignment(source);
  return std::min(getRowAlignment(source), getRowAlignment(type));
}

int64_t tile::getRowAlignment(Value value) {
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

bool tile::isMadeOfRuns(Value memory, OpFoldResult index, int64_t elems) {
  auto type = cast<ShapedType>(memory.getType());
  if (type.getRank() == 0 || type.isDynamicDim(type.getRank() - 1) ||
      type.getShape().back() % elems != 0)
    return false;
  int64_t bytes = getElementBytes(type);
  return std::min(getRowAlignment(memory), getDivisor(index) * bytes) >=
         elems * bytes;
}
