//===- SelectSchedule.cpp - Tile sizes from a table and a cost model ------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TensorCoreSchedules.h"
#include "diff/Dialect/Diff/Transforms/Passes.h"
#include "diff/Dialect/Diff/Transforms/RowPlan.h"
#include "diff/Dialect/Diff/Transforms/Transforms.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/Support/MathExtras.h"
#include <limits>

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

/// Panels of query tokens of a tile on a CPU, which share each tile of keys
/// while it is in the cache, and its keys.
struct HostTile {
  int64_t panels, keys;
};

/// Returns the tile for a kind of products. Measured for vectors; more of
/// either do not pay. Panels of tiles share the transposed values of their
/// keys, and more keys save loads and stores of accumulators.
HostTile getHostTile(ProductKind kind, int64_t headDim) {
  if (kind == ProductKind::Vectors)
    return {4, 64};
  return {8, headDim > 64 ? 256 : 128};
}

/// The fewest tiles that are enough to balance the work of several threads.
constexpr int64_t kManyHostTiles = 32;

/// Bytes of a key head in a block of keys of few rows, and the keys of a block.
/// The next block is prefetched into the cache of the first level. Measured.
constexpr int64_t kBlockBytes = int64_t(16) << 10;
constexpr int64_t kFewestBlockKeys = 16;
constexpr int64_t kMostBlockKeys = 128;

/// Bytes of keys and values of a task. Much less would make merging expensive.
constexpr int64_t kTaskBytes = int64_t(1) << 20;

/// The maximum number of scores in a tile: 4 MB.
constexpr int64_t kMaxHostScores = int64_t(1) << 20;

/// Space for the weights of the epilogue and for alignment to 16 bytes.
constexpr int64_t kSmallBuffers = 512;

/// The rows of a GPU tile are maps x queries. The first tile that fits into
/// shared memory is selected, largest first.
constexpr TileSizes kGpuTiles[] = {{32, 32}, {16, 32}, {16, 16}, {8, 16},
                                   {8, 8},   {4, 8},   {2, 8},   {1, 8}};
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

  /// Sets the tile of a CPU.
  LogicalResult chooseForHost(AttentionCombineOpInterface op) {
    auto attention = cast<AttentionOpInterface>(op.getOperation());
    VectorUnit unit{vectorBytes / int64_t(sizeof(float)), registers, amx, dots};
    if (std::optional<int64_t> few = getFewTokens(attention, unit))
      return chooseForFewRows(op, *few);
    ProductKind kind = selectProducts(unit, attention);
    int64_t groupSize = attention.getGroupSize();
    int64_t lanes = unit.lanes * getMaxPanelVectors(unit, kind);
    int64_t heads = groupSize;
    while (heads > 1 && (groupSize % heads != 0 ||
                         getRowsPerToken(attention, heads) > lanes))
      --heads;
    int64_t tokens = attention.getDimSize('n'),
            batch = attention.getDimSize('b');
    bool isKnown = !attention.hasSequences() && !ShapedType::isDynamic(tokens);
    RowPlan plan = planRows(unit, kind, getRowsPerToken(attention, heads),
                            isKnown ? std::max<int64_t>(1, tokens) : lanes,
                            /*divides=*/false);
    auto [panels, keys] = getHostTile(kind, attention.getDimSize('d'));
    // Few tokens of few heads have smaller tiles, for several threads.
    if (isKnown && !ShapedType::isDynamic(batch))
      while (panels > 1 &&
             batch * attention.getNumHeadGroups() / heads *
                     llvm::divideCeil(tokens, panels * plan.tokens) <
                 kManyHostTiles)
        panels /= 2;
    return setSchedule(op, heads, {panels * plan.tokens, keys});
  }

  /// Returns the query tokens of a tile if they have few rows: all, or as many
  /// as sequences have on average.
  std::optional<int64_t> getFewTokens(AttentionOpInterface op,
                                      const VectorUnit &unit) {
    int64_t tokens = op.getDimSize('n');
    if (ShapedType::isDynamic(tokens))
      return std::nullopt;
    if (op.hasSequences()) {
      int64_t offsets = op.getDimSize('s');
      if (ShapedType::isDynamic(offsets) || offsets < 2)
        return std::nullopt;
      tokens = llvm::divideCeil(tokens, offsets - 1);
    }
    tokens = std::max<int64_t>(1, tokens);
    if (!isFewRows(unit, tokens * getRowsPerToken(op, op.getGroupSize())))
      return std::nullopt;
    return tokens;
  }

  /// Sets the tile of a CPU for few rows, whose time is that of reading keys
  /// and values.
  LogicalResult chooseForFewRows(AttentionCombineOpInterface op,
                                 int64_t tokens) {
    auto attention = cast<AttentionOpInterface>(op.getOperation());
    auto getKeyBytes = [&](AttentionOperand operand, int64_t width) {
      Type type = op->getOperand(operand).getType();
      return width * cast<ShapedType>(type).getElementTypeBitWidth() / 8;
    };
    int64_t keyBytes = getKeyBytes(kKeyOperand, attention.getDimSize('d'));
    int64_t valueBytes = getKeyBytes(kValueOperand, attention.getDimSize('v'));
    int64_t headBytes = attention.getNumKeyMaps() * keyBytes + valueBytes;
    // All heads of a key token lie together, or all key tokens of a head.
    bool isTokenMajor =
        llvm::all_of(ArrayRef{kKeyOperand, kValueOperand}, [&](auto operand) {
          StringRef dims = attention.getOperandDims(operand);
          return dims.find('m') < dims.find_first_of("gk");
        });
    int64_t heads =
        isTokenMajor ? attention.getNumHeadGroups() : attention.getGroupSize();
    int64_t valueHeads = heads / attention.getGroupSize();
    auto getPowerOfTwo = [](int64_t bytes, int64_t unit) -> int64_t {
      return llvm::bit_floor<uint64_t>(bytes / std::max<int64_t>(1, unit));
    };
    int64_t blockKeys =
        std::clamp(getPowerOfTwo(kBlockBytes, std::max(keyBytes, valueBytes)),
                   kFewestBlockKeys, kMostBlockKeys);
    int64_t split = std::max(kMostBlockKeys,
                             getPowerOfTwo(kTaskBytes, headBytes * valueHeads));
    int64_t batch = attention.getDimSize('b');
    int64_t keys = attention.getDimSize('m');
    MaskAttr mask = attention.getMaskAttr();
    // All query tokens see no more keys than this.
    constexpr int64_t kAll = std::numeric_limits<int32_t>::max();
    int64_t visible = ShapedType::isDynamic(keys) ? kAll : keys;
    if (mask && mask.getLeft() >= 0 && mask.getRight() >= 0)
      visible = std::min(visible, std::min(mask.getLeft(), kAll) +
                                      std::min(mask.getRight(), kAll) + tokens);
    bool isManyTiles =
        !ShapedType::isDynamic(batch) &&
        batch * attention.getNumHeadGroups() / heads >= kManyHostTiles;
    if (visible <= split || isManyTiles || attention.hasSequences())
      split = 0;
    return setSchedule(op, heads, {tokens, blockKeys}, split);
  }

  std::optional<TileSizes> select(AttentionOpInterface op) {
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
                            TileSizes tile, int64_t split = 0) {
    ScheduleAttr schedule = ScheduleAttr::getChecked(
        [&] { return op->emitOpError("cannot have the schedule: "); },
        &getContext(), heads, tile.queries, tile.keys,
        static_cast<int64_t>(threads), /*stages=*/int64_t(0), /*swizzle=*/true,
        /*row_sum_on_mma=*/false, /*skip_rescale=*/false, /*tf32=*/false,
        split);
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
    if (sharedMemory == 0)
      return chooseForHost(op);
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
    if (vectorBytes < 8 || vectorBytes > 256 ||
        !llvm::isPowerOf2_64(vectorBytes) || registers < 4)
      return emitError(
                 getOperation()->getLoc(),
                 "diff-select-schedule: option 'vector-bytes' must be a "
                 "power of two from 8 to 256, and 'registers' at least 4, "
                 "found ")
             << int64_t(vectorBytes) << " and " << int64_t(registers);
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
