//===- VectorStep.cpp - Steps with vectors of f32 -------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PanelStep.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/TypeUtilities.h"
#include <cmath>
#include <numeric>

using namespace mlir;
using namespace mlir::diff;

/// Iterations of a product over head dimensions or keys in the body of its
/// loop.
static constexpr int64_t kUnroll = 4;

/// Keys of a step with a mask. Few keys leave few masked scores at the
/// diagonal.
static constexpr int64_t kMaskedKeys = 16;

namespace {
/// Queries are panels [d][lanes] of f32. The weights of a tile replace its
/// scores.
class VectorStep : public PanelStep {
public:
  VectorStep(ImplicitLocOpBuilder &b, AttentionOpInterface attention,
             const VectorUnit &unit, int64_t wholeKeys)
      : PanelStep(b, attention, unit, wholeKeys, kMaskedKeys,
                  /*sharesMaskedTiles=*/false),
        isWide(attention.getComputeType() ==
               getElementTypeOrSelf(
                   attention.getOperation()->getOperand(kKeyOperand))) {}

  Value allocateQuery(const RowPlan &plan, int64_t panels) override {
    int64_t d = alignToLanes(attention.getDimSize('d'));
    return allocate({panels, d, plan.getLanes()}, b.getF32Type());
  }

  StepBuffers allocateBuffers(const RowPlan &plan) override {
    int64_t d = alignToLanes(attention.getDimSize('d'));
    StepBuffers buffers;
    buffers.scores = allocate({getMaxKeys(), plan.getLanes()}, b.getF32Type());
    if (!isWide)
      buffers.keys = allocate({getMaxKeys(), d}, b.getF32Type());
    return buffers;
  }

  void allocateValues(ArrayRef<int64_t> widths) override {
    if (isWide)
      return;
    for (int64_t width : widths)
      wideValues.push_back(
          allocate({getMaxKeys(), alignToLanes(width)}, b.getF32Type()));
  }

  void packQuery(PanelBuilder &p, Value buffer, Value query,
                 function_ref<SmallVector<Value>(Value)> indices) override {
    p.pack(buffer, attention.getDimSize('d'), query, indices);
  }

  KeyRows packKeys(PanelBuilder &p, Value view, Value copy, Value first,
                   int64_t size, Value count) override {
    if (!copy)
      return {view, first};
    return {widen(p, view, copy, first, count ? count : p.index(size)),
            p.index(0)};
  }

  void packValues(PanelBuilder &p, ArrayRef<Value> views, Value first,
                  KeyTile &tile) override {
    tile.values.assign(views.begin(), views.end());
    tile.firstValue = isWide ? first : p.index(0);
    if (!isWide)
      for (auto [value, wide] : llvm::zip_equal(tile.values, wideValues))
        value = widen(p, value, wide, first, getCount(p, tile));
  }

  void build(PanelBuilder &p, const PanelState &state,
             const KeyTile &tile) override;

private:
  /// Copies rows [first, first + count) of a view to `wide` in f32. Returns the
  /// view to read.
  Value widen(PanelBuilder &p, Value view, Value wide, Value first,
              Value count);
  /// Stores the scores of the tile. Returns the largest of each row.
  Row buildScores(PanelBuilder &p, const PanelState &state,
                  const KeyTile &tile);
  /// Replaces the scores by weights. Returns their sums.
  Row buildWeights(PanelBuilder &p, const PanelState &state,
                   const KeyTile &tile, const Row &max);
  /// acc = acc * factor + weights * values.
  void accumulate(PanelBuilder &p, const PanelState &state, const KeyTile &tile,
                  const Row &factor);

  /// Calls `body` for tiles of up to `plan.depth` rows.
  void forEachTile(PanelBuilder &p, int64_t size,
                   function_ref<void(Value first, int64_t depth)> body);
  Value getCount(PanelBuilder &p, const KeyTile &tile) {
    return tile.count ? tile.count : p.index(tile.size);
  }

  /// True if keys and values are read in place.
  bool isWide;
  SmallVector<Value> wideValues;
};
} // namespace

std::unique_ptr<PanelStep>
diff::createVectorStep(ImplicitLocOpBuilder &b, AttentionOpInterface attention,
                       const VectorUnit &unit, int64_t wholeKeys) {
  return std::make_unique<VectorStep>(b, attention, unit, wholeKeys);
}

Value VectorStep::widen(PanelBuilder &p, Value view, Value wide, Value first,
                        Value count) {
  auto type = cast<MemRefType>(view.getType());
  VectorType narrow = VectorType::get(unit.lanes, type.getElementType());
  int64_t width = type.getDimSize(1);
  bool inBounds = width % unit.lanes == 0;
  Value zero =
      arith::ConstantOp::create(b, b.getZeroAttr(type.getElementType()));
  p.loop(p.index(0), count, 1, [&](Value row) {
    p.loop(p.index(0), p.index(width), unit.lanes, [&](Value column) {
      Value read = vector::TransferReadOp::create(
          b, narrow, view, ValueRange{p.add(first, row), column}, zero,
          ArrayRef(inBounds));
      vector::StoreOp::create(b, arith::ExtFOp::create(b, p.lane, read), wide,
                              ValueRange{row, column});
    });
  });
  // The buffer may be wider than the view.
  return memref::SubViewOp::create(
      b, wide, ArrayRef<OpFoldResult>{b.getIndexAttr(0), b.getIndexAttr(0)},
      ArrayRef<OpFoldResult>{b.getIndexAttr(getMaxKeys()),
                             b.getIndexAttr(width)},
      ArrayRef<OpFoldResult>{b.getIndexAttr(1), b.getIndexAttr(1)});
}

void VectorStep::build(PanelBuilder &p, const PanelState &state,
                       const KeyTile &tile) {
  Row oldMax = p.load(state.max), oldSum = p.load(state.sum);
  Row tileMax = buildScores(p, state, tile);
  Row max = takeLarger(p, scaleMax(p, tileMax), oldMax);
  Row factor = getRescaling(p, oldMax, max);
  Row tileSum = buildWeights(p, state, tile, max);
  Row sum = p.map({oldSum, factor, tileSum}, [&](ValueRange v) -> Value {
    return vector::FMAOp::create(b, v[0], v[1], v[2]);
  });
  p.store(max, state.max);
  p.store(sum, state.sum);
  accumulate(p, state, tile, factor);
}

void VectorStep::forEachTile(PanelBuilder &p, int64_t size,
                             function_ref<void(Value, int64_t)> body) {
  int64_t depth = std::min(p.plan.depth, size), whole = size / depth * depth;
  p.loop(p.index(0), p.index(whole), depth,
         [&](Value first) { body(first, depth); });
  if (whole != size)
    body(p.index(whole), size - whole);
}

Row VectorStep::buildScores(PanelBuilder &p, const PanelState &state,
                            const KeyTile &tile) {
  int64_t d = cast<ShapedType>(tile.keys.view.getType()).getDimSize(1);
  int64_t depth = std::min(p.plan.depth, tile.size);
  auto tileScores = [&](Value first, int64_t depth, Row max) {
    // Keys after the last one are read in its place and get no weight.
    SmallVector<Value> keys;
    for (int64_t i = 0; i < depth; ++i) {
      Value key = p.add(first, p.index(i));
      if (tile.count)
        key = p.min(key, arith::SubIOp::create(b, tile.count, p.index(1)));
      keys.push_back(p.add(tile.keys.first, key));
    }
    SmallVector<Row> scores =
        p.multiply(depth, p.index(d), std::gcd(d, kUnroll), state.query,
                   [&](int64_t i, Value k) -> Value {
                     return memref::LoadOp::create(b, tile.keys.view,
                                                   ValueRange{keys[i], k});
                   });
    for (auto [i, score] : llvm::enumerate(scores)) {
      Value key = p.add(first, p.index(i));
      score = finishScore(p, tile, key, score);
      p.store(score, state.buffers->scores, key);
      max = takeLarger(p, score, max);
    }
    return max;
  };
  int64_t whole = tile.size / depth * depth;
  SmallVector<Row> max =
      p.loop(p.index(0), p.index(whole), depth, {p.splat(-INFINITY)},
             [&](Value first, ArrayRef<Row> carried) {
               return SmallVector<Row>{tileScores(first, depth, carried[0])};
             });
  if (whole == tile.size)
    return max[0];
  return tileScores(p.index(whole), tile.size - whole, max[0]);
}

Row VectorStep::buildWeights(PanelBuilder &p, const PanelState &state,
                             const KeyTile &tile, const Row &max) {
  Row factors = getFactors(p, max);
  Row offset = p.map(max, [&](ValueRange v) -> Value {
    return arith::NegFOp::create(b, v[0]);
  });
  Value scores = state.buffers->scores;
  return p.loop(p.index(0), getCount(p, tile), 1, {p.splat(0.0)},
                [&](Value key, ArrayRef<Row> sum) {
                  Row weights =
                      getWeights(p, p.load(scores, key), factors, offset);
                  p.store(weights, scores, key);
                  return SmallVector<Row>{
                      p.map({sum[0], weights}, [&](ValueRange v) -> Value {
                        return arith::AddFOp::create(b, v[0], v[1]);
                      })};
                })[0];
}

void VectorStep::accumulate(PanelBuilder &p, const PanelState &state,
                            const KeyTile &tile, const Row &factor) {
  int64_t offset = 0;
  for (Value value : tile.values) {
    int64_t width = cast<ShapedType>(value.getType()).getDimSize(1);
    forEachTile(p, width, [&](Value first, int64_t depth) {
      SmallVector<Value> columns;
      for (int64_t i = 0; i < depth; ++i)
        columns.push_back(p.add(first, p.index(i)));
      SmallVector<Row> sums = p.multiply(
          depth, getCount(p, tile),
          tile.count ? 1 : std::gcd(tile.size, kUnroll), state.buffers->scores,
          [&](int64_t i, Value key) -> Value {
            return memref::LoadOp::create(
                b, value, ValueRange{p.add(tile.firstValue, key), columns[i]});
          });
      // Sums of one tile first: the error grows with the size of a tile and the
      // number of tiles instead of the number of keys.
      for (auto [i, sum] : llvm::enumerate(sums)) {
        Value column = p.add(columns[i], p.index(offset));
        Row acc = p.map({p.load(state.acc, column), factor, sum},
                        [&](ValueRange v) -> Value {
                          return vector::FMAOp::create(b, v[0], v[1], v[2]);
                        });
        p.store(acc, state.acc, column);
      }
    });
    offset += width;
  }
}
