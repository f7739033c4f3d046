//===- SelectSchedule.cpp - Tile sizes from a table and a cost model ------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Dialect/Diff/Transforms/Passes.h"
#include "diff/Dialect/Diff/IR/Diff.h"
#include "mlir/IR/TypeUtilities.h"

namespace mlir::diff {
#define GEN_PASS_DEF_DIFFSELECTSCHEDULEPASS
#include "diff/Dialect/Diff/Transforms/Passes.h.inc"
} // namespace mlir::diff

using namespace mlir;
using namespace mlir::diff;

namespace {
/// A candidate: query tokens of a tile and key tokens of a step.
struct TileSizes {
  int64_t queries, keys;
};

/// A score tile of 2 x 8 rows by 16 keys is what a CPU's vector registers
/// hold, and what keeps fully unrolled code small.
constexpr TileSizes kHostTile = {8, 16};

/// Rows of a GPU's tile are maps x queries. Largest first; the first that fits
/// into shared memory is taken.
constexpr TileSizes kGpuTiles[] = {{32, 32}, {16, 32}, {16, 16},
                                   {8, 16},  {8, 8},   {4, 8}};
} // namespace

/// Bytes of shared memory that a tile's buffers take: see the pass's
/// description.
static int64_t getSharedBytes(AttentionOpInterface op, TileSizes tile) {
  auto queryType = cast<ShapedType>(op.getQuery().getType());
  int64_t d = queryType.getDimSize(3);
  int64_t dv = cast<ShapedType>(op.getValue().getType()).getDimSize(3);
  int64_t element = queryType.getElementTypeBitWidth() / 8;
  int64_t rows = op.getNumMaps() * tile.queries, keys = tile.keys;
  return 4 * (rows * keys + rows * dv + 3 * rows) +
         element * (rows * d + op.getNumKeyMaps() * keys * d + keys * dv);
}

namespace {
struct DiffSelectSchedule
    : public diff::impl::DiffSelectSchedulePassBase<DiffSelectSchedule> {
  using DiffSelectSchedulePassBase::DiffSelectSchedulePassBase;

  std::optional<TileSizes> select(AttentionOpInterface op) {
    if (sharedMemory == 0)
      return kHostTile;
    const auto *fits = llvm::find_if(kGpuTiles, [&](TileSizes tile) {
      return getSharedBytes(op, tile) <= sharedMemory;
    });
    if (fits == std::end(kGpuTiles))
      return std::nullopt;
    return *fits;
  }

  void runOnOperation() override {
    WalkResult selected =
        getOperation()->walk([&](AttentionCombineOpInterface op) {
          auto attention = cast<AttentionOpInterface>(op.getOperation());
          if (op.getScheduleAttr())
            return WalkResult::advance();
          std::optional<TileSizes> tile = select(attention);
          if (!tile) {
            op->emitOpError("needs at least ")
                << getSharedBytes(attention, std::end(kGpuTiles)[-1])
                << " bytes of shared memory in a block, more than the "
                << sharedMemory << " that the chip has";
            return WalkResult::interrupt();
          }
          op.setScheduleAttr(ScheduleAttr::get(&getContext(), /*heads=*/1,
                                               tile->queries, tile->keys,
                                               threads));
          return WalkResult::advance();
        });
    if (selected.wasInterrupted())
      signalPassFailure();
  }
};
} // namespace
