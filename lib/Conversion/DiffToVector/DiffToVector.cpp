//===- DiffToVector.cpp - Attention to vectors for CPUs -------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Conversion/DiffToVector/DiffToVector.h"
#include "AttentionBuffers.h"
#include "FewRows.h"
#include "KeyRange.h"
#include "PanelStep.h"
#include "diff/Conversion/HostLowering/HostLowering.h"
#include "diff/Dialect/Diff/Transforms/AttentionBuilders.h"
#include "diff/Dialect/Diff/Transforms/Transforms.h"
#include "mlir/Dialect/AMX/AMXDialect.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Dialect/X86Vector/X86VectorDialect.h"
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
/// Keys of a step that all rows see. More do not make the steady loop of
/// vectors faster.
constexpr int64_t kWholeKeys = 64;

/// The panels of the maps that read one key head or several.
struct PanelGroup {
  RowGroup rows;
  PanelBuilder builder;
  /// Buffers of all panels, see `PanelState`.
  Value query, acc, max, sum;
  StepBuffers buffers;
};

/// Builds the loops of an attention around the steps of one kind.
class PanelLoops : AttentionBuffers {
public:
  PanelLoops(const AttentionBuffers &buffers, OnlineAttentionOp op,
             const VectorUnit &unit, ProductKind kind, PanelStep &step)
      : AttentionBuffers(buffers), unit(unit), kind(kind), step(step),
        wholeRange(b, op, step.wholeKeys) {}

  void build() {
    createGroups();
    PanelBuilder &p = groups.front().builder;
    p.loop(p.index(0), toValue(getMixedSize(b, attention, 'b')), 1,
           [&](Value batchEntry) {
             batch = batchEntry;
             p.loop(p.index(0), p.index(attention.getNumValueHeads()), 1,
                    [&](Value head) {
                      valueHead = head;
                      buildValueHead();
                    });
           });
  }

private:
  void createGroups() {
    int64_t dv = attention.getDimSize('v');
    for (const RowGroup &rows : getRowGroups(attention)) {
      RowPlan plan =
          planRows(unit, kind, attention.getGroupSize() * rows.numMaps, tokens,
                   /*divides=*/true);
      int64_t panels = rows.repeat * (tokens / plan.tokens);
      int64_t lanes = plan.getLanes();
      PanelGroup group{rows, PanelBuilder(b, plan), {}, {}, {}, {}, {}};
      // Small buffers between large ones keep the panels and the scores of a
      // step at different offsets of their pages, so that stores do not delay
      // loads.
      group.query = step.allocateQuery(plan, panels);
      group.acc =
          step.allocate({panels, step.alignToLanes(dv), lanes}, b.getF32Type());
      group.max = step.allocate({panels, lanes}, b.getF32Type());
      group.sum = step.allocate({panels, lanes}, b.getF32Type());
      group.buffers = step.allocateBuffers(plan);
      groups.push_back(group);
    }
    int64_t parts = getValueParts();
    step.allocateValues(SmallVector<int64_t>(parts, dv / parts));
  }

  int64_t getValueParts() {
    return valueBuffer.dims.contains('e') ? valueBuffer.getSize('e') : 1;
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
    Value head = p.div(number, group.rows.numMaps);
    Value map = p.add(p.add(repeat, p.index(group.rows.firstMap)),
                      p.mod(number, group.rows.numMaps));
    return AttentionBuffers::getRowIndices(dims, head, map, token);
  }

  Value viewKey(PanelGroup &group, Value repeat) {
    PanelBuilder &p = group.builder;
    Value key = p.add(repeat, p.index(group.rows.firstKey));
    return viewKeyHead(key);
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
    Value number = p.add(p.mul(repeat, tokens / p.plan.tokens), panel);
    return {viewPanel(b, group.query, number), viewPanel(b, group.acc, number),
            viewPanel(b, group.max, number), viewPanel(b, group.sum, number),
            &group.buffers};
  }

  void buildValueHead() {
    for (PanelGroup &group : groups)
      forEachPanel(group, [&](Value repeat, Value panel) {
        initialize(group, getState(group, repeat, panel), repeat, panel);
      });
    if (!wholeRange.isWhole())
      buildMaskedLoop();
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
    Value lastToken = arith::SubIOp::create(b, toValue(realTokens), p.index(1));
    step.packQuery(p, queryBuffer.buffer, state.query, [&](Value row) {
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
            b, memref::LoadOp::create(b, source.buffer, position(source, row)),
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

  /// The steps over the tiles that all query tokens see. All panels use a tile
  /// before the next one is read.
  void buildWholeLoop() {
    PanelBuilder &p = groups.front().builder;
    p.loop(toValue(wholeRange.wholeBegin), toValue(wholeRange.wholeEnd),
           step.wholeKeys, [&](Value first) {
             KeyTile tile;
             tile.size = step.wholeKeys;
             buildSteps(tile, first,
                        [&](PanelGroup &group, const PanelState &state, Value) {
                          step.build(group.builder, state, tile);
                        });
           });
  }

  /// Prepares the keys and values of a tile from key `first` on, and builds the
  /// loops over the panels that use it.
  void buildSteps(
      KeyTile &tile, Value first,
      function_ref<void(PanelGroup &, const PanelState &, Value panel)> body) {
    step.packValues(groups.front().builder, viewValues(), first, tile);
    for (PanelGroup &group : groups) {
      PanelBuilder &p = group.builder;
      p.loop(p.index(0), p.index(group.rows.repeat), 1, [&](Value repeat) {
        tile.keys = step.packKeys(p, viewKey(group, repeat), group.buffers.keys,
                                  first, tile.size, tile.count);
        forEachTokenPanel(group, [&](Value panel) {
          body(group, getState(group, repeat, panel), panel);
        });
      });
    }
  }

  /// The steps over the tiles before and after those, which not all query
  /// tokens see.
  void buildMaskedLoop() {
    if (step.sharesMaskedTiles) {
      // A panel skips the tiles that it does not see.
      Value firstToken = groups.front().builder.index(0);
      forEachMaskedTile(firstToken, tokens, [&](KeyTile &tile, Value first) {
        buildSteps(
            tile, first,
            [&](PanelGroup &group, const PanelState &state, Value panel) {
              buildIfSeen(group, panel, tile, first, [&] {
                buildMaskedStep(group, state, panel, tile, first);
              });
            });
      });
      return;
    }
    for (PanelGroup &group : groups)
      forEachPanel(group, [&](Value repeat, Value panel) {
        PanelBuilder &p = group.builder;
        PanelState state = getState(group, repeat, panel);
        Value key = viewKey(group, repeat);
        forEachMaskedTile(p.mul(panel, p.plan.tokens), p.plan.tokens,
                          [&](KeyTile &tile, Value first) {
                            step.packValues(p, viewValues(), first, tile);
                            tile.keys =
                                step.packKeys(p, key, group.buffers.keys, first,
                                              tile.size, tile.count);
                            buildMaskedStep(group, state, panel, tile, first);
                          });
      });
  }

  /// Builds the loop over the masked tiles of `tokens` query tokens from
  /// `firstToken` on.
  void forEachMaskedTile(Value firstToken, int64_t tokens,
                         function_ref<void(KeyTile &, Value first)> body) {
    wholeRange.forEachPartialTile(groups.front().builder, firstToken, tokens,
                                  step.maskedKeys,
                                  [&](Value first, Value count) {
                                    KeyTile tile;
                                    tile.size = step.maskedKeys;
                                    tile.count = count;
                                    body(tile, first);
                                  });
  }

  void buildMaskedStep(PanelGroup &group, const PanelState &state, Value panel,
                       KeyTile tile, Value first) {
    PanelBuilder &p = group.builder;
    setBounds(p, tile, p.mul(panel, p.plan.tokens), first);
    step.build(p, state, tile);
  }

  /// Builds `body` for panels that see some of the keys of a tile.
  void buildIfSeen(PanelGroup &group, Value panel, const KeyTile &tile,
                   Value first, function_ref<void()> body) {
    if (!wholeRange.hasFirst() && !wholeRange.hasLast())
      return body();
    PanelBuilder &p = group.builder;
    auto [begin, end] =
        wholeRange.getVisible(p.mul(panel, p.plan.tokens), p.plan.tokens);
    Value isSeen = arith::AndIOp::create(
        b,
        arith::CmpIOp::create(b, arith::CmpIPredicate::slt, first,
                              toValue(end)),
        arith::CmpIOp::create(b, arith::CmpIPredicate::slt, toValue(begin),
                              p.add(first, tile.count)));
    scf::IfOp::create(b, isSeen, [&](OpBuilder &, Location) {
      body();
      scf::YieldOp::create(b);
    });
  }

  /// Sets the first and the last key that each row sees.
  void setBounds(PanelBuilder &p, KeyTile &tile, Value firstToken,
                 Value firstKey) {
    VectorType positions = VectorType::get(unit.lanes, b.getI32Type());
    auto getBounds = [&](OpFoldResult bound) {
      Value base =
          arith::SubIOp::create(b, p.add(toValue(bound), firstToken), firstKey);
      // Far bounds have no effect, and their sums must not overflow.
      constexpr int64_t kFar = int64_t(1) << 30;
      base = p.max(p.min(base, p.index(kFar)), p.index(-kFar));
      Value all = vector::BroadcastOp::create(
          b, positions, arith::IndexCastOp::create(b, b.getI32Type(), base));
      Row row;
      for (int64_t i = 0; i < p.plan.vectors; ++i) {
        SmallVector<int32_t> lanes;
        for (int64_t lane = 0; lane < unit.lanes; ++lane)
          lanes.push_back(
              std::min(i * unit.lanes + lane, p.plan.getRows() - 1) %
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

  VectorUnit unit;
  ProductKind kind;
  PanelStep &step;
  KeyRange wholeRange;
  SmallVector<PanelGroup, 2> groups;
};

/// Lowers an attention by panels.
class PanelLowering : AttentionBuffers {
public:
  PanelLowering(ImplicitLocOpBuilder &b, OnlineAttentionOp op,
                const VectorUnit &unit)
      : AttentionBuffers(b, op), unit(unit) {}

  /// Returns the new running values.
  SmallVector<Value> lower() {
    createBuffers();
    ProductKind kind = selectProducts(unit, attention);
    int64_t keys = op.getSchedule() ? op.getSchedule()->getKeys() : kWholeKeys;
    if (kind != ProductKind::Tiles) {
      buildLoops(kind, keys);
    } else {
      scf::IfOp::create(
          b, requestAMX(),
          [&](OpBuilder &, Location) {
            buildLoops(kind, keys);
            scf::YieldOp::create(b);
          },
          [&](OpBuilder &, Location) {
            VectorUnit others = unit;
            others.amx = false;
            buildLoops(selectProducts(others, attention),
                       std::min(keys, kWholeKeys));
            scf::YieldOp::create(b);
          });
    }
    return getResults();
  }

private:
  /// Returns whether the process may use AMX, by a function that
  /// `diff-define-amx-request` defines.
  Value requestAMX() {
    auto module = op->getParentOfType<ModuleOp>();
    if (!module.lookupSymbol(kAMXRequestName)) {
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(module.getBody());
      auto function = func::FuncOp::create(
          b, kAMXRequestName, b.getFunctionType({}, b.getI1Type()));
      function.setPrivate();
    }
    return func::CallOp::create(b, kAMXRequestName, b.getI1Type()).getResult(0);
  }

  /// Builds the loops with steps of this kind.
  void buildLoops(ProductKind kind, int64_t keys) {
    std::unique_ptr<PanelStep> step =
        kind == ProductKind::Vectors
            ? createVectorStep(b, attention, unit, keys)
            : createTileStep(b, attention, unit, kind, keys);
    PanelLoops(*this, op, unit, kind, *step).build();
  }

  VectorUnit unit;
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
    VectorUnit unit{vectorBytes / int64_t(sizeof(float)), registers, amx, dots};
    if (dots && vectorBytes != 64) {
      getOperation()->emitError("convert-diff-to-vector: option 'dots' needs "
                                "vectors of 64 bytes");
      return signalPassFailure();
    }
    // The function that asks for AMX is a symbol of the module.
    if (amx && (!isa<ModuleOp>(getOperation()) || vectorBytes != 64)) {
      getOperation()->emitError("convert-diff-to-vector: option 'amx' needs "
                                "vectors of 64 bytes and a "
                                "module as the op of the pass");
      return signalPassFailure();
    }
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
  // Without keys, the running values do not change.
  if (attention.getDimSize('m') == 0) {
    rewriter.replaceOp(op, op.getDpsInits());
    return success();
  }
  // The number of lanes is not known.
  if (ShapedType::isDynamic(attention.getDimSize('n'))) {
    FailureOr<SmallVector<Value>> results =
        decomposeOnlineAttention(rewriter, op);
    if (succeeded(results))
      rewriter.replaceOp(op, *results);
    return results;
  }
  rewriter.setInsertionPoint(op);
  ImplicitLocOpBuilder b(op.getLoc(), rewriter);
  int64_t rows = attention.getDimSize('n') *
                 getRowsPerToken(attention, attention.getGroupSize());
  rewriter.replaceOp(op, isFewRows(unit, rows)
                             ? lowerFewRows(b, op, unit)
                             : PanelLowering(b, op, unit).lower());
  return success();
}
