//===- Contractions.cpp - Matrix contractions -----------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Dialect/Tile/Transforms/Contractions.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace mlir::diff;
using namespace mlir::diff::tile;

/// Returns the position of the iteration dimension in the map, or -1.
static int64_t find(AffineMap map, unsigned dim) {
  for (unsigned i = 0; i < map.getNumResults(); ++i)
    if (map.getDimPosition(i) == dim)
      return i;
  return -1;
}

FailureOr<Contraction> Contraction::get(vector::ContractionOp op) {
  auto result = dyn_cast<VectorType>(op.getResultType());
  Type element = op.getLhsType().getElementType();
  if (!result || result.getRank() < 2 ||
      op.getKind() != vector::CombiningKind::ADD ||
      !(element.isF16() || element.isBF16() || element.isTF32()) ||
      op.getRhsType().getElementType() != element ||
      !result.getElementType().isF32())
    return failure();
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  AffineMap lhs = maps[0], rhs = maps[1], out = maps[2];
  if (!llvm::all_of(maps,
                    [](AffineMap map) { return map.isProjectedPermutation(); }))
    return failure();
  Contraction contraction;
  unsigned rank = out.getNumResults();
  for (unsigned i = 0; i + 1 < rank; ++i) {
    unsigned dim = out.getDimPosition(i);
    int64_t inLhs = find(lhs, dim), inRhs = find(rhs, dim);
    if (inLhs < 0)
      return failure();
    contraction.lhsRows.push_back(inLhs);
    contraction.rhsRows.push_back(inRhs);
    contraction.batch.push_back(inRhs >= 0);
    contraction.rowSizes.push_back(result.getDimSize(i));
  }
  unsigned column = out.getDimPosition(rank - 1);
  contraction.rhsColumn = find(rhs, column);
  contraction.columns = result.getDimSize(rank - 1);
  if (contraction.rhsColumn < 0 || find(lhs, column) >= 0)
    return failure();
  bool hasSum = false;
  for (unsigned dim = 0; dim < out.getNumDims(); ++dim) {
    if (find(out, dim) >= 0)
      continue;
    contraction.lhsSum = find(lhs, dim);
    contraction.rhsSum = find(rhs, dim);
    if (hasSum || contraction.lhsSum < 0 || contraction.rhsSum < 0)
      return failure();
    hasSum = true;
    contraction.summands = op.getLhsType().getDimSize(contraction.lhsSum);
  }
  if (!hasSum)
    return failure();
  return contraction;
}

namespace {
/// The parts of a layout during its construction.
struct LayoutParts {
  SmallVector<int64_t> warps, lanes, elems, warpStrides, laneStrides;

  explicit LayoutParts(int64_t rank)
      : warps(rank, 1), lanes(rank, 1), elems(rank, 1), warpStrides(rank, 1),
        laneStrides(rank, 1) {}

  void take(int64_t dim, LayoutAttr layout, int64_t from) {
    warps[dim] = layout.getWarps()[from];
    lanes[dim] = layout.getLanes()[from];
    elems[dim] = layout.getElems()[from];
    warpStrides[dim] = layout.getWarpStrides()[from];
    laneStrides[dim] = layout.getLaneStrides()[from];
  }
  /// Four adjacent lanes with several contiguous elements each.
  void setSummands(int64_t dim, int64_t neighbours) {
    lanes[dim] = 4;
    elems[dim] = neighbours;
  }
  LayoutAttr get(MLIRContext *context) const {
    return LayoutAttr::get(context, warps, lanes, elems, warpStrides,
                           laneStrides)
        .getCanonical();
  }
};
} // namespace

LayoutAttr Contraction::getLhsLayout(MmaAttr mma) const {
  LayoutAttr result = mma.getResult();
  LayoutParts parts(lhsRows.size() + 1);
  for (auto [dim, inLhs] : llvm::enumerate(lhsRows))
    parts.take(inLhs, result, dim);
  parts.setSummands(lhsSum, mma.getNeighbours());
  return parts.get(result.getContext());
}

LayoutAttr Contraction::getRhsLayout(MmaAttr mma) const {
  LayoutAttr result = mma.getResult();
  int64_t batches = llvm::count(batch, true);
  LayoutParts parts(batches + 2);
  for (auto [dim, inRhs] : llvm::enumerate(rhsRows))
    if (inRhs >= 0)
      parts.take(inRhs, result, dim);
  parts.setSummands(rhsSum, mma.getNeighbours());
  parts.lanes[rhsColumn] = 8;
  parts.laneStrides[rhsColumn] = 4;
  return parts.get(result.getContext());
}

SmallVector<int64_t> tile::getRowOrder(OpOperand &use) {
  auto contract = cast<vector::ContractionOp>(use.getOwner());
  AffineMap map = contract.getIndexingMapsArray()[use.getOperandNumber()];
  AffineMap result = contract.getIndexingMapsArray()[2];
  auto getKey = [&](int64_t dim) {
    for (unsigned i = 0; i < result.getNumResults(); ++i)
      if (result.getResult(i) == map.getResult(dim))
        return i;
    return result.getNumResults();
  };
  SmallVector<int64_t> order =
      llvm::to_vector(llvm::seq<int64_t>(0, map.getNumResults()));
  std::stable_sort(
      order.begin(), std::prev(order.end()),
      [&](int64_t lhs, int64_t rhs) { return getKey(lhs) < getKey(rhs); });
  return order;
}

void tile::reorderOperand(RewriterBase &rewriter, OpOperand &use, Value ordered,
                          ArrayRef<int64_t> order) {
  auto contract = cast<vector::ContractionOp>(use.getOwner());
  SmallVector<AffineMap> maps = contract.getIndexingMapsArray();
  AffineMap &map = maps[use.getOperandNumber()];
  SmallVector<AffineExpr> results;
  for (int64_t dim : order)
    results.push_back(map.getResult(dim));
  map = AffineMap::get(map.getNumDims(), 0, results, rewriter.getContext());
  rewriter.modifyOpInPlace(contract, [&] {
    use.set(ordered);
    contract.setIndexingMapsAttr(rewriter.getAffineMapArrayAttr(maps));
  });
}
