//===- TilingInterfaceImpl.cpp - Tiling by the letters of the operands ----===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One model tiles all attentions. The iteration domain is (batch, output head,
// query token), and a key token, a reduction, for diff.online_attention.
//
//===----------------------------------------------------------------------===//

#include "diff/Dialect/Diff/Transforms/AttentionBuilders.h"
#include "diff/Dialect/Diff/Transforms/Transforms.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Dialect/Utils/StructuredOpsUtils.h"
#include "mlir/Interfaces/TilingInterface.h"
#include <cmath>

using namespace mlir;
using namespace mlir::diff;

LogicalResult diff::verifyHeadTile(AttentionOpInterface op, int64_t heads) {
  int64_t total = op.getNumOutputHeads(), group = op.getGroupSize();
  if (total % heads == 0 && (heads % group == 0 || group % heads == 0))
    return success();
  return op.emitOpError("tile size ")
         << heads << " of the output heads must divide their number " << total
         << ", and divide or be a multiple of the " << group
         << " that share a value head";
}

/// Positions of the iteration domain's dimensions.
enum Loop : unsigned { kBatch = 0, kHead = 1, kQuery = 2, kKey = 3 };

static OpFoldResult getDim(OpBuilder &b, Location loc, Value v, int64_t dim) {
  if (isa<TensorType>(v.getType()))
    return tensor::getMixedSize(b, loc, v, dim);
  return memref::getMixedSize(b, loc, v, dim);
}

static OpFoldResult apply(OpBuilder &b, Location loc, AffineExpr expr,
                          ArrayRef<OpFoldResult> operands) {
  return affine::makeComposedFoldedAffineApply(b, loc, expr, operands);
}

static Value createSlice(OpBuilder &b, Location loc, Value v,
                         ArrayRef<OpFoldResult> offsets,
                         ArrayRef<OpFoldResult> sizes,
                         SmallVectorImpl<Operation *> &slices) {
  SmallVector<OpFoldResult> strides(offsets.size(), b.getIndexAttr(1));
  Operation *slice;
  auto type = cast<ShapedType>(v.getType());
  // A slice of a tensor without elements would not verify.
  if (isa<TensorType>(type) && llvm::is_contained(type.getShape(), 0))
    slice = tensor::EmptyOp::create(b, loc, sizes, type.getElementType());
  else if (isa<TensorType>(type))
    slice = tensor::ExtractSliceOp::create(b, loc, v, offsets, sizes, strides);
  else
    slice = memref::SubViewOp::create(b, loc, v, offsets, sizes, strides);
  slices.push_back(slice);
  return slice->getResult(0);
}

namespace {
/// A tile of an attention's iteration domain, and the slices of its operands.
class Tile {
public:
  Tile(OpBuilder &b, AttentionOpInterface op, ArrayRef<OpFoldResult> offsets,
       ArrayRef<OpFoldResult> sizes)
      : b(b), op(op), loc(op.getLoc()), offsets(offsets), sizes(sizes) {}

  /// A head tile is whole groups of a value head, or a part of one that
  /// divides it: anything else would read a part of two value heads.
  LogicalResult verify() {
    std::optional<int64_t> heads = getConstantIntValue(sizes[kHead]);
    int64_t total = op.getNumOutputHeads(), group = op.getGroupSize();
    if (!heads)
      return op.emitOpError("tile size of the output heads must divide their "
                            "number ")
             << total << "; the last tile is smaller";
    if (*heads != total && *heads % group != 0 && group % *heads != 0)
      return op.emitOpError("tile size ")
             << *heads << " of the output heads must divide, or be a multiple "
             << "of, the " << group << " that share a value head";
    return success();
  }

  /// Offsets and sizes of the tile in a tensor of the given dimensions.
  void getPosition(Value v, StringRef dims,
                   SmallVectorImpl<OpFoldResult> &tileOffsets,
                   SmallVectorImpl<OpFoldResult> &tileSizes) {
    for (auto [position, dim] : llvm::enumerate(dims)) {
      auto [offset, size] = getRange(v, position, dim);
      tileOffsets.push_back(offset);
      tileSizes.push_back(size);
    }
  }

  Value slice(Value v, StringRef dims, SmallVectorImpl<Operation *> &slices) {
    SmallVector<OpFoldResult> tileOffsets, tileSizes;
    getPosition(v, dims, tileOffsets, tileSizes);
    return createSlice(b, loc, v, tileOffsets, tileSizes, slices);
  }

  /// The diagonal as seen from the tile: + query offset - key offset.
  Value getDiagonal() {
    AffineExpr s0 = b.getAffineSymbolExpr(0), s1 = b.getAffineSymbolExpr(1),
               s2 = b.getAffineSymbolExpr(2);
    OpFoldResult diagonal = op.getDiagonal();
    if (!op.getDiagonal())
      diagonal = apply(
          b, loc, s0 - s1,
          {getDim(b, loc, op.getKey(), 1), getDim(b, loc, op.getQuery(), 1)});
    return getValueOrCreateConstantIndexOp(
        b, loc,
        apply(b, loc, s0 + s1 - s2,
              {diagonal, offsets[kQuery], getKeyOffset()}));
  }

  /// The number of keys that exist from the tile's first on; it may be
  /// negative or reach past the tile.
  Value getKeyLength() {
    AffineExpr s0 = b.getAffineSymbolExpr(0), s1 = b.getAffineSymbolExpr(1);
    return getValueOrCreateConstantIndexOp(
        b, loc,
        apply(b, loc, s0 - s1,
              {OpFoldResult(op.getKeyLengthOrNull()), getKeyOffset()}));
  }

private:
  OpFoldResult getKeyOffset() {
    return offsets.size() > kKey ? offsets[kKey]
                                 : OpFoldResult(b.getIndexAttr(0));
  }

  std::pair<OpFoldResult, OpFoldResult> getRange(Value v, unsigned position,
                                                 char dim) {
    AffineExpr s0 = b.getAffineSymbolExpr(0);
    auto scaled = [&](int64_t factor) -> std::pair<OpFoldResult, OpFoldResult> {
      return {apply(b, loc, s0 * factor, {offsets[kHead]}),
              apply(b, loc, s0 * factor, {sizes[kHead]})};
    };
    switch (dim) {
    case 'b':
      return {offsets[kBatch], sizes[kBatch]};
    case 'n':
      return {offsets[kQuery], sizes[kQuery]};
    case 'h':
      return scaled(1);
    case 'q':
      return scaled(op.getNumMaps());
    case 'g':
      return getValueHeads(1);
    case 'k':
      return getValueHeads(op.getNumKeyMaps());
    case 'm':
      if (offsets.size() > kKey)
        return {offsets[kKey], sizes[kKey]};
      [[fallthrough]];
    default:
      return {b.getIndexAttr(0), getDim(b, loc, v, position)};
    }
  }

  /// The value heads that the tile's output heads read, times `factor`.
  std::pair<OpFoldResult, OpFoldResult> getValueHeads(int64_t factor) {
    int64_t group = op.getGroupSize();
    int64_t heads = *getConstantIntValue(sizes[kHead]);
    AffineExpr s0 = b.getAffineSymbolExpr(0);
    return {apply(b, loc, s0.floorDiv(group) * factor, {offsets[kHead]}),
            b.getIndexAttr(std::max<int64_t>(1, heads / group) * factor)};
  }

  OpBuilder &b;
  AttentionOpInterface op;
  Location loc;
  ArrayRef<OpFoldResult> offsets, sizes;
};
} // namespace

/// Clones `op` on slices of its operands; `inits` are the sliced destinations
/// when they are already there.
template <typename OpTy>
static FailureOr<TilingResult>
tileAttention(OpBuilder &b, OpTy op, ArrayRef<OpFoldResult> offsets,
              ArrayRef<OpFoldResult> sizes, ValueRange inits = {}) {
  auto attention = cast<AttentionOpInterface>(op.getOperation());
  Tile tile(b, attention, offsets, sizes);
  if (failed(tile.verify()))
    return failure();
  SmallVector<Operation *> slices;
  SmallVector<Value> operands;
  unsigned firstInit = op->getNumOperands() - op.getNumDpsInits();
  for (OpOperand &operand : op->getOpOperands()) {
    unsigned i = operand.getOperandNumber();
    if (i >= firstInit && !inits.empty())
      operands.push_back(inits[i - firstInit]);
    else if (isa<ShapedType>(operand.get().getType()))
      operands.push_back(
          tile.slice(operand.get(), op.getOperandDims(i), slices));
    else
      operands.push_back(operand.get());
  }
  SmallVector<Type> types;
  if (op.hasPureTensorSemantics())
    llvm::append_range(
        types, ValueRange(ArrayRef(operands).drop_front(firstInit)).getTypes());
  Value diagonal = attention.getMaskAttr() ? tile.getDiagonal() : Value();
  Value keyLength =
      attention.getKeyLengthOrNull() ? tile.getKeyLength() : Value();
  auto tiled = cast<OpTy>(mlir::clone(b, op.getOperation(), types, operands));
  if (diagonal)
    tiled.setDiagonal(diagonal);
  if constexpr (std::is_same_v<OpTy, OnlineAttentionOp>)
    if (keyLength)
      tiled.getKeyLengthMutable().assign(keyLength);
  return TilingResult{{tiled}, SmallVector<Value>(tiled->getResults()), slices};
}

/// The tile of the iteration domain that covers a tile of a tensor, which must
/// have the batch, a head and the query token among its dimensions.
static LogicalResult getDomainTile(OpBuilder &b, AttentionOpInterface op,
                                   unsigned numLoops, StringRef dims,
                                   ArrayRef<OpFoldResult> offsets,
                                   ArrayRef<OpFoldResult> sizes,
                                   SmallVectorImpl<OpFoldResult> &domainOffsets,
                                   SmallVectorImpl<OpFoldResult> &domainSizes) {
  domainOffsets.assign(numLoops, OpFoldResult());
  domainSizes.assign(numLoops, OpFoldResult());
  Location loc = op.getLoc();
  for (auto [dim, offset, size] : llvm::zip_equal(dims, offsets, sizes)) {
    AffineExpr s0 = b.getAffineSymbolExpr(0);
    int64_t maps = op.getNumMaps();
    unsigned loop = dim == 'b' ? kBatch : dim == 'n' ? kQuery : kHead;
    if (dim == 'q') {
      domainOffsets[loop] = apply(b, loc, s0.floorDiv(maps), {offset});
      domainSizes[loop] = apply(b, loc, s0.ceilDiv(maps), {size});
    } else if (StringRef("bnh").contains(dim)) {
      domainOffsets[loop] = offset;
      domainSizes[loop] = size;
    }
  }
  if (numLoops > kKey) {
    domainOffsets[kKey] = b.getIndexAttr(0);
    domainSizes[kKey] = getDim(b, loc, op.getKey(), 1);
  }
  return success(llvm::none_of(
      domainOffsets, [](OpFoldResult offset) { return offset.isNull(); }));
}

namespace {
template <typename OpTy>
struct AttentionTiling
    : public TilingInterface::ExternalModel<AttentionTiling<OpTy>, OpTy> {
  static constexpr unsigned kNumLoops =
      std::is_same_v<OpTy, OnlineAttentionOp> ? 4 : 3;

  SmallVector<utils::IteratorType> getLoopIteratorTypes(Operation *) const {
    SmallVector<utils::IteratorType> types(kNumLoops,
                                           utils::IteratorType::parallel);
    if (kNumLoops > kKey)
      types[kKey] = utils::IteratorType::reduction;
    return types;
  }

  SmallVector<Range> getIterationDomain(Operation *op, OpBuilder &b) const {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPoint(op);
    auto attention = cast<AttentionOpInterface>(op);
    Location loc = op->getLoc();
    OpFoldResult zero = b.getIndexAttr(0), one = b.getIndexAttr(1);
    SmallVector<OpFoldResult> sizes = {
        getDim(b, loc, attention.getQuery(), 0),
        b.getIndexAttr(attention.getNumOutputHeads()),
        getDim(b, loc, attention.getQuery(), 1)};
    if (kNumLoops > kKey)
      sizes.push_back(getDim(b, loc, attention.getKey(), 1));
    return llvm::map_to_vector(
        sizes, [&](OpFoldResult size) { return Range{zero, size, one}; });
  }

  FailureOr<TilingResult>
  getTiledImplementation(Operation *op, OpBuilder &b,
                         ArrayRef<OpFoldResult> offsets,
                         ArrayRef<OpFoldResult> sizes) const {
    return tileAttention(b, cast<OpTy>(op), offsets, sizes);
  }

  LogicalResult
  getResultTilePosition(Operation *op, OpBuilder &b, unsigned resultNumber,
                        ArrayRef<OpFoldResult> offsets,
                        ArrayRef<OpFoldResult> sizes,
                        SmallVector<OpFoldResult> &resultOffsets,
                        SmallVector<OpFoldResult> &resultSizes) const {
    auto attention = cast<AttentionOpInterface>(op);
    Tile tile(b, attention, offsets, sizes);
    if (failed(tile.verify()))
      return failure();
    OpOperand *init =
        cast<DestinationStyleOpInterface>(op).getDpsInitOperand(resultNumber);
    resultOffsets.clear();
    resultSizes.clear();
    tile.getPosition(init->get(),
                     attention.getOperandDims(init->getOperandNumber()),
                     resultOffsets, resultSizes);
    return success();
  }

  LogicalResult getIterationDomainTileFromResultTile(
      Operation *op, OpBuilder &b, unsigned resultNumber,
      ArrayRef<OpFoldResult> offsets, ArrayRef<OpFoldResult> sizes,
      SmallVectorImpl<OpFoldResult> &domainOffsets,
      SmallVectorImpl<OpFoldResult> &domainSizes) const {
    auto attention = cast<AttentionOpInterface>(op);
    OpOperand *init =
        cast<DestinationStyleOpInterface>(op).getDpsInitOperand(resultNumber);
    return getDomainTile(b, attention, kNumLoops,
                         attention.getOperandDims(init->getOperandNumber()),
                         offsets, sizes, domainOffsets, domainSizes);
  }

  FailureOr<TilingResult>
  generateResultTileValue(Operation *op, OpBuilder &b, unsigned resultNumber,
                          ArrayRef<OpFoldResult> offsets,
                          ArrayRef<OpFoldResult> sizes) const {
    SmallVector<OpFoldResult> domainOffsets, domainSizes;
    if (failed(getIterationDomainTileFromResultTile(
            op, b, resultNumber, offsets, sizes, domainOffsets, domainSizes)))
      return failure();
    FailureOr<TilingResult> tiled =
        getTiledImplementation(op, b, domainOffsets, domainSizes);
    if (failed(tiled))
      return failure();
    return TilingResult{tiled->tiledOps,
                        {tiled->tiledValues[resultNumber]},
                        tiled->generatedSlices};
  }

  LogicalResult getIterationDomainTileFromOperandTiles(
      Operation *op, OpBuilder &b, ArrayRef<unsigned> operandNumbers,
      ArrayRef<SmallVector<OpFoldResult>> offsets,
      ArrayRef<SmallVector<OpFoldResult>> sizes,
      SmallVectorImpl<OpFoldResult> &domainOffsets,
      SmallVectorImpl<OpFoldResult> &domainSizes) const {
    // A tile of the keys or values is not a tile of the result.
    if (operandNumbers.size() != 1)
      return failure();
    auto attention = cast<AttentionOpInterface>(op);
    return getDomainTile(b, attention, kNumLoops,
                         attention.getOperandDims(operandNumbers.front()),
                         offsets.front(), sizes.front(), domainOffsets,
                         domainSizes);
  }

  FailureOr<TilingResult> getTiledImplementationFromOperandTiles(
      Operation *op, OpBuilder &b, ArrayRef<unsigned> operandNumbers,
      ArrayRef<SmallVector<OpFoldResult>> offsets,
      ArrayRef<SmallVector<OpFoldResult>> sizes) const {
    SmallVector<OpFoldResult> domainOffsets, domainSizes;
    if (failed(getIterationDomainTileFromOperandTiles(
            op, b, operandNumbers, offsets, sizes, domainOffsets, domainSizes)))
      return failure();
    return getTiledImplementation(op, b, domainOffsets, domainSizes);
  }
};

//===----------------------------------------------------------------------===//
// Splitting the keys
//===----------------------------------------------------------------------===//

/// Running values of splits carry a leading dimension, the split. Merging them
/// is the online softmax's own law: with M the maximum over splits and init,
/// sum = sum_s sum_s 2^(max_s - M), and acc likewise.
class SplitMerger {
public:
  SplitMerger(OpBuilder &b, OnlineAttentionOp op, ValueRange parts)
      : named(b, op.getLoc()), compute(b.getF32Type()), op(op), parts(parts) {
    Location loc = op.getLoc();
    named.declare('s', tensor::getMixedSize(b, loc, parts[1], 0));
    named.declare('b', tensor::getMixedSize(b, loc, op.getQuery(), 0));
    named.declare('q', tensor::getMixedSize(b, loc, op.getQuery(), 2));
    named.declare('n', tensor::getMixedSize(b, loc, op.getQuery(), 1));
    named.declare('v', tensor::getMixedSize(b, loc, op.getValue(), 3));
  }

  SmallVector<Value> merge() {
    NamedValue partMax{parts[1], "sbqn"};
    NamedValue max =
        named.generic("bqns", "s", {partMax}, {op.getMax(), "bqn"},
                      [](OpBuilder &b, Location l, ValueRange e) -> Value {
                        return arith::MaximumFOp::create(b, l, e[0], e[1]);
                      });
    NamedValue sum =
        mergeSums({parts[2], "sbqn"}, {op.getSum(), "bqn"}, "bqn", "bqns", max);
    NamedValue acc = mergeSums({parts[0], "sbqnv"}, {op.getAcc(), "bqnv"},
                               "bqnv", "bqnvs", max);
    return {acc.value, max.value, sum.value};
  }

private:
  /// exp2(max - M), with an M of -inf counting as 0.
  Value weight(OpBuilder &b, Location l, Value max, Value merged) {
    Value infinity =
        arith::ConstantOp::create(b, l, b.getFloatAttr(compute, -INFINITY));
    Value zero = arith::ConstantOp::create(b, l, b.getFloatAttr(compute, 0.0));
    Value seesNothing = arith::CmpFOp::create(b, l, arith::CmpFPredicate::OEQ,
                                              merged, infinity);
    Value offset = arith::SelectOp::create(b, l, seesNothing, zero, merged);
    return buildExp(b, l, max, offset, ExpBase::Two);
  }

  NamedValue mergeSums(const NamedValue &part, const NamedValue &init,
                       StringRef rows, StringRef loops, const NamedValue &max) {
    NamedValue rescaled = named.generic(
        rows, "", {{op.getMax(), "bqn"}, max}, init,
        [&](OpBuilder &b, Location l, ValueRange e) -> Value {
          return arith::MulFOp::create(b, l, e[2], weight(b, l, e[0], e[1]));
        });
    return named.generic(loops, "s", {part, {parts[1], "sbqn"}, max}, rescaled,
                         [&](OpBuilder &b, Location l, ValueRange e) -> Value {
                           Value weighted = arith::MulFOp::create(
                               b, l, e[0], weight(b, l, e[1], e[2]));
                           return arith::AddFOp::create(b, l, e[3], weighted);
                         });
  }

  NamedGenericBuilder named;
  FloatType compute;
  OnlineAttentionOp op;
  ValueRange parts;
};

struct OnlinePartialReduction
    : public PartialReductionOpInterface::ExternalModel<OnlinePartialReduction,
                                                        OnlineAttentionOp> {
  static LogicalResult verifyStrategy(Operation *op,
                                      ReductionTilingStrategy strategy) {
    if (strategy == ReductionTilingStrategy::PartialReductionOuterParallel)
      return success();
    return op->emitOpError(
        "is split along the keys only into parallel partial results "
        "(tile_reduction_using_forall)");
  }

  FailureOr<SmallVector<Value>> generateInitialTensorForPartialReduction(
      Operation *op, OpBuilder &b, Location loc, ArrayRef<OpFoldResult> sizes,
      const SetVector<unsigned> &reductionDims) const {
    if (reductionDims.size() != 1 || reductionDims[0] != kKey)
      return op->emitOpError("can only be split along dimension 3, the key "
                             "tokens"),
             failure();
    NamedGenericBuilder named(b, loc);
    auto online = cast<OnlineAttentionOp>(op);
    named.declare('s', sizes[kKey]);
    named.declare('b', tensor::getMixedSize(b, loc, online.getQuery(), 0));
    named.declare('q', tensor::getMixedSize(b, loc, online.getQuery(), 2));
    named.declare('n', tensor::getMixedSize(b, loc, online.getQuery(), 1));
    named.declare('v', tensor::getMixedSize(b, loc, online.getValue(), 3));
    FloatType f32 = b.getF32Type();
    return SmallVector<Value>{named.fill("sbqnv", f32, 0.0).value,
                              named.fill("sbqn", f32, -INFINITY).value,
                              named.fill("sbqn", f32, 0.0).value};
  }

  LogicalResult getPartialResultTilePosition(
      Operation *op, OpBuilder &b, unsigned resultNumber,
      ReductionTilingStrategy strategy, ArrayRef<OpFoldResult> offsets,
      ArrayRef<OpFoldResult> sizes, const SetVector<unsigned> &,
      ArrayRef<OpFoldResult> splitReductionIvs,
      SmallVector<OpFoldResult> &resultOffsets,
      SmallVector<OpFoldResult> &resultSizes) const {
    if (failed(verifyStrategy(op, strategy)))
      return failure();
    if (failed(cast<TilingInterface>(op).getResultTilePosition(
            b, resultNumber, offsets, sizes, resultOffsets, resultSizes)))
      return failure();
    resultOffsets.insert(resultOffsets.begin(), splitReductionIvs.front());
    resultSizes.insert(resultSizes.begin(), b.getIndexAttr(1));
    // The width of an accumulator that is already a partial one would be
    // read off its wrong dimension.
    if (resultNumber == 0)
      resultSizes.back() = tensor::getMixedSize(
          b, op->getLoc(), cast<OnlineAttentionOp>(op).getValue(), 3);
    return success();
  }

  FailureOr<TilingResult>
  tileToPartialReduction(Operation *op, OpBuilder &b, Location loc,
                         ReductionTilingStrategy strategy, ValueRange init,
                         ArrayRef<OpFoldResult> offsets,
                         ArrayRef<OpFoldResult> sizes,
                         const SetVector<unsigned> &reductionDims,
                         ArrayRef<OpFoldResult> splitReductionIvs) const {
    SmallVector<Value> inits;
    SmallVector<Operation *> slices;
    for (auto [number, whole] : llvm::enumerate(init)) {
      SmallVector<OpFoldResult> partOffsets, partSizes;
      if (failed(getPartialResultTilePosition(
              op, b, number, strategy, offsets, sizes, reductionDims,
              splitReductionIvs, partOffsets, partSizes)))
        return failure();
      SmallVector<OpFoldResult> strides(partOffsets.size(), b.getIndexAttr(1));
      auto full = tensor::ExtractSliceOp::inferResultType(
          cast<RankedTensorType>(whole.getType()), partSizes);
      auto part = RankedTensorType::get(full.getShape().drop_front(),
                                        full.getElementType());
      auto slice = tensor::ExtractSliceOp::create(
          b, loc, part, whole, partOffsets, partSizes, strides);
      slices.push_back(slice);
      inits.push_back(slice);
    }
    FailureOr<TilingResult> tiled =
        tileAttention(b, cast<OnlineAttentionOp>(op), offsets, sizes, inits);
    if (failed(tiled))
      return failure();
    llvm::append_range(tiled->generatedSlices, slices);
    return tiled;
  }

  FailureOr<MergeResult> mergeReductions(Operation *op, OpBuilder &b, Location,
                                         ValueRange parts,
                                         const SetVector<unsigned> &) const {
    SmallVector<Value> merged =
        SplitMerger(b, cast<OnlineAttentionOp>(op), parts).merge();
    // Transform ops expect one merging op: the accumulator's.
    return MergeResult{{merged.front().getDefiningOp()}, merged};
  }
};
} // namespace

void diff::registerTilingInterfaceExternalModels(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, DiffDialect *) {
    AttentionOp::attachInterface<AttentionTiling<AttentionOp>>(*context);
    AttentionV1Op::attachInterface<AttentionTiling<AttentionV1Op>>(*context);
    SoftmaxAttentionOp::attachInterface<AttentionTiling<SoftmaxAttentionOp>>(
        *context);
    OnlineAttentionOp::attachInterface<AttentionTiling<OnlineAttentionOp>,
                                       OnlinePartialReduction>(*context);
    context->loadDialect<affine::AffineDialect, arith::ArithDialect,
                         linalg::LinalgDialect, math::MathDialect,
                         memref::MemRefDialect, tensor::TensorDialect>();
  });
}
