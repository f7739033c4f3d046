//===- Pointers.cpp - Attributes of pointers ------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Driver/State.h"

using namespace ptxsim;
using namespace ptxsim::driver;

namespace {
/// The attributes of a pointer. Zeros for memory that the driver does not own.
struct Known {
  CUcontext context = nullptr;
  unsigned type = 0;
  uint64_t base = 0;
  uint64_t bytes = 0;
  unsigned long long id = 0;
  CUmemoryPool pool = nullptr;
  bool syncMemops = false;
};

Known look(const Driver &driver, CUdeviceptr pointer) {
  Known known;
  DevicePtr base = 0;
  uint64_t bytes = 0;
  if (const auto *block = findBlock(driver, pointer)) {
    known.type = CU_MEMORYTYPE_DEVICE;
    known.context = block->second.context;
    known.base = block->first;
    known.bytes = block->second.bytes;
    known.id = block->second.id;
    known.pool = block->second.pool;
    known.syncMemops = block->second.syncMemops;
  } else if (driver.device->findAllocation(pointer, base, bytes)) {
    // A variable of a module.
    known.type = CU_MEMORYTYPE_DEVICE;
    known.base = base;
    known.bytes = bytes;
  } else if (const auto *block = findHostBlock(driver, pointer)) {
    known.type = CU_MEMORYTYPE_HOST;
    known.context = block->second.context;
    known.base = block->first;
    known.bytes = block->second.bytes;
    known.id = block->second.id;
  }
  return known;
}

template <class T> CUresult put(void *value, T what) {
  *static_cast<T *>(value) = what;
  return CUDA_SUCCESS;
}

CUresult getAttribute(const Known &known, CUdeviceptr pointer, int attribute,
                      void *value) {
  bool onDevice = known.type == CU_MEMORYTYPE_DEVICE;
  switch (attribute) {
  case CU_POINTER_ATTRIBUTE_CONTEXT:
    return put(value, known.context);
  case CU_POINTER_ATTRIBUTE_MEMORY_TYPE:
    return put(value, known.type);
  case CU_POINTER_ATTRIBUTE_DEVICE_POINTER:
    return put(value, onDevice ? pointer : CUdeviceptr(0));
  case CU_POINTER_ATTRIBUTE_HOST_POINTER:
    return put(value, known.type == CU_MEMORYTYPE_HOST ? pointer : 0);
  case CU_POINTER_ATTRIBUTE_SYNC_MEMOPS:
    return put(value, unsigned(known.syncMemops));
  case CU_POINTER_ATTRIBUTE_BUFFER_ID:
  case CU_POINTER_ATTRIBUTE_MEMORY_BLOCK_ID:
    return put(value, known.id);
  case CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL:
    return put(value, known.type ? 0 : -2); // CU_DEVICE_INVALID
  case CU_POINTER_ATTRIBUTE_RANGE_START_ADDR:
  case CU_POINTER_ATTRIBUTE_MAPPING_BASE_ADDR:
    return put(value, known.base);
  case CU_POINTER_ATTRIBUTE_RANGE_SIZE:
  case CU_POINTER_ATTRIBUTE_MAPPING_SIZE:
    return put(value, known.bytes);
  case CU_POINTER_ATTRIBUTE_MAPPED:
    return put(value, unsigned(onDevice));
  case CU_POINTER_ATTRIBUTE_IS_MANAGED:
  case CU_POINTER_ATTRIBUTE_IS_LEGACY_CUDA_IPC_CAPABLE:
  case CU_POINTER_ATTRIBUTE_IS_GPU_DIRECT_RDMA_CAPABLE:
    return put(value, 0u);
  case CU_POINTER_ATTRIBUTE_ALLOWED_HANDLE_TYPES:
    return put(value, uint64_t(0));
  case CU_POINTER_ATTRIBUTE_ACCESS_FLAGS:
    return put(value, onDevice ? 3u : 0u); // to be read and written
  case CU_POINTER_ATTRIBUTE_MEMPOOL_HANDLE:
    return put(value, known.pool);
  default:
    return CUDA_ERROR_INVALID_VALUE;
  }
}
} // namespace

CU_API cuPointerGetAttribute(void *value, int attribute, CUdeviceptr pointer) {
  return withContext(Use::Query, [&](Driver &driver, Context &) {
    Known known = look(driver, pointer);
    if (!value || !known.type)
      return CUDA_ERROR_INVALID_VALUE;
    return getAttribute(known, pointer, attribute, value);
  });
}

CU_API cuPointerGetAttributes(unsigned count, int *attributes, void **values,
                              CUdeviceptr pointer) {
  return withContext(Use::Query, [&](Driver &driver, Context &) {
    if (!count || !attributes || !values)
      return CUDA_ERROR_INVALID_VALUE;
    Known known = look(driver, pointer);
    for (unsigned i = 0; i < count; ++i) {
      if (!values[i])
        return CUDA_ERROR_INVALID_VALUE;
      if (CUresult result =
              getAttribute(known, pointer, attributes[i], values[i]))
        return result;
    }
    return CUDA_SUCCESS;
  });
}

CU_API cuPointerSetAttribute(const void *value, int attribute,
                             CUdeviceptr pointer) {
  return withContext(Use::Query, [&](Driver &driver, Context &) {
    const auto *found = findBlock(driver, pointer);
    if (!value || attribute != CU_POINTER_ATTRIBUTE_SYNC_MEMOPS || !found)
      return CUDA_ERROR_INVALID_VALUE;
    driver.deviceBlocks[found->first].syncMemops =
        *static_cast<const unsigned *>(value) != 0;
    return CUDA_SUCCESS;
  });
}
