//===- FewRows.cpp - Attention of few rows --------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// With few rows, the time is that of reading keys and values. Both are read
// once and in the order of memory: blocks of keys outside, value heads inside.
// The lanes are the elements of a row, so that few rows leave no lane idle.
//
//===----------------------------------------------------------------------===//

#include "FewRows.h"
#include "AttentionBuffers.h"
#include "KeyRange.h"
#include "diff/Dialect/Diff/Transforms/AttentionBuilders.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::diff;

/// Keys of a block.
static constexpr int64_t kBlockKeys = 64;
/// The width of a part of the value.
static int64_t getPartWidth(AttentionOpInterface op) {
  StringRef dims = op.getOperandDims(kValueOperand);
  return op.getDimSize(dims.contains('e') ? 'w' : 'v');
}

static PanelBuilder createBuilder(ImplicitLocOpBuilder &b,
                                  AttentionOpInterface op,
                                  const VectorUnit &unit) {
  int64_t width = std::min(op.getDimSize('d'), getPartWidth(op));
  return PanelBuilder(b, {getLanesForWidth(unit, width), /*vectors=*/1,
                          /*tokens=*/1, /*rowsPerToken=*/1, /*depth=*/1});
}

namespace {
class FewRowsLowering : AttentionBuffers {
public:
  FewRowsLowering(ImplicitLocOpBuilder &b, OnlineAttentionOp op,
                  const VectorUnit &unit)
      : AttentionBuffers(b, op), p(createBuilder(b, attention, unit)),
        keys(p, getElementTypeOrSelf(op.getKey().getType()),
             attention.getDimSize('d')),
        values(p, getElementTypeOrSelf(op.getValue().getType()),
               getPartWidth(attention)),
        rows(tokens * attention.getGroupSize() * attention.getNumMaps()),
        blockKeys(llvm::alignTo(op.getSchedule() ? op.getSchedule()->getKeys()
                                                 : kBlockKeys,
                                p.plan.lanes)),
        range(b, op, blockKeys), unit(unit) {}

  SmallVector<Value> lower() {
    createBuffers();
    allocateState();
    FewRowsStep step(p, attention, unit, rows, keys, values);
    // A tile of padding has no rows.
    Value entries = toValue(getMixedSize(b, attention, 'b'));
    if (!getConstantIntValue(realTokens)) {
      Value hasRows = p.min(toValue(realTokens), p.index(1));
      entries = b.createOrFold<arith::MulIOp>(entries, hasRows);
    }
    p.loop(p.index(0), entries, 1, [&](Value entry) {
      batch = entry;
      forEachHead([&] { initialize(); });
      if (!range.isWhole())
        buildMaskedLoop(step);
      p.loop(toValue(range.wholeBegin), toValue(range.wholeEnd), blockKeys,
             [&](Value first) {
               KeyBlock block{first, blockKeys, {}, {}, {}};
               forEachHead([&] { buildStep(step, block); });
             });
      forEachHead([&] { writeBack(); });
    });
    return getResults();
  }

private:
  void allocateState() {
    int64_t heads = attention.getNumValueHeads(), lanes = p.plan.lanes;
    numParts = attention.getDimSize('v') / getPartWidth(attention);
    state.query = allocate({heads, rows, keys.getNumVectors() * lanes});
    state.acc =
        allocate({heads, rows, numParts * values.getNumVectors() * lanes});
    state.max = allocate({heads, rows, lanes});
    state.sum = allocate({heads, rows, lanes});
    state.scores = allocate({rows, blockKeys});
    state.factors = allocate({rows, lanes});
    state.parts = allocate({lanes, rows, lanes});
  }

  void forEachHead(function_ref<void()> body) {
    p.loop(p.index(0), p.index(attention.getNumValueHeads()), 1,
           [&](Value head) {
             valueHead = state.head = head;
             body();
           });
  }

  //===--------------------------------------------------------------------===//
  // Rows
  //===--------------------------------------------------------------------===//

  /// Calls `body` for the key heads of the value head with their maps and rows.
  void forEachKeyHead(
      function_ref<void(const RowGroup &, Value repeat, const KeyHeadRows &)>
          body) {
    int64_t first = 0;
    for (const RowGroup &group : getRowGroups(attention)) {
      int64_t count = tokens * attention.getGroupSize() * group.numMaps;
      p.loop(p.index(0), p.index(group.repeat), 1, [&](Value repeat) {
        Value firstRow = p.add(p.index(first), p.mul(repeat, count));
        body(group, repeat, {firstRow, count});
      });
      first += count * group.repeat;
    }
  }

  /// Calls `body` for all rows of the value head, with the number of the row
  /// and a function that returns the position of the row in an operand. Rows
  /// are in the order key head, head group, map, token.
  using Position = function_ref<SmallVector<Value>(const NamedBuffer &)>;
  void forEachRow(function_ref<void(Value row, Position)> body) {
    forEachKeyHead([&](const RowGroup &group, Value repeat,
                       const KeyHeadRows &part) {
      p.loop(p.index(0), p.index(part.count), 1, [&](Value number) {
        Value map = p.div(number, tokens);
        Value head = p.div(map, group.numMaps);
        map = p.add(p.add(repeat, p.index(group.firstMap)),
                    p.mod(map, group.numMaps));
        Value token = p.mod(number, tokens);
        body(p.add(part.first, number), [&](const NamedBuffer &buffer) {
          Value read = token;
          // Rows of padding have the query of the last token.
          if (buffer.buffer == queryBuffer.buffer &&
              !getConstantIntValue(realTokens))
            read = p.min(token, arith::SubIOp::create(b, toValue(realTokens),
                                                      p.index(1)));
          return AttentionBuffers::getRowIndices(buffer.dims, head, map, read);
        });
      });
    });
  }

  /// Calls `body` for the loads of the accumulator of a row: with the number of
  /// the first vector and the position of the first element.
  void forEachAccLoad(function_ref<void(Value vector, Value position)> body) {
    for (int64_t part = 0; part < numParts; ++part)
      values.forEachLoads(
          1, {}, [&](Value first, ArrayRef<Value> positions, ValueRange) {
            body(p.add(values.getVector(first),
                       p.index(part * values.getNumVectors())),
                 p.add(positions[0], p.index(part * values.getWidth())));
            return SmallVector<Value>();
          });
  }

  void store(Value vector, Value buffer, Value row, Value number) {
    vector::StoreOp::create(
        b, vector, buffer,
        ValueRange{state.head, row, p.mul(number, p.plan.lanes)});
  }
  Value load(Value buffer, Value row, Value number) {
    return vector::LoadOp::create(
        b, p.lane, buffer,
        ValueRange{state.head, row, p.mul(number, p.plan.lanes)});
  }

  void initialize() {
    forEachRow([&](Value row, Position getPosition) {
      SmallVector<Value> source = getPosition(queryBuffer);
      keys.forEachLoads(
          1, {}, [&](Value first, ArrayRef<Value> positions, ValueRange) {
            SmallVector<Value> vectors =
                keys.read(queryBuffer.buffer, source, positions[0]);
            if (std::optional<int64_t> number = getConstantIntValue(first))
              keys.clearRepeated(vectors, *number);
            for (auto [i, vector] : llvm::enumerate(vectors))
              store(vector, state.query, row,
                    p.add(keys.getVector(first), p.index(i)));
            return SmallVector<Value>();
          });
      if (isIdentity)
        initializeIdentity(row);
      else
        readRunning(row, getPosition);
    });
  }

  void initializeIdentity(Value row) {
    Value zero = p.constant(0.0);
    p.loop(p.index(0), p.index(numParts * values.getNumVectors()), 1,
           [&](Value vector) { store(zero, state.acc, row, vector); });
    store(p.constant(kLowestMax), state.max, row, p.index(0));
    store(zero, state.sum, row, p.index(0));
  }

  void readRunning(Value row, Position getPosition) {
    SmallVector<Value> place = getPosition(initial[0]);
    forEachAccLoad([&](Value vector, Value position) {
      for (auto [i, acc] :
           llvm::enumerate(values.readWide(initial[0].buffer, place, position)))
        store(acc, state.acc, row, p.add(vector, p.index(i)));
    });
    Value max =
        memref::LoadOp::create(b, initial[1].buffer, getPosition(initial[1]));
    store(vector::BroadcastOp::create(b, p.lane, max), state.max, row,
          p.index(0));
    Value sum =
        memref::LoadOp::create(b, initial[2].buffer, getPosition(initial[2]));
    store(vector::InsertOp::create(b, sum, p.constant(0.0), int64_t(0)),
          state.sum, row, p.index(0));
  }

  void writeBack() {
    forEachRow([&](Value row, Position getPosition) {
      SmallVector<Value> place = getPosition(running[0]);
      forEachAccLoad([&](Value vector, Value position) {
        SmallVector<Value> acc;
        for (int64_t i = 0; i < values.getVectorsOfLoad(); ++i)
          acc.push_back(load(state.acc, row, p.add(vector, p.index(i))));
        values.writeWide(acc, running[0].buffer, place, position);
      });
      Value sum = reduceLanes(p, load(state.sum, row, p.index(0)),
                              [&](Value a, Value c) -> Value {
                                return arith::AddFOp::create(b, a, c);
                              });
      Value max = load(state.max, row, p.index(0));
      for (auto [lanes, target] :
           {std::pair(max, running[1]), std::pair(sum, running[2])})
        memref::StoreOp::create(b,
                                vector::ExtractOp::create(b, lanes, int64_t(0)),
                                target.buffer, getPosition(target));
    });
  }

  //===--------------------------------------------------------------------===//
  // Steps
  //===--------------------------------------------------------------------===//

  /// Returns the matrices that a step of the current value head reads, in
  /// order: its key heads and the parts of its value.
  SmallVector<BlockRows> getBlockRows(Value first) {
    SmallVector<BlockRows> blocks;
    for (int64_t key = 0; key < attention.getNumKeyMaps(); ++key)
      blocks.push_back({&keys, viewKeyHead(p.index(key)), first});
    for (Value value : viewValues())
      blocks.push_back({&values, value, first});
    return blocks;
  }

  /// Returns the matrix that the next step reads first: the first key head of
  /// the next value head, or of the first value head in the next block.
  BlockRows getNextBlockRows(const KeyBlock &block) {
    Value isLast =
        arith::CmpIOp::create(b, arith::CmpIPredicate::eq, valueHead,
                              p.index(attention.getNumValueHeads() - 1));
    Value first = arith::SelectOp::create(
        b, isLast, p.add(block.first, p.index(block.size)), block.first);
    Value current = valueHead;
    valueHead = arith::SelectOp::create(b, isLast, p.index(0),
                                        p.add(current, p.index(1)));
    Value key = viewKeyHead(p.index(0));
    valueHead = current;
    return {&keys, key, first};
  }

  void buildStep(FewRowsStep &step, const KeyBlock &block) {
    SmallVector<BlockRows> blocks = getBlockRows(block.first);
    blocks.push_back(getNextBlockRows(block));
    size_t next = 0;
    int64_t firstRow = 0;
    for (const RowGroup &group : getRowGroups(attention)) {
      int64_t count = tokens * attention.getGroupSize() * group.numMaps;
      for (int64_t i = 0; i < group.repeat; ++i, ++next, firstRow += count)
        step.buildScores(state, {p.index(firstRow), count}, block, blocks[next],
                         blocks[next + 1]);
    }
    step.buildWeights(state, block);
    for (int64_t part = 0; part < numParts; ++part, ++next)
      step.accumulate(state, part * values.getNumVectors(), block, blocks[next],
                      blocks[next + 1]);
  }

  /// The steps over the keys before and after the whole blocks.
  void buildMaskedLoop(FewRowsStep &step) {
    range.forEachPartialTile(
        p, p.index(0), tokens, blockKeys, [&](Value first, Value count) {
          KeyBlock block{first, blockKeys, count, {}, {}};
          auto getBound = [&](OpFoldResult bound) -> Value {
            Value base = arith::SubIOp::create(b, toValue(bound), first);
            // Far bounds have no effect, and must fit i32.
            constexpr int64_t kFar = int64_t(1) << 30;
            return p.max(p.min(base, p.index(kFar)), p.index(-kFar));
          };
          if (range.hasFirst())
            block.firstVisible = getBound(range.getFirst());
          if (range.hasLast())
            block.lastVisible = getBound(range.getLast());
          forEachHead([&] { buildStep(step, block); });
        });
  }

  PanelBuilder p;
  RowReader keys, values;
  /// Rows of a value head, and parts of a value.
  int64_t rows, numParts = 1;
  int64_t blockKeys;
  KeyRange range;
  VectorUnit unit;
  FewRowsState state;
};
} // namespace

SmallVector<Value> diff::lowerFewRows(ImplicitLocOpBuilder &b,
                                      OnlineAttentionOp op,
                                      const VectorUnit &unit) {
  return FewRowsLowering(b, op, unit).lower();
}
