//===- DiffToVector.cpp - Attention to vectors for CPUs -------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Conversion/DiffToVector/DiffToVector.h"
#include "KeyRange.h"
#include "OperandViews.h"
#include "PanelStep.h"
#include "diff/Dialect/Diff/Transforms/AttentionBuilders.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/Support/MathExtras.h"

namespace mlir::diff {
#define GEN_PASS_DEF_CONVERTDIFFTOVECTORPASS
#include "diff/Conversion/Passes.h.inc"
} // namespace mlir::diff

using namespace mlir;
using namespace mlir::diff;

namespace {
/// Keys of a step that all rows see, and of a step with a mask. More keys do
/// not make the steady loop faster. Few keys leave few masked scores at the
/// diagonal.
constexpr int64_t kWholeKeys = 64;
constexpr int64_t kMaskedKeys = 16;

/// The panels of the maps that read one key head or several.
struct PanelGroup {
  RowGroup rows;
  PanelBuilder builder;
  int64_t numPanels;
  /// Buffers of all panels, see `PanelState`.
  Value query, acc, max, sum, scores;
  /// Keys of a step in f32, or null if the operand is f32.
  Value wideKey;
};

class VectorLowering {
public:
  VectorLowering(ImplicitLocOpBuilder &b, OnlineAttentionOp op,
                 const VectorUnit &unit)
      : b(b), op(op), attention(cast<AttentionOpInterface>(op.getOperation())),
        unit(unit), wholeKeys(op.getSchedule() ? op.getSchedule()->getKeys()
                                               : kWholeKeys),
        wholeRange(b, op, wholeKeys), tokens(attention.getDimSize('n')) {}

  /// Returns the new running values.
  SmallVector<Value> lower() {
    Value query = op.getQuery();
    realTokens = b.getIndexAttr(tokens);
    // Rows of padding need no query and no step.
    if (auto pad = query.getDefiningOp<tensor::PadOp>();
        pad && isPaddingOfTokens(pad)) {
      query = pad.getSource();
      realTokens = tensor::getMixedSize(b, b.getLoc(), query,
                                        getDims(kQueryOperand).find('n'));
    }
    queryBuffer = {readAsBuffer(b, query), getDims(kQueryOperand)};
    keyBuffer = {readAsBuffer(b, op.getKey()), getDims(kKeyOperand)};
    valueBuffer = {readAsBuffer(b, op.getValue()), getDims(kValueOperand)};
    for (OpOperand &init : op.getDpsInitsMutable()) {
      auto type = cast<RankedTensorType>(init.get().getType());
      running.push_back(
          {allocate(type.getShape()), getDims(init.getOperandNumber())});
      isIdentity &= isFilledWith(
          init.get(), init.get() == op.getMax() ? kLowestMax : 0.0);
    }
    if (!isIdentity)
      for (OpOperand &init : op.getDpsInitsMutable())
        initial.push_back({readAsBuffer(b, init.get()),
                           getDims(init.getOperandNumber())});
    createGroups();
    PanelBuilder &p = groups.front().builder;
    p.loop(p.index(0), toValue(getMixedSize(b, attention, 'b')), 1,
           [&](Value batchEntry) {
             batch = batchEntry;
             p.loop(p.index(0), p.index(attention.getNumValueHeads()), 1,
                    [&](Value head) {
                      valueHead = head;
                      lowerValueHead();
                    });
           });
    SmallVector<Value> results;
    for (auto [buffer, result] : llvm::zip_equal(running, op.getResults()))
      results.push_back(bufferization::ToTensorOp::create(
          b, result.getType(), buffer.buffer, /*restrict=*/true,
          /*writable=*/true));
    return results;
  }

private:
  StringRef getDims(unsigned operand) {
    return attention.getOperandDims(operand);
  }
  Value toValue(OpFoldResult value) {
    return getValueOrCreateConstantIndexOp(b, b.getLoc(), value);
  }

  /// Returns true if the tensor has zeros after the tokens and nothing else.
  bool isPaddingOfTokens(tensor::PadOp pad) {
    unsigned dim = getDims(kQueryOperand).find('n');
    llvm::SmallBitVector padded = pad.getPaddedDims();
    return pad.hasZeroLowPad() && padded.count() == 1 && padded.test(dim);
  }

  static bool isFilledWith(Value tensor, double value) {
    auto fill = tensor.getDefiningOp<linalg::FillOp>();
    FloatAttr found;
    return fill && matchPattern(fill.value(), m_Constant(&found)) &&
           found.getValueAsDouble() == value;
  }

  Value allocate(ArrayRef<int64_t> shape) {
    constexpr int64_t kCacheLine = 64;
    return memref::AllocOp::create(b, MemRefType::get(shape, b.getF32Type()),
                                   b.getI64IntegerAttr(kCacheLine));
  }

  int64_t alignToLanes(int64_t size) {
    return llvm::alignTo(size, unit.lanes);
  }

  void createGroups() {
    int64_t d = attention.getDimSize('d'), dv = attention.getDimSize('v');
    bool isWide = attention.getComputeType() ==
                  getElementTypeOrSelf(op.getKey().getType());
    for (const RowGroup &rows : getRowGroups(attention)) {
      RowPlan plan = planRows(unit, attention.getGroupSize() * rows.numMaps,
                              tokens, /*divides=*/true);
      int64_t panels = rows.repeat * (tokens / plan.tokens);
      int64_t lanes = plan.getLanes();
      PanelGroup group{rows, PanelBuilder(b, plan), panels, {}, {}, {}, {}, {},
                       {}};
      group.query = allocate({panels, alignToLanes(d), lanes});
      group.acc = allocate({panels, alignToLanes(dv), lanes});
      group.max = allocate({panels, lanes});
      group.sum = allocate({panels, lanes});
      group.scores = allocate({std::max(wholeKeys, kMaskedKeys), lanes});
      if (!isWide)
        group.wideKey = allocate({std::max(wholeKeys, kMaskedKeys), alignToLanes(d)});
      groups.push_back(group);
    }
    if (isWide)
      return;
    int64_t parts = valueBuffer.dims.contains('e') ? valueBuffer.getSize('e')
                                                   : 1;
    for (int64_t part = 0; part < parts; ++part)
      wideValues.push_back(allocate({std::max(wholeKeys, kMaskedKeys), alignToLanes(dv / parts)}));
  }

  //===--------------------------------------------------------------------===//
  // Positions
  //===--------------------------------------------------------------------===//

  /// Returns the indices of the dimensions of an operand, without the last one,
  /// at a row of a panel.
  SmallVector<Value> getRowIndices(PanelGroup &group, StringRef dims,
                                   Value repeat, Value row, Value token) {
    PanelBuilder &p = group.builder;
    Value number = p.div(row, p.plan.tokens);
    Value head = p.add(p.mul(valueHead, attention.getGroupSize()),
                       p.div(number, group.rows.numMaps));
    Value map = p.add(p.add(repeat, p.index(group.rows.firstMap)),
                      p.mod(number, group.rows.numMaps));
    SmallVector<Value> indices;
    for (char dim : dims)
      switch (dim) {
      case 'b':
        indices.push_back(batch);
        break;
      case 'n':
        indices.push_back(token);
        break;
      case 'p':
        indices.push_back(head);
        break;
      case 'a':
        indices.push_back(map);
        break;
      case 'q':
        indices.push_back(p.add(p.mul(head, attention.getNumMaps()), map));
        break;
      default:
        break;
      }
    return indices;
  }

  Value viewKey(PanelGroup &group, Value repeat) {
    PanelBuilder &p = group.builder;
    Value key = p.add(repeat, p.index(group.rows.firstKey));
    return viewMatrix(b, keyBuffer, 'm', 'd', [&](char dim) -> OpFoldResult {
      switch (dim) {
      case 'b':
        return batch;
      case 'g':
        return valueHead;
      case 'c':
        return key;
      default:
        return p.add(p.mul(valueHead, attention.getNumKeyMaps()), key);
      }
    });
  }

  SmallVector<Value> viewValues() {
    bool isSplit = valueBuffer.dims.contains('e');
    int64_t parts = isSplit ? valueBuffer.getSize('e') : 1;
    SmallVector<Value> views;
    for (int64_t part = 0; part < parts; ++part)
      views.push_back(viewMatrix(b, valueBuffer, 'm', isSplit ? 'w' : 'v',
                                 [&](char dim) -> OpFoldResult {
                                   if (dim == 'b')
                                     return batch;
                                   if (dim == 'g')
                                     return valueHead;
                                   return b.getIndexAttr(part);
                                 }));
    return views;
  }

  //===--------------------------------------------------------------------===//
  // Loops
  //===--------------------------------------------------------------------===//

  /// Builds the loops over the panels of a group with rows that are not
  /// padding: over key heads, and over query tokens.
  void forEachPanel(PanelGroup &group,
                    function_ref<void(Value repeat, Value panel)> body) {
    PanelBuilder &p = group.builder;
    p.loop(p.index(0), p.index(group.rows.repeat), 1, [&](Value repeat) {
      forEachTokenPanel(group, [&](Value panel) { body(repeat, panel); });
    });
  }
  void forEachTokenPanel(PanelGroup &group, function_ref<void(Value)> body) {
    PanelBuilder &p = group.builder;
    OpFoldResult panels = affine::makeComposedFoldedAffineApply(
        b, b.getLoc(), b.getAffineDimExpr(0).ceilDiv(p.plan.tokens),
        {realTokens});
    p.loop(p.index(0), toValue(panels), 1, body);
  }

  PanelState getState(PanelGroup &group, Value repeat, Value panel) {
    PanelBuilder &p = group.builder;
    Value number =
        p.add(p.mul(repeat, tokens / p.plan.tokens), panel);
    return {viewPanel(b, group.query, number), viewPanel(b, group.acc, number),
            viewPanel(b, group.max, number), viewPanel(b, group.sum, number),
            group.scores};
  }

  void lowerValueHead() {
    for (PanelGroup &group : groups)
      forEachPanel(group, [&](Value repeat, Value panel) {
        PanelState state = getState(group, repeat, panel);
        initialize(group, state, repeat, panel);
        if (!wholeRange.isWhole())
          buildMaskedLoop(group, state, repeat, panel);
      });
    buildWholeLoop();
    for (PanelGroup &group : groups)
      forEachPanel(group, [&](Value repeat, Value panel) {
        writeBack(group, getState(group, repeat, panel), repeat, panel);
      });
  }

  void initialize(PanelGroup &group, const PanelState &state, Value repeat,
                  Value panel) {
    PanelBuilder &p = group.builder;
    Value firstToken = p.mul(panel, p.plan.tokens);
    Value lastToken =
        arith::SubIOp::create(b, toValue(realTokens), p.index(1));
    p.pack(queryBuffer.buffer, attention.getDimSize('d'), state.query,
           [&](Value row) {
             Value token =
                 p.min(p.add(firstToken, p.mod(row, p.plan.tokens)), lastToken);
             return getRowIndices(group, queryBuffer.dims, repeat, row, token);
           });
    if (isIdentity) {
      p.loop(p.index(0), p.index(attention.getDimSize('v')), 1,
             [&](Value depth) { p.store(p.splat(0.0), state.acc, depth); });
      p.store(p.splat(kLowestMax), state.max);
      p.store(p.splat(0.0), state.sum);
      return;
    }
    auto position = [&](const NamedBuffer &buffer, Value row) {
      return getRowIndices(group, buffer.dims, repeat, row,
                           p.add(firstToken, p.mod(row, p.plan.tokens)));
    };
    p.pack(initial[0].buffer, attention.getDimSize('v'), state.acc,
           [&](Value row) { return position(initial[0], row); });
    p.loop(p.index(0), p.index(p.plan.getLanes()), 1, [&](Value lane) {
      Value row = p.min(lane, p.index(p.plan.getRows() - 1));
      for (auto [source, target] :
           {std::pair(initial[1], state.max), std::pair(initial[2], state.sum)})
        memref::StoreOp::create(
            b,
            memref::LoadOp::create(b, source.buffer, position(source, row)),
            target, lane);
    });
  }

  void writeBack(PanelGroup &group, const PanelState &state, Value repeat,
                 Value panel) {
    PanelBuilder &p = group.builder;
    Value firstToken = p.mul(panel, p.plan.tokens);
    auto position = [&](const NamedBuffer &buffer, Value row) {
      return getRowIndices(group, buffer.dims, repeat, row,
                           p.add(firstToken, p.mod(row, p.plan.tokens)));
    };
    p.unpack(state.acc, attention.getDimSize('v'), running[0].buffer,
             [&](Value row) { return position(running[0], row); });
    p.loop(p.index(0), p.index(p.plan.getRows()), 1, [&](Value row) {
      for (auto [source, target] :
           {std::pair(state.max, running[1]), std::pair(state.sum, running[2])})
        memref::StoreOp::create(b, memref::LoadOp::create(b, source, row),
                                target.buffer, position(target, row));
    });
  }

  /// Copies rows [first, first + count) of a view to `wide` in f32, if there is
  /// such a buffer. Returns the view to read.
  Value widen(PanelBuilder &p, Value view, Value wide, Value first,
              Value count) {
    if (!wide)
      return view;
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
        ArrayRef<OpFoldResult>{b.getIndexAttr(std::max(wholeKeys, kMaskedKeys)),
                               b.getIndexAttr(width)},
        ArrayRef<OpFoldResult>{b.getIndexAttr(1), b.getIndexAttr(1)});
  }

  SmallVector<Value> widenValues(PanelBuilder &p, Value first, Value count) {
    SmallVector<Value> values = viewValues();
    for (auto [i, value] : llvm::enumerate(values))
      value = widen(p, value, wideValues.empty() ? Value() : wideValues[i],
                    first, count);
    return values;
  }

  /// The steps over the tiles that all query tokens see. All panels use a tile
  /// before the next one is read.
  void buildWholeLoop() {
    PanelBuilder &p = groups.front().builder;
    p.loop(toValue(wholeRange.wholeBegin), toValue(wholeRange.wholeEnd),
           wholeKeys, [&](Value first) {
             Value count = p.index(wholeKeys);
             SmallVector<Value> values = widenValues(p, first, count);
             for (PanelGroup &group : groups)
               buildWholeSteps(group, values, first);
           });
  }

  void buildWholeSteps(PanelGroup &group, ArrayRef<Value> values, Value first) {
    PanelBuilder &p = group.builder;
    p.loop(p.index(0), p.index(group.rows.repeat), 1, [&](Value repeat) {
      Value key = widen(p, viewKey(group, repeat), group.wideKey, first,
                        p.index(wholeKeys));
      forEachTokenPanel(group, [&](Value panel) {
        KeyTile tile;
        tile.key = key;
        tile.values.assign(values.begin(), values.end());
        tile.size = wholeKeys;
        // Wide copies begin with the tile.
        tile.first = group.wideKey ? p.index(0) : first;
        PanelStep(p, attention).build(getState(group, repeat, panel), tile);
      });
    });
  }

  /// The steps over the keys of a panel before and after those tiles.
  void buildMaskedLoop(PanelGroup &group, const PanelState &state, Value repeat,
                       Value panel) {
    PanelBuilder &p = group.builder;
    Value firstToken = p.mul(panel, p.plan.tokens);
    auto [visibleBegin, visibleEnd] =
        wholeRange.getVisible(firstToken, p.plan.tokens);
    Value begin = toValue(visibleBegin), end = toValue(visibleEnd);
    Value frontEnd = p.min(toValue(wholeRange.wholeBegin), end);
    Value backBegin = p.max(toValue(wholeRange.wholeEnd), begin);
    auto countTiles = [&](Value from, Value to) -> Value {
      Value keys = p.max(b.createOrFold<arith::SubIOp>(to, from), p.index(0));
      return p.div(p.add(keys, p.index(kMaskedKeys - 1)), kMaskedKeys);
    };
    bool hasFront = wholeRange.hasFirst();
    Value front = hasFront ? countTiles(begin, frontEnd) : p.index(0);
    Value tiles = p.add(front, countTiles(backBegin, end));
    Value key = viewKey(group, repeat);
    SmallVector<Value> values = viewValues();
    p.loop(p.index(0), tiles, 1, [&](Value number) {
      Value first, last = end;
      if (hasFront) {
        Value inFront = arith::CmpIOp::create(b, arith::CmpIPredicate::slt,
                                              number, front);
        Value behind = arith::SubIOp::create(b, number, front);
        first = p.add(arith::SelectOp::create(b, inFront, begin, backBegin),
                      p.mul(arith::SelectOp::create(b, inFront, number, behind),
                            kMaskedKeys));
        last = arith::SelectOp::create(b, inFront, frontEnd, end);
      } else {
        first = p.add(backBegin, p.mul(number, kMaskedKeys));
      }
      KeyTile tile;
      tile.size = kMaskedKeys;
      tile.count = p.min(p.index(kMaskedKeys),
                         arith::SubIOp::create(b, last, first));
      tile.key = widen(p, key, group.wideKey, first, tile.count);
      tile.values = widenValues(p, first, tile.count);
      tile.first = group.wideKey ? p.index(0) : first;
      setBounds(p, tile, firstToken, first);
      PanelStep(p, attention).build(state, tile);
    });
  }

  /// Sets the first and the last key that each row sees.
  void setBounds(PanelBuilder &p, KeyTile &tile, Value firstToken,
                 Value firstKey) {
    VectorType positions = VectorType::get(unit.lanes, b.getI32Type());
    auto getBounds = [&](OpFoldResult bound) {
      Value base = arith::SubIOp::create(
          b, p.add(toValue(bound), firstToken), firstKey);
      // Far bounds have no effect, and their sums must not overflow.
      constexpr int64_t kFar = int64_t(1) << 30;
      base = p.max(p.min(base, p.index(kFar)), p.index(-kFar));
      Value all = vector::BroadcastOp::create(
          b, positions, arith::IndexCastOp::create(b, b.getI32Type(), base));
      Row row;
      for (int64_t i = 0; i < p.plan.vectors; ++i) {
        SmallVector<int32_t> lanes;
        for (int64_t lane = 0; lane < unit.lanes; ++lane)
          lanes.push_back(std::min(i * unit.lanes + lane,
                                   p.plan.getRows() - 1) %
                          p.plan.tokens);
        row.push_back(arith::AddIOp::create(
            b, all,
            arith::ConstantOp::create(
                b, DenseElementsAttr::get(positions, ArrayRef(lanes)))));
      }
      return row;
    };
    if (wholeRange.hasFirst())
      tile.firstVisible = getBounds(wholeRange.getFirst());
    if (wholeRange.hasLast())
      tile.lastVisible = getBounds(wholeRange.getLast());
    Value lastKey = vector::BroadcastOp::create(
        b, positions,
        arith::IndexCastOp::create(
            b, b.getI32Type(),
            arith::SubIOp::create(b, tile.count, p.index(1))));
    if (tile.lastVisible.empty())
      tile.lastVisible = Row(p.plan.vectors, lastKey);
    else
      tile.lastVisible = p.map(tile.lastVisible, [&](ValueRange v) -> Value {
        return arith::MinSIOp::create(b, v[0], lastKey);
      });
  }

  ImplicitLocOpBuilder &b;
  OnlineAttentionOp op;
  AttentionOpInterface attention;
  VectorUnit unit;
  int64_t wholeKeys;
  KeyRange wholeRange;
  /// Query tokens, and those that are not padding.
  int64_t tokens;
  OpFoldResult realTokens;
  NamedBuffer queryBuffer, keyBuffer, valueBuffer;
  /// Accumulators, maxima and sums: results, and old values unless they are the
  /// identity.
  SmallVector<NamedBuffer> running, initial;
  bool isIdentity = true;
  SmallVector<PanelGroup, 2> groups;
  SmallVector<Value> wideValues;
  /// The current batch entry and value head.
  Value batch, valueHead;
};

struct ConvertDiffToVector
    : public diff::impl::ConvertDiffToVectorPassBase<ConvertDiffToVector> {
  using ConvertDiffToVectorPassBase::ConvertDiffToVectorPassBase;

  void runOnOperation() override {
    if (vectorBytes < 8 || vectorBytes > 256 ||
        !llvm::isPowerOf2_64(vectorBytes) || registers < 4) {
      getOperation()->emitError(
          "convert-diff-to-vector: option 'vector-bytes' must be a power of "
          "two from 8 to 256, and 'registers' at least 4, found ")
          << int64_t(vectorBytes) << " and " << int64_t(registers);
      return signalPassFailure();
    }
    VectorUnit unit{vectorBytes / int64_t(sizeof(float)), registers};
    SmallVector<OnlineAttentionOp> ops;
    getOperation()->walk([&](OnlineAttentionOp op) { ops.push_back(op); });
    IRRewriter rewriter(&getContext());
    for (OnlineAttentionOp op : ops)
      if (failed(lowerToVectors(rewriter, op, unit)))
        return signalPassFailure();
  }
};
} // namespace

LogicalResult diff::lowerToVectors(RewriterBase &rewriter, OnlineAttentionOp op,
                                   const VectorUnit &unit) {
  if (!op.hasPureTensorSemantics())
    return op.emitOpError("cannot be lowered to vectors on memrefs; run "
                          "convert-diff-to-vector before bufferization");
  auto attention = cast<AttentionOpInterface>(op.getOperation());
  if (ShapedType::isDynamic(attention.getDimSize('n')))
    return op.emitOpError("has a dynamic number of query tokens; run "
                          "diff-pad-tiles before convert-diff-to-vector");
  // Without keys, the running values do not change.
  if (attention.getDimSize('m') == 0) {
    rewriter.replaceOp(op, op.getDpsInits());
    return success();
  }
  rewriter.setInsertionPoint(op);
  ImplicitLocOpBuilder b(op.getLoc(), rewriter);
  rewriter.replaceOp(op, VectorLowering(b, op, unit).lower());
  return success();
}
