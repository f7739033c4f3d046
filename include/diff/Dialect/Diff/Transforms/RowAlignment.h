//===- RowAlignment.h - Where rows begin in memory --------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_DIALECT_DIFF_TRANSFORMS_ROWALIGNMENT_H
#define DIFF_DIALECT_DIFF_TRANSFORMS_ROWALIGNMENT_H

#include "mlir/IR/BuiltinTypeInterfaces.h"

namespace mlir::diff {

/// The bytes, a power of two of at most 16, that every row of a buffer of its
/// own begins at a multiple of, where rows are behind one another or their
/// strides are such multiples, too: the largest that divides the innermost
/// dimension.
int64_t getRowAlignment(ShapedType type);

/// The same for a tensor or memref, which may be a view: a slice, or another
/// shape, of something that is a buffer.
int64_t getRowAlignment(Value value);

} // namespace mlir::diff

#endif // DIFF_DIALECT_DIFF_TRANSFORMS_ROWALIGNMENT_H
