//===- FewRowsStep.cpp - One step of the online softmax of few rows -------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FewRows.h"
#include "diff/Dialect/Diff/Transforms/AttentionBuilders.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/MathExtras.h"
#include <cmath>
#include <utility>

using namespace mlir;
using namespace mlir::diff;

/// The most rows whose sums are in registers at the same time.
static constexpr int64_t kMaxTileRows = 8;
/// The most vectors of a row in the body of a loop over the row.
static constexpr int64_t kMaxUnrolledVectors = 8;

/// Calls `body` with the first and the number of the rows of equal tiles.
static void forEachRowTile(int64_t rows,
                           function_ref<void(int64_t, int64_t)> body) {
  int64_t numTiles = llvm::divideCeil(rows, kMaxTileRows);
  int64_t size = llvm::divideCeil(rows, numTiles);
  for (int64_t first = 0; first < rows; first += size)
    body(first, std::min(size, rows - first));
}

void FewRowsStep::prefetch(const BlockRows &next, Value number) {
  Value last = b.createOrFold<arith::SubIOp>(
      memref::DimOp::create(b, next.matrix, 0), p.index(1));
  next.reader->prefetch(next.matrix, p.min(p.add(next.first, number), last));
}

Value FewRowsStep::getPaddedCount(const KeyBlock &block) {
  if (!block.count)
    return p.index(block.size);
  int64_t lanes = p.plan.lanes;
  return p.mul(p.div(p.add(block.count, p.index(lanes - 1)), lanes), lanes);
}

//===----------------------------------------------------------------------===//
// Scores
//===----------------------------------------------------------------------===//

void FewRowsStep::buildScores(const FewRowsState &state,
                              const KeyHeadRows &part, const KeyBlock &block,
                              const BlockRows &key, const BlockRows &next) {
  p.loop(p.index(0), getPaddedCount(block), p.plan.lanes, [&](Value firstKey) {
    forEachRowTile(part.count, [&](int64_t first, int64_t count) {
      buildScoreTile(state, p.add(part.first, p.index(first)), count, block,
                     firstKey, key, first == 0 ? &next : nullptr);
    });
  });
}

void FewRowsStep::buildScoreTile(const FewRowsState &state, Value first,
                                 int64_t count, const KeyBlock &block,
                                 Value firstKey, const BlockRows &key,
                                 const BlockRows *next) {
  int64_t lanes = p.plan.lanes;
  // Three quarters of the registers hold sums; keys take most of the others.
  int64_t numKeys =
      std::min<int64_t>(lanes, llvm::bit_floor<uint64_t>(std::max<int64_t>(
                                   1, unit.registers * 3 / 4 / count)));
  unsigned step = 0;
  auto getSums = [&](Value offset) {
    SmallVector<Value> keyRows;
    for (int64_t i = 0; i < numKeys; ++i) {
      Value number = p.add(p.add(firstKey, offset), p.index(i));
      if (next)
        prefetch(*next, number);
      // Keys after the last one are read in its place and get no weight.
      if (block.count)
        number =
            p.min(number, arith::SubIOp::create(b, block.count, p.index(1)));
      keyRows.push_back(p.add(key.first, number));
    }
    step = 0;
    return multiply(state, key.matrix, first, count, keyRows, step);
  };
  auto storeScores = [&](int64_t row, Value scores) {
    vector::StoreOp::create(b, scores, state.scores,
                            ValueRange{p.add(first, p.index(row)), firstKey});
  };
  if (numKeys == lanes) {
    for (auto [row, sums] : llvm::enumerate(getSums(p.index(0))))
      storeScores(row, sums);
    return;
  }
  p.loop(p.index(0), p.index(lanes), numKeys, [&](Value offset) {
    for (auto [row, sums] : llvm::enumerate(getSums(offset)))
      vector::StoreOp::create(
          b, sums, state.parts,
          ValueRange{p.div(offset, numKeys), p.index(row), p.index(0)});
  });
  for (int64_t row = 0; row < count; ++row) {
    SmallVector<Value> sums;
    for (int64_t i = 0; i < lanes / numKeys; ++i)
      sums.push_back(vector::LoadOp::create(
          b, p.lane, state.parts,
          ValueRange{p.index(i), p.index(row), p.index(0)}));
    unsigned next = step;
    storeScores(row, sumLanes(p, sums, next));
  }
}

SmallVector<Value> FewRowsStep::multiply(const FewRowsState &state, Value key,
                                         Value firstRow, int64_t count,
                                         ArrayRef<Value> keyRows,
                                         unsigned &step) {
  int64_t perLoad = keys.getVectorsOfLoad();
  SmallVector<Value> zeros(keyRows.size() * count, p.constant(0.0));
  SmallVector<Value> sums = keys.forEachLoads(
      kMaxUnrolledVectors / perLoad, zeros,
      [&](Value firstLoad, ArrayRef<Value> positions, ValueRange carried) {
        SmallVector<Value> sums(carried);
        for (auto [load, position] : llvm::enumerate(positions)) {
          Value column = p.mul(keys.getVector(p.add(firstLoad, p.index(load))),
                               p.plan.lanes);
          SmallVector<SmallVector<Value>> queries(count);
          for (int64_t row = 0; row < count; ++row)
            for (int64_t v = 0; v < perLoad; ++v)
              queries[row].push_back(vector::LoadOp::create(
                  b, p.lane, state.query,
                  ValueRange{state.head, p.add(firstRow, p.index(row)),
                             p.add(column, p.index(v * p.plan.lanes))}));
          for (auto [i, keyRow] : llvm::enumerate(keyRows))
            for (auto [v, x] :
                 llvm::enumerate(keys.read(key, keyRow, position)))
              for (int64_t row = 0; row < count; ++row) {
                Value &sum = sums[i * count + row];
                sum = vector::FMAOp::create(b, x, queries[row][v], sum);
              }
        }
        return sums;
      });
  SmallVector<Value> results;
  for (int64_t row = 0; row < count; ++row) {
    SmallVector<Value> vectors;
    for (size_t i = 0; i < keyRows.size(); ++i)
      vectors.push_back(sums[i * count + row]);
    step = 0;
    results.push_back(sumLanes(p, vectors, step));
  }
  return results;
}

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

Value FewRowsStep::finishScores(Value scores, const KeyBlock &block, Value row,
                                Value first) {
  scores = capScore(b, b.getLoc(), scores, attention);
  if (!block.count)
    return scores;
  VectorType positions = VectorType::get(p.plan.lanes, b.getI32Type());
  auto splat = [&](Value index) -> Value {
    return vector::BroadcastOp::create(
        b, positions, arith::IndexCastOp::create(b, b.getI32Type(), index));
  };
  SmallVector<int32_t> lanes;
  for (int64_t lane = 0; lane < p.plan.lanes; ++lane)
    lanes.push_back(lane);
  Value position = arith::AddIOp::create(
      b, splat(first),
      arith::ConstantOp::create(
          b, DenseElementsAttr::get(positions, ArrayRef(lanes))));
  Value token = p.mod(row, attention.getDimSize('n'));
  Value last = arith::SubIOp::create(b, block.count, p.index(1));
  if (block.lastVisible)
    last = p.min(last, p.add(block.lastVisible, token));
  Value hidden = p.constant(-INFINITY);
  auto hide = [&](Value bound, arith::CmpIPredicate predicate) {
    Value isVisible =
        arith::CmpIOp::create(b, predicate, position, splat(bound));
    scores = arith::SelectOp::create(b, isVisible, scores, hidden);
  };
  hide(last, arith::CmpIPredicate::sle);
  if (block.firstVisible)
    hide(p.add(block.firstVisible, token), arith::CmpIPredicate::sge);
  return scores;
}

void FewRowsStep::buildWeights(const FewRowsState &state,
                               const KeyBlock &block) {
  auto maximum = [&](Value a, Value c) -> Value {
    // Ignores NaN, which reaches its row through the weights.
    Value isAbove = arith::CmpFOp::create(b, arith::CmpFPredicate::OGT, a, c);
    return arith::SelectOp::create(b, isAbove, a, c);
  };
  Value count = getPaddedCount(block);
  bool rewrites = block.count || isCapped(attention);
  p.loop(p.index(0), p.index(rows), 1, [&](Value row) {
    SmallVector<Value> place{state.head, row, p.index(0)};
    Value blockMax =
        p.loop(p.index(0), count, p.plan.lanes, {{p.constant(-INFINITY)}},
               [&](Value first, ArrayRef<Row> max) {
                 Value scores = vector::LoadOp::create(b, p.lane, state.scores,
                                                       ValueRange{row, first});
                 scores = finishScores(scores, block, row, first);
                 if (rewrites)
                   vector::StoreOp::create(b, scores, state.scores,
                                           ValueRange{row, first});
                 return SmallVector<Row>{{maximum(scores, max[0][0])}};
               })[0][0];
    blockMax = reduceLanes(p, blockMax, maximum);
    Value oldMax = vector::LoadOp::create(b, p.lane, state.max, place);
    Value oldSum = vector::LoadOp::create(b, p.lane, state.sum, place);
    Value max =
        maximum(buildScaledMax(b, b.getLoc(), blockMax, attention), oldMax);
    Value factor =
        math::Exp2Op::create(b, arith::SubFOp::create(b, oldMax, max));
    double exact = getScoreFactor(attention, ExpBase::Two);
    Value scoreFactor =
        hasCoarseRows(attention)
            ? selectByMax(b, b.getLoc(), max, getCoarseFactor(exact), exact)
            : createFactor(b, b.getLoc(), p.lane, exact);
    Value offset = arith::NegFOp::create(b, max);
    Value blockSum =
        p.loop(p.index(0), count, p.plan.lanes, {{p.constant(0.0)}},
               [&](Value first, ArrayRef<Row> sum) {
                 Value scores = vector::LoadOp::create(b, p.lane, state.scores,
                                                       ValueRange{row, first});
                 Value weights = math::Exp2Op::create(
                     b, vector::FMAOp::create(b, scores, scoreFactor, offset));
                 vector::StoreOp::create(b, weights, state.scores,
                                         ValueRange{row, first});
                 return SmallVector<Row>{
                     {arith::AddFOp::create(b, sum[0][0], weights)}};
               })[0][0];
    vector::StoreOp::create(b, max, state.max, place);
    vector::StoreOp::create(b,
                            vector::FMAOp::create(b, oldSum, factor, blockSum),
                            state.sum, place);
    vector::StoreOp::create(b, factor, state.factors,
                            ValueRange{row, p.index(0)});
  });
}

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

void FewRowsStep::accumulate(const FewRowsState &state, int64_t firstVector,
                             const KeyBlock &block, const BlockRows &value,
                             const BlockRows &next) {
  forEachRowTile(rows, [&](int64_t firstRow, int64_t count) {
    // As many loads as the registers of their sums allow, in equal tiles.
    int64_t most = std::max<int64_t>(
        1, unit.registers * 5 / 8 / (count * values.getVectorsOfLoad()));
    int64_t numTiles = llvm::divideCeil(values.getNumLoads(), most);
    int64_t depth = llvm::divideCeil(values.getNumLoads(), numTiles);
    // The first tile prefetches.
    bool isFirst = firstRow == 0;
    values.forEachLoads(
        depth, {},
        [&](Value first, ArrayRef<Value> positions, ValueRange) {
          accumulateTile(state,
                         p.add(values.getVector(first), p.index(firstVector)),
                         firstRow, count, positions, block, value,
                         std::exchange(isFirst, false) ? &next : nullptr);
          return SmallVector<Value>();
        },
        /*peels=*/isFirst);
  });
}

void FewRowsStep::accumulateTile(const FewRowsState &state, Value firstVector,
                                 int64_t firstRow, int64_t count,
                                 ArrayRef<Value> positions,
                                 const KeyBlock &block, const BlockRows &value,
                                 const BlockRows *next) {
  size_t vectors = positions.size() * values.getVectorsOfLoad();
  SmallVector<Value> zeros(count * vectors, p.constant(0.0));
  auto loop = scf::ForOp::create(
      b, p.index(0), block.count ? block.count : p.index(block.size),
      p.index(1), zeros,
      [&](OpBuilder &, Location, Value number, ValueRange carried) {
        SmallVector<Value> sums(carried), elements;
        Value key = p.add(value.first, number);
        for (Value position : positions)
          llvm::append_range(elements,
                             values.read(value.matrix, key, position));
        if (next)
          prefetch(*next, number);
        for (int64_t row = 0; row < count; ++row) {
          Value weight = memref::LoadOp::create(
              b, state.scores, ValueRange{p.index(firstRow + row), number});
          weight = vector::BroadcastOp::create(b, p.lane, weight);
          for (size_t v = 0; v < vectors; ++v) {
            Value &sum = sums[row * vectors + v];
            sum = vector::FMAOp::create(b, weight, elements[v], sum);
          }
        }
        scf::YieldOp::create(b, sums);
      });
  // Sums of a block first: the error grows with the size of a block and the
  // number of blocks instead of the number of keys.
  for (int64_t row = 0; row < count; ++row) {
    Value number = p.index(firstRow + row);
    Value factor = vector::LoadOp::create(b, p.lane, state.factors,
                                          ValueRange{number, p.index(0)});
    for (size_t v = 0; v < vectors; ++v) {
      Value column = p.mul(p.add(firstVector, p.index(v)), p.plan.lanes);
      Value old = vector::LoadOp::create(
          b, p.lane, state.acc, ValueRange{state.head, number, column});
      Value acc = vector::FMAOp::create(b, old, factor,
                                        loop.getResult(row * vectors + v));
      vector::StoreOp::create(b, acc, state.acc,
                              ValueRange{state.head, number, column});
    }
  }
}
