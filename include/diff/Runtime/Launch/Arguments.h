//===- Arguments.h - Tensors as a kernel's parameters -----------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The checks between a caller's tensors and a device: the same for every kind
// of device. Plain C++: nothing of MLIR or LLVM.
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_RUNTIME_LAUNCH_ARGUMENTS_H
#define DIFF_RUNTIME_LAUNCH_ARGUMENTS_H

#include "diff/Runtime/Launch/DeviceInterface.h"
#include "diff/Runtime/Launch/Manifest.h"

namespace mlir::diff::launch {

/// A tensor in a device's memory.
struct TensorArgument {
  uint64_t address = 0;
  NpyType type = NpyType::F32;
  std::vector<int64_t> shape;
  /// In elements.
  std::vector<int64_t> strides;

  /// Elements from the first to behind the last one; 0 without elements, -1
  /// when 64 bits cannot count its bytes. Strides must not be negative.
  int64_t getExtent() const;
};

/// The strides of an array in C order.
std::vector<int64_t> getContiguousStrides(const std::vector<int64_t> &shape);

/// Checks types, shapes, strides and alignment against the function, and
/// collects the values of its named sizes. `arguments` are one for each tensor
/// of the function. Addresses are looked at only with `checkAddresses`. Returns
/// an error message, empty on success, that names the argument, what was found
/// and what is legal.
std::string bindArguments(const FunctionInfo &function,
                          const std::vector<TensorArgument> &arguments,
                          bool checkAddresses, SizeTable &sizes);

/// Checks the values of offsets that are known on the host, as
/// `TensorInfo::offsets` demands: `values` are those of the argument of that
/// number. The arguments are bound.
std::string checkOffsets(const FunctionInfo &function,
                         const std::vector<TensorArgument> &arguments,
                         size_t number, const int32_t *values);

/// True when offsets may leave elements of the results out, which then keep
/// what they held.
bool hasOffsets(const FunctionInfo &function);

/// A kernel with all that its launch needs.
struct PlannedLaunch {
  const KernelEntry *kernel;
  LaunchShape shape;
  /// The parameter block: eight bytes each.
  std::vector<uint8_t> parameters;
};

/// Computes the bytes of the function's buffers.
std::string getBufferSizes(const FunctionInfo &function, const SizeTable &sizes,
                           std::vector<uint64_t> &bytes);

/// Computes the launches of a function whose arguments are bound, in order.
/// `buffers` are the addresses of the function's. A grid with a size of 0 is
/// left out. Grids, blocks and shared memory beyond
/// what the manifest or the device allows are errors.
std::string planLaunches(const FunctionInfo &function,
                         const std::vector<TensorArgument> &arguments,
                         const std::vector<uint64_t> &buffers,
                         const SizeTable &sizes, const DeviceLimits &limits,
                         std::vector<PlannedLaunch> &launches);

} // namespace mlir::diff::launch

#endif // DIFF_RUNTIME_LAUNCH_ARGUMENTS_H
