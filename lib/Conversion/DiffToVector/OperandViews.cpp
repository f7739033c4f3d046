//===- OperandViews.cpp - Buffers of an attention's operands --------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "OperandViews.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace mlir::diff;

/// Returns false if the innermost dimension of the tensor is a slice of another
/// dimension, or of every n-th element, so that its buffer may have strides
/// there.
static bool isInnermostContiguous(Value tensor) {
  Operation *op = tensor.getDefiningOp();
  if (auto slice = dyn_cast_or_null<tensor::ExtractSliceOp>(op)) {
    int64_t last = slice.getSourceType().getRank() - 1;
    return isConstantIntValue(slice.getMixedStrides()[last], 1) &&
           !slice.getDroppedDims().test(last) &&
           isInnermostContiguous(slice.getSource());
  }
  if (isa_and_nonnull<tensor::CastOp, tensor::CollapseShapeOp,
                      tensor::ExpandShapeOp>(op))
    return isInnermostContiguous(op->getOperand(0));
  return true;
}

Value diff::readAsBuffer(ImplicitLocOpBuilder &b, Value tensor) {
  if (!isInnermostContiguous(tensor))
    tensor = bufferization::AllocTensorOp::create(
        b, cast<RankedTensorType>(tensor.getType()),
        /*dynamicSizes=*/ValueRange(), /*copy=*/tensor);
  auto type = cast<RankedTensorType>(tensor.getType());
  SmallVector<int64_t> strides(type.getRank(), ShapedType::kDynamic);
  strides.back() = 1;
  auto buffer = MemRefType::get(
      type.getShape(), type.getElementType(),
      StridedLayoutAttr::get(b.getContext(), ShapedType::kDynamic, strides));
  return bufferization::ToBufferOp::create(b, buffer, tensor,
                                           /*read_only=*/true);
}

/// Returns a view without the dimensions that are not in `kept`.
static Value dropDims(ImplicitLocOpBuilder &b, Value buffer,
                      ArrayRef<OpFoldResult> offsets,
                      ArrayRef<OpFoldResult> sizes, ArrayRef<int64_t> kept) {
  auto type = cast<MemRefType>(buffer.getType());
  SmallVector<OpFoldResult> strides(type.getRank(), b.getIndexAttr(1));
  MemRefType whole =
      memref::SubViewOp::inferResultType(type, offsets, sizes, strides);
  auto [allStrides, offset] = whole.getStridesAndOffset();
  SmallVector<int64_t> keptStrides, shape;
  for (int64_t dim : kept) {
    keptStrides.push_back(allStrides[dim]);
    shape.push_back(whole.getDimSize(dim));
  }
  auto result = MemRefType::get(
      shape, type.getElementType(),
      StridedLayoutAttr::get(b.getContext(), offset, keptStrides));
  return memref::SubViewOp::create(b, result, buffer, offsets, sizes, strides);
}

Value diff::viewMatrix(ImplicitLocOpBuilder &b, const NamedBuffer &operand,
                       char rows, char columns,
                       function_ref<OpFoldResult(char)> position) {
  SmallVector<OpFoldResult> offsets, sizes;
  SmallVector<int64_t> kept;
  for (auto [dim, letter] : llvm::enumerate(operand.dims)) {
    bool isKept = letter == rows || letter == columns;
    offsets.push_back(isKept ? OpFoldResult(b.getIndexAttr(0))
                             : position(letter));
    sizes.push_back(
        isKept ? memref::getMixedSize(b, b.getLoc(), operand.buffer, dim)
               : OpFoldResult(b.getIndexAttr(1)));
    if (isKept)
      kept.push_back(dim);
  }
  // Head dimensions are innermost.
  return dropDims(b, operand.buffer, offsets, sizes, kept);
}

Value diff::viewPanel(ImplicitLocOpBuilder &b, Value panels, Value number) {
  auto type = cast<MemRefType>(panels.getType());
  SmallVector<OpFoldResult> offsets(type.getRank(), b.getIndexAttr(0)), sizes;
  offsets[0] = number;
  sizes.push_back(b.getIndexAttr(1));
  SmallVector<int64_t> kept;
  for (int64_t dim = 1; dim < type.getRank(); ++dim) {
    sizes.push_back(b.getIndexAttr(type.getDimSize(dim)));
    kept.push_back(dim);
  }
  return dropDims(b, panels, offsets, sizes, kept);
}
