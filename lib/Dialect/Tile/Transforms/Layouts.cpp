//===- Layouts.cpp - Access to layout attributes --------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Dialect/Tile/Transforms/Layouts.h"
#include "diff/Dialect/Tile/Transforms/RowAlignment.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/Support/MathExtras.h"
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
  int64_t bits = getElementBits(type.getElementType());
  // A chunk has no whole number of elements of other sizes.
  if (!llvm::isPowerOf2_64(bits) || bits < 8 || bits > kChunkBytes * 8)
    return {};
  int64_t elems = kChunkBytes * 8 / bits;
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
