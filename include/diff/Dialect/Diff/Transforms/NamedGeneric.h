//===- NamedGeneric.h - linalg ops over loops with names --------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Index notation for building linalg: each loop has a letter, each tensor a
// string of letters, one for each of its dimensions.
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_DIALECT_DIFF_TRANSFORMS_NAMEDGENERIC_H
#define DIFF_DIALECT_DIFF_TRANSFORMS_NAMEDGENERIC_H

#include "mlir/IR/AffineMap.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/DenseMap.h"
#include <string>

namespace mlir::diff {

/// A tensor and the letters of its dimensions.
struct NamedValue {
  Value value;
  std::string dims;
};

class NamedGenericBuilder {
public:
  using Body = function_ref<Value(OpBuilder &, Location, ValueRange)>;

  NamedGenericBuilder(OpBuilder &builder, Location loc)
      : builder(builder), loc(loc) {}

  /// Declares a loop and its size.
  void declare(char dim, OpFoldResult size) { sizes[dim] = size; }
  /// Declares a loop of size 1 that no tensor of the computation shall have.
  void drop(char dim);
  /// Declares a loop; drops it when its size is the constant 1.
  void declareOrDrop(char dim, OpFoldResult size);

  OpFoldResult getSize(char dim) const { return sizes.lookup(dim); }
  /// `dims` without the dropped letters.
  std::string keep(StringRef dims) const;

  /// An uninitialised tensor, and one that holds `value` everywhere.
  NamedValue empty(StringRef dims, Type elementType);
  NamedValue fill(StringRef dims, FloatType elementType, double value);

  /// A view of `tensor` in which dimension i has been split into the letters
  /// `groups[i]` (outermost first) and dropped letters are gone.
  NamedValue view(Value tensor, ArrayRef<StringRef> groups);
  /// The same for a tensor each of whose dimensions is one letter.
  NamedValue view(Value tensor, StringRef dims);
  /// The elements offset, offset + stride, ... of dimension `dim`; the other
  /// dimensions whole.
  NamedValue everyNth(Value tensor, StringRef dims, char dim, int64_t offset,
                      int64_t stride);
  /// Writes a view back into the tensor it was taken from.
  Value unview(const NamedValue &part, Value tensor,
               ArrayRef<StringRef> groups);
  Value unview(const NamedValue &part, Value tensor, StringRef dims);
  Value insertEveryNth(const NamedValue &part, Value tensor, StringRef dims,
                       char dim, int64_t offset, int64_t stride);

  /// linalg.generic over `loops`, those in `reductions` being reductions. The
  /// body gets one element of each input and of the destination.
  NamedValue generic(StringRef loops, StringRef reductions,
                     ArrayRef<NamedValue> inputs, const NamedValue &destination,
                     Body body);
  /// linalg.index of a loop, inside the body of a generic over `loops`.
  Value index(OpBuilder &b, Location l, StringRef loops, char dim) const;

private:
  AffineMap getMap(StringRef loops, StringRef dims) const;

  OpBuilder &builder;
  Location loc;
  llvm::DenseMap<char, OpFoldResult> sizes;
  std::string dropped;
};

} // namespace mlir::diff

#endif // DIFF_DIALECT_DIFF_TRANSFORMS_NAMEDGENERIC_H
