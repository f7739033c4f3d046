//===- Functions.cpp - Properties of kernels ------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Driver/Code.h"
#include "Program/Program.h"
#include <algorithm>
#include <cstdio>

using namespace ptxsim;
using namespace ptxsim::driver;

/// The reported number of registers of a kernel if it is unknown, because only
/// ptxas knows it. Launches are never rejected because of it.
static constexpr unsigned kAssumedRegisters = 32;

unsigned driver::getRegisters(const Driver &driver, const KernelInfo &info) {
  unsigned registers = driver.settings.registersPerThread;
  if (!registers)
    registers = kAssumedRegisters;
  return info.maxRegisters ? std::min(registers, info.maxRegisters) : registers;
}

unsigned driver::getMaxThreads(const Driver &driver, const KernelInfo &info) {
  const Chip &chip = driver.getChip();
  uint64_t threads = chip.maxThreadsPerBlock;
  for (const uint32_t *bound : {info.maxThreads, info.requiredThreads})
    if (bound[0])
      threads = std::min(threads, uint64_t(bound[0]) *
                                      std::max<uint32_t>(1, bound[1]) *
                                      std::max<uint32_t>(1, bound[2]));
  if (driver.settings.registersPerThread) {
    unsigned unit = std::max(1u, chip.registerUnitPerWarp);
    unsigned perWarp = (getRegisters(driver, info) * 32 + unit - 1) / unit;
    threads = std::min<uint64_t>(threads,
                                 chip.registersPerSM / (perWarp * unit) * 32);
  }
  return unsigned(threads);
}

namespace {
/// Returns the kernel of either kind of handle.
struct Given {
  const KernelInfo *info = nullptr;
  KernelSettings *settings = nullptr;
  const Module *module = nullptr;
};

CUresult find(Driver &driver, const void *handle, Given &given) {
  if (LoadedFunction *function = driver.functions.find(handle)) {
    given.info = function->info;
    given.settings = function->settings.get();
    given.module = driver.modules.find(function->module)->module.get();
    return CUDA_SUCCESS;
  }
  if (Kernel *kernel = driver.kernels.find(handle)) {
    given.info = kernel->info;
    given.settings = kernel->settings.get();
    given.module = driver.libraries.find(kernel->library)->module.get();
    return CUDA_SUCCESS;
  }
  return CUDA_ERROR_INVALID_HANDLE;
}

/// Returns the bytes of the module's .const variables.
int getConstantBytes(const Module &module) {
  uint64_t bytes = 0;
  for (const Variable &variable : module.getProgram().tree->variables)
    if (variable.space == Space::Const)
      bytes += variable.size;
  return int(bytes);
}

/// Returns the number of `.target`.
int getTargetNumber(const Module &module) {
  int number = 0;
  std::sscanf(module.getTarget().c_str(), "sm_%d", &number);
  return number;
}

CUresult getAttribute(const Driver &driver, const Given &given, int attribute,
                      int &value) {
  switch (attribute) {
  case CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK:
    value = int(getMaxThreads(driver, *given.info));
    return CUDA_SUCCESS;
  case CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES:
    value = int(given.info->staticShared);
    return CUDA_SUCCESS;
  case CU_FUNC_ATTRIBUTE_CONST_SIZE_BYTES:
    value = getConstantBytes(*given.module);
    return CUDA_SUCCESS;
  case CU_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES:
    value = int(given.info->localBytes);
    return CUDA_SUCCESS;
  case CU_FUNC_ATTRIBUTE_NUM_REGS:
    value = int(getRegisters(driver, *given.info));
    return CUDA_SUCCESS;
  case CU_FUNC_ATTRIBUTE_PTX_VERSION:
    value = getTargetNumber(*given.module);
    return CUDA_SUCCESS;
  case CU_FUNC_ATTRIBUTE_BINARY_VERSION:
    value = int(driver.getChip().capability);
    return CUDA_SUCCESS;
  case CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES:
    value = given.settings->maxDynamicShared;
    return CUDA_SUCCESS;
  case CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT:
    value = given.settings->carveout;
    return CUDA_SUCCESS;
  case CU_FUNC_ATTRIBUTE_NON_PORTABLE_CLUSTER_SIZE_ALLOWED:
    value = given.settings->nonPortableCluster;
    return CUDA_SUCCESS;
  case CU_FUNC_ATTRIBUTE_CLUSTER_SCHEDULING_POLICY_PREFERENCE:
    value = given.settings->clusterScheduling;
    return CUDA_SUCCESS;
  case CU_FUNC_ATTRIBUTE_CACHE_MODE_CA:
  case CU_FUNC_ATTRIBUTE_CLUSTER_SIZE_MUST_BE_SET:
  case CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_WIDTH:
  case CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_HEIGHT:
  case CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_DEPTH:
    value = 0;
    return CUDA_SUCCESS;
  default:
    return CUDA_ERROR_INVALID_VALUE;
  }
}

CUresult setAttribute(const Driver &driver, const Given &given, int attribute,
                      int value) {
  auto put = [&](int low, int high, int &setting) {
    if (value < low || value > high)
      return CUDA_ERROR_INVALID_VALUE;
    setting = value;
    return CUDA_SUCCESS;
  };
  KernelSettings &settings = *given.settings;
  switch (attribute) {
  case CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES:
    return put(0,
               int(driver.getChip().sharedPerBlock - given.info->staticShared),
               settings.maxDynamicShared);
  case CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT:
    return put(-1, 100, settings.carveout);
  case CU_FUNC_ATTRIBUTE_NON_PORTABLE_CLUSTER_SIZE_ALLOWED:
    return put(0, 1, settings.nonPortableCluster);
  case CU_FUNC_ATTRIBUTE_CLUSTER_SCHEDULING_POLICY_PREFERENCE:
    return put(0, 2, settings.clusterScheduling);
  default:
    return CUDA_ERROR_INVALID_VALUE;
  }
}

CUresult getParameter(Driver &driver, const void *handle, size_t index,
                      size_t *offset, size_t *bytes) {
  Given given;
  if (CUresult result = find(driver, handle, given))
    return result;
  if (!offset || index >= given.info->parameters.size())
    return CUDA_ERROR_INVALID_VALUE;
  *offset = given.info->parameters[index].offset;
  if (bytes)
    *bytes = given.info->parameters[index].size;
  return CUDA_SUCCESS;
}

CUresult getName(Driver &driver, const char **name, const void *handle) {
  Given given;
  if (CUresult result = find(driver, handle, given))
    return result;
  if (!name)
    return CUDA_ERROR_INVALID_VALUE;
  *name = given.info->name.c_str();
  return CUDA_SUCCESS;
}
} // namespace

CU_API cuFuncGetAttribute(int *value, int attribute, CUfunction handle) {
  return withContext(Use::Wait, [&](Driver &driver, Context &) {
    Given given;
    if (CUresult result = find(driver, handle, given))
      return result;
    if (!value)
      return CUDA_ERROR_INVALID_VALUE;
    return getAttribute(driver, given, attribute, *value);
  });
}

CU_API cuFuncSetAttribute(CUfunction handle, int attribute, int value) {
  return withContext(Use::Wait, [&](Driver &driver, Context &) {
    Given given;
    CUresult result = find(driver, handle, given);
    return result ? result : setAttribute(driver, given, attribute, value);
  });
}

CU_API cuKernelGetAttribute(int *value, int attribute, CUkernel handle,
                            CUdevice device) {
  return withDevice(device, [&](Driver &driver) -> CUresult {
    Given given;
    if (CUresult result = find(driver, handle, given))
      return result;
    if (!value)
      return CUDA_ERROR_INVALID_VALUE;
    return getAttribute(driver, given, attribute, *value);
  });
}

CU_API cuKernelSetAttribute(int attribute, int value, CUkernel handle,
                            CUdevice device) {
  return withDevice(device, [&](Driver &driver) -> CUresult {
    Given given;
    CUresult result = find(driver, handle, given);
    return result ? result : setAttribute(driver, given, attribute, value);
  });
}

/// Caches are not simulated: the hint is checked and ignored.
static CUresult takeHint(Driver &driver, const void *handle, int config,
                         int last) {
  Given given;
  if (CUresult result = find(driver, handle, given))
    return result;
  return config < 0 || config > last ? CUDA_ERROR_INVALID_VALUE : CUDA_SUCCESS;
}

CU_API cuFuncSetCacheConfig(CUfunction handle, int config) {
  return withContext(Use::Wait, [&](Driver &driver, Context &) {
    return takeHint(driver, handle, config, 3);
  });
}

CU_API cuFuncSetSharedMemConfig(CUfunction handle, int config) {
  return withContext(Use::Wait, [&](Driver &driver, Context &) {
    return takeHint(driver, handle, config, 2);
  });
}

CU_API cuKernelSetCacheConfig(CUkernel handle, int config, CUdevice device) {
  return withDevice(device, [&](Driver &driver) {
    return takeHint(driver, handle, config, 3);
  });
}

CU_API cuFuncGetName(const char **name, CUfunction handle) {
  return withDriver(
      [&](Driver &driver) { return getName(driver, name, handle); });
}

CU_API cuKernelGetName(const char **name, CUkernel handle) {
  return withDriver(
      [&](Driver &driver) { return getName(driver, name, handle); });
}

CU_API cuFuncGetParamInfo(CUfunction handle, size_t index, size_t *offset,
                          size_t *bytes) {
  return withDriver([&](Driver &driver) {
    return getParameter(driver, handle, index, offset, bytes);
  });
}

CU_API cuKernelGetParamInfo(CUkernel handle, size_t index, size_t *offset,
                            size_t *bytes) {
  return withDriver([&](Driver &driver) {
    return getParameter(driver, handle, index, offset, bytes);
  });
}

CU_API cuFuncGetModule(CUmodule *module, CUfunction handle) {
  return withContext(Use::Wait, [&](Driver &driver, Context &context) {
    LoadedFunction *function = nullptr;
    if (CUresult result = findFunction(driver, context, handle, function))
      return result;
    if (!module)
      return CUDA_ERROR_INVALID_VALUE;
    *module = function->module;
    return CUDA_SUCCESS;
  });
}

CU_API cuFuncIsLoaded(int *state, CUfunction handle) {
  return withDriver([&](Driver &driver) -> CUresult {
    Given given;
    if (CUresult result = find(driver, handle, given))
      return result;
    if (!state)
      return CUDA_ERROR_INVALID_VALUE;
    *state = 1;
    return CUDA_SUCCESS;
  });
}

CU_API cuFuncLoad(CUfunction handle) {
  int state = 0;
  return cuFuncIsLoaded(&state, handle);
}
