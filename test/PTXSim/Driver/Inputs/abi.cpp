//===- abi.cpp - The library's declarations against CUDA's ----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Driver/Api.h"
#include <cuda.h>

namespace ours = ptxsim::driver;

#define CU_RESULT(name, value, text)                                           \
  static_assert(int(name) == value && int(ours::name) == value, #name);
#include "Driver/Results.def"

#define CU_ATTRIBUTE(number, name, value)                                      \
  static_assert(CU_DEVICE_ATTRIBUTE_##name == number, #name);
#include "Driver/DeviceAttributes.def"

#define SAME(name) static_assert(int(::name) == int(ours::name), #name);
SAME(CU_FUNC_ATTRIBUTE_NUM_REGS)
SAME(CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES)
SAME(CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT)
SAME(CU_FUNC_ATTRIBUTE_CLUSTER_SCHEDULING_POLICY_PREFERENCE)
SAME(CU_JIT_WALL_TIME)
SAME(CU_JIT_INFO_LOG_BUFFER)
SAME(CU_JIT_INFO_LOG_BUFFER_SIZE_BYTES)
SAME(CU_JIT_ERROR_LOG_BUFFER)
SAME(CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES)
SAME(CU_POINTER_ATTRIBUTE_CONTEXT)
SAME(CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL)
SAME(CU_POINTER_ATTRIBUTE_RANGE_SIZE)
SAME(CU_POINTER_ATTRIBUTE_MEMPOOL_HANDLE)
SAME(CU_POINTER_ATTRIBUTE_MEMORY_BLOCK_ID)
SAME(CU_MEMORYTYPE_UNIFIED)
SAME(CU_LAUNCH_ATTRIBUTE_COOPERATIVE)
SAME(CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION)
SAME(CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_EVENT)
SAME(CU_LAUNCH_ATTRIBUTE_LAUNCH_COMPLETION_EVENT)
SAME(CU_LAUNCH_ATTRIBUTE_DEVICE_UPDATABLE_KERNEL_NODE)

#define SAME_SIZE(name)                                                        \
  static_assert(sizeof(::name) == sizeof(ours::name), #name);
#define SAME_PLACE(name, field)                                                \
  static_assert(offsetof(::name, field) == offsetof(ours::name, field), #name);
SAME_SIZE(CUdeviceptr)
SAME_SIZE(CUuuid)
SAME_SIZE(CUctxCreateParams)
SAME_PLACE(CUctxCreateParams, cigParams)
SAME_SIZE(CUDA_MEMCPY2D)
SAME_PLACE(CUDA_MEMCPY2D, srcPitch)
SAME_PLACE(CUDA_MEMCPY2D, dstMemoryType)
SAME_PLACE(CUDA_MEMCPY2D, dstDevice)
SAME_PLACE(CUDA_MEMCPY2D, Height)
SAME_SIZE(CUlaunchAttribute)
SAME_PLACE(CUlaunchAttribute, value)
SAME_SIZE(CUlaunchConfig)
SAME_PLACE(CUlaunchConfig, hStream)
SAME_PLACE(CUlaunchConfig, numAttrs)
SAME_SIZE(CUmemPoolProps)
SAME_PLACE(CUmemPoolProps, location)
SAME_PLACE(CUmemPoolProps, maxSize)
