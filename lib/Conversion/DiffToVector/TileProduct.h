//===- TileProduct.h - Products of tiles of bf16 (AMX) ----------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_LIB_CONVERSION_DIFFTOVECTOR_TILEPRODUCT_H
#define DIFF_LIB_CONVERSION_DIFFTOVECTOR_TILEPRODUCT_H

#include "RowPanels.h"

namespace mlir::diff {

/// A tile register holds 16 rows of 64 bytes. An instruction multiplies 16 rows
/// of 32 elements by 32 rows of 16, which are stored as pairs of rows
/// [16][16][2], and adds the product to 16 rows of 16 f32.
inline constexpr int64_t kTileRows = 16;
inline constexpr int64_t kTileDepth = 32;

/// The product of a matrix by a panel of pairs:
///   result[i][r] (+)= sum over k, parts of
///                     lhs[firstRow + i][k] * rhs[part][k / 2][r][k % 2]
/// where r are the rows of the panel.
struct TileProduct {
  /// The instructions: `Tiles` or `Pairs`.
  ProductKind kind = ProductKind::Tiles;
  Value lhs, firstRow;
  /// The number of tiles of rows of `lhs`.
  int64_t rows;
  SmallVector<Value, 2> rhs;
  /// The range of k in tiles.
  Value begin, end;
  Value result;
  bool addsToResult = false;

  void build(PanelBuilder &p) const;

private:
  /// Build the instructions.
  void buildByTiles(PanelBuilder &p) const;
  void buildByPairs(PanelBuilder &p) const;
  /// Builds the dot products of `numRows` rows from `row` on.
  void buildRows(PanelBuilder &p, Value row, int64_t numRows) const;
  /// Builds tiles from `row` on of `numRows` x `numColumns` accumulators.
  void buildTile(PanelBuilder &p, Value row, int64_t numRows, int64_t column,
                 int64_t numColumns) const;
};

/// Copies `width` elements of each row of a panel from `buffer` to pairs
/// [width / 2][lanes][2], with zeros up to a whole tile. `indices` are those of
/// `PanelBuilder::pack`.
void packPairs(PanelBuilder &p, Value buffer, int64_t width, Value pairs,
               function_ref<SmallVector<Value>(Value)> indices);

/// Copies rows [first, first + size) of `width` elements to the first rows of
/// `copy`, with zeros after each. Rows after the last of `count` repeat it;
/// `count` may be null.
void copyRows(PanelBuilder &p, Value view, int64_t width, Value copy,
              Value first, int64_t size, Value count);

/// Transposes the same rows to the first columns of `columns`, from row
/// `offset` on, with rows of zeros up to a whole tile.
void transposeRows(PanelBuilder &p, Value view, Value columns, int64_t offset,
                   Value first, int64_t size, Value count);

} // namespace mlir::diff

#endif // DIFF_LIB_CONVERSION_DIFFTOVECTOR_TILEPRODUCT_H
