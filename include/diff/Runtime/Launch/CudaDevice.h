//===- CudaDevice.h - Launches on a GPU -------------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Plain C++ without MLIR, LLVM and the CUDA toolkit.
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_RUNTIME_LAUNCH_CUDADEVICE_H
#define DIFF_RUNTIME_LAUNCH_CUDADEVICE_H

#include "diff/Runtime/Launch/DeviceInterface.h"

namespace mlir::diff::launch {

struct CudaSettings {
  /// The number of the GPU.
  int ordinal = 0;
  /// The driver library, opened at run time.
  std::string library = "libcuda.so.1";
  /// The stream of the launches, a CUstream; null for the default stream.
  void *stream = nullptr;
};

/// Creates a device of the CUDA driver in its primary context, which is current
/// only during calls. Returns an empty string or an error message.
std::string createCudaDevice(const CudaSettings &settings,
                             std::unique_ptr<DeviceInterface> &device);

} // namespace mlir::diff::launch

#endif // DIFF_RUNTIME_LAUNCH_CUDADEVICE_H
