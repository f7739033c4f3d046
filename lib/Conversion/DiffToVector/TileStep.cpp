//===- TileStep.cpp - Steps with tiles of bf16 (AMX) ----------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PanelStep.h"
#include "TileProduct.h"
#include "diff/Dialect/Diff/Transforms/AttentionBuilders.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/MathExtras.h"
#include <cmath>

using namespace mlir;
using namespace mlir::diff;

/// Keys whose scores are computed before their weights. Their scores stay in
/// the first cache; more keys pay if the products are long.
static int64_t getBlockKeys(AttentionOpInterface attention, ProductKind kind,
                            int64_t wholeKeys) {
  bool areLong =
      kind == ProductKind::Pairs || attention.getDimSize('d') > 2 * kTileDepth;
  return areLong && wholeKeys % (2 * kTileDepth) == 0 ? 2 * kTileDepth
                                                      : kTileDepth;
}

/// Keys in the body of a loop over scores.
static constexpr int64_t kUnrolledKeys = 4;

/// The rise of a maximum that a step ignores, as a power of two. bf16
/// represents weights up to 256 as precisely as those up to 1, and f32 their
/// sums.
static constexpr double kMaxRise = 8.0;

namespace {
/// The queries of a panel are pairs [d / 2][lanes][2], and so are the weights,
/// [keys / 2][lanes][2]. Values are transposed, [v][keys].
///
/// A step computes scores, maxima and weights of one block of keys after the
/// other, and then adds the products of all weights and values to the
/// accumulator. If a maximum rises too much for that, the step adds those of
/// the blocks before first, and rescales the accumulator.
class TileStep : public PanelStep {
public:
  TileStep(ImplicitLocOpBuilder &b, AttentionOpInterface attention,
           const VectorUnit &unit, ProductKind kind, int64_t wholeKeys)
      : PanelStep(b, attention, unit, wholeKeys, /*maskedKeys=*/kTileDepth,
                  /*sharesMaskedTiles=*/true),
        kind(kind), blockKeys(getBlockKeys(attention, kind, wholeKeys)),
        weightParts(splitsWeights(attention) ? 2 : 1) {}

  Value allocateQuery(const RowPlan &plan, int64_t panels) override;
  StepBuffers allocateBuffers(const RowPlan &plan) override;
  void allocateValues(ArrayRef<int64_t> widths) override;
  void packQuery(PanelBuilder &p, Value buffer, Value query,
                 function_ref<SmallVector<Value>(Value)> indices) override;
  KeyRows packKeys(PanelBuilder &p, Value view, Value copy, Value first,
                   int64_t size, Value count) override;
  void packValues(PanelBuilder &p, ArrayRef<Value> views, Value first,
                  KeyTile &tile) override;
  void build(PanelBuilder &p, const PanelState &state,
             const KeyTile &tile) override;

private:
  /// The running values within a step. The accumulator lacks the weights of
  /// keys from `pending` on.
  struct Running {
    Row max, sum;
    Value pending;
  };

  int64_t alignToTile(int64_t size) { return llvm::alignTo(size, kTileDepth); }

  /// Stores the scores of a block of keys. Returns the largest of each row.
  Row buildScores(PanelBuilder &p, const PanelState &state, const KeyTile &tile,
                  Value first, int64_t size);
  /// Updates maxima that rise too much.
  Running raiseMax(PanelBuilder &p, const PanelState &state,
                   const KeyTile &tile, Value first, const Row &blockMax,
                   const Running &old);
  /// Stores the weights of a block of keys. Returns the new sums.
  Row buildWeights(PanelBuilder &p, const PanelState &state, Value first,
                   int64_t size, const Row &max, const Row &sum);
  /// Stores the weights of two keys in bf16.
  void storeWeights(PanelBuilder &p, const PanelState &state, Value pair,
                    Row even, Row odd);
  /// Adds the products of weights and values of keys [begin, end).
  void accumulate(PanelBuilder &p, const PanelState &state, const KeyTile &tile,
                  Value begin, Value end);

  ProductKind kind;
  int64_t blockKeys;
  int64_t weightParts;
  Value transposedValues;
};
} // namespace

std::unique_ptr<PanelStep> diff::createTileStep(ImplicitLocOpBuilder &b,
                                                AttentionOpInterface attention,
                                                const VectorUnit &unit,
                                                ProductKind kind,
                                                int64_t wholeKeys) {
  return std::make_unique<TileStep>(b, attention, unit, kind,
                                    llvm::alignTo(wholeKeys, kTileDepth));
}

//===----------------------------------------------------------------------===//
// Operands
//===----------------------------------------------------------------------===//

Value TileStep::allocateQuery(const RowPlan &plan, int64_t panels) {
  return allocate(
      {panels, alignToTile(attention.getDimSize('d')) / 2, 2 * plan.getLanes()},
      b.getBF16Type());
}

StepBuffers TileStep::allocateBuffers(const RowPlan &plan) {
  int64_t d = attention.getDimSize('d'), depth = alignToTile(d);
  int64_t width = 2 * plan.getLanes();
  StepBuffers buffers;
  buffers.scores = allocate({blockKeys, plan.getLanes()}, b.getF32Type());
  for (int64_t part = 0; part < weightParts; ++part)
    buffers.weights.push_back(
        allocate({getMaxKeys() / 2, width}, b.getBF16Type()));
  // Whole tiles of whole rows are read in place.
  buffers.keys = allocate({d == depth ? maskedKeys : getMaxKeys(), depth},
                          b.getBF16Type());
  return buffers;
}

void TileStep::allocateValues(ArrayRef<int64_t> widths) {
  // The last rows of a part may be followed by zeros.
  int64_t offset = 0, rows = 0;
  for (int64_t width : widths) {
    rows = std::max<int64_t>(rows, offset + llvm::alignTo(width, kTileRows));
    offset += width;
  }
  rows = llvm::alignTo(rows, kTileRows);
  transposedValues = allocate({rows, getMaxKeys()}, b.getBF16Type());
}

void TileStep::packQuery(PanelBuilder &p, Value buffer, Value query,
                         function_ref<SmallVector<Value>(Value)> indices) {
  packPairs(p, buffer, attention.getDimSize('d'), query, indices);
}

KeyRows TileStep::packKeys(PanelBuilder &p, Value view, Value copy, Value first,
                           int64_t size, Value count) {
  int64_t d = attention.getDimSize('d');
  if (!count && d == alignToTile(d))
    return {view, first};
  copyRows(p, view, d, copy, first, size, count);
  return {copy, p.index(0)};
}

void TileStep::packValues(PanelBuilder &p, ArrayRef<Value> views, Value first,
                          KeyTile &tile) {
  int64_t offset = 0;
  for (Value view : views) {
    transposeRows(p, view, transposedValues, offset, first, tile.size,
                  tile.count);
    offset += cast<ShapedType>(view.getType()).getDimSize(1);
  }
  tile.values = {transposedValues};
  tile.firstValue = p.index(0);
}

//===----------------------------------------------------------------------===//
// Steps
//===----------------------------------------------------------------------===//

void TileStep::build(PanelBuilder &p, const PanelState &state,
                     const KeyTile &tile) {
  int64_t block = std::min(blockKeys, tile.size), vectors = p.plan.vectors;
  SmallVector<Value> inits = p.load(state.max);
  llvm::append_range(inits, p.load(state.sum));
  inits.push_back(p.index(0));
  auto split = [&](ValueRange values) -> Running {
    return {Row(values.take_front(vectors)),
            Row(values.slice(vectors, vectors)), values.back()};
  };
  auto loop = scf::ForOp::create(
      b, p.index(0), p.index(tile.size), p.index(block), inits,
      [&](OpBuilder &, Location, Value first, ValueRange carried) {
        Row blockMax = buildScores(p, state, tile, first, block);
        Running running =
            raiseMax(p, state, tile, first, blockMax, split(carried));
        running.sum =
            buildWeights(p, state, first, block, running.max, running.sum);
        SmallVector<Value> yielded = running.max;
        llvm::append_range(yielded, running.sum);
        yielded.push_back(running.pending);
        scf::YieldOp::create(b, yielded);
      });
  Running running = split(loop.getResults());
  p.store(running.max, state.max);
  p.store(running.sum, state.sum);
  accumulate(p, state, tile, running.pending, p.index(tile.size));
}

Row TileStep::buildScores(PanelBuilder &p, const PanelState &state,
                          const KeyTile &tile, Value first, int64_t size) {
  TileProduct product;
  product.kind = kind;
  product.lhs = tile.keys.view;
  product.firstRow = p.add(tile.keys.first, first);
  product.rows = size / kTileRows;
  product.rhs = {state.query};
  product.begin = p.index(0);
  product.end = p.index(alignToTile(attention.getDimSize('d')) / kTileDepth);
  product.result = state.buffers->scores;
  product.build(p);

  bool changes = isCapped(attention) || !tile.firstVisible.empty() ||
                 !tile.lastVisible.empty();
  return p.loop(p.index(0), p.index(size), kUnrolledKeys, {p.splat(-INFINITY)},
                [&](Value key, ArrayRef<Row> carried) {
                  SmallVector<Row> scores;
                  for (int64_t i = 0; i < kUnrolledKeys; ++i) {
                    Value row = p.add(key, p.index(i));
                    Row score = p.load(state.buffers->scores, row);
                    if (changes) {
                      score = finishScore(p, tile, p.add(first, row), score);
                      p.store(score, state.buffers->scores, row);
                    }
                    scores.push_back(score);
                  }
                  // Few comparisons depend on the iteration before.
                  for (int64_t i = kUnrolledKeys / 2; i > 0; i /= 2)
                    for (int64_t j = 0; j < i; ++j)
                      scores[j] = takeLarger(p, scores[j], scores[j + i]);
                  return SmallVector<Row>{takeLarger(p, scores[0], carried[0])};
                })[0];
}

TileStep::Running TileStep::raiseMax(PanelBuilder &p, const PanelState &state,
                                     const KeyTile &tile, Value first,
                                     const Row &blockMax, const Running &old) {
  Row scaled = scaleMax(p, blockMax);
  Value rise = p.constant(kMaxRise);
  Row isHigh = p.map({scaled, old.max}, [&](ValueRange v) -> Value {
    return arith::CmpFOp::create(b, arith::CmpFPredicate::OGT, v[0],
                                 arith::AddFOp::create(b, v[1], rise));
  });
  Value any = isHigh.front();
  for (Value other : ArrayRef(isHigh).drop_front())
    any = arith::OrIOp::create(b, any, other);
  Value isAnyHigh =
      vector::ReductionOp::create(b, vector::CombiningKind::OR, any);
  auto branch = scf::IfOp::create(
      b, isAnyHigh,
      [&](OpBuilder &, Location) {
        if (tile.size > blockKeys)
          accumulate(p, state, tile, old.pending, first);
        Row max = takeLarger(p, scaled, old.max);
        Row factor = getRescaling(p, old.max, max);
        auto rescale = [&](const Row &row) {
          return p.map({row, factor}, [&](ValueRange v) -> Value {
            return arith::MulFOp::create(b, v[0], v[1]);
          });
        };
        p.loop(p.index(0), p.index(attention.getDimSize('v')), 1,
               [&](Value column) {
                 p.store(rescale(p.load(state.acc, column)), state.acc, column);
               });
        SmallVector<Value> yielded = max;
        llvm::append_range(yielded, rescale(old.sum));
        yielded.push_back(first);
        scf::YieldOp::create(b, yielded);
      },
      [&](OpBuilder &, Location) {
        SmallVector<Value> yielded = old.max;
        llvm::append_range(yielded, old.sum);
        yielded.push_back(old.pending);
        scf::YieldOp::create(b, yielded);
      });
  ValueRange results = branch.getResults();
  return {Row(results.take_front(p.plan.vectors)),
          Row(results.slice(p.plan.vectors, p.plan.vectors)), results.back()};
}

Row TileStep::buildWeights(PanelBuilder &p, const PanelState &state,
                           Value first, int64_t size, const Row &max,
                           const Row &sum) {
  Row factors = getFactors(p, max);
  Row offset = p.map(max, [&](ValueRange v) -> Value {
    return arith::NegFOp::create(b, v[0]);
  });
  auto add = [&](const Row &a, const Row &c) {
    return p.map({a, c}, [&](ValueRange v) -> Value {
      return arith::AddFOp::create(b, v[0], v[1]);
    });
  };
  Row blockSum =
      p.loop(p.index(0), p.index(size), kUnrolledKeys, {p.splat(0.0)},
             [&](Value key, ArrayRef<Row> carried) {
               SmallVector<Row> weights;
               for (int64_t i = 0; i < kUnrolledKeys; ++i)
                 weights.push_back(getWeights(
                     p, p.load(state.buffers->scores, p.add(key, p.index(i))),
                     factors, offset));
               Value firstPair = p.div(p.add(first, key), 2);
               for (int64_t i = 0; i < kUnrolledKeys; i += 2)
                 storeWeights(p, state, p.add(firstPair, p.index(i / 2)),
                              weights[i], weights[i + 1]);
               for (int64_t i = kUnrolledKeys / 2; i > 0; i /= 2)
                 for (int64_t j = 0; j < i; ++j)
                   weights[j] = add(weights[j], weights[j + i]);
               return SmallVector<Row>{add(carried[0], weights[0])};
             })[0];
  return add(sum, blockSum);
}

void TileStep::storeWeights(PanelBuilder &p, const PanelState &state,
                            Value pair, Row even, Row odd) {
  VectorType bits = VectorType::get(p.plan.lanes, b.getI32Type());
  VectorType pairs = VectorType::get(2 * p.plan.lanes, b.getBF16Type());
  auto splat = [&](int32_t value) -> Value {
    return arith::ConstantOp::create(b, DenseElementsAttr::get(bits, value));
  };
  // Halfway cases are rounded up. A weight of 1 stays exact.
  auto round = [&](Value weight) -> Value {
    return arith::AddIOp::create(b, vector::BitCastOp::create(b, bits, weight),
                                 splat(0x8000));
  };
  auto getRest = [&](ValueRange v) -> Value {
    Value rounded = arith::AndIOp::create(b, round(v[0]), splat(-0x10000));
    return arith::SubFOp::create(b, v[0],
                                 vector::BitCastOp::create(b, p.lane, rounded));
  };
  for (Value weights : state.buffers->weights) {
    Row both = p.map({even, odd}, [&](ValueRange v) -> Value {
      // A funnel shift: LLVM turns a disjunction of shifts into a permutation
      // of two vectors, which is slower.
      Value high = arith::ShRUIOp::create(b, round(v[1]), splat(16));
      Value joined =
          LLVM::FshrOp::create(b, bits, high, round(v[0]), splat(16));
      return vector::BitCastOp::create(b, pairs, joined);
    });
    for (auto [i, value] : llvm::enumerate(both))
      vector::StoreOp::create(b, value, weights,
                              ValueRange{pair, p.index(2 * i * p.plan.lanes)});
    if (weights == state.buffers->weights.back())
      break;
    even = p.map(even, getRest);
    odd = p.map(odd, getRest);
  }
}

void TileStep::accumulate(PanelBuilder &p, const PanelState &state,
                          const KeyTile &tile, Value begin, Value end) {
  TileProduct product;
  product.kind = kind;
  product.lhs = tile.values.front();
  product.firstRow = p.index(0);
  product.rows = llvm::divideCeil(attention.getDimSize('v'), kTileRows);
  product.rhs = state.buffers->weights;
  product.begin = p.div(begin, kTileDepth);
  product.end = p.div(end, kTileDepth);
  product.result = state.acc;
  product.addsToResult = true;
  product.build(p);
}
