//===- Memory.cpp - Allocating and freeing --------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Driver/State.h"
#include <cstdlib>

using namespace ptxsim;
using namespace ptxsim::driver;

static constexpr uint64_t kPitchAlignment = 512;
static constexpr size_t kPageBytes = 4096;

bool driver::isDeviceAddress(uint64_t address) {
  // The range of the simulator's allocations and windows. Linux maps programs,
  // heaps and libraries below and above.
  return address >= 0x0000'0010'0000'0000 && address < 0x0000'5000'0000'0000;
}

CUresult driver::allocateBlock(Driver &driver, CUcontext owner,
                               CUmemoryPool pool, uint64_t bytes,
                               CUdeviceptr &pointer) {
  uint64_t total = driver.getMemoryBytes();
  uint64_t used = driver.device->getAllocatedBytes();
  if (bytes > total || used > total - bytes)
    return CUDA_ERROR_OUT_OF_MEMORY;
  Diagnostic error;
  CUdeviceptr made = driver.device->allocate(bytes, error);
  if (!made)
    return CUDA_ERROR_OUT_OF_MEMORY;
  DeviceBlock block;
  block.context = owner;
  block.bytes = bytes;
  block.id = driver.nextId++;
  block.pool = pool;
  driver.deviceBlocks.emplace(made, block);
  if (Pool *from = driver.pools.find(pool)) {
    from->used += bytes;
    from->usedHigh = std::max(from->usedHigh, from->used);
  }
  pointer = made;
  return CUDA_SUCCESS;
}

void driver::freeBlock(Driver &driver, CUdeviceptr base) {
  auto found = driver.deviceBlocks.find(base);
  if (Pool *pool = driver.pools.find(found->second.pool))
    pool->used -= found->second.bytes;
  Diagnostic error;
  driver.device->free(base, error);
  driver.deviceBlocks.erase(found);
}

/// Returns the block that holds the address, from a map by base.
template <class Map>
static const typename Map::value_type *findIn(const Map &blocks,
                                              uint64_t address) {
  auto next = blocks.upper_bound(address);
  if (next == blocks.begin())
    return nullptr;
  auto found = std::prev(next);
  return address - found->first < found->second.bytes ? &*found : nullptr;
}

const std::pair<const CUdeviceptr, DeviceBlock> *
driver::findBlock(const Driver &driver, uint64_t address) {
  return findIn(driver.deviceBlocks, address);
}

const std::pair<const uintptr_t, HostBlock> *
driver::findHostBlock(const Driver &driver, uint64_t address) {
  return findIn(driver.hostBlocks, address);
}

CU_API cuMemAlloc_v2(CUdeviceptr *pointer, size_t bytes) {
  return withContext(Use::Wait, [&](Driver &driver, Context &context) {
    if (!pointer || !bytes)
      return CUDA_ERROR_INVALID_VALUE;
    return allocateBlock(driver, context.handle, nullptr, bytes, *pointer);
  });
}
CU_ALIAS(cuMemAlloc, cuMemAlloc_v2);

CU_API cuMemAllocPitch_v2(CUdeviceptr *pointer, size_t *pitch, size_t width,
                          size_t height, unsigned elementBytes) {
  return withContext(Use::Wait, [&](Driver &driver, Context &context) {
    if (!pointer || !pitch || !width || !height ||
        (elementBytes != 4 && elementBytes != 8 && elementBytes != 16))
      return CUDA_ERROR_INVALID_VALUE;
    // Reject impossible sizes, so that no product overflows.
    if (width > driver.getMemoryBytes() || height > driver.getMemoryBytes())
      return CUDA_ERROR_OUT_OF_MEMORY;
    size_t row = (width + kPitchAlignment - 1) & ~(kPitchAlignment - 1);
    if (height > driver.getMemoryBytes() / row)
      return CUDA_ERROR_OUT_OF_MEMORY;
    CUresult result =
        allocateBlock(driver, context.handle, nullptr, row * height, *pointer);
    if (!result)
      *pitch = row;
    return result;
  });
}
CU_ALIAS(cuMemAllocPitch, cuMemAllocPitch_v2);

CU_API cuMemFree_v2(CUdeviceptr pointer) {
  return withContext(Use::Wait, [&](Driver &driver, Context &) {
    if (!pointer)
      return CUDA_SUCCESS;
    if (!driver.deviceBlocks.count(pointer))
      return CUDA_ERROR_INVALID_VALUE;
    freeBlock(driver, pointer);
    return CUDA_SUCCESS;
  });
}
CU_ALIAS(cuMemFree, cuMemFree_v2);

CU_API cuMemGetInfo_v2(size_t *free, size_t *total) {
  return withContext(Use::Wait, [&](Driver &driver, Context &) {
    if (!free || !total)
      return CUDA_ERROR_INVALID_VALUE;
    *total = driver.getMemoryBytes();
    *free =
        *total - std::min<uint64_t>(*total, driver.device->getAllocatedBytes());
    return CUDA_SUCCESS;
  });
}
CU_ALIAS(cuMemGetInfo, cuMemGetInfo_v2);

CU_API cuMemGetAddressRange_v2(CUdeviceptr *base, size_t *bytes,
                               CUdeviceptr pointer) {
  return withContext(Use::Wait, [&](Driver &driver, Context &) {
    DevicePtr begin = 0;
    uint64_t size = 0;
    if (!driver.device->findAllocation(pointer, begin, size))
      return CUDA_ERROR_NOT_FOUND;
    if (base)
      *base = begin;
    if (bytes)
      *bytes = size;
    return CUDA_SUCCESS;
  });
}
CU_ALIAS(cuMemGetAddressRange, cuMemGetAddressRange_v2);

//===----------------------------------------------------------------------===//
// The host's memory
//===----------------------------------------------------------------------===//

CU_API cuMemHostAlloc(void **pointer, size_t bytes, unsigned flags) {
  return withContext(Use::Wait, [&](Driver &driver, Context &context) {
    if (!pointer || !bytes || flags > 7)
      return CUDA_ERROR_INVALID_VALUE;
    void *made = nullptr;
    if (posix_memalign(&made, kPageBytes, bytes))
      return CUDA_ERROR_OUT_OF_MEMORY;
    driver.hostBlocks[uintptr_t(made)] = {context.handle, bytes,
                                          driver.nextId++, flags, false};
    *pointer = made;
    return CUDA_SUCCESS;
  });
}

CU_API cuMemAllocHost_v2(void **pointer, size_t bytes) {
  return cuMemHostAlloc(pointer, bytes, 0);
}
CU_ALIAS(cuMemAllocHost, cuMemAllocHost_v2);

CU_API cuMemFreeHost(void *pointer) {
  return withContext(Use::Wait, [&](Driver &driver, Context &) {
    auto found = driver.hostBlocks.find(uintptr_t(pointer));
    if (found == driver.hostBlocks.end() || found->second.isRegistered)
      return CUDA_ERROR_INVALID_VALUE;
    std::free(pointer);
    driver.hostBlocks.erase(found);
    return CUDA_SUCCESS;
  });
}

CU_API cuMemHostGetFlags(unsigned *flags, void *pointer) {
  return withContext(Use::Wait, [&](Driver &driver, Context &) {
    const auto *block = findHostBlock(driver, uintptr_t(pointer));
    if (!flags || !block)
      return CUDA_ERROR_INVALID_VALUE;
    *flags = block->second.flags;
    return CUDA_SUCCESS;
  });
}

CU_API cuMemHostGetDevicePointer_v2(CUdeviceptr *devicePointer, void *pointer,
                                    unsigned flags) {
  return withContext(Use::Wait, [&](Driver &driver, Context &) {
    if (!devicePointer || flags || !findHostBlock(driver, uintptr_t(pointer)))
      return CUDA_ERROR_INVALID_VALUE;
    // Kernels only access the memory of the device (CAN_MAP_HOST_MEMORY is 0).
    return CUDA_ERROR_NOT_SUPPORTED;
  });
}
CU_ALIAS(cuMemHostGetDevicePointer, cuMemHostGetDevicePointer_v2);

CU_API cuMemHostRegister_v2(void *pointer, size_t bytes, unsigned flags) {
  return withContext(Use::Wait, [&](Driver &driver, Context &context) {
    uintptr_t begin = uintptr_t(pointer);
    if (!pointer || !bytes || flags > 15 || begin + bytes < begin)
      return CUDA_ERROR_INVALID_VALUE;
    auto next = driver.hostBlocks.lower_bound(begin + bytes);
    if (next != driver.hostBlocks.begin()) {
      auto before = std::prev(next);
      if (before->first + before->second.bytes > begin)
        return CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED;
    }
    driver.hostBlocks[begin] = {context.handle, bytes, driver.nextId++, flags,
                                true};
    return CUDA_SUCCESS;
  });
}
CU_ALIAS(cuMemHostRegister, cuMemHostRegister_v2);

CU_API cuMemHostUnregister(void *pointer) {
  return withContext(Use::Wait, [&](Driver &driver, Context &) {
    auto found = driver.hostBlocks.find(uintptr_t(pointer));
    if (!pointer)
      return CUDA_ERROR_INVALID_VALUE;
    if (found == driver.hostBlocks.end() || !found->second.isRegistered)
      return CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED;
    driver.hostBlocks.erase(found);
    return CUDA_SUCCESS;
  });
}

CU_API cuMemAllocManaged(CUdeviceptr *pointer, size_t bytes, unsigned flags) {
  return withContext(Use::Wait, [&](Driver &, Context &) {
    if (!pointer || !bytes || (flags != 1 && flags != 2))
      return CUDA_ERROR_INVALID_VALUE;
    return CUDA_ERROR_NOT_SUPPORTED;
  });
}
