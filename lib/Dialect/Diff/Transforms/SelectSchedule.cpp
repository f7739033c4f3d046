//===- SelectSchedule.cpp - Tile sizes from a table and a cost model ------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TensorCoreSchedules.h"
#include "diff/Dialect/Diff/Transforms/Passes.h"
#include "diff/Dialect/Diff/Transforms/Transforms.h"
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

/// A score tile of 2 x 8 rows by 16 keys fits into the vector registers of a
/// CPU and keeps fully unrolled code small.
constexpr TileSizes kHostTile = {8, 16};

/// The maximum number of scores in a tile. For larger tiles, the unrolled
/// vector code of a CPU takes minutes to compile.
constexpr int64_t kMaxHostScores = 16384;

/// Space for the weights of the epilogue and for alignment to 16 bytes.
constexpr int64_t kSmallBuffers = 512;

/// The rows of a GPU tile are maps x queries. The first tile that fits into
/// shared memory is selected, largest first.
constexpr TileSizes kGpuTiles[] = {{32, 32}, {16, 32}, {16, 16},
                                   {8, 16},  {8, 8},   {4, 8},
                                   {2, 8},   {1, 8}};
} // namespace

/// Returns the bytes of shared memory for the buffers of a tile; see the
/// description of the pass.
static int64_t getSharedBytes(AttentionOpInterface op, TileSizes tile,
                              int64_t heads = 1) {
  int64_t d = op.getDimSize('d'), dv = op.getDimSize('v');
  int64_t element =
      cast<ShapedType>(op.getQuery().getType()).getElementTypeBitWidth() / 8;
  int64_t queries = heads * tile.queries, keys = tile.keys;
  int64_t rows = op.getNumMaps() * queries;
  int64_t valueHeads = std::max<int64_t>(1, heads / op.getGroupSize());
  // Rows that are normalized are stored in f32 first.
  auto combine = dyn_cast<AttentionCombineOpInterface>(op.getOperation());
  int64_t outputs = op.getNumSignals() * queries;
  int64_t normalized = combine && combine.getRowNorm() ? outputs * dv : 0;
  // The output as computed and as stored, and the gate.
  int64_t tiles = combine && combine.getGate() ? 3 : 2;
  return 4 * (normalized + rows * keys + rows * dv + 10 * rows + 4 * outputs) +
         element * (rows * d + tiles * outputs * dv +
                    valueHeads * keys * (op.getNumKeyMaps() * d + dv)) +
         kSmallBuffers;
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

  /// Completes and checks the schedule that an op already has.
  LogicalResult complete(AttentionCombineOpInterface op) {
    auto attention = cast<AttentionOpInterface>(op.getOperation());
    ScheduleAttr given = op.getScheduleAttr();
    if (failed(verifyHeadTile(attention, given.getHeads())))
      return failure();
    int64_t limit = sharedMemory;
    int64_t rows =
        given.getHeads() * attention.getNumMaps() * given.getQueries();
    if (limit == 0) {
      if (rows * given.getKeys() > kMaxHostScores)
        return op->emitOpError("has a schedule with ")
               << rows * given.getKeys() << " scores in a tile (" << rows
               << " rows by " << given.getKeys()
               << " keys), more than the limit of " << kMaxHostScores
               << " for a CPU";
      return success();
    }
    if (given.isOnTensorCores())
      return verifyTensorCoreSchedule(op, given, getLimits());
    int64_t bytes = getSharedBytes(
        attention, {given.getQueries(), given.getKeys()}, given.getHeads());
    if (bytes > limit)
      return op->emitOpError("has a schedule that needs ")
             << bytes << " bytes of shared memory in a block, more than the "
             << limit << " that the chip has";
    if (given.getThreads() == 0)
      return setSchedule(op, given.getHeads(),
                         {given.getQueries(), given.getKeys()});
    return success();
  }

  LogicalResult setSchedule(AttentionCombineOpInterface op, int64_t heads,
                            TileSizes tile) {
    ScheduleAttr schedule = ScheduleAttr::getChecked(
        [&] { return op->emitOpError("cannot have the schedule: "); },
        &getContext(), heads, tile.queries, tile.keys,
        static_cast<int64_t>(threads), /*stages=*/int64_t(0), /*swizzle=*/true,
        /*row_sum_on_mma=*/false, /*skip_rescale=*/false, /*tf32=*/false);
    if (!schedule)
      return failure();
    op.setScheduleAttr(schedule);
    return success();
  }

  TileLimits getLimits() const {
    return {sharedMemory, static_cast<int64_t>(threads)};
  }

  LogicalResult choose(AttentionCombineOpInterface op) {
    if (threads > 0 && tensorCores && hasTensorCoreType(op, tf32)) {
      FailureOr<ScheduleAttr> schedule =
          chooseTensorCoreSchedule(op, getLimits());
      if (succeeded(schedule))
        op.setScheduleAttr(*schedule);
      return schedule;
    }
    auto attention = cast<AttentionOpInterface>(op.getOperation());
    if (std::optional<TileSizes> tile = select(attention))
      return setSchedule(op, /*heads=*/1, *tile);
    return op->emitOpError("needs at least ")
           << getSharedBytes(attention, std::end(kGpuTiles)[-1])
           << " bytes of shared memory in a block, more than the "
           << static_cast<int64_t>(sharedMemory) << " that the chip has";
  }

  /// The options by themselves.
  LogicalResult verifyOptions() {
    if (sharedMemory < 0)
      return emitError(getOperation()->getLoc(),
                       "diff-select-schedule: option 'shared-memory' must not "
                       "be negative, found ")
             << static_cast<int64_t>(sharedMemory);
    if (threads < 0 || threads > 1024 || threads % 32 != 0)
      return emitError(getOperation()->getLoc(),
                       "diff-select-schedule: option 'threads' must be a "
                       "multiple of 32 up to 1024, or 0, found ")
             << static_cast<int64_t>(threads);
    return success();
  }

  void runOnOperation() override {
    if (failed(verifyOptions()))
      return signalPassFailure();
    WalkResult selected =
        getOperation()->walk([&](AttentionCombineOpInterface op) {
          return failed(op.getScheduleAttr() ? complete(op) : choose(op))
                     ? WalkResult::interrupt()
                     : WalkResult::advance();
        });
    if (selected.wasInterrupted())
      signalPassFailure();
  }
};
} // namespace
