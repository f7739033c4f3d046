/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * Uses every function of diff-c/Dialect, Registration and Passes from C. */
#include "diff-c/Compiler.h"
#include "diff-c/Dialect/Diff.h"
#include "diff-c/Dialect/Tile.h"
#include "diff-c/Passes.h"
#include "diff-c/Registration.h"
#include "mlir-c/BuiltinAttributes.h"
#include "mlir-c/Diagnostics.h"
#include "mlir-c/IR.h"
#include "mlir-c/Pass.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition)                                                       \
  do {                                                                         \
    if (!(condition)) {                                                        \
      printf("line %d: %s does not hold\n", __LINE__, #condition);             \
      exit(1);                                                                 \
    }                                                                          \
  } while (0)

static MlirStringRef text(const char *string) {
  return mlirStringRefCreateFromCString(string);
}

static void print(MlirStringRef part, void *userData) {
  (void)userData;
  printf("%.*s", (int)part.length, part.data);
}

static void show(MlirAttribute attribute) {
  mlirAttributePrint(attribute, print, NULL);
  printf("\n");
}

static MlirLogicalResult printDiagnostic(MlirDiagnostic diagnostic,
                                         void *userData) {
  (void)userData;
  printf("error: ");
  mlirDiagnosticPrint(diagnostic, print, NULL);
  printf("\n");
  return mlirLogicalResultSuccess();
}

static bool isEqual(MlirStringRef string, const char *expected) {
  return mlirStringRefEqual(string, text(expected));
}

/* The text of an attribute is parsed to the same attribute. */
static void checkRoundTrip(MlirContext context, MlirAttribute attribute,
                           const char *string) {
  CHECK(mlirAttributeEqual(attribute,
                           mlirAttributeParseGet(context, text(string))));
}

static void testDiff(MlirContext context) {
  MlirAttribute mask = diffMaskAttrGet(context, 128, 0);
  show(mask);
  checkRoundTrip(context, mask, "#diff.mask<causal, window = [128, 0]>");
  CHECK(diffAttributeIsAMask(mask));
  CHECK(!diffAttributeIsAMask(mlirUnitAttrGet(context)));
  CHECK(!diffAttributeIsAMask(mlirAttributeGetNull()));
  CHECK(diffMaskAttrGetLeft(mask) == 128);
  CHECK(diffMaskAttrGetRight(mask) == 0);
  CHECK(mlirAttributeIsNull(diffMaskAttrGet(context, -2, 0)));

  const int64_t query[] = {0, 2, 1, 3}, halves[] = {0, 1, 3, 2, 4};
  const int64_t *permutations[] = {query, halves, NULL, NULL};
  const intptr_t sizes[] = {4, 5, 0, 0};
  MlirAttribute layout = diffLayoutAttrGet(context, permutations, sizes);
  show(layout);
  CHECK(diffAttributeIsALayout(layout));
  CHECK(!diffAttributeIsALayout(mask));
  CHECK(diffLayoutAttrGetSize(layout, text("query")) == 4);
  CHECK(diffLayoutAttrGetSize(layout, text("key")) == 5);
  CHECK(diffLayoutAttrGetSize(layout, text("output")) == 0);
  CHECK(diffLayoutAttrGetSize(layout, text("lambda")) == 0);
  CHECK(diffLayoutAttrGetPosition(layout, text("key"), 2) == 3);
  const int64_t twice[] = {0, 0, 1, 2};
  permutations[0] = twice;
  CHECK(mlirAttributeIsNull(diffLayoutAttrGet(context, permutations, sizes)));

  DiffSchedule schedule = diffScheduleGetDefault();
  CHECK(schedule.heads == 1 && schedule.threads == 0 && schedule.stages == 0);
  CHECK(schedule.swizzle && !schedule.rowSumOnMma && !schedule.skipRescale);
  schedule.queries = 64;
  schedule.keys = 32;
  schedule.threads = 128;
  schedule.stages = 2;
  schedule.skipRescale = true;
  MlirAttribute attribute = diffScheduleAttrGet(context, &schedule);
  show(attribute);
  CHECK(diffAttributeIsASchedule(attribute));
  CHECK(!diffAttributeIsASchedule(mask));
  DiffSchedule read = diffScheduleAttrGetValue(attribute);
  CHECK(read.heads == 1 && read.queries == 64 && read.keys == 32);
  CHECK(read.threads == 128 && read.stages == 2 && read.swizzle);
  CHECK(!read.rowSumOnMma && read.skipRescale && !read.tf32);
  schedule.keys = 0;
  CHECK(mlirAttributeIsNull(diffScheduleAttrGet(context, &schedule)));

  MlirAttribute kernel =
      diffKernelAttrGet(context, text("attention"), 96, true);
  show(kernel);
  CHECK(diffAttributeIsAKernel(kernel) && !diffAttributeIsAKernel(mask));
  CHECK(isEqual(diffKernelAttrGetOp(kernel), "attention"));
  CHECK(diffKernelAttrGetThreads(kernel) == 96);
  CHECK(diffKernelAttrGetReverse(kernel));
  CHECK(mlirAttributeIsNull(diffKernelAttrGet(context, text("x"), 0, false)));

  MlirAttribute offsets = diffOffsetsAttrGet(context, text("query"), 1);
  show(offsets);
  CHECK(diffAttributeIsAOffsets(offsets) && !diffAttributeIsAOffsets(mask));
  CHECK(isEqual(diffOffsetsAttrGetTensor(offsets), "query"));
  CHECK(diffOffsetsAttrGetDimension(offsets) == 1);
  CHECK(mlirAttributeIsNull(diffOffsetsAttrGet(context, text(""), 0)));
}

static void testTile(MlirContext context) {
  MlirType token = diffTileTokenTypeGet(context);
  CHECK(diffTypeIsATileToken(token));
  CHECK(!diffTypeIsATileToken(mlirTypeParseGet(context, text("f32"))));

  const int64_t warps[] = {4, 1}, lanes[] = {8, 4}, elems[] = {1, 2};
  MlirAttribute layout =
      diffTileLayoutAttrGet(context, 2, warps, lanes, elems, NULL, NULL);
  show(layout);
  checkRoundTrip(
      context, layout,
      "#tile.layout<warps = [4, 1], lanes = [8, 4], elems = [1, 2]>");
  CHECK(diffAttributeIsATileLayout(layout));
  CHECK(diffTileLayoutAttrGetRank(layout) == 2);
  CHECK(diffTileLayoutAttrGetElement(layout, DIFF_TILE_LAYOUT_WARPS, 0) == 4);
  CHECK(diffTileLayoutAttrGetElement(layout, DIFF_TILE_LAYOUT_LANES, 0) == 8);
  CHECK(diffTileLayoutAttrGetElement(layout, DIFF_TILE_LAYOUT_ELEMS, 1) == 2);
  CHECK(diffTileLayoutAttrGetElement(layout, DIFF_TILE_LAYOUT_WARP_STRIDES,
                                     0) == 1);
  CHECK(diffTileLayoutAttrGetElement(layout, DIFF_TILE_LAYOUT_LANE_STRIDES,
                                     0) == 4);
  const int64_t strides[] = {1, 8}, ones[] = {1, 1};
  MlirAttribute columns =
      diffTileLayoutAttrGet(context, 2, ones, lanes, elems, ones, strides);
  show(columns);
  const int64_t overlap[] = {1, 1};
  CHECK(mlirAttributeIsNull(
      diffTileLayoutAttrGet(context, 2, ones, lanes, elems, ones, overlap)));

  MlirAttribute swizzle = diffTileSwizzleAttrGet(context, 2, 1);
  show(swizzle);
  CHECK(diffAttributeIsATileSwizzle(swizzle));
  CHECK(!diffAttributeIsATileSwizzle(layout));
  CHECK(diffTileSwizzleAttrGetBits(swizzle) == 2);
  CHECK(diffTileSwizzleAttrGetShift(swizzle) == 1);
  CHECK(mlirAttributeIsNull(diffTileSwizzleAttrGet(context, 9, 0)));

  const int64_t one[] = {1, 1};
  MlirAttribute result =
      diffTileLayoutAttrGet(context, 2, one, lanes, elems, NULL, NULL);
  MlirAttribute mma = diffTileMmaAttrGet(context, 16, 8, 16, 2, result);
  show(mma);
  CHECK(diffAttributeIsATileMma(mma) && !diffAttributeIsATileMma(layout));
  CHECK(diffTileMmaAttrGetM(mma) == 16 && diffTileMmaAttrGetN(mma) == 8);
  CHECK(diffTileMmaAttrGetK(mma) == 16);
  CHECK(diffTileMmaAttrGetNeighbours(mma) == 2);
  CHECK(mlirAttributeEqual(diffTileMmaAttrGetResult(mma), result));
  CHECK(
      mlirAttributeIsNull(diffTileMmaAttrGet(context, 16, 8, 16, 2, swizzle)));

  DiffTileSchedule schedule = diffTileScheduleGetDefault();
  CHECK(schedule.stages == 1 && schedule.swizzle && !schedule.tf32);
  schedule.warps = 4;
  schedule.rowSumOnMma = true;
  MlirAttribute attribute = diffTileScheduleAttrGet(context, &schedule);
  show(attribute);
  CHECK(diffAttributeIsATileSchedule(attribute));
  CHECK(!diffAttributeIsATileSchedule(layout));
  DiffTileSchedule read = diffTileScheduleAttrGetValue(attribute);
  CHECK(read.warps == 4 && read.stages == 1 && read.swizzle);
  CHECK(read.rowSumOnMma && !read.skipRescale && !read.tf32);
  schedule.warps = 0;
  CHECK(mlirAttributeIsNull(diffTileScheduleAttrGet(context, &schedule)));
}

static const char *kLayer =
    "func.func @layer(%q: tensor<1x8x4x16xf32>, %k: tensor<1x8x2x16xf32>,\n"
    "    %l: tensor<1x8x2xf32>, %o: tensor<1x8x2x16xf32>)\n"
    "    -> tensor<1x8x2x16xf32> {\n"
    "  %0 = diff.attention ins(%q, %k, %k, %l : tensor<1x8x4x16xf32>,\n"
    "      tensor<1x8x2x16xf32>, tensor<1x8x2x16xf32>, tensor<1x8x2xf32>)\n"
    "      outs(%o : tensor<1x8x2x16xf32>) mask<causal>\n"
    "      -> tensor<1x8x2x16xf32>\n"
    "  return %0 : tensor<1x8x2x16xf32>\n"
    "}\n";

/* Lowers a module with a pass object, and with the text of a pipeline. */
static void testPasses(void) {
  MlirDialectRegistry registry = mlirDialectRegistryCreate();
  diffRegisterCompilerDialects(registry);
  diffRegisterAllPasses();
  MlirContext context = mlirContextCreateWithRegistry(registry, false);
  mlirDialectRegistryDestroy(registry);
  MlirModule module = mlirModuleCreateParse(context, text(kLayer));
  CHECK(!mlirModuleIsNull(module));
  MlirPassManager pm = mlirPassManagerCreate(context);
  mlirPassManagerAddOwnedPass(
      pm, mlirCreateDiffConversionConvertDiffToLinalgPass());
  CHECK(mlirLogicalResultIsSuccess(
      mlirPassManagerRunOnOp(pm, mlirModuleGetOperation(module))));
  mlirPassManagerDestroy(pm);
  mlirModuleDestroy(module);

  module = mlirModuleCreateParse(context, text(kLayer));
  pm = mlirPassManagerCreate(context);
  CHECK(mlirLogicalResultIsSuccess(mlirParsePassPipeline(
      mlirPassManagerGetAsOpPassManager(pm),
      text("builtin.module(diff-compile{chip=sm_80 stop-after=tiled})"), print,
      NULL)));
  CHECK(mlirLogicalResultIsSuccess(
      mlirPassManagerRunOnOp(pm, mlirModuleGetOperation(module))));
  mlirOperationPrint(mlirModuleGetOperation(module), print, NULL);
  mlirPassManagerDestroy(pm);
  mlirModuleDestroy(module);
  mlirContextDestroy(context);
}

int main(void) {
  printf("version %s\n", diffCompileGetVersion());
  MlirContext context = mlirContextCreate();
  mlirContextAttachDiagnosticHandler(context, printDiagnostic, NULL, NULL);
  /* Registration through the handles. */
  CHECK(isEqual(mlirDialectHandleGetNamespace(mlirGetDialectHandle__diff__()),
                "diff"));
  mlirDialectHandleRegisterDialect(mlirGetDialectHandle__diff__(), context);
  mlirDialectHandleLoadDialect(mlirGetDialectHandle__tile__(), context);
  MlirDialectRegistry registry = mlirDialectRegistryCreate();
  diffRegisterAllDialects(registry);
  mlirContextAppendDialectRegistry(context, registry);
  mlirDialectRegistryDestroy(registry);
  testDiff(context);
  testTile(context);
  mlirContextDestroy(context);

  mlirRegisterDiffConversionPasses();
  mlirRegisterDiffTransformsPasses();
  mlirRegisterTileTransformsPasses();
  testPasses();
  printf("done\n");
  return 0;
}
