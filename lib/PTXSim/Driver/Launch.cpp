//===- Launch.cpp - Running kernels ---------------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Driver/Code.h"
#include "Driver/Limits.h"
#include "Driver/Outcome.h"
#include <cstring>

using namespace ptxsim;
using namespace ptxsim::driver;

namespace {
struct Request {
  const void *function;
  Dim3 grid, block, cluster;
  unsigned dynamicShared;
  CUstream stream;
  bool cooperative = false;
};

/// Pairs of a key and a value that pass the complete parameter block.
CUresult readExtra(void **extra, const void *&buffer, size_t *&bytes) {
  enum : uintptr_t { kEnd = 0, kBufferPointer = 1, kBufferSize = 2 };
  for (; uintptr_t(*extra) != kEnd; extra += 2) {
    if (uintptr_t(extra[0]) == kBufferPointer)
      buffer = extra[1];
    else if (uintptr_t(extra[0]) == kBufferSize)
      bytes = static_cast<size_t *>(extra[1]);
    else
      return CUDA_ERROR_INVALID_VALUE;
  }
  return CUDA_SUCCESS;
}

CUresult packParameters(const KernelInfo &info, void **parameters, void **extra,
                        std::vector<uint8_t> &block) {
  block.assign(info.parameterBytes, 0);
  if (parameters && extra)
    return CUDA_ERROR_INVALID_VALUE;
  if (extra) {
    const void *buffer = nullptr;
    size_t *bytes = nullptr;
    if (CUresult result = readExtra(extra, buffer, bytes))
      return result;
    if (info.parameterBytes &&
        (!buffer || !bytes || *bytes < info.parameterBytes)) {
      explain("kernel " + info.name + " has " +
              std::to_string(info.parameterBytes) +
              " bytes of parameters; the buffer has " +
              std::to_string(bytes ? *bytes : 0));
      return CUDA_ERROR_INVALID_VALUE;
    }
    // A structure in the host program may have padding at its end.
    constexpr size_t kPadding = 15;
    if (bytes && *bytes > info.parameterBytes + kPadding) {
      explain("kernel " + info.name + " has " +
              std::to_string(info.parameterBytes) +
              " bytes of parameters; the buffer has " + std::to_string(*bytes));
      return CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES;
    }
    if (info.parameterBytes)
      std::memcpy(block.data(), buffer, info.parameterBytes);
    return CUDA_SUCCESS;
  }
  if (info.parameters.empty())
    return CUDA_SUCCESS;
  if (!parameters)
    return CUDA_ERROR_INVALID_VALUE;
  for (size_t i = 0; i < info.parameters.size(); ++i) {
    const KernelParameter &parameter = info.parameters[i];
    if (!parameters[i])
      return CUDA_ERROR_INVALID_VALUE;
    std::memcpy(block.data() + parameter.offset, parameters[i], parameter.size);
  }
  return CUDA_SUCCESS;
}

std::string formatDim(const Dim3 &dim) {
  return "(" + std::to_string(dim.x) + ", " + std::to_string(dim.y) + ", " +
         std::to_string(dim.z) + ")";
}

/// The checks of a driver before a launch.
CUresult checkLaunch(const Driver &driver, const LoadedFunction &function,
                     const Request &request) {
  const KernelInfo &info = *function.info;
  const Chip &chip = driver.getChip();
  const Dim3 &grid = request.grid, &block = request.block;
  auto refuse = [&](CUresult result, const std::string &message) {
    explain("kernel " + info.name + ": " + message);
    return result;
  };
  if (!grid.x || !grid.y || !grid.z || !block.x || !block.y || !block.z)
    return refuse(CUDA_ERROR_INVALID_VALUE,
                  "grid " + formatDim(grid) + " and block " + formatDim(block) +
                      " must have no zero");
  if (grid.x > kMaxGrid[0] || grid.y > kMaxGrid[1] || grid.z > kMaxGrid[2])
    return refuse(CUDA_ERROR_INVALID_VALUE,
                  "grid " + formatDim(grid) + " is larger than " +
                      formatDim({kMaxGrid[0], kMaxGrid[1], kMaxGrid[2]}));
  if (block.x > kMaxBlock[0] || block.y > kMaxBlock[1] ||
      block.z > kMaxBlock[2] || block.count() > chip.maxThreadsPerBlock)
    return refuse(CUDA_ERROR_INVALID_VALUE,
                  "block " + formatDim(block) + " is larger than " +
                      formatDim({kMaxBlock[0], kMaxBlock[1], kMaxBlock[2]}) +
                      " or " + std::to_string(chip.maxThreadsPerBlock) +
                      " threads");
  const uint32_t *required = info.requiredThreads;
  if (required[0] && (block.x != required[0] || block.y != required[1] ||
                      block.z != required[2]))
    return refuse(CUDA_ERROR_INVALID_VALUE,
                  "block " + formatDim(block) + " is not the required " +
                      formatDim({required[0], required[1], required[2]}));
  // Too many threads for the bounds or registers of the kernel.
  if (block.count() > getMaxThreads(driver, info))
    return refuse(CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES,
                  "a block of " + std::to_string(block.count()) +
                      " threads; it is compiled for at most " +
                      std::to_string(getMaxThreads(driver, info)));
  if (request.dynamicShared > unsigned(function.settings->maxDynamicShared))
    return refuse(CUDA_ERROR_INVALID_VALUE,
                  std::to_string(request.dynamicShared) +
                      " bytes of dynamic shared memory; the kernel's "
                      "MAX_DYNAMIC_SHARED_SIZE_BYTES is " +
                      std::to_string(function.settings->maxDynamicShared));
  if (request.cluster.count() != 1)
    return refuse(CUDA_ERROR_INVALID_CLUSTER_SIZE,
                  "clusters of more than one block are not simulated, found " +
                      formatDim(request.cluster));
  return CUDA_SUCCESS;
}

CUresult launch(const Request &request, void **parameters, void **extra) {
  return withContext(Use::Queue, [&](Driver &driver, Context &context) {
    LoadedFunction *function = nullptr;
    Stream stream;
    if (CUresult result =
            findFunction(driver, context, request.function, function))
      return result;
    if (CUresult result = findStream(driver, context, request.stream, stream))
      return result;
    const LoadedCode &code = *driver.modules.find(function->module);
    if (code.context != context.handle || stream.context != context.handle)
      return CUDA_ERROR_INVALID_HANDLE;
    const KernelInfo &info = *function->info;
    if (CUresult result = checkLaunch(driver, *function, request))
      return result;
    std::vector<uint8_t> block;
    if (CUresult result = packParameters(info, parameters, extra, block))
      return result;

    LaunchConfig config;
    config.grid = request.grid;
    config.block = request.block;
    config.cluster = request.cluster;
    config.dynamicShared = request.dynamicShared;
    config.cooperative = request.cooperative;
    if (driver.settings.registersPerThread)
      config.registersPerThread = getRegisters(driver, info);
    if (config.cooperative &&
        config.grid.count() >
            countResidentBlocks(driver.getChip(), info, config)) {
      explain("kernel " + info.name +
              ": the chip does not hold all blocks of a cooperative launch");
      return CUDA_ERROR_COOPERATIVE_LAUNCH_TOO_LARGE;
    }
    LaunchResult result;
    Diagnostic error;
    if (!driver.device->launch(*code.loaded, info, config, block,
                               driver.settings.simulation, result, error)) {
      explain("kernel " + info.name + ": " + error.format("ptx"));
      return CUDA_ERROR_INVALID_VALUE;
    }
    tell(driver, info, config, result);
    context.fault = getFault(driver.settings, result);
    return CUDA_SUCCESS;
  });
}

/// Host functions run at the call, like all work in a stream. The lock is not
/// held, although they must not call the driver.
CUresult checkStream(CUstream handle) {
  return withContext(Use::Wait, [&](Driver &driver, Context &context) {
    Stream stream;
    return findStream(driver, context, handle, stream);
  });
}
} // namespace

CU_API cuLaunchKernel(CUfunction function, unsigned gridX, unsigned gridY,
                      unsigned gridZ, unsigned blockX, unsigned blockY,
                      unsigned blockZ, unsigned dynamicShared, CUstream stream,
                      void **parameters, void **extra) {
  return launch({function,
                 {gridX, gridY, gridZ},
                 {blockX, blockY, blockZ},
                 {},
                 dynamicShared,
                 stream},
                parameters, extra);
}
CU_ALIAS(cuLaunchKernel_ptsz, cuLaunchKernel);

CU_API cuLaunchCooperativeKernel(CUfunction function, unsigned gridX,
                                 unsigned gridY, unsigned gridZ,
                                 unsigned blockX, unsigned blockY,
                                 unsigned blockZ, unsigned dynamicShared,
                                 CUstream stream, void **parameters) {
  return launch({function,
                 {gridX, gridY, gridZ},
                 {blockX, blockY, blockZ},
                 {},
                 dynamicShared,
                 stream,
                 true},
                parameters, nullptr);
}
CU_ALIAS(cuLaunchCooperativeKernel_ptsz, cuLaunchCooperativeKernel);

CU_API cuLaunchKernelEx(const CUlaunchConfig *config, CUfunction function,
                        void **parameters, void **extra) {
  auto refuse = [](CUresult result) {
    return withContext(Use::Wait, [&](Driver &, Context &) { return result; });
  };
  if (!config || (config->numAttrs && !config->attrs))
    return refuse(CUDA_ERROR_INVALID_VALUE);
  Request request{function,
                  {config->gridDimX, config->gridDimY, config->gridDimZ},
                  {config->blockDimX, config->blockDimY, config->blockDimZ},
                  {},
                  config->sharedMemBytes,
                  config->hStream};
  for (unsigned i = 0; i < config->numAttrs; ++i) {
    const CUlaunchAttribute &attribute = config->attrs[i];
    switch (attribute.id) {
    case CU_LAUNCH_ATTRIBUTE_COOPERATIVE:
      request.cooperative = attribute.value.cooperative;
      break;
    case CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION: {
      const auto &cluster = attribute.value.clusterDim;
      request.cluster = {cluster.x, cluster.y, cluster.z};
      if (!request.cluster.count())
        return refuse(CUDA_ERROR_INVALID_VALUE);
      break;
    }
    case CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_EVENT:
    case CU_LAUNCH_ATTRIBUTE_LAUNCH_COMPLETION_EVENT:
    case CU_LAUNCH_ATTRIBUTE_DEVICE_UPDATABLE_KERNEL_NODE:
      return refuse(CUDA_ERROR_NOT_SUPPORTED);
    default:
      // All others affect where and when work runs, not the results.
      if (attribute.id < 0 || attribute.id > CU_LAUNCH_ATTRIBUTE_LAST_KNOWN)
        return refuse(CUDA_ERROR_INVALID_VALUE);
      break;
    }
  }
  return launch(request, parameters, extra);
}
CU_ALIAS(cuLaunchKernelEx_ptsz, cuLaunchKernelEx);

CU_API cuLaunchHostFunc(CUstream handle, CUhostFn function, void *data) {
  if (CUresult result = checkStream(handle))
    return result;
  if (!function)
    return CUDA_ERROR_INVALID_VALUE;
  function(data);
  return CUDA_SUCCESS;
}
CU_ALIAS(cuLaunchHostFunc_ptsz, cuLaunchHostFunc);

CU_API cuStreamAddCallback(CUstream handle, CUstreamCallback function,
                           void *data, unsigned flags) {
  if (CUresult result = checkStream(handle))
    return result;
  if (!function || flags)
    return CUDA_ERROR_INVALID_VALUE;
  function(handle, CUDA_SUCCESS, data);
  return CUDA_SUCCESS;
}
CU_ALIAS(cuStreamAddCallback_ptsz, cuStreamAddCallback);
