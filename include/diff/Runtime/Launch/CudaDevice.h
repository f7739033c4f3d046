//===- CudaDevice.h - Launches on a GPU -------------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Plain C++: nothing of MLIR or LLVM, and nothing of CUDA's toolkit.
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_RUNTIME_LAUNCH_CUDADEVICE_H
#define DIFF_RUNTIME_LAUNCH_CUDADEVICE_H

#include "diff/Runtime/Launch/DeviceInterface.h"

namespace mlir::diff::launch {

struct CudaSettings {
  /// The GPU's number.
  int ordinal = 0;
  /// The driver's library, opened at run time.
  std::string library = "libcuda.so.1";
  /// The stream of launches, a CUstream; null is the default one.
  void *stream = nullptr;
};

/// A device of the CUDA driver, in its primary context, which stays current
/// during a call alone. Returns an error message, empty on success.
std::string createCudaDevice(const CudaSettings &settings,
                             std::unique_ptr<DeviceInterface> &device);

} // namespace mlir::diff::launch

#endif // DIFF_RUNTIME_LAUNCH_CUDADEVICE_H
