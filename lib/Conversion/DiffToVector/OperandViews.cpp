//===- OperandViews.cpp - Buffers of an attention's operands --------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "OperandViews.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace mlir::diff;

Value diff::readAsBuffer(ImplicitLocOpBuilder &b, Value tensor) {
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
