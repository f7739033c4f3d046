//===- RowPlan.h - Rows of an attention in vector lanes ---------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// On a CPU, the rows of an attention (query tokens x heads x maps) are the
// lanes of vectors. This file decides how many rows are computed together.
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_DIALECT_DIFF_TRANSFORMS_ROWPLAN_H
#define DIFF_DIALECT_DIFF_TRANSFORMS_ROWPLAN_H

#include "diff/Dialect/Diff/IR/Diff.h"

namespace mlir::diff {

/// The vector registers of a CPU.
struct VectorUnit {
  /// f32 elements of a register.
  int64_t lanes = 16;
  int64_t registers = 32;
  /// The CPU multiplies tiles of bf16 (AMX).
  bool amx = false;
  /// Dot products of pairs of bf16 are faster than products of f32.
  bool dots = false;
};

/// How the products of an attention are computed.
enum class ProductKind {
  /// f32 vectors of rows.
  Vectors,
  /// Tiles of bf16 (AMX).
  Tiles,
  /// Pairs of bf16 of each row (AVX512_BF16).
  Pairs
};

/// Selects the products of an attention, or of a tile of it. Where the process
/// may not use AMX, tiles are replaced by the products for a unit without it.
ProductKind selectProducts(const VectorUnit &unit, AttentionOpInterface op);

/// Maps of a head group whose rows are in one panel, because they read the same
/// keys.
struct RowGroup {
  int64_t firstMap;
  /// Maps in a panel.
  int64_t numMaps;
  /// The number of panels with `numMaps` maps each. Panel i reads key head
  /// firstKey + i of the value head.
  int64_t repeat;
  int64_t firstKey;
};

/// Returns the groups, which cover the maps of a head group in order.
SmallVector<RowGroup> getRowGroups(AttentionOpInterface op);

/// Returns the most rows that a group has for each query token, for a tile of
/// this number of head groups.
int64_t getRowsPerToken(AttentionOpInterface op, int64_t heads);

/// Returns true if so few rows read a key head that the elements of a row are
/// better lanes than the rows.
bool isFewRows(const VectorUnit &unit, int64_t rows);

/// The largest depth of a tile, see `RowPlan`.
inline constexpr int64_t kMaxPanelDepth = 6;

/// A panel: the rows of some query tokens as the lanes of `vectors` registers.
/// Row r is head r / tokens (in the order head group, map) and token r mod
/// tokens. Lanes after the last row repeat it.
struct RowPlan {
  int64_t lanes;
  int64_t vectors;
  int64_t tokens;
  int64_t rowsPerToken;
  /// Keys of a score tile, or elements of an output tile, whose sums are in
  /// registers.
  int64_t depth;

  int64_t getLanes() const { return lanes * vectors; }
  int64_t getRows() const { return tokens * rowsPerToken; }
};

/// Returns the largest number of registers of a panel. Its product with the
/// depth of a tile, a panel, and one broadcast element are in registers; or its
/// rows are two columns of tiles.
int64_t getMaxPanelVectors(const VectorUnit &unit, ProductKind kind);

/// Selects a panel for rows of up to `maxTokens` query tokens. If `divides`,
/// its tokens divide `maxTokens`.
RowPlan planRows(const VectorUnit &unit, ProductKind kind, int64_t rowsPerToken,
                 int64_t maxTokens, bool divides);

} // namespace mlir::diff

#endif // DIFF_DIALECT_DIFF_TRANSFORMS_ROWPLAN_H
