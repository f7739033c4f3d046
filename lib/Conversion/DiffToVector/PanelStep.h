//===- PanelStep.h - Steps of the online softmax ----------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A step adds a tile of keys to the running values of a panel. Steps differ in
// the instructions of their two products, and in the form of the operands that
// these read: `VectorStep` and `TileStep`.
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_LIB_CONVERSION_DIFFTOVECTOR_PANELSTEP_H
#define DIFF_LIB_CONVERSION_DIFFTOVECTOR_PANELSTEP_H

#include "RowPanels.h"

namespace mlir::diff {

/// The buffers of a step of a group.
struct StepBuffers {
  /// Scores of a tile, as f32 [keys][lanes].
  Value scores;
  /// Weights of a tile, in one or two parts, unless they replace the scores.
  SmallVector<Value, 2> weights;
  /// A copy of the keys of a tile, or null.
  Value keys;
};

/// The buffers of one panel.
struct PanelState {
  Value query;
  /// The accumulator, as f32 [v][lanes].
  Value acc;
  /// Scaled maxima and sums, as f32 [lanes].
  Value max, sum;
  const StepBuffers *buffers;
};

/// Rows of keys that a step reads: rows [first, first + size) of a view [m][d].
struct KeyRows {
  Value view, first;
};

/// The keys of a step.
struct KeyTile {
  KeyRows keys;
  /// The values, as `packValues` returns them.
  SmallVector<Value> values;
  Value firstValue;
  /// The largest number of keys.
  int64_t size;
  /// The number of keys, or null if it is `size`.
  Value count;
  /// The first and the last key that each row sees, relative to the tile, as
  /// i32, or empty if there is no such bound.
  Row firstVisible, lastVisible;
};

/// Builds the steps of an attention.
class PanelStep {
public:
  PanelStep(ImplicitLocOpBuilder &b, AttentionOpInterface attention,
            const VectorUnit &unit, int64_t wholeKeys, int64_t maskedKeys,
            bool sharesMaskedTiles)
      : wholeKeys(wholeKeys), maskedKeys(maskedKeys),
        sharesMaskedTiles(sharesMaskedTiles), b(b), attention(attention),
        unit(unit) {}
  virtual ~PanelStep() = default;

  /// Keys of a step that all rows see, and of a step with a mask.
  const int64_t wholeKeys, maskedKeys;

  /// Whether all panels use a masked tile before the next one is prepared.
  /// Otherwise each panel prepares the tiles that it sees, and stays in the
  /// cache.
  const bool sharesMaskedTiles;

  int64_t getMaxKeys() const { return std::max(wholeKeys, maskedKeys); }
  int64_t alignToLanes(int64_t size) const;

  /// Returns a new buffer that is aligned to cache lines.
  Value allocate(ArrayRef<int64_t> shape, Type element);

  /// Creates the queries of `panels` panels, in the form that a step reads.
  virtual Value allocateQuery(const RowPlan &plan, int64_t panels) = 0;
  virtual StepBuffers allocateBuffers(const RowPlan &plan) = 0;
  /// Creates the buffers for the values of a tile, with parts of these widths.
  virtual void allocateValues(ArrayRef<int64_t> widths) = 0;

  /// Fills the query of a panel. `indices` are those of `PanelBuilder::pack`.
  virtual void packQuery(PanelBuilder &p, Value buffer, Value query,
                         function_ref<SmallVector<Value>(Value)> indices) = 0;

  /// Prepares rows [first, first + count) of the keys. `count` is at most
  /// `size`, or null if it is `size`.
  virtual KeyRows packKeys(PanelBuilder &p, Value view, Value copy, Value first,
                           int64_t size, Value count) = 0;

  /// Prepares the values of a tile: sets `values` and `firstValue`.
  virtual void packValues(PanelBuilder &p, ArrayRef<Value> views, Value first,
                          KeyTile &tile) = 0;

  /// Builds a step.
  virtual void build(PanelBuilder &p, const PanelState &state,
                     const KeyTile &tile) = 0;

protected:
  /// Returns the score of a key, a position in the tile, after the softcap and
  /// the masks of the tile.
  Row finishScore(PanelBuilder &p, const KeyTile &tile, Value key, Row score);

  /// Returns the larger of each two values. Ignores NaN in `scores`, which
  /// reaches its row through the weights.
  Row takeLarger(PanelBuilder &p, const Row &scores, const Row &max);

  /// Returns the scaled maxima of rows with these largest scores.
  Row scaleMax(PanelBuilder &p, const Row &scores);

  /// Returns 2^(oldMax - max).
  Row getRescaling(PanelBuilder &p, const Row &oldMax, const Row &max);

  /// Returns the factors of the scores of rows with these maxima.
  Row getFactors(PanelBuilder &p, const Row &max);

  /// Returns 2^(score * factor - max).
  Row getWeights(PanelBuilder &p, const Row &score, const Row &factors,
                 const Row &negatedMax);

  ImplicitLocOpBuilder &b;
  AttentionOpInterface attention;
  const VectorUnit unit;
};

/// Multiplies elements of f32, or halves that are converted to f32 once for all
/// panels, by vectors of rows.
std::unique_ptr<PanelStep> createVectorStep(ImplicitLocOpBuilder &b,
                                            AttentionOpInterface attention,
                                            const VectorUnit &unit,
                                            int64_t wholeKeys);

/// Multiplies bf16, by tiles or by pairs. `wholeKeys` is rounded up to whole
/// tiles.
std::unique_ptr<PanelStep> createTileStep(ImplicitLocOpBuilder &b,
                                          AttentionOpInterface attention,
                                          const VectorUnit &unit,
                                          ProductKind kind, int64_t wholeKeys);

} // namespace mlir::diff

#endif // DIFF_LIB_CONVERSION_DIFFTOVECTOR_PANELSTEP_H
