//===- Padding.cpp - Padding of tiles to static sizes ---------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Dialect/Diff/Transforms/AttentionBuilders.h"
#include "diff/Dialect/Diff/Transforms/Transforms.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StructuredOpsUtils.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/IR/TypeUtilities.h"
#include "mlir/Interfaces/ValueBoundsOpInterface.h"

using namespace mlir;
using namespace mlir::diff;

/// Returns the constant upper bound of a dimension, or none. Static dimensions
/// need no padding.
static std::optional<int64_t> getUpperBound(Value v, int64_t dim) {
  if (!cast<ShapedType>(v.getType()).isDynamicDim(dim))
    return std::nullopt;
  FailureOr<int64_t> bound = ValueBoundsConstraintSet::computeConstantBound(
      presburger::BoundType::UB, {v, dim},
      /*stopCondition=*/nullptr, /*closedUB=*/true);
  if (failed(bound) || *bound < 1)
    return std::nullopt;
  return *bound;
}

/// Pads one dimension to `size`. A zero-width pad is a copy.
static Value padDim(OpBuilder &b, Location loc, Value v, int64_t dim,
                    int64_t size, double padding) {
  auto type = cast<RankedTensorType>(v.getType());
  SmallVector<int64_t> shape(type.getShape());
  shape[dim] = size;
  SmallVector<OpFoldResult> low(type.getRank(), b.getIndexAttr(0));
  SmallVector<OpFoldResult> high(type.getRank(), b.getIndexAttr(0));
  AffineExpr s0 = b.getAffineSymbolExpr(0);
  high[dim] = affine::makeComposedFoldedAffineApply(
      b, loc, -s0 + size, {tensor::getMixedSize(b, loc, v, dim)});
  Value value = arith::ConstantOp::create(
      b, loc, b.getFloatAttr(type.getElementType(), padding));
  return tensor::PadOp::create(
      b, loc, RankedTensorType::get(shape, type.getElementType()), v, low, high,
      value, /*nofold=*/type.getDimSize(dim) == size);
}

Value diff::padToShape(OpBuilder &b, Location loc, Value v,
                       ArrayRef<int64_t> shape) {
  for (auto [dim, size] : llvm::enumerate(shape))
    if (cast<RankedTensorType>(v.getType()).getDimSize(dim) != size)
      v = padDim(b, loc, v, dim, size, 0.0);
  return v;
}

Value diff::padQueries(OpBuilder &b, Location loc, Value v, int64_t dim,
                       int64_t size) {
  auto op = v.getDefiningOp<linalg::GenericOp>();
  if (!op || op.getNumReductionLoops() > 0 || op.getNumResults() != 1)
    return padDim(b, loc, v, dim, size, 0.0);
  auto loop = op.getIndexingMapMatchingResult(cast<OpResult>(v)).getResult(dim);
  SmallVector<Value> operands;
  for (OpOperand &operand : op->getOpOperands()) {
    Value value = operand.get();
    ArrayRef<AffineExpr> results =
        op.getMatchingIndexingMap(&operand).getResults();
    const AffineExpr *found = llvm::find(results, loop);
    if (op.isDpsInit(&operand)) {
      SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(b, loc, value);
      sizes[dim] = b.getIndexAttr(size);
      value = tensor::EmptyOp::create(b, loc, sizes,
                                      getElementTypeOrSelf(value.getType()));
    } else if (found != results.end()) {
      value = padDim(b, loc, value, found - results.begin(), size, 0.0);
    }
    operands.push_back(value);
  }
  return mlir::clone(b, op, operands.back().getType(), operands)->getResult(0);
}

/// Returns the explicit diagonal, which padded sizes would change.
static Value getExplicitDiagonal(OpBuilder &b, AttentionOpInterface op) {
  if (!op.getMaskAttr() || op.getDiagonal())
    return op.getDiagonal();
  AffineExpr m = b.getAffineSymbolExpr(0), n = b.getAffineSymbolExpr(1);
  Location loc = op.getLoc();
  return getValueOrCreateConstantIndexOp(
      b, loc,
      affine::makeComposedFoldedAffineApply(
          b, loc, m - n, {getMixedSize(b, op, 'm'), getMixedSize(b, op, 'n')}));
}

/// Copies a tensor whose dimension `dim` is static.
static Value copyTile(OpBuilder &b, Location loc, Value v, int64_t dim) {
  return padDim(b, loc, v, dim, cast<ShapedType>(v.getType()).getDimSize(dim),
                0.0);
}

bool diff::padKeyTokens(RewriterBase &rewriter, OnlineAttentionOp op,
                        bool copy) {
  auto attention = cast<AttentionOpInterface>(op.getOperation());
  int64_t keyDim = attention.getOperandDims(kKeyOperand).find('m');
  int64_t valueDim = attention.getOperandDims(kValueOperand).find('m');
  rewriter.setInsertionPoint(op);
  if (copy && !op.getKey().getType().isDynamicDim(keyDim) &&
      !op.getValue().getType().isDynamicDim(valueDim)) {
    Value key = copyTile(rewriter, op.getLoc(), op.getKey(), keyDim);
    Value value = copyTile(rewriter, op.getLoc(), op.getValue(), valueDim);
    rewriter.modifyOpInPlace(op, [&] {
      op.getKeyMutable().assign(key);
      op.getValueMutable().assign(value);
    });
    return true;
  }
  std::optional<int64_t> keys = getUpperBound(op.getKey(), keyDim);
  if (!keys)
    return false;
  Location loc = op.getLoc();
  rewriter.setInsertionPoint(op);
  Value length = getValueOrCreateConstantIndexOp(
      rewriter, loc, getMixedSize(rewriter, attention, 'm'));
  Value diagonal = getExplicitDiagonal(rewriter, attention);
  if (op.getKeyLength())
    length = arith::MinSIOp::create(rewriter, loc, op.getKeyLength(), length);
  Value key = padDim(rewriter, loc, op.getKey(), keyDim, *keys, 0.0);
  Value value = padDim(rewriter, loc, op.getValue(), valueDim, *keys, 0.0);
  rewriter.modifyOpInPlace(op, [&] {
    op.getKeyMutable().assign(key);
    op.getValueMutable().assign(value);
    op.getKeyLengthMutable().assign(length);
    if (diagonal)
      op.setDiagonal(diagonal);
  });
  return true;
}

bool diff::padQueryTokens(RewriterBase &rewriter,
                          AttentionCombineOpInterface op, bool copy) {
  auto attention = cast<AttentionOpInterface>(op.getOperation());
  auto destination = cast<DestinationStyleOpInterface>(op.getOperation());
  // Ops that are not tiles yet are not padded.
  if (attention.hasSequences())
    return false;
  int64_t queryDim = attention.getOperandDims(kQueryOperand).find('n');
  rewriter.setInsertionPoint(op);
  if (copy && destination.hasPureTensorSemantics() &&
      !cast<ShapedType>(attention.getQuery().getType())
           .isDynamicDim(queryDim)) {
    Value query =
        copyTile(rewriter, op.getLoc(), attention.getQuery(), queryDim);
    rewriter.modifyOpInPlace(op, [&] { op->setOperand(0, query); });
    return true;
  }
  std::optional<int64_t> queries =
      getUpperBound(attention.getQuery(), queryDim);
  if (!queries || !destination.hasPureTensorSemantics())
    return false;
  Location loc = op.getLoc();
  rewriter.setInsertionPoint(op);
  OpFoldResult unpadded = getMixedSize(rewriter, attention, 'n');
  Value diagonal = getExplicitDiagonal(rewriter, attention);
  SmallVector<Value> operands;
  SmallVector<Type> types;
  for (OpOperand &operand : op->getOpOperands()) {
    unsigned i = operand.getOperandNumber();
    size_t dim = attention.getOperandDims(i).find('n');
    Value value = operand.get();
    if (destination.isDpsInit(&operand)) {
      SmallVector<OpFoldResult> sizes =
          tensor::getMixedSizes(rewriter, loc, value);
      sizes[dim] = rewriter.getIndexAttr(*queries);
      value = tensor::EmptyOp::create(rewriter, loc, sizes,
                                      getElementTypeOrSelf(value.getType()));
      types.push_back(value.getType());
    } else if (dim != StringRef::npos) {
      value = padQueries(rewriter, loc, value, dim, *queries);
    }
    operands.push_back(value);
  }
  auto padded = cast<AttentionOpInterface>(
      mlir::clone(rewriter, op.getOperation(), types, operands));
  if (diagonal)
    padded.setDiagonal(diagonal);
  SmallVector<Value> results;
  for (auto [init, result, old] :
       llvm::zip_equal(destination.getDpsInitsMutable(), padded->getResults(),
                       op->getResults())) {
    SmallVector<OpFoldResult> sizes =
        tensor::getMixedSizes(rewriter, loc, result);
    sizes[attention.getOperandDims(init.getOperandNumber()).find('n')] =
        unpadded;
    SmallVector<OpFoldResult> offsets(sizes.size(), rewriter.getIndexAttr(0));
    SmallVector<OpFoldResult> strides(sizes.size(), rewriter.getIndexAttr(1));
    results.push_back(tensor::ExtractSliceOp::create(
        rewriter, loc, cast<RankedTensorType>(old.getType()), result, offsets,
        sizes, strides));
  }
  rewriter.replaceOp(op, results);
  return true;
}
