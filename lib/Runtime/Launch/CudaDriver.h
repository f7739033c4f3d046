//===- CudaDriver.h - Functions of the CUDA driver --------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The functions of the driver API that a launcher needs, declared from its
// public documentation, so that neither the toolkit nor its headers are needed.
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_LIB_RUNTIME_LAUNCH_CUDADRIVER_H
#define DIFF_LIB_RUNTIME_LAUNCH_CUDADRIVER_H

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace mlir::diff::launch::cuda {

/// CUresult; 0 is success.
using Result = int;
using DeviceNumber = int;
using DevicePtr = unsigned long long;
using Context = struct ContextHandle *;
using Module = struct ModuleHandle *;
using Function = struct FunctionHandle *;
using Stream = struct StreamHandle *;
using Event = struct EventHandle *;

/// CUdevice_attribute
enum DeviceAttribute : int {
  MaxThreadsPerBlock = 1,
  MaxBlockDimX = 2,
  MaxGridDimX = 5,
  CapabilityMajor = 75,
  CapabilityMinor = 76,
  MaxSharedMemoryPerBlockOptin = 97,
};
/// CUfunction_attribute
enum FunctionAttribute : int {
  FunctionMaxThreads = 0,
  FunctionStaticShared = 1,
  FunctionMaxDynamicShared = 8,
};
/// CUjit_option
enum JitOption : int {
  JitErrorLogBuffer = 5,
  JitErrorLogBufferSize = 6,
};

/// CU_LAUNCH_PARAM_...: tags for a block of parameters.
inline void *const kLaunchParamEnd = nullptr;
inline void *const kLaunchParamPointer = reinterpret_cast<void *>(1);
inline void *const kLaunchParamSize = reinterpret_cast<void *>(2);

/// The functions: member name, symbol, parameters.
#define DIFF_CUDA_FUNCTIONS(X)                                                 \
  X(init, "cuInit", (unsigned flags))                                          \
  X(getErrorName, "cuGetErrorName", (Result error, const char **name))         \
  X(getErrorString, "cuGetErrorString", (Result error, const char **text))     \
  X(getDeviceCount, "cuDeviceGetCount", (int *count))                          \
  X(getDevice, "cuDeviceGet", (DeviceNumber * device, int ordinal))            \
  X(getDeviceName, "cuDeviceGetName",                                          \
    (char *name, int length, DeviceNumber device))                             \
  X(getDeviceAttribute, "cuDeviceGetAttribute",                                \
    (int *value, DeviceAttribute attribute, DeviceNumber device))              \
  X(retainContext, "cuDevicePrimaryCtxRetain",                                 \
    (Context * context, DeviceNumber device))                                  \
  X(releaseContext, "cuDevicePrimaryCtxRelease_v2", (DeviceNumber device))     \
  X(pushContext, "cuCtxPushCurrent_v2", (Context context))                     \
  X(popContext, "cuCtxPopCurrent_v2", (Context * context))                     \
  X(loadModule, "cuModuleLoadDataEx",                                          \
    (Module * module, const void *image, unsigned count, JitOption *options,   \
     void **values))                                                           \
  X(unloadModule, "cuModuleUnload", (Module module))                           \
  X(getFunction, "cuModuleGetFunction",                                        \
    (Function * function, Module module, const char *name))                    \
  X(getFunctionAttribute, "cuFuncGetAttribute",                                \
    (int *value, FunctionAttribute attribute, Function function))              \
  X(setFunctionAttribute, "cuFuncSetAttribute",                                \
    (Function function, FunctionAttribute attribute, int value))               \
  X(allocate, "cuMemAlloc_v2", (DevicePtr * address, size_t bytes))            \
  X(free, "cuMemFree_v2", (DevicePtr address))                                 \
  X(copyToDevice, "cuMemcpyHtoD_v2",                                           \
    (DevicePtr to, const void *from, size_t bytes))                            \
  X(copyToHost, "cuMemcpyDtoH_v2", (void *to, DevicePtr from, size_t bytes))   \
  X(set8, "cuMemsetD8_v2", (DevicePtr to, unsigned char value, size_t count))  \
  X(launch, "cuLaunchKernel",                                                  \
    (Function function, unsigned gridX, unsigned gridY, unsigned gridZ,        \
     unsigned blockX, unsigned blockY, unsigned blockZ, unsigned shared,       \
     Stream stream, void **parameters, void **extra))                          \
  X(synchronizeContext, "cuCtxSynchronize", ())                                \
  X(createEvent, "cuEventCreate", (Event * event, unsigned flags))             \
  X(recordEvent, "cuEventRecord", (Event event, Stream stream))                \
  X(waitForEvent, "cuEventSynchronize", (Event event))                         \
  X(getElapsedTime, "cuEventElapsedTime",                                      \
    (float *milliseconds, Event start, Event end))                             \
  X(destroyEvent, "cuEventDestroy_v2", (Event event))

/// The library of the driver. It is never closed, because drivers start their
/// own threads.
struct Driver {
// NOLINTBEGIN(bugprone-macro-parentheses): a declarator and a list.
#define DIFF_CUDA_DECLARE(member, symbol, parameters)                          \
  Result(*member) parameters = nullptr;
  DIFF_CUDA_FUNCTIONS(DIFF_CUDA_DECLARE)
#undef DIFF_CUDA_DECLARE
  // NOLINTEND(bugprone-macro-parentheses)

  /// Opens and initializes a driver. Returns an empty string or an error.
  std::string open(const std::string &library);

  /// Returns an empty string, or `FUNCTION: CUDA_ERROR_... (text)`.
  std::string describe(const char *function, Result result) const;
};

} // namespace mlir::diff::launch::cuda

#endif // DIFF_LIB_RUNTIME_LAUNCH_CUDADRIVER_H
