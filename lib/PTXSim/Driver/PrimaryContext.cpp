//===- PrimaryContext.cpp - The primary context ---------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Driver/Contexts.h"

using namespace ptxsim;
using namespace ptxsim::driver;

/// It has a permanent handle, and lives from the first retain to the last
/// release.
static Context &getPrimary(Driver &driver) {
  if (Context *context = driver.contexts.find(driver.primary))
    return *context;
  Context &context = addContext(driver);
  context.isPrimary = true;
  context.isAlive = false;
  driver.primary = context.handle;
  return context;
}

static void reset(Driver &driver, Context &context) {
  destroyResources(driver, context);
  context.isAlive = false;
  context.fault = CUDA_SUCCESS;
  context.faultTold = false;
  resetLimits(context);
}

CU_API cuDevicePrimaryCtxRetain(CUcontext *retained, CUdevice device) {
  return withDevice(device, [&](Driver &driver) -> CUresult {
    if (!retained)
      return CUDA_ERROR_INVALID_VALUE;
    Context &context = getPrimary(driver);
    context.isAlive = true;
    ++context.references;
    *retained = context.handle;
    return CUDA_SUCCESS;
  });
}

CU_API cuDevicePrimaryCtxRelease_v2(CUdevice device) {
  return withDevice(device, [&](Driver &driver) -> CUresult {
    Context &context = getPrimary(driver);
    if (!context.references)
      return CUDA_ERROR_INVALID_CONTEXT;
    if (!--context.references)
      reset(driver, context);
    return CUDA_SUCCESS;
  });
}
CU_ALIAS(cuDevicePrimaryCtxRelease, cuDevicePrimaryCtxRelease_v2);

CU_API cuDevicePrimaryCtxReset_v2(CUdevice device) {
  return withDevice(device, [&](Driver &driver) -> CUresult {
    reset(driver, getPrimary(driver));
    return CUDA_SUCCESS;
  });
}
CU_ALIAS(cuDevicePrimaryCtxReset, cuDevicePrimaryCtxReset_v2);

CU_API cuDevicePrimaryCtxSetFlags_v2(CUdevice device, unsigned flags) {
  return withDevice(device, [&](Driver &driver) -> CUresult {
    if (!areContextFlagsLegal(flags))
      return CUDA_ERROR_INVALID_VALUE;
    getPrimary(driver).flags = flags;
    return CUDA_SUCCESS;
  });
}
CU_ALIAS(cuDevicePrimaryCtxSetFlags, cuDevicePrimaryCtxSetFlags_v2);

CU_API cuDevicePrimaryCtxGetState(CUdevice device, unsigned *flags,
                                  int *active) {
  return withDevice(device, [&](Driver &driver) -> CUresult {
    if (!flags || !active)
      return CUDA_ERROR_INVALID_VALUE;
    const Context &context = getPrimary(driver);
    *flags = context.flags;
    *active = context.isAlive;
    return CUDA_SUCCESS;
  });
}
