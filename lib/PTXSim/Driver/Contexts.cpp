//===- Contexts.cpp - Contexts that programs create -----------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Driver/Contexts.h"

using namespace ptxsim;
using namespace ptxsim::driver;

// CU_LIMIT_* by number, with the values in a new context.
static constexpr size_t kLimits[] = {
    1024,    // STACK_SIZE
    1 << 20, // PRINTF_FIFO_SIZE
    8 << 20, // MALLOC_HEAP_SIZE
    2,       // DEV_RUNTIME_SYNC_DEPTH
    2048,    // DEV_RUNTIME_PENDING_LAUNCH_COUNT
    128,     // MAX_L2_FETCH_GRANULARITY
    0,       // PERSISTING_L2_CACHE_SIZE
};
static constexpr int kNumLimits = sizeof kLimits / sizeof *kLimits;

bool driver::areContextFlagsLegal(unsigned flags) {
  unsigned scheduling = flags & 7;
  return flags <= 0xff && (scheduling <= 2 || scheduling == 4);
}

Context &driver::addContext(Driver &driver) {
  auto owned = std::make_unique<Context>();
  Context &context = *owned;
  context.handle = driver.contexts.add(std::move(owned));
  context.id = driver.nextId++;
  resetLimits(context);
  return context;
}

void driver::resetLimits(Context &context) {
  for (int limit = 0; limit < kNumLimits; ++limit)
    context.limits[limit] = kLimits[limit];
}

static CUresult createContext(CUcontext *created, unsigned flags,
                              CUdevice device) {
  return withDevice(device, [&](Driver &driver) -> CUresult {
    if (!created || !areContextFlagsLegal(flags))
      return CUDA_ERROR_INVALID_VALUE;
    Context &context = addContext(driver);
    context.flags = flags;
    getContextStack().push_back(context.handle);
    *created = context.handle;
    return CUDA_SUCCESS;
  });
}

CU_API cuCtxCreate_v2(CUcontext *created, unsigned flags, CUdevice device) {
  return createContext(created, flags, device);
}
CU_ALIAS(cuCtxCreate, cuCtxCreate_v2);

CU_API cuCtxCreate_v3(CUcontext *created, const void *affinities,
                      int numAffinities, unsigned flags, CUdevice device) {
  if (affinities || numAffinities)
    return withDevice(
        device, [](Driver &) { return CUDA_ERROR_UNSUPPORTED_EXEC_AFFINITY; });
  return createContext(created, flags, device);
}

CU_API cuCtxCreate_v4(CUcontext *created, const CUctxCreateParams *parameters,
                      unsigned flags, CUdevice device) {
  if (parameters && parameters->cigParams)
    return withDevice(device,
                      [](Driver &) { return CUDA_ERROR_NOT_SUPPORTED; });
  if (parameters)
    return cuCtxCreate_v3(created, parameters->execAffinityParams,
                          parameters->numExecAffinityParams, flags, device);
  return createContext(created, flags, device);
}

CU_API cuCtxDestroy_v2(CUcontext handle) {
  return withDriver([&](Driver &driver) -> CUresult {
    Context *context = driver.contexts.find(handle);
    if (!context || context->isPrimary)
      return CUDA_ERROR_INVALID_CONTEXT;
    destroyResources(driver, *context);
    driver.contexts.erase(handle);
    std::vector<CUcontext> &stack = getContextStack();
    if (!stack.empty() && stack.back() == handle)
      stack.pop_back();
    return CUDA_SUCCESS;
  });
}
CU_ALIAS(cuCtxDestroy, cuCtxDestroy_v2);

CU_API cuCtxPushCurrent_v2(CUcontext handle) {
  return withDriver([&](Driver &driver) -> CUresult {
    if (!driver.contexts.find(handle))
      return CUDA_ERROR_INVALID_CONTEXT;
    getContextStack().push_back(handle);
    return CUDA_SUCCESS;
  });
}
CU_ALIAS(cuCtxPushCurrent, cuCtxPushCurrent_v2);

CU_API cuCtxPopCurrent_v2(CUcontext *popped) {
  return withDriver([&](Driver &) -> CUresult {
    std::vector<CUcontext> &stack = getContextStack();
    if (stack.empty())
      return CUDA_ERROR_INVALID_CONTEXT;
    if (popped)
      *popped = stack.back();
    stack.pop_back();
    return CUDA_SUCCESS;
  });
}
CU_ALIAS(cuCtxPopCurrent, cuCtxPopCurrent_v2);

CU_API cuCtxSetCurrent(CUcontext handle) {
  return withDriver([&](Driver &driver) -> CUresult {
    if (handle && !driver.contexts.find(handle))
      return CUDA_ERROR_INVALID_CONTEXT;
    std::vector<CUcontext> &stack = getContextStack();
    if (!stack.empty())
      stack.pop_back();
    if (handle)
      stack.push_back(handle);
    return CUDA_SUCCESS;
  });
}

CU_API cuCtxGetCurrent(CUcontext *current) {
  return withDriver([&](Driver &) -> CUresult {
    if (!current)
      return CUDA_ERROR_INVALID_VALUE;
    std::vector<CUcontext> &stack = getContextStack();
    *current = stack.empty() ? nullptr : stack.back();
    return CUDA_SUCCESS;
  });
}

/// Returns the context of a handle; null is the current one.
template <class Body>
static CUresult withGiven(CUcontext handle, Use use, Body body) {
  if (!handle)
    return withContext(use, body);
  return withDriver([&](Driver &driver) -> CUresult {
    Context *context = driver.contexts.find(handle);
    if (!context)
      return CUDA_ERROR_INVALID_CONTEXT;
    if (!context->isAlive)
      return CUDA_ERROR_CONTEXT_IS_DESTROYED;
    if (context->fault && use != Use::Query) {
      context->faultTold = true;
      return context->fault;
    }
    return body(driver, *context);
  });
}

CU_API cuCtxGetDevice_v2(CUdevice *device, CUcontext handle) {
  return withGiven(handle, Use::Query, [&](Driver &, Context &) -> CUresult {
    if (!device)
      return CUDA_ERROR_INVALID_VALUE;
    *device = 0;
    return CUDA_SUCCESS;
  });
}

CU_API cuCtxGetDevice(CUdevice *device) {
  return cuCtxGetDevice_v2(device, nullptr);
}

CU_API cuCtxSynchronize_v2(CUcontext handle) {
  return withGiven(handle, Use::Wait,
                   [&](Driver &, Context &) { return CUDA_SUCCESS; });
}

CU_API cuCtxSynchronize() { return cuCtxSynchronize_v2(nullptr); }

CU_API cuCtxGetApiVersion(CUcontext handle, unsigned *version) {
  return withGiven(handle, Use::Query,
                   [&](Driver &, Context &context) -> CUresult {
                     if (!version)
                       return CUDA_ERROR_INVALID_VALUE;
                     *version = context.apiVersion;
                     return CUDA_SUCCESS;
                   });
}

CU_API cuCtxGetId(CUcontext handle, unsigned long long *id) {
  return withGiven(handle, Use::Query,
                   [&](Driver &, Context &context) -> CUresult {
                     if (!id)
                       return CUDA_ERROR_INVALID_VALUE;
                     *id = context.id;
                     return CUDA_SUCCESS;
                   });
}

CU_API cuCtxGetFlags(unsigned *flags) {
  return withContext(Use::Query, [&](Driver &, Context &context) -> CUresult {
    if (!flags)
      return CUDA_ERROR_INVALID_VALUE;
    *flags = context.flags;
    return CUDA_SUCCESS;
  });
}

CU_API cuCtxSetFlags(unsigned flags) {
  return withContext(Use::Query, [&](Driver &, Context &context) -> CUresult {
    if (!areContextFlagsLegal(flags))
      return CUDA_ERROR_INVALID_VALUE;
    context.flags = flags;
    return CUDA_SUCCESS;
  });
}

CU_API cuCtxGetLimit(size_t *value, int limit) {
  return withContext(Use::Wait, [&](Driver &, Context &context) -> CUresult {
    if (!value)
      return CUDA_ERROR_INVALID_VALUE;
    auto found = context.limits.find(limit);
    if (found == context.limits.end())
      return CUDA_ERROR_UNSUPPORTED_LIMIT;
    *value = found->second;
    return CUDA_SUCCESS;
  });
}

CU_API cuCtxSetLimit(int limit, size_t value) {
  return withContext(Use::Wait, [&](Driver &, Context &context) -> CUresult {
    auto found = context.limits.find(limit);
    if (found == context.limits.end())
      return CUDA_ERROR_UNSUPPORTED_LIMIT;
    // Nothing is reserved for the limits: their values are only stored.
    found->second = value;
    return CUDA_SUCCESS;
  });
}

CU_API cuCtxGetCacheConfig(int *config) {
  return withContext(Use::Query, [&](Driver &, Context &context) -> CUresult {
    if (!config)
      return CUDA_ERROR_INVALID_VALUE;
    *config = context.cacheConfig;
    return CUDA_SUCCESS;
  });
}

CU_API cuCtxSetCacheConfig(int config) {
  return withContext(Use::Query, [&](Driver &, Context &context) -> CUresult {
    if (config < 0 || config > 3)
      return CUDA_ERROR_INVALID_VALUE;
    context.cacheConfig = config;
    return CUDA_SUCCESS;
  });
}

CU_API cuCtxGetSharedMemConfig(int *config) {
  return withContext(Use::Query, [&](Driver &, Context &context) -> CUresult {
    if (!config)
      return CUDA_ERROR_INVALID_VALUE;
    *config = context.sharedConfig;
    return CUDA_SUCCESS;
  });
}

CU_API cuCtxSetSharedMemConfig(int config) {
  return withContext(Use::Query, [&](Driver &, Context &) -> CUresult {
    // Banks are 4 bytes wide on all chips of the table, so this is a hint.
    return config < 0 || config > 2 ? CUDA_ERROR_INVALID_VALUE : CUDA_SUCCESS;
  });
}

CU_API cuCtxResetPersistingL2Cache() {
  return withContext(Use::Wait,
                     [&](Driver &, Context &) { return CUDA_SUCCESS; });
}

CU_API cuCtxGetStreamPriorityRange(int *least, int *greatest) {
  return withContext(Use::Query, [&](Driver &, Context &) -> CUresult {
    if (least)
      *least = 0;
    if (greatest)
      *greatest = kGreatestPriority;
    return CUDA_SUCCESS;
  });
}
