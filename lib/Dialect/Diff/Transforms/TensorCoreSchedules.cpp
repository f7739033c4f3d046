//===- TensorCoreSchedules.cpp - Tiles for tensor cores -------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TensorCoreSchedules.h"
#include "diff/Dialect/Diff/Transforms/Transforms.h"
#include "diff/Dialect/Tile/IR/Tile.h"
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
  int64_t valueWidth; // up to this width of values
  int64_t rows, keys, warps;
  bool forOwnKeys = false; // only where each map has keys of its own
};

/// Best first for each width: FlashAttention-2's tiles, of which the first that
/// a chip's limits allow is taken. Fewer warps are for few queries.
constexpr TileShape kTiles[] = {
    {64, 128, 64, 4},
    {64, 64, 64, 4},
    {64, 32, 64, 2},
    {64, 16, 64, 1},
    // Keys of two maps and wide values are twice the bytes of a step: twice the
    // rows are worth a block of its own multiprocessor.
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
    {256, 32, 32, 2},
    {256, 16, 32, 1},
};

/// Rows and columns of a fragment's units, and summands of an instruction of
/// 16-bit elements; tf32 has half as many.
constexpr int64_t kUnit = 8;
constexpr int64_t kSummands = 16;

/// The widest values whose accumulators fit into registers.
constexpr int64_t kMaxWidth = 256;

/// Accumulators and scores that a thread can hold beside everything else, and
/// what is left of them when more than a causal mask's work is to be done: rows
/// summed in f32 for a log-sum-exp, twice where each map has keys of its own, a
/// softcap, a mask of two ends, or sizes and one map. ptxas spills beyond, on
/// one chip or another (test/Target/spills.test).
constexpr int64_t kMaxFragmentRegisters = 192;
constexpr int64_t kExtraRegisters = 16;

/// The sizes that a tile's needs follow from.
struct Problem {
  int64_t maps, keyMaps, group, dim, valueWidth, elementBytes;
  std::optional<int64_t> queries;
  int64_t extraRegisters = 0;
  bool isF32, hasLegalWidths, hasLse;

  explicit Problem(AttentionCombineOpInterface combine) {
    auto op = cast<AttentionOpInterface>(combine.getOperation());
    MaskAttr mask = op.getMaskAttr();
    bool isDynamic =
        ShapedType::isDynamic(op.getDimSize('m')) || op.hasSequences();
    if (combine.getLse() || op.getSoftcapAttr() ||
        (mask && mask.getLeft() >= 0) || (op.getNumMaps() == 1 && isDynamic))
      extraRegisters = kExtraRegisters;
    if (op.getNumKeyMaps() > 1 && combine.getLse())
      extraRegisters = 2 * kExtraRegisters;
    auto query = cast<ShapedType>(op.getQuery().getType());
    Type element = query.getElementType();
    hasLse = static_cast<bool>(combine.getLse());
    maps = op.getNumMaps();
    keyMaps = op.getNumKeyMaps();
    group = op.getGroupSize();
    elementBytes = query.getElementTypeBitWidth() / 8;
    // Copied with zeros behind it to whole instructions.
    dim = llvm::alignTo(op.getDimSize('d'), kSummandBytes / elementBytes);
    valueWidth = op.getDimSize('v');
    isF32 = element.isF32();
    // Sequences of a batch may be as short as they like.
    if (op.findDim('n') && !ShapedType::isDynamic(op.getDimSize('n')))
      queries = op.getDimSize('n');
    hasLegalWidths = op.getDimSize('d') % kUnit == 0 &&
                     valueWidth % kUnit == 0 && dim <= kMaxWidth &&
                     valueWidth <= kMaxWidth;
  }

  /// Bytes from row to row of a tile in shared memory.
  int64_t getPitch(int64_t width, bool swizzle) const {
    int64_t bytes = width * elementBytes;
    return swizzle ? bytes : bytes + tile::getPaddingForRows(bytes);
  }

  /// Bytes of shared memory: the query's rows, and the slots of the keys' and
  /// values' tiles. What the epilogue needs is less, and reuses them.
  int64_t getSharedBytes(int64_t rows, int64_t keys, int64_t stages,
                         bool swizzle) const {
    int64_t keyBytes = getPitch(dim, swizzle);
    return rows * keyBytes +
           stages * keys * (keyMaps * keyBytes + getPitch(valueWidth, swizzle));
  }

  /// Whether rows are whole lines of 128 bytes: copies are then free of bank
  /// conflicts in padded rows, too, whose addresses take fewer registers.
  bool hasWholeLines() const {
    return dim * elementBytes % 128 == 0 &&
           valueWidth * elementBytes % 128 == 0;
  }

  /// 32-bit registers of a thread for the accumulator and the scores, and what
  /// the op needs beside them.
  int64_t getFragmentRegisters(int64_t rows, int64_t keys,
                               int64_t warps) const {
    return rows * (valueWidth + keys) / (warps * 32) + extraRegisters;
  }
};
} // namespace

/// The limit that a tile breaks, or nothing.
static std::optional<std::string> findBrokenLimit(const Problem &problem,
                                                  ScheduleAttr schedule,
                                                  const TileLimits &limits) {
  int64_t warps = schedule.getWarps();
  int64_t queries = schedule.getQueries() * schedule.getHeads();
  int64_t rows = problem.maps * queries;
  auto text = [](auto... parts) {
    std::string result;
    (result.append(Twine(parts).str()), ...);
    return result;
  };
  if (!llvm::isPowerOf2_64(warps))
    return text("has ", warps, " warps; a power of two is legal");
  // Maps with keys of their own share no instruction of 16 rows.
  int64_t rowsPerProduct = problem.keyMaps > 1 ? queries : rows;
  int64_t products = problem.keyMaps > 1 ? problem.keyMaps : 1;
  if (rowsPerProduct % (2 * kUnit) != 0 ||
      (rowsPerProduct / (2 * kUnit) * products) % warps != 0)
    return text("has ", rowsPerProduct, " rows that share keys, which are not ",
                "16 for each of ", warps, " warps, or a multiple");
  if (schedule.getKeys() % kSummands != 0)
    return text("has ", schedule.getKeys(),
                " keys in a step; a multiple of 16 is legal");
  int64_t bytes = problem.getSharedBytes(
      rows, schedule.getKeys(), schedule.getStages(), schedule.getSwizzle());
  // Where the maps are in different warps, their accumulators meet in shared
  // memory.
  if (problem.keyMaps > 1 && queries / (2 * kUnit) < warps) {
    int64_t rowBytes = problem.valueWidth * sizeof(float);
    bytes = std::max(
        bytes, rows * (rowBytes + tile::getPaddingForAccumulators(rowBytes)));
  }
  if (limits.sharedMemory > 0 && bytes > limits.sharedMemory)
    return text("needs ", bytes,
                " bytes of shared memory in a block, more than the ",
                limits.sharedMemory, " that the chip has");
  int64_t registers =
      problem.getFragmentRegisters(rows, schedule.getKeys(), warps);
  if (registers > kMaxFragmentRegisters)
    return text("needs ", registers,
                " registers of a thread for accumulators and scores, more than "
                "the ",
                kMaxFragmentRegisters, " that fit beside the rest");
  return std::nullopt;
}

/// What is said of a choice, with `--remarks-filter=diff`.
static const remark::RemarkOpts kRemark =
    remark::RemarkOpts::name("schedule").category("diff");

static std::string print(ScheduleAttr schedule) {
  std::string text;
  llvm::raw_string_ostream(text) << schedule;
  return text;
}

/// Output heads of a group whose rows share a tile, so that keys and values are
/// read once for all of them: as many as there are rows for, when the queries
/// alone do not fill it.
static int64_t packHeads(const Problem &problem, int64_t rows) {
  int64_t heads = 1;
  // Maps with keys of their own, and a padded log-sum-exp of several heads, are
  // not brought into vectors yet.
  if (!problem.queries || problem.keyMaps > 1 || problem.hasLse)
    return heads;
  int64_t least =
      std::max<int64_t>(kUnit, llvm::alignTo(*problem.queries, kUnit));
  while (problem.group % (2 * heads) == 0 &&
         rows % (problem.maps * 2 * heads * kUnit) == 0 &&
         rows / (problem.maps * 2 * heads) >= least)
    heads *= 2;
  return heads;
}

bool diff::hasTensorCoreType(AttentionCombineOpInterface op, bool allowTF32) {
  auto attention = cast<AttentionOpInterface>(op.getOperation());
  Type element = getElementTypeOrSelf(attention.getQuery().getType());
  return element.isF16() || element.isBF16() || (allowTF32 && element.isF32());
}

/// What is legal, with the way out.
static LogicalResult reportWidths(AttentionCombineOpInterface op) {
  auto attention = cast<AttentionOpInterface>(op.getOperation());
  return op->emitOpError("has a head dimension of ")
         << attention.getDimSize('d') << " and values "
         << attention.getDimSize('v') << " wide; on tensor cores, multiples of "
         << kUnit << " up to " << kMaxWidth
         << " are legal (tiles=threads compiles any)";
}

FailureOr<ScheduleAttr>
diff::chooseTensorCoreSchedule(AttentionCombineOpInterface op,
                               const TileLimits &limits) {
  Problem problem(op);
  if (!problem.hasLegalWidths)
    return reportWidths(op);
  ScheduleAttr best;
  std::string lastBroken;
  for (const TileShape &tile : kTiles) {
    if (problem.valueWidth > tile.valueWidth || tile.rows % problem.maps != 0 ||
        (tile.forOwnKeys && problem.keyMaps == 1))
      continue;
    int64_t heads = packHeads(problem, tile.rows);
    int64_t queries = tile.rows / (problem.maps * heads);
    auto schedule = ScheduleAttr::get(
        op.getContext(), heads, queries, tile.keys, tile.warps * 32,
        /*stages=*/1, /*swizzle=*/!problem.hasWholeLines(),
        /*row_sum_on_mma=*/!op.getLse() && !problem.isF32,
        /*skip_rescale=*/true, /*tf32=*/problem.isF32);
    if (std::optional<std::string> broken =
            findBrokenLimit(problem, schedule, limits)) {
      lastBroken = print(schedule) + " " + *broken;
      remark::missed(op.getLoc(), kRemark) << lastBroken;
      continue;
    }
    // Smaller tiles while one holds all queries, and as many heads.
    if (best && (!problem.queries || *problem.queries > queries ||
                 heads < best.getHeads() ||
                 (heads == best.getHeads() && queries >= best.getQueries())))
      break;
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
          findBrokenLimit(problem, schedule, limits))
    return op->emitOpError("has a schedule that ") << *broken;
  return success();
}
