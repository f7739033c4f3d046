//===- OperandViews.h - Buffers of an attention's operands ------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_LIB_CONVERSION_DIFFTOVECTOR_OPERANDVIEWS_H
#define DIFF_LIB_CONVERSION_DIFFTOVECTOR_OPERANDVIEWS_H

#include "diff/Dialect/Diff/IR/Diff.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace mlir::diff {

/// A buffer, and a letter for each dimension (`AttentionOpInterface`).
struct NamedBuffer {
  Value buffer;
  StringRef dims;

  int64_t getSize(char dim) const {
    return cast<ShapedType>(buffer.getType()).getDimSize(dims.find(dim));
  }
};

/// Returns a buffer with the elements of a tensor, which is not written. The
/// innermost dimension is contiguous; a tensor with strides there is copied.
Value readAsBuffer(ImplicitLocOpBuilder &b, Value tensor);

/// Returns the two-dimensional view over `rows` and `columns`. The indices of
/// the other dimensions are `position(letter)`.
Value viewMatrix(ImplicitLocOpBuilder &b, const NamedBuffer &operand, char rows,
                 char columns, function_ref<OpFoldResult(char)> position);

/// Returns panel `number` of buffers of the same shape.
Value viewPanel(ImplicitLocOpBuilder &b, Value panels, Value number);

} // namespace mlir::diff

#endif // DIFF_LIB_CONVERSION_DIFFTOVECTOR_OPERANDVIEWS_H
