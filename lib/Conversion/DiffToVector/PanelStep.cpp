//===- PanelStep.cpp - One step of the online softmax ---------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PanelStep.h"
#include "diff/Dialect/Diff/Transforms/AttentionBuilders.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include <cmath>
#include <numeric>

using namespace mlir;
using namespace mlir::diff;

/// Iterations of a product over head dimensions or keys in the body of its loop.
static constexpr int64_t kUnroll = 4;

void PanelStep::build(const PanelState &state, const KeyTile &tile) {
  Row oldMax = p.load(state.max), oldSum = p.load(state.sum);
  Row tileMax = buildScores(state, tile);
  Row max = p.map({oldMax, tileMax}, [&](ValueRange v) -> Value {
    Value scaled = buildScaledMax(b, b.getLoc(), v[1], attention);
    Value isAbove =
        arith::CmpFOp::create(b, arith::CmpFPredicate::OGT, scaled, v[0]);
    return arith::SelectOp::create(b, isAbove, scaled, v[0]);
  });
  Row factor = p.map({oldMax, max}, [&](ValueRange v) -> Value {
    return math::Exp2Op::create(b, arith::SubFOp::create(b, v[0], v[1]));
  });
  Row tileSum = buildWeights(state, tile, max);
  Row sum = p.map({oldSum, factor, tileSum}, [&](ValueRange v) -> Value {
    return vector::FMAOp::create(b, v[0], v[1], v[2]);
  });
  p.store(max, state.max);
  p.store(sum, state.sum);
  accumulate(state, tile, factor);
}

void PanelStep::forEachTile(int64_t size,
                            function_ref<void(Value, int64_t)> body) {
  int64_t depth = std::min(p.plan.depth, size), whole = size / depth * depth;
  p.loop(p.index(0), p.index(whole), depth,
         [&](Value first) { body(first, depth); });
  if (whole != size)
    body(p.index(whole), size - whole);
}

Row PanelStep::finishScore(const KeyTile &tile, Value key, Row score) {
  score = p.map(score, [&](ValueRange v) {
    return capScore(b, b.getLoc(), v[0], attention);
  });
  if (tile.firstVisible.empty() && tile.lastVisible.empty())
    return score;
  VectorType positions = VectorType::get(p.plan.lanes, b.getI32Type());
  Value position = vector::BroadcastOp::create(
      b, positions, arith::IndexCastOp::create(b, b.getI32Type(), key));
  Value hidden = p.constant(-INFINITY);
  auto hide = [&](const Row &bound, arith::CmpIPredicate predicate) {
    if (!bound.empty())
      score = p.map({bound, score}, [&](ValueRange v) -> Value {
        Value isVisible =
            arith::CmpIOp::create(b, predicate, position, v[0]);
        return arith::SelectOp::create(b, isVisible, v[1], hidden);
      });
  };
  hide(tile.firstVisible, arith::CmpIPredicate::sge);
  hide(tile.lastVisible, arith::CmpIPredicate::sle);
  return score;
}

Row PanelStep::buildScores(const PanelState &state, const KeyTile &tile) {
  int64_t d = cast<ShapedType>(tile.key.getType()).getDimSize(1);
  int64_t depth = std::min(p.plan.depth, tile.size);
  auto tileScores = [&](Value first, int64_t depth, Row max) {
    // Keys after the last one are read in its place and get no weight.
    SmallVector<Value> keys;
    for (int64_t i = 0; i < depth; ++i) {
      Value key = p.add(first, p.index(i));
      if (tile.count)
        key = p.min(key, arith::SubIOp::create(b, tile.count, p.index(1)));
      keys.push_back(p.add(tile.first, key));
    }
    SmallVector<Row> scores = p.multiply(
        depth, p.index(d), std::gcd(d, kUnroll), state.query,
        [&](int64_t i, Value k) -> Value {
          return memref::LoadOp::create(b, tile.key, ValueRange{keys[i], k});
        });
    for (auto [i, score] : llvm::enumerate(scores)) {
      Value key = p.add(first, p.index(i));
      score = finishScore(tile, key, score);
      p.store(score, state.scores, key);
      max = p.map({score, max}, [&](ValueRange v) -> Value {
        // Ignores NaN, which reaches its row through the weights.
        Value isAbove =
            arith::CmpFOp::create(b, arith::CmpFPredicate::OGT, v[0], v[1]);
        return arith::SelectOp::create(b, isAbove, v[0], v[1]);
      });
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

Row PanelStep::buildWeights(const PanelState &state, const KeyTile &tile,
                            const Row &max) {
  double factor = getScoreFactor(attention, ExpBase::Two);
  Row factors = hasCoarseRows(attention)
                    ? p.map(max,
                            [&](ValueRange v) {
                              return selectByMax(b, b.getLoc(), v[0],
                                                 getCoarseFactor(factor),
                                                 factor);
                            })
                    : Row(p.plan.vectors,
                          createFactor(b, b.getLoc(), p.lane, factor));
  Row offset = p.map(max, [&](ValueRange v) -> Value {
    return arith::NegFOp::create(b, v[0]);
  });
  return p.loop(p.index(0), getCount(tile), 1, {p.splat(0.0)},
                [&](Value key, ArrayRef<Row> sum) {
                  Row weights = p.map(
                      {p.load(state.scores, key), factors, offset},
                      [&](ValueRange v) -> Value {
                        return math::Exp2Op::create(
                            b, vector::FMAOp::create(b, v[0], v[1], v[2]));
                      });
                  p.store(weights, state.scores, key);
                  return SmallVector<Row>{
                      p.map({sum[0], weights}, [&](ValueRange v) -> Value {
                        return arith::AddFOp::create(b, v[0], v[1]);
                      })};
                })[0];
}

void PanelStep::accumulate(const PanelState &state, const KeyTile &tile,
                           const Row &factor) {
  int64_t offset = 0;
  for (Value value : tile.values) {
    int64_t width = cast<ShapedType>(value.getType()).getDimSize(1);
    forEachTile(width, [&](Value first, int64_t depth) {
      SmallVector<Value> columns;
      for (int64_t i = 0; i < depth; ++i)
        columns.push_back(p.add(first, p.index(i)));
      SmallVector<Row> sums = p.multiply(
          depth, getCount(tile), tile.count ? 1 : std::gcd(tile.size, kUnroll),
          state.scores, [&](int64_t i, Value key) -> Value {
            return memref::LoadOp::create(
                b, value, ValueRange{p.add(tile.first, key), columns[i]});
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
