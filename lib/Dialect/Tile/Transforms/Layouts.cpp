//===- Layouts.cpp - The layouts that are written down --------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Dialect/Tile/Transforms/Layouts.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include <numeric>

using namespace mlir;
using namespace mlir::diff;
using namespace mlir::diff::tile;

llvm::DenseMap<Value, LayoutAttr> tile::readLayouts(Operation *root) {
  llvm::DenseMap<Value, LayoutAttr> layouts;
  root->walk([&](Operation *op) {
    auto written = op->getAttrOfType<ArrayAttr>(TileDialect::kLayoutsAttrName);
    if (!written)
      return;
    auto loop = dyn_cast<scf::ForOp>(op);
    for (auto [result, attribute] : llvm::zip(op->getResults(), written)) {
      auto layout = dyn_cast<LayoutAttr>(attribute);
      if (!layout || !isa<VectorType>(result.getType()))
        continue;
      layouts[result] = layout;
      if (loop)
        layouts[loop.getTiedLoopRegionIterArg(result)] = layout;
    }
  });
  return layouts;
}

LayoutAttr tile::getRowLayout(VectorType type, int64_t warps) {
  int64_t rank = type.getRank();
  int64_t elems = kChunkBytes * 8 / type.getElementTypeBitWidth();
  SmallVector<int64_t> warpCounts(rank, 1), lanes(rank, 1), counts(rank, 1);
  if (rank < 2 || type.getShape().back() % elems != 0)
    return {};
  counts.back() = elems;
  int64_t left = kLanes;
  for (int64_t dim = rank - 1; dim >= 0; --dim) {
    int64_t size = type.getDimSize(dim) / counts[dim];
    lanes[dim] = std::gcd(size, left);
    left /= lanes[dim];
    if (dim + 1 == rank)
      continue;
    warpCounts[dim] = std::gcd(size / lanes[dim], warps);
    warps /= warpCounts[dim];
  }
  if (left != 1 || warps != 1)
    return {};
  return LayoutAttr::get(type.getContext(), warpCounts, lanes, counts);
}

static bool isMultiple(OpFoldResult value, int64_t factor);

static bool isMultiple(AffineExpr expr, AffineMap map, ValueRange operands,
                       int64_t factor) {
  if (auto constant = dyn_cast<AffineConstantExpr>(expr))
    return constant.getValue() % factor == 0;
  if (auto dim = dyn_cast<AffineDimExpr>(expr))
    return isMultiple(operands[dim.getPosition()], factor);
  if (auto symbol = dyn_cast<AffineSymbolExpr>(expr))
    return isMultiple(operands[map.getNumDims() + symbol.getPosition()],
                      factor);
  auto binary = cast<AffineBinaryOpExpr>(expr);
  bool lhs = isMultiple(binary.getLHS(), map, operands, factor),
       rhs = isMultiple(binary.getRHS(), map, operands, factor);
  if (expr.getKind() == AffineExprKind::Mul)
    return lhs || rhs;
  return expr.getKind() == AffineExprKind::Add && lhs && rhs;
}

/// Whether a number is a multiple for certain: it is known, counted by a loop
/// in such steps, or computed from such.
static bool isMultiple(OpFoldResult value, int64_t factor) {
  if (std::optional<int64_t> constant = getConstantIntValue(value))
    return *constant % factor == 0;
  auto number = cast<Value>(value);
  if (scf::ForOp loop = scf::getForInductionVarOwner(number))
    return isMultiple(loop.getLowerBound(), factor) &&
           isMultiple(loop.getStep(), factor);
  Operation *op = number.getDefiningOp();
  auto areMultiples = [&](AffineMap map, ValueRange operands) {
    return llvm::all_of(map.getResults(), [&](AffineExpr expr) {
      return isMultiple(expr, map, operands, factor);
    });
  };
  if (auto apply = dyn_cast_or_null<affine::AffineApplyOp>(op))
    return areMultiples(apply.getAffineMap(), apply.getMapOperands());
  if (auto min = dyn_cast_or_null<affine::AffineMinOp>(op))
    return areMultiples(min.getAffineMap(), min.getMapOperands());
  if (auto max = dyn_cast_or_null<affine::AffineMaxOp>(op))
    return areMultiples(max.getAffineMap(), max.getMapOperands());
  if (auto add = dyn_cast_or_null<arith::AddIOp>(op))
    return isMultiple(add.getLhs(), factor) && isMultiple(add.getRhs(), factor);
  return false;
}

bool tile::isMadeOfRuns(Value memory, OpFoldResult index, int64_t elems) {
  auto isWhole = [&](OpFoldResult offset) { return isMultiple(offset, elems); };
  if (!isWhole(index))
    return false;
  while (true) {
    auto type = cast<MemRefType>(memory.getType());
    if (type.getRank() == 0 || type.isDynamicDim(type.getRank() - 1) ||
        type.getShape().back() % elems != 0)
      return false;
    Operation *view = memory.getDefiningOp();
    if (auto subview = dyn_cast_or_null<memref::SubViewOp>(view)) {
      if (!isWhole(subview.getMixedOffsets().back()))
        return false;
      memory = subview.getSource();
    } else if (isa_and_nonnull<memref::ExpandShapeOp, memref::CollapseShapeOp,
                               memref::CastOp>(view)) {
      memory = view->getOperand(0);
    } else {
      return !view || isa<memref::AllocOp, memref::ReinterpretCastOp>(view);
    }
  }
}
