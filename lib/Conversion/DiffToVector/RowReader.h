//===- RowReader.h - Rows of keys and values as vectors ---------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_LIB_CONVERSION_DIFFTOVECTOR_ROWREADER_H
#define DIFF_LIB_CONVERSION_DIFFTOVECTOR_ROWREADER_H

#include "RowPanels.h"

namespace mlir::diff {

/// Reads rows of `width` contiguous elements as f32 vectors of `plan.lanes`
/// lanes. One load gives one vector. A load of bf16 gives two if the row is
/// wide enough: its even and its odd elements, which are the halves of 32-bit
/// lanes. The last load of a width that is not a multiple of a load begins
/// earlier, so that no load needs a mask.
class RowReader {
public:
  RowReader(PanelBuilder &p, Type element, int64_t width);

  int64_t getNumLoads() const { return numLoads; }
  /// Vectors of a load, and of a row.
  int64_t getVectorsOfLoad() const { return isPaired ? 2 : 1; }
  int64_t getNumVectors() const { return numLoads * getVectorsOfLoad(); }
  int64_t getWidth() const { return width; }

  /// Calls `body` with the number of the first of up to `depth` loads and the
  /// positions of their first elements, and carries values. If `peels`, the
  /// first call is not in a loop.
  using Body = function_ref<SmallVector<Value>(
      Value first, ArrayRef<Value> positions, ValueRange carried)>;
  SmallVector<Value> forEachLoads(int64_t depth, ValueRange inits, Body body,
                                  bool peels = false);

  /// Reads the elements of a load at a position.
  SmallVector<Value> read(Value buffer, ArrayRef<Value> row, Value position);
  /// Prefetches a row of a matrix.
  void prefetch(Value matrix, Value row);

  /// Sets the elements to zero that the load before the last one has also read.
  /// `number` is that of the load.
  void clearRepeated(SmallVectorImpl<Value> &vectors, int64_t number);

  /// Reads and writes f32 elements in the order of the vectors of a load.
  SmallVector<Value> readWide(Value buffer, ArrayRef<Value> row,
                              Value position);
  void writeWide(ValueRange vectors, Value buffer, ArrayRef<Value> row,
                 Value position);

  /// Returns the number of the first vector of a load.
  Value getVector(Value load) { return p.mul(load, getVectorsOfLoad()); }

private:
  Value load(VectorType type, Value buffer, ArrayRef<Value> row,
             Value position);

  PanelBuilder &p;
  ImplicitLocOpBuilder &b;
  Type element;
  int64_t width;
  bool isPaired;
  /// Elements of a load.
  int64_t elements;
  int64_t numLoads;
};

/// Returns the largest number of lanes, a power of two, for rows of this many
/// elements or more.
int64_t getLanesForWidth(const VectorUnit &unit, int64_t width);

/// Returns the sums of `plan.lanes` vectors, or of fewer ones. `step` is log2
/// of the number of sums in each vector, each in several parts. Lane i of the
/// result belongs to vector i.
Value sumLanes(PanelBuilder &p, SmallVector<Value> vectors, unsigned &step);

/// Combines all lanes of a vector by `combine`. Each lane of the result has the
/// result.
Value reduceLanes(PanelBuilder &p, Value vector,
                  function_ref<Value(Value, Value)> combine);

} // namespace mlir::diff

#endif // DIFF_LIB_CONVERSION_DIFFTOVECTOR_ROWREADER_H
