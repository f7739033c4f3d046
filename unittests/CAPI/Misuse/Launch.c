/*===- Launch.c - Wrong calls of diff-c/Launch.h and Parallel.h ---*- C -*-===*\
|*                                                                            *|
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception                    *|
|*                                                                            *|
\*===----------------------------------------------------------------------===*/

#include "diff-c/Launch.h"
#include "Misuse.h"
#include "diff-c/Compiler.h"
#include "diff-c/Parallel.h"
#include <string.h>

static const char *getMessage(void) { return diffLaunchGetError(); }

/* The module for a GPU. */
static DiffCompileOutput *manifest, *ptx;

static DiffCompileOutput *emit(const char *kind) {
  DiffCompileOptions options = diffCompileGetDefaultOptions();
  options.chip = "sm_80";
  options.emit = kind;
  DiffCompileOutput *output =
      diffCompile(kScale, strlen(kScale), &options, NULL, NULL);
  require(output != NULL, kind);
  return output;
}

static DiffLaunchStatus openWith(const char *check, const char *async) {
  DiffLaunchDevice *device = NULL;
  DiffLaunchSimOptions options = diffLaunchGetDefaultSimOptions();
  options.check = check;
  options.async = async;
  return diffLaunchOpenSim("sm_80", &options, &device);
}

static void misuseDevices(const char *driver) {
  DiffLaunchDevice *device = NULL;
  MISUSE(DIFF_LAUNCH_ERROR, "diffLaunchOpenSim: chip is null",
         diffLaunchOpenSim(NULL, NULL, &device));
  MISUSE(DIFF_LAUNCH_ERROR, "diffLaunchOpenSim: device is null",
         diffLaunchOpenSim("sm_80", NULL, NULL));
  MISUSE(DIFF_LAUNCH_ERROR, "unknown GPU 'sm_1'; known are sm_80, ...",
         diffLaunchOpenSim("sm_1", NULL, &device));
  MISUSE(DIFF_LAUNCH_ERROR, "unknown GPU 'host'; known are sm_80, ...",
         diffLaunchOpenSim("host", NULL, &device));
  MISUSE(DIFF_LAUNCH_ERROR, "diffLaunchOpenSim: options->check is null",
         openWith(NULL, "late"));
  MISUSE(DIFF_LAUNCH_ERROR, "diffLaunchOpenSim: options->async is null",
         openWith("all", NULL));
  MISUSE(DIFF_LAUNCH_ERROR,
         "unknown checkers 'memory,rice'; none or a list of all, memory, init, "
         "race, sync, async, same-value is legal",
         openWith("memory,rice", "late"));
  MISUSE(DIFF_LAUNCH_ERROR,
         "unknown policy of copies 'soon'; late, eager and random are legal",
         openWith("all", "soon"));
  MISUSE(DIFF_LAUNCH_ERROR, "diffLaunchOpenCuda: device is null",
         diffLaunchOpenCuda(0, driver, NULL, NULL));
  MISUSE(DIFF_LAUNCH_ERROR, "no CUDA driver: .../nowhere...",
         diffLaunchOpenCuda(0, "/nowhere", NULL, &device));
  MISUSE(DIFF_LAUNCH_ERROR, "no GPU has the number 5; the CUDA driver finds 1",
         diffLaunchOpenCuda(5, driver, NULL, &device));
  MISUSE(DIFF_LAUNCH_ERROR, "no GPU has the number -1; the CUDA driver finds 1",
         diffLaunchOpenCuda(-1, driver, NULL, &device));
  MISUSE(0, "", (diffLaunchClose(NULL), 0));
  MISUSE(0, "", *diffLaunchGetName(NULL));
  MISUSE(DIFF_LAUNCH_ERROR, "diffLaunchSetStream: device is null",
         diffLaunchSetStream(NULL, NULL));
  MISUSE(DIFF_LAUNCH_ERROR, "diffLaunchSynchronize: device is null",
         diffLaunchSynchronize(NULL));
  MISUSE(0, "", diffLaunchGetFindingCount(NULL));
  MISUSE(1, "", diffLaunchGetFinding(NULL, 0) == NULL);
  MISUSE(0, "", *diffLaunchGetReport(NULL));
}

static void misuseMemory(DiffLaunchDevice *device) {
  char bytes[256] = {0};
  uint64_t address = 0, other = 0;
  require(diffLaunchAllocate(device, 128, &address) == DIFF_LAUNCH_SUCCESS,
          "diffLaunchAllocate");
  MISUSE(DIFF_LAUNCH_ERROR, "diffLaunchAllocate: device is null",
         diffLaunchAllocate(NULL, 8, &other));
  MISUSE(DIFF_LAUNCH_ERROR, "diffLaunchAllocate: address is null",
         diffLaunchAllocate(device, 8, NULL));
  MISUSE(DIFF_LAUNCH_ERROR,
         "4611686018427387904 bytes are more than any device has",
         diffLaunchAllocate(device, (uint64_t)1 << 62, &other));
  MISUSE(DIFF_LAUNCH_ERROR, "diffLaunchFree: device is null",
         diffLaunchFree(NULL, address));
  MISUSE(DIFF_LAUNCH_ERROR, "0x7 is not the address of an allocation",
         diffLaunchFree(device, 7));
  MISUSE(DIFF_LAUNCH_ERROR, "0x... is not the address of an allocation",
         diffLaunchFree(device, address) || diffLaunchFree(device, address));
  MISUSE(DIFF_LAUNCH_ERROR, "diffLaunchCopyToDevice: device is null",
         diffLaunchCopyToDevice(NULL, address, bytes, 1));
  MISUSE(DIFF_LAUNCH_ERROR, "diffLaunchCopyToDevice: from is null",
         diffLaunchCopyToDevice(device, address, NULL, 1));
  MISUSE(DIFF_LAUNCH_ERROR,
         "the 256 bytes at 0x... reach beyond their allocation of 128 bytes",
         diffLaunchCopyToDevice(device, address, bytes, 256));
  MISUSE(DIFF_LAUNCH_ERROR, "the 8 bytes at 0x0 lie in no allocation",
         diffLaunchCopyToDevice(device, 0, bytes, 8));
  MISUSE(DIFF_LAUNCH_ERROR, "diffLaunchCopyToHost: to is null",
         diffLaunchCopyToHost(device, NULL, address, 1));
  MISUSE(DIFF_LAUNCH_ERROR,
         "the 256 bytes at 0x... reach beyond their allocation of 128 bytes",
         diffLaunchCopyToHost(device, bytes, address, 256));
}

/* Loads the module with other sizes of manifest and code. */
static DiffLaunchStatus load(DiffLaunchDevice *device, const char *json,
                             const void *code, size_t size) {
  DiffLaunchProgram *program = NULL;
  return diffLaunchLoad(device, json, json ? strlen(json) : 0, code, size,
                        &program);
}

static void misusePrograms(DiffLaunchDevice *device) {
  const char *json = diffCompileOutputGetData(manifest);
  const char *code = diffCompileOutputGetData(ptx);
  size_t size = diffCompileOutputGetSize(ptx);
  MISUSE(DIFF_LAUNCH_ERROR, "diffLaunchLoad: device is null",
         load(NULL, json, code, size));
  MISUSE(DIFF_LAUNCH_ERROR, "diffLaunchLoad: manifest is null",
         load(device, NULL, code, size));
  MISUSE(DIFF_LAUNCH_ERROR, "diffLaunchLoad: code is null",
         load(device, json, NULL, 0));
  MISUSE(DIFF_LAUNCH_ERROR, "diffLaunchLoad: program is null",
         diffLaunchLoad(device, json, strlen(json), code, size, NULL));
  MISUSE(DIFF_LAUNCH_ERROR,
         "manifest: it is not JSON: parse error at line 1, column 1: ...",
         load(device, "", code, size));
  MISUSE(DIFF_LAUNCH_ERROR, "manifest: the key 'schema_version' is missing",
         load(device, "{}", code, size));
  MISUSE(DIFF_LAUNCH_ERROR,
         "manifest: it is not JSON: parse error at line 1, column 6: ...",
         load(device, "[1, 2", code, size));
  MISUSE(DIFF_LAUNCH_ERROR,
         "PTX:1:1: expected '.version' at the beginning of a PTX text, found "
         "'junk'",
         load(device, json, "junk", 4));
  MISUSE(DIFF_LAUNCH_ERROR, "PTX:...: expected ..., found the end of the text",
         load(device, json, code, size / 2));
  MISUSE(DIFF_LAUNCH_ERROR,
         "PTX:1:1: expected '.version' at the beginning of a PTX text, found "
         "the end of the text",
         load(device, json, code, 0));
  MISUSE(0, "", (diffLaunchUnload(NULL), 0));

  DiffLaunchDevice *older = NULL;
  DiffCompileOptions options = diffCompileGetDefaultOptions();
  options.chip = "sm_90a";
  options.emit = "manifest";
  DiffCompileOutput *newer =
      diffCompile(kScale, strlen(kScale), &options, NULL, NULL);
  require(newer &&
              diffLaunchOpenSim("sm_80", NULL, &older) == DIFF_LAUNCH_SUCCESS,
          "sm_80");
  MISUSE(DIFF_LAUNCH_ERROR, "code for sm_90a does not run on ...(sm_80)...",
         load(older, diffCompileOutputGetData(newer), code, size));
  diffLaunchClose(older);
  diffCompileOutputDestroy(newer);
}

static float x[16], y[16], sum[16];
static const int64_t kShape[] = {2, 8};

/* Legal tensors; a row changes one member of one of them. */
static DiffLaunchTensor tensors[3];

static void reset(void) {
  float *data[] = {x, y, sum};
  for (int i = 0; i < 3; ++i)
    tensors[i] = (DiffLaunchTensor){(uint64_t)(uintptr_t)data[i],
                                    DIFF_LAUNCH_HOST,
                                    DIFF_LAUNCH_F32,
                                    2,
                                    kShape,
                                    NULL};
}

/* Runs the function after an assignment. */
#define RUN_WITH(assignment)                                                   \
  (reset(), (void)(assignment),                                                \
   diffLaunchRun(program, "scale", tensors, 3, NULL))

static void misuseRuns(DiffLaunchProgram *program) {
  const int64_t three[] = {3, 8}, negative[] = {-1, 8}, wide[] = {2, 9};
  const int64_t reverse[] = {-8, 1}, apart[] = {16, 2}, same[] = {0, 1};
  const int64_t far[] = {INT64_MAX / 2, 1};
  MISUSE(DIFF_LAUNCH_ERROR, "diffLaunchRun: program is null",
         diffLaunchRun(NULL, "scale", tensors, 3, NULL));
  MISUSE(DIFF_LAUNCH_ERROR, "diffLaunchRun: function is null",
         diffLaunchRun(program, NULL, tensors, 3, NULL));
  MISUSE(DIFF_LAUNCH_ERROR, "diffLaunchRun: tensors is null",
         diffLaunchRun(program, "scale", NULL, 3, NULL));
  MISUSE(DIFF_LAUNCH_ERROR,
         "the manifest has no function 'nope'; functions: 'scale'",
         diffLaunchRun(program, "nope", tensors, 3, NULL));
  /* The array ends long before the number of tensors. */
  MISUSE(DIFF_LAUNCH_INVALID,
         "function 'scale' takes 3 tensors (1 of them results), found 1000000",
         diffLaunchRun(program, "scale", tensors, 1000000, NULL));
  MISUSE(DIFF_LAUNCH_INVALID,
         "function 'scale' takes 3 tensors (1 of them results), found 0",
         diffLaunchRun(program, "scale", NULL, 0, NULL));
  MISUSE(DIFF_LAUNCH_INVALID,
         "function 'scale': argument 0 '...' needs elements of type f32, found "
         "f16",
         RUN_WITH(tensors[0].type = DIFF_LAUNCH_F16));
  MISUSE(DIFF_LAUNCH_INVALID, "tensor 0 has the unknown type 99",
         RUN_WITH(tensors[0].type = (DiffLaunchType)99));
  MISUSE(DIFF_LAUNCH_INVALID, "tensor 1 is in the unknown memory 7",
         RUN_WITH(tensors[1].memory = (DiffLaunchMemory)7));
  MISUSE(DIFF_LAUNCH_INVALID,
         "function 'scale': argument 0 '...' has the shape (..., 8), found "
         "(2,) of rank 1",
         RUN_WITH(tensors[0].rank = 1));
  MISUSE(DIFF_LAUNCH_INVALID, "tensor 0 has rank 1000000000; 0 to 64 are legal",
         RUN_WITH(tensors[0].rank = 1000000000));
  MISUSE(DIFF_LAUNCH_INVALID, "tensor 0 has no shape",
         RUN_WITH(tensors[0].shape = NULL));
  MISUSE(DIFF_LAUNCH_INVALID,
         "function 'scale': argument 0 '...' has the shape (..., 8), found (2, "
         "9)",
         RUN_WITH(tensors[0].shape = wide));
  MISUSE(DIFF_LAUNCH_INVALID,
         "function 'scale': argument 1 '...' has 3 as size '...' (dimension "
         "0), but argument 0 '...' has 2 (dimension 0)",
         RUN_WITH(tensors[1].shape = three));
  MISUSE(DIFF_LAUNCH_INVALID,
         "function 'scale': argument 0 '...' has the shape (-1, 8) with a "
         "negative size",
         RUN_WITH(tensors[0].shape = negative));
  MISUSE(DIFF_LAUNCH_INVALID,
         "function 'scale': argument 0 '...' stride -8 of dimension 0 is "
         "negative; 0 and more are legal",
         RUN_WITH(tensors[0].strides = reverse));
  MISUSE(DIFF_LAUNCH_INVALID,
         "function 'scale': argument 0 '...' stride 2 of dimension 1, the "
         "innermost, is not 1",
         RUN_WITH(tensors[0].strides = apart));
  MISUSE(DIFF_LAUNCH_INVALID,
         "function 'scale': argument 0 '...' exceeds the range of 64-bit "
         "addresses",
         RUN_WITH(tensors[0].strides = far));
  MISUSE(DIFF_LAUNCH_INVALID,
         "function 'scale': result 0 '...' has elements that overlap: stride 0 "
         "of dimension 0 is less than the 1 elements that one step spans",
         RUN_WITH(tensors[2].strides = same));
  MISUSE(DIFF_LAUNCH_ERROR, "tensor 2 is null", RUN_WITH(tensors[2].data = 0));
  MISUSE(
      DIFF_LAUNCH_INVALID,
      "function 'scale': argument 0 '...' starts at address 6, which is not "
      "a multiple of ...",
      RUN_WITH((tensors[0].data = 6, tensors[0].memory = DIFF_LAUNCH_DEVICE)));
  MISUSE(DIFF_LAUNCH_FINDINGS,
         "the checkers found ... wrong with 'scale'; the first: line ...",
         RUN_WITH((tensors[0].data = 1 << 20,
                   tensors[0].memory = DIFF_LAUNCH_DEVICE)));
}

static void misuseOrder(DiffLaunchDevice *device, DiffLaunchProgram *program) {
  /* Before a first launch, and after the end of the device. */
  MISUSE(0, "", diffLaunchGetFindingCount(device));
  MISUSE(1, "", diffLaunchGetFinding(device, 0) == NULL);
  MISUSE(0, "", (diffLaunchClose(device), diffLaunchUnload(program), 0));
  MISUSE(DIFF_LAUNCH_SUCCESS, "", (diffLaunchClose(device), RUN_WITH(0)));
}

static void misuseParallel(void) {
  MISUSE(0, "", diffParallelCall(NULL, NULL));
  MISUSE(1, "", (diffParallelSetThreads(-5), diffParallelGetThreads() >= 1));
}

void misuseLaunch(const char *driver) {
  DiffLaunchDevice *device = NULL;
  DiffLaunchProgram *program = NULL;
  manifest = emit("manifest");
  ptx = emit("ptx");
  misuseDevices(driver);
  require(diffLaunchOpenSim("sm_80", NULL, &device) == DIFF_LAUNCH_SUCCESS,
          "diffLaunchOpenSim");
  misuseMemory(device);
  misusePrograms(device);
  require(diffLaunchLoad(
              device, diffCompileOutputGetData(manifest),
              diffCompileOutputGetSize(manifest), diffCompileOutputGetData(ptx),
              diffCompileOutputGetSize(ptx), &program) == DIFF_LAUNCH_SUCCESS,
          "diffLaunchLoad");
  misuseRuns(program);
  misuseOrder(device, program);
  misuseParallel();
  diffLaunchUnload(program);
  diffLaunchClose(device);
  diffCompileOutputDestroy(manifest);
  diffCompileOutputDestroy(ptx);
}
