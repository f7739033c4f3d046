//===- SequenceTiles.cpp - Tiling of variable-length sequences ------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Each sequence, or each tile of one, becomes an attention with one batch entry
// on slices of the packed tensors.
//
//===----------------------------------------------------------------------===//

#include "AttentionTile.h"
#include "diff/Dialect/Diff/Transforms/AttentionBuilders.h"
#include "diff/Dialect/Diff/Transforms/Transforms.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Dialect/Utils/StructuredOpsUtils.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace mlir::diff;

namespace {
/// The position of a sequence in the packed tensors.
struct Sequence {
  TileRange queries, keys;
};

/// Builds attentions on parts of the packed tensors of `op`.
class SequenceBuilder {
public:
  SequenceBuilder(OpBuilder &b, AttentionCombineOpInterface op)
      : b(b), op(op), attention(cast<AttentionOpInterface>(op.getOperation())),
        destination(cast<DestinationStyleOpInterface>(op.getOperation())),
        loc(op.getLoc()) {}

  /// Returns the number of sequences.
  OpFoldResult getNumSequences() {
    AffineExpr s0 = b.getAffineSymbolExpr(0);
    return apply(s0 - 1, {getMixedSize(b, attention, 's')});
  }

  /// Reads the start and end of a sequence. A sequence number past the last one
  /// gives a sequence without tokens.
  Sequence load(Value number) {
    AffineExpr s0 = b.getAffineSymbolExpr(0), s1 = b.getAffineSymbolExpr(1);
    OpFoldResult next = min({s0 + 1, s1}, {number, getNumSequences()});
    auto range = [&](Value offsets) -> TileRange {
      Value begin = loadOffset(offsets, number);
      Value end = loadOffset(offsets, next);
      return {begin, apply(s1 - s0, {begin, end})};
    };
    TileRange queries = range(attention.getCuSeqlensQ());
    // Without key tokens a tile has none for certain, and no loop over them.
    if (attention.getDimSize('m') == 0)
      return {queries, {b.getIndexAttr(0), b.getIndexAttr(0)}};
    return {queries, range(attention.getCuSeqlensK())};
  }

  /// Returns the number of the first tile, of `size` query tokens, of a
  /// sequence: cu_seqlens_q[number] floordiv size + number. All tiles of the
  /// sequence fit before the first tile of the next one, since floor((a + n) /
  /// size) - floor(a / size) + 1 >= ceil(n / size).
  Value getFirstTile(Value number, int64_t size) {
    AffineExpr s0 = b.getAffineSymbolExpr(0), s1 = b.getAffineSymbolExpr(1);
    Value begin = loadOffset(attention.getCuSeqlensQ(), number);
    return toValue(apply(s0.floorDiv(size) + s1, {begin, number}));
  }

  /// Returns the total number of tiles.
  OpFoldResult getNumTiles(int64_t size) {
    AffineExpr s0 = b.getAffineSymbolExpr(0), s1 = b.getAffineSymbolExpr(1);
    return apply(s0.floorDiv(size) + s1,
                 {getMixedSize(b, attention, 'n'), getNumSequences()});
  }

  /// Finds the last sequence whose first tile is at or before `tile` by a
  /// binary search, with first(low) <= tile < first(high) as invariant.
  Value findSequence(Value tile, int64_t size) {
    Value zero = arith::ConstantIndexOp::create(b, loc, 0);
    OpFoldResult numSequences = getNumSequences();
    if (isConstantIntValue(numSequences, 1))
      return zero;
    SmallVector<Type> types(2, b.getIndexType());
    SmallVector<Location> locs(2, loc);
    auto loop = scf::WhileOp::create(b, loc, types,
                                     ValueRange{zero, toValue(numSequences)});
    OpBuilder::InsertionGuard guard(b);
    // Insert the loop first, because affine ops inspect their parent loop.
    ValueRange range =
        b.createBlock(&loop.getBefore(), {}, types, locs)->getArguments();
    Value count = arith::SubIOp::create(b, loc, range[1], range[0]);
    Value one = arith::ConstantIndexOp::create(b, loc, 1);
    Value several =
        arith::CmpIOp::create(b, loc, arith::CmpIPredicate::sgt, count, one);
    scf::ConditionOp::create(b, loc, several, range);

    range = b.createBlock(&loop.getAfter(), {}, types, locs)->getArguments();
    AffineExpr s0 = b.getAffineSymbolExpr(0), s1 = b.getAffineSymbolExpr(1);
    Value middle = toValue(apply((s0 + s1).floorDiv(2), {range[0], range[1]}));
    Value isBehind = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::sgt,
                                           getFirstTile(middle, size), tile);
    Value low = arith::SelectOp::create(b, loc, isBehind, range[0], middle);
    Value high = arith::SelectOp::create(b, loc, isBehind, middle, range[1]);
    scf::YieldOp::create(b, loc, ValueRange{low, high});
    return loop.getResult(0);
  }

  /// Returns the query tokens of a tile of a sequence (none past the last tile)
  /// and the keys that they may see. `diagonal` is relative to the tile.
  Sequence cutTile(const Sequence &sequence, Value tile, Value number,
                   int64_t size, OpFoldResult &diagonal) {
    AffineExpr s0 = b.getAffineSymbolExpr(0), s1 = b.getAffineSymbolExpr(1),
               s2 = b.getAffineSymbolExpr(2);
    OpFoldResult length = sequence.queries.size;
    Value first = getFirstTile(number, size);
    OpFoldResult offset =
        min({(s0 - s1) * size, s2}, {OpFoldResult(tile), first, length});
    OpFoldResult queries =
        min({s0 - s1, b.getAffineConstantExpr(size)}, {length, offset});
    diagonal = apply(s0 - s1 + s2, {sequence.keys.size, length, offset});
    // A tile without queries must not read anything.
    Value zero = arith::ConstantIndexOp::create(b, loc, 0);
    Value isEmpty = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq,
                                          toValue(queries), zero);
    OpFoldResult keys = sequence.keys.size;
    if (!isConstantIntValue(keys, 0))
      keys = arith::SelectOp::create(b, loc, isEmpty, zero, toValue(keys))
                 .getResult();
    return {{apply(s0 + s1, {sequence.queries.offset, offset}), queries},
            {sequence.keys.offset, keys}};
  }

  /// Builds the attention with one batch entry on a part of the operands and of
  /// `destinations`, and calls `insert` with each result and its position in
  /// the destination.
  using Insert = function_ref<void(Value result, Value destination,
                                   ArrayRef<OpFoldResult> offsets,
                                   ArrayRef<OpFoldResult> sizes)>;
  LogicalResult build(const Sequence &part, TileRange heads,
                      OpFoldResult diagonal, ValueRange destinations,
                      Insert insert) {
    AttentionTile tile(b, attention, TileRange(), heads, part.queries,
                       part.keys);
    if (failed(tile.verify()))
      return failure();
    SmallVector<Value> operands;
    SmallVector<Type> types;
    for (OpOperand &operand : op->getOpOperands()) {
      unsigned i = operand.getOperandNumber();
      StringRef dims = attention.getOperandDims(i);
      Value value = operand.get();
      bool isInit = destination.isDpsInit(&operand);
      if (isInit)
        value = destinations[types.size()];
      if (!dims.empty() && dims != "s")
        value = sliceBatchEntry(tile, value, dims);
      if (isInit)
        types.push_back(value.getType());
      operands.push_back(value);
    }
    auto dense = cast<AttentionOpInterface>(
        mlir::clone(b, op.getOperation(), types, operands));
    dense.dropSequences();
    dense.setLayoutAttr(getBatchedLayout());
    if (diagonal && attention.getMaskAttr())
      dense.setDiagonal(toValue(diagonal));

    for (auto [init, result, whole] :
         llvm::zip_equal(destination.getDpsInitsMutable(), dense->getResults(),
                         destinations)) {
      SmallVector<OpFoldResult> offsets, sizes;
      tile.getPosition(whole, attention.getOperandDims(init.getOperandNumber()),
                       offsets, sizes);
      auto type = cast<RankedTensorType>(result.getType());
      Value packed = tensor::CollapseShapeOp::create(
          b, loc,
          RankedTensorType::get(type.getShape().drop_front(),
                                type.getElementType()),
          result, getBatchGroups(type.getRank()));
      insert(packed, whole, offsets, sizes);
    }
    return success();
  }

private:
  OpFoldResult apply(AffineExpr expr, ArrayRef<OpFoldResult> operands) {
    return affine::makeComposedFoldedAffineApply(b, loc, expr, operands);
  }

  OpFoldResult min(ArrayRef<AffineExpr> exprs,
                   ArrayRef<OpFoldResult> operands) {
    return affine::makeComposedFoldedAffineMin(
        b, loc, AffineMap::get(0, operands.size(), exprs, b.getContext()),
        operands);
  }

  Value toValue(OpFoldResult value) {
    return getValueOrCreateConstantIndexOp(b, loc, value);
  }

  Value loadOffset(Value offsets, OpFoldResult number) {
    Value loaded = tensor::ExtractOp::create(b, loc, offsets, toValue(number));
    return arith::IndexCastOp::create(b, loc, b.getIndexType(), loaded);
  }

  /// Returns dimension 0 merged with the batch, and the others alone.
  static SmallVector<ReassociationIndices> getBatchGroups(int64_t rank) {
    SmallVector<ReassociationIndices> groups = {{0, 1}};
    for (int64_t i = 2; i < rank; ++i)
      groups.push_back({i});
    return groups;
  }

  /// Returns the tile of a tensor, with a unit batch if it has tokens.
  Value sliceBatchEntry(AttentionTile &tile, Value value, StringRef dims) {
    SmallVector<Operation *> slices;
    Value slice = tile.slice(value, dims, slices);
    if (dims.find_first_of("nm") == StringRef::npos)
      return slice;
    auto type = cast<RankedTensorType>(slice.getType());
    SmallVector<OpFoldResult> offsets, sizes = {b.getIndexAttr(1)};
    tile.getPosition(value, dims, offsets, sizes);
    SmallVector<int64_t> shape = {1};
    llvm::append_range(shape, type.getShape());
    return tensor::ExpandShapeOp::create(
        b, loc, RankedTensorType::get(shape, type.getElementType()), slice,
        getBatchGroups(shape.size()), sizes);
  }

  /// Returns the layout of the operands with a leading batch.
  LayoutAttr getBatchedLayout() {
    LayoutAttr packed = attention.getLayoutAttr(), batched;
    if (!packed)
      return {};
    for (StringRef name : LayoutAttr::getOperandNames()) {
      SmallVector<int64_t> permutation;
      for (int64_t position : packed.getPermutation(name)) {
        if (permutation.empty())
          permutation.push_back(0);
        permutation.push_back(position + 1);
      }
      batched = LayoutAttr::withPermutation(b.getContext(), batched, name,
                                            permutation);
    }
    return batched;
  }

  OpBuilder &b;
  AttentionCombineOpInterface op;
  AttentionOpInterface attention;
  DestinationStyleOpInterface destination;
  Location loc;
};
} // namespace

FailureOr<scf::ForallOp>
diff::tileSequences(RewriterBase &rewriter, AttentionCombineOpInterface op,
                    const SequenceTilingOptions &options) {
  auto attention = cast<AttentionOpInterface>(op.getOperation());
  auto destination = cast<DestinationStyleOpInterface>(op.getOperation());
  if (!attention.hasSequences() || !destination.hasPureTensorSemantics())
    return failure();
  OpBuilder::InsertionGuard guard(rewriter);
  rewriter.setInsertionPoint(op);
  Location loc = op.getLoc();
  SequenceBuilder builder(rewriter, op);
  OpFoldResult zero = rewriter.getIndexAttr(0), one = rewriter.getIndexAttr(1);
  OpFoldResult heads = rewriter.getIndexAttr(options.heads);
  std::optional<ArrayAttr> mapping;
  if (!options.mapping.empty())
    mapping = rewriter.getArrayAttr(options.mapping);
  SmallVector<OpFoldResult> uppers = {
      rewriter.getIndexAttr(attention.getNumHeadGroups()),
      builder.getNumTiles(options.queries)};
  auto loop = scf::ForallOp::create(
      rewriter, loc, SmallVector<OpFoldResult>{zero, zero}, uppers,
      SmallVector<OpFoldResult>{heads, one}, destination.getDpsInits(),
      mapping);
  rewriter.setInsertionPointToStart(loop.getBody());
  Value head = loop.getInductionVar(0), tile = loop.getInductionVar(1);
  Value number = builder.findSequence(tile, options.queries);
  OpFoldResult diagonal;
  Sequence part = builder.cutTile(builder.load(number), tile, number,
                                  options.queries, diagonal);
  LogicalResult built = builder.build(
      part, {head, heads}, diagonal, loop.getRegionIterArgs(),
      [&](Value result, Value destination, ArrayRef<OpFoldResult> offsets,
          ArrayRef<OpFoldResult> sizes) {
        OpBuilder::InsertionGuard guard(rewriter);
        SmallVector<OpFoldResult> strides(sizes.size(), one);
        rewriter.setInsertionPointToEnd(loop.getTerminator().getBody());
        tensor::ParallelInsertSliceOp::create(
            rewriter, loc, result, destination, offsets, sizes, strides);
      });
  if (failed(built))
    return failure();
  rewriter.replaceOp(op, loop.getResults());
  return loop;
}

FailureOr<scf::ForOp> diff::splitSequences(RewriterBase &rewriter,
                                           AttentionCombineOpInterface op) {
  auto attention = cast<AttentionOpInterface>(op.getOperation());
  auto destination = cast<DestinationStyleOpInterface>(op.getOperation());
  if (!attention.hasSequences() || !destination.hasPureTensorSemantics())
    return failure();
  OpBuilder::InsertionGuard guard(rewriter);
  rewriter.setInsertionPoint(op);
  Location loc = op.getLoc();
  SequenceBuilder builder(rewriter, op);
  OpFoldResult zero = rewriter.getIndexAttr(0);
  auto loop = scf::ForOp::create(
      rewriter, loc, arith::ConstantIndexOp::create(rewriter, loc, 0),
      getValueOrCreateConstantIndexOp(rewriter, loc, builder.getNumSequences()),
      arith::ConstantIndexOp::create(rewriter, loc, 1),
      destination.getDpsInits());
  rewriter.setInsertionPointToStart(loop.getBody());
  Sequence sequence = builder.load(loop.getInductionVar());
  SmallVector<Value> results;
  LogicalResult built = builder.build(
      sequence, {zero, rewriter.getIndexAttr(attention.getNumHeadGroups())},
      /*diagonal=*/OpFoldResult(), loop.getRegionIterArgs(),
      [&](Value result, Value destination, ArrayRef<OpFoldResult> offsets,
          ArrayRef<OpFoldResult> sizes) {
        SmallVector<OpFoldResult> strides(sizes.size(),
                                          rewriter.getIndexAttr(1));
        results.push_back(tensor::InsertSliceOp::create(
            rewriter, loc, result, destination, offsets, sizes, strides));
      });
  if (failed(built))
    return failure();
  scf::YieldOp::create(rewriter, loc, results);
  rewriter.replaceOp(op, loop.getResults());
  return loop;
}
