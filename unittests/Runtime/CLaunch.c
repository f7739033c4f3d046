/*===- CLaunch.c - The C interface, used from C -------------------*- C -*-===*\
|*                                                                            *|
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception                    *|
|*                                                                            *|
\*===----------------------------------------------------------------------===*/

#include "CLaunch.h"
#include "diff-c/Launch.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { kRows = 5, kColumns = 8, kElements = kRows * kColumns };

static char message[512];

/* The line of the first thing that is not as it must be. */
#define CHECK(condition)                                                       \
  do {                                                                         \
    if (!(condition)) {                                                        \
      snprintf(message, sizeof(message), "line %d: %s; last error: %s",        \
               __LINE__, #condition, diffLaunchGetError());                    \
      return message;                                                          \
    }                                                                          \
  } while (0)

static const int64_t kShape[] = {kRows, kColumns};

static DiffLaunchTensor makeTensor(uint64_t data, DiffLaunchMemory memory,
                                   const int64_t *strides) {
  DiffLaunchTensor tensor;
  tensor.data = data;
  tensor.memory = memory;
  tensor.type = DIFF_LAUNCH_F32;
  tensor.rank = 2;
  tensor.shape = kShape;
  tensor.strides = strides;
  return tensor;
}

static uint64_t toData(const float *pointer) {
  return (uint64_t)(uintptr_t)pointer;
}

/* Arrays of the host, one of them with gaps between its rows. */
static const char *runOnHostArrays(DiffLaunchProgram *program) {
  float x[kElements], y[kElements], sum[kRows * 10];
  const int64_t strides[] = {10, 1};
  double milliseconds = -1;
  DiffLaunchTensor tensors[3];
  for (int i = 0; i < kElements; ++i) {
    x[i] = (float)i;
    y[i] = 100;
  }
  for (int i = 0; i < kRows * 10; ++i)
    sum[i] = -1;
  tensors[0] = makeTensor(toData(x), DIFF_LAUNCH_HOST, NULL);
  tensors[1] = makeTensor(toData(y), DIFF_LAUNCH_HOST, NULL);
  tensors[2] = makeTensor(toData(sum), DIFF_LAUNCH_HOST, strides);
  CHECK(diffLaunchRun(program, "scale", tensors, 3, &milliseconds) ==
        DIFF_LAUNCH_SUCCESS);
  CHECK(milliseconds >= 0);
  for (int row = 0; row < kRows; ++row)
    for (int i = 0; i < 10; ++i)
      CHECK(sum[row * 10 + i] ==
            (i < kColumns ? (float)(2 * (row * kColumns + i) + 100) : -1));

  tensors[0].rank = 1;
  CHECK(diffLaunchRun(program, "scale", tensors, 3, NULL) ==
        DIFF_LAUNCH_INVALID);
  CHECK(strstr(diffLaunchGetError(), "argument 0 'x' has the shape (rows, 8)"));
  tensors[0] = makeTensor(0, DIFF_LAUNCH_HOST, NULL);
  CHECK(diffLaunchRun(program, "scale", tensors, 3, NULL) == DIFF_LAUNCH_ERROR);
  CHECK(strstr(diffLaunchGetError(), "tensor 0 is null"));
  CHECK(diffLaunchRun(program, "scale", tensors, 2, NULL) ==
        DIFF_LAUNCH_INVALID);
  CHECK(diffLaunchRun(program, "nope", tensors, 3, NULL) == DIFF_LAUNCH_ERROR);
  CHECK(strstr(diffLaunchGetError(), "no function 'nope'"));
  CHECK(diffLaunchRun(program, NULL, tensors, 3, NULL) == DIFF_LAUNCH_ERROR);
  return NULL;
}

/* Device memory, with rows more than 2^32 elements apart. */
static const char *runFarRows(DiffLaunchDevice *device,
                              DiffLaunchProgram *program) {
  const int64_t stride = ((int64_t)1 << 32) + 4;
  const int64_t strides[] = {stride, 1};
  const uint64_t bytes = ((kRows - 1) * (uint64_t)stride + kColumns) * 4;
  float row[kColumns];
  uint64_t x = 0, y = 0, sum = 0;
  DiffLaunchTensor tensors[3];
  CHECK(diffLaunchAllocate(device, bytes, &x) == DIFF_LAUNCH_SUCCESS);
  CHECK(diffLaunchAllocate(device, bytes, &y) == DIFF_LAUNCH_SUCCESS);
  CHECK(diffLaunchAllocate(device, bytes, &sum) == DIFF_LAUNCH_SUCCESS);
  for (int r = 0; r < kRows; ++r) {
    uint64_t offset = (uint64_t)r * (uint64_t)stride * 4;
    for (int i = 0; i < kColumns; ++i)
      row[i] = (float)(r * kColumns + i);
    CHECK(diffLaunchCopyToDevice(device, x + offset, row, sizeof(row)) ==
          DIFF_LAUNCH_SUCCESS);
    CHECK(diffLaunchCopyToDevice(device, y + offset, row, sizeof(row)) ==
          DIFF_LAUNCH_SUCCESS);
  }
  tensors[0] = makeTensor(x, DIFF_LAUNCH_DEVICE, strides);
  tensors[1] = makeTensor(y, DIFF_LAUNCH_DEVICE, strides);
  tensors[2] = makeTensor(sum, DIFF_LAUNCH_DEVICE, strides);
  CHECK(diffLaunchRun(program, "scale", tensors, 3, NULL) ==
        DIFF_LAUNCH_SUCCESS);
  CHECK(diffLaunchSynchronize(device) == DIFF_LAUNCH_SUCCESS);
  for (int r = 0; r < kRows; ++r) {
    CHECK(diffLaunchCopyToHost(device, row,
                               sum + (uint64_t)r * (uint64_t)stride * 4,
                               sizeof(row)) == DIFF_LAUNCH_SUCCESS);
    for (int i = 0; i < kColumns; ++i)
      CHECK(row[i] == 3 * (float)(r * kColumns + i));
  }
  CHECK(strstr(diffLaunchGetReport(device), "\"findings\"") != NULL);

  /* x[4] is not there: the last row is read beyond the memory. */
  CHECK(diffLaunchFree(device, x) == DIFF_LAUNCH_SUCCESS);
  CHECK(diffLaunchAllocate(device, 64, &x) == DIFF_LAUNCH_SUCCESS);
  tensors[0] = makeTensor(x, DIFF_LAUNCH_DEVICE, strides);
  CHECK(diffLaunchRun(program, "scale", tensors, 3, NULL) ==
        DIFF_LAUNCH_FINDINGS);
  CHECK(diffLaunchGetFindingCount(device) > 0);
  CHECK(diffLaunchGetFinding(device, 0) != NULL);
  CHECK(strstr(diffLaunchGetError(), "the first: line ") != NULL);
  CHECK(diffLaunchGetFinding(device, diffLaunchGetFindingCount(device)) ==
        NULL);
  CHECK(diffLaunchFree(device, x) == DIFF_LAUNCH_SUCCESS);
  CHECK(diffLaunchFree(device, x) == DIFF_LAUNCH_ERROR);
  /* A simulated device has no streams; the call is legal. */
  CHECK(diffLaunchSetStream(device, tensors) == DIFF_LAUNCH_SUCCESS);
  CHECK(diffLaunchSetStream(device, NULL) == DIFF_LAUNCH_SUCCESS);
  CHECK(diffLaunchSetStream(NULL, NULL) == DIFF_LAUNCH_ERROR);
  CHECK(strstr(diffLaunchGetError(), "device is null"));
  CHECK(diffLaunchFree(device, y) == DIFF_LAUNCH_SUCCESS);
  CHECK(diffLaunchFree(device, sum) == DIFF_LAUNCH_SUCCESS);
  return NULL;
}

const char *testCInterface(const char *manifest, const char *ptx) {
  DiffLaunchSimOptions options = diffLaunchGetDefaultSimOptions();
  DiffLaunchDevice *device = NULL;
  DiffLaunchProgram *program = NULL;
  const char *failure;
  CHECK(diffLaunchOpenSim("sm_1", NULL, &device) == DIFF_LAUNCH_ERROR);
  CHECK(strstr(diffLaunchGetError(), "unknown GPU 'sm_1'") != NULL);
  CHECK(device == NULL);
  CHECK(diffLaunchOpenSim(NULL, NULL, &device) == DIFF_LAUNCH_ERROR);
  CHECK(diffLaunchOpenCuda(0, "/nowhere", NULL, &device) == DIFF_LAUNCH_ERROR);
  CHECK(strstr(diffLaunchGetError(), "no CUDA driver") != NULL);
  options.check = "rice";
  CHECK(diffLaunchOpenSim("sm_80", &options, &device) == DIFF_LAUNCH_ERROR);
  options = diffLaunchGetDefaultSimOptions();
  options.seed = 7;
  CHECK(diffLaunchOpenSim("sm_80", &options, &device) == DIFF_LAUNCH_SUCCESS);
  CHECK(strstr(diffLaunchGetName(device), "(sm_80)") != NULL);

  CHECK(diffLaunchLoad(device, manifest, strlen(manifest) / 2, ptx, strlen(ptx),
                       &program) == DIFF_LAUNCH_ERROR);
  CHECK(diffLaunchLoad(device, manifest, strlen(manifest), "junk", 4,
                       &program) == DIFF_LAUNCH_ERROR);
  CHECK(program == NULL);
  CHECK(diffLaunchLoad(device, manifest, strlen(manifest), ptx, strlen(ptx),
                       &program) == DIFF_LAUNCH_SUCCESS);
  failure = runOnHostArrays(program);
  if (!failure)
    failure = runFarRows(device, program);
  diffLaunchUnload(program);
  diffLaunchClose(device);
  diffLaunchUnload(NULL);
  diffLaunchClose(NULL);
  return failure;
}
