//===- AttentionTile.cpp - Tiles of an attention's operands ---------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "AttentionTile.h"
#include "diff/Dialect/Diff/Transforms/AttentionBuilders.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace mlir::diff;

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
  // A slice of an empty tensor would not verify.
  if (isa<TensorType>(type) && llvm::is_contained(type.getShape(), 0))
    slice = tensor::EmptyOp::create(b, loc, sizes, type.getElementType());
  else if (isa<TensorType>(type))
    slice = tensor::ExtractSliceOp::create(b, loc, v, offsets, sizes, strides);
  else
    slice = memref::SubViewOp::create(b, loc, v, offsets, sizes, strides);
  slices.push_back(slice);
  return slice->getResult(0);
}

AttentionTile::AttentionTile(OpBuilder &b, AttentionOpInterface op,
                             TileRange batch, TileRange heads,
                             TileRange queries, std::optional<TileRange> keys)
    : b(b), op(op), loc(op.getLoc()), batch(batch), heads(heads),
      queries(queries), keys(keys) {}

LogicalResult AttentionTile::verify() {
  std::optional<int64_t> found = getConstantIntValue(heads.size);
  int64_t total = op.getNumHeadGroups(), group = op.getGroupSize();
  if (!found)
    return op.emitOpError("tile size of the output heads must divide their "
                          "number ")
           << total << "; the last tile is smaller";
  if (*found != total && *found % group != 0 && group % *found != 0)
    return op.emitOpError("tile size ")
           << *found << " of the output heads must divide, or be a multiple "
           << "of, the " << group << " that share a value head";
  return success();
}

void AttentionTile::getPosition(Value v, StringRef dims,
                                SmallVectorImpl<OpFoldResult> &offsets,
                                SmallVectorImpl<OpFoldResult> &sizes) {
  for (auto [position, dim] : llvm::enumerate(dims)) {
    TileRange range = getRange(v, position, dim);
    offsets.push_back(range.offset);
    sizes.push_back(range.size);
  }
}

Value AttentionTile::slice(Value v, StringRef dims,
                           SmallVectorImpl<Operation *> &slices) {
  SmallVector<OpFoldResult> offsets, sizes;
  getPosition(v, dims, offsets, sizes);
  return createSlice(b, loc, v, offsets, sizes, slices);
}

Value AttentionTile::getDiagonal() {
  AffineExpr s0 = b.getAffineSymbolExpr(0), s1 = b.getAffineSymbolExpr(1),
             s2 = b.getAffineSymbolExpr(2);
  OpFoldResult diagonal = op.getDiagonal();
  if (!op.getDiagonal())
    diagonal = apply(b, loc, s0 - s1,
                     {getMixedSize(b, op, 'm'), getMixedSize(b, op, 'n')});
  return getValueOrCreateConstantIndexOp(
      b, loc,
      apply(b, loc, s0 + s1 - s2, {diagonal, queries.offset, getKeyOffset()}));
}

Value AttentionTile::getKeyLength() {
  AffineExpr s0 = b.getAffineSymbolExpr(0), s1 = b.getAffineSymbolExpr(1);
  return getValueOrCreateConstantIndexOp(
      b, loc,
      apply(b, loc, s0 - s1,
            {OpFoldResult(op.getKeyLengthOrNull()), getKeyOffset()}));
}

OpFoldResult AttentionTile::getKeyOffset() {
  return keys ? keys->offset : OpFoldResult(b.getIndexAttr(0));
}

TileRange AttentionTile::getRange(Value v, unsigned position, char dim) {
  AffineExpr s0 = b.getAffineSymbolExpr(0);
  auto scaled = [&](int64_t factor) -> TileRange {
    return {apply(b, loc, s0 * factor, {heads.offset}),
            apply(b, loc, s0 * factor, {heads.size})};
  };
  switch (dim) {
  case 'b':
    return batch;
  case 'n':
    return queries;
  case 'h':
    return scaled(op.getNumSignals());
  case 'q':
    return scaled(op.getNumMaps());
  case 'p':
    return heads;
  case 'a':
    return {b.getIndexAttr(0), b.getIndexAttr(op.getNumMaps())};
  case 'g':
    return getValueHeads(1);
  case 'k':
    return getValueHeads(op.getNumKeyMaps());
  case 'm':
    if (keys)
      return *keys;
    [[fallthrough]];
  default:
    return {b.getIndexAttr(0), getMixedSize(b, loc, v, position)};
  }
}

TileRange AttentionTile::getValueHeads(int64_t factor) {
  int64_t group = op.getGroupSize();
  int64_t size = *getConstantIntValue(heads.size);
  AffineExpr s0 = b.getAffineSymbolExpr(0);
  return {apply(b, loc, s0.floorDiv(group) * factor, {heads.offset}),
          b.getIndexAttr(std::max<int64_t>(1, size / group) * factor)};
}
