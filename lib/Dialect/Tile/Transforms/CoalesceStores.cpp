//===- CoalesceStores.cpp - Whole chunks of rows --------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Dialect/Tile/Transforms/Passes.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/PatternMatch.h"
#include <numeric>

namespace mlir::diff::tile {
#define GEN_PASS_DEF_TILECOALESCESTORESPASS
#include "diff/Dialect/Tile/Transforms/Passes.h.inc"
} // namespace mlir::diff::tile

using namespace mlir;
using namespace mlir::diff;
using namespace mlir::diff::tile;

/// Lanes over the chunks of a row first, rows next, then warps over rows. Null
/// when the tile is no whole number of that.
static LayoutAttr getStoreLayout(VectorType type, int64_t warps) {
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

namespace {
struct TileCoalesceStores
    : public tile::impl::TileCoalesceStoresPassBase<TileCoalesceStores> {
  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    getOperation()->walk([&](gpu::LaunchOp launch) {
      auto schedule =
          launch->getAttrOfType<ScheduleAttr>(TileDialect::kScheduleAttrName);
      if (!schedule)
        return;
      launch.walk([&](vector::TransferWriteOp write) {
        auto memory = dyn_cast<MemRefType>(write.getShapedType());
        AffineMap map = write.getPermutationMap();
        if (!memory ||
            gpu::GPUDialect::hasWorkgroupMemoryAddressSpace(memory) ||
            map.getNumResults() == 0 ||
            map.getDimPosition(map.getNumResults() - 1) !=
                static_cast<unsigned>(memory.getRank() - 1))
          return;
        LayoutAttr layout =
            getStoreLayout(write.getVectorType(), schedule.getWarps());
        if (!layout)
          return;
        rewriter.setInsertionPoint(write);
        auto converted = ToLayoutOp::create(rewriter, write.getLoc(),
                                            write.getValueToStore(), layout);
        rewriter.modifyOpInPlace(
            write, [&] { write.getValueToStoreMutable().assign(converted); });
      });
    });
  }
};
} // namespace
