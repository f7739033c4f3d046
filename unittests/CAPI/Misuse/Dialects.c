/*===- Dialects.c - Wrong attributes and pipelines ----------------*- C -*-===*\
|*                                                                            *|
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception                    *|
|*                                                                            *|
\*===----------------------------------------------------------------------===*/

#include "Misuse.h"
#include "diff-c/Dialect/Diff.h"
#include "diff-c/Dialect/Tile.h"
#include "diff-c/Passes.h"
#include "diff-c/Registration.h"
#include "mlir-c/BuiltinAttributes.h"
#include "mlir-c/Diagnostics.h"
#include "mlir-c/Pass.h"
#include <stdio.h>
#include <string.h>

/* All errors of a call. */
static char errors[2048];

static const char *getMessage(void) { return errors; }

static void append(MlirStringRef part, void *userData) {
  (void)userData;
  size_t used = strlen(errors);
  snprintf(errors + used, sizeof(errors) - used, "%.*s", (int)part.length,
           part.data);
}

static MlirLogicalResult keep(MlirDiagnostic diagnostic, void *userData) {
  (void)userData;
  if (*errors)
    append(mlirStringRefCreateFromCString(" AND "), NULL);
  mlirDiagnosticPrint(diagnostic, append, NULL);
  return mlirLogicalResultSuccess();
}

static MlirStringRef text(const char *string) {
  return mlirStringRefCreateFromCString(string);
}

/* No data, but a length. */
static MlirStringRef missing(void) { return mlirStringRefCreate(NULL, 5); }

static const MlirContext kNoContext = {NULL};

static int isNull(MlirAttribute attribute) {
  return mlirAttributeIsNull(attribute);
}

/*===----------------------------------------------------------------------===*\
|* Attributes
\*===----------------------------------------------------------------------===*/

static MlirAttribute makeLayout(MlirContext context, const int64_t *query,
                                intptr_t size) {
  const int64_t *permutations[] = {query, NULL, NULL, NULL};
  const intptr_t sizes[] = {size, 0, 0, 0};
  return diffLayoutAttrGet(context, permutations, sizes);
}

static MlirAttribute makeSchedule(MlirContext context, int64_t queries,
                                  int64_t keys, int64_t threads) {
  DiffSchedule schedule = diffScheduleGetDefault();
  schedule.queries = queries;
  schedule.keys = keys;
  schedule.threads = threads;
  return diffScheduleAttrGet(context, &schedule);
}

static MlirAttribute makeTileSchedule(MlirContext context, int64_t warps,
                                      int64_t stages) {
  DiffTileSchedule schedule = diffTileScheduleGetDefault();
  schedule.warps = warps;
  schedule.stages = stages;
  return diffTileScheduleAttrGet(context, &schedule);
}

static void misuseDiff(MlirContext context) {
  const int64_t twice[] = {0, 0, 1, 3}, outer[] = {3, 1, 2, 0};
  const int64_t *none[4] = {NULL, NULL, NULL, NULL};
  const intptr_t zeros[4] = {0, 0, 0, 0};
  MISUSE(1,
         "the left side of a mask's window is -1 (unlimited) or a number "
         "of keys, found -2",
         isNull(diffMaskAttrGet(context, -2, 0)));
  MISUSE(1,
         "the right side of a mask's window is -1 (unlimited) or a number "
         "of keys, found -7",
         isNull(diffMaskAttrGet(context, 0, -7)));
  MISUSE(1,
         "the layout of 'query' must be a permutation of 0 to 3, found [0, "
         "0, 1, 3]",
         isNull(makeLayout(context, twice, 4)));
  MISUSE(1,
         "the layout of 'query' must keep the head dimension, number 3, "
         "innermost, found [3, 1, 2, 0]",
         isNull(makeLayout(context, outer, 4)));
  MISUSE(1, "diffLayoutAttrGet: the permutation 0 has 4 elements and is null",
         isNull(makeLayout(context, NULL, 4)));
  MISUSE(1, "diffLayoutAttrGet: the permutation 0 has -1 elements",
         isNull(makeLayout(context, outer, -1)));
  MISUSE(1, "diffLayoutAttrGet: permutations is null",
         isNull(diffLayoutAttrGet(context, NULL, zeros)));
  MISUSE(1, "diffLayoutAttrGet: sizes is null",
         isNull(diffLayoutAttrGet(context, none, NULL)));
  MISUSE(1, "'queries' of a schedule must be 1 to 65536, found 0",
         isNull(makeSchedule(context, 0, 32, 128)));
  MISUSE(1, "'keys' of a schedule must be 1 to 65536, found -5",
         isNull(makeSchedule(context, 32, -5, 128)));
  MISUSE(1,
         "'threads' of a schedule must be a multiple of 32 up to 1024, or 0 "
         "for a tile that is not for a GPU, found 99999",
         isNull(makeSchedule(context, 32, 32, 99999)));
  MISUSE(1, "diffScheduleAttrGet: schedule is null",
         isNull(diffScheduleAttrGet(context, NULL)));
  MISUSE(1, "'threads' of a kernel must be 1 to 1024, found 0",
         isNull(diffKernelAttrGet(context, text("attention"), 0, false)));
  MISUSE(1, "'op' of a kernel must not be empty",
         isNull(diffKernelAttrGet(context, missing(), 32, false)));
  MISUSE(1, "'tensor' of offsets must not be empty",
         isNull(diffOffsetsAttrGet(context, missing(), 0)));
  MISUSE(1, "'dimension' of offsets must not be negative, found -1",
         isNull(diffOffsetsAttrGet(context, text("query"), -1)));
  /* There is no context to report to. */
  MISUSE(1, "", isNull(diffMaskAttrGet(kNoContext, 0, 0)));
  MISUSE(1, "", isNull(diffScheduleAttrGet(kNoContext, NULL)));
}

/* Parameters of attributes of other kinds, of none, and beyond their ends. */
static void misuseGetters(MlirContext context) {
  const int64_t order[] = {0, 2, 1, 3}, ones[] = {1, 1};
  MlirAttribute unit = mlirUnitAttrGet(context);
  MlirAttribute none = mlirAttributeGetNull();
  MlirAttribute layout = makeLayout(context, order, 4);
  MlirAttribute tile =
      diffTileLayoutAttrGet(context, 2, ones, ones, ones, NULL, NULL);
  require(!isNull(layout) && !isNull(tile), "an attribute");
  MISUSE(0, "", diffMaskAttrGetLeft(none) + diffMaskAttrGetRight(unit));
  MISUSE(0, "", diffLayoutAttrGetSize(unit, text("query")));
  MISUSE(0, "", diffLayoutAttrGetSize(layout, missing()));
  MISUSE(0, "", diffLayoutAttrGetPosition(layout, text("query"), 4));
  MISUSE(0, "", diffLayoutAttrGetPosition(layout, text("query"), -1));
  MISUSE(0, "", diffLayoutAttrGetPosition(layout, text("key"), 0));
  MISUSE(0, "", diffScheduleAttrGetValue(unit).queries);
  MISUSE(0, "", diffKernelAttrGetOp(unit).length);
  MISUSE(0, "",
         diffKernelAttrGetThreads(none) + diffKernelAttrGetReverse(unit));
  MISUSE(0, "", diffOffsetsAttrGetTensor(none).length);
  MISUSE(0, "", diffOffsetsAttrGetDimension(layout));
  MISUSE(0, "", diffTileLayoutAttrGetRank(layout));
  MISUSE(0, "", diffTileLayoutAttrGetElement(tile, DIFF_TILE_LAYOUT_LANES, 2));
  MISUSE(0, "", diffTileLayoutAttrGetElement(tile, (DiffTileLayoutList)9, 0));
  MISUSE(0, "",
         diffTileSwizzleAttrGetBits(tile) + diffTileSwizzleAttrGetShift(none));
  MISUSE(0, "",
         diffTileMmaAttrGetM(tile) + diffTileMmaAttrGetN(tile) +
             diffTileMmaAttrGetK(tile) + diffTileMmaAttrGetNeighbours(none));
  MISUSE(1, "", isNull(diffTileMmaAttrGetResult(tile)));
  MISUSE(0, "", diffTileScheduleAttrGetValue(layout).warps);
  MISUSE(0, "",
         diffAttributeIsAMask(none) || diffAttributeIsALayout(tile) ||
             diffAttributeIsATileLayout(layout) ||
             diffTypeIsATileToken((MlirType){NULL}));
}

static MlirAttribute makeTile(MlirContext context, intptr_t rank,
                              const int64_t *warps, const int64_t *lanes,
                              const int64_t *laneStrides) {
  const int64_t elems[] = {1, 2};
  return diffTileLayoutAttrGet(context, rank, warps, lanes, elems, NULL,
                               laneStrides);
}

static void misuseTile(MlirContext context) {
  const int64_t ones[] = {1, 1}, lanes[] = {8, 4}, odd[] = {3, 4};
  const int64_t huge[] = {INT64_MAX, INT64_MAX}, zero[] = {0, 1};
  MlirAttribute layout = makeTile(context, 2, ones, lanes, NULL);
  MlirAttribute swizzle = diffTileSwizzleAttrGet(context, 2, 1);
  require(!isNull(layout) && !isNull(swizzle), "an attribute");
  MISUSE(1, "diffTileLayoutAttrGet: rank is -1; 0 to 64 are legal",
         isNull(makeTile(context, -1, ones, lanes, NULL)));
  MISUSE(1, "diffTileLayoutAttrGet: rank is 1000000; 0 to 64 are legal",
         isNull(makeTile(context, 1000000, ones, lanes, NULL)));
  MISUSE(1, "diffTileLayoutAttrGet: lanes is null",
         isNull(makeTile(context, 2, ones, NULL, NULL)));
  MISUSE(1, "'lanes' of a layout must be powers of two up to 65536, found 3",
         isNull(makeTile(context, 2, ones, odd, NULL)));
  MISUSE(1,
         "'lanes' of a layout must be powers of two up to 65536, found "
         "9223372036854775807",
         isNull(makeTile(context, 2, ones, huge, NULL)));
  MISUSE(1, "'warps' of a layout must be positive, found 0",
         isNull(makeTile(context, 2, zero, lanes, NULL)));
  MISUSE(1,
         "'lanes' of a layout must not overlap, found 8 with stride 1, which "
         "is no multiple of the 4 that smaller strides use",
         isNull(makeTile(context, 2, ones, lanes, ones)));
  MISUSE(1,
         "a swizzle has 1 to 3 bits and a shift of at most 3 - bits, found "
         "bits 9 and shift 0",
         isNull(diffTileSwizzleAttrGet(context, 9, 0)));
  MISUSE(1, "the result of a #tile.mma must be a #tile.layout",
         isNull(diffTileMmaAttrGet(context, 16, 8, 16, 2, swizzle)));
  MISUSE(1, "the result of a #tile.mma must be a #tile.layout",
         isNull(diffTileMmaAttrGet(context, 16, 8, 16, 2,
                                   mlirAttributeGetNull())));
  MISUSE(1, "an instruction must be m16n8k16 or m16n8k8, found m0n8k16",
         isNull(diffTileMmaAttrGet(context, 0, 8, 16, 2, layout)));
  MISUSE(1, "'warps' of a schedule must be 1 to 32, found 0",
         isNull(makeTileSchedule(context, 0, 1)));
  MISUSE(1, "'stages' of a schedule must be 1 to 8, found -1",
         isNull(makeTileSchedule(context, 4, -1)));
  MISUSE(1, "diffTileScheduleAttrGet: schedule is null",
         isNull(diffTileScheduleAttrGet(context, NULL)));
  MISUSE(1, "", mlirTypeIsNull(diffTileTokenTypeGet(kNoContext)));
}

/*===----------------------------------------------------------------------===*\
|* Registration and passes
\*===----------------------------------------------------------------------===*/

/* Returns 1 if the pipeline was parsed. */
static int parse(MlirContext context, const char *pipeline) {
  MlirPassManager pm = mlirPassManagerCreate(context);
  int isParsed = mlirLogicalResultIsSuccess(mlirParsePassPipeline(
      mlirPassManagerGetAsOpPassManager(pm), text(pipeline), append, NULL));
  for (char *c = errors; *c; ++c)
    if (*c == '\n')
      *c = ' ';
  mlirPassManagerDestroy(pm);
  return isParsed;
}

/* Returns 1 if the pipeline succeeded on a module. */
static int run(MlirContext context, const char *module, const char *pipeline) {
  MlirModule parsed = mlirModuleCreateParse(context, text(module));
  MlirPassManager pm = mlirPassManagerCreate(context);
  require(
      mlirLogicalResultIsSuccess(mlirParsePassPipeline(
          mlirPassManagerGetAsOpPassManager(pm), text(pipeline), append, NULL)),
      pipeline);
  int isDone = !mlirModuleIsNull(parsed) &&
               mlirLogicalResultIsSuccess(
                   mlirPassManagerRunOnOp(pm, mlirModuleGetOperation(parsed)));
  mlirPassManagerDestroy(pm);
  return isDone;
}

static void misusePasses(MlirContext context) {
  const MlirDialectRegistry noRegistry = {NULL};
  MISUSE(0, "", (diffRegisterAllDialects(noRegistry), 0));
  MISUSE(0, "", (diffRegisterCompilerDialects(noRegistry), 0));
  MISUSE(0, "", (diffRegisterAllPasses(), diffRegisterAllPasses(), 0));
  MISUSE(0, "",
         (mlirRegisterDiffTransformsPasses(),
          mlirRegisterDiffTransformsPasses(), 0));
  diffRegisterAllPasses();
  MISUSE(0, "...'diff-tiles' does not refer to a registered pass...",
         parse(context, "builtin.module(diff-tiles)"));
  MISUSE(0, "...no such option chips...",
         parse(context, "builtin.module(diff-compile{chips=sm_80})"));
  MISUSE(
      0,
      "expected pass pipeline to be wrapped with the anchor operation type...",
      parse(context, "builtin.module(diff-compile{chip=sm_80"));
  MISUSE(0,
         "Can't add pass 'DiffTilePass' restricted to 'func.func' on a "
         "PassManager intended to run on 'builtin.module'...",
         parse(context, "builtin.module(diff-tile)"));
  MISUSE(0, "diff-compile: unknown chip 'sm_75'; known are host, x86-64-v3...",
         run(context, kScale, "builtin.module(diff-compile{chip=sm_75})"));
  MISUSE(0,
         "diff-compile: stop-after must be tiled, kernel or hardware, found "
         "'high'",
         run(context, kScale, "builtin.module(diff-compile{stop-after=high})"));
  MISUSE(0, "...unregistered dialect...",
         run(context, "\"nowhere.op\"() : () -> ()",
             "builtin.module(convert-diff-to-linalg)"));
}

void misuseDialects(void) {
  MlirDialectRegistry registry = mlirDialectRegistryCreate();
  diffRegisterCompilerDialects(registry);
  MlirContext context = mlirContextCreateWithRegistry(registry, false);
  mlirDialectRegistryDestroy(registry);
  mlirContextAttachDiagnosticHandler(context, keep, NULL, NULL);
  misuseDiff(context);
  misuseTile(context);
  misuseGetters(context);
  misusePasses(context);
  mlirContextDestroy(context);
}
