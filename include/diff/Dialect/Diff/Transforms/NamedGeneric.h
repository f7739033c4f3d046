//===- NamedGeneric.h - linalg ops over named loops -------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Index notation for building linalg ops: each loop has a letter, and each
// tensor a string of letters, one for each dimension.
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
  /// Declares the dimension `dim` of operands, which is no loop: its index is
  /// that of `loop` divided by `divisor`.
  void declareQuotient(char dim, OpFoldResult size, char loop,
                       int64_t divisor) {
    declare(dim, size);
    quotients[dim] = {loop, divisor};
  }
  /// Declares a loop of size 1 that no tensor of the computation has.
  void drop(char dim);
  /// Declares a loop, and drops it if its size is the constant 1.
  void declareOrDrop(char dim, OpFoldResult size);

  OpFoldResult getSize(char dim) const { return sizes.lookup(dim); }
  /// Returns `dims` without the dropped letters.
  std::string keep(StringRef dims) const;

  /// Create an uninitialized tensor, and one filled with `value`.
  NamedValue empty(StringRef dims, Type elementType);
  NamedValue fill(StringRef dims, FloatType elementType, double value);

  /// Returns a view of `tensor` in which dimension i is split into the letters
  /// `groups[i]` (outermost first), without the dropped letters.
  NamedValue view(Value tensor, ArrayRef<StringRef> groups);
  /// Returns the view of a tensor each of whose dimensions is one letter.
  NamedValue view(Value tensor, StringRef dims);
  /// Returns the elements offset, offset + stride, ... of dimension `dim`, and
  /// all elements of the other dimensions.
  NamedValue everyNth(Value tensor, StringRef dims, char dim, int64_t offset,
                      int64_t stride);
  /// Merges the adjacent letters `parts` of `order` into the letter `whole`.
  /// Copies the value into the order of dimensions `order`, unless the parts
  /// are adjacent in it already.
  NamedValue merge(const NamedValue &value, StringRef order, StringRef parts,
                   char whole);
  /// Returns a slice along dimension `dim` that begins at `offset`. The slice
  /// has the size and the letter of the loop `part`, which is not dropped.
  NamedValue slice(const NamedValue &whole, char dim, char part,
                   int64_t offset);
  /// Writes a result of `slice` back into the tensor `whole`.
  NamedValue insert(const NamedValue &slice, const NamedValue &whole, char dim,
                    int64_t offset);
  /// Writes a view back into the tensor from which it was taken.
  Value unview(const NamedValue &part, Value tensor,
               ArrayRef<StringRef> groups);
  Value unview(const NamedValue &part, Value tensor, StringRef dims);

  /// Creates a linalg.generic over `loops`, in which `reductions` are
  /// reductions. The body gets one element of each input and of the
  /// destination.
  NamedValue generic(StringRef loops, StringRef reductions,
                     ArrayRef<NamedValue> inputs, const NamedValue &destination,
                     Body body);
  /// Returns linalg.index of a loop in the body of a generic over `loops`.
  Value index(OpBuilder &b, Location l, StringRef loops, char dim) const;

private:
  AffineMap getMap(StringRef loops, StringRef dims) const;

  OpBuilder &builder;
  Location loc;
  llvm::DenseMap<char, OpFoldResult> sizes;
  llvm::DenseMap<char, std::pair<char, int64_t>> quotients;
  std::string dropped;
};

} // namespace mlir::diff

#endif // DIFF_DIALECT_DIFF_TRANSFORMS_NAMEDGENERIC_H
