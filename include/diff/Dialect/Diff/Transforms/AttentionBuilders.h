//===- AttentionBuilders.h - Pieces of an attention in linalg ---*- C++ -*-===//
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

namespace mlir::diff {

/// Base of the exponentials that running values are kept in.
enum class ExpBase { E, Two };

/// Loops of the rows and keys of an attention:
/// b batch, g value head, r query head of a group, a map, n query token,
/// m key token, d head dimension, v value head dimension.
/// Rows whose keys are shared have their map inside r.
struct AttentionLoops {
  static constexpr StringLiteral rows = "bgran";
  static constexpr StringLiteral scores = "bgranm";
  static constexpr StringLiteral accumulator = "bgranv";
};

/// A factor or summand that is finite and not 0, as attributes are, keeps being
/// so in f32: with infinity for a large one, 0 times it would be NaN.
Value createFactor(OpBuilder &builder, Location loc, Type type, double value);

/// The size of a dimension of a tensor or memref.
OpFoldResult getMixedSize(OpBuilder &builder, Location loc, Value shaped,
                          int64_t dim);

/// The size of the dimension of this letter.
OpFoldResult getMixedSize(OpBuilder &builder, AttentionOpInterface op,
                          char letter);

/// The query, key or value operand as a tensor over the loops below: its heads
/// split, its dimensions in the order of the op's layout.
NamedValue viewOperand(NamedGenericBuilder &named, AttentionOpInterface op,
                       AttentionOperand operand);

/// Declares the loops of `op`; `dropUnits` drops those of size 1.
void declareAttentionLoops(NamedGenericBuilder &named, OpBuilder &builder,
                           AttentionOpInterface op, bool dropUnits);

/// Whether the scores pass through a softcap that can be told from none.
bool isCapped(AttentionOpInterface op);

/// What the scores are multiplied by in front of the exponential: the scale, or
/// the softcap, times log2(e) in base 2.
double getScoreFactor(AttentionOpInterface op, ExpBase base);

/// scores[bgranm] = Q K^T, or tanh(scale Q K^T / softcap) where there is a
/// softcap; -inf where masked. Both are to be multiplied by the score factor.
NamedValue buildScores(NamedGenericBuilder &named, OpBuilder &builder,
                       AttentionOpInterface op, const NamedValue &query,
                       const NamedValue &key);

/// The scores times their factor.
NamedValue scaleScores(NamedGenericBuilder &named, OpBuilder &builder,
                       AttentionOpInterface op, const NamedValue &scores,
                       ExpBase base);

/// destination[bgranv] += P[bgranm] V.
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

/// A row's maximum as an exponent's offset: 0 for a row that sees no key.
NamedValue buildSafeMax(NamedGenericBuilder &named, const NamedValue &rowMax);

/// exp(value - offset) in the given base, in place of `destination`'s.
Value buildExp(OpBuilder &builder, Location loc, Value value, Value offset,
               ExpBase base);

/// The epilogue of `op` from whole running values acc [B, maps h, N, dv], max
/// and sum [B, maps h, N]: one value for each result of `op`.
SmallVector<Value> buildEpilogue(OpBuilder &builder,
                                 AttentionCombineOpInterface op, Value acc,
                                 Value max, Value sum, ExpBase base);

} // namespace mlir::diff

#endif // DIFF_DIALECT_DIFF_TRANSFORMS_ATTENTIONBUILDERS_H
