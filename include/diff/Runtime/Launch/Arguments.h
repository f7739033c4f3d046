//===- Arguments.h - Tensors as kernel parameters ---------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The checks between a caller's tensors and a device, independent of the
// device. Plain C++ without MLIR and LLVM.
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_RUNTIME_LAUNCH_ARGUMENTS_H
#define DIFF_RUNTIME_LAUNCH_ARGUMENTS_H

#include "diff/Runtime/Launch/DeviceInterface.h"
#include "diff/Runtime/Launch/Manifest.h"

namespace mlir::diff::launch {

/// A tensor in device memory.
struct TensorArgument {
  uint64_t address = 0;
  NpyType type = NpyType::F32;
  std::vector<int64_t> shape;
  /// In elements.
  std::vector<int64_t> strides;

  /// Returns the number of elements between the first and the last one,
  /// inclusive, 0 without elements, or -1 if its bytes exceed 64 bits. Strides
  /// must not be negative.
  int64_t getExtent() const;
};

/// Returns the strides of an array in C order.
std::vector<int64_t> getContiguousStrides(const std::vector<int64_t> &shape);

/// Checks the number of tensors. Returns an empty string or an error message.
std::string checkCount(const FunctionInfo &function, size_t count);

/// Checks types, shapes, strides and alignment against the function, and
/// collects the values of its named sizes. `arguments` holds one entry for each
/// tensor of the function. Addresses are checked if `checkAddresses` is set.
/// Returns an empty string or an error message that names the argument, the
/// value found and the legal values.
std::string bindArguments(const FunctionInfo &function,
                          const std::vector<TensorArgument> &arguments,
                          bool checkAddresses, SizeTable &sizes);

/// Checks offsets that are known on the host against the rules of
/// `TensorInfo::offsets`. `values` are the elements of the argument with this
/// number. The arguments must be bound.
std::string checkOffsets(const FunctionInfo &function,
                         const std::vector<TensorArgument> &arguments,
                         size_t number, const int32_t *values);

/// Returns true if offsets may exclude elements of the results, which then keep
/// their values.
bool hasOffsets(const FunctionInfo &function);

/// A kernel with the parameters of its launch.
struct PlannedLaunch {
  const KernelEntry *kernel;
  LaunchShape shape;
  /// The parameter block, with eight bytes for each parameter.
  std::vector<uint8_t> parameters;
};

/// Computes the sizes of the function's buffers in bytes.
std::string getBufferSizes(const FunctionInfo &function, const SizeTable &sizes,
                           std::vector<uint64_t> &bytes);

/// Computes the launches of a function whose arguments are bound, in order.
/// `buffers` are the addresses of the function's buffers. A launch with a grid
/// size of 0 is skipped. Grids, blocks and shared memory that exceed the limits
/// of the manifest or the device are errors.
std::string planLaunches(const FunctionInfo &function,
                         const std::vector<TensorArgument> &arguments,
                         const std::vector<uint64_t> &buffers,
                         const SizeTable &sizes, const DeviceLimits &limits,
                         std::vector<PlannedLaunch> &launches);

} // namespace mlir::diff::launch

#endif // DIFF_RUNTIME_LAUNCH_ARGUMENTS_H
