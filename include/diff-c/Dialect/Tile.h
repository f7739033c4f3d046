/*===- diff-c/Dialect/Tile.h - C interface to the tile dialect ----*- C -*-===*\
|*                                                                            *|
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception                    *|
|*                                                                            *|
|* Functions that create an attribute return a null attribute, and emit an    *|
|* error in the context, if the parameters are not legal. Functions that read *|
|* a parameter return 0, false, an empty string or null if the attribute is   *|
|* of another kind, and 0 beyond the end of a list. The parameters are        *|
|* described with the attributes (TileAttributes.td).                         *|
|*                                                                            *|
\*===----------------------------------------------------------------------===*/

#ifndef DIFF_C_DIALECT_TILE_H
#define DIFF_C_DIALECT_TILE_H

#include "diff-c/Export.h"
#include "mlir-c/IR.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Returns the handle of the dialect `tile`. */
DIFF_C_EXPORT MlirDialectHandle mlirGetDialectHandle__tile__(void);

/** Returns the type `!tile.token`. */
DIFF_C_EXPORT MlirType diffTileTokenTypeGet(MlirContext context);
DIFF_C_EXPORT bool diffTypeIsATileToken(MlirType type);

/*===-- #tile.layout: a vector over the threads of a block ----------------===*/

/** The five parameters of a layout. */
// NOLINTNEXTLINE(modernize-use-using): this is C.
typedef enum DiffTileLayoutList {
  DIFF_TILE_LAYOUT_WARPS,
  DIFF_TILE_LAYOUT_LANES,
  DIFF_TILE_LAYOUT_ELEMS,
  DIFF_TILE_LAYOUT_WARP_STRIDES,
  DIFF_TILE_LAYOUT_LANE_STRIDES
} DiffTileLayoutList;

/** Each list has `rank` elements. Strides may be null for row-major ones. */
DIFF_C_EXPORT MlirAttribute
diffTileLayoutAttrGet(MlirContext context, intptr_t rank, const int64_t *warps,
                      const int64_t *lanes, const int64_t *elems,
                      const int64_t *warpStrides, const int64_t *laneStrides);
DIFF_C_EXPORT bool diffAttributeIsATileLayout(MlirAttribute attribute);
DIFF_C_EXPORT intptr_t diffTileLayoutAttrGetRank(MlirAttribute layout);
DIFF_C_EXPORT int64_t diffTileLayoutAttrGetElement(MlirAttribute layout,
                                                   DiffTileLayoutList list,
                                                   intptr_t dim);

/*===-- #tile.swizzle: the chunks of a row in shared memory ---------------===*/

DIFF_C_EXPORT MlirAttribute diffTileSwizzleAttrGet(MlirContext context,
                                                   int64_t bits, int64_t shift);
DIFF_C_EXPORT bool diffAttributeIsATileSwizzle(MlirAttribute attribute);
DIFF_C_EXPORT int64_t diffTileSwizzleAttrGetBits(MlirAttribute swizzle);
DIFF_C_EXPORT int64_t diffTileSwizzleAttrGetShift(MlirAttribute swizzle);

/*===-- #tile.mma: the matrix instruction of a contraction ----------------===*/

/** `result` is a `#tile.layout`. */
DIFF_C_EXPORT MlirAttribute diffTileMmaAttrGet(MlirContext context, int64_t m,
                                               int64_t n, int64_t k,
                                               int64_t neighbours,
                                               MlirAttribute result);
DIFF_C_EXPORT bool diffAttributeIsATileMma(MlirAttribute attribute);
DIFF_C_EXPORT int64_t diffTileMmaAttrGetM(MlirAttribute mma);
DIFF_C_EXPORT int64_t diffTileMmaAttrGetN(MlirAttribute mma);
DIFF_C_EXPORT int64_t diffTileMmaAttrGetK(MlirAttribute mma);
DIFF_C_EXPORT int64_t diffTileMmaAttrGetNeighbours(MlirAttribute mma);
DIFF_C_EXPORT MlirAttribute diffTileMmaAttrGetResult(MlirAttribute mma);

/*===-- #tile.schedule: options of a block's tile -------------------------===*/

/** The parameters of a schedule. */
// NOLINTNEXTLINE(modernize-use-using): this is C.
typedef struct DiffTileSchedule {
  int64_t warps, stages;
  bool swizzle, rowSumOnMma, skipRescale, tf32;
} DiffTileSchedule;

/** Returns the default of the optional parameters, and 0 warps. */
DIFF_C_EXPORT DiffTileSchedule diffTileScheduleGetDefault(void);
DIFF_C_EXPORT MlirAttribute
diffTileScheduleAttrGet(MlirContext context, const DiffTileSchedule *schedule);
DIFF_C_EXPORT bool diffAttributeIsATileSchedule(MlirAttribute attribute);
DIFF_C_EXPORT DiffTileSchedule
diffTileScheduleAttrGetValue(MlirAttribute schedule);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* DIFF_C_DIALECT_TILE_H */
