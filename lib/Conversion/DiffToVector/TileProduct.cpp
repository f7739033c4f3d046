//===- TileProduct.cpp - Products of tiles of bf16 (AMX) ------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TileProduct.h"
#include "mlir/Dialect/AMX/AMXDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Dialect/X86Vector/X86VectorDialect.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::diff;

/// Accumulators in registers. With a tile of the left operand and two of the
/// right one, 7 of the 8 registers are live, and none is spilled.
static constexpr int64_t kAccumulators = 4;
static constexpr int64_t kColumns = 2;

void TileProduct::build(PanelBuilder &p) const {
  if (kind == ProductKind::Pairs)
    buildByPairs(p);
  else
    buildByTiles(p);
}

void TileProduct::buildByPairs(PanelBuilder &p) const {
  int64_t numRows = rows * kTileRows, depth = p.plan.depth;
  int64_t whole = numRows / depth * depth;
  p.loop(p.index(0), p.index(whole), depth,
         [&](Value row) { buildRows(p, row, depth); });
  if (whole != numRows)
    buildRows(p, p.index(whole), numRows - whole);
}

void TileProduct::buildRows(PanelBuilder &p, Value row, int64_t numRows) const {
  ImplicitLocOpBuilder &b = p.b;
  constexpr int64_t kUnroll = 4;
  VectorType pair = VectorType::get(2, b.getBF16Type());
  VectorType word = VectorType::get(1, b.getI32Type());
  VectorType words = VectorType::get(p.plan.lanes, b.getI32Type());
  VectorType pairs = VectorType::get(2 * p.plan.lanes, b.getBF16Type());
  SmallVector<Value> positions;
  SmallVector<Row> sums;
  for (int64_t i = 0; i < numRows; ++i) {
    positions.push_back(p.add(row, p.index(i)));
    sums.push_back(addsToResult ? p.load(result, positions[i]) : p.splat(0.0));
  }
  auto addProducts = [&](Value panel, Value k, MutableArrayRef<Row> sums) {
    Row columns;
    for (int64_t j = 0; j < p.plan.vectors; ++j)
      columns.push_back(vector::LoadOp::create(
          b, pairs, panel, ValueRange{k, p.index(2 * j * p.plan.lanes)}));
    for (auto [position, sum] : llvm::zip_equal(positions, sums)) {
      Value elements = vector::LoadOp::create(
          b, pair, lhs, ValueRange{p.add(firstRow, position), p.mul(k, 2)});
      Value both = vector::ExtractOp::create(
          b, vector::BitCastOp::create(b, word, elements), 0);
      Value repeated = vector::BitCastOp::create(
          b, pairs, vector::BroadcastOp::create(b, words, both));
      sum = p.map({sum, columns}, [&](ValueRange v) -> Value {
        return x86vector::DotBF16Op::create(b, v[0], repeated, v[1]);
      });
    }
  };
  for (Value panel : rhs)
    sums = p.loop(p.mul(begin, kTileDepth / 2), p.mul(end, kTileDepth / 2),
                  kUnroll, sums, [&](Value first, ArrayRef<Row> carried) {
                    SmallVector<Row> next(carried);
                    for (int64_t u = 0; u < kUnroll; ++u)
                      addProducts(panel, p.add(first, p.index(u)), next);
                    return next;
                  });
  for (auto [position, sum] : llvm::zip_equal(positions, sums))
    p.store(sum, result, position);
}

void TileProduct::buildByTiles(PanelBuilder &p) const {
  for (int64_t column = 0; column < p.plan.vectors; column += kColumns) {
    int64_t numColumns = std::min(kColumns, p.plan.vectors - column);
    int64_t numRows = std::min(kAccumulators / numColumns, rows);
    int64_t whole = rows / numRows * numRows;
    p.loop(p.index(0), p.index(whole), numRows,
           [&](Value row) { buildTile(p, row, numRows, column, numColumns); });
    if (whole != rows)
      buildTile(p, p.index(whole), rows - whole, column, numColumns);
  }
}

void TileProduct::buildTile(PanelBuilder &p, Value row, int64_t numRows,
                            int64_t column, int64_t numColumns) const {
  ImplicitLocOpBuilder &b = p.b;
  auto operand = amx::TileType::get({kTileRows, kTileDepth}, b.getBF16Type());
  auto sum = amx::TileType::get({kTileRows, kTileRows}, b.getF32Type());
  // The position of accumulator `number` in the result.
  auto getPosition = [&](int64_t number) {
    Value tile = p.add(row, p.index(number / numColumns));
    return SmallVector<Value>{
        p.mul(tile, kTileRows),
        p.index((column + number % numColumns) * kTileRows)};
  };
  SmallVector<Value> sums;
  for (int64_t i = 0; i < numRows * numColumns; ++i)
    sums.push_back(addsToResult ? Value(amx::TileLoadOp::create(b, sum, result,
                                                                getPosition(i)))
                                : Value(amx::TileZeroOp::create(b, sum)));
  for (Value panel : rhs) {
    auto loop = scf::ForOp::create(
        b, begin, end, p.index(1), sums,
        [&](OpBuilder &, Location, Value k, ValueRange carried) {
          SmallVector<Value> next(carried), columns;
          for (int64_t j = 0; j < numColumns; ++j)
            columns.push_back(amx::TileLoadOp::create(
                b, operand, panel,
                ValueRange{p.mul(k, kTileRows),
                           p.index((column + j) * kTileDepth)}));
          for (int64_t i = 0; i < numRows; ++i) {
            Value first = p.add(firstRow, getPosition(i * numColumns)[0]);
            Value tile = amx::TileLoadOp::create(
                b, operand, lhs, ValueRange{first, p.mul(k, kTileDepth)});
            for (int64_t j = 0; j < numColumns; ++j) {
              Value &accumulator = next[i * numColumns + j];
              accumulator = amx::TileMulFOp::create(b, sum, tile, columns[j],
                                                    accumulator);
            }
          }
          scf::YieldOp::create(b, next);
        });
    sums.assign(loop.result_begin(), loop.result_end());
  }
  for (auto [i, tile] : llvm::enumerate(sums))
    amx::TileStoreOp::create(b, result, getPosition(i), tile);
}

/// Reads `size` elements of a row, with zeros after the last one.
static Value readRow(PanelBuilder &p, Value buffer, ArrayRef<Value> position,
                     int64_t size, bool inBounds) {
  ImplicitLocOpBuilder &b = p.b;
  VectorType type = VectorType::get(size, b.getBF16Type());
  Value zero = arith::ConstantOp::create(b, b.getZeroAttr(b.getBF16Type()));
  return vector::TransferReadOp::create(b, type, buffer, position, zero,
                                        ArrayRef(inBounds));
}

void diff::packPairs(PanelBuilder &p, Value buffer, int64_t width, Value pairs,
                     function_ref<SmallVector<Value>(Value)> indices) {
  ImplicitLocOpBuilder &b = p.b;
  int64_t lanes = p.plan.lanes;
  bool inBounds = width % kTileDepth == 0;
  VectorType words = VectorType::get(lanes, b.getI32Type());
  VectorType halves = VectorType::get(2 * lanes, b.getBF16Type());
  p.loop(p.index(0), p.index(p.plan.getLanes()), lanes, [&](Value firstLane) {
    p.loop(p.index(0), p.index(width), kTileDepth, [&](Value first) {
      SmallVector<Value> rows;
      for (int64_t i = 0; i < lanes; ++i) {
        SmallVector<Value> position = indices(
            p.min(p.add(firstLane, p.index(i)), p.index(p.plan.getRows() - 1)));
        position.push_back(first);
        rows.push_back(vector::BitCastOp::create(
            b, words, readRow(p, buffer, position, kTileDepth, inBounds)));
      }
      for (auto [i, column] : llvm::enumerate(p.transpose(rows)))
        vector::StoreOp::create(b, vector::BitCastOp::create(b, halves, column),
                                pairs,
                                ValueRange{p.add(p.div(first, 2), p.index(i)),
                                           p.mul(firstLane, 2)});
    });
  });
}

/// Returns the row to read for row `row` of a tile from `first` on.
static Value getRow(PanelBuilder &p, Value first, Value row, Value count) {
  if (count)
    row = p.min(row, arith::SubIOp::create(p.b, count, p.index(1)));
  return p.add(first, row);
}

void diff::copyRows(PanelBuilder &p, Value view, int64_t width, Value copy,
                    Value first, int64_t size, Value count) {
  bool inBounds = width % kTileDepth == 0;
  p.loop(p.index(0), p.index(size), 1, [&](Value row) {
    Value source = getRow(p, first, row, count);
    p.loop(p.index(0), p.index(width), kTileDepth, [&](Value column) {
      vector::StoreOp::create(
          p.b, readRow(p, view, {source, column}, kTileDepth, inBounds), copy,
          ValueRange{row, column});
    });
  });
}

void diff::transposeRows(PanelBuilder &p, Value view, Value columns,
                         int64_t offset, Value first, int64_t size,
                         Value count) {
  ImplicitLocOpBuilder &b = p.b;
  int64_t width = cast<ShapedType>(view.getType()).getDimSize(1);
  bool inBounds = width % kTileRows == 0;
  VectorType bits = VectorType::get(kTileRows, b.getI16Type());
  VectorType words = VectorType::get(kTileRows, b.getI32Type());
  VectorType halves = VectorType::get(kTileDepth, b.getBF16Type());
  Value shift =
      arith::ConstantOp::create(b, DenseElementsAttr::get(words, int32_t(16)));
  p.loop(p.index(0), p.index(size), kTileDepth, [&](Value firstRow) {
    p.loop(p.index(0), p.index(width), kTileRows, [&](Value column) {
      auto read = [&](int64_t i) -> Value {
        Value row = getRow(p, first, p.add(firstRow, p.index(i)), count);
        Value values = readRow(p, view, {row, column}, kTileRows, inBounds);
        return arith::ExtUIOp::create(
            b, words, vector::BitCastOp::create(b, bits, values));
      };
      // A word is an element of two rows.
      SmallVector<Value> pairs;
      for (int64_t i = 0; i < kTileDepth; i += 2)
        pairs.push_back(arith::OrIOp::create(
            b, read(i), arith::ShLIOp::create(b, read(i + 1), shift)));
      for (auto [i, values] : llvm::enumerate(p.transpose(pairs)))
        vector::StoreOp::create(
            b, vector::BitCastOp::create(b, halves, values), columns,
            ValueRange{p.add(column, p.index(offset + i)), firstRow});
    });
  });
}
