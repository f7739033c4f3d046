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
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "llvm/ADT/SmallBitVector.h"
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

int64_t tile::getElementBits(Type element) {
  if (auto complex = dyn_cast<ComplexType>(element))
    return 2 * getElementBits(complex.getElementType());
  if (element.isIndex())
    return IndexType::kInternalStorageBitWidth;
  return element.isIntOrFloat() ? element.getIntOrFloatBitWidth() : 0;
}

int64_t tile::getElementBytes(Type type) {
  if (auto complex = dyn_cast<ComplexType>(type))
    return 2 * getElementBytes(complex.getElementType());
  if (auto vector = dyn_cast<VectorType>(type))
    return vector.getNumElements() * getElementBytes(vector.getElementType());
  if (type.isIntOrFloat())
    return llvm::PowerOf2Ceil(
        llvm::divideCeil(type.getIntOrFloatBitWidth(), 8));
  return sizeof(int64_t);
}

static int64_t getBytes(ShapedType type) {
  return getElementBytes(type.getElementType());
}

/// Returns the alignment of a row that starts at any element.
static int64_t getElementAlignment(ShapedType type) {
  int64_t bytes = getBytes(type);
  return std::min(kLargest, bytes & -bytes);
}

int64_t tile::getRowAlignment(ShapedType type) {
  if (type.getRank() == 0 || type.isDynamicDim(type.getRank() - 1))
    return getElementAlignment(type);
  return getDivisor(type.getShape().back() * getBytes(type));
}

//===----------------------------------------------------------------------===//
// Contiguity
//===----------------------------------------------------------------------===//

/// Returns true if the elements along a dimension of a tensor or memref are
/// contiguous: its stride is 1, or it has at most one element.
static bool isContiguous(Value value, int64_t dim);

/// Returns the same for a group of dimensions that is collapsed. Dimensions of
/// one element have no stride.
static bool isGroupContiguous(Value source, ArrayRef<int64_t> group) {
  auto type = cast<ShapedType>(source.getType());
  for (int64_t dim : llvm::reverse(group))
    if (type.getDimSize(dim) != 1)
      return isContiguous(source, dim);
  return true;
}

/// Returns the same for a slice, which may drop dimensions of its source.
static bool isSliceContiguous(tensor::ExtractSliceOp slice, int64_t dim) {
  llvm::SmallBitVector dropped = slice.getDroppedDims();
  int64_t sourceDim = dropped.find_first_unset();
  for (; dim > 0; --dim)
    sourceDim = dropped.find_next_unset(sourceDim);
  return isConstantIntValue(slice.getMixedStrides()[sourceDim], 1) &&
         isContiguous(slice.getSource(), sourceDim);
}

/// Only the innermost dimension of a group can be contiguous.
static bool isExpandedContiguous(tensor::ExpandShapeOp expand, int64_t dim) {
  for (auto [sourceDim, group] :
       llvm::enumerate(expand.getReassociationIndices())) {
    if (!llvm::is_contained(group, dim))
      continue;
    bool isInnermost = llvm::all_of(group, [&](int64_t other) {
      return other <= dim || expand.getResultType().getDimSize(other) == 1;
    });
    return isInnermost && isContiguous(expand.getSrc(), sourceDim);
  }
  llvm_unreachable("every dimension is in a group");
}

/// Returns the operand whose buffer a result may use, or null.
static OpOperand *getDestination(Value value) {
  auto result = dyn_cast<OpResult>(value);
  auto op = result
                ? dyn_cast<DestinationStyleOpInterface>(result.getDefiningOp())
                : DestinationStyleOpInterface();
  return op ? op.getTiedOpOperand(result) : nullptr;
}

static bool isContiguous(Value value, int64_t dim) {
  auto type = cast<ShapedType>(value.getType());
  if (!type.isDynamicDim(dim) && type.getDimSize(dim) <= 1)
    return true;
  if (auto memref = dyn_cast<MemRefType>(type)) {
    SmallVector<int64_t> strides;
    int64_t offset;
    return succeeded(memref.getStridesAndOffset(strides, offset)) &&
           strides[dim] == 1;
  }
  if (OpOperand *destination = getDestination(value))
    return isContiguous(destination->get(), dim);
  bool isInnermost = dim + 1 == type.getRank();
  Operation *op = value.getDefiningOp();
  if (!op)
    return isInnermost;
  return llvm::TypeSwitch<Operation *, bool>(op)
      .Case([&](tensor::ExtractSliceOp slice) {
        return isSliceContiguous(slice, dim);
      })
      .Case([&](tensor::ExpandShapeOp expand) {
        return isExpandedContiguous(expand, dim);
      })
      .Case([&](tensor::CollapseShapeOp collapse) {
        return isGroupContiguous(collapse.getSrc(),
                                 collapse.getReassociationIndices()[dim]);
      })
      .Case([&](tensor::CastOp cast) {
        return isContiguous(cast.getSource(), dim);
      })
      .Default(isInnermost);
}

//===----------------------------------------------------------------------===//
// Alignment
//===----------------------------------------------------------------------===//

/// Returns the alignment of contiguous rows.
static int64_t getContiguousAlignment(Value value);

/// The rows of a slice start at an offset from those of the source.
static int64_t getSliceAlignment(OffsetSizeAndStrideOpInterface slice,
                                 Value source) {
  auto type = cast<ShapedType>(source.getType());
  if (type.getRank() == 0)
    return getContiguousAlignment(source);
  int64_t offset = getDivisor(slice.getMixedOffsets().back());
  return std::min(getContiguousAlignment(source),
                  getDivisor(offset * getBytes(type)));
}

/// The slice may reduce the innermost dimension.
static int64_t getExpandedAlignment(Value source, ShapedType type) {
  if (type.getRank() == 0)
    return getContiguousAlignment(source);
  return std::min(getContiguousAlignment(source), getRowAlignment(type));
}

/// Returns the alignment that follows from the type. Dynamic strides belong to
/// arguments of a function, whose caller aligns them.
static int64_t getAlignmentOfType(ShapedType type) {
  int64_t alignment = getRowAlignment(type);
  auto memref = dyn_cast<MemRefType>(type);
  SmallVector<int64_t> strides;
  int64_t offset;
  if (!memref || memref.getRank() == 0 || memref.getLayout().isIdentity() ||
      failed(memref.getStridesAndOffset(strides, offset)))
    return alignment;
  if (ShapedType::isDynamic(offset))
    return getElementAlignment(type);
  strides.back() = offset;
  for (int64_t number : strides)
    if (!ShapedType::isDynamic(number))
      alignment = std::min(alignment, getDivisor(number * getBytes(type)));
  return alignment;
}

static int64_t getContiguousAlignment(Value value) {
  auto type = cast<ShapedType>(value.getType());
  if (OpOperand *destination = getDestination(value))
    return getContiguousAlignment(destination->get());
  Operation *op = value.getDefiningOp();
  if (!op)
    return getAlignmentOfType(type);
  return llvm::TypeSwitch<Operation *, int64_t>(op)
      .Case<tensor::ExtractSliceOp, memref::SubViewOp>([](auto slice) {
        return getSliceAlignment(slice, slice.getSource());
      })
      .Case<tensor::ExpandShapeOp, memref::ExpandShapeOp>([&](auto expand) {
        return getExpandedAlignment(expand.getSrc(), type);
      })
      .Case<tensor::CollapseShapeOp, memref::CollapseShapeOp>(
          [](auto collapse) {
            return getContiguousAlignment(collapse.getSrc());
          })
      .Case<tensor::CastOp, memref::CastOp>(
          [](auto cast) { return getContiguousAlignment(cast.getSource()); })
      .Default([&](Operation *) { return getAlignmentOfType(type); });
}

int64_t tile::getRowAlignment(Value value) {
  auto type = cast<ShapedType>(value.getType());
  if (type.getRank() > 0 && !isContiguous(value, type.getRank() - 1))
    return getElementAlignment(type);
  return getContiguousAlignment(value);
}

bool tile::isMadeOfRuns(Value memory, OpFoldResult index, int64_t elems) {
  auto type = cast<ShapedType>(memory.getType());
  if (type.getRank() == 0 || type.isDynamicDim(type.getRank() - 1) ||
      type.getShape().back() % elems != 0)
    return false;
  int64_t bytes = getBytes(type);
  return std::min(getRowAlignment(memory), getDivisor(index) * bytes) >=
         elems * bytes;
}
