//===- TensorCoreSchedules.cpp - Tiles for tensor cores -------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TensorCoreSchedules.h"
#include "diff/Dialect/Diff/Transforms/AttentionBuilders.h"
#include "diff/Dialect/Diff/Transforms/Transforms.h"
#include "diff/Dialect/Tile/IR/Tile.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/Remarks.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace mlir::diff;

namespace {
/// A candidate: rows of a tile (maps x heads x queries), keys of a step.
struct TileShape {
  int64_t valueWidth; // up to this value width
  int64_t rows, keys, warps;
  bool forOwnKeys = false; // only if each map has its own keys
};

/// Best first for each width: the tiles of FlashAttention-2. The first one that
/// the limits of a chip allow is selected. Fewer warps are for few queries.
constexpr TileShape kTiles[] = {
    {64, 128, 64, 4},
    {64, 64, 64, 4},
    {64, 32, 64, 2},
    {64, 16, 64, 1},
    // Keys of two maps and wide values have twice the bytes of a step. Twice
    // the rows justify a block that occupies a whole multiprocessor.
    {128, 256, 64, 8, /*forOwnKeys=*/true},
    {128, 256, 48, 8, /*forOwnKeys=*/true},
    {128, 256, 32, 8, /*forOwnKeys=*/true},
    {128, 128, 64, 4},
    {128, 128, 48, 4},
    {128, 128, 32, 4},
    {128, 64, 64, 4},
    {128, 32, 64, 2},
    {128, 16, 64, 1},
    {256, 128, 64, 8, /*forOwnKeys=*/true},
    {256, 128, 32, 8, /*forOwnKeys=*/true},
    {256, 64, 64, 4},
    {256, 64, 32, 4},
    {256, 64, 16, 4},
    {256, 32, 32, 2},
    {256, 16, 32, 1},
};

/// Tiles of head groups with several signal heads, best first. Rows and warps
/// are those of one map: each warp has rows of one map. Without warps, a warp
/// has 16 rows, of several maps that share their keys.
constexpr TileShape kGroupTiles[] = {
    {64, 64, 64, 2},  {64, 64, 48, 2},  {64, 64, 32, 2},  {64, 32, 64, 2},
    {64, 16, 64, 1},  {64, 8, 64, 0},   {64, 4, 64, 0},   {64, 2, 64, 0},
    {128, 32, 64, 2}, {128, 32, 48, 2}, {128, 32, 32, 2}, {128, 16, 64, 1},
    {128, 16, 32, 1}, {128, 8, 64, 0},  {128, 4, 64, 0},  {128, 2, 64, 0},
    {256, 32, 64, 2}, {256, 32, 32, 2}, {256, 16, 64, 1}, {256, 16, 32, 1},
    {256, 16, 16, 1}, {256, 8, 32, 0},  {256, 4, 32, 0},  {256, 2, 32, 0},
};

/// Rows and columns of the units of a fragment, and summands of an instruction
/// on 16-bit elements; tf32 has half as many.
constexpr int64_t kUnit = 8;
constexpr int64_t kSummands = 16;

/// The maximum value width whose accumulators fit into registers.
constexpr int64_t kMaxWidth = 256;

/// The registers that a thread can use for accumulators and scores, and the
/// registers that other work takes from them: row sums in f32 for a log-sum-exp
/// or of a head group (twice if maps have their own keys), a softcap, a mask
/// with two bounds, or dynamic sizes if the maps share their keys; weights in
/// two parts take more. Above this limit, ptxas spills on at least one chip
/// (test/Target/spills-full.test).
constexpr int64_t kMaxFragmentRegisters = 192;
constexpr int64_t kExtraRegisters = 16;

/// The threads of a block, the 32-bit registers of a multiprocessor, and those
/// that a thread of a large block needs for other values.
constexpr int64_t kMaxThreads = 1024;
constexpr int64_t kBlockRegisters = 65536;
constexpr int64_t kOtherRegisters = 48;

/// The most keys of a step in the table.
constexpr int64_t kMostKeys = 64;

/// The sizes that determine the resources of a tile.
struct Problem {
  int64_t maps, keyMaps, group, dim, valueWidth, elementBytes;
  std::optional<int64_t> queries;
  int64_t extraRegisters = 0;
  bool isF32, hasLegalWidths, splitsWeights;

  explicit Problem(AttentionCombineOpInterface combine) {
    auto op = cast<AttentionOpInterface>(combine.getOperation());
    MaskAttr mask = op.getMaskAttr();
    bool isDynamic =
        ShapedType::isDynamic(op.getDimSize('m')) || op.hasSequences();
    maps = op.getNumMaps();
    bool sumsInF32 = combine.getLse() || isGroup();
    if (sumsInF32 || op.getSoftcapAttr() || (mask && mask.getLeft() >= 0) ||
        (op.getNumKeyMaps() == 1 && isDynamic))
      extraRegisters = kExtraRegisters;
    splitsWeights = diff::splitsWeights(op);
    if (op.getNumKeyMaps() > 1 && sumsInF32)
      extraRegisters = 2 * kExtraRegisters;
    if (splitsWeights)
      extraRegisters = (op.getNumKeyMaps() + 1) * kExtraRegisters;
    // A tail of the keys, unless maps share them.
    if (op.getNumKeyMaps() == op.getNumMaps() &&
        (isDynamic || op.getDimSize('m') % kMostKeys != 0))
      extraRegisters = std::max(extraRegisters, kExtraRegisters);
    auto query = cast<ShapedType>(op.getQuery().getType());
    Type element = query.getElementType();
    keyMaps = op.getNumKeyMaps();
    group = op.getGroupSize();
    elementBytes = query.getElementTypeBitWidth() / 8;
    // Padded with zeros to whole instructions when copied.
    dim = llvm::alignTo(op.getDimSize('d'), kSummandBytes / elementBytes);
    valueWidth = op.getDimSize('v');
    isF32 = element.isF32();
    // Sequences of a batch may be arbitrarily short.
    if (op.findDim('n') && !ShapedType::isDynamic(op.getDimSize('n')))
      queries = op.getDimSize('n');
    hasLegalWidths = op.getDimSize('d') % kUnit == 0 &&
                     valueWidth % kUnit == 0 && dim <= kMaxWidth &&
                     valueWidth <= kMaxWidth;
  }

  /// Returns the bytes from row to row of a tile in shared memory.
  int64_t getPitch(int64_t width, bool swizzle) const {
    int64_t bytes = width * elementBytes;
    return swizzle ? bytes : bytes + tile::getPaddingForRows(bytes);
  }

  /// Returns the bytes of shared memory for the rows of the query and the slots
  /// of the key and value tiles. The epilogue needs less and reuses them.
  int64_t getSharedBytes(int64_t rows, int64_t keys, int64_t stages,
                         bool swizzle) const {
    int64_t keyBytes = getPitch(dim, swizzle);
    return rows * keyBytes +
           stages * keys * (keyMaps * keyBytes + getPitch(valueWidth, swizzle));
  }

  /// Returns true if rows are whole lines of 128 bytes. Padded rows are then
  /// also free of bank conflicts in copies, and need fewer registers for
  /// addresses.
  bool hasWholeLines() const {
    return dim * elementBytes % 128 == 0 &&
           valueWidth * elementBytes % 128 == 0;
  }

  /// Returns the 32-bit registers of a thread for the accumulator and the
  /// scores, and for the other work of the op. Weights in two parts replace the
  /// scores, but those of tf32 need 32 bits for each part.
  int64_t getFragmentRegisters(int64_t rows, int64_t keys,
                               int64_t warps) const {
    int64_t parts = splitsWeights && isF32 ? 2 : 1;
    return rows * (valueWidth + parts * keys) / (warps * 32) + extraRegisters;
  }

  /// Returns true if a head group has several signal heads. Its maps are in
  /// different warps. The kernel does not sum the weights on tensor cores,
  /// because the sums would be 8 more columns of the accumulator.
  bool isGroup() const { return maps > 2; }
};
} // namespace

/// Returns the registers of a thread for accumulators and scores. A block of
/// more than eight warps has less than the maximum for each thread. Registers
/// are allocated to four warps at a time, one on each sub-partition.
static int64_t getAvailableRegisters(int64_t warps) {
  int64_t perThread = kBlockRegisters / (llvm::alignTo(warps, 4) * 32);
  return std::min(kMaxFragmentRegisters,
                  static_cast<int64_t>(llvm::alignDown(perThread, kUnit)) -
                      kOtherRegisters);
}

/// Returns the limit that a tile exceeds, or none.
static std::optional<std::string> findBrokenLimit(AttentionOpInterface op,
                                                  const Problem &problem,
                                                  ScheduleAttr schedule,
                                                  const TileLimits &limits) {
  int64_t warps = schedule.getWarps();
  TileRows tileRows =
      getTileRows(op, schedule.getHeads(), schedule.getQueries());
  int64_t queries = schedule.getQueries() * tileRows.heads;
  int64_t rows = tileRows.maps * queries;
  auto text = [](auto... parts) {
    std::string result;
    (result.append(Twine(parts).str()), ...);
    return result;
  };
  // Maps with separate keys do not share an instruction of 16 rows.
  int64_t rowsPerProduct = problem.keyMaps > 1 ? queries : rows;
  int64_t products = problem.keyMaps > 1 ? tileRows.maps : 1;
  if (rowsPerProduct % (2 * kUnit) != 0 ||
      (rowsPerProduct / (2 * kUnit) * products) % warps != 0)
    return text("has ", rowsPerProduct, " rows that share keys; a multiple of ",
                "16 for each of ", warps, " warps is legal");
  if (tileRows.areSplit && problem.keyMaps > 1 &&
      schedule.getQueries() % getFewestTokens(op) != 0)
    return text("has ", schedule.getQueries(),
                " query tokens for several heads; a multiple of ",
                getFewestTokens(op), " is legal if maps have their own keys");
  if (schedule.getKeys() % kSummands != 0)
    return text("has ", schedule.getKeys(),
                " keys in a step; a multiple of 16 is legal");
  int64_t bytes = problem.getSharedBytes(
      rows, schedule.getKeys(), schedule.getStages(), schedule.getSwizzle());
  // If the maps are in different warps, their accumulators are combined in
  // shared memory: those of a group with the ones of its noise map. The rows of
  // the output are stored through shared memory, too.
  int64_t rowBytes = problem.valueWidth * sizeof(float);
  int64_t pitch = rowBytes + tile::getPaddingForAccumulators(rowBytes);
  if (problem.isGroup() && !tileRows.areSplit)
    bytes = std::max(
        {bytes, queries * pitch,
         rows * (problem.isF32 ? pitch
                               : problem.valueWidth * problem.elementBytes)});
  else if (problem.keyMaps > 1 && queries / (2 * kUnit) < warps)
    bytes = std::max(bytes, rows * pitch);
  if (limits.sharedMemory > 0 && bytes > limits.sharedMemory)
    return text("needs ", bytes,
                " bytes of shared memory in a block, more than the ",
                limits.sharedMemory, " that the chip has");
  int64_t registers =
      problem.getFragmentRegisters(rows, schedule.getKeys(), warps);
  int64_t available = getAvailableRegisters(warps);
  if (registers > available)
    return text("needs ", registers,
                " registers in a thread for accumulators and scores, more than "
                "the ",
                available, " that are available");
  return std::nullopt;
}

/// Emits a remark about a choice, shown by `--remarks-filter=diff`.
static const remark::RemarkOpts kRemark =
    remark::RemarkOpts::name("schedule").category("diff");

static std::string print(ScheduleAttr schedule) {
  std::string text;
  llvm::raw_string_ostream(text) << schedule;
  return text;
}

/// Returns the output heads of a group that share a tile, so that keys and
/// values are read once for all of them. If the queries do not fill the tile,
/// it takes as many heads as it has rows for.
static int64_t packHeads(AttentionOpInterface op, const Problem &problem,
                         int64_t rows) {
  int64_t heads = 1;
  // Head groups fill instructions with their own maps.
  if (!problem.queries || problem.isGroup())
    return heads;
  int64_t least = *problem.queries > kUnit
                      ? llvm::alignTo(*problem.queries, kUnit)
                      : llvm::PowerOf2Ceil(*problem.queries);
  least = std::max(least, getFewestTokens(op));
  while (problem.group % (2 * heads) == 0 &&
         rows % (problem.maps * 2 * heads) == 0 &&
         rows / (problem.maps * 2 * heads) >= least)
    heads *= 2;
  return heads;
}

bool diff::hasTensorCoreType(AttentionCombineOpInterface op, bool allowTF32) {
  auto attention = cast<AttentionOpInterface>(op.getOperation());
  Type element = getElementTypeOrSelf(attention.getQuery().getType());
  return element.isF16() || element.isBF16() || (allowTF32 && element.isF32());
}

/// Returns the legal values and the alternative.
static LogicalResult reportWidths(AttentionCombineOpInterface op) {
  auto attention = cast<AttentionOpInterface>(op.getOperation());
  return op->emitOpError("has a head dimension of ")
         << attention.getDimSize('d') << " and values "
         << attention.getDimSize('v') << " wide; on tensor cores, multiples of "
         << kUnit << " up to " << kMaxWidth
         << " are legal (tiles=threads compiles any)";
}

/// Returns true if the query is the result of an elementwise op, which is fused
/// into the tile. Its registers cannot be split into the rows of two maps.
static bool isComputed(Value query) {
  auto producer = query.getDefiningOp<linalg::GenericOp>();
  return producer && producer.getNumReductionLoops() == 0;
}

FailureOr<ScheduleAttr>
diff::chooseTensorCoreSchedule(AttentionCombineOpInterface op,
                               const TileLimits &limits) {
  Problem problem(op);
  auto attention = cast<AttentionOpInterface>(op.getOperation());
  if (!problem.hasLegalWidths)
    return reportWidths(op);
  ScheduleAttr best;
  std::string lastBroken;
  ArrayRef<TileShape> tiles = kTiles;
  if (problem.isGroup())
    tiles = kGroupTiles;
  for (TileShape tile : tiles) {
    if (problem.isGroup()) {
      TileRows rows = getTileRows(attention, /*heads=*/1, tile.rows);
      if (tile.warps == 0 && problem.keyMaps > 1 &&
          (!rows.areSplit || isComputed(attention.getQuery())))
        continue;
      tile.warps = tile.warps == 0
                       ? std::max<int64_t>(1, rows.maps * rows.heads *
                                                  tile.rows / (2 * kUnit))
                       : tile.warps * problem.maps;
      tile.rows *= problem.maps;
    }
    if (problem.valueWidth > tile.valueWidth || tile.rows % problem.maps != 0 ||
        tile.warps * 32 > kMaxThreads ||
        (tile.forOwnKeys && problem.keyMaps == 1))
      continue;
    int64_t heads = packHeads(attention, problem, tile.rows);
    int64_t queries = tile.rows / (problem.maps * heads);
    auto schedule = ScheduleAttr::get(
        op.getContext(), heads, queries, tile.keys, tile.warps * 32,
        /*stages=*/1, /*swizzle=*/!problem.hasWholeLines(),
        /*row_sum_on_mma=*/!op.getLse() && !problem.isF32 &&
            !problem.splitsWeights && !problem.isGroup(),
        /*skip_rescale=*/true, /*tf32=*/problem.isF32,
        /*split=*/int64_t(0));
    if (std::optional<std::string> broken =
            findBrokenLimit(attention, problem, schedule, limits)) {
      lastBroken = print(schedule) + " " + *broken;
      remark::missed(op.getLoc(), kRemark) << lastBroken;
      continue;
    }
    // Use smaller tiles as long as one holds all queries and as many heads.
    if (best && (!problem.queries || *problem.queries > queries ||
                 heads < best.getHeads()))
      break;
    if (best && heads == best.getHeads() && queries >= best.getQueries())
      continue;
    best = schedule;
  }
  if (!best)
    return op->emitOpError("fits no tile for tensor cores (tiles=threads "
                           "compiles it without them); the smallest, ")
           << lastBroken;
  remark::passed(op.getLoc(), kRemark) << print(best);
  return best;
}

LogicalResult diff::verifyTensorCoreSchedule(AttentionCombineOpInterface op,
                                             ScheduleAttr schedule,
                                             const TileLimits &limits) {
  Problem problem(op);
  if (limits.threads == 0)
    return success();
  if (!hasTensorCoreType(op, schedule.getTf32()))
    return op->emitOpError("has a schedule with stages, which is for f16 and "
                           "bf16, and with tf32 = true for f32");
  if (schedule.getTf32() && !problem.isF32)
    return op->emitOpError("has a schedule with tf32, which is for f32");
  if (!problem.hasLegalWidths)
    return reportWidths(op);
  if (std::optional<std::string> broken =
          findBrokenLimit(cast<AttentionOpInterface>(op.getOperation()),
                          problem, schedule, limits))
    return op->emitOpError("has a schedule that ") << *broken;
  return success();
}
