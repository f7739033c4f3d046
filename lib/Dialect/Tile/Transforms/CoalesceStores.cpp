//===- CoalesceStores.cpp - Stores of whole chunks ------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Dialect/Tile/Transforms/Layouts.h"
#include "diff/Dialect/Tile/Transforms/Passes.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/PatternMatch.h"

namespace mlir::diff::tile {
#define GEN_PASS_DEF_TILECOALESCESTORESPASS
#include "diff/Dialect/Tile/Transforms/Passes.h.inc"
} // namespace mlir::diff::tile

using namespace mlir;
using namespace mlir::diff;
using namespace mlir::diff::tile;

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
            getRowLayout(write.getVectorType(), schedule.getWarps());
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
