//===- PanelStep.h - One step of the online softmax -------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_LIB_CONVERSION_DIFFTOVECTOR_PANELSTEP_H
#define DIFF_LIB_CONVERSION_DIFFTOVECTOR_PANELSTEP_H

#include "RowPanels.h"

namespace mlir::diff {

/// The buffers of a panel, all f32.
struct PanelState {
  /// Query [d][lanes] and accumulator [v][lanes].
  Value query, acc;
  /// Scaled maxima and sums [lanes].
  Value max, sum;
  /// Scores and weights [keys][lanes].
  Value scores;
};

/// The keys of a step: rows [first, first + count) of the views.
struct KeyTile {
  /// Key [m][d], and the parts of the value [m][w].
  Value key;
  SmallVector<Value> values;
  Value first;
  /// The largest number of keys.
  int64_t size;
  /// The number of keys, or null if it is `size`.
  Value count;
  /// The first and the last key that each row sees, relative to `first`, as
  /// i32, or empty if there is no such bound.
  Row firstVisible, lastVisible;
};

/// Builds the step of a panel over a tile of keys.
class PanelStep {
public:
  PanelStep(PanelBuilder &p, AttentionOpInterface attention)
      : p(p), b(p.b), attention(attention) {}

  void build(const PanelState &state, const KeyTile &tile);

private:
  /// Stores the scores of the tile. Returns the largest of each row.
  Row buildScores(const PanelState &state, const KeyTile &tile);
  Row finishScore(const KeyTile &tile, Value key, Row score);
  /// Replaces the scores by weights. Returns their sums.
  Row buildWeights(const PanelState &state, const KeyTile &tile,
                   const Row &max);
  /// acc = acc * factor + weights * values.
  void accumulate(const PanelState &state, const KeyTile &tile,
                  const Row &factor);

  /// Calls `body` for tiles of up to `plan.depth` rows.
  void forEachTile(int64_t size,
                   function_ref<void(Value first, int64_t depth)> body);
  Value getCount(const KeyTile &tile) {
    return tile.count ? tile.count : p.index(tile.size);
  }

  PanelBuilder &p;
  ImplicitLocOpBuilder &b;
  AttentionOpInterface attention;
};

} // namespace mlir::diff

#endif // DIFF_LIB_CONVERSION_DIFFTOVECTOR_PANELSTEP_H
