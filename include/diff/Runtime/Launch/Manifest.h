//===- Manifest.h - The manifest of compiled code ---------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The manifest that the compiler writes (docs/manifest.schema.json), in memory.
// Plain C++ without MLIR and LLVM.
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_RUNTIME_LAUNCH_MANIFEST_H
#define DIFF_RUNTIME_LAUNCH_MANIFEST_H

#include "diff/Runtime/Launch/Expressions.h"
#include "diff/Runtime/Npy.h"
#include <array>
#include <optional>

namespace mlir::diff::launch {

/// The size of a dimension: a number, or the name of a size that all dimensions
/// with this name share.
struct DimensionSize {
  int64_t number = 0;
  std::string name;
};

/// A dimension of a tensor, which is given by its number in the function.
struct TensorDimension {
  size_t tensor = 0;
  size_t dimension = 0;
};

/// An argument or a result of a function.
struct TensorInfo {
  std::string name;
  bool isResult = false;
  NpyType type = NpyType::F32;
  std::vector<DimensionSize> shape;
  /// Alignment of the pointer and of every stride, in bytes.
  int64_t alignment = 1;
  /// The one-dimensional tensor of type i32 holds offsets along this dimension,
  /// which start at 0, do not decrease, and do not exceed its size.
  std::optional<TensorDimension> offsets;
};

/// Memory that one kernel of a function writes and another one reads.
struct BufferInfo {
  std::string name;
  Expression bytes;
};

/// A parameter of a kernel.
struct ParameterInfo {
  /// The pointer of a tensor or buffer, or a size or stride of a tensor.
  enum class Kind { Pointer, Size, Stride, Buffer };
  Kind kind = Kind::Pointer;
  /// The tensor or buffer, by its number in the function.
  size_t tensor = 0;
  /// For a size or stride.
  size_t dimension = 0;
};

struct KernelEntry {
  std::string name;
  std::array<Expression, 3> grid;
  std::array<int64_t, 3> block{1, 1, 1};
  int64_t dynamicSharedMemory = 0;
  std::vector<ParameterInfo> parameters;
  /// The limits of the chip, by name. A missing limit is unlimited.
  std::map<std::string, int64_t> limits;
};

/// A function. Its kernels run in order.
struct FunctionInfo {
  std::string name;
  /// Arguments, then results.
  std::vector<TensorInfo> tensors;
  /// Allocated by the launcher.
  std::vector<BufferInfo> buffers;
  std::vector<KernelEntry> kernels;
};

struct Manifest {
  /// A GPU, or "host" and other names for CPUs.
  std::string chip;
  /// Empty for a CPU.
  std::string ptxVersion;
  /// Empty for a GPU: the triple of LLVM, and the features of the CPU, in
  /// LLVM's spelling, that the code may need.
  std::string triple;
  std::vector<std::string> features;
  std::vector<FunctionInfo> functions;

  /// Returns true if the functions have kernels for a GPU. Otherwise, each one
  /// is the C function `_mlir_ciface_NAME` of a shared object.
  bool isForGPU() const { return chip.compare(0, 3, "sm_") == 0; }

  /// Returns the function of that name, or null.
  const FunctionInfo *findFunction(const std::string &name) const;
};

/// Parses and checks a manifest. Returns an empty string or an error message
/// that names the place (such as `manifest.functions[0].name`), the value found
/// and the legal values.
std::string parseManifest(const std::string &text, Manifest &manifest);

} // namespace mlir::diff::launch

#endif // DIFF_RUNTIME_LAUNCH_MANIFEST_H
