//===- Pools.cpp - Stream-ordered memory ----------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A pool only keeps records. Memory is allocated from the device and freed
// immediately, so that a use after free is a finding.
//
//===----------------------------------------------------------------------===//

#include "Driver/State.h"

using namespace ptxsim;
using namespace ptxsim::driver;

// CU_MEMPOOL_ATTR_* by number.
enum : int {
  kReuseFirst = 1,
  kReuseLast = 3,
  kReleaseThreshold = 4,
  kReservedCurrent = 5,
  kReservedHigh = 6,
  kUsedCurrent = 7,
  kUsedHigh = 8,
};

CU_API cuDeviceGetDefaultMemPool(CUmemoryPool *pool, CUdevice device) {
  return withDevice(device, [&](Driver &driver) -> CUresult {
    if (!pool)
      return CUDA_ERROR_INVALID_VALUE;
    *pool = driver.defaultPool;
    return CUDA_SUCCESS;
  });
}

CU_API cuDeviceGetMemPool(CUmemoryPool *pool, CUdevice device) {
  return withDevice(device, [&](Driver &driver) -> CUresult {
    if (!pool)
      return CUDA_ERROR_INVALID_VALUE;
    *pool = driver.currentPool;
    return CUDA_SUCCESS;
  });
}

CU_API cuDeviceSetMemPool(CUdevice device, CUmemoryPool pool) {
  return withDevice(device, [&](Driver &driver) -> CUresult {
    if (!driver.pools.find(pool))
      return CUDA_ERROR_INVALID_VALUE;
    driver.currentPool = pool;
    return CUDA_SUCCESS;
  });
}

CU_API cuMemPoolCreate(CUmemoryPool *pool, const CUmemPoolProps *properties) {
  return withDriver([&](Driver &driver) -> CUresult {
    constexpr int kPinned = 1, kOnDevice = 1;
    if (!pool || !properties || properties->allocType != kPinned)
      return CUDA_ERROR_INVALID_VALUE;
    if (properties->location.type != kOnDevice || properties->handleTypes)
      return CUDA_ERROR_NOT_SUPPORTED;
    if (properties->location.id != 0)
      return CUDA_ERROR_INVALID_DEVICE;
    *pool = driver.pools.add(std::make_unique<Pool>());
    return CUDA_SUCCESS;
  });
}

CU_API cuMemPoolDestroy(CUmemoryPool handle) {
  return withDriver([&](Driver &driver) -> CUresult {
    Pool *pool = driver.pools.find(handle);
    if (!pool || pool->isDefault)
      return CUDA_ERROR_INVALID_VALUE;
    // Its allocations stay valid until they are freed.
    if (driver.currentPool == handle)
      driver.currentPool = driver.defaultPool;
    driver.pools.erase(handle);
    return CUDA_SUCCESS;
  });
}

CU_API cuMemPoolTrimTo(CUmemoryPool handle, size_t) {
  return withDriver([&](Driver &driver) -> CUresult {
    return driver.pools.find(handle) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
  });
}

CU_API cuMemPoolGetAttribute(CUmemoryPool handle, int attribute, void *value) {
  return withDriver([&](Driver &driver) -> CUresult {
    Pool *pool = driver.pools.find(handle);
    if (!pool || !value)
      return CUDA_ERROR_INVALID_VALUE;
    if (attribute >= kReuseFirst && attribute <= kReuseLast) {
      *static_cast<int *>(value) = int(pool->reuse[attribute - kReuseFirst]);
      return CUDA_SUCCESS;
    }
    uint64_t &wide = *static_cast<uint64_t *>(value);
    switch (attribute) {
    case kReleaseThreshold:
      wide = pool->releaseThreshold;
      return CUDA_SUCCESS;
    case kReservedCurrent:
    case kUsedCurrent:
      wide = pool->used;
      return CUDA_SUCCESS;
    case kReservedHigh:
    case kUsedHigh:
      wide = pool->usedHigh;
      return CUDA_SUCCESS;
    default:
      return CUDA_ERROR_INVALID_VALUE;
    }
  });
}

CU_API cuMemPoolSetAttribute(CUmemoryPool handle, int attribute, void *value) {
  return withDriver([&](Driver &driver) -> CUresult {
    Pool *pool = driver.pools.find(handle);
    if (!pool || !value)
      return CUDA_ERROR_INVALID_VALUE;
    if (attribute >= kReuseFirst && attribute <= kReuseLast) {
      pool->reuse[attribute - kReuseFirst] = *static_cast<int *>(value) != 0;
      return CUDA_SUCCESS;
    }
    uint64_t wide = *static_cast<uint64_t *>(value);
    switch (attribute) {
    case kReleaseThreshold:
      pool->releaseThreshold = wide;
      return CUDA_SUCCESS;
    case kReservedHigh:
    case kUsedHigh:
      // A high-water mark can only be reset to 0.
      if (wide)
        return CUDA_ERROR_INVALID_VALUE;
      pool->usedHigh = pool->used;
      return CUDA_SUCCESS;
    default:
      return CUDA_ERROR_INVALID_VALUE;
    }
  });
}

CU_API cuMemAllocFromPoolAsync(CUdeviceptr *pointer, size_t bytes,
                               CUmemoryPool pool, CUstream handle) {
  return withContext(Use::Wait, [&](Driver &driver, Context &context) {
    Stream stream;
    if (CUresult result = findStream(driver, context, handle, stream))
      return result;
    if (!pointer || !bytes || !driver.pools.find(pool))
      return CUDA_ERROR_INVALID_VALUE;
    return allocateBlock(driver, nullptr, pool, bytes, *pointer);
  });
}
CU_ALIAS(cuMemAllocFromPoolAsync_ptsz, cuMemAllocFromPoolAsync);

CU_API cuMemAllocAsync(CUdeviceptr *pointer, size_t bytes, CUstream handle) {
  CUmemoryPool pool = nullptr;
  CUresult result = cuDeviceGetMemPool(&pool, 0);
  return result ? result
                : cuMemAllocFromPoolAsync(pointer, bytes, pool, handle);
}
CU_ALIAS(cuMemAllocAsync_ptsz, cuMemAllocAsync);

CU_API cuMemFreeAsync(CUdeviceptr pointer, CUstream handle) {
  return withContext(Use::Wait, [&](Driver &driver, Context &context) {
    Stream stream;
    if (CUresult result = findStream(driver, context, handle, stream))
      return result;
    if (!driver.deviceBlocks.count(pointer))
      return CUDA_ERROR_INVALID_VALUE;
    freeBlock(driver, pointer);
    return CUDA_SUCCESS;
  });
}
CU_ALIAS(cuMemFreeAsync_ptsz, cuMemFreeAsync);
