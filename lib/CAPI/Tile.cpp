//===- Tile.cpp - C interface to the tile dialect -------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff-c/Dialect/Tile.h"
#include "Attributes.h"
#include "diff/Dialect/Tile/IR/Tile.h"
#include "mlir/CAPI/Registration.h"

using namespace mlir;
using namespace mlir::diff::tile;
using namespace mlir::diff::capi;

MLIR_DEFINE_CAPI_DIALECT_REGISTRATION(Tile, tile, TileDialect)

//===----------------------------------------------------------------------===//
// Token
//===----------------------------------------------------------------------===//

MlirType diffTileTokenTypeGet(MlirContext context) {
  if (mlirContextIsNull(context))
    return {nullptr};
  unwrap(context)->loadDialect<TileDialect>();
  return wrap(TokenType::get(unwrap(context)));
}

bool diffTypeIsATileToken(MlirType type) {
  return isa_and_nonnull<TokenType>(unwrap(type));
}

//===----------------------------------------------------------------------===//
// Layout
//===----------------------------------------------------------------------===//

/// The most dimensions of a layout that is created from C. Wrong numbers, such
/// as uninitialized ones, would read far beyond the lists.
static constexpr intptr_t kMaxRank = 64;

/// Returns strides that make the last dimension the fastest, where the counts
/// are positive.
static SmallVector<int64_t> getStrides(ArrayRef<int64_t> counts,
                                       const int64_t *strides) {
  if (strides)
    return SmallVector<int64_t>(strides, strides + counts.size());
  SmallVector<int64_t> rowMajor(counts.size(), 1);
  for (int64_t i = static_cast<int64_t>(counts.size()) - 2; i >= 0; --i)
    if (__builtin_mul_overflow(rowMajor[i + 1], counts[i + 1], &rowMajor[i]))
      rowMajor[i] = 0; // The counts are not legal.
  for (auto [count, stride] : llvm::zip_equal(counts, rowMajor))
    if (count == 1)
      stride = 1;
  return rowMajor;
}

MlirAttribute diffTileLayoutAttrGet(MlirContext context, intptr_t rank,
                                    const int64_t *warps, const int64_t *lanes,
                                    const int64_t *elems,
                                    const int64_t *warpStrides,
                                    const int64_t *laneStrides) {
  if (rank < 0 || rank > kMaxRank)
    return reportError(context, "diffTileLayoutAttrGet: rank is " +
                                    Twine(rank) + "; 0 to " + Twine(kMaxRank) +
                                    " are legal");
  for (auto [name, values] :
       {std::pair("warps", warps), {"lanes", lanes}, {"elems", elems}})
    if (rank && !values)
      return reportError(context,
                         "diffTileLayoutAttrGet: " + Twine(name) + " is null");
  auto list = [&](const int64_t *values) {
    return ArrayRef<int64_t>(values, static_cast<size_t>(rank));
  };
  SmallVector<int64_t> ofWarps = getStrides(list(warps), warpStrides),
                       ofLanes = getStrides(list(lanes), laneStrides);
  return getChecked<LayoutAttr, TileDialect>(
      context, list(warps), list(lanes), list(elems),
      ArrayRef<int64_t>(ofWarps), ArrayRef<int64_t>(ofLanes));
}

bool diffAttributeIsATileLayout(MlirAttribute attribute) {
  return isA<LayoutAttr>(attribute);
}

intptr_t diffTileLayoutAttrGetRank(MlirAttribute layout) {
  return read<LayoutAttr>(layout, [](LayoutAttr attr) {
    return static_cast<intptr_t>(attr.getRank());
  });
}

int64_t diffTileLayoutAttrGetElement(MlirAttribute attribute,
                                     DiffTileLayoutList list, intptr_t dim) {
  return read<LayoutAttr>(attribute, [&](LayoutAttr layout) -> int64_t {
    switch (list) {
    case DIFF_TILE_LAYOUT_WARPS:
      return getElement(layout.getWarps(), dim);
    case DIFF_TILE_LAYOUT_LANES:
      return getElement(layout.getLanes(), dim);
    case DIFF_TILE_LAYOUT_ELEMS:
      return getElement(layout.getElems(), dim);
    case DIFF_TILE_LAYOUT_WARP_STRIDES:
      return getElement(layout.getWarpStrides(), dim);
    case DIFF_TILE_LAYOUT_LANE_STRIDES:
      return getElement(layout.getLaneStrides(), dim);
    }
    return 0;
  });
}

//===----------------------------------------------------------------------===//
// Swizzle
//===----------------------------------------------------------------------===//

MlirAttribute diffTileSwizzleAttrGet(MlirContext context, int64_t bits,
                                     int64_t shift) {
  return getChecked<SwizzleAttr, TileDialect>(context, bits, shift);
}

bool diffAttributeIsATileSwizzle(MlirAttribute attribute) {
  return isA<SwizzleAttr>(attribute);
}

int64_t diffTileSwizzleAttrGetBits(MlirAttribute swizzle) {
  return read<SwizzleAttr>(swizzle,
                           [](SwizzleAttr attr) { return attr.getBits(); });
}

int64_t diffTileSwizzleAttrGetShift(MlirAttribute swizzle) {
  return read<SwizzleAttr>(swizzle,
                           [](SwizzleAttr attr) { return attr.getShift(); });
}

//===----------------------------------------------------------------------===//
// Mma
//===----------------------------------------------------------------------===//

MlirAttribute diffTileMmaAttrGet(MlirContext context, int64_t m, int64_t n,
                                 int64_t k, int64_t neighbours,
                                 MlirAttribute result) {
  auto layout = dyn_cast_or_null<LayoutAttr>(unwrap(result));
  if (!layout)
    return reportError(context,
                       "the result of a #tile.mma must be a #tile.layout");
  return getChecked<MmaAttr, TileDialect>(context, m, n, k, neighbours, layout);
}

bool diffAttributeIsATileMma(MlirAttribute attribute) {
  return isA<MmaAttr>(attribute);
}

int64_t diffTileMmaAttrGetM(MlirAttribute mma) {
  return read<MmaAttr>(mma, [](MmaAttr attr) { return attr.getM(); });
}

int64_t diffTileMmaAttrGetN(MlirAttribute mma) {
  return read<MmaAttr>(mma, [](MmaAttr attr) { return attr.getN(); });
}

int64_t diffTileMmaAttrGetK(MlirAttribute mma) {
  return read<MmaAttr>(mma, [](MmaAttr attr) { return attr.getK(); });
}

int64_t diffTileMmaAttrGetNeighbours(MlirAttribute mma) {
  return read<MmaAttr>(mma, [](MmaAttr attr) { return attr.getNeighbours(); });
}

MlirAttribute diffTileMmaAttrGetResult(MlirAttribute mma) {
  return wrap(read<MmaAttr>(
      mma, [](MmaAttr attr) -> Attribute { return attr.getResult(); }));
}

//===----------------------------------------------------------------------===//
// Schedule
//===----------------------------------------------------------------------===//

DiffTileSchedule diffTileScheduleGetDefault() {
  DiffTileSchedule schedule = {};
  schedule.stages = 1;
  schedule.swizzle = true;
  return schedule;
}

MlirAttribute diffTileScheduleAttrGet(MlirContext context,
                                      const DiffTileSchedule *schedule) {
  if (!schedule)
    return reportError(context, "diffTileScheduleAttrGet: schedule is null");
  return getChecked<ScheduleAttr, TileDialect>(
      context, schedule->warps, schedule->stages, schedule->swizzle,
      schedule->rowSumOnMma, schedule->skipRescale, schedule->tf32);
}

bool diffAttributeIsATileSchedule(MlirAttribute attribute) {
  return isA<ScheduleAttr>(attribute);
}

DiffTileSchedule diffTileScheduleAttrGetValue(MlirAttribute attribute) {
  return read<ScheduleAttr>(
      attribute, [](ScheduleAttr attr) -> DiffTileSchedule {
        return {attr.getWarps(),       attr.getStages(),      attr.getSwizzle(),
                attr.getRowSumOnMma(), attr.getSkipRescale(), attr.getTf32()};
      });
}
