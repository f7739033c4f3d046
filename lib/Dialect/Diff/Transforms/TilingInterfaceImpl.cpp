//===- TilingInterfaceImpl.cpp - Tiling by the letters of the operands ----===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One model tiles all attentions. The iteration domain is (batch, output head,
// query token); diff.online_attention adds the key token, a reduction.
//
//===----------------------------------------------------------------------===//

#include "AttentionTile.h"
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
  int64_t total = op.getNumHeadGroups(), group = op.getGroupSize();
  if (total % heads == 0 && (heads % group == 0 || group % heads == 0))
    return success();
  return op.emitOpError("tile size ")
         << heads << " of the output heads must divide their number " << total
         << ", and divide or be a multiple of the " << group
         << " that share a value head";
}

/// Positions of the dimensions of the iteration domain.
enum Loop : unsigned { kBatch = 0, kHead = 1, kQuery = 2, kKey = 3 };

/// Returns the tile at a position of the iteration domain. Emits an error if
/// the op cannot be tiled by these sizes.
static FailureOr<AttentionTile> getTile(OpBuilder &b, AttentionOpInterface op,
                                        ArrayRef<OpFoldResult> offsets,
                                        ArrayRef<OpFoldResult> sizes) {
  if (op.hasSequences())
    return op.emitOpError("has sequences of variable length, which only "
                          "diff-tile can tile");
  auto at = [&](Loop loop) -> TileRange {
    return {offsets[loop], sizes[loop]};
  };
  std::optional<TileRange> keys;
  if (offsets.size() > kKey)
    keys = at(kKey);
  AttentionTile tile(b, op, at(kBatch), at(kHead), at(kQuery), keys);
  if (failed(tile.verify()))
    return failure();
  return tile;
}

/// Clones `op` on slices of its operands. `inits` are the sliced destinations,
/// if they already exist.
template <typename OpTy>
static FailureOr<TilingResult>
tileAttention(OpBuilder &b, OpTy op, ArrayRef<OpFoldResult> offsets,
              ArrayRef<OpFoldResult> sizes, ValueRange inits = {}) {
  auto attention = cast<AttentionOpInterface>(op.getOperation());
  FailureOr<AttentionTile> tile = getTile(b, attention, offsets, sizes);
  if (failed(tile))
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
          tile->slice(operand.get(), op.getOperandDims(i), slices));
    else
      operands.push_back(operand.get());
  }
  SmallVector<Type> types;
  if (op.hasPureTensorSemantics())
    llvm::append_range(
        types, ValueRange(ArrayRef(operands).drop_front(firstInit)).getTypes());
  Value diagonal = attention.getMaskAttr() ? tile->getDiagonal() : Value();
  Value keyLength =
      attention.getKeyLengthOrNull() ? tile->getKeyLength() : Value();
  auto tiled = cast<OpTy>(mlir::clone(b, op.getOperation(), types, operands));
  if (diagonal)
    tiled.setDiagonal(diagonal);
  if constexpr (std::is_same_v<OpTy, OnlineAttentionOp>)
    if (keyLength)
      tiled.getKeyLengthMutable().assign(keyLength);
  return TilingResult{{tiled}, SmallVector<Value>(tiled->getResults()), slices};
}

/// Returns the tile of the iteration domain that covers a tile of a tensor,
/// which must have the batch, a head and the query token among its dimensions.
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
    unsigned loop = dim == 'b' ? kBatch : dim == 'n' ? kQuery : kHead;
    int64_t heads = dim == 'q'   ? op.getNumMaps()
                    : dim == 'h' ? op.getNumSignals()
                                 : 1;
    if (heads > 1) {
      domainOffsets[loop] = affine::makeComposedFoldedAffineApply(
          b, loc, s0.floorDiv(heads), {offset});
      domainSizes[loop] = affine::makeComposedFoldedAffineApply(
          b, loc, s0.ceilDiv(heads), {size});
    } else if (StringRef("bnhqp").contains(dim)) {
      domainOffsets[loop] = offset;
      domainSizes[loop] = size;
    }
  }
  if (numLoops > kKey) {
    domainOffsets[kKey] = b.getIndexAttr(0);
    domainSizes[kKey] = getMixedSize(b, op, 'm');
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
    OpFoldResult zero = b.getIndexAttr(0), one = b.getIndexAttr(1);
    // Sequences have no batch; this interface does not tile their tokens.
    SmallVector<OpFoldResult> sizes = {
        attention.hasSequences() ? one : getMixedSize(b, attention, 'b'),
        b.getIndexAttr(attention.getNumHeadGroups()),
        getMixedSize(b, attention, 'n')};
    if (kNumLoops > kKey)
      sizes.push_back(getMixedSize(b, attention, 'm'));
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
    FailureOr<AttentionTile> tile = getTile(b, attention, offsets, sizes);
    if (failed(tile))
      return failure();
    OpOperand *init =
        cast<DestinationStyleOpInterface>(op).getDpsInitOperand(resultNumber);
    resultOffsets.clear();
    resultSizes.clear();
    tile->getPosition(init->get(),
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

/// Partial running values have a leading dimension, the split. They are merged
/// by the rule of the online softmax: with M the maximum over splits and init,
/// sum = sum_s sum_s 2^(max_s - M), and acc in the same way.
class SplitMerger {
public:
  SplitMerger(OpBuilder &b, OnlineAttentionOp op, ValueRange parts)
      : named(b, op.getLoc()), compute(b.getF32Type()), op(op), parts(parts) {
    auto attention = cast<AttentionOpInterface>(*op);
    named.declare('s', tensor::getMixedSize(b, op.getLoc(), parts[1], 0));
    for (OpOperand &init : op.getDpsInitsMutable()) {
      dims.push_back(attention.getOperandDims(init.getOperandNumber()));
      for (char dim : dims.back())
        named.declare(dim, getMixedSize(b, attention, dim));
    }
  }

  SmallVector<Value> merge() {
    NamedValue oldMax = {op.getMax(), dims[1].str()};
    NamedValue max =
        named.generic(oldMax.dims + "s", "s", {getPart(1)}, oldMax,
                      [](OpBuilder &b, Location l, ValueRange e) -> Value {
                        return arith::MaximumFOp::create(b, l, e[0], e[1]);
                      });
    NamedValue oldWeights = buildWeights(oldMax, max);
    NamedValue weights = buildWeights(getPart(1), max);
    NamedValue sum = mergeSums(2, op.getSum(), oldWeights, weights);
    NamedValue acc = mergeSums(0, op.getAcc(), oldWeights, weights);
    return {acc.value, max.value, sum.value};
  }

private:
  NamedValue getPart(unsigned number) {
    return {parts[number], "s" + dims[number].str()};
  }

  /// exp2(max - M); an M of -inf counts as 0.
  NamedValue buildWeights(const NamedValue &max, const NamedValue &merged) {
    return named.generic(
        max.dims, "", {max, merged}, named.empty(max.dims, compute),
        [&](OpBuilder &b, Location l, ValueRange e) -> Value {
          auto constant = [&](double value) -> Value {
            return arith::ConstantOp::create(b, l,
                                             b.getFloatAttr(compute, value));
          };
          Value seesNothing = arith::CmpFOp::create(
              b, l, arith::CmpFPredicate::OEQ, e[1], constant(-INFINITY));
          Value offset =
              arith::SelectOp::create(b, l, seesNothing, constant(0.0), e[1]);
          return buildExp(b, l, e[0], offset, ExpBase::Two);
        });
  }

  NamedValue mergeSums(unsigned number, Value init,
                       const NamedValue &oldWeights,
                       const NamedValue &weights) {
    std::string rows = dims[number].str();
    NamedValue rescaled =
        named.generic(rows, "", {oldWeights}, {init, rows},
                      [&](OpBuilder &b, Location l, ValueRange e) -> Value {
                        return arith::MulFOp::create(b, l, e[1], e[0]);
                      });
    // The elements of a row are innermost.
    std::string loops = dims[1].str() + "s" + rows.substr(dims[1].size());
    return named.generic(loops, "s", {getPart(number), weights}, rescaled,
                         [&](OpBuilder &b, Location l, ValueRange e) -> Value {
                           Value weighted =
                               arith::MulFOp::create(b, l, e[0], e[1]);
                           return arith::AddFOp::create(b, l, e[2], weighted);
                         });
  }

  NamedGenericBuilder named;
  FloatType compute;
  OnlineAttentionOp op;
  ValueRange parts;
  /// The dimensions of acc, max and sum.
  SmallVector<StringRef> dims;
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
    named.declare('s', sizes[kKey]);
    auto attention = cast<AttentionOpInterface>(op);
    constexpr double kIdentity[] = {0.0, kLowestMax, 0.0};
    SmallVector<Value> initial;
    for (auto [init, value] : llvm::zip_equal(
             cast<OnlineAttentionOp>(op).getDpsInitsMutable(), kIdentity)) {
      StringRef dims = attention.getOperandDims(init.getOperandNumber());
      for (char dim : dims)
        named.declare(dim, getMixedSize(b, attention, dim));
      initial.push_back(
          named.fill(("s" + dims).str(), b.getF32Type(), value).value);
    }
    return initial;
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
    // The value width would be read from the wrong dimension of an accumulator
    // that is already partial.
    if (resultNumber == 0)
      resultSizes.back() = getMixedSize(b, cast<AttentionOpInterface>(op), 'v');
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
    // Transform ops expect one merging op: that of the accumulator.
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
