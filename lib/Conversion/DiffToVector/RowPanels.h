//===- RowPanels.h - Panels of rows in vector lanes -------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_LIB_CONVERSION_DIFFTOVECTOR_ROWPANELS_H
#define DIFF_LIB_CONVERSION_DIFFTOVECTOR_ROWPANELS_H

#include "diff/Dialect/Diff/Transforms/RowPlan.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace mlir::diff {

/// One value of each row of a panel, in `plan.vectors` vectors.
using Row = SmallVector<Value>;

/// Builds ops on rows and panels. A panel is a buffer [depth][lanes] of f32: an
/// element of all rows is contiguous.
class PanelBuilder {
public:
  PanelBuilder(ImplicitLocOpBuilder &b, const RowPlan &plan)
      : b(b), plan(plan), lane(VectorType::get(plan.lanes, b.getF32Type())) {}

  ImplicitLocOpBuilder &b;
  const RowPlan plan;
  /// The type of one register.
  const VectorType lane;

  Value index(int64_t value);
  Value add(Value a, Value c);
  Value mul(Value a, int64_t factor);
  Value mod(Value a, int64_t divisor);
  Value div(Value a, int64_t divisor);
  Value min(Value a, Value c);
  Value max(Value a, Value c);

  /// Return a register, and a row, filled with this value.
  Value constant(double value);
  Row splat(double value);
  /// Applies `body` to the vectors of the rows.
  Row map(ArrayRef<Row> rows, function_ref<Value(ValueRange)> body);
  Row load(Value panel, Value depth);
  void store(const Row &row, Value panel, Value depth);
  /// Loads and stores a row of values, a buffer [lanes].
  Row load(Value values);
  void store(const Row &row, Value values);

  /// Builds `for (i = lower; i < upper; i += step)` that carries rows.
  SmallVector<Row>
  loop(Value lower, Value upper, int64_t step, ArrayRef<Row> inits,
       function_ref<SmallVector<Row>(Value, ArrayRef<Row>)> body);
  void loop(Value lower, Value upper, int64_t step,
            function_ref<void(Value)> body);

  /// Computes sums[i] + sum over k in [0, count) of scalar(i, k) * panel[k].
  /// The sums are in registers.
  SmallVector<Row> multiply(int64_t depth, Value count, int64_t unroll,
                            Value panel,
                            function_ref<Value(int64_t, Value)> scalar);

  /// Transposes a square of vectors of this width.
  SmallVector<Value> transpose(SmallVector<Value> rows);

  /// Copies `width` elements of each row from `buffer` into a panel, or from a
  /// panel. `indices` returns the position of element 0 of a row; the elements
  /// are contiguous. Converts to or from f32.
  void pack(Value buffer, int64_t width, Value panel,
            function_ref<SmallVector<Value>(Value)> indices);
  void unpack(Value panel, int64_t width, Value buffer,
              function_ref<SmallVector<Value>(Value)> indices);

private:
  /// Builds a loop over squares of a panel: registers, and `lanes` elements of
  /// `width`.
  void
  forEachSquare(int64_t width,
                function_ref<void(Value firstLane, Value firstElement)> body);
};

} // namespace mlir::diff

#endif // DIFF_LIB_CONVERSION_DIFFTOVECTOR_ROWPANELS_H
