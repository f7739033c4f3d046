//===- FewRows.h - Attention of few rows ------------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_LIB_CONVERSION_DIFFTOVECTOR_FEWROWS_H
#define DIFF_LIB_CONVERSION_DIFFTOVECTOR_FEWROWS_H

#include "RowReader.h"

namespace mlir::diff {

/// Lowers an attention whose key heads have few rows, see `isFewRows`, to
/// loops over blocks of keys of all value heads, with the lanes of vectors
/// along the head dimensions. Returns the new running values.
SmallVector<Value> lowerFewRows(ImplicitLocOpBuilder &b, OnlineAttentionOp op,
                                const VectorUnit &unit);

/// A key head, or a part of a value, and the row of the first key of a block.
struct BlockRows {
  RowReader *reader;
  Value matrix, first;
};

/// The rows of a value head that read one key head.
struct KeyHeadRows {
  /// The number of the first row.
  Value first;
  int64_t count;
};

/// The buffers of the value heads of a tile, f32, and the current value head.
struct FewRowsState {
  /// Query [head][row][element].
  Value query;
  /// Accumulator [head][row][element], in the order of the vectors of a load.
  Value acc;
  /// Scaled maximum, and parts of the sum, of each row in the lanes of a vector
  /// [head][row][lane].
  Value max, sum;
  /// Scores and weights [row][key], and factors of the old values [row][lane].
  Value scores, factors;
  /// Sums that are not complete [part][row][lane].
  Value parts;
  Value head;
};

/// A block of keys.
struct KeyBlock {
  /// The first key, and the largest number of keys.
  Value first;
  int64_t size;
  /// The number of keys, or null if it is `size` and all rows see all keys.
  Value count;
  /// The first and the last key that token 0 sees, relative to `first`, or null
  /// if there is no such bound.
  Value firstVisible, lastVisible;
};

/// Builds the step of a value head over a block of keys. While it reads the
/// rows of a matrix, it prefetches those of the one that is read next.
class FewRowsStep {
public:
  FewRowsStep(PanelBuilder &p, AttentionOpInterface attention,
              const VectorUnit &unit, int64_t rows, RowReader &keys,
              RowReader &values)
      : p(p), b(p.b), attention(attention), unit(unit), rows(rows), keys(keys),
        values(values) {}

  /// Scores of the rows of one key head.
  void buildScores(const FewRowsState &state, const KeyHeadRows &part,
                   const KeyBlock &block, const BlockRows &key,
                   const BlockRows &next);
  /// Replaces the scores by weights, and updates the maxima and sums.
  void buildWeights(const FewRowsState &state, const KeyBlock &block);
  /// Adds the values of a part, whose vectors begin at `firstVector` of the
  /// accumulator.
  void accumulate(const FewRowsState &state, int64_t firstVector,
                  const KeyBlock &block, const BlockRows &value,
                  const BlockRows &next);

private:
  /// Scores of `count` rows from `first` on for the keys of one vector.
  void buildScoreTile(const FewRowsState &state, Value first, int64_t count,
                      const KeyBlock &block, Value firstKey,
                      const BlockRows &key, const BlockRows *next);
  /// The products of `numKeys` keys and `count` rows in one vector for each
  /// row.
  SmallVector<Value> multiply(const FewRowsState &state, Value key,
                              Value firstRow, int64_t count,
                              ArrayRef<Value> keyRows, unsigned &step);
  void accumulateTile(const FewRowsState &state, Value firstVector,
                      int64_t firstRow, int64_t count,
                      ArrayRef<Value> positions, const KeyBlock &block,
                      const BlockRows &value, const BlockRows *next);
  /// Hides scores, and returns them. `first` is the first key of the vector.
  Value finishScores(Value scores, const KeyBlock &block, Value row,
                     Value first);
  /// Prefetches row `number` of a block.
  void prefetch(const BlockRows &next, Value number);
  /// The number of keys, rounded up to whole vectors.
  Value getPaddedCount(const KeyBlock &block);

  PanelBuilder &p;
  ImplicitLocOpBuilder &b;
  AttentionOpInterface attention;
  VectorUnit unit;
  /// Rows of a value head.
  int64_t rows;
  RowReader &keys, &values;
};

} // namespace mlir::diff

#endif // DIFF_LIB_CONVERSION_DIFFTOVECTOR_FEWROWS_H
