//===- AttentionBuilders.h - Parts of an attention in linalg ----*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The steps that the unfused and the online form of an attention share.
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_DIALECT_DIFF_TRANSFORMS_ATTENTIONBUILDERS_H
#define DIFF_DIALECT_DIFF_TRANSFORMS_ATTENTIONBUILDERS_H

#include "diff/Dialect/Diff/IR/Diff.h"
#include "diff/Dialect/Diff/Transforms/NamedGeneric.h"
#include <limits>

namespace mlir::diff {

/// The base of the exponentials of the running values.
enum class ExpBase { E, Two };

/// The loops over the rows of an attention: b batch, g value head, r query head
/// of a group, a map, n query token. The other loops are m key token, d head
/// dimension and v value head dimension. If the maps share their keys, and
/// neither the query nor the running values have them as a dimension, r
/// includes the map. Running values that have them as a dimension have another
/// order of the loops.
inline constexpr StringLiteral kRowLoops = "bgran";

/// Rounds a finite nonzero factor or summand to a finite nonzero f32. Otherwise
/// a large factor would become infinity, and its product with 0 NaN. `type` is
/// a float type or a vector of one, as in the other functions for elements.
Value createFactor(OpBuilder &builder, Location loc, Type type, double value);

/// Returns the size of a dimension of a tensor or memref.
OpFoldResult getMixedSize(OpBuilder &builder, Location loc, Value shaped,
                          int64_t dim);

/// Returns the size of the dimension of this letter.
OpFoldResult getMixedSize(OpBuilder &builder, AttentionOpInterface op,
                          char letter);

/// The maps of a head group whose rows are computed together. If all maps
/// share a key head, the part has all maps, and the map belongs to the loop r.
/// If each map has a key head, the part has all maps, and the map is the loop
/// a. Otherwise the part has the maps that read the key head `keyMap`, and the
/// map is the loop a; or it has all maps, the map is the loop a, and map a
/// reads the key head `a floordiv mapsPerKey`.
struct KeyPart {
  int64_t firstMap, numMaps;
  std::optional<int64_t> keyMap;
  std::optional<int64_t> mapsPerKey;
};

/// Returns the parts of the maps of a head group, which cover all of them. If
/// `together`, there is one part if there are two key heads.
SmallVector<KeyPart> getKeyParts(AttentionOpInterface op,
                                 bool together = false);

/// The rows for each query token of a tile for tensor cores.
struct TileRows {
  /// Maps of a head group and head groups, both with padding.
  int64_t maps, heads;
  /// The map is a dimension of its own, outside of the heads. If a group has
  /// several signal heads, they are the first map, and the noise head is the
  /// second map of the first head; the other noise rows are padding.
  bool areSplit = false;
};

/// Returns the fewest query tokens of a tile in which several heads fill
/// instructions together. Maps with keys of their own are in different warps,
/// which exchange row values in chunks of 16 bytes.
int64_t getFewestTokens(AttentionOpInterface op);

/// Returns the rows of a tile of `heads` head groups and `queries` tokens. The
/// rows of few tokens fill whole instructions of 16 rows: with those of other
/// head groups, or with padding if a group has several signal heads.
TileRows getTileRows(AttentionOpInterface op, int64_t heads, int64_t queries);

/// `viewRows` returns the part's rows of the values `rows` of all maps, whose
/// dimensions are `dims`, over the loops of rows and keys. `unviewRows` writes
/// them back.
NamedValue viewRows(NamedGenericBuilder &named, const KeyPart &part, Value rows,
                    StringRef dims);
Value unviewRows(NamedGenericBuilder &named, const KeyPart &part,
                 const NamedValue &values, Value rows, StringRef dims);

/// Returns the query, key or value operand as a tensor over the loops below,
/// with split heads and the dimensions in the order of the op's layout.
NamedValue viewOperand(NamedGenericBuilder &named, AttentionOpInterface op,
                       const KeyPart &part, AttentionOperand operand);

/// Declares the loops of `op`. `dropUnits` drops the loops of size 1.
void declareAttentionLoops(NamedGenericBuilder &named, OpBuilder &builder,
                           AttentionOpInterface op, const KeyPart &part,
                           bool dropUnits);

/// Returns true if the op has a softcap that affects the scores.
bool isCapped(AttentionOpInterface op);

/// Returns the score before its factor (`getScoreFactor`): the product of query
/// and key, or tanh(scale Q K^T / softcap) with a softcap.
Value capScore(OpBuilder &builder, Location loc, Value score,
               AttentionOpInterface op);

/// Returns the factor of the scores in the exponential: the scale or the
/// softcap, times log2(e) in base 2.
double getScoreFactor(AttentionOpInterface op, ExpBase base);

/// The running maximum of a row that has seen no key.
inline constexpr double kLowestMax = -std::numeric_limits<float>::max();

/// Returns whether a row may need a factor other than the score factor, see
/// `buildScaledMax`.
bool hasCoarseRows(AttentionOpInterface op);

/// Returns the largest score of a row times the factor of the row: the score
/// factor in base 2, or the power of two above it if the product of the score
/// and the score factor would lose whole units.
///
/// The exponents of a row are fma(score, factor, -max), where max is the scaled
/// maximum. The score factor makes max a rounded product, while the product in
/// the fused multiply-add is exact: all weights of the row are off by 2^r,
/// where r is the rounding error. The sum of the weights cancels this factor as
/// long as the weights stay in range. Up to |max| = 2^27, |r| is at most 4.
/// Above, f32 scores near the largest one differ by more than 8 units of the
/// exponent or not at all. Keys below the maximum then have weights below 2^-8
/// with either factor, and rounding the scores to f32 changes these weights by
/// up to 2^4. With a power of two, the product is exact.
///
/// Scaled maxima keep the order of the scores, and determine their factor.
Value buildScaledMax(OpBuilder &builder, Location loc, Value score,
                     AttentionOpInterface op);

/// Returns `coarse` if the factor of the scaled maximum is a power of two, and
/// `fine` if it is the score factor.
Value selectByMax(OpBuilder &builder, Location loc, Value max, double coarse,
                  double fine);

/// Returns the power of two that `buildScaledMax` uses for this score factor.
double getCoarseFactor(double factor);

/// scores[rows m] = Q K^T, or tanh(scale Q K^T / softcap) with a softcap, and
/// -inf where masked. The scores must be multiplied by the score factor.
NamedValue buildScores(NamedGenericBuilder &named, OpBuilder &builder,
                       AttentionOpInterface op, StringRef rows,
                       const NamedValue &query, const NamedValue &key);

/// Returns whether weights that are rounded for the second product must be
/// multiplied in two parts, the rounded weight and the rounding error. With a
/// small scale, the weights of all keys are similar, and so are the two maps:
/// their difference is small, while the rounding errors of their weights add
/// up.
bool splitsWeights(AttentionOpInterface op);

/// Returns the scores times their factor.
NamedValue scaleScores(NamedGenericBuilder &named, OpBuilder &builder,
                       AttentionOpInterface op, const NamedValue &scores,
                       ExpBase base);

/// destination[rows v] += P[rows m] V.
NamedValue accumulateValues(NamedGenericBuilder &named,
                            const NamedValue &scores, const NamedValue &value,
                            const NamedValue &destination);

/// destination[rows] = max(destination, max over m of scores).
NamedValue accumulateRowMax(NamedGenericBuilder &named,
                            const NamedValue &scores,
                            const NamedValue &destination);

/// destination[rows] += sum over m of scores.
NamedValue accumulateRowSum(NamedGenericBuilder &named,
                            const NamedValue &scores,
                            const NamedValue &destination);

/// The maximum of a row as exponent offset: 0 for a row that sees no key.
NamedValue buildSafeMax(NamedGenericBuilder &named, const NamedValue &rowMax);

/// exp(value - offset) in the given base, written to `destination`.
Value buildExp(OpBuilder &builder, Location loc, Value value, Value offset,
               ExpBase base);

/// Builds the epilogue of `op` from complete running values, acc [B, maps h, N,
/// dv], max and sum [B, maps h, N], or from those of split rows (`TileRows`).
/// In base 2, the maxima are scaled ones. Returns one value for each result of
/// `op`.
SmallVector<Value> buildEpilogue(OpBuilder &builder,
                                 AttentionCombineOpInterface op, Value acc,
                                 Value max, Value sum, ExpBase base);

} // namespace mlir::diff

#endif // DIFF_DIALECT_DIFF_TRANSFORMS_ATTENTIONBUILDERS_H
