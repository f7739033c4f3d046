//===- WidenSlices.cpp - Computation on whole vectors ---------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Dialect/Tile/Transforms/Passes.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "llvm/ADT/STLExtras.h"
#include <numeric>

namespace mlir::diff::tile {
#define GEN_PASS_DEF_TILEWIDENSLICESPASS
#include "diff/Dialect/Tile/Transforms/Passes.h.inc"
} // namespace mlir::diff::tile

using namespace mlir;
using namespace mlir::diff;
using namespace mlir::diff::tile;

namespace {
/// The first elements of `source` along dimension `dim`, which has `size`.
struct Prefix {
  Value source;
  int64_t dim, size;
};
} // namespace

static std::optional<Prefix> matchPrefix(Value value) {
  auto slice = value.getDefiningOp<vector::ExtractStridedSliceOp>();
  if (!slice || slice.hasNonUnitStrides())
    return std::nullopt;
  ArrayRef<int64_t> whole = slice.getSourceVectorType().getShape();
  ArrayRef<int64_t> part = cast<VectorType>(slice.getType()).getShape();
  std::optional<int64_t> cut;
  for (auto [dim, offset] :
       llvm::enumerate(slice.getOffsets().getAsRange<IntegerAttr>()))
    if (offset.getInt() != 0)
      return std::nullopt;
  for (size_t dim = 0; dim < whole.size(); ++dim)
    if (whole[dim] != part[dim]) {
      if (cut)
        return std::nullopt;
      cut = dim;
    }
  if (!cut)
    return std::nullopt;
  return Prefix{slice.getSource(), *cut, whole[*cut]};
}

static Value createPrefix(OpBuilder &b, Location loc, Value source, int64_t dim,
                          int64_t size) {
  SmallVector<int64_t> sizes(cast<VectorType>(source.getType()).getShape());
  sizes[dim] = size;
  SmallVector<int64_t> zeros(sizes.size(), 0), ones(sizes.size(), 1);
  return vector::ExtractStridedSliceOp::create(b, loc, source, zeros, sizes,
                                               ones);
}

static VectorType withSize(VectorType type, int64_t dim, int64_t size) {
  SmallVector<int64_t> shape(type.getShape());
  shape[dim] = size;
  return VectorType::get(shape, type.getElementType());
}

static bool isElementwise(Operation *op) {
  return OpTrait::hasElementwiseMappableTraits(op) &&
         op->getNumResults() == 1 && op->getNumRegions() == 0;
}

static bool isVectorValue(Value value) {
  return isa<VectorType>(value.getType());
}

/// Returns the constant if all its elements are the same.
static SplatElementsAttr getSplat(Operation *op) {
  auto constant = dyn_cast_or_null<arith::ConstantOp>(op);
  return constant ? dyn_cast<SplatElementsAttr>(constant.getValue())
                  : SplatElementsAttr();
}

static Value createSplat(OpBuilder &b, Location loc, SplatElementsAttr splat,
                         VectorType type) {
  return arith::ConstantOp::create(
      b, loc, DenseElementsAttr::get(type, splat.getSplatValue<Attribute>()));
}

/// Clones an elementwise op for operands of another shape.
static Value cloneElementwise(OpBuilder &b, Operation *op, ValueRange operands,
                              ArrayRef<int64_t> shape) {
  auto type = cast<VectorType>(op->getResult(0).getType());
  return mlir::clone(b, op, VectorType::get(shape, type.getElementType()),
                     operands)
      ->getResult(0);
}

//===----------------------------------------------------------------------===//
// Parts of a whole vector
//===----------------------------------------------------------------------===//

/// Returns the index i such that `value` is index i, of `size`, of a vector
/// that `buildWhole` builds. Sets `index` to the first index found; returns
/// false if the value is no such part.
static bool isPart(Value value, int64_t size, std::optional<int64_t> &index) {
  Operation *op = value.getDefiningOp();
  if (!op)
    return false;
  if (auto extract = dyn_cast<vector::ExtractOp>(op)) {
    if (extract.getNumIndices() != 1 || extract.hasDynamicPosition() ||
        extract.getSourceVectorType().getDimSize(0) != size ||
        (index && *index != extract.getStaticPosition()[0]))
      return false;
    index = extract.getStaticPosition()[0];
    return true;
  }
  return getSplat(op) || (isElementwise(op) &&
                          llvm::all_of(op->getOperands(), [&](Value operand) {
                            return !isVectorValue(operand) ||
                                   isPart(operand, size, index);
                          }));
}

static Value buildWhole(OpBuilder &b, Value value, int64_t size) {
  Operation *op = value.getDefiningOp();
  if (auto extract = dyn_cast<vector::ExtractOp>(op))
    return extract.getSource();
  SmallVector<int64_t> shape = {size};
  llvm::append_range(shape, cast<VectorType>(value.getType()).getShape());
  if (SplatElementsAttr splat = getSplat(op))
    return createSplat(b, op->getLoc(), splat,
                       VectorType::get(shape, splat.getElementType()));
  SmallVector<Value> operands;
  for (Value operand : op->getOperands())
    operands.push_back(isVectorValue(operand) ? buildWhole(b, operand, size)
                                              : operand);
  return cloneElementwise(b, op, operands, shape);
}

//===----------------------------------------------------------------------===//
// Wider vectors
//===----------------------------------------------------------------------===//

/// Returns true if a vector of `size` along dimension `dim` exists that starts
/// with the value.
static bool canWiden(Value value, int64_t dim, int64_t size) {
  Operation *op = value.getDefiningOp();
  if (!op)
    return false;
  if (std::optional<Prefix> prefix = matchPrefix(value))
    return prefix->dim == dim && prefix->size == size;
  if (getSplat(op))
    return true;
  if (auto read = dyn_cast<vector::TransferReadOp>(op))
    return !read.getMask() && isa<RankedTensorType>(read.getShapedType()) &&
           read.getPermutationMap().isProjectedPermutation();
  if (auto transpose = dyn_cast<vector::TransposeOp>(op))
    return canWiden(transpose.getVector(), transpose.getPermutation()[dim],
                    size);
  if (auto broadcast = dyn_cast<vector::BroadcastOp>(op)) {
    auto type = dyn_cast<VectorType>(broadcast.getSourceType());
    if (!type)
      return true;
    int64_t added = broadcast.getResultVectorType().getRank() - type.getRank();
    return dim < added ||
           (type.getShape() ==
                broadcast.getResultVectorType().getShape().drop_front(added) &&
            canWiden(broadcast.getSource(), dim - added, size));
  }
  return isElementwise(op) &&
         llvm::all_of(op->getOperands(), [&](Value operand) {
           return !isVectorValue(operand) || canWiden(operand, dim, size);
         });
}

/// Reads more elements along `dim`. Those that the narrow read does not read
/// are out of bounds.
static Value widenRead(OpBuilder &b, vector::TransferReadOp read, int64_t dim,
                       int64_t size) {
  Location loc = read.getLoc();
  AffineMap map = read.getPermutationMap();
  VectorType type = read.getVectorType();
  SmallVector<bool> inBounds;
  SmallVector<OpFoldResult> offsets = getAsOpFoldResult(read.getIndices());
  SmallVector<OpFoldResult> sizes(offsets.size(), b.getIndexAttr(1)),
      strides(offsets.size(), b.getIndexAttr(1));
  AffineExpr s0 = b.getAffineSymbolExpr(0), s1 = b.getAffineSymbolExpr(1);
  for (unsigned i = 0; i < map.getNumResults(); ++i) {
    unsigned position = map.getDimPosition(i);
    inBounds.push_back(read.isDimInBounds(i) && i != dim);
    sizes[position] =
        read.isDimInBounds(i)
            ? OpFoldResult(b.getIndexAttr(type.getDimSize(i)))
            : affine::makeComposedFoldedAffineApply(
                  b, loc, s0 - s1,
                  {tensor::getMixedSize(b, loc, read.getBase(), position),
                   offsets[position]});
  }
  Value part = tensor::ExtractSliceOp::create(b, loc, read.getBase(), offsets,
                                              sizes, strides);
  SmallVector<Value> zeros(offsets.size(),
                           arith::ConstantIndexOp::create(b, loc, 0));
  return vector::TransferReadOp::create(b, loc, withSize(type, dim, size), part,
                                        zeros, read.getPermutationMapAttr(),
                                        read.getPadding(), /*mask=*/Value(),
                                        b.getBoolArrayAttr(inBounds));
}

/// Repeats part `index` of `whole`, which has `size` of them, along `dim` of
/// `type`. The other dimensions that `type` adds are copies.
static Value repeatPart(OpBuilder &b, Location loc, Value whole, int64_t index,
                        VectorType type, int64_t dim) {
  auto wholeType = cast<VectorType>(whole.getType());
  int64_t size = type.getDimSize(dim);
  int64_t added = type.getRank() - wholeType.getRank() + 1;
  if (added > 1) {
    SmallVector<int64_t> shape, order = {added - 1};
    for (int64_t i = 0; i < added; ++i)
      if (i != dim) {
        order.push_back(shape.size());
        shape.push_back(type.getDimSize(i));
      }
    for (int64_t i = added; i < type.getRank(); ++i)
      order.push_back(i);
    llvm::append_range(shape, wholeType.getShape());
    whole = vector::BroadcastOp::create(
        b, loc, VectorType::get(shape, type.getElementType()), whole);
    whole = vector::TransposeOp::create(b, loc, whole, order);
  }
  SmallVector<int64_t> same(size, index);
  Value repeated = vector::ShuffleOp::create(b, loc, whole, whole, same);
  if (dim == 0)
    return repeated;
  SmallVector<int64_t> order;
  for (int64_t i = 0; i < type.getRank(); ++i)
    order.push_back(i < dim ? i + 1 : i == dim ? 0 : i);
  return vector::TransposeOp::create(b, loc, repeated, order);
}

static Value widen(OpBuilder &b, Value value, int64_t dim, int64_t size) {
  Operation *op = value.getDefiningOp();
  Location loc = op->getLoc();
  if (std::optional<Prefix> prefix = matchPrefix(value))
    return prefix->source;
  VectorType type = withSize(cast<VectorType>(value.getType()), dim, size);
  if (SplatElementsAttr splat = getSplat(op))
    return createSplat(b, loc, splat, type);
  if (auto read = dyn_cast<vector::TransferReadOp>(op)) {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPoint(read);
    return widenRead(b, read, dim, size);
  }
  if (auto transpose = dyn_cast<vector::TransposeOp>(op))
    return vector::TransposeOp::create(
        b, loc,
        widen(b, transpose.getVector(), transpose.getPermutation()[dim], size),
        transpose.getPermutation());
  if (auto broadcast = dyn_cast<vector::BroadcastOp>(op)) {
    Value source = broadcast.getSource();
    auto sourceType = dyn_cast<VectorType>(source.getType());
    int64_t added =
        sourceType ? type.getRank() - sourceType.getRank() : type.getRank();
    std::optional<int64_t> index;
    if (dim >= added)
      source = widen(b, source, dim - added, size);
    else if (sourceType && isPart(source, size, index) && index)
      return repeatPart(b, loc, buildWhole(b, source, size), *index, type, dim);
    return vector::BroadcastOp::create(b, loc, type, source);
  }
  SmallVector<Value> operands;
  for (Value operand : op->getOperands())
    operands.push_back(isVectorValue(operand) ? widen(b, operand, dim, size)
                                              : operand);
  return cloneElementwise(b, op, operands, type.getShape());
}

//===----------------------------------------------------------------------===//
// Patterns
//===----------------------------------------------------------------------===//

namespace {
/// Computes an elementwise op on the wider vectors.
struct ElementwiseOfPrefix : public RewritePattern {
  explicit ElementwiseOfPrefix(MLIRContext *context)
      : RewritePattern(MatchAnyOpTypeTag(), /*benefit=*/1, context) {}

  LogicalResult matchAndRewrite(Operation *op,
                                PatternRewriter &rewriter) const override {
    if (!isElementwise(op) || !isVectorValue(op->getResult(0)))
      return rewriter.notifyMatchFailure(op, "not elementwise");
    std::optional<Prefix> prefix;
    for (Value operand : op->getOperands())
      if (!prefix && isVectorValue(operand))
        prefix = matchPrefix(operand);
    if (!prefix || !canWiden(op->getResult(0), prefix->dim, prefix->size))
      return rewriter.notifyMatchFailure(op, "no prefix, or no wider operand");
    int64_t size =
        cast<VectorType>(op->getResult(0).getType()).getDimSize(prefix->dim);
    Value wide = widen(rewriter, op->getResult(0), prefix->dim, prefix->size);
    rewriter.replaceOp(
        op, createPrefix(rewriter, op->getLoc(), wide, prefix->dim, size));
    return success();
  }
};

/// Permutes or repeats the wider vector.
template <typename OpTy>
struct ReorderOfPrefix : public OpRewritePattern<OpTy> {
  using OpRewritePattern<OpTy>::OpRewritePattern;

  LogicalResult matchAndRewrite(OpTy op,
                                PatternRewriter &rewriter) const override {
    auto type = cast<VectorType>(op.getResult().getType());
    std::optional<Prefix> prefix = matchPrefix(op->getOperand(0));
    if (!prefix)
      return rewriter.notifyMatchFailure(op, "no prefix");
    int64_t dim;
    if constexpr (std::is_same_v<OpTy, vector::TransposeOp>)
      dim = llvm::find(op.getPermutation(), prefix->dim) -
            op.getPermutation().begin();
    else
      dim = prefix->dim + type.getRank() -
            cast<VectorType>(prefix->source.getType()).getRank();
    if (!canWiden(op.getResult(), dim, prefix->size))
      return rewriter.notifyMatchFailure(op, "no wider operand");
    Value wide = widen(rewriter, op.getResult(), dim, prefix->size);
    rewriter.replaceOp(op, createPrefix(rewriter, op.getLoc(), wide, dim,
                                        type.getDimSize(dim)));
    return success();
  }
};

/// Reduces the rows of the wider vector.
struct ReductionOfPrefix
    : public OpRewritePattern<vector::MultiDimReductionOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(vector::MultiDimReductionOp op,
                                PatternRewriter &rewriter) const override {
    std::optional<Prefix> prefix = matchPrefix(op.getSource());
    if (!prefix || op.isReducedDim(prefix->dim) || !isVectorValue(op.getAcc()))
      return rewriter.notifyMatchFailure(op, "no prefix of rows");
    int64_t dim = 0;
    for (int64_t i = 0; i < prefix->dim; ++i)
      dim += !op.isReducedDim(i);
    if (!canWiden(op.getAcc(), dim, prefix->size))
      return rewriter.notifyMatchFailure(op, "no wider initial value");
    auto type = cast<VectorType>(op.getType());
    Value acc = widen(rewriter, op.getAcc(), dim, prefix->size);
    Value wide = vector::MultiDimReductionOp::create(
        rewriter, op.getLoc(), prefix->source, acc, op.getReductionMask(),
        op.getKind());
    rewriter.replaceOp(op, createPrefix(rewriter, op.getLoc(), wide, dim,
                                        type.getDimSize(dim)));
    return success();
  }
};

/// Contracts the wider vectors, such as those of a sum of squares, if the rows
/// are not summed.
struct ContractionOfPrefix : public OpRewritePattern<vector::ContractionOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(vector::ContractionOp op,
                                PatternRewriter &rewriter) const override {
    std::optional<Prefix> prefix = matchPrefix(op.getLhs());
    auto type = dyn_cast<VectorType>(op.getResultType());
    if (!prefix || !type)
      return rewriter.notifyMatchFailure(op, "no prefix");
    SmallVector<AffineMap> maps = op.getIndexingMapsArray();
    AffineExpr loop = maps[0].getResult(prefix->dim);
    SmallVector<Value> operands = {op.getLhs(), op.getRhs(), op.getAcc()};
    SmallVector<std::optional<int64_t>> dims;
    for (auto [map, operand] : llvm::zip_equal(maps, operands)) {
      std::optional<unsigned> dim = map.getResultPosition(loop);
      if (dim && !canWiden(operand, *dim, prefix->size))
        return rewriter.notifyMatchFailure(op, "no wider operand");
      dims.push_back(dim);
    }
    if (!dims[2])
      return rewriter.notifyMatchFailure(op, "the rows are summed");
    for (auto [dim, operand] : llvm::zip_equal(dims, operands))
      if (dim)
        operand = widen(rewriter, operand, *dim, prefix->size);
    Value wide = mlir::clone(rewriter, op.getOperation(),
                             withSize(type, *dims[2], prefix->size), operands)
                     ->getResult(0);
    rewriter.replaceOp(op, createPrefix(rewriter, op.getLoc(), wide, *dims[2],
                                        type.getDimSize(*dims[2])));
    return success();
  }
};

/// Writes the wider vector to the same tensor: the other elements are out of
/// bounds.
struct WriteOfPrefix : public OpRewritePattern<vector::TransferWriteOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(vector::TransferWriteOp op,
                                PatternRewriter &rewriter) const override {
    std::optional<Prefix> prefix = matchPrefix(op.getValueToStore());
    AffineMap map = op.getPermutationMap();
    if (!prefix || op.getMask() || !map.isProjectedPermutation())
      return rewriter.notifyMatchFailure(op, "no prefix, or a mask");
    unsigned position = map.getDimPosition(prefix->dim);
    if (!isConstantIntValue(op.getIndices()[position], 0) ||
        op.getShapedType().getDimSize(position) !=
            op.getVectorType().getDimSize(prefix->dim))
      return rewriter.notifyMatchFailure(
          op, "the tensor has elements after the written ones");
    SmallVector<bool> inBounds;
    for (int64_t dim = 0; dim < op.getVectorType().getRank(); ++dim)
      inBounds.push_back(op.isDimInBounds(dim) && dim != prefix->dim);
    rewriter.modifyOpInPlace(op, [&] {
      op.getValueToStoreMutable().assign(prefix->source);
      op.setInBoundsAttr(rewriter.getBoolArrayAttr(inBounds));
    });
    return success();
  }
};

/// Returns the shuffle that repeats one part of a vector.
vector::ShuffleOp matchRepeat(Value value) {
  auto shuffle = value.getDefiningOp<vector::ShuffleOp>();
  if (shuffle && shuffle.getV1() == shuffle.getV2() &&
      shuffle.getV1().getType() == shuffle.getType() &&
      llvm::all_equal(shuffle.getMask()))
    return shuffle;
  return {};
}

/// Computes an elementwise op before the repetition of its operands, so that
/// one vector is repeated.
struct ElementwiseOfRepeat : public RewritePattern {
  explicit ElementwiseOfRepeat(MLIRContext *context)
      : RewritePattern(MatchAnyOpTypeTag(), /*benefit=*/1, context) {}

  LogicalResult matchAndRewrite(Operation *op,
                                PatternRewriter &rewriter) const override {
    if (!isElementwise(op) || !isVectorValue(op->getResult(0)))
      return rewriter.notifyMatchFailure(op, "not elementwise");
    vector::ShuffleOp first;
    SmallVector<Value> operands;
    for (Value operand : op->getOperands()) {
      vector::ShuffleOp repeat = matchRepeat(operand);
      if (isVectorValue(operand) && !getSplat(operand.getDefiningOp()) &&
          (!repeat || (first && repeat.getMask() != first.getMask())))
        return rewriter.notifyMatchFailure(op, "an operand is not repeated");
      if (repeat)
        first = repeat;
      operands.push_back(repeat ? repeat.getV1() : operand);
    }
    if (!first)
      return rewriter.notifyMatchFailure(op, "no operand is repeated");
    Value whole = cloneElementwise(rewriter, op, operands,
                                   first.getResultVectorType().getShape());
    rewriter.replaceOpWithNewOp<vector::ShuffleOp>(op, whole, whole,
                                                   first.getMask());
    return success();
  }
};

struct TransposeOfRepeat : public OpRewritePattern<vector::TransposeOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(vector::TransposeOp op,
                                PatternRewriter &rewriter) const override {
    vector::ShuffleOp repeat = matchRepeat(op.getVector());
    if (!repeat || op.getPermutation().front() != 0)
      return rewriter.notifyMatchFailure(op, "not repeated along dimension 0");
    Value whole = vector::TransposeOp::create(
        rewriter, op.getLoc(), repeat.getV1(), op.getPermutation());
    rewriter.replaceOpWithNewOp<vector::ShuffleOp>(op, whole, whole,
                                                   repeat.getMask());
    return success();
  }
};

struct TileWidenSlices
    : public tile::impl::TileWidenSlicesPassBase<TileWidenSlices> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<ContractionOfPrefix, ElementwiseOfPrefix, ElementwiseOfRepeat,
                 ReorderOfPrefix<vector::BroadcastOp>,
                 ReorderOfPrefix<vector::TransposeOp>, ReductionOfPrefix,
                 TransposeOfRepeat, WriteOfPrefix>(&getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};
} // namespace
